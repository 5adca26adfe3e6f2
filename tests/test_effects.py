"""What code may do beside calculating, as it is read: what writes to nothing is known, all else may."""

from __future__ import annotations

import array
import bisect
import collections
import functools
import heapq
import math
import operator
import random
import statistics
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg, ndimage

from dualad import derivative
from dualad.lifting.effects import may_keep

Function = Callable[[Any], Any]

kept_set: set[Any] = set()
kept_list: list[Any] = []
kept_dict: dict[Any, Any] = {}
kept_array = np.zeros(9)
kept_deque: collections.deque[Any] = collections.deque()
kept_numbers = array.array("d")
kept_bytes = bytearray(80)


class Kept:
    v: Any = 0.0


kept_object = Kept()
remember = kept_list.append
put = kept_array.put
copy_there = functools.partial(np.copyto, kept_array)
sum_of = functools.partial(np.add, 1.0)
into_kept = functools.partial(np.sin, out=kept_array)
of_names = {"sin": np.sin, "cos": np.cos}
of_c = np.frompyfunc(lambda t: kept_list.append(t), 1, 1)
of_many = np.vectorize(lambda t: kept_list.append(t))


def of_many_variables() -> Function:
    """A function in which an instruction where branches meet is one of two."""
    lines = [f"    v{i} = x" for i in range(299)]
    last = ["    v299 = kept_array if x > 1 else np.zeros(9)", "    v299[0] = x"]
    names: dict[str, Any] = {"np": np, "kept_array": kept_array}
    exec("\n".join(["def f(x):", *lines, *last]), names)
    f: Function = names["f"]
    return f


@functools.singledispatch
def of_kinds(x: Any) -> Any:
    return x


@of_kinds.register
def _of_floats(x: float) -> Any:
    kept_list.append(x)
    return x


def through_view(x: Any) -> None:
    y = kept_array[:3]
    y[0] = x


def through_argument(x: Any, y: Any = kept_array) -> None:
    y[0] = x


def through_other_name(x: Any) -> None:
    y = kept_list
    y.append(x)


def through_one_of_two_names(x: Any) -> None:
    y = [1.0]
    y = kept_list if x > 1 else y
    y.append(x)


def through_part(x: Any) -> None:
    y = [kept_array]
    y[0][1] = x


def through_loop(x: Any) -> None:
    for y in (kept_array,):
        y[0] = x


def through_result(x: Any) -> None:
    def given() -> Any:
        return kept_list

    y = given()
    y.append(x)


def through_unpacking(x: Any) -> None:
    y, z = kept_array, kept_list
    z.append((x, y))


def through_asarray(x: Any) -> None:
    y = np.asarray(kept_array)
    y[0] = x


def through_ravel(x: Any) -> None:
    y = kept_array.ravel()
    y[0] = x


def of_variable(x: Any) -> None:
    f = np.sin
    f(x, kept_array)


def minus_in_place(x: Any) -> None:
    y = kept_array
    y -= y - x


def in_place(x: Any) -> None:
    y = kept_array
    y += x


def element_in_place(x: Any) -> None:
    kept_array[0] += x


WRITING: dict[str, Function] = {
    "set.add": lambda x: kept_set.add((1, x)),
    "append": lambda x: kept_list.append(x),
    "insert": lambda x: kept_list.insert(0, x),
    "deque.append": lambda x: kept_deque.append(x),
    "deque.rotate": lambda x: kept_deque.rotate(1),
    "list.append": lambda x: list.append(kept_list, x),
    "map": lambda x: list(map(kept_list.append, [x])),
    "bound": lambda x: remember(x),
    "bound put": lambda x: put(0, x),
    "dict.__setitem__": lambda x: dict.__setitem__(kept_dict, 1, x),
    "__setitem__": lambda x: kept_dict.__setitem__(1, x),
    "update": lambda x: kept_dict.update(a=x),
    "setdefault": lambda x: kept_dict.setdefault(1, x),
    "pop": lambda x: kept_dict.pop(x, None),
    "vars": lambda x: vars(kept_object).update(v=x),
    "globals": lambda x: globals().update(v=x),
    "setattr": lambda x: setattr(kept_object, "v", x),
    "object.__setattr__": lambda x: object.__setattr__(kept_object, "v", x),
    "setitem": lambda x: operator.setitem(kept_list, 0, x),
    "iadd": lambda x: operator.iadd(kept_list, [x]),
    "__iadd__": lambda x: kept_list.__iadd__([x]),
    "methodcaller": lambda x: operator.methodcaller("append", x)(kept_list),
    "heappush": lambda x: heapq.heappush(kept_list, x),
    "insort": lambda x: bisect.insort(kept_list, x),
    "shuffle": lambda x: random.shuffle(kept_list),
    "partial": lambda x: copy_there(x),
    "np.copyto": lambda x: np.copyto(kept_array, x),
    "np.put": lambda x: np.put(kept_array, 0, x),
    "np.putmask": lambda x: np.putmask(kept_array, kept_array > 0, x),
    "np.place": lambda x: np.place(kept_array, kept_array > 0, x),
    "np.fill_diagonal": lambda x: np.fill_diagonal(kept_array, x),
    "np.put_along_axis": lambda x: np.put_along_axis(kept_array, kept_array, x, 0),
    "fill": lambda x: kept_array.fill(x),
    "ndarray.fill": lambda x: np.ndarray.fill(kept_array, x),
    "put": lambda x: kept_array.put(0, x),
    "sort": lambda x: kept_array.sort(),
    "partition": lambda x: kept_array.partition(2),
    "setfield": lambda x: kept_array.setfield(x, float),
    "resize": lambda x: kept_array.resize(3),
    "flat": lambda x: kept_array.flat.__setitem__(0, x),
    "out=": lambda x: np.add(x, 1, out=kept_array),
    "out of a method": lambda x: kept_array.sum(out=kept_array[:1]),
    "out by position": lambda x: np.add(x, 1, kept_array),
    "at": lambda x: np.add.at(kept_array, 0, x),
    "np.frompyfunc": lambda x: of_c(x),
    "np.vectorize": lambda x: of_many(x),
    "out of np.dot": lambda x: np.dot([x], [x], kept_array),
    "out of np.clip": lambda x: np.clip(x, 0, 1, kept_array),
    "out of np.take": lambda x: np.take([x], [0], None, kept_array),
    "out of np.cumsum": lambda x: np.cumsum([x, x], 0, None, kept_array),
    "out of np.concatenate": lambda x: np.concatenate([[x], [x]], 0, kept_array),
    "out of np.median": lambda x: np.median(x, None, kept_array),
    "out of sum": lambda x: x.sum(0, None, kept_array),
    "out of dot": lambda x: x.dot(x, kept_array),
    "out of clip": lambda x: x.clip(0, 1, kept_array),
    "out after a star": lambda x: np.sin(*(x, kept_array)),
    "out after two stars": lambda x: np.sin(x, **{"out": kept_array}),
    "out of a method after a star": lambda x: x.sum(*(0, None, kept_array)),
    "out after a branch": lambda x: np.sin(x if x > 0 else -x, kept_array),
    "out after a list": lambda x: np.add(x, sum([x * i for i in range(3)]), kept_array),
    "out of one of two": lambda x: (np.sin if x > 0 else np.cos)(x, kept_array),
    "out of one in a dict": lambda x: of_names["sin"](x, kept_array),
    "out of a variable": of_variable,
    "out of a partial": lambda x: sum_of(x, kept_array),
    "out in a partial": lambda x: into_kept(x),
    "out by map": lambda x: list(map(np.sin, [x], [kept_array])),
    "output": lambda x: ndimage.gaussian_filter1d(x, 1.0, output=kept_array),
    "output by position": lambda x: ndimage.gaussian_filter1d(x, 1.0, -1, 0, kept_array),
    "BLAS": lambda x: linalg.blas.dcopy(x, kept_array),
    "np.nan_to_num": lambda x: np.nan_to_num(kept_array, False, x),
    "many variables": of_many_variables(),
    "singledispatch": lambda x: of_kinds(x),
    "singledispatch itself": of_kinds,
    "in place, minus": minus_in_place,
    "array.append": lambda x: kept_numbers.append(x),
    "pack_into": lambda x: struct.pack_into("d", kept_bytes, 0, x),
    "memoryview": lambda x: memoryview(kept_array).__setitem__(0, x),
    "one of two": lambda x: (kept_list if x > 1 else [x]).append(x),
    **{
        f.__name__: f
        for f in (
            *(through_view, through_argument, through_other_name, through_one_of_two_names),
            *(through_part, through_loop, through_result, through_unpacking, through_asarray),
            *(through_ravel, in_place, element_in_place),
        )
    },
}


@pytest.mark.parametrize("name", WRITING)
def test_what_may_write(name: str) -> None:
    f = WRITING[name]
    assert may_keep(f)
    assert may_keep(lambda x: f(x))
    assert may_keep(lambda x: {"f": f}["f"](x))


def a_list(x: Any) -> Any:
    out = []
    for i in range(5):
        out.append(x * i)
    out[0] = x
    out += [x]
    return sum(out)


def an_array(x: Any) -> Any:
    y = np.zeros(5)
    y[0] = x
    for i in range(1, 5):
        y[i] = y[i - 1] * x
        y[i] += x
    y[1:3] = 0.0
    return y.sum()


def a_copy(x: Any) -> Any:
    a = kept_array.copy()
    a[0] = x
    a.sort()
    b = kept_array * 2
    b[0] = x
    b += a
    return b.sum()


def a_stack(x: Any) -> Any:
    stack = [x, 1.0]
    stack.append(stack.pop() * stack.pop())
    stack.extend([x, x])
    return stack.pop()


def a_dict(x: Any) -> Any:
    d = {}
    d["a"] = x
    d.setdefault("b", x)
    return d["a"] + sum(d.values())


def a_comprehension(x: Any) -> Any:
    w = [x * i for i in range(4)]
    return math.fsum(w) + max(w) + sorted(w)[0]


def a_table(x: Any) -> Any:
    i = int(np.searchsorted(kept_array, x)) + bisect.bisect(kept_list, x)
    return kept_array[i] * x + kept_list[i]


def of_arrays(x: Any) -> Any:
    a = np.array([x, 1.0])
    return np.dot(a, a) + np.linalg.norm(a) + np.maximum(a, 0).max() + a.reshape(2, 1).T.sum()


def of_statistics(x: Any) -> Any:
    return statistics.mean([x, 1.0]) + functools.reduce(operator.add, [x, x])


def of_outputs_made_here(x: Any) -> Any:
    y, z = np.zeros(3), np.empty_like(kept_array)
    np.add(x, 1, out=y)
    np.multiply(x, 2, y)
    np.dot(kept_array, kept_array.T, out=None)
    kept_array.sum(0, None, z)
    return ndimage.gaussian_filter1d(y, 1.0, output=np.zeros(3)).sum()


def of_branches(x: Any) -> Any:
    y = np.sin(x if x > 0 else -x) + np.dot([x or 1.0], [x and 2.0])
    z = [np.cos(x * i) if i % 2 else np.sin(x) for i in range(4)]
    for i in range(3):
        y = np.hypot(y, z[i] if x > i else sum([x, *z]))
    return max(y, x) if 0 < x < 1 else min(*z)


def of_stars(x: Any) -> Any:
    options = {"key": abs}
    parts = (x, 2.0)
    return max(*parts) + min([x, 1.0], **options) + math.hypot(*parts) + max(*parts, **options)


def of_functions_known(x: Any) -> Any:
    f = np.sin
    return f(x) + of_names["cos"](x) + sum_of(x) + sum(map(np.sin, [x, 1.0])) + plain_of_kinds(x)


def of_functions_made_here(x: Any) -> Any:
    def power(n: int) -> Any:
        return x * power(n - 1) if n else 1.0

    def put(v: Any) -> None:
        found.append(v)

    found: list[Any] = []
    put(power(3))
    total, n = 0.0, 0
    for v in found:
        total -= v
        n += 1
    return total / n


def of_assertion() -> Function:
    """As it is outside of tests, where pytest writes assertions in its own way."""
    names: dict[str, Any] = {}
    exec("def f(x):\n    assert x > 0, f'{x} is not positive'\n    return x", names)
    f: Function = names["f"]
    return f


@functools.singledispatch
def plain_of_kinds(x: Any) -> Any:
    return x * 2


@plain_of_kinds.register
def _plain_of_ints(x: int) -> Any:
    return x * 3


WRITING_NOTHING = (
    *(of_outputs_made_here, of_branches, of_stars, of_functions_known, of_functions_made_here),
    of_assertion(),
    *(a_list, an_array, a_copy, a_stack, a_dict, a_comprehension, a_table, of_arrays),
    of_statistics,
)


@pytest.mark.parametrize("f", WRITING_NOTHING)
def test_what_writes_to_what_it_made_itself_keeps_nothing(f: Function) -> None:
    assert not may_keep(f)


def kept_in_set(x: Any) -> Any:
    for a, v in kept_set:
        if a == x:
            return v
    kept_set.add((x, math.sin(x)))
    return math.sin(x)


def kept_by_put(x: Any) -> Any:
    if kept_array[0] != x:
        np.put(kept_array, [0, 1], [x, math.sin(x)])
    return kept_array[1]


def kept_by_fill(x: Any) -> Any:
    if kept_array[0] != x:
        kept_array.fill(x)
        kept_array.put(1, math.sin(x))
    return kept_array[1]


def kept_by_out(x: Any) -> Any:
    if kept_array[0] != x:
        np.add(x, 0.0, kept_array)
        np.sin(x, out=kept_array[1:])
    return kept_array[1]


@pytest.mark.parametrize("f", [kept_in_set, kept_by_put, kept_by_fill, kept_by_out])
def test_what_was_written_in_any_way_is_no_constant(f: Function) -> None:
    kept_set.clear()
    kept_array.fill(0.0)
    f(1.25)
    with pytest.raises(TypeError):
        pytest.fail(str(derivative(lambda x: f(x) * x)(1.25)))
