"""Every public name of SciPy is decided: supported, a plain answer, or refused by name."""

from __future__ import annotations

import doctest
import importlib
import inspect
import io
import re
import types
import warnings
from collections import Counter
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

from dualad import Dual, derivative, grad, jacobian

pytest.importorskip("scipy")

import scipy
import scipy.integrate
import scipy.interpolate
import scipy.ndimage
import scipy.sparse
import scipy.spatial
import scipy.special
import scipy.stats
from scipy.spatial.transform import Rotation
from scipy_names import PAGE, page
from support.agreement import assert_agree

from dualad.scipy import _names, signal
from dualad.scipy._decisions import DECISIONS
from dualad.scipy._names import PLAIN, REFUSED, SUPPORTED, decisions

ALL = list(decisions())


def named(part: str, name: str) -> Any:
    return getattr(importlib.import_module(f"scipy.{part}"), name)


def test_the_table_is_fresh() -> None:
    told = re.search(r"SciPy (\d+\.\d+)", text := PAGE.read_text("utf-8"))
    assert told
    if scipy.__version__.startswith(f"{told[1]}."):
        assert page() == text, "write it anew: python tests/scipy_names.py --write"


def test_enough_is_supported() -> None:
    assert Counter(kind for _, _, kind, _ in ALL)[SUPPORTED] >= 400


def test_what_is_decided_exists() -> None:
    """In the SciPy that the table is of; in others some names are missing."""
    for part, known in DECISIONS.items():
        there = {name for p, name, _, _ in ALL if p == part}
        listed = (
            *known.lifted,
            *known.plain,
            *(n for names in known.refused.values() for n in names.split()),
        )
        assert len(listed) == len(set(listed)), part
        if f"SciPy {'.'.join(scipy.__version__.split('.')[:2])}" in PAGE.read_text("utf-8"):
            assert not set(listed) - there, part


REFUSED_NOW = [(part, name) for part, name, kind, _ in ALL if kind == REFUSED]


def test_what_is_refused_is_refused_by_name() -> None:
    """Before anything is looked at: one array of duals is enough."""
    x = Dual(np.ones((2, 2)), np.ones((2, 2)))
    for part, name in REFUSED_NOW:
        f = named(part, name)
        if isinstance(f, np.ufunc) or not isinstance(f, (type, types.FunctionType)):
            continue
        ours = _module(part)
        stands = [_names.stand_in_for(part, name)]
        if ours is not None and name not in vars(ours):  # else a module uses SciPy's own itself
            stands.append(getattr(ours, name))
        for stand in stands:
            with pytest.raises(TypeError, match=rf"scipy\.{part}\.{name} cannot take duals; .*\.$"):
                stand(x)


def _module(part: str) -> Any:
    module: Any = importlib.import_module("dualad.scipy")
    for step in part.split("."):
        module = getattr(module, step)
    return module


def test_plain_answers_are_those_of_the_plain_numbers() -> None:
    x = np.array([0.0, 2.0, 1.0, 3.0, 0.0])
    assert signal.argrelmax(Dual(x, x))[0].tolist() == [1, 3]

    def highest(x: Any) -> Any:
        (peaks,) = scipy.signal.argrelmax(x)
        return x[peaks[0]] ** 2

    assert grad(highest)(x).tolist() == [0.0, 4.0, 0.0, 0.0, 0.0]


def _steps_of_rk45(rate: Any) -> Any:
    solver = scipy.integrate.RK45(lambda t, y: -rate * y, 0.0, np.ones(1), 1.0)
    solver.step()
    return solver.y[0]


def _filled(a: Any) -> Any:
    matrix = scipy.sparse.csr_matrix(np.eye(3))
    matrix.data = matrix.data * a
    return matrix.toarray()


_TREE = scipy.spatial.KDTree(np.eye(2))
_STEPS = scipy.stats.ecdf([1.0, 2.0, 3.0]).cdf
_RATIONAL = scipy.interpolate.AAA(np.linspace(0, 1, 6), np.exp(np.linspace(0, 1, 6)))


@pytest.mark.parametrize(
    ("f", "told"),
    [
        (_steps_of_rk45, "integrate.RK45 cannot take duals; use solve_ivp."),
        (
            lambda a: scipy.integrate.ode(lambda t, y: -a * y).set_initial_value(1.0).integrate(1),
            "integrate.ode.integrate cannot take duals; use solve_ivp.",
        ),
        (
            lambda a: scipy.integrate.tanhsinh(lambda x: np.exp(-a * x), 0, 1).integral,
            "integrate.tanhsinh cannot take duals; use quad, quad_vec or nquad.",
        ),
        (
            lambda a: _TREE.query(np.stack([a, 0.1]))[0],
            "spatial.KDTree.query cannot take duals; ask for the indices",
        ),
        (
            lambda a: Rotation.from_davenport(np.eye(3) * a, "extrinsic", [1.0, 2, 3]).as_matrix(),
            "spatial.transform.Rotation.from_davenport cannot take duals; write it in",
        ),
        (
            _filled,
            "sparse.csr_matrix.toarray cannot take duals; use csr_array, csc_array, coo_array or "
            "dia_array, made of duals: csr_array((data, indices, indptr)).",
        ),
        (_STEPS.evaluate, "stats.EmpiricalDistributionFunction.evaluate cannot take duals; use"),
        (lambda x: _RATIONAL(x), "interpolate.AAA cannot take duals; use Barycentric"),
        (
            lambda p: scipy.stats.multinomial.pmf([1, 2], 3, np.stack([p, 1 - p])),
            "stats.multinomial.pmf cannot take duals; use the distributions",
        ),
    ],
)
def test_code_of_scipy_that_runs_as_it_is_refuses_by_its_name(f: Any, told: str) -> None:
    """Also where a function gives the duals, or a method is given them."""
    with pytest.raises(TypeError, match=rf"^scipy\.{re.escape(told)}") as caught:
        derivative(f)(0.4)
    assert not getattr(caught.value, "__notes__", [])


def test_other_errors_of_scipys_code_are_its_own() -> None:
    def failing(a: Any) -> Any:
        return _TREE.query([a.primal, 0.0], p=0.5)[0] * a

    with pytest.raises(ValueError, match="Only p-norms"):
        derivative(failing)(0.4)

    def raising(a: Any) -> Any:
        def f(x: Any) -> Any:
            raise ValueError("the user's")

        return scipy.integrate.tanhsinh(f, 0, 1).integral * a

    with pytest.raises(ValueError, match="the user's"):
        derivative(raising)(0.4)


def test_code_of_scipy_that_takes_duals_as_it_is_may() -> None:
    found = derivative(lambda a: scipy.integrate.cubature(lambda x: a * x[:, 0], [0], [1]).estimate)
    assert abs(found(2.0) - 0.5) < 1e-12


def test_names_of_scipy_in_lifted_code() -> None:
    def smoothed(x: Any) -> Any:
        return scipy.signal.lfilter(
            [0.5, 0.5], [1.0, -0.1], scipy.ndimage.gaussian_filter1d(x, 1.0)
        )

    x = np.sin(np.arange(12.0))
    units = np.stack([smoothed(e) for e in np.eye(12)], axis=-1)
    np.testing.assert_allclose(jacobian(smoothed)(x), units, atol=1e-14)
    assert isinstance(scipy.signal.StateSpace([[0.0]], [[1.0]], [[1.0]], [[0.0]]), scipy.signal.lti)
    found = derivative(lambda a: scipy.signal.freqz([1.0, a], worN=[0.5])[1][0])(0.3)
    np.testing.assert_allclose(found, np.exp(-0.5j), rtol=1e-14)


def test_a_class_that_is_refused_is_still_the_class() -> None:
    from dualad.scipy import spatial

    tree = spatial.cKDTree(np.eye(2))
    assert isinstance(tree, spatial.cKDTree)
    assert type(tree) is scipy.spatial.cKDTree


def test_signatures_are_those_of_scipy() -> None:
    for part in ("fft", "ndimage", "signal", "spatial.distance"):
        ours = importlib.import_module(f"dualad.scipy.{part}")
        for name in ours.__all__:
            f = named(part, name)
            assert inspect.signature(getattr(ours, name)) == inspect.signature(f), name


# -- SciPy's own examples through the bridge ---------------------------------------------------

BRIDGED = ("fft", "ndimage", "signal", "signal.windows", "spatial", "spatial.distance")
UNFIT = re.compile(r"matplotlib|random|datasets|import scipy|timeit")
SLOW = {"minimum_phase", "firwin", "firwin_2d"}


def examples(part: str, name: str) -> list[str]:
    """The examples in the docstring of a function of SciPy, if they show no pictures."""
    text = named(part, name).__doc__ or ""
    found = doctest.DocTestParser().get_examples(text)
    return [] if name in SLOW or UNFIT.search(text) else [example.source for example in found]


def ours_for_theirs(source: str) -> str:
    """The same source, with what it takes from SciPy taken from us."""
    parts = r"(fft|ndimage|signal|spatial|linalg)"
    source = re.sub(rf"\bfrom scipy\.{parts}", r"from dualad.scipy.\1", source)
    return re.sub(
        rf"\bfrom scipy import {parts}$", r"from dualad.scipy import \1", source, flags=re.M
    )


def outcome(source: str, space: dict[str, Any]) -> str:
    """What an example writes, or the kind of its error."""
    out = io.StringIO()
    with redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, "<example>", "single"), space)
        except Exception as error:
            return type(error).__name__
    return out.getvalue()


def test_scipys_own_examples_through_the_bridge() -> None:
    """Plain numbers give what SciPy gives, to the last digit that it shows."""
    count = 0
    for part, name, kind, _ in ALL:
        if part in BRIDGED and kind == SUPPORTED:
            theirs: dict[str, Any] = {"np": np}
            ours: dict[str, Any] = {"np": np}
            with np.printoptions():  # which some examples set
                for source in examples(part, name):
                    want = outcome(source, theirs)
                    assert outcome(ours_for_theirs(source), ours) == want, (part, name, source)
                    count += bool(want)
    assert count > 80


def test_decisions_are_known_kinds() -> None:
    assert {kind for _, _, kind, _ in ALL} == {SUPPORTED, PLAIN, REFUSED}


def test_what_runs_as_it_is_elsewhere() -> None:
    """Functions of SciPy in Python, of parts that have no test of theirs for these."""
    x, m = np.array([0.7, 1.3, 2.1]), np.array([[2.0, 0.3], [0.4, 1.7]])
    cases: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "special": (
            lambda s, x: [
                *(s.jvp(1, x), s.yvp(1, x, 2), s.ivp(2, x), s.kvp(0, x), s.softplus(x)),
                s.multigammaln(x + 1, 3),
            ],
            (x,),
        ),
        "linalg": (
            lambda s, x, m: [s.circulant(x), s.toeplitz(x), s.hankel(x), s.block_diag(m, m)],
            (x, m),
        ),
        "optimize": (lambda s, x: [s.rosen(x), s.rosen_der(x), s.rosen_hess(x)], (x,)),
        "constants": (lambda s, x: [s.convert_temperature(x, "C", "F"), s.lambda2nu(x)], (x,)),
    }
    for part, (f, args) in cases.items():
        theirs = importlib.import_module(f"scipy.{part}")
        ours = getattr(importlib.import_module("dualad.scipy"), part)
        assert_agree(f, theirs, ours, args)


def test_scipys_own_function_does_not_read_the_memory_of_duals() -> None:
    """Not lifted, and given an array of objects, this one would end the process."""
    with pytest.raises(TypeError, match="distance_transform_cdt reads memory"):
        scipy.ndimage.distance_transform_cdt(Dual(np.eye(3), np.eye(3)))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: signal.kaiserord(40 * x, 0.1)[1],
        lambda x: signal.ellipord(x / 9, 0.4, 3, 40)[1],
        lambda x: signal.buttord(x / 9, 0.4, 3, 40)[1],
        lambda x: scipy.ndimage.distance_transform_edt(np.array([[0, 1, 1]]), sampling=x).sum(),
        lambda x: scipy.spatial.distance.hamming([1, 0, 1], [1, 1, 1], [1, 1.0, x]),
    ],
)
def test_plain_answers_are_whole_numbers(f: Any) -> None:
    with pytest.raises(TypeError, match="gives numbers here that would lose the derivative"):
        derivative(f)(1.5)


def test_an_answer_of_indices() -> None:
    assert (
        derivative(lambda x: x * signal.argrelmax(np.stack([0, x, 0, 2.0, 1.0]))[0].sum())(1.5)
        == 4.0
    )


@pytest.mark.parametrize("name", ["jn", "yn", "in", "kn"])
def test_spherical_orders_are_whole(name: str) -> None:
    f = getattr(scipy.special, f"spherical_{name}")
    with pytest.raises(TypeError, match=rf"^spherical_{name} takes whole orders n"):
        derivative(lambda n: f(n, 2.0))(1.0)
