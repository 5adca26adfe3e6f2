"""Nothing that NumPy lets us override is forgotten: a walk over its own lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_array_functions
from readme import NOTHING, REFUSING, SUPPORTED, array_functions, methods, ufuncs

import dualad
from dualad import Dual
from dualad.array.protocols import RECORDS, REFUSED

TESTS = "\n".join(p.read_text("utf-8") for p in Path(__file__).parent.glob("test_*.py"))


def np_asks(f: Any) -> Any:
    """What NumPy does when f is called with a dual."""
    x = Dual(np.ones(2), np.ones(2))
    return x.__array_function__(f, (type(x),), (x,), {})


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


def test_methods_of_arrays_that_are_refused_name_the_plain_array() -> None:
    x = Dual(np.ones((2, 2)), np.ones((2, 2)))
    refused = [name.removeprefix("x.") for name, kind in methods().items() if kind == REFUSING]
    assert refused
    for name in refused:
        with pytest.raises(AttributeError, match=rf"x\.primal\.{name}"):
            getattr(x, name)


def test_every_function_has_a_name() -> None:
    """So that a search finds where np.clip's rule is."""
    for path in Path(str(dualad.__file__)).parent.rglob("*.py"):
        assert "def _(" not in path.read_text("utf-8"), path
