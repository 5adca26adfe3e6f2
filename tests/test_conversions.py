"""Arrays made of duals: by NumPy itself, in lifted code, and by code that reads memory.

What NumPy makes of duals is an array of objects, which is right in most places; in lifted code it is a
DualArray. Right values are analytic.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from support.both import PACKAGES, bits

from dualad import (
    Dual,
    DualArray,
    derivative,
    grad,
    jacobian,
    jvp,
    kernel_info,
    lift,
    value_and_grad,
    vjp,
)
from dualad.array.operands import as_operand
from dualad.kernel import KERNEL
from dualad.pair import dual

X = np.array([0.3, 0.7])
T = np.array([3.0, 1.0, 2.0])


# -- lifted code: no arrays of objects --------------------------------------------------------

LIFTED: list[tuple[str, Callable[..., Any], Any, Any]] = [
    ("asarray.imag", lambda v: np.sum(np.exp(1j * np.asarray(v)).imag), X, np.cos(X)),
    ("require.imag", lambda v: np.sum(np.exp(1j * np.require(v)).imag), X, np.cos(X)),
    ("require F", lambda v: np.require([v, v], float, "FO")[1].sum(), X, [1, 1]),
    ("chkfinite.imag", lambda v: np.sum(np.exp(1j * np.asarray_chkfinite(v)).imag), X, np.cos(X)),
    ("chkfinite of a list", lambda t: np.asarray_chkfinite([t, 2.0]).imag.sum() + t, 2.0, 1),
    ("array.imag", lambda t: np.sum(np.array([t + 1j * t, t * t * 1j]).imag), 0.3, 1.6),
    ("det", lambda t: np.linalg.det(np.array([[t, 0.7], [0.7, 2.0]])), 0.5, 2),
    ("det of lists", lambda t: np.linalg.det([[t, 0.7], [0.7, 2.0]]), 0.5, 2),
    ("fft of a list", lambda t: np.fft.fft([t, 2 * t, 1.0])[0].real, 0.5, 3),
    ("exp", lambda t: np.exp(np.array([t, 1.0])).sum(), 0.5, np.exp(0.5)),
    (
        "imag of a list",
        lambda t: np.sum(np.imag([1 / (1 + 1j * k * t) for k in (1.0, 2.0, 3.0)])),
        0.5,
        sum(-k * (1 - (k / 2) ** 2) / (1 + (k / 2) ** 2) ** 2 for k in (1.0, 2.0, 3.0)),
    ),
    ("real of a list", lambda t: np.sum(np.real([1j * t * t, t])), 0.5, 1),
    ("mean of a list", lambda v: np.mean([t * t for t in v]), T, 2 * T / 3),
    ("sum of a tuple", lambda t: np.sum((t, t * t)), 3.0, 7),
    ("max of a list", lambda t: np.max([t, 1.0]), 3.0, 1),
    ("stack of lists", lambda t: np.stack([[t, 1.0], [2.0, t]]).imag.sum() + t, 3.0, 1),
    ("concatenate of lists", lambda t: np.concatenate(([t], [1.0, t * t])).sum(), 3.0, 7),
    ("diag of a list", lambda t: np.diag([t, t * t])[1, 1], 3.0, 6),
    ("list by keyword", lambda t: np.mean(a=[t, t * t]), 3.0, 3.5),
    ("dot with a buffer", lambda t: np.dot(np.ones(2), [t, t * t]), 3.0, 7),
    ("list with a buffer", lambda t: np.interp(1.0, np.arange(2.0), [0.0, t * t]), 3.0, 6),
    ("maximum", lambda t: np.maximum(np.array([t, 2 * t]), 1.5).sum(), 1.0, 2),
    ("as_strided", lambda v: as_strided(v[2:], (2,), (-8,))[1], T, [0, 1, 0]),
    (
        "as_strided by its module",
        lambda v: (np.lib.stride_tricks.as_strided(v, (2, 2), (8, 8)) @ [1.0, 10.0]).sum(),
        T,
        [1, 11, 10],
    ),
    ("windows", lambda v: sliding_window_view(v, 2)[1].sum(), T, [0, 1, 1]),
    ("windows of a list", lambda t: sliding_window_view([t, 2 * t, 1.0], 2)[0].sum(), 3.0, 3),
]


@pytest.mark.parametrize("f, x, expected", [c[1:] for c in LIFTED], ids=[c[0] for c in LIFTED])
def test_lifted(f: Any, x: Any, expected: Any) -> None:
    y, slope = value_and_grad(f, lift=True)(x)
    np.testing.assert_allclose(slope, expected, rtol=1e-13)
    plain = f(np.array(x) if np.ndim(x) else x)
    assert np.shape(y) == np.shape(plain)
    np.testing.assert_allclose(y, plain, rtol=1e-14)


def test_lifted_values_are_those_of_floats() -> None:
    """NumPy compares and adds objects one by one; nan and negative bases then go other ways."""
    value, slope = value_and_grad(lambda t: np.max(np.array([t, np.nan, 1.0])), lift=True)(2.0)
    assert np.isnan(value) and (np.isnan(slope) or slope == 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, slope = value_and_grad(
            lambda t: abs(np.nansum(np.array([t, -8.0]) ** (1 / 3))), lift=True
        )(2.0)
    np.testing.assert_allclose([value, slope], [2 ** (1 / 3), 2 ** (-2 / 3) / 3], rtol=1e-14)


def test_lifted_conversions_keep_their_errors() -> None:
    with pytest.raises(ValueError, match="must not contain infs or NaNs"):
        derivative(lambda t: np.asarray_chkfinite([t, np.inf])[0], lift=True)(2.0)
    with pytest.raises(ValueError, match="must not contain infs or NaNs"):
        lift(lambda: np.asarray_chkfinite([np.inf]))()
    assert derivative(lambda t: np.require([t, 1.0], int)[0] * t, lift=True)(2.5) == 2.0


# -- memory -------------------------------------------------------------------------------------


def test_strided_views_are_views() -> None:
    @lift
    def f(v: Any) -> Any:
        w = v * 1.0
        as_strided(w[1:], (2,), (-8,))[1] = 5.0 * v[2]
        return w

    np.testing.assert_array_equal(jacobian(f)(T), [[0, 0, 5], [0, 1, 0], [0, 0, 1]])


def test_strided_views_stay_within_the_array() -> None:
    strided = lift(lambda v, *args: as_strided(v, *args))
    base = Dual(np.arange(6.0), np.arange(6.0) * 2)
    y = strided(base[2:], (3, 2), (8, -16))
    np.testing.assert_array_equal(y.primal, [[2, 0], [3, 1], [4, 2]])
    np.testing.assert_array_equal(y.tangent, 2 * y.primal)
    assert strided(base, (0,), (8,)).shape == (0,)
    many = Dual(np.arange(6.0), np.stack([np.arange(6.0), np.arange(6.0) ** 2]))
    np.testing.assert_array_equal(strided(many[3:], (2,), (-24,)).tangent, [[3.0, 0.0], [9.0, 0.0]])
    for shape, strides in (((7,), (8,)), ((2,), (-24,)), ((2,), (4000,))):
        with pytest.raises(ValueError, match="reads beyond the memory of an array of shape"):
            strided(base[2:] if strides == (-24,) else base, shape, strides)
    for shape, strides in (((7,), (8,)), ((2,), (48,))):  # the next direction lies there
        with pytest.raises(ValueError, match="reads beyond"):
            strided(many, shape, strides)
    turned = Dual(np.asfortranarray(np.ones((2, 3))), np.ones((2, 3)))
    assert strided(turned, (2,), (8,)).shape == (2,)  # laid out alike
    lone = np.arange(6.0)[3:]
    own = Dual(lone, lone)  # a copy: nothing is beside it
    with pytest.raises(ValueError, match="reads beyond"):
        strided(own, (3,), (-8,))


READS = "reads memory, in which a dual does not lie as a float; write x\\[i\\]"


@pytest.mark.filterwarnings("ignore:Calling _toeplitz with arguments of dtype=object")
@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
def test_code_that_reads_memory_is_refused(package: Any) -> None:
    for x in (package.Dual(T, T), [package.Dual(1.0, 1.0), 2.0], package.Dual(T[0], T[1])):
        with pytest.raises(TypeError, match=f"as_strided {READS}"):
            as_strided(x, (3,), (-8,))
    linalg = pytest.importorskip("scipy.linalg")
    distance = pytest.importorskip("scipy.spatial.distance")
    with pytest.raises(TypeError, match=f"as_strided {READS}"):
        package.jacobian(linalg.circulant, lift=False)(T)
    for f in (lambda v: distance.squareform(v), lambda v: distance.squareform(list(v))):
        with pytest.raises(TypeError, match=f"squareform {READS}"):
            package.jacobian(f, lift=False)(T)
    lifted = [linalg.circulant, distance.squareform] if package is PACKAGES[0] else []
    for f in (linalg.toeplitz, linalg.hankel, *lifted):
        y = package.jacobian(f, lift=f in lifted)(T)
        steps = [(f(T + d) - f(T - d)) / 2e-6 for d in 1e-6 * np.eye(3)]
        np.testing.assert_allclose(y, np.stack(steps, -1), atol=1e-8)


def test_a_conversion_that_cannot_be_without_a_copy() -> None:
    with pytest.raises(ValueError, match="omit copy=False"):
        np.array(Dual(T, T), copy=False)


# -- arrays of objects ----------------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
@pytest.mark.parametrize(
    "make",
    [
        lambda x: np.array([x, 1.0]),
        lambda x: np.asarray(x),
        lambda x: np.asarray(x * np.ones(2)),
        lambda x: np.array([[x * 1.0], [x]], dtype=object),
        lambda x: np.full(2, x),
        lambda x: np.require(x * np.ones(2)),
    ],
)
def test_drivers_hear_of_objects(package: Any, make: Any) -> None:
    heard: list[bool] = []

    def f(x: Any) -> Any:
        y = make(x).reshape(-1)[0] * x
        heard.append(len(package.differentiations.NOTED) > 0)
        return y

    package.derivative(f, lift=False)(2.0)
    assert heard[0]


@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_objects_lose_is_refused() -> None:
    with pytest.raises(TypeError):
        grad(lambda v: np.max(np.array([v[0], np.nan, 1.0])), lift=False)(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: np.sum(np.exp(1j * np.asarray(v)).imag),
        lambda v: np.sum(np.array([v[0] + 1j * v[1], v[0] * v[1] * 1j]).imag),
        lambda v: np.sum(np.imag([1 / (1 + 1j * k * v[0]) for k in (1.0, 2.0)])),
    ],
)
def test_imaginary_parts_of_objects(f: Any) -> None:
    """They are zero before NumPy 2.5, whatever the objects are: that is refused."""
    if np.array([1j], object).imag[0] == 1:
        steps = [(f(X + d) - f(X - d)) / 2e-6 for d in 1e-6 * np.eye(len(X))]
        np.testing.assert_allclose(grad(f, lift=False)(X), steps, atol=1e-8)
    else:
        with pytest.raises(TypeError):
            grad(f, lift=False)(X)


def test_what_is_right_through_objects_stays() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    np.testing.assert_allclose(grad(optimize.rosen)(np.array([3.0, 5.0])), [4804.0, -800.0])
    assert derivative(lambda t: np.array([t, 1.0]).sum(), lift=False)(2.0) == 1.0
    assert derivative(lambda t: np.asarray(t * np.ones(2))[1], lift=False)(2.0) == 1.0


def test_objects_that_are_floats_come_out_as_floats() -> None:
    f = lambda t: np.maximum(np.array([t, 2 * t]), 9.0)  # noqa: E731
    y, slope = jvp(f, (1.0,), (1.0,))
    assert y.dtype == float and type(y) is np.ndarray
    np.testing.assert_array_equal(y, [9.0, 9.0])
    np.testing.assert_array_equal(slope, [0.0, 0.0])
    np.testing.assert_array_equal(derivative(f)(5.0), [0.0, 2.0])


# -- numbers where arrays go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.tensordot(T, t, axes=0),
        lambda t: np.tensordot(t, T, 0),
        lambda t: np.kron(t, T),
        lambda t: np.outer(t, T)[0],
        lambda t: np.dot(t, T),
        lambda t: np.inner(T, t),
        lambda t: np.multiply.outer(t, T),
    ],
)
def test_products_with_a_number(f: Any) -> None:
    y, slope = jvp(f, (2.0,), (1.0,))
    np.testing.assert_array_equal(y, f(2.0))
    np.testing.assert_array_equal(slope, T)


# -- subclasses of ndarray ----------------------------------------------------------------------------


def test_memmap(tmp_path: Any) -> None:
    m = np.memmap(tmp_path / "x", float, "w+", shape=(3,))
    m[:] = [2.0, 5.0, 1.0]
    np.testing.assert_allclose(jacobian(np.mean)(m), [1 / 3] * 3)
    np.testing.assert_allclose(grad(lambda v: np.sum(v * m))(T), m)


class Metres(np.ndarray):
    """An array whose ufuncs know that it has a unit."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(x) * 1000 if isinstance(x, Metres) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)


NOT_PLAIN = "duals do not go with {} arrays, which calculate in a way of their own; take the plain"


class Counted(np.ndarray):
    """An array whose sums, but not its products, are its own."""

    def __add__(self, other: Any) -> Any:
        return np.asarray(self) + other + 1.0


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_arrays_with_an_algebra_of_their_own() -> None:
    masked, matrix = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), np.matrix(np.eye(3))
    metres = T.view(Metres)
    for f in (lambda v: np.multiply(v, masked), lambda v: np.dot(v, masked)):
        with pytest.raises(TypeError, match=NOT_PLAIN.format("MaskedArray")):
            jacobian(f)(T)
    for f in (lambda v: np.multiply(v, matrix), lambda v: np.vdot(matrix, v), lambda v: v @ matrix):
        with pytest.raises(TypeError, match=NOT_PLAIN.format("matrix")):
            jacobian(f)(T)
    for f in (lambda v: matrix * v, lambda v: v * matrix, lambda v: 2 * v + matrix):
        with pytest.raises(TypeError, match=r"unsupported operand|duals do not go with"):
            jacobian(f)(T)
    for f in (
        lambda v: np.dot(v, metres),
        lambda v: v * metres,
        lambda v: np.hypot(v[0], metres),
    ):
        with pytest.raises(TypeError, match=NOT_PLAIN.format("Metres")):
            jacobian(f)(T)
    np.testing.assert_array_equal(jacobian(lambda v: metres * v)(T), np.diag(1000 * T))  # its own
    for f in (lambda v: v * masked, lambda v: masked * v):
        np.testing.assert_array_equal(grad(lambda v, f=f: np.sum(f(v)))(T), [1.0, 0.0, 3.0])
    counted = T.view(Counted)
    for f in (lambda v: v * counted, lambda v: np.sum(v * counted), lambda v: counted * v):
        with pytest.raises(TypeError, match=NOT_PLAIN.format("Counted")):
            jacobian(f)(T)
    for x in (masked, matrix, metres):
        with pytest.raises(TypeError, match=f"grad differentiates .* got {type(x).__name__}"):
            grad(np.sum)(x)
        with pytest.raises(TypeError, match="a Dual is made of numbers or NumPy arrays"):
            Dual(x, x)


def test_records() -> None:
    records = np.array([(1.0, 2.0)], dtype=[("a", float), ("b", float)])
    for x in (records, np.rec.array(records), np.array(["2020"], "M8[D]")):
        with pytest.raises(
            TypeError, match="grad differentiates with respect to arrays of numbers"
        ):
            grad(lambda v: v["a"][0] ** 2)(x)
    y = jacobian(lambda t: t * np.rec.array(records).a)(3.0)
    np.testing.assert_array_equal(y, [1.0])


def test_series() -> None:
    pd = pytest.importorskip("pandas")
    s = pd.Series([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=r"grad differentiates .* got Series"):
        grad(lambda v: (v * v).sum())(s)
    np.testing.assert_array_equal(grad(lambda v: v @ s)(T), s)
    np.testing.assert_array_equal(grad(lambda t: (t * s.to_numpy()).sum())(2.0), 6.0)
    with pytest.raises(TypeError):
        grad(lambda t: (t * s).sum())(2.0)


def _frame() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(
        {"a": [1.0, 2.0, 3.0], "b": [0.5, 0.2, 0.1], "d": [1.0, 2.0, 0.0]}, index=[10, 20, 30]
    )


# What pandas gives of a number x and a frame, or an array x of three: right, or an error that says
# what to write.
WITH_COLUMNS = """
    df.a*x; x*df.a; df.a+x; x-df.a; df.a/x; x/df.a; df.a**x; x**df.a; np.exp(x)*df.a; df.a*np.exp(x)
    np.exp(df.a*x); np.add(df.a, x); np.multiply(x, df.a); np.maximum(df.a, x); df.a.mul(x); df*x; x*df
    (df.a*x).sum(); (df.a*x + df.b).sum(); np.sum(x*df.a); df.a.where(df.a > 1, x); df.a.clip(upper=x)
    pd.Series(x)*2
    df.assign(c=x).c*df.a; (df.a*x).cumsum(); (df.a*x).rolling(2).mean().sum(); abs(df.a*x)
    (df.a*x).groupby([0, 0, 1]).sum(); pd.array([1.0, 2.0, 3.0])*x
    df.index*x; x*df.a.to_numpy(); df.a.values*x; df.a.iloc[0]*x; x*df.a.iloc[0]; df.a.sum()*x
    sum(v*x for v in df.a); sum(r['a']*x for _, r in df.iterrows()); np.where(df.a > 1, x, df.a)
    np.interp(x, df.a, df.b); (x < df.a).sum()*x; np.cumsum(x*df.a.to_numpy())
    sum(x*r.a - r.b for r in df.itertuples())
"""
WITH_NUMBERS = """
    df.a.apply(lambda v: v*x); df.apply(lambda r: r.a*x, axis=1); pd.Series([x, x])*2
    pd.DataFrame({'c': [x, x]})*2
"""
WITH_ARRAYS = """
    x @ df.a; df.a @ x; np.dot(x, df.a); x.dot(df.a); df.to_numpy().T @ x; df.T.dot(x); df.T @ x
    x[0]*df.a + x[1]; ((x[0]*np.exp(-x[1]*df.a) - df.b)**2).sum(); np.sum((df.b - x[0]*df.a)**2)
    ((x[0]*np.exp(-x[1]*df.a.to_numpy()) - df.b.to_numpy())**2).sum(); x[df.a.to_numpy() > 1]
    np.concatenate([x, df.a]); np.stack([df.a, x]); (df.a - x < 0).sum()*x[0]; np.array([df.a, x])
    np.trapezoid(x, df.a); np.polyval(x, df.a)
"""
SAYS = "to_numpy"


@pytest.mark.parametrize("way", ["lifted", "plain", "reverse"])
@pytest.mark.parametrize("at", [1.3, np.array([1.3, 0.7, 0.4])], ids=["number", "array"])
def test_columns_are_right_or_say_what_to_write(way: str, at: Any) -> None:
    pd = pytest.importorskip("pandas")
    names = {"pd": pd, "np": np, "df": _frame()}
    given = WITH_COLUMNS + (WITH_ARRAYS if np.ndim(at) else WITH_NUMBERS)
    texts = re.split("[;\n]+", given.strip())
    options: dict[str, Any] = {"lift": None if way == "lifted" else False}
    if way == "reverse":
        options = {"mode": "reverse"}
    right = 0
    for text in filter(None, map(str.strip, texts)):
        f = eval(f"lambda x: {text}", names)
        ys = [np.asarray(f(at + h), float) for h in (0.0, 1e-6, -1e-6)]
        try:
            slopes = jacobian(f, **options)(at)
        except Exception as error:
            said = str(error) + "".join(getattr(error, "__notes__", []))
            assert re.search(SAYS, said), f"{text}: {said}"
            continue
        right += 1
        slopes = np.sum(slopes, -1) if np.ndim(at) else slopes
        np.testing.assert_allclose(slopes, (ys[1] - ys[2]) / 2e-6, 1e-5, 1e-8, err_msg=text)
    assert right >= 12


# Sums and the like of numbers x that pandas and matrices hold as objects, which NumPy rounds in
# another order than those of floats.
OF_OBJECTS = """
    s.apply(lambda v: v*x).sum(); s.apply(lambda v: v*x).cumsum().iloc[-1]; s.apply(lambda v: v*x).prod()
    frame.apply(lambda r: r['a']*x + r['b'], axis=1).sum(); frame.assign(c=[v*x for v in s]).c.sum()
    (frame.assign(c=x).c*s).sum(); frame.assign(c=[v*x for v in s]).groupby('k').c.sum().iloc[0]
    pd.Series([x, x*x, 2.0]).sum(); pd.Series([x, x*x, 2.0]).max(); pd.Series([x, x*x, 2.0])[1]
    pd.Series([x, x*x]).dot(pd.Series([1.0, 2.0])); np.sum(pd.Series([x, x*x])); s.map(lambda v: v*x).values.sum()
    (lambda M: (M*M*M).sum())(np.matrix([[x*v for v in row] for row in A])); np.matrix([[x, 2.0]]).mean()
"""


@pytest.mark.parametrize("package", PACKAGES, ids=["compiled", "readable"])
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_sums_of_objects_are_those_of_the_plain_run(package: ModuleType) -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=1000), "b": rng.normal(size=1000)})
    frame["k"] = [i % 3 for i in range(1000)]
    names = {
        "pd": pd,
        "np": np,
        "frame": frame,
        "s": frame.a,
        "A": rng.normal(size=(4, 4)).tolist(),
    }
    for text in filter(None, map(str.strip, re.split("[;\n]+", OF_OBJECTS))):
        f, twice = (eval(f"lambda x: {y}", names) for y in (text, f"({text}, {text})"))
        for x in (0.7, np.float64(0.9)):  # when it is looked into, and when that has been done
            plain = f(x)
            _, slope = package.jvp(f, (x,), (1.0,))
            values = [
                package.value_and_grad(f)(x)[0],
                package.value_and_grad(f, mode="reverse")(x)[0],
                package.value_and_grad(twice, has_aux=True)(x)[0][1],
                package.jvp(f, (x,), (1.0,))[0],
                package.vjp(f, x)[0],
            ]
            assert {(type(v), v) for v in values} == {(type(plain), plain)}, (text, values)
            assert slope == pytest.approx((f(x + 1e-6) - f(x - 1e-6)) / 2e-6, rel=1e-6, abs=1e-9)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_errors_of_objects_say_what_to_write() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    of_eval = []
    if KERNEL is not None:  # without it lifted code calls from a frame where pandas finds no x
        of_eval.append((lambda x, frame=frame: frame.eval("a*@x+b").sum(), "to_numpy"))
    for f, says in (
        (lambda x: pd.Series([x, x * x]).ewm(alpha=0.3).mean().iloc[-1], "to_numpy"),
        (lambda x: pd.Series([x, x * x]).rolling(2).mean().iloc[-1], "to_numpy"),
        (lambda x: pd.Series([x, x * x]).std(), "to_numpy"),
        *of_eval,
        (lambda x: np.matrix([[x, 1.0], [2.0, 3.0]]).I.sum(), r"np.linalg.inv\(a\) for its a.I"),
        (
            lambda x: np.linalg.det(np.matrix([[x, 1.0], [2.0, 3.0]])),
            r"not by np.matrix",
        ),
    ):
        for options in ({}, {"lift": False}, {"mode": "reverse"}):
            with pytest.raises(Exception, match=r".") as raised:
                grad(f, **options)(0.7)
            assert re.search(says, "".join(raised.value.__notes__)), raised.value


def test_units() -> None:
    u = pytest.importorskip("astropy.units")
    for f in (lambda x: (3.0 * u.km * x).to(u.m).value, lambda x: (5 * u.km / x).to_value(u.m)):
        with pytest.raises(TypeError, match=NOT_PLAIN.format("Quantity")):
            derivative(f)(2.0)


# -- sets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize(
    "first", [np.array([], int), np.array([5, 7]), np.array([5.0, 0.5]), [1, 2], []]
)
def test_sets(first: Any, unique: bool) -> None:
    a = np.array([5.0, -1.0, 2.0, 0.0]) if unique else np.array([5.0, -1.0, -1.0, 0.0, 0.0])
    x = Dual(a, a * 10)
    for f in (np.setxor1d, np.intersect1d, np.setdiff1d):
        for one, other, plain in ((first, x, (first, a)), (x, first, (a, first))):
            y = f(one, other, assume_unique=unique)
            expected = f(*plain, assume_unique=unique)
            primal = getattr(y, "primal", y)
            np.testing.assert_array_equal(primal, expected)
            assert primal.dtype == expected.dtype
    odd = np.array([5.0, -1.0, -1.0, 0.0, 0.0])  # not unique, whatever is assumed
    y = np.setxor1d(np.array([], int), Dual(odd, odd * 10), assume_unique=True)
    np.testing.assert_array_equal(y.primal, [5.0])
    np.testing.assert_array_equal(y.tangent, [50.0])
    assert isinstance(np.union1d(first, x), DualArray)


@pytest.mark.skipif(not kernel_info().in_use, reason="numbers have elements in the kernel only")
def test_a_number_of_numpy_is_read_by_a_mask() -> None:
    def f(x: Any) -> Any:
        r = np.sqrt(x * x + 9.0)
        bad, out = np.isclose(r, 0.0), np.empty_like(r)
        out[~bad] = 2.0 * r[~bad] + r[np.array(True)][0] + r[..., None][0]
        return out[()]

    assert bits(value_and_grad(f)(np.float64(4.0))[0]) == bits(f(np.float64(4.0)))
    assert grad(f)(np.float64(4.0)) == pytest.approx(4 * 4 / 5, rel=1e-15)


@pytest.mark.parametrize(
    "parts",
    [
        [Dual(1.0, 2.0), 3.0, np.float64(4.0)],
        [Dual(1.0, np.array([2.0, 5.0])), Dual(0.5, np.array([0.0, -1.0]))],
        [dual(Dual(1.0, 2.0), 3.0, 5 << 80), Dual(4.0, 5.0), 6.0],
        [dual(1.0, 3.0, 5 << 80), Dual(4.0, 5.0)],
    ],
)
def test_lists_of_numbers_become_what_is_stacked(parts: list[Any]) -> None:
    found, expected = as_operand(parts), np.stack([np.multiply(1.0, x) for x in parts])
    while isinstance(expected, Dual):
        assert type(found) is type(expected)
        assert found.level == expected.level
        assert np.array_equal(found.tangent, expected.tangent)
        found, expected = found.primal, expected.primal
    assert np.array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("kind, x", [(float, 0.7), (complex, 0.7 + 0.2j)])
def test_a_number_of_the_kind_is_itself(kind: Any, x: Any) -> None:
    """As in the plain run, where float(x) is x; one of NumPy's is another number."""

    def f(x: Any) -> Any:
        return x * 2.0 if kind(x) is x else x * 3.0

    one = type(x)(1)
    assert jvp(f, (x,), (one,)) == (x * 2.0, 2.0)
    assert jvp(lambda y: jvp(f, (y,), (one,))[1] * y, (x,), (one,)) == (x * 2.0, 2.0)
    assert vjp(f, x)[1](one) == (2.0,)
    of_numpy = np.asarray(x)[()]
    assert jvp(f, (of_numpy,), (one,)) == (f(of_numpy), 3.0)
