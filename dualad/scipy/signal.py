"""scipy.signal: filters and convolutions with tangents, in the data and in the coefficients.

What SciPy does in compiled code is here: convolutions, which are bilinear, recursive filters, which
solve a linear equation, and filters that choose. Everything else of scipy.signal runs as it is.

>>> import numpy as np
>>> from dualad import jacobian
>>> jacobian(lambda a: lfilter([1.0], np.stack([1.0, -a]), np.array([1.0, 0.0, 0.0])))(0.5)[1:]
array([1., 1.])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal as _scipy
from scipy.ndimage import rank_filter as _rank_filter

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import array, has_duals
from ..pair import plain
from ._calling import bridged, called_as, composed, paired
from ._contractions import along, chosen, convolution
from ._names import lifted_call, names_of
from ._parts import is_still, nilpotent, stripped, through, with_value
from ._theorems import solved

__all__ = [
    "coherence",
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "csd",
    "cspline1d",
    "cspline2d",
    "fftconvolve",
    "find_peaks",
    "lfilter",
    "lfilter_zi",
    "lfiltic",
    "lp2hp",
    "medfilt",
    "medfilt2d",
    "oaconvolve",
    "order_filter",
    "peak_prominences",
    "peak_widths",
    "periodogram",
    "qspline1d",
    "qspline2d",
    "resample",
    "sosfilt",
    "spectrogram",
    "spline_filter",
    "stft",
    "symiirorder1",
    "symiirorder2",
    "unique_roots",
    "upfirdn",
    "welch",
    "wiener",
]

Function = Callable[..., Any]

# -- convolution ----------------------------------------------------------------------------


def _part(full: Any, first: Any, second: Any, mode: str, axes: Any = None) -> Any:
    """The part of a full convolution that a mode asks for."""
    cut: list[slice] = [slice(None)] * np.ndim(full)
    for i in range(np.ndim(full)) if axes is None else axes:
        n, m = np.shape(first)[i], np.shape(second)[i]
        if mode == "same":
            cut[i] = slice((m - 1) // 2, (m - 1) // 2 + n)
        elif mode == "valid":
            cut[i] = slice(min(n, m) - 1, max(n, m))
    return full[tuple(cut)]


def _turned(x: Any) -> Any:
    return np.conj(np.flip(x))


def _convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    in1, in2 = array(in1), array(in2)
    return _part(convolution(in1, in2), in1, in2, mode)


def _correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return _convolve(in1, _turned(array(in2)), mode)


def _fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    in1, in2 = array(in1), array(in2)
    if axes is None:
        return _convolve(in1, in2, mode)
    along_axes = tuple(i % np.ndim(in1) for i in np.atleast_1d(axes).tolist())
    shapes = [list(np.shape(x)) for x in (in1, in2)]
    for i, (n, m) in enumerate(zip(*shapes, strict=True)):
        if i not in along_axes:
            shapes[0][i] = shapes[1][i] = max(n, m)
    in1, in2 = np.broadcast_to(in1, shapes[0]), np.broadcast_to(in2, shapes[1])
    return _part(convolution(in1, in2, along_axes), in1, in2, mode, along_axes)


def _around(x: Any, gaps: tuple[int, ...], boundary: str, fillvalue: Any) -> Any:
    """An image with so much more on either side."""
    if boundary == "fill":
        return np.pad(x, [(g, g) for g in gaps]) + _frame(np.shape(x), gaps) * fillvalue
    for axis, gap in enumerate(gaps):
        n = np.shape(x)[axis]
        places = np.arange(-gap, n + gap)
        if boundary == "wrap":
            places = places % n
        else:
            places = places % (2 * n)
            places = np.minimum(places, 2 * n - 1 - places)
        x = np.take(x, places, axis=axis)
    return x


def _frame(shape: tuple[int, ...], gaps: tuple[int, ...]) -> Any:
    return np.pad(np.zeros(shape), [(g, g) for g in gaps], constant_values=1.0)


def _convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    in1, in2 = array(in1), array(in2)
    if mode == "valid":  # and the order makes no difference
        return _convolve(in1, in2, mode)
    n, m = np.shape(in2)
    image = _around(in1, (n - 1, m - 1), boundary, fillvalue)
    full = _convolve(image, in2, "valid")
    return _part(full, in1, in2, mode)


def _correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    in1, in2 = array(in1), array(in2)
    if mode != "same":
        return _convolve2d(in1, _turned(in2), mode, boundary, fillvalue)
    full = _convolve2d(in1, _turned(in2), "full", boundary, fillvalue)
    (n, m), starts = np.shape(in1), [k // 2 for k in np.shape(in2)]
    return full[starts[0] : starts[0] + n, starts[1] : starts[1] + m]


def _upfirdn(
    h: Any,
    x: Any,
    up: int = 1,
    down: int = 1,
    axis: int = -1,
    mode: str = "constant",
    cval: Any = 0,
) -> Any:
    h, x = array(h), np.moveaxis(array(x), axis, -1)
    beyond = 0  # how many samples are needed on either side
    if mode not in (None, "constant") or has_duals(cval) or np.any(plain(cval)):
        beyond = -(-(np.shape(h)[-1] - 1) // up)
        x = _continued(x, beyond, mode, cval)
    gaps = np.zeros((*np.shape(x), up - 1))
    spread = np.concatenate([x[..., None], gaps], axis=-1)
    spread = np.reshape(spread, (*np.shape(x)[:-1], -1))[..., : (np.shape(x)[-1] - 1) * up + 1]
    y = _rows_convolved(h, spread)
    if beyond:
        y = y[..., beyond * up : np.shape(y)[-1] - beyond * up]
    return np.moveaxis(y[..., ::down], -1, axis)


def _continued(x: Any, beyond: int, mode: Any, cval: Any) -> Any:
    """Samples with more of them on both sides, as `upfirdn` has them beyond the ends."""
    if mode in (None, "constant"):
        more = np.zeros((*np.shape(x)[:-1], beyond)) + cval
        return np.concatenate([more, x, more], axis=-1)
    shift = np.zeros(beyond + 1)
    shift[beyond] = 1

    def extended(v: Any) -> Any:
        before = _scipy.upfirdn(shift, v, mode=mode)
        behind = _scipy.upfirdn(shift[::-1], v, mode=mode)
        return np.concatenate([before, behind[..., np.shape(v)[-1] :]], axis=-1)

    return along(extended, x)


def _wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    im = array(im)
    window = np.ones(np.broadcast_to(3 if mysize is None else mysize, (np.ndim(im),)))
    mean = correlate(im, window, "same") / window.size
    variance = correlate(im**2, window, "same") / window.size - mean**2
    if noise is None:
        noise = np.mean(variance)
    return np.where(variance < noise, mean, (im - mean) * (1 - noise / variance) + mean)


def _resample(
    x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:
    x = array(x)
    n = np.shape(x)[axis]
    if window is not None:  # a product with the spectrum, before all else
        if not hasattr(window, "shape"):
            window = np.fft.fftshift(lifted_call(_scipy.get_window)(None, window, n))
        last = np.moveaxis(x, axis, -1)
        if domain == "time":
            is_real = not np.iscomplexobj(plain(x))
            last = np.fft.ifft(np.fft.fft(last) * window)
            last = last.real if is_real else last
        else:
            last = last * window
        x = np.moveaxis(last, -1, axis)

    def resampled(v: Any) -> Any:
        return _scipy.resample(v, num, axis=-1, domain=domain)

    y = along(resampled, x, axis)
    return y if t is None else (y, t[0] + (t[1] - t[0]) * (n / num) * np.arange(num))


def _rows_convolved(h: Any, x: Any) -> Any:
    """The full convolution of each row of x with h."""
    if np.ndim(x) == 1:
        return convolution(h, x)
    rows = np.broadcast_to(h, (*np.shape(x)[:-1], np.shape(h)[0]))
    return convolution(rows, x, (np.ndim(x) - 1,))


convolve = bridged(_scipy.convolve, _convolve, linear="in1 in2")
correlate = bridged(_scipy.correlate, _correlate, linear="in1 in2")
fftconvolve = bridged(_scipy.fftconvolve, _fftconvolve, linear="in1 in2")
oaconvolve = bridged(_scipy.oaconvolve, _fftconvolve, linear="in1 in2")
convolve2d = bridged(_scipy.convolve2d, _convolve2d, linear="in1 in2")
correlate2d = bridged(_scipy.correlate2d, _correlate2d, linear="in1 in2")
upfirdn = bridged(_scipy.upfirdn, _upfirdn)
wiener = bridged(_scipy.wiener, _wiener)
_resampled = bridged(_scipy.resample, _resample, linear="x")


@called_as(_scipy.resample)
def resample(
    x: Any, num: Any, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:
    """scipy.signal.resample; duals may be in the window, too, or in what it calculates."""
    if callable(window):
        window = np.asanyarray(window(np.fft.fftfreq(np.shape(x)[axis])))
    return _resampled(x, num, t, axis, window, domain)


# -- recursive filters ----------------------------------------------------------------------


def _lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """The y with a ∗ y = b ∗ x + a₀·zi, which is linear in y."""
    if zi is None and not has_duals(a, b):
        return along(lambda rows: _scipy.lfilter(b, a, rows), array(x), axis, _reversed(b, a))
    b, a = (np.reshape(array(v), -1) for v in (b, a))
    x = np.moveaxis(array(x), axis, -1)
    n, plain_a = np.shape(x)[-1], plain(a)
    order = max(np.shape(a)[0], np.shape(b)[0]) - 1
    driven = _rows_convolved(b, x)
    start: Any = 0.0
    if zi is not None:
        given = np.moveaxis(array(zi), axis, -1)
        given = np.broadcast_to(given, (*np.shape(x)[:-1], order))
        start = a[0] * given
        driven = _added(driven, start)

    def divide(r: Any) -> Any:
        return _scipy.lfilter([1.0], plain_a, r)

    def residual(y: Any) -> Any:
        return _rows_convolved(a, y)[..., :n] - driven[..., :n]

    y = solved(residual, divide(plain(driven)[..., :n]), divide, back=_reversed([1.0], plain_a))
    if zi is None:
        return np.moveaxis(y, -1, axis)
    rest = _added(driven, -_rows_convolved(a, y))[..., n : n + order] / a[0]
    return np.moveaxis(y, -1, axis), np.moveaxis(_longer(rest, order), -1, axis)


def _reversed(b: Any, a: Any) -> Function:
    """The transpose of a filter of rows: it goes through them from behind."""
    return lambda g: _scipy.lfilter(b, a, g[..., ::-1])[..., ::-1]


def _longer(x: Any, n: int) -> Any:
    """Rows of at least n numbers, with zeros behind."""
    more = n - np.shape(x)[-1]
    return x if more <= 0 else np.concatenate([x, np.zeros((*np.shape(x)[:-1], more))], axis=-1)


def _added(x: Any, y: Any) -> Any:
    """The sum of rows, the shorter ones with zeros behind."""
    n = max(np.shape(x)[-1], np.shape(y)[-1])
    return _longer(x, n) + _longer(y, n)


def _sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    sos, rest = array(sos), []
    start = None if zi is None else array(zi)
    for i in range(np.shape(sos)[0]):
        b, a = sos[i, :3], sos[i, 3:]
        if start is None:
            x = _lfilter(b, a, x, axis)
        else:
            x, end = _lfilter(b, a, x, axis, start[i])
            rest.append(end)
    return x if start is None else (x, np.stack(rest))


# SciPy divides by a[0], and raises to powers of wo, only where these are not 1; a derivative has to
# know that they could be.


def _lfilter_zi(b: Any, a: Any) -> Any:
    """The z with z = Aᵀz + b₁… − a₁…·b₀, where A is the companion matrix of a, and a₀ = 1."""
    b, a = (np.reshape(array(v), -1) for v in (b, a))
    zeros = int(np.argmax(plain(a) != 0))
    if not is_still(a[:zeros]):
        raise NonDifferentiableError(
            "lfilter_zi has no derivative in a leading zero of a, which it leaves out; write "
            "a[1:], or give getattr(a[0], 'primal', a[0])."
        )
    b, a = b / a[zeros], a[zeros:] / a[zeros]
    n = max(np.shape(a)[0], np.shape(b)[0])
    b, a = _longer(b, n), _longer(a, n)
    matrix = np.eye(n - 1) - np.eye(n - 1, k=1) + a[1:, None] * np.eye(1, n - 1)
    return np.linalg.solve(matrix, b[1:] - a[1:] * b[0])


def _lfiltic(b: Any, a: Any, y: Any, x: Any = None) -> Any:
    b, a, y = (np.reshape(array(v), -1) for v in (b, a, y))
    order = max(np.shape(a)[0], np.shape(b)[0]) - 1
    driven = np.zeros(order) if x is None else _of_the_past(b, np.reshape(array(x), -1))
    return _added(driven, -_of_the_past(a, y))[:order] / a[0]


def _of_the_past(c: Any, x: Any) -> Any:
    """What c[1:] make of the numbers before the first, newest first: one number for each step."""
    n = np.shape(c)[0] - 1
    x = _longer(x, n)
    return np.stack([np.sum(c[i + 1 :] * x[: n - i]) for i in range(n)] or [0.0])


def _lp2hp(b: Any, a: Any, wo: Any = 1.0) -> Any:
    b, a, wo = np.reshape(array(b), -1), np.reshape(array(a), -1), np.reshape(array(wo), -1)[0]
    n = max(np.shape(a)[0], np.shape(b)[0])
    powers = wo ** np.arange(float(n))
    turned = [_longer(c[::-1] * powers[: np.shape(c)[0]], n) for c in (b, a)]
    return lifted_call(_scipy.normalize)(None, *turned)


lfilter = bridged(_scipy.lfilter, _lfilter, linear="b x")
sosfilt = bridged(_scipy.sosfilt, _sosfilt, linear="x")
lfilter_zi = bridged(_scipy.lfilter_zi, _lfilter_zi)
lfiltic = bridged(_scipy.lfiltic, _lfiltic)
lp2hp = bridged(_scipy.lp2hp, _lp2hp)

# -- splines as filters of rows: linear, each known by its matrix -----------------------------


def _of_rows(name: str) -> Function:
    """A filter of one signal that is linear in it, its other arguments being plain."""
    f = getattr(_scipy, name)

    def each(rows: Any, more: tuple[Any, ...], options: dict[str, Any]) -> Any:
        flat = np.reshape(rows, (-1, rows.shape[-1]))
        return np.reshape([f(row, *more, **options) for row in flat], rows.shape)

    def composed(signal: Any, *more: Any, **options: Any) -> Any:
        return along(lambda rows: each(rows, more, options), array(signal))

    def called(**given: Any) -> Any:
        first, *others = given
        return composed(given[first], **{name: given[name] for name in others})

    return bridged(f, called, plain_only=_OTHERS)


def _of_images(name: str) -> Function:
    """The same of an image."""
    f = getattr(_scipy, name)

    def called(**given: Any) -> Any:
        first, *others = given
        image, options = array(given[first]), {name: given[name] for name in others}
        shape = np.shape(image)

        def each(rows: Any) -> Any:
            flat = np.reshape(rows, (-1, *shape))
            return np.reshape([f(x, **options) for x in flat], rows.shape)

        return np.reshape(along(each, np.reshape(image, -1)), shape)

    return bridged(f, called, plain_only=_OTHERS)


_OTHERS = "lamb precision c0 z1 r omega lmbda"
cspline1d, qspline1d = map(_of_rows, ("cspline1d", "qspline1d"))
symiirorder1, symiirorder2 = map(_of_rows, ("symiirorder1", "symiirorder2"))
cspline2d, qspline2d, spline_filter = map(_of_images, ("cspline2d", "qspline2d", "spline_filter"))

# -- roots ------------------------------------------------------------------------------------


def _unique_roots(p: Any, tol: float = 1e-3, rtype: str = "min") -> Any:
    """Groups of roots, as `unique_roots` finds them, each reduced to one."""
    p = array(p)
    z, reduce = plain(p), {"max": np.max, "min": np.min}.get(rtype[:3], np.mean)
    left, found, counts = list(range(len(z))), [], []
    while left:
        group = [i for i in left if abs(z[i] - z[left[0]]) <= tol]
        found.append(reduce(p[group]))
        counts.append(len(group))
        left = [i for i in left if i not in group]
    return np.stack(found), np.asarray(counts)


unique_roots = bridged(_scipy.unique_roots, _unique_roots)

# -- filters that choose ----------------------------------------------------------------------


def _order_filter(a: Any, domain: Any, rank: int) -> Any:
    return chosen(lambda x, c: _rank_filter(x, rank, footprint=domain, mode="constant", cval=c), a)


def _medfilt(volume: Any, kernel_size: Any = None) -> Any:
    volume = array(volume)
    sizes = np.broadcast_to(3 if kernel_size is None else kernel_size, (np.ndim(volume),))
    rank = math.prod(sizes.tolist()) // 2

    def f(x: Any, c: Any) -> Any:
        return _rank_filter(x, rank, size=tuple(sizes.tolist()), mode="constant", cval=c)

    return chosen(f, volume)


order_filter = bridged(_scipy.order_filter, _order_filter, plain_only="domain rank")
medfilt = bridged(_scipy.medfilt, _medfilt)
medfilt2d = bridged(_scipy.medfilt2d, lambda input, kernel_size=3: _medfilt(input, kernel_size))

# -- peaks: where they are is plain, how high and wide they are moves with the signal -------------


def _prominences(x: Any, peaks: Any, left: Any, right: Any) -> Any:
    return x[peaks] - np.maximum(x[left], x[right])


def _widths(x: Any, peaks: Any, heights: Any, ends: tuple[Any, Any]) -> list[Any]:
    """The widths of peaks at such heights, and their ends, in samples and parts of them."""
    moved = []
    for end, step in zip(ends, (1, -1), strict=True):
        outer = (np.floor(end) if step == 1 else np.ceil(end)).astype(int)
        between = outer != end  # or it is at a sample, or the end of the window
        inner = np.where(between, outer + step, outer)
        rise = np.where(between, x[inner] - x[outer], 1.0)
        share = np.where(between, (heights - x[outer]) / rise, 0.0)
        moved.append(with_value(outer + step * share, end))
    return [moved[1] - moved[0], heights, *moved]


@called_as(_scipy.find_peaks)
def find_peaks(x: Any, **conditions: Any) -> Any:
    """scipy.signal.find_peaks; heights, thresholds, prominences and widths have tangents."""
    peaks, found = _scipy.find_peaks(stripped(array(x)), **stripped(conditions))
    if not has_duals(x):
        return peaks, found
    x, moved = array(x), {}
    if "peak_heights" in found:
        moved["peak_heights"] = x[peaks]
    for name, step in (("left_thresholds", -1), ("right_thresholds", 1)):
        if name in found:
            moved[name] = x[peaks] - x[peaks + step]
    if "prominences" in found:
        moved["prominences"] = _prominences(x, peaks, found["left_bases"], found["right_bases"])
    if "widths" in found:
        heights = x[peaks] - moved["prominences"] * plain(conditions.get("rel_height", 0.5))
        names = ("widths", "width_heights", "left_ips", "right_ips")
        ends = found["left_ips"], found["right_ips"]
        moved |= dict(zip(names, _widths(x, peaks, heights, ends), strict=True))
    return peaks, found | {name: with_value(y, found[name]) for name, y in moved.items()}


@composed(_scipy.peak_prominences, plain_only="peaks wlen")
def peak_prominences(value: Any, x: Any, peaks: Any, **_options: Any) -> Any:
    """scipy.signal.peak_prominences; the bases are plain."""
    _, left, right = value
    return _prominences(array(x), np.asarray(peaks), left, right), left, right


@composed(_scipy.peak_widths, plain_only="peaks wlen")
def peak_widths(
    value: Any,
    x: Any,
    peaks: Any,
    rel_height: Any = 0.5,
    prominence_data: Any = None,
    wlen: Any = None,
) -> Any:
    """scipy.signal.peak_widths."""
    x, peaks = array(x), np.asarray(peaks)
    prominences = (prominence_data or peak_prominences(x, peaks, wlen))[0]
    heights = x[peaks] - prominences * rel_height
    return tuple(_widths(x, peaks, heights, value[2:]))


# -- polynomials, of which frequency responses are made -------------------------------------------


def _polynomial(x: Any, c: Any, **options: Any) -> Any:
    """SciPy's sum of c[k]·xᵏ, which is linear in c."""
    if np.ndim(c) != 1 or has_duals(x) or not has_duals(c):
        return lifted_call(_POLYNOMIAL)(_POLYNOMIAL, x, c, **options)
    x, c = as_operand(x), array(c)

    def of(c: Any) -> Any:
        return np.asarray(_POLYNOMIAL(x, c, **options))

    def back(g: Any) -> Any:
        powers = np.ravel(x)[:, None] ** np.arange(np.shape(c)[0])
        return np.ravel(g) @ powers

    return with_value(through(of, nilpotent(c), back), _POLYNOMIAL(x, plain(c), **options))


# In SciPy before 1.16 it is NumPy's, and lifted.
_POLYNOMIAL: Any = getattr(getattr(_scipy, "_polyutils", None), "npp_polyval", None)
METHODS = {_POLYNOMIAL: _polynomial} if _POLYNOMIAL else {}

# -- spectra, at a rate that is a dual ----------------------------------------------------------


def _at_rate(name: str) -> Function:
    """SciPy's own code, lifted, whose arrays are made for duals where only the rate is one."""
    theirs = getattr(_scipy, name)
    lifted = lifted_call(theirs)

    def call(**given: Any) -> Any:
        if not has_duals(given):
            return theirs(**given)
        value = theirs(**_each_once(stripped, given))
        if has_duals(rate := given.get("fs")):
            data = {n: given[n] for n in ("x", "y") if given.get(n) is not None}
            given |= _each_once(lambda x: _along(x, rate), data)
        return paired(lifted(theirs, **given), value)

    return called_as(theirs)(call)


def _each_once(change: Function, given: dict[str, Any]) -> dict[str, Any]:
    """Arguments changed, and x and y the same object where they were: SciPy asks."""
    changed = {id(x): change(x) for x in given.values()}
    return {name: changed[id(x)] for name, x in given.items()}


def _along(x: Any, rate: Any) -> Any:
    """x at the levels of a rate."""
    x = array(x) * 1.0
    return with_value(x + 0.0 * rate, plain(x))


coherence, csd, periodogram, spectrogram, stft, welch = map(
    _at_rate, ("coherence", "csd", "periodogram", "spectrogram", "stft", "welch")
)

__getattr__, __dir__ = names_of(__name__)
