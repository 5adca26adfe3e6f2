"""Where each number system keeps its functions: math, cmath, numpy, mpmath.

The table of rules is text over function names. A `Namespace` says what those names mean for
one number system, so that the same text serves floats, arrays, complex numbers and mpmath.
A name that a system does not have itself is filled in from the table (see `table.py`).
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .looks import is_plain, is_sparse
from .numerics import (
    fma,
    heaviside,
    nan_to_num,
    polygamma,
    psi,
    scipy_special,
    sign,
    sinc_derivative,
)

CONSTANTS = ("pi", "ln2", "ln10", "inf", "nan")


class Namespace:
    """The functions and constants of one number system.

    Parameters
    ----------
    name : str
        What messages call the system.
    functions : dict
        What the names in the table mean: functions, and the constants in `CONSTANTS`.
    is_complex : bool
        Rows are then read in their complex form, and real-only rows are refused.
    is_array : bool
        A conditional in the table then chooses element by element.
    convert : callable
        Brings a number of Python into the system, so that 1/3 in a slope is not a float.
    supply : callable, optional
        Where functions come from that are not in `functions`: a rule goes in, its function
        comes out. By default it is read from the table.
    """

    __slots__ = ("name", "functions", "is_complex", "is_array", "convert", "supply", "compiled")

    def __init__(
        self,
        name: str,
        functions: dict[str, Any],
        *,
        is_complex: bool = False,
        is_array: bool = False,
        convert: Callable[[Any], Any] = lambda x: x,
        supply: Callable[[Any], Callable[..., Any]] | None = None,
    ) -> None:
        self.name = name
        self.functions = dict(functions)
        self.is_complex = is_complex
        self.is_array = is_array
        self.convert = convert
        self.supply = supply
        self.compiled: dict[Any, Any] = {}  # what was made for this namespace, by rule and part


def _named(source: Any, names: str) -> dict[str, Any]:
    """Pick functions from a module; `table=source` renames on the way."""
    pairs = (entry.partition("=")[::2] for entry in names.split())
    return {name: getattr(source, there or name) for name, there in pairs}


# -- numbers of the standard library -------------------------------------------------------


def _asfloat(function: Callable[..., float]) -> Callable[..., float]:
    """Steps give the number system's own kind: floor(2.5) is 2.0."""
    return lambda *args: float(function(*args))


_CONSTANTS = {
    "pi": math.pi,
    "ln2": math.log(2.0),
    "ln10": math.log(10.0),
    "inf": math.inf,
    "nan": math.nan,
}

_PYTHON = {"abs": abs, "pow": operator.pow}

MATH = Namespace(
    "math",
    _CONSTANTS
    | _PYTHON
    | _named(
        math,
        "sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh "
        "cosh tanh asinh acosh atanh degrees radians hypot fmod copysign ldexp erf erfc gamma "
        "lgamma isfinite isinf isnan",
    )
    | {
        "floor": _asfloat(math.floor),
        "ceil": _asfloat(math.ceil),
        "trunc": _asfloat(math.trunc),
        "round": lambda x, n: float(round(float(x), n)),
        "sign": sign,
        "heaviside": heaviside,
        "nan_to_num": nan_to_num,
        "fma": getattr(math, "fma", fma),
        "polygamma": polygamma,
        "_sinc": lambda n, x: float(sinc_derivative(n, float(x))),
        "_exponent": lambda x: math.frexp(x)[1],
        "real": operator.attrgetter("real"),
        "imag": operator.attrgetter("imag"),
        "conj": operator.methodcaller("conjugate"),
    },
)


def _as_fraction(x: Any) -> Any:
    from fractions import Fraction

    return Fraction(int(x)) if isinstance(x, (int, np.integer)) else x


def _exactly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Steps of fractions are fractions."""
    return lambda *args: _as_fraction(function(*args))


def _from_float(x: Any) -> Any:
    return _as_fraction(int(x)) if isinstance(x, float) and x.is_integer() else x


def _half_step(a: Any, b: Any) -> Any:
    return _as_fraction(2 if a > b else 0 if a < b else 1) / 2


# Fractions stay exact: neither 1/3 nor a sign in a slope may become a float beside them.
FRACTIONS = Namespace(
    "fractions",
    MATH.functions
    | {
        "floor": _exactly(math.floor),
        "ceil": _exactly(math.ceil),
        "trunc": _exactly(math.trunc),
        "round": _exactly(lambda x, n: round(x, int(n))),
        "sign": _exactly(lambda x: (x > 0) - (x < 0)),
        "heaviside": _exactly(lambda x, h: 0 if x < 0 else 1 if x > 0 else h),
        "copysign": lambda a, b: _as_fraction(int(math.copysign(1.0, b))) * _from_float(abs(a)),
        "nan_to_num": lambda x: x,
        "_step": _half_step,
    },
    convert=_as_fraction,
)


def _complex(ufunc: Callable[..., Any]) -> Callable[..., complex]:
    return lambda z: complex(ufunc(complex(z)))


CMATH = Namespace(
    "cmath",
    _CONSTANTS
    | _PYTHON
    | _named(
        cmath,
        "sqrt exp log log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
        "isfinite isinf isnan",
    )
    | {name: _complex(getattr(np, name)) for name in ("exp2", "expm1", "log2", "log1p")}
    | {
        "real": operator.attrgetter("real"),
        "imag": operator.attrgetter("imag"),
        "conj": operator.methodcaller("conjugate"),
        "nan_to_num": _complex(np.nan_to_num),
        "_sinc": lambda n, z: complex(sinc_derivative(n, complex(z))),
    },
    is_complex=True,
)


# -- NumPy: arrays, and the scalars that arrays hand out ------------------------------------


def _special(name: str) -> Callable[..., Any]:
    """scipy.special's ufunc if SciPy is installed, else the float function, element by element."""

    def function(*args: Any) -> Any:
        there = scipy_special({"lgamma": "gammaln"}.get(name, name))
        if there is None:
            there = np.vectorize(MATH.functions[name], otypes=[float])
        result = there(*args)
        floats = [a for a in args if np.result_type(a).kind == "f" and type(a) is not float]
        dtype = np.result_type(*floats, np.float32) if floats else result.dtype
        return result.astype(dtype) if result.dtype != dtype else result

    return function


def choose(c: Any, a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """a() or b(), element by element where c is an array of answers."""
    if isinstance(c, (bool, np.bool_)):
        return a() if c else b()
    if (all_one := c.all()) or not c.any():  # mostly
        y = a() if all_one else b()
        if np.shape(y) == c.shape:
            return y
    return np.where(c, a(), b())


def _np_fma(a: Any, b: Any, c: Any) -> Any:
    dtype = np.result_type(a, b, c, np.float32)
    return np.vectorize(MATH.functions["fma"], otypes=[dtype])(a, b, c)[()]


_NUMPY = (
    _CONSTANTS
    | _named(
        np,
        "abs pow=power sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin=arcsin "
        "acos=arccos atan=arctan atan2=arctan2 sinh cosh tanh asinh=arcsinh acosh=arccosh "
        "atanh=arctanh degrees radians hypot fmod copysign ldexp floor ceil trunc rint round sign "
        "heaviside nan_to_num real imag conj maximum minimum fmax fmin clip sinc logaddexp "
        "logaddexp2 square isfinite isinf isnan floordiv=floor_divide mod=remainder",
    )
    | {name: _special(name) for name in ("erf", "erfc", "gamma", "lgamma", "polygamma")}
    | {"choose": choose, "fma": _np_fma, "reciprocal": lambda x: 1 / x, "_sinc": sinc_derivative}
    | {"_exponent": lambda x: np.frexp(x)[1]}
)

_NUMPY_COMPLEX = {
    name: f
    for name, f in _NUMPY.items()
    if name not in ("erf", "erfc", "gamma", "lgamma", "polygamma", "fma", "logaddexp")
}

# Scalars branch like Python's own numbers do; arrays choose with `where`.
_PLAIN = {
    (False, False): Namespace("numpy", _NUMPY),
    (True, False): Namespace("numpy", _NUMPY_COMPLEX, is_complex=True),
    (False, True): Namespace("numpy", _NUMPY, is_array=True),
    (True, True): Namespace("numpy", _NUMPY_COMPLEX, is_complex=True, is_array=True),
}

ARRAY = _PLAIN[False, True]


def _long(name: str) -> Any:
    """A constant to all digits of a longdouble."""
    if name == "pi":
        return np.longdouble("3.14159265358979323846264338327950288")
    return np.log(np.longdouble(name.removeprefix("ln"))) if name[:2] == "ln" else _CONSTANTS[name]


def _long_double(is_complex: bool, is_array: bool) -> Namespace:
    """NumPy's longdoubles: the constants have as many digits as they."""
    there = _PLAIN[is_complex, is_array]
    constants = {name: _long(name) for name in CONSTANTS}
    return Namespace(
        there.name, there.functions | constants, is_complex=is_complex, is_array=is_array
    )


def in_slope(x: Any, dtype: np.dtype[Any], is_count: bool, is_complex: bool) -> Any:
    """What an argument is in a slope, where the result has this dtype of NumPy's.

    A slope has the precision of the result, not of its constants: 1/b of a float32 b beside
    float64s, 0 - 1 of unsigned integers. `is_complex`: it has complex values too, as log(-2).
    """
    here = getattr(x, "dtype", None)
    if is_count:
        return x.astype(np.int64) if here is not None and here.kind in "biu" else x
    if here == dtype or dtype.kind not in "fc":
        return x
    if dtype.kind == "c" and not is_complex:
        dtype = np.finfo(dtype).dtype
    if here is None:  # a number of Python takes on the precision that it meets
        is_wide = dtype.kind == "c" or dtype.char == "g"
        return dtype.type(x) if is_wide and isinstance(x, (int, float)) else x
    if here.kind in "biu":
        return x.astype(np.result_type(dtype, np.float64))
    return x.astype(np.result_type(dtype, here)) if here.kind in "fc" else x


# -- mpmath: whichever context the numbers belong to ---------------------------------------


def _mpmath(context: Any, is_complex: bool) -> Namespace:
    """mpmath's functions; constants are taken anew at each use, at the working precision."""
    ctx = context

    def trunc(x: Any) -> Any:
        return ctx.ceil(x) if x < 0 else ctx.floor(x)

    def to_digits(x: Any, n: Any) -> Any:
        return ctx.nint(x * ctx.mpf(10) ** n) / ctx.mpf(10) ** n

    def sinc(n: int, x: Any) -> Any:
        with ctx.extraprec(30 + 10 * n):  # the same series as in sinc_derivative, to any precision
            u, total, k = ctx.pi * x, ctx.zero, (n + 1) // 2
            if abs(u) > n + 2:
                total = ctx.sin(u) / u
                for j in range(1, n + 1):
                    total = (ctx.sin(u + j * ctx.pi / 2) - j * total) / u
                return ctx.pi**n * total
            while True:
                term = (-1) ** k * u ** (2 * k - n) / ((2 * k + 1) * ctx.factorial(2 * k - n))
                total += term
                k += 1
                if abs(term) <= ctx.eps * abs(total):
                    return ctx.pi**n * total

    def of_numpy(x: Any) -> Any:
        return ctx.convert(x.item()) if is_plain(x, (np.integer, np.float32)) else x

    functions = _named(
        ctx,
        "inf nan pi ln2 ln10 sqrt exp expm1 log log10 log1p sin cos tan sec csc cot asin acos "
        "atan atan2 sinh cosh tanh sech asinh acosh atanh degrees radians hypot floor ceil "
        "rint=nint sign erf erfc gamma sinc=sincpi real=re imag=im conj "
        "isfinite isinf isnan",
    )
    functions |= {
        "abs": abs,
        "pow": operator.pow,
        "trunc": trunc,
        "round": to_digits,
        "cbrt": lambda x: -ctx.cbrt(-x) if x < 0 else ctx.cbrt(x),
        "exp2": lambda x: ctx.mpf(2) ** x,
        "ldexp": lambda a, b: a * ctx.mpf(2) ** int(b),
        "lgamma": lambda x: ctx.re(ctx.loggamma(x)),
        "copysign": lambda a, b: abs(a) * ctx.mpf(math.copysign(1.0, b)),
        "heaviside": lambda x, h: x if x != x else ctx.mpf(0 if x < 0 else 1 if x > 0 else h),
        "nan_to_num": lambda x: ctx.mpf(nan_to_num(float(x))) if not ctx.isfinite(x) else x,
        "floordiv": lambda a, b: ctx.floor(a / b),
        "_sinc": lambda n, x: sinc(int(n), x),
        "polygamma": lambda n, x: psi(ctx, int(n), x),
        "_exponent": lambda x: ctx.frexp(x)[1],
        "_gauss": lambda x: ctx.exp(-ctx.fmul(x, x, exact=True)),
    }
    if is_complex:
        functions |= {"sign": ctx.sign}
    return Namespace(
        "mpmath",
        functions,
        is_complex=is_complex,
        convert=lambda x: ctx.convert(x) if is_plain(x, (int, float, complex)) else of_numpy(x),
    )


# -- which namespace a number belongs to ----------------------------------------------------

_LONG = object()  # stands where others have their context
_SYSTEMS: dict[type, Callable[[Any], tuple[int, bool, Any]]] = {}
_LONGS: dict[tuple[bool, bool], Namespace] = {}
_MPMATH: dict[tuple[Any, bool], Namespace] = {}


def _system(kind: type) -> Callable[[Any], tuple[int, bool, Any]] | None:
    """How to rank numbers of this type: (system, is complex, context of mpmath, …)."""
    if issubclass(kind, (np.number, np.bool_)):
        is_complex = issubclass(kind, np.complexfloating)
        context = _LONG if issubclass(kind, (np.longdouble, np.clongdouble)) else None
        return lambda x: (1, is_complex, context)
    if issubclass(kind, (int, float, complex)):
        is_complex = issubclass(kind, complex)
        return lambda x: (0, is_complex, None)
    if hasattr(kind, "_mpf_") or hasattr(kind, "_mpc_"):  # mpmath's own protocol
        return lambda x: (2, hasattr(x, "_mpc_"), x.context)
    if is_plain_array(kind):
        return lambda x: _system_of_array(x.dtype)
    from fractions import Fraction

    return (lambda x: (0, False, FRACTIONS)) if issubclass(kind, Fraction) else None


def is_plain_array(kind: type) -> bool:
    """Whether a subclass of ndarray calculates as a plain array does: memmap does.

    Those that have units, masks or a product of their own do not, and a dual that took them for
    plain arrays would drop these.
    """
    return kind is np.ndarray or (
        issubclass(kind, np.ndarray)
        and kind.__array_ufunc__ is np.ndarray.__array_ufunc__
        and all(getattr(kind, name) is f for name, f in _OPERATORS.items())
    )


_OPERATORS = {
    name: getattr(np.ndarray, name)
    for operation in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
    for name in (f"__{operation}__", f"__r{operation}__")
}


def not_plain(kind: type) -> str:
    """What to say of arrays that are not plain."""
    return (
        f"duals do not go with {kind.__name__} arrays, which calculate in a way of their own; "
        "take the plain array out of it first, as np.asarray does."
    )


def _system_of_array(dtype: np.dtype[Any]) -> tuple[int, bool, Any]:
    return (
        4 if dtype.kind == "O" else 3,
        dtype.kind == "c",
        _LONG if dtype.char in "gG" else None,
    )


def is_number(x: Any) -> bool:
    """Whether x is a plain number or array that dualad can calculate with."""
    kind = type(x)
    if kind in _SYSTEMS:
        return True
    system = _system(kind)
    if system is not None:
        _SYSTEMS[kind] = system
    return system is not None


def is_exact(x: Any) -> bool:
    """Whether a number has more digits than NumPy's arrays can hold: a Fraction, mpf or mpc."""
    return is_number(x) and _SYSTEMS[type(x)](x)[2] not in (None, _LONG)


def instead_of(x: Any) -> str:
    """What to write in place of something that holds numbers; the end of a sentence."""
    if isinstance(x, (list, tuple)):
        return "; write np.asarray(x)."
    if is_sparse(x):
        return "; write A * x for np.multiply(A, x), and so on: SciPy's arrays have operators."
    return "; write x.to_numpy()." if hasattr(type(x), "to_numpy") else "."


def _is_ratio(x: Any) -> bool:
    return hasattr(x, "numerator") and not isinstance(x, np.floating)


def namespace_of(*values: Any) -> Namespace | None:
    """The namespace that can take all these plain values; None for arrays of objects.

    Raises
    ------
    TypeError
        If a value is not a number.
    """
    rank, is_complex, context, has_exact = 0, False, None, False
    for value in values:
        if not is_number(value):
            if is_plain(value, np.ndarray):
                raise TypeError(not_plain(type(value)))
            raise TypeError(
                f"expected a number or a NumPy array, got {type(value).__name__}"
                + instead_of(value)
            )
        r, c, ctx = _SYSTEMS[type(value)](value)
        if ctx is not None:
            has_exact |= ctx is not _LONG
            context = ctx if r >= rank or ctx is _LONG else context
        rank, is_complex = max(rank, r), is_complex or c
    if rank == 0:
        return CMATH if is_complex else context or MATH
    if rank == 1 and has_exact and all(_is_ratio(value) for value in values):
        return FRACTIONS
    if rank == 2:
        key = context, is_complex
        if key not in _MPMATH:
            _MPMATH[key] = _mpmath(*key)
        return _MPMATH[key]
    if rank == 4 or (rank == 3 and has_exact):  # NumPy makes objects of both
        return None
    if context is _LONG:
        form = is_complex, rank == 3
        if form not in _LONGS:
            _LONGS[form] = _long_double(*form)
        return _LONGS[form]
    return _PLAIN[is_complex, rank == 3]
