"""Exact derivatives of ordinary Python and NumPy code, by dual numbers.

>>> import dualad
>>> dualad.derivative(lambda x: x * dualad.sin(x))(0.0)
0.0
"""

# The names are all here from the start: a module with a `__getattr__` makes `dualad.sin` slow.
from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import array_rules as array_rules
from .array.dualarray import DualArray
from .array.undefined import NonDifferentiableError
from .auditing import audit
from .checkpoints import checkpoint
from .drivers import (
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    sparsity,
    taylor,
    value_and_grad,
    vjp,
)
from .dual import Dual
from .functions import abs as abs
from .functions import (
    absolute,
    acos,
    acosh,
    add,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    around,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    conj,
    conjugate,
    copysign,
    cos,
    cosh,
    cot,
    csc,
    define_rule,
    deg2rad,
    degrees,
    digamma,
    div,
    divide,
    erf,
    erfc,
    exp,
    exp2,
    expit,
    expm1,
    fabs,
    fix,
    float_power,
    floor,
    floor_divide,
    floordiv,
    fma,
    fmax,
    fmin,
    fmod,
    frexp,
    gamma,
    gammaln,
    heaviside,
    hypot,
    imag,
    isfinite,
    isinf,
    isnan,
    ldexp,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    logistic,
    maximum,
    minimum,
    mod,
    modf,
    mul,
    multiply,
    nan_to_num,
    neg,
    negative,
    polygamma,
    pos,
    positive,
    power,
    psi,
    rad2deg,
    radians,
    real,
    reciprocal,
    remainder,
    rint,
    sec,
    sech,
    sigmoid,
    sign,
    sin,
    sinc,
    sinh,
    softplus,
    sqrt,
    square,
    sub,
    subtract,
    tan,
    tanh,
    true_divide,
    trunc,
    xlogy,
)
from .functions import divmod as divmod
from .functions import pow as pow
from .functions import round as round
from .kernel import kernel_info
from .lifting.lift import lift
from .lifting.standins import LOADERS as _LOADERS
from .looks import SPARSE as _SPARSE
from .promises import NotDeterministicError
from .propagation import propagate
from .sensitivity import sensitivities
from .solvers import objective
from .testing import check_derivative, check_rule

if _TYPE_CHECKING:
    from . import scipy as scipy
    from . import teach as teach

__version__ = "0.1.0"


class _Later(_ModuleType):
    """A public submodule, imported when a name in it is asked for."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._loaded(), name)

    def __dir__(self) -> list[str]:
        return dir(self._loaded())

    def _loaded(self) -> _ModuleType:
        module = _import_module(self.__name__)  # which then stands in its place in dualad
        vars(self).update(vars(module))  # for who has taken this one
        return module


for _name in ("scipy", "teach"):
    globals()[_name] = _Later(f"dualad.{_name}")

# In lifted code SciPy's functions are found by identity; our own are loaded when one is met.
_LOADERS["scipy"] = lambda module: _import_module("dualad.scipy._names").enter(module)
_SPARSE.append(lambda a: _import_module("dualad.scipy.sparse").as_sparse(a))

# `from dualad import *` leaves Python's own abs, divmod, pow and round as they are.
__all__ = [
    "Dual",
    "DualArray",
    "NonDifferentiableError",
    "NotDeterministicError",
    "absolute",
    "acos",
    "acosh",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "around",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "audit",
    "cbrt",
    "ceil",
    "check_derivative",
    "check_rule",
    "checkpoint",
    "clip",
    "conj",
    "conjugate",
    "copysign",
    "cos",
    "cosh",
    "cot",
    "csc",
    "define_rule",
    "deg2rad",
    "degrees",
    "derivative",
    "digamma",
    "div",
    "divide",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expit",
    "expm1",
    "fabs",
    "fix",
    "float_power",
    "floor",
    "floor_divide",
    "floordiv",
    "fma",
    "fmax",
    "fmin",
    "fmod",
    "frexp",
    "gamma",
    "gammaln",
    "grad",
    "heaviside",
    "hessian",
    "hvp",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "jacobian",
    "jvp",
    "kernel_info",
    "ldexp",
    "lgamma",
    "lift",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logistic",
    "maximum",
    "minimum",
    "mod",
    "modf",
    "mul",
    "multiply",
    "nan_to_num",
    "neg",
    "negative",
    "objective",
    "polygamma",
    "pos",
    "positive",
    "power",
    "propagate",
    "psi",
    "rad2deg",
    "radians",
    "real",
    "reciprocal",
    "remainder",
    "rint",
    "sec",
    "sech",
    "sensitivities",
    "sigmoid",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "softplus",
    "sparsity",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "tanh",
    "taylor",
    "true_divide",
    "trunc",
    "value_and_grad",
    "vjp",
    "xlogy",
]


def __dir__() -> list[str]:
    return sorted([*__all__, "abs", "divmod", "pow", "round", "scipy", "teach", "__version__"])
