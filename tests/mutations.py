"""Do the tests catch errors? Put one into a rule, run the tests of that rule, and see.

    python tests/mutations.py                     every row of the table
    python tests/mutations.py --arrays            every array rule (an hour or two)
    python tests/mutations.py --arrays 40 fft.py  forty of them by lot, in some files; also in
                                                  dual.py, transposes.py, … of the package
    MINUTES=30 python tests/mutations.py --arrays 400   as many of these as there is time for

An error is a wrong sign, a factor of 2 or 1 + 1e-7, swapped arguments, a missing term, another
branch, axis or index. Each is tested in a process of its own, split off from this one, which has
the tests and their truths in memory. Printed are the errors that no test noticed, and the score; those of
array rules that are none are named in mutations.md, and left out.

One error in the rows is none: b*a**(b - 1) and a**(b - 1) are both infinite where a is 0 and b small.
"""

from __future__ import annotations

import ast
import builtins
import collections
import contextlib
import copy
import functools
import gc
import importlib
import multiprocessing
import os
import random
import re
import signal
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

TESTS = Path(__file__).parent
HOME = TESTS.parent
SECONDS = 120  # for one error in the table; more is counted as noticed: it hangs

# The text with an error in it, and what the error is
Mutant = tuple[str, str]


def noticed(run: Callable[[], None], seconds: float = SECONDS) -> bool:
    """Whether `run` fails, in a process of its own."""
    child = os.fork()
    if child == 0:
        signal.alarm(round(seconds))
        with contextlib.suppress(BaseException):
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
                run()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] != 0


# -- the table ---------------------------------------------------------------------------------


def of_a_slope(slope: str, args: tuple[str, ...]) -> Iterator[Mutant]:
    if slope == "0":
        yield "1", "0 is 1"
        return
    yield f"-({slope})", "sign"
    yield f"2*({slope})", "factor 2"
    yield f"(1 + 1e-7)*({slope})", "factor 1 + 1e-7"
    tree = ast.parse(slope, mode="eval")
    for one in args:
        for other in args:
            if one < other:
                yield _renamed(tree, {one: other, other: one}), f"{one} and {other} swapped"
    yield from of_terms(slope)


def of_terms(text: str) -> Iterator[Mutant]:
    """Every part of an expression left out, one at a time."""
    tree = ast.parse(text, mode="eval")
    for place, node in enumerate(ast.walk(tree)):
        parts: list[str] = []
        if isinstance(node, ast.BinOp):
            parts = ["left", "right"]
        elif isinstance(node, ast.IfExp):
            parts = ["body", "orelse"]
        elif isinstance(node, ast.UnaryOp):
            parts = ["operand"]
        for part in parts:
            mutant = copy.deepcopy(tree)
            there = list(ast.walk(mutant))[place]
            new = ast.unparse(_replaced(mutant, there, getattr(there, part)))
            yield new, f"{ast.unparse(node)} is {ast.unparse(getattr(node, part))}"


def _replaced(tree: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return new if node is old else self.generic_visit(node)

    return Replace().visit(tree)


def _renamed(tree: ast.AST, names: dict[str, str]) -> str:
    new = copy.deepcopy(tree)
    for node in ast.walk(new):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return ast.unparse(new)


def with_slopes(rule: Any, slopes: tuple[Any, ...]) -> None:
    """Another row in the place of this one."""
    rule.slopes, rule.variants = slopes, {}


def tests_of(rule: Any) -> Callable[[], None]:
    """The tests of one row, with their truths calculated."""
    import test_accuracy
    import test_rules as t

    if not hasattr(t.partial, "cache_info"):
        t.partial = functools.cache(t.partial)  # type: ignore[attr-defined]
    points = t.samples(rule) + t.samples(rule, 5)
    for args in points:
        for orders in t.orders_up_to(rule, 4):
            t.partial(rule.name, args, orders)
    measured = rule in test_accuracy.ROWS
    if measured:
        for i in test_accuracy.sloped(rule):
            test_accuracy.cases(rule, i, test_accuracy.EVERY)

    def run() -> None:
        warnings.simplefilter("ignore")
        t.test_floats_to_order_3(rule)
        for r, args, there in t.POINTS:
            if r is rule:
                t.test_special_points(rule, args, there)
        if rule.kind in ("linear", "flat"):
            t.test_slopes_that_are_only_shown_are_right(rule)
        if rule in t.HOLOMORPHIC:
            t.test_complex_to_order_3(rule)
        if rule in t.SLOPED:
            for dtype in (t.np.float64, t.np.float32):
                t.test_arrays_agree_with_numbers(rule, dtype)
        if rule.name == "xlogy":
            t.test_xlogy_at_zeros()
        if rule.name in ("pow", "_powlog"):
            t.test_powers_with_exponent_0_in_both_arguments()
            for orders in ("ab", "bba", "bab", "bb"):
                for b in (0.5, 1.0, 2.5):
                    t.test_powers_of_0_in_both_arguments(b, orders)
        if measured:
            test_accuracy.test_rows_are_as_exact_as_the_table_says(rule)

    return run


def of_the_table(names: list[str]) -> None:
    sys.path.insert(0, str(HOME))
    from dualad.rules import table

    caught = total = 0
    for rule in table():
        if names and rule.name not in names:
            continue
        if not rule.slopes:
            continue  # a composition of other rows
        run = tests_of(rule)
        if noticed(run):
            print(f"{rule.name}: the tests fail without an error in it")
            continue
        for i, slope in enumerate(rule.slopes):
            for text, what in of_a_slope(slope, rule.args) if isinstance(slope, str) else ():
                if text == slope:
                    continue
                new = (*rule.slopes[:i], text, *rule.slopes[i + 1 :])

                def with_error(new: Any = new, run: Any = run, rule: Any = rule) -> None:
                    with_slopes(rule, new)
                    run()

                total += 1
                if noticed(with_error):
                    caught += 1
                else:
                    print(f"{rule.name}, d/d{rule.args[i]} = {text}   ({what})", flush=True)
    print(f"{caught} of {total} errors in rows noticed")


# -- array rules -------------------------------------------------------------------------------

REVERSE = ["reverse", "recorded_arrays", "reductions", "selecting", "shapes", "strong_zero"]
NUMBERS = ["dual", "numbers", "nesting", "higher_order", "strong_zero", "conversions"]
FAMILIES = {  # where the tests of a file are, if not in the file of the same name
    "common": ["shapes", "reductions", "ufuncs", "choosing", "polynomials"],
    "conversions": NUMBERS,
    "dual": NUMBERS,
    "elementwise": ["choosing", "others", "ufuncs"],
    "factorisations": ["linalg"],
    "matrices": ["linalg", "products"],
    "others": ["others", "conversions"],
    "pair": NUMBERS,
    "reductions": ["reductions", "precision"],
    "selecting": ["selecting", "shapes"],
    "sequences": ["polynomials"],
    "product_transposes": REVERSE,
    "records": REVERSE,
    "statistics": ["polynomials"],
    "tables": ["choosing"],
    "transposes": REVERSE,
    "ufunc_methods": ["ufuncs"],
    "zeros": NUMBERS,
}
EQUIVALENT = TESTS / "mutations.md"
FOR_ALL = ["coverage", "edge_cases", "found", "methods", "small_inputs"]
SYMMETRIC = {
    *("array_equal", "equal", "has_duals", "max", "min", "maximum", "may_share_memory", "minimum"),
    *("broadcast_shapes", "plain_answer", "promote_types", "result_type"),
}
SWAPPED: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Lt: ast.GtE,
    ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


class Error(NamedTuple):
    """An error at one place of a module."""

    path: Path
    line: int  # of the statement that it is in
    name: str  # the function that it is in, the code, and what is wrong with it
    module: Callable[[], ast.Module]


def of_a_file(path: Path) -> Iterator[Error]:
    """Errors at every place of a module, texts and annotations left out."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    skipped, inside, lines, around = set(), {}, {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            around.update(dict.fromkeys(map(id, ast.iter_child_nodes(node)), node))
        if isinstance(node, ast.stmt):
            lines.update(dict.fromkeys(map(id, ast.walk(node)), node.lineno))
        for field in ("annotation", "returns"):
            if part := getattr(node, field, None):
                skipped.update(map(id, ast.walk(part)))
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.ImportFrom)):
            skipped.update(map(id, ast.walk(node)))
        if isinstance(node, ast.Call) and name_of(node) == "reshape":
            minus = [part for part in ast.walk(node) if isinstance(part, ast.UnaryOp)]
            skipped.update(id(part.operand) for part in minus)  # -2 is as good as -1
        if isinstance(node, ast.FunctionDef):
            inside.update(dict.fromkeys(map(id, ast.walk(node)), node.name))
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for change, what in changes(node):

            def module(place: int = place, change: Any = change) -> Any:
                mutant = ast.parse(text)  # which is quicker than a copy
                there = list(ast.walk(mutant))[place]
                return ast.fix_missing_locations(_replaced(mutant, there, change(there)))

            where = f"{path.name}, {inside.get(id(node), 'module')}"
            code = node
            while is_constant(code) and id(code) in around:
                code = around[id(code)]  # or all of them would have one name
            name = f"{where}: {ast.unparse(code)} ({what})"
            yield Error(path, lines[id(node)], name, module)


def is_constant(node: ast.AST) -> bool:
    """Whether this is a number, of either sign."""
    return isinstance(getattr(node, "operand", node), ast.Constant)


def name_of(call: ast.Call) -> str:
    """The name of the function that is called, if it has one."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def changes(node: ast.AST) -> Iterator[tuple[Callable[[Any], ast.AST], str]]:
    """What can go wrong with a part of a program: how to make it so, and what to call it."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPPED:
            swapped = SWAPPED[type(node.op)]
            yield lambda n: ast.BinOp(n.left, swapped(), n.right), swapped.__name__
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)):
            yield lambda n: n.left, "right part missing"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield lambda n: n.operand, "sign"
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        other = SWAPPED[type(node.ops[0])]
        yield lambda n: ast.Compare(n.left, [other()], n.comparators), other.__name__
    elif isinstance(node, ast.IfExp):
        yield lambda n: ast.IfExp(n.test, n.orelse, n.body), "other branch"
    elif isinstance(node, ast.Call) and len(node.args) == 2 and name_of(node) not in SYMMETRIC:
        if ast.dump(node.args[0]) != ast.dump(node.args[1]):
            yield lambda n: ast.Call(n.func, n.args[::-1], n.keywords), "arguments swapped"
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value = node.value
        yield lambda n: ast.Constant(value + 1), f"{value} is {value + 1}"


class Runner:
    """Stands in for pytest's loop: all tests once, with the lines that each runs, then the errors.

    Each error is tried in a process split off from this one, by the tests that reach its line:
    first those that have noticed others, and the quickest.
    """

    def __init__(self, files: list[Path], count: int, minutes: float) -> None:
        self.files, self.count, self.end = files, count, time.monotonic() + minutes * 60
        self.lines: dict[tuple[str, int], list[Any]] = {}
        self.seconds: dict[str, float] = {}
        self.noticed = collections.Counter[str]()  # errors, by each test
        self.running = multiprocessing.RawValue("i")  # the test, seen from the other process
        self.failed = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed |= report.failed

    def passes(self, items: list[Any]) -> bool:
        self.failed = False
        for k, (item, following) in enumerate(zip(items, [*items[1:], None])):
            self.running.value = k
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return True

    def pytest_runtestloop(self, session: Any) -> bool:
        sound = {path: ast.parse(path.read_text(encoding="utf-8")) for path in self.files}
        for path, tree in sound.items():
            importlib.import_module(module_of(path))  # or it would come later, unwatched
            watched = Watched(path).visit(copy.deepcopy(tree))
            put_in_place(path, ast.fix_missing_locations(watched))
        for item in session.items:
            self.look_at(item)
        living.cache_clear()  # the tests have made more
        for path, tree in sound.items():
            put_in_place(path, tree)
        gc.freeze()  # so that the other processes share this one's memory
        print(f"{len(session.items)} tests in {sum(self.seconds.values()):.0f} s", flush=True)
        known = equivalent()
        errors = [e for p in self.files for e in of_a_file(p) if e.name not in known]
        if self.count:
            random.Random(1).shuffle(errors)
        tried: dict[Path, int] = dict.fromkeys(self.files, 0)
        caught = dict(tried)
        for error in errors[: self.count or None]:
            if time.monotonic() > self.end:
                break
            tried[error.path] += 1
            if self.notices(error):
                caught[error.path] += 1
            else:
                print(f"{error.line}: {error.name}", flush=True)
        for path in self.files:
            print(f"{path.name}: {caught[path]} of {tried[path]} noticed")
        print(f"{sum(caught.values())} of {sum(tried.values())} of {len(errors)} errors noticed")
        return True

    def look_at(self, item: Any) -> None:
        """Run a test and note which statements of the modules it reaches."""
        REACHED.clear()
        start = time.monotonic()
        sound = self.passes([item])
        self.seconds[item.nodeid] = time.monotonic() - start
        if not sound:
            print(f"fails without an error in a rule: {item.nodeid}", flush=True)
            return
        if "test_coverage.py" in item.nodeid:  # which looks at what is made when a module is run
            REACHED.update((path.name, 0) for path in self.files)
        for place in REACHED:
            self.lines.setdefault(place, []).append(item)

    def notices(self, error: Error) -> bool:
        items = self.lines.get((error.path.name, error.line))
        at_import = items is None
        if items is None:  # what runs when the module is imported may reach any of its tests
            every = [i for (p, _), some in self.lines.items() if p == error.path.name for i in some]
            items = list(dict.fromkeys(every))
        items = [item for item in items if item.path in tests_of_a_file(error.path)]
        seconds, before = self.seconds, self.noticed
        items = sorted(items, key=lambda i: seconds[i.nodeid] / (before[i.nodeid] + 0.1))

        def run() -> None:
            put_in_place(error.path, error.module(), at_import)
            if not self.passes(items):
                raise AssertionError

        found = noticed(run, 20 + 5 * sum(seconds[item.nodeid] for item in items))
        if found and items:
            before[items[self.running.value].nodeid] += 1
        return found


REACHED: set[tuple[str, int]] = set()  # statements, since it was emptied
_RUNNING: dict[Path, ast.Module] = {}  # what runs instead of the source of a module


class Watched(ast.NodeTransformer):
    """A module whose functions note the statements that they come to, in REACHED."""

    def __init__(self, path: Path) -> None:
        self.name, self.depth = path.name, 0
        vars(builtins)["_reached"] = lambda *place: REACHED.add(place)  # for all copies of it

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def visit(self, node: ast.AST) -> Any:
        new = super().visit(node)
        if not (isinstance(node, ast.stmt) and self.depth):
            return new
        note = ast.parse(f"_reached({self.name!r}, {node.lineno})").body[0]
        return [ast.copy_location(note, node), new]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(HOME).with_suffix("").parts)


def put_in_place(path: Path, module: ast.Module, at_import: bool = False) -> None:
    """Let another text of a module take the place of the one that runs."""
    running = _RUNNING.get(path) or ast.parse(path.read_text(encoding="utf-8"))
    _RUNNING[path] = module
    old, new = ([*codes(compile(tree, str(path), "exec"))] for tree in (running, module))
    if len(old) == len(new):
        instead = dict(zip(old, new))
        functions, caches = living()
        for cache in caches:
            cache.cache_clear()
        for f in functions.get(str(path), []):
            code = instead.get(f.__code__, f.__code__)
            if len(code.co_freevars) == len(f.__code__.co_freevars):
                f.__code__ = code
            else:
                at_import = True
    if at_import or len(old) != len(new):
        exec(new[0], vars(sys.modules[module_of(path)]))


@functools.cache
def living() -> tuple[dict[str, list[types.FunctionType]], list[Any]]:
    """The functions that there are, by their files, and the caches of the package."""
    functions: dict[str, list[types.FunctionType]] = {}
    caches = []
    for thing in gc.get_objects():
        if isinstance(thing, functools._lru_cache_wrapper):
            if thing.__module__.startswith("dualad"):
                caches.append(thing)
        elif type(thing) is types.FunctionType:
            functions.setdefault(thing.__code__.co_filename, []).append(thing)
    return functions, caches


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from codes(part)


def equivalent() -> dict[str, str]:
    """Errors that change nothing, by their names, and why."""
    rows = re.findall(r"^- `(.+)`: (.+)$", EQUIVALENT.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(rows)


def tests_of_a_file(path: Path) -> list[Path]:
    names = (*FAMILIES.get(path.stem, [path.stem]), *FOR_ALL)
    return [test for name in names if (test := TESTS / f"test_{name}.py").exists()]


def of_arrays(count: int, names: list[str], minutes: float) -> None:
    import pytest

    files = sorted((HOME / "dualad" / "array_rules").glob("*.py"))
    if names:
        files += sorted((HOME / "dualad").glob("*.py"))
        files = [path for path in files if path.name in names]
    tests = dict.fromkeys(str(test) for path in files for test in tests_of_a_file(path))
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=", "-s", "-W", "error"]
    os.chdir(HOME)
    pytest.main([*options, *tests], plugins=[Runner(files, count, minutes)])


def main() -> None:
    os.environ["DUALAD_PURE"] = "1"  # the kernel's C is written from the same table
    sys.path.insert(0, str(TESTS))
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    if "--arrays" in sys.argv:
        counts = [int(w) for w in words if w.isdigit()]
        names = [w for w in words if w.endswith(".py")]
        of_arrays(counts[0] if counts else 0, names, float(os.environ.get("MINUTES", "inf")))
    else:
        of_the_table(words)


if __name__ == "__main__":
    main()
