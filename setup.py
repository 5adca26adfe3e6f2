"""What pyproject.toml cannot say: the kernels, the version of a tag, the README's links."""

from __future__ import annotations

import logging
import os
import re
import runpy
import subprocess
import sys
import sysconfig
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - pip runs this file before it reads requires-python
    found = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"dualad needs Python 3.11 or later; this is Python {found}.")

import tomllib

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


class BuildKernel(build_ext):
    """Write the table as C, translate the kernel, compile. If that fails, install without."""

    def run(self) -> None:
        if self.is_built():
            self.extensions = []
            return
        try:
            self.prepare()
        except Exception as error:
            self.announce(f"dualad: no compiled kernel, for {error!r}.", logging.WARNING)
            self.extensions = []
        self.parallel = self.parallel or os.cpu_count()
        super().run()

    def is_built(self) -> bool:
        """Whether the kernel that stands beside its sources is newer than they (see --force)."""
        if self.force or not (self.inplace or self.editable_mode):
            return False
        parts = runpy.run_path(str(HERE / "dualad" / "_fingerprint.py"))
        sources = [HERE / "dualad" / name for name in parts["COMPILED"] + parts["WRITTEN_FROM"]]
        built = [HERE / self.get_ext_filename(extension.name) for extension in self.extensions]
        if not all(path.exists() for path in built):
            return False
        newest = max(path.stat().st_mtime for path in [Path(__file__), *sources])
        return newest < min(path.stat().st_mtime for path in built)

    def prepare(self) -> None:
        import numpy
        from Cython.Build import cythonize

        runpy.run_path(str(HERE / "dualad" / "_codegen.py"))["write"]()
        fingerprint = runpy.run_path(str(HERE / "dualad" / "_fingerprint.py"))["fingerprint"]()
        for extension in self.extensions:
            extension.include_dirs = ["dualad", numpy.get_include()]
            extension.define_macros = [
                ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
                ("FINGERPRINT", f"{fingerprint}ull"),
            ]
            if self.compiler_is_gnu():
                # Both implementations are to agree to the last bit: no fused a*b + c. What libm
                # leaves in errno is not looked at, so that sin and cos come in one call.
                extension.extra_compile_args = [
                    "-O3",
                    "-g0",
                    "-ffp-contract=off",
                    "-fno-math-errno",
                ]
            extension.sources = cythonize([extension], force=True, quiet=True)[0].sources

    @staticmethod
    def compiler_is_gnu() -> bool:
        return "cl" not in (sysconfig.get_config_var("CC") or "cl").split()


def version() -> str:
    """The version of the tag, where HEAD has one; else what the sources say."""
    # A .git of our own: an archive that is unpacked inside another repository has none.
    if (HERE / ".git").exists():
        command = ["git", "describe", "--tags", "--exact-match", "--match", "v[0-9]*"]
        try:
            tag = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
            return tag.stdout.strip().removeprefix("v")
        except (OSError, subprocess.CalledProcessError):
            pass  # not a tagged commit, a clone without tags, or no git
    return VERSION.findall((HERE / "dualad" / "__init__.py").read_text("utf-8"))[0]


def stamp(folder: str) -> None:
    """Let the sources in a folder say the version that is built."""
    path = Path(folder) / "dualad" / "__init__.py"
    text = path.read_text("utf-8")
    stamped = VERSION.sub(f'__version__ = "{version()}"', text)
    if stamped != text:
        path.unlink()  # it may be a link to the sources themselves
        path.write_text(stamped, "utf-8")


class BuildModules(build_py):
    """Build the modules, with the version of the tag."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            stamp(self.build_lib)


class Archive(sdist):
    """Make the source archive, with the version of the tag."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        stamp(base_dir)


def readme() -> str:
    """The README for a package index, where links to files need the address of the repository."""
    text = (HERE / "README.md").read_text("utf-8")
    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    home = project.get("urls", {}).get("Repository", "").rstrip("/")
    link = re.compile(r"!?\[([^\]]*)\]\((?!https?:)([^)]+)\)")
    return link.sub(rf"[\1]({home}/blob/v{version()}/\2)" if home else r"\1", text)


def kernel() -> list[Extension]:
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return []  # not for free-threaded Python: the readable Dual is used there
    names = ("_kernel", "_array_kernel", "_lifting", "_drivers")
    return [Extension(f"dualad.{name}", [f"dualad/{name}.pyx"], optional=True) for name in names]


setup(
    version=version(),
    long_description=readme(),
    long_description_content_type="text/markdown",
    ext_modules=kernel(),
    cmdclass={"build_ext": BuildKernel, "build_py": BuildModules, "sdist": Archive},
)
