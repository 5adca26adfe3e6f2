"""A model taken apart: any function of named parameters, as a function of labelled numbers.

The parameters become numbers and arrays with labels, the drivers differentiate, and the results
get their labels back.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import number_in
from .drivers import jacobian
from .lifting.reach import AsNeeded
from .pair import Function, is_operand, plain
from .sentences import closest, did_you_mean, why_no_number
from .structure import (
    Part,
    argument_names,
    is_record,
    labelled,
    rebuild_labelled,
)
from .wrappers import refuse_unless_callable

Floats = float | NDArray[np.float64]  # a number, or an array of them

_NUMBER_AND_UNIT = re.compile(r"([-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?)(\s*[^\W\d_][\w/*^·°]*|\s*[°%])?")
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Model:
    """The user's function as a function of a list of numbers and arrays, which have labels."""

    def __init__(
        self,
        driver: str,
        f: Function,
        params: Any,
        wrt: str | Iterable[str] | None,
        lift: bool | None = None,
    ) -> None:
        refuse_unless_callable(driver, f, f"{driver}(f, params)")
        self.driver, self.f, self.given = driver, f, params
        self.run = AsNeeded(f, lift)
        name = getattr(f, "__name__", type(f).__name__)
        self.name = "model" if name == "<lambda>" else name
        self._decide_call()
        leaves = list(self.labelled(params))
        self.constants = [x for _, x, _ in leaves]
        numeric = {label for label, x, _ in leaves if is_operand(x) and not _is_flag(x)}
        _refuse_doubles(driver, [label for label, _, _ in leaves])
        if wrt is None:
            chosen = {n for n, _, declared in leaves if n in numeric and not _is_int(declared)}
        else:
            chosen = self._chosen([wrt] if isinstance(wrt, str) else list(wrt), leaves, numeric)
        for label, x, _ in leaves:
            if label in chosen:
                _refuse_complex(driver, label, x)
        self.all = [label for label, _, _ in leaves]
        self.keep(chosen)

    @property
    def parameters(self) -> dict[str, Floats]:
        """Where it is differentiated, by label."""
        return dict(zip(self.labels, map(floats, self.points), strict=True))

    def keep(self, labels: Collection[str]) -> None:
        """Differentiate with respect to these only."""
        self.active = [i for i, label in enumerate(self.all) if label in labels]
        self.labels = [self.all[i] for i in self.active]
        self.points = [self.constants[i] for i in self.active]
        if not self.points:
            hint = next(self._doubts(True), "")
            raise TypeError(
                f"{self.driver}: there is no number among the parameters to differentiate"
                + (f"; {hint}" if hint else ".")
            )

    def _decide_call(self) -> None:
        """How f takes its parameters: each by keyword, each by position, or all as one."""
        params = self.given
        try:
            signature = inspect.signature(self.f)
        except (TypeError, ValueError):
            signature = None
        known = list(signature.parameters.values()) if signature else []
        self.annotations = {p.name: p.annotation for p in known}
        self.texts = {  # of which the model says that they are
            p.name for p in known if isinstance(p.default, str) or p.annotation in (str, "str")
        }
        self.by_position = [p.name for p in known if p.kind == p.POSITIONAL_ONLY]
        if isinstance(params, dict):
            self.how = "keywords"
        else:
            self.how = "positional" if type(params) in (list, tuple) else "one"
        if signature is None or self.how == "one":
            return
        try:
            args, kwargs = self._arguments(params)
            signature.bind(*args, **kwargs)
        except (TypeError, KeyError):
            call = f"{self.driver}: {self.name}{signature}"
            if self.how == "positional":
                raise TypeError(
                    f"{call} does not take {len(params)} positional arguments; give one number "
                    "for each, or a dict of them by name."
                ) from None
            required = [p.name for p in known if p.default is p.empty and p.kind in _POSITIONAL]
            if len(required) != 1 or any(p.name in params for p in known):
                missing = [name for name in required if name not in params]
                unknown = [str(name) for name in params if name not in signature.parameters]
                problems = [
                    f"{_enumerated(names)} {'are' if names[1:] else 'is'} {what}"
                    for names, what in ((missing, "missing"), (unknown, "unknown"))
                    if names
                ]
                raise TypeError(
                    f"{call} does not take these parameters: "
                    f"{'; '.join(problems) or 'it takes another number of them'}."
                ) from None
            self.how = "one"

    def _arguments(self, params: Any) -> tuple[Sequence[Any], dict[str, Any]]:
        """What f is called with."""
        if self.how == "keywords":
            named = {str(name): x for name, x in params.items() if name not in self.by_position}
            return [params[name] for name in self.by_position], named
        return params if self.how == "positional" else [params], {}

    def _doubts(self, is_about_types: bool) -> Iterator[str]:
        """What may be wrong with the parameters, where the model raises an error."""
        if self.how == "one" and isinstance(self.given, dict):
            for name in map(str, self.given):
                if meant := closest(name, self.annotations):
                    yield f"{self.name} has no {name}; did you mean {meant}?"
        for label, x in zip(self.all, self.constants, strict=True):
            if isinstance(x, str) and (number := _NUMBER_AND_UNIT.fullmatch(x)):
                yield f"{label} is the text {x!r}; write the number alone, {number[1]}."
            elif isinstance(x, str) and is_about_types and label not in self.texts:
                yield f"{label} is the text {x!r}; does {self.name} take a number there?"

    def labelled(self, params: Any) -> Iterator[Part]:
        """The leaves of parameters, with labels as f calls them."""
        if self.how == "positional" and type(params) in (list, tuple):
            named = list(zip(argument_names(self.f, len(params)), params, strict=True))
        elif self.how == "keywords" and isinstance(params, dict):
            named = [(str(name), x) for name, x in params.items()]
        elif is_container(params):
            named = [("", params)]
        else:
            named = [(argument_names(self.f, 1)[0], params)]
        for name, x in named:
            yield from labelled(x, name, annotation=self.annotations.get(name), dataclasses=True)

    def _chosen(self, wrt: list[str], leaves: list[Part], numeric: set[str]) -> set[str]:
        """The numbers that names stand for, each the name of a number or of a container."""
        chosen = set()
        for name in wrt:
            found = {n for n, _, _ in leaves if n == name or n.startswith((f"{name}.", f"{name}["))}
            if not found:
                raise ValueError(f"{self.driver}: {no_parameter(name, [n for n, _, _ in leaves])}")
            if not found & numeric:
                raise TypeError(
                    f"{self.driver}: {name} is not a number; leave it out of wrt to hold it "
                    "constant."
                )
            chosen |= found & numeric
        return chosen

    def __call__(self, *points: Any) -> tuple[list[Any], list[Any]]:
        """The outputs; and as auxiliary data, their labels and the outputs again."""
        leaves = list(self.constants)
        for i, x in zip(self.active, points, strict=True):
            leaves[i] = x
        each = iter(leaves)
        params = rebuild_labelled(self.given, lambda label, x: next(each), dataclasses=True)
        args, kwargs = self._arguments(params)
        try:
            y = self.run(*args, **kwargs)
        except Exception as error:
            for note in self._doubts(isinstance(error.__context__ or error, TypeError)):
                error.add_note(note)
            raise
        labels, outputs = [], []
        named = isinstance(y, dict) or is_record(y)
        for label, x, _ in labelled(y, "" if named else self.name, dataclasses=True):
            number = number_in(x)
            if number is None:
                hint = why_no_number(x, y)
                raise TypeError(
                    f"{self.driver} needs a model that returns numbers, arrays, or lists, dicts "
                    f"and dataclasses of them; {label} is of type {type(x).__name__}{hint}"
                )
            _refuse_complex(self.driver, label, number)
            labels.append(label)
            outputs.append(number)
        if not outputs:
            raise TypeError(f"{self.driver}: {self.name} returned no numbers.")
        _refuse_doubles(self.driver, labels)
        return outputs, [labels, list(outputs)]

    def first_order(
        self, **settings: Any
    ) -> tuple[dict[str, Floats], dict[str, dict[str, Floats]]]:
        """The values by output; the derivatives by output and parameter, of shape out + in."""
        slopes = jacobian(self, range(len(self.points)), has_aux=True, **settings)
        rows, (labels, outputs) = slopes(*self.points)
        values = dict(zip(labels, map(floats, outputs), strict=True))
        return values, {
            output: dict(zip(self.labels, map(floats, row), strict=True))
            for output, row in zip(labels, rows, strict=True)
        }

    def second_order(
        self, values: Mapping[str, Floats], **settings: Any
    ) -> dict[str, dict[str, dict[str, Floats]]]:
        """The second derivatives by output and two parameters, exactly symmetric in these."""
        parameters, cuts = self.parameters, _cuts(self.points)
        rows = jacobian(_Slopes(self), range(len(self.points)), **settings)(*self.points)
        hessians = {}
        for (output, y), row in zip(values.items(), rows, strict=True):
            blocks = {
                p: dict(zip(self.labels, line, strict=True))
                for p, line in zip(self.labels, row, strict=True)
            }
            matrix = joined_twice(blocks, y, parameters)
            parts = np.split((matrix + matrix.transpose(0, 2, 1)) / 2, cuts, axis=1)
            hessians[output] = {
                p: split(part, np.shape(y) + np.shape(x), parameters)
                for (p, x), part in zip(parameters.items(), parts, strict=True)
            }
        return hessians


class _Slopes:
    """The first derivatives of a model, as a function for the second ones."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __call__(self, *points: Any) -> Any:
        return jacobian(self.model, range(len(points)), has_aux=True)(*points)[0]


def _enumerated(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def _is_int(annotation: Any) -> bool:
    """Whether an annotation, perhaps a string or a string in a ForwardRef, says integer."""
    return getattr(annotation, "__forward_arg__", annotation) in (int, "int")


def _is_flag(x: Any) -> bool:
    return isinstance(x, (bool, np.bool_)) or np.dtype(bool) == getattr(x, "dtype", None)


def is_container(x: Any) -> bool:
    """Whether x has parts that are parameters of their own."""
    return isinstance(x, (list, tuple, dict)) or is_record(x)


def _refuse_doubles(driver: str, labels: list[str]) -> None:
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ValueError(f"{driver}: two numbers are both called {twice[0]}; rename one.")


def _refuse_complex(driver: str, label: str, x: Any) -> None:
    if np.iscomplexobj(plain(x)) or hasattr(plain(x), "_mpc_"):
        raise TypeError(
            f"{driver}: {label} is complex; use its real and imaginary parts as two numbers."
        )


def no_parameter(name: str, names: Sequence[str]) -> str:
    """A sentence about a name that is not there."""
    hint = did_you_mean(name, names, otherwise=f"there are {', '.join(names)}.")
    return f"there is no parameter {name}; {hint}"


# -- derivatives in blocks, one for each parameter, and as matrices --------------------------


def floats(x: Any) -> Floats:
    """Plain floats: an array of them, or one."""
    array = np.asarray(x, float)
    return array if array.ndim else float(array)


def joined(
    blocks: Mapping[str, Any], shape: tuple[int, ...], parameters: Mapping[str, Floats]
) -> NDArray[np.float64]:
    """Blocks of derivatives beside each other; the last axis counts the parameters' numbers."""
    return np.concatenate(
        [np.reshape(blocks[p], (*shape, np.size(x))) for p, x in parameters.items()], axis=-1
    )


def joined_twice(
    blocks: Mapping[str, Mapping[str, Any]], y: Floats, parameters: Mapping[str, Floats]
) -> NDArray[np.float64]:
    """A Hessian's blocks as one array (numbers of y, numbers of parameters, the same)."""
    rows = [joined(blocks[p], (np.size(y), np.size(x)), parameters) for p, x in parameters.items()]
    return np.concatenate(rows, axis=1)


def split(
    matrix: NDArray[np.float64], shape: tuple[int, ...], parameters: Mapping[str, Floats]
) -> dict[str, Floats]:
    """The blocks that `joined` puts together.

    >>> split(np.array([1.0, 2.0, 3.0]), (), {"a": 0.0, "b": np.zeros(2)})
    {'a': 1.0, 'b': array([2., 3.])}
    """
    parts = np.split(matrix, _cuts(parameters.values()), axis=-1)
    return {
        p: floats(np.reshape(part, shape + np.shape(x)))
        for (p, x), part in zip(parameters.items(), parts, strict=True)
    }


def _cuts(points: Iterable[Any]) -> list[int]:
    """Where the numbers of one point end and those of the next begin."""
    return list(accumulate(int(np.size(x)) for x in points))[:-1]


def quotient(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """a/b, nan where b is 0."""
    with np.errstate(all="ignore"):
        return np.asarray(np.where(np.equal(b, 0), np.nan, np.divide(a, b)))
