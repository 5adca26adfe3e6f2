"""A fit with certified numbers: Misra1a of the NIST Statistical Reference Datasets.

The model is y = b1·(1 − exp(−b2·x)); data, parameters and standard deviations as published.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualad
from dualad import jacobian

Y = np.array(
    [
        10.07,
        14.73,
        17.94,
        23.93,
        29.61,
        35.18,
        40.02,
        44.82,
        50.76,
        55.05,
        61.01,
        66.40,
        75.47,
        81.78,
    ]
)
X = np.array(
    [
        77.6,
        114.9,
        141.1,
        190.8,
        239.9,
        289.0,
        332.8,
        378.4,
        434.8,
        477.3,
        536.8,
        593.1,
        689.1,
        760.0,
    ]
)
PARAMETERS = [2.3894212918e02, 5.5015643181e-04]
DEVIATIONS = [2.7070075241e00, 7.2668688436e-06]
RESIDUAL = 1.0187876330e-01


def array_model(b: Any) -> Any:
    return b[0] * (1 - np.exp(-b[1] * X)) - Y


def scalar_model(b: Any) -> list[Any]:
    return [
        b[0] * (1 - dualad.exp(-b[1] * x)) - y for x, y in zip(X.tolist(), Y.tolist(), strict=True)
    ]


@pytest.mark.parametrize("model", [array_model, scalar_model])
def test_misra1a(model: Any) -> None:
    b = np.array([500.0, 0.0001])
    for _ in range(20):
        j = np.array(jacobian(model)(b))
        b = b - np.linalg.lstsq(j, np.array(model(b)), rcond=None)[0]
    np.testing.assert_allclose(b, PARAMETERS, rtol=5e-11)
    residuals, j = np.array(model(b)), np.array(jacobian(model)(b))
    variance = residuals @ residuals / (len(Y) - len(b))
    assert np.sqrt(variance) == pytest.approx(RESIDUAL, rel=5e-11)
    deviations = np.sqrt(np.diag(variance * np.linalg.inv(j.T @ j)))
    np.testing.assert_allclose(deviations, DEVIATIONS, rtol=5e-10)
