"""Every optional argument of SciPy's functions, one at a time, at a value that is not its default.

With a dual beside it, it does what it does in SciPy, values bit for bit and slopes as differences
say, or it is refused by a message that has its name: it is never ignored, and never an obscure
error. `CALLS` has one call of each function, `VALUES` what each argument is tried with; where SciPy
itself refuses a value for plain numbers there is nothing to ask.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    sparse,
    spatial,
    special,
    stats,
)

from dualad import NonDifferentiableError, jvp
from dualad.structure import leaves

R = np.random.default_rng(5)
SQUARE = np.diag([2.0, 3.0, 4.5, 6.0]) + 0.3 * R.normal(size=(4, 4))
# What moves, by the names in the calls
MOVING: dict[str, Any] = {
    "a": 0.8,
    "A": SQUARE,
    "S": SQUARE @ SQUARE.T / 3 + np.diag([1.0, 2.0, 5.0, 9.0]),
    "B": R.normal(size=(4, 2)),
    "V": R.normal(size=4),
    "W": R.uniform(0.5, 1.5, 4),
    "BAND": np.array([[0.0, 0.3, 0.2, 0.1], [2.0, 3.0, 2.5, 4.0]]),
    "BANDS": np.array([[0.0, 0.3, 0.2, 0.1], [2.0, 3.0, 2.5, 4.0], [0.2, 0.1, 0.3, 0.0]]),
    "LINE": R.normal(size=16),
    "IMAGE": R.normal(size=(5, 6)),
    "LONG": R.normal(size=64),
    "POSITIVE": R.uniform(0.5, 3, (6, 3)),
    "Y": np.sin(3 * np.linspace(0, 1, 8)) + 0.1 * R.normal(size=8),
    "SURFACE": R.normal(size=(6, 7)),
    "HEIGHTS": R.normal(size=9),
    "NUM": np.array([1.0, 0.5, 0.2]),
    "DEN": np.array([1.0, 0.7, 0.3]),
}
STILL: dict[str, Any] = {
    "X": np.linspace(0.0, 1.0, 8),
    "GRID": (np.linspace(0, 1, 6), np.linspace(0, 2, 7)),
    "PLACES": R.uniform(size=(9, 2)),
    "AT": np.array([0.11, 0.52, 0.93]),
    "KNOTS": np.array([0, 0, 0, 0, 0.5, 1, 1, 1, 1.0]),
    "STILL_A": SQUARE,
    "STILL_S": SQUARE @ SQUARE.T / 3 + np.diag([1.0, 2.0, 5.0, 9.0]),
    "LABELS": np.arange(30).reshape(5, 6) % 3,
}


def cubic(x: Any, a: Any = 1.0) -> Any:
    return x**3 + a * x - 0.5


def cosine(x: Any, a: Any = 1.0) -> Any:
    return np.cos(a * x)


def bowl(x: Any, a: Any = 1.0) -> Any:
    return (x[0] - a) ** 2 + 2 * (x[1] + 0.3 * a) ** 2 + 0.1 * x[0] ** 4


def dent(x: Any, a: Any = 1.0) -> Any:
    return (x - a) ** 2 + 0.1 * x**4


def pair(x: Any, a: Any = 1.0) -> Any:
    return np.stack([x[0] ** 3 + x[1] - a, x[1] ** 3 + 2 * x[1] - x[0] * a])


def residuals(x: Any, a: Any = 1.0) -> Any:
    return np.stack([x[0] - a, 2 * x[1] + a * x[0] ** 2, x[0] * x[1] - 0.3, 0.2 * x[1]])


def closely(f: Any, x: Any, **options: Any) -> Any:
    return optimize.fmin(f, x, xtol=1e-10, ftol=1e-15, full_output=True, disp=False, **options)


def decay(t: Any, y: Any, a: Any = 1.0) -> Any:
    return -a * y + 0.1 * np.sin(t)


def slow(y: Any, t: Any, a: Any = 1.0) -> Any:
    return -a * y + 0.1 * np.sin(t)


def curve(x: Any, p: Any, q: Any) -> Any:
    return p * np.exp(-q * x)


METRICS = (
    *("braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "euclidean"),
    *("jensenshannon", "minkowski", "sqeuclidean", "seuclidean", "mahalanobis"),
)
UNNAMED = ("seuclidean", "mahalanobis")  # do not take two vectors alone

FUNCTIONS = (closely, cubic, cosine, bowl, dent, pair, residuals, decay, slow, curve)


def each(names: str, arguments: str, then: str = "") -> tuple[str, ...]:
    """The same call of several functions."""
    return tuple(f"{name}({arguments}){then}" for name in names.split())


# One call of each function; its option is put in place of "...", or last.
CALLS: dict[str, tuple[str, ...]] = {
    "linalg": (
        *each("solve solve_triangular lstsq", "A, V"),
        *each("inv det pinv expm logm sqrtm signm svd svdvals lu eig eigvals qr orth", "A"),
        *each("lu_factor polar", "A", "[0]"),
        *each("eigh eigvalsh pinvh cholesky", "S"),
        *each("cho_factor", "S", "[0]"),
        *each("eig_banded eigvals_banded cholesky_banded", "BAND"),
        *each("eigh_tridiagonal eigvalsh_tridiagonal", "W, V[:3]"),
        "rq(A)",
        "norm(A)",
        "solve_banded((1, 1), BANDS, V)",
        "solveh_banded(BAND, V)",
        "solve_toeplitz(W + np.array([4, 0, 0, 0]), V)",
        "matmul_toeplitz(W, V)",
        "solve_circulant(W + np.array([4, 0, 0, 0]), V)",
        "lu_solve(linalg.lu_factor(A), V, ...)",
        "cho_solve(linalg.cho_factor(S), V, ...)",
        "cho_solve_banded((linalg.cholesky_banded(BAND), False), V, ...)",
        "expm_frechet(A / 9, S / 9)",
        "solve_continuous_are(A, B, S, np.eye(2) * a)",
        "solve_discrete_are(A, B, S, np.eye(2) * a)",
        "solve_discrete_lyapunov(A / 9, S)",
        "convolution_matrix(V, 3)",
        *each("toeplitz hankel", "W"),
        "khatri_rao(A, S)",
        "orthogonal_procrustes(A, S)",
        "fractional_matrix_power(S, a)",
    ),
    "fft": (
        *each("fft ifft rfft hfft ihfft irfft dct idct dst idst", "LINE"),
        *each("fft2 ifft2 rfft2 irfft2 hfft2 ihfft2 fftn ifftn rfftn irfftn hfftn ihfftn", "IMAGE"),
        *each("dctn dstn idctn idstn fftshift ifftshift", "IMAGE"),
    ),
    "ndimage": (
        *each("convolve correlate", "IMAGE, SURFACE[:3, :2]"),
        *each("convolve1d correlate1d", "IMAGE, V[:3]"),
        *each("gaussian_filter gaussian_filter1d gaussian_gradient_magnitude", "IMAGE, a"),
        *each("gaussian_laplace", "IMAGE, a"),
        *each("uniform_filter1d minimum_filter1d maximum_filter1d", "IMAGE, 3"),
        *each("uniform_filter median_filter minimum_filter maximum_filter", "IMAGE, 3"),
        *each("grey_erosion grey_dilation grey_opening grey_closing", "IMAGE, 3"),
        *each("white_tophat black_tophat morphological_gradient", "IMAGE, 3"),
        "morphological_laplace(IMAGE, 3)",
        *each("rank_filter percentile_filter", "IMAGE, 4, 3"),
        "generic_filter(IMAGE, np.sum, 3)",
        *each("sobel prewitt laplace spline_filter spline_filter1d", "IMAGE"),
        *each("fourier_gaussian fourier_uniform fourier_shift", "IMAGE, 1.5"),
        "fourier_ellipsoid(IMAGE, 1.5)",
        "affine_transform(IMAGE, np.array([[0.9, 0.1], [-0.1, 0.8]]))",
        "map_coordinates(IMAGE, np.array([[0.3, 2.1, 3.3], [1.2, 3.4, 4.9]]))",
        "geometric_transform(IMAGE, lambda p: (p[0] * 0.7, p[1] * 0.8))",
        "rotate(IMAGE, 20.0 * a)",
        "shift(IMAGE, a)",
        "zoom(IMAGE, 1.4)",
        *each("sum mean variance standard_deviation minimum maximum median", "IMAGE"),
        *each("sum_labels center_of_mass", "IMAGE"),
        "extrema(IMAGE)[:2]",
    ),
    "signal": (
        *each("convolve correlate fftconvolve oaconvolve", "LINE, V"),
        *each("convolve2d correlate2d", "IMAGE, SURFACE[:3, :2]"),
        *each("lfilter filtfilt", "NUM, DEN, LINE"),
        *each("sosfilt sosfiltfilt", "signal.butter(2, 0.3, output='sos'), LINE"),
        "decimate(LONG, 2)",
        "resample(LINE, 12)",
        "resample_poly(LINE, 3, 2)",
        "upfirdn(V, LINE)",
        "savgol_filter(LINE, 5, 2)",
        "savgol_coeffs(5, 2)",
        *each("detrend hilbert periodogram welch spectrogram stft", "LONG"),
        "envelope(LONG)",
        *each("csd coherence", "LONG, LONG[::-1]"),
        "istft(signal.stft(LONG)[2], ...)",
        "lombscargle(np.arange(16.0), LINE, np.array([0.5, 1.1]))",
        *each("medfilt wiener", "LINE"),
        "medfilt2d(IMAGE)",
        *each("butter bessel", "3, a / 3"),
        "cheby1(3, a, 0.3)",
        "cheby2(3, 20 * a, 0.3)",
        "iirfilter(3, np.stack([a / 4, a / 2]), 1.0, 20.0)",
        *each("iirnotch iirpeak", "a / 3, 20.0"),
        "iircomb(0.25, 20.0 * a)",
        "firwin(7, a / 3)",
        "firwin2(7, [0.0, 0.5, 1.0], np.stack([1.0, a, 0.0]))",
        "firls(7, [0, 0.3, 0.5, 1], np.stack([1.0, a, 0.0, 0.0]))",
        "minimum_phase(signal.firwin(7, a / 3), ...)",
        "gammatone(a / 3, 'iir')",
        "freqz(NUM, DEN)",
        "freqs(NUM, DEN, worN=[0.3, 1.1])",
        "group_delay((NUM, DEN))",
        "freqz_zpk(V, W / 2, a)",
        "freqs_zpk(V, W / 2, a, worN=[0.3, 1.1])",
        "freqz_sos(signal.butter(2, a / 3, output='sos'), ...)",
        *each("bilinear residue residuez", "NUM, DEN"),
        *each("lp2lp lp2hp lp2bp lp2bs", "NUM, DEN"),
        *each("lp2lp_zpk lp2hp_zpk lp2bp_zpk lp2bs_zpk", "V[:2], W, a"),
        "czt(LINE)",
        "zoom_fft(LINE, 0.4)",
        "chirp(LINE, 1.0, 2.0, 3.0)",
        *each("sawtooth square gausspulse", "LINE"),
        "sweep_poly(LINE, NUM)",
        *each("cspline1d qspline1d", "LINE"),
        *each("cspline2d qspline2d", "np.outer(LONG, LINE)"),
        *each("impulse step", "(NUM[1:], DEN)"),
        *each("freqresp bode", "(NUM[1:], DEN), w=[0.3, 1.1]"),
        "lsim((NUM[1:], DEN), LINE, np.arange(16.0))",
        "dlsim((NUM[1:], DEN, 1.0), LINE)",
        *each("dimpulse dstep dfreqresp dbode", "(NUM[1:], DEN, 1.0)"),
        "cont2discrete((NUM[1:], DEN), 0.5)",
        "tf2sos(NUM, DEN)",
        "zpk2sos(W[:2], V[:2], a)",
        "vectorstrength(W, 2.0)",
    ),
    "interpolate": (
        "CubicSpline(X, Y, ...)(AT)",
        "CubicHermiteSpline(X, Y, Y * 2, ...)(AT)",
        "PchipInterpolator(X, Y, ...)(AT)",
        "Akima1DInterpolator(X, Y, ...)(AT)",
        "BarycentricInterpolator(X, Y, rng=1, ...)(AT)",
        "KroghInterpolator(X, Y, ...)(AT)",
        "interp1d(X, Y, ...)(AT)",
        "UnivariateSpline(X, Y, s=0, ...)(AT)",
        "InterpolatedUnivariateSpline(X, Y, ...)(AT)",
        "LSQUnivariateSpline(X, Y, [0.5], ...)(AT)",
        "make_interp_spline(X, Y, ...)(AT)",
        "make_lsq_spline(X, Y, KNOTS, ...)(AT)",
        "make_smoothing_spline(X, Y, lam=0.01, ...)(AT)",
        "splrep(X, Y)[1]",
        "splev(AT, interpolate.splrep(X, Y), ...)",
        "splint(0.1, 0.7, interpolate.splrep(X, Y), ...)",
        "splder(interpolate.splrep(X, Y), ...)[1]",
        "splantider(interpolate.splrep(X, Y), ...)[1]",
        "sproot(interpolate.splrep(X, Y - 0.4), ...)",
        "barycentric_interpolate(X, Y, AT, rng=1, ...)",
        *each("krogh_interpolate pchip_interpolate", "X, Y, AT"),
        "BSpline(KNOTS, Y[:5], 3, ...)(AT)",
        "PPoly(S[:, :3], [0.0, 0.4, 0.7, 1.0], ...)(AT)",
        "RBFInterpolator(PLACES, HEIGHTS, ...)(PLACES[:3] * 0.9)",
        "LinearNDInterpolator(PLACES, HEIGHTS, ...)(PLACES[:3] * 0.9 + 0.05)",
        "NearestNDInterpolator(PLACES, HEIGHTS, ...)(PLACES[:3] * 0.9)",
        "griddata(PLACES, HEIGHTS, PLACES[:3] * 0.9 + 0.05)",
        "RegularGridInterpolator(GRID, SURFACE, ...)(PLACES[:3])",
        "interpn(GRID, SURFACE, PLACES[:3])",
        "RectBivariateSpline(*GRID, SURFACE, ...)(0.3, 0.7)",
    ),
    "integrate": (
        "quad(lambda x: cosine(x, a), 0, 2)[0]",
        "quad_vec(lambda x: np.stack([cosine(x, a), x * a]), 0, 2)[0]",
        "dblquad(lambda y, x: cosine(x * y, a), 0, 1, 0, 1)[0]",
        "tplquad(lambda z, y, x: x + y * z * a, 0, 1, 0, 1, 0, 1)[0]",
        "nquad(lambda x, y: cosine(x * y, a), [[0, 1], [0, 1]])[0]",
        "fixed_quad(lambda x: cosine(x, a), 0, 2)[0]",
        "solve_ivp(lambda t, y: decay(t, y, a), (0, 1), V, rtol=1e-8, atol=1e-9, ...).y[:, -1]",
        "odeint(lambda y, t: slow(y, t, a), V, np.linspace(0, 1, 4), rtol=1e-9, atol=1e-9, ...)",
        *each("simpson cumulative_simpson trapezoid cumulative_trapezoid", "SURFACE"),
        "romb(Y[:5])",
    ),
    "optimize": (
        *each("brentq brenth bisect ridder toms748", "lambda x: cubic(x, a), 0.0, 1.0"),
        "newton(lambda x: cubic(x, a), 0.5)",
        "root_scalar(lambda x: cubic(x, a), x0=0.5, ...).root",
        "fixed_point(lambda x: cosine(x, a), 0.5)",
        "fsolve(lambda x: pair(x, a), [0.5, 0.2])",
        "root(lambda x: pair(x, a), [0.5, 0.2], tol=1e-11, ...).x",
        *each(
            "broyden1 broyden2 anderson newton_krylov",
            "lambda x: pair(x, a), [0.5, 0.2], f_tol=1e-11",
        ),
        "minimize(lambda x: bowl(x, a), [0.5, 0.2], tol=1e-10, jac='3-point', ...).x",
        "minimize_scalar(lambda x: dent(x, a), ...).x",
        *each(
            "fmin fmin_powell",
            "lambda x: bowl(x, a), [0.5, 0.2], xtol=1e-9, ftol=1e-15, disp=False",
        ),
        *each("fmin_bfgs fmin_cg", "lambda x: bowl(x, a), [0.5, 0.2], gtol=1e-9, disp=False"),
        "fmin_l_bfgs_b(lambda x: bowl(x, a), [0.5, 0.2], approx_grad=True, factr=10.0, ...)[0]",
        "fmin_tnc(lambda x: bowl(x, a), [0.5, 0.2], approx_grad=True, disp=0, ...)[0]",
        "fmin_slsqp(lambda x: bowl(x, a), [0.5, 0.2], iprint=0, acc=1e-14)",
        "fmin_cobyla(lambda x: bowl(x, a), [0.5, 0.2], [], rhoend=1e-7)",
        "fminbound(lambda x: dent(x, a), 0, 2)",
        *each("brent golden", "lambda x: dent(x, a)"),
        "least_squares(lambda x: residuals(x, a), [0.5, 0.2], xtol=1e-12, ...).x",
        "leastsq(lambda x: residuals(x, a), [0.5, 0.2], xtol=1e-12, ftol=1e-12, ...)[0]",
        "curve_fit(curve, X, Y + 1.5, p0=[1.5, 0.1], xtol=1e-12, ftol=1e-12, ...)[0]",
        "lsq_linear(A, V, ...).x",
        "nnls(A, A @ W)[0]",
        "linprog(W, A_ub=-np.eye(4), b_ub=-W, ...).x",
        "milp(W, bounds=optimize.Bounds(W, np.inf), ...).x",
        "differential_evolution(lambda x: bowl(x, a), [(-2, 2), (-2, 2)], seed=1).x",
        "basinhopping(lambda x: bowl(x, a), [0.5, 0.2], niter=3, seed=1).x",
        "dual_annealing(lambda x: bowl(x, a), [(-2, 2), (-2, 2)], maxiter=20, seed=1).x",
        "shgo(lambda x: bowl(x, a), [(-2, 2), (-2, 2)], n=16, ...).x",
        "brute(lambda x: bowl(x, a), ((-2, 2), (-2, 2)), Ns=5, finish=closely, ...)",
    ),
    "stats": (
        *each("gmean hmean skew kurtosis moment sem variation gstd zscore iqr", "POSITIVE"),
        *each("circmean circvar circstd median_abs_deviation describe entropy", "POSITIVE"),
        "pmean(POSITIVE, 2.5)",
        "trim_mean(POSITIVE, 0.2)",
        "zmap(POSITIVE[:, 0], POSITIVE[:, 1])",
        "ttest_1samp(POSITIVE, 1.5)",
        *each("ttest_ind ttest_rel", "POSITIVE[:, 0], POSITIVE[:, 1]"),
        *each("pearsonr linregress", "POSITIVE[:, 0], POSITIVE[:, 1]"),
        *each("wasserstein_distance energy_distance", "POSITIVE[:, 0], POSITIVE[:4, 1]"),
        "chisquare(np.stack([9 * a, 12.0, 7 * a]), np.stack([9 * a, 12.0, 7 * a])[::-1])",
        "jarque_bera(POSITIVE[:, 0])",
    ),
    "special": (
        *each("logsumexp softmax log_softmax", "SURFACE"),
        "polygamma(2, POSITIVE)",
        *each("spherical_jn spherical_yn spherical_in spherical_kn", "2, POSITIVE"),
        *each("jvp yvp ivp kvp h1vp h2vp", "1.5, POSITIVE"),
        "lambertw(W)",
        "multigammaln(3 * W, 2)",
        "zeta(1.5 + W)",
        "diric(LINE, 5)",
        "sinc(LINE)",
        "softplus(LINE)",
    ),
    "sparse.linalg": (
        *each("spsolve", "sparse.csc_array(A), V"),
        "spsolve(sparse.csc_array(np.asarray(STILL_A)), V)",
        "spsolve_triangular(sparse.csr_array(np.tril(STILL_A)), V)",
        *each("bicg bicgstab cgs gmres lgmres gcrotmk qmr tfqmr", "STILL_A, V, rtol=1e-12", "[0]"),
        *each("cg minres", "STILL_S, V, rtol=1e-12", "[0]"),
        *each("lsqr lsmr", "STILL_A, V, atol=1e-13, btol=1e-13", "[0]"),
        "splu(sparse.csc_array(STILL_A), ...).solve(V)",
        "spilu(sparse.csc_array(STILL_A), ...).solve(V)",
        "factorized(sparse.csc_array(STILL_A))(V)",
        "eigsh(STILL_S * a, 2, v0=np.ones(4), return_eigenvectors=False)",
        "expm_multiply(STILL_A / 9, V)",
        "norm(sparse.csr_array((W, [0, 1, 2, 3], [0, 1, 2, 3, 4])))",
    ),
    "spatial.distance": (
        *each("cdist", "POSITIVE, POSITIVE[:2] * 1.1"),
        *(f"cdist(POSITIVE, POSITIVE[:2] * [1.1, 0.9, 0.7], {m!r})" for m in METRICS),
        "pdist(POSITIVE)",
        *(f"pdist(POSITIVE, {m!r})" for m in METRICS),
        "squareform(V[:3])",
        "directed_hausdorff(POSITIVE, POSITIVE[:2] * 1.1, ...)[0]",
        *(f"{m}(W, V)" for m in METRICS if m not in UNNAMED),
    ),
    "signal.windows": (
        "kaiser(7, 3 * a)",
        "kaiser_bessel_derived(8, 3 * a)",
        "gaussian(7, 3 * a)",
        "general_gaussian(7, 1.5 * a, 3 * a)",
        "general_cosine(7, W)",
        "general_hamming(7, a)",
        "chebwin(7, 50 * a)",
        "exponential(7, tau=3 * a)",
        "exponential(7, tau=3 * a, sym=False, center=2.0)",
        "tukey(9, a)",
        "taylor(9, 4, 30 * a)",
        "get_window(('kaiser', 3 * a), 7)",
    ),
}

BOTH = (False, True)


def scipy_cg(a: Any, b: Any, **options: Any) -> Any:
    return sparse.linalg.gcrotmk(a, b, **options)


def shared(names: str, value: Any) -> dict[str, Any]:
    """The same for several names."""
    return dict.fromkeys(names.split(), value)


# What an option is tried with: by function and name, by part and name, or by name.
Option = tuple[Any, ...]
VALUES: dict[str, Option] = {
    # what the answer looks like
    **shared("axis fft.axes stats.axis", (0, -1)),
    **shared("keepdims full_output retall disp return_rank eigvals_only", (True,)),
    **shared("left homogeneous_eigvals p_indices permute_l pivoting", (True,)),
    **shared("compute_uv right full_matrices compute_expm fisher bias", (False,)),
    **shared("check_finite overwrite_a overwrite_b overwrite_x overwrite_ab", BOTH),
    **shared("overwrite_a_band overwrite_data", (True,)),
    "axes": ((0,), (1,), (1, 0)),
    "output": (np.float32, np.zeros((5, 6))),
    "signal.output": ("zpk", "sos"),
    # linalg
    "lower": BOTH,
    "solve.assume_a": ("sym", "pos", "gen", "diagonal", "upper triangular", "banded"),
    "inv.assume_a": ("pos", "sym", "upper triangular"),
    "transposed": (True,),
    "trans": (1, 2),
    "unit_diagonal": (True,),
    "linalg.b": (np.diag([1.0, 2.0, 0.7, 0.4]) + 0.1,),
    "driver": ("ev", "evd", "evr", "gv"),
    "lapack_driver": ("gesvd", "gelsy", "gelss", "stev", "stebz"),
    "eigh.type": (2, 3),
    "eigvalsh.type": (2, 3),
    "subset_by_index": ([0, 1],),
    "subset_by_value": ([0.0, 20.0],),
    "select": ("i", "v"),
    "select_range": ((0, 1),),
    "max_ev": (2,),
    "linalg.tol": (1e-3,),
    "linalg.mode": ("r", "economic", "raw", "same", "valid"),
    "lwork": (64,),
    "ord": (1, 2, "fro", "nuc", np.inf),
    "norm.axis": (0, (0, 1)),
    "linalg.atol": (1e-3,),
    "linalg.rtol": (1e-3,),
    "cond": (0.3,),
    "rcond": (0.3,),
    "side": ("left",),
    "balanced": (False,),
    "linalg.e": (np.eye(4) + 0.1,),
    "linalg.s": (0.1 * MOVING["B"],),
    "expm_frechet.method": ("blockEnlarge",),
    "solve_discrete_lyapunov.method": ("direct", "bilinear"),
    "linalg.r": (np.array([1.0, 0.3, 0.2, 0.1]),),
    "singular": ("lstsq",),
    "caxis": (-1,),
    "baxis": (-1,),
    "outaxis": (-1,),
    "blocksize": (2,),
    "workers": (1,),
    # fft
    "fft.n": (8, 20),
    "fft.s": ((4, 5), (6,)),
    "fft.norm": ("ortho", "forward"),
    "fft.type": (1, 3, 4),
    "orthogonalize": (True, False),
    "plan": (None,),
    # ndimage
    "ndimage.mode": ("constant", "nearest", "mirror", "wrap", "grid-constant"),
    "fourier_gaussian.n": (6,),
    "ndimage.n": (9,),
    "cval": (0.7,),
    "ndimage.order": (0, 1, 2),
    "ndimage.origin": (1, -1),
    "truncate": (2.0,),
    "radius": (2,),
    "size": (2,),
    "footprint": (np.array([[True, False, True], [True, True, False]]),),
    "structure": (np.array([[0.1, 0.0, 0.2]]),),
    "extra_arguments": ((),),
    "extra_keywords": ({"axis": None},),
    "geometric_transform.extra_keywords": ({},),
    "output_shape": ((4, 5),),
    "offset": (0.3,),
    "prefilter": (False,),
    "ndimage.reshape": (False,),
    "rotate.axes": ((0, 1),),
    "grid_mode": (True,),
    "labels": (STILL["LABELS"],),
    "index": (1,),
    # signal
    **{f"{name}.mode": ("same", "valid") for name in ("convolve", "correlate", "convolve2d")},
    **{f"{name}.mode": ("same", "valid") for name in ("correlate2d", "fftconvolve", "oaconvolve")},
    "savgol_filter.mode": ("mirror", "constant", "nearest", "wrap"),
    "upfirdn.mode": ("symmetric", "line", "wrap"),
    "spectrogram.mode": ("complex", "magnitude", "angle", "phase"),
    "convolve.method": ("fft", "direct"),
    "correlate.method": ("fft", "direct"),
    "filtfilt.method": ("gust",),
    "chirp.method": ("quadratic", "logarithmic", "hyperbolic"),
    "minimum_phase.method": ("hilbert",),
    "cont2discrete.method": ("gbt", "bilinear", "euler", "foh", "impulse"),
    "boundary": ("wrap", "symm", "even", "odd", "constant", "zeros", True, False),
    "fillvalue": (0.7,),
    "lfilter.zi": (np.array([0.3, 0.1]),),
    "sosfilt.zi": (np.array([[0.3, 0.1]]),),
    "padtype": ("even", "constant", None, "line", "mean"),
    "padlen": (3,),
    "irlen": (4,),
    "decimate.n": (3,),
    "ftype": ("fir", "cheby1", "cheby2", "ellip", "bessel", "peak"),
    "zero_phase": (False,),
    "resample.t": (np.arange(16.0),),
    "domain": ("freq",),
    "signal.window": ("hann", "boxcar", ("kaiser", 3.0)),
    "up": (2,),
    "down": (2,),
    "deriv": (1,),
    "delta": (0.5,),
    "use": ("dot",),
    "pos": (1,),
    "detrend.type": ("constant",),
    "bp": ([8, 20],),
    "detrend": ("linear", False),
    "hilbert.N": (40,),
    "impulse.N": (20,),
    "step.N": (20,),
    "fs": (2.0,),
    "nperseg": (16,),
    "noverlap": (5,),
    "nfft": (300,),
    "average": ("median",),
    "return_onesided": (False,),
    "scaling": ("spectrum", "psd"),
    "padded": (False,),
    "input_onesided": (False,),
    "time_axis": (-2,),
    "freq_axis": (-1,),
    "bp_in": ((2, 20), (None, 9)),
    "n_out": (32,),
    "squared": (True,),
    "residual": ("all", None),
    "precenter": (True,),
    "normalize": (True, "power", "amplitude"),
    "weights": (np.linspace(0.5, 1, 16),),
    "floating_mean": (True,),
    "kernel_size": (5,),
    "mysize": (5,),
    "noise": (0.3,),
    "btype": ("high",),
    "analog": (True,),
    "bessel.norm": ("mag", "delay"),
    "rp": (2.0,),
    "rs": (30.0,),
    "pass_zero": (True, False),
    "width": (0.3,),
    "signal.scale": (False,),
    "nfreqs": (33,),
    "antisymmetric": (True,),
    "firls.weight": ([1.0, 2.0],),
    "half": (False,),
    "n_fft": (64,),
    "gammatone.order": (3,),
    "numtaps": (9,),
    "worN": (5, np.array([0.1, 0.2])),
    "whole": (True,),
    "include_nyquist": (True,),
    "plot": (lambda *_: None,),
    "group_delay.w": (5,),
    "czt.w": (np.exp(-0.3j),),
    "czt.a": (np.exp(0.2j),),
    "signal.m": (5,),
    "endpoint": (True,),
    "rtype": ("min", "max"),
    "residue.tol": (0.1,),
    "residuez.tol": (0.1,),
    "wo": (2.0,),
    "bw": (0.5,),
    "phi": (20.0,),
    "vertex_zero": (False,),
    "complex": (True,),
    "duty": (0.3,),
    "bwr": (-3.0,),
    "fc": (3.0,),
    "retquad": (True,),
    "retenv": (True,),
    "tpr": (-40.0,),
    "lamb": (0.3,),
    "lmbda": (3.0,),
    "precision": (1e-4,),
    "X0": (np.array([0.2, 0.1]),),
    "T": (np.linspace(0, 3, 7),),
    "freqresp.w": (np.array([0.3, 1.1]),),
    "bode.w": (np.array([0.3, 1.1]),),
    "dfreqresp.w": (np.array([0.3, 1.1]),),
    "dbode.w": (np.array([0.3, 1.1]),),
    "signal.n": (7,),
    "interp": (False,),
    "dlsim.t": (np.arange(5.0),),
    "dlsim.x0": (np.array([0.2, 0.1]),),
    "dimpulse.t": (np.arange(5.0),),
    "dimpulse.x0": (np.array([0.2, 0.1]),),
    "dstep.t": (np.arange(5.0),),
    "dstep.x0": (np.array([0.2, 0.1]),),
    "signal.alpha": (0.3,),
    "pairing": ("keep_odd", "minimal"),
    # interpolate
    "CubicSpline.bc_type": ("natural", "clamped", ((1, 0.3), (2, 0.1))),
    "make_interp_spline.bc_type": ("natural", "clamped"),
    "extrapolate": (False, "periodic"),
    "Akima1DInterpolator.method": ("makima",),
    "make_lsq_spline.method": ("norm-eq",),
    "griddata.method": ("nearest", "cubic"),
    "interpn.method": ("nearest", "slinear", "cubic", "pchip"),
    "RegularGridInterpolator.method": ("nearest", "slinear", "cubic", "pchip", "quintic"),
    "kind": ("nearest", "quadratic", "cubic", "previous", "zero", 2),
    "assume_sorted": (True,),
    "copy": (False,),
    "bounds_error": BOTH,
    "fill_value": (0.5, "extrapolate"),
    "interpolate.k": (1, 2),
    "RectBivariateSpline.kx": (2,),
    "RectBivariateSpline.ky": (1,),
    "interpolate.s": (0.05,),
    "interpolate.t": ([0.3, 0.6],),
    "make_interp_spline.t": (np.array([0, 0, 0, 0, 0.25, 0.4, 0.55, 0.8, 1, 1, 1, 1]),),
    "interpolate.w": (np.linspace(0.5, 1.5, 8),),
    "bbox": ([-0.1, 1.1],),
    "RectBivariateSpline.bbox": ([0, 1.1, 0, 2.1],),
    "maxit": (30,),
    "ext": (1, "zeros", 3),
    "lam": (0.01,),
    "xb": (-0.1,),
    "xe": (1.1,),
    "task": (-1,),
    "per": (1,),
    "quiet": (0,),
    "mest": (5,),
    "splder.n": (2,),
    "splantider.n": (2,),
    "der": (1, 2),
    "wi": (np.linspace(1, 2, 8),),
    "yi": (np.linspace(1, 2, 8),),
    "neighbors": (5,),
    "smoothing": (0.1,),
    "kernel": ("gaussian", "linear", "cubic", "multiquadric"),
    "RBFInterpolator.epsilon": (2.0,),
    "degree": (0, 2),
    "rescale": (True,),
    "tree_options": ({"leafsize": 4},),
    "solver": (scipy_cg,),
    "solver_args": ({"atol": 1e-12},),
    # integrate
    "args": ((),),
    "epsabs": (1e-5,),
    "epsrel": (1e-5,),
    "limit": (20,),
    "points": ([0.7, 1.1],),
    "weight": ("cos", "alg", "cauchy"),
    "wvar": (0.7,),
    "maxp1": (30,),
    "limlst": (30,),
    "complex_func": (True,),
    "wopts": (None,),
    "quad_vec.norm": ("max",),
    "cache_size": (1e6,),
    "quadrature": ("gk15",),
    "opts": ({"epsabs": 1e-5},),
    "fixed_quad.n": (3,),
    "solve_ivp.method": ("RK23", "DOP853", "Radau", "BDF", "LSODA"),
    "t_eval": (np.array([0.3, 1.0]),),
    "dense_output": (True,),
    "events": (lambda t, y: y[0] + 9,),
    "vectorized": (True,),
    "tfirst": (False,),
    "Dfun": (None,),
    "integrate.x": (np.array([0.0, 0.3, 0.5, 1.1, 1.2, 1.7, 2.0]),),
    "dx": (0.3,),
    "initial": (0,),
    "show": (False,),
    **{f"odeint.{n}": (v,) for n, v in {"h0": 0.01, "hmax": 0.1, "hmin": 0.0}.items()},
    **{f"odeint.{n}": (2,) for n in ("ml", "mu", "mxordn", "mxords")},
    "mxstep": (5000,),
    "mxhnil": (1,),
    "ixpr": (False,),
    "printmessg": (False,),
    "tcrit": (np.array([0.5]),),
    "col_deriv": (True,),
    # optimize
    **shared("optimize.tol xtol xatol rtol f_tol x_tol ftol gtol", (1e-8,)),
    **shared("f_rtol x_rtol pgtol rhoend acc xrtol avextol accuracy", (1e-8,)),
    **shared("maxiter maxfev maxfun max_nfev max_iter", (300,)),
    **shared("callback optimize.iter", (None,)),
    "root.method": ("lm", "broyden1", "anderson", "df-sane"),
    "root_scalar.method": ("newton", "secant", "halley"),
    "minimize.method": ("Nelder-Mead", "BFGS", "L-BFGS-B", "COBYLA", "COBYQA", "SLSQP", "TNC"),
    "minimize_scalar.method": ("golden", "brent", "bounded"),
    "least_squares.method": ("lm", "dogbox"),
    "curve_fit.method": ("trf", "dogbox"),
    "lsq_linear.method": ("bvls",),
    "linprog.method": ("highs-ds", "highs-ipm"),
    "fixed_point.method": ("iteration",),
    "newton_krylov.method": ("gmres", "bicgstab"),
    "newton.x1": (0.7,),
    "root_scalar.x1": (0.7,),
    "fprime": (None,),
    "newton.fprime": (lambda x: 3 * x**2 + 0.8,),
    "newton.fprime2": (lambda x: 6 * x,),
    "root_scalar.fprime": (lambda x: 3 * x**2 + 0.8,),
    "root_scalar.bracket": ([0, 1],),
    "bracket": ((0.0, 1.0),),
    "brack": ((0.0, 1.0),),
    "bounds": ([(-2, 2), (-2, 2)], optimize.Bounds([-2, -2], [2, 2]), ([-2, -2], [2, 2])),
    "least_squares.loss": ("soft_l1", "huber", "cauchy"),
    "f_scale": (0.3,),
    "x_scale": (0.5, "jac"),
    "jac": ("2-point", "3-point"),
    "diff_step": (1e-6,),
    "tr_solver": ("exact", "lsmr"),
    "kwargs": ({},),
    "sigma": (np.linspace(1.0, 2.0, 8),),
    "absolute_sigma": (True,),
    "nan_policy": ("omit", "raise", "propagate"),
    "curve_fit.bounds": (([0, 0], [5, 5]),),
    "lsq_linear.bounds": (([-9] * 4, [9] * 4), ([-9] * 4, [0.05] * 4)),
    "lsq_solver": ("lsmr", "exact"),
    "lsmr_tol": ("auto",),
    "A_eq": (np.ones((1, 4)),),
    "b_eq": (np.array([9.0]),),
    "integrality": (1, 0),
    "options": ({"maxiter": 200}, {"presolve": False}),
    "constraints": ({"type": "ineq", "fun": lambda x: 0.4 - x[0]},),
    "milp.constraints": (optimize.LinearConstraint(np.ones((1, 4)), -np.inf, 99),),
    "finish": (None,),
    "x0": (np.array([0.4, 0.3]),),
    "strategy": ("rand1bin",),
    "seed": (3,),
    "locally_biased": (False,),
    "no_local_search": (True,),
    "minimizer_kwargs": ({"method": "BFGS"},),
    "shgo.options": ({"maxev": 99},),
    "differential_evolution.tol": (),
    "basinhopping.disp": (),
    "ieqcons": ([lambda x: 0.4 - x[0]],),
    "eqcons": ([lambda x: 0.4 - x[0]],),
    "direc": (np.eye(2),),
    "epsilon": (1e-7,),
    "toms748.k": (2,),
    "root_scalar.fprime2": (lambda x: 6 * x,),
    "band": ((1, 1),),
    "epsfcn": (1e-12,),
    "factor": (10.0,),
    "diag": ((1.0, 2.0),),
    "optimize.alpha": (0.4,),
    "reduction_method": ("simple", "svd"),
    "max_rank": (4,),
    "verbose": (0,),
    "tol_norm": (np.max,),
    "line_search": ("wolfe", None),
    "w0": (0.02,),
    "optimize.M": (4,),
    "rdiff": (1e-7,),
    "inner_maxiter": (10,),
    "inner_M": (None,),
    "outer_k": (5,),
    "hess": ("2-point",),
    "hessp": (None,),
    "initial_simplex": (np.array([[0.5, 0.2], [0.6, 0.2], [0.5, 0.3]]),),
    "optimize.norm": (2,),
    "c1": (1e-3,),
    "c2": (0.3,),
    "hess_inv0": (np.eye(2) / 2,),
    "fmin_l_bfgs_b.m": (5,),
    "iprint": (-1,),
    "maxls": (30,),
    "fmin_tnc.scale": ((1.0, 2.0),),
    "messages": (0,),
    "maxCGit": (5,),
    "eta": (0.3,),
    "stepmx": (3.0,),
    "fmin": (-1.0,),
    "f_eqcons": (lambda x: np.stack([0.4 - x[0]]),),
    "f_ieqcons": (lambda x: np.stack([0.4 - x[0]]),),
    "fprime_eqcons": (None,),
    "fprime_ieqcons": (None,),
    "consargs": ((),),
    "rhobeg": (0.5,),
    "catol": (1e-6,),
    "tr_options": ({},),
    "jac_sparsity": (np.ones((4, 2)),),
    "lsmr_maxiter": (100,),
    "optimize.atol": (1e-9,),
    "popsize": (10,),
    "mutation": (0.7,),
    "recombination": (0.8,),
    "init": ("latinhypercube",),
    "updating": ("deferred",),
    "stepsize": (0.3,),
    "take_step": (lambda x: x + 0.1,),
    "accept_test": (lambda **_: True,),
    "interval": (2,),
    "niter_success": (2,),
    "target_accept_rate": (0.4,),
    "stepwise_factor": (0.8,),
    "initial_temp": (3000.0,),
    "restart_temp_ratio": (1e-4,),
    "visit": (2.5,),
    "accept": (-4.0,),
    "iters": (2,),
    "sampling_method": ("halton",),
    "interpolate.random_state": (1,),
    "freqz.a": (),
    # what only says where numbers are, and differences that cannot be taken
    **shared("xp device polish", ()),
    # stats
    "dtype": (np.float64,),
    "f_exp": (np.array([8.0, 12.0, 7.0]) * 22.4 / 27,),
    "stats.weights": (np.linspace(0.5, 1.5, 18).reshape(6, 3),),
    "alternative": ("less", "greater"),
    "ddof": (1,),
    "base": (2.0,),
    "qk": (MOVING["POSITIVE"][::-1],),
    "center": (1.0,),
    "median_abs_deviation.center": (np.mean,),
    "moment.order": (2, 3, [1, 2]),
    "rng": ((10, 80),),
    "interpolation": ("lower", "midpoint"),
    "median_abs_deviation.scale": ("normal", 2.0),
    "iqr.scale": ("normal", 2.0),
    "iqr.rng": ((10, 80),),
    "high": (3.0,),
    "low": (-3.0,),
    "circvar.high": (4.0,),
    "equal_var": (False,),
    "trim": (0.1,),
    "stats.method": (stats.PermutationMethod(n_resamples=9, rng=1),),
    "u_weights": (np.linspace(1, 2, 6),),
    "v_weights": (np.linspace(1, 2, 4),),
    "sum_check": (False,),
    # special
    **shared("special.axis", (0, 1, (0, 1))),
    "special.b": (np.linspace(-0.2, 1.5, 42).reshape(6, 7),),
    "return_sign": (True,),
    "derivative": (True,),
    "special.n": (2,),
    "lambertw.k": (1, -1),
    "lambertw.tol": (1e-6,),
    "zeta.q": (2.5,),
    "zeta.out": (None,),
    # sparse.linalg
    "permc_spec": ("NATURAL", "COLAMD"),
    "use_umfpack": (False,),
    "overwrite_A": (True,),
    "sparse.linalg.x0": (np.array([0.4, 0.3, 0.2, 0.1]),),
    "sparse.linalg.atol": (1e-13,),
    **shared("sparse.linalg.M M1 M2", (np.diag([0.5, 0.4, 0.3, 0.2]),)),
    "restart": (3,),
    "callback_type": ("legacy", "x", "pr_norm"),
    "inner_m": (3,),
    "outer_v": (None,),
    "store_outer_Av": (False,),
    "prepend_outer_v": (True,),
    "gcrotmk.m": (3,),
    "gcrotmk.k": (2,),
    "CU": (None,),
    "discard_C": (True,),
    "gcrotmk.truncate": ("smallest",),
    "minres.shift": (0.1,),
    "check": (True,),
    "damp": (0.3,),
    "conlim": (1e9,),
    "iter_lim": (300,),
    "calc_var": (True,),
    "diag_pivot_thresh": (0.0,),
    "relax": (2,),
    "panel_size": (3,),
    "splu.options": ({"SymmetricMode": True},),
    "spilu.options": ({},),
    "drop_tol": (0.2,),
    "fill_factor": (5,),
    "drop_rule": ("basic",),
    "eigsh.k": (),
    "eigsh.M": (np.diag([1.0, 2.0, 1.5, 0.5]),),
    "eigsh.sigma": (2.5,),
    "which": ("SM", "LA", "SA", "BE"),
    "ncv": (4,),
    "eigsh.tol": (1e-9,),
    **shared("Minv OPinv eigsh.rng", (None,)),
    "eigsh.mode": ("normal",),
    "start": (),
    "stop": (),
    "num": (),
    "traceA": (1.5,),
    # spatial.distance
    "metric": ("sqeuclidean",),
    "spatial.distance.out": (None,),
    "force": ("tomatrix", "tovector"),
    "checks": (False,),
    "directed_hausdorff.rng": (3,),
    "spatial.distance.w": (np.array([0.5, 1.0, 2.0, 0.1]),),
    "centered": (False,),
    "minkowski.p": (1, 3.5, np.inf),
    # signal.windows
    "sym": (False,),
    "tukey.alpha": (0.3,),
    "nbar": (3,),
    "sll": (25,),
    "taylor.norm": (False,),
    "Kmax": (2,),
    "dpss.norm": (2, "approximate"),
    "return_ratios": (True,),
    "fftbins": (False,),
}


def values_of(part: str, call: str) -> Iterator[tuple[str, Option | None]]:
    """The options of the function that is called, and the values to try; None for none."""
    name = call.partition("(")[0]
    f = getattr(importlib.import_module(f"scipy.{part}"), name)
    for option, parameter in inspect.signature(f).parameters.items():
        is_given = re.search(rf"\b{option}=", call)
        if parameter.default is not inspect.Parameter.empty and not is_given:
            keys = (f"{name}.{option}", f"{part}.{option}", option)
            yield option, next((VALUES[key] for key in keys if key in VALUES), None)


def options_of(part: str, call: str) -> Iterator[tuple[str, Any]]:
    for option, values in values_of(part, call):
        for value in values or ():
            yield option, value


def numbers(y: Any) -> Any:
    """The numbers of a result that move, in one axis."""
    found = [np.reshape(v, -1) for v in leaves(list(y) if isinstance(y, tuple) else y) if moves(v)]
    both = [part for v in found for part in (np.real(v), np.imag(v))]
    return np.concatenate(both) if both else np.zeros(0)


def moves(v: Any) -> bool:
    dtype = getattr(v, "dtype", None)
    return isinstance(v, (float, complex)) or (dtype is not None and dtype.kind in "fc")


def function_of(part: str, call: str, options: dict[str, Any]) -> Callable[[Any], Any]:
    """The call as a function of how far its data have moved."""
    given = call if "..." in call else re.sub(r"^(\w+)\((.*)\)", r"\1(\2, ...)", call, count=1)
    given = f"{part}.{given}".replace("...", "**options")
    moved = [n for n in MOVING if re.search(rf"\b{n}\b", given)]
    lines = [f"    {n} = MOVING[{n!r}] + t * ALONG[{n!r}]" for n in moved]
    source = "\n".join(["def f(t):", *lines, f"    return numbers({given})"])
    names = {f.__name__: f for f in (*FUNCTIONS, numbers)} | STILL
    names |= {"np": np, "MOVING": MOVING, "ALONG": ALONG, "options": options}
    names |= {"linalg": linalg, "fft": fft, "ndimage": ndimage, "signal": signal, "stats": stats}
    names |= {"special": special, "spatial": spatial, "sparse": sparse}
    names |= {"interpolate": interpolate, "integrate": integrate, "optimize": optimize}
    exec(source, names)
    return names["f"]


# In which direction everything moves; what is symmetric stays so.
ALONG = {n: 0.3 * np.cos(np.arange(np.size(x)) + 1).reshape(np.shape(x)) for n, x in MOVING.items()}
ALONG["S"] = ALONG["S"] + ALONG["S"].T
# Of solvers that stop when they are near enough, differences have few digits.
COARSE = {
    **shared("fmin fmin_powell fmin_bfgs fmin_cg fmin_l_bfgs_b fmin_slsqp", 1e-3),
    **shared("fmin_cobyla brute leastsq least_squares minimize", 1e-3),
    **shared("curve_fit bisect minimize_scalar brent golden root", 1e-3),
    **shared("RegularGridInterpolator interpn", 1e-3),
    **shared("differential_evolution dual_annealing shgo fminbound", 1e-3),
    "fmin_tnc": 0.05,
    "fmin_cobyla": 2e-3,
}


def fault(part: str, call: str, options: dict[str, Any]) -> str | None:
    """What is wrong with a call, or nothing; None if SciPy does not take it for plain numbers."""
    f = function_of(part, call, options)
    option = next(iter(options), "")
    try:
        value = f(0.0)
        moved = [f(h) for h in (1e-4, -1e-4, 2e-4, -2e-4)]
    except Exception:
        return None
    try:
        y, slope = jvp(f, (0.0,), (1.0,))
    except (TypeError, NonDifferentiableError) as error:
        is_named = re.search(rf"\b{option}\b", str(error)) and option
        return "" if is_named or str(error).startswith(KNOWN) else f"not told well: {error!r}"
    except Exception as error:
        return f"an obscure error: {error!r}"
    if not np.array_equal(y, value, equal_nan=True):
        return "another value than SciPy's"
    want = (8 * (moved[0] - moved[1]) - (moved[2] - moved[3])) / 12e-4
    rough = 1e-2 if value.dtype == np.float32 or "float32" in str(options) else 2e-6
    size = max(rough, COARSE.get(call.partition("(")[0], 0)) * (1 + np.nanmax(abs(want), initial=0))
    if not np.allclose(slope, want, rtol=0, atol=size, equal_nan=True):
        return f"a slope off by {np.nanmax(abs(slope - want)):.2g}"
    return ""


# What solvers say of numbers beside the solution, and of what is none.
KNOWN = ("what a solver reports beside its solution", "Newton's method does not converge")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("part", "call"), [(p, c) for p, calls in CALLS.items() for c in calls])
def test_options(part: str, call: str, capsys: Any) -> None:
    with np.errstate(all="ignore"):
        assert fault(part, call, {}) == ""
        faults = {
            f"{option}={value}": said
            for option, value in options_of(part, call)
            if (said := fault(part, call, {option: value}))
        }
    assert not faults


def test_no_option_is_left_out() -> None:
    missing = [
        f"{part}.{call.partition('(')[0]}.{option}"
        for part, calls in CALLS.items()
        for call in calls
        for option, values in values_of(part, call)
        if values is None
    ]
    assert not missing
