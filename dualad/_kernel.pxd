# cython: language_level=3
"""What `_drivers.pyx` uses of `_kernel.pyx`."""

from cpython.object cimport PyObject

cdef extern from "_kernel.h":
    enum:
        DIRECTIONS
        JET

    ctypedef void Slope(
        const double *a, Py_ssize_t step_a, const double *b, Py_ssize_t step_b, const double *y,
        double *s, Py_ssize_t n,
    ) noexcept


ctypedef struct Record:
    int *parents             # two places for each step; -1: none; below that: externals
    double *slopes
    Py_ssize_t count, room
    Py_ssize_t m, n1         # the directions of an older level, as Dual.n
    Record *outer            # or the tape of an older level, on which values and slopes have places
    Py_ssize_t constant      # the place of all numbers that depend on nothing; -1: there are none
    PyObject *level1
    bint closed
    bint faint, far          # whether a slope may have left the range, or is so large as to matter


cdef class Dual:
    # Made and freed by hand, in the kernel: so much is done with so little else to do.
    cdef double v
    cdef bint is_np                # whether the value is handed out as np.float64
    cdef PyObject *lev
    cdef Py_ssize_t n              # how many directions; -1: the tangent is one float
    cdef double *t                 # the tangent: `inside`, or a block if there are too many
    cdef Record *record            # of one that is recorded: the tape
    cdef double inside[DIRECTIONS]


cdef class Nested(Dual):
    cdef PyObject *level1          # the older level,
    cdef Py_ssize_t n1             # its directions,
    cdef double *t1                # and the value's tangent there
    cdef bint t_np                 # whether the tangent's value is handed out as np.float64
    cdef bint mixed                # whether the tangent has a tangent there too:
    cdef double *t12               # n1 rows of n, in one block with t1


cdef object element(object array, object index)
cdef bint stored(object array, object index, object x) except -1
cdef object in_array(object parts)


cdef class Recorded(Dual):  # with no fields of its own, so that it shares the memory of duals
    pass


cdef class Series(Dual):  # the same: its directions are coefficients
    pass


cdef class Tape:
    cdef Record record
    cdef readonly object level1
    cdef readonly list externals  # what is read from elsewhere: nodes of forms.py
    cdef double *scratch     # adjoints of `slopes_from`, zero between two calls
    cdef char *touched
    cdef Py_ssize_t wide     # for so many places


cdef class Adjoints:
    cdef Tape tape
    cdef double *data
    cdef char *given          # of each place whether anything has been added there
    cdef readonly Py_ssize_t position  # steps from here on are done
    cdef bint strong          # whether a zero slope is stronger than an infinite adjoint
    cdef public bint lowered  # whether an adjoint may have left the range
    cdef object back_over_tape(self, Py_ssize_t stop)


cdef enum:
    KNOWN = 4  # places of searches that a driver knows

ctypedef struct Looked:  # where comparisons look like a search:
    void *code
    void *caller
    Py_ssize_t until     # before this call it is not looked into
    bint is_asked        # in this call, if any is

ctypedef struct Searches:
    Looked[KNOWN] at
    PyObject *level      # of the call of the driver that is at work
    Py_ssize_t calls     # how many there were
    Py_ssize_t passed    # in which one was passed over, since the last that was looked into
    bint is_passed       # in this call
    bint has_asked       # whether what is_asked says is of this call


cpdef void forget_places() noexcept
cdef void know(Searches *known) noexcept
cdef void pass_over(Searches *known, Py_ssize_t calls) noexcept
cdef list on_tape(list x, Tape tape, object level)
cdef list pulled(Tape tape, Py_ssize_t place, Py_ssize_t n)
cdef object row_of_one(int row, object x)
cdef object row_of_complex(object rule, object x)
cdef object row_of_two(int row, object a, object b)
cdef object combination(
    double y, PyObject *const *args, const double *slopes, Py_ssize_t n, bint are_constant
)
cdef Dual unfilled(Py_ssize_t n, object level)
cdef Dual new_series(Py_ssize_t k, object level)
cdef Nested new_nested(Py_ssize_t n1, Py_ssize_t n2, object level1, object level)
cdef object dual_of_dual(Dual value, object tangent, object level)
cdef object array(const double *data, Py_ssize_t n)
cdef bint is_vector(object x) noexcept
cdef bint is_double(object x, double *v, bint *is_np) noexcept
cpdef object dual(object value, object tangent, object level)
cpdef object open_level()
cpdef object watch(object level, Py_ssize_t most)
cpdef Py_ssize_t too_large(object level)
cdef object room_on_tape(object x, object array)
cdef Slope *exact_slope(bytes name, int i)
cdef int leave_if_large(object tangent, object level) except -1
cdef int note_mixing(object level) except -1
cpdef object close_level(object level)
cdef object open_again(object level)
cpdef bint is_open(object level)
cpdef bint has_refused(object level)
cdef bint is_any_noted()
cdef bint is_near(object level)
cdef object near_found(bint is_harmless)
cdef bint is_of_one_open(Dual x)
cdef object note_text(object level, object text)
