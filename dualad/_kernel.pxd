# cython: language_level=3
"""What `_drivers.pyx` uses of `_kernel.pyx`."""

from cpython.object cimport PyObject

cdef extern from "_kernel.h":
    enum:
        DIRECTIONS
        JET


cdef class Dual:
    # Made and freed by hand, in the kernel: so much is done with so little else to do.
    cdef double v
    cdef bint is_np                # whether the value is handed out as np.float64
    cdef PyObject *lev
    cdef Py_ssize_t n              # how many directions; -1: the tangent is one float
    cdef double *t                 # the tangent: `inside`, or a block if there are too many
    cdef double inside[DIRECTIONS]


cdef class Nested(Dual):
    cdef PyObject *level1          # the older level,
    cdef Py_ssize_t n1             # its directions,
    cdef double *t1                # and the value's tangent there
    cdef bint t_np                 # whether the tangent's value is handed out as np.float64
    cdef bint mixed                # whether the tangent has a tangent there too:
    cdef double *t12               # n1 rows of n, in one block with t1


cdef object item(object value, object tangent, object level, object index)
cdef bint stored(object value, object tangent, object level, object index, object x) except -1
cdef object plain_item(object value, object index)
cdef object in_array(object parts)
cdef object row_of_one(int row, object x)
cdef Dual unfilled(Py_ssize_t n, object level)
cdef Nested new_nested(Py_ssize_t n1, Py_ssize_t n2, object level1, object level)
cdef object dual_of_dual(Dual value, object tangent, object level)
cdef object array(const double *data, Py_ssize_t n)
cdef bint is_vector(object x) noexcept
cdef bint is_double(object x, double *v, bint *is_np) noexcept
cpdef object dual(object value, object tangent, object level)
cpdef object open_level()
cpdef object close_level(object level)
cpdef bint is_open(object level)
cdef bint has_refused(object level)
