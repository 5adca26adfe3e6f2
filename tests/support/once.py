"""What need not run a second time on the readable Dual, by the reason why.

`DUALAD_PURE=1 python -m pytest -m "not once"` leaves it out. Each module of the package is still
gone through: by its doctests, and dualad.scipy by test_scipy_reverse.py, name by name.
"""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).parents[2]

BOTH = """
    tests/test_accuracy.py
    tests/test_array_kernel.py
    tests/test_edge_cases.py
    tests/test_invariant.py
    tests/test_kernel.py
    tests/test_kernel_build.py
    tests/test_kernel_duals.py
    tests/test_kernel_numbers.py
    tests/test_random_programs.py
    tests/test_resources.py
    tests/test_threads.py
"""  # they run both implementations, or what test_kernel.py holds to the same bits

ABOVE = """
    README.md
    docs/
    tests/test_benchmarks.py
    tests/test_command_line.py
    tests/test_exercises.py
    tests/test_gallery.py
    tests/test_literature.py
    tests/test_mutations.py
    tests/test_notebooks.py
    tests/test_page.py
    tests/test_plots.py
    tests/test_public_names.py
    tests/test_readme.py
    tests/test_release.py
    tests/test_rooms.py
    tests/test_scipy_branches.py
    tests/test_scipy_constrained.py
    tests/test_scipy_fft.py
    tests/test_scipy_integrate.py
    tests/test_scipy_interpolate.py
    tests/test_scipy_linalg.py
    tests/test_scipy_names.py
    tests/test_scipy_ndimage.py
    tests/test_scipy_optimize.py
    tests/test_scipy_signal.py
    tests/test_scipy_sparse.py
    tests/test_scipy_spatial.py
    tests/test_scipy_stats.py
    tests/test_sens.py
    tests/test_shell.py
    tests/test_workers.py
"""  # they are about what calls the drivers, whatever number goes through

ONCE = (*BOTH.split(), *ABOVE.split())


def runs_once(path: Path) -> bool:
    """Whether the tests in a file need no second run on the readable Dual."""
    return path.is_relative_to(HOME) and path.relative_to(HOME).as_posix().startswith(ONCE)
