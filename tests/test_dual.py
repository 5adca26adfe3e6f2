"""The number itself: operators, comparisons, conversions, text, copies, and what it refuses."""

from __future__ import annotations

import cmath
import copy
import functools
import math
import operator
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpc, mpf
from support.processes import run_python

import dualad
from dualad import Dual, DualArray, derivative

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
OTHERS = [3, True, 2.5, Fraction(5, 2), np.float64(2.5), np.float32(2.5), np.int64(3), mpf("2.5")]


def parts(x: Any) -> tuple[float, float]:
    return (float(x.primal), float(x.tangent)) if isinstance(x, Dual) else (float(x), 0.0)


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize("other", OTHERS, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("reflected", [False, True])
def test_operators_with_every_kind_of_number(symbol: str, other: Any, reflected: bool) -> None:
    """The value that Python gives, and the slope that mpmath finds."""

    def ordered(x: Any, y: Any) -> tuple[Any, Any]:
        return (y, x) if reflected else (x, y)

    def exact(x: Any) -> Any:
        a, b = ordered(x, mpf(float(other)))
        return mp.floor(a / b) if symbol == "//" else OPERATORS[symbol](a, b)

    value, tangent = parts(OPERATORS[symbol](*ordered(Dual(1.75, 1.0), other)))
    with mp.workdps(40):
        slope = float(mp.diff(exact, mpf(1.75)))
    if symbol == "//" and isinstance(other, mpf):  # mpmath has no //
        assert value == exact(mpf(1.75))
    else:
        assert value == float(OPERATORS[symbol](*ordered(1.75, other)))
    assert tangent == pytest.approx(slope, rel=1e-7 if type(other) is np.float32 else 1e-15)


def test_operators_with_complex_numbers() -> None:
    x = Dual(1.75, 1.0)
    assert (x * (2 + 1j)).tangent == 2 + 1j
    assert ((2 + 1j) / x).tangent == pytest.approx(-(2 + 1j) / 1.75**2)
    assert (x ** (1 + 1j)).tangent == pytest.approx((1 + 1j) * 1.75**1j)
    assert (x + mpc(1, 1)).primal == mpc(2.75, 1)
    assert (x * np.complex64(1j)).tangent == 1j


def test_in_place_operators_make_new_numbers() -> None:
    x = y = Dual(2.0, 1.0)
    y += 1
    y *= 3.0
    y -= x
    y /= 2
    y **= 2
    assert parts(x) == (2.0, 1.0)
    assert parts(y) == (3.5**2, 7.0)
    y //= 1
    y %= 5
    assert y == 2.0


def test_divmod_and_three_argument_pow() -> None:
    quotient, rest = divmod(Dual(7.5, 1.0), 2)
    assert (quotient, parts(rest)) == (3.0, (1.5, 1.0))
    quotient, rest = divmod(7.5, Dual(2.0, 1.0))
    assert (quotient, parts(rest)) == (3.0, (1.5, -3.0))
    assert np.divmod(Dual(7.5, 1.0), 2)[1] == 1.5
    with pytest.raises(TypeError):
        pow(Dual(2.0, 1.0), 2, 5)  # type: ignore[call-overload]


@pytest.mark.parametrize("other", ["a", None, [1.0], (1.0,), {}, object()])
@pytest.mark.parametrize("symbol", OPERATORS)
def test_operators_refuse_what_is_no_number(symbol: str, other: Any) -> None:
    for operands in ((Dual(2.0, 1.0), other), (other, Dual(2.0, 1.0))):
        if symbol == "%" and operands[0] == "a":
            continue  # a text that is formatted: it takes what could be a mapping, as np.float64
        with pytest.raises(TypeError):
            OPERATORS[symbol](*operands)


def test_foreign_types_can_take_over() -> None:
    class Metres:
        def __rmul__(self, other: Any) -> str:
            return "metres"

    assert Dual(2.0, 1.0) * Metres() == "metres"


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_comparisons_look_at_values_only(a: float, b: float) -> None:
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(Dual(a, 1.0), b) is compare(a, b)
        assert compare(a, Dual(b, -1.0)) is compare(a, b)
        assert compare(Dual(a, 1.0), Dual(b, 2.0)) is compare(a, b)
    assert bool(Dual(a, 1.0)) is bool(a)


def test_comparison_with_strangers() -> None:
    assert Dual(2.0, 1.0) != "2.0"
    assert Dual(2.0, 1.0) != None  # noqa: E711
    with pytest.raises(TypeError):
        assert Dual(2.0, 1.0) < "a"


def test_steps_give_plain_integers() -> None:
    x = Dual(-2.5, 1.0)
    assert (int(x), math.floor(x), math.ceil(x), math.trunc(x), round(x)) == (-2, -3, -2, -2, -2)
    assert {type(n) for n in (int(x), math.floor(x), math.ceil(x), math.trunc(x), round(x))} == {
        int
    }
    assert round(Dual(2.675, 1.0), 1) == 2.7
    nested: list[int] = []
    derivative(lambda t: derivative(lambda u: nested.append(int(u * t)) or u)(t))(2.5)
    assert set(nested) == {6}


LOSING = {
    "float": (lambda x: float(x), "write x itself"),
    "complex": (lambda x: complex(x), "write x \\+ 0j"),
    "math.sin": (lambda x: math.sin(x), "np.sin\\(x\\) or dualad.sin\\(x\\)"),
    "cmath.sin": (lambda x: cmath.sin(x), "np.sin\\(x\\) or dualad.sin\\(x\\)"),
    "another name": (math.sin, "functions of NumPy or dualad for it"),
    "operator.index": (operator.index, "int\\(x\\)"),
    "list index": (lambda x: [1, 2, 3][x], "int\\(x\\)"),
    "range": (range, "int\\(x\\)"),
    "assignment": (
        lambda x: np.zeros(2).__setitem__(0, x),
        "np.zeros_like\\(x\\) or np.zeros\\(n, like=x\\), .*dualad.lift\\(f\\)",
    ),
    "np.asarray": (
        lambda x: np.asarray(x, dtype=float),
        "np.zeros_like\\(x\\) or np.zeros\\(n, like=x\\), .*dualad.lift\\(f\\)",
    ),
    "np.array": (
        lambda x: np.array([x, 1.0], dtype=float),
        "np.zeros_like\\(x\\) or np.zeros\\(n, like=x\\), .*dualad.lift\\(f\\)",
    ),
    "np.float64": (np.float64, "'primal', x"),
    "astype": (lambda x: np.array([x, 1.0]).astype(float), "'primal', x"),
    "hash": (lambda x: {x: 1}, "'primal', x"),
    "cache": (functools.lru_cache(abs), "'primal', x"),
}


@pytest.mark.parametrize("route", LOSING)
def test_losing_the_derivative_is_an_error(route: str) -> None:
    lose, rewrite = LOSING[route]
    with pytest.raises(TypeError, match=rewrite):
        lose(Dual(2.0, 1.0))


def test_losing_text_in_full() -> None:
    with pytest.raises(TypeError) as info:
        math.exp(Dual(2.0, 1.0))
    assert str(info.value) == (
        "math.exp(Dual(2.0, 1.0)) would lose the derivative of a Dual; write "
        "np.exp(Dual(2.0, 1.0)) or dualad.exp(Dual(2.0, 1.0)), or keep your code and "
        "differentiate dualad.lift(f) instead of f, or getattr(x, 'primal', x) for the plain number, whose "
        "derivative is zero."
    )
    with pytest.raises(TypeError) as info:
        exec("import math\nmath.exp(x)", {"x": Dual(2.0, 1.0)})  # whose text is not known
    assert str(info.value) == (
        "float(x), math.sin(x), or storing x in an array of floats would lose the derivative of "
        "a Dual; write x itself, np.sin(x) or dualad.sin(x), np.zeros_like(x) or "
        "np.zeros(n, like=x), or keep your code and differentiate dualad.lift(f) instead of f, "
        "or getattr(x, 'primal', x) for the plain number, whose derivative is zero."
    )


def test_construction() -> None:
    assert parts(Dual(2, True)) == (2.0, 1.0)
    assert isinstance(Dual(2, 1).primal, float)
    assert Dual(3.0).tangent == 0.0
    assert Dual(2.0, np.arange(3)).tangent.dtype == float
    assert type(Dual(np.arange(3), np.ones((2, 3)))) is DualArray
    for wrong in ("1", None, [1.0], {}):
        with pytest.raises(TypeError, match="a Dual is made of numbers or NumPy arrays"):
            Dual(wrong)
        with pytest.raises(TypeError, match="a Dual is made of numbers or NumPy arrays"):
            Dual(1.0, wrong)
    with pytest.raises(TypeError, match="one of objects"):
        Dual(np.array([1, None]))
    with pytest.raises(
        ValueError, match=r"value's shape \(3,\), or one leading axis more; got shape \(2,\)"
    ):
        Dual(np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="value's shape"):
        Dual(1.0, np.ones((2, 2)))


def test_an_array_is_copied_on_the_way_in() -> None:
    a, t = np.zeros(3), np.ones(3)
    x = Dual(a, t)
    x[0] = 5.0
    assert a[0] == 0 and t[0] == 1


def test_directions_must_agree() -> None:
    with pytest.raises(ValueError, match="same number of directions"):
        Dual(2.0, np.ones(2)) * Dual(2.0, np.ones(3))
    with pytest.raises(ValueError, match="same number of directions"):
        Dual(2.0, np.ones(2)) * Dual(2.0, 1.0)


def test_text() -> None:
    assert repr(Dual(2.0, 1.0)) == str(Dual(2.0, 1.0)) == "Dual(2.0, 1.0)"
    assert repr(Dual(np.float64(2.0), 1.0)) == "Dual(2.0, 1.0)"
    assert repr(Dual(2.0, np.array([1.0, 0.0]))) == "Dual(2.0, [1., 0.])"
    assert repr(Dual(1j, 1.0)) == "Dual(1j, 1.0)"
    assert repr(Dual(np.zeros(2), np.ones(2))) == "DualArray([0., 0.], [1., 1.])"
    assert f"{Dual(2.0, -1.5):.3f}" == "2.000 - 1.500ε"
    assert f"{Dual(2.0, 1.5)}" == "Dual(2.0, 1.5)"
    assert f"{Dual(2.0, np.array([1.0, -2.0])):.1f}" == "2.0 + [1.0, -2.0]ε"
    assert Dual(2.0, 1.0)._repr_latex_() == r"$2.0 + 1.0\,\varepsilon$"


def test_copies_are_the_same_number() -> None:
    def f(x: Any) -> Any:
        for again in (copy.copy(x), copy.deepcopy([x])[0], pickle.loads(pickle.dumps(x))):
            x = x * again
        return x

    assert derivative(f)(2.0) == 4 * 2.0**3
    assert derivative(f, order=2)(2.0) == 12 * 2.0**2
    xs = np.array([1.0, 2.0])
    np.testing.assert_array_equal(derivative(f)(xs), 4 * xs**3)


def test_levels_do_not_collide_between_processes() -> None:
    """A dual from another process, used inside a derivative of this one, and the way back."""
    program = (
        "import pickle, sys, dualad\n"
        "kept = []\n"
        "for _ in range({n}):\n"
        "    dualad.derivative(lambda x: kept.append(x * x) or x)(3.0)\n"
        "sys.stdout.buffer.write(pickle.dumps(kept))\n"
    )
    for n in (1, 40):  # with fewer and more differentiations than here
        out = run_python("-c", program.format(n=n), text=False).stdout
        for foreign in pickle.loads(out):
            assert derivative(lambda x, c=foreign: x * c)(2.0).primal == 9.0
            assert derivative(lambda x, c=foreign: x * c)(2.0).tangent == 6.0
            assert derivative(lambda x, c=foreign: c)(2.0) == 0.0


def test_a_foreign_newer_level_does_not_hide_ours() -> None:
    """The dual arrives while a derivative is under way, with a level newer than it."""
    from dualad.levels import fresh_level
    from dualad.pair import restored

    def f(x: Any) -> Any:
        foreign = restored(3.0, 1.0, fresh_level() + (1 << 80))
        assert derivative(lambda y: y * foreign)(2.0).tangent == 1.0
        return x * x * foreign

    result = derivative(f)(2.0)
    assert (result.primal, result.tangent) == (12.0, 4.0)


def test_fork_takes_levels_of_its_own() -> None:
    program = (
        "import os, dualad.levels as l\n"
        "r, w = os.pipe()\n"
        "l.fresh_level()\n"
        "if os.fork() == 0:\n"
        "    os.write(w, str(l.fresh_level()).encode()); os._exit(0)\n"
        "os.wait()\n"
        "assert int(os.read(r, 100)) != l.fresh_level()\n"
    )
    if not hasattr(__import__("os"), "fork"):
        pytest.skip("this system cannot fork")
    run_python("-c", program)


def test_object_arrays_of_duals() -> None:
    """What np.array([x0, x1]) gives: an array of objects, which calculates on."""
    x, y = Dual(1.0, 1.0), Dual(2.0, 0.0)
    a = np.array([x, y, 3.0])
    assert a.dtype == object
    assert parts(np.sum(a * a)) == (14.0, 2.0)
    assert parts(a @ a) == parts(np.dot(a, a)) == (14.0, 2.0)
    assert parts(np.prod(a)) == (6.0, 6.0)
    assert parts(np.exp(np.array([x]))[0]) == (math.e, math.e)
    assert parts(np.arctan2(np.array([x]), np.array([y]))[0]) == pytest.approx(
        (math.atan2(1, 2), 0.4)
    )
    assert [parts(e) for e in x * np.array([y, 1.0])] == [(2.0, 2.0), (1.0, 1.0)]


def test_numpy_scalars_keep_numpys_ways() -> None:
    """x[0] of an array is a NumPy number: it warns and gives inf where math would raise."""
    x = Dual(np.array([0.0, 1.0]), np.ones(2))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        y = np.log(x[0])
    assert (y.primal, y.tangent) == (-math.inf, math.inf)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert (1 / x[0]).primal == math.inf
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert np.log(Dual(0.0, 1.0)).primal == -math.inf
    with pytest.raises(ValueError, match=r"math domain error|expected a positive input"):
        dualad.log(Dual(0.0, 1.0))
    with pytest.raises(ZeroDivisionError):
        1 / Dual(0.0, 1.0)
    assert isinstance((x[1] * 2).primal, np.float64)


def test_functions_check_their_arguments() -> None:
    with pytest.raises(TypeError, match=r"atan2 takes 2 arguments \(a, b\), got 1"):
        dualad.atan2(Dual(1.0, 1.0))
    with pytest.raises(TypeError, match="expected a number or a NumPy array, got str"):
        dualad.sin("1")
    with pytest.raises(TypeError, match=r"got list; write np.asarray\(x\)"):
        dualad.sin([1.0])
    with pytest.raises(TypeError, match="erf is for real numbers; got a complex one"):
        dualad.erf(Dual(1j, 1.0))
    with pytest.raises(TypeError, match="no derivative in its argument 'n'"):
        dualad.polygamma(Dual(1.0, 1.0), 2.0)
    with pytest.raises(TypeError, match=r"np\.nextafter has no derivative rule"):
        np.nextafter(Dual(1.0, 1.0), 2.0)
    with pytest.raises(AttributeError, match="a Dual has no attribute 'values'"):
        _ = Dual(1.0, 1.0).values


def test_all_is_the_public_names() -> None:
    public = {n for n in vars(dualad) if not n.startswith("_")}
    modules = {n for n in public if isinstance(getattr(dualad, n), type(dualad))}
    builtins = {"abs", "divmod", "pow", "round"}  # which `from dualad import *` leaves alone
    assert public - modules == {*dualad.__all__, *builtins}
    assert builtins.isdisjoint(dualad.__all__) and builtins <= public
    assert not hasattr(dualad, "__getattr__")  # it would make every `dualad.sin` slow
    for name in dualad.__all__:
        assert getattr(dualad, name).__doc__


def test_import_loads_nothing_heavy() -> None:
    program = (
        "import sys, dualad\n"
        "heavy = {'scipy', 'matplotlib', 'mpmath', 'sympy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run_python("-c", program)


def test_import_loads_no_more_than_a_first_derivative_needs() -> None:
    program = (
        "import sys, numpy\n"
        "before = set(sys.modules)\n"
        "import dualad\n"
        "assert dualad.grad(lambda x: x * x)(3.0) == 6.0\n"
        "late = {'numpy.polynomial', 'threading'} - before\n"
        "rooms = ['sweeps', 'forms', 'records', 'transposes', 'series', 'patterns', 'teach', 'cli']\n"
        "late |= {f'dualad.{room}' for room in rooms}\n"
        "assert not late & set(sys.modules), late & set(sys.modules)\n"
        "assert dualad.grad(lambda v: v[0] * v[1], mode='reverse')([3.0, 2.0]) == [2.0, 3.0]\n"
        "assert sys.modules['dualad.sweeps'] is dualad.sweeps\n"
        "p = numpy.polynomial.polynomial.polyval2d\n"
        "assert dualad.derivative(lambda x: p(x, 2.0, [[0.0, 1.0], [3.0, 0.0]]))(5.0) == 3.0\n"
    )
    run_python("-c", program)
