"""A zero tangent is stronger than an infinite slope, also with directions at two levels."""

import math

import numpy as np

import dualad


def test_directions_of_two_levels_at_an_infinite_slope() -> None:
    for n in (3, 4, 12):
        x = np.arange(float(n))
        h = dualad.hessian(lambda v: dualad.sqrt(v[0]) * 0 + np.sin(v[1]) * v[2])(x)
        expected = np.zeros((n, n))
        expected[1, 1], expected[1, 2], expected[2, 1] = -2 * math.sin(1), math.cos(1), math.cos(1)
        assert np.array_equal(h[1:, 1:], expected[1:, 1:])
        assert np.array_equal(dualad.hessian(lambda v: abs(v[0]) + v[1] ** 2)(x), np.diag(
            [0.0, 2.0] + [0.0] * (n - 2)
        ))  # fmt: skip


def test_nan_stays_where_it_is() -> None:
    for x in ([0.0, math.nan, 2.0], [0.0] + [math.nan] + [2.0] * 9):
        for given in (x, np.array(x)):
            h = np.array(dualad.hessian(lambda v: dualad.sin(v[1]) + v[0] * v[2])(given))
            assert math.isnan(h[1, 1])
            assert h[0, 2] == h[2, 0] == 1
            assert np.count_nonzero(h) == 3
