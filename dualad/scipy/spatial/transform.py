"""scipy.spatial.transform: rotations with tangents.

A rotation with tangents is SciPy's of the plain numbers and a quaternion of duals. Every value is
that of SciPy's rotation; its tangents come from the quaternion.

>>> import numpy as np
>>> from dualad import jacobian
>>> def turned(angle):
...     return Rotation.from_euler("z", angle).apply(np.array([1.0, 0.0, 0.0]))
>>> jacobian(turned)(0.0)
array([0., 1., 0.])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.spatial.transform as _scipy

from ...array.operands import as_operand
from ...array.undefined import NonDifferentiableError
from ...array_rules.common import array, has_duals
from ...pair import plain
from .._names import names_of
from .._parts import order_of, stripped, with_value
from .._theorems import solved

__all__ = ["Rotation", "Slerp"]

_AXES = np.eye(3)


# -- quaternions (x, y, z, w) ------------------------------------------------------------------


# The k-th number of the product of the i-th and the j-th unit is [i, j, k].
_PRODUCTS = np.zeros((4, 4, 4))
for _i, _j, _k, _sign in (
    *((0, 1, 2, 1), (1, 2, 0, 1), (2, 0, 1, 1), (1, 0, 2, -1), (2, 1, 0, -1), (0, 2, 1, -1)),
    *((0, 0, 3, -1), (1, 1, 3, -1), (2, 2, 3, -1), (3, 3, 3, 1)),
    *((0, 3, 0, 1), (1, 3, 1, 1), (2, 3, 2, 1), (3, 0, 0, 1), (3, 1, 1, 1), (3, 2, 2, 1)),
):
    _PRODUCTS[_i, _j, _k] = _sign
# Of the matrix of q, whose columns are q·e·q⁻¹ for three units e.
_INVERSES = np.diag([-1.0, -1.0, -1.0, 1.0])
_MATRICES = np.einsum("ila,amk,jm->ijkl", _PRODUCTS, _PRODUCTS, _INVERSES)[:, :, :3, :3]


def _bilinear(p: Any, q: Any, table: Any) -> Any:
    pairs = p[..., :, None] * q[..., None, :]
    flat = np.reshape(pairs, (*np.shape(pairs)[:-2], 16)) @ np.reshape(table, (16, -1))
    return np.reshape(flat, (*np.shape(pairs)[:-2], *table.shape[2:]))


def _product(p: Any, q: Any) -> Any:
    return _bilinear(p, q, _PRODUCTS)


def _inverse(q: Any) -> Any:
    return np.concatenate([-q[..., :3], q[..., 3:]], axis=-1)


def _unit(q: Any) -> Any:
    return q / np.sqrt(np.sum(q * q, axis=-1, keepdims=True))


def _matrix(q: Any) -> Any:
    return _bilinear(q, q, _MATRICES)


_SMALL = 0.01
_TERMS = 8  # of a series in something so small


def _even(t: Any, series: Any, f: Any) -> Any:
    """A smooth function of t ≥ 0: by its series near zero, elsewhere as a function of √t."""
    small = plain(t) < _SMALL
    near = np.where(small, t, 0.0)
    y: Any = 0.0
    for c in reversed(series):
        y = y * near + c
    return np.where(small, y, f(np.sqrt(np.where(small, 1.0, t))))


def _factorials(start: int) -> list[float]:
    """The coefficients of cos(√t/2), or of 2·sin(√t/2)/√t, from start = 0 or 1."""
    found = [1.0]
    for k in range(1, _TERMS):
        found.append(-found[-1] / (4 * (2 * k + start - 1) * (2 * k + start)))
    return found


_COSINES, _SINES = _factorials(0), _factorials(1)


def _of_rotvec(r: Any) -> Any:
    t = np.sum(r * r, axis=-1, keepdims=True)
    sines = _even(t, [c / 2 for c in _SINES], lambda s: np.sin(s / 2) / s)
    return np.concatenate([sines * r, _even(t, _COSINES, lambda s: np.cos(s / 2))], axis=-1)


def _rotvec(q: Any) -> Any:
    """2·atan2(|v|, w)/|v| · v, with w ≥ 0."""
    w = plain(q)[..., 3:]
    q = q * np.where((w < 0) | ((w == 0) & (_first(plain(q)) < 0)), -1.0, 1.0)
    v, w = q[..., :3], q[..., 3:]
    t = np.sum(v * v, axis=-1, keepdims=True)
    small = plain(t) < _SMALL
    ratio = np.where(small, t / np.where(small, w * w, 1.0), 0.0)
    near: Any = 0.0
    for k in reversed(range(2 * _TERMS)):
        near = near * ratio + (-1.0) ** k / (2 * k + 1)
    near = 2 * near / np.where(small, w, 1.0)
    s = np.sqrt(np.where(small, 1.0, t))
    return np.where(small, near, 2 * np.arctan2(s, w) / s) * v


def _first(q: Any) -> Any:
    """The first of the vector parts that is not zero."""
    v = q[..., :3]
    place = np.argmax(v != 0, axis=-1, keepdims=True)
    return np.take_along_axis(v, place, axis=-1)


def _of_matrix(m: Any, q: Any) -> Any:
    """The quaternion of matrices, near the plain quaternions q that SciPy finds for them."""
    steps = 2 + order_of(m)
    for _ in range(50):  # to the nearest rotation, by Newton's iteration for the polar factor
        nearer = (m + np.matrix_transpose(np.linalg.inv(m))) / 2
        steps -= bool(np.all(abs(plain(nearer) - plain(m)) < 1e-9))
        m = nearer
        if not steps:
            break
    d = m @ np.matrix_transpose(_matrix(q))  # next to the identity
    w = np.expand_dims(np.sqrt(1 + d[..., 0, 0] + d[..., 1, 1] + d[..., 2, 2]) / 2, -1)
    return _product(np.concatenate([_axial(d) / (2 * w), w], axis=-1), q)


def _axial(d: Any) -> Any:
    """The vector of the antisymmetric part of matrices."""
    pairs = ((2, 1), (0, 2), (1, 0))
    return np.stack([(d[..., i, j] - d[..., j, i]) / 2 for i, j in pairs], axis=-1)


def _about(axis: str, angle: Any) -> Any:
    e = _AXES["xyz".index(axis.lower())]
    half = np.reshape(angle / 2, (*np.shape(angle), 1))
    return np.concatenate([np.sin(half) * e, np.cos(half)], axis=-1)


def _of_angles(seq: str, angles: Any) -> Any:
    """One rotation after another, about axes that turn along or, in lower case, do not."""
    each = [_about(axis, angles[..., i]) for i, axis in enumerate(seq)]
    q = each[0]
    for other in each[1:]:
        q = _product(q, other) if seq.isupper() else _product(other, q)
    return q


def _angles(seq: str, q: Any, found: Any) -> Any:
    """The angles of rotations, which SciPy finds as plain numbers."""
    order = range(3) if seq.isupper() else range(2, -1, -1)
    before = np.broadcast_to(np.array([0.0, 0, 0, 1]), (*found.shape[:-1], 4))
    columns: list[Any] = [None] * 3
    for i in order:
        columns[i] = _matrix(before)[..., "xyz".index(seq[i].lower())]
        before = _product(before, _about(seq[i], found[..., i]))
    slopes = np.stack(columns, axis=-1)  # how the rotation turns with each angle
    if np.any(abs(np.linalg.det(slopes)) < 1e-7):
        raise NonDifferentiableError(
            "the first and the third angle turn about the same axis here (gimbal lock), so they "
            "have no derivatives; use other axes, as_rotvec or as_quat."
        )
    inverse, back = np.linalg.inv(slopes), np.swapaxes(np.linalg.inv(slopes), -1, -2)
    turned = np.matrix_transpose(_matrix(q))

    def times(m: Any, r: Any) -> Any:
        return (m @ r[..., None])[..., 0]

    return solved(
        lambda a: _axial(_matrix(_of_angles(seq, a)) @ turned),
        found,
        lambda r: times(inverse, r),
        back=lambda r: times(back, r),
    )


def _dominant(k: Any, q: Any) -> Any:
    """The eigenvector of the largest eigenvalue of symmetric k, of which q is the plain one.

    Raises
    ------
    NonDifferentiableError
        If there are two.
    """
    m = plain(k)
    sizes = np.linalg.eigvalsh(m)
    if sizes[-1] - sizes[-2] <= 1e-10 * abs(sizes).max():
        raise NonDifferentiableError(
            "several rotations are equally near to what is given, so that the nearest has no "
            "derivative; give vectors or rotations that decide about one."
        )
    beside = np.linalg.pinv(m - (q @ m @ q) * np.eye(4), 1e-11)

    def residual(q: Any) -> Any:
        turned = k @ q
        return turned - (q @ turned) / (q @ q) * q

    return _unit(solved(residual, q, lambda r: beside @ r, back=lambda r: beside @ r))


# -- rotations ------------------------------------------------------------------------------


class Rotation:
    """Rotations with tangents, by the names of `scipy.spatial.transform.Rotation`.

    Made by its `from_…` methods; what they get in plain numbers gives a rotation of SciPy.

    Parameters
    ----------
    quat : array, shape (4,) or (n, 4)
        Quaternions (x, y, z, w), of any length but zero.

    Attributes
    ----------
    plain : scipy.spatial.transform.Rotation
        That of the plain numbers.
    quat : dual array
        Quaternions of length 1.
    """

    plain: Any
    quat: Any
    stands_for = property(lambda self: self.plain)

    def __new__(cls, quat: Any, normalize: bool = True, copy: bool = True, **options: Any) -> Any:
        return cls.from_quat(quat, **options)

    @staticmethod
    def from_quat(quat: Any, *, scalar_first: bool = False) -> Any:
        """Of quaternions."""
        quat = array(quat)
        found = _scipy.Rotation.from_quat(plain(quat))
        if scalar_first:
            quat = np.roll(quat, -1, axis=-1)
            found = _scipy.Rotation.from_quat(plain(quat))
        return _rotation(found, _unit(quat)) if has_duals(quat) else found

    @staticmethod
    def from_matrix(matrix: Any, **options: Any) -> Any:
        """Of matrices, or of the rotations nearest to them."""
        matrix = array(matrix)
        found = _scipy.Rotation.from_matrix(plain(matrix), **options)
        return _rotation(found, _of_matrix(matrix, found.as_quat())) if has_duals(matrix) else found

    @staticmethod
    def from_rotvec(rotvec: Any, degrees: bool = False) -> Any:
        """Of vectors along the axes, as long as the angles."""
        rotvec = array(rotvec)
        found = _scipy.Rotation.from_rotvec(plain(rotvec), degrees)
        if not has_duals(rotvec):
            return found
        return _rotation(found, _of_rotvec(np.radians(rotvec) if degrees else rotvec))

    @staticmethod
    def from_mrp(mrp: Any) -> Any:
        """Of modified Rodrigues parameters, which are v/(1 + w)."""
        mrp = array(mrp)
        found = _scipy.Rotation.from_mrp(plain(mrp))
        square = np.sum(mrp * mrp, axis=-1, keepdims=True)
        quat = np.concatenate([2 * mrp, 1 - square], axis=-1) / (1 + square)
        return _rotation(found, quat) if has_duals(mrp) else found

    @staticmethod
    def from_euler(seq: str, angles: Any, degrees: bool = False) -> Any:
        """Of angles about axes, one after another."""
        angles = array(angles)
        found = _scipy.Rotation.from_euler(seq, plain(angles), degrees)
        if not has_duals(angles):
            return found
        each = np.radians(angles) if degrees else angles
        if len(seq) == 1:
            each = each if np.ndim(each) == 2 else each[..., None]
        quat = _of_angles(seq, each)
        return _rotation(found, np.reshape(quat, np.shape(found.as_quat())))

    @staticmethod
    def concatenate(rotations: Any) -> Any:
        """Several, one after another, as one array of rotations."""
        if isinstance(rotations, Rotation):
            return rotations
        each = rotations if isinstance(rotations, _scipy.Rotation) else list(rotations)
        if not any(isinstance(r, Rotation) for r in each):
            return _scipy.Rotation.concatenate(each)
        found = _scipy.Rotation.concatenate(
            [r.plain if isinstance(r, Rotation) else r for r in each]
        )
        quats = [_parts_of(r)[1] for r in each]
        return _rotation(found, np.concatenate([q if np.ndim(q) > 1 else q[None] for q in quats]))

    @staticmethod
    def align_vectors(a: Any, b: Any, weights: Any = None, return_sensitivity: bool = False) -> Any:
        """The rotation that brings vectors b nearest to a, and how far they are apart then.

        Raises
        ------
        NonDifferentiableError
            If there are several such rotations.
        TypeError
            With duals, if a weight is infinite, or the sensitivity is asked for.
        """
        given = stripped([a, b, weights])
        found = _scipy.Rotation.align_vectors(*given, return_sensitivity)
        if not has_duals(a, b, weights):
            return found
        a, b = array(a), array(b)
        w = np.ones(np.shape(a)[:-1]) if weights is None else array(weights)
        if return_sensitivity or np.isinf(plain(w)).any():
            raise TypeError(
                "align_vectors with duals takes finite weights, and gives no sensitivity matrix; "
                "omit return_sensitivity=, and write a large weight for an infinite one."
            )
        both = np.swapaxes(a, -1, -2) @ (w[:, None] * b)
        traces = np.reshape(_MATRICES, (16, 9)) @ np.reshape(both, -1)
        k = np.reshape(traces, (4, 4))
        quat = _dominant((k + np.matrix_transpose(k)) / 2, found[0].as_quat())
        turned = _rotation(found[0], quat)
        apart = np.sqrt(np.sum(w[:, None] * (a - turned.apply(b)) ** 2))
        return turned, with_value(apart, found[1])

    def mean(self, weights: Any = None, axis: Any = None) -> Any:
        """The rotation nearest to all."""
        if axis is not None:
            raise TypeError("mean of rotations with tangents is that of all; omit axis=.")
        q = self.quat if np.ndim(self.quat) > 1 else self.quat[None]
        w = np.ones(len(plain(q))) if weights is None else array(weights)
        found = self.plain.mean(stripped(weights))
        return _rotation(
            found, _dominant(np.matrix_transpose(q) @ (w[:, None] * q), found.as_quat())
        )

    def as_quat(self, canonical: bool = False, *, scalar_first: bool = False) -> Any:
        """The quaternions."""
        value = self.plain.as_quat(canonical)
        quat = with_value(
            self.quat * np.sign(np.sum(value * plain(self.quat), -1, keepdims=True)), value
        )
        return np.roll(quat, 1, axis=-1) if scalar_first else quat

    def as_matrix(self) -> Any:
        """The matrices."""
        return with_value(_matrix(self.quat), self.plain.as_matrix())

    def as_rotvec(self, degrees: bool = False) -> Any:
        """Vectors along the axes, as long as the angles."""
        y = _rotvec(self.quat)
        return with_value(np.degrees(y) if degrees else y, self.plain.as_rotvec(degrees))

    def as_mrp(self) -> Any:
        """Modified Rodrigues parameters."""
        quat = self.quat * np.where(plain(self.quat)[..., 3:] < 0, -1.0, 1.0)
        return with_value(quat[..., :3] / (1 + quat[..., 3:]), self.plain.as_mrp())

    def as_euler(self, seq: str, degrees: bool = False, **options: Any) -> Any:
        """Angles about axes.

        Raises
        ------
        NonDifferentiableError
            In gimbal lock.
        """
        value = self.plain.as_euler(seq, degrees, **options)
        y = _angles(seq, self.quat, self.plain.as_euler(seq, **options))
        return with_value(np.degrees(y) if degrees else y, value)

    def apply(self, vectors: Any, inverse: bool = False) -> Any:
        """The vectors, rotated."""
        return _applied(self.plain, self.quat, vectors, inverse)

    def magnitude(self) -> Any:
        """The angles, from 0 to π."""
        r = _rotvec(self.quat)
        return with_value(np.linalg.norm(r, axis=-1), self.plain.magnitude())

    def inv(self) -> Any:
        """The rotations back."""
        return _rotation(self.plain.inv(), _inverse(self.quat))

    def __mul__(self, other: Any) -> Any:
        found, quat = _parts_of(other)
        return _rotation(self.plain * found, _product(self.quat, quat))

    def __rmul__(self, other: Any) -> Any:
        found, quat = _parts_of(other)
        return _rotation(found * self.plain, _product(quat, self.quat))

    def __pow__(self, n: Any, modulus: None = None) -> Any:
        return _rotation(self.plain ** plain(n), _of_rotvec(n * _rotvec(self.quat)))

    def __getitem__(self, index: Any) -> Any:
        return _rotation(self.plain[index], self.quat[index])

    def __len__(self) -> int:
        return len(self.plain)

    @property
    def single(self) -> bool:
        """Whether it is one rotation, and no array of them."""
        return bool(self.plain.single)

    def __repr__(self) -> str:
        return f"<dualad rotation of {self.plain!r}>"

    def __getattr__(self, name: str) -> Any:
        if hasattr(_scipy.Rotation, name) and not name.startswith("_"):
            raise AttributeError(
                f"a rotation with tangents has no {name}; write r.plain.{name} for that of the "
                "plain rotation, without derivatives."
            )
        raise AttributeError(f"a rotation has no attribute {name!r}")


class Slerp:
    """Rotations between given ones, by the shortest way and at a steady pace.

    Parameters
    ----------
    times : array, shape (n,)
    rotations : Rotation
        Of n rotations; both may have tangents.

    Examples
    --------
    >>> from dualad import derivative
    >>> ends = _scipy.Rotation.from_rotvec([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> round(derivative(lambda t: Slerp([0.0, 2.0], ends)(t).as_rotvec()[2])(0.5), 12)
    0.5
    """

    stands_for = property(lambda self: self.plain)

    def __init__(self, times: Any, rotations: Any) -> None:
        found, self._quats = _parts_of(rotations)
        self.times, self.rotations = array(times), rotations
        self.plain = _scipy.Slerp(plain(self.times), found)

    def __call__(self, times: Any) -> Any:
        """The rotations at these times."""
        t = array(times)
        value = self.plain(plain(t))
        if not has_duals(t, self.times, self._quats):
            return value
        i = np.maximum(np.searchsorted(plain(self.times), plain(t)) - 1, 0)
        share = (t - self.times[i]) / (self.times[i + 1] - self.times[i])
        first, turn = self._quats[i], _product(_inverse(self._quats[i]), self._quats[i + 1])
        part = _rotvec(turn) * np.reshape(share, (*np.shape(share), 1))
        return _rotation(value, _product(first, _of_rotvec(part)))


def _rotation(found: Any, quat: Any) -> Rotation:
    """A rotation with tangents, the sign of its quaternion being SciPy's."""
    result = object.__new__(Rotation)
    value = found.as_quat()
    sign = np.sign(np.sum(value * plain(quat), axis=-1, keepdims=True))
    result.plain, result.quat = found, with_value(quat * sign, value)
    return result


def _parts_of(x: Any) -> tuple[Any, Any]:
    return (x.plain, x.quat) if isinstance(x, Rotation) else (x, x.as_quat())


def _applied(found: Any, quat: Any, vectors: Any, inverse: bool) -> Any:
    v, m = array(vectors), _matrix(quat)
    value = found.apply(plain(v), inverse)
    if inverse:
        m = np.matrix_transpose(m)
    return with_value((m @ v[..., None])[..., 0], value)


def _apply(self: Any, vectors: Any, inverse: bool = False) -> Any:
    """SciPy's own rotation, of vectors with tangents."""
    vectors = as_operand(vectors)
    if not has_duals(vectors):
        return self.apply(vectors, inverse)
    return _applied(self, self.as_quat(), vectors, inverse)


def _between(self: Any, times: Any) -> Any:
    """SciPy's own interpolation, at times with tangents."""
    if not has_duals(times):
        return self(times)
    last = self.rotations[-1] * _scipy.Rotation.from_rotvec(self.rotvecs[-1])
    ours = object.__new__(Slerp)
    ours.plain, ours.times = self, self.times
    ours._quats = np.concatenate([self.rotations.as_quat(), last.as_quat()[None]])
    return ours(times)


# What stands for the methods of SciPy's classes, which lifted code calls by these.
METHODS = {
    getattr(_scipy.Rotation, name): getattr(Rotation, name)
    for name in (
        *("from_quat", "from_matrix", "from_rotvec", "from_mrp", "from_euler", "concatenate"),
        "align_vectors",
    )
} | {_scipy.Rotation.apply: _apply, _scipy.Slerp.__call__: _between}

__getattr__, __dir__ = names_of(__name__)
