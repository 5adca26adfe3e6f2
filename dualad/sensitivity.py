"""Labelled sensitivities, elasticities and error propagation: which parameter matters, how much?

A model is any function of named parameters. Its parameters are taken apart into numbers and
arrays with labels, the drivers differentiate, and the results get their labels back.
"""

from __future__ import annotations

import dataclasses
import inspect
import io
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .array import from_objects
from .drivers import jacobian
from .dual import is_operand, plain
from .tables import html_table, text_table, write_whole
from .workers import Progress, Workers

ROWS = 40  # so many parameters are printed for an output
PAIRS = 10  # and so many interactions
DOUBT = 0.1  # from this share of the first order on, the second order counts


# -- structures with labels ----------------------------------------------------------------


def _is_int(annotation: Any) -> bool:
    """Whether it is declared an integer; annotations may be texts, or texts in a ForwardRef."""
    return getattr(annotation, "__forward_arg__", annotation) in (int, "int")


def _parts(label: str, x: Any) -> list[tuple[str, Any, bool]] | None:
    """The parts of a container: label, part, and whether it is declared an integer."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return [
            (f"{label}.{f.name}".lstrip("."), getattr(x, f.name), _is_int(f.type))
            for f in dataclasses.fields(x)
            if f.init
        ]
    if isinstance(x, dict):
        return [(f"{label}.{key}".lstrip("."), part, False) for key, part in x.items()]
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        types = getattr(type(x), "__annotations__", {})
        return [
            (f"{label}.{name}".lstrip("."), part, _is_int(types.get(name)))
            for name, part in zip(x._fields, x, strict=True)
        ]
    if isinstance(x, (list, tuple)):
        return [(f"{label}[{i}]", part, False) for i, part in enumerate(x)]
    return None


def _labelled(label: str, x: Any, whole: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """All that is no container: label, leaf, and whether it is declared an integer."""
    parts = _parts(label, x)
    if parts is None:
        yield label, x, whole
    else:
        for part in parts:
            yield from _labelled(*part)


def _anew(x: Any, each: Iterator[Any]) -> Any:
    """The same structure with other leaves; a dataclass is made by its own constructor."""
    parts = _parts("", x)
    if parts is None:
        return next(each)
    new = [_anew(part, each) for _, part, _ in parts]
    if dataclasses.is_dataclass(x):
        names = [f.name for f in dataclasses.fields(x) if f.init]
        return dataclasses.replace(x, **dict(zip(names, new, strict=True)))  # type: ignore[type-var]
    if isinstance(x, dict):
        copy = x.copy()
        copy.update(zip(x, new, strict=True))
        return copy
    if hasattr(x, "_fields"):
        return type(x)(*new)
    return type(x)(new) if type(x) in (list, tuple) else new


def _elements(label: str, x: Any) -> list[str]:
    """The labels of an array's numbers; of a number, its own."""
    if not np.ndim(x):
        return [label]
    return [f"{label}[{','.join(map(str, index))}]" for index in np.ndindex(np.shape(x))]


# -- the model -----------------------------------------------------------------------------


class _Model:
    """The user's function as a function of a list of numbers and arrays, which have labels."""

    def __init__(
        self, driver: str, f: Callable[..., Any], params: Any, wrt: str | Iterable[str] | None
    ) -> None:
        if not callable(f):
            raise TypeError(
                f"{driver} needs a function, got {type(f).__name__}; write {driver}(f, params)."
            )
        self.driver, self.f, self.given = driver, f, params
        name = getattr(f, "__name__", type(f).__name__)
        self.name = "model" if name == "<lambda>" else name
        self._decide_call()
        leaves = list(self.labelled(params))
        self.constants = [x for _, x, _ in leaves]
        numeric = {label for label, x, _ in leaves if is_operand(x) and not _is_flag(x)}
        _refuse_doubles(driver, [label for label, _, _ in leaves])
        if wrt is None:
            chosen = {n for n, _, whole in leaves if n in numeric and not whole}
        else:
            chosen = self._chosen([wrt] if isinstance(wrt, str) else list(wrt), leaves, numeric)
        for label, x, _ in leaves:
            if label in chosen:
                _refuse_complex(driver, label, x)
        self.all = [label for label, _, _ in leaves]
        self.keep(chosen)

    def keep(self, labels: Collection[str]) -> None:
        """Differentiate with respect to these only."""
        self.active = [i for i, label in enumerate(self.all) if label in labels]
        self.labels = [self.all[i] for i in self.active]
        self.points = [self.constants[i] for i in self.active]
        if not self.points:
            raise TypeError(
                f"{self.driver}: there is no number among the parameters to differentiate."
            )

    def _decide_call(self) -> None:
        """How f takes its parameters: each by keyword, each by position, or all as one."""
        params, driver = self.given, self.driver
        try:
            signature = inspect.signature(self.f)
        except (TypeError, ValueError):
            signature = None
        known = list(signature.parameters.values()) if signature else []
        self.names = [
            p.name for p in known if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        self.whole = {p.name for p in known if _is_int(p.annotation)}
        self.by_position = [p.name for p in known if p.kind == p.POSITIONAL_ONLY]
        if isinstance(params, dict):
            self.how = "keywords"
            if signature is None:
                return
            try:
                signature.bind(*self._positional(params), **self._keywords(params))
            except (TypeError, KeyError):
                required = [p for p in known if p.default is p.empty and p.name in self.names]
                if len(required) != 1 or any(p.name in params for p in known):
                    missing = [p.name for p in required if p.name not in params]
                    unknown = [str(n) for n in params if n not in signature.parameters]
                    problems = [f"it needs {', '.join(missing)}"] * bool(missing)
                    problems += [f"it has no {', '.join(unknown)}"] * bool(unknown)
                    raise TypeError(
                        f"{driver}: {self.name}{signature} does not take these parameters: "
                        f"{' and '.join(problems) or 'another number of them'}."
                    ) from None
                self.how = "one"
        elif type(params) in (list, tuple):
            self.how = "positional"
            try:
                if signature:
                    signature.bind(*params)
            except TypeError:
                raise TypeError(
                    f"{driver}: {self.name}{signature} does not take {len(params)} positional "
                    "arguments; give one number for each, or a dict of them by name."
                ) from None
        else:
            self.how = "one"

    def _positional(self, params: dict[Any, Any]) -> list[Any]:
        return [params[name] for name in self.by_position]

    def _keywords(self, params: dict[Any, Any]) -> dict[str, Any]:
        return {str(name): x for name, x in params.items() if name not in self.by_position}

    def labelled(self, params: Any) -> Iterator[tuple[str, Any, bool]]:
        """The leaves of parameters, with labels as f calls them."""
        names = self.names if self.how == "positional" else []
        if self.how == "positional" and type(params) in (list, tuple):
            for i, x in enumerate(params):
                name = names[i] if i < len(names) else f"x{i + 1}"
                yield from _labelled(name, x, name in self.whole)
        elif self.how == "keywords" and isinstance(params, dict):
            for name, x in params.items():
                yield from _labelled(str(name), x, name in self.whole)
        else:
            label = "" if _parts("", params) is not None else (self.names or ["x"])[0]
            yield from _labelled(label, params)

    def _chosen(
        self, wrt: list[str], leaves: list[tuple[str, Any, bool]], numeric: set[str]
    ) -> set[str]:
        """The labels that the user's names stand for: of numbers, or of all within."""
        chosen = set()
        for name in wrt:
            found = {n for n, _, _ in leaves if n == name or n.startswith((f"{name}.", f"{name}["))}
            if not found:
                raise ValueError(f"{self.driver}: {_unknown(name, [n for n, _, _ in leaves])}")
            if not found & numeric:
                raise TypeError(
                    f"{self.driver}: {name} is no number; leave it out of wrt to hold it constant."
                )
            chosen |= found & numeric
        return chosen

    def __call__(self, *points: Any) -> tuple[list[Any], list[Any]]:
        """The outputs; and once more with their labels, for the driver to hand on."""
        leaves = list(self.constants)
        for i, x in zip(self.active, points, strict=True):
            leaves[i] = x
        params = _anew(self.given, iter(leaves))
        if self.how == "keywords":
            y = self.f(*self._positional(params), **self._keywords(params))
        else:
            y = self.f(*params) if self.how == "positional" else self.f(params)
        labels, outputs = [], []
        named = dataclasses.is_dataclass(y) or isinstance(y, dict) or hasattr(y, "_fields")
        for label, x, _ in _labelled("" if named else self.name, y):
            if isinstance(x, np.ndarray) and x.dtype == object:
                x = from_objects(x)
            if not is_operand(x) or np.dtype(object) == getattr(x, "dtype", None):
                hint = "; does it lack a return?" if x is None else "."
                raise TypeError(
                    f"{self.driver} needs a model that returns numbers, arrays, or lists, dicts "
                    f"and dataclasses of them; {label} is {type(x).__name__}{hint}"
                )
            _refuse_complex(self.driver, label, x)
            labels.append(label)
            outputs.append(x)
        if not outputs:
            raise TypeError(f"{self.driver}: {self.name} returned no numbers.")
        _refuse_doubles(self.driver, labels)
        return outputs, [labels, list(outputs)]

    def first_order(self, **settings: Any) -> tuple[dict[str, Any], list[list[Any]]]:
        """The values by label; and blocks[i][j], derivative of output i in point j."""
        rows, (labels, outputs) = jacobian(self, range(len(self.points)), has_aux=True, **settings)(
            *self.points
        )
        values = dict(zip(labels, map(_floats, outputs), strict=True))
        return values, [[_floats(block) for block in row] for row in rows]

    def second_order(self, **settings: Any) -> list[list[list[Any]]]:
        """blocks[i][j][k], exactly symmetric in j and k."""
        results, sizes = [], [int(np.size(x)) for x in self.points]
        slopes = jacobian(_Slopes(self), range(len(self.points)), **settings)
        for row in slopes(*self.points):
            blocks = [[_floats(block) for block in line] for line in row]
            for j, n in enumerate(sizes):
                for k, m in enumerate(sizes[: j + 1]):
                    one, other = np.shape(blocks[j][k]), np.shape(blocks[k][j])
                    here = np.reshape(blocks[j][k], (-1, n, m))
                    there = np.reshape(blocks[k][j], (-1, m, n)).transpose(0, 2, 1)
                    mean = (here + there) / 2
                    blocks[j][k] = _floats(mean.reshape(one))
                    blocks[k][j] = _floats(mean.transpose(0, 2, 1).reshape(other))
            results.append(blocks)
        return results


class _Slopes:
    """The first derivatives of a model, as a function for the second ones."""

    def __init__(self, model: _Model) -> None:
        self.model = model

    def __call__(self, *points: Any) -> Any:
        return jacobian(self.model, range(len(points)), has_aux=True)(*points)[0]


def _is_flag(x: Any) -> bool:
    return isinstance(x, (bool, np.bool_)) or np.dtype(bool) == getattr(x, "dtype", None)


def _refuse_doubles(driver: str, labels: list[str]) -> None:
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ValueError(f"{driver}: two numbers are both called {twice[0]}; rename one.")


def _refuse_complex(driver: str, label: str, x: Any) -> None:
    if np.iscomplexobj(plain(x)) or hasattr(plain(x), "_mpc_"):
        raise TypeError(
            f"{driver}: {label} is complex; use its real and imaginary part as two numbers."
        )


def _unknown(name: str, names: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, 1)
    there = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
    return f"there is no parameter {name}; {there}"


def _floats(x: Any) -> Any:
    """Plain floats: an array of them, or one."""
    array = np.asarray(x, float)
    return array if array.ndim else float(array)


def _spread(y: Any, p: Any) -> Any:
    """y with the axes of p behind its own, to meet a derivative of shape out + in."""
    return np.reshape(y, np.shape(y) + (1,) * np.ndim(p))


def _quotient(a: Any, b: Any) -> Any:
    """a/b, nan where b is 0."""
    with np.errstate(all="ignore"):
        return _floats(np.where(np.equal(b, 0), math.nan, np.divide(a, b)))


# -- sensitivities -------------------------------------------------------------------------


class _Printed:
    """A report in sections, each a heading, columns and a note; as text and as HTML."""

    title: str

    def _sections(self) -> Iterator[tuple[str, dict[str, list[str]], str]]:
        raise NotImplementedError

    def __str__(self) -> str:
        texts = []
        for heading, columns, note in self._sections():
            texts.append("\n\n".join([heading, text_table(columns, _TEXTS), *[note] * bool(note)]))
        return "\n\n".join(texts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(
            html_table(h, columns, _TEXTS, note) for h, columns, note in self._sections()
        )


_TEXTS = ("parameter", "where", "with", "output", "doubtful")


@dataclass(frozen=True, repr=False)
class Sensitivities(_Printed):
    """What `sensitivities` found; all by the labels of outputs and parameters.

    Attributes
    ----------
    title : str
        The name of the model.
    parameters : dict
        Where the derivatives were taken: a float or an array for each parameter.
    values : dict
        The outputs there, floats or arrays.
    derivatives : dict of dict
        derivatives[output][parameter], shape out + in.
    hessians : dict of dict of dict, or None
        hessians[output][parameter][parameter], shape out + in + in; with second_order=True.
    elasticities : dict of dict
        elasticities[output][parameter]: (p/y)·∂y/∂p, nan where y is 0.
    ranking : dict of list
        ranking[output]: the numbers among the parameters (b[0], b[1] for an array b), the one
        with the largest ‖p·∂y/∂p‖ first.
    interactions : dict of dict
        interactions[output][(p, q)]: p·q/y·∂²y/∂p∂q for each pair of numbers, the largest first;
        for an array the norm of p·q·∂²y/∂p∂q over that of y.
    """

    title: str
    parameters: dict[str, Any]
    values: dict[str, Any]
    derivatives: dict[str, dict[str, Any]]
    hessians: dict[str, dict[str, dict[str, Any]]] | None = None

    @cached_property
    def elasticities(self) -> dict[str, dict[str, Any]]:
        return {
            output: {
                p: _quotient(self.parameters[p] * slope, _spread(y, self.parameters[p]))
                for p, slope in self.derivatives[output].items()
            }
            for output, y in self.values.items()
        }

    def _weights(self, output: str) -> dict[str, tuple[float, float]]:
        """For each number: ‖p·∂y/∂p‖, and ‖∂y/∂p‖ to break ties."""
        weights = {}
        for p, slope in self.derivatives[output].items():
            at = self.parameters[p]
            flat = np.reshape(slope, (-1, np.size(at)))
            for i, label in enumerate(_elements(p, at)):
                column = flat[:, i]
                scaled = column * np.ravel(at)[i]
                weights[label] = tuple(float(np.linalg.norm(v)) for v in (scaled, column))
        return weights  # type: ignore[return-value]

    @cached_property
    def ranking(self) -> dict[str, list[str]]:
        def order(output: str) -> list[str]:
            weights = self._weights(output)
            known = {n: w if w[0] == w[0] else (-1.0, -1.0) for n, w in weights.items()}
            return sorted(known, key=lambda n: known[n], reverse=True)

        return {output: order(output) for output in self.values}

    @cached_property
    def interactions(self) -> dict[str, dict[tuple[str, str], float]]:
        if self.hessians is None:
            raise ValueError(
                "interactions need second derivatives; write sensitivities(…, second_order=True)."
            )
        labels = [n for p, at in self.parameters.items() for n in _elements(p, at)]
        at = np.concatenate([np.ravel(x) for x in self.parameters.values()])
        result = {}
        for output, y in self.values.items():
            scaled = _matrix(self.hessians[output], self.parameters, y) * np.outer(at, at)
            size = scaled[0] if not np.ndim(y) else np.linalg.norm(scaled, axis=0)
            relative = _quotient(size, y if not np.ndim(y) else np.linalg.norm(y))
            pairs = {
                (labels[j], labels[k]): float(np.asarray(relative)[j, k])
                for j in range(len(labels))
                for k in range(j + 1, len(labels))
            }
            known = {pair: -1.0 if x != x else abs(x) for pair, x in pairs.items()}
            result[output] = {n: pairs[n] for n in sorted(pairs, key=lambda n: -known[n])}
        return result

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each number among outputs and parameters; the form of frame and CSV."""
        for output, y in self.values.items():
            rank = {label: i for i, label in enumerate(self.ranking[output], 1)}
            for p, at in self.parameters.items():
                slopes = np.reshape(self.derivatives[output][p], (np.size(y), -1))
                relative = np.reshape(self.elasticities[output][p], (np.size(y), -1))
                for i, name in enumerate(_elements(output, y)):
                    for j, label in enumerate(_elements(p, at)):
                        yield {
                            "output": name,
                            "value": float(np.ravel(y)[i]),
                            "parameter": label,
                            "at": float(np.ravel(at)[j]),
                            "derivative": float(slopes[i, j]),
                            "elasticity": float(relative[i, j]),
                            "rank": rank[label],
                        }

    def _sections(self) -> Iterator[tuple[str, dict[str, list[str]], str]]:
        for output, y in self.values.items():
            of = {k: np.reshape(v, (np.size(y), -1)) for k, v in self.derivatives[output].items()}
            slopes = np.hstack(list(of.values()))
            labels = [n for p, at in self.parameters.items() for n in _elements(p, at)]
            points = np.concatenate([np.ravel(at) for at in self.parameters.values()])
            shown = [labels.index(n) for n in self.ranking[output][:ROWS]]
            columns = {
                "parameter": [labels[j] for j in shown],
                "at": [_short(points[j]) for j in shown],
            }
            if np.ndim(y):
                heading = f"{output}: {np.size(y)} numbers"
                if np.size(y):
                    heading += f" from {_short(np.min(y))} to {_short(np.max(y))}"
                    peaks = np.argmax(np.abs(slopes), axis=0)
                    places = _elements("", y)
                    columns["largest derivative"] = [_short(slopes[peaks[j], j]) for j in shown]
                    columns["where"] = [places[peaks[j]] for j in shown]
                weights, norm = self._weights(output), float(np.linalg.norm(y))
                share = [_quotient(weights[labels[j]][0], norm) for j in shown]
                columns["‖p·∂y/∂p‖/‖y‖"] = [_short(x) for x in share]
            else:
                heading = f"{output} = {_short(y)}"
                columns["derivative"] = [_short(slopes[0, j]) for j in shown]
                relative = [_quotient(points[j] * slopes[0, j], y) for j in shown]
                columns["elasticity"] = [_short(x) for x in relative]
            rest = len(labels) - len(shown)
            yield heading, columns, f"… and {rest} more, which matter less." if rest else ""
            if self.hessians is not None and len(labels) > 1:
                largest = list(self.interactions[output].items())[:PAIRS]
                yield (
                    f"{output}: interactions",
                    {
                        "parameter": [pair[0] for pair, _ in largest],
                        "with": [pair[1] for pair, _ in largest],
                        "p·q/y·∂²y/∂p∂q": [_short(x) for _, x in largest],
                    },
                    "",
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and floats; fit for JSON but for inf and nan."""
        outputs = {}
        for output, y in self.values.items():
            entry = {
                "value": _listed(y),
                "derivatives": _listed(self.derivatives[output]),
                "elasticities": _listed(self.elasticities[output]),
                "ranking": list(self.ranking[output]),
            }
            if self.hessians is not None:
                entry["hessian"] = _listed(self.hessians[output])
                entry["interactions"] = [
                    {"parameters": list(pair), "value": x}
                    for pair, x in self.interactions[output].items()
                ]
            outputs[output] = entry
        return {"model": self.title, "parameters": _listed(self.parameters), "outputs": outputs}

    def to_frame(self) -> Any:
        """A pandas DataFrame of the `rows`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(
                "to_frame needs pandas; pip install pandas, or use to_dict or to_csv."
            ) from None
        return pandas.DataFrame(list(self.rows()))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the `rows` to a CSV file; a file that is there is replaced as a whole."""
        write_whole(path, csv_text(self.rows()))

    def plot(self, output: str | None = None, x: Any = None) -> Any:
        """Bars of the elasticities of a number; curves of p·∂y/∂p along an array.

        Parameters
        ----------
        output : str, optional
            Which one; by default all, below each other.
        x : array, optional
            The first axis of array outputs, such as times; by default the index.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError("plot needs matplotlib; pip install matplotlib.") from None
        if output is not None and output not in self.values:
            raise ValueError(f"there is no output {output}; there are {', '.join(self.values)}.")
        chosen = [output] if output is not None else list(self.values)
        rows = [min(len(self.ranking[n]), 15) for n in chosen]
        heights = [
            3.2 if np.ndim(self.values[n]) else 1.0 + 0.3 * k
            for n, k in zip(chosen, rows, strict=True)
        ]
        figure = Figure(figsize=(7, sum(heights) + 0.3), layout="constrained")
        axes = figure.subplots(len(chosen), squeeze=False, height_ratios=heights)[:, 0]
        for ax, name, most in zip(axes, chosen, rows, strict=True):
            if np.ndim(self.values[name]):
                self._curves(ax, name, x)
            else:
                self._bars(ax, name, most)
        return figure

    def _bars(self, ax: Any, output: str, most: int) -> None:
        y = self.values[output]
        labels = self.ranking[output][:most][::-1]
        at, slopes = self._columns(output)
        scaled = [at[n] * float(slopes[n][0]) for n in labels]
        lengths = scaled if y == 0 else [v / y for v in scaled]
        ax.barh(labels, lengths, color=["tab:blue" if v >= 0 else "tab:red" for v in lengths])
        ax.axvline(0, color="black", linewidth=0.8)
        ax.margins(x=0.15)
        for i, v in enumerate(lengths):
            ax.annotate(
                f"{v:.3g}",
                (v, i),
                xytext=(4 if v >= 0 else -4, 0),
                textcoords="offset points",
                va="center",
                ha="left" if v >= 0 else "right",
                fontsize=8,
            )
        ax.set_title(f"{output} = {y:.6g}")
        ax.set_xlabel("p·∂y/∂p" if y == 0 else "elasticity (p/y)·∂y/∂p")

    def _curves(self, ax: Any, output: str, x: Any) -> None:
        y = self.values[output]
        at, slopes = self._columns(output)
        for name in self.ranking[output][:8]:
            curve = at[name] * np.reshape(slopes[name], np.shape(y))
            lines = np.reshape(curve, (len(curve), -1))
            where = np.arange(len(curve)) if x is None else np.asarray(x)
            for i, line in enumerate(lines.T):
                ax.plot(where, line, label=name if lines.shape[1] == 1 else f"{name} [:,{i}]")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(output)
        ax.set_ylabel("p·∂y/∂p")
        ax.set_xlabel("index" if x is None else "x")
        ax.legend(fontsize=8)

    def _columns(self, output: str) -> tuple[dict[str, float], dict[str, Any]]:
        """By label of each number: where, and its column of the derivatives."""
        at, slopes = {}, {}
        for p, point in self.parameters.items():
            block = np.reshape(self.derivatives[output][p], (-1, np.size(point)))
            for j, label in enumerate(_elements(p, point)):
                at[label], slopes[label] = float(np.ravel(point)[j]), block[:, j]
        return at, slopes


def csv_text(rows: Iterable[dict[str, Any]]) -> str:
    """Rows of the same keys as CSV, with the keys as the first line."""
    import csv

    file = io.StringIO()
    writer: Any = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return file.getvalue()


def _short(x: float) -> str:
    return "undefined" if x != x else f"{x + 0.0:.6g}"


def _listed(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _listed(part) for key, part in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) else x


def _matrix(blocks: dict[str, dict[str, Any]], parameters: dict[str, Any], y: Any) -> Any:
    """A Hessian's blocks as one array (numbers of y, numbers of parameters, the same)."""
    rows = [
        np.concatenate(
            [
                np.reshape(block, (np.size(y), np.size(parameters[p]), -1))
                for block in blocks[p].values()
            ],
            axis=2,
        )
        for p in blocks
    ]
    return np.concatenate(rows, axis=1)


def sensitivities(
    f: Callable[..., Any],
    params: Any,
    *,
    wrt: str | Iterable[str] | None = None,
    second_order: bool = False,
    chunk: int | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Sensitivities:
    """Which parameter of a model matters, and how much: values, derivatives, elasticities, ranks.

    Parameters
    ----------
    f : callable
        The model. Returns a number, an array, or lists, tuples, dicts and dataclasses of these.
    params : dict, list, tuple, dataclass, namedtuple, array or number
        A dict is given as keyword arguments if f takes these names, else as one argument; a list
        or tuple as positional arguments, which get their names from f's signature; anything else
        as the one argument. Numbers and arrays, however nested, are the parameters; texts, flags,
        None and what is annotated as int are held constant.
    wrt : str or iterable of str, optional
        Differentiate with respect to these only.
    second_order : bool
        Second derivatives and interactions too.
    chunk, workers, progress
        As for `jacobian`.

    Returns
    -------
    Sensitivities
        A report; print it.

    Raises
    ------
    TypeError
        If f does not take these parameters, or does not return real numbers.
    ValueError
        If wrt names an unknown parameter.

    Examples
    --------
    >>> def profit(price, sold, cost=2.0, name="shop"):
    ...     return {"margin": price - cost, "profit": (price - cost) * sold}
    >>> print(sensitivities(profit, {"price": 5.0, "sold": 100.0, "name": "here"}))
    margin = 3
    <BLANKLINE>
    parameter  at   derivative  elasticity
    ---------  ---  ----------  ----------
    price        5  1           1.66667
    sold       100  0           0
    <BLANKLINE>
    profit = 300
    <BLANKLINE>
    parameter  at   derivative  elasticity
    ---------  ---  ----------  ----------
    price        5  100         1.66667
    sold       100    3         1
    """
    model = _Model("sensitivities", f, params, wrt)
    settings = {"chunk": chunk, "workers": workers, "progress": progress}
    values, rows = model.first_order(**settings)
    hessians = None
    if second_order:
        blocks = model.second_order(**settings)
        hessians = {
            output: {
                p: dict(zip(model.labels, line, strict=True))
                for p, line in zip(model.labels, block, strict=True)
            }
            for output, block in zip(values, blocks, strict=True)
        }
    return Sensitivities(
        model.name,
        dict(zip(model.labels, map(_floats, model.points), strict=True)),
        values,
        {
            output: dict(zip(model.labels, row, strict=True))
            for output, row in zip(values, rows, strict=True)
        },
        hessians,
    )


# -- propagation of errors -----------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Propagation(_Printed):
    """What `propagate` found; all by the labels of outputs and inputs.

    Attributes
    ----------
    title : str
        The name of the model.
    order : int
        1 or 2.
    values : dict
        The outputs at the given inputs, floats or arrays.
    mean, std : dict
        Mean and standard deviation of each output; of the second order too with order=2.
    labels : list of str
        The numbers among the outputs, in the order of cov.
    cov : ndarray, shape (m, m)
        Their covariance.
    contributions : dict of dict
        contributions[output][input], shape out + in: what each input gives to the first-order
        variance. Their sum is that variance. With correlated inputs, a share may be negative:
        it is Jᵢ·(ΣJᵀ)ᵢ.
    bias, second_variance : dict or None
        With order=2: ½ tr(HΣ), by which the mean differs from the value; ½ tr(HΣHΣ), the part
        of the variance that the first order does not see.
    doubtful : dict or None
        With order=2: whether the curvature makes the first order doubtful: the bias is more than
        a tenth of the first-order standard deviation, or second_variance more than a tenth of
        the first-order variance, for any number of the output.
    """

    title: str
    order: int
    values: dict[str, Any]
    mean: dict[str, Any]
    std: dict[str, Any]
    labels: list[str]
    cov: Any
    contributions: dict[str, dict[str, Any]]
    bias: dict[str, Any] | None = None
    second_variance: dict[str, Any] | None = None
    doubtful: dict[str, bool] | None = None

    def share_rows(self) -> Iterator[tuple[str, str, float]]:
        """(output, input, contribution) for each number among them."""
        for output, y in self.values.items():
            for p, block in self.contributions[output].items():
                shares = np.reshape(block, (np.size(y), -1))
                at = np.empty(np.shape(block)[np.ndim(y) :])
                for i, name in enumerate(_elements(output, y)):
                    for j, label in enumerate(_elements(p, at)):
                        yield name, label, float(shares[i, j])

    def _sections(self) -> Iterator[tuple[str, dict[str, list[str]], str]]:
        columns: dict[str, list[str]] = {"output": self.labels[:ROWS], "mean": [], "std": []}
        for output, y in self.values.items():
            columns["mean"] += map(_short, np.ravel(self.mean[output]))
            columns["std"] += map(_short, np.ravel(self.std[output]))
            shares = {
                p: np.reshape(block, (np.size(y), -1)).sum(axis=1)
                for p, block in self.contributions[output].items()
            }
            variance = np.sum(list(shares.values()), axis=0)
            for p, share in shares.items():
                percent = np.round(np.atleast_1d(_quotient(100 * share, variance)), 3)
                columns.setdefault(f"% {p}", []).extend(map(_short, percent))
            if self.doubtful is not None:
                doubt = "yes" if self.doubtful[output] else "no"
                columns.setdefault("doubtful", []).extend([doubt] * np.size(y))
        notes = []
        if len(self.labels) > ROWS:
            notes.append(f"… and {len(self.labels) - ROWS} more numbers.")
        if self.order == 1:
            notes.append("First order; order=2 tells whether the curvature matters.")
        heading = f"{self.title}: errors, and how much of the variance each input gives"
        yield heading, {k: cells[:ROWS] for k, cells in columns.items()}, "\n".join(notes)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and floats."""
        return {
            "model": self.title,
            "order": self.order,
            "labels": list(self.labels),
            **{
                name: _listed(getattr(self, name))
                for name in (
                    "values",
                    "mean",
                    "std",
                    "cov",
                    "contributions",
                    "bias",
                    "second_variance",
                    "doubtful",
                )
                if getattr(self, name) is not None
            },
        }


def propagate(
    f: Callable[..., Any],
    values: Any,
    cov: Any = None,
    std: Any = None,
    *,
    order: int = 1,
    chunk: int | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Propagation:
    """Mean and covariance of a model's outputs, for inputs with errors, by exact derivatives.

    To first order the covariance is J Σ Jᵀ. The second order adds, for inputs of a normal
    distribution, the bias ½ tr(HΣ) to the mean and ½ tr(HᵢΣHⱼΣ) to the covariance (as in the
    Guide to the Expression of Uncertainty in Measurement, 5.1.2, but with its correlations).

    Parameters
    ----------
    f : callable
        The model, as for `sensitivities`.
    values : dict, list, tuple, dataclass, namedtuple, array or number
        The means of the inputs, as for `sensitivities`.
    cov : array, shape (n, n), optional
        The covariance of all numbers among the inputs, in their order.
    std : optional
        Instead of cov, the standard deviations of uncorrelated inputs: in the structure of
        values, or a dict with some of their names; the other inputs are exact. One number does
        for a whole array.
    order : {1, 2}
        Of the expansion.
    chunk, workers, progress
        As for `jacobian`.

    Returns
    -------
    Propagation
        A report; print it.

    Raises
    ------
    TypeError
        If neither or both of cov and std are given, or f does not fit (see `sensitivities`).
    ValueError
        If cov is no covariance matrix of these inputs, or a standard deviation is negative.

    Examples
    --------
    >>> p = propagate(lambda u, v: u + 2 * v, [1.0, 10.0], std=[0.1, 0.1])
    >>> p.mean["model"], round(p.std["model"], 12)
    (21.0, 0.22360679775)
    """
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"propagate: order is 1 or 2; got {order!r}.")
    if (cov is None) == (std is None):
        raise TypeError("propagate takes either cov, a matrix, or std, standard deviations.")
    model = _Model("propagate", f, values, None)
    sigma = _covariance(model, cov) if std is None else _variances(model, std)
    settings = {"chunk": chunk, "workers": workers, "progress": progress}
    outputs, rows = model.first_order(**settings)
    sizes = [int(np.size(y)) for y in outputs.values()]
    slopes = np.vstack(
        [
            np.hstack([np.reshape(block, (m, -1)) for block in row])
            for m, row in zip(sizes, rows, strict=True)
        ]
    )
    result = slopes @ sigma @ slopes.T
    first = np.diag(result).copy()
    shares = slopes * (slopes @ sigma)

    def by_output(numbers: Any) -> dict[str, Any]:
        parts = np.split(np.asarray(numbers), np.cumsum(sizes)[:-1])
        shaped = zip(outputs.items(), parts, strict=True)
        return {name: _floats(np.reshape(part, np.shape(y))) for (name, y), part in shaped}

    second: dict[str, Any] = {}
    center = np.concatenate([np.ravel(y) for y in outputs.values()])
    if order == 2:
        parameters = dict(zip(model.labels, model.points, strict=True))
        blocks = model.second_order(**settings)
        curvature = np.concatenate(
            [
                _matrix(
                    {
                        p: dict(zip(model.labels, line, strict=True))
                        for p, line in zip(model.labels, block, strict=True)
                    },
                    parameters,
                    y,
                )
                for block, y in zip(blocks, outputs.values(), strict=True)
            ]
        )
        spread = curvature @ sigma
        bias = np.trace(spread, axis1=1, axis2=2) / 2
        more = np.einsum("ijk,lkj->il", spread, spread) / 2
        doubtful = (np.abs(bias) > DOUBT * np.sqrt(np.maximum(first, 0))) | (
            np.diag(more) > DOUBT * first
        )
        center, result = center + bias, result + more
        second = {
            "bias": by_output(bias),
            "second_variance": by_output(np.diag(more)),
            "doubtful": {n: bool(np.any(x)) for n, x in by_output(doubtful).items()},
        }
    contributions = {}
    cuts = np.cumsum([np.size(x) for x in model.points])[:-1]
    for (name, y), part in zip(
        outputs.items(), np.split(shares, np.cumsum(sizes)[:-1]), strict=True
    ):
        inputs = zip(model.labels, model.points, np.split(part, cuts, axis=1), strict=True)
        contributions[name] = {
            p: _floats(np.reshape(block, np.shape(y) + np.shape(x))) for p, x, block in inputs
        }
    return Propagation(
        model.name,
        order,
        outputs,
        by_output(center),
        by_output(np.sqrt(np.maximum(np.diag(result), 0))),
        [label for name, y in outputs.items() for label in _elements(name, y)],
        result,
        contributions,
        **second,
    )


def _covariance(model: _Model, cov: Any) -> Any:
    """Check a covariance matrix."""
    n = sum(int(np.size(x)) for x in model.points)
    sigma = np.asarray(cov, float)
    if sigma.shape != (n, n):
        labels = [
            e for p, x in zip(model.labels, model.points, strict=True) for e in _elements(p, x)
        ]
        raise ValueError(
            f"propagate: cov has shape {sigma.shape}, but there are {n} inputs: "
            f"{', '.join(labels[:10])}{', …' * (n > 10)}."
        )
    scale = float(np.max(np.abs(sigma), initial=0))
    if not np.all(np.isfinite(sigma)) or not np.allclose(
        sigma, sigma.T, rtol=1e-8, atol=1e-12 * scale
    ):
        raise ValueError("propagate: cov is a symmetric matrix of finite numbers; this one is not.")
    deviations = np.sqrt(np.maximum(np.diag(sigma), 0))
    unit = np.where(deviations > 0, deviations, 1)
    least = float(
        np.min(np.linalg.eigvalsh((sigma + sigma.T) / 2 / np.outer(unit, unit)), initial=0)
    )
    if least < -1e-8 * n:
        raise ValueError(
            f"propagate: cov has a negative eigenvalue ({least:.3g} of its correlations), so it is "
            "no covariance; did you give correlations or standard deviations?"
        )
    return (sigma + sigma.T) / 2


def _variances(model: _Model, std: Any) -> Any:
    """The covariance of uncorrelated inputs; those without a deviation are constants."""
    given = model.given
    is_list = type(given) in (list, tuple) and type(std) in (list, tuple)
    if (_parts("", given) is not None and _parts("", std) is None) or (
        is_list and len(std) != len(given)
    ):
        raise TypeError(
            "propagate: std has the structure of values, or is a dict by name; got "
            f"{type(std).__name__}{f' of {len(std)} for {len(given)} values' if is_list else ''}."
        )
    is_record = type(std) is type(given) and type(std) not in (dict, list, tuple)
    known = {}
    for label, x, _ in model.labelled(std):
        if label in model.labels:
            known[label] = x
        elif not (is_record and label in model.all):  # a record has its constants too
            raise ValueError(f"propagate: std: {_unknown(label, model.labels)}")
    known = {label: x for label, x in known.items() if x is not None}
    model.keep(known)
    deviations = []
    for label, point in zip(model.labels, model.points, strict=True):
        try:
            deviation = np.broadcast_to(np.asarray(known[label], float), np.shape(point))
        except (TypeError, ValueError):
            raise ValueError(
                f"propagate: std of {label} has to be a number, or an array of shape "
                f"{np.shape(point)}; got {known[label]!r}."
            ) from None
        if not np.all(deviation >= 0) or np.any(np.isinf(deviation)):
            raise ValueError(f"propagate: std of {label} is negative, infinite or nan.")
        deviations.append(np.ravel(deviation))
    return np.diag(np.concatenate(deviations) ** 2)
