"""Labelled sensitivities and elasticities of a model: which parameter matters, how much?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .models import Floats, Model, joined, joined_twice, quotient, split
from .pair import Function
from .sentences import counted
from .structure import element_labels, labelled_numbers
from .tables import ROWS, Report, Section, csv_text, plain_lists, write_whole
from .workers import Progress, Workers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAIRS = 10  # how many interactions are printed for an output


@dataclass(frozen=True, repr=False)
class Sensitivities(Report):
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
    parameters: dict[str, Floats]
    values: dict[str, Floats]
    derivatives: dict[str, dict[str, Floats]]
    hessians: dict[str, dict[str, dict[str, Floats]]] | None = None

    _texts = ("parameter", "where", "with")

    @cached_property
    def elasticities(self) -> dict[str, dict[str, Floats]]:
        at = list(self._points.values())
        result = {}
        for output, y in self.values.items():
            relative = quotient(self._slopes(output) * at, np.reshape(y, (-1, 1)))
            result[output] = split(relative, np.shape(y), self.parameters)
        return result

    @cached_property
    def _points(self) -> dict[str, float]:
        """All numbers among the parameters."""
        return {label: float(x) for label, x in labelled_numbers(self.parameters)}

    def _slopes(self, output: str) -> NDArray[np.float64]:
        """The derivatives as a matrix (numbers of the output, numbers among the parameters)."""
        size = np.size(self.values[output])
        return joined(self.derivatives[output], (size,), self.parameters)

    def _weights(self, output: str) -> dict[str, tuple[float, float]]:
        """For each number: ‖p·∂y/∂p‖, and ‖∂y/∂p‖ to break ties."""
        columns = self._slopes(output).T
        return {
            label: (float(np.linalg.norm(column * x)), float(np.linalg.norm(column)))
            for (label, x), column in zip(self._points.items(), columns, strict=True)
        }

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
        labels, at = list(self._points), list(self._points.values())
        result = {}
        for output, y in self.values.items():
            scaled = joined_twice(self.hessians[output], y, self.parameters) * np.outer(at, at)
            if np.ndim(y):
                relative = quotient(np.linalg.norm(scaled, axis=0), float(np.linalg.norm(y)))
            else:
                relative = quotient(scaled[0], y)
            above = zip(*np.triu_indices(len(at), 1), strict=True)
            pairs = {(labels[j], labels[k]): float(relative[j, k]) for j, k in above}
            known = {pair: -1.0 if x != x else abs(x) for pair, x in pairs.items()}
            result[output] = {n: pairs[n] for n in sorted(pairs, key=lambda n: -known[n])}
        return result

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each number among outputs and parameters; the form of frame and CSV."""
        for output, y in self.values.items():
            rank = {label: i for i, label in enumerate(self.ranking[output], 1)}
            for p, point in self.parameters.items():
                shape = np.size(y), np.size(point)
                slopes = np.reshape(self.derivatives[output][p], shape)
                relative = np.reshape(self.elasticities[output][p], shape)
                for i, (name, value) in enumerate(labelled_numbers({output: y})):
                    for j, (label, at) in enumerate(labelled_numbers({p: point})):
                        yield {
                            "output": name,
                            "value": float(value),
                            "parameter": label,
                            "at": float(at),
                            "derivative": float(slopes[i, j]),
                            "elasticity": float(relative[i, j]),
                            "rank": rank[label],
                        }

    def _sections(self, number: Callable[[float], str]) -> Iterator[Section]:
        labels, points = list(self._points), self._points
        for output, y in self.values.items():
            slopes = dict(zip(labels, self._slopes(output).T, strict=True))
            shown = self.ranking[output][:ROWS]
            columns = {"parameter": shown, "at": [number(points[n]) for n in shown]}
            if np.ndim(y):
                heading = f"{output}: {counted(np.size(y), 'number')}"
                if np.size(y):
                    heading += f" from {number(np.min(y))} to {number(np.max(y))}"
                    places = element_labels("", np.shape(y))
                    peaks = {n: int(np.argmax(np.abs(slopes[n]))) for n in shown}
                    columns["largest derivative"] = [number(slopes[n][peaks[n]]) for n in shown]
                    columns["where"] = [places[peaks[n]] for n in shown]
                weights = self._weights(output)
                share = quotient([weights[n][0] for n in shown], float(np.linalg.norm(y)))
                columns["‖p·∂y/∂p‖/‖y‖"] = [*map(number, share)]
            else:
                heading = f"{output} = {number(float(y))}"
                columns["derivative"] = [number(slopes[n][0]) for n in shown]
                relative = quotient([points[n] * slopes[n][0] for n in shown], y)
                columns["elasticity"] = [*map(number, relative)]
            rest = len(labels) - len(shown)
            note = f"… and {rest} more, which matter less." if rest else ""
            if shown and np.size(y) and not np.any(self._slopes(output)):
                note = "All derivatives are 0; what round, floor or int gives is constant."
            yield Section(heading, columns, note)
            if self.hessians is not None and len(labels) > 1:
                largest = list(self.interactions[output].items())[:PAIRS]
                columns = {
                    "parameter": [pair[0] for pair, _ in largest],
                    "with": [pair[1] for pair, _ in largest],
                    "p·q/y·∂²y/∂p∂q": [number(x) for _, x in largest],
                }
                yield Section(f"{output}: interactions", columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and floats; fit for JSON but for inf and nan."""
        outputs = {}
        for output, y in self.values.items():
            entry = {
                "value": plain_lists(y),
                "derivatives": plain_lists(self.derivatives[output]),
                "elasticities": plain_lists(self.elasticities[output]),
                "ranking": list(self.ranking[output]),
            }
            if self.hessians is not None:
                entry["hessian"] = plain_lists(self.hessians[output])
                entry["interactions"] = [
                    {"parameters": list(pair), "value": x}
                    for pair, x in self.interactions[output].items()
                ]
            outputs[output] = entry
        return {"model": self.title, "parameters": plain_lists(self.parameters), "outputs": outputs}

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

    def plot(self, output: str | None = None, x: ArrayLike | None = None) -> Figure:
        """Bars of the elasticities of a number; curves of p·∂y/∂p along an array.

        Parameters
        ----------
        output : str, optional
            Which one; by default all, one below the other.
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
        slopes = dict(zip(self._points, self._slopes(output)[0], strict=True))
        scaled = [self._points[n] * float(slopes[n]) for n in labels]
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

    def _curves(self, ax: Any, output: str, x: ArrayLike | None) -> None:
        y = self.values[output]
        slopes = dict(zip(self._points, self._slopes(output).T, strict=True))
        for name in self.ranking[output][:8]:
            curve = self._points[name] * np.reshape(slopes[name], np.shape(y))
            lines = np.reshape(curve, (len(curve), -1))
            where = np.arange(len(curve)) if x is None else np.asarray(x)
            for i, line in enumerate(lines.T):
                ax.plot(where, line, label=name if lines.shape[1] == 1 else f"{name} [:,{i}]")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(output)
        ax.set_ylabel("p·∂y/∂p")
        ax.set_xlabel("index" if x is None else "x")
        ax.legend(fontsize=8)


def sensitivities(
    f: Function,
    params: Any,
    *,
    wrt: str | Iterable[str] | None = None,
    second_order: bool = False,
    chunk: int | None = None,
    lift: bool | None = None,
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
    lift : bool, optional
        As for `derivative`.
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
    model = Model("sensitivities", f, params, wrt, lift)
    settings = {"chunk": chunk, "workers": workers, "progress": progress}
    values, derivatives = model.first_order(**settings)
    hessians = model.second_order(values, **settings) if second_order else None
    return Sensitivities(model.name, model.parameters, values, derivatives, hessians)
