"""How the kernel is built, noticed, chosen and refused; and that it leaks nothing."""

from __future__ import annotations

import contextlib
import functools
import gc
import inspect
import os
import pickle
import pydoc
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processes import TIMEOUT

import dualad
from dualad import Dual, kernel_info
from dualad._fingerprint import COMPILED, WRITTEN_FROM, fingerprint, fits
from dualad.kernel import KERNEL

PACKAGE = Path(str(dualad.__file__)).parent
needs_kernel = pytest.mark.skipif(KERNEL is None, reason="no compiled kernel")


def python(code: str, folder: Path | None = None, **environment: str) -> str:
    """What a fresh process prints; from another folder, with the package that lies there."""
    if folder:  # an editable install would put in what is missing there
        code = (
            "import sys; sys.meta_path[:] = [f for f in sys.meta_path "
            f"if 'Editable' not in getattr(f, '__name__', '')]; {code}"
        )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder or PACKAGE.parent,
        env={**os.environ, "DUALAD_PURE": "0", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT,
    )
    return result.stdout + result.stderr


def test_the_environment_chooses() -> None:
    code = "import dualad; print(type(dualad.Dual(1.0)) is dualad.Dual, dualad.kernel_info())"
    told = python(code, DUALAD_PURE="1")
    assert told == "True KernelInfo(in_use=False, reason='DUALAD_PURE is set', directions=0)\n"


def test_info_is_readable() -> None:
    info = kernel_info()
    assert info.in_use == (KERNEL is not None)
    assert info.reason
    assert repr(info).startswith("KernelInfo(in_use=")


@pytest.fixture
def copy_of_package(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "dualad", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


SAY = "import dualad; print(dualad.kernel_info().in_use, dualad.grad(lambda x: x * x)(3.0))"


def is_refused(copy_of_package: Path) -> bool:
    """Whether the copy does without its kernel, and says why in one warning."""
    told = python(SAY, copy_of_package)
    if told == "True 6.0\n":
        return False
    assert told.startswith("False 6.0\n")
    assert told.count("UserWarning") == 1
    assert "built from other sources than these; reinstall dualad" in told
    return True


def replace(path: Path, old: str, new: str) -> bool:
    """Change a text in a file, if it is there."""
    text = path.read_text("utf-8")
    path.write_text(text.replace(old, new), "utf-8")
    return old in text


def test_the_kernel_is_not_out_of_date() -> None:
    """The one test that fails then: the others go on, with the readable Dual."""
    assert "other sources" not in kernel_info().reason, "rebuild: pip install -e ."


@needs_kernel
@pytest.mark.parametrize("source", COMPILED)
def test_a_kernel_of_other_sources_is_not_used(copy_of_package: Path, source: str) -> None:
    assert not is_refused(copy_of_package)
    with (copy_of_package / "dualad" / source).open("a") as file:
        file.write("\n")
    assert is_refused(copy_of_package)


@needs_kernel
def test_a_kernel_of_another_table_is_not_used(copy_of_package: Path) -> None:
    files = [copy_of_package / "dualad" / name for name in WRITTEN_FROM]
    # a slope; what C is written for an operator; what cannot be written at all
    for old, new in (
        ('row("sin(x)", "cos(x)"', 'row("sin(x)", "cos(x) + 0"'),
        ("modulo({0}, {1}, odd)", "modulo({0}, 1 * {1}, odd)"),
        ('row("sin(x)", "cos(x)', 'row("sin(x)", "unheard_of'),
    ):
        assert not is_refused(copy_of_package)
        assert [replace(path, old, new) for path in files].count(True) == 1
        assert is_refused(copy_of_package)
        for path in files:
            replace(path, new, old)


@needs_kernel
def test_comments_and_docstrings_do_not_count(copy_of_package: Path) -> None:
    for name in WRITTEN_FROM:
        path = copy_of_package / "dualad" / name
        docstring = path.read_text("utf-8").split('"""', 2)[1]
        assert replace(path, docstring, "Another docstring.")
        with path.open("a") as file:
            file.write("\n# a comment\n")
        assert not is_refused(copy_of_package)


@needs_kernel
def test_line_ends_do_not_count(copy_of_package: Path) -> None:
    path = copy_of_package / "dualad" / "rules.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert python(SAY, copy_of_package) == "True 6.0\n"


def test_without_a_kernel_all_is_there(copy_of_package: Path) -> None:
    for path in (copy_of_package / "dualad").glob("_kernel.*"):
        if path.suffix in (".so", ".pyd"):
            path.unlink()
    assert python(SAY, copy_of_package) == "False 6.0\n"
    reason = python("import dualad; print(dualad.kernel_info().reason)", copy_of_package)
    assert "not built" in reason


@needs_kernel
def test_a_broken_kernel_says_why(copy_of_package: Path) -> None:
    for path in (copy_of_package / "dualad").glob("_kernel.*.so"):  # perhaps of several Pythons
        path.write_bytes(b"not a library")
    assert python(SAY, copy_of_package) == "False 6.0\n"
    assert python("import dualad; print(dualad.kernel_info().reason)", copy_of_package) != "\n"


@needs_kernel
def test_the_fingerprint_is_that_of_the_sources() -> None:
    assert KERNEL is not None
    assert fits(KERNEL.FINGERPRINT) and fits(fingerprint())
    in_files, in_c = 1 << 32, 1
    assert fits(fingerprint() ^ in_files) and fits(fingerprint() ^ in_c)
    assert not fits(fingerprint() ^ in_files ^ in_c)


# -- nothing leaks -----------------------------------------------------------------------------


def everything(x: Any, k: Any, z: Any, many: Any, array: Any) -> None:
    """One of each, errors among them."""
    for a in (x, k, z, many):
        a = a * a + 2.0 - 3 / a
        a = dualad.sin(a) ** 2 + np.exp(-a)
        a = abs(-a) if a < 5 else +a
        dualad.atan2(a, a)
        dualad.sinc(a)
        repr(a), a.tangent, a.level, pickle.loads(pickle.dumps(a))
        for wrong in (
            lambda a=a: a + "x",
            lambda a=a: float(a),
            lambda a=a: a / 0,
            lambda a=a: dualad.log(-abs(a)),
            lambda a=a: a.foo,
            lambda a=a: dualad.sin(a, a),
            lambda a=a: k + many,
        ):
            attempt(wrong)
    x * z, z - k * 0.0 if z is k else z * z
    array[0], list(array), np.sin(array[1]), array[0] * array[1]
    dualad.derivative(lambda t: t * x)(0.5)
    dualad.derivative(lambda t: t**3, order=2)(0.5)
    dualad.grad(lambda v: v[0] * v[1])([1.0, 2.0])
    dualad.value_and_grad(lambda v: v[0] * v[1])(np.array([1.0, 2.0]))
    dualad.jacobian(lambda v: [v[0] * v[1], 3.0])([1.0, 2.0])
    dualad.jacobian(lambda v: (v, v[1]))((1.0, 2.0))
    dualad.hessian(lambda v: v[0] * v[1] ** 3)([1.0, 2.0])
    dualad.hessian(lambda v: v[0] * v[1] ** 3)(np.array([1.0, 2.0]))


def test_a_million_operations_leave_memory_flat() -> None:
    x, k = Dual(0.7, 1.0), Dual(0.3, np.array([1.0, 2.0]))
    z = dualad.pair.dual(x, np.ones(3), 9)
    many = Dual(0.2, np.arange(40.0))
    array = Dual(np.arange(1.0, 4.0), np.eye(3))

    def blocks(rounds: int) -> int:
        for _ in range(rounds):
            everything(x, k, z, many, array)
        gc.collect()
        return sys.getallocatedblocks()

    blocks(400)  # caches fill up, and the kernel's list of spare objects
    before = blocks(300)
    after = blocks(300)
    assert after - before < 150
    s = x
    for _ in range(250_000 if KERNEL else 10_000):
        s = 0.5 * s + dualad.sin(s) * x
    gc.collect()
    assert sys.getallocatedblocks() - after < 150


@needs_kernel
def test_blocks_of_c_are_freed_too() -> None:
    """Directions that do not fit inside, and second derivatives, by the size of the process."""
    resource = pytest.importorskip("resource")
    many = Dual(0.2, np.arange(500.0))
    z = dualad.pair.dual(Dual(0.2, np.ones(30)), np.ones(30), 9)
    peak = 0
    for round_ in range(3):
        for _ in range(30_000):
            many * many
            z * z
        if round_ == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * unit
    assert grown < 20e6  # a leak of either would be 240 MB and more


# -- no crash ----------------------------------------------------------------------------------


@needs_kernel
def test_no_object_is_without_its_parts() -> None:
    x = Dual(2.0, 1.0)
    with pytest.raises(TypeError):
        object.__new__(type(x))
    with pytest.raises(TypeError, match=r"Dual.__new__\(\) missing 1 required positional argument"):
        type(x)()
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Derived", (type(x),), {})
    for name in ("value", "tangent", "level"):
        with pytest.raises(AttributeError):
            setattr(x, name, 3.0)
    with pytest.raises(TypeError, match="cannot create weak reference"):
        weakref.ref(x)
    assert not gc.is_tracked(x)


@needs_kernel
def test_the_kernel_takes_anything() -> None:
    """Its functions with arguments that the package would not give."""
    assert KERNEL is not None
    item: Any = dualad.DualArray.__getitem__
    things = (
        None, 1, -1, 2**80, 1.0, "a", (), [], {}, np.ones(3), np.ones((2, 3)), np.ones(3, ">f8"),
        np.ones(()), np.array(["a"]), np.float64(1), np.ones(6)[::2], np.ones(3, object), Dual(1.0),
        Dual(1.0, np.ones(2)), Dual(np.ones(3), np.ones(3)), dualad.pair.dual(Dual(1.0), 1.0, 5),
        object(), len, np.sin, float("nan"), True,
    )  # fmt: skip
    for a in things:
        for b in things:
            for level in (3, "a", 2**100, None, True):
                attempt(KERNEL.dual, a, b, level)
            attempt(item, a, b)
            attempt(item, Dual(np.ones(3), np.ones(3)), b)
            attempt(item, Dual(np.ones((3, 2)), np.ones((4, 3, 2))), (a, b))
            attempt(KERNEL.together, np.array([a, b, None], dtype=object)[:2])
            attempt(KERNEL.together, a)
            x = Dual(1.0)
            attempt(type(x).__array_ufunc__, x, a, b)
            attempt(type(x).__array_ufunc__, x, a, "__call__", b)
            attempt(type(x).__add__, a, b)
            attempt(lambda a=a, b=b: dualad.grad(a)(b))
            attempt(lambda a=a, b=b: dualad.hessian(lambda v: a)(b))
            attempt(lambda a=a, b=b: dualad.derivative(lambda v: a, 1)(b, 1.0))


def attempt(f: Any, *args: Any) -> None:
    """Only a crash of the process is a failure here."""
    with contextlib.suppress(Exception):
        repr(f(*args))


@pytest.mark.parametrize("first", ["main", "other"])
def test_one_interpreter_of_a_process_has_it(first: str) -> None:
    """Another one is refused, by NumPy or by the kernel; nothing crashes."""
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    pytest.importorskip(name)
    within = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "try: import dualad; print(dualad.grad(lambda x: x * x)(3.0), flush=True)\n"
        "except ImportError: print('refused', flush=True)"
    )
    there = f"i = s.create(); s.run_string(i, {within!r}); s.destroy(i)\n"
    here = f"exec({within!r})\n"
    code = f"import {name} as s\n" + (here + there if first == "main" else there + here)
    assert set(python(code, DUALAD_PURE="0").split()) <= {"6.0", "refused"}


def test_a_function_that_changes_its_list_while_it_is_read() -> None:
    def f(x: list[Any]) -> Any:
        first = x[0]
        x.clear()
        gc.collect()
        return first * first

    assert dualad.grad(f)([3.0, 4.0]) == [6.0, 0.0]
    assert dualad.hessian(f)([3.0, 4.0]) == [[2.0, 0.0], [0.0, 0.0]]


def test_threads() -> None:
    def work() -> None:
        for i in range(300):
            x = 0.1 + i / 1000
            if dualad.derivative(lambda t: dualad.sin(t) * t, order=2)(x) != expected[i]:
                wrong.append(i)

    def at(x: float) -> Any:
        return dualad.derivative(lambda t: dualad.sin(t) * t, order=2)(x)

    wrong: list[int] = []
    expected = [at(0.1 + i / 1000) for i in range(300)]
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


DRIVERS = (
    dualad.derivative, dualad.grad, dualad.value_and_grad, dualad.jacobian, dualad.hessian,
)  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda d: d.__name__)
def test_wrappers_keep_name_and_text(driver: Any) -> None:
    def f(x: float, y: float = 2.0) -> float:
        """What f is."""
        return x * y

    vars(f)["mark"] = 3
    g = driver(f)
    assert (g.__name__, g.__doc__, g.__wrapped__) == ("f", "What f is.", f)
    assert (g.__module__, g.__qualname__) == (f.__module__, f.__qualname__)
    assert g.__annotations__ == f.__annotations__
    assert g.mark == 3
    assert not hasattr(g, "other")
    assert inspect.signature(g) == inspect.signature(f)
    assert "What f is." in pydoc.render_doc(g)
    assert repr(g) == f"<{driver.__name__} of {f.__qualname__}>"
    nested = driver(g, "y", lift=False)
    assert repr(nested) == f"<{driver.__name__} of {g!r}, argnums='y', lift=False>"
    outer = functools.wraps(g)(lambda x: x)
    assert (outer.__name__, outer.__doc__) == ("f", "What f is.")
    g.__name__, g.__doc__, g.__module__, g.mark = "g", "What g is.", "there", 4
    assert (g.__name__, g.__doc__, g.__module__, g.mark) == ("g", "What g is.", "there", 4)
    assert (f.__name__, f.__doc__) == ("f", "What f is.")


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda d: d.__name__)
def test_wrappers_of_what_has_no_name(driver: Any) -> None:
    g = driver(functools.partial(lambda x, y: x * y, y=2.0))
    assert repr(g) == f"<{driver.__name__} of partial>"
    assert str(inspect.signature(g)) == "(x, *, y=2.0)"


def test_functions_have_a_text() -> None:
    assert dualad.sin.__name__ == "sin"
    assert "d/dx = cos(x)" in str(dualad.sin.__doc__)


def test_a_wrapper_is_a_method_too() -> None:
    class Model:
        scale = 3.0

        def energy(self, x: Any) -> Any:
            return self.scale * x**2

        force = dualad.derivative(energy, 1)

    assert Model().force(2.0) == 12.0
