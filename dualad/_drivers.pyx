# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: embedsignature=False
"""Short ways for the drivers where everything is plain numbers.

A short way does what the general driver does for arguments that are numbers, lists or tuples of
numbers, or arrays of one axis, where nothing else has to be copied: all directions in one pass,
on the kernel's duals. It leaves everything else to the general driver: other arguments before f
is called, and, by `continued`, other results after it, such as nan. Where a dual has refused
something, the general driver starts from the beginning.
"""

cimport cython
from cpython.object cimport PyObject
from libc.string cimport memcmp, memcpy, memset
cimport numpy as cnp

from ._kernel cimport (
    JET, Dual, Nested, Recorded, Tape, array, close_level, dual, dual_of_dual, has_refused,
    is_double, is_open, is_vector, new_nested, on_tape, open_level, pulled, unfilled,
)

from functools import partial
from types import MethodType

import numpy

cnp.import_array()

cdef extern from *:
    unsigned long long FINGERPRINT


cdef Py_ssize_t PASS = 256  # directions in one pass, as in passes.py
cdef type ndarray = numpy.ndarray

# What stands in rooms below: filled in by `connect`.
cdef object readable_class = None     # dual.Dual
cdef object continued = None          # continued(definition, x, y, level): from what f gave for x
cdef object is_elementwise = None     # is_elementwise(f, argnum, shape): whether that is known
cdef object is_doubtful = None        # is_doubtful(f, x, level): whether a refusal is a doubt
cdef object reverse_level = None      # a level that records, with a tape
cdef object input_of = None           # input_of(x, level): an array as an input, and its node
cdef object swept = None              # swept(level, y, node): the slopes of a number, by a sweep
cdef object nonlinear = ()            # the error for what has no way back
cdef Py_ssize_t LEAST_NUMBERS, LEAST_ELEMENTS
cdef object FORWARD = object()        # left to the general driver, by forward mode


def connect(kind, go_on, known, doubtful):
    """Tell the short ways what to hand over to."""
    global readable_class, continued, is_elementwise, is_doubtful
    readable_class, continued, is_elementwise, is_doubtful = kind, go_on, known, doubtful


def connect_reverse(level, make, sweep, error, Py_ssize_t numbers, Py_ssize_t elements):
    """Tell them what reverse mode is made of, and from how many inputs on it is taken."""
    global reverse_level, input_of, swept, nonlinear, LEAST_NUMBERS, LEAST_ELEMENTS
    reverse_level, input_of, swept, nonlinear = level, make, sweep, error
    LEAST_NUMBERS, LEAST_ELEMENTS = numbers, elements


cdef inline bint is_plain(object x) noexcept:
    """Whether f cannot change it, and no tangent of a third level is in it."""
    return type(x) is float or type(x) is int or type(x) is Dual or type(x) is str or x is None


cdef class Driver:
    # The wrapper that a driver gives back: a function of Python to whoever looks at it.
    # What it is called, its text and its signature are those of f, and looked up when asked for,
    # so that `derivative(f)(x)` costs little also where it is written in a loop.

    cdef void *vectorcall
    cdef object definition, general  # definition(f, argnum): the general driver, made when needed
    cdef object forward              # the same by forward mode
    cdef object f
    cdef Py_ssize_t argnum
    cdef object driver, given        # driver(given, argnum, lift=lift) is this wrapper
    cdef bint lift
    cdef dict __dict__
    cdef object __weakref__

    def __cinit__(self, definition, f, Py_ssize_t argnum, driver, given, bint lift):
        self.vectorcall = <void *>call_driver
        self.definition, self.f, self.argnum = definition, f, argnum
        self.driver, self.given, self.lift = driver, given, lift

    cdef object short_way(self, object level, object x, PyObject *const *args, Py_ssize_t n):
        """The result; NotImplemented if the general way is to be taken."""
        return NotImplemented

    cdef object call(self, object level, object x, PyObject *const *args, Py_ssize_t n):
        """f with x in place of the argument to differentiate; NotImplemented after a refusal."""
        cdef PyObject *given[8]
        memcpy(given, args, n * sizeof(PyObject *))
        given[self.argnum] = <PyObject *>x
        y = PyObject_Vectorcall(self.f, given, n, NULL)
        return NotImplemented if has_refused(level) and is_doubtful(self.f, x, level) else y

    cdef object backward(self, object opened, object x, PyObject *const *args, Py_ssize_t n):
        """The value and its slopes by one sweep; FORWARD or NotImplemented if there are none."""
        level = reverse_level(opened)
        cdef Tape tape = level.tape
        cdef Py_ssize_t size = len(x)
        cdef Dual result
        node = None
        if type(x) is ndarray:
            seeds, node = input_of(x.copy(), level)
        else:
            seeds = on_tape(list(x), tape, level)
            if seeds is None:
                return NotImplemented
            if type(x) is tuple:
                seeds = tuple(seeds)
        level.__enter__()
        try:
            y = self.call(level, seeds, args, n)
        except nonlinear:
            return FORWARD
        finally:
            level.__exit__()
        if y is NotImplemented or (type(y) is float and y != y):
            return NotImplemented
        if type(y) is float or type(y) is int:
            return y, numpy.zeros(size) if node is not None else type(x)([0.0] * size)
        if type(y) is not Recorded:
            return NotImplemented
        result = <Dual>y
        if result.lev != <PyObject *>level or result.v != result.v:
            return NotImplemented
        value = y.primal
        if node is None and not tape.externals and not level.blocks:
            slopes = pulled(tape, result.n, size)
        else:
            try:
                slopes = swept(level, y, node, size)
            except nonlinear:
                return FORWARD
        tape.clear()
        if slopes is None:
            return FORWARD if size <= 1024 else NotImplemented
        return value, tuple(slopes) if type(x) is tuple else slopes

    def __getattr__(self, name):
        if name == "__wrapped__":
            return self.f
        if name == "__name__" or name == "__qualname__":
            return getattr(self.f, name, type(self.f).__name__)
        if name == "__annotations__":
            return self.f.__annotations__
        try:
            return vars(self.f)[name]
        except (TypeError, KeyError):
            raise AttributeError(f"{self!r} has no attribute {name!r}") from None

    @property
    def __doc__(self):
        return vars(self).get("__doc__", self.f.__doc__)

    @__doc__.setter
    def __doc__(self, text):
        vars(self)["__doc__"] = text

    @property
    def __module__(self):
        return vars(self).get("__module__", self.f.__module__)

    @__module__.setter
    def __module__(self, name):
        vars(self)["__module__"] = name

    def __get__(self, instance, owner):
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self):
        return partial(self.driver, lift=True) if self.lift else self.driver, (self.given, self.argnum)

    def __repr__(self):
        return f"<function {self.__qualname__} at {id(self):#x}>"


cdef object call_driver(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Driver driver = <Driver>self
    cdef Py_ssize_t n = PyVectorcall_NARGS(flags), argnum = driver.argnum, i
    cdef bint short = names == NULL and 0 <= argnum < n <= 8
    if short:
        for i in range(n):
            if i != argnum and not is_plain(<object>args[i]):
                short = False
    if short:
        level = open_level()
        try:
            result = driver.short_way(level, <object>args[argnum], args, n)
        finally:
            close_level(level)
        if result is FORWARD:
            if driver.forward is None:
                driver.forward = driver.definition(driver.f, argnum, mode="forward")
            return PyObject_Vectorcall(driver.forward, args, flags, names)
        if result is not NotImplemented:
            return result
    if driver.general is None:
        driver.general = driver.definition(driver.f, argnum)
    return PyObject_Vectorcall(driver.general, args, flags, names)


cdef extern from *:
    """
    static int call_fast(PyObject *kind, Py_ssize_t offset) {
        PyTypeObject *type = (PyTypeObject *)kind;
        type->tp_vectorcall_offset = offset;
        type->tp_call = PyVectorcall_Call;
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
        if (PyDict_DelItemString(type->tp_dict, "__doc__"))  /* but that of f */
            return -1;
        PyType_Modified(type);
        return 0;
    }
    """
    int call_fast(object kind, Py_ssize_t offset) except -1
    object PyObject_Vectorcall(object f, PyObject *const *args, size_t flags, PyObject *names)
    Py_ssize_t PyVectorcall_NARGS(size_t flags) noexcept


@cython.final
cdef class Derivative(Driver):

    cdef int ndim  # shape of the last array: of these f is known to be elementwise
    cdef cnp.npy_intp dims[4]

    cdef object short_way(self, object level, object x, PyObject *const *args, Py_ssize_t n):
        if type(x) is ndarray:
            return self.of_array(level, <cnp.ndarray>x, args, n)
        seed = unit_number(x, level)
        if seed is None:
            return NotImplemented
        y = self.call(level, seed, args, n)
        if y is NotImplemented:
            return y
        slope = row(x, y, level)
        return continued(self.definition, x, y, level) if slope is None else slope

    cdef object of_array(self, object level, cnp.ndarray x, PyObject *const *args, Py_ssize_t n):
        if cnp.PyArray_TYPE(x) != cnp.NPY_DOUBLE or not is_plainly_laid(x) or not self.is_known(x):
            return NotImplemented
        y = self.call(level, dual(x.copy("K"), numpy.ones_like(x), level), args, n)
        if y is NotImplemented:
            return y
        if isinstance(y, readable_class) and y.level == level:
            value = y.primal
            if type(value) is ndarray and value.shape == (<object>x).shape and not has_nan(value):
                return y.tangent
        return continued(self.definition, x, y, level)

    cdef bint is_known(self, cnp.ndarray x):
        """Whether f is known to be elementwise on arrays of this shape."""
        cdef int ndim = cnp.PyArray_NDIM(x)
        if ndim == self.ndim and not memcmp(
            self.dims, cnp.PyArray_DIMS(x), ndim * sizeof(cnp.npy_intp)
        ):
            return True
        if not is_elementwise(self.f, self.argnum, (<object>x).shape):
            return False
        if ndim <= 4:
            self.ndim = ndim
            memcpy(self.dims, cnp.PyArray_DIMS(x), ndim * sizeof(cnp.npy_intp))
        return True


@cython.final
cdef class Gradient(Driver):

    cdef object short_way(self, object level, object x, PyObject *const *args, Py_ssize_t n):
        if is_many(x):
            found = self.backward(level, x, args, n)
            return found[1] if type(found) is tuple else found
        seeds = unit_seeds(x, level)
        if seeds is None:
            return NotImplemented
        y = self.call(level, seeds, args, n)
        if y is NotImplemented:
            return y
        slopes = row(x, y, level)
        return continued(self.definition, x, y, level) if slopes is None else slopes


@cython.final
cdef class ValueAndGradient(Driver):

    cdef object short_way(self, object level, object x, PyObject *const *args, Py_ssize_t n):
        if is_many(x):
            return self.backward(level, x, args, n)
        seeds = unit_seeds(x, level)
        if seeds is None:
            return NotImplemented
        y = self.call(level, seeds, args, n)
        if y is NotImplemented:
            return y
        slopes = row(x, y, level)
        if slopes is None:
            return continued(self.definition, x, y, level)
        return (y.primal if isinstance(y, Dual) else y), slopes


@cython.final
cdef class Jacobian(Driver):

    cdef object short_way(self, object level, object x, PyObject *const *args, Py_ssize_t n):
        cdef list rows = []
        seeds = unit_seeds(x, level)
        if seeds is None:
            return NotImplemented
        y = self.call(level, seeds, args, n)
        if y is NotImplemented:
            return y
        if type(y) is not list and type(y) is not tuple:
            slopes = row(x, y, level)
            return continued(self.definition, x, y, level) if slopes is None else slopes
        for part in y:
            slopes = row(x, part, level)
            if slopes is None:
                return continued(self.definition, x, y, level)
            rows.append(slopes)
        return rows if type(y) is list else tuple(rows)


@cython.final
cdef class Hessian(Driver):

    cdef object short_way(self, object older, object x, PyObject *const *args, Py_ssize_t n):
        if not (type(x) is list or (is_vector(x) and is_plainly_laid(<cnp.ndarray>x))):
            return NotImplemented
        if not 0 < len(x) <= JET:
            return NotImplemented
        level = open_level()
        try:
            return self.of_levels(older, level, x, args, n)
        finally:
            close_level(level)

    cdef object of_levels(
        self, object older, object level, object x, PyObject *const *args, Py_ssize_t n
    ):
        cdef Py_ssize_t size = len(x), i
        cdef Nested y
        if type(x) is list:
            seeds = unit_list(x, older, False)
            if seeds is None:
                return NotImplemented
            for i in range(size):
                (<list>seeds)[i] = unit_nested(<Dual>(<list>seeds)[i], i, size, level)
        else:
            seeds = dual(x.copy(), unit_matrix(size), older)
            seeds = dual(seeds, unit_matrix(size), level)
        result = self.call(level, seeds, args, n)
        if type(result) is not Nested or has_refused(older):
            return NotImplemented
        y = <Nested>result
        if y.lev != <PyObject *>level or y.level1 != <PyObject *>older or y.v != y.v:
            return NotImplemented
        if y.n1 != size or y.n != size:
            return NotImplemented
        for i in range(size):
            if y.t1[i] != y.t1[i]:
                return NotImplemented
        symmetric = unit_matrix(size)
        symmetrise(y.t12 if y.mixed else NULL, size, <double *>cnp.PyArray_DATA(symmetric))
        return symmetric.tolist() if type(x) is list else symmetric


SHORT_WAYS = {
    "derivative": Derivative,
    "grad": Gradient,
    "value_and_grad": ValueAndGradient,
    "jacobian": Jacobian,
    "hessian": Hessian,
}
for kind in SHORT_WAYS.values():
    call_fast(kind, vectorcall_offset())


cdef Py_ssize_t vectorcall_offset() noexcept:
    cdef Driver nowhere = Driver.__new__(Driver, None, None, 0, None, None, False)
    return <char *>&nowhere.vectorcall - <char *><PyObject *>nowhere


cdef void symmetrise(const double *t12, Py_ssize_t n, double *out) noexcept:
    cdef Py_ssize_t i, j
    for i in range(n):
        for j in range(n):
            out[i * n + j] = 0.0 if t12 == NULL else (t12[i * n + j] + t12[j * n + i]) / 2


cdef inline bint is_packed(cnp.ndarray x) noexcept:
    """Whether an array lies without gaps, in the order of its axes or reversed."""
    return cnp.PyArray_ISBEHAVED_RO(x) and (
        cnp.PyArray_IS_C_CONTIGUOUS(x) or cnp.PyArray_IS_F_CONTIGUOUS(x)
    )


cdef inline bint is_plainly_laid(cnp.ndarray x) noexcept:
    """Whether a plain copy can stand for an array: it is writeable, and has no gaps."""
    return is_packed(x) and cnp.PyArray_ISWRITEABLE(x)


cdef bint has_nan(cnp.ndarray x):
    cdef const double *values = <const double *>cnp.PyArray_DATA(x)
    cdef Py_ssize_t i
    cdef int found = 0
    if cnp.PyArray_TYPE(x) != cnp.NPY_DOUBLE or not is_packed(x):
        return bool(numpy.isnan(x).any())
    for i in range(cnp.PyArray_SIZE(x)):
        found |= values[i] != values[i]
    return found


cdef inline bint is_many(object x) noexcept:
    """Whether there are so many inputs that reverse mode is cheaper."""
    if type(x) is list:
        return len(<list>x) >= LEAST_NUMBERS
    if type(x) is tuple:
        return len(<tuple>x) >= LEAST_NUMBERS
    return (
        is_vector(x) and cnp.PyArray_DIM(<cnp.ndarray>x, 0) >= LEAST_ELEMENTS
        and is_plainly_laid(<cnp.ndarray>x)
    )


cdef object unit_seeds(object x, object level):
    """x with one direction per number in it; None if this is left to the general driver."""
    if type(x) is list:
        return unit_list(<list>x, level, True)
    if type(x) is tuple:
        seeds = unit_list(list(x), level, True)
        return None if seeds is None else tuple(seeds)
    if is_vector(x):
        if is_plainly_laid(<cnp.ndarray>x) and 0 < cnp.PyArray_DIM(<cnp.ndarray>x, 0) <= PASS:
            return dual(x.copy(), unit_matrix(cnp.PyArray_DIM(<cnp.ndarray>x, 0)), level)
        return None
    return unit_number(x, level)


cdef Dual unit_number(object x, object level):
    """x with tangent 1; None if it is neither a real float nor a dual of one that is alive."""
    cdef Dual seed
    if type(x) is Dual:
        return dual_of_dual(<Dual>x, 1.0, level) if is_open(<object>(<Dual>x).lev) else None
    seed = unfilled(-1, level)
    if not is_double(x, &seed.v, &seed.is_np) or x is True or x is False:
        return None
    seed.t[0] = 1.0
    return seed


cdef list unit_list(list x, object level, bint alone):
    """One direction per number; None if they are not all floats, or too many for one pass.

    `alone`: the tangent of one number alone is one float, as in the general driver.
    """
    cdef Py_ssize_t n = len(x), i
    cdef Dual seed
    cdef list seeds = []
    if not 0 < n <= PASS:
        return None
    for i in range(n):
        seed = unfilled(-1 if alone and n == 1 else n, level)
        if not is_double(x[i], &seed.v, &seed.is_np) or x[i] is True or x[i] is False:
            return None
        memset(seed.t, 0, n * sizeof(double))
        seed.t[i] = 1.0
        seeds.append(seed)
    return seeds


cdef object row(object x, object y, object level):
    """The derivative of the number y in x, in the structure of x; None if y is anything else.

    None also where the general driver has something to say: of nan, and of older duals.
    """
    cdef Dual result
    cdef Py_ssize_t i
    if type(y) is float or type(y) is int:  # constant
        if y != y:
            return None
        if type(x) is ndarray:
            return numpy.zeros(len(x))
        if type(x) is list:
            return [0.0] * len(x)
        return (0.0,) * len(x) if type(x) is tuple else 0.0
    if type(y) is not Dual and type(y) is not Nested:
        return None
    result = <Dual>y
    if result.lev != <PyObject *>level or result.v != result.v:
        return None
    if type(y) is Nested and not is_open(<object>(<Nested>y).level1):
        return None
    if type(x) is list or type(x) is tuple:
        if result.n != (len(x) if len(x) > 1 else -1) or type(y) is not Dual:
            return None
        slopes = [result.t[i] for i in range(len(x))]
        return slopes if type(x) is list else tuple(slopes)
    if type(x) is ndarray:
        return array(result.t, result.n) if result.n == len(x) and type(y) is Dual else None
    if result.n >= 0:
        return None
    return result.t[0] if type(y) is Dual else y.tangent


cdef Nested unit_nested(Dual value, Py_ssize_t i, Py_ssize_t n, object level):
    cdef Nested x = new_nested(value.n, n, <object>value.lev, level)
    x.v, x.is_np = value.v, value.is_np
    memset(x.t, 0, n * sizeof(double))
    x.t[i] = 1.0
    memcpy(x.t1, value.t, (1 if value.n < 0 else value.n) * sizeof(double))
    return x


cdef cnp.ndarray unit_matrix(Py_ssize_t n):
    cdef cnp.npy_intp *shape = [n, n]
    cdef Py_ssize_t i
    cdef cnp.ndarray result = cnp.PyArray_ZEROS(2, shape, cnp.NPY_DOUBLE, 0)
    for i in range(n):
        (<double *>cnp.PyArray_DATA(result))[i * (n + 1)] = 1.0
    return result


globals().update(FINGERPRINT=FINGERPRINT)
