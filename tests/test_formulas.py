"""The formulas of traces, calculated by machine: each row's, with the numbers that it shows.

Whatever a row says of its value, its tangent and what it gives back, NumPy, SciPy and Python's own
modules give these numbers for it; or it says that it is not written out, by ∂v₂/∂v₁ or an ….
"""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.special as sc
from scipy.interpolate import CubicSpline, interp1d
from scipy.optimize import brentq, fsolve
from support.formulas import agrees

from dualad.teach import trace
from dualad.teach.formula import Formula, Partial

A = np.array([[2.0, 1.0], [1.0, 3.0]])
B = np.array([[1.0, 2.0], [0.5, -1.0]])
X = np.array([0.7, 1.9])
XS = np.array([3.0, 1.0, 2.0])
YS = np.array([0.5, -1.0, 4.0])
UFUNCS = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.logaddexp,
          np.hypot, np.power, np.fmax, np.arctan2)  # fmt: skip


def stores(x: Any) -> Any:
    y = np.zeros(3)
    y[0] = x[1]
    y[1:] = x[:2]
    y[[0, 2]] *= 2
    y[y > 5] = 1.0
    return y.sum()


def in_place(x: Any) -> Any:
    y = x.copy()
    y *= 2
    y += x
    y[1] = 0
    y[0] = x[2]
    y -= 1.0
    return y.prod() + y.max()


def at_places(ufunc: Any) -> Any:
    def f(x: Any) -> Any:
        y = x * 1.0
        ufunc.at(y, [0, 1, 0], 2.0)
        return y.sum()

    return f


def at_places_of_x(ufunc: Any) -> Any:
    def f(x: Any) -> Any:
        y = np.ones(3) * x[0]
        ufunc.at(y, [0, 1], x[1:])
        return y.sum()

    return f


def of_ufunc(ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
    return lambda x: getattr(ufunc, method)(x, *args, **options).sum()


# Of a number: lists of operands with constants among them, and what Python and NumPy make of one.
OF_NUMBERS: dict[str, Any] = {
    "sum": lambda x: np.sum([x, x * x, 1.0]),
    "mean": lambda x: np.mean([x, x * x, 1.0]),
    "var": lambda x: np.var([x, x * x, 1.0]),
    "std": lambda x: np.std([x, x * x, 1.0]),
    "prod": lambda x: np.prod([x, x * x, 3.0]),
    "norm": lambda x: np.linalg.norm([x, x * x, 3.0]),
    "sort": lambda x: np.sort([x, x * x, 3.0]) @ np.array([1.0, 2.0, 3.0]),
    "median": lambda x: np.median([x, x * x, 3.0]),
    "ptp": lambda x: np.ptp([x, x * x, 3.0]),
    "cumsum": lambda x: np.cumsum([x, x * x, 3.0])[1],
    "cumprod": lambda x: np.cumprod([x, x * x, 3.0])[2],
    "dot": lambda x: np.dot([x, x * x, 3.0], [1.0, 2.0, x]),
    "inner": lambda x: np.inner([x, 1.0], [2.0, x]),
    "outer": lambda x: np.outer([x, 1.0], [2.0, x]).sum(),
    "vdot": lambda x: np.vdot([x, 1.0], [2.0, x]),
    "kron": lambda x: np.kron([x, 1.0], [2.0, x]).sum(),
    "cross": lambda x: np.cross([x, 1.0, 0.0], [2.0, x, 1.0]).sum(),
    "convolve": lambda x: np.convolve([x, 1.0], [2.0, x]).sum(),
    "trapezoid": lambda x: np.trapezoid([x, x * x, 1.0], [0.0, 1.0, 2.0]),
    "trapz2": lambda x: np.trapezoid([x, x * x, 1.0], [0.0, x, 5.0]),
    "polyval": lambda x: np.polyval([1.0, 2.0, x], x),
    "polyval2": lambda x: np.polyval([1.0, 2.0, 3.0], x),
    "interp": lambda x: np.interp(x, [1.0, 2.0, 3.0], [1.0, 4.0, 9.0]),
    "interp2": lambda x: np.interp(1.5, [1.0, 2.0, 3.0], [x, 4.0, 9.0]),
    "stack": lambda x: np.stack([x, 1.0, x * x]).sum(),
    "array": lambda x: np.array([x, 1.0, x * x]).sum(),
    "hstack": lambda x: np.hstack([x, 1.0, x * x]).sum(),
    "vstack": lambda x: np.vstack([[x, 1.0], [2.0, x * x]]).sum(),
    "concat": lambda x: np.concatenate([[x, 1.0], [2.0, x * x]]).sum(),
    "block": lambda x: np.block([[x, 1.0], [2.0, x * x]]).sum(),
    "append": lambda x: np.append([1.0, x], [2.0]).sum(),
    "insert": lambda x: np.insert([1.0, 2.0], 1, x).sum(),
    "column": lambda x: np.column_stack([[x, 1.0], [2.0, x]]).sum(),
    "select": lambda x: np.select([[True, False], [False, True]], [[x, 1.0], [2.0, x * x]]).sum(),
    "choose": lambda x: np.choose([0, 1], [[x, 1.0], [2.0, x * x]]).sum(),
    "where": lambda x: np.where([True, False], x, [1.0, 2.0]).sum(),
    "where2": lambda x: np.where([True, False], [x, x], 0.0).sum(),
    "average": lambda x: np.average([x, x * x, 1.0], weights=[1.0, 2.0, 3.0]),
    "average2": lambda x: np.average([x, x * x, 1.0], weights=[1.0, x, 3.0]),
    "percentile": lambda x: np.percentile([x, x * x, 3.0], 30),
    "quantile": lambda x: np.quantile([x, x * x, 3.0], 0.3),
    "clip": lambda x: np.clip([x, x * x, 3.0], 0.5, 2.5).sum(),
    "clip2": lambda x: np.clip(x, 0.5, 2.5),
    "linspace": lambda x: np.linspace(0, x, 3).sum(),
    "geomspace": lambda x: np.geomspace(1.0, x, 3).sum(),
    "full": lambda x: np.full(3, x).sum(),
    "diff": lambda x: np.diff([x, x * x, 1.0]).sum(),
    "diffp": lambda x: np.diff([x, x * x, 1.0], prepend=2.0).sum(),
    "diffp2": lambda x: np.diff([1.0, 2.0, 4.0], prepend=x).sum(),
    "ediff": lambda x: np.ediff1d([x, x * x, 1.0], to_end=5.0).sum(),
    "gradient": lambda x: np.gradient([x, x * x, 1.0], 2.0).sum(),
    "einsum": lambda x: np.einsum("i,i->", [x, 1.0], [2.0, x]),
    "matmul": lambda x: np.matmul([[x, 1.0], [2.0, x]], [1.0, x]).sum(),
    "solve": lambda x: np.linalg.solve([[x, 1.0], [2.0, x * x]], [1.0, x]).sum(),
    "det": lambda x: np.linalg.det([[x, 1.0], [2.0, x * x]]),
    "inv": lambda x: np.linalg.inv([[x, 1.0], [2.0, x * x]]).sum(),
    "trace": lambda x: np.trace([[x, 1.0], [2.0, x * x]]),
    "tensordot": lambda x: np.tensordot([x, 1.0], [2.0, x], 1),
    "lstsq": lambda x: np.linalg.lstsq(
        [[x, 1.0], [2.0, x * x], [1.0, 1.0]], [1.0, x, 2.0], rcond=None
    )[0].sum(),
    "vander": lambda x: np.vander([x, 2.0], 3).sum(),
    "pad": lambda x: np.pad([x, 1.0], 1, constant_values=x).sum(),
    "pad2": lambda x: np.pad([x, 1.0], 1, constant_values=7.0).sum(),
    "tile": lambda x: np.tile([x, 1.0], 2).sum(),
    "repeat": lambda x: np.repeat([x, 1.0], 2).sum(),
    "roll": lambda x: np.roll([x, 1.0, 2.0], 1)[0],
    "cov": lambda x: np.cov([x, x * x, 1.0]),
    "corr": lambda x: np.corrcoef([x, x * x, 1.0], [1.0, 2.0, 5.0])[0, 1],
    "nansum": lambda x: np.nansum([x, 1.0]),
    "logsumexp": lambda x: sc.logsumexp([x, x * x, 1.0]),
    "softmax": lambda x: sc.softmax([x, x * x, 1.0])[0],
    "fmean": lambda x: statistics.mean([x, x * x, 1.0]),
    "fm2": lambda x: statistics.fmean([x, x * x, 1.0]),
    "stdev": lambda x: statistics.stdev([x, x * x, 1.0]),
    "heav": lambda x: np.heaviside(x, 0.5) * x,
    "roots": lambda x: np.roots([1.0, -3.0, x]).max(),
    "poly": lambda x: np.poly([x, 1.0]).sum(),
    "polyfit": lambda x: np.polyfit([0.0, 1.0, 2.0], [x, 1.0, x * x], 1).sum(),
    "unwrap": lambda x: np.unwrap([x, 1.0]).sum(),
    "i0": lambda x: np.i0(x),
    "sinc": lambda x: np.sinc(x),
    "piecewise": lambda x: np.piecewise(x, [x < 1, x >= 1], [lambda t: t, lambda t: t * t]),
    "apply": lambda x: np.apply_along_axis(np.sum, 0, [[x, 1.0], [2.0, x]]).sum(),
    "meshgrid": lambda x: np.meshgrid([x, 1.0], [2.0, x])[0].sum(),
    "nanmax": lambda x: np.nanmax([x, 1.0, math.nan]),
    "copysign": lambda x: np.copysign(x, -1.0),
    "fix": lambda x: x * np.fix(x),
    "rnd": lambda x: x * np.round(x, 1),
    "modf": lambda x: np.modf(x)[0],
    "frexp": lambda x: math.frexp(x)[0],
    "flt": lambda x: float(x) * x,
    "intx": lambda x: int(x) * x,
    "rndx": lambda x: round(x, 1) * x,
    "rnd2": lambda x: round(x * x, 2),
    "fl": lambda x: math.floor(x) * x + math.ceil(x) + math.trunc(x),
    "mod": lambda x: x % 1.5 + divmod(x, 1.5)[0] * x + math.fmod(x, 1.5) + math.remainder(x, 1.5),
    "fsum": lambda x: math.fsum([x, x * x, 1.0]),
    "math.prod": lambda x: math.prod([x, x * x, 3.0]),
    "math.dist": lambda x: math.dist([x, 1.0], [2.0, x]),
    "math.hypot": lambda x: math.hypot(x, 1.0, 2.0),
    "built-in sum": lambda x: sum([x, x * x, 1.0]),
    "built-in max": lambda x: max(x, x * x, 1.0),
    "max of equal ones": lambda x: np.max([x, 1.7, 1.0]),
    "max": lambda x: np.max([x, x * x, 1.0]),
    "min": lambda x: np.min([x, x * x, 4.0]),
    "max along": lambda x: np.max([[x, x * x], [1.0, 2.0]], axis=0).sum(),
    "solver's number": lambda x: float(fsolve(lambda t: t**3 + t - x, 1.0)[0]),
    "brentq": lambda x: brentq(lambda t: t**3 + t - x, 0.0, 2.0) * x,
    "spline": lambda x: CubicSpline([0.0, 1.0, 2.0, 3.0], [x, 1.0, x * x, 2.0])(1.5),
    "interp1d": lambda x: float(interp1d([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])(x)),
    "powers": lambda x: 2**x + x**2 + x**-1 + x**0.5 + x**0 + x**x,
}

OF_ARRAYS: dict[str, Any] = {
    "part of places": lambda x: x[np.argsort(x)][0] * x[x > 1.5][1],
    "view of places": lambda x: x[[True, False, True]][::-1] @ X,
    "argsort": lambda x: (x[np.argsort(x)] * np.array([1.0, 2.0, 3.0])).sum(),
    "fancy": lambda x: x[[2, 0]].sum(),
    "mask": lambda x: x[x > 1.5].sum(),
    "mask2": lambda x: x[np.array([True, False, True])].sum(),
    "masknd": lambda x: (x[:, None] * x)[1:, [0, 2]].sum(),
    "neg": lambda x: x[::-1] @ np.array([1.0, 2.0, 3.0]),
    "take": lambda x: np.take(x, [0, 2]).sum(),
    "taa": lambda x: np.take_along_axis(x, np.argsort(x), 0)[0],
    "part": lambda x: np.partition(x, 1)[0],
    "mx": lambda x: x.max() + np.max(x) * x.min(),
    "cum": lambda x: np.cumsum(x)[2] * np.cumprod(x)[1],
    "cumax": lambda x: np.cumsum(np.outer(x, x), axis=1).sum(),
    "mean": lambda x: x.mean() * x.var() * x.std(),
    "ddof": lambda x: x.var(ddof=1) + x.std(ddof=1),
    "ax": lambda x: (
        np.outer(x, x).mean(axis=0).sum() + np.outer(x, x).sum(axis=1, keepdims=True).sum()
    ),
    "sumw": lambda x: np.sum(x, where=np.array([True, False, True])),
    "sumi": lambda x: np.sum(x, initial=5.0),
    "meanw": lambda x: np.mean(x, where=np.array([True, False, True])),
    "fft": lambda x: np.abs(np.fft.fft(x)).sum(),
    "rfft": lambda x: np.fft.rfft(x).real.sum(),
    "norm1": lambda x: np.linalg.norm(x, 1),
    "norminf": lambda x: np.linalg.norm(x, np.inf),
    "normax": lambda x: np.linalg.norm(np.outer(x, x) + np.eye(3), axis=0).sum(),
    "nrm": lambda x: np.linalg.norm(np.outer(x, x) + np.eye(3)),
    "pow": lambda x: (x**2 + x**x + 2**x + x ** (-1)).sum(),
    "powv": lambda x: (x ** np.array([1.0, 2.0, 0.0])).sum(),
    "bc": lambda x: (x[:, None] * x + x[0]).sum(),
    "T": lambda x: (np.outer(x, [1.0, 2.0, 3.0]).T @ x).sum(),
    "resh": lambda x: x.reshape(3, 1).ravel()[1],
    "sq": lambda x: np.expand_dims(x, 0).squeeze()[0],
    "flip": lambda x: np.flip(x)[0] + np.roll(x, 1)[0],
    "tri": lambda x: np.tril(np.outer(x, x)).sum(),
    "diag": lambda x: np.diag(x).sum() + np.diag(np.outer(x, x)).sum(),
    "split": lambda x: np.split(x, [1])[1].sum(),
    "where": lambda x: np.where(x > 1.5, x, -x).sum(),
    "where3": lambda x: np.where(x > 1.5, x**2, 0.0).sum(),
    "maxi": lambda x: np.maximum(x, 1.5).sum() + np.maximum(x, YS).sum(),
    "clip": lambda x: np.clip(x, 1.2, 2.5).sum(),
    "absx": lambda x: np.abs(x - 1.5).sum(),
    "hyp": lambda x: np.hypot(x, 2.0).sum(),
    "log": lambda x: np.log(x).sum() + np.logaddexp(x, 1.0).sum(),
    "lse": lambda x: sc.logsumexp(x),
    "lseb": lambda x: sc.logsumexp(x, b=[1.0, 2.0, 3.0]),
    "softm": lambda x: sc.softmax(x)[0],
    "lsm": lambda x: sc.log_softmax(x)[0],
    "trap": lambda x: np.trapezoid(x, dx=0.5),
    "trapx": lambda x: np.trapezoid(x, [0.0, 1.0, 3.0]),
    "conv": lambda x: np.convolve(x, [1.0, 2.0], mode="same").sum(),
    "corr": lambda x: np.correlate(x, [1.0, 2.0]).sum(),
    "ein": lambda x: np.einsum("i,j->ij", x, x).sum() + np.einsum("i,i", x, x),
    "tdot": lambda x: np.tensordot(np.outer(x, x), x, axes=1).sum(),
    "store": lambda x: stores(x),
    "inp": lambda x: in_place(x),
    "eig": lambda x: np.linalg.eigvalsh(np.outer(x, x) + np.diag(x))[0],
    "eigh": lambda x: np.linalg.eigh(np.outer(x, x) + np.diag(x))[1][0, 0],
    "svd": lambda x: np.linalg.svd(np.outer(x, x) + np.diag(x))[1][0],
    "chol": lambda x: np.linalg.cholesky(np.outer(x, x) + np.diag(x)).sum(),
    "qr": lambda x: np.linalg.qr(np.outer(x, x) + np.diag(x))[1].sum(),
    "slog": lambda x: np.linalg.slogdet(np.outer(x, x) + np.diag(x))[1],
    "mpow": lambda x: np.linalg.matrix_power(np.outer(x, x), 3).sum(),
    "pinv": lambda x: np.linalg.pinv(np.outer(x, x) + np.diag(x)).sum(),
    "expm": lambda x: scipy.linalg.expm(np.outer(x, x) / 9).sum(),
    "chosolve": lambda x: scipy.linalg.cho_solve(
        scipy.linalg.cho_factor(np.outer(x, x) + np.diag(x)), x
    ).sum(),
    "solve_tri": lambda x: scipy.linalg.solve_triangular(
        np.tril(np.outer(x, x)), x, lower=True
    ).sum(),
    "det": lambda x: scipy.linalg.det(np.outer(x, x) + np.diag(x)),
    "sinv": lambda x: scipy.linalg.inv(np.outer(x, x) + np.diag(x)).sum(),
    "block": lambda x: scipy.linalg.block_diag(x, [[1.0, 2.0]]).sum(),
    "toep": lambda x: scipy.linalg.toeplitz(x).sum(),
    "sfft": lambda x: scipy.fft.dct(x).sum(),
    "poly": lambda x: np.polyval(x, 2.0),
    "interp": lambda x: np.interp([0.5, 1.5], [0, 1, 2], x).sum(),
    "med": lambda x: np.median(x),
    "quant": lambda x: np.quantile(x, 0.3),
    "prod": lambda x: np.prod(x) * np.nanprod(x),
    "prodax": lambda x: np.prod(np.outer(x, x), axis=0).sum(),
    "cov": lambda x: np.cov(x, YS).sum(),
    "diffn": lambda x: np.diff(x, n=2).sum(),
    "grad": lambda x: np.gradient(x).sum(),
    "grads": lambda x: np.gradient(x, [0.0, 1.0, 3.0]).sum(),
    "vect": lambda x: np.vectorize(lambda t: t * t)(x).sum(),
    "pw": lambda x: np.piecewise(x, [x < 1.5, x >= 1.5], [lambda t: t, lambda t: t * t]).sum(),
    "al": lambda x: np.apply_along_axis(lambda r: r * r, 0, np.outer(x, x)).sum(),
    "aoa": lambda x: np.apply_over_axes(np.sum, np.outer(x, x), [0]).sum(),
    "ffn": lambda x: np.fromfunction(lambda i: i * 1.0, (3,)) @ x,
    "comp": lambda x: np.compress([True, False, True], x).sum(),
    "ext": lambda x: np.extract(x > 1.5, x).sum(),
    "dele": lambda x: np.delete(x, 1).sum(),
    "ins": lambda x: np.insert(x, 1, 5.0).sum(),
    "app": lambda x: np.append(x, [5.0]).sum(),
    "conc": lambda x: np.concatenate([x, [5.0], x]).sum(),
    "st": lambda x: np.stack([x, np.ones(3), x]).sum(),
    "bcast": lambda x: np.broadcast_to(x, (2, 3)).sum(),
    "dstack": lambda x: np.dstack([x, x]).sum(),
    "rot": lambda x: np.rot90(np.outer(x, x))[0, 0],
    "swap": lambda x: np.swapaxes(np.outer(x, x), 0, 1)[0, 1],
    "mvax": lambda x: np.moveaxis(np.outer(x, x), 0, 1)[0, 1],
    "ptp": lambda x: np.ptp(x),
    "nanm": lambda x: np.nanmean(x) + np.nanmax(x),
    "cs": lambda x: np.cross(x, YS).sum(),
    "ker": lambda x: np.kron(x, [1.0, 2.0]).sum(),
    "vd": lambda x: np.vdot(x, YS),
    "inn": lambda x: np.inner(x, YS) * np.dot(x, YS),
    "mm": lambda x: np.matmul(np.outer(YS, YS), x).sum(),
    "fl": lambda x: (x * np.floor(x)).sum(),
    "rd": lambda x: (x * np.round(x)).sum(),
    "unique": lambda x: np.unique(x).sum(),
    "sear": lambda x: x[np.searchsorted([0.0, 1.5, 5.0], x) - 1].sum(),
    "csum": lambda x: np.add.accumulate(x)[2],
    "arr": lambda x: np.array([x[0], 2.0, x[1] * x[2]]).sum(),
    "asx": lambda x: np.asarray(x, dtype=float).sum() + x.astype(float).sum(),
    "cp": lambda x: (x.copy() * x.T).sum(),
    "it": lambda x: sum(v * v for v in x),
    "lst": lambda x: float(x[0]) * x[1],
    "item": lambda x: x[0].item() * x[1] if hasattr(x[0], "item") else x[0],
    "tl": lambda x: sum(x.tolist()),
    "fl2": lambda x: x.flat[1] * x[0],
    "dig": lambda x: np.tile(x, 2).sum() + np.repeat(x, 2).sum(),
    "cplx": lambda x: np.real(np.exp(1j * x)).sum(),
    "ang": lambda x: np.angle(x + 1j).sum(),
    "sinc": lambda x: np.sinc(x).sum(),
    "i0": lambda x: np.i0(x).sum(),
    "erf": lambda x: (
        sc.erf(x).sum()
        + sc.expit(x).sum()
        + sc.jv(1, x).sum()
        + sc.xlogy(x, 2.0).sum()
        + sc.gammaln(x).sum()
    ),
    "rel": lambda x: sc.rel_entr(x, [1.0, 2.0, 3.0]).sum(),
    "cdist": lambda x: np.sqrt(((x[:, None] - YS) ** 2).sum(-1)).sum(),
}

MATRICES: dict[str, tuple[Any, ...]] = {
    "three factors": (lambda a, b: np.linalg.multi_dot([a, b, a]).sum(), A, B),
    "constant factors": (lambda a: np.linalg.multi_dot([B, a, B, a]).sum(), A),
    "solve": (lambda a, b: np.linalg.solve(a, b).sum(), A, X),
    "scipy's solve": (lambda a, b: scipy.linalg.solve(a, b).sum(), A, X),
    "its matrix": (lambda a: scipy.linalg.solve(a, X).sum(), A),
    "its right side": (lambda b: scipy.linalg.solve(A, b).sum(), X),
    "max along": (lambda a: np.max(a, axis=1).sum() + np.min(a, axis=0, initial=0.5).sum(), A),
    "broadcast": (lambda a, b: ((a[:, None] - b) ** 2 * b[0] + a[:, :, None]).sum(), A, X),
}

# xⁿ where n·xⁿ⁻¹ or xⁿ·ln x, taken literally, are no numbers.
POWERS = [(-2.0, 3), (0.0, 3), (0.0, 0), (2.0, 3), (0.0, 0.5), (0.0, 2.0), (-2.0, 2.0), (0.0, 0.0)]


def cases() -> list[Any]:
    """All programs, with their arguments."""
    found = [pytest.param(f, (1.7,), id=name) for name, f in OF_NUMBERS.items()]
    found += [pytest.param(f, (XS,), id=f"array {name}") for name, f in OF_ARRAYS.items()]
    found += [pytest.param(f, args, id=f"matrix {name}") for name, (f, *args) in MATRICES.items()]
    found += [pytest.param(lambda x, n: x**n, args, id=f"power {args}") for args in POWERS]
    rows = np.array([XS, XS + 1.5, YS + 2])
    for u in UFUNCS:
        some = [
            (at_places(u), XS),
            (at_places_of_x(u), XS),
            (of_ufunc(u, "outer", X), X + 1),
            (lambda x, u=u: u.outer(x, x).sum(), X + 1),
            (of_ufunc(u, "reduceat", [0, 2]), XS),
            (of_ufunc(u, "accumulate"), XS),
            (of_ufunc(u, "accumulate", axis=1), rows),
            (of_ufunc(u, "reduce", axis=0), rows),
        ]
        some += [(of_ufunc(u, "reduce"), XS)] if u is not np.arctan2 else []
        found += [pytest.param(f, (x,), id=f"{u.__name__} {i}") for i, (f, x) in enumerate(some)]
    return found


def numbers_of(t: Any) -> dict[Formula, Any]:
    numbers: dict[Formula, Any] = {r.variable: r.value for r in t if r.kind != "branch"}
    for r in t:
        numbers |= {Partial(r.variable, v): s for v, s in r.slopes.items() if s is not None}
    return numbers


@pytest.mark.parametrize(("f", "args"), cases())
@pytest.mark.filterwarnings("ignore")
def test_formulas_give_the_numbers_beside_them(f: Any, args: Any) -> None:
    t = trace(f, *args)
    numbers = numbers_of(t)
    for row in t:
        if row.kind == "step":
            agrees(row.formula, numbers, row.value, row.name)
        for k in range(len(t.wrt)) if row.kind == "step" else ():
            dots = {r.variable.tangent: r.tangents[k] for r in t if r.kind != "branch"}
            agrees(row.tangent_formula, numbers | dots, row.tangents[k], row.expression)
    t = trace(f, *args, mode="reverse")
    numbers = numbers_of(t)
    for row in reversed(t.rows):
        if row.kind != "branch":
            numbers[row.variable.adjoint] = row.adjoint
        for share in reversed(row.shares):
            if row.kind == "step":
                agrees(share.formula, numbers, share.value, f"{share.expression}, {row.expression}")
            numbers[share.whose] = share.value
