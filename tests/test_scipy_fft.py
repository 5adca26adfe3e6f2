"""dualad.scipy.fft: every transform against its own matrix, forward, backward and as a pattern."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from dualad import derivative, jacobian, sparsity

pytest.importorskip("scipy")

import scipy.fft as theirs

from dualad.scipy import fft as ours

X = np.random.default_rng(5).normal(size=(3, 5))
NORMS = (None, "ortho", "forward")
WEIGHTS = ((None, None), ("ortho", None), ("ortho", False), ("forward", True))


def assert_linear(name: str, x: Any, **options: Any) -> None:
    """The derivative of a linear function is its matrix: its value at every unit array."""
    f, g = getattr(theirs, name), getattr(ours, name)
    y = f(x, **options)
    found = jacobian(lambda x: g(x, **options), mode="forward")(x)
    units = np.eye(x.size).reshape(-1, *x.shape)
    matrix = np.stack([f(unit, **options) for unit in units], axis=-1).reshape(*y.shape, *x.shape)
    np.testing.assert_allclose(found, matrix, rtol=0, atol=1e-13)
    back = jacobian(lambda x: _parts(g(x, **options)), mode="reverse")(x)
    np.testing.assert_allclose(back, _parts(matrix), rtol=0, atol=1e-13)
    value = derivative(lambda t: g(x * t**2, **options), order=2)(1.0)
    np.testing.assert_allclose(value, 2 * y, rtol=0, atol=1e-12)


def _parts(y: Any) -> Any:
    return np.stack([np.real(y), np.imag(y)])


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_transforms_along_one_axis(name: str) -> None:
    for n, norm in zip((None, 4, 7), NORMS, strict=True):
        assert_linear(name, X[0], n=n, norm=norm)
    assert_linear(name, X[:2, :3], axis=0)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_transforms_along_several(name: str) -> None:
    x = X[:, :4]
    assert_linear(name + "2", x, norm="ortho")
    assert_linear(name + "n", x, s=(4, 3), axes=(1, 0), norm="forward")
    assert_linear(name + "n", x)


@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_cosines_and_sines(name: str) -> None:
    for kind, (norm, weighed) in itertools.product((1, 2, 3, 4), WEIGHTS):
        assert_linear(name, X[0], type=kind, norm=norm, orthogonalize=weighed)
    for n in (4, 7):
        assert_linear(name, X[0], n=n, type=3)
    assert_linear(name, X[:2, :3], axis=0)
    assert_linear(name + "n", X[:2, :3])
    assert_linear(name + "n", X[:2, :3], s=[4], axes=[0], norm="ortho")


def test_shifts() -> None:
    for name in ("fftshift", "ifftshift"):
        assert_linear(name, X[0])
        assert_linear(name, X, axes=1)


def test_complex_numbers_and_precision() -> None:
    z = X[0] + 1j * X[1]
    y = derivative(lambda t: ours.fft(z * t))(1.0)
    np.testing.assert_allclose(y, theirs.fft(z), atol=1e-13)
    single = jacobian(ours.dct)(X[0].astype(np.float32))
    assert single.dtype == np.float32


def test_each_result_of_a_transform_depends_on_its_row() -> None:
    pattern = sparsity(lambda x: ours.dct(x, axis=-1))(X[:2]).toarray()
    matrix = np.kron(np.eye(2), theirs.dct(np.eye(5), axis=0))
    assert not np.any(pattern[matrix == 0])
    assert np.all(pattern[abs(matrix) > 1e-12])


def test_lengths_that_are_fast_are_plain() -> None:
    assert ours.next_fast_len(13) == theirs.next_fast_len(13)
