"""Ufuncs: every one that NumPy lets us override, and all of their methods and options."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_ufuncs
from support.oracle import check, differences

from dualad import Dual, DualArray, hessian, jacobian, jvp, sparsity
from dualad.array.protocols import ARRAY_FUNCTIONS, is_question
from dualad.table import RULES

UFUNCS = sorted(
    {f for f in get_overridable_numpy_ufuncs() if any(t[0] in "fd" for t in f.types)},
    key=lambda f: str(f.__name__),
)
REFUSED = ["nextafter", "_arg", "_ones_like"]  # a step of rounding, and NumPy's own helpers
ANALYTIC = """add subtract multiply divide power exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin
arccos arctan sinh cosh tanh arcsinh arccosh arctanh sqrt square reciprocal negative positive""".split()  # noqa: SIM905
MATRIX = np.cos(np.arange(12.0)).reshape(3, 4) / 2 + 1.2


def supported(ufunc: Any) -> bool:
    rule = RULES.get(ufunc.__name__)
    return (
        ufunc in ARRAY_FUNCTIONS
        or is_question(ufunc)
        or (rule is not None and len(rule.args) == ufunc.nin)
    )


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_every_ufunc_is_supported_or_refused(ufunc: Any) -> None:
    if ufunc.__name__ in REFUSED:
        with pytest.raises(TypeError):
            ufunc(*[Dual(1.0, 1.0)] * ufunc.nin)
    else:
        assert supported(ufunc)


BINARY = [
    f
    for f in UFUNCS
    if f.nin == 2 and f.nout == 1 and f.signature is None and f.__name__ in RULES
    and RULES[f.__name__].kind != "flat" and f.__name__ not in ("ldexp", "heaviside")
]  # fmt: skip


@pytest.mark.parametrize("ufunc", BINARY, ids=lambda f: f.__name__)
def test_methods_of_binary_ufuncs(ufunc: Any) -> None:
    """Against complex steps where the function is analytic, else against differences."""
    # NumPy 2.4 on AVX-512 machines: power and arctan2 do not fold from the left along rows.
    folds = np.allclose(ufunc.reduce(MATRIX, axis=1), functools.reduce(ufunc, MATRIX.T))
    analytic = ufunc.__name__ in ANALYTIC
    second = RULES[ufunc.__name__].kind == "smooth" and RULES[ufunc.__name__].name != "pow"

    def run(f: Any) -> None:
        check(f, MATRIX, analytic=analytic, second=second, rtol=1e-10)

    y = MATRIX[::-1, ::-1] * 0.83 + 0.1
    run(lambda x: ufunc.accumulate(x[:, :2], axis=1))
    run(lambda x: ufunc.outer(x[0], y[1]))
    run(lambda x: ufunc.outer(y[0, :2], x))
    run(lambda x: ufunc.reduceat(x, [0, 2, 1], axis=0)[1:])
    if ufunc.__name__ != "divide" or ufunc.identity is not None:
        run(lambda x: ufunc.reduce(x))
        if folds:
            run(lambda x: ufunc.reduce(x, axis=1, keepdims=True))
        else:
            for keepdims in (False, True):  # a value that is none of this function's
                with pytest.raises(TypeError, match="does not fold from the left"):
                    ufunc.reduce(Dual(MATRIX, y), axis=1, keepdims=keepdims)
    for f in (
        lambda x: ufunc.accumulate(x, axis=1),
        lambda x: ufunc.accumulate(x),
        lambda x: ufunc.reduceat(x, [0, 2, 1]),
        lambda x: ufunc.outer(x[0], y[1]),
    ):
        value = f(Dual(MATRIX, y))
        assert np.array_equal(value.primal, f(MATRIX)) and value.dtype == f(MATRIX).dtype
    if ufunc.identity is not None or ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
        run(lambda x: ufunc.reduce(x, axis=None))
        run(lambda x: ufunc.reduce(x, axis=(0, 1)))
        run(lambda x: ufunc.reduce(x, axis=0, initial=0.9))
        mask = y > 1.2
        run(lambda x: ufunc.reduce(x, axis=0, initial=0.9, where=mask))


@pytest.mark.parametrize("ufunc", BINARY, ids=lambda f: f.__name__)
def test_slices_of_many_lengths(ufunc: Any) -> None:
    """Forward and backward, against differences; of falling indices NumPy takes the element."""
    x = np.random.default_rng(5).permutation(np.linspace(0.9, 1.5, 24))
    folds = np.allclose(ufunc.reduce(MATRIX, axis=1), functools.reduce(ufunc, MATRIX.T))
    each = [0, 1, 3, 2, 6, 10, 9, 15, 14]
    functions = [
        lambda x: ufunc.reduceat(x, [0, 12, 3, 15]),
        lambda x: ufunc.reduceat(x, each),
        lambda x: ufunc.reduceat(x.reshape(4, 6).T, [2, 0, 3, 1, 4], axis=-2),
        lambda x: ufunc.reduceat(x.reshape(2, 12), each[:6], axis=1),
        lambda x: ufunc.reduce(x.reshape(1, -1), axis=1, keepdims=True),
        lambda x: ufunc.reduce(x.reshape(8, 3), axis=-2),
    ]
    running = [
        ufunc.accumulate,
        lambda x: ufunc.accumulate(x[::-1]),
        lambda x: ufunc.accumulate(x.reshape(4, 6).T, axis=-1),
        lambda x: ufunc.accumulate(np.round(x, 1)),
    ]
    for f in (functions if folds else []) + running:
        forward, backward = (jacobian(f, mode=mode)(x) for mode in ("forward", "reverse"))
        np.testing.assert_allclose(backward, forward, rtol=1e-11, atol=1e-13)
        if f is not running[-1]:  # which stands still, and has ties
            steps = [differences(f, (x,), (e,))[0] for e in np.eye(24)]
            want = np.stack(steps, axis=-1)
            np.testing.assert_allclose(forward, want, rtol=1e-7, atol=1e-7)
    if ufunc is np.add:
        with pytest.raises(IndexError):
            jacobian(lambda x: ufunc.reduceat(x, [0, 24]))(x)


@pytest.mark.parametrize("ufunc", BINARY, ids=lambda f: f.__name__)
def test_at(ufunc: Any) -> None:
    """In place, repeated indices one after the other."""
    analytic = ufunc.__name__ in ANALYTIC

    def f(x: Any) -> Any:
        y = x * 1
        ufunc.at(y, (np.array([0, 2, 0]), 1), x[:, 3])
        ufunc.at(y, 1, 1.4)
        return y

    check(f, MATRIX, analytic=analytic, second=False, rtol=1e-10)


def test_at_of_one_argument_and_of_plain_arrays() -> None:
    def f(x: Any) -> Any:
        y = x * 1
        np.exp.at(y, np.array([0, 0, 2]))
        return y

    check(f, MATRIX / 3)
    with pytest.raises(TypeError, match=r"np\.add\.at would store duals in a plain array"):
        np.add.at(np.zeros(3), [0], Dual(1.0, 1.0))


@pytest.mark.parametrize("state", ["warn", "raise"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_places_that_where_leaves_out_are_not_told_of(ufunc: Any, mode: str, state: str) -> None:
    """Numbers beside the domain, and those in it that where chooses; and the other way round."""
    if not supported(ufunc) or ufunc.signature or ufunc.nout != 1 or is_question(ufunc):
        return
    x = np.array([0.0, -1.5, 1.0, 0.5, np.inf, -np.inf, np.nan, 800.0])
    others = [np.array([0.0, -1.0, 2.0, 0.0, np.inf, 0.5, 1.0, 400.0])] * (ufunc.nin - 1)
    if ufunc is np.ldexp:
        others = [np.arange(8)]
    for chosen in (np.array([False, False, True, True] + [False] * 4), np.ones(8, bool)):

        def f(x: Any, chosen: Any = chosen) -> Any:
            return ufunc(x, *others, out=np.zeros_like(x), where=chosen)

        def told(run: Any) -> tuple[Any, list[str]]:
            with warnings.catch_warnings(record=True) as seen, np.errstate(all=state):
                warnings.simplefilter("always")
                try:
                    value = run()
                except FloatingPointError as error:
                    return None, [str(error)]
            return value, [str(w.message) for w in seen]

        expected, plainly = told(lambda f=f: f(x))
        value, seen = told(lambda f=f: jacobian(f, mode=mode)(x))
        assert set(seen) == set(plainly)
        assert (value is None) is (expected is None)


def test_reductions_of_nothing_to_where_they_start() -> None:
    x, start = Dual(np.zeros((0, 2)), np.zeros((0, 2))), Dual(3.0, 2.0)
    for ufunc in (np.hypot, np.logaddexp):
        y = ufunc.reduce(x, axis=0, initial=start)
        assert y.primal.tolist() == [3, 3] and y.tangent.tolist() == [2, 2]


def test_reductions_of_nothing() -> None:
    x = Dual(np.zeros((0, 2)), np.zeros((3, 0, 2)))
    for ufunc, value in (
        (np.add, 0.0),
        (np.multiply, 1.0),
        (np.logaddexp, -np.inf),
        (np.hypot, 0.0),
    ):
        assert (
            np.broadcast_to(getattr(ufunc.reduce(x), "value", ufunc.reduce(x)), 2).tolist()
            == [value] * 2
        )
        assert getattr(ufunc.reduce(x, axis=None), "value", value) == value
    assert np.maximum.reduce(x, initial=3.0).tolist() == [3.0, 3.0]
    for ufunc in (np.maximum, np.subtract):
        with pytest.raises(ValueError, match=r"no identity|has no value; give initial="):
            ufunc.reduce(x)


def test_out_where_and_dtype() -> None:
    mask = MATRIX > 1.2

    def f(x: Any) -> Any:
        y = x * 2
        z = np.multiply(x, 3.0, out=y, where=mask)
        assert z is y
        np.exp(x[0], out=y[1])
        return y + np.add(x, 1, where=mask, out=x * 0.0) * np.sin(x)

    check(f, MATRIX)
    x = Dual(MATRIX, np.ones((2, 3, 4)))
    y = np.add(x, 1, dtype=np.float32)
    assert y.primal.dtype == y.tangent.dtype == np.float32
    quotient, rest = x * 0, x * 0
    assert np.divmod(x, 0.5, out=(quotient, rest))[1] is rest
    np.testing.assert_array_equal(rest.primal, np.divmod(MATRIX, 0.5)[1])
    fraction, whole = np.modf(x)
    assert type(whole) is np.ndarray and isinstance(fraction, DualArray)
    mantissa, exponent = np.frexp(x)
    np.testing.assert_array_equal(np.ldexp(mantissa, exponent).tangent, x.tangent)
    for call in (
        lambda: np.sin(x, out=np.zeros((3, 4))),
        lambda: np.add(x, 1, out=(np.zeros((3, 4)),)),
        lambda: np.add.reduce(x, out=np.zeros(4)),
        lambda: np.sum(x, axis=0, out=np.zeros(4)),
    ):
        with pytest.raises(
            TypeError, match=r"cannot hold derivatives; .*np\.zeros_like\(x\)|out= .*cannot hold"
        ):
            call()
    a = np.ones((3, 4))
    with pytest.raises(TypeError, match="cannot hold derivatives"):
        a += x
    b = a
    a = a + x
    assert type(b) is np.ndarray


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_fraction_of_infinity_stays_0(mode: Any) -> None:
    x = np.array([np.inf, 1.75, -np.inf])
    for point, slopes in ((x, np.diag([0.0, 1.0, 0.0])), (np.inf, 0.0), (-1.25, 1.0)):
        got = jacobian(lambda x: np.modf(x)[0], mode=mode)(point)
        np.testing.assert_array_equal(got, slopes)


def test_plain_answers() -> None:
    x = Dual(MATRIX, np.ones((3, 4)))
    for answer, expected in (
        (x > 1.2, MATRIX > 1.2),
        (np.less(1.2, x), MATRIX > 1.2),
        (np.isnan(x), np.isnan(MATRIX)),
        (np.logical_and(x, x > 1.5), MATRIX > 1.5),
        (np.logical_and.reduce(x > 1.2, axis=1), (MATRIX > 1.2).all(axis=1)),
        (np.greater.outer(x[0], x[1]), np.greater.outer(MATRIX[0], MATRIX[1])),
        (np.floor(x), np.floor(MATRIX)),
        (np.sign(x), np.sign(MATRIX)),
        (x // 0.5, MATRIX // 0.5),
        (np.spacing(x), np.spacing(MATRIX)),
        (np.signbit(-x), np.signbit(-MATRIX)),
        (np.rint(x), np.rint(MATRIX)),
        (x.astype(int), MATRIX.astype(int)),
    ):
        assert type(answer) is np.ndarray
        assert answer.dtype == expected.dtype
        np.testing.assert_array_equal(answer, expected)


def test_precision_and_kind() -> None:
    x = Dual(MATRIX.astype(np.float32), np.ones((2, 3, 4), np.float32))
    for y in (
        x * 2.0,
        x * np.float32(2),
        np.exp(x) + 1,
        x**2,
        x / 3,
        np.maximum(x, 1.0),
        np.hypot(x, 2),
    ):
        assert y.primal.dtype == y.tangent.dtype == np.float32
    assert (x * np.float64(2)).tangent.dtype == np.float64
    assert (x + 1j).tangent.dtype.kind == "c" or (x + 1j).primal.dtype == np.complex64
    z = Dual(MATRIX + 1j, np.ones((3, 4)) + 0j)
    np.testing.assert_allclose(
        np.exp(z * z).tangent, 2 * z.primal * np.exp(z.primal**2), rtol=1e-14
    )
    np.testing.assert_allclose(np.abs(z).tangent, MATRIX / np.abs(z.primal), rtol=1e-14)
    np.testing.assert_allclose(np.angle(z).tangent, -1 / np.abs(z.primal) ** 2, rtol=1e-14)
    assert np.conj(z * 1j).tangent[0, 0] == -1j
    assert (Dual(np.arange(3), np.ones(3)) * 2).primal.dtype == float


def test_zero_tangents_and_infinite_slopes_in_arrays() -> None:
    x = Dual(np.array([0.0, 4.0]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert np.sqrt(x).tangent.tolist() == [[0.0, 0.25], [np.inf, 0.0]]
    assert np.sqrt(x * 0).tangent.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    y = np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0)
    assert y.tangent.tolist() == [[0.0, 0.25], [0.0, 0.0]]
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        y = np.where(x > 0, np.log(x), 0.0)
    assert y.tangent.tolist() == [[0.0, 0.25], [0.0, 0.0]]
    assert (x**0).tangent.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert np.hypot(x, x * 0).tangent[1].tolist() == [0.0, 0.0]
    assert np.maximum(x, x[::-1]).tangent.tolist() == [[1.0, 1.0], [0.0, 0.0]]
    inf = Dual(np.array([np.inf, 1.0]), np.array([1.0, 1.0]))
    assert (inf * np.array([0.5, 0.0])).tangent.tolist() == [0.5, 0.0]


def test_lists_are_operands_of_arrays() -> None:
    x = Dual(np.array([1.0, 2.0, 3.0]), np.eye(3))
    w = np.array([2.0, 5.0, -1.0])
    for given in (list(w), tuple(w)):
        for y in (x * given, given * x, np.multiply(x, given), np.multiply(given, x)):
            np.testing.assert_array_equal(y.primal, x.primal * w)
            np.testing.assert_array_equal(y.tangent, np.diag(w))
        for y in (x @ given, given @ x):
            assert y.primal == 9.0
            np.testing.assert_array_equal(y.tangent, w)
        np.testing.assert_array_equal(x > given, x.primal > w)
        np.testing.assert_array_equal((x**given).tangent, np.diag(w * x.primal ** (w - 1)))
    y = x * [x[0], 2, x[1]]
    np.testing.assert_array_equal(y.tangent, [[2, 0, 0], [0, 2, 3], [0, 0, 2]])
    for wrong in (None, "text", {}, object()):
        with pytest.raises(TypeError):
            x * wrong


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("ufunc", [np.add, np.subtract])
def test_many_elements_are_added_up_in_places(ufunc: Any, mode: Any) -> None:
    places = np.random.default_rng(0).integers(0, 6, 40).reshape(8, 5)

    def f(w: Any) -> Any:
        d = w[:2, :3] * w[2:4, :3]
        ufunc.at(d, np.unravel_index(places, (2, 3)), w**2)
        ufunc.at(d, 1, 0.5)
        return d

    w = np.random.default_rng(1).normal(size=(8, 5))
    assert (f(Dual(w, w)).primal == f(w)).all()
    found = jacobian(f, mode=mode)(w)
    for i in np.ndindex(w.shape):
        step = np.zeros((8, 5), complex)
        step[i] = 1e-30j
        assert np.allclose(found[:, :, *i], f(w + step).imag / 1e-30, 1e-13, 1e-15)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_other_ufuncs_at_places_take_turns(mode: Any) -> None:
    """Each place sees its own elements in their order."""
    places = np.array([2, 0, 2, 2, 1, 0])

    def f(w: Any) -> Any:
        d = w[:3].copy()
        np.power.at(d, places, w)
        np.multiply.at(d, places[::-1], w)
        return d

    def one_by_one(w: Any) -> Any:
        d = w[:3].copy()
        for i, x in zip(places, w, strict=True):
            d[i] = d[i] ** x
        for i, x in zip(places[::-1], w, strict=True):
            d[i] = d[i] * x
        return d

    w = np.array([1.1, 1.4, 0.8, 1.9, 0.6, 1.3])
    assert (f(Dual(w, w)).primal == f(w)).all()
    found = jacobian(f, mode=mode)(w)
    for i in range(6):
        step = np.zeros(6, complex)
        step[i] = 1e-30j
        assert np.allclose(found[:, i], one_by_one(w + step).imag / 1e-30, 1e-13, 0)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    ("ufunc", "power"), [(np.logaddexp, np.exp), (np.logaddexp2, np.exp2)], ids=["e", "2"]
)
def test_logarithms_of_sums(ufunc: Any, power: Any, mode: Any) -> None:
    a = np.random.default_rng(2).normal(size=(4, 7)) * 30
    a[0, 2] = -np.inf
    share = power(a - ufunc.reduce(a, axis=0))
    found = jacobian(lambda a: ufunc.reduce(a, axis=0), mode=mode)(a)
    assert np.allclose(found, np.eye(7)[:, None, :] * share, 1e-12, 0)
    total = jacobian(lambda a: ufunc.reduce(a, axis=None, initial=3.0), mode=mode)(a)
    assert np.allclose(total, power(a - ufunc.reduce(a, axis=None, initial=3.0)), 1e-12, 0)
    each = ufunc.accumulate(a[1])
    found = jacobian(ufunc.accumulate, mode=mode)(a[1])
    assert np.allclose(found, np.tril(power(a[1] - each[:, None])), 1e-12, 0)
    assert (ufunc.accumulate(Dual(a, a), axis=1).primal == ufunc.accumulate(a, axis=1)).all()
    none = np.full(2, -np.inf)
    assert ufunc.reduce(Dual(none, none)).primal == -np.inf


def test_second_derivatives_of_methods() -> None:
    a = np.array([0.3, -1.0, 2.0])
    p = np.exp(a) / np.exp(a).sum()
    wanted = np.diag(p) - np.outer(p, p)
    assert np.allclose(hessian(np.logaddexp.reduce)(a), wanted, 1e-13, 1e-16)
    assert np.allclose(hessian(lambda a: np.logaddexp.accumulate(a)[-1])(a), wanted, 1e-13, 1e-15)

    def cubes(a: Any) -> Any:
        d = 0 * a
        np.subtract.at(d, [0, 1, 1], a)
        return np.sum(d**3)

    b = a[1] + a[2]
    wanted = -6 * np.array([[a[0], 0, 0], [0, b, b], [0, b, b]])
    assert np.allclose(hessian(cubes)(a), wanted, 1e-14, 0)
    assert (sparsity(lambda a: cubes(a) * a)(a).toarray()).all()


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum])
@pytest.mark.parametrize(
    "indices",
    [
        3,
        slice(2, 4),
        [5, 1],
        np.array([-1, 3, 3]),
        np.array([[0, 7], [7, 0]]),
        (np.array([0, 2, -1, 0]), np.array([1, 1, 1, 1])),
        (np.array([2, 2]), 1),
        (np.array([[0], [1]]), np.array([0, -1])),
        np.array([], int),
        np.arange(24) == 5,
    ],
)
def test_few_elements_of_many(ufunc: Any, indices: Any, mode: Any) -> None:
    """These alone are touched, in the order of the indices, repeated ones too."""

    def f(x: Any) -> Any:
        y = (x * 1.5).reshape(8, 3) if isinstance(indices, tuple) else x * 1.5
        ufunc.at(y, indices, x[2] ** 2)
        y[0] = y[0] * 2
        return y.ravel()

    x = np.linspace(0.5, 3.0, 24)
    value, slopes = jvp(f, (x,), (np.ones(24),))
    np.testing.assert_array_equal(value, f(x))
    wanted = np.stack([(f(x + h) - f(x - h)) * 2**19 for h in np.eye(24) * 2**-20], axis=1)
    np.testing.assert_allclose(jacobian(f, mode=mode)(x), wanted, atol=1e-6)
    np.testing.assert_allclose(slopes, wanted.sum(1), atol=1e-5)


def test_indices_that_are_not_there() -> None:
    for wrong in (np.array([24]), np.array([-25]), (np.array([0]),) * 2):
        with pytest.raises(IndexError):
            np.add.at(Dual(np.ones(24), np.ones(24)), wrong, 1.0)


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_complex_numbers_are_selected_as_numpy_orders_them(ufunc: Any) -> None:
    z = np.array([1 + 2j, 3 - 1j, 2 + 2j, -1 + 0j])
    w = np.array([1 + 3j, 4 - 2j, 2 + 2j, 0 + 5j])
    y, slope = jvp(ufunc, (z, w), (np.full(4, 1j), np.full(4, 3.0)))
    first = ufunc(z, w) == z
    np.testing.assert_array_equal(y, ufunc(z, w))
    np.testing.assert_array_equal(slope, np.where(z == w, 1.5 + 0.5j, np.where(first, 1j, 3)))


@pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_sums_of_infinite_exponents_keep_their_axes(f: Any, axis: Any) -> None:
    a = np.array([[1.0, np.inf, 2.0], [-np.inf, 0.5, 3.0]])
    x = Dual(a, np.ones((2, 3)))
    kept, left = (f.reduce(x, axis=axis, keepdims=keep) for keep in (True, False))
    np.testing.assert_array_equal(kept.primal, f.reduce(a, axis=axis, keepdims=True))
    assert kept.tangent.shape == kept.primal.shape
    np.testing.assert_array_equal(np.ravel(kept.tangent), np.ravel(left.tangent))
