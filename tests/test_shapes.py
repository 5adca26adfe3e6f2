"""Shape and stacking functions, and views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from support.oracle import check

from dualad import Dual, DualArray, grad, jacobian, jvp

CUBE = np.arange(1.0, 25).reshape(2, 3, 4) / 7
SQUARE = np.arange(1.0, 10).reshape(3, 3) / 3
LINE = np.array([0.3, -1.2, 2.5, 0.7])

ONE = {
    "reshape": lambda x: np.reshape(x, (4, -1)) ** 2,
    "reshape F": lambda x: np.reshape(x, (4, 6), order="F") ** 2,
    "reshape method": lambda x: x.reshape(3, 8) ** 2 + x.reshape((3, 8)),
    "ravel": lambda x: np.ravel(x) ** 2 * np.ravel(x, "F"),
    "flatten": lambda x: x.flatten() * x.flatten("F"),
    "transpose": lambda x: np.transpose(x) ** 2,
    "transpose axes": lambda x: np.transpose(x, (1, 0, 2)) * x.transpose(1, 0, 2),
    "permute_dims": lambda x: np.permute_dims(x, (2, 0, 1)) ** 2,
    "T": lambda x: x.T**2,
    "mT": lambda x: x.mT * np.matrix_transpose(x),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1) * x.swapaxes(2, 0),
    "moveaxis": lambda x: np.moveaxis(x, (0, 1), (-1, 0)) ** 2,
    "rollaxis": lambda x: np.rollaxis(x, 2, 1) ** 2,
    "squeeze": lambda x: np.squeeze(x[:, None, :, :1], axis=1) ** 2 * np.squeeze(x[:, :, :1])[..., None],
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)) ** 2,
    "atleast of several": lambda x: np.sum([np.sum(a) for a in np.atleast_2d(2.0, x[0], [1.0])]),
    "atleast": lambda x: np.atleast_3d(x[0]) * np.atleast_1d(x[0, 0, 0]) + np.atleast_2d(x[0, 0])[0, 0],
    "flip": lambda x: np.flip(x) * np.flip(x, 1) * np.flip(x, (0, -1)) * np.flipud(x) * np.fliplr(x),
    "rot90": lambda x: [np.rot90(x, k, (0, 2)) ** 2 for k in range(-1, 4)],
    "roll": lambda x: np.roll(x, 5) * np.roll(x, (1, 2), (0, 1)) * np.roll(x, -1, 2),
    "repeat": lambda x: np.repeat(x, 2, 1) ** 2 * np.repeat(x, [1, 2, 3], axis=1) * x.repeat(2, 1),
    "tile": lambda x: np.tile(x, (2, 1, 2)) ** 2,
    "resize": lambda x: np.resize(x, (5, 7)) ** 2,
    "tril, triu": lambda x: np.tril(x) ** 2 + np.triu(x, 1) ** 3,
    "diagonal": lambda x: np.diagonal(x, 1, 1, 2) ** 2 * x.diagonal(axis1=0, axis2=1)[:1, :1],
    "delete": lambda x: np.delete(x, [0, 2], 1) ** 2 + np.sum(np.delete(x, 5)),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, *x.shape)) ** 2,
    "split": lambda x: [p**2 for p in np.split(x, 2) + np.split(x, [1, 2], axis=2)],
    "hsplit of rows": lambda x: [p**2 for p in np.hsplit(x[0, 1], [1, 3]) + np.hsplit(x[0], 2)],
    "array_split": lambda x: [p**2 for p in np.array_split(x, 3, axis=2)],
    "vsplit": lambda x: [p**2 for p in np.vsplit(x, 2) + np.hsplit(x, 3) + np.dsplit(x, [1, 3])],
    "split falling": lambda x: [p**2 for p in np.split(x, [2, 1], axis=2)],
    "pad constant": lambda x: np.pad(x, 1) ** 2 + np.pad(x, ((0, 2), (1, 1), (2, 0)), constant_values=3.0) ** 2,
    "pad edge": lambda x: np.pad(x, 2, "edge") ** 2 + np.pad(x, 2, "wrap") ** 2,
    "pad reflect": lambda x: np.pad(x, 1, "reflect") ** 2 + np.pad(x, 1, "symmetric") ** 2,
    "pad odd": lambda x: np.pad(x, 1, "reflect", reflect_type="odd") ** 2,
    "pad ramp": lambda x: np.pad(x, 2, "linear_ramp", end_values=(1.0, 2.0)) ** 2,
    "pad mean": lambda x: np.pad(x, 1, "mean") ** 2 + np.pad(x, 1, "mean", stat_length=2) ** 2,
    "insert": lambda x: np.insert(x, 1, x[0, 0, 0], axis=1) ** 2,
    "append": lambda x: np.append(x, x**2) * np.append(x, x, axis=0).ravel(),
    "flat": lambda x: sum(e * i for i, e in enumerate(x.flat)) * x.flat[3] * x.flat[2:5],
    "view": lambda x: x.view() ** 2 * x.copy(),
    "block": lambda x: np.block([[x[0], x[1]], [x[1] * 2, np.ones((3, 4))]]) ** 2,
}  # fmt: skip
if hasattr(np, "unstack"):  # NumPy 2.1
    ONE["unstack"] = lambda x: [p**2 for p in np.unstack(x, axis=1)]


@pytest.mark.parametrize("name", ONE)
def test_one_array(name: str) -> None:
    check(ONE[name], CUBE)


STACKING = {
    "concatenate": lambda x, y: np.concatenate((x, y, np.ones((1, 3)))) ** 2,
    "concatenate axis": lambda x, y: np.concatenate([x, y], axis=-1) ** 2,
    "concatenate None": lambda x, y: np.concatenate((x, y * 2), axis=None) ** 2,
    "stack": lambda x, y: np.stack((x, y, np.ones((3, 3))), axis=1) ** 2 + np.stack([y, x, x], -2),
    "stacks": lambda x, y: np.vstack((x, y))[:3] * np.hstack((x, y))[:, 3:] + np.dstack((x, y))[..., 1],
    "column_stack": lambda x, y: np.column_stack((x[0], y, np.arange(3.0))) ** 2,
    "broadcast_arrays": lambda x, y: [a**2 for a in np.broadcast_arrays(x, y[0])],
    "meshgrid": lambda x, y: [a * b for a, b in zip(np.meshgrid(x[0], y[1, :2]), np.meshgrid(y[0], x[0, 1:]))],
    "meshgrid ij": lambda x, y: [a**2 for a in np.meshgrid(x[0], y[1, :2], indexing="ij", sparse=True)],
    "meshgrid of three": lambda x, y: [a**2 for a in np.meshgrid(x[0, :2], y[1], x[2, :1])],
    "insert": lambda x, y: np.insert(x, [0, 2], y[:2], axis=0) ** 2,
    "pad duals": lambda x, y: np.pad(x, 1, constant_values=y[0, 0]) ** 2,
    "lists": lambda x, y: np.stack([x[0, 0], y[1, 1], 2.0]) ** 2 * np.array([x[0, 1], y[0, 0], 1.0]),
    "array of rows": lambda x, y: np.vstack([np.array([x[0, 0], 1.0]), np.array([y[0, 0], 2.0])]) ** 2,
    "diag": lambda x, y: np.diag(x[0], -1)[1:] * np.diag(y, 1)[0] + np.diagflat(y[:, :1], 1)[0, 1],
    "diag of the middle": lambda x, y: np.diag(x[0]) * np.diagflat(y[0]) + np.diag(y),
}  # fmt: skip


@pytest.mark.parametrize("name", STACKING)
def test_several_arrays(name: str) -> None:
    check(STACKING[name], SQUARE, np.cos(SQUARE))


ALONG = {
    "concatenate": lambda x, i: np.concatenate((x, x * x, np.ones(np.shape(x))), i),
    "append": lambda x, i: np.append(x, x * x, i),
    "insert": lambda x, i: np.insert(x, 0, 5.0, i),
    "delete": lambda x, i: np.delete(x * x, 0, i),
    "take": lambda x, i: np.take(x * x, [0, -1, 0], i),
    "repeat": lambda x, i: np.repeat(x * x, 2, i),
    "roll": lambda x, i: np.roll(x * x, 1, i),
    "flip": lambda x, i: np.flip(x * x, i),
    "moveaxis": lambda x, i: np.moveaxis(x * x, i, 0),
    "moveaxis back": lambda x, i: np.moveaxis(x * x, -1, i),
    "swapaxes": lambda x, i: np.swapaxes(x * x, i, 0),
    "array_split": lambda x, i: [part**2 for part in np.array_split(x, 2, i)],
    "diff": lambda x, i: np.diff(x * x, axis=i),
    "squeeze": lambda x, i: np.squeeze(np.sum(x * x, axis=i, keepdims=True), i),
}
ALONG_NEW = {
    "stack": lambda x, i: np.stack((x, x * x, np.ones(np.shape(x))), i),
    "expand_dims": lambda x, i: np.expand_dims(x * x, i),
}


def test_trim_zeros_along_several_axes() -> None:
    try:
        np.trim_zeros(np.ones((1, 1)), axis=1)  # type: ignore[call-overload]
    except TypeError:
        pytest.skip("NumPy before 2.2 trims one axis")
    a = np.pad(SQUARE, ((1, 2), (3, 0)))
    x = Dual(a, np.stack([a, 2 * a]))
    for axis in (None, 0, 1, -1, (0, 1)):
        try:
            expected = np.trim_zeros(a, axis=axis)  # type: ignore[call-overload]
        except TypeError:
            continue  # NumPy 2.2 takes one axis or all
        given: Any = np.trim_zeros(x, axis=axis)  # type: ignore[call-overload]
        np.testing.assert_array_equal(given.primal, expected)
        np.testing.assert_array_equal(given.tangent, np.stack([expected, 2 * expected]))


def test_pad_by_axis() -> None:
    try:
        np.pad(SQUARE, {0: 1})  # type: ignore[call-overload]
    except TypeError:
        pytest.skip("NumPy before 2.4 takes no dict")
    for widths in ({0: 1}, {-1: (1, 2)}, {1: 2, -2: (0, 3)}):
        for mode in ("constant", "edge", "mean", "median", "maximum"):
            check(lambda v, w=widths, m=mode: np.pad(v, w, m) ** 2, SQUARE, second=False)


def test_pad_with_a_statistic_of_more_than_there_is() -> None:
    for length in (7, ((1, 2), (9, 2)), ((9, 9), (1, 9))):
        for mode in ("median", "maximum", "mean"):
            f = lambda v, n=length, m=mode: np.pad(v, 1, m, stat_length=n)  # noqa: E731
            check(f, SQUARE, second=False)


def test_empty_like_takes_a_dtype() -> None:
    x = Dual(SQUARE, SQUARE)
    assert np.empty_like(x, np.float32).dtype == np.empty_like(x, dtype=np.float32).dtype == "f4"


@pytest.mark.parametrize("k", range(-5, 8))
def test_rot90(k: int) -> None:
    check(lambda v: np.rot90(v * v, k, (0, 2)), CUBE, second=False)


def test_rot90_turns_once_and_the_first_axes() -> None:
    y = np.rot90(Dual(CUBE, CUBE))
    np.testing.assert_array_equal(y.primal, np.rot90(CUBE))
    np.testing.assert_array_equal(y.tangent, np.rot90(CUBE))


@pytest.mark.parametrize("name", [*ALONG, *ALONG_NEW])
@settings(max_examples=20)
@given(data=st.data())
def test_every_axis_of_every_shape(name: str, data: Any) -> None:
    shape = data.draw(array_shapes(min_dims=1 if name in ALONG else 0, max_dims=4, max_side=3))
    n = len(shape) + (name in ALONG_NEW)
    axis = data.draw(st.integers(-n, n - 1))
    x = np.sin(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)
    check(lambda v: {**ALONG, **ALONG_NEW}[name](v, axis), x, second=False)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_indexing(data: Any) -> None:
    """Every kind of index, mixed, read and written."""
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=4))
    x = np.sin(np.arange(np.prod(shape))).reshape(shape)
    index: list[Any] = []
    for n in shape[: data.draw(st.integers(0, len(shape)))]:
        integer = st.integers(-n, n - 1)
        index.append(
            data.draw(
                st.one_of(
                    integer,
                    st.slices(n),
                    st.lists(integer, min_size=2, max_size=2).map(np.array),
                )
            )
        )
    extras = data.draw(st.sampled_from([[], [None], [Ellipsis]]))
    place = data.draw(st.integers(0, len(index)))
    where = (*index[:place], *extras, *index[place:])
    try:
        _ = x[where]
    except IndexError:  # an ellipsis moved an index to a shorter axis
        assume(False)
    check(lambda v: v[where] ** 2, x, second=False)

    def assign(v: Any) -> Any:
        w = v * 2
        w[where] = v[where] * 3 + 1
        return w * v

    places = np.arange(x.size).reshape(shape)[where].ravel()
    if len(set(places.tolist())) == places.size:
        check(assign, x, second=False)


def test_boolean_masks() -> None:
    def f(v: Any) -> Any:
        w = v.copy()
        w[v > 1.1] = v[v > 1.1] ** 2
        w[:, v[0] > 1.1] *= 3
        w[0, :2] = v[1, :2] + v[2, 0]
        w[2] = 4
        return w * v

    check(f, SQUARE)
    assert Dual(LINE, LINE)[np.array([True, False, True, False])].shape == (2,)
    assert Dual(LINE, LINE)[True].shape == (1, 4)


def test_views_are_views_of_value_and_tangent() -> None:
    """Whatever NumPy gives as a view writes through, and what it copies does not."""

    def writes(view: Any) -> Any:
        def f(v: Any) -> Any:
            w = v * 1
            part = view(w)
            part[...] = part * 5
            return w**2

        return f

    for view in (
        lambda w: w[1:],
        lambda w: w[:, ::-1],
        lambda w: w.T,
        lambda w: w.T[1],
        lambda w: w.reshape(4, -1),
        lambda w: w.ravel(),
        lambda w: w.T.ravel(),
        lambda w: w.T.reshape(2, -1),
        lambda w: np.swapaxes(w, 0, 1)[2:],
        lambda w: w.flatten(),
        lambda w: w.copy(),
        lambda w: w[[0, 1]],
        lambda w: w[None].squeeze(),
        lambda w: np.split(w, 2)[1],
        np.flip,
        np.rot90,
        lambda w: w[...],
        lambda w: w.view(),
        np.atleast_3d,
    ):
        check(writes(view), CUBE[0].T.copy())
        check(writes(view), np.asfortranarray(CUBE[0].T))


@pytest.mark.parametrize("order", ["C", "F", "A"])
@pytest.mark.parametrize("copy", [None, True, False] if hasattr(np, "unstack") else [None])
def test_reshaping_copies_where_numpy_does(order: Any, copy: Any) -> None:
    options = {} if copy is None else {"copy": copy}
    a = np.arange(12.0).reshape(3, 4) + 1
    x = Dual(a.copy(), a * a)
    for lay in (lambda y: y, lambda y: y.T, lambda y: y[:, ::2], lambda y: y[1:2]):
        for shape in ((-1,), (2, -1), lay(a).shape, (1, *lay(a).shape)):
            try:
                want = np.reshape(lay(a), shape, order, **options)
            except ValueError:
                with pytest.raises(ValueError, match="Unable to avoid creating a copy"):
                    np.reshape(lay(x), shape, order, **options)
                continue
            got = np.reshape(lay(x), shape, order, **options)
            assert np.shares_memory(got.primal, x.primal) == np.shares_memory(want, a)
            assert got.primal.strides == want.strides
            np.testing.assert_array_equal(got.primal, want)
            np.testing.assert_array_equal(got.tangent, want * want)
        got = np.ravel(lay(x), order)
        np.testing.assert_array_equal(got.primal, np.ravel(lay(a), order))
        np.testing.assert_array_equal(got.tangent, got.primal**2)


@given(st.permutations(range(4)), st.data())
@settings(max_examples=40, deadline=None)
def test_elements_in_the_order_in_which_they_lie(axes: Any, data: Any) -> None:
    """Axes of length 1, of stride 0, and backward among them."""
    a = np.arange(24.0).reshape(2, 3, 1, 4)
    x = Dual(a.copy(), a * a)
    steps = tuple(slice(None, None, data.draw(st.sampled_from([1, 2, -1]))) for _ in axes)
    many = data.draw(st.sampled_from([1, 2]))
    for lay in (
        lambda y: np.transpose(y[steps], axes),
        lambda y: np.transpose(np.broadcast_to(y[:, :, :1], (2, 3, many, 4)), axes),
    ):
        got, want = np.ravel(lay(x), "K"), np.ravel(lay(a), "K")
        np.testing.assert_array_equal(got.primal, want)
        np.testing.assert_array_equal(got.tangent, want * want)


@pytest.mark.parametrize("f", [np.delete, np.tile])
def test_places_of_plain_elements_are_asked_as_numpy_asks_them(f: Any) -> None:
    """A dual that counts or numbers them is refused as the float that it is."""
    with pytest.raises((TypeError, IndexError)) as wanted:
        f(LINE, 2.0)
    with pytest.raises(wanted.type, match="integer"):
        f(LINE, Dual(2.0, 1.0))


def test_what_is_resized_from_nothing_is_zero() -> None:
    for tangent in (np.zeros(0), np.zeros((2, 0))):
        y = np.resize(Dual(np.zeros(0), tangent), (3, 4))
        np.testing.assert_array_equal(y.primal, np.resize(np.zeros(0), (3, 4)))
        np.testing.assert_array_equal(y.tangent, np.zeros((*tangent.shape[:-1], 3, 4)))


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_meshgrid_copies_where_numpy_does(copy: bool, sparse: bool) -> None:
    a, b = np.arange(3.0), np.arange(2.0)
    x, y = Dual(a.copy(), a), Dual(b.copy(), b)
    given = zip((x, y), (a, b), strict=True)
    found = zip(
        np.meshgrid(x, y, copy=copy, sparse=sparse),
        np.meshgrid(a, b, copy=copy, sparse=sparse),
        strict=True,
    )
    for (got, want), (dual, plain) in zip(found, given, strict=True):
        assert np.shares_memory(got.primal, dual.primal) == np.shares_memory(want, plain)
        np.testing.assert_array_equal(got.tangent, want)


@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.array(2.0)], ids=["float", "float64", "()"])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_numbers_are_reshaped_to_what_numpy_makes_of_them(x: Any, shape: Any) -> None:
    seen: list[Any] = []
    for f in (np.squeeze, np.transpose, lambda v: np.reshape(v, shape)):
        jvp(lambda v, f=f: seen.append(f(v)) or 2 * v, (x,), (x,))
        assert seen[-1].__class__ is type(f(x))
        assert seen[-1].shape == f(x).shape


def test_an_element_is_a_number_of_its_own() -> None:
    x = Dual(np.ones(3), np.eye(3))
    first = x[0]
    x[0] = 7.0
    assert first.tangent.tolist() == [1.0, 0.0, 0.0]
    row = x.copy()
    row += 1
    other = row
    row += x
    assert other is row  # in-place operators write into the array
    assert other.primal.tolist() == [15.0, 3.0, 3.0]
    y = x + 1
    y[1] = 0.0
    assert x.tangent[1].tolist() == [0.0, 1.0, 0.0]


def test_assignment_refuses_what_would_be_lost() -> None:
    x = Dual(LINE, np.ones(4))
    with pytest.raises(ValueError, match="could not convert string to float"):  # as in NumPy
        x[0] = "a"
    with pytest.raises(TypeError, match="holds numbers, got str"):
        x[0] = "1.5"
    with pytest.raises(ValueError, match="cannot store a dual with tangent of shape"):
        x[0] = Dual(1.0, np.ones(3))
    with pytest.raises(ValueError):
        x[:2] = Dual(np.ones(3), np.ones(3))
    assert x.primal.tolist() == LINE.tolist() and x.tangent.tolist() == [1, 1, 1, 1]
    x[:2] = [Dual(5.0, 2.0), 6.0]
    assert x.tangent.tolist() == [2, 0, 1, 1]
    with pytest.raises(TypeError, match="would lose the derivatives"):
        np.zeros(3)[0:1] = x[:1]
    for values in (x[0], x[:1]):  # NumPy would make whole numbers of them
        with pytest.raises(TypeError, match="dtype=int64 would lose the derivatives"):
            np.insert(np.arange(3), 1, values)
    assert np.insert(x, 1, [2, 3]).tangent.tolist() == [2, 0, 0, 0, 1, 1]


def test_attributes_and_small_methods() -> None:
    x = Dual(CUBE, np.ones((5, *CUBE.shape)))
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == (CUBE.shape, 3, 24, 2, np.float64)
    assert (x.itemsize, x.nbytes, x.strides, x.device) == (8, 192, CUBE.strides, "cpu")
    assert x.flags.c_contiguous
    assert CUBE[0, 0, 0] in x and 99.0 not in x
    assert x.item(3).primal == x.item((0, 0, 3)).primal == CUBE[0, 0, 3]
    assert isinstance(x.item(3).primal, float)
    assert x.tolist()[1][2][3].primal == CUBE[1, 2, 3]
    assert x.astype(np.float32).tangent.dtype == np.float32
    assert x.astype(complex).tangent.dtype == complex
    assert type(x.astype(int)) is np.ndarray and x.astype(int).dtype == int
    assert x.astype(object).dtype == object
    x.fill(Dual(2.0, np.arange(5.0)))
    assert x.tangent[4].min() == 4
    for name in ("tobytes", "data", "ctypes", "base", "resize"):
        with pytest.raises(
            AttributeError, match=rf"write getattr\(x, 'primal', x\)\.{name} for the plain array"
        ):
            getattr(x, name)
    with pytest.raises(AttributeError, match="a DualArray has no attribute 'colour'"):
        _ = x.colour
    with pytest.raises(TypeError, match=r"0-d array"):
        iter(Dual(np.array(1.0), np.array(1.0))).__next__()
    with pytest.raises(ValueError, match="give an index"):
        x.item()
    assert repr(Dual(np.zeros(1), np.ones(1))) == "DualArray([0.], [1.])"


@settings(max_examples=30, deadline=None)
@given(
    arrays(
        float,
        array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
        elements=st.floats(-3, 3),
    )
)
def test_every_shape_keeps_its_shape(x: Any) -> None:
    j = jacobian(lambda v: (v * 2).reshape(-1)[::-1].reshape(v.shape))(x)
    assert j.shape == x.shape + x.shape
    np.testing.assert_array_equal(j.reshape(x.size, x.size), 2 * np.eye(x.size)[::-1])
    y = Dual(x, np.ones((0, *x.shape)))
    assert (y + 1).tangent.shape == (0, *x.shape)
    assert isinstance(np.ravel(y), DualArray)


@pytest.mark.parametrize("mode", ["maximum", "minimum", "median"])
def test_pad_with_a_selected_element(mode: str) -> None:
    check(lambda x: np.pad(x, ((1, 2), (0, 1)), mode) ** 2, np.cos(SQUARE), analytic=False)
    check(lambda x: np.pad(x, 1, mode, stat_length=2) ** 2, np.cos(SQUARE), analytic=False)


def test_in_place_operators_write_through_views() -> None:
    """`row = a[i]; row -= …` changes a, and `b = a; a += …` changes b, as in NumPy."""

    def solve(a: Any) -> Any:  # elimination on rows that are views
        a = np.concatenate([a, [[1.0], [2.0], [3.0]]], axis=1)
        n = len(a)
        for i in range(n):
            row = a[i]
            row /= row[i]
            for j in range(n):
                if j != i:
                    other = a[j]
                    other -= other[i] * row
        return a[:, -1]

    check(solve, np.eye(3) + np.cos(np.arange(9.0)).reshape(3, 3) / 3, rtol=1e-11)

    def strides(x: Any) -> Any:
        x = x * 1
        odd, block = x[1::2], x[1:3]
        odd *= 2.0
        odd += x[0]
        block **= 2
        part = block[1:]
        part -= x[-1]
        return x

    check(strides, np.arange(1.0, 8.0), rtol=1e-11)

    for tangent in (np.ones(3), np.ones((2, 3))):
        a = Dual(np.arange(3.0), tangent)
        b = a
        a += 1
        a *= a
        assert a is b
        np.testing.assert_array_equal(b.primal, [1, 4, 9])
        np.testing.assert_array_equal(b.tangent, 2 * np.array([1, 2, 3]) * tangent)
    row = Dual(np.ones((2, 2)), np.ones((2, 2)))[0]
    with pytest.raises(TypeError, match="complex"):
        row += 1j
    with pytest.raises(ValueError, match="broadcast"):
        row += np.ones((3, 2))
    with pytest.raises(TypeError, match="unsupported"):
        row += None
    np.testing.assert_array_equal(row.primal, [1, 1])


@pytest.mark.parametrize("axis", [True, False, (True,), [0], np.array([0]), 1.0, (0, 0), 5])
@pytest.mark.parametrize(
    "f", [np.sum, np.mean, np.max, np.min, np.var, np.std, np.ptp, np.prod, np.nanmax, np.flip]
)
def test_axes_are_refused_as_numpy_refuses_them(f: Any, axis: Any) -> None:
    x = np.array([[1.5, 0.25, 2.0], [0.75, 1.0, -1.0]])
    try:
        want = f(x, axis=axis)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            jvp(lambda x: f(x, axis=axis), (x,), (x,))
    else:
        np.testing.assert_array_equal(jvp(lambda x: f(x, axis=axis), (x,), (x,))[0], want)


@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.vstack, np.hstack])
@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "bogus"])
def test_joining_casts_as_it_is_told(join: Any, casting: str) -> None:
    x = np.ones(2)
    for other in (x, np.ones(2, np.float32)):
        try:
            want = join([x, other], casting=casting)
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error)):
                jvp(lambda x, y=other: join([x, y], casting=casting), (x,), (x,))
        else:
            got = jvp(lambda x, y=other: join([x, y], casting=casting), (x,), (x,))[0]
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.complex64])
@pytest.mark.parametrize("f", [np.atleast_1d, np.ravel, lambda y: np.reshape(y, (1, 1)),
    lambda y: np.expand_dims(y, 0), lambda y: np.repeat(y, 2)])  # fmt: skip
def test_numbers_become_arrays_in_their_precision(f: Any, dtype: Any) -> None:
    y = f(np.sum(Dual(np.ones(3, dtype), np.ones(3, dtype))))
    assert y.primal.dtype == y.tangent.dtype == dtype


def test_what_is_empty_joins_numbers() -> None:
    for join in (np.append, lambda a, b: np.hstack((a, b)), lambda a, b: np.concatenate((a, b))):
        for mode in ("forward", "reverse"):
            slope = grad(lambda x, join=join: join([], [x, x * x])[1], mode=mode)(3.0)
            assert slope == 6.0
