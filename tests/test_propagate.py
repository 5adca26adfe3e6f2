"""Propagation of errors: the figures of the uncertainties package's documentation, closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualad import propagate

# -- examples with their results as the documentation of uncertainties prints them ----------


def test_readme_of_uncertainties() -> None:
    square = propagate(lambda x: x**2, {"x": 2.0}, std={"x": 0.25})
    assert (square.mean["model"], square.std["model"]) == (4.0, 1.0)
    zero = propagate(lambda x: x**2 - x * x, {"x": 2.0}, std={"x": 0.25})
    assert (zero.mean["model"], zero.std["model"]) == (0.0, 0.0)
    sine = propagate(lambda x: np.sin(1 + x**2), {"x": 2.0}, std={"x": 0.25})
    assert sine.mean["model"] == pytest.approx(-0.95892427466313845, rel=1e-15)
    assert sine.std["model"] == pytest.approx(0.2836621854632263, rel=1e-15)


def test_arrays_of_uncertainties() -> None:
    varr, std = np.array([1.0, 2.0]), np.array([0.1, 0.2])
    mean = propagate(lambda x: x.mean(), varr, std=std)
    assert mean.mean["model"] == 1.5
    assert mean.std["model"] == pytest.approx(0.1118033988749895, rel=1e-15)
    cosine = propagate(lambda x: np.cos(x), {"x": varr}, std={"x": std})
    np.testing.assert_allclose(cosine.mean["model"], [0.540302305868, -0.416146836547], rtol=1e-11)
    np.testing.assert_allclose(cosine.std["model"], [0.0841470984808, 0.181859485365], rtol=1e-11)
    total = propagate(lambda x: x.sum(), varr, std=np.array([0.01, 0.1]))
    assert total.std["model"] == pytest.approx(0.100498756211, rel=1e-11)


def test_user_guide_of_uncertainties() -> None:
    sine = propagate(lambda x: np.sin(x**2), [0.20], std=[0.01])
    assert sine.mean["model"] == pytest.approx(0.039989334186634168, rel=1e-15)
    assert sine.std["model"] == pytest.approx(0.003996800426643912, rel=1e-15)

    def f(u: Any, v: Any) -> Any:
        return {"u": u, "v": v, "sum": u + 2 * v}

    p = propagate(f, [1.0, 10.0], std=[0.1, 0.1])
    assert (p.mean["sum"], p.std["sum"]) == (21.0, pytest.approx(0.22360679774997899, rel=1e-15))
    components = {name: np.sqrt(x) for name, x in p.contributions["sum"].items()}
    assert components == {"u": pytest.approx(0.1), "v": pytest.approx(0.2)}
    cov = np.array([[0.01, 0.0, 0.01], [0.0, 0.01, 0.02], [0.01, 0.02, 0.05]])
    assert p.labels == ["u", "v", "sum"]
    np.testing.assert_allclose(p.cov, cov, rtol=1e-14, atol=1e-18)

    # correlated values: sum2 - (u2 + 2*v2) has no error, and the matrix comes back
    back = propagate(lambda u, v, s: [u, v, s, s - (u + 2 * v)], [1.0, 10.0, 21.0], cov=cov)
    np.testing.assert_allclose(back.cov[:3, :3], cov, rtol=1e-14, atol=1e-18)
    assert back.std["model[3]"] < 1e-8 and back.mean["model[3]"] == 0
    wide = propagate(lambda u, v: u + 2 * v, [1.0, 10.0], std=[10.0, 0.1])
    assert wide.std["model"] == pytest.approx(10.001999800039989, rel=1e-15)


# -- closed forms --------------------------------------------------------------------------

numbers = st.floats(-3, 3)


@given(numbers, numbers, st.floats(0.1, 2), st.floats(0.1, 2), st.floats(-0.99, 0.99))
def test_a_product_of_correlated_normals(
    u: float, v: float, s: float, t: float, rho: float
) -> None:
    c = rho * s * t
    cov = [[s * s, c], [c, t * t]]
    p = propagate(lambda u, v: u * v, [u, v], cov=cov, order=2)
    # exact moments: Bohrnstedt & Goldberger, J. Am. Stat. Assoc. 64 (1969) 1439
    first = u * u * t * t + v * v * s * s + 2 * u * v * c
    assert p.mean["model"] == pytest.approx(u * v + c, abs=1e-12)
    assert p.std["model"] ** 2 == pytest.approx(first + s * s * t * t + c * c, rel=1e-10)
    assert p.bias is not None and p.bias["model"] == pytest.approx(c, abs=1e-14)
    shares = p.contributions["model"]
    assert shares["u"] == pytest.approx(v * (s * s * v + c * u), rel=1e-9, abs=1e-12)
    assert shares["u"] + shares["v"] == pytest.approx(first, rel=1e-9, abs=1e-12)


def test_quadratic_forms_of_correlated_inputs() -> None:
    random = np.random.default_rng(3)
    A, B, L = random.normal(size=(3, 3, 3))
    A, B, mu = A + A.T, B + B.T, random.normal(size=3)
    sigma = L @ L.T
    p = propagate(lambda x: np.stack([x @ A @ x, x @ B @ x]), mu, cov=sigma, order=2)
    expected = [mu @ M @ mu + np.trace(M @ sigma) for M in (A, B)]
    np.testing.assert_allclose(p.mean["model"], expected, rtol=1e-12)
    for i, M in enumerate((A, B)):
        for j, N in enumerate((A, B)):
            moment = 4 * mu @ M @ sigma @ N @ mu + 2 * np.trace(M @ sigma @ N @ sigma)
            assert p.cov[i, j] == pytest.approx(moment, rel=1e-11)
    assert p.second_variance is not None
    second = [2 * np.trace(M @ sigma @ M @ sigma) for M in (A, B)]
    np.testing.assert_allclose(p.second_variance["model"], second, rtol=1e-11)
    flat = propagate(lambda x: x @ A @ x, mu, cov=sigma)
    assert flat.bias is None and flat.std["model"] ** 2 == pytest.approx(
        4 * mu @ A @ sigma @ A @ mu
    )


def test_the_flag() -> None:
    def doubtful(x: float, std: float) -> bool:
        p = propagate(lambda x: x**2, [x], std=[std], order=2)
        assert p.doubtful is not None
        return p.doubtful["model"]

    # of x²: bias σ², first order 2xσ, so the bias is a tenth at σ = x/5
    assert not doubtful(1.0, 0.19) and doubtful(1.0, 0.21)
    assert doubtful(0.0, 1e-9)  # at the minimum the first order says nothing
    linear = propagate(lambda x: 3 * x, [1.0], std=[5.0], order=2)
    assert linear.doubtful == {"model": False} and linear.bias == {"model": 0.0}


@dataclass
class Setup:
    length: float
    times: Any
    repeats: int = 4
    name: str = "pendulum"


def pendulum(s: Setup) -> Any:
    return 4 * np.pi**2 * s.length / (np.mean(s.times) / s.repeats) ** 2


@pytest.mark.parametrize(
    "std", [{"length": 0.001, "times": 0.02}, Setup(0.001, np.full(3, 0.02), 0)]
)
def test_structures_and_broadcast(std: Any) -> None:
    p = propagate(pendulum, Setup(1.0, np.array([8.0, 8.1, 7.9])), std=std)
    g = 4 * np.pi**2 / 4
    assert p.mean["pendulum"] == pytest.approx(g, rel=1e-14)
    assert p.std["pendulum"] == pytest.approx(
        g * np.sqrt(0.001**2 + (2 * 0.02 / np.sqrt(3) / 8) ** 2), rel=1e-12
    )
    assert np.shape(p.contributions["pendulum"]["times"]) == (3,)


def test_inputs_without_deviation_are_constants() -> None:
    def f(x: Any, n: Any) -> Any:
        return sum(x for _ in range(n))

    p = propagate(f, {"x": 2.0, "n": 3}, std={"x": 0.5})
    assert p.std["f"] == 1.5 and list(p.contributions["f"]) == ["x"]


def test_the_table_and_the_dict() -> None:
    p = propagate(
        lambda u, v: {"sum": u + 2 * v, "product": u * v}, [1.0, 10.0], std=[0.1, 0.1], order=2
    )
    assert str(p) == (
        "model: uncertainty, and each input's share of the variance\n"
        "\n"
        "output   mean  std       % u    % v    doubtful\n"
        "-------  ----  --------  -----  -----  --------\n"
        "sum      21    0.223607  20     80     no\n"
        "product  10    1.00504   99.01   0.99  no\n"
        "\n"
        "Standard deviations assumed: u 0.1, v 0.1."
    )
    assert p.to_dict()["bias"] == {"sum": 0.0, "product": 0.0}
    assert "<caption>model: uncertainty" in p._repr_html_()
    first = propagate(lambda x: np.stack([x] * 100), [1.0], std=[0.1])
    assert "order 2 shows whether" in str(first) and "and 60 more numbers" in str(first)
    assert "bias" not in first.to_dict()
    assert p.to_dict()["input_std"] == {"u": 0.1, "v": 0.1}
    many = propagate(lambda x: x.sum(), [np.ones(12)], cov=np.diag([4.0] * 12))
    assert ", x[9] 2 and 2 more." in str(many)


def test_refusals() -> None:
    calls: list[Any] = []

    def f(x: Any, y: Any) -> Any:
        calls.append(x)
        return x * y

    at = {"x": 1.0, "y": 2.0}
    for wrong in ({}, {"cov": np.eye(2), "std": {"x": 1.0}}):
        with pytest.raises(TypeError, match="either cov, a matrix, or std"):
            propagate(f, at, **wrong)
    with pytest.raises(
        ValueError, match=r"shape \(3, 3\), but the model has 2 inputs, x, y; give a"
    ):
        propagate(f, at, cov=np.eye(3))
    with pytest.raises(ValueError, match="symmetric matrix of finite numbers"):
        propagate(f, at, cov=[[1, 0.5], [0, 1]])
    with pytest.raises(ValueError, match="negative eigenvalue"):
        propagate(f, at, cov=[[1e-8, 2e-8], [2e-8, 1e-8]])
    with pytest.raises(ValueError, match="std of x is negative"):
        propagate(f, at, std={"x": -0.1})
    with pytest.raises(ValueError, match="there is no parameter z"):
        propagate(f, at, std={"z": 0.1})
    with pytest.raises(ValueError, match=r"std of x has to be a number, or an array of shape \(\)"):
        propagate(f, at, std={"x": np.ones(3)})
    with pytest.raises(ValueError, match="order is 1 or 2; got 3"):
        propagate(f, at, std={"x": 1.0}, order=3)
    with pytest.raises(TypeError, match="structure of values, or is a dict by name; got float"):
        propagate(f, at, std=0.1)
    with pytest.raises(TypeError, match="got list of 1 for 2 values"):
        propagate(f, [1.0, 2.0], std=[0.1])
    with pytest.raises(ValueError, match="std of x has to be a number"):
        propagate(f, at, std={"x": "wide"})
    assert calls == []
    p = propagate(f, [1.0, 2.0], std=[0.1, None])  # None: exact
    assert list(p.contributions["f"]) == ["x"] and p.std["f"] == 0.2
    assert propagate(lambda x: x, 2.0, std=0.5).std == {"model": 0.5}


def test_deviations_in_the_place_of_the_matrix() -> None:
    with pytest.raises(TypeError, match=r"cov is a matrix, got a dict; .* std=\{\.\.\.\}\)\.$"):
        propagate(lambda length: length * 2, {"length": 1.0}, {"length": 0.01})
