"""Special methods of users' classes with `math` inside: lifted wherever they are called, or named.

Each program is a class at the top of a module, where nothing of it has been lifted yet, and a
function in which Python or its library calls the method. What is right is told by the same program
with dualad's functions in place of math's, which is not lifted.
"""

from __future__ import annotations

import functools
import io
import math
import operator
import sys
import textwrap
import types
from random import Random
from typing import Any

import pytest
from support.both import bits

import dualad
from dualad import derivative, lift, value_and_grad
from dualad.kernel import LIFTING
from dualad.lifting.lift import caller, stand_in

HEAD = """
import array, asyncio, bisect, collections, contextlib, copy, dataclasses, enum, functools, heapq
import io, itertools, math, operator, os, re, sys, typing
import numpy as np
import dualad

class Root:
    def __init__(self, x):
        self.x = x
        self.y = x

"""


def number(x: Any) -> Any:
    return x.__float__() if hasattr(x, "y") else x


# What stands for math, float and complex where the program is not lifted.
UNLIFTED = {
    "math": types.SimpleNamespace(
        sqrt=dualad.sqrt,
        sin=lambda v: dualad.sin(number(v)),
        cos=dualad.cos,
        exp=dualad.exp,
        hypot=lambda a, b: dualad.hypot(number(a), b),
        prod=lambda parts: functools.reduce(operator.mul, parts),
        fsum=sum,
        trunc=math.trunc,
        floor=math.floor,
        ceil=math.ceil,
    ),
    "float": number,
    "complex": lambda x: x.__complex__(),
}


def program(methods: str, use: str, root: str = "Root", **others: Any) -> Any:
    """A function of x that uses c, of a class with these methods."""
    body = "\n".join(use.split("; "))
    source = HEAD + f"class C({root}):\n" + textwrap.indent(textwrap.dedent(methods), "    ")
    source += "\n\ndef f(x):\n    c = C(x)\n" + textwrap.indent(body, "    ")
    names: dict[str, Any] = {"__name__": "a_module_of_the_users"}
    exec(compile(source, "<program>", "exec"), names)
    names |= others
    return names["f"]


def method(name: str, gives: str, parameters: str = "") -> str:
    return f"def {name}(self{parameters}):\n    self.y = math.sqrt(self.x)\n    return {gives}\n"


# What the method gives, and functions in which it is called by Python, from C, or by both.
NUMBERS = "def __iter__(self):\n    yield math.sqrt(self.x)\n    yield math.sin(self.x)\n"
ITEMS = """
def __getitem__(self, i):
    if i > 1:
        raise IndexError
    return math.sqrt(self.x + i)
def __len__(self):
    return 2
"""
STEPS = """
n = 0
def __iter__(self):
    return self
def __next__(self):
    self.n += 1
    if self.n > 3:
        raise StopIteration
    return math.sqrt(self.x * self.n)
"""
DELEGATE = """
n = 0
def __iter__(self):
    return self
def __next__(self):
    return self.send(1.0)
def send(self, v):
    self.n += 1
    if self.n > 2:
        raise StopIteration(math.sin(self.x * v))
    return math.sqrt(self.x * v)
def throw(self, *error):
    raise StopIteration(math.exp(self.x))
"""
ORDER = """
def __lt__(self, other):
    return math.sqrt(self.x) < math.sqrt(other.x)
def __gt__(self, other):
    return math.sqrt(self.x) > math.sqrt(other.x)
def __eq__(self, other):
    return math.sqrt(self.x) == math.sqrt(other.x)
"""
MAPPING = """
def __len__(self):
    return 2
def __iter__(self):
    return iter("ab")
def __getitem__(self, key):
    return math.sqrt(self.x + ord(key))
def __setitem__(self, key, value):
    self.x = math.exp(value)
def __delitem__(self, key):
    self.x = math.sin(self.x)
def __init__(self, x):
    self.x = x
"""
LIFTED: dict[str, list[tuple[str, list[str]]]] = {
    "__bool__": [
        (
            method("__bool__", "self.y > 0"),
            [
                "return c.y if c else x",
                "return (not c) * x + c.y",
                "v = c and c.y; return v",
                "v = c or c.y; return c.y * x",
                "v = 0.5 if c else 2.0; return v * c.y",
                "assert c; return c.y",
                "return bool(c) * c.y",
                "return any([c]) * c.y",
                "return all([c]) * c.y",
                "return sum(d.y for d in filter(None, [c]))",
                "return sum(d.y for d in [c] if d)",
                "while not c: pass\nreturn c.y",
            ],
        )
    ],
    "__len__": [
        (method("__len__", "3"), ["return len(c) * c.y", "return c.y if c else x"]),
    ],
    "__iter__": [
        (
            NUMBERS,
            [
                "return sum(v * v for v in c)",
                "a, b = c; return a * b",
                "a, *b = c; return a * b[0]",
                "return sum([*c])",
                "return sum((*c, 1))",
                "return (lambda a, b: a * b)(*c)",
                "return (lambda a, b, k: a * b * k)(*c, k=2)",
                "def walk(): yield from c\nreturn sum(walk())",
                "return max(*c)",
                "return sum(c) + max(c) + min(c) + sorted(c)[0] + math.fsum(c) + math.prod(c)",
                "return sum(list(c)) + sum(tuple(c)) + sum(collections.deque(c)) + sum(iter(c))",
                "return sum(itertools.chain(c)) + sum(itertools.islice(c, 1))",
                "return sum(itertools.accumulate(c)) + sum(itertools.tee(c)[0])",
                "return sum(map(lambda v: v * v, c)) + sum(a * b for a, b in zip(c, c))",
                "v = []; v.extend(c); v += c; return sum(v)",
                "return functools.reduce(operator.mul, c)",
                "return sum(i * v for i, v in enumerate(c, 1))",
                "return np.sum(list(c))",
                "return math.exp(x) * (1e9 in c) + sum(c)",
            ],
        ),
        (
            "def __iter__(self):\n    v = yield math.sqrt(self.x)\n    return math.sin(v * self.x)\n",
            ["def walk(): yield (yield from c)\nw = walk()\nreturn next(w) * w.send(2.0)"],
        ),
    ],
    "__next__": [
        (
            STEPS,
            [
                "return sum(v * v for v in c)",
                "return next(c) * next(c)",
                "return [next(c, 0.0) for _ in range(5)][2]",
                "a, b, d = c; return a * b * d",
                "return sum(itertools.islice(c, 2))",
                "return sum(a * b for a, b in zip(c, [1, 2, 3]))",
            ],
        ),
        (
            DELEGATE,
            [
                "def walk(): yield (yield from c)\nreturn list(walk())[1]",
                "def walk(): yield (yield from c)\n"
                "w = walk()\nreturn next(w) * w.send(2.0) * w.send(3.0)",
                "def walk(): yield (yield from c)\n"
                "w = walk()\nreturn next(w) * w.throw(ValueError)",
            ],
        ),
    ],
    "__getitem__": [
        (
            ITEMS,
            [
                "return c[0] * c[1]",
                "return sum(v * v for v in c)",
                "a, b = c; return a * b",
                "return sum(list(c))",
                "return sum(k * v for k, v in enumerate(reversed(c), 1))",
                "return operator.getitem(c, 1)",
            ],
        )
    ],
    "__reversed__": [(method("__reversed__", "[self.y]"), ["return sum(reversed(c))"])],
    "__contains__": [
        (
            method("__contains__", "True", ", v"),
            [
                "return (1 in c) * c.y",
                "return (1 not in c) * x + c.y",
                "return operator.contains(c, 1) * c.y",
            ],
        )
    ],
    "__lt__ __gt__ __eq__": [
        (
            ORDER,
            [
                "return c.x if c < C(2 * x) else x * x",
                "return sorted([C(3 * x), c, C(2 * x)])[1].x",
                "return sorted([C(3 * x), c, C(2 * x)], reverse=True)[1].x",
                "return sorted([C(3 * x), c, C(2 * x)], key=lambda v: v)[1].x",
                "return sorted([(1, C(3 * x)), (1, c), (0, C(2 * x))])[1][1].x",
                "v = [C(3 * x), C(2 * x), c]; v.sort(); return v[1].x",
                "v = [C(3 * x), C(2 * x), c]; v.sort(key=lambda u: u, reverse=True); return v[1].x",
                "return min([C(2 * x), c]).x + max(c, C(3 * x)).x * max([c], key=lambda v: v).x",
                "return heapq.nsmallest(2, [C(3 * x), C(2 * x), c])[1].x",
                "return heapq.nlargest(2, [C(3 * x), C(2 * x), c], lambda v: v)[1].x",
                "return heapq.nlargest(2, [C(3 * x), C(2 * x), c])[1].x",
                "return list(heapq.merge([C(2 * x)], [c, C(3 * x)]))[1].x",
                "h = [C(3 * x), C(2 * x)]; heapq.heapify(h); heapq.heappush(h, c); "
                "return heapq.heappop(h).x * heapq.heappushpop(h, c).x * h[0].x",
                "h = []; [heapq.heappush(h, (1, v)) for v in (C(2 * x), c)]; "
                "return heapq.heapreplace(h, (1, C(5 * x)))[1].x",
                "v = [c, C(3 * x)]; bisect.insort(v, C(2 * x)); return v[1].x",
                "v = [c, C(3 * x)]; bisect.insort_left(v, C(2 * x), key=lambda u: u); return v[1].x",
                "return x * bisect.bisect([c, C(3 * x)], C(2 * x))",
                "return x * (C(x) in [C(2 * x), C(x)]) + x * (C(x) not in (C(2 * x), C(x)))",
            ],
        )
    ],
    "__le__ __ge__ __ne__": [
        (
            "def __le__(self, other): return math.sqrt(self.x) <= math.sqrt(other.x)\n"
            "def __ge__(self, other): return math.sqrt(self.x) >= math.sqrt(other.x)\n"
            "def __ne__(self, other): return math.sqrt(self.x) != math.sqrt(other.x)\n",
            ["return x * ((c <= C(2 * x)) + 2 * (c >= C(2 * x)) + 4 * (c != C(2 * x)))"],
        )
    ],
    "__hash__": [(method("__hash__", "3"), ["return hash(c) * c.y"])],
    "__str__": [
        (
            method("__str__", "'a'"),
            [
                "str(c); return c.y",
                "v = f'{c}'; return c.y * len(v)",
                "v = f'{c!s:>4}'; return c.y * len(v)",
                "print(c, file=io.StringIO()); return c.y",
                "v = '%s' % c; return c.y * len(v)",
                "v = '%s, %s' % (1, c); return c.y * len(v)",
                "v = '{}'.format(c); return c.y * len(v)",
                "v = ','.join(map(str, [c])); return c.y * len(v)",
                "v = format(c); return c.y * len(v)",
            ],
        )
    ],
    "__repr__": [
        (
            method("__repr__", "'a'"),
            [
                "repr(c); return c.y",
                "v = f'{c}{c!r}'; return c.y * len(v)",
                "str(c); return c.y",
                "v = '%r' % c; return c.y * len(v)",
            ],
        )
    ],
    "__format__": [
        (
            method("__format__", "'a' + spec", ", spec"),
            [
                "v = f'{c:abc}'; return c.y * len(v)",
                "v = format(c, 'b'); return c.y * len(v)",
                "v = '{:b}'.format(c); return c.y * len(v)",
            ],
        )
    ],
    "__bytes__": [(method("__bytes__", "b'a'"), ["v = bytes(c); return c.y * len(v)"])],
    "__dir__": [(method("__dir__", "['a']"), ["v = dir(c); return c.y * len(v)"])],
    "__index__": [(method("__index__", "2"), ["return operator.index(c) * c.y"])],
    "__int__": [(method("__int__", "2"), ["return int(c) * c.y"])],
    "__float__": [
        (
            method("__float__", "self.y"),
            ["return float(c) * c.y", "return math.sin(c)", "return math.hypot(c, 1.0)"],
        )
    ],
    "__complex__": [(method("__complex__", "1j * self.y"), ["return complex(c).imag"])],
    "__round__": [
        (
            method("__round__", "self.y", ", n=0"),
            ["return round(c, 2) + round(c)", "return round(c, ndigits=2)"],
        )
    ],
    "__trunc__ __floor__ __ceil__": [
        (
            method("__trunc__", "2") + method("__floor__", "3") + method("__ceil__", "4"),
            ["return math.trunc(c) * math.floor(c) * math.ceil(c) * c.y"],
        )
    ],
    "__call__": [
        (
            "def __call__(self, a, b=0.0):\n    return b + math.sqrt(self.x * a)\n",
            [
                "return c(2.0)",
                "return sum(map(c, [1.0, 2.0]))",
                "return functools.reduce(c, [1.0, 2.0, 3.0])",
                "return x * sorted([2.0, 1.0], key=c)[0] + x * max([2.0, 1.0], key=c)",
                "return x * sum(filter(c, [1.0, 2.0])) + functools.partial(c, 2.0)()",
                "return list(itertools.accumulate([1.0, 2.0], c))[-1]",
                "return sum(k for k, _ in itertools.groupby([1.0, 1.0, 2.0], c))",
                "return x * heapq.nsmallest(1, [2.0, 1.0], key=c)[0]",
                "return np.vectorize(c)(np.array([1.0, 2.0])).sum()",
                "return collections.defaultdict(lambda: c(2.0))[1]",
            ],
        )
    ],
    "__missing__": [
        (
            "def __missing__(self, key):\n    self[key] = v = math.sqrt(key)\n    return v\n"
            "def __init__(self, x): pass\n",
            ["return c[2] * x + c[2]"],
        )
    ],
    "__getattr__": [
        (
            "def __getattr__(self, name):\n"
            "    if name == 'call': return lambda v: math.sqrt(self.x * v)\n"
            "    if name == 'gone': raise AttributeError(name)\n"
            "    return math.sqrt(self.x)\n",
            [
                "return c.foo * c.x",
                "return c.call(2.0)",
                "return getattr(c, 'foo') * hasattr(c, 'bar') + hasattr(c, 'gone')",
                "return getattr(c, 'gone', x * x)",
                "return operator.attrgetter('foo')(c)",
            ],
        )
    ],
    "__getattribute__": [
        (
            "def __getattribute__(self, name):\n"
            "    v = object.__getattribute__(self, name)\n"
            "    return math.sqrt(v) if name == 'x' else v\n",
            ["return c.x", "return getattr(c, 'x') * c.y"],
        ),
        (
            "def __getattribute__(self, name):\n"
            "    v = super().__getattribute__(name)\n"
            "    return math.sqrt(v) if name == 'x' else v\n"
            "@property\n"
            "def p(self): return math.sin(self.x)\n",
            ["return c.x * c.p"],
        ),
    ],
    "__setattr__": [
        (
            "def __setattr__(self, name, v):\n    object.__setattr__(self, name, math.sqrt(v))\n",
            ["return c.x", "setattr(c, 'z', x); return c.z", "c.x += 1; return c.x"],
        ),
        (
            "def __setattr__(self, name, v):\n    super().__setattr__(name, math.sqrt(v))\n",
            ["return c.x"],
        ),
    ],
    "__delattr__": [
        (
            method("__delattr__", "None", ", name"),
            ["del c.x; return c.y", "delattr(c, 'x'); return c.y"],
        )
    ],
    "__enter__ __exit__": [
        (
            method("__enter__", "math.sin(self.x)") + method("__exit__", "None", ", *error"),
            [
                "with c as v: pass\nreturn v * c.y",
                "with contextlib.ExitStack() as s: v = s.enter_context(c)\nreturn v * c.y",
            ],
        )
    ],
    "__await__": [
        (
            "def __await__(self):\n    yield\n    return math.sqrt(self.x)\n",
            ["async def run(): return await c\nreturn asyncio.run(run())"],
        )
    ],
    "__aiter__ __anext__": [
        (
            "n = 0\ndef __aiter__(self): return self\n"
            "async def __anext__(self):\n    self.n += 1\n"
            "    if self.n > 2: raise StopAsyncIteration\n    return math.sqrt(self.x * self.n)\n",
            ["async def run(): return sum([v async for v in c])\nreturn asyncio.run(run())"],
        )
    ],
    "__aenter__ __aexit__": [
        (
            "async def __aenter__(self): return math.sin(self.x)\n"
            "async def __aexit__(self, *error): self.y = math.sqrt(self.x)\n",
            [
                "async def run():\n    async with c as v: pass\n    return v * c.y\n"
                "return asyncio.run(run())"
            ],
        )
    ],
    "__copy__ __deepcopy__": [
        (
            "def __copy__(self): return C(math.sqrt(self.x))\n"
            "def __deepcopy__(self, memo): return C(math.sin(self.x))\n",
            ["return copy.copy(c).x * copy.deepcopy([c, {1: c}])[0].x"],
        )
    ],
    "__setstate__": [
        (
            "def __setstate__(self, state): self.x = math.sqrt(state['x'])\n",
            ["return copy.copy(c).x * copy.deepcopy(c).x"],
        )
    ],
    "__setitem__ __delitem__": [
        (
            "def __setitem__(self, i, v): self.y = math.sqrt(v)\n"
            "def __delitem__(self, i): self.x = math.sin(self.x)\n",
            ["c[0] = x; c[1:2] = 2 * x; del c[0]; return c.y * c.x"],
        )
    ],
    "__divmod__ __rdivmod__": [
        (
            method("__divmod__", "(self.y, 1)", ", other")
            + method("__rdivmod__", "(2 * self.y, 1)", ", other"),
            ["return divmod(c, 2)[0] * divmod(2, c)[0] * divmod(7, 2)[0]"],
        )
    ],
    "__pow__ __rpow__": [
        (
            method("__pow__", "self.y", ", other, modulus=None")
            + method("__rpow__", "2 * self.y", ", other"),
            [
                "return pow(c, 2, 3) + 2**c + c**2",
                "return pow(c, 2) + pow(2.0, c) + pow(exp=2, base=c)",
            ],
        ),
        (
            "def __pow__(self, other): return NotImplemented if math.sqrt(self.x) else 0\n"
            "class D(Root):\n"
            "    def __rpow__(self, other): return math.sqrt(self.x)\n",
            ["return pow(c, C.D(x)) + pow(2.0, C.D(x))"],
        ),
    ],
    "__abs__ __neg__ __pos__ __invert__": [
        (
            "".join(method(f"__{name}__", "self.y") for name in ("abs", "neg", "pos", "invert")),
            ["return abs(c) + 2 * -c + 3 * +c + 4 * ~c"],
        )
    ],
    **{
        f"__{name}__ __r{name}__ __i{name}__": [
            (
                method(f"__{name}__", "self.y", ", other")
                + method(f"__r{name}__", "2 * self.y", ", other")
                + method(f"__i{name}__", "self", ", other"),
                [f"v = c {symbol} 2 + 1; w = 2 {symbol} c; c {symbol}= 3; return v + w + c.y"]
                if symbol not in "&|^<<>>"
                else [f"v = (c {symbol} 2); w = (2 {symbol} c); c {symbol}= 3; return v + w + c.y"],
            )
        ]
        for name, symbol in {
            **{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%"},
            **{"matmul": "@", "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"},
        }.items()
    },
    "__ror__": [
        (
            method("__ror__", "self.y", ", other"),
            ["return (math.sin | c) + (None | c) + (int | c)"],  # of which type has one, too
        )
    ],
    "__ipow__": [(method("__ipow__", "self", ", other"), ["c **= 3; return c.y"])],
    "__get__ __set__ __delete__": [
        (
            "class D:\n"
            "    def __get__(self, c, kind=None): return math.sqrt(c.v if c else 2.0)\n"
            "    def __set__(self, c, v): c.v = math.exp(v)\n"
            "    def __delete__(self, c): c.w = math.sin(c.v)\n"
            "d = D()\n"
            "@property\n"
            "def p(self): return math.sin(self.x)\n"
            "@p.setter\n"
            "def p(self, v): self.x = math.exp(v)\n"
            "@p.deleter\n"
            "def p(self): self.x = math.cos(self.x)\n",
            [
                "c.d = x; v = c.d; del c.d; return v * c.w * C.d",
                "c.d = x; return getattr(c, 'd')",
                "c.p = x; v = c.p; del c.p; return v * c.x",
            ],
        )
    ],
    "__init__ __new__": [
        (
            "def __new__(cls, x):\n    c = object.__new__(cls)\n    c.z = math.sqrt(x)\n    return c\n"
            "def __init__(self, x):\n    self.x = math.sin(x)\n",
            ["return c.x * c.z"],
        )
    ],
}
# Objects that can be walked through or called stay what they are where neither is done to them.
WALKED = NUMBERS + "def __call__(self, *a): return math.exp(self.x)\n" + ORDER
TEXTS = [  # whose other methods are not the user's
    (method("__enter__", "self") + "def __exit__(self, *e): pass\n",
     "with c as v: n = len(f'{c!r:.3}')\nreturn n * v.y"),
    ("class E(ValueError):\n    def __repr__(self): return '%g' % math.sqrt(2.0)\n",
     "return len(str(C.E('abc')) + f'{C.E(1234)}' + repr(C.E())) * x"),
    ("class S(str):\n    def __repr__(self): return '%g' % math.sqrt(2.0)\n",
     "return len(f'{C.S(1234):>9}' + str(C.S('a')) + f'{C.S()!r}') * x"),
    ("class D(dict):\n    def __getitem__(self, k): return math.sqrt(k)\n",
     "return list(reversed(C.D({1: 2, 3: 4})))[0] * C.D()[4.0] * x"),
    ("class L(list):\n    def __getitem__(self, k): return math.sqrt(k)\n",
     "return len(bytes(C.L([1, 2]))) * sum(C.L([1, 2])) * C.L()[4.0] * x"),
]  # fmt: skip
STAYING = [
    "return max(c, C(2 * x)).x * min(c, C(3 * x)).x",
    "return sum(v.x for v in itertools.repeat(c, 2)) * c()",
    "h = []; heapq.heappush(h, c); heapq.heappush(h, C(x / 2)); return h[0].x * h[1].x",
    "v = [C(x / 2)]; bisect.insort(v, c); return v[1].x",
    "return functools.reduce(lambda a, b: C(a.x * b.x), [c, c], c).x",
    "return list(itertools.accumulate([2.0], lambda a, b: C(a.x * b), initial=c))[1].x",
    "return functools.partial(lambda a: a.x * a(), c)()",
    "return [b or a for a, b in itertools.zip_longest([1, 2], [1], fillvalue=c)][1].x",
    "return sorted([c, C(x / 2)])[0].x * sorted([2.0, x], key=None)[0]",
    "return next(filter(None, [0, c])).x * x",
    "return collections.defaultdict(None, {1: c})[1].x",
]
MIXED: list[tuple[str, str, str]] = [  # with the class that they are derived from
    (MAPPING, "collections.abc.Mapping", "return c.get('a') + sum(c.values()) + ('b' in c)"),
    (MAPPING, "collections.abc.Mapping", "return sum(v for k, v in c.items()) + dict(c)['a']"),
    (MAPPING, "collections.abc.MutableMapping", "c.update(a=x); return c.pop('a') + c['b']"),
    (ITEMS + "def __init__(self, x): self.x = x\n", "collections.abc.Sequence",
     "return sum(c) + c.index(c[1]) * x + sum(reversed(c)) + (c[0] in c) * x"),
    (
        "def __setitem__(self, k, v): super().__setitem__(k, math.sqrt(v))\n"
        "def __init__(self, x): super().__init__(a=x)\n",
        "collections.UserDict",
        "c.update(b=x + 1); return c['a'] * c['b']",
    ),
    (
        "def __getitem__(self, k): return math.sqrt(self.data[k])\n"
        "def __init__(self, x): super().__init__([x, 2 * x])\n",
        "collections.UserList",
        "return c[0] * c[1]",
    ),
    (
        "def __call__(cls, x):\n    c = super().__call__(x)\n    c.y = math.sqrt(x)\n    return c\n"
        "def __getattr__(cls, name): return math.sin(2.0)\n"
        "def __iter__(cls): yield math.cos(2.0)\n"
        "def __init__(cls, *args): pass\n"
        "def __new__(m, x, *args): return super().__new__(m, x, *args) if args else x\n",
        "type",
        "return x * c",
    ),
]  # fmt: skip

# Special methods that Python calls from C where lifting does not reach, with a use of each.
REFUSED: dict[str, tuple[str, str]] = {
    "__index__": (method("__index__", "1"), "return [1, 2][c] * c.y"),
    "__hash__": (method("__hash__", "3"), "return {c: x}[c] * c.y"),
    "__eq__": (ORDER, "return x * [C(x)].count(c)"),
    "__repr__": (method("__repr__", "'a'"), "repr([c]); return c.y"),
    "__getitem__": (
        "def keys(self): return ['a']\n" + method("__getitem__", "self.y", ", k"),
        "return (lambda a: a)(**c)",
    ),
    "__float__": (method("__float__", "self.y"), "a = np.zeros(2); a[0] = c; return a[0]"),
    "__getstate__": (method("__getstate__", "{'y': self.y}"), "return copy.copy(c).y"),
    "__reduce__": (method("__reduce__", "C, (self.y,)"), "return copy.copy(c).y"),
    "__getnewargs__": (method("__getnewargs__", "()"), "return copy.copy(c).y"),
    "__sizeof__": (method("__sizeof__", "3"), "sys.getsizeof(c); return c.y"),
    "__fspath__": (method("__fspath__", "'a'"), "os.fspath(c); return c.y"),
    "__array__": (
        method("__array__", "np.array([self.y])", ", dtype=None, copy=None"),
        "return np.sin(c)[0]",
    ),
    "__array_ufunc__": (method("__array_ufunc__", "self.y", ", *a, **k"), "return np.sin(c)"),
    "__array_function__": (method("__array_function__", "self.y", ", *a, **k"), "return np.sum(c)"),
    "__init_subclass__": (
        "def __init_subclass__(cls): cls.z = math.sqrt(cls.x0)\n",
        "C.x0 = x\nclass D(C): pass\nreturn D.z",
    ),
    "__class_getitem__": ("def __class_getitem__(cls, k): return math.sqrt(k)\n", "return C[x]"),
    "__set_name__": (
        "class D:\n    def __set_name__(self, owner, name): owner.z = math.sqrt(owner.x0)\n",
        "class E:\n    x0 = x\n    d = C.D()\nreturn E.z",
    ),
}  # fmt: skip

# Those of Python's data model that code in a function does not have called, or that do not
# calculate; and the awaitable and other hooks that go the way of those above.
OTHERS = """__instancecheck__ __del__ __prepare__ __subclasscheck__ __mro_entries__ __length_hint__ __buffer__
__release_buffer__ __subclasshook__ __reduce_ex__ __getnewargs_ex__"""


def test_no_special_method_is_forgotten() -> None:
    """Those that some class of Python's own library has, and that are functions."""
    told = " ".join([*LIFTED, *REFUSED, OTHERS]).split()
    kinds = (int, float, complex, str, list, dict, set, bytes, object, type, types.FunctionType)
    kinds += (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, io.StringIO)
    there = {name for kind in kinds for name in dir(kind) if callable(getattr(kind, name, 0))}
    there = {name for name in there if name.startswith("__") and name.endswith("__")}
    no_hooks = {"__class__", "__base__", "__subclasses__", "__getformat__", "__setformat__"}
    assert there - set(told) <= no_hooks


P = "def __repr__(self): return f'{math.sin(self.x):.2f}'\n"
DESCRIBED = (
    "class D:\n"
    "    def __get__(self, instance, owner): return math.sin(owner.y if instance is None else 1.0)\n"
    "d = D()\n"
)
# Methods that are no plain functions, and what text, copies and builtins ask of objects.
UNUSUAL: list[tuple[str, str, str]] = [
    *(
        (
            hook + "\n@property\ndef p(self): return object.__getattribute__(self, 'none')\n"
            "def __mul__(self, x): return math.sin(x)\n",
            "Root",
            use,
        )
        for hook in (
            "__getattr__ = functools.lru_cache()(lambda self, name: 7.0)",
            "__getattr__ = functools.partialmethod(lambda self, name: 7.0)",
            "__getattr__ = functools.partialmethod(lambda self, k, name: k * math.sin(2.0), 7.0)",
            "__getattr__ = staticmethod(lambda name: 7.0)",
            "def look(self, name): return 7.0 if name == 'p' else math.sqrt(object.__getattribute__(self, 'x'))\n"
            "__getattribute__ = functools.partialmethod(look)",
        )
        for use in (
            "return (c * x) * (3.0 if hasattr(c, 'none') else 1.0)",
            "return (c * x) * c.p",
            "return (c * x) * getattr(c, 'p')",
        )
    ),
    (
        "__getattr__ = dict.get\n"
        "@property\ndef p(self): return object.__getattribute__(self, 'none')\n"
        "def __init__(self, x): super().__init__(p=x)\n",
        "dict",
        "return math.sin(c.p) * (3.0 if hasattr(c, 'other') else 1.0)",
    ),
    (P, "Root", "return x * len('{0.y:.7g} {0!r} {c.x}'.format(c, c=c))"),
    (P, "Root", "c.y = c; return x * len('{0.y} {0.y.x:.3f}'.format(c))"),
    (P, "Root", "return x * len('{0.__class__.__name__}{0.__doc__}'.format(c))"),
    (
        P + "def __getitem__(self, k): return self.x\n",
        "Root",
        "return x * len('{0[a]:.5f}'.format(c))",
    ),
    (P + ITEMS, "Root", "return x * len('{0[1]:.6f}'.format(c))"),
    (
        "def __new__(cls, x): return super().__new__(cls, 2.5)\n" + P.replace("self.x", "self"),
        "float",
        "return math.sin(x) * len('%.3f %d %s' % (c, c, c))",
    ),
    (
        "def __deepcopy__(self, memo): return C(math.sin(self.x))\n",
        "Root",
        "return copy.deepcopy(c, memo={}).x * copy.deepcopy(x=[c], memo=None)[0].x",
    ),
    (DESCRIBED, "Root", "C.y = x; return math.exp(getattr(C, 'd')) * C.d * getattr(c, 'd')"),
    ("@staticmethod\ndef __call__(x): return math.sin(x)\n", "Root", "return c(x)"),
    ("@classmethod\ndef __call__(cls, x): return math.sin(x)\n", "Root", "return c(x)"),
    (NUMBERS, "Root", "d = collections.deque(); d.extend(c); d.extendleft(c); return d[0] * d[3]"),
    (
        NUMBERS + "def __init__(self, x): self.x = x\n",
        "list",
        "v = [1.0]; v += c; return v[1] * v[2]",
    ),
    (
        "def __init__(self, x): super().__init__(a=x)\n"
        "def __getitem__(self, k): return math.sin(super().__getitem__(k))\n"
        "def keys(self): return ['a']\ndef __iter__(self): return iter('a')\n",
        "dict",
        "return dict(c)['a']",
    ),
    (
        "def __init__(self, x): super().__init__(a=x)\n"
        "def __getitem__(self, k): return math.sin(super().__getitem__(k))\n",
        "dict",
        "return math.exp(dict(c)['a'])",
    ),
    (
        "def __init__(self, x): self.x = math.sin(x)\n",
        "typing.Generic[typing.TypeVar('T')]",
        "c = C[float](x); return c.x * (c.__orig_class__ is not None)",
    ),
]


def described() -> list[tuple[str, str]]:
    lifted = [(m, use) for cases in LIFTED.values() for m, uses in cases for use in uses]
    return lifted + [(WALKED, use) for use in STAYING] + [(m, u) for m, u in TEXTS]


@pytest.mark.parametrize(("methods", "use"), described())
def test_it_is_lifted(methods: str, use: str) -> None:
    root = "dict" if "__missing__" in methods else "Root"
    holds(methods, use, root)


@pytest.mark.parametrize(("methods", "root", "use"), MIXED + UNUSUAL)
def test_it_is_lifted_through_other_code(methods: str, root: str, use: str) -> None:
    holds(methods, use, root)


def holds(methods: str, use: str, root: str) -> None:
    value, slope = value_and_grad(program(methods, use, root))(1.7)
    assert bits(value) == bits(program(methods, use, root)(1.7))
    numbers, right = value_and_grad(program(methods, use, root, **UNLIFTED), lift=False)(1.7)
    assert value == pytest.approx(numbers, rel=1e-15)
    assert slope == pytest.approx(right, rel=1e-13)
    assert slope != 0


@pytest.mark.parametrize("root", ["Root", "dict"])
def test_text_names_items_of_a_mapping(root: str) -> None:
    methods = (
        "def __init__(self, x): self.x = x\ndef __getitem__(self, k): return math.sin(self.x)\n"
    )
    f = program(methods, "return '%%(%(a).5f %(b)s' % c, x * math.sin(x)", root)
    text, value = lift(f)(1.7)
    assert (text, value) == f(1.7)
    (value, text), slope = value_and_grad(lambda x: f(x)[::-1], has_aux=True)(1.7)
    assert (text, value) == f(1.7)
    assert slope == pytest.approx(math.sin(1.7) + 1.7 * math.cos(1.7), rel=1e-14)


OTHER_WALK = (
    "def __init__(self, x): list.__init__(self, [3 * x, x, 2 * x])\n"
    "def __iter__(self): return iter([math.sqrt(4.0), 7.0])\n"
    "def __lt__(self, other): return math.sqrt(2.0) < other\n"
)


@pytest.mark.parametrize(
    ("root", "methods", "use"),
    [
        ("list", OTHER_WALK, "list.sort(c); return c[0] * c[0]"),
        ("list", OTHER_WALK, "return x * (1 + (3 * x in c)) * (1 + (7.0 in c))"),
        ("list", OTHER_WALK, "return x * sorted(c)[0] * max(c) * heapq.nlargest(2, c)[1]"),
        ("list", OTHER_WALK, "heapq.heapify(c); v = heapq.heappop(c); return v * c[0] * len(c)"),
        ("Root", method("__hash__", "2**70 + 5"), "return hash(c) * c.y"),
        ("Root", method("__hash__", "-1"), "return hash(c) * c.y"),
        ("Root", method("__len__", "np.int64(3)"), "return (type(len(c)) is int) * c.y"),
        ("Root", method("__round__", "self.y + n", ", n=7"), "return round(c, ndigits=None)"),
    ],
)
def test_values_are_those_of_python(root: str, methods: str, use: str) -> None:
    plain = program(methods, use, root)(1.7)
    value, slope = value_and_grad(program(methods, use, root), lift=True)(1.7)
    assert (type(value), bits(value)) == (type(plain), bits(plain))
    assert slope != 0


OF_ATTRIBUTES = "def __getattr__(self, n): return math.sin(self.x)\n"


@pytest.mark.parametrize(
    ("root", "methods", "use"),
    [
        (
            "Root",
            "@property\ndef p(self):\n    math.sqrt(2.0)\n    raise AttributeError\n"
            + OF_ATTRIBUTES,
            "return c.p * c.x * c.any",
        ),
        (
            "Root",
            "def __getattribute__(self, n):\n"
            "    if n == 'w':\n        raise AttributeError\n"
            "    return object.__getattribute__(self, n)\n" + OF_ATTRIBUTES,
            "return c.w * c.x * getattr(c, 'w') * hasattr(c, 'w')",
        ),
        (
            "Root",
            "class M(type):\n    def __getattr__(cls, n): return math.sqrt(4.0)\n"
            "class D(metaclass=M): w = 3.0\n",
            "return C.D.v * C.D.w * c.x",
        ),
        (
            "Root",
            "def __setattr__(self, n, v): super().__setattr__(n, v * math.sqrt(4.0))\n",
            "c.z = c.x; return c.z * c.y",
        ),
        (
            "Root",
            "class D:\n"
            "    def __get__(self, c, kind): return math.sin(c.__dict__['v'])\n"
            "    def __set__(self, c, v): c.__dict__['v'] = math.sqrt(v)\n"
            "v = D()\n",
            "c.v = c.x; return c.v * c.x",
        ),
        (
            "Root",
            method("__enter__", "math.sin(self.x)")
            + method("__exit__", "kind is ZeroDivisionError", ", kind, *more"),
            "with c as v:;     1 / 0; return v * c.y",
        ),
        (
            "Root",
            "__enter__ = staticmethod(lambda: math.sqrt(4.0))\n"
            + method("__exit__", "None", ", *error"),
            "with c as v: pass; return v * c.y",
        ),
        (
            "dict",
            "def __init__(self, x): self[1] = x\ndef __missing__(self, k): return math.sqrt(k)\n",
            "return c[1] * c[4] * (1 in c)",
        ),
        ("Root", method("__len__", "0"), "return c.x if c else c.x * math.sin(c.x)"),
        ("Root", method("__str__", "'%g' % 2.5"), "return c.x * len(str(c)) * (f'{c}' == '2.5')"),
    ],
)
def test_answers_of_compiled_hooks_are_those_of_python(root: str, methods: str, use: str) -> None:
    f = program(methods, use, root)
    value, slope = value_and_grad(program(methods, use, root), lift=True)(1.7)
    assert bits(value) == bits(f(1.7))
    assert slope == pytest.approx((f(1.7 + 2.0**-17) - f(1.7 - 2.0**-17)) * 2.0**16, rel=1e-8)


HEAPS = """
import heapq, math

class Item:
    def __init__(self, place, value):
        self.place, self.value = place, value
    def __lt__(self, other):
        compared.append((self.place, other.place))
        return math.sqrt(self.value) < math.sqrt(other.value)

def run(steps, in_pairs):
    heap = []
    for place, (name, value) in enumerate(steps):
        step, item = getattr(heapq, name), Item(place, value)
        given = () if name in ("heapify", "heappop") else ((value // 3, item),)
        if not in_pairs:
            given = (item,) if given else ()
        try:
            y = step(heap, *given)
        except IndexError as error:
            y = str(error)
        yield [getattr(v[-1] if in_pairs and v else v, "place", v) for v in (y, *heap)]
        if place == 30:
            heap.reverse()
            heapq.heapify(heap)
"""


@pytest.mark.parametrize("in_pairs", [False, True])
def test_heaps_compare_in_the_order_of_python(in_pairs: bool) -> None:
    names: dict[str, Any] = {"__name__": "a_module_of_the_users"}
    exec(compile(HEAPS, "<program>", "exec"), names)
    kinds = ("heappush", "heappush", "heappop", "heapreplace", "heappushpop", "heapify")
    random, seen = Random(3), 0
    for _ in range(100):
        steps = [(random.choice(kinds), random.randrange(6)) for _ in range(60)]
        names["compared"] = plain = []
        right = list(names["run"](steps, in_pairs))
        names["compared"] = lifted = []
        assert list(lift(names["run"])(steps, in_pairs)) == right
        assert lifted == plain
        seen += len(plain)
    assert seen > 2000


def test_a_heap_is_not_gone_through_at_each_step() -> None:
    f = program(
        "def __lt__(self, other): return math.sqrt(self.x) < math.sqrt(other.x)\n",
        "h = [C(x + k) for k in range(20000)]; start(); heapq.heappush(h, c); "
        "v = heapq.heappop(h); stop(); return v.x",
    )
    calls = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event == "call"

    f.__globals__.update(start=lambda: sys.setprofile(count), stop=lambda: sys.setprofile(None))
    assert derivative(f)(1.7) == 1
    assert 0 < calls < 20000


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_reached_is_named(name: str) -> None:
    methods, use = REFUSED[name]
    assert program(methods, use.replace("C.x0 = x", "C.x0 = 1.7"))(1.7) is not None
    with pytest.raises((TypeError, RuntimeError)) as caught:
        value_and_grad(program(methods, use), lift=True)(1.7)
    assert any(
        f"{name} has been called by Python itself, or by compiled code" in note
        for note in caught.value.__notes__
    )


@pytest.mark.parametrize(
    ("methods", "use"),
    [
        ("def __bool__(self): return math.floor(3.0)\n", "return 1 if c else 2"),
        ("def __len__(self): return -math.floor(1.0)\n", "return 1 if c else 2"),
        (NUMBERS, "a, b, d = c"),
        (NUMBERS, "a, = c"),
        ("def __repr__(self): return '%g' % math.sqrt(2.0)\n", "return f'{c:>9}'"),
        ("__iter__ = None\ndef __getitem__(self, i): return math.sqrt(i)\n", "return list(c)"),
        (ORDER, "return sorted([c, 3])"),
        (ORDER, "return min(3)"),
        (ORDER, "return heapq.heappop([])"),
        (ORDER, "heapq.heapify(c)"),
        ("def __len__(self): return -math.floor(1.0)\n", "return len(c)"),
        ("def __len__(self): return math.sqrt(4.0)\n", "return len(c)"),
        ("def __float__(self): return math.floor(2.5)\n", "return float(c)"),
        ("def __complex__(self): return math.sqrt(2.0)\n", "return complex(c)"),
        ("def __int__(self): return math.sqrt(2.0)\n", "return int(c)"),
        ("def __hash__(self): return math.sqrt(2.0)\n", "return hash(c)"),
        ("def __index__(self): return math.sqrt(2.0)\n", "return operator.index(c)"),
        (
            "def __pow__(self, *v): return NotImplemented if self.x else math.pi\n",
            "return pow(c, 2)",
        ),
        (
            "def __pow__(self, *v): return NotImplemented if self.x else math.pi\n",
            "return pow(c, 2, 3)",
        ),
        ("def __iter__(self): return [math.sqrt(2.0)]\n", "return list(c)"),
        ("def __iter__(self): return [math.sqrt(2.0)]\n", "return iter(c)"),
        ("def __iter__(self): return [math.sqrt(2.0)]\n", "for _ in c: pass"),
        (
            "def __add__(self, v): return math.sqrt(2.0)\nclass D(Root): __radd__ = None\n",
            "return 1 + C.D(x)",
        ),
        (
            "def __add__(self, v): return NotImplemented if v.x else math.pi\n"
            "class D(Root): __radd__ = None\n",
            "return c + C.D(x)",
        ),
        (
            "def __eq__(self, v): return NotImplemented if v.x else math.pi\n"
            "class D(Root): __eq__ = None\n",
            "return c == C.D(x)",
        ),
        ("__contains__ = None\ndef __iter__(self): yield math.sqrt(2.0)\n", "return 1 in c"),
        ("__bool__ = None\ndef __len__(self): return math.floor(2.0)\n", "return not c"),
        ("def __getattr__(self, n): raise AttributeError('%g' % math.sqrt(2.0))\n", "return c.v"),
    ],
)
def test_errors_are_those_of_python(methods: str, use: str) -> None:
    with pytest.raises(Exception) as plain:
        program(methods, use)(2.0)
    with pytest.raises(type(plain.value)) as lifted:
        lift(program(methods, use))(2.0)
    assert str(lifted.value) == str(plain.value)


def test_a_class_that_changes_while_it_is_asked_about_is_asked_about_again() -> None:
    class Meta(type):
        def __hash__(cls) -> int:
            cls.__module__ = "numpy.elsewhere"
            return super().__hash__()

    class C(metaclass=Meta):
        def __init__(self, x: Any) -> None:
            self.x = math.sin(x)

    find = LIFTING.stand_in_for if LIFTING else stand_in
    find(C)  # while its module is still this one
    assert type(find(C)) is caller
