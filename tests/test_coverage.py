"""Nothing that NumPy lets us override is forgotten: a walk over its own lists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_array_functions
from readme import NOTHING, REFUSING, SUPPORTED, array_functions, methods, ufuncs

import dualad
from dualad import Dual, jvp
from dualad.array.protocols import ARRAY_FUNCTIONS, RECORDS, REFUSED

TESTS = "\n".join(p.read_text("utf-8") for p in Path(__file__).parent.glob("test_*.py"))


newest = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="older NumPys have other lists"
)


def np_asks(f: Any) -> Any:
    """What NumPy does when f is called with a dual."""
    x = Dual(np.ones(2), np.ones(2))
    return x.__array_function__(f, (type(x),), (x,), {})


@newest
def test_every_array_function_is_decided() -> None:
    undecided = [name for name, kind in array_functions().items() if kind == NOTHING]
    assert not undecided


def test_enough_is_supported() -> None:
    """The aim of the package: 230 of the array functions and methods, and every ufunc of floats."""
    everything = [*array_functions().values(), *methods().values()]
    assert everything.count(SUPPORTED) >= 230
    refused = [name for name, kind in ufuncs().items() if kind == REFUSING]
    assert set(refused) <= {"np._arg", "np._ones_like", "np.nextafter"}


def test_what_is_supported_is_tested() -> None:
    """Each has its name in a test; what the tests then ask is up to them."""
    names = [name.rpartition(".")[2] for name, k in array_functions().items() if k == SUPPORTED]
    assert [n for n in names if not re.search(rf"\b{n}\b", TESTS)] == []


def signature(f: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(f).parameters.values())
    except ValueError:  # in C, without one in older NumPys
        return []


RULED = sorted(
    set(ARRAY_FUNCTIONS) & get_overridable_numpy_array_functions() - REFUSED,
    key=lambda f: (str(f.__module__), str(f.__name__)),
)


@newest
@pytest.mark.parametrize("f", RULED, ids=lambda f: f.__name__)
def test_rules_take_the_arguments_of_numpys_functions(f: Any) -> None:
    """In their order, by their names and with their defaults, the name of the first apart."""
    ours = signature(ARRAY_FUNCTIONS[f])
    names = [p.name for p in ours]
    default, kind = {p.name: p.default for p in ours}, {p.name: p.kind for p in ours}
    hands_on = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in ours)
    places = [-1]
    for p in signature(f)[1:]:
        if p.name not in names:
            assert hands_on, p.name
            continue
        places.append(names.index(p.name))
        assert p.kind is p.POSITIONAL_ONLY or kind[p.name] is not p.POSITIONAL_ONLY, p.name
        if p.default is not np._NoValue:  # type: ignore[attr-defined]
            assert default[p.name] == p.default, p.name
    assert places == sorted(places)


X = np.arange(4.0).reshape(2, 2)


@pytest.mark.parametrize("lift", [True, False])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.tril(m=x),
        lambda x: np.triu(m=x, k=1),
        lambda x: np.tile(A=x, reps=(1, 2)),
        lambda x: np.delete(arr=x, obj=0, axis=1),
        lambda x: np.vstack(tup=[x, x]),
        lambda x: np.hstack(tup=(x, 2 * x)),
        lambda x: np.column_stack(tup=[[x[0, 1], 0.0], [0.0, x[1, 1]]]),
        lambda x: np.lib.stride_tricks.sliding_window_view(x=x, window_shape=2, axis=0),
        lambda x: np.tensordot(a=x, b=X, axes=1),
        lambda x: np.add.reduce(array=x, axis=1),
        lambda x: np.add.accumulate(array=x, axis=1),
        lambda x: np.subtract.reduceat(array=x, indices=[0, 1], axis=1),
        lambda x: x.view(dtype=float),
        lambda x: x.view(type=np.ndarray),
    ],
    ids=[
        *("tril", "triu", "tile", "delete", "vstack", "hstack", "column_stack", "windows"),
        *("tensordot", "reduce", "accumulate", "reduceat", "view dtype", "view type"),
    ],
)
def test_the_first_argument_may_be_given_by_name(f: Any, lift: bool) -> None:
    if not lift and f(X).tolist() == [[1.0, 0.0], [0.0, 3.0]]:
        return  # a list of duals
    y, t = jvp(f, (X,), (1.5 * X,), lift=lift)  # all of them are linear
    assert y.tolist() == f(X).tolist() and t.tolist() == (1.5 * y).tolist()


@pytest.mark.parametrize("join", [np.stack, np.concatenate, np.vstack])
def test_what_does_not_fit_a_dtype_is_refused_as_by_numpy(join: Any) -> None:
    assert jvp(lambda x: join([x], dtype=np.float32), (X,), (X,))[0].dtype == np.float32
    for options in ({"dtype": int}, {"dtype": np.float32, "casting": "no"}):
        with pytest.raises(TypeError) as plain:
            join([X], **options)
        with pytest.raises(TypeError) as ours:
            jvp(lambda x, o=options: join([x], **o), (X,), (X,))
        assert str(ours.value) == str(plain.value)


REFUSED_NOW = sorted(
    {f for f in get_overridable_numpy_array_functions() if f in REFUSED or f.__module__ == RECORDS},
    key=lambda f: str(f.__name__),
)


@pytest.mark.parametrize("f", REFUSED_NOW, ids=lambda f: f.__name__)
def test_what_is_refused_says_what_to_write_instead(f: Any) -> None:
    with pytest.raises(TypeError, match=r"cannot take duals; .*\.$"):
        np_asks(f)


def test_new_functions_of_numpy_are_refused_until_they_have_a_rule() -> None:
    def brand_new(x: Any) -> Any:
        return x

    with pytest.raises(TypeError, match=r"np\.brand_new has no derivative rule"):
        np_asks(brand_new)


@newest
def test_methods_of_arrays_that_are_refused_name_the_plain_array() -> None:
    x = Dual(np.ones((2, 2)), np.ones((2, 2)))
    refused = [name.removeprefix("x.") for name, kind in methods().items() if kind == REFUSING]
    assert refused
    for name in refused:
        with pytest.raises(AttributeError, match=rf"getattr\(x, 'primal', x\)\.{name}"):
            getattr(x, name)


def test_every_function_has_a_name() -> None:
    """So that a search finds where np.clip's rule is."""
    for path in Path(str(dualad.__file__)).parent.rglob("*.py"):
        assert "def _(" not in path.read_text("utf-8"), path
