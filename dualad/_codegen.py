"""The table of rules as C, for the compiled kernel: run when the package is built.

Values and slopes are texts in a small language: names, numbers, + - * / // % **, comparisons,
`a if c else b`, and calls of table functions. Each row becomes five small functions of C:

    value    y
    slopes   y, and the slopes in the arguments that have a tangent
    given    the same where y is there already
    jet      a slope with its own tangents, for second derivatives
    call     the row as a builtin function of Python

Slopes that have the same bits in C as in NumPy are loops over arrays, too.

A row that needs a function which C does not have, or a slope that is not text, is left to the
readable Dual. (`left_out` says which rows and why.)
"""

from __future__ import annotations

import ast
import importlib
import math
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

CONSTANTS = {
    "pi": repr(math.pi),
    "ln2": repr(math.log(2.0)),
    "ln10": repr(math.log(10.0)),
    "inf": "INFINITY",
    "nan": "NAN",
}
LIBM = """
    sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh
    asinh acosh atanh erf erfc atan2 fmod
"""
# Functions of the namespace `math` that are not one call of libm. {0}, {1}: the arguments.
OTHERS = {
    "abs": "fabs({0})",
    "pow": "power({0}, {1}, odd)",
    "copysign": "copysign({0}, {1})",
    "degrees": "({0} * (180.0 / %r))" % math.pi,  # noqa: UP031
    "radians": "({0} * (%r / 180.0))" % math.pi,  # noqa: UP031
    "hypot": "by_python(HYPOT, 2, {0}, {1}, odd)",
    "gamma": "by_python(GAMMA, 1, {0}, 0.0, odd)",
    "lgamma": "by_python(LGAMMA, 1, {0}, 0.0, odd)",
    "polygamma": "polygamma_of({0}, {1}, odd)",
    "ldexp": "with_exponent({0}, {1}, odd)",
    "rint": "rint({0})",
    "sign": "sign_of({0})",
    "real": "({0})",
}
BINARY = {
    ast.Add: "({0} + {1})",
    ast.Sub: "({0} - {1})",
    ast.Mult: "({0} * {1})",
    ast.Div: "divided({0}, {1}, odd)",
    ast.FloorDiv: "floor_divided({0}, {1}, odd)",
    ast.Mod: "modulo({0}, {1}, odd)",
    ast.Pow: "power({0}, {1}, odd)",
}
ROWS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
# What has the same bits in C as in NumPy's loops, which have an exp of their own, but not these.
EXACT = {
    "abs": "fabs({0})",
    "sqrt": "sqrt({0})",
    "hypot": "hypot({0}, {1})",
    "copysign": "copysign({0}, {1})",
    "sign": "({0} > 0 ? 1.0 : {0} < 0 ? -1.0 : {0} == 0 ? 0.0 : {0})",
    "square": "({0} * {0})",
    "isfinite": "isfinite({0})",
}
EXACT_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


class NotInC(Exception):
    """A row that the kernel leaves to the readable Dual, and why."""


def load(module: str) -> Any:
    """A module of the package without the package around it, which is not built yet."""
    package = types.ModuleType("_unbuilt")
    package.__path__ = [str(HERE)]
    sys.modules[package.__name__] = package
    try:
        return importlib.import_module(f"_unbuilt.{module}")
    finally:
        for name in [n for n in sys.modules if n.partition(".")[0] == package.__name__]:
            del sys.modules[name]


def rows() -> list[Any]:
    """The rows of the table."""
    return list(dict.fromkeys(load("table").RULES.values()))


# -- expressions -------------------------------------------------------------------------


def parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def called(node: ast.Call) -> str:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise NotInC("a call that is not simple")
    return node.func.id


def number(node: ast.Constant) -> str:
    if not isinstance(node.value, (int, float)):
        raise NotInC(f"the constant {node.value!r}")
    return repr(float(node.value))


def expression(node: ast.expr, names: dict[str, str], functions: set[str]) -> str:
    """An expression as C on doubles; `odd` is set where Python would raise."""

    def c(part: ast.expr) -> str:
        return expression(part, names, functions)

    match node:
        case ast.UnaryOp(ast.UAdd(), operand):
            return c(operand)
        case ast.BinOp(left, op, right):
            return BINARY[type(op)].format(c(left), c(right))
        case ast.Call(ast.Name("isfinite"), [argument]):
            return f"isfinite({c(argument)})"
        case ast.Call():
            name = called(node)
            if name not in functions:
                raise NotInC(f"C has no {name}")
            return f"f_{name}({', '.join([*map(c, node.args), 'odd'])})"
    return as_written(node, names, c)


def exact(node: ast.expr, names: dict[str, str], rows: dict[str, Any]) -> str:
    """An expression as C that gives the bits of NumPy's functions, element by element."""

    def c(part: ast.expr) -> str:
        return exact(part, names, rows)

    match node:
        case ast.BinOp(left, op, right) if type(op) in EXACT_BINARY:
            return f"({c(left)} {EXACT_BINARY[type(op)]} {c(right)})"
        case ast.Call():
            name, args = called(node), [c(part) for part in node.args]
            if name in EXACT:
                return EXACT[name].format(*args)
            if isinstance(rows[name].value, str):
                return exact(
                    parse(rows[name].value), dict(zip(rows[name].args, args, strict=True)), rows
                )
    return as_written(node, names, c)


def as_written(node: ast.expr, names: dict[str, str], c: Callable[[ast.expr], str]) -> str:
    """What C writes as Python does, of parts that `c` gives."""
    match node:
        case ast.Constant():
            return number(node)
        case ast.Name(id):
            return names.get(id) or CONSTANTS[id]
        case ast.UnaryOp(ast.USub(), operand):
            return f"(-{c(operand)})"
        case ast.Compare(left, [op], [right]):
            return f"({c(left)} {COMPARE[type(op)]} {c(right)})"
        case ast.IfExp(test, body, orelse):
            return f"({c(test)} ? {c(body)} : {c(orelse)})"
    raise NotInC(f"{ast.dump(node)} is not in the language of the table, or of these bits")


class Jets:
    """An expression as statements of C on jets: one call of a row per step."""

    def __init__(self, args: dict[str, str], functions: set[str], rows: set[str]) -> None:
        self.names, self.functions, self.rows = args, functions, rows
        self.declarations: list[str] = []
        self.statements: list[str] = []

    def new(self) -> str:
        self.declarations.append(f"Jet t{len(self.declarations)};")
        return f"t{len(self.declarations) - 1}"

    def row(self, name: str, *parts: ast.expr) -> str:
        if name not in self.rows:
            raise NotInC(f"the kernel has no row {name}")
        args = [self.pointer(part) for part in parts]
        args += ["NULL"] * (2 - len(args))
        result = self.new()
        self.statements.append(
            f"if (jet_of(&ROWS[ROW_{name}], {', '.join(args)}, k, &{result})) return 1;"
        )
        return f"&{result}"

    def pointer(self, node: ast.expr) -> str:
        """Calculate the expression; where its jet then is."""
        match node:
            case ast.Name(id) if id in self.names:
                return self.names[id]
            case ast.Constant() | ast.Name():
                text = number(node) if isinstance(node, ast.Constant) else CONSTANTS[node.id]
                result = self.new()
                self.statements.append(f"{result} = constant({text});")
                return f"&{result}"
            case ast.UnaryOp(ast.USub(), ast.Constant(value)):
                return self.pointer(ast.Constant(-value))  # type: ignore[operator]
            case ast.UnaryOp(ast.USub(), operand):
                return self.row("neg", operand)
            case ast.BinOp(left, op, right) if type(op) in ROWS:
                return self.row(ROWS[type(op)], left, right)
            case ast.Call():
                return self.row(called(node), *node.args)
            case ast.IfExp(test, body, orelse):
                result = self.new()
                self.statements.append(f"if ({self.question(test)}) {{")
                self.statements.append(f"copied({self.pointer(body)}, k, &{result});")
                self.statements.append("} else {")
                self.statements.append(f"copied({self.pointer(orelse)}, k, &{result});")
                self.statements.append("}")
                return f"&{result}"
        raise NotInC(f"{ast.dump(node)} has no jet")

    def question(self, node: ast.expr) -> str:
        match node:
            case ast.Compare(left, [op], [right]):
                return f"{self.value(left)} {COMPARE[type(op)]} {self.value(right)}"
            case ast.Call(ast.Name("isfinite"), [argument]):
                return f"isfinite({self.value(argument)})"
        raise NotInC(f"{ast.dump(node)} is not a question")

    def value(self, node: ast.expr) -> str:
        if isinstance(node, ast.Call) and called(node) == "real":
            return self.value(node.args[0])
        if isinstance(node, ast.Constant):
            return number(node)
        return f"({self.pointer(node)})->v"


# -- rows --------------------------------------------------------------------------------


class Writer:
    """Goes through the table and collects C."""

    def __init__(self, table: list[Any]) -> None:
        self.table = table
        self.left_out: dict[str, str] = {}
        self.functions: dict[str, str] = {}  # name: its definition
        for rule in table:
            self._try(self._function, rule)
        names = set(self.functions)
        self.rows: dict[str, list[str]] = {}
        for _ in range(2):  # once more, now that it is known which rows there are
            self.known = set(self.rows) or names
            self.rows = {}
            for rule in table:
                if rule.name in names:
                    self._try(self._row, rule)

    def _try(self, step: Any, rule: Any) -> None:
        try:
            step(rule)
        except NotInC as reason:
            self.left_out[rule.name] = str(reason)

    def _function(self, rule: Any) -> None:
        """The value as a function of doubles."""
        name, args = rule.name, rule.args
        if len(args) > 2:
            raise NotInC("three arguments")
        if name in LIBM.split():
            body = f"checked({name}({', '.join(args)}), odd)"
        elif name in OTHERS:
            body = OTHERS[name].format(*args)
        elif isinstance(rule.value, str):
            body = expression(
                parse(rule.value), dict(zip(args, args, strict=True)), self._reachable(rule)
            )
        else:
            raise NotInC(f"C has no {name}")
        head = ", ".join([*(f"double {a}" for a in args), "int *odd"])
        self.functions[name] = (
            f"static inline double f_{name}({head}) {{ (void)odd; return {body}; }}"
        )

    def _reachable(self, rule: Any) -> set[str]:
        return (
            set(self.functions)
            | {r.name for r in self.table if r.name in LIBM.split() or r.name in OTHERS}
            | {rule.name}
        )

    def _row(self, rule: Any) -> None:
        name, args, flat = rule.name, rule.args, rule.kind == "flat"
        if not flat and not (
            any(rule.slopes) and all(s is None or isinstance(s, str) for s in rule.slopes)
        ):
            raise NotInC("a slope that is not text")
        if rule.kind == "linear" and rule.slopes == ("0",):
            raise NotInC("linear with slope 0")
        given = [f"x[{i}]" for i in range(len(args))]
        unused = (
            "" if flat else self._slopes(rule, False) + self._slopes(rule, True) + self._jet(rule)
        )
        names = ", ".join([*given, "&odd"])
        self.rows[name] = [
            f"static int value_{name}(const double *x, double *y) {{\n"
            f"    int odd = 0;\n    *y = f_{name}({names});\n"
            f"    return odd | !isfinite(*y);\n}}\n" + unused,
            f'{{"{name}", {len(args)}, {int(flat)}, value_{name}, '
            + ("NULL, NULL, NULL, " if flat else f"slopes_{name}, given_{name}, jet_{name}, ")
            + f"(PyCFunction)(void (*)(void))call_{name}}},",
        ]

    def _slopes(self, rule: Any, given: bool) -> str:
        """The slopes, and y, unless it is given."""
        args = ", ".join(rule.args)
        locals_ = [f"{a} = args[{i}]" for i, a in enumerate(rule.args)]
        name, value = ("given", "*value") if given else ("slopes", f"f_{rule.name}({args}, odd)")
        lines = [
            f"static int {name}_{rule.name}"
            "(const double *args, int active, double *value, double *s) {",
            "    int flag = 0, *odd = &flag;",
            f"    const double {', '.join(locals_)}, y = {value};",
            f"    (void)active; (void)odd; {' '.join(f'(void){a};' for a in rule.args)}",
            "    flag |= !isfinite(*value = y);",
        ]
        names = {name: name for name in (*rule.args, "y")}
        for i, slope in enumerate(rule.slopes):
            if_active = f"if (active & {1 << i}) " if len(rule.args) > 1 else ""
            if slope is None:  # refused, by the readable Dual
                lines.append(f"    {if_active}flag = 1;")
                continue
            text = expression(parse(slope), names, set(self.functions))
            lines.append(f"    {if_active}flag |= !isfinite(s[{i}] = {text});")
        return "\n".join([*lines, "    return flag;", "}", ""])

    def _jet(self, rule: Any) -> str:
        names = {a: f"x[{i}]" for i, a in enumerate(rule.args)} | {"y": "y"}
        lines = [
            f"static int jet_{rule.name}"
            "(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {",
            "    (void)x; (void)y;",
        ]
        for i, slope in enumerate(rule.slopes):
            if slope is None:
                continue
            jets = Jets(names, set(self.functions), self.known)
            result = jets.pointer(parse(slope))
            body = [*jets.declarations, *jets.statements, f"return copied({result}, k, s);"]
            lines += [f"    if (i == {i}) {{", *(f"        {line}" for line in body), "    }"]
        return "\n".join([*lines, "    return 1;", "}", ""])

    def exact_slopes(self) -> Iterator[str]:
        """The slopes that C can calculate for arrays, in a loop each, and a table of them."""
        rows, entries = {rule.name: rule for rule in self.table}, []
        for rule in self.table:
            for i, slope in enumerate(rule.slopes if len(rule.args) <= 2 else ()):
                names = {n: f"{n}[i * step_{n}]" for n in rule.args} | {"y": "y[i]"}
                try:
                    tree = parse(slope) if isinstance(slope, str) else ast.Constant(0)
                    text = exact(tree, names, rows)
                except NotInC:
                    continue
                if isinstance(tree, (ast.Constant, ast.Name)) or "[" not in text:
                    continue  # which need not be calculated
                a, b = (*rule.args, "_b")[:2]
                entries.append(f'{{"{rule.name}", {i}, exact_{rule.name}_{i}}},')
                yield (
                    f"static void exact_{rule.name}_{i}(const double *{a}, Size step_{a}, "
                    f"const double *{b}, Size step_{b}, const double *y, double *s, Size n) {{\n"
                    f"    (void){a}; (void)step_{a}; (void){b}; (void)step_{b}; (void)y;\n"
                    f"    for (Size i = 0; i < n; i++)\n        s[i] = {text};\n}}"
                )
        yield f"#define EXACT_COUNT {len(entries)}"
        yield "static const Exact EXACT_SLOPES[EXACT_COUNT] = {"
        yield from entries
        yield "};"

    def lines(self) -> Iterator[str]:
        yield "/* Written by _codegen.py from the table in table.py; do not edit. */"
        yield '#include "_kernel.h"'
        yield f"#define ROW_COUNT {len(self.rows)}"
        for i, name in enumerate(self.rows):
            yield f"#define ROW_{name} {i}"
        yield "static const Row ROWS[ROW_COUNT];"
        yield "/* The kernel enters here how a row is applied to objects of Python. */"
        yield "static PyObject *(*call_row)(int, PyObject *const *, Size) = NULL;"
        for definition in self.functions.values():
            yield definition.partition(" {")[0] + ";"
        yield from self.functions.values()
        for name, (functions, _) in self.rows.items():
            yield functions
            yield (
                f"static PyObject *call_{name}(PyObject *self, PyObject *const *args, Size n) {{\n"
                f"    (void)self;\n    return call_row(ROW_{name}, args, n);\n}}"
            )
        yield "static const Row ROWS[ROW_COUNT] = {"
        yield from (entry for _, entry in self.rows.values())
        yield "};"
        yield from self.exact_slopes()


def text() -> str:
    """The table as C."""
    return "\n".join(Writer(rows()).lines()) + "\n"


def write(path: Path = HERE / "_rules.h") -> Path:
    """Write the C, if it is not there already."""
    new = text()
    if not path.exists() or path.read_text("utf-8") != new:
        path.write_text(new, "utf-8")
    return path


if __name__ == "__main__":
    for rule, why in Writer(rows()).left_out.items():
        print(f"{rule}: {why}")
    print(write())
