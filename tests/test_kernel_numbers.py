"""The compiled chain rule for complex numbers and for NumPy's float32 against the readable one, to
the last bit: rows, operators, ufuncs, functions of cmath, comparisons, warnings and errors."""

from __future__ import annotations

import cmath
import inspect
import math
import warnings
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from support.both import agree, bits, pure

import dualad
from dualad import dual
from dualad.kernel import KERNEL
from dualad.rules import Rule, table
from dualad.table import RULES

KINDS: dict[str, Callable[[complex], Any]] = {
    "complex": complex,
    "complex128": np.complex128,
    "complex64": np.complex64,
    "float32": lambda z: np.float32(z.real),
}
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, 3e38, math.inf, -math.inf, math.nan)
# Of few bits: NumPy rounds z*z once or twice, as the result lies in memory near to z or far away.
USUAL = ((0.3125, 0.1875), (-1.6875, 0.40625), (2.5, -3.125), (2**-10, 20.0), (0.3125, 0.0))
NUMBERS = [
    *(complex(a, b) for a, b in USUAL),
    *(complex(a, 0.5) for a in SPECIAL),
    *(complex(0.5, b) for b in SPECIAL),
    *(complex(a, b) for a in SPECIAL[:2] for b in SPECIAL[:2]),
    *(complex(a, b) for a in (1e200, math.inf, math.nan) for b in (1e200, -math.inf, math.nan)),
]
TANGENTS = (1.0, 0.0, -0.7, 0.3 + 0.4j, np.array([1.0, -2.0]), np.array([1.0, 1j, 0.3 - 2j]))
ROWS = [r for r in table() if len(r.args) < 3 and r.name not in ("gamma", "lgamma", "digamma")]
OPERATORS = ("+", "-", "*", "/", "**", "//", "%", "<", "<=", "==", "!=", ">", ">=")


def tangent_for(kind: str, t: Any) -> Any:
    """A tangent that such numbers may have."""
    if kind != "float32":
        return t
    if isinstance(t, np.ndarray):
        return t.real.astype(np.float32 if len(t) == 2 else np.float64)
    return np.float32(t.real) if t != 1.0 else 1.0


def numbers(package: ModuleType, kind: str, i: int, j: int) -> dict[str, Any]:
    """Duals and plain numbers of one kind, and of the kinds that they meet."""
    make = KINDS[kind]
    z, w = NUMBERS[i % len(NUMBERS)], NUMBERS[(7 * i + 3) % len(NUMBERS)]
    t, u = (tangent_for(kind, TANGENTS[(j + k) % len(TANGENTS)]) for k in (0, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "z": package.Dual(make(z), t), "w": package.Dual(make(w), t),
            "v": package.Dual(make(w), u), "c": make(w), "x": package.Dual(w.imag, 1.5),
            "n": package.Dual(np.float64(w.real), np.array([0.5, 2.0])), "f": np.float64(w.imag),
            "other": package.pair.dual(make(w), 1.0, 7), "np": np, "package": package,
            "l": np.longdouble(2), "h": np.float16(0.5), "i": np.int64(2),
        }  # fmt: skip


OPERANDS = (
    "w", "v", "c", "x", "n", "f", "other", "2", "-1", "0.5", "0.0", "1j", "True", "l", "h", "i",
    "np.complex64(1j)", "np.float32(0.1)", "np.complex128(2 - 1j)", "2**70", "None", "'a'",
    "np.array([1.0, 2.0])", "[1.0]", "package.Dual(np.ones(2), np.ones(2))",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_say_the_same(kind: str, operator: str) -> None:
    arrays = 1 if operator[0] in "<=!>" else 0  # the readable one asks the array first
    others = OPERANDS[: len(OPERANDS) - arrays]
    for k, (other, i) in enumerate(product(others, range(0, len(NUMBERS), 3))):
        for text in (f"z {operator} {other}", f"({other}) {operator} z"):
            if other != "'a'" or text[0] == "z":
                agree(lambda p, text=text, i=i, k=k: eval(text, numbers(p, kind, i, k)))


UNARY = """
    -z +z abs(z) z.real z.imag z.conjugate() np.exp(z) np.sin(z) np.sqrt(z) np.log(z) np.tanh(z)
    np.abs(z) np.conj(z) np.real(z) np.imag(z) np.square(z) np.negative(z) np.arctan(z) np.log10(z)
    np.isnan(z) np.isfinite(z) np.add(z,w) np.multiply(c,z) np.multiply(z,c) np.divide(z,w)
    np.power(c,z) np.power(z,2) np.subtract(1,z) np.add(z,1,dtype=complex) np.hypot(z,w) np.sign(z)
    np.maximum(z,w) np.floor(z) np.rint(z) np.arctan2(z,w) np.less(z,w) np.equal(z,z) np.exp2(z)
    np.float32(0.5)*z np.float32(0.5)**z np.complex128(0.5)*z np.complex128(2)/z np.complex64(3)-z
    z==z z!=0 z>0 bool(z) abs(z)**2 (z*z.conjugate()).real z/abs(z) pow(z,2,3) pow(z,-1) z**0 z**0.0
    divmod(z,w) round(z) int(z) float(z) complex(z) hash(z) repr(z) z.dtype z*None package.exp(z)
    package.sin(z) package.atan2(z,w) package.abs(z) package.real(z) package.sinh(z) package.log(z,w)
    package.sinc(z) package.hypot(z,w) package.square(z) np.divmod(z,w) np.modf(z) np.frexp(z)
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", UNARY.split())
def test_functions_say_the_same(kind: str, text: str) -> None:
    for i in range(len(NUMBERS)):
        agree(lambda p, i=i: eval(text, numbers(p, kind, i, i)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.name)
def test_rows_say_the_same(rule: Rule, kind: str) -> None:
    for i in range(0, len(NUMBERS), 2):

        def program(package: ModuleType, i: int = i) -> Any:
            given = numbers(package, kind, i, i)
            args = (given["z"], given["v" if i % 4 else "c"])[: len(rule.args)]
            return package.dual.function(package.rules.RULES[rule.name])(*args)

        agree(program)


def test_second_derivatives_say_the_same() -> None:
    def f(x: Any) -> Any:
        z = x * (1.5 - 0.5j) + 0.2j
        for _ in range(3):
            z = z * z / (1 + z) - 0.3 * z**3
        return abs(z) * z.real + z.imag

    agree(lambda package: package.derivative(f, order=2)(0.3))
    agree(lambda package: package.hessian(lambda p: f(p[0]) * f(p[1]))([0.3, 0.4]))


FUNCTIONS_OF_CMATH = """
    acos acosh asin asinh atan atanh cos cosh exp log log10 phase polar sin sinh sqrt tan tanh
    isnan isfinite
"""


@pytest.mark.parametrize("name", FUNCTIONS_OF_CMATH.split())
def test_functions_of_cmath_say_the_same(name: str) -> None:
    f = getattr(cmath, name)
    for i, z in enumerate(NUMBERS):
        for x in (z, z.real, np.complex128(z), np.float64(z.real)):

            def program(package: ModuleType, x: Any = x, i: int = i) -> Any:
                t = TANGENTS[i % len(TANGENTS)] if isinstance(x, complex) else 1.0 + i
                return package.lift(lambda y: f(y))(package.Dual(x, t))

            agree(program)


@pytest.mark.parametrize(
    "text",
    ["complex(x)", "complex(x, y)", "complex(x, 2)", "complex(0.5, x)", "complex(real=x, imag=y)",
     "complex(z)", "complex(z, x)", "complex(z, 1j)", "complex(x, k)", "complex(k, k)",
     "complex(n, x)", "complex(x, 'a')", "complex('1j')", "complex()", "complex(x, y, x)",
     "complex(1, 2) * x", "np.complex128(z)", "np.float32(x) * np.float32(2)", "np.float32(3)",
     "np.complex64(z)", "np.float32(z)"],
)  # fmt: skip
def test_conversions_say_the_same(text: str) -> None:
    names = "x, y, z, k, n"
    for v in (0.3, -0.0, math.inf, math.nan, -2.5):
        f = eval(f"lambda {names}: {text}", {"np": np})

        def program(package: ModuleType, v: float = v, f: Any = f) -> Any:
            return package.lift(f)(
                package.Dual(v, -1.0), package.Dual(0.7, -0.0), package.Dual(0.3 - 1j, 2.0 + 1j),
                package.Dual(v, np.array([1.0, -2.0])), package.Dual(np.float64(v), 0.5),
            )  # fmt: skip

        agree(program)


def differences(p: Any) -> Any:
    x = p if hasattr(p, "__len__") else [p, np.float32(2), p * p]
    return sum((x[i + 1] - x[i]) ** 2 * np.float32(0.7) for i in range(len(x) - 1))


OF_FLOATS: dict[str, Callable[[Any], Any]] = {
    "differences": differences,
    "one": lambda p: np.exp(p[0] if hasattr(p, "__len__") else p),
    "constant": lambda p: np.float32(2),
    "nan": lambda p: (p[0] if hasattr(p, "__len__") else p) * np.float32("nan"),
    "double": lambda p: (p[-1] if hasattr(p, "__len__") else p) * np.float64(2),
    "array": lambda p: np.array([1.0, 2.0], np.float32) * (p[0] if hasattr(p, "__len__") else p),
    "list": lambda p: [p[0] if hasattr(p, "__len__") else p, 2.0],
}


@pytest.mark.parametrize("name", OF_FLOATS)
@pytest.mark.parametrize("driver", ["derivative", "grad", "value_and_grad", "jacobian"])
def test_drivers_in_single_precision_say_the_same(driver: str, name: str) -> None:
    f = OF_FLOATS[name]
    for x in (
        np.float32(1.3), *([np.float32((i + 1) / 3) for i in range(n)] for n in (1, 2, 5, 40)),
        (np.float32(1), np.float32(0.3)), np.arange(1, 4, dtype=np.float32) / np.float32(3),
        np.ones(1, np.float32), np.ones((2, 2), np.float32), [np.float32(1)] + [2.0] * 39,
        [np.float32(1), 2.0], [],
    ):  # fmt: skip
        agree(lambda package, x=x: getattr(package, driver)(f)(x))
        agree(lambda package, x=x: getattr(package, driver)(f, mode="reverse")(x))
        agree(lambda package, x=x: package.value_and_grad(lambda p: (f(p), p), has_aux=True)(x))


@pytest.mark.parametrize("one", [Fraction(1, 3), np.longdouble(1), mpmath.mpf(1), np.float32(1)])
def test_many_numbers_of_any_kind_have_a_gradient(one: Any) -> None:
    x = [one * (i + 2) for i in range(40)]
    for f in (lambda p: (p[0] * p[1]) ** 2, lambda p: (p[0] - p[1]) * p[2] + p[39] * p[39]):
        right = dualad.jacobian(f, mode="forward")(x)
        for many in (dualad.grad(f)(x), dualad.value_and_grad(f)(x)[1]):
            assert [float(a) for a in many] == pytest.approx([float(a) for a in right])


def test_constants_of_all_kinds_are_handed_on() -> None:
    for c in (1j, np.complex128(2j), np.float32(3), np.int8(2), Fraction(1, 2), True, np.True_):
        agree(lambda package, c=c: package.derivative(lambda x, c: (x * c * 1j).imag)(0.5, c))
        agree(lambda package, c=c: package.grad(lambda p, c: abs(p[0] * c))([0.5, 1.0], [c, c][0]))
    z = dualad.Dual(1 + 2j, 1.0)  # is none, though it looks like one
    assert dualad.derivative(lambda x, z: (x * z).real)(0.5, z) is not None


# -- against others ---------------------------------------------------------------------------------


def newton(x: float) -> Any:
    """A root of z³ = x near -0.5 + i."""
    z = -0.5 + 1j
    for _ in range(30):
        z = z - (z**3 - complex(x, 0.0)) / (3 * z**2)
    return z


def test_the_root_of_newton_moves_as_it_should() -> None:
    value, slope = dualad.jvp(newton, (2.0,), (1.0,))
    right = mpmath.mpf(2) ** (mpmath.mpf(1) / 3) * mpmath.expjpi(mpmath.mpf(2) / 3)
    assert value == newton(2.0)
    assert abs(slope - complex(right / 6)) < 1e-15


def mandelbrot(x: float, y: float) -> float:
    """How far ten steps go."""
    z, c = 0j, complex(x, y)
    for _ in range(10):
        z = z * z + c
        if abs(z) > 2:
            break
    return abs(z) ** 2


def test_steps_of_mandelbrot() -> None:
    def reference(x: Any, y: Any) -> Any:
        a = b = mpmath.mpf(0)
        for _ in range(10):
            a, b = a * a - b * b + x, 2 * a * b + y
            if a * a + b * b > 4:
                break
        return a * a + b * b

    at = (-0.2, 0.3)
    value, found = dualad.value_and_grad(mandelbrot, argnums=(0, 1))(*at)
    assert value == mandelbrot(*at)
    with mpmath.workdps(40):
        for i in (0, 1):
            right = mpmath.diff(reference, at, tuple(int(j == i) for j in (0, 1)))
            assert abs(found[i] - float(right)) < 1e-14


def test_float32_stays_float32() -> None:
    def f(x: Any) -> Any:
        s = np.float32(0)
        for _ in range(5):
            s = np.float32(0.5) * s + np.sin(x) * x / np.float32(3) - x**2
        return s

    x = np.float32(0.7)
    value, slope = dualad.value_and_grad(f)(x)
    assert bits(value) == bits(f(x)) and type(slope) is np.float32
    with mpmath.workdps(30):

        def right(x: Any) -> Any:
            s = mpmath.mpf(0)
            for _ in range(5):
                s = s / 2 + mpmath.sin(x) * x / 3 - x**2
            return s

        assert abs(slope - mpmath.diff(right, float(x))) < 1e-6


def test_warnings_come_once() -> None:
    """Whether the kernel takes an operation or hands it over after a look."""
    cases: list[tuple[str, Any]] = [
        ("x*x", np.float32(3e38)),
        ("np.exp(x)", np.float32(3e38)),
        ("x/np.float32(0)", np.float32(3e38)),
        ("np.float32(1e30)*x", np.float32(3e38)),
        ("np.log(-x)", np.float32(3e38)),
        ("np.arccos(x)", np.float32(2)),  # here the slope is nan, too
        ("x*np.float32(np.inf)", np.float32(0)),
        ("np.float32(np.inf)*x", np.float32(0)),
        ("x*np.complex128(np.inf)", np.complex128(0)),
        ("x*np.complex128(np.inf)", 0.0),
        ("np.log(x)", np.complex64(0)),
    ]
    for text, at in cases:
        told = []
        for x in (at, dualad.Dual(at, 1.0), pure.Dual(at, 1.0)):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                eval(text, {"x": x, "np": np})
            told.append([str(w.message) for w in caught])
            if not isinstance(x, pure.Dual):  # as if the user had called NumPy
                assert KERNEL is None or {w.filename for w in caught} <= {"<string>"}, text
        assert told[0] == told[1] == told[2], text


@pytest.mark.parametrize("package", (dualad, pure), ids=("dualad", "pure"))
def test_tangents_do_not_warn(package: ModuleType) -> None:
    """Where they overflow, or are infinite, and the plain run does neither."""
    huge, one = np.array([1e308]), np.array([1.0])
    single = np.array([3e38, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x, y = package.Dual(one, huge), package.Dual(one, huge)
        assert (x * y).tangent == math.inf and np.maximum(x + y, 0).tangent == math.inf
        z = package.Dual(np.complex64(1), single) * package.Dual(np.complex64(2), single)
        assert z.tangent[0] == math.inf
        assert not np.isfinite(package.sinc(package.Dual(complex(0.0, 1e308), 1.0)).tangent).any()


POLES = ((np.log, 0), (np.log2, 0), (np.log10, 0), (np.log1p, -1), (np.arctan, 1j), (np.arctan, -1j),
         (np.arctanh, 1), (np.arctanh, -1))  # fmt: skip


@pytest.mark.parametrize("package", (dualad, pure), ids=("dualad", "pure"))
def test_ufuncs_of_python_numbers_at_poles(package: ModuleType) -> None:
    """What NumPy makes of a Python number has the slope of NumPy's, whose division raises nothing."""
    with np.errstate(all="ignore"):
        for f, z in POLES:
            found, right = (f(package.Dual(kind(z), 1.0)) for kind in (complex, np.complex128))
            assert bits(found.primal) == bits(f(complex(z))), (f, z)
            assert not np.isfinite(right.tangent) and bits(found.tangent) == bits(right.tangent)
        y = package.value_and_grad(lambda t: np.real(np.exp(1j * t) / (t - 1.0 + 0j)))(1.0)[0]
        assert bits(y) == bits(np.real(np.exp(1j * 1.0) / np.complex128(0)))


def _left(rule: Rule, args: Any) -> None:
    """In place of the readable chain rule, where the kernel is to take all."""


@pytest.mark.skipif(KERNEL is None, reason="no compiled kernel")
def test_the_usual_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What programs are made of is not left to the readable chain rule."""
    z, x = dualad.Dual(0.3 + 0.2j, 1.0), dualad.Dual(0.5, 1.0)
    f, n = dualad.Dual(np.float32(0.3), 1.0), dualad.Dual(np.complex128(0.3j), 1.0)
    assert KERNEL is not None
    monkeypatch.setattr(inspect.unwrap(dual.apply), "__code__", _left.__code__)
    for a, b in ((z, z), (z, 2), (2.0, z), (z, 1j), (x, 1j), (1j, x), (x, z), (f, f), (f, 2.0), (n, z),
                 (np.float32(2), f), (n, np.float64(2)), (x, n)):  # fmt: skip
        for name in ("add", "sub", "mul", "div", "pow"):
            assert KERNEL.rule_on_numbers(RULES[name], (a, b)) is not None, (name, a, b)
    for name in ("exp", "sin", "sqrt", "log", "neg", "real", "imag", "conj"):
        assert KERNEL.rule_on_numbers(RULES[name], (z,)) is not None, name
        assert KERNEL.rule_on_numbers(RULES[name], (n,)) is not None, name
    assert KERNEL.rule_on_numbers(RULES["exp"], (x,)) is None
    assert KERNEL.rule_on_numbers(RULES["exp"], (z, z)) is None
    assert KERNEL.rule_on_numbers(RULES["fma"], (z, z, z)) is None


_SYMBOLS = ("+", "-", "*", "/", "//", "%", "**")
_UFUNCS = ("add", "maximum", "logaddexp")
ODD = {
    **{f"x {symbol} None": f"lambda x: x {symbol} None" for symbol in _SYMBOLS},
    **{f"None {symbol} x": f"lambda x: None {symbol} x" for symbol in _SYMBOLS},
    **{f"np.{name}": f"lambda x: np.{name}(x, None)" for name in _UFUNCS},
    "np.exp(x) * None": "lambda x: np.exp(x) * None",
    "math.atan2": "lambda x: math.atan2(x, None)",
    "pow": "lambda x: pow(x, None)",
    "sum": "lambda x: sum([x * x, None])",
    "prod": "lambda x: math.prod([x * x, None])",
    "text": "lambda x: x * x + 'a'",
    "a list": "lambda x: x * x - [object()]",
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_number_is_refused_at_every_level(name: str) -> None:
    """A kernel for rows of one and of two arguments must not take None for "there is no second"."""
    f = eval(ODD[name])
    with pytest.raises(TypeError):
        f(1.5)
    for call in (
        lambda: dualad.derivative(f)(1.5),
        lambda: dualad.derivative(f, order=2)(1.5),
        lambda: dualad.derivative(f, order=4)(1.5),
        lambda: dualad.taylor(f, 2)(1.5),
        lambda: dualad.grad(f, mode="reverse")(1.5),
        lambda: dualad.vjp(f, 1.5),
        lambda: dualad.hessian(lambda p: f(p[0] * p[1]))([1.5, 2.0]),
        lambda: dualad.grad(lambda p: f(sum(q * q for q in p)))([1.0] * 40),
        lambda: dualad.hessian(lambda p: f(sum(q * q for q in p)))([1.0] * 40),
        lambda: dualad.grad(dualad.grad(lambda x: f(x * x), mode="reverse"))(1.5),
        lambda: dualad.grad(lambda v: f(v[0] * v[1]))(np.ones(40)),
    ):
        with pytest.raises((TypeError, NotImplementedError)):
            call()
