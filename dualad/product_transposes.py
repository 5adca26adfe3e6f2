"""The way back of products, sliding products and Fourier transforms, for forms."""

from __future__ import annotations

import functools
import operator
import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .array.algebra import with_numbers
from .forms import Form, kept, made_of, refuse, scaled_dtype
from .kernel import ARRAY_KERNEL
from .pair import plain, shape_of
from .records import strongly_summed, summed
from .transposes import Handler, conj, lead_of, placed, real_dtype, total, transposes

# -- products ------------------------------------------------------------------------------


@transposes(np.matmul)
def _matmul(a: Any, b: Any) -> Form:
    """ȳ @ wᵀ or wᵀ @ ȳ, where vectors count as matrices of one row or one column."""
    if isinstance(a, Form) and isinstance(b, Form):
        refuse("the product of two tangents")
    if isinstance(a, Form) and hasattr(type(b), "tocsr"):
        return _times_sparse(a, b)
    is_first = isinstance(a, Form)
    form, w = (a, kept(b)) if is_first else (b, kept(a))
    shape, old = _product_shape(a, b), form.shape
    row, column, n = len(shape_of(a)) == 1, len(shape_of(b)) == 1, len(shape)
    dtype = scaled_dtype(form.dtype, w)
    if row and column and isinstance(w, np.ndarray) and dtype is not None:
        w = w.astype(dtype, copy=False)  # the adjoint is a number, which has no precision

    def pull(g: Any) -> Any:
        t = _matmul_back(g, w, is_first, row, column)
        return (t if row and column else summed(t, old, lead_of(g, n)),)

    return made_of(shape, dtype, [form], pull)


def _matmul_back(g: Any, w: Any, is_first: bool, row: bool, column: bool) -> Any:
    """The adjoint of one factor, the first or not, where w is the other.

    `row`, `column`: whether the first has one axis, and the second.
    """
    if row and column:
        return strongly_summed(operator.mul, g[..., None] if shape_of(g) else g, w)
    if row:
        g = g[..., None, :]
    if column:
        g = g[..., None]
    if is_first:
        wt = w[None, :] if column else np.matrix_transpose(w)
        t = strongly_summed(operator.matmul, g, wt)
        return t[..., 0, :] if row else t
    wt = w[:, None] if row else np.matrix_transpose(w)
    t = strongly_summed(lambda g, w: w @ g, g, wt)
    return t[..., 0] if column else t


def _times_sparse(form: Form, w: Any) -> Form:
    """form @ w for a sparse matrix of SciPy's."""
    w = w.tocsr(copy=True)
    turned = w.T
    m, n = w.shape

    def product(g: Any, numbers: Any) -> Any:
        return g @ with_numbers(turned, numbers)

    def pull(g: Any) -> Any:
        back = strongly_summed(product, np.reshape(g, (-1, n)), turned.data)
        return (np.reshape(back, (*shape_of(g)[:-1], m)),)

    return made_of((*form.shape[:-1], n), scaled_dtype(form.dtype, w.data), [form], pull)


def _product_shape(a: Any, b: Any) -> tuple[int, ...]:
    s, t = shape_of(a), shape_of(b)
    (*left, n), (*right, k) = s, (t if len(t) == 1 else (*t[:-2], t[-1], t[-2]))
    if n != k:
        raise ValueError(f"cannot multiply matrices of shapes {s} and {t}.")
    if len(s) <= 2 and len(t) <= 2:
        return (*left, *right)
    rows, columns = left[len(s) - 2 :], right[len(t) - 2 :]
    return (*np.broadcast_shapes(s[:-2], t[:-2]), *rows, *columns)


@transposes(np.einsum)
def _einsum(text: str, *operands: Any, optimize: Any = False) -> Any:
    given, _, result = text.partition("->")
    terms = given.split(",")
    (place,) = [i for i, x in enumerate(operands) if isinstance(x, Form)]
    free = iter(c for c in string.ascii_letters if c not in text)
    dots = [
        next(free) for _ in range(max(_dots(t, x) for t, x in zip(terms, operands, strict=True)))
    ]
    terms = [
        t.replace("...", "".join(dots[len(dots) - _dots(t, x) :]))
        for t, x in zip(terms, operands, strict=True)
    ]
    result = result.replace("...", "".join(dots))
    sizes: dict[str, int] = {}
    for t, x in zip(terms, operands, strict=True):
        for c, n in zip(t, shape_of(x), strict=True):
            if n != 1 or c not in sizes:  # axes of one element are broadcast
                sizes[c] = n
    shape = tuple([sizes[c] for c in result])
    form, term = operands[place], terms[place]
    if len(operands) == 1 and set(term) == set(result):  # a view, as in NumPy
        return form.viewed(lambda x: np.einsum(f"{term}->{result}", x))
    others = [kept(x) for i, x in enumerate(operands) if i != place]
    rest = [t for i, t in enumerate(terms) if i != place]
    once = "".join(dict.fromkeys(term))
    if once != term:  # a diagonal
        form = placed(lambda x: np.einsum(f"{term}->{once}", x), (form,), {})
        term = once
    alone = [i for i, c in enumerate(term) if c not in result and all(c not in t for t in rest)]
    if alone:  # summed over in this term
        form = total(form, tuple(alone))
        term = "".join(c for i, c in enumerate(term) if i not in alone)
    several, old, n = next(free), form.shape, len(shape)

    def pull(g: Any) -> Any:
        front = several * lead_of(g, n)
        back = f"{','.join([front + result, *rest])}->{front + term}"
        product = functools.partial(np.einsum, back, optimize=bool(optimize))  # in its own order
        t = strongly_summed(product, g, *others)
        lead, here = shape_of(t)[: len(front)], shape_of(t)[len(front) :]
        whole = np.broadcast_shapes(here, old)
        if here != whole:  # an axis of length 1 in all others
            t = np.copy(np.broadcast_to(t, (*lead, *whole)))
        return (summed(t, old, len(front)),)

    dtype = functools.reduce(scaled_dtype, others, form.dtype)
    return made_of(shape, dtype, [form], pull)


def _dots(term: str, x: Any) -> int:
    """How many axes the dots in a term stand for."""
    return len(shape_of(x)) - len(term.replace("...", "")) if "..." in term else 0


@transposes(np.convolve)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Form:
    form, w = (a, v) if isinstance(a, Form) else (v, a)
    return _convolved(form, kept(w), mode, 0)


@transposes(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Form:
    is_turned = shape_of(a)[0] < shape_of(v)[0]  # NumPy turns the shorter one, and the result
    if isinstance(a, Form):
        return _convolved(a, np.conj(kept(v))[::-1], mode, is_turned)
    return _convolved(conj(v)[::-1], kept(a), mode, is_turned)


def _correlated(g: Any, w: Any) -> Any:
    return np.correlate(g, w, "valid")


def _convolved(form: Form, w: Any, mode: Any, odd: int) -> Form:
    """The middle of a full convolution; where there are two middles, the one behind if `odd`."""
    m, k = form.shape[0], shape_of(w)[0]
    first = mode if isinstance(mode, int) else "vsf".index(mode[0].lower())
    length, whole = (abs(m - k) + 1, max(m, k), m + k - 1)[first], m + k - 1
    start = (whole - length + odd) // 2

    def pull(g: Any) -> Any:
        front = shape_of(g)[:-1]
        before, behind = (
            np.zeros((*front, n), plain(g).dtype) for n in (start, whole - length - start)
        )
        spread = np.concatenate([before, g, behind], axis=-1)
        rows = np.reshape(spread, (-1, whole))
        each = [strongly_summed(_correlated, row, np.conj(w)) for row in rows]
        return (np.reshape(np.stack(each), (*front, m)),)

    return made_of((length,), scaled_dtype(form.dtype, w), [form], pull)


# -- Fourier transforms --------------------------------------------------------------------

_OPPOSITE: Any = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _cropped(g: Any, n: int, axis: int) -> Any:
    """Cut off or filled up with zeros along an axis that is counted from the end."""
    have = g.shape[axis]
    if have >= n:
        return g[(..., slice(0, n), *[slice(None)] * (-1 - axis))]
    shape = (*g.shape[:axis], n - have, *(g.shape[axis + 1 :] if axis < -1 else ()))
    return np.concatenate([g, np.zeros(shape, plain(g).dtype)], axis=axis)


def _complex_dtype(dtype: Any) -> Any:
    return np.result_type(dtype, np.complex64)


def _symmetric(f: Callable[..., Any]) -> Handler:
    """np.fft.fft or ifft, whose matrix is symmetric."""

    def transform(a: Form, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
        i = normalize_axis_index(axis, a.ndim) - a.ndim
        old = a.shape[i]
        n = old if n is None else int(n)
        shape = _with_length(a.shape, i, n)
        return made_of(
            shape, _complex_dtype(a.dtype), [a], lambda g: (_cropped(f(g, n, i, norm), old, i),)
        )

    return transform


def _with_length(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    places = list(shape)
    places[axis] = n
    return tuple(places)


_fft, _ifft = _symmetric(np.fft.fft), _symmetric(np.fft.ifft)
Form.FUNCTIONS.update({np.fft.fft: _fft, np.fft.ifft: _ifft})


@transposes(np.fft.rfft)
def _rfft(a: Form, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    i = normalize_axis_index(axis, a.ndim) - a.ndim
    n = a.shape[i] if n is None else int(n)
    y = _fft(a, n, i, norm)
    return y[(..., slice(0, n // 2 + 1), *[slice(None)] * (-1 - i))].copy()


@transposes(np.fft.irfft)
def _irfft(a: Form, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    i = normalize_axis_index(axis, a.ndim) - a.ndim
    old = a.shape[i]
    n = 2 * (old - 1) if n is None else int(n)
    twice = np.full(n // 2 + 1, 2.0)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    weights = np.reshape(twice, (-1, *[1] * (-1 - i)))

    def pull(g: Any) -> Any:
        back = np.conj(np.fft.rfft(g, n, i, _OPPOSITE[norm])) * weights
        return (_cropped(back, old, i),)

    return made_of(_with_length(a.shape, i, n), real_dtype(a.dtype), [a], pull)


Form.FUNCTIONS[np.fft.hfft] = lambda a, n=None, axis=-1, norm=None, out=None: _irfft(
    conj(a), n, axis, _OPPOSITE[norm]
)
Form.FUNCTIONS[np.fft.ihfft] = lambda a, n=None, axis=-1, norm=None, out=None: conj(
    _rfft(a, n, axis, _OPPOSITE[norm])
)


def _several(first: Any, others: Any, last: Any, default: Any) -> Handler:
    """A transform along several axes: `first` along the last of them, or `last` at the end."""

    def transform(
        a: Form, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
    ) -> Any:
        if axes is None:
            axes = range(-(a.ndim if s is None else len(s)), 0)
        each = list(zip(axes, [None] * len(axes) if s is None else s, strict=True))
        each = [(i, None if n == -1 else n) for i, n in each]
        if first is not None:
            i, n = each.pop()
            a = first(a, n, i, norm)
        for i, n in reversed(each if last is None else each[:-1]):
            a = others(a, n, i, norm)
        if last is not None:
            i, n = each[-1]
            a = last(a, n, i, norm)
        return a

    return transform


for _default, _suffix in (((-2, -1), "2"), (None, "n")):
    for _name, _first, _others, _last in (
        ("fft", None, _fft, None),
        ("ifft", None, _ifft, None),
        ("rfft", _rfft, _fft, None),
        ("irfft", None, _ifft, _irfft),
    ):
        _transform = _several(_first, _others, _last, _default)
        Form.FUNCTIONS[getattr(np.fft, _name + _suffix)] = _transform


# -- linear systems ------------------------------------------------------------------------


@transposes(np.linalg.solve)
def _solve(a: Any, b: Any) -> Any:
    """A system whose right side is a form: the way back is that of the transpose."""
    if isinstance(a, Form):
        refuse("np.linalg.solve with a matrix of tangents")
    matrix = kept(np.matrix_transpose(a))
    shape, old = _product_shape(a, b), b.shape
    n, column = len(shape), b.ndim == 1

    def pull(g: Any) -> Any:
        lead = lead_of(g, n)
        t = np.linalg.solve(matrix, g[..., None] if column else g)
        return (summed(t[..., 0] if column else t, old, lead),)

    return made_of(shape, scaled_dtype(b.dtype, matrix), [b], pull)


if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_products(_matmul, _matmul_back, strongly_summed)
