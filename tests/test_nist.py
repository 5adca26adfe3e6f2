"""Fits with certified numbers: nonlinear regression of the NIST Statistical Reference Datasets.

Data, starting values, parameters and standard deviations as published. Misra1a, of lower
difficulty, has the model y = b1·(1 − exp(−b2·x)); the others stand in a table of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

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


# -- harder sets -----------------------------------------------------------------------------


@dataclass
class Dataset:
    """One of NIST's sets: the model, its data, where to start, and what is certified."""

    model: Callable[[Any, Any], Any]
    x: list[float]
    y: list[float]
    start: list[float]
    parameters: list[float]
    deviations: list[float]
    squares: float  # the residual sum of squares


def _thurber(b: Any, x: Any) -> Any:
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return above / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


# fmt: off
DATASETS = {
    "BoxBOD": Dataset(
        lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
        [1, 2, 3, 5, 7, 10],
        [109, 149, 149, 191, 213, 224],
        [100, 0.75],
        [2.1380940889e02, 5.4723748542e-01],
        [1.2354515176e01, 1.0455993237e-01],
        1.1680088766e03,
    ),
    "Rat42": Dataset(
        lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
        [9, 14, 21, 28, 42, 57, 63, 70, 79],
        [8.930, 10.800, 18.590, 22.330, 39.350, 56.110, 61.730, 64.620, 67.080],
        [100, 1, 0.1],
        [7.2462237576e01, 2.6180768402e00, 6.7359200066e-02],
        [1.7340283401e00, 8.8295217536e-02, 3.4465663377e-03],
        8.0565229338e00,
    ),
    "Rat43": Dataset(
        lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
        list(range(1, 16)),
        [16.08, 33.83, 65.80, 97.20, 191.55, 326.20, 386.87, 520.53, 590.03, 651.92, 724.93,
         699.56, 689.96, 637.56, 717.41],
        [100, 10, 1, 1],
        [6.9964151270e02, 5.2771253025e00, 7.5962938329e-01, 1.2792483859e00],
        [1.6302297817e01, 2.0828735829e00, 1.9566123451e-01, 6.8761936385e-01],
        8.7864049080e03,
    ),
    "MGH09": Dataset(
        lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
        [4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
        [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
        [0.25, 0.39, 0.415, 0.39],
        [1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01],
        [1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02],
        3.0750560385e-04,
    ),
    "MGH17": Dataset(
        lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
        list(range(0, 330, 10)),
        [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685,
         0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448,
         0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406],
        [0.5, 1.5, -1, 0.01, 0.02],
        [3.7541005211e-01, 1.9358469127e00, -1.4646871366e00, 1.2867534640e-02, 2.2122699662e-02],
        [2.0723153551e-03, 2.2031669222e-01, 2.2175707739e-01, 4.4861358114e-04, 8.9471996575e-04],
        5.4648946975e-05,
    ),
    "Eckerle4": Dataset(
        lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
        [400, 405, 410, 415, 420, 425, 430, 435, 436.5, 438, 439.5, 441, 442.5, 444, 445.5, 447,
         448.5, 450, 451.5, 453, 454.5, 456, 457.5, 459, 460.5, 462, 463.5, 465, 470, 475, 480, 485,
         490, 495, 500],
        [0.0001575, 0.0001699, 0.0002350, 0.0003102, 0.0004917, 0.0008710, 0.0017418, 0.0046400,
         0.0065895, 0.0097302, 0.0149002, 0.0237310, 0.0401683, 0.0712559, 0.1264458, 0.2073413,
         0.2902366, 0.3445623, 0.3698049, 0.3668534, 0.3106727, 0.2078154, 0.1164354, 0.0616764,
         0.0337200, 0.0194023, 0.0117831, 0.0074357, 0.0022732, 0.0008800, 0.0004579, 0.0002345,
         0.0001586, 0.0001143, 0.0000710],
        [1.5, 5, 450],
        [1.5543827178e00, 4.0888321754e00, 4.5154121844e02],
        [1.5408051163e-02, 4.6803020753e-02, 4.6800518816e-02],
        1.4635887487e-03,
    ),
    "Thurber": Dataset(
        _thurber,
        [-3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363,
         -2.322, -1.501, -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545,
         -0.400, -0.309, -0.109, -0.103, 0.010, 0.119, 0.377, 0.790, 0.963, 1.006, 1.115, 1.572,
         1.841, 2.047, 2.200],
        [80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696,
         101.060, 401.672, 390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109,
         1080.914, 1122.643, 1178.351, 1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509,
         1425.208, 1421.384, 1442.962, 1464.350, 1468.705, 1447.894, 1457.628],
        [1300, 1500, 500, 75, 1, 0.4, 0.05],
        [1.2881396800e03, 1.4910792535e03, 5.8323836877e02, 7.5416644291e01, 9.6629502864e-01,
         3.9797285797e-01, 4.9727297349e-02],
        [4.6647963344e00, 3.9571156086e01, 2.8698696102e01, 5.5675370270e00, 3.1333340687e-02,
         1.4984928198e-02, 6.5842344623e-03],
        5.6427082397e03,
    ),
}
# fmt: on


@pytest.mark.parametrize("name", DATASETS)
def test_harder_sets(name: str) -> None:
    """least_squares with the exact Jacobian gives all certified numbers, to 9 digits."""
    data = DATASETS[name]
    x, y = np.array(data.x, float), np.array(data.y, float)

    def residuals(b: Any) -> Any:
        return data.model(b, x) - y

    certified = residuals(np.array(data.parameters))
    assert certified @ certified == pytest.approx(data.squares, rel=2e-10)  # no typing error
    fit = least_squares(
        residuals,
        np.array(data.start, float),
        jac=jacobian(residuals),
        method="lm",
        x_scale="jac",
        **dict.fromkeys(("ftol", "xtol", "gtol"), 1e-15),
    )
    b = fit.x
    for _ in range(20):  # where the cost no longer changes, half of the digits are still to come
        q, r = np.linalg.qr(jacobian(residuals)(b))
        b = b - np.linalg.solve(r, q.T @ residuals(b))
    np.testing.assert_allclose(b, data.parameters, rtol=1e-10)
    variance = residuals(b) @ residuals(b) / (len(y) - len(b))
    r = np.linalg.qr(jacobian(residuals)(b)).R
    deviations = np.sqrt(variance) * np.linalg.norm(np.linalg.inv(r), axis=1)
    np.testing.assert_allclose(deviations, data.deviations, rtol=1e-9)
