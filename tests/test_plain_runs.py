"""Tables of NumPy's functions at awkward arrays: values, kinds, warnings and errors are NumPy's.

Bit for bit, in all precisions, at what is empty, nan or infinite, with keywords.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dualad import Dual, jacobian, jvp
from dualad.pair import plain

Function = Callable[[Any], Any]
FLOATS = "efdgFDG"


def bits(y: Any) -> Any:
    """What a result is: types, dtypes, shapes and numbers; one nan is like another."""
    if isinstance(y, (list, tuple)):
        return type(y), [bits(part) for part in y]
    if isinstance(y, (np.ndarray, np.generic)):
        parts = [np.real(y), np.imag(y)] if np.iscomplexobj(y) else [np.asarray(y)]
        numbers = [np.format_float_scientific(x) for part in parts for x in np.ravel(part + 0.0)]
        signs = [bool(s) for part in parts for s in np.ravel(np.signbit(part) & ~np.isnan(part))]
        return type(y), y.dtype, y.shape, numbers, signs
    return type(y), repr(y)


def outcome(call: Callable[[], Any]) -> Any:
    """The value, or the kinds of the error; and the warnings."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            y, kinds = bits(call()), []
        except Exception as error:
            y, kinds = None, [k for k in type(error).__mro__ if k.__name__[0] != "_"]
    return y, kinds, sorted((w.category.__name__, str(w.message)) for w in heard)


def hold(f: Function, x: Any, note: object = None) -> None:
    """f at a dual of x does what it does at x; code that catches the error would do so here."""
    x = np.asarray(x)
    expected, kinds, warned = outcome(lambda: f(x.copy("K")))
    found = outcome(lambda: jvp(f, (x,), (np.ones_like(x),), lift=True)[0])
    assert (found[0], found[2]) == (expected, warned), (x, note)
    assert not kinds or kinds[0] in found[1], (x, note)


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    """Random numbers in one precision, in Fortran's order for every second seed."""
    random = np.random.default_rng([seed, *shape])
    x = random.normal(size=shape) * 10.0 ** random.integers(-1, 2)
    if dtype in "FDG":
        x = x + 1j * random.normal(size=shape)
    return x.astype(dtype, order="F" if seed % 2 else "C")


# -- moments -------------------------------------------------------------------------------

MOMENTS: dict[str, Function] = {
    **{name: getattr(np, name) for name in ("mean", "var", "std", "average", "cov", "corrcoef")},
    **{name: getattr(np, name) for name in ("nanmean", "nanvar", "nanstd", "nanprod", "nansum")},
    "norm": np.linalg.norm,
    "norm of order 3": lambda x: np.linalg.norm(x, 3, -1),
    "cast": lambda x: x.astype(np.float32),
    "real sum": lambda x: np.cumsum(x, dtype=np.float64),
    "var of columns": lambda x: np.var(x, 0, ddof=1),
    "std of rows": lambda x: np.std(x, -1, keepdims=True),
    "var in single precision": lambda x: np.var(x, dtype=np.float32),
    "std in long doubles": lambda x: np.std(x, dtype=np.longdouble, ddof=-1),
    "var of what is chosen": lambda x: np.var(x, where=np.real(x) > 0),
    "nanvar without freedom": lambda x: np.nanvar(x, 0, ddof=2),
    "mean of what is chosen": lambda x: np.mean(x, where=np.real(x) > 0),
    "method": lambda x: x.var(),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", MOMENTS)
def test_moments_round_as_numpys(name: str, dtype: str) -> None:
    for seed in range(6):
        for shape in [(2,), (23,), (3, 7), (2, 3, 4)]:
            x = numbers(shape, dtype, seed)
            if seed % 3 == 0:
                x.flat[0] = np.nan
            hold(MOMENTS[name], x)


EMPTY = [np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0)), np.array([1.0, np.nan]), [np.nan]]
OF_EMPTY: dict[str, Function] = MOMENTS | {
    **{name: getattr(np, name) for name in ("median", "nanmedian", "prod", "ptp", "max", "sum")},
    "of nothing": lambda x: np.mean(x, where=False),
    "quantile": lambda x: np.quantile(x, 0.3),
    "method mean": lambda x: x.mean(0),
}


@pytest.mark.parametrize("name", OF_EMPTY)
def test_of_no_numbers_numpy_warns_as_often(name: str) -> None:
    for x in EMPTY:
        hold(OF_EMPTY[name], x)
        hold(OF_EMPTY[name], np.asarray(x, np.float32))


# -- matrices that are not finite -----------------------------------------------------------

OF_MATRICES: dict[str, Function] = {
    # without those for which plain LAPACK may never end at nan: svd and what is made of it
    **{name: getattr(np.linalg, name) for name in ("det", "inv", "slogdet", "eigvalsh", "eigh")},
    **{name: getattr(np.linalg, name) for name in ("eig", "eigvals", "cholesky", "qr", "norm")},
    "solve": lambda a: np.linalg.solve(a, np.ones(a.shape[-1])),
    "solve for": lambda a: np.linalg.solve(2 * np.eye(a.shape[-1]), a),
    "condition": lambda a: np.linalg.cond(a, 1),
    "power": lambda a: np.linalg.matrix_power(a, -2),
    "norm of order 1": lambda a: np.linalg.norm(a, 1, (-2, -1)),
}


@pytest.mark.parametrize("name", OF_MATRICES)
def test_matrices_that_are_not_finite(name: str) -> None:
    random = np.random.default_rng(3)
    for k in range(60):
        n = int(random.integers(1, 7))
        a = numbers((n, n) if k % 3 else (2, n, n), "d", k)
        a = a @ np.swapaxes(a, -1, -2) if k % 2 else a
        for bad in random.choice([np.nan, np.inf, -np.inf], size=2):
            a.flat[random.integers(a.size)] = bad
            hold(OF_MATRICES[name], a)


def test_beside_a_matrix_that_is_not_finite_others_have_derivatives() -> None:
    a = numbers((2, 5, 5), "d")
    a[1, 2, 2] = np.nan
    for f in (np.linalg.det, np.linalg.inv, lambda a: np.linalg.slogdet(a)[1]):
        with np.errstate(all="ignore"):
            both = jacobian(f)(a)
        assert np.array_equal(both[0, ..., 0, :, :], jacobian(f)(a[0]))
        assert np.isnan(both[1]).all()


# -- polynomials ---------------------------------------------------------------------------

COEFFICIENTS: list[Any] = [[], [2], [1.0], [1, 2], (1.0, 2.0, 3.0), np.array([], "f"), np.arange(3)]
POLYNOMIALS: dict[str, Callable[[Any, Any], Any]] = {
    "at": lambda x, c: np.polyval(c, x),
    "of": lambda x, c: np.polyval(x, c),
    "sum": lambda x, c: np.polyadd(x, c),
    "difference": lambda x, c: np.polysub(c, x),
    "product": lambda x, c: np.polymul(x, c),
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_of_few_coefficients(name: str) -> None:
    for dtype in "fd":
        for shape in [(), (0,), (1,), (3,)]:
            for c in COEFFICIENTS:
                hold(lambda x: POLYNOMIALS[name](x, c), numbers(shape, dtype), c)  # noqa: B023
                if shape:
                    hold(lambda x: POLYNOMIALS[name](list(x), c), numbers(shape, dtype), c)  # noqa: B023


# -- errors --------------------------------------------------------------------------------

WRONG: dict[str, Function] = {
    **{
        name: getattr(np, name) for name in ("trace", "fliplr", "flipud", "vander", "poly", "cross")
    },
    "fft2": np.fft.fft2,
    "cumulative sum": lambda x: np.cumulative_sum(x, axis=(0, 1)),
    "cov": lambda x: np.cov(x, aweights=[-1.0]),
    "average": lambda x: np.average(x, weights=[0.0] * 9),
    "convolve": lambda x: np.convolve(x, []),
    "dot": lambda x: np.dot(x, np.ones(7)),
    "a text in an array": lambda x: with_first(x, "q"),
    "a list in an array": lambda x: with_first(x, [1.0, 2.0]),
    "an object in an array": lambda x: with_first(x, object()),
    "nothing in an array": lambda x: with_first(x, {}),
}


def with_first(x: Any, what: Any) -> Any:
    y = np.ones(3) * np.sum(x)
    y[0] = what
    return y


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_caught_where_numpys_are(name: str) -> None:
    for shape in [(), (0,), (1,), (4,), (2, 3), (2, 2, 2)]:
        hold(WRONG[name], numbers(shape, "d"))


def test_the_plain_run_is_not_asked_where_it_does_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x = Dual(np.ones(3), np.ones(3))
    for write in (np.save, np.savez, np.savetxt):
        with pytest.raises(TypeError, match="cannot take duals"):
            write("file", x)
    assert not list(tmp_path.iterdir())
    calls = []

    def noted(part: Any) -> Any:
        calls.append(part)
        raise ValueError("by the user's function")

    for call in (
        lambda: np.piecewise(x, [plain(x) > 0], [noted]),
        lambda: np.apply_along_axis(noted, 0, x),
    ):
        calls.clear()
        with pytest.raises(ValueError, match="by the user's"):
            call()
        assert len(calls) == 1
