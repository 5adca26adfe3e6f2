"""Arrays that are given twice, or overlap: right as long as f writes into none of them."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import grad, hvp, jacobian, jvp, value_and_grad, vjp
from dualad.memory import sharing

SETTING = object()  # among the arguments, it is not one of the kernel's short ways


def kept(p: dict[str, Any], _: Any) -> Any:
    return (p["w"] ** 2 * p["best"]).sum()


def doubled(p: dict[str, Any], _: Any) -> Any:
    p["w"] *= 2.0
    return (p["w"] * p["best"]).sum()


def shifted(x: Any, y: Any, _: Any) -> Any:
    x[0] = 3.0 * x[1]
    return x.sum() * y[-1]


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
@pytest.mark.parametrize("lift", [True, False])
def test_what_is_given_twice_is_not_written_to(mode: Any, lift: bool) -> None:
    z = np.arange(1.0, 5.0)
    value, slopes = value_and_grad(kept, mode=mode, lift=lift)({"w": z, "best": z}, SETTING)
    assert value == 100.0
    assert (slopes["w"] == 2 * z**2).all() and (slopes["best"] == z**2).all()
    both = {"w": z, "best": z.copy()}
    value, slopes = value_and_grad(doubled, mode=mode, lift=lift)(both, SETTING)
    assert value == 60.0 and (slopes["w"] == 2 * z).all() and (slopes["best"] == 2 * z).all()
    with pytest.raises(TypeError, match="value_and_grad: the function writes into an array that"):
        value_and_grad(doubled, mode=mode, lift=lift)({"w": z, "best": z}, SETTING)


@pytest.mark.parametrize("argnums", [0, 1, (0, 1)])
def test_views_that_overlap(argnums: Any) -> None:
    z = np.arange(1.0, 7.0)
    f = value_and_grad(shifted, argnums)
    assert f(z[::2], z[1::2], SETTING)[0] == shifted(z[::2].copy(), z[1::2].copy(), SETTING)
    with pytest.raises(TypeError, match=r"pass x\.copy\(\) for one of them"):
        f(z[:4], z[2:], SETTING)
    assert f(z[:3], z[3:], SETTING)[0] == shifted(z[:3].copy(), z[3:].copy(), SETTING)


def test_constants_that_are_given_twice() -> None:
    def f(x: Any, a: Any, b: Any, _: Any) -> Any:
        a[0] = 7.0
        return x * b[0]

    d = np.ones(2)
    assert value_and_grad(f)(2.0, d, d.copy(), SETTING) == (2.0, 1.0)
    with pytest.raises(TypeError, match="writes into an array"):
        value_and_grad(f)(2.0, d, d, SETTING)


def test_other_drivers() -> None:
    def f(p: Any) -> Any:
        p[0][0] *= 2.0
        return p[1] * p[2]

    z = np.ones(3)
    calls: list[Callable[[], Any]] = [
        lambda: jvp(f, ([z, z, z],), ([z, z, z],)),
        lambda: vjp(f, [z, z, z]),
        lambda: jacobian(f)([z, z, z]),
        lambda: hvp(lambda p: f(p).sum())([z, z, z], [z, z, z]),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="the function writes into an array"):
            call()


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
@pytest.mark.parametrize("n", [4, 80])
def test_the_short_ways_of_the_kernel(n: int, mode: Any) -> None:
    def writes(p: dict[str, Any]) -> Any:
        p["w"] *= 2.0
        return p["best"].sum()

    def writes_into_data(x: Any, data: Any) -> Any:
        data[:1] = 7.0
        return x.sum() * data[0]

    z = np.arange(1.0, n + 1)
    product = value_and_grad(lambda p: (p["w"] * p["best"]).sum(), mode=mode)
    value, slopes = product({"w": z, "best": z})
    assert value == (z * z).sum() and (slopes["w"] == z).all() and (slopes["best"] == z).all()
    f = value_and_grad(writes_into_data, mode=mode)
    value, slope = f(z[1:], z[:1])
    assert value == 7 * z[1:].sum() and (slope == 7).all()
    for call in (
        lambda: value_and_grad(writes, mode=mode)({"w": z, "best": z}),
        lambda: f(z, z),
        lambda: f(z[1:], z[:2]),
        lambda: f(z, z[2:]),
    ):
        with pytest.raises(TypeError, match="the function writes into an array"):
            call()


def test_many_arrays_that_share_memory_are_found_as_in_pairs() -> None:
    random = np.random.default_rng(0)
    memory = np.zeros(400, np.uint8)
    for _ in range(200):
        arrays = []
        for _ in range(random.integers(2, 30)):
            dtype = np.dtype(random.choice(["u1", "f8", "f4", "c16"]))
            shape = random.integers(0, 4, size=random.integers(0, 3)).tolist()
            width = random.choice([1, dtype.itemsize, 3 * dtype.itemsize])
            strides = (random.integers(-6, 7, size=len(shape)) * width).tolist()
            start = random.integers(0, 400)
            reach = [step * max(n - 1, 0) for step, n in zip(strides, shape, strict=True)]
            low, high = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
            if start + low >= 0 and start + high + dtype.itemsize <= len(memory):
                arrays.append(np.ndarray(shape, dtype, memory, start, strides))  # type: ignore[call-overload]
        arrays += arrays[:1]
        pairs = [
            (i, j)
            for i, x in enumerate(arrays)
            for j, y in enumerate(arrays[:i])
            if x.size and np.shares_memory(x, y)
        ]
        assert sharing(arrays) == sorted({i for pair in pairs for i in pair})


def test_arrays_are_not_looked_at_in_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def counted(*given: Any, real: Any = np.may_share_memory) -> Any:
        nonlocal calls
        calls += 1
        return real(*given)

    monkeypatch.setattr(np, "may_share_memory", counted)
    x = np.zeros((1000, 1000))
    assert sharing([x] * 1000) == list(range(1000))
    assert sharing(list(x)) == sharing(list(x.T)) == []
    assert sharing([x[:, i : i + 2] for i in range(0, 999)]) == list(range(999))
    assert calls < 1000


def test_what_jvp_gets_twice_is_not_written_to_unseen() -> None:
    def f(p: Any, q: Any) -> Any:
        p *= 2
        return np.sum(q)

    a = np.ones(3)
    with pytest.raises(TypeError, match="writes into an array that is given in two places"):
        jvp(f, (a, a), (a, a))
    with pytest.raises(TypeError, match="writes into an array that is given in two places"):
        jvp(lambda p: f(*p), ([a, a[:2]],), ([a, a[:2]],))


def test_parts_of_matrices_that_share_memory_are_found_as_in_pairs() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        shape = random.integers(2, 30, size=2)
        x = np.zeros(shape, random.choice([float, complex]))
        arrays: list[Any] = [x.T[random.integers(shape[1])]] if random.random() < 0.3 else []
        cuts = sorted({0, *random.integers(0, shape[1], size=12).tolist(), int(shape[1])})
        for low, high in itertools.pairwise(cuts):
            some = slice(*sorted(random.integers(0, shape[0] + 1, size=2)), random.integers(1, 3))
            part = x[some, low:high]
            arrays.append(part.imag if x.dtype == complex and random.random() < 0.7 else part[::-1])
            if random.random() < 0.2:
                arrays.append(part.real[:, :1])
        pairs = [pair for pair in itertools.combinations(range(len(arrays)), 2)
                 if np.shares_memory(*(arrays[i] for i in pair))]  # fmt: skip
        assert sharing(arrays) == sorted({i for pair in pairs for i in pair})


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
def test_what_overlaps_outside_is_not_written_to_unseen_inside(mode: Any) -> None:
    """A driver within another gets copies of what overlaps."""

    def writing(x: Any, w: Any) -> Any:
        w[None] += w
        return (x * w * w).sum()

    both = (0, 1)
    a = np.array([0.5, 0.75, -1.5])

    def second(f: Any) -> Any:
        return jacobian(grad(f, argnums=both, mode=mode), argnums=both, mode=mode)

    with pytest.raises(TypeError, match="writes into an array that is given in two places"):
        second(writing)(a[:-1], a[1:])
    apart = second(writing)(a[:-1].copy(), a[1:].copy())
    np.testing.assert_allclose(apart[0][1], np.diag(8 * a[1:]))
    (_, mixed), (_, of_w) = second(lambda x, w: (x * w * w).sum())(a[:-1], a[1:])
    np.testing.assert_allclose(mixed, np.diag(2 * a[1:]))
    np.testing.assert_allclose(of_w, np.diag(2 * a[:-1]))


def test_the_elements_of_long_arrays_are_not_listed() -> None:
    x = np.zeros((100_000, 30))
    tracemalloc.start()
    try:
        assert sharing(list(x.T)) == []
        assert sharing([*x.T, x[:, 3:5]]) == [3, 4, 30]
        assert sharing([x[:, i : i + 3] for i in range(0, 30, 3)]) == []
        assert sharing([x.ravel()[i::40] for i in range(40)]) == []
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()
