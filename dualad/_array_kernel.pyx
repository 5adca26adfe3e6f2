# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=False
"""The usual case of DualArray, compiled: real arrays of one level, rows of the table.

Values and slopes are NumPy's, by the table's texts. Compiled is what stands between: taking duals
apart, Σ slope·ȧ in one loop, putting the result together, and the way from an operator or ufunc
to there. What is not usual (other types and levels, broadcasting of a dual, results that are not
finite) is left to `dual.apply`: the functions here then give NotImplemented or None.
"""

from cpython.ref cimport Py_REFCNT
from cpython.tuple cimport PyTuple_GET_SIZE
cimport numpy as cnp

import numpy

cnp.import_array()

cdef extern from "_array_kernel.h":
    unsigned long long FINGERPRINT_AT_BUILD "FINGERPRINT"

    ctypedef enum Form:
        PLUS
        MINUS
        NUMBER
        ARRAY

    ctypedef struct Term:
        Form form
        double number
        const double *slope
        const double *dot
        Py_ssize_t slope_step
        Py_ssize_t dot_step
        Py_ssize_t row_step

    bint may_be_written(const Term *t, const Term *u) nogil
    int combine(const Term *t, const Term *u, double *out, Py_ssize_t k, Py_ssize_t n) nogil

cdef extern from *:
    """
    static PyObject *allocated(PyObject *type) {
        return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    }
    """
    object allocated(object kind)

FINGERPRINT = FINGERPRINT_AT_BUILD

# What `connect` hands over.
cdef object DualArray = None
cdef object quiet = None
cdef object unhush = None
cdef object NAMESPACE = None
cdef dict ROWS = {}      # by rule
cdef dict UFUNCS = {}    # by ufunc

cdef object ndarray = numpy.ndarray
cdef object float64 = numpy.float64
cdef object EVERYTHING = slice(None)


def connect(kind, namespace, be_quiet, end_quiet):
    """Take over the class of dual arrays, and NumPy's namespace for arrays."""
    global DualArray, NAMESPACE, quiet, unhush
    DualArray, NAMESPACE, quiet, unhush = kind, namespace, be_quiet, end_quiet


# A slope that is an argument or the result need not be calculated.
cdef enum:
    CALCULATED = -4
    ONE = -3
    MINUS_ONE = -2
    RESULT = -1          # 0, 1: an argument


cdef class Row:
    """A row of the table on arrays of floats."""

    cdef object value
    cdef int nargs
    cdef int kinds[2]
    cdef list slopes


cdef Row row_of(rule):
    """The row of a rule; None if it is not for this kernel."""
    cdef Row row
    if rule in ROWS:
        return <Row>ROWS[rule]
    row = None
    if rule.has_line and len(rule.args) <= 2:
        row = Row.__new__(Row)
        row.value = rule.value_in(NAMESPACE)
        row.nargs = len(rule.args)
        names = {"1": ONE, "-1": MINUS_ONE, "y": RESULT}
        names.update({a: i for i, a in enumerate(rule.args)})
        row.slopes = []
        for i, slope in enumerate(rule.slopes):
            row.kinds[i] = names.get(slope, CALCULATED)
            row.slopes.append(rule.slope_in(NAMESPACE, i) if row.kinds[i] == CALCULATED else None)
    ROWS[rule] = row
    return row


def follow(ufunc, rule):
    """Let this ufunc take the short way to its rule."""
    UFUNCS[ufunc] = row_of(rule)


cdef inline bint is_floats(object x) noexcept:
    return type(x) is ndarray and cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_DOUBLE


cdef inline bint is_dense(cnp.ndarray x) noexcept:
    """Whether the kernel's loops take it as it is."""
    return cnp.PyArray_ISBEHAVED_RO(x) and (
        cnp.PyArray_NDIM(x) <= 1 or cnp.PyArray_IS_C_CONTIGUOUS(x)
    )


cdef inline Py_ssize_t step(cnp.ndarray x, int axis):
    return cnp.PyArray_STRIDE(x, axis) // <Py_ssize_t>sizeof(double)


cdef bint same_shape(cnp.ndarray x, cnp.ndarray y, int behind) noexcept:
    """Whether the axes of x behind the first so many are those of y."""
    cdef int i
    if cnp.PyArray_NDIM(x) != cnp.PyArray_NDIM(y) + behind:
        return False
    for i in range(cnp.PyArray_NDIM(y)):
        if cnp.PyArray_DIM(x, i + behind) != cnp.PyArray_DIM(y, i):
            return False
    return True


cdef inline bint fits(object value, object other, object dot) noexcept:
    """Whether the value of a dual cannot be broadcast to the other operand."""
    return dot is None or type(other) is not ndarray or (
        cnp.PyArray_NDIM(<cnp.ndarray>value) >= cnp.PyArray_NDIM(<cnp.ndarray>other)
        and cnp.PyArray_SIZE(<cnp.ndarray>value) >= cnp.PyArray_SIZE(<cnp.ndarray>other)
    )


cdef object applied(Row row, object a, object b):
    """The row on arguments of which at least one is a DualArray; None if that is not usual."""
    cdef list x = [a, b], dots = [None, None]
    cdef list used_slopes = []  # they stay alive while they are used
    cdef Term terms[2]
    cdef int i, used = 0, nargs = row.nargs, behind = -1, ndim
    cdef Py_ssize_t k = 1
    cdef object level = None, y, argument, token, slope
    cdef cnp.ndarray dot, out = None
    cdef int own = -1  # a term whose slope is an array that nobody else holds
    cdef cnp.npy_intp shape[65]
    for i in range(nargs):
        argument = x[i]
        if type(argument) is DualArray:
            if level is None:
                level = argument.level
            elif level != argument.level:
                return None
            dots[i] = argument.tangent
            x[i] = argument = argument.primal
            if not (is_floats(argument) and is_floats(dots[i])):
                return None
        elif not (
            type(argument) is float or is_floats(argument)
            or type(argument) is int or type(argument) is float64
        ):
            return None
    if nargs == 2 and not (fits(x[0], x[1], dots[0]) and fits(x[1], x[0], dots[1])):
        return None
    y = row.value(x[0]) if nargs == 1 else row.value(x[0], x[1])
    if not is_floats(y) or not is_dense(y):
        return None
    ndim = cnp.PyArray_NDIM(<cnp.ndarray>y)
    for i in range(nargs):
        if dots[i] is None:
            continue
        if not same_shape(x[i], y, 0):
            return None
        dot = dots[i]
        if behind < 0:
            behind = cnp.PyArray_NDIM(dot) - ndim
            if behind > 0:
                k = cnp.PyArray_DIM(dot, 0)
        if not same_shape(dot, y, behind) or (behind and cnp.PyArray_DIM(dot, 0) != k):
            return None
        if not cnp.PyArray_ISBEHAVED_RO(dot):
            return None
        if ndim > 1 and not cnp.PyArray_IS_C_CONTIGUOUS(dot):
            dots[i] = dot = cnp.PyArray_GETCONTIGUOUS(dot)
        terms[used].dot = <const double *>cnp.PyArray_DATA(dot)
        terms[used].dot_step = step(dot, behind) if ndim == 1 else 1
        terms[used].row_step = step(dot, 0) if behind else 0
        terms[used].slope, terms[used].slope_step, terms[used].number = NULL, 0, 0.0
        if row.kinds[i] == ONE:
            terms[used].form = PLUS
        elif row.kinds[i] == MINUS_ONE:
            terms[used].form = MINUS
        else:
            if row.kinds[i] == CALCULATED:
                token = quiet()
                try:
                    slope = (
                        row.slopes[i](x[0], y) if nargs == 1 else row.slopes[i](x[0], x[1], y)
                    )
                finally:
                    unhush(token)
                if Py_REFCNT(slope) == 1 and is_floats(slope) and not behind:
                    if cnp.PyArray_CHKFLAGS(
                        <cnp.ndarray>slope, cnp.NPY_ARRAY_CARRAY | cnp.NPY_ARRAY_OWNDATA
                    ) and same_shape(slope, y, 0):
                        own = used
            else:
                slope = y if row.kinds[i] == RESULT else x[row.kinds[i]]
            if is_floats(slope) and same_shape(slope, y, 0):
                if not is_dense(slope):
                    slope = cnp.PyArray_GETCONTIGUOUS(slope)
                used_slopes.append(slope)
                terms[used].form = ARRAY
                terms[used].slope = <const double *>cnp.PyArray_DATA(<cnp.ndarray>slope)
                terms[used].slope_step = step(slope, 0) if ndim == 1 else 1
            elif type(slope) is ndarray and cnp.PyArray_NDIM(<cnp.ndarray>slope) > 0:
                return None
            else:
                terms[used].form = NUMBER
                terms[used].number = slope
        used += 1
    if used == 0:
        return None
    if own >= 0 and may_be_written(&terms[own], &terms[1 - own] if used == 2 else NULL):
        out = used_slopes[own]
    else:
        if behind > 0:
            shape[0] = k
        for i in range(ndim):
            shape[i + behind] = cnp.PyArray_DIM(<cnp.ndarray>y, i)
        out = cnp.PyArray_SimpleNew(ndim + behind, shape, cnp.NPY_DOUBLE)
    if combine(
        &terms[0], &terms[1] if used == 2 else NULL, <double *>cnp.PyArray_DATA(out), k,
        cnp.PyArray_SIZE(<cnp.ndarray>y),
    ):
        return None
    return made(y, out, level)


cdef inline object made(object value, object tangent, object level):
    cdef object result = allocated(DualArray)
    result.primal = value
    result.tangent = tangent
    result.level = level
    return result


def on_arrays(rule, tuple args):
    """`dual._on_arrays`: the chain rule for arrays of floats and one level, or None."""
    cdef Row row = row_of(rule)
    if row is None or PyTuple_GET_SIZE(args) != row.nargs:
        return None
    return applied(row, args[0], args[1] if row.nargs == 2 else None)


def operators(rule, forward, reflected, square=None):
    """The two methods of an operator; `forward` and `reflected` take what is not usual.

    `square`: the rule for x**2, which has the same bits as that of any power with less work.
    """
    def method(self, other):
        if square is not None and (type(other) is int or type(other) is float) and other == 2:
            result = applied(row_of(square), self, None)
        else:
            result = applied(row_of(rule), self, other)
        return forward(self, other) if result is None else result

    def reflected_method(self, other):
        result = applied(row_of(rule), other, self)
        return reflected(self, other) if result is None else result

    return method, reflected_method


def unary_operator(rule, general):
    """The method of an operator with one argument."""
    def method(self):
        result = applied(row_of(rule), self, None)
        return general(self) if result is None else result

    return method


def ufunc_protocol(general):
    """The method `__array_ufunc__`."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        cdef Row row
        if not kwargs and method == "__call__":
            row = <Row>UFUNCS.get(ufunc)
            if row is not None and PyTuple_GET_SIZE(inputs) == row.nargs:
                result = applied(row, inputs[0], inputs[1] if row.nargs == 2 else None)
                if result is not None:
                    return result
        return general(self, ufunc, method, *inputs, **kwargs)

    return __array_ufunc__


def view(x, index):
    """x[index] for slices of arrays of floats; None if that is not all there is to it."""
    cdef bint several
    value, tangent = x.primal, x.tangent
    if type(value) is not ndarray or type(tangent) is not ndarray:
        return None
    several = cnp.PyArray_NDIM(<cnp.ndarray>tangent) > cnp.PyArray_NDIM(<cnp.ndarray>value)
    if type(index) is slice:
        part = value[index]
        return made(part, tangent[EVERYTHING, index] if several else tangent[index], x.level)
    if type(index) is not tuple:
        return None
    for i in <tuple>index:
        if not (type(i) is slice or type(i) is int or i is None or i is Ellipsis):
            return None
    part = value[index]
    if type(part) is not ndarray or cnp.PyArray_NDIM(<cnp.ndarray>part) == 0:
        return None
    return made(part, tangent[(EVERYTHING, *index)] if several else tangent[index], x.level)
