"""What SciPy's functions take beside their data: weights, borders, orders, ends, steps, scales.

Under SciPy's names in lifted code, each against differences of SciPy's own values, to the first and
second order and both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, interpolate, linalg, ndimage, optimize, signal, sparse, special, stats
from scipy.sparse.linalg import expm_multiply
from scipy.spatial.distance import cdist, pdist
from support.agreement import assert_agree

R = np.random.default_rng(0)
V, W = np.array([0.31, 0.72, 0.15, 0.94, 0.57]), np.array([0.2, 0.5, 0.9, 0.4, 0.7])
X = np.linspace(0, 1, 6)
Y = np.sin(3 * X)
IMAGE, PLACES = R.normal(size=(5, 6)), R.normal(size=(9, 2))
A, B = np.array([[0.2, 1.0], [-0.3, 0.4]]), np.array([[0.0, 0.1], [1.0, 0.3]])
COST = np.array([[1.0, 0.1], [0.1, 0.7]])
TABLE = np.array([[2.0, 0.3, 0.1], [0.3, 1.7, 0.2], [0.1, 0.2, 2.4]])
KNOTS = np.array([0, 0, 0, 0.5, 1, 1, 1])
FAR = np.array([[9.0, 9.0], [0.1, 0.1]])


def riccati(s: Any) -> Any:
    return linalg.solve_continuous_are(A, B, 2 * np.eye(2), COST, s=s)


def riccati_in_steps(s: Any) -> Any:
    return linalg.solve_discrete_are(A, B, 2 * np.eye(2), COST, s=s)


def bent(f: Any) -> Any:
    return interpolate.CubicSpline(X, Y, bc_type=((1, f), (2, f * f)))(0.33)


def bent_at_ends(f: Any) -> Any:
    ends = ([(1, f)], [(2, f * f)])
    return interpolate.make_interp_spline(X, Y, bc_type=ends)(0.33)


def beside(f: Any) -> Any:
    line = interpolate.interp1d(X, Y, bounds_error=False, fill_value=(f, 2 * f))
    return line(np.array([-0.1, 0.3, 1.2]))


CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "interp1d fill_value": (beside, 0.4),
    "RegularGridInterpolator fill_value": (
        lambda f: interpolate.RegularGridInterpolator((X,), Y, "linear", False, f)([[1.5], [0.3]]),
        0.4,
    ),
    "griddata fill_value": (
        lambda f: interpolate.griddata(PLACES, PLACES[:, 0] * f, FAR, fill_value=f),
        0.3,
    ),
    "griddata fill_value of one coordinate": (
        lambda f: interpolate.griddata(X, Y, [1.5, 0.3], fill_value=f),
        0.3,
    ),
    "LinearNDInterpolator fill_value": (
        lambda f: interpolate.LinearNDInterpolator(PLACES, PLACES[:, 0], fill_value=f)(FAR),
        0.3,
    ),
    "CubicSpline bc_type": (bent, 0.4),
    "make_interp_spline bc_type": (bent_at_ends, 0.4),
    "make_lsq_spline w": (
        lambda w: interpolate.make_lsq_spline(X, Y, KNOTS, 2, w=w)(0.33),
        np.append(V, 0.4),
    ),
    "RBFInterpolator epsilon": (
        lambda e: interpolate.RBFInterpolator(X[:, None], Y, kernel="gaussian", epsilon=e)(
            [[0.33]]
        ),
        4.0,
    ),
    "RBFInterpolator smoothing": (
        lambda s: interpolate.RBFInterpolator(X[:, None], Y, smoothing=s)([[0.33]]),
        0.1,
    ),
    "simpson x": (lambda x: integrate.simpson(Y, x=x), X),
    "cumulative_simpson x": (lambda x: integrate.cumulative_simpson(Y, x=x, initial=0), X),
    "romb dx": (lambda d: integrate.romb(np.arange(5.0) ** 2, dx=d), 0.3),
    "quad wvar": (lambda w: integrate.quad(lambda x: x, 0, 1, weight="sin", wvar=w)[0], 0.7),
    "savgol_filter delta": (lambda d: signal.savgol_filter(V, 3, 1, deriv=1, delta=d), 0.3),
    "savgol_filter cval": (lambda c: signal.savgol_filter(V, 3, 1, mode="constant", cval=c), 0.3),
    "iirnotch Q": (lambda q: np.concatenate(signal.iirnotch(0.3, q)), 5.0),
    "butter Wn": (lambda w: np.concatenate(signal.butter(3, w)), 0.3),
    "cheby1 rp": (lambda r: np.concatenate(signal.cheby1(3, r, 0.3)), 1.0),
    "firwin cutoff": (lambda c: signal.firwin(7, c), 0.3),
    "sawtooth width": (lambda w: signal.sawtooth(V, w), 0.4),
    "kaiser beta": (lambda b: signal.windows.kaiser(7, b), 3.0),
    "lombscargle weights": (lambda w: signal.lombscargle(V, W, [1.0, 2.0], weights=w), W + 0.1),
    "lsim X0": (
        lambda x: signal.lsim(
            ([1.0], [1.0, 0.5, 1.0]), V, np.linspace(0, 1, 5), X0=np.stack([x, x * x])
        )[1],
        0.4,
    ),
    "gaussian_filter sigma": (lambda s: ndimage.gaussian_filter(IMAGE, s), 0.9),
    "gaussian_filter cval": (
        lambda c: ndimage.gaussian_filter(IMAGE, 0.9, mode="constant", cval=c),
        0.4,
    ),
    "uniform_filter cval": (
        lambda c: ndimage.uniform_filter(IMAGE, 3, mode="constant", cval=c),
        0.4,
    ),
    "shift cval": (lambda c: ndimage.shift(IMAGE, 0.4, cval=c), 0.4),
    "rotate angle": (lambda a: ndimage.rotate(IMAGE, a, reshape=False, mode="mirror"), 11.0),
    "cdist p": (lambda p: cdist(IMAGE, IMAGE[:2], "minkowski", p=p), 3.0),
    "cdist p and w": (lambda w: cdist(IMAGE[:, :5], IMAGE[:2, :5] + 1, "m", p=2 + w[0], w=w), W),
    "pdist p": (lambda p: pdist(IMAGE, "minkowski", p=p), 1.5),
    "cdist VI": (
        lambda v: cdist(IMAGE[:, :3], IMAGE[:2, :3] + 1, "mahalanobis", VI=v @ v.T),
        TABLE,
    ),
    "cdist V": (lambda v: cdist(IMAGE[:, :5], IMAGE[:2, :5] + 1, "seuclidean", V=v), V),
    "logsumexp b": (lambda b: special.logsumexp(V, b=b), W),
    "gmean weights": (lambda w: stats.gmean(V, weights=w), W),
    "pmean p": (lambda p: stats.pmean(V, p * 1.0), 1.3),
    "entropy base": (lambda b: stats.entropy(V, base=b), 2.5),
    "moment center": (lambda c: stats.moment(V, 3, center=c), 0.3),
    "gaussian_kde bw_method": (lambda b: stats.gaussian_kde(V, bw_method=b * 1.0)(0.4), 0.5),
    "gaussian_kde weights": (lambda w: stats.gaussian_kde(V, weights=w)(0.4), W),
    "eigh b": (lambda b: linalg.eigh(TABLE, b @ b.T)[0], TABLE),
    "fractional_matrix_power t": (lambda t: linalg.fractional_matrix_power(TABLE, t), 0.4),
    "solve_continuous_are s": (riccati, np.array([[0.1, 0.2], [0.05, 0.3]])),
    "solve_discrete_are s": (riccati_in_steps, np.array([[0.1, 0.2], [0.05, 0.3]])),
    "solve_toeplitz r": (
        lambda r: linalg.solve_toeplitz((np.array([3.0, 0.1, 0.2]), r), V[:3]),
        np.array([3.0, 0.5, 0.2]),
    ),
    "lsq_linear bounds": (
        lambda b: optimize.lsq_linear(np.eye(2) + 0.1, [3.0, 0.2], bounds=(0, b)).x,
        0.7,
    ),
    "nnls A": (lambda a: optimize.nnls(a, V[:3])[0], TABLE),
    "expm_multiply A": (lambda t: expm_multiply(sparse.csr_array(TABLE) * t, V[:3]), 0.4),
}


@pytest.mark.parametrize("name", CASES)
def test_arguments(name: str) -> None:
    f, x = CASES[name]
    assert_agree(lambda _, x: f(x), None, None, (x,))
