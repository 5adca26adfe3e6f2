"""What an editor sees: the public names, each documented with an example, and nothing else."""

from __future__ import annotations

import builtins
import copy
import importlib
import inspect
import pickle
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.processes import run_python

import dualad
import dualad.teach
from dualad.rules import table
from dualad.table import RULES

DOCS = Path(__file__).parents[1] / "docs"
MODULES = [dualad, dualad.teach]
OF_THE_TABLE = {
    name for rule in table() for name in (rule.name, *rule.aliases) if not name.startswith("_")
}


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_a_listing_shows_the_public_names_only(module: ModuleType) -> None:
    shown = [name for name in dir(module) if not name.startswith("__")]
    builtin = {"abs", "divmod", "pow", "round", "scipy", "teach"} if module is dualad else set()
    assert set(shown) == {*module.__all__, *builtin}
    for name in shown:
        assert hasattr(module, name)


def test_listings_of_what_stands_for_scipy_too() -> None:
    pytest.importorskip("scipy")
    for part in dualad.scipy.__all__:
        module = importlib.import_module(f"dualad.scipy.{part}")
        theirs = importlib.import_module(f"scipy.{part}")
        assert set(dir(module)) == {*getattr(module, "__all__", ()), *theirs.__all__}


def test_a_star_leaves_the_builtins_alone() -> None:
    assert not set(dualad.__all__) & set(dir(builtins))


def test_submodules_are_there_without_an_import() -> None:
    program = """if True:
        import sys
        import dualad
        from dualad import teach
        assert "dualad.teach" not in sys.modules and "scipy" not in sys.modules
        assert "trace" in dir(teach) and teach.__doc__.startswith("See it")
        assert dualad.teach is sys.modules["dualad.teach"]
        assert dualad.teach.trace(lambda x: x * x, 3.0).tangent == 6.0 == teach.trace(
            lambda x: x * x, 3.0).tangent
        assert "__getattr__" not in vars(dualad)  # it would slow every other name down
        try:
            dualad.teach.nothing
        except AttributeError as error:
            assert "nothing" in str(error)
        else:
            raise AssertionError
    """
    run_python("-c", program)


def test_scipy_is_there_too() -> None:
    pytest.importorskip("scipy")
    run_python("-c", "import dualad; assert dualad.scipy.optimize.brentq(lambda x: x, -1, 2) == 0")


def test_names_of_scipy_are_documented_and_their_modules_have_examples() -> None:
    pytest.importorskip("scipy")
    for part in dualad.scipy.__all__:
        module = importlib.import_module(f"dualad.scipy.{part}")
        own = [getattr(module, name) for name in getattr(module, "__all__", ())]
        for thing in own:
            assert isinstance(thing, ModuleType) or inspect.getdoc(thing), (part, thing)
        assert any(">>> " in (inspect.getdoc(thing) or "") for thing in [module, *own]), part


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_each_name_has_an_example_and_a_place_in_the_reference(module: ModuleType) -> None:
    reference = "\n".join(p.read_text("utf-8") for p in (DOCS / "reference").glob("*.md"))
    for name in set(module.__all__) - OF_THE_TABLE:
        assert ">>> " in (inspect.getdoc(getattr(module, name)) or ""), (
            name
        )  # a doctest, so it runs
        assert re.search(rf"^\.\. auto\w+:: {name}$", reference, re.MULTILINE), name


def test_each_function_of_the_table_has_an_example_there_and_in_the_reference() -> None:
    functions = (DOCS / "reference" / "numbers.md").read_text("utf-8")
    for name in OF_THE_TABLE & set(dir(dualad)):
        rule = RULES[name]
        called = re.findall(r"^>>> (y = .+)$", inspect.getdoc(getattr(dualad, name)) or "", re.M)
        assert len(called) == 1 or name in ("around", "round"), name  # no row: it has a default
        exec("\n".join(called), dict(vars(dualad)))
        assert f"dualad.{rule.name}(" in functions, name
        assert getattr(dualad, name) is getattr(dualad, rule.name)


# -- what is handed about ----------------------------------------------------------------------


def square(x: Any) -> Any:
    return np.sum(x * x)


def model(a: float, b: float) -> float:
    return a * b


@dualad.grad
def of_grad(x: Any) -> Any:
    return np.sum(x * x)


@dualad.lift
def of_lift(x: Any) -> Any:
    return square(x)


class Owner:
    @dualad.lift
    def squared(self, x: Any) -> Any:
        return square(x)

    def __repr__(self) -> str:
        return "Owner()"


X = np.array([1.0, 2.0])
THINGS = {
    "derivative": dualad.derivative(np.sin),
    "grad": dualad.grad(square),
    "value_and_grad": dualad.value_and_grad(square),
    "jacobian": dualad.jacobian(square),
    "hessian": dualad.hessian(square),
    "taylor": dualad.taylor(square, 2),
    "sparsity": dualad.sparsity(square),
    "objective": dualad.objective(square),
    "lift": dualad.lift(square),
    "lifted method": dualad.lift(Owner().squared),
    "checkpoint": dualad.checkpoint(square),
    "decorated by grad": of_grad,  # pickled by their names
    "decorated by lift": of_lift,
    "decorated method": Owner().squared,
    "sensitivities": dualad.sensitivities(model, {"a": 1.0, "b": 2.0}),
    "propagate": dualad.propagate(model, {"a": 1.0, "b": 2.0}, std={"a": 0.1}),
    "check_derivative": dualad.check_derivative(square, X),
    "audit": dualad.audit(square, X),
    "trace": dualad.teach.trace(model, 1.0, 2.0),
    "graph": dualad.teach.graph(model, 1.0, 2.0),
    "kernel_info": dualad.kernel_info(),
}


def told(thing: Any) -> str:
    """What a thing says of itself, and gives."""
    if callable(thing):
        return f"{thing.__name__} {thing(X)!r}"
    return str(thing)


@pytest.mark.parametrize("name", THINGS)
def test_what_is_handed_about_can_be_copied_and_pickled(name: str) -> None:
    thing = THINGS[name]
    for again in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert type(again) is type(thing)
        assert told(again) == told(thing)


def test_a_pullback_stays_where_its_record_is() -> None:
    _, pullback = dualad.vjp(square, X)
    for again in (copy.copy(pullback), copy.deepcopy(pullback)):
        np.testing.assert_array_equal(again(1.0)[0], 2 * X)
    assert repr(pullback) == "<pullback of square>"
    with pytest.raises(TypeError, match=r"cannot be pickled, .* call vjp there"):
        pickle.dumps(pullback)


@pytest.mark.parametrize("name", THINGS)
def test_its_representation_says_what_it_is(name: str) -> None:
    text = repr(THINGS[name])
    assert "object at 0x" not in text and len(text) < 2000
