# A part of _kernel.pyx: duals whose tangent is the coefficients of a power series (`series.py`).

cdef extern from "_series.h":
    enum:
        LANES
        SPACES

    ctypedef struct Coefficients:
        const double *c
        Py_ssize_t last

    Py_ssize_t last_of(const double *t, Py_ssize_t size, Py_ssize_t k) noexcept
    bint needs_slopes(int row) noexcept
    bint has_recurrence(int row) noexcept
    Py_ssize_t degree(int row, Py_ssize_t a, Py_ssize_t b, Py_ssize_t k) noexcept
    int series_of_one(
        int row, Coefficients a, Coefficients b, double *y, double *s, Py_ssize_t k, double *space
    ) noexcept
    int series_in_lanes(
        int row, Coefficients a, Coefficients b, double *y, double *s, Py_ssize_t k, double *space
    ) noexcept


@cython.final
cdef class Series(Dual):
    """A dual over a float whose directions are the coefficients 1, 2, … of a power series."""


cdef object series_level = None  # the class of their levels


def connect_series(kind):
    """Tell the kernel the class of levels whose tangents are series."""
    global series_level
    series_level = kind


disguise(Series, <void *>made_by_hand, <void *>free_dual)


cdef enum:
    PLACES = 4 + SPACES                     # of arguments, result, slope, and what is between
    ROOM = PLACES * (DIRECTIONS + 1)        # for short ones, on the stack


cdef object expanded(int row, object a, object b, const Loop *loop):
    """A row of which one operand at least is a series."""
    cdef Coefficients given[2]
    cdef double v[2]
    cdef double s[2]
    cdef double stack[ROOM]
    cdef double *room = stack
    cdef double *y
    cdef double *slopes
    cdef PyObject *like = <PyObject *>(a if type(a) is Series else b)
    cdef Py_ssize_t k, i, last
    cdef int count = 1 if b is None else 2, active = 0
    cdef bint is_np = False, odd
    cdef Dual z
    if ROWS[row].flat:
        return flat(row, a, b, loop)
    if not has_recurrence(row):
        return None
    k = (<Dual>like).n
    for i in range(count):
        x = b if i else a
        if type(x) is Series:
            if (<Dual>x).lev != (<Dual>like).lev or (<Dual>x).n != k:
                return None
            v[i], active = (<Dual>x).v, active | 1 << i
            is_np |= (<Dual>x).is_np
        elif not as_double(x, &v[i], &is_np):
            return None
    z = new_series(k, <object>(<Dual>like).lev)
    z.is_np = is_np or loop != NULL
    if loop != NULL:
        if looped(loop, v, count, &z.v):
            return None
        odd = ROWS[row].given(v, active, &z.v, s)
    else:
        odd = ROWS[row].slopes(v, active, &z.v, s)
    if odd or (is_np and loop == NULL and count == 2 and is_tiny(row, v, z.v)):
        return None
    if k > DIRECTIONS:
        room = <double *>PyMem_Malloc(PLACES * (k + 1) * sizeof(double))
        if room == NULL:
            raise MemoryError()
    for i in range(count):
        given[i].c, given[i].last = room + i * (k + 1), 0
        room[i * (k + 1)] = v[i]
        if active >> i & 1:
            x = b if i else a
            memcpy(room + i * (k + 1) + 1, (<Dual>x).t, k * sizeof(double))
            given[i].last = last_of((<Dual>x).t, 1, k)
    if count == 1:
        given[1].c, given[1].last = given[0].c, 0
    y, slopes = room + 2 * (k + 1), room + 3 * (k + 1)
    y[0], slopes[0], slopes[1] = z.v, s[0], s[1]
    last = degree(row, given[0].last, given[1].last, k)
    odd = series_of_one(row, given[0], given[1], y, slopes, last, slopes + (k + 1))
    memcpy(z.t, y + 1, last * sizeof(double))
    memset(z.t + last, 0, (k - last) * sizeof(double))
    if room != stack:
        PyMem_Free(room)
    return None if odd else z


cdef Dual new_series(Py_ssize_t k, object level):
    """A series that is still to be filled, with k coefficients behind the first."""
    return <Dual>owned(blank_of(<PyTypeObject *>Series, k, <PyObject *>level))


def series(value, tangent, level):
    """The number that begins with a value; NotImplemented if they are not all floats."""
    cdef Dual x
    if type(value) is not float and type(value) is not float64 or not is_vector(tangent):
        return NotImplemented
    x = new_series(cnp.PyArray_DIM(<cnp.ndarray>tangent, 0), level)
    gather(<cnp.ndarray>tangent, x.t)
    x.v, x.is_np = PyFloat_AS_DOUBLE(value), type(value) is float64
    return x


# -- arrays: some elements at once -----------------------------------------------------------------


ctypedef struct Elements:
    const double *value      # of all elements; NULL if they are one number
    double number
    const double *tangent    # coefficients 1, 2, …, each of all elements; NULL if it is constant
    Py_ssize_t last          # behind this coefficient all are zero
    double *c                # of the elements at hand


cdef void take(Elements *x, Py_ssize_t i, Py_ssize_t m, Py_ssize_t size) noexcept:
    """Take m elements from the i-th on; behind the last of all it is repeated."""
    cdef Py_ssize_t j, e
    if x.value != NULL:
        repeat(x.c, x.value + i, m)
    else:
        for e in range(LANES):
            x.c[e] = x.number
    for j in range(1, x.last + 1):
        repeat(x.c + j * LANES, x.tangent + (j - 1) * size + i, m)


cdef inline void repeat(double *to, const double *x, Py_ssize_t m) noexcept:
    """Copy m numbers, and the last of them as often as there is room."""
    cdef Py_ssize_t e
    memcpy(to, x, m * sizeof(double))
    for e in range(m, LANES):
        to[e] = x[m - 1]


cdef object found(
    Elements *x, object value, object tangent, tuple shape, Py_ssize_t size, Py_ssize_t k
):
    """Look where an operand has its numbers; the arrays that have to stay alive."""
    cdef bint is_np = False
    x.value, x.tangent, x.last = NULL, NULL, 0
    if not as_double(value, &x.number, &is_np):
        value = contiguous(value, shape)
        x.value = <const double *>cnp.PyArray_DATA(<cnp.ndarray>value)
    if tangent is not None:
        if tangent.ndim <= len(shape):  # its axes are the last ones of the result
            missing = (1,) * (len(shape) + 1 - tangent.ndim)
            tangent = tangent.reshape(k, *missing, *tangent.shape[1:])
        tangent = contiguous(tangent, (k, *shape))
        x.tangent = <const double *>cnp.PyArray_DATA(<cnp.ndarray>tangent)
        x.last = last_of(x.tangent, size, k)
    return value, tangent


cdef object contiguous(object x, tuple shape):
    x = numpy.ascontiguousarray(x, float)
    return x if x.shape == shape else numpy.ascontiguousarray(numpy.broadcast_to(x, shape))


def series_of_arrays(name, Py_ssize_t k, cnp.ndarray y, a, a_dot, b, b_dot):
    """Coefficients 1 to k of a row of the table, whose values are y, and where they are missing.

    None if they are not to be had by a recurrence; b is None for a row of one argument, and
    tangents are where an operand is constant. They are missing, as an array of answers says, where
    they are not finite, or a recurrence would lose digits; None if they are not.
    """
    cdef Elements x[2]
    cdef Coefficients given[2]
    cdef Py_ssize_t size = cnp.PyArray_SIZE(y), width = (k + 1) * LANES, i, j, m, e, all
    cdef int row = rows.get(name, -1), count = 1 if b is None else 2, active
    cdef double v[2]
    cdef double s[2]
    cdef double *room
    cdef double *result
    cdef double *slopes
    cdef const double *values
    cdef double *out
    cdef bint odd, sloped
    missing = None
    if row < 0 or not has_recurrence(row) or ROWS[row].nargs != count:
        return None
    shape = (<object>y).shape
    alive = [found(&x[0], a, a_dot, shape, size, k)]
    if b is not None:
        alive.append(found(&x[1], b, b_dot, shape, size, k))
    plain_y = contiguous(y, shape)
    tangent = numpy.empty((k, *shape))
    room = <double *>PyMem_Malloc(PLACES * width * sizeof(double))
    if room == NULL:
        raise MemoryError()
    x[0].c, x[1].c, result, slopes = room, room + width, room + 2 * width, room + 3 * width
    values = <const double *>cnp.PyArray_DATA(<cnp.ndarray>plain_y)
    out = <double *>cnp.PyArray_DATA(<cnp.ndarray>tangent)
    active = (a_dot is not None) | (b_dot is not None) << 1
    sloped = needs_slopes(row)
    given[0].c, given[0].last = x[0].c, x[0].last
    given[1].c, given[1].last = x[1].c, x[1].last if count == 2 else 0
    all, k = k, degree(row, given[0].last, given[1].last, k)
    memset(out + k * size, 0, (all - k) * size * sizeof(double))
    for i in range(0, size, LANES):
        m, odd = min(LANES, size - i), False
        for j in range(count):
            take(&x[j], i, m, size)
        repeat(result, values + i, m)
        if row == ROW_add or row == ROW_sub:
            for e in range(LANES):
                slopes[e], slopes[LANES + e] = 1.0, 1.0 if row == ROW_add else -1.0
        elif sloped:
            for e in range(LANES):
                v[0], v[1] = x[0].c[e], x[1].c[e] if count == 2 else 0.0
                odd |= ROWS[row].given(v, active, &result[e], s) != 0
                slopes[e], slopes[LANES + e] = s[0], s[1]
        odd = odd or series_in_lanes(row, given[0], given[1], result, slopes, k, slopes + width)
        if odd:
            if missing is None:
                missing = numpy.zeros(shape, bool)
            missing.reshape(-1)[i:i + m] = True
        for j in range(1, k + 1):
            memcpy(out + (j - 1) * size + i, result + j * LANES, m * sizeof(double))
    PyMem_Free(room)
    return tangent, missing
