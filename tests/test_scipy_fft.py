"""dualad.scipy.fft: every transform against its own matrix, forward, backward and as a pattern."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from dualad import Dual, derivative, jacobian, sparsity

pytest.importorskip("scipy")

import scipy.fft as theirs
import scipy.fftpack

from dualad.scipy import fft as ours
from dualad.scipy import fftpack

X = np.random.default_rng(5).normal(size=(3, 5))
NORMS = (None, "ortho", "forward")
WEIGHTS = ((None, None), ("ortho", None), ("ortho", False), ("forward", True))


def assert_linear(name: str, x: Any, *, of: Any = (theirs, ours), **options: Any) -> None:
    """The derivative of a linear function is its matrix: its value at every unit array."""
    f, g = (getattr(module, name) for module in of)
    y = f(x, **options)
    np.testing.assert_array_equal(g(Dual(x, x), **options).primal, y)
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


# -- scipy.fftpack ---------------------------------------------------------------------------

PACK = (scipy.fftpack, fftpack)
PARAMETERS: dict[str, tuple[float, ...]] = {
    **{"hilbert": (), "ihilbert": (), "tilbert": (0.7,), "itilbert": (0.7,), "shift": (0.7,)},
    **{f"{pair}_diff": (0.3, 0.8) for pair in ("cs", "sc", "ss", "cc")},
}


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft"])
def test_transforms_of_fftpack(name: str) -> None:
    for n in (None, 4, 7):
        for x in (X[0], X[0, :4]):
            assert_linear(name, x, of=PACK, n=n)
    assert_linear(name, X[:, :2], of=PACK, axis=0)
    if name in ("fft", "ifft"):
        assert_linear(name + "n", X, of=PACK, shape=(4, 3), axes=(1, 0))
        assert_linear(name + "2", X[:, :4], of=PACK)


@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_cosines_and_sines_of_fftpack(name: str) -> None:
    for kind, norm in itertools.product((1, 2, 3, 4), (None, "ortho")):
        assert_linear(name, X[0], of=PACK, type=kind, norm=norm)
    assert_linear(name, X, of=PACK, n=7, axis=0)
    assert_linear(name + "n", X[:2, :3], of=PACK, shape=[4], axes=[0])


def test_what_multiplies_waves() -> None:
    """In the sequence, and in each of the parameters."""
    x, z = X[0], X[1, :4] + 1j * X[2, :4]
    for order in (-1, 0, 1, 2, 3):
        assert_linear("diff", x, of=PACK, order=order)
        assert_linear("diff", x[:4], of=PACK, order=order, period=3.0)
    for name, given in PARAMETERS.items():
        f, g = (getattr(module, name) for module in PACK)
        names = "ab" if len(given) == 2 else "a" if name == "shift" else "h"
        options = dict(zip(names, given, strict=False))
        for v in (x, x[:4]):
            assert_linear(name, v, of=PACK, **options)
        if not given:
            continue
        for at in range(len(given) + 1):

            def along(h: Any, f: Any = g, at: int = at, given: Any = given) -> Any:
                moved = [v + h * (i == at) for i, v in enumerate((*given, 3.0))]
                return f(z, *moved)

            wide, narrow = ((along(h, f) - along(-h, f)) / (2 * h) for h in (0.002, 0.001))
            want = (4 * narrow - wide) / 3
            np.testing.assert_allclose(derivative(along)(0.0), want, rtol=1e-7, atol=1e-9)
    with pytest.raises(TypeError, match="cannot take a dual order"):
        derivative(lambda n: fftpack.diff(x, n))(1.0)


def test_fftpack_in_lifted_code() -> None:
    from scipy.fftpack import diff, fftfreq, fftshift, idct, rfft, rfftfreq

    def f(v: Any) -> Any:
        kept = idct(rfft(v), norm="ortho") * fftshift(fftfreq(5, v[0])) * rfftfreq(5, d=v[1])
        return kept + diff(v * v, period=v[2] + 3)

    def along(h: Any) -> Any:
        return f(X[0] + h * X[1])

    wide, narrow = ((along(h) - along(-h)) / (2 * h) for h in (0.002, 0.001))
    forward, backward = (jacobian(f, mode=mode)(X[0]) for mode in ("forward", "reverse"))
    np.testing.assert_allclose(forward @ X[1], (4 * narrow - wide) / 3, rtol=1e-7)
    np.testing.assert_allclose(backward, forward, rtol=1e-12, atol=1e-13)
    assert fftpack.next_fast_len(13) == scipy.fftpack.next_fast_len(13)
