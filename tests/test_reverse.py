"""Reverse mode: the same table, read backwards."""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import itertools
import math
import operator
import pickle
import threading
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mp
from support.cases import Case, listed
from support.oracle import differences
from test_higher_order import every_case

import dualad
from dualad import (
    Dual,
    checkpoint,
    define_rule,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    records,
    value_and_grad,
    vjp,
)
from dualad.forms import Form, Nonlinear, ReverseLevel
from dualad.kernel import KERNEL
from dualad.pair import plain
from dualad.records import Gathered
from dualad.rules import table
from dualad.structure import leaves, rebuild

CASES = every_case()

# Functions that ask how large a tangent is, which only numbers can answer.
FORWARD_ONLY = {
    "choosing: real_if_close": "is the imaginary part of the tangent negligible?",
}


def product(a: Any, b: Any) -> float:
    """⟨a, b⟩, over all leaves; Re Σ a·b for complex numbers."""
    pairs = zip(leaves(a), leaves(b), strict=True)
    return float(sum(np.sum(np.real(np.asarray(x) * np.asarray(y))) for x, y in pairs))


def cotangent(value: Any, seed: int) -> Any:
    """Random numbers in the structure of a value, complex where it is."""
    random = np.random.default_rng(seed)

    def each(v: Any) -> Any:
        g = random.normal(size=np.shape(v))
        if np.iscomplexobj(v):
            g = g + 1j * random.normal(size=np.shape(v))
        return g if np.ndim(v) else g[()]

    return rebuild(value, each)


def hold_adjoint(
    f: Callable[..., Any], args: Sequence[Any], along: Sequence[Any], tolerance: float = 1e-12
) -> None:
    """⟨ȳ, J·ẋ⟩ = ⟨Jᵀ·ȳ, ẋ⟩, for two cotangents by one pullback."""
    value, pullback = vjp(f, *args)
    plain, moved = jvp(f, tuple(args), tuple(along))
    for v, p in zip(leaves(value), leaves(plain), strict=True):
        np.testing.assert_array_equal(v, p)
        assert np.asarray(v).dtype == np.asarray(p).dtype
    for seed in (1, 2):
        g = cotangent(value, seed)
        back = pullback(g)
        for x, part in zip(args, back, strict=True):
            assert np.shape(part) == np.shape(x)
            if isinstance(x, np.ndarray):
                assert part.dtype == x.dtype and part.flags.owndata and part.flags.writeable
        pairs = zip(leaves(back), leaves(along), strict=True)
        size = sum(float(np.sum(np.abs(np.asarray(p) * x))) for p, x in pairs)
        size += sum(float(np.sum(np.abs(np.asarray(m)))) for m in leaves(moved))
        assert product(g, moved) == pytest.approx(
            product(back, along), abs=tolerance * max(1.0, size)
        )


# -- every function ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CASES.keys() - FORWARD_ONLY.keys()))
def test_every_array_function(name: str) -> None:
    case: Case = CASES[name]
    with warnings.catch_warnings(action="ignore"):
        f = lambda *xs: listed(case.f(*xs))  # noqa: E731
        hold_adjoint(f, case.args, case.steps())
        places = tuple(range(len(case.args)))
        rows = jacobian(f, places, mode="reverse")(*case.args)  # several cotangents at once
        for a, b in zip(leaves(rows), leaves(jacobian(f, places)(*case.args)), strict=True):
            size = max(1.0, float(np.max(np.abs(b), initial=0)))
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * size)


# A complex array whose tangent is real where it comes from: only half of its numbers move.
HALVES: dict[str, Callable[[Any], Any]] = {
    "x + 1j": lambda x: x + 1j,
    "x - iw": lambda x: x - 1j * np.arange(1.0, 1 + np.size(x)).reshape(np.shape(x)),
    "where": lambda x: np.where(np.arange(np.size(x)).reshape(np.shape(x)) % 3, x, 0.5 + 2j),
}


@pytest.mark.parametrize("half", HALVES)
def test_every_array_function_where_real_parts_alone_move(half: str) -> None:
    """Forward against differences of the plain function, backward against forward."""
    some = 0
    for name in sorted(CASES.keys() - FORWARD_ONLY.keys()):
        case = CASES[name]

        def f(*xs: Any, case: Case = case) -> Any:
            y = listed(case.f(*map(HALVES[half], xs)))
            return [part for v in leaves(y) for part in (np.real(v), np.imag(v))]

        if name == "selecting: unique_values":
            continue  # NumPy gives complex numbers in the order of their hashes
        with warnings.catch_warnings(action="ignore"):
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                f(*case.args)
            except (TypeError, ValueError, np.exceptions.ComplexWarning):
                continue  # of real numbers alone
            some += 1
            moved = jvp(f, case.args, tuple(case.steps()))[1]
            slopes = differences(f, case.args, case.steps())
            for got, want in zip(moved, slopes, strict=True):
                size = max(1.0, float(np.max(np.abs(want), initial=0)))
                np.testing.assert_allclose(got, want, rtol=0, atol=1e-6 * size, err_msg=name)
            hold_adjoint(f, case.args, case.steps())
    assert some > 250, some


@pytest.mark.parametrize("half", HALVES)
def test_the_second_order_where_real_parts_alone_move(half: str) -> None:
    """Every nesting, against differences of the plain function."""
    z = HALVES[half]
    x = np.linspace(0.3, 1.2, 6)
    functions: dict[str, Callable[[Any], Any]] = {
        "angle": lambda x: np.sum(np.angle(z(x)) ** 2),
        "abs": lambda x: np.sum(np.abs(z(x)) ** 3),
        "parts": lambda x: np.sum(z(x).imag * z(x).real * x),
        "conj": lambda x: np.sum((np.conj(z(x)) * np.exp(1j * x)).imag),
        "var": lambda x: np.var(z(x) * x),
        "var of the halves": lambda x: np.var(z(x)) ** 2,
        "std": lambda x: np.std(z(x)) ** 3,
        "nan_to_num": lambda x: np.sum(np.abs(np.nan_to_num(z(x))) ** 4),
        "products": lambda x: np.sum(np.abs(np.outer(z(x), z(x)[::-1]) @ np.exp(1j * x)) ** 2),
        "written": lambda x: written(z(x), x),
    }

    def written(y: Any, x: Any) -> Any:
        y.imag *= x
        y.real[1:] += y.imag[:-1]
        y.imag[2] = x[0]
        return np.sum(y.imag**2 * y.real)

    for name, f in functions.items():
        h = 1e-3
        steps = h * np.eye(6)
        want = np.array([[f(x + a + b) for a in steps] for b in steps])
        want += [[f(x - a - b) for a in steps] for b in steps]
        want -= [[f(x + a - b) for a in steps] for b in steps]
        want -= [[f(x - a + b) for a in steps] for b in steps]
        want /= 4 * h * h
        size = max(1.0, np.max(np.abs(want)))
        for outer in ("forward", "reverse"):
            for inner in ("forward", "reverse"):
                got = jacobian(grad(f, mode=inner), mode=outer)(x)
                np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * size, err_msg=name)
        np.testing.assert_allclose(hessian(f)(x) @ x, hvp(f)(x, x), rtol=1e-10, err_msg=name)


def unaligned(a: Any) -> Any:
    memory = bytearray(b"x" + a.tobytes())
    return np.frombuffer(memory, a.dtype, a.size, 1).reshape(a.shape)


def read_only(a: Any) -> Any:
    a = a.copy()
    a.flags.writeable = False
    return a


ODD_MEMORY: dict[str, Callable[[Any], Any]] = {
    "bytes swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "bytes swapped, in Fortran order": lambda a: np.asfortranarray(a.astype(">f8")),
    "unaligned": unaligned,
    "read-only": read_only,
}


@pytest.mark.parametrize("memory", ODD_MEMORY)
def test_every_array_function_on_odd_memory(memory: str) -> None:
    lay = ODD_MEMORY[memory]
    for name in sorted(CASES.keys() - FORWARD_ONLY.keys()):
        case = CASES[name]
        f = lambda *xs, case=case: listed(case.f(*xs))  # noqa: E731
        odd = [lay(a) if a.ndim else a for a in case.args]
        with warnings.catch_warnings(action="ignore"):
            try:
                case.f(*map(np.copy, odd))
            except (TypeError, ValueError):
                continue  # np.vectorize, say, takes native numbers alone
            value, pullback = vjp(f, *odd)
            plain, usual = vjp(f, *case.args)
            np.testing.assert_allclose(
                np.concatenate([np.ravel(v) for v in leaves(value)]),
                np.concatenate([np.ravel(v) for v in leaves(plain)]),
                rtol=1e-12,
                atol=1e-12,
                err_msg=name,
            )
            g = cotangent(plain, 1)
            for x, got, want in zip(odd, pullback(g), usual(g), strict=True):
                size = max(1.0, float(np.max(np.abs(want), initial=0)))
                np.testing.assert_allclose(got, want, rtol=0, atol=1e-11 * size, err_msg=name)
                assert got.dtype == x.dtype, name


@pytest.mark.parametrize("n", [1, 3, 4, 5, 17, 40])
def test_gradients_in_swapped_bytes(n: int) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: np.sum(x**2),
        lambda x: np.sum(np.sin(x) * x),
        lambda x: np.mean(np.exp(x) / x),
        lambda x: np.sum(np.sum(np.outer(x, x) ** 2, axis=0) * x),
        lambda x: x @ x + np.linalg.norm(x),
        lambda x: np.sum(np.maximum(x, 0.7) * np.max(x)),
        lambda x: np.prod(x) + np.sum(np.cumsum(x) ** 2),
    ]
    x = np.linspace(0.5, 1.2, n)
    for f in functions:
        want = grad(f, mode="forward")(x)
        for kind in (">f8", "<f8"):
            for mode in ("forward", "reverse", None):
                got = grad(f, mode=mode)(x.astype(kind))
                np.testing.assert_allclose(got, want, rtol=1e-13)
            np.testing.assert_allclose(vjp(f, x.astype(kind))[1](1.0)[0], want, rtol=1e-13)
    slopes = vjp(np.sin, x)[1](np.cos(x).astype(">f8"))[0]
    np.testing.assert_allclose(slopes, np.cos(x) ** 2, rtol=1e-15)


TYPES = ["float32", "float16", "longdouble", "int8", "uint8", "bool", ">f8", ">f4", ">i2"]


@pytest.mark.parametrize("dtype", TYPES)
def test_every_array_function_beside_constants_of_a_type(dtype: str) -> None:
    """Where the value is that beside the same numbers in double precision, so is the derivative."""
    some = 0
    for name in sorted(CASES.keys() - FORWARD_ONLY.keys()):
        case = CASES[name]
        for place in range(len(case.args)) if len(case.args) > 1 else ():
            numbers = np.abs(np.round(3 * case.args[place])) / (3 if "f" in dtype else 1)
            held = numbers.astype(dtype)
            same = held.astype(np.longdouble if dtype == "longdouble" else float)

            def f(c: Any, *xs: Any, case: Case = case, place: int = place) -> Any:
                return listed(case.f(*xs[:place], c, *xs[place:]))

            xs = case.args[:place] + case.args[place + 1 :]
            with warnings.catch_warnings(action="ignore"):
                try:
                    values = [leaves(f(c, *xs)) for c in (held, same)]
                    places = tuple(range(len(xs)))
                    want = jacobian(functools.partial(f, same), places, mode="forward")(*xs)
                except (TypeError, ValueError, np.linalg.LinAlgError):
                    continue
                if not all(
                    np.allclose(a, b, rtol=1e-14, atol=0) for a, b in zip(*values, strict=True)
                ):
                    continue
                some += 1
                for mode in ("forward", "reverse"):
                    if mode == "reverse" and name == "polynomials: polyfit" and dtype == "bool":
                        continue  # of incomplete rank, which has no way back
                    got = jacobian(functools.partial(f, held), places, mode=mode)(*xs)
                    for a, b in zip(leaves(got), leaves(want), strict=True):
                        size = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
                        np.testing.assert_allclose(
                            np.asarray(a, b.dtype), b, rtol=0, atol=1e-13 * size, err_msg=name
                        )
    assert some > 200, some


@pytest.mark.parametrize("dtype", ["float32", "float16", "complex64", ">f4"])
def test_inner_products_with_weights_of_less_precision(dtype: str) -> None:
    w = (np.arange(1.0, 41.0) / 3).astype(dtype)
    x = np.linspace(0, 1, 40)
    exact = w.astype(complex if w.dtype.kind == "c" else float)
    for product_of in (np.matmul, np.dot, np.inner, np.vdot, np.vecdot):
        for first in (True, False):
            weights = np.conj(exact) if product_of in (np.vdot, np.vecdot) and first else exact

            def f(x: Any, first: bool = first, of: Any = product_of) -> Any:
                return np.abs(of(w, x) if first else of(x, w)) ** 2

            want = 2 * np.real(np.conj(weights @ x) * weights)
            for mode in ("forward", "reverse"):
                np.testing.assert_allclose(grad(f, mode=mode)(x), want, rtol=1e-14)


def test_every_array_function_with_nan_in_its_data() -> None:
    """What goes forward goes back, and gives nan where that does."""
    some = 0
    for name in sorted(CASES.keys() - FORWARD_ONLY.keys()):
        case = CASES[name]
        x = case.args[0].copy()
        if not x.ndim:
            continue
        x.flat[1 % x.size] = np.nan
        f = lambda x, case=case: listed(case.f(x, *case.args[1:]))  # noqa: E731
        with warnings.catch_warnings(action="ignore"):
            try:
                f(x)
                want = jacobian(f, mode="forward")(x)
            except (TypeError, ValueError, ArithmeticError, np.linalg.LinAlgError):
                continue
            got = jacobian(f, mode="reverse")(x)
            some += 1
        for a, b in zip(leaves(got), leaves(want), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11, err_msg=name)
    assert some > 250, some


def test_fractions_stay_exact_with_whole_directions() -> None:
    third = Fraction(1, 3)
    assert vjp(lambda a: a * a / 3, third)[1](1) == (Fraction(2, 9),)
    y, along = jvp(lambda a: a * a / 3, (third,), (1,))
    assert (y, along) == (Fraction(1, 27), Fraction(2, 9)) and type(along) is Fraction
    (back,) = vjp(lambda a: a * a, mp.mpf(3))[1](2**60 + 1)
    assert back == 6 * mp.mpf(2**60 + 1)


def test_a_pullback_has_the_precision_of_the_input_at_every_point() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sqrt(x * np.ones(2)))

    for x in (np.ones(2, np.float32), np.zeros(2, np.float32)):
        assert vjp(f, x)[1](1.0)[0].dtype == np.float32


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_views_by_strides(mode: Any) -> None:
    def overlapping(x: Any) -> Any:
        windows = np.lib.stride_tricks.as_strided(x, (3, 3), (x.strides[0],) * 2)
        return np.sum(windows**3 * np.arange(9.0).reshape(3, 3))

    def written(x: Any) -> Any:
        y = x * x
        part = np.lib.stride_tricks.as_strided(y[1:], (2, 2), (16, 8))
        part[0] *= x[0]
        y[4] = 0.0
        return np.sum(part**3) + np.sum(y)

    for x in (np.arange(1.0, 6.0), np.arange(1.0, 11.0)[::2], np.arange(5.0, 0, -1)[::-1]):
        want = np.zeros(5)
        for i, j in np.ndindex(3, 3):
            want[i + j] += 3 * x[i + j] ** 2 * (3 * i + j)
        np.testing.assert_allclose(grad(overlapping, mode=mode)(x), want, rtol=1e-14)
        a, b, c, d, _ = x  # y[1:3] *= a, then the cubes of y[1:] but for the last, which is 0
        want = np.array(
            [
                2 * a + 3 * a**2 * (b**6 + c**6) + b**2 + c**2,
                6 * a**3 * b**5 + 2 * a * b,
                6 * a**3 * c**5 + 2 * a * c,
                6 * d**5 + 2 * d,
                0,
            ]
        )
        np.testing.assert_allclose(grad(written, mode=mode)(x), want, rtol=1e-14)


ARRAYS_OF_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "array": lambda x: np.array([v * v for v in x]),
    "asarray": lambda x: np.asarray([v * v for v in x]),
    "rows": lambda x: np.array([[v * v, v] for v in x])[:, 0],
    "beside constants": lambda x: np.array([2.0, *(v * v for v in x), 3])[1:-1],
    "with a type": lambda x: np.array([v * v for v in x], dtype=float),
    "fromiter": lambda x: np.fromiter((v * v for v in x), float),
    "vectorize": lambda x: np.vectorize(lambda v: v * v)(x),
    "a list in a function": lambda x: np.multiply([v * v for v in x], 1.0),
    "stack": lambda x: np.stack([v * v for v in x]),
    "hstack": lambda x: np.hstack([v * v for v in x]),
    "concatenate": lambda x: np.concatenate([[v * v] for v in x]),
    "concatenate beside constants": lambda x: np.concatenate(([2.0], [v * v for v in x]))[1:],
    "concatenate with a type": lambda x: np.concatenate([[v * v] for v in x], dtype=float),
    "append": lambda x: np.append([v * v for v in x], 3.0)[:-1],
    "block": lambda x: np.block([v * v for v in x]),
    "block of rows": lambda x: np.block([[v, v * v] for v in x])[:, 1],
    "vstack": lambda x: np.vstack([[v, v * v] for v in x])[:, 1],
    "column_stack": lambda x: np.column_stack([list(x), [v * v for v in x]])[:, 1],
    "dstack": lambda x: np.dstack([list(x), [v * v for v in x]])[0, :, 1],
    "stack behind": lambda x: np.stack([[v, v * v] for v in x], axis=-1)[1],
}


@pytest.mark.parametrize("name", ARRAYS_OF_NUMBERS)
@pytest.mark.parametrize("n", [3, 40])
def test_arrays_of_numbers_taken_out_of_an_array(name: str, n: int) -> None:
    made = ARRAYS_OF_NUMBERS[name]
    x = np.linspace(0.3, 1.2, n)
    f = lambda x: np.sum(made(x) ** 2 * np.arange(1, n + 1))  # noqa: E731  (Σ (i + 1)·x⁴)
    weights = np.arange(1, n + 1)
    for mode in ("forward", "reverse", None):
        y, slopes = value_and_grad(f, mode=mode)(x)
        assert y == f(x)
        np.testing.assert_allclose(slopes, 4 * weights * x**3, rtol=1e-14)
        second = hessian(f, mode=mode)(x)
        np.testing.assert_allclose(second, np.diag(12 * weights * x**2), rtol=1e-13, atol=1e-14)
    for inner in ("forward", "reverse"):
        for outer in ("forward", "reverse"):
            second = jacobian(grad(f, mode=inner), mode=outer)(x)
            np.testing.assert_allclose(second, np.diag(12 * weights * x**2), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(hvp(f)(x, x), 12 * weights * x**3, rtol=1e-13)
    rows = jacobian(made, mode="reverse")(x)
    np.testing.assert_allclose(rows, np.diag(2 * x), rtol=1e-15)


AS_THEY_ARE = ("array", "asarray", "with a type", "fromiter", "vectorize", "a list in a function")
JOINED = ("stack", "hstack", "concatenate", "concatenate with a type", "block")


@pytest.mark.parametrize("name", (*AS_THEY_ARE, *JOINED))
def test_an_array_of_numbers_on_a_tape_is_one_step(name: str) -> None:
    nodes = []

    def f(x: Any) -> Any:
        y = ARRAYS_OF_NUMBERS[name](x)
        tangent = getattr(y, "tangent", None)  # a function of objects is called plainly, too
        if tangent is not None:
            node = tangent.node
            while len(node.sources) == 1:
                (node,) = node.sources
            nodes.append((len(node.sources), isinstance(node, Gathered)))
        return np.sum(y)

    grad(f, mode="reverse")(np.arange(40.0))
    assert nodes and set(nodes) == {(40, KERNEL is not None)}


@pytest.mark.parametrize("name", FORWARD_ONLY)
def test_what_goes_forward_alone(name: str) -> None:
    case = CASES[name]
    with pytest.raises(Nonlinear, match="mode='forward'"):
        vjp(case.f, *case.args)

    def total(*xs: Any) -> Any:
        return np.sum(np.real(case.f(*xs)))

    with pytest.raises(Nonlinear):
        grad(total, mode="reverse")(*case.args)
    whole = np.tile(case.args[0], (8, 8)) if name.startswith("choosing") else case.args[0]
    np.testing.assert_array_equal(grad(total)(whole), grad(total, mode="forward")(whole))


@pytest.mark.parametrize("name", sorted(CASES.keys() - FORWARD_ONLY.keys())[::7])
def test_array_functions_of_the_second_order(name: str) -> None:
    """Forward over reverse, against forward over forward."""
    case = CASES[name]
    x, v = case.args[0], case.steps()[0]

    def f(x: Any) -> Any:
        y = 0.0
        for part in leaves(listed(case.f(x, *case.args[1:]))):
            w = cotangent(np.real(part.primal if isinstance(part, Dual) else part), 3)
            w = w.primal if isinstance(w, Dual) else w
            y = y + np.sum(np.real(part) * np.asarray(w) * np.real(part))
        return y

    with warnings.catch_warnings(action="ignore"):
        try:
            want = jvp(grad(f, mode="forward"), (x,), (v,))[1]
        except (TypeError, ArithmeticError) as error:
            with pytest.raises(type(error)):
                jvp(grad(f, mode="reverse"), (x,), (v,))
            return
        got = jvp(grad(f, mode="reverse"), (x,), (v,))[1]
    size = max(1.0, float(np.max(np.abs(want), initial=0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-10 * size)


ROWS = [r for r in table() if r.slopes and None not in r.slopes and r.over]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_every_row_of_the_table(row: Any) -> None:
    """On numbers (the tape), NumPy's numbers, arrays, and numbers of mpmath."""
    f = getattr(dualad, row.name, None) or dualad.dual.function(row)
    random = np.random.default_rng(3)
    for _ in range(3):
        args = [float(random.uniform(*interval)) for interval in row.over]
        places = tuple(range(len(args)))
        want = grad(f, places)(*args)
        assert grad(f, places, mode="reverse")(*args) == pytest.approx(want, rel=1e-15)
        numbers = [np.float64(a) for a in args]
        assert grad(f, places, mode="reverse")(*numbers) == pytest.approx(want, rel=1e-13)
        arrays = [np.full(3, a) for a in args]
        total = lambda *xs: np.sum(f(*xs))  # noqa: E731
        for got, w in zip(grad(total, places, mode="reverse")(*arrays), want, strict=True):
            np.testing.assert_allclose(got, np.full(3, w), rtol=1e-13)
    if row.name not in ("heaviside", "nextafter", "spacing"):
        with mp.workdps(30):
            exact = [mp.mpf(a) for a in args]
            try:
                want = grad(f, places)(*exact)
            except TypeError:
                return
            got = grad(f, places, mode="reverse")(*exact)
            for a, b in zip(got, want, strict=True):
                assert type(a) is type(b) and abs(a - b) <= 1e-25 * abs(b)


PARTLY = [r for r in table() if None in r.slopes and any(r.slopes) and r.kind != "flat"]


@pytest.mark.parametrize("row", PARTLY, ids=lambda r: r.name)
def test_rows_with_counts(row: Any) -> None:
    """In the arguments that have a slope, the others held."""
    f = dualad.dual.function(row)
    given = {"ldexp": (1.5, 3), "polygamma": (2, 1.5), "_sinc": (1, 0.3)}[row.name]
    place = next(i for i, slope in enumerate(row.slopes) if slope is not None)
    want = grad(f, place, mode="forward")(*given)
    assert grad(f, place, mode="reverse")(*given) == pytest.approx(want, rel=1e-14)


def test_the_rows_of_scipy_special() -> None:
    """Every ufunc in every argument that has a slope; of those by mpmath, which are slow, some."""
    pytest.importorskip("scipy")
    from dualad.special_rules import RULES, TABLE

    random = np.random.default_rng(0)
    some = slow = 0
    for ufunc, row in RULES.items():
        places = [i for i, slope in enumerate(row.slopes) if slope is not None]
        if not places or row.kind == "flat" or TABLE[ufunc.__name__] is not row:
            continue
        slow += any("diff(" in str(slope) for slope in row.slopes)
        if any("diff(" in str(slope) for slope in row.slopes) and slow % 8:
            continue
        args: list[Any] = [random.uniform(*over, 3) for over in row.over]
        for i in set(range(len(args))) - set(places):
            args[i] = np.floor(args[i]).astype(int)
        args = [a if i in places else a[:1] for i, a in enumerate(args)]

        def f(*xs: Any, ufunc: Any = ufunc) -> Any:
            return np.sum(np.real(ufunc(*xs)))

        with np.errstate(all="ignore"):
            want = grad(f, tuple(places), mode="forward")(*args)
            got = grad(f, tuple(places), mode="reverse")(*args)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, err_msg=row.name)
        some += 1
    assert some > 100


def test_there_is_no_second_table() -> None:
    """Forms know linear functions only; slopes are those of the row, right or wrong."""
    linear = {
        "add",
        "sub",
        "mul",
        "div",
        "neg",
        "pos",
        "conj",
        "degrees",
        "radians",
        "real",
        "imag",
    }
    for f in Form.FUNCTIONS:
        row = dualad.table.RULES.get(getattr(f, "__name__", ""))
        if isinstance(f, np.ufunc) and row is not None and row.kind != "flat":
            assert row.name in linear, f
    wrong = define_rule(lambda x: x**3, "7*x", name="wrong_cube")
    x = np.array([1.0, 2.0])
    try:
        assert grad(wrong, mode="reverse")(2.0) == 14.0
        slopes = grad(lambda x: np.sum(wrong(x)), mode="reverse")(x)
        np.testing.assert_array_equal(slopes, 7 * x)
        assert jvp(grad(wrong, mode="reverse"), (2.0,), (1.0,))[1] == 7.0
    finally:
        del dualad.table.RULES["wrong_cube"]


def test_rules_of_the_user() -> None:
    """With no more code, in every number system and nesting."""
    f = define_rule(lambda x: x**3, "3*x*x", name="cube")
    g = define_rule(lambda a, b: a * b, [lambda a, b, y: b, lambda a, b, y: a], name="times")
    x = np.linspace(-1, 1, 5)
    assert grad(f, mode="reverse")(2.0) == 12.0
    np.testing.assert_array_equal(grad(lambda x: np.sum(f(x)), mode="reverse")(x), 3 * x * x)
    assert derivative(grad(f, mode="reverse"))(2.0) == 12.0
    assert grad(g, (0, 1), mode="reverse")(2.0, 5.0) == (5.0, 2.0)
    assert grad(grad(f, mode="reverse"), mode="reverse")(2.0) == 12.0
    assert vjp(f, Fraction(1, 3))[1](Fraction(1)) == (Fraction(1, 3),)
    rows = jacobian(lambda x: g(f(x), x), mode="reverse")(x)  # x⁴
    np.testing.assert_allclose(rows, np.diag(4 * x**3), rtol=1e-15)


# -- what is built on the drivers ----------------------------------------------------------


@pytest.mark.usefixtures("counted_looks")
def test_helpers_with_many_inputs_take_few_evaluations() -> None:
    calls = 0

    def cost(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.sum((x[1:] - x[:-1] ** 2) ** 2) + np.sum(x**2)

    x = np.linspace(-1, 1, 300)
    want = 2 * x
    want[1:] += 2 * (x[1:] - x[:-1] ** 2)
    want[:-1] -= 4 * x[:-1] * (x[1:] - x[:-1] ** 2)
    o = dualad.objective(cost)
    np.testing.assert_allclose(o.jac(x), want, rtol=1e-12, atol=1e-12)
    assert calls == 1 and o.fun(x) == cost(x)
    calls = 0
    assert o.hessp(x, x).shape == x.shape and calls <= 2
    calls = 0
    report = dualad.sensitivities(lambda x: cost(x), {"x": x})
    assert calls <= 2
    np.testing.assert_allclose(
        next(iter(report.derivatives.values()))["x"], want, rtol=1e-12, atol=1e-12
    )
    calls = 0
    dualad.propagate(lambda x: cost(x), {"x": x}, std={"x": 0.1})
    assert calls <= 2
    pytest.importorskip("scipy")
    from dualad.scipy.optimize import minimize

    t = np.linspace(0, 1, 130)  # an optimum of 130 numbers: its equations are a gradient

    def fit(a: Any) -> Any:
        tilted = lambda z: cost(z) - a * np.sum(t * z)  # noqa: E731
        return minimize(tilted, 0 * t, jac=grad(lambda z: cost(z) - 0.1 * np.sum(t * z))).x

    calls = 0
    slopes = jacobian(fit)(0.1)
    assert calls < 400
    z = fit(0.1)
    second = hessian(cost, mode="forward")(z)
    np.testing.assert_allclose(slopes, np.linalg.solve(second, t), rtol=1e-5, atol=1e-6)


# -- examples of the literature ------------------------------------------------------------


def test_the_running_example_of_the_survey() -> None:
    """Baydin et al. (2018), table 3: y = ln(x₁) + x₁·x₂ − sin(x₂) at (2, 5)."""
    value, pullback = vjp(lambda a, b: dualad.log(a) + a * b - dualad.sin(b), 2.0, 5.0)
    assert value == pytest.approx(11.652, abs=1e-3)
    first, second = pullback(1.0)
    assert first == 5.5 and second == pytest.approx(2 - math.cos(5.0), rel=1e-15)
    assert round(second, 4) == 1.7163
    assert pullback(2.0) == (11.0, 2 * second)


def test_vector_jacobian_products_by_hand() -> None:
    random = np.random.default_rng(0)
    x, z, g = random.uniform(0.5, 2, (3, 4))
    a, beta, h = random.normal(size=(5, 4)), random.normal(size=4), random.normal(size=5)
    np.testing.assert_allclose(vjp(np.exp, x)[1](g)[0], np.exp(x) * g, rtol=1e-15)
    for f, (one, other) in {
        np.add: (g, g),
        np.divide: (g / z, -g * x / z**2),
    }.items():
        back = vjp(f, x, z)[1](g)
        np.testing.assert_allclose(back[0], one, rtol=1e-14)
        np.testing.assert_allclose(back[1], other, rtol=1e-14)
    np.testing.assert_allclose(vjp(np.log, x)[1](g)[0], g / x, rtol=1e-14)
    of_a, of_beta = vjp(lambda a, b: a @ b, a, beta)[1](h)
    np.testing.assert_allclose(of_a, np.outer(h, beta), rtol=1e-14)
    np.testing.assert_allclose(of_beta, a.T @ h, rtol=1e-13)


def test_a_network() -> None:
    """64 samples, 1000 → 100 → 10, mean squared error, gradient descent; the gradient by hand."""
    random = np.random.default_rng(1)
    x, y = random.normal(size=(64, 1000)), random.normal(size=(64, 10))
    weights: Any = [
        (random.normal(size=(1000, 100)) / 32, np.zeros(100)),
        (random.normal(size=(100, 10)) / 10, np.zeros(10)),
    ]

    def loss(layers: Any) -> Any:
        (first, bias), (second, offset) = layers
        hidden = np.maximum(x @ first + bias, 0)
        return np.mean((hidden @ second + offset - y) ** 2)

    losses = []
    for _ in range(6):  # the example takes 500
        value, slopes = value_and_grad(loss)(weights)
        (first, bias), (second, offset) = weights
        hidden = np.maximum(x @ first + bias, 0)
        error = 2 * (hidden @ second + offset - y) / y.size
        back = (error @ second.T) * (hidden > 0)
        by_hand = [(x.T @ back, back.sum(0)), (hidden.T @ error, error.sum(0))]
        for got, want in zip(leaves(slopes), leaves(by_hand), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-13)
        assert value == loss(weights)
        weights = [
            tuple(w - 0.5 * g for w, g in zip(layer, slope, strict=True))
            for layer, slope in zip(weights, slopes, strict=True)
        ]
        losses.append(float(value))
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.8 * losses[0]


# -- programs: loops, stores, views --------------------------------------------------------

X = np.random.default_rng(4).uniform(0.5, 1.5, 6)


def rosenbrock(x: Any) -> Any:
    s = 0.0
    for i in range(len(x) - 1):
        s += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return s


def stores(x: Any) -> Any:
    a = np.zeros_like(x)
    for i in range(len(x)):
        a[i] = x[i] * (a[i - 1] if i else 1.0) + np.sin(x[-1 - i])
    return np.sum(a * x)


def views(x: Any) -> Any:
    a = x * 2
    v = a[::-1]
    v[1:3] *= x[:2]
    a[0] = v[0] * v[1]
    w = a.reshape(2, 3).T
    w[1] += x[4:] ** 2
    w[:, 0] = w[0, 1]
    return np.sum(a * np.arange(6.0)) + w[2, 1] * v[3]


def in_place(x: Any) -> Any:
    y = np.exp(x)
    z = y * x
    y *= 3.0
    y += z
    z /= y
    x **= 2
    return np.sum(y * z) + x[2]


def overlapping(x: Any) -> Any:
    a = x * x
    a[1:] = a[:-1]
    a[[0, 2]] = a[[2, 0]] * 2
    a[a > 1.0] = x[0]
    a[[3, 3]] = np.stack([x[1], x[2]])
    return np.sum(a * x)


def scalars_and_arrays(x: Any) -> Any:
    s = x[0] * x[1]
    m = np.array([s, x[2], s * x[3]], like=x)
    t = np.sum(m * x[:3])
    for e in x:
        t = t + e * m[1]
    return t * m[0] / np.max(x)


def a_list(x: Any) -> Any:
    parts = [e * e for e in x]
    parts = [a * b for a, b in zip(parts, reversed(parts), strict=True)]
    return sum(parts[1:], parts[0]) / (1.0 + parts[0] ** 0.5)


def data_written_to(x: Any) -> Any:
    w = np.arange(6.0)
    y = x * w + np.dot(w, x)
    w[...] = 7.0
    return np.sum(y * w)


def copies(x: Any) -> Any:
    kept = copy.deepcopy({"all": x, "one": x[0] * x[1]})
    other = copy.copy(x * 2)
    x[0] = 3.0
    other[1] *= kept["one"]
    real = dualad.real(other)
    real[2] = x[3] * 2
    return np.sum(kept["all"] * other) * kept["one"] + np.sum(real * x)


def parts_of_buffers(x: Any) -> Any:
    z = np.zeros(6, complex)
    z.real = x
    z.imag[:] = x[::-1] ** 2
    z.imag[1] += x[0]
    z[2] *= 1j
    w = z[::2].imag
    w[0] = x[3]
    return np.sum(np.abs(z) ** 2) + w[1] * z.real[5]


def singular_values(x: Any) -> Any:
    a = np.outer(x, x) + np.diag(x)
    return np.linalg.norm(a, 2) + np.linalg.cond(np.diag(x) + 1.0)


PROGRAMS = [parts_of_buffers, singular_values, copies, rosenbrock, stores, views, in_place, overlapping, scalars_and_arrays, a_list,
            data_written_to]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f: Callable[[Any], Any]) -> None:
    want = grad(f, mode="forward")(X)
    before = X.copy()
    value, got = value_and_grad(f, mode="reverse")(X)
    assert value == f(X.copy())
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(
        jvp(grad(f, mode="reverse"), (X,), (np.cos(X),))[1],
        jvp(grad(f, mode="forward"), (X,), (np.cos(X),))[1],
        rtol=1e-11,
        atol=1e-11,
    )


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_nesting_in_every_order(f: Callable[[Any], Any]) -> None:
    want = hessian(f, mode="forward")(X)
    size = np.max(np.abs(want))
    for inner in ("forward", "reverse"):
        for outer in ("forward", "reverse"):
            g = jacobian(grad(f, mode=inner), mode=outer)  # type: ignore[arg-type]
            np.testing.assert_allclose(g(X), want, rtol=0, atol=1e-11 * size)
    by_pullback = jacobian(lambda x: vjp(f, x)[1](1.0)[0], mode="reverse")(X)
    np.testing.assert_allclose(by_pullback, want, rtol=0, atol=1e-11 * size)
    of_jvp = grad(lambda x: jvp(f, (x,), (np.ones(6),))[1], mode="reverse")(X)
    np.testing.assert_allclose(of_jvp, want @ np.ones(6), rtol=0, atol=1e-11 * size)


def test_third_order_through_all_modes() -> None:
    f = lambda x: dualad.sin(x * x) * x  # noqa: E731
    want = derivative(f, order=3)(0.7)
    for a in ("forward", "reverse"):
        for b in ("forward", "reverse"):
            for c in ("forward", "reverse"):
                g = grad(grad(grad(f, mode=a), mode=b), mode=c)  # type: ignore[arg-type]
                assert g(0.7) == pytest.approx(want, rel=1e-12)


def test_closures() -> None:
    """d/dx x·d/dy (x·y), where the inner function holds the outer variable."""
    for a in ("forward", "reverse"):
        for b in ("forward", "reverse"):

            def f(x: Any, b: Any = b) -> Any:
                return x * grad(lambda y: x * x * y, mode=b)(3.0)

            assert grad(f, mode=a)(2.0) == 12.0  # type: ignore[arg-type]


def test_threads() -> None:
    found: dict[int, Any] = {}

    def run(i: int) -> None:
        for _ in range(20):
            found[i] = grad(rosenbrock, mode="reverse")((X * (1 + i)).tolist())

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i, got in found.items():
        np.testing.assert_allclose(got, grad(rosenbrock)(X * (1 + i)), rtol=1e-13)


# -- conventions ---------------------------------------------------------------------------


@pytest.mark.parametrize("many", [3, 2000])
def test_kinks_zeros_and_infinities_as_forward(many: int) -> None:
    x = np.zeros(many)
    x[1] = 4.0
    for f in (
        lambda x: np.sum(np.sqrt(x * 0)),
        lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0 * x)),
        lambda x: np.sum(np.abs(x)),
        lambda x: np.sum(np.maximum(x, 0)),
        lambda x: np.max(x[2:]) + np.linalg.norm(x[2:]),
        lambda x: sum((np.sqrt(x[i] * 0) for i in range(3)), 0.0),
    ):
        want = np.concatenate([grad(f, mode="forward")(x)])
        np.testing.assert_array_equal(grad(f, mode="reverse")(x), want)


def test_zeros_are_strong_in_each_row() -> None:
    """One output may be infinite or undefined, and others not."""

    def powers(x: Any) -> Any:
        y = 1 / (x * 0)
        return np.cov(x, y)

    def products(x: Any) -> Any:
        y = np.stack([x, np.sqrt(x - 1)])
        return np.concatenate([(y @ y.T).ravel(), np.einsum("ij,kj->i", y, y), x * y[1]])

    def square(x: Any) -> Any:
        y = x.astype(np.float32)
        y *= x
        return y

    def numbers(p: Any) -> Any:
        return [p[0] * p[1], np.sqrt(p[1] * 0.0) * p[0], p[0] ** 0.5]

    with np.errstate(all="ignore"):
        for f, x in (
            (powers, np.array([1.1, 2.2, 0.5])),
            (products, np.array([1.0, 2.0, 0.5])),
            (square, np.array([1.0, np.nan, 3.0])),
            (numbers, [0.0, 2.0]),
        ):
            want = jacobian(f, mode="forward")(x)
            got = jacobian(f, mode="reverse")(x)
            for a, b in zip(leaves(got), leaves(want), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-6)


def test_inputs_keep_their_strides_at_every_level() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x.strides)
        return np.sum(x * x)

    x = np.arange(6.0).reshape(2, 3)[:, ::2]
    jacobian(grad(f, mode="reverse"), mode="reverse")(x)
    assert set(seen) == {x.strides}


def test_infinite_slopes_are_told() -> None:
    x = np.array([0.0, 4.0])
    f = lambda x: np.sum(np.sqrt(x))  # noqa: E731
    np.testing.assert_array_equal(grad(f, mode="reverse")(x), [np.inf, 0.25])
    with np.errstate(all="ignore"):
        assert grad(lambda x: x[0] ** 0.5 + x[1], mode="reverse")([0.0, 1.0]) == [math.inf, 1.0]


def test_nan_outputs() -> None:
    with np.errstate(all="ignore"):
        got = grad(lambda x: np.log(x[0]) + x[1], mode="reverse")(np.array([-1.0, 2.0]))
        assert np.isnan(got).all()
        rows = jacobian(np.log, mode="reverse")(np.array([-1.0, 2.0]))
        np.testing.assert_array_equal(rows, [[np.nan, np.nan], [0, 0.5]])


def test_single_precision() -> None:
    x = np.linspace(0.5, 2, 7, dtype=np.float32)
    w = np.linspace(0, 1, 7, dtype=np.float32)
    value, g = value_and_grad(lambda x: np.sum(np.exp(x) * w / x), mode="reverse")(x)
    assert value.dtype == g.dtype == np.float32
    want = np.exp(x) * w / x - np.exp(x) * w / x**2
    np.testing.assert_allclose(g, want, rtol=1e-5)


def test_complex_numbers() -> None:
    z = np.array([0.3 + 1j, 2 - 1j, -0.5 + 0.2j])
    g = grad(lambda z: np.sum(np.abs(z) ** 2 * np.real(z * z)), mode="reverse")(z)
    x, y = z.real, z.imag  # (x² + y²)(x² − y²) = x⁴ − y⁴
    np.testing.assert_allclose(g, 4 * x**3 + 4j * y**3, rtol=1e-13)
    rows = jacobian(lambda z: np.exp(z * z), mode="reverse")(z)
    np.testing.assert_allclose(rows, np.diag(2 * z * np.exp(z * z)), rtol=1e-13)
    with pytest.raises(TypeError, match="holomorphic"):
        jacobian(np.conj, mode="reverse")(z)
    real = jacobian(lambda x: np.exp(1j * x), mode="reverse")(x)
    np.testing.assert_allclose(real, np.diag(1j * np.exp(1j * x)), rtol=1e-13)
    hold_adjoint(lambda z: [z.real * 2, np.conj(z) * z.imag], [z], [z[::-1] * 1j])
    assert vjp(lambda z: z * z, 1 + 2j)[1](1.0 + 0j) == (2 + 4j,)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2",
                                  "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"])  # fmt: skip
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_fourier_transforms(name: str, norm: Any) -> None:
    f, random = getattr(np.fft, name), np.random.default_rng(1)
    x, v = random.normal(size=(2, 4, 5))
    z, w = x + 1j * v, v - 2j * x
    is_real = name in ("rfft", "ihfft", "rfft2", "rfftn")
    for a, b in [(x, v)] if is_real else [(x, v), (z, w)]:
        hold_adjoint(lambda a: f(a, norm=norm), [a], [b])
        for n in (3, 8):
            if name.endswith(("2", "n")):
                hold_adjoint(lambda a, n=n: f(a, (n, 4), norm=norm), [a], [b])
            else:
                hold_adjoint(lambda a, n=n: f(a, n, 0, norm), [a], [b])


def test_other_number_systems() -> None:
    f = lambda p: p[0] * p[1] + p[1] * p[1]  # noqa: E731
    assert grad(f, mode="reverse")([Fraction(1, 3), Fraction(2)]) == [2, Fraction(13, 3)]
    with mp.workdps(40):
        (slope,) = vjp(lambda x: dualad.exp(x * x), mp.mpf(1) / 3)[1](mp.mpf(1))
        assert abs(slope - 2 * mp.exp(mp.mpf(1) / 9) / 3) < mp.mpf(10) ** -38


# -- drivers -------------------------------------------------------------------------------


def test_structures() -> None:
    f = lambda p, q: {"a": p["x"] * q[0], "b": [np.sum(p["y"]) * q[1]]}  # noqa: E731
    p, q = {"x": 2.0, "y": np.array([1.0, 2.0])}, (3.0, 4.0)
    value, pullback = vjp(f, p, q)
    assert value == {"a": 6.0, "b": [12.0]}
    of_p, of_q = pullback({"a": 1.0, "b": [10.0]})
    assert of_p["x"] == 3.0 and of_p["y"].tolist() == [40.0, 40.0] and of_q == (2.0, 30.0)
    with pytest.raises(ValueError, match="the adjoint must have"):
        pullback({"a": 1.0})
    with pytest.raises(ValueError, match="the adjoint must have"):
        vjp(np.exp, X)[1](np.ones(5))


def test_results_are_the_callers_own() -> None:
    _, pullback = vjp(lambda x: x, X)
    g = np.ones(6)
    (back,) = pullback(g)
    back[0] = 7.0
    assert g[0] == 1.0 and pullback(g)[0][0] == 1.0
    (zero,) = vjp(lambda x: np.ones(2), X)[1](np.ones(2))
    assert zero.tolist() == [0.0] * 6
    total = grad(np.sum, mode="reverse")(X)
    total[0] = 3.0
    assert total[1] == 1.0


@pytest.mark.usefixtures("counted_looks")
def test_the_mode() -> None:
    for driver in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(ValueError, match="mode is 'forward'"):
            driver(np.sum, mode="backward")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mode='forward'"):
        jacobian(np.exp, mode="reverse", chunk=2)
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.sum(np.sin(x))

    x = np.linspace(0, 1, 3000)
    np.testing.assert_allclose(grad(f)(x), np.cos(x), rtol=1e-13)
    assert calls == 1
    rows = jacobian(lambda x: np.stack([f(x), np.sum(x)]))(x)
    assert calls == 2 and rows.shape == (2, 3000)
    assert grad(lambda x: (f(x), x[0]), has_aux=True)(x)[1] == 0.0


MANY = 32 if KERNEL else 256


@pytest.mark.parametrize(
    ("driver", "make", "least"),
    [
        (grad, np.ndarray.tolist, MANY),
        (grad, np.array, MANY),
        (grad, lambda x: {"a": x.reshape(1, -1)}, MANY),
        (value_and_grad, np.array, MANY),
        (hessian, np.array, 5),
    ],
)
def test_the_way_that_is_taken_by_itself(driver: Any, make: Any, least: int) -> None:
    """As the docstrings say, of loops and of arrays: what f is given is recorded from so many on."""
    ways: list[bool] = []

    def looped(x: Any) -> Any:
        (first, *others) = x["a"][0] if isinstance(x, dict) else x
        ways.append(isinstance(first.level, ReverseLevel))
        return sum((v**3 for v in others), first**3)

    def whole(x: Any) -> Any:
        y = x["a"] if isinstance(x, dict) else np.stack(x) if isinstance(x, list) else x
        ways.append(isinstance(y.level, ReverseLevel))
        return np.sum(y**3)

    for f in (looped, whole):
        for n in (least - 1, least):
            x = np.linspace(0.5, 1.5, n)
            ways.clear()
            found = driver(f)(make(x))
            assert ways == [n == least]
            found = found[1] if driver is value_and_grad else found
            found = found["a"][0] if isinstance(found, dict) else found
            right = np.diag(6 * x) if driver is hessian else 3 * x**2
            np.testing.assert_allclose(found, right, rtol=1e-14)


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
def test_every_mode_takes_every_structure(mode: Any) -> None:
    """The short ways of the kernel, whichever way they go: by hand, in few evaluations."""
    calls = 0

    def f(p: Any, scale: float = 1.0) -> Any:
        nonlocal calls
        calls += 1
        total = p["a"] * np.sum(p["b"] ** 2) + p["c"][0] * p["c"][1] ** 2
        return total * scale, (p["a"], "told")

    b = np.arange(6.0).reshape(2, 3)
    given = {"a": 2.0, "b": b, "c": (3.0, 5.0)}
    both = value_and_grad(f, has_aux=True, mode=mode)
    assert both.__name__ == "f" and calls == 0
    (value, aux), slopes = both(given, scale=2.0)
    assert calls == 1 and value == 2 * (2 * 55 + 75) and aux == (2.0, "told")
    assert type(aux[0]) is type(slopes["a"]) is float and slopes["a"] == 110.0
    assert slopes["c"] == (50.0, 60.0)
    np.testing.assert_array_equal(slopes["b"], 8 * b)
    assert grad(lambda x, y: x * y**3, (0, 1), mode=mode)(2.0, 3.0) == (27.0, 54.0)
    got = grad(lambda x: 7.0, mode=mode)({"x": [1.0, b]})
    assert got["x"][0] == 0.0 and not got["x"][1].any() and got["x"][1].shape == (2, 3)

    assert jacobian(lambda x: [x[0] * x[1], 4.0, x[1] ** 2], mode=mode)((2.0, 3.0)) == [
        (3.0, 2.0),
        (0.0, 0.0),
        (0.0, 6.0),
    ]
    for n in (3, 40):  # with more than 32 numbers, the kernel goes backward by itself
        x = np.linspace(0.5, 1.5, n)
        bend = np.zeros((n, n))
        i = np.arange(n - 1)
        bend[i, i] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        bend[i + 1, i + 1] += 200
        bend[i, i + 1] = bend[i + 1, i] = -400 * x[:-1]
        for form in (x, x.tolist()):
            got = hessian(lambda x, a: a * rosenbrock(x), mode=mode)(form, 0.5)
            assert type(got) is type(form)
            np.testing.assert_allclose(got, bend / 2, rtol=1e-12, atol=1e-11)

    again = pickle.loads(pickle.dumps(grad(rosenbrock, mode=mode)))
    assert again([0.0, 1.0]) == grad(rosenbrock)([0.0, 1.0]) == [-2.0, 200.0]


@pytest.mark.usefixtures("counted_looks")
def test_a_mode_that_was_asked_for_says_why_it_cannot() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.real_if_close(x * (1 + 0j)) * 2

    with pytest.raises(TypeError, match="write mode='forward'"):
        grad(f, mode="reverse")(1.5)
    assert calls == 1
    assert grad(f, mode="forward")(1.5) == 2.0


@pytest.mark.usefixtures("counted_looks")
def test_many_numbers_take_one_evaluation() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return rosenbrock(x)

    x = np.random.default_rng(0).uniform(-1, 1, 700)
    for given in (x.tolist(), tuple(x.tolist()), x, {"x": x.tolist()}):
        calls = 0
        g = f if not isinstance(given, dict) else lambda p: f(p["x"])
        got = grad(g)(given)
        assert calls == 1 and type(got) is type(given)
        got = got["x"] if isinstance(got, dict) else got
        inner = 400 * x[1:-1] ** 3 - 400 * x[1:-1] * x[2:] + 202 * x[1:-1] - 2 - 200 * x[:-2] ** 2
        np.testing.assert_allclose(got[1:-1], inner, rtol=1e-10, atol=1e-10)


def test_forms_can_be_printed() -> None:
    def f(x: Any) -> Any:
        texts = [f"{x}", f"{x[0]:.3f}", str(x[1] * 2), repr(x), f"{x[0]:>10}"]
        assert all(isinstance(text, str) and text for text in texts)
        return x[0] * x[1]

    for x in ([2.0, 3.0], np.array([2.0, 3.0])):
        np.testing.assert_array_equal(grad(f, mode="reverse")(x), [3.0, 2.0])
    assert grad(lambda x: (f"{x:.2f}", x * x)[1], mode="reverse")(3.0) == 6.0


VIEWS: dict[str, Callable[[Any], Any]] = {
    "diagonal": np.diagonal,
    "diagonal above": lambda y: np.diagonal(y, 1),
    "diagonal of axes": lambda y: np.diagonal(y.reshape(3, 1, 3), 0, 2, 0),
    "diag": lambda y: np.diag(y, -1),
    "linalg.diagonal": lambda y: np.linalg.diagonal(y),
    "einsum": lambda y: np.einsum("ii->i", y),
    "broadcast_to": lambda y: np.broadcast_to(y[0], (2, 3)),
    "a part of broadcast_to": lambda y: np.broadcast_to(y[:, None, 1:], (3, 2, 2))[1:, 1].T,
    "sliding_window_view": lambda y: np.lib.stride_tricks.sliding_window_view(y, (2, 2)),
    "windows of a view": lambda y: np.lib.stride_tricks.sliding_window_view(y.T[::-1, 1], 2)[::-1],
    "squeeze of a new axis": lambda y: np.squeeze(y[None]),
    "reshape of a part": lambda y: y[:2].reshape(3, 2),
    "reshape of a row": lambda y: y[1].reshape(3, 1)[::-1],
    "expand_dims": lambda y: np.expand_dims(y[::-1].T, 0)[0, 1],
    "flip": lambda y: np.flip(y.swapaxes(0, 1), 1),
    "real": lambda y: np.real(y)[1:],
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_see_what_is_stored_behind_them(name: str) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        view = VIEWS[name](y)
        before = view * 2.0
        y[1, 1] = x[0, 0] * x[2, 2]
        y[0, 1:] *= x[1, :2]
        y[2] = 3.0
        w = np.arange(1.0, view.size + 1).reshape(view.shape)
        total = np.sum(view * view * w) + np.sum(before * w) + np.sum(y)
        if plain_views_can_be_written_to(view):
            view[...] *= x.flat[1]
            total = total + np.sum(y * x)
        return total

    x = np.random.default_rng(0).uniform(0.5, 2, (3, 3))
    value, got = value_and_grad(f, mode="reverse")(x)
    assert value == f(x)
    np.testing.assert_allclose(got, grad(f, mode="forward")(x), rtol=1e-12)
    along = np.cos(x)
    np.testing.assert_allclose(
        jvp(grad(f, mode="reverse"), (x,), (along,))[1],
        jvp(grad(f, mode="forward"), (x,), (along,))[1],
        rtol=1e-11,
    )


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "an element": lambda y, view: operator.setitem(y, (1, 1), y[0, 0] * y[2, 2]),
    "elements": lambda y, view: [operator.setitem(y, (i, 1), y[i, 2] * 0.9) for i in range(3)],
    "an element of the view": lambda y, view: operator.setitem(view, (0,) * view.ndim, y[1, 2]),
    "a row": lambda y, view: operator.setitem(y, slice(1, 2), y[2:] * 1.5),
    "a constant": lambda y, view: operator.setitem(y, slice(0, 1), 1.5),
    "all": lambda y, view: operator.setitem(y, ..., y * y),
    "in place": lambda y, view: operator.imul(y, y.T.copy()),
    "the view": lambda y, view: operator.setitem(view, ..., view[::-1] * 1.25),
}


@pytest.mark.parametrize("name", VIEWS)
def test_elements_of_views_see_what_is_stored_behind_them(name: str) -> None:
    """Elements are read, one by one and often, between the writes."""

    def read(a: Any) -> Any:
        return sum((k + 1) * a[i] ** 2 for k, i in enumerate(np.ndindex(a.shape)))

    for write, store in WRITES.items():

        def f(x: Any, write: str = write, store: Callable[[Any, Any], Any] = store) -> Any:
            y = x * 1.0
            view, row = VIEWS[name](y), y[1]
            total = read(view) + read(row) + read(view)
            if not (write.endswith("view") and not plain_views_can_be_written_to(view)):
                store(y, view)
            total = total + view[(0,) * view.ndim] * row[2] + np.sum(view) + read(y)
            y[2, 1:] = y[1, :2]
            return total + read(view) * read(VIEWS[name](y)) + read(row)

        x = np.random.default_rng(0).uniform(0.5, 1.5, (3, 3))
        value, got = value_and_grad(f, mode="reverse")(x)
        assert value == f(x)
        np.testing.assert_allclose(got, grad(f, mode="forward")(x), rtol=1e-12, err_msg=write)
        outer = jvp(grad(f, mode="reverse"), (x,), (np.cos(x),))[1]
        want = jvp(grad(f, mode="forward"), (x,), (np.cos(x),))[1]
        np.testing.assert_allclose(outer, want, rtol=1e-11, err_msg=write)


LOOPS: dict[str, Callable[[Any], Any]] = {
    "slice": lambda x: [v * v for v in x[1:]],
    "reshape": lambda x: [v * v for v in x.reshape(20, -1).reshape(-1)],
    "rows": lambda x: [v * v for row in x.reshape(20, -1) for v in row],
    "columns": lambda x: [v * v for row in x.reshape(20, -1).T for v in row],
    "backward": lambda x: [v * v for v in x[::-1]],
    "windows": lambda x: [v * v for i in range(0, 400, 20) for v in x[i : i + 20]],
    "stack": lambda x: np.stack(list(x)) ** 2,
    "concatenate": lambda x: np.concatenate([[v] for v in x]) ** 2,
    "sum": lambda x: [math.fsum(v * v for v in x)],
    "norm": lambda x: [math.hypot(*x)],
    "distance": lambda x: [math.dist(x, x[::-1] ** 2)],
    "ragged slices": lambda x: np.multiply.reduceat(x, np.arange(40) * np.arange(40) // 4),
    "sums of slices": lambda x: np.add.reduceat(x, np.arange(40) * np.arange(40) // 4) ** 2,
    "running maxima": lambda x: np.maximum.accumulate(x) ** 2,
    "running differences": lambda x: np.subtract.accumulate(x) ** 2,
    "differences": lambda x: np.subtract.reduce(x) ** 2,
    "histogram": lambda x: np.histogram(np.sin(np.arange(400)), 7, weights=x)[0] ** 2,
    "padded by means": lambda x: np.pad(x, 3, "mean") ** 2,
    "padded oddly": lambda x: np.pad(x, 3, "reflect", reflect_type="odd") ** 2,
    "padded with ramps": lambda x: np.pad(x, 3, "linear_ramp", end_values=2.0) ** 2,
    "polynomial": lambda x: np.polyval(x, np.linspace(0.1, 0.9, 4)),
    "vectorize": lambda x: np.vectorize(lambda v: v * v)(x),
}


@pytest.mark.skipif(KERNEL is None, reason="single numbers have no tape without a kernel")
@pytest.mark.parametrize("name", LOOPS)
def test_single_numbers_leave_nothing_but_the_tape(name: str) -> None:
    """A node costs as much as a hundred steps on the tape."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, 400)

    def f(x: Any) -> Any:
        return np.sum(np.array(LOOPS[name](x)))

    before = records.next_number()
    got = grad(f, mode="reverse")(x)
    assert records.next_number() - before < 130
    np.testing.assert_allclose(got, grad(f, mode="forward")(x), rtol=1e-11)


def _joined_twice(x: Any) -> Any:
    return np.sum(np.stack([v**3 for v in x])) * np.prod(np.array([x[1], x[2], 2.0]))


def _filled_twice(x: Any) -> Any:
    h = np.zeros(len(x))
    for i in range(len(x)):
        h[i] = x[i] * x[i - 1] + (h[i - 1] * 0.5 if i else 0.0)
    return np.sum(h**2) + h[3]


def _turned_twice(x: Any) -> Any:
    v = np.array([1.0, 0.5])
    for t in x:
        v = np.array([[math.cos(t), -math.sin(t)], [1.0, math.cos(t)]]) @ v
    return v[0] * v[1]


def _branched_twice(x: Any) -> Any:
    s = 2.0
    for v in x:
        s = max(s * 0.9 + v**3 if v > 1 else s - math.log(v), 3 * v) + min(v, 1.0) + 2**v / v
    return s * math.atan2(s, x[0])


TWICE: dict[str, Callable[[Any], Any]] = {
    "rosenbrock": lambda x: sum(
        100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)
    ),
    "joined": _joined_twice,
    "filled": _filled_twice,
    "turned": _turned_twice,
    "branched": _branched_twice,
    "sums": lambda x: math.fsum(v * v * v for v in x) * math.hypot(*x[:3]),
}


@pytest.mark.parametrize("as_given", [list, np.array])
@pytest.mark.parametrize("name", TWICE)
def test_reverse_over_reverse_of_single_numbers(name: str, as_given: Any) -> None:
    """Of what is and is not made of the outer numbers, too."""
    f, x = TWICE[name], as_given(np.random.default_rng(3).uniform(0.6, 1.4, 36).tolist())

    def total(mode: Any) -> Any:
        def of_gradients(y: Any) -> Any:
            value, slopes = value_and_grad(lambda z: f(z) * y[0] + z[1] * y[2], mode=mode)(y)
            again = grad(lambda z: z[3] * f([v * y[0] for v in z]), mode=mode)(x)
            return value * y[1] + sum(g * g * y[1] for g in slopes) + math.sin(again[2] * 1e-3)

        return of_gradients

    want = value_and_grad(total("forward"), mode="forward")(x)
    got = value_and_grad(total("reverse"), mode="reverse")(x)
    assert type(got[1]) is type(want[1])
    assert got[0] == pytest.approx(want[0], rel=1e-12)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-10, atol=1e-12 * np.max(np.abs(want[1])))


@pytest.mark.skipif(KERNEL is None, reason="single numbers have no tape without a kernel")
def test_reverse_over_reverse_has_a_tape_over_a_tape() -> None:
    seen = []

    def loop(x: Any) -> Any:
        s = 1.0
        for v in x:
            s = s + math.sin(v * s) * v
        seen.append(s)
        return s

    x = np.linspace(0.5, 1.5, 400).tolist()
    before = records.next_number()
    grad(lambda y: grad(loop, mode="reverse")(y)[7], mode="reverse")(x)
    assert records.next_number() - before < 6 * len(x)  # of the inputs, and none of a step
    assert type(seen[0]) is type(seen[0].primal) is KERNEL.Recorded


def test_a_slope_of_zero_does_not_hide_an_infinite_one() -> None:
    """The inner slope 3y² moves by 0 at y = √0, which moves infinitely fast."""

    def cubes(s: Any) -> Any:
        return sum(v * v * v for v in s)

    x = [0.0, *map(float, range(1, 40))]
    for mode in ("forward", "reverse"):
        got = grad(
            lambda v: sum(grad(cubes, mode="reverse")([math.sqrt(w) for w in v])), mode=mode
        )(x)
        assert math.isnan(got[0])
        assert got[1:] == pytest.approx([3.0] * 39, rel=1e-15)


def test_a_number_beside_single_precision_keeps_its_own() -> None:
    def f(s: Any, x: Any) -> Any:
        return np.sum(np.ones(3, np.float32) * s) + np.sum(x)

    for mode in (None, "reverse", "forward"):
        assert type(grad(f, (0, 1), mode=mode)(1.5, np.ones(40))[0]) is float


SPREADS: dict[str, Callable[[Any], Any]] = {
    "broadcast_to": lambda z: np.broadcast_to(z, (3, 4)),
    "broadcast_to twice": lambda z: np.broadcast_to(np.broadcast_to(z, (3, 4))[:, None], (3, 2, 4)),
    "along the last axis": lambda z: np.broadcast_to(z[:, None], (4, 3)),
    "of a number": lambda z: np.broadcast_to(z[1], (3, 4))[1:],
    "broadcast_arrays": lambda z: np.broadcast_arrays(z[:, None], np.zeros((1, 3)))[0],
    "meshgrid": lambda z: np.meshgrid(z, z[:2], copy=False)[1],
    "meshgrid of ij": lambda z: np.meshgrid(z, z[:2], copy=False, indexing="ij")[0],
    "windows": lambda z: np.lib.stride_tricks.sliding_window_view(z, 2),
    "slices": lambda z: np.broadcast_to(z, (3, 4))[1:, ::-2],
    "a row": lambda z: np.broadcast_to(z, (3, 4))[1],
    "transposed": lambda z: np.broadcast_to(z, (3, 4)).T,
    "reshaped": lambda z: np.broadcast_to(z, (3, 4)).reshape(2, 6),
    "reshaped as a view": lambda z: np.broadcast_to(z, (3, 4)).reshape(3, 2, 2),
    "a diagonal": lambda z: np.diagonal(np.broadcast_to(z, (4, 4)), 1),
    "a list of places": lambda z: np.broadcast_to(z, (3, 4))[[0, 2], [1, 1]],
}
OF_COMPLEX: dict[str, Callable[[Any], Any]] = {
    "real": np.real,
    "imag": np.imag,
    "a part of imag": lambda v: v.imag[..., 1:],
    "imag at places": lambda v: v.imag[..., [0, 0]],
    "imag, spread": lambda v: np.broadcast_to(v.imag, (2, *v.shape)),
    "imag, transposed": lambda v: v.imag.T,
    "imag of rows": lambda v: next(row.imag for row in v),
    "imag of conj": lambda v: np.conj(v).imag,
    "abs": np.abs,
    "angle": np.angle,
    "hypot": lambda v: np.hypot(v.real, v.imag),
    "norm": np.linalg.norm,
    "var": np.var,
    "fft": lambda v: np.fft.fft(v).imag,
}


@pytest.mark.parametrize("spread", SPREADS)
def test_parts_of_complex_elements_that_share_their_memory(spread: str) -> None:
    for use in OF_COMPLEX.values():

        def f(x: Any, use: Any = use) -> Any:
            y = use(SPREADS[spread](np.exp(1j * x)[::-1] + x))
            return np.sum(y * np.cos(np.arange(1.0, np.size(y) + 1)).reshape(np.shape(y)))

        x = np.linspace(0.3, 1.1, 4)
        backward = grad(f, mode="reverse")
        right = [differences(f, (x,), (along,))[0] for along in np.eye(4)]
        np.testing.assert_allclose(backward(x), right, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(backward(x), grad(f, mode="forward")(x), rtol=1e-12, atol=1e-13)
        right = jacobian(grad(f, mode="forward"), mode="forward")(x)
        for outer in ("forward", "reverse"):
            found = jacobian(backward, mode=outer)(x)
            np.testing.assert_allclose(found, right, rtol=1e-11, atol=1e-12)


def plain_views_can_be_written_to(view: Any) -> bool:
    return bool(view.flags.writeable)


def test_what_f_catches_is_not_lost() -> None:
    def f(x: Any) -> Any:
        try:
            return math.sin(x[0]) + 0.0 * x[1]
        except TypeError:
            return x[1]

    for mode in ("forward", "reverse"):
        with pytest.raises(TypeError):
            grad(f, mode=mode, lift=False)([1.0, 2.0])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        vjp(f, [1.0, 2.0], lift=False)


def test_the_record_is_freed() -> None:
    grad(rosenbrock, mode="reverse")(X)
    gc.collect()
    before = sum(type(x).__name__ == "Node" for x in gc.get_objects())
    for _ in range(5):
        grad(views, mode="reverse")(X)
    gc.collect()
    assert sum(type(x).__name__ == "Node" for x in gc.get_objects()) <= before


def test_long_records_are_freed() -> None:
    def f(x: Any) -> Any:
        for _ in range(30_000):
            x = x + x * 1e-5
        return np.sum(x)

    slopes = grad(f, mode="reverse")(np.ones(2))
    np.testing.assert_allclose(slopes, 1.00001**30_000, rtol=1e-9)


def test_what_is_kept_is_told() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x[0] * x[1])
        return x[0] * x[1]

    grad(f, mode="reverse")([2.0, 3.0])
    with pytest.raises(TypeError, match="differentiation that is over"):
        grad(lambda y: y * kept[0])(1.0)


def test_products_with_the_hessian() -> None:
    x, v = np.random.default_rng(0).uniform(-1, 1, (2, 40))
    want = hessian(rosenbrock, mode="forward")(x) @ v
    np.testing.assert_allclose(hvp(rosenbrock)(x, v), want, rtol=1e-10, atol=1e-10)
    got = hvp(rosenbrock)(x.tolist(), v.tolist())
    assert isinstance(got, list)
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)
    f = lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)  # noqa: E731
    x, v = np.random.default_rng(0).uniform(-1, 1, (2, 400))
    exact = hessian(f, mode="forward")(x)
    np.testing.assert_allclose(hvp(f)(x, v), exact @ v, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(hessian(f)(x), exact, rtol=1e-9, atol=1e-9)


# -- whose memory it is --------------------------------------------------------------------

OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "both": lambda a, b: (a, b),
    "one of them": lambda a, b: (a, a + b),
    "reshaped": lambda a, b: (a + b).reshape(8, -1),
    "complex": lambda a, b: (a + b) * (1 + 0j),
    "a part": lambda a, b: (a + b)[:10],
    "chosen": lambda a, b: np.where(a > 0, a + b, b),
    "weighted": lambda a, b: np.sum((a + b) * np.cos(np.arange(len(a)))),
}


@pytest.mark.parametrize("name", OF_TWO)
def test_what_sweeps_give_shares_no_memory(name: str) -> None:
    f = OF_TWO[name]
    a, b = np.random.default_rng(0).normal(size=(2, 320))
    value, pullback = vjp(f, a, b)
    adjoint = rebuild(value, np.ones_like)
    found = [a, b, *leaves(value), *leaves(adjoint), *pullback(adjoint), *pullback(adjoint)]
    if not isinstance(value, tuple):
        for of_value in (f, lambda a, b: np.sum(np.real(f(a, b)) ** 2)):
            for mode in ("forward", "reverse"):
                found += leaves(jacobian(of_value, (0, 1), mode=mode)(a, b))  # type: ignore[arg-type]
        found += grad(lambda a, b: np.sum(np.real(f(a, b))), (0, 1))(a, b)
    arrays = [x for x in found if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        assert not any(np.shares_memory(x, y) for y in arrays[:i])


@pytest.mark.parametrize("f", [np.exp, np.sqrt, lambda x: x, lambda x: x * x])
def test_the_value_may_be_written_to_before_the_pullback_is_called(f: Callable[[Any], Any]) -> None:
    x = np.linspace(0.0, 1.0, 40)
    value, pullback = vjp(f, x)
    value[...] = np.nan
    with np.errstate(divide="ignore"):
        expected = grad(lambda v: np.sum(f(v)), mode="forward")(x)
    np.testing.assert_array_equal(pullback(np.ones(40))[0], expected)


# -- checkpoints ---------------------------------------------------------------------------


@pytest.mark.usefixtures("counted_looks")
def test_checkpoints() -> None:
    calls = 0

    @checkpoint
    def piece(x: Any, n: int) -> Any:
        nonlocal calls
        calls += 1
        for _ in range(n):
            x = np.sin(x) * x
        return {"y": x, "s": np.sum(x)}

    def f(x: Any) -> Any:
        parts = piece(x * 2, 3)
        return np.sum(parts["y"] * x) * parts["s"]

    def same(x: Any) -> Any:
        y = x * 2
        for _ in range(3):
            y = np.sin(y) * y
        return np.sum(y * x) * np.sum(y)

    got = grad(f, mode="reverse")(X)
    assert calls == 2
    np.testing.assert_allclose(got, grad(same, mode="forward")(X), rtol=1e-12)
    np.testing.assert_allclose(grad(f, mode="forward")(X), got, rtol=1e-12)
    np.testing.assert_allclose(
        jacobian(grad(f, mode="reverse"))(X), hessian(same, mode="forward")(X), rtol=1e-10
    )
    assert f(X) == same(X)
    y = grad(lambda x: checkpoint(rosenbrock)(x) ** 2, mode="reverse")(X.tolist())
    np.testing.assert_allclose(y, 2 * rosenbrock(X) * grad(rosenbrock)(X), rtol=1e-12)
    with pytest.raises(TypeError, match="checkpoint"):
        grad(lambda x: checkpoint(lambda y: y * x)(3.0 * x), mode="reverse")(2.0)


def _left_in_a_dict(x: Any) -> Any:
    log: dict[str, Any] = {}

    @checkpoint
    def layer(q: Any) -> Any:
        log["act"] = np.tanh(q)
        return 2 * log["act"]

    return np.sum(layer(x)) + np.sum(log["act"] ** 2)


def _left_without_slope(x: Any) -> Any:
    """What moves only where the inputs move apart from each other, or in their imaginary part."""
    left = []

    @checkpoint
    def layer(q: Any, r: Any) -> Any:
        left.extend([q - np.mean(q), q[1] - q[0], (q * 1j).real, r - q])
        return 2 * q

    return np.sum(layer(x, x * 1.0)) + sum(np.sum(v**2) for v in left)


def _left_in_a_variable(x: Any) -> Any:
    total = 0.0

    @checkpoint
    def layer(q: Any) -> Any:
        nonlocal total
        total = total + np.sum(q)
        return 2 * q

    return np.sum(layer(layer(x))) * total


def _left_in_an_attribute(x: Any) -> Any:
    class Cell:
        h: Any = 0.0

        def step(self, q: Any) -> Any:
            self.h = np.sin(q + self.h)
            return self.h * q

    cell = Cell()
    step = checkpoint(cell.step)
    return np.sum(step(x) + step(2 * x))


def _left_in_a_memo(x: Any) -> Any:
    memo: dict[float, Any] = {}

    @checkpoint
    def once(q: Any) -> Any:
        key = float(plain(q[0]))
        return memo.setdefault(key, np.sin(q)) * q

    return np.sum(once(x))


LEFT = [
    _left_in_a_dict,
    _left_without_slope,
    _left_in_a_variable,
    _left_in_an_attribute,
    _left_in_a_memo,
]


@pytest.mark.parametrize("f", LEFT)
def test_what_a_checkpoint_leaves_on_the_side_is_refused_or_right(f: Callable[[Any], Any]) -> None:
    x = np.linspace(0.1, 1.0, 40)
    with pytest.raises(TypeError, match=r"a dual of a checkpoint that is over.*let it return that"):
        grad(f, mode="reverse")(x)
    with pytest.raises(TypeError, match=r"a dual of a checkpoint that is over.*let it return that"):
        vjp(f, x)[1](1.0)
    if f is not _left_in_a_memo:
        np.testing.assert_array_equal(grad(f)(x), grad(f, mode="forward")(x))


def test_what_a_checkpoint_only_logs_does_no_harm() -> None:
    log = []

    @checkpoint
    def layer(q: Any) -> Any:
        log.append(np.sum(q))
        return np.sin(q)

    assert grad(lambda x: np.sum(layer(x)), mode="reverse")(X).tolist() == np.cos(X).tolist()
    assert [np.sum(x.primal) for x in log] == [np.sum(X), np.sum(X)]


def test_what_a_checkpoint_reads_from_text_is_refused() -> None:
    def f(x: Any) -> Any:
        return checkpoint(lambda q: 2 * q * float(f"{q:.17g}"))(x)

    with pytest.raises(TypeError, match="reads a number from"):
        grad(f, mode="reverse")(0.3)


def _writes_after_a_view(x: Any) -> Any:
    y = x * x
    z = checkpoint(lambda q: q[::2])(y)
    y[0] = 0.0
    return np.sum(z * z) + np.sum(y)


def _writes_after_the_argument(x: Any) -> Any:
    y, data = x * x, np.ones(len(x))
    z, w, same = checkpoint(lambda q, d: (q, 2 * q, d))(y, data)
    y[0] = data[1] = 0.0
    z[2] *= 3.0
    return np.sum(z * z * w) + np.sum(y * same)


def _writes_into_a_view_of_a_result(x: Any) -> Any:
    z, w = checkpoint(lambda q: (z := np.sin(q), z[::2]))(x)
    w[0] = x[1]
    z[2] = 0.0
    return np.sum(z * z) + np.sum(w)


def _writes_into_results(x: Any) -> Any:
    y, ones, n = checkpoint(lambda q: (np.sin(q), np.ones(len(q)), q[0] * 2))(x)
    y += 1
    y[0] = ones[1] = 0.0
    n *= x[1]
    return np.sum(y * y * ones) * n


def _changes_a_list_of_arguments(x: Any) -> Any:
    state, data = [x, 2.0], {"w": np.ones(len(x))}
    z = checkpoint(lambda v, d: v[0] * v[1] * d["w"])(state, data)
    state.append(3.0)
    state[0] = 0.0
    data["w"][0] = 5.0
    data["v"] = data["w"]
    return np.sum(z * z)


def _returns_more_than_numbers(x: Any) -> Any:
    found = checkpoint(lambda q: {"y": np.sin(q), "note": "fine", "rest": [None, q.shape, b"q"]})(x)
    assert found["note"] == "fine" and found["rest"] == [None, x.shape, b"q"]
    return np.sum(found["y"])


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize(
    "f",
    [
        _writes_after_a_view,
        _writes_after_the_argument,
        _writes_into_a_view_of_a_result,
        _writes_into_results,
        _changes_a_list_of_arguments,
        _returns_more_than_numbers,
    ],
)
def test_checkpoints_share_memory_as_the_function_does(f: Callable[[Any], Any]) -> None:
    x = np.linspace(0.1, 2.0, 40)
    value, exact = value_and_grad(f, mode="forward")(x)
    for got in (value_and_grad(f, mode="reverse")(x), value_and_grad(f)(x)):
        assert got[0] == value == f(x)
        np.testing.assert_allclose(got[1], exact, rtol=1e-13)
    np.testing.assert_allclose(vjp(f, x)[1](1.0)[0], exact, rtol=1e-13)
    calls = []
    level = jacobian(lambda v: calls.append(type(v)) or f(v), mode="reverse")
    np.testing.assert_allclose(level(x), exact, rtol=1e-13)
    assert len(calls) == 1


def test_a_checkpoint_at_a_zero_that_is_written_over() -> None:
    def doubled(q: Any) -> Any:
        q *= 2
        return q + 0

    with pytest.raises(TypeError, match="checkpoint: the function writes into its arguments"):
        grad(lambda x: np.sum(checkpoint(doubled)(x * 0)), mode="reverse")(X)


# -- code as people write it ---------------------------------------------------------------


def as_written(x: Any) -> Any:
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = math.sin(float(x[i])) * abs(complex(x[i], 1.0))
    return out.sum()


def slopes_as_written(x: Any) -> Any:
    size = np.sqrt(x**2 + 1)
    return np.cos(x) * size + np.sin(x) * x / size


@pytest.mark.parametrize("n", [5, 40, 150, 300])
def test_lifted_code_goes_backward(n: int) -> None:
    x = np.linspace(0.1, 2.0, n)
    expected = slopes_as_written(x)
    for given in (x, x.tolist(), tuple(x.tolist())):
        for found in (
            grad(as_written)(given),
            grad(as_written, mode="reverse")(given),
            value_and_grad(as_written)(given)[1],
            grad(as_written, lift=True)(given),
            grad(as_written, argnums="x")(x=given),  # type: ignore[call-arg]
            grad(lambda a, b: as_written(a) * b, argnums=(0, 1))(given, 1.0)[0],
            grad(lambda a: (as_written(a), "aux"), has_aux=True)(given)[0],
            jacobian(as_written, mode="reverse")(given),
            vjp(as_written, given)[1](1.0)[0],
            grad(checkpoint(as_written), mode="reverse")(given),
        ):
            assert type(found) is type(given)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        with pytest.raises(TypeError):
            grad(as_written, mode="reverse", lift=False)(given)
        with pytest.raises(TypeError):
            vjp(as_written, given, lift=False)
    assert value_and_grad(as_written)(x)[0] == as_written(x)


def test_drivers_in_lifted_code_take_its_arrays() -> None:
    n = 40
    x = np.linspace(0.1, 2.0, n)

    def cube(y: Any) -> Any:
        return np.sum(y**3)

    def along(y: Any) -> Any:
        return jvp(cube, (y,), (np.ones(n),))[1]

    def of_hvp(y: Any) -> Any:
        return np.sum(hvp(cube)(y, np.ones(n)))

    def of_vjp(y: Any) -> Any:
        return np.sum(vjp(lambda z: z * y**2, np.ones(n))[1](np.ones(n))[0])

    for mode in ("forward", "reverse"):
        for f, expected in ((along, 6 * x), (of_hvp, np.full(n, 6.0)), (of_vjp, 2 * x)):
            np.testing.assert_allclose(grad(f, mode=mode)(x), expected, rtol=1e-13)  # type: ignore[arg-type]


def test_a_checkpoint_in_lifted_code_takes_its_arrays() -> None:
    piece = checkpoint(lambda y: math.exp(y[0]) * np.sum(np.square(y)))

    def f(x: Any) -> Any:
        y = np.zeros(3)
        y[0], y[1] = x[0], x[0] * x[1]
        return piece(y)

    a, b = 0.5, 2.0
    expected = [
        math.exp(a) * (a**2 + (a * b) ** 2 + 2 * a + 2 * a * b**2),
        math.exp(a) * 2 * a**2 * b,
    ]
    for x in ([a, b], np.array([a, b])):
        np.testing.assert_allclose(grad(f, mode="reverse")(x), expected, rtol=1e-13)
        np.testing.assert_allclose(grad(f, mode="forward")(x), expected, rtol=1e-13)


def test_what_is_recorded_looks_like_its_number() -> None:
    def f(x: Any) -> Any:
        assert all(isinstance(e, float) for e in x)
        return sum(e * e if isinstance(e, float) else e for e in x)

    x = np.linspace(0.1, 2.0, 150)
    for mode in (None, "reverse"):
        np.testing.assert_allclose(grad(f, mode=mode)(x), 2 * x, rtol=1e-13)  # type: ignore[arg-type]
        np.testing.assert_allclose(grad(f, mode=mode)(x.tolist()), 2 * x, rtol=1e-13)  # type: ignore[arg-type]


# -- the tape ------------------------------------------------------------------------------


@pytest.mark.skipif(KERNEL is None, reason="the tape is compiled")
def test_a_step_takes_24_bytes() -> None:
    import tracemalloc

    n = 200_000

    def f(x: Any) -> Any:
        for _ in range(n):
            x = x * 1.000001
        return x

    tracemalloc.start()
    try:
        (slope,) = grad(lambda p: f(p[0]), mode="reverse")([1.0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert slope == pytest.approx(1.000001**n, rel=1e-9)
    assert peak < 2 * 32 * n + 1_000_000  # room grows by doubling


@pytest.mark.skipif(KERNEL is None, reason="the tape is compiled")
def test_the_memory_of_one_tape_is_kept_unless_it_is_large() -> None:
    import tracemalloc

    def memory(steps: int) -> tuple[int, int]:
        """What a gradient leaves behind, and what it takes."""

        def f(p: Any) -> Any:
            x = p[0]
            for _ in range(steps):
                x = x * 1.000001
            return x

        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        grad(f, mode="reverse")([1.0])
        after, peak = tracemalloc.get_traced_memory()
        return after - before, peak - before

    tracemalloc.start()
    try:
        memory(20_000)
        again = [memory(20_000) for _ in range(3)]
        large, _ = memory(1_000_000)
    finally:
        tracemalloc.stop()
    assert max(left for left, _ in again) < 10_000
    assert max(taken for _, taken in again) < 12 * 20_000  # 8 are the adjoints', 24 the tape's
    assert large < 10_000


@pytest.mark.parametrize("n", [True, -3, 2**53 - 1, 2**53, 2**53 + 1, -(2**62), 2**64, 10**30])
def test_whole_numbers_beside_numbers_that_are_recorded(n: int) -> None:
    def f(x: Any) -> Any:
        return x[0] * n + n * x[1] + (x[2] - n) / n

    x = [0.5, 0.25, 3.0]
    value, slopes = value_and_grad(f, mode="reverse")(x)
    assert value == f(x)
    assert slopes == [float(n), float(n), 1 / n]


@pytest.mark.parametrize("other", [None, "a", [1.0]])
def test_what_is_no_number_beside_numbers_that_are_recorded(other: Any) -> None:
    for f in (lambda x: x[0] * other, lambda x: other - x[0], lambda x: x[0] ** other):
        with pytest.raises(TypeError):
            grad(f, mode="reverse")([1.5])


@pytest.mark.skipif(KERNEL is None, reason="the tape is compiled")
def test_numbers_of_arrays_have_places() -> None:
    """A loop over elements costs as much for n elements as it should, not n²."""

    def f(x: Any) -> Any:
        y = x * x
        s = y[0]
        for i in range(1, len(x)):
            s = s + y[i] * x[i - 1]
        return s

    x = np.random.default_rng(0).normal(size=5000)
    want = np.zeros(5000)
    want += 2 * x * np.concatenate([[1.0], x[:-1]])
    want[:-1] += x[1:] ** 2
    np.testing.assert_allclose(grad(f)(x), want, rtol=1e-12, atol=1e-12)


def test_a_form_is_not_an_array() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x.tangent)
        return np.sum(x)

    grad(f, mode="reverse")(X)
    (form,) = seen
    assert type(form) is Form and form.shape == (6,) and form.dtype == float
    for ask in (np.asarray, bool, abs, lambda t: t * t, np.sin, lambda t: 1 / t, np.sort):
        with pytest.raises(TypeError, match=r"mode='forward'|unsupported|ufunc"):
            ask(form)


# -- what f changes later ------------------------------------------------------------------


def _picked(u: Any) -> Any:
    i = np.array([0, 2])
    y = u[i]
    i[:] = 1
    return np.sum(y**2)


def _picked_by_a_list(u: Any) -> Any:
    i = [0, 2]
    y = u[i]
    i[0] = 1
    return np.sum(y**2)


def _picked_by_a_mask(u: Any) -> Any:
    m = np.array([True, False, True])
    y = u[m]
    m[:] = False
    return np.sum(y**2)


def _picked_in_an_axis(u: Any) -> Any:
    i = np.array([2, 0])
    y = (u[:, None] * np.ones(2))[i, 1]
    i[:] = 1
    return np.sum(y**2)


def _stored(u: Any) -> Any:
    a, i = np.zeros(3), np.array([0, 2])
    a[i] = u[::2]
    i[:] = 1
    return np.sum(a**2)


def _solved(u: Any) -> Any:
    from dualad.scipy.linalg import solve_triangular

    a = np.diag([1.0, 2.0, 1.0])
    y = solve_triangular(a, u * [1.0, 0.0, 1.0])
    a[:] = 0.0
    return np.sum(y**2)


@pytest.mark.parametrize(
    "f", [_picked, _picked_by_a_list, _picked_by_a_mask, _picked_in_an_axis, _stored, _solved]
)
def test_indices_and_matrices_count_as_they_were(f: Callable[[Any], Any]) -> None:
    x = np.array([1.0, 2.0, 3.0])
    assert grad(f, mode="reverse")(x).tolist() == [2.0, 0.0, 6.0]
    assert grad(f, mode="forward")(x).tolist() == [2.0, 0.0, 6.0]


def test_checkpoints_refuse_what_a_second_evaluation_changes() -> None:
    def doubled(v: Any) -> Any:
        v *= 2
        return np.sum(v)

    def replaced(numbers: list[Any]) -> Any:
        numbers[0] = numbers[0] * numbers[0]
        return numbers[0]

    x = np.array([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="checkpoint: the function writes into its arguments"):
        grad(lambda u: dualad.checkpoint(doubled)(u * 1.0), mode="reverse")(x)
    with pytest.raises(TypeError, match="checkpoint: the function writes into its arguments"):
        grad(lambda u: dualad.checkpoint(replaced)([u, 2.0]), mode="reverse")(3.0)
    factors = iter([1.0, 7.0])
    with pytest.raises(dualad.NotDeterministicError, match="checkpoint: the function returned"):
        grad(lambda u: dualad.checkpoint(lambda v: v * next(factors))(u), mode="reverse")(2.0)


@pytest.mark.parametrize(
    ("made", "take"),
    [
        (lambda: iter([3.0]), lambda items: next(items)),
        (lambda: [3.0], lambda items: items.pop()),
        (lambda: {"a": 3.0}, lambda items: items.pop("a")),
    ],
)
def test_checkpoints_refuse_to_take_from_outside_what_is_there_once(
    made: Callable[[], Any], take: Callable[[Any], Any]
) -> None:
    def f(x: Any) -> Any:
        items = made()
        return dualad.checkpoint(lambda v: np.sum(v * take(items)))(x)

    x = np.linspace(0.1, 1.0, 40)
    with pytest.raises(dualad.NotDeterministicError, match=r"take them outside"):
        grad(f, mode="reverse")(x)
    assert grad(f)(x).tolist() == [3.0] * 40


def test_a_checkpoint_that_writes_and_raises_is_refused() -> None:
    def written(v: Any) -> Any:
        v[0] = 5.0
        raise ValueError("not here")

    def f(x: Any) -> Any:
        y = x * 1.0
        with contextlib.suppress(ValueError):
            dualad.checkpoint(written)(y)
        return np.sum(y * y)

    x = np.linspace(0.1, 1.0, 40)
    with pytest.raises(TypeError, match="checkpoint: the function writes into its arguments"):
        grad(f, mode="reverse")(x)
    assert value_and_grad(f)(x)[0] == f(x) and grad(f)(x)[0] == 0.0
    with pytest.raises(ValueError, match="not here"):  # nothing is written: the error itself
        grad(lambda x: dualad.checkpoint(lambda v: written([*v]))(x), mode="reverse")(x)


def _doubled_copy(x: Any) -> Any:
    v = np.copy(x)
    v += v
    return x + v


def _stored_nowhere(x: Any) -> Any:
    v = np.reshape(x, (1,))
    v[:-1] = 3.0
    return v * x


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("x", [1.5, np.float64(1.5), np.array(1.5)], ids=repr)
@pytest.mark.parametrize(("f", "slope"), [(_doubled_copy, 3.0), (_stored_nowhere, 3.0)])
def test_arrays_made_of_numbers_have_tangents_of_their_own(
    f: Any, slope: float, x: Any, mode: Any
) -> None:
    assert np.ravel(jacobian(f, mode=mode)(x)).tolist() == [slope]  # 3x, and x² at 1.5


@pytest.mark.parametrize("outer", ["forward", "reverse"])
@pytest.mark.parametrize(
    "body",
    [
        lambda p: p[1:] - p[:-1],
        lambda p: np.roll(p, 1) * p,
        lambda p: np.tanh(np.arange(16.0).reshape(4, 4) / 10 @ p),
        lambda p: p[p > 0.5] ** 2,
        lambda p: p.reshape(2, 2).T @ p[:2],
        lambda p: sum(v * v for v in p),
    ],
)
def test_a_gradient_through_a_checkpoint_is_differentiated(body: Any, outer: Any) -> None:
    """What only looks at its argument does not write to it, whatever levels its tangents get."""
    x = np.array([1.0, 2.5, 0.3, 4.0])
    through = grad(lambda x: np.sum(checkpoint(body)(x) ** 3), mode="reverse")
    want = hessian(lambda x: np.sum(body(x) ** 3), mode="forward")(x)
    np.testing.assert_allclose(jacobian(through, mode=outer)(x), want, rtol=1e-12, atol=1e-12)
