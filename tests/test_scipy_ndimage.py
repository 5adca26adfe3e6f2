"""dualad.scipy.ndimage against differences of SciPy's own functions, in every real argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.agreement import assert_agree

from dualad import derivative, grad, jacobian, jvp

pytest.importorskip("scipy")

import scipy.ndimage as theirs

from dualad.scipy import ndimage as ours

R = np.random.default_rng(1)
IMAGE, LINE, WINDOW = R.normal(size=(6, 7)), np.array([0.2, 0.5, -0.3, 0.4]), R.normal(size=(3, 2))
ORDERED = R.permutation(np.arange(42.0)).reshape(6, 7)  # no two nearly equal
SMALL = IMAGE[:4, :5]
HALF = np.fft.rfft(np.sin(np.arange(35.0) ** 2).reshape(7, 5), axis=0)
MODES = ("reflect", "constant", "nearest", "mirror", "wrap")
Case = Callable[..., Any]

FILTERS: dict[str, tuple[Case, tuple[Any, ...]]] = {
    "correlate1d": (lambda m, x, w, mode: m.correlate1d(x, w, mode=mode, cval=0.7), (LINE,)),
    "convolve1d": (
        lambda m, x, w, mode: m.convolve1d(x, w, 0, mode=mode, cval=0.7, origin=1),
        (LINE,),
    ),
    "correlate": (
        lambda m, x, w, mode: m.correlate(x, w, mode=mode, cval=0.7, origin=[1, 0]),
        (WINDOW,),
    ),
    "convolve": (lambda m, x, w, mode: m.convolve(x, w, mode=mode, cval=0.7), (WINDOW,)),
    "uniform_filter1d": (lambda m, x, mode: m.uniform_filter1d(x, 4, mode=mode, origin=1), ()),
    "gaussian_filter1d": (
        lambda m, x, s, mode: m.gaussian_filter1d(x, s, mode=mode),
        (np.array(0.8),),
    ),
    "median_filter": (lambda m, x, mode: m.median_filter(x, 3, mode=mode), ()),
    "maximum_filter": (lambda m, x, mode: m.maximum_filter(x, 3, mode=mode), ()),
}
CASES: dict[str, tuple[Case, tuple[Any, ...]]] = {
    "complex": (lambda m, x, w: m.correlate(x * (1 + 2j), w), (SMALL, WINDOW)),
    "minimum_filter": (lambda m, x: m.minimum_filter(x, 3), (ORDERED,)),
    "minimum_filter1d": (lambda m, x: m.minimum_filter1d(x, 3), (ORDERED,)),
    "maximum_filter1d": (lambda m, x: m.maximum_filter1d(x, 3), (ORDERED,)),
    "rank_filter": (lambda m, x: m.rank_filter(x, 2, 3), (ORDERED,)),
    "percentile_filter": (lambda m, x: m.percentile_filter(x, 30, 3), (ORDERED,)),
    "gaussian_filter": (lambda m, x, s: m.gaussian_filter(x, s), (SMALL, np.array([0.9, 0.6]))),
    "gaussian order": (lambda m, x: m.gaussian_filter(x, 1.3, order=1), (SMALL,)),
    "gaussian_laplace": (lambda m, x, s: m.gaussian_laplace(x, s), (SMALL, np.array(0.9))),
    "gaussian_gradient_magnitude": (
        lambda m, x, s: m.gaussian_gradient_magnitude(x, s),
        (SMALL, np.array(0.9)),
    ),
    "uniform_filter": (lambda m, x: m.uniform_filter(x, 3), (SMALL,)),
    "generic_filter": (lambda m, x: m.generic_filter(x, lambda w: np.sum(w**2), 3), (SMALL,)),
    "generic_gradient_magnitude": (
        lambda m, x: m.generic_gradient_magnitude(x, m.sobel),
        (SMALL,),
    ),
    "generic_laplace": (
        lambda m, x: m.generic_laplace(
            x, lambda a, axis, out, mode, c: m.correlate1d(a, [1, -2, 1], axis, out, mode, c)
        ),
        (SMALL,),
    ),
    **{
        name: (lambda m, x, name=name: getattr(m, name)(x), (SMALL,))
        for name in ("sobel", "prewitt", "laplace", "spline_filter")
    },
    **{
        name: (lambda m, x, name=name: getattr(m, name)(x, 3), (ORDERED,))
        for name in (
            *("grey_erosion", "grey_dilation", "grey_opening", "grey_closing", "white_tophat"),
            *("black_tophat", "morphological_gradient", "morphological_laplace"),
        )
    },
    **{
        name: (lambda m, x, name=name: getattr(m, name)(x * (1 + 1j), 1.0), (SMALL,))
        for name in ("fourier_gaussian", "fourier_shift", "fourier_ellipsoid", "fourier_uniform")
    },
    **{
        f"{name}, parameter": (
            lambda m, x, p, name=name: getattr(m, name)(x * (1 + 1j), [p[0], *p[1:]]),
            (SMALL, np.array([0.7, -1.3, 0.4])[: SMALL.ndim]),
        )
        for name in ("fourier_gaussian", "fourier_shift")
    },
    **{
        f"{name}, of rfft": (
            lambda m, p, name=name: getattr(m, name)(HALF, p, 7, -2),
            (np.array(0.6),),
        )
        for name in ("fourier_gaussian", "fourier_shift")
    },
    "spline_filter1d": (lambda m, x: m.spline_filter1d(x, 4, 0, mode="reflect"), (SMALL,)),
    "shift": (lambda m, x, p: m.shift(x, p, mode="nearest"), (SMALL, np.array([0.3, -1.2]))),
    "zoom": (lambda m, x: m.zoom(x, 1.7), (SMALL,)),
    "zoom grid": (
        lambda m, x: m.zoom(x, [0.7, 1.3], grid_mode=True, mode="grid-mirror", order=1),
        (SMALL,),
    ),
    "affine": (
        lambda m, x, a, p: m.affine_transform(x, a, p, mode="mirror"),
        (SMALL, np.array([[0.9, 0.2], [-0.1, 1.1]]), np.array([0.33, -1.23])),
    ),
    "affine diagonal": (
        lambda m, x, a, p: m.affine_transform(x, a, p, mode="mirror", order=1),
        (SMALL, np.array([0.91, 1.13]), np.array([0.35, -1.21])),
    ),
    "affine homogeneous": (
        lambda m, x, a: m.affine_transform(
            x, np.concatenate([a, np.array([[0, 0, 1.0]])]), output_shape=(3, 4)
        ),
        (SMALL, np.array([[0.9, 0.2, 0.1], [-0.1, 1.1, 0.27]])),
    ),
    "rotate": (lambda m, x, a: m.rotate(x, a * 30, reshape=False), (SMALL, np.array(0.7))),
    "rotate 3": (lambda m, x: m.rotate(x, 30.0, axes=(0, 2)), (R.normal(size=(3, 2, 3)),)),
    "geometric_transform": (
        lambda m, x, p: m.geometric_transform(x, lambda i: (i[0] * p[0], i[1] + p[1])),
        (SMALL, np.array([0.9, 0.35])),
    ),
}
POINTS = np.array([[0.6, 2.2, -0.6, 5.3], [1.6, 3.3, 2.2, -3.3]])
LABELS = np.array([[1, 1, 2, 2, 3, 3, 0]] * 6)
MEASURES = (
    *("sum", "sum_labels", "mean", "variance", "standard_deviation", "minimum", "maximum"),
    *("median", "extrema", "center_of_mass"),
)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_and_what_lies_beyond_the_borders(name: str) -> None:
    f, args = FILTERS[name]
    for mode in MODES:
        image = ORDERED if name in ("median_filter", "maximum_filter") else SMALL
        assert_agree(lambda m, *x, mode=mode: f(m, *x, mode), theirs, ours, (image, *args))


@pytest.mark.parametrize("part", range(4))
def test_functions_of_images(part: int) -> None:
    for name in list(CASES)[part::4]:
        f, args = CASES[name]
        assert_agree(f, theirs, ours, args)


@pytest.mark.parametrize("order", range(6))
def test_values_and_coordinates_of_splines(order: int) -> None:
    """Away from where pieces meet, with which differences of low orders have to do."""
    for mode in (*MODES, "grid-wrap", "grid-constant"):
        assert_agree(
            lambda m, x, p, mode=mode: m.map_coordinates(x, p, order=order, mode=mode, cval=0.3),
            theirs,
            ours,
            (SMALL, POINTS),
        )


def test_straight_pieces_share_where_they_meet() -> None:
    line = np.array([0.0, 1.0, 4.0, 9.0])
    for mode, slopes in (("nearest", (0.5, 2.0, 2.5)), ("constant", (1.0, 2.0, 5.0))):
        for c, slope in zip((0.0, 1.0, 3.0), slopes, strict=True):
            found = jvp(
                lambda c, mode=mode: ours.map_coordinates(line, c, order=1, mode=mode),
                (np.array([[c]]),),
                (np.ones((1, 1)),),
            )[1]
            assert found.tolist() == [slope]


def test_measures_of_labelled_regions() -> None:
    for name in MEASURES:
        for args in ((), (LABELS, [1, 2, 3]), (LABELS, 2)):

            def f(m: Any, x: Any, name: str = name, args: Any = args) -> Any:
                y = getattr(m, name)(x, *args)
                return y[:2] if name == "extrema" else y

            assert_agree(f, theirs, ours, (ORDERED + 3,))


def test_output_is_written_to() -> None:
    def smoothed(x: Any) -> Any:
        out = np.zeros(x.shape)
        theirs.uniform_filter1d(x, 3, output=out)
        return out

    expected = np.stack([smoothed(e) for e in np.eye(5)], axis=-1)
    np.testing.assert_allclose(jacobian(smoothed)(np.ones(5)), expected, atol=1e-15)


def test_whole_numbers_are_no_place_for_derivatives() -> None:
    with pytest.raises(TypeError, match="gives whole numbers here"):
        derivative(lambda w: ours.correlate1d(np.arange(5), [w, 1.0]))(0.5)
    with pytest.raises(TypeError, match="output=int32 would lose the derivatives"):
        grad(lambda x: ours.correlate1d(x, LINE, output=np.int32).sum())(IMAGE)
    with pytest.raises(TypeError, match=r"scipy\.ndimage\.zoom cannot take a dual zoom"):
        derivative(lambda z: ours.zoom(IMAGE, z))(1.5)
    with pytest.raises(TypeError, match="takes no structure= with duals"):
        grad(lambda x: ours.grey_erosion(x, structure=np.ones((3, 3))).sum())(IMAGE)


@pytest.mark.parametrize("prefilter", [False, True])
@pytest.mark.parametrize("order", range(2, 6))
def test_beyond_the_border_the_spline_goes_on(order: int, prefilter: bool) -> None:
    """With mode="nearest" it sees the repeated coefficients for half its order."""

    def f(x: Any) -> Any:
        return theirs.map_coordinates(LINE, [x], order=order, mode="nearest", prefilter=prefilter)

    h, places = 1e-4, np.linspace(-4.03, 7.07, 38)
    steps = [np.array(f(places + k * h)) for k in (-1, 0, 1)]
    first, second = (steps[2] - steps[0]) / (2 * h), (steps[2] - 2 * steps[1] + steps[0]) / h**2
    assert prefilter or np.any(first[(places < 0) | (places > 3)])
    for got in (jvp(f, (places,), (np.ones(38),))[1], grad(lambda x: f(x).sum())(places)):
        np.testing.assert_allclose(got, first, atol=1e-6)
    twice = [derivative(lambda t, p=p: f(np.stack([p + t]))[0], order=2)(0.0) for p in places]
    np.testing.assert_allclose(twice, second, atol=1e-5 if order > 2 else 1e-3)
    np.testing.assert_allclose(grad(lambda x: f(x).sum())(np.array([-1e9, 1e9])), 0, atol=1e-15)
