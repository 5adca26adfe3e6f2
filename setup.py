"""Builds the compiled kernels where that is possible; all else stands in pyproject.toml."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent


class BuildKernel(build_ext):
    """Write the table as C, translate the kernel, compile. If that fails, install without."""

    def run(self) -> None:
        if self.is_built():
            self.extensions = []
            return
        try:
            self.prepare()
        except Exception as error:
            self.announce(f"dualad: no compiled kernel, for {error!r}.", level=3)
            self.extensions = []
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


def kernel() -> list[Extension]:
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return []  # not for free-threaded Python: the readable Dual is used there
    names = ("_kernel", "_array_kernel", "_lifting", "_drivers")
    return [Extension(f"dualad.{name}", [f"dualad/{name}.pyx"], optional=True) for name in names]


setup(ext_modules=kernel(), cmdclass={"build_ext": BuildKernel})
