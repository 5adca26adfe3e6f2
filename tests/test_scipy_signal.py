"""dualad.scipy.signal against differences of SciPy's own functions, in every real argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.agreement import assert_agree

from dualad import derivative, grad, jacobian, jvp, sparsity, vjp
from dualad.pair import plain

pytest.importorskip("scipy")

import scipy.ndimage
import scipy.signal as theirs

from dualad.scipy import signal as ours

R = np.random.default_rng(1)
X, K, IMAGE, KERNEL = (R.normal(size=n) for n in (24, 5, (6, 7), (3, 2)))
ORDERED = R.permutation(np.arange(24.0)).reshape(4, 6)  # no two nearly equal
LONG, LARGE = R.normal(size=60), R.normal(size=(30, 31))
B, A = np.array([0.2, 0.3, 0.1]), np.array([1.1, -0.4, 0.1, 0.05])
W, P = np.array(0.3), np.array([0.2, 0.5])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: theirs.lfilter(B, A, x),
        lambda x: theirs.sosfilt(sections(S), x),
        lambda x: theirs.filtfilt(B, A, x),
        lambda x: theirs.savgol_filter(x, 5, 2, mode="constant", cval=0.7),
        lambda x: theirs.correlate(K, x, "same"),
        lambda x: theirs.convolve2d(np.stack([x, x * 2]), KERNEL, fillvalue=0.3),
        lambda x: theirs.correlate2d(IMAGE, np.stack([x[:3], x[3:6]]), fillvalue=0.3),
        lambda x: scipy.ndimage.correlate(X[:9], x[:5], mode="constant", cval=2.0),
        lambda x: scipy.ndimage.convolve1d(IMAGE, x[:5], mode="constant", cval=2.0),
        lambda x: scipy.ndimage.gaussian_filter(x, 1.0, mode="constant", cval=2.0),
        lambda x: scipy.ndimage.shift(x, 0.4, order=3, cval=1.0),
        lambda x: scipy.ndimage.map_coordinates(x, [[0.2, 3.7, 9.0]], mode="nearest"),
        lambda x: theirs.detrend(x),
        lambda x: theirs.freqz(x, worN=9)[1].real,
    ],
)
def test_what_is_linear_forward_backward_and_in_several_directions(f: Any) -> None:
    """Differences of linear functions are exact but for rounding."""
    v, w = np.cos(np.arange(24.0)), np.sin(np.arange(24.0))

    def by_differences(v: Any) -> Any:
        return (f(X + v) - f(X - v)) / 2

    value, found = jvp(f, (X,), (v,))
    np.testing.assert_array_equal(value, f(X))
    np.testing.assert_allclose(found, by_differences(v), atol=1e-13)
    matrix = jacobian(f, mode="reverse")(X)
    np.testing.assert_allclose(matrix @ w, by_differences(w), atol=1e-12)
    np.testing.assert_allclose(jacobian(f, mode="forward", chunk=5)(X), matrix, atol=1e-12)
    several = jvp(lambda t: f(X + t * v), (0.3,), (1.0,))[1]
    np.testing.assert_allclose(several, jvp(f, (X + 0.3 * v,), (v,))[1], rtol=1e-12)


def test_an_infinite_coefficient_adds_nothing_to_a_zero_tangent() -> None:
    """The output of an infinite filter is infinite, but for numbers that do not move."""
    x, still = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    with np.errstate(invalid="ignore"):
        assert jvp(lambda x: theirs.convolve(x, [np.inf, 1.0]), (x,), (still,))[1].tolist() == [
            *(0.0, 0.0, 0.0, 0.0)
        ]


def sections(b: Any) -> Any:
    """Second-order sections, of which two rows of five numbers are free."""
    return np.concatenate([b[:, :3], np.ones((2, 1)), b[:, 3:]], axis=1)


S = np.array([[0.2, 0.3, 0.1, -0.4, 0.1], [1.0, 0.5, 0.2, -0.3, 0.1]])
System = Callable[..., Any]

CONVOLUTIONS: dict[str, tuple[System, tuple[Any, ...]]] = {
    f"{name} {mode} {case}": (
        lambda m, x, k, name=name, mode=mode: getattr(m, name)(x, k, mode),
        args,
    )
    for name in ("convolve", "correlate", "fftconvolve", "oaconvolve")
    for mode in ("full", "same", "valid")
    for case, args in {"": (X[:9], K[:4]), "swapped": (K[:4], X[:9]), "2": (IMAGE, KERNEL)}.items()
    if name != "oaconvolve" or case == "2"
} | {
    f"{name} {mode} {edge}": (
        lambda m, x, k, name=name, mode=mode, edge=edge: getattr(m, name)(x, k, mode, edge, 0.3),
        (IMAGE[:4], KERNEL),
    )
    for name in ("convolve2d", "correlate2d")
    for mode, edge in (("full", "fill"), ("same", "wrap"), ("same", "symm"), ("valid", "fill"))
}

CASES: dict[str, tuple[System, tuple[Any, ...]]] = {
    "fftconvolve axes": (lambda m, x, k: m.fftconvolve(x, k, "same", axes=1), (IMAGE, KERNEL[:1])),
    "upfirdn": (lambda m, h, x: m.upfirdn(h, x, 3, 2, axis=0), (K, IMAGE)),
    "resample_poly": (lambda m, x: m.resample_poly(x, 3, 2), (X,)),
    "resample_poly maximum": (lambda m, x: m.resample_poly(x, 3, 2, padtype="maximum"), (X,)),
    "resample_poly median": (lambda m, x: m.resample_poly(x, 3, 2, padtype="median"), (X,)),
    "lfilter": (lambda m, b, a, x: m.lfilter(b, a, x, axis=0), (B, A, IMAGE)),
    "lfilter zi": (
        lambda m, b, a, x, z: m.lfilter(b, a, x, zi=z),
        (B, A, X, np.array([0.1, 0.2, 0.3])),
    ),
    "lfilter short": (
        lambda m, b, a, x, z: m.lfilter(b, a, x, zi=z),
        (B, A, X[:2], np.array([0.1, 0.2, 0.3])),
    ),
    "lfilter fir": (lambda m, b, x: m.lfilter(b, 1.0, x), (B, IMAGE)),
    "sosfilt": (lambda m, b, x: m.sosfilt(sections(b), x), (S, X)),
    "sosfilt zi": (lambda m, x, z: m.sosfilt(sections(S), x, zi=z), (X, IMAGE[:2, :2])),
    "filtfilt": (lambda m, b, a, x: m.filtfilt(b, a, x), (B, A, X)),
    "filtfilt gust": (lambda m, x: m.filtfilt(B, A, x, method="gust"), (X,)),
    "sosfiltfilt": (lambda m, x: m.sosfiltfilt(sections(S), x), (X,)),
    "lfilter_zi": (lambda m, b, a: m.lfilter_zi(b, a), (B, A)),
    "sosfilt_zi": (lambda m, b: m.sosfilt_zi(sections(b)), (S,)),
    "lfiltic": (lambda m, b, a, y: m.lfiltic(b, a, y), (B, A, X[:3])),
    "deconvolve": (lambda m, x, b: m.deconvolve(x, b), (X[:8], B)),
    "savgol_filter": (
        lambda m, x: m.savgol_filter(x, 7, 3, deriv=1, delta=0.2, mode="mirror"),
        (X,),
    ),
    "savgol_filter interp": (lambda m, x: m.savgol_filter(x, 7, 2), (X,)),
    "savgol_coeffs": (lambda m, d: m.savgol_coeffs(5, 2, deriv=1, delta=d), (W,)),
    "resample": (lambda m, x: m.resample(x, 15), (IMAGE,)),
    "decimate": (lambda m, x: m.decimate(x, 2, n=3), (X,)),
    "detrend": (lambda m, x: m.detrend(x, bp=[3]), (X,)),
    "hilbert": (lambda m, x: m.hilbert(x), (X,)),
    "hilbert2": (lambda m, x: m.hilbert2(x), (IMAGE,)),
    "wiener": (lambda m, x: m.wiener(x, 3), (X,)),
    "czt": (lambda m, x: m.czt(x, 5), (X,)),
    "zoom_fft": (lambda m, x: m.zoom_fft(x, [0.1, 0.5], 5), (X,)),
    "cspline1d": (lambda m, x: m.cspline1d(x), (LONG,)),
    "qspline1d": (lambda m, x: m.qspline1d(x), (LONG,)),
    "cspline2d": (lambda m, x: m.cspline2d(x), (LARGE,)),
    "qspline2d": (lambda m, x: m.qspline2d(x), (LARGE,)),
    "symiirorder1": (lambda m, x: m.symiirorder1(x, 0.5, 0.3), (LONG,)),
    "symiirorder2": (lambda m, x: m.symiirorder2(x, 0.2, 0.3), (LONG,)),
    # spectra
    "welch": (lambda m, x: m.welch(x, nperseg=16)[1], (X,)),
    "periodogram": (lambda m, x: m.periodogram(x)[1], (X,)),
    "spectrogram": (lambda m, x: m.spectrogram(x, nperseg=16)[2], (X,)),
    "csd": (lambda m, x: m.csd(x, x**2, nperseg=16)[1], (X,)),
    "coherence": (lambda m, x: m.coherence(x, x**2, nperseg=8)[1], (X,)),
    "stft istft": (lambda m, x: m.istft(m.stft(x, nperseg=8)[2] ** 2, nperseg=8)[1], (X,)),
    "lombscargle": (lambda m, x: m.lombscargle(np.arange(24.0), x, [1.0, 2.0]), (X,)),
    "vectorstrength": (lambda m, x, p: m.vectorstrength(x, p), (X, W)),
    # responses
    "freqz": (lambda m, b, a: m.freqz(b, a, worN=8)[1], (B, A)),
    "freqz_sos": (lambda m, b: m.freqz_sos(sections(b), worN=4)[1], (S,)),
    "freqz_zpk": (lambda m, b, a: m.freqz_zpk(b, a, 2.0, [0.1, 1.0])[1], (B, A)),
    "freqs": (lambda m, b, a: m.freqs(b, a, [0.1, 1.0])[1], (B, A)),
    "group_delay": (lambda m, b, a: m.group_delay((b, a), 4)[1], (B, A)),
    "bode": (lambda m, b, a: m.bode((b, a), [0.1, 1.0])[1:], (B, A)),
    "dbode": (lambda m, b, a: m.dbode((b, a, 0.1), [0.1, 1.0])[1:], (B, A)),
    "freqresp": (lambda m, b, a: m.freqresp((b, a), [0.1, 1.0])[1], (B, A)),
    # linear systems
    "lsim": (lambda m, b, a, x: m.lsim((b, a), x, np.arange(24) * 0.1)[1], (B, A, X)),
    "step": (lambda m, b, a: m.step((b, a), T=np.linspace(0, 2, 5))[1], (B, A)),
    "impulse": (lambda m, b, a: m.impulse((b, a), T=np.linspace(0, 2, 5))[1], (B, A)),
    "dlsim": (lambda m, b, a, x: m.dlsim((b, a, 0.1), x)[1], (B, A, X[:6])),
    "dstep": (lambda m, b, a: m.dstep((b, a, 0.1), n=5)[1], (B, A)),
    "tf2ss": (lambda m, b, a: m.tf2ss(b, a), (B, A)),
    "tf2zpk": (lambda m, b, a: m.tf2zpk(b, a), (B, A)),
    "tf2sos": (lambda m, b, a: m.tf2sos(b, a), (B, A[:3])),
    "zpk2tf": (lambda m, b, a: m.zpk2tf(b, a, 2.0), (B, A)),
    "zpk2sos": (lambda m, b, a: m.zpk2sos(b, a, 2.0), (B[:2], A[:2] / 2)),
    "zpk2ss": (lambda m, b, a: m.zpk2ss(b, a, 2.0), (B, A)),
    "ss2tf": (lambda m, b, a: m.ss2tf(*m.tf2ss(b, a)), (B, A)),
    "sos2tf": (lambda m, b: m.sos2tf(sections(b)), (S,)),
    "sos2zpk": (lambda m, b: m.sos2zpk(sections(b)), (S,)),
    "residue": (lambda m, b, a: m.residue(b, a), (B, A)),
    "residuez": (lambda m, b, a: m.residuez(b, a), (B, A)),
    "invres": (lambda m, b, a: m.invres(b, a, []), (B, A[:3])),
    "unique_roots": (lambda m, x: m.unique_roots(x)[0], (X[:4],)),
    "cont2discrete": (lambda m, b, a: m.cont2discrete((b, a), 0.1)[:2], (B, A)),
    "normalize": (lambda m, b, a: m.normalize(b, a), (B, A)),
    "bilinear": (lambda m, b, a: m.bilinear(b, a), (B, A)),
    "bilinear_zpk": (lambda m, b, a: m.bilinear_zpk(b, a, 2.0, 0.3), (B, A)),
    "lp2lp": (lambda m, b, a, w: m.lp2lp(b, a, w), (B, A, W)),
    "lp2hp": (lambda m, b, a, w: m.lp2hp(b, a, w), (B, A, W)),
    "lp2bp": (lambda m, b, a, w: m.lp2bp(b, a, w), (B, A, W)),
    "lp2bs": (lambda m, b, a, w: m.lp2bs(b, a, w), (B, A, W)),
    "lp2bp_zpk": (lambda m, b, a, w: m.lp2bp_zpk(b, a, w, 0.3), (B, A, W)),
    # designs
    "butter": (lambda m, w: m.butter(2, w, "bandpass", output="sos"), (P,)),
    "butter ba": (lambda m, w: m.butter(3, w, fs=10.0), (W,)),
    "bessel": (lambda m, w: m.bessel(3, w), (W,)),
    "cheby1": (lambda m, r, w: m.cheby1(3, r, w), (np.array(1.0), W)),
    "iirfilter": (lambda m, w: m.iirfilter(3, w), (P,)),
    "iirpeak": (lambda m, w: m.iirpeak(w, 30.0), (W,)),
    "iircomb": (lambda m, q: m.iircomb(0.25, q), (np.array(30.0),)),
    "firwin": (lambda m, w: m.firwin(8, w, pass_zero=False), (P,)),
    "firwin2": (lambda m, g: m.firwin2(9, [0, 0.5, 1.0], g), (np.array([1.0, 0.5, 0.1]),)),
    "firls": (lambda m, g: m.firls(9, [0, 0.3, 0.5, 1], g), (np.array([1.0, 0.5, 0.1, 0.1]),)),
    "minimum_phase": (lambda m, b: m.minimum_phase(b), (np.array([0.1, 0.2, 0.5, 0.2, 0.1]),)),
    "kaiser_beta": (lambda m, x: m.kaiser_beta(x), (np.array(30.0),)),
    # waves and windows
    "chirp": (lambda m, b: m.chirp(np.arange(5.0), b[0], 1.0, b[1]), (B,)),
    "gausspulse": (lambda m, b: m.gausspulse(np.arange(5.0) * 0.1, b[0] * 10), (B,)),
    "sawtooth": (lambda m, x: m.sawtooth(x), (X + 9,)),
    "square": (lambda m, x: m.square(x), (X + 9,)),
    "sweep_poly": (lambda m, p: m.sweep_poly(np.arange(4.0), p), (B,)),
    "gauss_spline": (lambda m, x: m.gauss_spline(x, 3), (X,)),
    "gaussian": (lambda m, s: m.windows.gaussian(8, s), (W + 2,)),
    "general_gaussian": (lambda m, s: m.windows.general_gaussian(8, 1.5, s), (W + 2,)),
    "general_cosine": (lambda m, b: m.windows.general_cosine(8, b), (B,)),
    "kaiser": (lambda m, s: m.windows.kaiser(8, s), (W + 2,)),
    "exponential": (lambda m, s: m.windows.exponential(8, tau=s), (W + 2,)),
    "tukey": (lambda m, s: m.windows.tukey(9, s), (W,)),
    "chebwin": (lambda m, s: m.windows.chebwin(8, s), (W + 100,)),
}

# What is ours, and some of what runs as it is, is held to the second order too.
TWICE = re.compile(
    "fftconvolve|upfirdn|lfilter$|lfilter zi|sosfilt zi|filtfilt$|.spline|symiir|savgol_filter$|"
    "resample|hilbert$|welch|stft|freqz$|lsim|tf2ss|butter ba|gaussian$|unique_roots"
)


def test_convolutions() -> None:
    for f, args in CONVOLUTIONS.values():
        assert_agree(f, theirs, ours, args)


@pytest.mark.parametrize("part", range(4))
def test_functions_of_signals(part: int) -> None:
    for name in list(CASES)[part::4]:
        f, args = CASES[name]
        assert_agree(f, theirs, ours, args, second=bool(TWICE.match(name)), rtol=3e-7)


def test_filters_that_choose() -> None:
    for f, x in (
        (lambda m, x: m.medfilt(x, 5), np.ravel(ORDERED)),
        (lambda m, x: m.medfilt(x, 3), ORDERED),
        (lambda m, x: m.medfilt2d(x, 3), ORDERED),
        (lambda m, x: m.order_filter(x, np.ones((3, 3)), 1), ORDERED),
    ):
        assert_agree(f, theirs, ours, (x,))


def test_equal_numbers_share_what_a_filter_chooses() -> None:
    """At a kink, the mean of the one-sided derivatives, here of the maximum of two."""
    found = grad(lambda x: ours.order_filter(x, np.ones(3), 2)[1])(np.array([2.0, 1.0, 2.0, 0.0]))
    assert found.tolist() == [0.5, 0.0, 0.5, 0.0]
    beside_zeros = jacobian(lambda x: ours.medfilt(x))(np.array([0.0, 1.0, 2.0, 3.0]))
    assert beside_zeros[0].tolist() == [0.5, 0.0, 0.0, 0.0]  # of 0, 0 and 1, the first outside


def test_peaks() -> None:
    t = np.linspace(0.0, 6.0, 40)
    x = np.sin(2.3 * t) + 0.3 * np.cos(5.1 * t) + 0.1 * t

    def properties(m: Any, x: Any) -> Any:
        asked = {"height": 0.1, "threshold": 0, "prominence": 0.05, "width": 0.5}
        found = m.find_peaks(x, **asked, rel_height=0.6)[1]
        return tuple(found[name] for name in sorted(found) if "bases" not in name)

    def widths(m: Any, x: Any) -> Any:
        return m.peak_widths(x, theirs.find_peaks(plain(x))[0], rel_height=0.4)

    def prominences(m: Any, x: Any) -> Any:
        return m.peak_prominences(x, theirs.find_peaks(plain(x))[0])[0]

    for f in (properties, widths, prominences):
        assert_agree(f, theirs, ours, (x,), rtol=1e-6)
    assert_agree(lambda m, r: m.peak_widths(x, [6], r), theirs, ours, (np.array(0.4),), rtol=1e-6)


def test_a_filter_moves_with_what_it_closes_over() -> None:
    found = derivative(lambda a: ours.lfilter([1.0], [1.0, -a], np.eye(1, 5)[0]))(0.5)
    assert found.tolist() == [0.0, 1.0, 1.0, 0.75, 0.5]  # k·a^(k−1)


def test_each_result_of_a_short_filter_depends_on_its_window() -> None:
    pattern = sparsity(lambda x: ours.convolve(x, [1.0, 2.0, 3.0], "same"))(np.ones(6)).toarray()
    assert np.array_equal(pattern, abs(np.subtract.outer(range(6), range(6))) <= 1)


def test_what_a_filter_cannot_take_is_told() -> None:
    with pytest.raises(TypeError, match=r"scipy\.signal\.symiirorder1 cannot take a dual z1"):
        derivative(lambda z: ours.symiirorder1(LONG, 0.5, z))(0.3)
    with pytest.raises(TypeError, match=r"scipy\.signal\.remez cannot take duals; "):
        derivative(lambda w: theirs.remez(9, [0, w, 0.3, 0.5], [1, 0]))(0.2)


MODES = (
    *("constant", "wrap", "edge", "smooth", "symmetric", "reflect"),
    *("antisymmetric", "antireflect", "line"),
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("up, down", [(1, 1), (3, 2), (2, 5), (9, 2)])
def test_upfirdn_beyond_the_ends(mode: str, up: int, down: int) -> None:
    """It is linear in the filter, and in the samples but for a constant beyond them."""
    rest = {"mode": mode, "cval": 0.3} if mode == "constant" else {"mode": mode}
    x, v = np.cos(np.arange(11) ** 1.5), np.sin(np.arange(11.0))
    h, w = np.array([0.2, 0.5, 1.0, -0.3, 0.1, 0.05, 0.4]), np.cos(np.arange(7.0))

    def f(h: Any, x: Any) -> Any:
        return theirs.upfirdn(h, x, up, down, **rest)

    for n in (11, 2):
        want = f(h, x[:n]), f(h + w, x[:n]) - f(h, x[:n]), f(h, (x + v)[:n]) - f(h, x[:n])
        by_filter = jvp(lambda h, n=n: f(h, x[:n]), (h,), (w,))
        by_samples = jvp(lambda x: f(h, x), (x[:n],), (v[:n],))
        np.testing.assert_array_equal(by_filter[0], want[0])
        np.testing.assert_array_equal(by_samples[0], want[0])
        np.testing.assert_allclose(by_filter[1], want[1], atol=1e-13)
        np.testing.assert_allclose(by_samples[1], want[2], atol=1e-13)
        g = np.cos(np.arange(want[0].size) + 1.0)
        back, forth = vjp(f, h, x[:n])[1](g), (g @ want[1], g @ want[2])
        np.testing.assert_allclose((back[0] @ w, back[1] @ v[:n]), forth, atol=1e-12)


BETA: dict[str, Callable[[Any], Any]] = {
    "get_window": lambda b: theirs.get_window(("kaiser", b), 9),
    "a number": lambda b: theirs.get_window(b, 9),
    "windows": lambda b: theirs.windows.get_window(("general_gaussian", 1.5, b), 9),
    "firwin": lambda b: theirs.firwin(7, 0.3, window=("kaiser", b)),
    "firwin2": lambda b: theirs.firwin2(7, [0, 0.3, 1], [1, 1, 0], window=("gaussian", b)),
    "welch": lambda b: theirs.welch(SIGNAL, window=("kaiser", b), nperseg=8)[1],
    "resample_poly": lambda b: theirs.resample_poly(SIGNAL, 2, 1, window=("kaiser", b)),
    "resample": lambda b: theirs.resample(SIGNAL, 15, window=("kaiser", b)),
    "resample, beside data": lambda b: theirs.resample(SIGNAL * b, 24, window=("kaiser", b)),
    "resample, an array": lambda b: theirs.resample(SIGNAL, 8, window=np.sqrt(np.arange(20.0) + b)),
    "resample, a function": lambda b: theirs.resample(
        SIGNAL.reshape(4, 5), 6, axis=1, window=lambda f: np.exp(-b * f * f)
    ),
    "resample, spectrum": lambda b: np.abs(
        theirs.resample(np.fft.fft(SIGNAL), 10, window=np.arange(20.0) + b, domain="freq")
    ),
    "resample, times": lambda b: theirs.resample(SIGNAL, 10, np.arange(20.0) * b)[1],
    "wiener": lambda b: theirs.wiener(SIGNAL, 5, noise=b / 9),
    "wiener of several axes": lambda b: theirs.wiener(SIGNAL.reshape(5, 4) * b, (3, 1)),
}
SIGNAL = np.cos(np.arange(20.0) ** 1.3)


@pytest.mark.parametrize("name", BETA)
def test_parameters_of_windows_and_noise(name: str) -> None:
    f, h = BETA[name], 1e-3
    value, slope = jvp(f, (5.0,), (1.0,))
    np.testing.assert_array_equal(value, f(5.0))
    wide, narrow = ((f(5 + k) - f(5 - k)) / (2 * k) for k in (2 * h, h))
    want = narrow + (narrow - wide) / 3
    assert np.any(want != 0)
    np.testing.assert_allclose(slope, want, rtol=1e-7, atol=1e-9 * np.max(abs(want)))
    np.testing.assert_allclose(jacobian(f, mode="reverse")(5.0), slope, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("padtype", ["line", "reflect", "symmetric", "edge"])
def test_resample_poly_beyond_the_ends(padtype: str) -> None:
    x, v = np.cos(np.arange(22) ** 1.5).reshape(2, 11), np.sin(np.arange(22.0)).reshape(2, 11)

    def f(x: Any) -> Any:
        return theirs.resample_poly(x, 3, 2, axis=1, padtype=padtype)

    value, moved = jvp(f, (x,), (v,))
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(moved, f(v), atol=1e-13)  # it is linear


@pytest.mark.parametrize("method", ["zoh", "foh", "bilinear", "euler", "impulse"])
def test_cont2discrete_has_scipys_last_bits(method: str) -> None:
    def f(k: Any) -> Any:
        b, a, _ = theirs.cont2discrete(([1.0], [1, k, 2.0]), 0.1, method=method)
        return np.concatenate([np.ravel(b), a])

    for k in (0.4, 0.7, 1.1):
        value, _ = jvp(f, (k,), (1.0,))
        np.testing.assert_array_equal(value, f(k))


@pytest.mark.parametrize("name", ["welch", "periodogram", "csd", "spectrogram", "stft"])
def test_spectra_at_a_rate(name: str) -> None:
    """What they tell of frequencies and times, and of densities, of a plain signal."""
    x = np.cos(0.3 * np.arange(100.0)) + 0.2 * np.sin(1.1 * np.arange(100.0))
    given: dict[str, Any] = {} if name == "periodogram" else {"nperseg": 32}
    f = getattr(theirs, name)
    args = (x, x[::-1]) if name == "csd" else (x,)

    def of_rate(fs: Any) -> Any:
        return np.concatenate([np.ravel(abs(y)) for y in f(*args, fs=fs, **given)])

    wide, narrow = ((of_rate(2.0 + h) - of_rate(2.0 - h)) / (2 * h) for h in (0.002, 0.001))
    value, moved = jvp(of_rate, (2.0,), (1.0,))
    np.testing.assert_array_equal(value, of_rate(2.0))
    np.testing.assert_allclose(moved, (4 * narrow - wide) / 3, rtol=1e-8, atol=1e-9)


AT_ONE: dict[str, Callable[[Any], Any]] = {
    "lfilter_zi": lambda a: theirs.lfilter_zi(B, a),
    "lfilter_zi, longer": lambda a: theirs.lfilter_zi(K[:3] * a[1], np.concatenate([a, K])),
    "lfilter_zi, shorter": lambda a: theirs.lfilter_zi(K * a[1], a),
    "lfiltic": lambda a: theirs.lfiltic(B * a[1], a, X[:3], X[3:7]),
    "lfiltic, without x": lambda a: theirs.lfiltic(K, a, X[:1]),
    "lfiltic, of the past": lambda a: theirs.lfiltic(K, [1.0], a, a[:2]),
    "sosfilt_zi": lambda a: theirs.sosfilt_zi(
        np.stack([np.concatenate([B, a[:3]]), np.concatenate([B[::-1], a[:3] * a[0]])])
    ),
    **{
        f"filtfilt, {kind}": lambda a, kind=kind: theirs.filtfilt(B, a, X, padtype=kind)
        for kind in ("odd", "even", "constant", None)
    },
    "filtfilt, gust": lambda a: theirs.filtfilt(B, a, X, method="gust"),
    "lp2hp": lambda a: theirs.lp2hp(K * a[1], a, a[0]),
    "lp2hp, longer": lambda a: theirs.lp2hp([a[1]], a, wo=a[0]),
    "lp2lp": lambda a: theirs.lp2lp(B, a, a[0]),
    "normalize": lambda a: theirs.normalize(B, a),
    "freqz": lambda a: abs(theirs.freqz(B, a, 5)[1]),
}


@pytest.mark.parametrize("name", AT_ONE)
def test_a_leading_coefficient_of_one_moves(name: str) -> None:
    """SciPy normalises only where it must; its values are smooth in a[0] all the same."""
    at, ways = np.array([1.0, -0.4, 0.1, 0.05]), np.array([0.7, 0.3, -0.5, 0.2])

    def f(t: Any) -> Any:
        found = AT_ONE[name](at + t * ways)
        parts = [np.ravel(y) for y in (found if isinstance(found, tuple) else (found,))]
        return np.concatenate(parts)

    h = 1e-3
    far, near = ((f(k * h) - f(-k * h)) / (2 * k * h) for k in (2, 1))
    first = jvp(f, (0.0,), (1.0,))[1]
    np.testing.assert_allclose(first, (4 * near - far) / 3, rtol=1e-6, atol=1e-7)
    bends = (f(h) - 2 * f(0.0) + f(-h)) / h**2
    second = derivative(f, order=2)(0.0)
    np.testing.assert_allclose(second, bends, rtol=1e-3, atol=1e-3)
    weights = np.cos(np.arange(first.size))
    back = grad(lambda t: f(t) @ weights, mode="reverse")(0.0)
    assert back == pytest.approx(first @ weights)


def test_a_spectrum_of_the_same_data_is_real_as_in_scipy() -> None:
    """Also where both data are duals, or only the rate is one."""
    for f in (
        lambda a: theirs.csd(x := LONG * a, x, nperseg=16)[1],
        lambda a: theirs.csd(LONG, LONG, fs=a, nperseg=16)[1],
        lambda a: theirs.welch(LONG, fs=a, nperseg=16)[1],
    ):
        value, slope = jvp(f, (1.3,), (1.0,))
        assert value.dtype == slope.dtype == np.float64
        np.testing.assert_array_equal(value, f(1.3))
        np.testing.assert_allclose(slope, (f(1.3001) - f(1.2999)) / 2e-4, rtol=1e-6)
