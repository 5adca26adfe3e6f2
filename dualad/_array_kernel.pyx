# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=False
"""The rows of the table on real arrays, compiled: float64 or float32, one level.

Values and slopes are NumPy's, by the table's texts. What stands between is compiled: taking duals
apart, Σ slope·ȧ in one loop, putting the result together, and the way from an operator or ufunc
to there. Everything else (other types, nested levels, levels that take part themselves, results
that are not finite) is left to `dual.apply`: the functions here then give NotImplemented or None.
"""

from cpython.dict cimport PyDict_GetItem
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_REFCNT
from cpython.tuple cimport PyTuple_GET_SIZE
from libc.float cimport DBL_MIN
from libc.math cimport INFINITY, NAN, fabs, frexp, isfinite
from libc.string cimport memcmp, memcpy
cimport numpy as cnp

from ._kernel cimport Slope, exact_slope, leave_if_large, note_mixing

import functools
import operator

import numpy

cnp.import_array()

cdef extern from "_array_kernel.h":
    unsigned long long FINGERPRINT_AT_BUILD "FINGERPRINT"

    enum:
        AXES
        TILE

    ctypedef struct Factor:
        const char *at
        Py_ssize_t steps[AXES]

    double FAR
    unsigned long long BITS_OF_FAR
    unsigned int BITS_OF_FAR_SINGLE, BITS_OF_INFINITY_SINGLE
    bint are_finite(const double *x, Py_ssize_t n) noexcept nogil
    bint any_from(const double *x, Py_ssize_t n, unsigned long long least) noexcept nogil
    bint any_single_from(const float *x, Py_ssize_t n, unsigned int least) noexcept nogil
    bint forget_underflow() noexcept nogil
    bint any_faint(const double *x, Py_ssize_t n) noexcept nogil
    bint any_single_faint(const float *x, Py_ssize_t n) noexcept nogil
    void mark(const int *colours, int colour, double *to, Py_ssize_t n) noexcept nogil
    void constant_doubles(Factor *factor, double number, int ndim) noexcept nogil
    void constant_floats(Factor *factor, float number, int ndim) noexcept nogil
    bint combine_doubles(
        int ndim, Py_ssize_t *shape, Factor *factors, int count, int calculated, void *out
    ) noexcept nogil
    bint combine_floats(
        int ndim, Py_ssize_t *shape, Factor *factors, int count, int calculated, void *out
    ) noexcept nogil

cdef extern from "numpy/arrayobject.h":
    object PyArray_New(  # as cnp has it, but for the last argument, which may be NULL
        void *kind, int ndim, cnp.npy_intp *dims, int type, cnp.npy_intp *strides, void *data,
        int size, int flags, void *like
    )

cdef extern from "_memory.h":
    int open_memory() except -1
    object new_in_memory(int ndim, cnp.npy_intp *dims, int kind, cnp.npy_intp *strides)
    object blocks_kept "memory_kept" ()

open_memory()


def memory_kept():
    """How many blocks of memory are kept for large arrays to come, and how many bytes."""
    return blocks_kept()


cdef extern from *:
    """
    #include <structmember.h>

    static PyObject *allocated(PyObject *type) {
        return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    }

    static Py_ssize_t place_of(PyObject *slot) {
        return ((PyMemberDescrObject *)slot)->d_member->offset;
    }

    static void fill(PyObject *x, Py_ssize_t place, PyObject *content) {
        Py_INCREF(content);
        *(PyObject **)((char *)x + place) = content;
    }

    static void refill(PyObject *x, Py_ssize_t place, PyObject *content) {
        PyObject *before = *(PyObject **)((char *)x + place);
        fill(x, place, content);
        Py_XDECREF(before);
    }

    #define references(x) Py_REFCNT(x)

    #define SLOT(x, place) (*(PyObject **)((char *)(x) + (place)))
    """
    object allocated(object kind)
    Py_ssize_t place_of(object slot) noexcept  # of one of __slots__, in the objects
    void fill(object x, Py_ssize_t place, object content) noexcept  # where nothing is yet
    void refill(object x, Py_ssize_t place, object content) noexcept
    PyObject *SLOT(object x, Py_ssize_t place) noexcept
    Py_ssize_t references(PyObject *x) noexcept
    PyObject *PyList_GET_ITEM(object x, Py_ssize_t i) noexcept

FINGERPRINT = FINGERPRINT_AT_BUILD

# What `connect` hands over.
cdef object DualArray = None
cdef object Dual = None
cdef object quiet = None
cdef object unhush = None
cdef object NAMESPACE = None
cdef object OF_DUALS = None
cdef dict ROWS = {}      # by rule
cdef dict UFUNCS = {}    # by ufunc
cdef Py_ssize_t PRIMAL, TANGENT, LEVEL  # where a dual array keeps them

cdef object ndarray = numpy.ndarray
cdef object float64 = numpy.float64
cdef object float32 = numpy.float32
cdef object int64 = numpy.int64
cdef object EVERYTHING = slice(None)


cdef object pair = None  # dual(value, tangent, level)
cdef object as_operand = None       # of array/operands.py
cdef object look_for_search = None  # of differentiations.py
cdef double NEAR = 0.0              # of the same


# Whether what has been left to Python has its value already, of which NumPy has warned.
cdef bint has_warned = False


cdef object left(object general, tuple args):
    """general(*args), for what is left to Python: of each value NumPy warns once."""
    if not has_warned:
        return general(*args)
    token = quiet()
    try:
        return general(*args)
    finally:
        unhush(token)


cdef inline object seen(object value):
    """A value of which NumPy has warned, if there is anything to say."""
    global has_warned
    has_warned = True
    return value


cdef inline void begin() noexcept:
    global has_warned
    has_warned = False


cdef object quietly(object f, object x, object axes):
    """f(x, axes) of tangents, of which NumPy is not to warn."""
    token = quiet()
    try:
        return f(x, axes)
    finally:
        unhush(token)


def connect(kind, namespace, of_duals, be_quiet, end_quiet, make, operand, search, near):
    """Take over the class of dual arrays, and the namespaces for arrays and for duals of them."""
    global as_operand, look_for_search, NEAR
    as_operand, look_for_search, NEAR = operand, search, near
    global DualArray, Dual, NAMESPACE, OF_DUALS, quiet, unhush, PRIMAL, TANGENT, LEVEL, pair
    pair = make
    DualArray, NAMESPACE, OF_DUALS, quiet, unhush = kind, namespace, of_duals, be_quiet, end_quiet
    Dual = kind.__base__
    PRIMAL, TANGENT, LEVEL = place_of(kind.primal), place_of(kind.tangent), place_of(kind.level)


# A slope that is an argument or the result need not be calculated.
cdef enum:
    CALCULATED = -4
    ONE = -3
    MINUS_ONE = -2
    RESULT = -1          # 0, 1: an argument


cdef class Row:
    """A row of the table on arrays."""

    cdef object rule, value
    cdef int nargs
    cdef int kinds[2]
    cdef list slopes
    cdef Slope *exact[2]  # the same in C where that has the same bits, or NULL
    cdef bint is_square  # whose slope is 2*x
    cdef bint is_kinked  # whose slopes are steps, and never leave the range


cdef Row row_of(rule):
    """The row of a rule; None if it is not for this kernel."""
    cdef Row row = None
    cdef PyObject *known = PyDict_GetItem(ROWS, rule)
    if known != NULL:
        return <Row><object>known
    if rule.is_compilable and len(rule.args) <= 2:
        row = Row.__new__(Row)
        row.rule, row.value = rule, rule.value_in(NAMESPACE)
        row.nargs, row.is_kinked = len(rule.args), rule.kind == "kinked"
        names = {"1": ONE, "-1": MINUS_ONE, "y": RESULT}
        names.update({a: i for i, a in enumerate(rule.args)})
        row.slopes = []
        row.is_square = list(rule.slopes) == [f"2*{rule.args[0]}"]
        for i, slope in enumerate(rule.slopes):
            row.kinds[i] = names.get(slope, CALCULATED)
            row.exact[i] = exact_slope(rule.name.encode(), i)
            row.slopes.append(rule.slope_in(NAMESPACE, i) if row.kinds[i] == CALCULATED else None)
    ROWS[rule] = row
    return row


def follow(ufunc, rule):
    """Let this ufunc take the short way to its rule."""
    UFUNCS[ufunc] = row_of(rule)
    if rule.kind == "flat" and len(rule.args) == 1:
        FLAT[ufunc] = rule.name


# Types of numbers: NPY_DOUBLE, NPY_FLOAT, or one of these.
cdef enum:
    WEAK = -1            # a number of Python, which takes on the type of an array
    OTHER = -2


cdef inline int type_in(cnp.ndarray x) noexcept:
    """The type of the numbers in an array, which NumPy calls the same in either order of bytes."""
    cdef int kind = cnp.PyArray_TYPE(x)
    if (kind == cnp.NPY_DOUBLE or kind == cnp.NPY_FLOAT) and cnp.PyArray_ISNOTSWAPPED(x):
        return kind
    return OTHER


cdef inline int type_of(object x) noexcept:
    """The type of an array or a number."""
    if type(x) is ndarray:
        return type_in(<cnp.ndarray>x)
    if type(x) is float or type(x) is int:
        return WEAK
    return cnp.NPY_DOUBLE if type(x) is float64 else cnp.NPY_FLOAT if type(x) is float32 else OTHER


cdef inline bint is_of(int *kind, object x) noexcept:
    """Whether x goes with the type of the operands so far, which takes it in."""
    cdef int here = type_of(x)
    if kind[0] == WEAK:
        kind[0] = here
    return here == WEAK or (here == kind[0] and here != OTHER)


cdef inline bint is_simple(object x) noexcept:
    """Whether this is a dual of arrays of floats, of one level."""
    return (
        type(x) is DualArray
        and SLOT(x, PRIMAL) != NULL and SLOT(x, TANGENT) != NULL and SLOT(x, LEVEL) != NULL
        and type(<object>SLOT(x, LEVEL)) is int
        and type(<object>SLOT(x, PRIMAL)) is ndarray and type(<object>SLOT(x, TANGENT)) is ndarray
    )


cdef inline bint goes_with(int *kind, object x) noexcept:
    """The same as `is_of` where x may be a dual of arrays, too."""
    if type(x) is not DualArray:
        return is_of(kind, x)
    return (
        is_simple(x)
        and is_of(kind, <object>SLOT(x, PRIMAL)) and is_of(kind, <object>SLOT(x, TANGENT))
    )


cdef inline int ndim_of(object x) noexcept:
    return cnp.PyArray_NDIM(<cnp.ndarray>x) if type(x) is ndarray else 0


cdef void put_in_order(cnp.ndarray y, int *order) noexcept:
    """The axes of y, the one with the largest steps first."""
    cdef int i, j, axis, ndim = cnp.PyArray_NDIM(y)
    for i in range(ndim):
        order[i] = i
    if cnp.PyArray_IS_C_CONTIGUOUS(y):
        return
    for i in range(1, ndim):
        axis, j = order[i], i
        while j > 0 and cnp.PyArray_STRIDE(y, order[j - 1]) < cnp.PyArray_STRIDE(y, axis):
            order[j] = order[j - 1]
            j -= 1
        order[j] = axis


cdef bint spread(
    Factor *factor, object x, int kind, bint many, cnp.ndarray y, const int *order
) noexcept:
    """Let a number or array be read along the directions and the axes of y; whether it can.

    `many`: the first axis of x is that of the directions.
    """
    cdef int i, axis, ndim = cnp.PyArray_NDIM(y), missing
    cdef cnp.ndarray array
    if type(x) is not ndarray:
        if kind == cnp.NPY_DOUBLE:
            constant_doubles(factor, <double>x, ndim + 1)
        else:
            constant_floats(factor, <float><double>x, ndim + 1)
        return True
    array = <cnp.ndarray>x
    missing = ndim + many - cnp.PyArray_NDIM(array)
    if missing < 0 or not cnp.PyArray_ISBEHAVED_RO(array):
        return False
    factor.at = <const char *>cnp.PyArray_DATA(array)
    factor.steps[0] = cnp.PyArray_STRIDE(array, 0) if many else 0
    for i in range(ndim):
        axis = order[i] + many - missing
        if axis < many or cnp.PyArray_DIM(array, axis) == 1:
            factor.steps[i + 1] = 0
        elif cnp.PyArray_DIM(array, axis) == cnp.PyArray_DIM(y, order[i]):
            factor.steps[i + 1] = cnp.PyArray_STRIDE(array, axis)
        else:
            return False
    return True


cdef bint is_ordered(
    const Factor *factor, int ndim, const Py_ssize_t *shape, bint in_full
) noexcept:
    """Whether NumPy would give a product with this factor in the order of the axes.

    `in_full`: only if it is not broadcast.
    """
    cdef int i
    cdef Py_ssize_t step, last = -1
    for i in range(ndim):
        if shape[i] <= 1:
            continue
        step = abs(factor.steps[i])
        if step == 0:
            if in_full and i:
                return False
            continue
        if last >= 0 and step > last:
            return False
        last = step
    return True


cdef bint is_dense(
    const Factor *factor, int ndim, const Py_ssize_t *shape, Py_ssize_t size
) noexcept:
    """Whether an array lies in memory as the result would."""
    cdef int i
    for i in range(ndim - 1, -1, -1):
        if shape[i] != 1 and factor.steps[i] != size:
            return False
        size *= shape[i]
    return True


cdef enum:
    FEW = 256  # so many slopes are calculated here before NumPy has begun


cdef object slope_of(Row row, int i, object a, object b, object y):
    """The slope in argument i by C, for few doubles that lie as y does; None if it is for NumPy."""
    cdef Py_ssize_t n, left = 0, right = 0
    cdef const double *at
    cdef const double *beside = NULL
    cdef double first, second
    if row.exact[i] == NULL or not is_row(<PyObject *>y):
        return None
    n = cnp.PyArray_SIZE(<cnp.ndarray>y)
    if n > FEW:
        return None
    if type(a) is ndarray:
        if not is_row(<PyObject *>a) or not cnp.PyArray_SAMESHAPE(<cnp.ndarray>a, <cnp.ndarray>y):
            return None
        at, left = <const double *>cnp.PyArray_DATA(<cnp.ndarray>a), 1
    else:
        first = a
        at = &first
    if row.nargs == 2:
        if type(b) is ndarray:
            if not is_row(<PyObject *>b) or not cnp.PyArray_SAMESHAPE(<cnp.ndarray>b, <cnp.ndarray>y):
                return None
            beside, right = <const double *>cnp.PyArray_DATA(<cnp.ndarray>b), 1
        else:
            second = b
            beside = &second
    slope = cnp.PyArray_SimpleNew(
        cnp.PyArray_NDIM(<cnp.ndarray>y), cnp.PyArray_DIMS(<cnp.ndarray>y), cnp.NPY_DOUBLE
    )
    row.exact[i](
        at, left, beside, right, <const double *>cnp.PyArray_DATA(<cnp.ndarray>y),
        <double *>cnp.PyArray_DATA(<cnp.ndarray>slope), n,
    )
    return slope


cdef object slope_like(object slope, int kind):
    """A slope in the type of the result, if it is an exact one: steps are 0, ½ and 1."""
    if type(slope) is not ndarray or type_in(<cnp.ndarray>slope) == kind:
        return slope if is_of(&kind, slope) else None
    result = slope.astype(float64 if kind == cnp.NPY_DOUBLE else float32)
    return result if (result == slope).all() else None


cdef object new_array(int kind, int ndim, Py_ssize_t *shape, const int *order, bint many):
    """An array of the type, dense along the axes in this order; the shape is in this order too.

    `order`: NULL for 0, 1, …
    """
    cdef cnp.npy_intp dims[AXES]
    cdef cnp.npy_intp strides[AXES]
    cdef cnp.npy_intp size = sizeof(double) if kind == cnp.NPY_DOUBLE else sizeof(float)
    cdef int i, axis
    if order == NULL:
        return new_in_memory(ndim + many, <cnp.npy_intp *>&shape[not many], kind, NULL)
    for i in range(ndim, -1, -1):
        axis = 0 if i == 0 else order[i - 1] + 1
        dims[axis], strides[axis] = shape[i], size
        size *= max(shape[i], 1)
    return new_in_memory(ndim + many, &dims[not many], kind, &strides[not many])


cdef inline bint is_like(object x, cnp.ndarray y, bint many) noexcept:
    """Whether x is a number, or lies in memory as y does, which is C-contiguous."""
    cdef int i, ndim
    if type(x) is not ndarray:
        return True
    ndim = cnp.PyArray_NDIM(y)
    if cnp.PyArray_NDIM(<cnp.ndarray>x) != ndim + many:
        return False
    for i in range(ndim):
        if cnp.PyArray_DIM(<cnp.ndarray>x, i + many) != cnp.PyArray_DIM(y, i):
            return False
    return cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x)


cdef inline void lay_flat(Factor *factor, object x, bint many, int kind, cnp.ndarray y) noexcept:
    """What `spread` does, for all axes of y as one, where `is_like`."""
    if type(x) is not ndarray:
        if kind == cnp.NPY_DOUBLE:
            constant_doubles(factor, <double>x, 2)
        else:
            constant_floats(factor, <float><double>x, 2)
        return
    factor.at = <const char *>cnp.PyArray_DATA(<cnp.ndarray>x)
    factor.steps[0] = cnp.PyArray_STRIDE(<cnp.ndarray>x, 0) if many else 0
    factor.steps[1] = cnp.PyArray_ITEMSIZE(y)


cdef bint noting = False  # whether it is told that a tangent has become too small


cdef object applied(Row row, object a, object b):
    """The row on arguments of which at least one is a dual; None if that is left to Python."""
    cdef object level = None, a_dot = None, b_dot = None
    cdef object a_slope = None, b_slope = None  # what is used stays alive
    cdef object first = a, x, dot, here, value, token, slope, out = None
    cdef PyObject *used[4]  # slope, tangent (, slope, tangent)
    cdef Factor factors[4]
    cdef Py_ssize_t shape[AXES]
    cdef int order[AXES]
    cdef int i, ndim, count = 0, nargs = row.nargs, kind = WEAK, directions = -1, several
    cdef int calculated = 0  # a bit for each slope that is
    cdef bint arrays = False, in_order, flat, odd
    cdef cnp.ndarray y
    for i in range(nargs):
        x, dot = b if i else a, None
        if type(x) is DualArray:
            if SLOT(x, PRIMAL) == NULL or SLOT(x, TANGENT) == NULL or SLOT(x, LEVEL) == NULL:
                return None
            here, dot = <object>SLOT(x, LEVEL), <object>SLOT(x, TANGENT)
            x = <object>SLOT(x, PRIMAL)
        elif type_of(x) == OTHER and isinstance(x, Dual):
            here, dot, x = x.level, x.tangent, x.primal
        if dot is not None:
            if level is None:
                level = here
                if type(level) is not int:
                    return recorded(row, a, b)
            elif level is not here and level != here:
                return None if type(here) is int else recorded(row, first, b)
            if not is_of(&kind, dot):
                return None
        if not is_of(&kind, x):
            return None
        arrays = arrays or type(x) is ndarray
        if i:
            b, b_dot = x, dot
        else:
            a, a_dot = x, dot
    if not arrays or level is None:
        return None
    value = seen(row.value(a) if nargs == 1 else row.value(a, b))
    if type(value) is not ndarray or value is a or value is b:
        return None
    y = <cnp.ndarray>value
    ndim = cnp.PyArray_NDIM(y)
    if type_of(y) != kind or not cnp.PyArray_CHKFLAGS(y, cnp.NPY_ARRAY_OWNDATA):
        return None
    flat = in_order = cnp.PyArray_IS_C_CONTIGUOUS(y)
    shape[0] = 1
    for i in range(nargs):
        dot = b_dot if i else a_dot
        if dot is None:
            continue
        several = ndim_of(dot) - ndim_of(b if i else a)
        if directions < 0:
            directions = several
            if directions:
                shape[0] = cnp.PyArray_DIM(<cnp.ndarray>dot, 0)
        elif directions != several:
            return None
        elif directions and shape[0] != cnp.PyArray_DIM(<cnp.ndarray>dot, 0):
            return None
        if row.kinds[i] == CALCULATED:
            slope = None if noting else slope_of(row, i, a, b, y)
            if slope is None:
                token = note_underflow() if noting else quiet()
                try:
                    slope = row.slopes[i](a, y) if nargs == 1 else row.slopes[i](a, b, y)
                except (ArithmeticError, ValueError):  # Python raises where NumPy gives inf
                    return None
                finally:
                    unhush(token)
                slope = slope_like(slope, kind)
                if slope is None:
                    return None
            if (
                not directions and out is None and type(slope) is ndarray
                and cnp.PyArray_NDIM(<cnp.ndarray>slope) == ndim and Py_REFCNT(slope) == 1 and cnp.PyArray_CHKFLAGS(
                    <cnp.ndarray>slope, cnp.NPY_ARRAY_BEHAVED | cnp.NPY_ARRAY_OWNDATA
                )
            ):
                out = slope  # nobody else holds it: it may be written over
        elif row.kinds[i] == RESULT:
            slope = y
        elif row.kinds[i] >= 0:
            slope = b if row.kinds[i] else a
        else:
            slope = 1.0 if row.kinds[i] == ONE else -1.0
        if i:
            b_slope = slope
        else:
            a_slope = slope
        if (row.kinds[i] == CALCULATED or row.kinds[i] == RESULT) and not row.is_kinked:
            calculated |= 1 << (count // 2)
        used[count], used[count + 1] = <PyObject *>slope, <PyObject *>dot
        flat = flat and is_like(slope, y, False) and is_like(dot, y, directions)
        count += 2
    if flat:
        if out is None:
            for i in range(ndim):
                shape[i + 1] = cnp.PyArray_DIM(y, i)
            out = new_array(kind, ndim, shape, NULL, directions)
        ndim, shape[1] = 1, cnp.PyArray_SIZE(y)
        for i in range(count):
            lay_flat(&factors[i], <object>used[i], i & 1 and directions, kind, y)
    else:
        put_in_order(y, order)
        for i in range(ndim):
            shape[i + 1] = cnp.PyArray_DIM(y, order[i])
        for i in range(count):
            x = <object>used[i]
            if not spread(&factors[i], x, kind, i & 1 and directions, y, order):
                return None
            if i & 1 and not is_ordered(&factors[i], ndim + 1, shape, not in_order):
                return None
            if x is out and not is_dense(&factors[i], ndim + 1, shape, cnp.PyArray_ITEMSIZE(y)):
                out = None
        if out is None:
            out = new_array(kind, ndim, shape, NULL if in_order else order, directions)
    if kind == cnp.NPY_DOUBLE:
        odd = combine_doubles(
            ndim + 1, shape, factors, count, calculated, cnp.PyArray_DATA(<cnp.ndarray>out)
        )
    else:
        odd = combine_floats(
            ndim + 1, shape, factors, count, calculated, cnp.PyArray_DATA(<cnp.ndarray>out)
        )
    if noting and forget_underflow():
        underflow.met = True
    if odd:
        return None
    odd = not ((a_dot is None or has_shape_of(y, a)) and (b_dot is None or has_shape_of(y, b)))
    return elementwise(y, out, level, not odd)


cdef inline bint has_shape_of(cnp.ndarray y, object x) noexcept:
    return type(x) is ndarray and cnp.PyArray_SAMESHAPE(<cnp.ndarray>x, y)


cdef inline object made(object value, object tangent, object level):
    """A dual array, into which elements may have been put together."""
    return elementwise(value, tangent, level, False)


cdef inline object elementwise(object value, object tangent, object level, bint is_apart=True):
    """One that comes element by element of dual arrays, if all of these have one shape."""
    leave_if_large(tangent, level)
    if not is_apart:
        note_mixing(level)
    cdef object result = allocated(DualArray)
    fill(result, PRIMAL, value)
    fill(result, TANGENT, tangent)
    fill(result, LEVEL, level)
    return result


# -- reverse mode: what is recorded -------------------------------------------------------------

# What `connect_records` and `connect_forms` hand over.
cdef object form_class = None   # forms.Form
cdef object reverse_level = None  # forms.ReverseLevel
cdef object node_class = None   # records.Node, and those of it that are something special
cdef object read_class = None
cdef object step_class = None
cdef object place_class = None
cdef object store_class = None
cdef object reshaped_class = None  # a view, whose elements are those of the whole
cdef object strength = None     # whether sweeps look for 0·∞
cdef object strongly = None     # the product that does
cdef object python_has_far = None  # of ranges.py, for what is not looked at here
cdef object python_has_faint = None
cdef object python_is_finite = None  # zeros.is_finite
cdef object note_underflow = None  # numerics.note_underflow
cdef object underflow = None     # numerics.underflow
cdef object undefined_where_lost = None  # a product, nan where its slope has left the range
cdef object summed = None       # the adjoint of what was broadcast
cdef object fitted = None       # an adjoint in the precision of its node
cdef object spread_out = None   # the adjoint of what was summed up
cdef object form_matmul = None  # the matrix product of a form and an array
cdef object matmul_back = None  # the adjoint of one of its factors
cdef dict LINEAR = {}           # by linear function of NumPy: what it does to forms
cdef set VIEWS_OF_ONE = set()   # those that give a view where they can
cdef object next_number = None

# Where they keep what they know.
cdef Py_ssize_t NUMBER, SHAPE, DTYPE, SOURCES, PULL, PART, STORED
cdef Py_ssize_t BASE, PLACE, PLACES, FORM_SHAPE, BLOCK, NODE, SEEN
cdef Py_ssize_t VIEWS, INDEX, SIGN, IS_BASIC

cdef object multiply = operator.mul
cdef object iadd = operator.iadd
cdef object isub = operator.isub
cdef object np_add = numpy.add
cdef object np_subtract = numpy.subtract
cdef object np_multiply = numpy.multiply
cdef object add_up = numpy.add.reduce
cdef object np_sum = numpy.sum
cdef object np_mean = numpy.mean
cdef object np_dot = numpy.dot
cdef object np_where = numpy.where
cdef object np_norm = numpy.linalg.norm
cdef object np_cross = numpy.cross
cdef object np_copy = numpy.copy
cdef object np_reshape = numpy.reshape
cdef set RESHAPING = {np_reshape, numpy.ravel, numpy.expand_dims, numpy.squeeze}
cdef object np_clip = numpy.clip
cdef object np_einsum = numpy.einsum
cdef object np_zeros_like = numpy.zeros_like
cdef object np_ones_like = numpy.ones_like
cdef set LIKE = {numpy.zeros_like, numpy.ones_like, numpy.empty_like}
cdef dict SHAPES = {numpy.shape: "shape", numpy.ndim: "ndim", numpy.size: "size"}
cdef set QUESTIONS = {numpy.isnan, numpy.isfinite, numpy.isinf, numpy.signbit}
cdef set MOVING = set()         # linear functions of one array, or of a list of arrays
cdef set EXTREMES = {numpy.max, numpy.min, numpy.amax, numpy.amin}
cdef object np_prod = numpy.prod
cdef object np_cumprod = numpy.cumprod
cdef object np_sort = numpy.sort
cdef object np_median = numpy.median
cdef object np_det = numpy.linalg.det
cdef object np_trace = numpy.trace
cdef object np_average = numpy.average
cdef object np_interp = numpy.interp
cdef object np_vdot = numpy.vdot
cdef object np_inner = numpy.inner
cdef object np_tensordot = numpy.tensordot
cdef object TIMES = functools.partial(numpy.tensordot, axes=1)
cdef object np_var = numpy.var
cdef object np_std = numpy.std
cdef object greatest = numpy.maximum.reduce
cdef object least = numpy.minimum.reduce
cdef set OF_ONE = {np_prod, np_cumprod, np_sort, np_median, np_var, np_std, np_det, np_trace}
cdef set BILINEAR = {
    np_vdot, np_inner, np_tensordot, numpy.convolve, numpy.correlate,
}
cdef frozenset ROUNDING = frozenset(("floor", "ceil", "trunc", "rint"))
cdef dict ANSWERING = {}        # functions with plain answers, and what is to be done with those
cdef dict FLAT = {}             # ufuncs without slopes, and their rows
cdef object note_step = None    # of differentiations.py
cdef object strongly_summed = None  # of records.py
cdef object np_matmul = numpy.matmul


def connect_records(
    node, read, store, step, place, view, strong, product, lost, note, met,
    narrowed, fit, numbers,
):
    """Tell the kernel what reverse mode records."""
    global node_class, read_class, store_class, step_class, place_class, reshaped_class
    global strength, strongly, summed, fitted, next_number, undefined_where_lost
    global note_underflow, underflow
    global NUMBER, SHAPE, DTYPE, SOURCES, PULL, PART, STORED, VIEWS, INDEX, SIGN, IS_BASIC
    node_class, read_class, step_class, place_class, reshaped_class = node, read, step, place, view
    strength, strongly, summed, fitted, next_number = strong, product, narrowed, fit, numbers
    undefined_where_lost, note_underflow, underflow = lost, note, met
    NUMBER, SHAPE, DTYPE = place_of(node.number), place_of(node.shape), place_of(node.dtype)
    SOURCES, PULL, PART = place_of(node.sources), place_of(node.pull), place_of(read.place)
    VIEWS, INDEX = place_of(place.views), place_of(place.index)
    store_class, STORED = store, place_of(store.place)
    SIGN, IS_BASIC = place_of(place.sign), place_of(place.is_basic)


def connect_ranges(far, faint, finite):
    """Tell the kernel what looks at numbers that it does not know."""
    global python_has_far, python_has_faint, python_is_finite
    python_has_far, python_has_faint, python_is_finite = far, faint, finite


def connect_products(matmul, back, strong_sum):
    """Tell the kernel what a matrix product does to the tangents of reverse mode, and back."""
    global form_matmul, matmul_back, strongly_summed
    form_matmul, matmul_back, strongly_summed = matmul, back, strong_sum


def connect_linear(functions, views):
    """Tell the kernel what linear functions of NumPy do to the tangents of reverse mode."""
    LINEAR.update(functions)
    VIEWS_OF_ONE.update(views)


def connect_forms(kind, spread, level):
    """Tell the kernel what the tangents of reverse mode are, and the class of its levels."""
    global form_class, spread_out, reverse_level, BASE, PLACE, PLACES, FORM_SHAPE, BLOCK, NODE, SEEN
    form_class, spread_out, reverse_level, PLACES = kind, spread, level, place_of(kind.places)
    BASE, PLACE, FORM_SHAPE = place_of(kind.base), place_of(kind.place), place_of(kind.shape)
    BLOCK, NODE, SEEN = place_of(kind.block), place_of(kind._node), place_of(kind._seen)


cdef object new_node(object kind, tuple shape, object dtype, object sources, object pull):
    """A step of the record."""
    cdef object node = allocated(kind)
    fill(node, NUMBER, next_number())
    fill(node, SHAPE, shape)
    fill(node, DTYPE, dtype)
    fill(node, SOURCES, sources)
    fill(node, PULL, pull)
    return node


cdef object new_form(object node, object base, object place):
    """What a tangent is after this step; `base` and `place` if it is a view."""
    cdef object form = allocated(form_class)
    fill(form, BASE, base)
    fill(form, PLACE, place)
    fill(form, PLACES, None)
    fill(form, FORM_SHAPE, <object>SLOT(node, SHAPE))
    fill(form, BLOCK, None)
    fill(form, NODE, node)
    fill(form, SEEN, None if base is None else <object>SLOT(base, NODE))
    return form


def made_of(shape, dtype, forms, pull):
    """A form with a way back to those that it is made of."""
    cdef list nodes = [node_of(form) for form in forms]
    return new_form(new_node(node_class, tuple(shape), dtype, nodes, pull), None, None)


cdef inline object node_of(object form):
    """The last step of a form."""
    cdef PyObject *base = SLOT(form, BASE)
    if SLOT(form, NODE) != <PyObject *>None and (
        base == <PyObject *>None or SLOT(<object>base, NODE) == SLOT(form, SEEN)
    ):
        return <object>SLOT(form, NODE)
    return form.node  # something was stored in the whole


cdef object window(object form, object index, tuple shape):
    """Form.window for a basic index, whose result has this shape."""
    cdef object base = form, place, read, node
    if SLOT(form, BASE) != <PyObject *>None:
        base = <object>SLOT(form, BASE)
    if SLOT(form, PLACE) == <PyObject *>None:
        place = part_at(index)
    else:
        place = (<object>SLOT(form, PLACE)).then(index)
    node = node_of(base)
    read = new_node(read_class, shape, <object>SLOT(node_of(form), DTYPE), (node,), None)
    fill(read, PART, place)
    return new_form(read, base, place)


cdef object slope_at(Row row, int i, object a, object b, object y, int kind, bint of_duals):
    """What adjoints are multiplied by for argument i, in memory of its own; None if for Python."""
    cdef object slope, token
    cdef bint before
    global noting
    if row.kinds[i] == RESULT:
        return y.copy()
    if row.kinds[i] >= 0:
        slope = b if row.kinds[i] else a
        return slope.copy() if type(slope) is ndarray or type(slope) is DualArray else slope
    if row.kinds[i] == MINUS_ONE:
        return -1.0
    if row.is_square and is_row(<PyObject *>a):
        return doubled(<cnp.ndarray>a)
    if not of_duals and (slope := slope_of(row, i, a, b, y)) is not None:
        return slope
    slope = row.rule.slope_in(OF_DUALS, i) if of_duals else row.slopes[i]
    token = note_underflow() if of_duals else quiet()
    noting, before = of_duals, noting
    try:
        slope = slope(a, y) if row.nargs == 1 else slope(a, b, y)
    except (ArithmeticError, ValueError):
        return None
    finally:
        unhush(token)
        noting = before
    if type(slope) is DualArray:
        if not goes_with(&kind, slope):
            return None
        return slope if is_our_dual(<PyObject *>slope) else slope.copy()
    slope = slope_like(slope, kind)
    return slope.copy() if type(slope) is ndarray and Py_REFCNT(slope) > 1 else slope


cdef object recorded(Row row, object a, object b):
    """The row on arrays of a level that records; None if that is left to Python.

    What it records may be duals of an older level.
    """
    cdef object level = None, x, form, here, slope, value, shape, descr
    cdef int i, kind = WEAK, nargs = row.nargs
    cdef bint arrays = False, of_duals = False
    cdef Slopes pull
    cdef object was_met = None
    cdef list given = [a, b], forms = [], nodes = []
    for i in range(nargs):
        x, form = given[i], None
        if type(x) is DualArray and SLOT(x, TANGENT) != NULL:
            if type(<object>SLOT(x, TANGENT)) is form_class:
                here, form = <object>SLOT(x, LEVEL), <object>SLOT(x, TANGENT)
                x = <object>SLOT(x, PRIMAL)
        elif type_of(x) == OTHER and isinstance(x, Dual):
            if type_of(x.primal) == OTHER:
                return None
            here, form, x = x.level, x.tangent, x.primal
            if type(form) is not form_class:
                return None
        if form is not None:
            if level is not None and here is not level:
                return None
            level = here
        if not goes_with(&kind, x):
            return None
        of_duals = of_duals or type(x) is DualArray
        arrays = arrays or ndim_of(<object>SLOT(x, PRIMAL) if type(x) is DualArray else x) > 0
        given[i] = x
        forms.append(form)
    if not arrays or level is None:
        return None
    a, b = given[0], given[1]
    if of_duals:
        for x in given:
            if type(x) is DualArray and <object>SLOT(x, LEVEL) > level:
                return None
        y = applied(row, a, b)
        if y is None:
            return None
        value = <object>SLOT(y, PRIMAL)
    else:
        y = value = seen(row.value(a) if nargs == 1 else row.value(a, b))
        if type(value) is not ndarray or value is a or value is b:
            return None
        if type_of(value) != kind or not cnp.PyArray_CHKFLAGS(
            <cnp.ndarray>value, cnp.NPY_ARRAY_OWNDATA
        ):
            return None
    whole = value.shape
    pull = Slopes.__new__(Slopes)
    pull.slopes, pull.shapes, pull.ndim = [], [], cnp.PyArray_NDIM(<cnp.ndarray>value)
    pull.faint = False
    if of_duals:
        was_met, underflow.met = underflow.met, False
    for i in range(nargs):
        form = forms[i]
        if form is None:
            continue
        slope = None
        if row.kinds[i] != ONE:
            slope = slope_at(row, i, a, b, y, kind, of_duals)
            if slope is None:
                return None
            if row.kinds[i] == CALCULATED or row.kinds[i] == RESULT:
                pull.faint = pull.faint or (not row.is_kinked and is_faint(slope))
        pull.slopes.append(slope)
        shape = <object>SLOT(form, FORM_SHAPE)
        pull.shapes.append(None if shape == whole else shape)
        nodes.append(node_of(form))
    if of_duals:
        pull.faint = pull.faint or underflow.met is True
        underflow.met = was_met
    descr = <object>cnp.PyArray_DESCR(<cnp.ndarray>value)
    return made(y, new_form(new_node(node_class, whole, descr, nodes, pull), None, None), level)


def input_of(x, level):
    """An array as an input of a level that records, and the node of its tangent."""
    node = new_node(node_class, x.shape, x.dtype, (), None)
    return made(x, new_form(node, None, None), level), node


cdef object recorded_product(
    object by, object v, object w, object v_dot, object w_dot, object level
):
    """v @ w with the forms of v and of w, None where there is none; None if it is for Python.

    `by`: numpy.matmul or numpy.dot.
    """
    cdef object y, tangent = None
    cdef int kind = WEAK
    cdef Product pull
    for x in (v, w):
        if not goes_with(&kind, x) or not (type(x) is ndarray or type(x) is DualArray):
            return None
        if type(x) is DualArray and not <object>SLOT(x, LEVEL) < level or not x.ndim:
            return None
    if v_dot is not None and type(v_dot) is not form_class:
        return None
    if w_dot is not None and type(w_dot) is not form_class:
        return None
    if (
        type(v) is ndarray and type(w) is ndarray
        and cnp.PyArray_NDIM(<cnp.ndarray>v) <= 2 and cnp.PyArray_NDIM(<cnp.ndarray>w) <= 2
    ):
        y = seen(by(v, w))
        pull = Product.__new__(Product)
        pull.left, pull.right = cnp.PyArray_NDIM(<cnp.ndarray>v), cnp.PyArray_NDIM(<cnp.ndarray>w)
        nodes = []
        if v_dot is not None:
            pull.w = w.copy()
            nodes.append(node_of(v_dot))
        if w_dot is not None:
            pull.v = v.copy()
            nodes.append(node_of(w_dot))
        descr = <object>cnp.PyArray_DESCR(<cnp.ndarray>v)
        tangent = new_form(new_node(node_class, y.shape, descr, nodes, pull), None, None)
    elif by is not np_matmul:
        return None
    else:
        y = seen(by(v, w))
        if v_dot is not None:
            tangent = form_matmul(v_dot, w)
        if w_dot is not None:
            other = form_matmul(v, w_dot)
            tangent = other if tangent is None else tangent + other
    if type(y) is ndarray or type(y) is DualArray:
        return made(y, tangent, level)
    return number_of(y, tangent, level) if type(tangent) is form_class else pair(y, tangent, level)


cdef object reduction(object f, tuple args, dict kwargs):
    """np.sum or np.mean of an array that is recorded, with axis= and keepdims=; None for others."""
    cdef object form, value, y, x = args[0]
    cdef Total pull
    if not is_whole(x):
        return None
    if is_simple(x):
        y = total_of_dual(x) if f is np_sum and len(args) == 1 and not kwargs else None
        return reduced_dual(f, x, args, kwargs) if y is None else y
    form, value = <object>SLOT(x, TANGENT), <object>SLOT(x, PRIMAL)
    if type(form) is not form_class or not (type(value) is ndarray or is_simple(value)):
        return None
    if not value.size:
        return None
    node = node_of(form)
    pull = total_of(node)
    if not pull.takes(args, kwargs):
        return None
    if type(value) is not ndarray:
        y = None
        if f is np_sum and pull.axis is None and not pull.is_kept:
            y = total_of_dual(value)
        if y is None:
            y = f(value, axis=pull.axis, keepdims=pull.is_kept)
    elif f is np_sum:
        y = add_up(value, pull.axis, None, None, pull.is_kept)
    else:
        y = value.mean(pull.axis, None, None, pull.is_kept)
    left = y.shape
    pull.has_axes = left != ()
    pull.count = value.size // y.size if f is np_mean else 1
    tangent = new_form(new_node(node_class, left, pull.dtype, [node], pull), None, None)
    level = <object>SLOT(x, LEVEL)
    return made(y, tangent, level) if left else number_of(y, tangent, level)


cdef object reduced_dual(object f, object x, tuple args, dict kwargs):
    """The same for a dual of arrays of floats, whose tangent is reduced as its primal is."""
    cdef object value = <object>SLOT(x, PRIMAL), dot = <object>SLOT(x, TANGENT), y, tangent, axis
    cdef int i, ndim = cnp.PyArray_NDIM(<cnp.ndarray>value)
    cdef int many = cnp.PyArray_NDIM(<cnp.ndarray>dot) - ndim, kind = type_in(<cnp.ndarray>value)
    cdef Total pull = Total.__new__(Total)
    pull.shape = value.shape
    if kind == OTHER or type_in(<cnp.ndarray>dot) != kind or not cnp.PyArray_SIZE(<cnp.ndarray>value):
        return None
    if not pull.takes(args, kwargs):
        return None
    axis = tuple([i + many for i in range(ndim) if pull.is_summed[i]]) if many else pull.axis
    if f is np_sum:
        y = seen(add_up(value, pull.axis, None, None, pull.is_kept))
    else:
        y = seen(value.mean(pull.axis, None, None, pull.is_kept))
    token = quiet()
    try:
        if f is np_sum:
            tangent = add_up(dot, axis, None, None, pull.is_kept)
        else:
            tangent = dot.mean(axis, None, None, pull.is_kept)
    finally:
        unhush(token)
    return paired(y, tangent, <object>SLOT(x, LEVEL))


cdef object paired(object y, object tangent, object level):
    """The dual of an array or a number, whose tangent with one direction is a number, too."""
    if type(y) is ndarray:
        return made(y, tangent, level)
    if type(tangent) is form_class:
        return number_of(y, tangent, level)
    return pair(y, tangent if type(tangent) is ndarray else tangent.item(), level)


cdef object number_of(object y, object form, object level):
    """The dual of a number that is recorded."""
    if type(level) is reverse_level and level.tape is not None:
        found = level.tape.number_of(y, <object>SLOT(form, NODE), level)
        if found is not NotImplemented:
            return found
    return pair(y, form, level)


cdef object total_of_dual(object x):
    """The sum of all elements of a dual of arrays with several directions; None for others."""
    cdef object value = <object>SLOT(x, PRIMAL), tangent = <object>SLOT(x, TANGENT)
    cdef int ndim = tangent.ndim
    if ndim == value.ndim:
        return None
    along = quietly(add_up, tangent, 1 if ndim == 2 else tuple(range(1, ndim)))
    return pair(add_up(value, None), along, <object>SLOT(x, LEVEL))


cdef Total total_of(object node):
    """The pull of the sum of all elements."""
    cdef Total pull = Total.__new__(Total)
    pull.shape, pull.dtype = <object>SLOT(node, SHAPE), <object>SLOT(node, DTYPE)
    pull.count = 1
    return pull


cdef object followed(cnp.ndarray dot, cnp.ndarray value, cnp.ndarray part):
    """The view of a tangent that is to it what a view is to its primal, where it `lies_like` that."""
    cdef cnp.npy_intp dims[AXES + 1]
    cdef cnp.npy_intp strides[AXES + 1]
    cdef int i, ndim = cnp.PyArray_NDIM(part), many = cnp.PyArray_NDIM(dot) - cnp.PyArray_NDIM(value)
    cdef char *data = <char *>cnp.PyArray_DATA(dot)
    if many:
        dims[0], strides[0] = cnp.PyArray_DIM(dot, 0), cnp.PyArray_STRIDE(dot, 0)
    for i in range(ndim):
        dims[i + many], strides[i + many] = cnp.PyArray_DIM(part, i), cnp.PyArray_STRIDE(part, i)
    data += <char *>cnp.PyArray_DATA(part) - <char *>cnp.PyArray_DATA(value)
    flags = cnp.NPY_ARRAY_ALIGNED | (cnp.PyArray_FLAGS(part) & cnp.NPY_ARRAY_WRITEABLE)
    view = PyArray_New(
        <void *>ndarray, ndim + many, dims, cnp.PyArray_TYPE(dot), strides, data, 0, flags, NULL
    )
    cnp.set_array_base(<cnp.ndarray>view, dot)
    return view


cdef inline bint is_behaved(cnp.ndarray x) noexcept:
    """Whether an array holds floats, real or complex, in the order of bytes of this machine."""
    return cnp.PyArray_ISFLOAT(x) or cnp.PyArray_ISCOMPLEX(x) if cnp.PyArray_ISBEHAVED_RO(x) else False


cdef bint is_option(object x) noexcept:
    """Whether this says where elements go, wherever they lie: an axis, a shape, places."""
    return (
        x is None or type(x) is int or type(x) is tuple or is_of_numbers(x)
        or (type(x) is str and (x == "C" or x == "F"))
    )


cdef object moved(object f, tuple args, dict kwargs):
    """What a function of `MOVING` makes of a dual of arrays, or of a list of duals and arrays.

    The tangent goes the way of the primal: as a view if that is one, else by the same function of
    each direction. None if that is not all, as with arrays of several levels.
    """
    cdef object x, y, value, dot, here, level = None, first = args[0]
    cdef list values, dots
    cdef int i, many = -1
    cdef tuple rest = args[1:]
    for x in rest:
        if not is_option(x):
            return None
    for x in kwargs.values():
        if not is_option(x):
            return None
    if type(first) is DualArray:
        if not is_simple(first):
            return None
        value, dot = <object>SLOT(first, PRIMAL), <object>SLOT(first, TANGENT)
        level = <object>SLOT(first, LEVEL)
        y = seen(f(value, *rest, **kwargs))
        if y is value:
            return first
        if type(y) is not ndarray or not cnp.PyArray_SIZE(<cnp.ndarray>y):
            return None
        if cnp.PyArray_NDIM(<cnp.ndarray>y) >= AXES:
            return None
        if not cnp.PyArray_CHKFLAGS(<cnp.ndarray>y, cnp.NPY_ARRAY_OWNDATA) and may_share(y, value):
            if not is_behaved(<cnp.ndarray>dot) or not lies_like(<cnp.ndarray>dot, <cnp.ndarray>value):
                return None
            return made(y, followed(<cnp.ndarray>dot, <cnp.ndarray>value, <cnp.ndarray>y), level)
        many = dot.ndim - value.ndim
        dot = directed(f, dot, rest, kwargs, <cnp.ndarray>y, dot.shape[0] if many else -1)
        return None if dot is None else elementwise(y, dot, level, f is np_copy)
    if type(first) is not list and type(first) is not tuple:
        return None
    values, dots = [], []
    for x in first:
        if type(x) is list:
            x = as_operand(x)
        value, dot = x, None
        if is_simple(x):
            value, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
            here = <object>SLOT(x, LEVEL)
        elif type(x) is ndarray:
            if not cnp.PyArray_ISFLOAT(<cnp.ndarray>x) and not cnp.PyArray_ISINTEGER(<cnp.ndarray>x):
                return None
        elif type_of(x) == OTHER:
            if not isinstance(x, Dual):
                return None
            value, dot, here = x.primal, x.tangent, x.level
            if type_of(value) == OTHER or type(value) is ndarray:
                return None
            if type(dot) is not float and type(dot) is not ndarray:
                return None
        if dot is not None:
            if type(here) is not int or (level is not None and here != level):
                return None
            i = ndim_of(dot) - ndim_of(value)
            if level is not None and i != many:
                return None
            level, many = here, i
        values.append(value)
        dots.append(dot)
    if level is None:
        return None
    y = f(values, *rest, **kwargs)
    if type(y) is not ndarray or not cnp.PyArray_SIZE(<cnp.ndarray>y):
        return None
    lead, i = (), -1
    if many:
        for dot in dots:
            if dot is not None:
                if i >= 0 and i != cnp.PyArray_DIM(<cnp.ndarray>dot, 0):
                    return None
                i = cnp.PyArray_DIM(<cnp.ndarray>dot, 0)
        lead = (i,)
    for x, (value, dot) in enumerate(zip(values, dots)):
        if dot is None:
            shape = value.shape if type(value) is ndarray else ()
            dots[x] = numpy.zeros(lead + shape, y.dtype)
    dot = directed(f, dots, rest, kwargs, <cnp.ndarray>y, i)
    return None if dot is None else made(y, dot, level)


cdef object directed(
    object f, object dots, tuple rest, dict kwargs, cnp.ndarray y, Py_ssize_t count
):
    """What f makes of tangents, one direction after the other, where y is what it makes of values.

    `count`: how many directions there are; -1 for one that has no axis of its own. None if there is
    so much of it that one function of all directions takes less time.
    """
    cdef Py_ssize_t i
    cdef object found, token, dot
    if count > 0 and count * cnp.PyArray_SIZE(y) > 4096:
        return None
    token = quiet()
    try:
        if count < 0:
            found = f(dots, *rest, **kwargs)
        else:
            found = numpy.empty((count, *(<object>y).shape), y.dtype)
            for i in range(count):
                if type(dots) is list:
                    found[i] = f([dot[i] for dot in <list>dots], *rest, **kwargs)
                else:
                    found[i] = f(dots[i], *rest, **kwargs)
    finally:
        unhush(token)
    if type(found) is not ndarray:
        return None
    if not cnp.PyArray_CHKFLAGS(<cnp.ndarray>found, cnp.NPY_ARRAY_OWNDATA):  # but y is no view
        found = cnp.PyArray_NewCopy(<cnp.ndarray>found, cnp.NPY_KEEPORDER)
    return found if cnp.PyArray_TYPE(<cnp.ndarray>found) == cnp.PyArray_TYPE(y) else None


# What `recorded_linear` finds among the arguments of a function.
cdef class Operands:
    cdef object level, of_one  # the value of the one array, if there is one alone
    cdef int count

    cdef object value(self, object x, list forms):
        """The primal of an argument, whose form is added to a list; None if it is another one."""
        cdef object form = <object>SLOT(x, TANGENT), value = <object>SLOT(x, PRIMAL)
        cdef object numbers = <object>SLOT(value, PRIMAL) if is_simple(value) else value
        if type(form) is not form_class or type(numbers) is not ndarray:
            return None
        if not cnp.PyArray_ISFLOAT(<cnp.ndarray>numbers):
            return None
        if self.level is not None and <object>SLOT(x, LEVEL) is not self.level:
            return None
        self.level, self.of_one = <object>SLOT(x, LEVEL), value
        self.count += 1
        forms.append(form)
        return value


cdef inline bint is_whole(object x) noexcept:
    """Whether this is a dual array that has all its parts."""
    return (
        type(x) is DualArray and SLOT(x, PRIMAL) != NULL and SLOT(x, TANGENT) != NULL
        and SLOT(x, LEVEL) != NULL
    )


cdef object recorded_linear(object f, tuple args, dict kwargs):
    """A linear function of arrays that are recorded: NumPy's own of the values, and of the forms.

    None if that is not all, as with options, or with arrays of other levels.
    """
    cdef object x, each, value, y, tangent
    cdef list values = [], forms = [], inner, inner_forms
    cdef Operands found = Operands.__new__(Operands)
    for name, x in kwargs.items():
        if name != "axis" or not (x is None or type(x) is int or type(x) is tuple):
            return None
    for x in args:
        if is_whole(x):
            if values:  # one to store in
                return None
            value = found.value(x, forms)
            if value is None:
                return None
            values.append(value)
        elif type(x) is list or (type(x) is tuple and found.count == 0):
            inner, inner_forms = [], []
            for each in x:
                if type(each) is list:
                    each = as_operand(each)
                if is_whole(each):
                    value = found.value(each, inner_forms)
                    if value is None:
                        return None
                elif type(each) is ndarray and cnp.PyArray_ISFLOAT(<cnp.ndarray>each):
                    value = each
                    inner_forms.append(zero_form(each))
                else:
                    return None
                inner.append(value)
            values.append(inner)
            forms.append(inner_forms)
        elif x is None or type(x) is int or type(x) is tuple or is_of_numbers(x):
            values.append(x)
            forms.append(x)
        else:
            return None
    if found.count == 0:
        return None
    y = seen(f(*values, **kwargs))
    if y is found.of_one:  # as np.squeeze gives where there is nothing to do
        return args[0]
    value = y.primal if type(y) is DualArray else y
    if type(value) is not ndarray or not cnp.PyArray_ISFLOAT(<cnp.ndarray>value):
        return None
    if f in RESHAPING:
        tangent = reshaped(forms[0], value.shape)
    else:
        tangent = (<object>PyDict_GetItem(LINEAR, f))(*forms, **kwargs)
    if f in VIEWS_OF_ONE:
        x = found.of_one
        if cnp.PyArray_CHKFLAGS(<cnp.ndarray>value, cnp.NPY_ARRAY_OWNDATA) or not may_share(
            value, x.primal if type(x) is DualArray else x
        ):
            tangent = tangent.copy()
        elif SLOT(tangent, BASE) == <PyObject *>None:
            return None
    if SLOT(node_of(tangent), DTYPE) != <PyObject *>cnp.PyArray_DESCR(<cnp.ndarray>value):
        return None
    return made(y, tangent, found.level)


cdef class Choice:
    """The pull of np.where for the forms among its two arrays."""

    cdef object chosen       # where the first is
    cdef list firsts, shapes  # of each form whether it is the first, and its shape, or None

    def __call__(self, g):
        cdef list found = []
        lead = len(g.shape) - self.chosen.ndim
        for is_first, shape in zip(self.firsts, self.shapes):
            t = np_where(self.chosen, g, 0.0) if is_first else np_where(self.chosen, 0.0, g)
            found.append(t if shape is None else summed(t, shape, lead))
        return found


cdef object recorded_choice(tuple args):
    """np.where(condition, x, y) of arrays that are recorded, and numbers; None for others."""
    cdef object value, x, condition = args[0], whole
    cdef list values = [], forms = []
    cdef Operands found = Operands.__new__(Operands)
    cdef Choice pull = Choice.__new__(Choice)
    if type(condition) is not ndarray or not cnp.PyArray_ISBOOL(<cnp.ndarray>condition):
        return None
    pull.firsts, pull.shapes = [], []
    for x in args[1:]:
        if is_whole(x):
            value = found.value(x, forms)
            if value is None:
                return None
            pull.firsts.append(not values)
            values.append(value)
        elif type_of(x) != OTHER:
            values.append(x)
        else:
            return None
    if found.count == 0:
        return None
    y = np_where(condition, values[0], values[1])
    value = y.primal if type(y) is DualArray else y
    whole = value.shape
    if not whole:
        return None
    descr = <object>cnp.PyArray_DESCR(<cnp.ndarray>value)
    nodes = [node_of(form) for form in forms]
    for node in nodes:
        if SLOT(node, DTYPE) != <PyObject *>descr:
            return None
        pull.shapes.append(None if <object>SLOT(node, SHAPE) == whole else <object>SLOT(node, SHAPE))
    if condition.shape != whole:
        condition = numpy.broadcast_to(condition, whole)
    pull.chosen = condition.copy()  # f may write into it
    tangent = new_form(new_node(node_class, whole, descr, nodes, pull), None, None)
    return made(y, tangent, found.level)


cdef object recorded_norm(object x):
    """np.linalg.norm of all elements of an array that is recorded; None for others.

    The slope is the unit vector.
    """
    cdef object value, node, y, unit, token
    cdef Operands found = Operands.__new__(Operands)
    cdef Total pull
    cdef list forms = []
    if not is_whole(x):
        return None
    value = found.value(x, forms)
    if type(value) is not ndarray or type_in(<cnp.ndarray>value) != cnp.NPY_DOUBLE:
        return None
    y = seen(np_norm(value))
    if not 1e-140 < y < 1e140:  # squares underflow or overflow
        return None
    token = quiet()
    try:
        unit = value / y
    finally:
        unhush(token)
    node = node_of(forms[0])
    pull = total_of(node)
    node = new_node(node_class, pull.shape, pull.dtype, [node], Slopes([unit], [None], value.ndim))
    tangent = new_form(new_node(node_class, (), pull.dtype, [node], pull), None, None)
    return number_of(y, tangent, found.level)


cdef object norm_along(object x, tuple args, dict kwargs):
    """The same along one axis=, with keepdims=, of an array of doubles; None for others."""
    cdef object value, dot, y, length, unit, token, terms
    cdef Total pull
    cdef list forms = []
    cdef Operands found = Operands.__new__(Operands)
    cdef int axis
    if not is_whole(x):
        return None
    value, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
    if type(value) is not ndarray or not is_small(value):
        return None
    if type(dot) is form_class:
        value = found.value(x, forms)
        if value is None:
            return None
        pull = total_of(node_of(dot))
    elif is_simple(x) and is_small(dot):
        pull = Total.__new__(Total)
        pull.shape = value.shape
    else:
        return None
    if not pull.takes(args, kwargs) or type(pull.axis) is not int:
        return None
    y = seen(np_norm(value, axis=pull.axis, keepdims=pull.is_kept))
    length = y if pull.is_kept else np_norm(value, axis=pull.axis, keepdims=True)
    if not ((length > 1e-140) & (length < 1e140)).all():  # squares underflow or overflow
        return None
    token = quiet()
    try:
        unit = value * (1.0 / length)
        if type(dot) is not form_class:
            axis = pull.axis if pull.axis < 0 else pull.axis - cnp.PyArray_NDIM(<cnp.ndarray>value)
            terms = unit * dot
            if axis != -1:
                terms = numpy.moveaxis(terms, axis, -1)
            if not cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>terms):
                terms = terms.copy()
            terms = add_up(terms, -1)  # in the order that `total` of array_rules/matrices.py has
            if pull.is_kept:
                terms = numpy.expand_dims(terms, axis)
            return paired(y, terms, <object>SLOT(x, LEVEL)) if all_finite_in(terms) else None
    finally:
        unhush(token)
    pull.has_axes = y.shape != ()
    ndim = cnp.PyArray_NDIM(<cnp.ndarray>value)
    node = new_node(node_class, pull.shape, pull.dtype, [node_of(dot)], Slopes([unit], [None], ndim))
    form = new_form(new_node(node_class, y.shape, pull.dtype, [node], pull), None, None)
    return paired(y, form, <object>SLOT(x, LEVEL))


cdef inline bint all_finite_in(object x):
    return is_small(x) if type(x) is ndarray else isfinite(<double>x)


cdef object recorded_extreme(object f, tuple args, dict kwargs):
    """np.max or np.min of an array that is recorded, with axis= and keepdims=; None for others.

    Each of k equal extreme elements has slope 1/k.
    """
    cdef object x = args[0], value, top, ties, node
    cdef Operands found = Operands.__new__(Operands)
    cdef Total pull
    cdef list forms = []
    if not is_whole(x):
        return None
    if is_simple(x):
        return extreme_dual(f, x, args, kwargs)
    value = found.value(x, forms)
    if type(value) is not ndarray or not cnp.PyArray_SIZE(<cnp.ndarray>value):
        return None
    node = node_of(forms[0])
    pull = total_of(node)
    if not pull.takes(args, kwargs) or pull.dtype is not value.dtype:
        return None
    y = seen(f(value, axis=pull.axis, keepdims=pull.is_kept))
    top = y if pull.is_kept or pull.axis is None else f(value, axis=pull.axis, keepdims=True)
    ties = value == top
    count = add_up(ties, pull.axis, None, None, pull.axis is not None)
    if not numpy.all(count):  # where there is nan
        return None
    slope = ties / count
    slope = slope if slope.dtype is pull.dtype else slope.astype(pull.dtype)
    pull.has_axes = y.shape != ()
    node = new_node(node_class, pull.shape, pull.dtype, [node], Slopes([slope], [None], value.ndim))
    tangent = new_form(new_node(node_class, y.shape, pull.dtype, [node], pull), None, None)
    return paired(y, tangent, found.level)


cdef object extreme_dual(object f, object x, tuple args, dict kwargs):
    """The same for a dual of arrays of doubles."""
    cdef object value = <object>SLOT(x, PRIMAL), dot = <object>SLOT(x, TANGENT), y, top, ties, axis
    cdef int i, ndim = cnp.PyArray_NDIM(<cnp.ndarray>value)
    cdef int many = cnp.PyArray_NDIM(<cnp.ndarray>dot) - ndim
    cdef Total pull = Total.__new__(Total)
    pull.shape = value.shape
    if not is_small(value) or not is_small(dot) or not pull.takes(args, kwargs):
        return None
    y = seen(f(value, axis=pull.axis, keepdims=pull.is_kept))
    top = y if pull.is_kept or pull.axis is None else f(value, axis=pull.axis, keepdims=True)
    ties = value == top
    axis = tuple([i for i in range(ndim) if pull.is_summed[i]])
    terms = ties / add_up(ties, axis, None, None, True) * dot
    if many:
        axis = tuple([i + 1 for i in axis])
    return paired(y, add_up(terms, axis, None, None, pull.is_kept), <object>SLOT(x, LEVEL))


cdef object chosen(tuple args):
    """np.where(condition, x, y) of duals of arrays of one level, and numbers; None for others."""
    cdef object x, v, dot, level = None, condition = args[0], y
    cdef list values = [], dots = []
    cdef int kind = WEAK, many = -1
    if type(condition) is not ndarray or not cnp.PyArray_ISBOOL(<cnp.ndarray>condition):
        return None
    for x in args[1:]:
        v, dot = x, None
        if not goes_with(&kind, x):
            return None
        if type(x) is DualArray:
            v, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
            if level is None:
                level = <object>SLOT(x, LEVEL)
                many = dot.ndim - v.ndim
                lead = dot.shape[:many]
            elif level != <object>SLOT(x, LEVEL) or lead != dot.shape[:dot.ndim - v.ndim]:
                return None
        values.append(v)
        dots.append(dot)
    if level is None:
        return None
    y = np_where(condition, values[0], values[1])
    for i in range(2):
        if dots[i] is None:
            dots[i] = 0.0
        elif not cnp.PyArray_SAMESHAPE(<cnp.ndarray>y, <cnp.ndarray>values[i]):
            return None
    dot = np_where(condition, dots[0], dots[1])
    return elementwise(y, dot, level) if dot.ndim - y.ndim == many and dot.dtype == y.dtype else None


cdef object clipped(object x, object low, object high):
    """np.clip between numbers, of an array of doubles none of which is a bound; None for others."""
    cdef object value, dot, form, y, inside, node
    cdef const double *v
    cdef double *slopes
    cdef double least = -INFINITY, most = INFINITY
    cdef Py_ssize_t i
    if not is_whole(x):
        return None
    value, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
    if type(value) is not ndarray or type_in(<cnp.ndarray>value) != cnp.NPY_DOUBLE:
        return None
    if not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>value) or (low is None and high is None):
        return None
    if not cnp.PyArray_NDIM(<cnp.ndarray>value):  # which gives a number
        return None
    if type(dot) is not form_class and not (is_simple(x) and is_small(dot)):
        return None
    if low is not None:
        if type_of(low) == OTHER or type(low) is ndarray:
            return None
        least = low
    if high is not None:
        if type_of(high) == OTHER or type(high) is ndarray:
            return None
        most = high
    if not least < most:
        return None
    inside = numpy.empty(value.shape)
    v = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value)
    slopes = <double *>cnp.PyArray_DATA(<cnp.ndarray>inside)
    for i in range(cnp.PyArray_SIZE(<cnp.ndarray>value)):
        if not (v[i] < least or v[i] > most or least < v[i] < most):
            return None
        slopes[i] = least < v[i] < most
    return by_slopes(x, value.clip(low, high), inside)


cdef object filled_like(object f, object x):
    """np.zeros_like and the like of a dual of arrays in C order, with room for its directions."""
    cdef object value, dot
    if not is_simple(x):
        return None
    value, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
    if not cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>value) or not is_behaved(<cnp.ndarray>value):
        return None
    like = np_ones_like if f is np_ones_like else np_zeros_like
    return elementwise(like(value), numpy.zeros(dot.shape, value.dtype), <object>SLOT(x, LEVEL))


cdef object bilinear(object f, tuple before, object a, object b, tuple behind=()):
    """f(*before, a, b, *behind) for small arrays of one level, where f is linear in each; None for others."""
    cdef object v = a, w = b, v_dot = None, w_dot = None, level = None, y, tangent, token, dot
    cdef list terms = []
    cdef Py_ssize_t i, count = -1
    if type(a) is DualArray:
        if not is_simple(a):
            return None
        v, v_dot, level = <object>SLOT(a, PRIMAL), <object>SLOT(a, TANGENT), <object>SLOT(a, LEVEL)
    if type(b) is DualArray:
        if not is_simple(b) or (level is not None and level != <object>SLOT(b, LEVEL)):
            return None
        w, w_dot, level = <object>SLOT(b, PRIMAL), <object>SLOT(b, TANGENT), <object>SLOT(b, LEVEL)
    if level is None or not is_small(v) or not is_small(w):
        return None
    for value, dot in ((v, v_dot), (w, w_dot)):
        if dot is None:
            continue
        if not is_small(dot):
            return None
        i = dot.shape[0] if dot.ndim > value.ndim else 0
        if count >= 0 and i != count:
            return None
        count = i
    y = seen(f(*before, v, w, *behind))
    token = quiet()
    try:
        for is_second, dot in enumerate((v_dot, w_dot)):
            if dot is None:
                continue
            if count == 0:
                t = f(*before, v, dot, *behind) if is_second else f(*before, dot, w, *behind)
                terms.append(t)
            else:
                terms.append(numpy.stack([
                    f(*before, v, each, *behind) if is_second else f(*before, each, w, *behind)
                    for each in dot
                ]))
        tangent = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    finally:
        unhush(token)
    if type(tangent) is not ndarray and type(y) is ndarray:  # without axes
        tangent = numpy.asarray(tangent)
    if type(tangent) is ndarray:
        return paired(y, tangent, level) if is_small(tangent) else None
    return paired(y, tangent, level) if isfinite(<double>tangent) else None


# -- small arrays: what has a slope for each element --------------------------------------------


cdef object numbers_in(object x):
    """The value of a dual of doubles in C order, few and finite, or recorded; None for others."""
    cdef object value, dot
    if not is_whole(x):
        return None
    value, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
    if not is_row(<PyObject *>value) or not cnp.PyArray_NDIM(<cnp.ndarray>value) or not is_small(value):
        return None
    if type(dot) is form_class:
        return value if <object>SLOT(node_of(dot), DTYPE) is (<object>value).dtype else None
    return value if is_simple(x) and is_small(dot) and is_row(<PyObject *>dot) else None


cdef object by_slopes(object x, object y, object slopes):
    """y, an array whose tangent is slopes·ẋ element by element, for x with `numbers_in` it."""
    cdef object dot = <object>SLOT(x, TANGENT), node, t, token
    if type(dot) is not form_class:
        token = quiet()
        try:
            t = slopes * dot
        finally:
            unhush(token)
        return elementwise(y, t, <object>SLOT(x, LEVEL)) if all_finite(t) else None
    node = stretched(dot, slopes)
    return made(y, new_form(node, None, None), <object>SLOT(x, LEVEL))


cdef object stretched(object form, object slopes):
    """The node of slopes·ẋ, element by element."""
    cdef object node = node_of(form)
    cdef Slopes pull = Slopes([slopes], [None], cnp.PyArray_NDIM(<cnp.ndarray>slopes))
    pull.faint = is_faint(slopes)
    return new_node(node_class, <object>SLOT(node, SHAPE), <object>SLOT(node, DTYPE), [node], pull)


cdef object sum_by_slopes(object x, object y, object slopes):
    """y, a number whose tangent is Σ slopes·ẋ, for x with `numbers_in` it."""
    cdef object dot = <object>SLOT(x, TANGENT), node, t, token
    cdef int ndim = cnp.PyArray_NDIM(<cnp.ndarray>slopes)
    if type(dot) is form_class:
        node = stretched(dot, slopes)
        t = new_form(new_node(node_class, (), DOUBLE, [node], total_of(node)), None, None)
        return number_of(y, t, <object>SLOT(x, LEVEL))
    token = quiet()
    try:
        t = slopes * dot
        if cnp.PyArray_NDIM(<cnp.ndarray>dot) > ndim:
            t = add_up(t.reshape(dot.shape[0], -1), 1)
            return pair(y, t, <object>SLOT(x, LEVEL)) if all_finite(t) else None
        t = add_up(t.reshape(-1)).item()
        return pair(y, t, <object>SLOT(x, LEVEL)) if isfinite(<double>t) else None
    finally:
        unhush(token)


cdef object multiplied(object x):
    """np.prod of all elements: the slope in one is the product of the others. None for others."""
    cdef object value = numbers_in(x), slopes
    cdef const double *v
    cdef double *s
    cdef double before = 1.0, behind = 1.0
    cdef int exponent
    cdef Py_ssize_t i, n, exponents = 0
    if value is None:
        return None
    v, n = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value), cnp.PyArray_SIZE(<cnp.ndarray>value)
    slopes = cnp.PyArray_SimpleNew(
        cnp.PyArray_NDIM(<cnp.ndarray>value), cnp.PyArray_DIMS(<cnp.ndarray>value), cnp.NPY_DOUBLE
    )
    s = <double *>cnp.PyArray_DATA(<cnp.ndarray>slopes)
    for i in range(n):
        frexp(v[i], &exponent)
        exponents += abs(exponent)
        s[i] = before
        before = before * v[i]
    if exponents > 1000:  # a product of some of them may leave the range
        return None
    for i in range(n - 1, -1, -1):
        s[i] = s[i] * behind
        behind = behind * v[i]
    return sum_by_slopes(x, seen(numpy.multiply.reduce(value, None)), slopes)


cdef object multiplied_so_far(object x):
    """np.cumprod of a vector; None for others.

    Backward by logarithms, forward by the steps of `running` in array_rules/reductions.py.
    """
    cdef object value = numbers_in(x), dot, y, numbers, tangent
    cdef const double *v
    cdef double *run
    cdef double size
    cdef Py_ssize_t i, n, k, exponents = 0
    cdef int exponent
    if value is None or cnp.PyArray_NDIM(<cnp.ndarray>value) != 1:
        return None
    dot = <object>SLOT(x, TANGENT)
    v, n = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value), cnp.PyArray_SIZE(<cnp.ndarray>value)
    for i in range(n):
        frexp(v[i], &exponent)
        exponents += abs(exponent)
    if exponents > 1000:  # a product of some of them may leave the range
        return None
    if type(dot) is form_class:
        for i in range(n):
            if v[i] == 0.0:
                return None
        y = seen(numpy.cumprod(value))
        form = new_form(stretched(dot, 1.0 / value), None, None)
        node = stretched(LINEAR[numpy.cumsum](form), y.copy())
        return made(y, new_form(node, None, None), <object>SLOT(x, LEVEL))
    y = seen(numpy.cumprod(value))
    k = cnp.PyArray_SIZE(<cnp.ndarray>dot) // n
    numbers, tangent = value.copy(), dot.copy()
    rest = numpy.empty((k + 1) * n)
    run_up(
        <double *>cnp.PyArray_DATA(<cnp.ndarray>numbers), <double *>cnp.PyArray_DATA(<cnp.ndarray>tangent),
        n, k, n, <double *>cnp.PyArray_DATA(<cnp.ndarray>rest),
    )
    return made(y, tangent, <object>SLOT(x, LEVEL)) if all_finite(tangent) else None


cdef void run_up(
    double *v, double *t, Py_ssize_t n, Py_ssize_t k, Py_ssize_t step, double *room
) noexcept:
    """The products of the first 1, 2, …, n numbers v with k tangents t, `step` apart, in their places."""
    cdef Py_ssize_t half = n // 2, i, d
    cdef double *pairs = room
    cdef double *dots = room + half
    if n < 2:
        return
    for i in range(half):
        for d in range(k):
            dots[d * half + i] = v[2 * i + 1] * t[d * step + 2 * i] + v[2 * i] * t[d * step + 2 * i + 1]
        pairs[i] = v[2 * i] * v[2 * i + 1]
    run_up(pairs, dots, half, k, half, room + (k + 1) * half)
    for i in range(half):
        v[2 * i + 1] = pairs[i]
        for d in range(k):
            t[d * step + 2 * i + 1] = dots[d * half + i]
        if 2 * i + 2 < n:
            for d in range(k):
                t[d * step + 2 * i + 2] = (
                    v[2 * i + 2] * dots[d * half + i] + pairs[i] * t[d * step + 2 * i + 2]
                )
            v[2 * i + 2] = pairs[i] * v[2 * i + 2]


cdef object outermost(object f, object x):
    """np.max or np.min of a vector, of which equal extreme elements have slope 1/k; None for others."""
    cdef object value = numbers_in(x), slopes
    cdef const double *v
    cdef double *s
    cdef double top
    cdef Py_ssize_t i, n, count = 0
    if value is None or cnp.PyArray_NDIM(<cnp.ndarray>value) != 1:
        return None
    y = (least if f is numpy.min or f is numpy.amin else greatest)(value)
    v, n, top = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value), cnp.PyArray_SIZE(<cnp.ndarray>value), y
    slopes = cnp.PyArray_SimpleNew(1, cnp.PyArray_DIMS(<cnp.ndarray>value), cnp.NPY_DOUBLE)
    s = <double *>cnp.PyArray_DATA(<cnp.ndarray>slopes)
    for i in range(n):
        count += v[i] == top
    for i in range(n):
        s[i] = 1.0 / count if v[i] == top else 0.0
    return sum_by_slopes(x, y, slopes)


cdef object spread_of(object f, object x):
    """np.var or np.std of a vector; None for others."""
    cdef object value = numbers_in(x), dot, off, terms, token, y, t
    cdef Py_ssize_t n
    cdef double slope = 1.0
    if value is None or cnp.PyArray_NDIM(<cnp.ndarray>value) != 1:
        return None
    n, dot = cnp.PyArray_SIZE(<cnp.ndarray>value), <object>SLOT(x, TANGENT)
    y = seen(f(value))
    if not 1e-140 < y < 1e140:  # squares underflow or overflow
        return None
    if f is np_std:
        if not greatest(value) > least(value):  # a kink, also where the mean was rounded
            return None
        slope = 0.5 / <double>y
    token = quiet()
    try:
        off = value - value.mean()
        if type(dot) is form_class:
            return sum_by_slopes(x, y, off * (2.0 * slope / n))
        terms = off * (dot - dot.mean(-1, None, None, True))
        t = add_up(terms + terms, -1) * (1.0 / n)
        if f is np_std:
            t = slope * t
    finally:
        unhush(token)
    if not all_finite_in(t):
        return None
    return paired(y, t, <object>SLOT(x, LEVEL))


cdef object in_order(object x):
    """np.sort of a vector without equal elements: to each its tangent. None for others."""
    cdef object value = numbers_in(x), places, y
    if value is None or cnp.PyArray_NDIM(<cnp.ndarray>value) != 1:
        return None
    places = value.argsort()
    y = value.take(places)
    if not is_rising(<cnp.ndarray>y):
        return None
    if type(<object>SLOT(x, TANGENT)) is form_class:
        return read_at(<object>SLOT(x, TANGENT), places, y, <object>SLOT(x, LEVEL))
    return made(y, (<object>SLOT(x, TANGENT)).take(places, -1), <object>SLOT(x, LEVEL))


cdef bint is_rising(cnp.ndarray x) noexcept:
    """Whether each element of a vector is greater than the one before."""
    cdef const double *v = <const double *>cnp.PyArray_DATA(x)
    cdef Py_ssize_t i
    for i in range(1, cnp.PyArray_SIZE(x)):
        if not v[i - 1] < v[i]:
            return False
    return True


cdef object middle(object x):
    """np.median of all elements, none of which are equal; None for others."""
    cdef object value = numbers_in(x), places, slopes
    cdef double *s
    cdef const Py_ssize_t *at
    cdef Py_ssize_t n
    if value is None:
        return None
    places = value.argsort(None)
    if not is_rising(<cnp.ndarray>value.take(places)):
        return None
    slopes = numpy.zeros(value.shape)
    n, s = cnp.PyArray_SIZE(<cnp.ndarray>value), <double *>cnp.PyArray_DATA(<cnp.ndarray>slopes)
    at = <const Py_ssize_t *>cnp.PyArray_DATA(<cnp.ndarray>places)
    s[at[(n - 1) // 2]] += 0.5
    s[at[n // 2]] += 0.5
    return sum_by_slopes(x, seen(numpy.median(value)), slopes)


cdef object determined(object x):
    """np.linalg.det of a matrix of up to three rows; None for others.

    The slope in an element is its cofactor, in the order of sums that array_rules/linalg.py has.
    """
    cdef object value = numbers_in(x), slopes
    cdef const double *a
    cdef double *s
    cdef int i, j, n, i1, i2, j1, j2
    if value is None or cnp.PyArray_NDIM(<cnp.ndarray>value) != 2:
        return None
    n = <int>cnp.PyArray_DIM(<cnp.ndarray>value, 0)
    if n != cnp.PyArray_DIM(<cnp.ndarray>value, 1) or not 2 <= n <= 3:
        return None
    y = seen(np_det(value))
    slopes = cnp.PyArray_SimpleNew(2, cnp.PyArray_DIMS(<cnp.ndarray>value), cnp.NPY_DOUBLE)
    a = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value)
    s = <double *>cnp.PyArray_DATA(<cnp.ndarray>slopes)
    for i in range(n):
        for j in range(n):
            if n == 2:
                s[2 * i + j] = a[2 * (1 - i) + 1 - j] if i == j else -a[2 * (1 - i) + 1 - j]
                continue
            i1, i2, j1, j2 = (i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3
            s[3 * i + j] = a[3 * i1 + j1] * a[3 * i2 + j2] - a[3 * i1 + j2] * a[3 * i2 + j1]
    return sum_by_slopes(x, y, slopes)


cdef object of_one(object f, object x):
    """A function of `OF_ONE` of one array alone; None if that is left to Python."""
    if f is np_prod:
        return multiplied(x)
    if f is np_cumprod:
        return multiplied_so_far(x)
    if f is np_sort:
        return in_order(x)
    if f is np_median:
        return middle(x)
    if f is np_var or f is np_std:
        return spread_of(f, x)
    return determined(x) if f is np_det else traced(x)


cdef object interpolated(object x, object xp, object fp):
    """np.interp of an array in a plain table, none of whose points is met; None for others."""
    cdef object value = numbers_in(x), slopes
    cdef const double *v
    cdef const double *at
    cdef const double *heights
    cdef double *s
    cdef Py_ssize_t i, n, low, high, half
    if value is None:
        return None
    if type(xp) is list:
        xp = as_operand(xp)
    if type(fp) is list:
        fp = as_operand(fp)
    if not is_row(<PyObject *>xp) or not is_row(<PyObject *>fp) or not is_small(fp) or not is_small(xp):
        return None
    if cnp.PyArray_NDIM(<cnp.ndarray>xp) != 1 or not cnp.PyArray_SAMESHAPE(<cnp.ndarray>xp, <cnp.ndarray>fp):
        return None
    if not is_rising(<cnp.ndarray>xp):
        return None
    n = cnp.PyArray_SIZE(<cnp.ndarray>xp)
    slopes = cnp.PyArray_SimpleNew(
        cnp.PyArray_NDIM(<cnp.ndarray>value), cnp.PyArray_DIMS(<cnp.ndarray>value), cnp.NPY_DOUBLE
    )
    v, s = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value), <double *>cnp.PyArray_DATA(<cnp.ndarray>slopes)
    at, heights = <const double *>cnp.PyArray_DATA(<cnp.ndarray>xp), <const double *>cnp.PyArray_DATA(<cnp.ndarray>fp)
    for i in range(cnp.PyArray_SIZE(<cnp.ndarray>value)):
        low, high = 0, n  # how many points are below: at least, and at most
        while low < high:
            half = (low + high) // 2
            if at[half] < v[i]:
                low = half + 1
            else:
                high = half
        if low < n and at[low] == v[i]:  # a kink
            return None
        s[i] = 0.0
        if 0 < low < n:
            s[i] = (heights[low] - heights[low - 1]) / (at[low] - at[low - 1])
    if not all_finite(slopes):
        return None
    return by_slopes(x, seen(numpy.interp(value, xp, fp)), slopes)


cdef object traced(object x):
    """np.trace of a matrix; None for others."""
    cdef object value = numbers_in(x)
    if value is None or cnp.PyArray_NDIM(<cnp.ndarray>value) != 2:
        return None
    return sum_by_slopes(x, seen(np_trace(value)), numpy.eye(*value.shape))


# -- small arrays: plain answers ----------------------------------------------------------------


def connect_answers(functions, step):
    """Tell the kernel which functions of arrays have plain answers, and what is noted of those.

    `functions`: to each what is called with it, the answer and the arguments; None for nothing.
    """
    global note_step
    ANSWERING.update(functions)
    note_step = step


cdef object answer_of(object f, tuple args, dict kwargs):
    """What a function of `ANSWERING` says of a dual array; None if that is left to Python."""
    cdef object x = args[0], note
    if not is_answering(x):
        return None
    for option in args[1:]:
        if not is_option(option):
            return None
    for option in kwargs.values():
        if not is_option(option):
            return None
    y = seen(f(<object>SLOT(x, PRIMAL), *args[1:], **kwargs))
    note = ANSWERING[f]
    if note is not None:
        note(f, y, args, kwargs)
    return y


cdef object flat_answer(object name, object ufunc, object x):
    """What a ufunc without slope makes of a dual array: a plain one. None if it is for Python."""
    cdef object value
    if not is_answering(x):
        return None
    value = <object>SLOT(x, PRIMAL)
    if not is_row(<PyObject *>value) or not cnp.PyArray_NDIM(<cnp.ndarray>value):
        return None
    y = seen(ufunc(value))
    if name == "sign":
        look_for_search(x, 0.0, apart=least_apart(<cnp.ndarray>value, 0.0))
    elif name in ROUNDING:
        note_step(x)
    return y


# -- small arrays: sums of products, and back ---------------------------------------------------


cdef class Contraction:
    """The pull of np.einsum of two arrays, by what each adjoint is the einsum of."""

    cdef list others     # of each form the other factor
    cdef list subscripts  # and the subscripts of the adjoint, of that, and of the result
    cdef int ndim

    def __call__(self, g):
        cdef list found = []
        cdef object front = "" if type(g) is float or len(g.shape) == self.ndim else "Z"
        for other, (mine, of_other, back) in zip(self.others, self.subscripts):
            text = f"{front}{mine},{of_other}->{front}{back}"
            found.append(strongly_summed(lambda a, b: np_einsum(text, a, b), g, other))
        return found


cdef dict CONTRACTIONS = {}  # texts for np.einsum, and their subscripts; None if they are not simple


cdef tuple subscripts_of(str text):
    """The subscripts of two factors and of their product, if each sums over what they share."""
    cdef tuple found = None
    if text in CONTRACTIONS:
        return CONTRACTIONS[text]
    given, arrow, result = text.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) == 2 and arrow and "." not in text and "Z" not in text:
        a, b = terms
        has_all = set(a) <= {*b, *result} and set(b) <= {*a, *result} and {*result} <= {*a, *b}
        if has_all and all(len(set(each)) == len(each) for each in (a, b, result)):
            found = a, b, result
    if len(CONTRACTIONS) > 1000:
        CONTRACTIONS.clear()
    CONTRACTIONS[text] = found
    return found


cdef object contracted(object f, tuple before, object a, object b, tuple behind, str text):
    """f(*before, a, b, *behind), which is np.einsum(text, a, b), of arrays that are recorded.

    None if that is left to Python.
    """
    cdef tuple terms = subscripts_of(text)
    cdef Contraction pull = Contraction.__new__(Contraction)
    cdef Operands found = Operands.__new__(Operands)
    cdef list values = [], forms = []
    cdef dict sizes = {}
    if terms is None:
        return None
    for x in (a, b):
        if is_whole(x):
            x = found.value(x, forms)
        else:
            forms.append(None)
        if not is_row(<PyObject *>x):
            return None
        values.append(x)
    if found.count == 0:
        return None
    for term, value in zip(terms, values):
        if len(term) != cnp.PyArray_NDIM(<cnp.ndarray>value):
            return None
        for letter, n in zip(term, value.shape):
            if sizes.setdefault(letter, n) != n:
                return None
    y = seen(f(*before, values[0], values[1], *behind))
    pull.others, pull.subscripts, pull.ndim = [], [], len(terms[2])
    nodes = []
    for i in range(2):
        if forms[i] is not None:
            nodes.append(node_of(forms[i]))
            pull.others.append(values[1 - i].copy())  # f may write into it
            pull.subscripts.append((terms[2], terms[1 - i], terms[i]))
    shape = y.shape
    return paired(y, new_form(new_node(node_class, shape, DOUBLE, nodes, pull), None, None), found.level)


cdef object sum_of_products(object f, object a, object b, tuple options):
    """A function of `BILINEAR`; None if that is left to Python."""
    cdef int left = ndim_in(a), right = ndim_in(b)
    cdef object result
    if options and type(options[0]) is not (int if f is np_tensordot else str):
        return None
    if type(a) is list:
        a = as_operand(a)
    if type(b) is list:
        b = as_operand(b)
    if (f is np_vdot or f is np_inner) and left == 1 and right == 1:
        return product(a, b, f)
    if f is np_tensordot:
        if not options or not 0 <= options[0] <= min(left, right):
            return None
        if a.shape[left - options[0]:] != b.shape[:options[0]]:
            return None
        if options[0] == 1 and left + right in (3, 4) and (result := product(a, b, TIMES)) is not None:
            return result
        return contracted(f, (), a, b, options, text_of_sum(left, right, options[0], False))
    result = bilinear(f, (), a, b, options)
    if result is None and f is np_inner and left and right:
        return contracted(f, (), a, b, (), text_of_sum(left, right, 1, True))
    return result


cdef inline int ndim_in(object x) noexcept:
    return ndim_of(<object>SLOT(x, PRIMAL)) if is_whole(x) else ndim_of(x)


cdef str text_of_sum(int left, int right, int shared, bint last):
    """np.tensordot as np.einsum: over the last axes of one and the first (or last) of the other."""
    cdef str letters = "abcdefghijklmnopqrstuvwxyz"
    if left + right > 26:
        return ""
    mine, summed_over = letters[:left - shared], letters[left - shared:left]
    rest = letters[left:left + right - shared]
    other = rest + summed_over if last else summed_over + rest
    return f"{mine}{summed_over},{other}->{mine}{rest}"


cdef object reshaped(object form, tuple shape):
    """np.reshape of a form, as a view if it is a whole, or one in another shape."""
    cdef object place = <object>SLOT(form, PLACE), base = form, read
    if SLOT(form, BASE) != <PyObject *>None:
        if not place.is_reshaped:
            return (<object>PyDict_GetItem(LINEAR, np_reshape))(form, shape)
        base = <object>SLOT(form, BASE)
    place = allocated(place_class)
    fill(place, VIEWS, (reshaped_class(shape),))
    fill(place, INDEX, ...)
    fill(place, SIGN, 1)
    fill(place, IS_BASIC, True)
    read = new_node(
        read_class, shape, <object>SLOT(node_of(form), DTYPE), (node_of(base),), None
    )
    fill(read, PART, place)
    return new_form(read, base, place)


cdef inline bint is_of_numbers(object x) noexcept:
    """Whether this is an array of whole numbers, such as places."""
    return type(x) is ndarray and cnp.PyArray_ISINTEGER(<cnp.ndarray>x)


cdef object zero_form(cnp.ndarray x):
    """The form of a constant."""
    descr = <object>cnp.PyArray_DESCR(x)
    return new_form(new_node(node_class, (<object>x).shape, descr, (), None), None, None)


cdef object may_share = numpy.may_share_memory


# -- reverse mode: the sweep ----------------------------------------------------------------------

# The methods of records.Sweep, which does the same in as many words. Who owns an adjoint is seen
# here by its references: what one name alone stands for may be written over.


cdef inline bint is_ours(PyObject *x) noexcept:
    """Whether nobody else sees the memory of an array, to which there is one reference."""
    cdef PyObject *base
    if type(<object>x) is not ndarray or references(x) != 1:
        return False
    if not cnp.PyArray_CHKFLAGS(<cnp.ndarray>x, cnp.NPY_ARRAY_BEHAVED):
        return False
    if cnp.PyArray_CHKFLAGS(<cnp.ndarray>x, cnp.NPY_ARRAY_OWNDATA):
        return True
    base = cnp.PyArray_BASE(<cnp.ndarray>x)
    return (
        base != NULL and type(<object>base) is ndarray and references(base) == 1
        and cnp.PyArray_CHKFLAGS(<cnp.ndarray>base, cnp.NPY_ARRAY_OWNDATA)
    )


cdef inline bint is_our_dual(PyObject *x) noexcept:
    """The same of a dual of arrays."""
    return (
        type(<object>x) is DualArray and references(x) == 1 and is_simple(<object>x)
        and is_ours(SLOT(<object>x, PRIMAL)) and is_ours(SLOT(<object>x, TANGENT))
    )


cdef object zeros_like(tuple shape, object x):
    """Zeros of a shape with the directions of x, a dual of arrays."""
    cdef object value = <object>SLOT(x, PRIMAL), tangent = <object>SLOT(x, TANGENT)
    cdef tuple directions = tangent.shape[:tangent.ndim - value.ndim]
    return made(
        numpy.zeros(shape, value.dtype), numpy.zeros(directions + shape, tangent.dtype),
        <object>SLOT(x, LEVEL),
    )


cdef bint has_room(object x, object like) noexcept:
    """Whether a dual of arrays lies in order, so that what is like this can be added to parts."""
    return (
        cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>SLOT(x, PRIMAL))
        and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>SLOT(x, TANGENT))
        and (
            type(like) is float or type(like) is ndarray
            or is_simple(like) and <object>SLOT(like, LEVEL) == <object>SLOT(x, LEVEL)
        )
    )


cdef inline bint takes(PyObject *x, PyObject *t) noexcept:
    """Whether an array has the type and the shape of a second one."""
    return (
        type(<object>t) is ndarray
        and cnp.PyArray_DESCR(<cnp.ndarray>x) is cnp.PyArray_DESCR(<cnp.ndarray>t)
        and cnp.PyArray_SAMESHAPE(<cnp.ndarray>x, <cnp.ndarray>t)
    )


cdef enum:
    SHORT = 4096  # so many numbers are added and multiplied here before NumPy has begun


cdef inline bint is_row(PyObject *x) noexcept:
    """Whether this is an array of doubles in C order."""
    return (
        type(<object>x) is ndarray and type_in(<cnp.ndarray>x) == cnp.NPY_DOUBLE
        and cnp.PyArray_CHKFLAGS(
            <cnp.ndarray>x, cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED
        )
    )


cdef object doubled(cnp.ndarray x):
    """2*x"""
    cdef object y = cnp.PyArray_SimpleNew(
        cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), cnp.NPY_DOUBLE
    )
    cdef double *to = <double *>cnp.PyArray_DATA(<cnp.ndarray>y)
    cdef const double *at = <const double *>cnp.PyArray_DATA(x)
    cdef Py_ssize_t i
    for i in range(cnp.PyArray_SIZE(x)):
        to[i] = 2.0 * at[i]
    return y


cdef int add_to(PyObject *x, PyObject *t, bint minus) except -1:
    """x += t, or x -= t"""
    cdef double *to
    cdef const double *at
    cdef Py_ssize_t i, n = cnp.PyArray_SIZE(<cnp.ndarray>x)
    if n > SHORT or not is_row(x) or not is_row(t) or not takes(x, t):
        (np_subtract if minus else np_add)(<object>x, <object>t, <object>x)
        return 0
    to = <double *>cnp.PyArray_DATA(<cnp.ndarray>x)
    at = <const double *>cnp.PyArray_DATA(<cnp.ndarray>t)
    if minus:
        for i in range(n):
            to[i] -= at[i]
    else:
        for i in range(n):
            to[i] += at[i]
    return 0


cdef int multiply_into(PyObject *x, PyObject *g, PyObject *slope) except -1:
    """x = g*slope, where x is one of the two."""
    cdef double *to
    cdef double *by
    cdef double number
    cdef Py_ssize_t i, n = cnp.PyArray_SIZE(<cnp.ndarray>x)
    cdef PyObject *other = slope if x == g else g
    cdef bint is_number = type(<object>other) is float
    if n > SHORT or not is_row(x) or not (
        is_number or is_uniform(<cnp.ndarray>other) or is_row(other)
    ):
        np_multiply(<object>g, <object>slope, <object>x)
        return 0
    to = <double *>cnp.PyArray_DATA(<cnp.ndarray>x)
    forget_underflow()
    if is_number or is_uniform(<cnp.ndarray>other):
        number = <double><object>other if is_number else number_in(<cnp.ndarray>other)
        for i in range(n):
            to[i] *= number
    else:
        by = <double *>cnp.PyArray_DATA(<cnp.ndarray>other)
        for i in range(n):
            to[i] *= by[i]
    if forget_underflow():
        underflow.met = True
    return 0


cdef class Slopes:
    """The pull of a row: adjoints times slopes, which are arrays, numbers, or None for 1."""

    cdef list slopes, shapes
    cdef int ndim
    cdef bint faint      # whether one of them may have left the range

    def __init__(self, list slopes, list shapes, int ndim):
        self.slopes, self.shapes, self.ndim = slopes, shapes, ndim
        self.faint = any([slope is not None and is_faint(slope) for slope in slopes])

    def __call__(self, g):
        cdef list found = []
        cdef Py_ssize_t i, lead = len(getattr(g, "shape", ())) - self.ndim
        if self.faint:
            underflow.met = True
        for i in range(len(self.slopes)):
            slope = self.slopes[i]
            t = g if slope is None else strongly(multiply, g, slope)
            if slope is not None and (self.faint or underflow.met):
                t = undefined_where_lost(t, g, slope)
            if self.shapes[i] is not None:
                t = summed(t, self.shapes[i], lead)
            found.append(t)
        return found

    cdef bint are_far(self) except -1:
        """Whether a slope may be so large as to matter beside an adjoint below the range."""
        for slope in self.slopes:
            if slope is not None and is_far(slope):
                return True
        return False

    cdef int back(self, Walk walk, list sources, PyObject *g) except -1:
        """The same, given to the sources; g is written over if it is not needed any more."""
        cdef Py_ssize_t i, n = len(sources), lead = (<object>g).ndim - self.ndim
        cdef PyObject *slope
        cdef object t
        cdef bint is_plain = type(<object>g) is ndarray
        if (self.faint and is_far(<object>g)) or (walk.lowered and self.are_far()):
            for i, t in enumerate(self(<object>g)):
                walk.give(sources[i], t)
            return 0
        if self.faint and not walk.lowered:
            walk.lowered = underflow.met = True
        for i in range(n):
            slope = PyList_GET_ITEM(self.slopes, i)
            if slope == <PyObject *>None:
                t = <object>g
            elif not is_plain:
                t = <object>g * <object>slope
            elif type(<object>slope) is DualArray:
                t = self.of_duals(walk, g, slope)
            elif type(<object>slope) is float and is_uniform(<cnp.ndarray>g):
                t = uniform((<object>g).shape, number_in(<cnp.ndarray>g) * <double><object>slope)
            elif i == n - 1 and is_ours(g) and (type(<object>slope) is float or takes(g, slope)):
                multiply_into(g, g, slope)
                t = <object>g
            elif walk.free and is_ours(slope) and takes(slope, g):
                multiply_into(slope, g, slope)
                t = <object>slope
            else:
                t = <object>g * <object>slope
            if self.shapes[i] is not None:
                t = narrowed(t, self.shapes[i], lead)
            walk.give(sources[i], t)
            t = None
        return 0


    cdef object of_duals(self, Walk walk, PyObject *g, PyObject *slope):
        """An array times a slope that is a dual."""
        cdef double number
        cdef object part
        if is_uniform(<cnp.ndarray>g) and (<object>g).shape == (<object>slope).shape:
            number = number_in(<cnp.ndarray>g)
            if walk.free and number == 1.0:
                return <object>slope
            if walk.free and is_our_dual(slope) and number != 0.0 and isfinite(number):
                part = <object>SLOT(<object>slope, PRIMAL)
                np_multiply(part, number, part)
                part = <object>SLOT(<object>slope, TANGENT)
                np_multiply(part, number, part)
                return <object>slope
            return number * <object>slope
        return <object>g * <object>slope


cdef object narrowed(object t, tuple shape, Py_ssize_t lead):
    """The adjoint of what was broadcast from this shape."""
    cdef int i, extra = cnp.PyArray_NDIM(<cnp.ndarray>t) - len(shape) if type(t) is ndarray else 0
    if extra <= 0 or lead:
        return summed(t, shape, lead)
    for i in range(len(shape)):
        if cnp.PyArray_DIM(<cnp.ndarray>t, i + extra) != <Py_ssize_t>shape[i]:
            return summed(t, shape, lead)
    return add_up(t, 0 if extra == 1 else tuple(range(extra)))


cdef class Product:
    """The pull of v @ w for arrays of one or two axes: v̄ = ȳ·wᵀ, w̄ = vᵀ·ȳ."""

    cdef object v, w     # copies; None where the other factor has no form
    cdef int left, right  # how many axes v and w have

    def __call__(self, g):
        cdef list found = []
        cdef bint row = self.left == 1, column = self.right == 1
        if self.w is not None:
            found.append(matmul_back(g, self.w, True, row, column))
        if self.v is not None:
            found.append(matmul_back(g, self.v, False, row, column))
        return found

    cdef int back(self, Walk walk, list sources, object g) except -1:
        """The same for one adjoint, which is an array or a number, given to the sources."""
        cdef Py_ssize_t last = len(sources) - 1
        if self.left == 1 and self.right == 1:
            if self.w is not None:
                walk.give(sources[0], g * self.w)
            if self.v is not None:
                walk.give(sources[last], g * self.v)
            return 0
        if not cnp.PyArray_CHKFLAGS(<cnp.ndarray>g, cnp.NPY_ARRAY_C_CONTIGUOUS) and (
            not cnp.PyArray_CHKFLAGS(<cnp.ndarray>g, cnp.NPY_ARRAY_F_CONTIGUOUS)
        ):
            g = g.copy()  # for BLAS
        if self.w is not None:
            if self.left == 1:
                t = np_matmul(self.w, g)
            elif self.right == 1:
                t = g[EVERYTHING, None] * self.w
            else:
                t = np_matmul(g, self.w.T)
            walk.give(sources[0], t)
        if self.v is not None:
            t = self.v[EVERYTHING, None] * g if self.left == 1 else np_matmul(self.v.T, g)
            walk.give(sources[last], t)
        return 0


cdef class Total:
    """The pull of a sum, or of a mean of `count`: the adjoint for each element."""

    cdef tuple shape
    cdef object dtype
    cdef Py_ssize_t count
    cdef object axis
    cdef bint has_axes, is_kept  # whether only some axes are summed over, and whether they stay
    cdef bint is_summed[AXES]

    cdef bint takes(self, tuple args, dict kwargs) except -1:
        """Whether behind an array there are only axis= and keepdims=, which are then taken over."""
        cdef int i, ndim = len(self.shape)
        cdef tuple axes
        if PyTuple_GET_SIZE(args) > 2 or ndim >= AXES:
            return False
        if PyTuple_GET_SIZE(args) == 2:
            self.axis = args[1]
        for name, given in kwargs.items():
            if name == "axis" and PyTuple_GET_SIZE(args) == 1:
                self.axis = given
            elif name == "keepdims" and type(given) is bool:
                self.is_kept = given
            else:
                return False
        if self.axis is None:
            axes = tuple(range(ndim))
        else:
            axes = self.axis if type(self.axis) is tuple else (self.axis,)
        for i in range(ndim):
            self.is_summed[i] = False
        for axis in axes:
            if type(axis) is not int or not -ndim <= axis < ndim:
                return False
            i = axis + ndim if axis < 0 else axis
            if self.is_summed[i]:
                return False
            self.is_summed[i] = True
        return True

    def __call__(self, g):
        if self.count != 1:
            g = g / self.count
        if not self.has_axes:
            if type(g) is float and self.dtype is DOUBLE:
                return (uniform(self.shape, <double>g),)
            return (spread_out(g, self.shape, self.dtype),)
        cdef int i, ndim = len(self.shape), lead
        if (
            type(g) is ndarray and cnp.PyArray_ISNOTSWAPPED(<cnp.ndarray>g)
            and cnp.PyArray_NDIM(<cnp.ndarray>g) + self.missing() == ndim
        ):
            return (self.spread(<cnp.ndarray>g),)
        lead = len(g.shape) + self.missing() - ndim
        if not self.is_kept:
            index = [EVERYTHING] * lead
            for i in range(ndim):
                index.append(None if self.is_summed[i] else EVERYTHING)
            g = g[tuple(index)]
        return (numpy.broadcast_to(g, g.shape[:lead] + self.shape),)

    cdef int missing(self) noexcept:
        """How many axes the sum does not have."""
        cdef int i, count = 0
        for i in range(len(self.shape)):
            count += self.is_summed[i] and not self.is_kept
        return count

    cdef object spread(self, cnp.ndarray g):
        """An adjoint along the axes that were summed over, as a view."""
        cdef cnp.npy_intp dims[AXES]
        cdef cnp.npy_intp strides[AXES]
        cdef int i, axis = 0, ndim = len(self.shape)
        for i in range(ndim):
            dims[i], strides[i] = self.shape[i], 0
            if not self.is_summed[i]:
                strides[i] = cnp.PyArray_STRIDE(g, axis)
            axis += self.is_kept or not self.is_summed[i]
        result = PyArray_New(
            <void *>ndarray, ndim, dims, cnp.PyArray_TYPE(g), strides, cnp.PyArray_DATA(g), 0, 0,
            NULL,
        )
        cnp.set_array_base(<cnp.ndarray>result, g)
        return result


cdef object DOUBLE = numpy.dtype(float)


cdef object uniform(tuple shape, double number):
    """An array with the same number everywhere, which takes no memory. It cannot be written to."""
    cdef cnp.npy_intp dims[AXES]
    cdef cnp.npy_intp strides[AXES]
    cdef int i, ndim = len(shape)
    cdef object one, result
    if not 0 < ndim < AXES:
        return numpy.full(shape, number)
    for i in range(ndim):
        dims[i], strides[i] = shape[i], 0
    one = cnp.PyArray_SimpleNew(0, NULL, cnp.NPY_DOUBLE)
    (<double *>cnp.PyArray_DATA(<cnp.ndarray>one))[0] = number
    result = PyArray_New(
        <void *>ndarray, ndim, dims, cnp.NPY_DOUBLE, strides, cnp.PyArray_DATA(<cnp.ndarray>one), 0,
        0, NULL,
    )
    cnp.set_array_base(<cnp.ndarray>result, <cnp.ndarray>one)
    return result


cdef inline bint is_uniform(cnp.ndarray x) noexcept:
    """Whether all elements of an array of doubles are one in memory."""
    cdef int i, ndim = cnp.PyArray_NDIM(x)
    for i in range(ndim):
        if cnp.PyArray_STRIDE(x, i) != 0:
            return False
    return ndim > 0 and type_in(x) == cnp.NPY_DOUBLE and cnp.PyArray_SIZE(x) > 0


cdef inline double number_in(cnp.ndarray x) noexcept:
    return (<double *>cnp.PyArray_DATA(x))[0]


cdef struct Waiting:
    Py_ssize_t number
    PyObject *node


cdef class Walk:
    """The base of records.Sweep where there is a kernel: its loop, and what the loop calls."""

    cdef readonly object level
    cdef public object adjoints
    cdef readonly set owned       # of the adjoints that Python alone has added up
    cdef readonly dict waiting    # adjoints by node
    cdef readonly list blocks
    cdef readonly bint many
    cdef readonly int lead        # how many axes adjoints have in front of those of their nodes
    cdef public bint is_on_tape
    cdef bint is_strong, free     # whether zeros are strong, and what is walked over is forgotten
    cdef bint lowered             # whether an adjoint may have left the range
    cdef Waiting *heap            # the nodes among `waiting`, the youngest first
    cdef Py_ssize_t count, room_for

    def __init__(self, level, bint many=False):
        self.level, self.many, self.lead = level, many, many
        self.adjoints = level.adjoints()
        self.is_on_tape = self.adjoints is not None
        self.blocks = list(level.blocks.items())
        self.waiting, self.owned = {}, set()

    def __dealloc__(self):
        PyMem_Free(self.heap)

    @property
    def youngest(self):
        """The number of the youngest node that waits; -1 if none does."""
        return self.heap[0].number if self.count else -1

    cdef int push(self, object node) except -1:
        cdef Waiting new = Waiting(<object>SLOT(node, NUMBER), <PyObject *>node)
        cdef Py_ssize_t place = self.count, above
        cdef Waiting *larger
        if place == self.room_for:
            larger = <Waiting *>PyMem_Realloc(self.heap, 2 * (place + 8) * sizeof(Waiting))
            if larger == NULL:
                raise MemoryError
            self.heap, self.room_for = larger, 2 * (place + 8)
        self.count += 1
        while place:
            above = (place - 1) // 2
            if self.heap[above].number >= new.number:
                break
            self.heap[place] = self.heap[above]
            place = above
        self.heap[place] = new
        return 0

    cdef object pop(self):
        """The youngest node, which waits no more."""
        cdef object node = <object>self.heap[0].node
        cdef Py_ssize_t place = 0, below
        self.count -= 1
        cdef Waiting last = self.heap[self.count]
        while True:
            below = 2 * place + 1
            if below >= self.count:
                break
            if below + 1 < self.count and self.heap[below + 1].number > self.heap[below].number:
                below += 1
            if last.number >= self.heap[below].number:
                break
            self.heap[place] = self.heap[below]
            place = below
        self.heap[place] = last
        return node

    def add(self, node, t, owned=False):
        """Add to the adjoint of a node."""
        self.give(node, t)

    def buffer(self, node, like):
        """The adjoint of an array, to be written to, with room for what is like this."""
        return self.room(node, like)

    def run(self, leaves, bint free):
        """Walk back to the inputs; their adjoints, None for zero. `free` forgets the record."""
        cdef dict found = {}
        cdef set kept = set(leaves)
        cdef object node, g, sources, token = note_underflow(), before = underflow.met
        self.is_strong, self.free, underflow.met = strength.on, free, False
        try:
            while True:
                if self.is_on_tape:
                    self.go_down()
                if not self.count:
                    break
                self.lowered = underflow.met is True
                node = self.pop()
                g = self.waiting.pop(node)
                if node in kept:
                    found[node] = g
                else:
                    sources = <object>SLOT(node, SOURCES)
                    if sources:
                        self.back(node, sources, <PyObject *>g)
                        if free:
                            refill(node, SOURCES, ())
                            refill(node, PULL, None)
                g = None
        finally:
            unhush(token)
            underflow.met = before
        return [self.adjoints[x.at] if type(x) is step_class else found.get(x) for x in leaves]

    cdef int give(self, object node, object t) except -1:
        """Add to the adjoint of a node."""
        if (
            type(t) is ndarray and cnp.PyArray_NDIM(<cnp.ndarray>t) > 0
            and <PyObject *>cnp.PyArray_DESCR(<cnp.ndarray>t) == SLOT(node, DTYPE)
        ):
            return self.give_fitting(node, t)
        if type(node) is step_class:
            readable_add(self, node, t)
            return 0
        return self.give_fitting(node, fitted(t, <object>SLOT(node, DTYPE)))

    cdef int give_fitting(self, object node, object t) except -1:
        cdef PyObject *old = PyDict_GetItem(self.waiting, node)
        if old == NULL:
            self.waiting[node] = t
            self.push(node)
        elif is_ours(old) and takes(old, <PyObject *>t):
            add_to(old, <PyObject *>t, False)
        elif not (is_our_dual(old) and accumulate(<object>old, t, iadd)):
            self.waiting[node] = <object>old + t
        return 0

    cdef object room(self, object node, object like):
        """Sweep.buffer: the adjoint of an array, to be written to."""
        cdef PyObject *old = PyDict_GetItem(self.waiting, node)
        cdef object shape, new
        if old != NULL and is_our_dual(old) and has_room(<object>old, like):
            return <object>old
        if old == NULL and not self.many and is_simple(like) and (
            SLOT(node, DTYPE) == <PyObject *>cnp.PyArray_DESCR(<cnp.ndarray>SLOT(like, PRIMAL))
            and SLOT(node, DTYPE) == <PyObject *>cnp.PyArray_DESCR(<cnp.ndarray>SLOT(like, TANGENT))
        ):
            new = zeros_like(<object>SLOT(node, SHAPE), like)
            self.give_fitting(node, new)
            return new
        if isinstance(like, Dual) or (old != NULL and type(<object>old) is not ndarray):
            return readable_buffer(self, node, like)
        if old == NULL:
            shape = <object>SLOT(node, SHAPE)
            if self.many:
                shape = like.shape[:1] + shape
            new = numpy.zeros(shape, <object>SLOT(node, DTYPE))
            self.give_fitting(node, new)
            return new
        if is_ours(old) and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>old):
            return <object>old
        new = (<object>old).copy()
        self.waiting[node] = new
        return new

    cdef int back(self, object node, object sources, PyObject *g) except -1:
        """Hand the adjoint of a node on."""
        cdef object pull = <object>SLOT(node, PULL), found
        cdef Py_ssize_t i
        if type(node) is node_class:
            if type(pull) is Slopes and not self.is_strong and (
                type(<object>g) is ndarray or type(<object>g) is DualArray
            ):
                return (<Slopes>pull).back(self, sources, g)
            if type(pull) is Product and not self.is_strong and not self.many and (
                type(<object>g) is ndarray or type(<object>g) is float
            ):
                return (<Product>pull).back(self, sources, <object>g)
            found = pull(<object>g)
            if len(found) != len(sources):
                raise ValueError("a pull gives one adjoint for each source.")
            for i in range(len(found)):
                self.give(sources[i], found[i])
        elif type(node) is read_class and self.read(node, sources[0], <object>g):
            pass
        elif type(node) is not store_class or not self.store(node, sources, g):
            node.back(<object>g, self, is_ours(g))
        return 0

    cdef bint store(self, object node, object sources, PyObject *g) except -1:
        """The same for an array of which a part was overwritten; False for others."""
        cdef object place = <object>SLOT(node, STORED), index, whole, part
        if self.many or type(<object>g) is not ndarray or len(sources) != 2:
            return False
        if <object>SLOT(place, VIEWS) or <object>SLOT(place, SIGN) < 0 or not is_part(
            <object>SLOT(place, INDEX)
        ):
            return False
        index, whole = <object>SLOT(place, INDEX), None
        if cnp.PyArray_NDIM(<cnp.ndarray>g) == 0 or type((<object>g)[index]) is not ndarray:
            return False
        if not is_ours(g) or not cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>g):
            whole = (<object>g).copy()
            g = <PyObject *>whole
        part = (<object>g)[index].copy()
        (<object>g)[index] = 0.0
        if part.shape != <object>SLOT(sources[1], SHAPE):
            part = summed(part, <object>SLOT(sources[1], SHAPE), 0)
        self.give(sources[1], part)
        self.give(sources[0], <object>g)
        return True

    cdef bint read(self, object node, object source, object g) except -1:
        """The same for a part of an array that a slice or an index gave; False for others."""
        cdef object place = <object>SLOT(node, PART), index, whole, part
        cdef bint minus
        if self.many or not (type(g) is ndarray or type(g) is float or is_simple(g)):
            return False
        if (<object>SLOT(place, VIEWS)) or not <object>SLOT(place, IS_BASIC):
            if place.is_reshaped and type(g) is ndarray:
                self.give(source, g.reshape(<object>SLOT(source, SHAPE)))
                return True
            return False
        if not <object>SLOT(source, SHAPE):
            return False
        whole, index = self.room(source, g), <object>SLOT(place, INDEX)
        minus = <object>SLOT(place, SIGN) < 0
        if type(whole) is not ndarray:
            part = view(whole, index) if is_simple(whole) else None
            return part is not None and accumulate(part, g, isub if minus else iadd)
        part = whole[index]
        if type(part) is ndarray:
            add_to(<PyObject *>part, <PyObject *>g, minus)
        else:
            whole[index] = part - g if minus else part + g
        return True


cdef object readable_add = None
cdef object readable_buffer = None


def sweeping(kind):
    """records.Sweep with its loop compiled; `kind`, the readable one, takes what is unusual."""
    global readable_add, readable_buffer
    readable_add, readable_buffer = kind.add, kind.buffer
    return type(kind.__name__, (Walk, kind), {"__slots__": (), "__module__": kind.__module__})


# -- ways in --------------------------------------------------------------------------------------


def on_arrays(rule, tuple args, readable=None):
    """The chain rule for arrays of floats and one level; None if that is left to `dual.apply`.

    `readable`: that, which is called here if NumPy has warned of the value already.
    """
    cdef Row row = row_of(rule)
    if row is None or PyTuple_GET_SIZE(args) != row.nargs:
        return None
    begin()
    result = applied(row, args[0], args[1] if row.nargs == 2 else None)
    if result is None and has_warned and readable is not None:
        return left(readable, (rule, args))
    return result


cdef object Buffer = None  # array.buffers.Buffer, which stands for its content


def connect_buffers(kind):
    """Tell the operators of an array that takes duals."""
    global Buffer
    Buffer = kind


def operators(rule, forward, reflected, square=None):
    """The two methods of an operator; `forward` and `reflected` take what is left to Python.

    `square`: the rule for x**2, which has the same bits as that of any power with less work.
    """
    def method(self, other):
        begin()
        if type(other) is Buffer:
            other = other.content
        if square is not None and (type(other) is int or type(other) is float) and other == 2:
            result = applied(row_of(square), self, None)
        else:
            result = applied(row_of(rule), self, other)
        return left(forward, (self, other)) if result is None else result

    def reflected_method(self, other):
        begin()
        if type(other) is Buffer:
            other = other.content
        result = applied(row_of(rule), other, self)
        return left(reflected, (self, other)) if result is None else result

    return method, reflected_method


def unary_operator(rule, general):
    """The method of an operator with one argument."""
    def method(self):
        begin()
        result = applied(row_of(rule), self, None)
        return left(general, (self,)) if result is None else result

    return method


def matmul_operator(general):
    """The method of a @ b; `general` takes what is no matter of arrays of floats."""

    def method(self, other):
        begin()
        if type(other) is Buffer:
            other = other.content
        result = product(self, other)
        return left(general, (self, other)) if result is None else result

    return method


def ufunc_protocol(general):
    """The method `__array_ufunc__`."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        cdef Row row
        cdef PyObject *known
        begin()
        if not kwargs and method == "__call__":
            if ufunc is numpy.matmul:
                found = product(inputs[0], inputs[1])
                if found is not None:
                    return found
            elif ufunc in QUESTIONS and is_answering(inputs[0]):
                return ufunc(<object>SLOT(inputs[0], PRIMAL))
            elif PyDict_GetItem(FLAT, ufunc) != NULL:
                found = flat_answer(FLAT[ufunc], ufunc, inputs[0])
                if found is not None:
                    return found
            known = PyDict_GetItem(UFUNCS, ufunc)
            row = None if known == NULL else <Row><object>known
            if row is not None and PyTuple_GET_SIZE(inputs) == row.nargs:
                result = applied(row, inputs[0], inputs[1] if row.nargs == 2 else None)
                if result is not None:
                    return result
        if not has_warned:
            return general(self, ufunc, method, *inputs, **kwargs)
        return left(general, (self, ufunc, method, *inputs))

    return __array_ufunc__


cdef inline bint is_answering(object x) noexcept:
    """Whether this is a dual array whose primal has the plain answers, with nobody to be told."""
    return (
        is_whole(x) and type(<object>SLOT(x, PRIMAL)) is ndarray
        and (type(<object>SLOT(x, LEVEL)) is int or type(<object>SLOT(x, TANGENT)) is form_class)
    )


def comparison(compare, general):
    """The method of a comparison; `general` takes what is to be noted, or of other numbers."""

    def method(self, other):
        answer = compared(compare, self, other)
        return general(self, other) if answer is None else answer

    return method


cdef object compared(object compare, object a, object b):
    """What `differentiations.compared` gives; None if it is more than to look for a search."""
    cdef object v = a, w = b, level = None
    cdef cnp.ndarray like
    cdef double first, other
    cdef bint are_alike
    if not is_answering(a):
        return None
    v, level = <object>SLOT(a, PRIMAL), <object>SLOT(a, LEVEL)
    like = <cnp.ndarray>v
    if type_in(like) != cnp.NPY_DOUBLE or not cnp.PyArray_SIZE(like):
        return None
    if not cnp.PyArray_ISCARRAY_RO(like):
        return None
    are_alike = False
    if type(b) is DualArray:
        if not is_answering(b):
            return None
        w = <object>SLOT(b, PRIMAL)
        are_alike = level == <object>SLOT(b, LEVEL)
    if type(w) is ndarray:
        if type_in(<cnp.ndarray>w) != cnp.NPY_DOUBLE or not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>w):
            return None
        if not cnp.PyArray_SAMESHAPE(like, <cnp.ndarray>w):
            return None
        other = (<double *>cnp.PyArray_DATA(<cnp.ndarray>w))[0]
    elif type(w) is float or type(w) is int or type(w) is float64:
        other = w
    else:
        return None
    first = (<double *>cnp.PyArray_DATA(like))[0]
    if not are_alike and (first == other or first == 0.0 or other == 0.0 and type(b) is DualArray):
        return None
    if is_within(like, w) or (type(b) is DualArray and is_within(<cnp.ndarray>w, v)):
        return None
    answer = compare(v, w)
    look_for_search(a, b, apart=least_apart(like, w))
    return answer


cdef bint is_within(cnp.ndarray a, object b) noexcept:
    """Whether all elements of a are zero within b, a small tolerance."""
    cdef Py_ssize_t i
    cdef const double *x = <const double *>cnp.PyArray_DATA(a)
    cdef const double *y = NULL
    cdef double most = 0.0
    if type(b) is ndarray:
        y = <const double *>cnp.PyArray_DATA(<cnp.ndarray>b)
    else:
        most = fabs(<double>b)
    for i in range(cnp.PyArray_SIZE(a)):
        if y != NULL:
            most = fabs(y[i])
        if not fabs(x[i]) <= most <= NEAR:
            return False
    return True


cdef double least_apart(cnp.ndarray a, object b) noexcept:
    """How far some elements are from each other at least, which are not equal; inf if none is."""
    cdef Py_ssize_t i, n = cnp.PyArray_SIZE(a), step = n // 16 + 1
    cdef const double *x = <const double *>cnp.PyArray_DATA(a)
    cdef const double *y = NULL
    cdef double apart, least = INFINITY, number = 0.0
    if type(b) is ndarray:
        y = <const double *>cnp.PyArray_DATA(<cnp.ndarray>b)
    else:
        number = b
    for i in range(0, n, step):
        apart = fabs(x[i] - (number if y == NULL else y[i]))
        if 0.0 < apart < least:
            least = apart
    return least


def choice(general):
    """namespaces.choose; `general` takes what is not an array of answers that are all the same."""

    def choose(c, a, b):
        cdef Py_ssize_t i, n
        cdef const char *answers
        if type(c) is ndarray and cnp.PyArray_ISBOOL(<cnp.ndarray>c) and cnp.PyArray_IS_C_CONTIGUOUS(
            <cnp.ndarray>c
        ):
            answers, n = <const char *>cnp.PyArray_DATA(<cnp.ndarray>c), cnp.PyArray_SIZE(<cnp.ndarray>c)
            if n and memcmp(answers, answers + 1, n - 1) == 0:
                y = a() if answers[0] else b()
                if type(y) is ndarray and cnp.PyArray_SAMESHAPE(<cnp.ndarray>y, <cnp.ndarray>c):
                    return y
                return numpy.where(c, a(), b())
        return general(c, a, b)

    return choose


def connect_moving(functions):
    """Take over functions that are linear in one argument, an array or a list of arrays."""
    MOVING.update(functions)


def function_protocol(general):
    """The method `__array_function__`."""

    def __array_function__(self, func, types, args, kwargs):
        result = None
        begin()
        if func is np_sum or func is np_mean:
            if args:
                result = reduction(func, args, kwargs)
        elif func is np_dot:
            if not kwargs and PyTuple_GET_SIZE(args) == 2:
                result = product(args[0], args[1], func)
        elif func is np_where:
            if PyTuple_GET_SIZE(args) == 3:
                result = chosen(args)
                if result is None:
                    result = recorded_choice(args)
        elif func is np_norm:
            if not kwargs and PyTuple_GET_SIZE(args) == 1:
                result = norm_of(args[0])
                if result is None:
                    result = recorded_norm(args[0])
            elif PyTuple_GET_SIZE(args) == 1:
                result = norm_along(args[0], args, kwargs)
        elif func is np_cross:
            if not kwargs and PyTuple_GET_SIZE(args) == 2:
                result = crossed(args[0], args[1])
        elif func is np_clip:
            if not kwargs and (
                PyTuple_GET_SIZE(args) == 3 or (PyTuple_GET_SIZE(args) == 4 and args[3] is None)
            ):
                result = clipped(args[0], args[1], args[2])
        elif func in LIKE:
            if not kwargs and PyTuple_GET_SIZE(args) == 1:
                result = filled_like(func, args[0])
        elif func is np_einsum:
            if not kwargs and PyTuple_GET_SIZE(args) == 3 and type(args[0]) is str:
                result = bilinear(func, args[:1], args[1], args[2])
                if result is None:
                    result = contracted(func, args[:1], args[1], args[2], (), args[0])
        elif func in OF_ONE:
            if not kwargs and PyTuple_GET_SIZE(args) == 1:
                result = of_one(func, args[0])
        elif func in BILINEAR:
            if not kwargs and PyTuple_GET_SIZE(args) >= 2:
                result = sum_of_products(func, args[0], args[1], args[2:])
        elif func is np_interp:
            if not kwargs and PyTuple_GET_SIZE(args) == 3:
                result = interpolated(args[0], args[1], args[2])
        elif func is np_average:
            if args:
                result = reduction(np_mean, args, kwargs)
        elif PyDict_GetItem(ANSWERING, func) != NULL:
            if args:
                result = answer_of(func, args, kwargs)
        elif func in EXTREMES:
            if PyTuple_GET_SIZE(args) == 1 and not kwargs:
                result = outermost(func, args[0])
            if result is None and args:
                result = recorded_extreme(func, args, kwargs)
        elif func in MOVING:
            if args:
                result = moved(func, args, kwargs)
                if result is None and PyDict_GetItem(LINEAR, func) != NULL:
                    result = recorded_linear(func, args, kwargs)
        elif PyDict_GetItem(SHAPES, func) != NULL:
            if not kwargs and PyTuple_GET_SIZE(args) == 1 and is_answering(args[0]):
                return getattr(<object>SLOT(args[0], PRIMAL), SHAPES[func])
        if result is not None:
            return result
        return left(general, (self, func, types, args, kwargs))

    return __array_function__


cdef bint lies_like(cnp.ndarray tangent, cnp.ndarray value) noexcept:
    """Whether a tangent has the type and the strides of its primal, so that views follow."""
    cdef int i, ndim = cnp.PyArray_NDIM(value), many = cnp.PyArray_NDIM(tangent) - ndim
    if cnp.PyArray_TYPE(tangent) != cnp.PyArray_TYPE(value) or many < 0:
        return False
    if cnp.PyArray_ISWRITEABLE(value) and not cnp.PyArray_ISWRITEABLE(tangent):
        return False
    for i in range(ndim):
        if (
            cnp.PyArray_DIM(value, i) > 1
            and cnp.PyArray_STRIDE(value, i) != cnp.PyArray_STRIDE(tangent, i + many)
        ):
            return False
    return True


cdef tuple basic_index(object index):
    """An index of slices, integers, None and ... as a tuple; None if it is another one."""
    cdef tuple parts = index if type(index) is tuple else (index,)
    for i in parts:
        if not (type(i) is slice or type(i) is int or i is None or i is Ellipsis):
            return None
    return parts


cdef bint is_writable(object x):
    """Whether an array of one level holds floats, and can be written to with its tangent."""
    if type(x) is not DualArray or type(x.level) is not int:
        return False
    value, tangent = x.primal, x.tangent
    if type(value) is not ndarray or type(tangent) is not ndarray:
        return False
    if not cnp.PyArray_ISFLOAT(<cnp.ndarray>value):
        return False
    return (
        lies_like(<cnp.ndarray>tangent, <cnp.ndarray>value)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>value)
    )


def place(x, index, y):
    """x[index] = y for a view or a mask, and a number or an array of its shape; else False."""
    cdef bint several
    note_mixing(x.level)
    cdef tuple parts = basic_index(index)
    if parts is not None and is_recorded(x):
        return place_recorded(x, index, y)
    if parts is None and not (type(index) is ndarray and cnp.PyArray_ISBOOL(<cnp.ndarray>index)):
        return False
    if not is_writable(x):
        return False
    value, tangent = x.primal, x.tangent
    new, new_tangent = y, None
    if type(y) is DualArray:
        if y.level != x.level:
            return False
        new, new_tangent = y.primal, y.tangent
        if type(new_tangent) is not ndarray:
            return False
    several = cnp.PyArray_NDIM(<cnp.ndarray>tangent) > cnp.PyArray_NDIM(<cnp.ndarray>value)
    if type(new) is ndarray:
        if cnp.PyArray_TYPE(<cnp.ndarray>new) != cnp.PyArray_TYPE(<cnp.ndarray>value):
            return False
    elif type(new) is not float:
        return False
    if parts is None:
        return put_under(index, value, tangent, new, new_tangent, several)
    part = value[index]
    if type(part) is not ndarray:
        return False
    if type(new) is ndarray and not cnp.PyArray_SAMESHAPE(<cnp.ndarray>part, <cnp.ndarray>new):
        return False
    target = tangent[(EVERYTHING, *parts)] if several else tangent[index]
    if new_tangent is None:
        new_tangent = 0.0
    elif not cnp.PyArray_SAMESHAPE(<cnp.ndarray>target, <cnp.ndarray>new_tangent):
        return False
    if not is_there(part, new):
        part[...] = new
    if not is_there(target, new_tangent):
        target[...] = new_tangent
    return True


cdef bint put_under(
    object mask, object value, object tangent, object new, object new_tangent, bint several
) except -1:
    """Store a number or an array, with its tangent, under a mask of the whole array."""
    cdef tuple shape = numpy.shape(new)
    if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>mask, <cnp.ndarray>value):
        return False
    if shape and shape != (numpy.count_nonzero(mask),):
        return False
    if new_tangent is None:
        new_tangent = 0.0
    elif new_tangent.dtype != tangent.dtype or new_tangent.shape != tangent.shape[:several] + shape:
        return False
    value[mask] = new
    tangent[(EVERYTHING, mask) if several else mask] = new_tangent
    return True


cdef bint is_recorded(object x):
    """Whether this is an array of floats that is recorded, and can be written to."""
    return (
        is_whole(x) and type(<object>SLOT(x, TANGENT)) is form_class
        and type(<object>SLOT(x, PRIMAL)) is ndarray
        and cnp.PyArray_ISFLOAT(<cnp.ndarray>SLOT(x, PRIMAL))
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>SLOT(x, PRIMAL))
    )


cdef bint is_alike(object x, object y):
    """Whether both are recorded by one level, in the same type."""
    return (
        is_recorded(y) and SLOT(x, LEVEL) == SLOT(y, LEVEL)
        and cnp.PyArray_TYPE(<cnp.ndarray>SLOT(x, PRIMAL))
        == cnp.PyArray_TYPE(<cnp.ndarray>SLOT(y, PRIMAL))
    )


cdef bint place_recorded(object x, object index, object y) except -1:
    """x[index] = y for arrays that are recorded, if y has the shape of that part."""
    cdef object part, form, other, old, new, node
    if not is_alike(x, y):
        return False
    part = (<object>SLOT(x, PRIMAL))[index]
    if type(part) is not ndarray or not cnp.PyArray_SAMESHAPE(
        <cnp.ndarray>part, <cnp.ndarray>SLOT(y, PRIMAL)
    ):
        return False
    part[...] = <object>SLOT(y, PRIMAL)
    form, other = <object>SLOT(x, TANGENT), <object>SLOT(y, TANGENT)
    if SLOT(form, BASE) != <PyObject *>None or part.ndim == 0 or not is_part(index):
        form[index] = other
        return True
    old, new = node_of(form), node_of(other)
    if SLOT(old, DTYPE) != SLOT(new, DTYPE) or SLOT(form, BLOCK) != <PyObject *>None:
        form[index] = other  # elements of it, or of its views, have been read from the tape
        return True
    if type(<object>SLOT(form, PLACES)) is not int:
        form.places = None
    node = new_node(
        store_class, <object>SLOT(old, SHAPE), <object>SLOT(old, DTYPE), (old, new), None
    )
    fill(node, STORED, part_at(index))
    form._node = node
    return True


cdef bint is_part(object index):
    """Whether a basic index is an integer, or a slice that is not all there is."""
    return type(index) is int or (type(index) is slice and index != EVERYTHING)


cdef object part_at(object index):
    """The place of a basic index in a whole."""
    cdef object place = allocated(place_class)
    fill(place, VIEWS, ())
    fill(place, INDEX, index)
    fill(place, SIGN, 1)
    fill(place, IS_BASIC, True)
    return place


cdef bint is_there(cnp.ndarray part, object new) noexcept:
    """Whether this is the same memory, as in `y[1:] -= x`, which stores what it has written to."""
    cdef int i
    if type(new) is not ndarray or cnp.PyArray_DATA(part) != cnp.PyArray_DATA(<cnp.ndarray>new):
        return False
    for i in range(cnp.PyArray_NDIM(part)):
        if cnp.PyArray_STRIDE(part, i) != cnp.PyArray_STRIDE(<cnp.ndarray>new, i):
            return False
    return True


def accumulate(x, y, operate):
    """x += y or x -= y, as `operate` says, for arrays alike; False if that is not all.

    The tangents do as the values do, so nothing is made anew.
    """
    if is_recorded(x) and is_alike(x, y) and cnp.PyArray_SAMESHAPE(
        <cnp.ndarray>SLOT(x, PRIMAL), <cnp.ndarray>SLOT(y, PRIMAL)
    ):
        form, other = <object>SLOT(x, TANGENT), <object>SLOT(y, TANGENT)
        operate(x.primal, y.primal)
        form[...] = form + other if operate is iadd else form - other
        return True
    if not is_writable(x):
        return False
    value, tangent = x.primal, x.tangent
    new, new_tangent = y, None
    if type(y) is DualArray:
        if y.level != x.level:
            return False
        new, new_tangent = y.primal, y.tangent
        if type(new_tangent) is not ndarray or type(new) is not ndarray:
            return False
        if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>tangent, <cnp.ndarray>new_tangent):
            return False
        if cnp.PyArray_TYPE(<cnp.ndarray>tangent) != cnp.PyArray_TYPE(<cnp.ndarray>new_tangent):
            return False
    if type(new) is ndarray:
        if cnp.PyArray_TYPE(<cnp.ndarray>new) != cnp.PyArray_TYPE(<cnp.ndarray>value):
            return False
        if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>value, <cnp.ndarray>new):
            return False
    elif type(new) is not float:
        return False
    operate(value, new)
    if new_tangent is not None:
        token = quiet()
        try:
            operate(tangent, new_tangent)
        finally:
            unhush(token)
    return True


def is_finite(x):
    """Whether all numbers of an array are finite; None if they are not floats without gaps."""
    cdef const void *data
    cdef Py_ssize_t n
    if not is_of_floats(x):
        return None
    data, n = cnp.PyArray_DATA(<cnp.ndarray>x), cnp.PyArray_SIZE(<cnp.ndarray>x)
    if is_single(<cnp.ndarray>x):
        return not any_single_from(<const float *>data, floats_of(x) * n, BITS_OF_INFINITY_SINGLE)
    return are_finite(<const double *>data, floats_of(x) * n)


def out_of_range(slope, tangent):
    """Whether a tangent is far, or a slope not finite, as `ranges.py` has it."""
    return is_far(tangent) or not is_finite_in(slope)


def has_far(x):
    """Whether a number of an array is far; None if it has gaps, or other numbers than floats."""
    return is_far(x) if is_of_floats(x) else None


cdef bint is_far(object x) except -1:
    """Whether a number of x is far."""
    cdef const void *data
    cdef Py_ssize_t n
    if type(x) is float:
        return fabs(<double>x) > FAR
    if type(x) is DualArray and is_simple(x):
        return is_far(<object>SLOT(x, PRIMAL)) or is_far(<object>SLOT(x, TANGENT))
    if not is_of_floats(x):
        if type(x) is ndarray and type_in(<cnp.ndarray>x) == cnp.NPY_DOUBLE and is_uniform(x):
            return fabs(number_in(<cnp.ndarray>x)) > FAR
        return python_has_far(x)
    data, n = cnp.PyArray_DATA(<cnp.ndarray>x), cnp.PyArray_SIZE(<cnp.ndarray>x)
    if is_single(<cnp.ndarray>x):
        return any_single_from(<const float *>data, floats_of(x) * n, BITS_OF_FAR_SINGLE)
    return any_from(<const double *>data, floats_of(x) * n, BITS_OF_FAR)


cdef bint is_finite_in(object x) except -1:
    """Whether all numbers of x are finite."""
    if type(x) is float:
        return isfinite(<double>x)
    if type(x) is DualArray and is_simple(x):
        return is_finite_in(<object>SLOT(x, PRIMAL)) and is_finite_in(<object>SLOT(x, TANGENT))
    found = is_finite(x)
    return python_is_finite(x) if found is None else found


cdef bint is_faint(object x) except -1:
    """Whether a number of x is too small for all its digits.

    Of the tangent of a dual many numbers are zero, which are not counted; while it is calculated,
    `slope_at` is told of those that become too small.
    """
    cdef const void *data
    cdef const double *t
    cdef Py_ssize_t n, i
    cdef double v
    if type(x) is float:
        v = x
        return any_faint(&v, 1)
    if type(x) is DualArray and is_simple(x):
        part = <object>SLOT(x, TANGENT)
        if is_row(<PyObject *>part):
            t = <const double *>cnp.PyArray_DATA(<cnp.ndarray>part)
            n = cnp.PyArray_SIZE(<cnp.ndarray>part)
            for i in range(n):
                if 0.0 < fabs(t[i]) < DBL_MIN:
                    return True
        return is_faint(<object>SLOT(x, PRIMAL))
    if not is_of_floats(x):
        return python_has_faint(x)
    data, n = cnp.PyArray_DATA(<cnp.ndarray>x), cnp.PyArray_SIZE(<cnp.ndarray>x)
    if is_single(<cnp.ndarray>x):
        return any_single_faint(<const float *>data, floats_of(x) * n)
    return any_faint(<const double *>data, floats_of(x) * n)


cdef inline bint is_of_floats(object x) noexcept:
    """Whether x is an array of real or complex floats without gaps."""
    cdef int kind
    if type(x) is not ndarray:
        return False
    kind = cnp.PyArray_TYPE(<cnp.ndarray>x)
    return (
        kind == cnp.NPY_DOUBLE or kind == cnp.NPY_FLOAT
        or kind == cnp.NPY_CDOUBLE or kind == cnp.NPY_CFLOAT
    ) and cnp.PyArray_ISONESEGMENT(<cnp.ndarray>x) and cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray>x)


cdef inline bint is_single(cnp.ndarray x) noexcept:
    cdef int kind = cnp.PyArray_TYPE(x)
    return kind == cnp.NPY_FLOAT or kind == cnp.NPY_CFLOAT


cdef inline Py_ssize_t floats_of(object x) noexcept:
    """How many floats each number has."""
    cdef int kind = cnp.PyArray_TYPE(<cnp.ndarray>x)
    return 2 if kind == cnp.NPY_CDOUBLE or kind == cnp.NPY_CFLOAT else 1


cdef bint all_finite(object x) noexcept:
    """Of up to three axes."""
    cdef const char *data = <const char *>cnp.PyArray_DATA(<cnp.ndarray>x)
    cdef int ndim = cnp.PyArray_NDIM(<cnp.ndarray>x), axis
    cdef Py_ssize_t dims[3]
    cdef Py_ssize_t steps[3]
    cdef Py_ssize_t i, j, k
    cdef double total = 0.0
    for axis in range(3):
        dims[axis], steps[axis] = 1, 0
        if axis < ndim:
            dims[axis] = cnp.PyArray_DIM(<cnp.ndarray>x, axis)
            steps[axis] = cnp.PyArray_STRIDE(<cnp.ndarray>x, axis)
    for i in range(dims[0]):
        for j in range(dims[1]):
            for k in range(dims[2]):
                total += (<double *>(data + i * steps[0] + j * steps[1] + k * steps[2]))[0] * 0.0
    return total == 0.0


cdef bint is_small(object x):
    """Whether a product may take the short way: few floats, and all of them finite."""
    return (
        type(x) is ndarray
        and type_in(<cnp.ndarray>x) == cnp.NPY_DOUBLE
        and cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray>x)
        and cnp.PyArray_NDIM(<cnp.ndarray>x) <= 3
        and 0 < cnp.PyArray_SIZE(<cnp.ndarray>x) <= 4096
        and all_finite(x)
    )


def transposed(x):
    """x.T for an array of one level; None for others."""
    if not is_simple(x):
        return None
    value, dot = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT)
    if value.ndim >= AXES or not is_behaved(<cnp.ndarray>dot):
        return None
    if not lies_like(<cnp.ndarray>dot, <cnp.ndarray>value):
        return None
    y = value.T
    return made(y, followed(<cnp.ndarray>dot, <cnp.ndarray>value, <cnp.ndarray>y), <object>SLOT(x, LEVEL))


cdef inline bint is_gapless(object x) noexcept:
    return cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>x) or cnp.PyArray_IS_F_CONTIGUOUS(<cnp.ndarray>x)


cdef object product_of_one(object by, object v, object w, object v_dot, object w_dot, object level):
    """The same with one direction, which has no axis of its own."""
    y = seen(by(v, w))
    token = quiet()
    try:
        tangent = None if v_dot is None else v_dot @ w
        if w_dot is not None:
            other = v @ w_dot
            tangent = other if tangent is None else tangent + other
    finally:
        unhush(token)
    if type(tangent) is ndarray:
        return pair(y, tangent, level) if all_finite(tangent) else None
    return pair(y, tangent.item(), level) if isfinite(<double>tangent) else None


cdef bint is_vector_of(object x, Py_ssize_t n, bint many) noexcept:
    """Whether x is n floats in one axis, or many of these."""
    return (
        type(x) is ndarray
        and type_in(<cnp.ndarray>x) == cnp.NPY_DOUBLE
        and cnp.PyArray_NDIM(<cnp.ndarray>x) == 1 + many
        and cnp.PyArray_DIM(<cnp.ndarray>x, many) == n
        and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x)
    )


cdef object crossed(object a, object b):
    """np.cross of two vectors in space; None for others."""
    cdef const double *x
    cdef const double *y
    cdef const double *x_dot = NULL
    cdef const double *y_dot = NULL
    cdef double *out
    cdef double first, second
    cdef Py_ssize_t n, d, i, j, k
    cdef bint many
    v, w, v_dot, w_dot = a, b, None, None
    level = None
    if type(a) is DualArray:
        if not is_simple(a):
            return None
        v, v_dot, level = a.primal, a.tangent, a.level
    if type(b) is DualArray:
        if not is_simple(b) or (level is not None and b.level != level):
            return None
        w, w_dot, level = b.primal, b.tangent, b.level
    like = w_dot if v_dot is None else v_dot
    if like is None or not is_vector_of(v, 3, False) or not is_vector_of(w, 3, False):
        return None
    many = cnp.PyArray_NDIM(<cnp.ndarray>like) == 2
    n = cnp.PyArray_DIM(<cnp.ndarray>like, 0) if many else 1
    for dot in (v_dot, w_dot):
        if dot is not None and not (is_vector_of(dot, 3, many) and cnp.PyArray_SIZE(dot) == 3 * n):
            return None
    value = seen(np_cross(v, w))
    tangent = numpy.empty_like(like)
    x, y = <const double *>cnp.PyArray_DATA(v), <const double *>cnp.PyArray_DATA(w)
    out = <double *>cnp.PyArray_DATA(tangent)
    if v_dot is not None:
        x_dot = <const double *>cnp.PyArray_DATA(v_dot)
    if w_dot is not None:
        y_dot = <const double *>cnp.PyArray_DATA(w_dot)
    for d in range(n):  # as the rows of the table have it, to the last bit
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            if x_dot == NULL:
                first, second = x[j] * y_dot[3 * d + k], x[k] * y_dot[3 * d + j]
            else:
                first, second = y[k] * x_dot[3 * d + j], y[j] * x_dot[3 * d + k]
                if y_dot != NULL:
                    first = first + x[j] * y_dot[3 * d + k]
                    second = second + x[k] * y_dot[3 * d + j]
            out[3 * d + i] = first - second
    return pair(value, tangent, level) if all_finite(tangent) else None


cdef object norm_of(object x):
    """np.linalg.norm of a vector; None for others. The slope is the unit vector."""
    cdef const double *v
    cdef double *out
    cdef double scale
    cdef Py_ssize_t n, m, i
    if not is_simple(x):
        return None
    value, dot = x.primal, x.tangent
    n = len(value) if cnp.PyArray_NDIM(<cnp.ndarray>value) == 1 else 0
    if n == 0 or not is_vector_of(value, n, False):
        return None
    if not is_vector_of(dot, n, cnp.PyArray_NDIM(<cnp.ndarray>dot) == 2):
        return None
    y = seen(np_norm(value))
    if not 1e-140 < y < 1e140:  # squares underflow or overflow
        return None
    scale = 1.0 / <double>y
    terms = dot.copy()
    v, out, m = <const double *>cnp.PyArray_DATA(value), <double *>cnp.PyArray_DATA(terms), terms.size
    for i in range(m):
        out[i] = v[i % n] * scale * out[i]
    tangent = quietly(add_up, terms, -1)
    if type(tangent) is ndarray:
        return pair(y, tangent, x.level) if all_finite(tangent) else None
    return pair(y, tangent.item(), x.level) if isfinite(<double>tangent) else None


def product(a, b, by=np_matmul):
    """a @ b for small arrays of one or two axes, or arrays that are recorded; None for others.

    `by`: numpy.dot, which is the same for arrays without gaps.
    """
    v, w, v_dot, w_dot = a, b, None, None
    level = None
    if is_whole(a):
        v, v_dot, level = <object>SLOT(a, PRIMAL), <object>SLOT(a, TANGENT), <object>SLOT(a, LEVEL)
    if is_whole(b):
        if level is not None and <object>SLOT(b, LEVEL) != level:
            return None
        w, w_dot, level = <object>SLOT(b, PRIMAL), <object>SLOT(b, TANGENT), <object>SLOT(b, LEVEL)
    if level is None:
        return None
    if type(level) is not int:
        return recorded_product(by, v, w, v_dot, w_dot, level)
    if not is_small(v) or not is_small(w):
        return None
    cdef int left = cnp.PyArray_NDIM(<cnp.ndarray>v), right = cnp.PyArray_NDIM(<cnp.ndarray>w)
    if not (1 <= left <= 2 and 1 <= right <= 2):
        return None
    if by is not np_matmul and not (is_gapless(v) and is_gapless(w)):
        return None
    cdef int singles = 0, duals = 0
    for value, dot in ((v, v_dot), (w, w_dot)):
        if dot is not None:
            if not is_small(dot) or not 0 <= dot.ndim - value.ndim <= 1:
                return None
            singles += dot.ndim == value.ndim
            duals += 1
    if singles:
        return product_of_one(by, v, w, v_dot, w_dot, level) if singles == duals else None
    if v_dot is not None and w_dot is not None and v_dot.shape[0] != w_dot.shape[0]:
        return None
    y = seen(by(v, w))
    tangent, token = None, quiet()
    try:
        if v_dot is not None:  # as `matmul` in algebra.py has it, to the last bit
            stack = v_dot[EVERYTHING, None, EVERYTHING] if left == 1 else v_dot
            tangent = stack @ (w[EVERYTHING, None] if right == 1 else w)
        if w_dot is not None:
            stack = w_dot[..., None] if right == 1 else w_dot
            other = (v[None, EVERYTHING] if left == 1 else v) @ stack
            tangent = other if tangent is None else tangent + other
    finally:
        unhush(token)
    if not all_finite(tangent):
        return None
    if right == 1:
        tangent = tangent[..., 0]
    if left == 1:
        tangent = tangent[..., 0] if right == 1 else tangent[..., 0, EVERYTHING]
    return pair(y, tangent, level)


cdef object picked(cnp.ndarray value, object form, cnp.ndarray index, object level):
    """x[index] for an array of places, or a mask, of an array that is recorded."""
    cdef object part
    if not (cnp.PyArray_ISINTEGER(index) or cnp.PyArray_ISBOOL(index)):
        return None
    part = value[index]
    if type(part) is not ndarray or cnp.PyArray_NDIM(<cnp.ndarray>part) == 0:
        return None
    return read_at(form, cnp.PyArray_NewCopy(index, cnp.NPY_CORDER), part, level)  # f may write into it


cdef object read_at(object form, object places, object part, object level):
    """`part`, which was read at these places of an array that is recorded."""
    cdef object place = allocated(place_class), node = node_of(form), read
    fill(place, VIEWS, ())
    fill(place, INDEX, places)
    fill(place, SIGN, 1)
    fill(place, IS_BASIC, False)
    read = new_node(read_class, part.shape, <object>SLOT(node, DTYPE), (node,), None)
    fill(read, PART, place)
    return made(part, new_form(read, None, None), level)


cdef object view(object x, object index):
    """x[index] for slices of plain arrays; None if that is not all there is to it."""
    cdef bint several
    if not is_whole(x):
        return None
    value, tangent, level = <object>SLOT(x, PRIMAL), <object>SLOT(x, TANGENT), <object>SLOT(x, LEVEL)
    if type(tangent) is form_class and (type(value) is ndarray or is_simple(value)):
        if type(index) is list and {*map(type, index)} == {int}:
            index = numpy.array(index)
        if type(index) is ndarray and type(value) is ndarray:
            return picked(value, tangent, index, level)
        if basic_index(index) is None:
            return None
        part = value[index] if type(value) is ndarray else view(value, index)
        if type(part) is not ndarray and type(part) is not DualArray:
            return None
        return made(part, window(tangent, index, part.shape), level)
    if type(level) is not int:
        return None
    if type(value) is not ndarray or type(tangent) is not ndarray:
        return None
    if not lies_like(<cnp.ndarray>tangent, <cnp.ndarray>value):
        return None
    several = cnp.PyArray_NDIM(<cnp.ndarray>tangent) > cnp.PyArray_NDIM(<cnp.ndarray>value)
    if type(index) is ndarray or type(index) is list:
        if type(index) is ndarray and not (
            cnp.PyArray_ISINTEGER(<cnp.ndarray>index) or cnp.PyArray_ISBOOL(<cnp.ndarray>index)
        ):
            return None
        part = value[index]
        if type(part) is not ndarray or not cnp.PyArray_CHKFLAGS(<cnp.ndarray>part, cnp.NPY_ARRAY_OWNDATA):
            return None
        if not several:
            return made(part, tangent[index], level)
        along = cnp.PyArray_GETCONTIGUOUS(tangent[EVERYTHING, index])  # the directions in front
        return made(part, along, level)
    if type(index) is slice:
        part = value[index]
        return made(part, tangent[EVERYTHING, index] if several else tangent[index], level)
    if type(index) is int or type(index) is int64:
        if cnp.PyArray_NDIM(<cnp.ndarray>value) < 2:
            return None
        part = value[index]
        return made(part, tangent[EVERYTHING, index] if several else tangent[index], level)
    if type(index) is not tuple or basic_index(index) is None:
        return None
    part = value[index]
    if type(part) is not ndarray or cnp.PyArray_NDIM(<cnp.ndarray>part) == 0:
        return None
    return made(part, tangent[(EVERYTHING, *index)] if several else tangent[index], level)


def item_getter(general):
    """The method `__getitem__`; `general` takes what is no view of plain arrays."""

    def __getitem__(self, index):
        part = view(self, index)
        return general(self, index) if part is None else part

    return __getitem__


# -- slopes ---------------------------------------------------------------------------------------


def steps(general):
    """The row `_step` on arrays; `general` takes what is not of doubles in C order."""

    def step(a, b):
        y = step_of(a, b)
        return general(a, b) if y is None else y

    return step


cdef object step_of(object a, object b):
    """1 where a > b, ½ where they are equal, 0 where a < b, and nan where one is nan."""
    cdef object like = a if type(a) is ndarray else b
    cdef Py_ssize_t i, left, right
    cdef double x, z
    cdef double *to
    cdef const double *at[2]
    cdef double numbers[2]
    cdef int kind = WEAK
    if not is_row(<PyObject *>like) or not is_of(&kind, a) or not is_of(&kind, b):
        return None
    if not is_like(a, <cnp.ndarray>like, False) or not is_like(b, <cnp.ndarray>like, False):
        return None
    y = cnp.PyArray_SimpleNew(
        cnp.PyArray_NDIM(<cnp.ndarray>like), cnp.PyArray_DIMS(<cnp.ndarray>like), cnp.NPY_DOUBLE
    )
    to = <double *>cnp.PyArray_DATA(<cnp.ndarray>y)
    left, right = type(a) is ndarray, type(b) is ndarray
    for i, each in enumerate((a, b)):
        if type(each) is ndarray:
            at[i] = <const double *>cnp.PyArray_DATA(<cnp.ndarray>each)
        else:
            numbers[i] = each
            at[i] = &numbers[i]
    for i in range(cnp.PyArray_SIZE(<cnp.ndarray>like)):
        x, z = at[0][i * left], at[1][i * right]
        to[i] = 0.5 * ((x > z) + (x >= z)) if x == x and z == z else NAN
    return y


# -- sparse matrices --------------------------------------------------------------------------------


def directions(colours, along, int count, Py_ssize_t start, Py_ssize_t stop):
    """1 where a column has the colour, 0 elsewhere, one colour in each row; last of all `along`."""
    cdef const int *of = <int *>cnp.PyArray_DATA(<cnp.ndarray>colours)
    cdef double *to
    cdef Py_ssize_t n = cnp.PyArray_SIZE(<cnp.ndarray>colours)
    cdef Py_ssize_t colour
    cdef cnp.npy_intp dims[2]
    dims[0], dims[1] = stop - start, n
    result = new_in_memory(2, dims, cnp.NPY_DOUBLE, NULL)
    to = <double *>cnp.PyArray_DATA(<cnp.ndarray>result)
    for colour in range(start, stop):
        if colour == count:
            memcpy(to, cnp.PyArray_DATA(<cnp.ndarray>along), n * sizeof(double))
        else:
            mark(of, <int>colour, to, n)
        to += n
    return result


def are_same(x, y):
    """Whether two arrays have the same bytes; None if they are not of one type, without gaps."""
    cdef cnp.ndarray a, b
    if type(x) is not ndarray or type(y) is not ndarray:
        return None
    a, b = <cnp.ndarray>x, <cnp.ndarray>y
    if cnp.PyArray_TYPE(a) != cnp.PyArray_TYPE(b) or not cnp.PyArray_ISINTEGER(a):
        return None
    if not cnp.PyArray_ISCARRAY_RO(a) or not cnp.PyArray_ISCARRAY_RO(b):
        return None
    return x.shape == y.shape and not memcmp(
        cnp.PyArray_DATA(a), cnp.PyArray_DATA(b), cnp.PyArray_NBYTES(a)
    )


def gathered(found, colours, starts, columns, along, bint is_star, double near):
    """The elements of a sparse matrix, copies of `columns` and `starts`, and whether it is right.

    `found`: what came of the directions of its colours, and behind these of `along`, along which
    the matrix is to give the same. `starts`, `columns`: where it has elements, row by row.
    `is_star`: an element stands in the direction of its row, if that has the lower colour. None
    if these are not doubles and ints.
    """
    cdef Sparse m
    cdef bint right
    for x, kind in ((found, cnp.NPY_DOUBLE), (colours, cnp.NPY_INT32), (along, cnp.NPY_DOUBLE),
                    (starts, cnp.NPY_INT32), (columns, cnp.NPY_INT32)):
        if type(x) is not ndarray or cnp.PyArray_TYPE(<cnp.ndarray>x) != kind:
            return None
        if not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x):
            return None
    m.n = len(starts) - 1
    elements = new_in_memory(1, cnp.PyArray_DIMS(<cnp.ndarray>columns), cnp.NPY_DOUBLE, NULL)
    own_columns = new_in_memory(1, cnp.PyArray_DIMS(<cnp.ndarray>columns), cnp.NPY_INT32, NULL)
    m.to = <double *>cnp.PyArray_DATA(<cnp.ndarray>elements)
    m.own_column = <int *>cnp.PyArray_DATA(<cnp.ndarray>own_columns)
    m.found = <double *>cnp.PyArray_DATA(<cnp.ndarray>found)
    m.last = m.found + cnp.PyArray_SIZE(<cnp.ndarray>found) - m.n
    m.by = <double *>cnp.PyArray_DATA(<cnp.ndarray>along)
    m.colour = <int *>cnp.PyArray_DATA(<cnp.ndarray>colours)
    m.start = <int *>cnp.PyArray_DATA(<cnp.ndarray>starts)
    m.column = <int *>cnp.PyArray_DATA(<cnp.ndarray>columns)
    with nogil:
        right = gather(&m, near, True) if is_star else gather(&m, near, False)
    return elements, own_columns, starts.copy(), right


cdef struct Sparse:
    double *to
    int *own_column
    const double *found
    const double *last
    const double *by
    const int *colour
    const int *start
    const int *column
    Py_ssize_t n


cdef inline bint gather(const Sparse *m, double near, bint is_star) noexcept nogil:
    cdef Py_ssize_t i = 0, j, k = m.start[0], n = m.n, first, stop, place, of_rows, next_rows
    cdef double x, total, sizes, error
    cdef bint right = True
    while i < n:
        of_rows, next_rows = k, min(i + TILE, n)
        while i < next_rows:
            first, stop, total = k, m.start[i + 1], 0.0
            while k < stop:
                j = m.column[k]
                place = m.colour[j] * n + i
                if is_star and m.colour[i] < m.colour[j]:
                    place = m.colour[i] * n + j
                x = m.found[place]
                m.to[k] = x
                total += x * m.by[j]
                k += 1
            error = fabs(m.last[i] - total)
            if not (error <= near * fabs(m.last[i]) and error < INFINITY):
                sizes = 0.0  # terms may cancel
                for k in range(first, stop):
                    sizes += fabs(m.to[k] * m.by[m.column[k]])
                k = stop
                if not (error <= near * sizes and error < INFINITY):
                    right = False
            i += 1
        memcpy(&m.own_column[of_rows], &m.column[of_rows], (k - of_rows) * sizeof(int))
    return right
