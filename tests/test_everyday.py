"""Small programs as people write them: their values are those of the plain run, their slopes right."""

# ruff: noqa: C408, C416, E731, E741, RUF015  (they are written as people write them)
from __future__ import annotations

import array
import bisect
import cmath
import contextlib
import datetime
import functools
import heapq
import io
import itertools
import json
import logging
import math
import operator
import random
import statistics
import struct
import threading
from collections import Counter, defaultdict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.processes import run_python

from dualad import derivative, grad, value_and_grad

PROGRAMS: dict[str, tuple[Callable[[Any], Any], Any]] = {}


def at(x: Any) -> Callable[[Any], Any]:
    """Enter a program, with the point where it is differentiated."""

    def enter(f: Any) -> Any:
        PROGRAMS[f.__name__] = f, x
        return f

    return enter


log = logging.getLogger("quiet")
log.setLevel(logging.WARNING)
log.addHandler(logging.NullHandler())
log.propagate = False


@at(1.3)
def fstring10(x: Any) -> Any:
    y = x
    out = []
    for i in range(10):
        y = y * 0.9 + 0.1 * math.sin(y)
        out.append(f"step {i}: y={y:.6g}")
    return y


@at(1.3)
def str_format(x: Any) -> Any:
    y = x * x
    s = "{:.3f} {}".format(y, x)  # noqa: UP032
    return y * s.startswith("1.")


@at(1.3)
def isclose(x: Any) -> Any:
    if math.isclose(x, 2.0):
        return x
    return x * x


class Model:
    def __init__(self, k: Any) -> Any:
        self.k = k

    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033
    def rate(self, t: Any) -> Any:
        return math.exp(-self.k / t)

    def run(self, x: Any) -> Any:
        return self.rate(x) * x

    @classmethod
    @functools.lru_cache
    def cls(cls, t: Any) -> Any:
        return t * t + 1


@functools.cache
def cached_rate(t: Any) -> Any:
    return math.exp(-2.0 / t)


model = Model(2.0)


@at(1.3)
def cached_function(x: Any) -> Any:
    return cached_rate(x) * x


@at(1.3)
def cached_method(x: Any) -> Any:
    return model.rate(x) * x


@at(1.3)
def cached_classmethod(x: Any) -> Any:
    return Model.cls(x) * x


@at(1.3)
def rounding(x: Any) -> Any:
    n = round(x, 2)
    return x * n


@at(1.3)
def in_set(x: Any) -> Any:
    s = {1.0, 2.0, 3.0}
    if x in s:
        return 0.0
    return x * x


@at(1.3)
def int_x(x: Any) -> Any:
    n = int(x)
    return x * (x - n)


@at(1.3 + 0.2j)
def complex_fn(z: Any) -> Any:
    return cmath.exp(z) * z + 1 / z


@at(1.3)
def complex_inner(x: Any) -> Any:
    z = cmath.exp(1j * x)
    return abs(z + 0.5)


@at([0.1, 0.2, 0.3, 0.5])
def sorting(x: Any) -> Any:
    s = sorted(x, key=lambda v: -v)
    return s[0] * s[1] + s[-1]


@at([0.1, 0.2, 0.3, 0.5])
def minmax(x: Any) -> Any:
    return min(x) * max(x) + max(x[0], 0.15)


@at([0.1, 0.2, 0.3, 0.5])
def stats_mean(x: Any) -> Any:
    return statistics.mean(x)


@at([0.1, 0.2, 0.3, 0.5])
def stats_stdev(x: Any) -> Any:
    return statistics.stdev(x)


@at([0.1, 0.2, 0.3, 0.5])
def stats_median(x: Any) -> Any:
    return statistics.median(x)


@dataclass(frozen=True)
class Par:
    a: float
    b: float = 2.0

    def f(self, t: Any) -> Any:
        return self.a * math.exp(-self.b * t)


@at([1.2, 0.3])
def dataclasses_(x: Any) -> Any:
    p = Par(x[0], x[1])
    q = replace(p, a=p.a * 2)
    return sum(q.f(0.1 * i) for i in range(5))


CFG = '{"k": 2.5, "n": 3, "w": [1.0, 2.0, 3.0]}'


@at(1.3)
def json_params(x: Any) -> Any:
    cfg = json.loads(CFG)
    return sum(w * x**i for i, w in enumerate(cfg["w"])) * cfg["k"]


@at(1.3)
def dates(x: Any) -> Any:
    d0 = datetime.date(2024, 1, 1)
    d1 = datetime.date(2024, 7, 1)
    t = (d1 - d0).days / 365
    return 100 * math.exp(-x * t)


FEE = Decimal("0.25")
FR = Fraction(1, 3)


@at(1.3)
def decimal_const(x: Any) -> Any:
    return x * float(FEE) + x**2 * FR


@at([0.1, 0.2, 0.3, 0.5])
def sumzip(x: Any) -> Any:
    return sum(a * b for a, b in zip(x, [1.0, 2.0, 3.0, 4.0]))


@at([0.1, 0.2, 0.3, 0.5])
def mapfilter(x: Any) -> Any:
    return functools.reduce(lambda a, b: a * b, map(math.exp, filter(lambda v: v > 0.15, x)))


@at([0.1, 0.2, 0.3, 0.5])
def accumulate(x: Any) -> Any:
    return sum(itertools.accumulate(x, operator.mul))


@at([0.1, 0.2, 0.3, 0.5])
def anyall(x: Any) -> Any:
    if any(v > 0.4 for v in x) and all(v < 1 for v in x):
        return math.prod(x)
    return 0.0


@at([0.1, 0.2, 0.3, 0.5])
def comprehension(x: Any) -> Any:
    return sum([v * v for v in x if v > 0.15]) + len({k: -v for k, v in enumerate(x)})


def gen(x: Any) -> Any:
    for v in x:
        yield math.sin(v)


@at([0.1, 0.2, 0.3, 0.5])
def generators(x: Any) -> Any:
    return sum(gen(x))


@at(1.3)
def tryexcept(x: Any) -> Any:
    try:
        y = math.sqrt(x - 2)
    except ValueError:
        y = -math.sqrt(2 - x)
    return y


@at(2.0)
def newton(x: Any) -> Any:
    y = x
    while abs(y * y - x) > 1e-12:
        y = 0.5 * (y + x / y)
    return y


@at(0.3)
def kepler(e: Any) -> Any:
    M = 1.0
    E = M
    for _ in range(50):
        d = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= d
        if abs(d) < 1e-14:
            break
    return E


def rec(x: Any, n: Any) -> Any:
    return x if n == 0 else math.sin(rec(x, n - 1)) + x


@at(0.3)
def recursion(x: Any) -> Any:
    return rec(x, 8)


XS = [0.0, 0.5, 1.0, 2.0]
YS = [0.0, 1.0, 3.0, 2.0]


@at(0.7)
def interp_bisect(x: Any) -> Any:
    i = bisect.bisect_right(XS, x) - 1
    t = (x - XS[i]) / (XS[i + 1] - XS[i])
    return YS[i] * (1 - t) + YS[i + 1] * t


@at([0.5, 0.2, 0.3, 0.1])
def heap(x: Any) -> Any:
    h = list(x)
    heapq.heapify(h)
    a = heapq.heappop(h)
    b = heapq.heappop(h)
    heapq.heappush(h, a + b)
    return h[0] * heapq.nsmallest(2, h)[1]


@at([0.5, 0.2, 0.3, 0.1])
def itemgetter(x: Any) -> Any:
    rows = [("a", x[0]), ("b", x[1]), ("c", x[2])]
    rows.sort(key=operator.itemgetter(1))
    return rows[0][1] * rows[1][1]


Pt = namedtuple("Pt", "x y")


@at([0.5, 0.2])
def ntreplace(x: Any) -> Any:
    p = Pt(*x)
    q = p._replace(x=p.y * 2)
    return q.x * p.x


@at([0.5, 0.2])
def matching(x: Any) -> Any:
    match Pt(*x):
        case Pt(x=a, y=b) if a > b:
            return a * b
        case _:
            return 0.0


@at(1.3)
def walrus(x: Any) -> Any:
    if (y := x * x) > 1:
        return math.log(y)
    return y


def argskw(*args: Any, **kw: Any) -> Any:
    return sum(args) * kw["k"]


@at([0.5, 0.2])
def args_kwargs(x: Any) -> Any:
    return argskw(*x, k=x[0])


def powr(a: Any, b: Any) -> Any:
    return a**b


sq = functools.partial(powr, b=2)


@at(1.3)
def partials(x: Any) -> Any:
    return sq(x)


@functools.singledispatch
def area(s: Any) -> Any:
    raise TypeError


@area.register
def _a(s: float) -> Any:
    return s * s


@area.register
def _b(s: list) -> Any:
    return s[0] * s[1]


@at(1.3)
def singledispatches(x: Any) -> Any:
    return area(x) + area([x, 2.0])


def deco(f: Any) -> Any:
    @functools.wraps(f)
    def w(*a: Any, **k: Any) -> Any:
        return f(*a, **k)

    return w


@deco
def wrapped_f(x: Any) -> Any:
    return math.sin(x)


@at(1.3)
def wraps(x: Any) -> Any:
    return wrapped_f(x)


class CP:
    def __init__(self, x: Any) -> Any:
        self.x = x

    @functools.cached_property
    def sq(self) -> Any:
        return math.exp(self.x)

    @property
    def pr(self) -> Any:
        return self.x * 2

    def __add__(self, o: Any) -> Any:
        return CP(self.x + o.x)


@at(1.3)
def cached_prop(x: Any) -> Any:
    c = CP(x)
    return c.sq * c.sq + c.pr


@at(1.3)
def operators_of_class(x: Any) -> Any:
    return (CP(x) + CP(x * x)).pr


@contextlib.contextmanager
def ctx(x: Any) -> Any:
    yield x * 2


@at(1.3)
def contextm(x: Any) -> Any:
    with ctx(x) as y:
        return y * y


tl = threading.local()


@at(1.3)
def threadlocal(x: Any) -> Any:
    tl.v = x
    return tl.v * tl.v


@at(1.3)
def logging_(x: Any) -> Any:
    y = math.sin(x)
    log.debug("y=%g", y)
    log.info(f"y is {y:.4f}")
    return y * x


@at(1.3)
def asserting(x: Any) -> Any:
    assert x > 0, f"bad {x}"
    assert not math.isnan(x) and math.isfinite(x)
    assert isinstance(x, float)
    return math.log(x)


@at([0.5, 0.2, 0.7])
def mathfns(x: Any) -> Any:
    return math.fsum(x) + math.prod(x) + math.dist(x, [0.0, 0.0, 0.0]) + math.hypot(*x)


@at(1.3)
def gcds(x: Any) -> Any:
    return x * math.gcd(12, 18) + math.comb(5, 2)


@at(1.3)
def randoms(x: Any) -> Any:
    rng = random.Random(3)
    return sum(max(x * math.exp(0.1 * rng.gauss(0, 1)) - 1.2, 0.0) for _ in range(20)) / 20


@at([0.5, 0.2, 0.7])
def npsmall(x: Any) -> Any:
    a = np.array(x)
    return float(np.dot(a, a) + np.sum(np.exp(-a)))


@at(np.array([0.5, 0.2, 0.7]))
def nparr(x: Any) -> Any:
    return np.sum(x**2) + np.linalg.norm(x)


@at(np.array([0.5, 0.2, 0.7]))
def np_loop(x: Any) -> Any:
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2 + math.sin(x[i])
    return out.sum()


@at(np.array([0.5, 0.2]))
def rk4(x: Any) -> Any:
    y = np.array([1.0, 0.0])
    h = 0.1
    f = lambda y: np.array([y[1], -x[0] * y[0] - x[1] * y[1]])
    out = np.zeros((6, 2))
    out[0] = y
    for i in range(5):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        out[i + 1] = y
    return out[-1, 0]


@at({"a": 1.0, "b": 2.0})
def dictparams(p: Any) -> Any:
    return p["a"] * math.exp(-p["b"]) + sum(p.values()) + p.get("c", 0.0)


@at(100.0)
def blackscholes(S: Any) -> Any:
    K = 100.0
    r = 0.05
    s = 0.2
    T = 1.0
    d1 = (math.log(S / K) + (r + s * s / 2) * T) / (s * math.sqrt(T))
    d2 = d1 - s * math.sqrt(T)
    N = lambda v: 0.5 * (1 + math.erf(v / math.sqrt(2)))
    return S * N(d1) - K * math.exp(-r * T) * N(d2)


@at(0.3)
def binomial(s: Any) -> Any:
    n = 10
    S = 100.0
    K = 95.0
    r = 0.03
    dt = 1 / n
    u = math.exp(s * math.sqrt(dt))
    d = 1 / u
    q = (math.exp(r * dt) - d) / (u - d)
    v = [max(S * u**j * d ** (n - j) - K, 0.0) for j in range(n + 1)]
    for i in range(n, 0, -1):
        v = [math.exp(-r * dt) * (q * v[j + 1] + (1 - q) * v[j]) for j in range(i)]
    return v[0]


@at(1.3)
def string_keys(x: Any) -> Any:
    d = {}
    d[f"x{1}"] = x
    d["y"] = x * x
    return d["x1"] * d["y"]


@at(1.3)
def defaultd(x: Any) -> Any:
    d = defaultdict(float)
    for i in range(4):
        d[i % 2] += x**i
    return d[0] * d[1]


@at(1.3)
def deque_(x: Any) -> Any:
    q = deque(maxlen=3)
    for i in range(5):
        q.append(x * i)
    return sum(q) / len(q)


@at(1.3)
def count_eq(x: Any) -> Any:
    l = [x, 1.0, 2.0]
    return x * l.count(1.0) + l.index(2.0) * x


@at(1.3)
def divmod_(x: Any) -> Any:
    q, r = divmod(x * 7, 2.0)
    return q * r + x % 0.4 + x // 0.3


@at(1.3)
def print_(x: Any) -> Any:
    buf = io.StringIO()
    print("x =", x, file=buf)
    return x * x


@at(1.3)
def nested_fn(x: Any) -> Any:
    def g(t: Any) -> Any:
        return math.sin(t * x)

    n = 20
    h = 1.0 / n
    return h * (g(0.0) / 2 + sum(g(i * h) for i in range(1, n)) + g(1.0) / 2)


@at([1.0, 0.2, 0.3])
def pso(x: Any) -> Any:
    return {k: v for k, v in zip("abc", x)}["a"] * dict(a=x[1])["a"] * list(reversed(x))[0]


@at(1.3)
def isinst(x: Any) -> Any:
    if not isinstance(x, (int, float)):
        raise TypeError
    if type(x) is int:
        x = float(x)
    return float(x) ** 2


@at(1.3)
def global_table(x: Any) -> Any:
    return TABLE["k"](x)


TABLE = {"k": lambda t: t * math.log(t)}


@at(1.3)
def counter_round(x: Any) -> Any:
    return x * len(Counter([round(x, 1), round(2 * x, 1)]))


@at(1.3)
def strjoin(x: Any) -> Any:
    s = ", ".join(f"{v:.2f}" for v in (x, 2 * x))
    return x * len(s)


@at(1.3)
def ifchain(x: Any) -> Any:
    if x == 0:
        return 0.0
    elif x < 1:
        return x
    elif 1 <= x <= 2:
        return x * x
    return 1.0


@at([0.2] * 6)
def matrix_lists(x: Any) -> Any:
    A = [[x[0], x[1], x[2]], [x[3], x[4], x[5]]]
    B = list(zip(*A))
    C = [[sum(a * b for a, b in zip(r, c)) for c in zip(*B)] for r in A]
    return C[0][0] + C[1][1]


# -- where a dual could be told from a float -----------------------------------------------


@at(1.3)
def identity(x: Any) -> Any:
    return x * sum([+x is x, x.real is x, x.conjugate() is x, float(x) is x])


SINGLE = np.ones(2, np.float32)


@at(1.3)
def precision(x: Any) -> Any:
    joined = np.concatenate([SINGLE, x], axis=None)
    return x * joined.dtype.itemsize * np.concatenate([[1.0], x * SINGLE], axis=None).itemsize


@at(1.3)
def number_in_out(x: Any) -> Any:
    return np.dot(np.array([x, 1.0]), np.array([1.0, x]), out=np.zeros(()))


@at(1.3)
def rows_of_other_kinds(x: Any) -> Any:
    rows = [array.array("d", [1.0, 2.0]), [x, x], range(2)]
    views = [memoryview(array.array("d", [1.0, 2.0])), [x, 1.0]]
    return np.array(rows).sum() * np.max(views) + np.linalg.norm([range(3), [x, 1.0, x]])


@at(1.3)
def texts_in_json_and_bytes(x: Any) -> Any:
    text = json.dumps({"x": [x, "a"], "y": 2 * x})
    return x * text.startswith('{"x": [1.') * len(b"%.3f|%d" % (x, x))


class Point:
    def __init__(self, x: Any) -> None:
        self.x = x


class PointEncoder(json.JSONEncoder):
    points = 0

    def default(self, o: Any) -> Any:
        self.points += 1
        return {"sine": math.sin(o.x), "x": o.x}


@at(1.3)
def objects_in_json(x: Any) -> Any:
    encoder = PointEncoder(indent=1)
    texts = [
        json.dumps({"p": Point(x)}, default=vars),
        json.dumps(Point(x), cls=PointEncoder, sort_keys=True),
        encoder.encode(o=Point(x)),
        "".join(encoder.iterencode([x, Point(x)])),
    ]
    return (
        math.sin(x)
        * encoder.points
        * sum(text.count('"x": 1.') + text.count('"sine": 0.9') for text in texts)
    )


@at(1.3)
def cut_to_integers(x: Any) -> Any:
    a = np.array([5 * x, 2.2, x])
    cut = [np.int_(a), np.array(a, int), np.asarray([5 * x, 2.2, x], dtype=np.int8), np.bool_(a)]
    return math.sin(x) * sum(part.sum() for part in cut) * np.uint8(5 * x)


@at(1.3)
def text_of_what_has_no_derivative(x: Any) -> Any:
    c = np.linalg.cond(np.array([[x, 2 * x], [1.0, 2.0]]))
    texts = [f"{c}", f"{c:.3e}", "{:.2e}".format(c), "%.4e" % c, str(c), repr(c)]  # noqa: UP031, UP032
    texts += [np.format_float_scientific(v, precision=3) for v in (x, c)]
    return x * sum("e+" in text and "." in text and len(text) < 30 for text in texts)


@at(1.3)
def joined_by_place(x: Any) -> Any:
    a, b = np.zeros(2), np.ones(2)
    b[0] = x
    return math.sin(x) * (np.concatenate((a, b), 0).sum() + np.concatenate((a, a + 1), 0)[3])


@at(1.3)
def complex_polynomials(x: Any) -> Any:
    p = np.poly1d([x + 0j, 1.0])
    return p.coeffs.real[0] * p(2.0).real + np.poly1d([x, 1j])(x).real * np.poly1d([x, 2 * x]).r[0]


@at(1.3)
def resized_in_place(x: Any) -> Any:
    a, b = np.zeros(2), np.zeros(6)
    a[0] = b[0] = x
    a.resize(4, refcheck=False)
    b.resize((2, 2), refcheck=False)
    a[3] = x * x
    c = np.zeros((2, 2), order="F")
    c[0, 1], c[1, 0] = x, 3 * x
    c.resize(np.array([3]), refcheck=False)
    with pytest.raises(ValueError, match="cannot resize this array"):
        a[1:].resize(5)
    resized = a.sum() * b[0, 0] * math.sin(x) + c[1] * a.shape[0] + c[2]
    return resized + np.ones(2).getfield(float)[1]


@at(0.3)
def loops_over_arange(x: Any) -> Any:
    total = 0.0
    for i in np.arange(1, 20):
        total = total + x**i / i - i / (x + i) + (i > x) * np.hypot(x, i)
    return total % np.int64(7)


FIRST_MET = {  # by lifted code in a process of its own
    "json": "json.dumps([x, 1.0]).count('1.0')",
    "numpy.ma": "np.ma.count(np.array([x, 1.0]))",
    "statistics": "statistics.pstdev([x, 1.0])",
    "logging": "(logging.getLogger('a').debug('%.2f', x) is None)",
    "numpy.random": "np.random.default_rng(3).normal(x)",
    "numpy.testing": "(np.testing.assert_allclose(np.array([x]), x) is None)",
}


@pytest.mark.parametrize("module", FIRST_MET)
def test_stand_ins_are_there_when_they_are_first_met(module: str) -> None:
    code = f"""
import json, logging, math, statistics
import numpy as np
from dualad import derivative
f = lambda x: math.sin(x) * {FIRST_MET[module]}
print(derivative(f)(1.3) - (f(1.3 + 1e-5) - f(1.3 - 1e-5)) / 2e-5)
"""
    assert abs(float(run_python("-c", code).stdout)) < 1e-8


def test_lists_go_into_ufuncs_of_packages() -> None:
    special = pytest.importorskip("scipy.special")

    def f(p: Any) -> Any:
        return special.jv(1, p).sum() * special.expit(p)[0]

    slope = (f([0.7 + 1e-5, 0.3]) - f([0.7 - 1e-5, 0.3])) / 2e-5
    for mode in ("forward", "reverse"):
        assert grad(f, mode=mode)([0.7, 0.3])[0] == pytest.approx(slope, rel=1e-8)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "struct.pack": lambda x: x * struct.pack("d", x)[0],
    "fractions.Fraction": lambda x: x * float(Fraction(x)),
    "datetime.timedelta": lambda x: x * datetime.timedelta(days=x).days,
    "decimal.Decimal": lambda x: x * float(Decimal(x)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_lose_the_derivative_says_its_name(name: str) -> None:
    with pytest.raises(TypeError, match=f"^{name} would lose the derivative of a dual; write"):
        derivative(REFUSED[name])(1.3)


def test_a_number_that_is_read_from_json_is_noticed() -> None:
    with pytest.raises(TypeError, match="text"):
        derivative(lambda x: json.loads(json.dumps({"a": x}))["a"] * x)(1.3)
    with pytest.raises(TypeError, match="text"):
        derivative(lambda x: float((b"%r" % x).decode()) * x)(1.3)


# -- the test ------------------------------------------------------------------------------


def difference(f: Callable[[Any], Any], x: Any, i: Any, step: float) -> Any:
    def moved(by: float) -> Any:
        if i is None:
            return f(x + by)
        y = x.copy()
        y[i] += by
        return f(y)

    return (moved(step) - moved(-step)) / (2 * step)


def settled(f: Callable[[Any], Any], x: Any, i: Any = None) -> Any:
    """The slope of plain calls, from differences of two widths."""
    return (4 * difference(f, x, i, 5e-4) - difference(f, x, i, 1e-3)) / 3


@pytest.mark.parametrize("name", PROGRAMS)
def test_everyday_programs(name: str) -> None:
    f, x = PROGRAMS[name]
    if isinstance(x, complex):
        assert derivative(f)(x) == pytest.approx(settled(f, x), rel=1e-8)
        return
    want = f(x)
    for _ in range(3):  # what is looked into at the first call is not at the third
        value, slopes = value_and_grad(f)(x)
        assert type(value) is type(want) and value == want
    places = list(x) if isinstance(x, dict) else range(len(x)) if np.ndim(x) else None
    if places is None:
        assert slopes == derivative(f)(x) == pytest.approx(settled(f, x), rel=1e-8)
        return
    backward = grad(f, mode="reverse")(x)
    for i in places:
        assert slopes[i] == pytest.approx(settled(f, x, i), rel=1e-8, abs=1e-12)
        assert backward[i] == pytest.approx(slopes[i], rel=1e-13, abs=1e-300)
