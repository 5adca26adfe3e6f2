"""dualad.scipy.spatial against differences of SciPy's own functions: distances and rotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.agreement import assert_agree

from dualad import NonDifferentiableError, derivative, grad, jacobian, jvp

pytest.importorskip("scipy")

import scipy.spatial as theirs
import scipy.spatial.distance
import scipy.spatial.transform

from dualad.scipy import spatial as ours

R = np.random.default_rng(1)
A, B, W = R.normal(size=(4, 5)) + 2.5, R.normal(size=(3, 5)) + 2.5, R.uniform(0.5, 2, 5)
U, V = R.normal(size=(8, 3)), R.normal(size=(7, 3))
METRICS = (
    *("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation", "canberra"),
    *("braycurtis", "jensenshannon", "minkowski", "seuclidean"),
)
Case = Callable[..., Any]


@pytest.mark.parametrize("metric", METRICS)
def test_metrics(metric: str) -> None:
    def all_pairs(m: Any, a: Any, b: Any) -> Any:
        return m.distance.cdist(abs(a), abs(b), metric)

    assert_agree(all_pairs, theirs, ours, (A, B))
    assert_agree(lambda m, a: m.distance.pdist(abs(a), metric), theirs, ours, (A,))
    if metric == "seuclidean":
        return

    def one(m: Any, a: Any, b: Any) -> Any:
        return getattr(m.distance, metric)(a, b)

    assert_agree(one, theirs, ours, (abs(A[0]), abs(B[0])))
    if metric != "jensenshannon":
        assert_agree(lambda m, a, b: m.distance.cdist(a, b, metric, w=W), theirs, ours, (A, B))


@pytest.mark.filterwarnings(
    "ignore:`(distance_matrix|minkowski_.*)` is deprecated:DeprecationWarning"
)
def test_distances() -> None:
    cases: list[tuple[Case, tuple[Any, ...]]] = [
        (lambda m, a, b: m.distance.cdist(a, b, "mahalanobis"), (U, V)),
        (lambda m, a: m.distance.pdist(a, "mahalanobis"), (U,)),
        (lambda m, a, b, v: m.distance.mahalanobis(a, b, v), (U[0], V[0], np.eye(3) + 0.1)),
        (lambda m, a, b, v: m.distance.seuclidean(a, b, v), (U[0], V[0], W[:3])),
        (lambda m, a, b: m.distance.cdist(a, b, "minkowski", p=3.0), (U, V)),
        (lambda m, a, b: m.distance.cdist(a, b, lambda u, v: np.sum((u - v) ** 4)), (U[:3], V[:2])),
        (lambda m, x: m.distance.squareform(x), (np.arange(6.0),)),
        (lambda m, x: m.distance.squareform(m.distance.squareform(x)), (np.arange(6.0),)),
        (lambda m, a, b: m.distance.directed_hausdorff(a, b)[0], (U, V)),
        (lambda m, a, b: m.distance_matrix(a, b, 3), (U, V)),
        (lambda m, a, b: m.minkowski_distance(a, b), (U[0], V[0])),
    ]
    for f, args in cases:
        assert_agree(f, theirs, ours, args)


def test_points_that_meet() -> None:
    """The norm has a kink there, and the mean of its one-sided derivatives is 0."""
    found = jacobian(lambda x: ours.distance.cdist(x, x))(np.array([[1.0, 2.0], [4.0, 6.0]]))
    assert np.all(found[0, 0] == 0)
    np.testing.assert_allclose(found[0, 1], [[-0.6, -0.8], [0.6, 0.8]], rtol=1e-15)


def test_metrics_of_truth_values_are_refused() -> None:
    with pytest.raises(TypeError, match="metric 'hamming' of pdist and cdist has a step"):
        grad(lambda x: ours.distance.pdist(x, "hamming").sum())(A)


v, q = np.array([0.4, -0.9, 0.3]), np.array([0.3, -0.5, 0.2, -0.7])
ROTATIONS: dict[str, tuple[Case, tuple[Any, ...]]] = {
    **{
        f"rotvec {name} {size}": (f, (v * size,))
        for size in (1.0, 1e-3, 0.0)
        for name, f in {
            "matrix": lambda R, r: R.from_rotvec(r).as_matrix(),
            "rotvec": lambda R, r: R.from_rotvec(r * 1.5).as_rotvec(),
            "mrp": lambda R, r: R.from_rotvec(r).as_mrp(),
            "quat": lambda R, r: R.from_rotvec(r).as_quat(),
        }.items()
    },
    **{
        f"{name} {shape}": (f, (np.reshape(R.normal(size=n), shape),))
        for shape, n in (((4,), 4), ((2, 4), 8))
        for name, f in {
            "canonical": lambda R, q: R.from_quat(q).as_quat(canonical=True),
            "scalar first": lambda R, q: R.from_quat(q).as_quat(),
            "inverse": lambda R, q: R.from_quat(q).inv().apply(v),
            "apply inverse": lambda R, q: R.from_quat(q).apply(v, inverse=True),
            "magnitude": lambda R, q: R.from_quat(q).magnitude(),
            "power": lambda R, q: (R.from_quat(q) ** 2.5).as_matrix(),
            "product": lambda R, q: (R.from_quat(q) * R.from_rotvec(q[..., :3])).as_quat(),
            "by plain": lambda R, q: (R.from_quat(q) * PLAIN).as_matrix(),
            "of plain": lambda R, q: (PLAIN * R.from_quat(q)).as_matrix(),
            **{
                seq: lambda R, q, seq=seq: R.from_quat(q).as_euler(seq, degrees=seq.isupper())
                for seq in ("ZXZ", "XYZ", "yxy")
            },
        }.items()
    },
    "apply": (lambda R, q, x: R.from_quat(q).apply(x), (q, U)),
    "mean": (
        lambda R, q, w: R.from_quat(q).mean(np.abs(w)).as_quat(),
        (R.normal(size=(4, 4)), R.normal(size=4)),
    ),
    **{
        f"aligned, {name}": (f, (R.normal(size=(4, 3)), R.normal(size=(4, 3))))
        for name, f in {
            "matrix": lambda R, a, b: R.align_vectors(a, b)[0].as_matrix(),
            "distance": lambda R, a, b: R.align_vectors(a, b)[1],
        }.items()
    },
    "aligned, weights": (
        lambda R, w: R.align_vectors(U, np.roll(U, 1, 0), w**2 + 0.1)[0].as_rotvec(),
        (R.normal(size=len(U)),),
    ),
    "element": (lambda R, q: R.from_quat(q)[1].as_matrix(), (R.normal(size=(3, 4)),)),
    "euler": (lambda R, a: R.from_euler("xyz", a).as_matrix(), (v,)),
    "euler two": (lambda R, a: R.from_euler("XZ", a * 9, degrees=True).as_matrix(), (U[:, :2],)),
    "euler one": (lambda R, a: R.from_euler("x", a).as_matrix(), (np.array(0.4),)),
    "mrp": (lambda R, a: R.from_mrp(a).as_matrix(), (v,)),
    "matrix": (
        lambda R, m: R.from_matrix(m).as_quat(),
        (theirs.transform.Rotation.from_rotvec(v).as_matrix(),),
    ),
    "no rotation": (
        lambda R, m: R.from_matrix(m).as_matrix(),
        (theirs.transform.Rotation.from_rotvec(v).as_matrix() + 0.1 * R.normal(size=(3, 3)),),
    ),
}
PLAIN = theirs.transform.Rotation.from_rotvec([0.1, 0.2, 0.3])


@pytest.mark.parametrize("part", range(3))
def test_rotations(part: int) -> None:
    for name in list(ROTATIONS)[part::3]:
        f, args = ROTATIONS[name]
        assert_agree(lambda m, *x, f=f: f(m.transform.Rotation, *x), theirs, ours, args)


def test_rotations_under_scipys_own_names() -> None:
    def turned(angle: Any) -> Any:
        rotation = scipy.spatial.transform.Rotation.from_euler("z", angle)
        return PLAIN.apply(rotation.apply([1.0, 0.0, 0.0]))

    found = derivative(turned)(0.7)
    np.testing.assert_allclose(found, PLAIN.apply([-np.sin(0.7), np.cos(0.7), 0]), rtol=1e-14)


def test_vectors_that_do_not_decide_about_one_rotation() -> None:
    align = ours.transform.Rotation.align_vectors
    with pytest.raises(NonDifferentiableError, match="several rotations are equally near"):
        derivative(lambda t: align([[1.0, t, 0.0]], [[1.0, 0.0, 0.0]])[0].as_rotvec())(0.3)
    with pytest.raises(TypeError, match="takes finite weights"):
        derivative(lambda t: align(U * t, U, [np.inf, *np.ones(len(U) - 1)])[1])(0.3)


def test_gimbal_lock_is_told() -> None:
    with pytest.raises(NonDifferentiableError, match="gimbal lock"), pytest.warns(UserWarning):
        jacobian(lambda a: ours.transform.Rotation.from_euler("xyz", a).as_euler("xyz"))(
            np.array([0.1, np.pi / 2, 0.2])
        )


def test_rotations_of_plain_numbers_are_scipys() -> None:
    assert type(ours.transform.Rotation.from_rotvec(v)) is theirs.transform.Rotation


def test_concatenated_rotations() -> None:
    """Some with tangents, some of SciPy; about one axis, the angle is what moves."""
    kind = theirs.transform.Rotation

    def f(x: Any) -> Any:
        still = kind.from_rotvec([[0.0, 0.2, 0.0], [0.1, 0.0, 0.0]])
        return kind.concatenate([kind.from_rotvec([x, 0, 0]), still, kind.from_rotvec([0, x, 0])])

    np.testing.assert_array_equal(
        jvp(lambda x: f(x).as_quat(), (0.7,), (1.0,))[0], f(0.7).as_quat()
    )
    expected = np.zeros((4, 3))
    expected[0, 0] = expected[3, 1] = 1.0
    got = jacobian(lambda x: f(x).as_rotvec())(0.7)
    np.testing.assert_allclose(got, expected, atol=1e-14)
    with pytest.raises(TypeError, match="Rotation objects only"):
        derivative(lambda x: kind.concatenate([kind.from_rotvec([x, 0, 0]), 1]).magnitude()[0])(0.7)


@pytest.mark.parametrize("times", [0.7, [0.0, 0.3, 1.7, 2.0]])
def test_between_rotations(times: Any) -> None:
    """In the times, plain and moved, and in the rotations."""
    Rotation, Slerp = theirs.transform.Rotation, theirs.transform.Slerp
    r = Rotation.from_rotvec([[0.0, 0.0, 0.4], [0.3, -0.2, 1.1], [1.0, 0.5, -0.3]])

    def at_times(a: Any) -> Any:
        return Slerp([0.0, 1.0, 2.0], r)(np.asarray(times) * a).as_quat()

    def of_rotations(a: Any) -> Any:
        ends = Rotation.from_rotvec(np.array([[0.0, 0.0, 0.4], [0.3, a, 1.1], [1.0, 0.5, a * a]]))
        return Slerp(np.array([0.0, 1.0, 2.0 + a]), ends)(times).as_matrix()

    for f, x in ((at_times, 0.9), (of_rotations, 0.6)):
        wide, narrow = ((f(x + h) - f(x - h)) / (2 * h) for h in (0.002, 0.001))
        for mode in ("forward", "reverse"):
            got = jacobian(lambda p, f=f: f(p[0]), mode=mode)(np.array([x]))[..., 0]
            np.testing.assert_allclose(got, (4 * narrow - wide) / 3, atol=1e-9)
        value, _ = jvp(f, (x,), (1.0,))
        np.testing.assert_array_equal(value, f(x))
