"""numpy.fft: against differences, and against the sums that define the transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracle import check

from dualad import Dual, derivative, grad, hessian, jacobian
from dualad.array.protocols import ARRAY_FUNCTIONS
from dualad.pair import plain

fft = np.fft

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]
SHIFTS = ["fftshift", "ifftshift"]
NORMS = st.sampled_from([None, "backward", "ortho", "forward"])
REAL_ONLY = ("rfft", "ihfft", "rfft2", "rfftn")


@st.composite
def calls(draw: Any) -> tuple[str, list[int], dict[str, Any]]:
    """A transform, a shape, and keyword arguments that go together."""
    name = draw(st.sampled_from(ONE + SEVERAL + SHIFTS))
    two = name.endswith("2")
    shape = draw(st.lists(st.integers(2, 4), min_size=1 + two, max_size=3))
    axes = draw(st.permutations(range(-len(shape), 0)))
    if draw(st.booleans()):
        axes = [i % len(shape) for i in axes]
    size = st.integers(2, 5)
    if name in ONE:
        return name, shape, {"n": draw(st.none() | size), "axis": axes[0], "norm": draw(NORMS)}
    count = draw(st.integers(1, len(shape)))
    some: Any = tuple(axes[:count])
    if name in SHIFTS:
        return name, shape, {"axes": draw(st.sampled_from([None, some, some[0], list(some)]))}
    if draw(st.booleans()):
        sizes = draw(st.lists(size, min_size=count, max_size=count))
        return name, shape, {"s": sizes, "axes": some, "norm": draw(NORMS)}
    if not two:
        some = draw(st.sampled_from([None, some]))
    return name, shape, {"axes": some, "norm": draw(NORMS)}


def parts(z: Any) -> list[Any]:
    return [z.real, z.imag] if np.iscomplexobj(plain(z)) else [z]


@settings(max_examples=120, deadline=None)
@given(calls(), st.booleans())
def test_transforms(call: tuple[str, list[int], dict[str, Any]], is_complex: bool) -> None:
    name, shape, options = call
    f = getattr(fft, name)
    random = np.random.default_rng(shape)
    x, y, *dots = random.normal(size=(5, *shape))
    if is_complex and name not in REAL_ONLY:
        check(lambda x, y: parts(f(x * x + 1j * y * x, **options)), x, y, analytic=False)
    else:
        check(lambda x: parts(f(x * x, **options)), x, analytic=False)
    for many in (1, 2, 3):  # the same bits in every pass
        several = f(Dual(x, np.stack(dots[:many])), **options)
        np.testing.assert_array_equal(several.primal, f(x, **options))
        for row, dot in zip(several.tangent, dots, strict=False):
            np.testing.assert_array_equal(row, f(dot, **options))
            np.testing.assert_array_equal(row, f(Dual(x, dot), **options).tangent)


def test_the_sums_that_define_them() -> None:
    n = 6
    wave = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)
    x = np.random.default_rng(0).normal(size=(n, n))
    for name, matrix in (
        ("fft", wave),
        ("ifft", np.conj(wave) / n),
        ("rfft", wave[: n // 2 + 1]),
        ("ihfft", np.conj(wave)[: n // 2 + 1] / n),
    ):
        slopes = jacobian(getattr(fft, name))(x[0])
        np.testing.assert_allclose(slopes, matrix, atol=1e-14)
    both = jacobian(fft.fft2)(x)
    np.testing.assert_allclose(both, np.einsum("ik,jl->ijkl", wave, wave), atol=1e-13)
    signal = lambda c: fft.irfft(c * fft.rfft(x[0]))  # a filter  # noqa: E731
    back = grad(lambda c: np.sum(signal(c) ** 2))(np.ones(n // 2 + 1))
    power = abs(fft.rfft(x[0])) ** 2
    np.testing.assert_allclose(back, power * [2, 4, 4, 2] / n, rtol=1e-13)  # Parseval
    curvature = hessian(lambda v: np.sum(abs(fft.fft(v)) ** 2))(x[0])
    np.testing.assert_allclose(curvature, 2 * n * np.eye(n), atol=1e-12)


def test_axes_may_repeat_or_be_none() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3))
    for axes in ((0, 0), (), (1, 0, 1)):
        check(lambda v, axes=axes: parts(fft.fftn(v * v, axes=axes)), x, analytic=False)
    check(lambda v: parts(fft.fftn(v * v, s=(-1, 5), axes=(0, 1))), x, analytic=False)
    assert fft.fftn(Dual(x, x), s=(4,)).shape == (2, 4)  # NumPy's old rule for axes=None
    assert fft.fftn(Dual(x, np.stack([x, x])), s=(4,)).tangent.shape == (2, 2, 4)


def test_precision_and_kinds() -> None:
    x = np.ones(4, np.float32)
    for name, dtype in (("fft", np.complex64), ("irfft", np.float32), ("fftshift", np.float32)):
        for dot in (x, np.stack([x, x])):
            y = getattr(fft, name)(Dual(x, dot))
            assert y.primal.dtype == y.tangent.dtype == dtype
    y = fft.fft(Dual(np.ones((0, 3)), np.ones((2, 0, 3))))
    assert y.tangent.shape == (2, 0, 3)
    assert fft.rfft(Dual(np.ones(4), np.ones((0, 4)))).tangent.shape == (0, 3)
    slopes = derivative(lambda d: fft.fftfreq(4, d) * fft.rfftfreq(6, d))(2.0)
    np.testing.assert_allclose(slopes, -2 * fft.fftfreq(4) * fft.rfftfreq(6) / 8)
    fixed = np.broadcast_to(2.0, (3, 4))
    assert not np.any(fft.fft(Dual(fixed, fixed)).tangent[:, 1:])


def test_out() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3))
    for name in ("fft", "ifftn"):
        f = getattr(fft, name)
        out = Dual(np.zeros((2, 3), complex), np.zeros((2, 3), complex))
        assert f(Dual(x, 2 * x), out=out) is out
        np.testing.assert_array_equal(out.primal, f(x))
        np.testing.assert_array_equal(out.tangent, f(2 * x))
        assert f(x, out=out) is out and not np.any(out.tangent)  # x is constant
        assert f([[Dual(1.0, 1.0)] * 3] * 2, out=out) is out and np.any(out.tangent)
    dual = Dual(x, x)
    refused: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (
            lambda: fft.fft(dual, out=np.zeros((2, 3), complex)),
            TypeError,
            "cannot hold derivatives",
        ),
        (lambda: fft.fftn(dual, out=np.zeros((2, 3), complex)), TypeError, "omit out="),
        (lambda: fft.fft(dual, out=dual), TypeError, "Cannot cast ufunc 'fft' output"),
        (lambda: fft.fft(dual, n=4, out=out), ValueError, r"shape \(2, 3\), but the result has"),
    ]
    for call, error, text in refused:
        with pytest.raises(error, match=text):
            call()


def test_errors_are_those_of_numpy() -> None:
    x = Dual(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="out of bounds"):
        fft.fft(x, axis=2)
    with pytest.raises(ValueError, match="Invalid number of FFT data points"):
        fft.fft(x, n=0)
    with pytest.raises(ValueError, match="Invalid norm"):
        fft.fft(x, norm="other")
    with pytest.raises(ValueError, match="different lengths"):
        fft.fftn(x, s=(2, 2), axes=(0,))
    with pytest.raises(TypeError):
        fft.rfft(x * 1j)


def test_every_transform_is_here() -> None:
    names = set(fft.__all__) - {"fftfreq", "rfftfreq"}
    assert names == set(ONE + SEVERAL + SHIFTS)
    assert [n for n in names if getattr(fft, n) not in ARRAY_FUNCTIONS] == []
