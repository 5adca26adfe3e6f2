"""The way back of NumPy's linear functions: what each of them does to a form.

Functions that only choose and place elements share one pull: they are run on the numbers of the
elements, and adjoints are added up at these. The others have a transpose each. Axes are counted
from the end, for an adjoint may have an axis of several in front.
"""

from __future__ import annotations

import functools
import operator
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .dual import function
from .forms import (
    EVERYTHING,
    Form,
    blank,
    joint,
    kept,
    made_of,
    plus,
    refuse,
    scaled,
    scaled_dtype,
    scattered,
    summed,
    zero_form,
)
from .pair import Pair, is_array, plain, shape_of
from .structure import leaves, rebuild
from .table import RULES

Handler = Callable[..., Any]


def transposes(*functions: Any) -> Callable[[Handler], Handler]:
    """Enter a function as what these functions of NumPy do to forms."""

    def enter(f: Handler) -> Handler:
        Form.FUNCTIONS.update(dict.fromkeys(functions, f))
        return f

    return enter


def lead_of(g: Any, ndim: int) -> int:
    """How many axes of several an adjoint has in front."""
    return len(shape_of(g)) - ndim


# -- questions that need no numbers --------------------------------------------------------

Form.FUNCTIONS.update(
    {
        np.shape: lambda a: a.shape,
        np.ndim: lambda a: a.ndim,
        np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
        np.iscomplexobj: lambda a: a.dtype is not None and a.dtype.kind == "c",
        np.isrealobj: lambda a: a.dtype is None or a.dtype.kind != "c",
        np.may_share_memory: lambda a, b, *most: isinstance(a, Form) and a.is_view_of(b),
        np.any: lambda a, axis=None, **options: np.any(~blank(a.shape), axis, **options),
        np.copy: lambda a, *order, **options: a.copy(),
        np.positive: operator.pos,
        np.negative: operator.neg,
    }
)
for _f, _answer in ((np.isfinite, True), (np.isnan, False), (np.isinf, False)):
    Form.FUNCTIONS[_f] = functools.partial(lambda a, answer: np.full(a.shape, answer)[()], answer=_answer)
Form.FUNCTIONS[np.not_equal] = lambda a, b: a != b if isinstance(a, Form) else b != a
Form.FUNCTIONS[np.equal] = lambda a, b: a == b if isinstance(a, Form) else b == a


# -- linear combinations -------------------------------------------------------------------


@transposes(np.add)
def _add(a: Any, b: Any) -> Any:
    return plus(a, b, 1) if isinstance(a, Form) else plus(b, a, 1)


@transposes(np.subtract)
def _subtract(a: Any, b: Any) -> Any:
    return plus(a, b, -1) if isinstance(a, Form) else plus(-b, a, 1)


@transposes(np.multiply)
def _multiply(a: Any, b: Any) -> Any:
    return scaled(a, b, operator.mul) if isinstance(a, Form) else scaled(b, a, operator.mul)


@transposes(np.divide)
def _divide(a: Any, b: Any) -> Any:
    if isinstance(b, Form):
        refuse("division by a tangent")
    return a / b


def _scaling(name: str) -> Handler:
    """A row of the table that scales."""
    f = function(RULES[name])
    return lambda a: made_of(a.shape, a.dtype, [a], lambda g: (f(g),))


Form.FUNCTIONS.update(
    {
        np.degrees: _scaling("degrees"),
        np.rad2deg: _scaling("degrees"),
        np.radians: _scaling("radians"),
        np.deg2rad: _scaling("radians"),
    }
)


@transposes(np.where)
def _where(condition: Any, a: Any, b: Any) -> Any:
    shape = np.broadcast_shapes(np.shape(condition), shape_of(a), shape_of(b))
    chosen = np.broadcast_to(condition, shape).copy()
    for x, mask in ((a, chosen), (b, ~chosen)):
        if not isinstance(x, Form) and np.any((np.asarray(plain(x)) != 0) & mask):
            refuse("np.where of an adjoint and a tangent of numbers")
    forms = [(x, m) for x, m in ((a, chosen), (b, ~chosen)) if isinstance(x, Form)]
    n = len(shape)

    def pull(g: Any) -> Any:
        lead = lead_of(g, n)
        return [summed(np.where(m, g, 0), x_shape, lead) for x_shape, m in shapes]

    shapes = [(x.shape, m) for x, m in forms]
    return made_of(shape, joint(*(x.dtype for x, _ in forms)), [x for x, _ in forms], pull)


# -- complex parts -------------------------------------------------------------------------


@transposes(np.conjugate)
def _conj(a: Form) -> Form:
    if a.dtype is not None and a.dtype.kind != "c":
        return Form(a.node)
    return made_of(a.shape, a.dtype, [a], lambda g: (np.conj(g),))


def _real_dtype(dtype: Any) -> Any:
    return None if dtype is None else np.empty(0, dtype).real.dtype


@transposes(np.real)
def _real(a: Form) -> Any:
    if a.dtype is not None and a.dtype.kind != "c":
        return a[...] if a.shape else Form(a.node)
    if a.shape:
        return a.viewed(np.real, 1, _real_dtype(a.dtype))
    return made_of((), _real_dtype(a.dtype), [a], lambda g: (g.real,))


@transposes(np.imag)
def _imag(a: Form) -> Any:
    if a.dtype is not None and a.dtype.kind != "c":
        return zero_form(a.shape, a.dtype)
    if a.shape:
        return a.viewed(np.imag, -1, _real_dtype(a.dtype))
    return made_of((), _real_dtype(a.dtype), [a], lambda g: (g.real * -1j,))


# -- sums ----------------------------------------------------------------------------------


def _kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    axes = range(len(shape)) if axis is None else normalize_axis_tuple(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


@transposes(np.sum, (np.add, "reduce"))
def _sum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> Any:
    if where is not True:
        a = _where(where, a, 0)
    shape = a.shape
    middle = _kept_shape(shape, axis)
    result = middle
    if not keepdims:
        axes = range(len(shape)) if axis is None else normalize_axis_tuple(axis, len(shape))
        result = tuple([n for i, n in enumerate(shape) if i not in axes])
    n = len(result)

    def pull(g: Any) -> Any:
        front = shape_of(g)[: lead_of(g, n)]
        if not is_array(g):
            return (np.full(shape, g) if not isinstance(g, Pair) else _full(shape, g),)
        return (np.broadcast_to(np.reshape(g, front + middle), front + shape),)

    y = made_of(result, a.dtype, [a], pull)
    return y if dtype is None else y.astype(dtype)


def _full(shape: tuple[int, ...], g: Any) -> Any:
    return np.broadcast_to(np.stack([g])[0:1].reshape(()), shape)


def _sum_by_ufunc(a: Any, axis: Any = 0, *args: Any, **options: Any) -> Any:
    return _sum(a, axis, *args, **options)


Form.FUNCTIONS[np.add, "reduce"] = _sum_by_ufunc


@transposes(np.mean)
def _mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> Any:
    y = _sum(a, axis, dtype, out, keepdims, where=where)
    chosen = np.broadcast_to(where, a.shape)
    with np.errstate(all="ignore"):
        return y / np.sum(chosen, axis, keepdims=keepdims).astype(y.dtype)


@transposes(np.cumsum)
def _cumsum(a: Form, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    if axis is None:
        return _cumsum(np.reshape(a, -1), -1, dtype)  # type: ignore[call-overload]
    i = normalize_axis_index(axis, a.ndim) - a.ndim
    return made_of(
        a.shape, a.dtype, [a], lambda g: (np.flip(np.cumsum(np.flip(g, i), axis=i), i),)
    )


@transposes(np.trace)
def _trace(a: Form, offset: int = 0, axis1: int = 0, axis2: int = 1, *args: Any) -> Any:
    return _sum(_placed(np.diagonal, (a, offset, axis1, axis2), {}), -1)


# -- the same elements in another shape or order: views ------------------------------------


@transposes(np.reshape)
def _reshape(a: Form, shape: Any, order: str = "C", **options: Any) -> Any:
    shape = np.empty(a.shape, bool).reshape(shape).shape
    if a.place is None or (not a.place.views and a.place.index is Ellipsis):
        return a.window(shape, (a.place or EVERYTHING).by(lambda x: x.reshape(shape)))
    old, n = a.shape, len(shape)
    return made_of(
        shape, a.dtype, [a], lambda g: (np.reshape(g, shape_of(g)[: lead_of(g, n)] + old),)
    )




def _viewing(f: Callable[..., Any]) -> Handler:
    return lambda a, *args, **options: a.viewed(lambda x: f(x, *args, **options))


for _f in (np.transpose, np.moveaxis, np.swapaxes, np.matrix_transpose, np.flip, np.rollaxis):
    Form.FUNCTIONS[_f] = _viewing(_f)
if hasattr(np, "permute_dims"):
    Form.FUNCTIONS[np.permute_dims] = _viewing(np.permute_dims)


@transposes(np.expand_dims)
def _expand_dims(a: Form, axis: Any) -> Any:
    return np.reshape(a, np.expand_dims(blank(a.shape), axis).shape)  # type: ignore[call-overload]


@transposes(np.squeeze)
def _squeeze(a: Form, axis: Any = None) -> Any:
    return np.reshape(a, np.squeeze(blank(a.shape), axis).shape)  # type: ignore[call-overload]


@transposes(np.ravel)
def _ravel(a: Form, order: str = "C") -> Any:
    return np.reshape(a, -1)  # type: ignore[call-overload]


@transposes(np.broadcast_to)
def _broadcast_to(a: Form, shape: Any, subok: bool = False) -> Any:
    shape = np.broadcast_to(blank(a.shape), shape).shape
    old, n = a.shape, len(shape)
    return made_of(shape, a.dtype, [a], lambda g: (summed(g, old, lead_of(g, n)),))


# -- choosing and placing: by the numbers of the elements ----------------------------------


def _placed(f: Callable[..., Any], args: Any, options: Any) -> Any:
    """Whatever f chooses and places, among zeros, of all the forms in its arguments."""
    forms = [x for x in leaves([args, options]) if isinstance(x, Form)]
    starts = np.cumsum([1, *(x.size for x in forms)]).tolist()
    each = iter(range(len(forms)))

    def numbers(x: Any) -> Any:
        if not isinstance(x, Form):
            return x
        i = next(each)
        return np.arange(starts[i], starts[i + 1]).reshape(x.shape)

    places = f(*rebuild(args, numbers), **rebuild(options, numbers))
    shapes, n = [x.shape for x in forms], places.ndim

    def pull(g: Any) -> Any:
        lead = lead_of(g, n)
        flat = scattered(g, places, starts[-1], lead)
        return [
            np.reshape(flat[..., a:b], shape_of(flat)[:-1] + shape)
            for a, b, shape in zip(starts[:-1], starts[1:], shapes, strict=True)
        ]

    return made_of(places.shape, joint(*(x.dtype for x in forms)), forms, pull)


def _placing(f: Callable[..., Any]) -> Handler:
    return lambda *args, **options: _placed(f, args, options)


for _f in (
    *(np.tril, np.triu, np.diag, np.diagflat, np.diagonal, np.take, np.take_along_axis, np.roll),
    *(np.repeat, np.tile, np.resize, np.delete, np.rot90, np.compress, np.extract, np.insert),
    *(np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.fft.fftshift),
    *(np.fft.ifftshift, np.append, np.fliplr, np.flipud),
):
    Form.FUNCTIONS[_f] = _placing(_f)


@transposes(np.choose)
def _choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    return _placed(lambda *cs: np.choose(a, cs, mode=mode), tuple(choices), {})


@transposes(np.concatenate)
def _concatenate(arrays: Any, axis: Any = 0, **options: Any) -> Any:
    arrays = [a if isinstance(a, Form) else np.asarray(a) for a in arrays]
    if axis is None:
        arrays, axis = [np.reshape(a, -1) for a in arrays], 0
    behind = normalize_axis_index(axis, arrays[0].ndim) - arrays[0].ndim
    shape = np.concatenate([blank(a.shape) for a in arrays], axis).shape
    ends = np.cumsum([a.shape[axis] for a in arrays]).tolist()
    cuts = [
        (..., slice(end - a.shape[axis], end), *[slice(None)] * (-1 - behind))
        for a, end in zip(arrays, ends, strict=True)
        if isinstance(a, Form)
    ]
    return _together(arrays, shape, lambda g: [g[cut] for cut in cuts])


@transposes(np.stack)
def _stack(arrays: Any, axis: int = 0, **options: Any) -> Any:
    arrays = list(arrays)
    shape = np.stack([blank(shape_of(a)) for a in arrays], axis).shape
    behind = normalize_axis_index(axis, len(shape)) - len(shape)
    cuts = [
        (..., i, *[slice(None)] * (-1 - behind)) for i, a in enumerate(arrays) if isinstance(a, Form)
    ]
    return _together(arrays, shape, lambda g: [g[cut] for cut in cuts])


def _together(arrays: Sequence[Any], shape: tuple[int, ...], pull: Any) -> Form:
    for a in arrays:
        if not isinstance(a, Form) and np.any(plain(a) != 0):
            refuse("joining adjoints and tangents of numbers")
    forms = [a for a in arrays if isinstance(a, Form)]
    return made_of(shape, joint(*(a.dtype for a in forms)), forms, pull)


@transposes(np.bincount)
def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    x = np.array(x)
    size = len(np.bincount(x, minlength=minlength))
    return made_of((size,), weights.dtype, [weights], lambda g: (g[..., x],))


@transposes(np.pad)
def _pad(a: Form, pad_width: Any, mode: str = "constant", **options: Any) -> Any:
    if mode == "constant":
        return _placed(np.pad, (a, pad_width), {})
    return _dense(np.pad, (a, pad_width, mode), options)


# -- products ------------------------------------------------------------------------------


@transposes(np.matmul)
def _matmul(a: Any, b: Any) -> Any:
    if isinstance(a, Form) and isinstance(b, Form):
        refuse("the product of two tangents")
    row, column = len(shape_of(a)) == 1, len(shape_of(b)) == 1  # vectors count as these
    a, b = (a[None, :] if row else a), (b[:, None] if column else b)
    y = _matrices(a, kept(b)) if isinstance(a, Form) else _matrices_behind(kept(a), b)
    if column:
        y = y[..., 0]
    if row:
        y = y[..., 0] if column else y[..., 0, :]
    return y.copy() if row or column else y


def _product_shape(a: Any, b: Any) -> tuple[int, ...]:
    (*s, m, n), (*t, k, p) = shape_of(a), shape_of(b)
    if n != k:
        raise ValueError(f"cannot multiply matrices of shapes {shape_of(a)} and {shape_of(b)}.")
    return (*np.broadcast_shapes(tuple(s), tuple(t)), m, p)


def _matrices(form: Form, w: Any) -> Form:
    shape, old = _product_shape(form, w), form.shape
    n = len(shape)

    def pull(g: Any) -> Any:
        return (summed(g @ np.matrix_transpose(w), old, lead_of(g, n)),)

    return made_of(shape, scaled_dtype(form.dtype, w), [form], pull)


def _matrices_behind(w: Any, form: Form) -> Form:
    shape, old = _product_shape(w, form), form.shape
    n = len(shape)

    def pull(g: Any) -> Any:
        return (summed(np.matrix_transpose(w) @ g, old, lead_of(g, n)),)

    return made_of(shape, scaled_dtype(form.dtype, w), [form], pull)


@transposes(np.einsum)
def _einsum(text: str, *operands: Any, **options: Any) -> Any:
    given, _, result = text.partition("->")
    terms = given.split(",")
    (place,) = [i for i, x in enumerate(operands) if isinstance(x, Form)]
    free = iter(c for c in string.ascii_letters if c not in text)
    dots = [next(free) for _ in range(max(_dots(t, x) for t, x in zip(terms, operands, strict=True)))]
    terms = [
        t.replace("...", "".join(dots[len(dots) - _dots(t, x) :]))
        for t, x in zip(terms, operands, strict=True)
    ]
    result = result.replace("...", "".join(dots))
    shape = np.einsum(
        f"{','.join(terms)}->{result}", *(blank(shape_of(x)) for x in operands)
    ).shape
    form, term = operands[place], terms[place]
    others = [kept(x) for i, x in enumerate(operands) if i != place]
    rest = [t for i, t in enumerate(terms) if i != place]
    once = "".join(dict.fromkeys(term))
    if once != term:  # a diagonal
        form = _placed(lambda x: np.einsum(f"{term}->{once}", x), (form,), {})
        term = once
    alone = [i for i, c in enumerate(term) if c not in result and all(c not in t for t in rest)]
    if alone:  # summed over in this term
        form = _sum(form, tuple(alone))
        term = "".join(c for i, c in enumerate(term) if i not in alone)
    several, old, n = next(free), form.shape, len(shape)

    def pull(g: Any) -> Any:
        front = several * lead_of(g, n)
        back = f"{','.join([front + result, *rest])}->{front + term}"
        return (summed(np.einsum(back, g, *others), old, len(front)),)

    dtype = functools.reduce(scaled_dtype, others, form.dtype)
    return made_of(shape, dtype, [form], pull)


def _dots(term: str, x: Any) -> int:
    """How many axes the dots in a term stand for."""
    return len(shape_of(x)) - len(term.replace("...", "")) if "..." in term else 0


@transposes(np.convolve)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    if not isinstance(a, Form):
        a, v, turned = v, a, True
    else:
        turned = False
    m, k = a.shape[0], shape_of(v)[0]
    ramp, w = np.arange(1.0, m + 1), np.linspace(1, 2, k)
    some = np.convolve(*((w, ramp) if turned else (ramp, w)), mode)
    return _convolved(a, kept(v), some, np.convolve(ramp, w))


def _convolved(form: Form, w: Any, some: Any, full: Any) -> Form:
    """The part of a full convolution that lies in it as `some` in `full`."""
    m, length, whole = form.shape[0], len(some), len(full)
    start = next(
        s for s in range(whole - length + 1) if np.allclose(full[s : s + length], some, 1e-9, 0)
    )

    def pull(g: Any) -> Any:
        front = shape_of(g)[:-1]
        before, behind = (np.zeros((*front, n), plain(g).dtype) for n in (start, whole - length - start))
        spread = np.concatenate([before, g, behind], axis=-1)
        rows = np.reshape(spread, (-1, whole))
        each = [np.correlate(row, np.conj(w), "valid") for row in rows]
        return (np.reshape(np.stack(each), (*front, m)),)

    return made_of((length,), scaled_dtype(form.dtype, w), [form], pull)


@transposes(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    first = isinstance(a, Form)
    m, k = shape_of(a)[0], shape_of(v)[0]
    ramp, w = np.linspace(1, 2, m) ** 2, np.linspace(3, 4, k)
    some, full = np.correlate(ramp, w, mode), np.convolve(ramp, w[::-1])
    if first:
        return _convolved(a, np.conj(kept(v))[::-1], some, full)
    return _convolved(_conj(v)[::-1], kept(a), some, full)


# -- Fourier transforms --------------------------------------------------------------------

_OPPOSITE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


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

    return made_of(_with_length(a.shape, i, n), _real_dtype(a.dtype), [a], pull)


Form.FUNCTIONS[np.fft.hfft] = lambda a, n=None, axis=-1, norm=None, out=None: _irfft(
    _conj(a), n, axis, _OPPOSITE[norm]
)
Form.FUNCTIONS[np.fft.ihfft] = lambda a, n=None, axis=-1, norm=None, out=None: _conj(
    _rfft(a, n, axis, _OPPOSITE[norm])
)


def _several(first: Any, others: Any, last: Any, default: Any) -> Handler:
    """A transform along several axes: `first` along the last of them, or `last` at the end."""

    def transform(a: Form, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None) -> Any:
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
    for _name, _way in (
        ("fft", (None, _fft, None)),
        ("ifft", (None, _ifft, None)),
        ("rfft", (_rfft, _fft, None)),
        ("irfft", (None, _ifft, _irfft)),
    ):
        Form.FUNCTIONS[getattr(np.fft, _name + _suffix)] = _several(*_way, _default)


# -- anything else, if it is small ---------------------------------------------------------

SMALL = {np.pad, np.histogram, np.histogramdd}  # linear in their forms, and without a transpose


def _dense(f: Callable[..., Any], args: Any, options: Any) -> Any:
    """Any linear function of one form, as a matrix."""
    forms = [x for x in leaves([args, options]) if isinstance(x, Form)]
    if len(forms) != 1 or f not in SMALL:
        refuse(f"np.{getattr(f, '__name__', f)}")
    (form,) = forms
    if form.size > 256:
        refuse(f"np.{f.__name__} of more than 256 elements")

    def at(x: Any) -> Any:
        return f(
            *rebuild(tuple(args), lambda v: x if v is form else v),
            **rebuild(options, lambda v: x if v is form else v),
        )

    columns = [at(e.reshape(form.shape)) for e in np.eye(form.size, dtype=form.dtype)]
    is_tuple = bool(columns) and isinstance(columns[0], tuple)
    rest = columns[0][1:] if is_tuple else ()
    matrix = np.stack([c[0] if is_tuple else c for c in columns])
    shape, old = matrix.shape[1:], form.shape
    matrix = matrix.reshape(len(columns), -1)

    def pull(g: Any) -> Any:
        front = shape_of(g)[: lead_of(g, len(shape))]
        flat = np.reshape(g, (*front, -1))
        return (np.reshape(flat @ matrix.T, front + old),)

    y = made_of(shape, form.dtype, [form], pull)
    return (y, *rest) if is_tuple else y


Form.FUNCTIONS[None] = _dense
