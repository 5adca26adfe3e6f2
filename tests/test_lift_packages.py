"""What functions of public packages do that lifted code once did not reach, one test a kind."""

from __future__ import annotations

import functools
import logging
import math
import operator
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize, minimize_scalar
from support.both import PACKAGES, bits

from dualad import derivative, grad, jacobian, jvp, promises, value_and_grad

# -- pictures ----------------------------------------------------------------------------------


@pytest.fixture
def plt() -> Any:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


T = np.linspace(0.0, 1.0, 5)
DRAWN = """
    ax.plot(T, x*T); ax.plot([x, 2*x], [1, 2], "o-"); ax.scatter([x, 1.0], [1.0, x]); ax.axvline(x)
    ax.contourf(T, T, x*np.outer(T, T)); ax.imshow(x*np.outer(T, T)); ax.hist(x*T); ax.bar([1, 2], [x, 2*x])
    ax.fill_between(T, x*T); ax.errorbar([1.0], [x], yerr=[x]); ax.set_xlim(0, x); ax.text(x, x, "here")
    ax.plot([], [])[0].set_data(T, x*T); ax.add_patch(patches.Circle((x, 1.0), x)); ax.set(ylim=(0, x))
    plt.plot(T, x*T); plt.title(f"{x:.3f}"); plt.xlim(0, x); plt.axhline(x); plt.semilogy(T, np.exp(x*T))
    plt.figure().add_subplot(projection="3d").plot_surface(*np.meshgrid(T, T), x*np.outer(T, T))
"""
READ_BACK = """
    ax.plot(T, x*T)[0].get_ydata()[2]; ax.plot(T, x*T)[0]._y[2]; ax.hist(x*T)[1][-1]
    (ax.plot(T, x*T), ax.get_ylim())[1][1]; (plt.plot(T, x*T), plt.ylim())[1][1]
    patches.Circle((x, 1.0), x).get_radius(); patches.Circle((x, 1.0), x)._width
"""


def texts(table: str) -> list[str]:
    return [text for text in map(str.strip, re.split("[;\n]+", table)) if text]


@pytest.mark.parametrize("package", PACKAGES, ids=["compiled", "readable"])
def test_pictures_are_drawn_of_values(plt: Any, package: ModuleType) -> None:
    from matplotlib import patches

    for text in texts(DRAWN):
        names = {**vars(sys.modules[__name__]), "plt": plt, "patches": patches}
        names["ax"] = plt.subplots()[1]
        exec(f"def f(x):\n    {text}\n    return x*x", names)
        f: Any = names["f"]
        for driver in (package.derivative, functools.partial(package.grad, mode="reverse")):
            assert [driver(f)(1.5), driver(f)(1.5)] == [3.0, 3.0], text
        plt.close("all")


@pytest.mark.parametrize("package", PACKAGES, ids=["compiled", "readable"])
def test_numbers_read_back_from_a_picture_are_refused(plt: Any, package: ModuleType) -> None:
    from matplotlib import patches

    says = "would lose the derivative of a Dual that was drawn|draws a dual, and its values move"
    for text in texts(READ_BACK):
        names = {**vars(sys.modules[__name__]), "plt": plt, "patches": patches}
        names["ax"] = plt.subplots()[1]
        f = eval(f"lambda x: x*({text})", names)
        for driver in (package.derivative, functools.partial(package.grad, mode="reverse")):
            with pytest.raises(TypeError, match=says):
                driver(f)(1.5)
                pytest.fail(text)
        plt.close("all")


def test_what_was_drawn_before_is_read(plt: Any) -> None:
    (line,) = plt.plot(T, 2 * T)
    assert derivative(lambda x: x * line.get_ydata()[-1])(1.5) == 2.0


# -- attributes by name ------------------------------------------------------------------------


class Disc:
    """A disc whose numbers are all set and read through properties that use `math`."""

    def __init__(self, r: Any) -> None:
        setattr(self, "r", r)  # noqa: B010

    @property
    def r(self) -> Any:
        return self._r

    @r.setter
    def r(self, value: Any) -> None:
        self._r, self.log = float(value), math.log(value)

    @property
    def area(self) -> Any:
        return math.pi * math.pow(self.r, 2)

    def scaled(self, a: Any, *, b: Any = 1.0) -> Any:
        return math.exp(a * b) * self.area


class Box:
    def __init__(self, disc: Disc) -> None:
        self.disc = disc


AREA = operator.attrgetter("area")
SCALED = operator.methodcaller("scaled", 0.5)


def absent(x: Any) -> Any:
    with pytest.raises(AttributeError, match="nothing"):
        getattr(Disc(x), "nothing")  # noqa: B009
    return getattr(Disc(x), "nothing", 3.0) * x


@pytest.mark.parametrize(
    ("f", "right"),
    [
        (lambda x: getattr(Disc(x), "area"), lambda x: 2 * math.pi * x),  # noqa: B009
        (lambda x: Disc(x).log, lambda x: 1 / x),
        (absent, lambda x: 3.0),
        (lambda x: AREA(Disc(x)), lambda x: 2 * math.pi * x),
        (lambda x: sorted([Disc(3 * x), Disc(x)], key=AREA)[1].r, lambda x: 3.0),
        (lambda x: sum(map(AREA, [Disc(x), Disc(2 * x)])), lambda x: 10 * math.pi * x),
        (
            lambda x: sum(operator.attrgetter("disc.r", "disc.area")(Box(Disc(x)))),
            lambda x: 1 + 2 * math.pi * x,
        ),
        (lambda x: SCALED(Disc(x)), lambda x: 2 * math.pi * x * math.exp(0.5)),
        (
            lambda x: operator.methodcaller("scaled", 0.5, b=x)(Disc(1.0)),
            lambda x: 0.5 * math.pi * math.exp(0.5 * x),
        ),
    ],
)
def test_attributes_by_name(f: Any, right: Any) -> None:
    value, slope = value_and_grad(f)(1.3)
    assert bits(value) == bits(f(1.3))
    assert slope == pytest.approx(right(1.3), rel=1e-14)


# -- what is read of a function ----------------------------------------------------------------


def test_a_class_of_a_registry_that_exec_reads_is_lifted() -> None:
    """Its `__module__` is "builtins", as that of code without a `__name__`."""
    names: dict[str, Any] = {}
    exec(
        "import numpy as np\n"
        "class Gas:\n"
        "    def h(self, T):\n"
        "        T = np.asarray(T, dtype=float)\n"
        "        return 2.5 * T + T**2\n",
        names,
    )
    gas = names["Gas"]()
    assert type(gas).__module__ == "builtins"
    value, slope = value_and_grad(lambda T: gas.h(T))(3.0)
    assert (value, slope) == (gas.h(3.0), 8.5)


def test_float_of_an_object_of_a_class_in_the_function() -> None:
    def f(x: Any) -> Any:
        class Length:
            def __float__(self) -> Any:
                return 2 * x

        return float(Length()) ** 2

    assert value_and_grad(f)(3.0) == (36.0, 24.0)


def test_functions_of_frompyfunc_are_lifted() -> None:
    def f(x: Any) -> Any:
        both = np.frompyfunc(lambda a: (math.sin(a * x), 1.0), 1, 2)
        assert both.nout == 2
        number = np.frompyfunc(lambda a: math.sin(a * x), 1, 1)(2.0)
        return np.append(both(np.array([1.0, 2.0]))[0].astype(float), number)

    a = np.array([1.0, 2.0, 2.0])
    np.testing.assert_allclose(jacobian(f)(0.7), a * np.cos(0.7 * a), rtol=1e-15)


# -- arrays ------------------------------------------------------------------------------------


def test_in_place_into_an_array_of_objects() -> None:
    def f(x: Any) -> Any:
        q = np.empty(2, dtype=object)
        q[0], q[1] = 3 * x, 4 * x
        q /= np.hypot(q[0], q[1]) / x
        np.multiply(q, x, out=q)
        return q[0]

    assert derivative(f)(2.0) == pytest.approx(2 * 0.6 * 2.0, rel=1e-15)


# -- solvers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "solve",
    [
        lambda a: minimize(lambda v: (v - a) ** 2 + a, 0.3).x[0],
        lambda a: minimize(lambda v: (v - a) ** 2 + a, [0.3]).fun,
        lambda a: minimize(lambda v: np.array([(v[0] - a) ** 2 + a]), [0.3]).x[0],
        lambda a: minimize(
            lambda v: (v - a) ** 2, [0.3], bounds=[(0.0, 9.0)], method="Nelder-Mead"
        ).x[0],
        lambda a: minimize_scalar(lambda v: np.array([(v - a) ** 2 + a])[0]).fun,
    ],
)
def test_a_cost_in_an_array_of_one_number(solve: Any) -> None:
    assert derivative(solve)(1.5) == pytest.approx(1.0, rel=1e-6)


# -- what is looked into, and how often --------------------------------------------------------


class Flow:
    """Compares with a bound that x meets, and writes to itself."""

    def __init__(self) -> None:
        self.calls = 0
        self.kept: Any = (None, None)
        self.keeps = False

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        if x == 2.0:
            self.last = "at the bound"
        if self.keeps:
            if self.kept[0] != x:
                self.kept = x, x**3
            return self.kept[1]
        return x**3

    def at_most(self, x: Any, most: float) -> Any:
        self.calls += 1
        return min(x, most)


def test_a_value_that_is_kept_later_is_noticed() -> None:
    f = Flow()
    assert derivative(f)(2.0) == 12.0
    f.keeps = True
    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(f)(2.0)


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize("name", ["method", "callable", "made anew", "handed on", "partial"])
def test_a_tie_is_looked_into_again_and_again_less(name: str, mode: Any, monkeypatch: Any) -> None:
    """Where nothing is kept, the function is evaluated once in most calls."""
    monkeypatch.setattr(promises, "_keeps_nothing", promises._Looks())
    flow = Flow()
    made: Callable[[], Any] = {
        "method": lambda: flow.__call__,
        "callable": lambda: flow,
        "made anew": lambda: lambda x: flow(x) * 2,
        "handed on": lambda: through(flow),
        "partial": lambda: functools.partial(flow.at_most, most=2.0),
    }[name]
    for at in (2.0, [2.0, 2.0]):  # another shape is another thing
        is_many = isinstance(at, list)
        seen = []
        for _ in range(20):
            flow.calls, f = 0, made()
            grad((lambda x, f=f: f(x[0])) if is_many else f, mode=mode)(at)
            seen.append(flow.calls)
        looked = [i for i, calls in enumerate(seen, 1) if calls > 1]
        assert looked == [1, 2, 4, 8, 16]
        assert seen.count(1) == 15


def through(f: Any) -> Any:
    return lambda x: f(x) * 2


@pytest.mark.usefixtures("counted_looks")
def test_many_objects_of_a_class_are_looked_into_as_one() -> None:
    seen = []
    for _ in range(40):
        flow = Flow()
        derivative(flow)(2.0)
        seen.append(flow.calls)
    assert seen.count(1) >= 20
    keeping = Flow()
    keeping.keeps = True  # and compares at another place
    keeping(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(keeping)(2.0)


@pytest.mark.parametrize("earlier", [1, 2, 5, 6, 12])
def test_what_a_new_comparison_finds_is_looked_into_at_once(earlier: int) -> None:
    f = Flow()
    for _ in range(earlier):
        assert derivative(f)(2.0) == 12.0
    f.keeps = True
    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(f)(2.0)


class Switched:
    """One comparison, by which it may keep its value or not."""

    def __init__(self, is_kept: bool) -> None:
        self.is_kept, self.last, self.value = is_kept, math.inf, math.inf

    def f(self, x: Any) -> Any:
        if self.last == x and self.is_kept:
            return self.value
        self.last, self.value = x, x**3
        return self.value


def test_another_object_is_looked_into_at_once() -> None:
    for _ in range(6):
        kept = [Switched(is_kept) for is_kept in (False, True)]
        for each in kept:
            each.f(2.0)
        assert derivative(kept[0].f)(2.0) == 12.0
        with pytest.raises(TypeError, match="returned a cached value"):
            derivative(kept[1].f)(2.0)


@pytest.mark.usefixtures("counted_looks")
def test_a_logger_that_is_not_enabled_makes_no_text(caplog: Any) -> None:
    log = logging.getLogger("dualad.tests.packages")

    class Level:
        texts = 0

        def __str__(self) -> str:
            self.texts += 1
            return "full"

    level = Level()

    calls = []

    def f(x: Any) -> Any:
        calls.append(type(x))
        log.debug("at %.2f: %s", x, level)
        return x * x

    with caplog.at_level(logging.INFO, log.name):
        assert derivative(f)(1.5) == 3.0
    assert not caplog.messages and level.texts == 0
    assert len(calls) == 1  # nothing was read from the text of a dual
    with caplog.at_level(logging.DEBUG, log.name):
        assert derivative(f)(1.5) == 3.0
    assert set(caplog.messages) == {"at 1.50: full"}
    assert {record.funcName for record in caplog.records} == {"f"}


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
@pytest.mark.parametrize("f", [lambda A, v: A.dot(v), lambda A, v: v.dot(A.T), np.dot])
def test_dot_as_a_method_has_the_bits_of_blas(f: Any, dtype: Any) -> None:
    rng = np.random.default_rng(3)
    A, v = rng.integers(-9, 9, (678, 5)).astype(dtype), rng.normal(size=5) * 1e6
    value, slope = jvp(lambda v: f(A, v), (v,), (np.ones(5),))
    np.testing.assert_array_equal(value, f(A, v))
    np.testing.assert_allclose(slope, A.sum(axis=1), rtol=1e-14)


# -- arrays of a class of the user's own -----------------------------------------------------------


class Length(np.ndarray):
    """Arrays with a unit, made as NumPy's manual says."""

    unit: str

    def __new__(cls, data: Any, unit: str = "m") -> Length:
        made = np.asarray(data, dtype=float).view(cls)
        made.unit = unit
        return made

    def __array_finalize__(self, parent: Any) -> None:
        self.unit = getattr(parent, "unit", "?")

    @property
    def magnitude(self) -> Any:
        return self.view(np.ndarray)


class Halves(np.ndarray):
    """Made by NumPy's own `__new__`, and filled."""

    def __new__(cls, n: int) -> Halves:
        made = super().__new__(cls, (n,))
        made[:] = 0.5
        return made


class Odd(Length):
    """With a product of its own."""

    def __mul__(self, other: Any) -> Any:
        return 2.0 * self.magnitude * other


def shared(x: Any) -> Any:
    """The class of an array that shares memory with one that a dual is stored in."""
    room = np.zeros(3)
    seen = room.view(Length)
    room[0] = x
    return room.sum() + seen.sum()


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    ("f", "right"),
    [
        (lambda x: (Length([1.0, 2.0]).magnitude * math.exp(x)).sum(), 3 * math.exp(1.5)),
        (lambda x: (Length([1.0, 2.0]) * math.exp(x)).sum(), 3 * math.exp(1.5)),
        (lambda x: (x * Length([1.0, 2.0], "km")).sum() + math.sin(0.0), 3.0),
        (lambda x: x * (Length(np.ones(2), "km").unit == "km"), 1.0),
        (lambda x: x * (np.zeros(2).view(Length).unit == "?"), 1.0),
        (lambda x: (Halves(3).view(np.ndarray) * math.exp(x)).sum(), 1.5 * math.exp(1.5)),
        (lambda x: np.asarray(Odd(np.ones(2))).sum() * math.exp(x), 2 * math.exp(1.5)),
        (lambda x: Length([math.exp(x), 2.0]).sum(), "duals do not go with Length arrays"),
        (lambda x: (Odd([1.0]) * math.exp(x)).sum(), 2 * math.exp(1.5)),
        (lambda x: (math.exp(x) * Odd([1.0])).sum(), "duals do not go with Odd arrays"),
        (shared, "memory is in use by code"),
    ],
)
def test_arrays_of_a_class_of_ones_own(f: Any, right: Any, mode: str) -> None:
    f(1.5)
    if isinstance(right, str):
        with pytest.raises(TypeError, match=right):
            grad(f, mode=mode)(1.5)
    else:
        assert grad(f, mode=mode)(1.5) == pytest.approx(right, rel=1e-14)


# -- what numba compiles ---------------------------------------------------------------------------


class Dispatcher:
    """Compiled as numba does: of floats and arrays only, with a last bit of its own."""

    def __init__(self, source: Any) -> None:
        self.__wrapped__ = source

    def __call__(self, *args: Any) -> Any:
        if not all(type(x) in (float, np.ndarray) for x in args):
            raise TypeError("bad argument type for built-in operation")
        y = self.__wrapped__(*args)
        if isinstance(y, tuple):
            return tuple(math.nextafter(part, 9.0) for part in y)
        return math.nextafter(y, 9.0) if type(y) is float else y


class Ufunc(Dispatcher):
    """The same, element by element."""

    nin = 1

    def __call__(self, x: Any) -> Any:
        y = np.array([self.__wrapped__(v) for v in np.ravel(x).tolist()])
        return np.nextafter(y, np.inf).reshape(np.shape(x))[()]


class Fast(Dispatcher):
    """The same with other results, as by `fastmath`."""

    def __call__(self, x: Any) -> Any:
        return 1.01 * super().__call__(x)


class OfLists(Dispatcher):
    """The same of lists, into which it writes."""

    def __call__(self, x: Any) -> Any:
        return self.__wrapped__(x)


Dispatcher.__module__ = OfLists.__module__ = Ufunc.__module__ = Fast.__module__ = (
    "numba.core.registry"
)


@Dispatcher
def decay(x: Any, a: Any) -> Any:
    return math.exp(-a * x)


@Dispatcher
def both(x: Any) -> Any:
    return math.sin(x), math.cos(x)


@Dispatcher
def running(x: Any) -> Any:
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = math.exp(x[i]) + (out[i - 1] if i else 0.0)
    return out


@Dispatcher
def doubled(x: Any) -> None:
    for i in range(len(x)):
        x[i] *= 2.0


@OfLists
def doubled_first(x: Any) -> None:
    x[0] *= 2.0


@OfLists
def lengthened(x: Any) -> None:
    x.append(x[0])


@Dispatcher
def check(x: Any) -> None:
    if x < 0:
        raise ValueError("x is negative")


@Dispatcher
def root(x: Any) -> Any:
    return math.sqrt(x) if x > 0 else None


@Fast
def other(x: Any) -> Any:
    return math.sqrt(x)


@Ufunc
def waves(x: Any) -> Any:
    return math.sin(x)


def test_what_numba_compiles_has_its_own_values() -> None:
    value, slope = value_and_grad(lambda x: decay(x, 2.0))(0.3)
    assert bits(value) == bits(float(decay(0.3, 2.0))) != bits(math.exp(-0.6))
    assert slope == pytest.approx(-2 * math.exp(-0.6), rel=1e-15)
    assert derivative(decay)(0.3, 2.0) == slope
    assert jvp(both, (0.3,), (1.0,)) == (both(0.3), (math.cos(0.3), -math.sin(0.3)))
    x = np.array([0.1, 0.5])
    for mode in ("forward", "reverse"):
        found = jacobian(lambda x: running(x), mode=mode)(x)
        np.testing.assert_allclose(found, np.tril(np.exp(x) + np.zeros((2, 2))), 1e-15)
        found = jacobian(lambda x: waves(x), mode=mode)(x)
        np.testing.assert_allclose(found, np.diag(np.cos(x)), 1e-15)
    np.testing.assert_array_equal(jvp(lambda x: running(x), (x,), (x,))[0], running(x))


def test_what_numba_compiles_may_give_nothing() -> None:
    """That is no sign that it writes into its arguments."""

    def checked(x: Any) -> Any:
        check(x)
        return 2.0 if root(x) is None else root(x)

    assert derivative(checked)(0.25) == 1.0
    assert derivative(checked)(0.0) == 0.0
    with pytest.raises(ValueError, match="x is negative"):
        derivative(checked)(-1.0)


@pytest.mark.parametrize("answers", ((None, 1.0), (1.0, None), (None, (1.0, 2.0))), ids=str)
def test_what_numba_compiles_gives_nothing_where_its_source_does(answers: Any) -> None:
    left = iter(answers)

    def source(x: Any) -> Any:
        y = next(left)
        return x * y if type(y) is float else y

    either = Dispatcher(source)
    with pytest.raises(TypeError, match="source as numba has compiled it gives"):
        derivative(lambda x: either(x))(0.5)


def test_what_numba_compiles_is_refused_where_its_source_does_not_help() -> None:
    def stored(x: Any) -> Any:
        room = np.ones(2)
        room[0] = x
        doubled(room)
        return room.sum()

    with pytest.raises(TypeError, match=r"doubled, which numba has .* write doubled.__wrapped__"):
        derivative(stored)(0.5)
    for write in (doubled_first, lengthened):
        with pytest.raises(TypeError, match="which numba has compiled, writes into its arguments"):
            derivative(lambda x, write=write: write([x, 1.0]))(0.5)
    with pytest.raises(TypeError, match=r"other as numba has compiled it gives .*, and its source"):
        derivative(lambda x: other(x))(0.5)

    def plain(x: Any) -> Any:
        room = np.ones(2)
        doubled(room)
        return room.sum() * math.exp(x)

    assert derivative(plain)(0.5) == pytest.approx(4 * math.exp(0.5), rel=1e-15)


@pytest.mark.parametrize(
    "said", ["bad argument type for built-in operation", "can't unbox array from PyObject"]
)
def test_what_numba_compiles_otherwise_is_told_in_one_sentence(said: str, monkeypatch: Any) -> None:
    """A jitclass, for example, of which there is no Python source to run."""
    monkeypatch.setitem(sys.modules, "numba", sys)

    names: dict[str, Any] = {"__name__": "numba.experimental"}
    exec(f"def method(x): raise TypeError({said!r})", names)
    method = names["method"]

    with pytest.raises(TypeError) as caught:
        derivative(lambda x: math.exp(x) * method(x))(1.0)
    (note,) = caught.value.__notes__
    assert note.startswith("derivative: method(x) leads to what numba has compiled")
    assert "write it without numba's decorator" in note


CALLED_BY_A_LOCAL: dict[str, Callable[[Any], Any]] = {
    "getattr": "g = getattr(stats, 'sem'); return g(p)",
    "getattr, of a variable": "g = getattr(stats, name); return g(p)",
    "vars": "g = vars(stats)['sem']; return g(p)",
    "index of a list": "g = [stats.sem][0]; return g(p)",
    "global list": "g = listed[0]; return g(p)",
    "another name": "g = getattr(stats, 'sem'); h = g; return h(p)",
    "no name": "return getattr(stats, 'sem')(p)",
    "between others": "g = getattr(stats, 'sem'); q = abs(p) + 0.1; return g(q, ddof=1)",
    "unpacked": "g, n = getattr(stats, 'sem'), 1; return g(p)",
    "axis": "return np.apply_along_axis(stats.sem, 0, p)",
    "partial": "from functools import partial; return partial(stats.sem, ddof=1)(p)",
}


@pytest.mark.parametrize("how", CALLED_BY_A_LOCAL)
def test_functions_are_found_at_the_call(how: str) -> None:
    names = {"stats": stats, "np": np, "name": "sem", "listed": [stats.sem]}
    exec(f"def f(p): {CALLED_BY_A_LOCAL[how]}", names)
    p = np.arange(1.0, 7.0) ** 2
    got = grad(names["f"])(p)
    np.testing.assert_allclose(got, grad(lambda p: np.std(p, ddof=1) / np.sqrt(6.0))(p))
