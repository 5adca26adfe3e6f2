"""Programs as people write them, each held against complex steps or differences of itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.oracle import check
from support.programs import NOT_ANALYTIC, POINT, PROGRAMS

from dualad import grad, hessian, jacobian


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(program: Any) -> None:
    check(program, POINT, analytic=program not in NOT_ANALYTIC, rtol=1e-10)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_every_chunk_gives_the_same(program: Any) -> None:
    whole = jacobian(program)(POINT)
    for chunk in (1, 3):
        np.testing.assert_array_equal(jacobian(program, chunk=chunk)(POINT), whole)


def test_rosen_of_scipy_as_imported() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
    np.testing.assert_allclose(grad(optimize.rosen)(x), optimize.rosen_der(x), rtol=1e-13)
    np.testing.assert_allclose(
        hessian(optimize.rosen)(x), optimize.rosen_hess(x), rtol=1e-13, atol=1e-12
    )
    found = optimize.minimize(
        optimize.rosen,
        x,
        method="Newton-CG",
        jac=grad(optimize.rosen),
        hess=hessian(optimize.rosen),
        options={"xtol": 1e-12},
    )
    np.testing.assert_allclose(found.x, np.ones(5), rtol=1e-7)
