"""Labels of the numbers in a structure: one spelling, and structures made anew."""

from __future__ import annotations

import math
import operator
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pytest

from dualad import (
    NotDeterministicError,
    check_derivative,
    hvp,
    jacobian,
    jvp,
    sensitivities,
    taylor,
    value_and_grad,
    vjp,
)
from dualad.structure import (
    argument_names,
    labelled,
    labelled_numbers,
    leaves,
    rebuild,
    rebuild_labelled,
)


class Point(NamedTuple):
    x: float
    n: int = 3


@dataclass
class Shop:
    price: float
    sold: int
    seen: list[float] = field(default_factory=list, init=False)


STRUCTURE = {
    "rate": 0.5,
    "per day": [1.0, (2.0, 3.0)],
    7: {"a.b": 4.0, 8: 5.0},
    "point": Point(6.0),
    "m": np.array([[7.0, 8.0]]),
    "shop": Shop(9.0, 10),
}


def test_labels() -> None:
    assert dict(labelled_numbers(STRUCTURE | {"shop": 9.0}, "p")) == {
        "p.rate": 0.5,
        "p['per day'][0]": 1.0,
        "p['per day'][1][0]": 2.0,
        "p['per day'][1][1]": 3.0,
        "p[7]['a.b']": 4.0,
        "p[7][8]": 5.0,
        "p.point.x": 6.0,
        "p.point.n": 3,
        "p.m[0,0]": 7.0,
        "p.m[0,1]": 8.0,
        "p.shop": 9.0,
    }
    outermost = [label for label, _, _ in labelled({"per day": 1.0, 7: [2.0]})]
    assert outermost == ["per day", "7[0]"]
    assert list(labelled(2.0, "x")) == [("x", 2.0, None)]


def test_dataclasses_are_leaves_or_containers() -> None:
    shop = STRUCTURE["shop"]
    assert list(labelled([shop], "p")) == [("p[0]", shop, None)]
    assert [(label, x) for label, x, _ in labelled([shop], "p", dataclasses=True)] == [
        ("p[0].price", 9.0),
        ("p[0].sold", 10),
    ]
    assert list(labelled(Shop, "p", dataclasses=True)) == [("p", Shop, None)]


def test_a_dict_that_is_a_dataclass_is_a_dict() -> None:
    @dataclass
    class Output(dict[str, float]):
        logits: float = 0.0

    x = Output(1.0)
    x["loss"] = 2.0
    assert [label for label, _, _ in labelled(x, "y", dataclasses=True)] == ["y.loss"]
    assert rebuild_labelled(x, lambda _, v: -v, dataclasses=True) == {"loss": -2.0}


def test_annotations() -> None:
    declared = {label: kind for label, _, kind in labelled(STRUCTURE, dataclasses=True)}
    assert declared["shop.sold"] in ("int", "'int'") and declared["rate"] is None
    assert getattr(declared["point.n"], "__forward_arg__", declared["point.n"]) == "int"


@pytest.mark.parametrize("dataclasses", [False, True])
def test_rebuilt_with_the_labels_of_the_walk(dataclasses: bool) -> None:
    seen: list[Any] = []

    def leaf(label: str, x: Any) -> Any:
        seen.append((label, x))
        return x

    new = rebuild_labelled(STRUCTURE, leaf, "p", dataclasses=dataclasses)
    walked = [(label, x) for label, x, _ in labelled(STRUCTURE, "p", dataclasses=dataclasses)]
    assert [label for label, _ in seen] == [label for label, _ in walked]
    assert all(x is y for (_, x), (_, y) in zip(seen, walked, strict=True))
    assert new is not STRUCTURE and new == STRUCTURE
    assert (new["shop"] is STRUCTURE["shop"]) == (not dataclasses)


@pytest.mark.parametrize(
    "x",
    [
        OrderedDict(a=1.0, b=2.0),
        defaultdict(list, a=1.0),
        namedtuple("Pair", "a b")(1.0, [2.0]),
        ([1.0], (2.0,)),
    ],
)
def test_containers_keep_their_classes(x: Any) -> None:
    for new in (rebuild(x, lambda v: v), rebuild_labelled(x, lambda label, v: v)):
        assert new == x and type(new) is type(x) and new is not x
    assert list(leaves(x)) == [v for _, v, _ in labelled(x)]


def test_argument_names() -> None:
    def f(a: float, /, b: float, *rest: float, c: float = 1.0) -> float:
        return a

    assert argument_names(f, 1) == ["a"]
    assert argument_names(f, 4) == ["a", "b", "x3", "x4"]
    assert argument_names(lambda *x: x, 2) == ["x1", "x2"]


def test_everywhere_the_same() -> None:
    def model(p: Any) -> Any:
        return {"y": [p["k"] * p["m"][0, 1]]}

    p = {"k": 2.0, "m": np.array([[3.0, 4.0]])}
    rows = sensitivities(model, [p]).rows()
    labels = [(row["output"], row["parameter"]) for row in rows]
    assert labels == [("y[0]", "p.k"), ("y[0]", "p.m[0,0]"), ("y[0]", "p.m[0,1]")]
    names = [entry.name for entry in check_derivative(model, p).entries]
    assert names == [f"∂model.{y}/∂{x}" for y, x in labels]


# -- keys in another order -----------------------------------------------------------------


def _of_dict(d: dict[str, Any]) -> Any:
    return 10 * np.sum(d["a"] ** 2) + np.sum(d["b"] ** 2)


SHAPES = [(), (3,)]


@pytest.mark.parametrize("make", [dict, OrderedDict])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_goes_along_is_matched_by_key(make: Any, shape: tuple[int, ...]) -> None:
    a, b = (np.full(shape, x) if shape else x for x in (1.0, 2.0))
    n = max(1, int(np.size(a)))
    at = make([("a", a), ("b", b)])
    along = make([("b", 0 * b), ("a", a)])
    assert jvp(_of_dict, (at,), (along,))[1] == 20.0 * n
    assert taylor(_of_dict, 1)(at, direction=along)[1] == 20.0 * n
    product = hvp(_of_dict)(at, along)
    assert list(product) == ["a", "b"]
    assert np.all(product["a"] == 20.0) and np.all(product["b"] == 0.0)

    def outputs(x: Any) -> Any:
        return [make([("z", 2 * x), ("y", 3 * x)]), make([("w", x)])]

    (found,) = vjp(outputs, a)[1]([make([("y", 0 * a), ("z", a)]), make([("w", 10 * a)])])
    assert np.all(found == 12.0)


def test_dicts_whose_parts_differ_in_shape_are_matched_by_key() -> None:
    at = {"a": 1.0, "b": np.ones(2), "c": [1.0, np.ones((2, 2))]}
    along = {"c": [0.0, np.ones((2, 2))], "b": np.ones(2), "a": 3.0}
    f = lambda d: d["a"] * np.sum(d["b"]) + np.sum(d["c"][1])  # noqa: E731
    assert jvp(f, (at,), (along,))[1] == 3 * 2 + 1 * 2 + 4
    _, pullback = vjp(lambda x: {"n": x * np.ones(2), "m": x}, 3.0)
    assert pullback({"m": 5.0, "n": np.array([1.0, 2.0])}) == (8.0,)


@pytest.mark.parametrize(
    "wrong", [{"a": 1.0}, {"a": 1.0, "c": 0.0}, {"a": 1.0, "b": 0.0, "c": 0.0}]
)
def test_other_keys_are_refused(wrong: dict[str, float]) -> None:
    at = {"a": 1.0, "b": 2.0}
    for call in (
        lambda: jvp(_of_dict, (at,), (wrong,)),
        lambda: hvp(_of_dict)(at, wrong),
        lambda: taylor(_of_dict, 1)(at, direction=wrong),
        lambda: vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)[1](wrong),
    ):
        with pytest.raises(ValueError, match="must have the structure and shapes of") as caught:
            call()
        assert str(dict.fromkeys(wrong, ())) in str(caught.value)


def test_a_pullback_that_goes_forward_matches_by_key() -> None:
    calls = count()

    def f(x: Any) -> Any:
        y = {"a": np.sqrt(x) * np.sqrt(x), "b": x}
        return y if next(calls) == 0 else dict(reversed(y.items()))

    (found,) = vjp(f, 0.0)[1]({"a": 0.0, "b": 2.0})
    assert found == 2.0


def test_keys_that_change_their_order_between_passes_are_refused() -> None:
    calls = count()

    def f(x: Any) -> Any:
        y = {"a": x[0] * x[1], "b": x[1] * x[1]}
        return y if next(calls) % 2 == 0 else dict(reversed(y.items()))

    with pytest.raises(NotDeterministicError, match="or with these in another order"):
        jacobian(f, chunk=1)(np.zeros(2))


# -- numbers in structures, which take the short ways ----------------------------------------

NUMBERS: dict[str, Any] = {
    "lists": [[1.0, 2.0, 3.0], [4.0, 5.0]] * 9,
    "a number before a list": [1.0, [2.0, 3.0] * 20, (4.0, [5.0])],
    "tuples": ((1.0, 2.0), (3.0, (4.0,))) * 10,
    "dicts": {"a": [1.0, {"b": 2.0}], "c": {"d": (3.0, 4.0)}, "e": [0.5] * 40},
    "arrays too": [[1.0, np.array([2.0, 3.0])], {"m": np.ones((2, 20))}, 4.0],
    "a record": [Point(2.0, 3), [1.0] * 40],
    "integers": [[1, 2], [3.0] * 40],
    "one array twice": [ONE := np.array([1.0, 2.0]), ONE, [0.5] * 40],
    "empty parts": [[], {}, (), [1.0, 2.0] * 20],
}


def _of_numbers(p: Any) -> Any:
    """Σ wᵢ·xᵢ² + x₀·x₋₁, which knows its slopes."""
    flat = [x for leaf in leaves(p) for x in (leaf.ravel() if np.ndim(leaf) else [leaf])]
    return sum((i + 1) * x * x for i, x in enumerate(flat)) + flat[0] * flat[-1]


def _slopes(p: Any) -> list[float]:
    flat = [float(x) for leaf in leaves(p) for x in np.ravel(leaf)]
    slopes = [2 * (i + 1) * x for i, x in enumerate(flat)]
    slopes[0] += flat[-1]
    slopes[-1] += flat[0]
    return slopes


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
def test_gradients_of_numbers_in_structures(name: str, mode: Any) -> None:
    p = NUMBERS[name]
    value, slopes = value_and_grad(_of_numbers, mode=mode)(p)
    assert value == _of_numbers(p)
    assert [x for s in leaves(slopes) for x in np.ravel(s)] == _slopes(p)
    assert rebuild(slopes, np.shape) == rebuild(p, np.shape)
    assert type(rebuild(slopes, type)) is type(p)


@pytest.mark.parametrize("name", NUMBERS)
def test_directions_of_numbers_in_structures(name: str) -> None:
    p = NUMBERS[name]
    along = rebuild(p, lambda x: np.cos(3.0 * x) if np.ndim(x) else math.cos(3.0 * x))
    value, slope = jvp(_of_numbers, (p,), (along,))
    assert value == _of_numbers(p)
    flat = [x for t in leaves(along) for x in np.ravel(t)]
    assert slope == pytest.approx(sum(map(operator.mul, flat, _slopes(p))), rel=1e-13)
    for wrong in ([along], rebuild(along, lambda t: np.append(t, 1.0))):
        with pytest.raises(ValueError, match="must have the structure and shapes of"):
            jvp(_of_numbers, (p,), (wrong,))
