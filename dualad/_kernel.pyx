# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: c_api_binop_methods=True, embedsignature=False
"""The same Dual for real floats, compiled.

A `Dual` here holds a value and its tangent as C doubles, up to `DIRECTIONS` directions inside the
object. A `Nested` is a dual of a newer level over a `Dual` of an older one: value, both tangents,
and the mixed second derivatives. What they do is the table's, written as C by `_codegen.py`.

A `Recorded` is a dual of reverse mode: its tangent is a place on the `Tape` of its level, on which
every row pushes the places and the slopes of its operands, for the walk back. A `Series` has the
coefficients of a power series for its directions.

All do only the common case. Where Python would raise, where something is not finite, where the
operand is not a real float, they hand over to the readable Dual in `dual.py`, with themselves as
arguments: it decides about values, exceptions and texts, so they are the same by construction.

Objects are immutable and refer to nothing but their level, so the garbage collector need not
track them; like the readable Dual they have no weak references. The module belongs to one
interpreter of a process, as NumPy does: a second one is refused with an ImportError. It is not
built for a Python without the GIL, which uses the readable Dual.
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport (
    PyMem_Free, PyMem_Malloc, PyMem_RawCalloc, PyMem_RawFree, PyMem_RawRealloc, PyMem_Realloc,
)
from cpython.object cimport PyObject, PyObject_RichCompare, PyTypeObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF, Py_XINCREF
from libc.float cimport DBL_MIN
from libc.math cimport NAN, fabs, isfinite, isinf
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset, strcmp
cimport numpy as cnp

import dis
import math
import operator as operators

import numpy

cnp.import_array()

cdef extern from *:
    """
    #include "numpy/arrayscalars.h"

    static PyObject *as_float64(double v) {
        PyObject *x = PyArrayScalar_New(Double);
        if (x != NULL) PyArrayScalar_ASSIGN(x, Double, v);
        return x;
    }

    static int add_method(PyObject *kind, PyMethodDef *def) {
        PyTypeObject *type = (PyTypeObject *)kind;
        PyObject *method = PyDescr_NewMethod(type, def);
        int status = method == NULL ? -1 : PyDict_SetItemString(type->tp_dict, def->ml_name, method);
        Py_XDECREF(method);
        PyType_Modified(type);
        return status;
    }

    static PyObject *new_method(PyObject *kind, PyMethodDef *def) {
        return PyDescr_NewMethod((PyTypeObject *)kind, def);
    }

    /* Subscripts without looking for a method; `set_general` is the way by which one is found. */
    static objobjargproc set_general;

    static void take_elements(PyObject *kind, void *get, void *set) {
        PyMappingMethods *methods = ((PyTypeObject *)kind)->tp_as_mapping;
        set_general = methods->mp_ass_subscript;
        methods->mp_subscript = (binaryfunc)get;
        methods->mp_ass_subscript = (objobjargproc)set;
    }

    #define AXES 8
    #define NOWHERE PY_SSIZE_T_MIN

    static inline Py_ssize_t small_index(PyObject *x) {
        Py_ssize_t i = PyNumber_AsSsize_t(x, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            return NOWHERE;
        }
        return i;
    }

    #define ARRAY(x) ((PyArrayObject *)(x))
    #define ndim_of(x) PyArray_NDIM(ARRAY(x))
    #define dims_of(x) PyArray_DIMS(ARRAY(x))
    #define steps_of(x) PyArray_STRIDES(ARRAY(x))
    #define data_of(x) PyArray_BYTES(ARRAY(x))
    #define is_writeable(x) PyArray_ISWRITEABLE(ARRAY(x))
    #define is_of_doubles(x) (PyArray_TYPE(ARRAY(x)) == NPY_DOUBLE && PyArray_ISBEHAVED_RO(ARRAY(x)))

    static PyObject *builtin(PyMethodDef *def, PyObject *module) {
        return PyCFunction_NewEx(def, NULL, module);
    }
    """
    object as_float64(double v)

    ctypedef struct PyMethodDef:
        const char *ml_name
        void *ml_meth
        int ml_flags
        const char *ml_doc

    object builtin(PyMethodDef *definition, object module)
    int add_method(object kind, PyMethodDef *definition) except -1
    object new_method(object kind, PyMethodDef *definition)
    int METH_FASTCALL
    int METH_O
    int METH_KEYWORDS
    void PyObject_Free(void *p) noexcept
    PyObject *PyEval_GetGlobals() noexcept
    Py_ssize_t PyTuple_GET_SIZE(object x) noexcept
    PyObject *PyTuple_GET_ITEM(object x, Py_ssize_t i) noexcept
    PyTypeObject *Py_TYPE(PyObject *x) noexcept
    object PyType_GenericAlloc(PyTypeObject *kind, Py_ssize_t n)
    enum:
        AXES
        NOWHERE
    Py_ssize_t small_index(PyObject *x) noexcept
    int ndim_of(PyObject *x) noexcept
    cnp.npy_intp *dims_of(PyObject *x) noexcept
    cnp.npy_intp *steps_of(PyObject *x) noexcept
    char *data_of(PyObject *x) noexcept
    bint is_writeable(PyObject *x) noexcept
    bint is_of_doubles(PyObject *x) noexcept
    void take_elements(object kind, void *get, void *set) noexcept
    int set_general(PyObject *x, PyObject *index, PyObject *y) except -1
    int PyType_IsSubtype(PyTypeObject *a, PyTypeObject *b) noexcept


cdef extern from "_kernel.h":
    Py_ssize_t slot_of(object slot) noexcept
    PyObject *SLOT(PyObject *x, Py_ssize_t place) noexcept
    void fill_slot(object x, Py_ssize_t place, object content) noexcept
    void put_in_slot(PyObject *x, Py_ssize_t place, object content) noexcept


cdef extern from "_rules.h":
    ctypedef struct Exact:
        const char *name
        int argument
        Slope *slope

    const Exact EXACT_SLOPES[]

    enum:
        EXACT_COUNT
        ROW_COUNT
        ROW_add
        ROW_sub
        ROW_mul
        ROW_div
        ROW_pow
        ROW_mod
        ROW_neg
        ROW_pos
        ROW_abs
        ROW_copysign
        ROW_sign
        ROW_floordiv
        ROW_sqrt
        ROW_hypot

    unsigned long long FINGERPRINT

    ctypedef struct Jet:
        double v
        int on
        double d[JET]

    ctypedef struct Row:
        const char *name
        int nargs
        int flat
        int (*value)(const double *x, double *y) noexcept
        int (*slopes)(const double *x, int active, double *y, double *s) noexcept
        int (*given)(const double *x, int active, double *y, double *s) noexcept
        int (*jet)(const Jet **x, const Jet *y, int i, Py_ssize_t k, Jet *s) noexcept
        void *call

    ctypedef struct Loop:
        bint is_sqrt

    double LIMIT
    double FAR
    bint lost(double s, const double *t, Py_ssize_t m) noexcept
    bint forget_underflow() noexcept

    int FE_DIVBYZERO, FE_INVALID
    void forget_flag(int flag) noexcept
    int looped(const Loop *loop, const double *x, int nargs, double *y) noexcept
    bint tiny(double a, double b, double y, bint product) noexcept

    const Row ROWS[ROW_COUNT]
    enum:
        HYPOT
        GAMMA
        LGAMMA
    PyObject *math_functions[3]
    void *call_row

    int scaled(double s, const double *a, double *out, Py_ssize_t m) noexcept
    int scaled_more(double s, const double *a, double *out, Py_ssize_t m) noexcept
    int moved(
        int active, const double *s, const double *a, const double *b, double *out, Py_ssize_t m
    ) noexcept
    int jet_at(
        const Row *row, const Jet *a, const Jet *b, Py_ssize_t k, Jet *y, bint given
    ) noexcept
    Jet constant(double v) noexcept
    int sum_of_tangents(
        const double *s, const double *a, const double *b, double *out, Py_ssize_t m
    ) noexcept
    int tangent_of_product(
        int first, const Jet *slope, const double *t2, const double *t12, double *out,
        Py_ssize_t k, Py_ssize_t m
    ) noexcept


# A row that is known when this is compiled, as in the operators, is compiled into its place.
cdef extern from *:
    """
    #ifdef __GNUC__
        #define INTO_PLACE static inline __attribute__((always_inline))
    #else
        #define INTO_PLACE static inline
    #endif
    INTO_PLACE PyObject *kernel_unary(int, PyObject *, const Loop *);
    INTO_PLACE PyObject *kernel_binary(int, PyObject *, PyObject *, const Loop *);
    INTO_PLACE PyObject *kernel_recorded(int, PyObject *, PyObject *, const Loop *);
    INTO_PLACE PyObject *kernel_operator(int, PyObject *, PyObject *);
    """


cdef extern from *:
    """
    #include "numpy/ufuncobject.h"

    /* The loop of a ufunc over nothing but numbers of one type; 0 if it has none. */
    static int find_loop_of(PyObject *ufunc, int type, Loop *loop) {
        PyUFuncObject *f = (PyUFuncObject *)ufunc;
        for (int i = 0; i < f->ntypes; i++) {
            int j = 0;
            while (j < f->nargs && f->types[i * f->nargs + j] == type)
                j++;
            if (j == f->nargs && f->functions[i] != NULL) {
                loop->inner = (Inner)f->functions[i];
                loop->data = f->data == NULL ? NULL : (void *)f->data[i];
                return 1;
            }
        }
        return 0;
    }

    static int find_loop(PyObject *ufunc, Loop *loop) {
        return find_loop_of(ufunc, NPY_DOUBLE, loop);
    }
    """
    bint find_loop_of(object ufunc, int type, Loop *loop) noexcept
    bint find_loop(object ufunc, Loop *loop) noexcept


cdef enum:
    MOST_STEPS = 2147483000  # places are C ints
    KEPT_STEPS = 1 << 17     # of a tape whose memory is kept


cdef double EXACT = 2.0**53  # integers below are floats without loss

# What the kernel hands over to: filled in by `connect`.
cdef object readable_class = None     # dual.Dual
cdef object readable_dual = None      # dual.dual before the kernel
cdef list clocks = []                  # levels.clocks: where a fresh level comes from
cdef object note_objects = None       # differentiations.note_objects
cdef object note_equal = None         # differentiations.note_equal
cdef object note_search = None        # differentiations.note_search
cdef object note_near = None          # differentiations.note_near
cdef object note_step = None          # differentiations.note_step
cdef object Noted = None              # differentiations.Noted
cdef object shown = None              # differentiations.SHOWN
cdef dict readers = {}                # differentiations.READERS
cdef object is_told = None            # looks.is_told
cdef object is_holder = None          # looks.is_holder
cdef dict noted = {}                  # differentiations.NOTED
cdef dict memos = {}                  # differentiations.MEMOS
cdef dict protocols = {}              # NumPy's two protocols
cdef dict table = {}                  # RULES
cdef dict rows = {ROWS[i].name.decode(): i for i in range(ROW_COUNT)}
cdef list functions = [None] * ROW_COUNT   # the readable function of a row
cdef list forward = [None] * ROW_COUNT     # a row as a method: x∘other
cdef list reflected = [None] * ROW_COUNT   # and other∘x
cdef list native = [None] * ROW_COUNT      # what both do to plain numbers
cdef dict ufuncs = {}                      # a Ufunc for each, or None
cdef object numpy_functions = {}           # what the names of rows mean for NumPy's numbers
cdef object float64 = numpy.float64, int64 = numpy.int64
cdef object as_float64_type = numpy.float64
cdef type ndarray = numpy.ndarray
cdef object floor = math.floor, ceil = math.ceil
cdef list of_python = [math.hypot, math.gamma, math.lgamma]
math_functions[HYPOT] = <PyObject *>of_python[0]
math_functions[GAMMA] = <PyObject *>of_python[1]
math_functions[LGAMMA] = <PyObject *>of_python[2]


cdef class Kind(type):
    """The class of the readable classes: compiled duals are instances of these, too."""

    def __instancecheck__(cls, x):
        kind = type(x)
        if kind is Dual or kind is Nested or kind is Recorded or kind is Series:
            kind = readable_class
        return PyType_IsSubtype(<PyTypeObject *>kind, <PyTypeObject *>cls) != 0


@cython.final
cdef class Ufunc:
    # A ufunc that is a row, and its loop over floats.
    cdef int row
    cdef Loop loop


# -- the two classes ------------------------------------------------------------------------


cdef class Dual:
    """A dual over a float. See `dualad.Dual`."""

    @property
    def primal(self):
        """The number itself."""
        return number(self.v, self.is_np)

    @property
    def tangent(self):
        """The derivative: a float, or an array of directions."""
        return self.t[0] if self.n < 0 else array(self.t, self.n)

    @property
    def __class__(self):
        """What it stands for; `looks.py` says who is told what it is."""
        if is_told_to_asker(self):
            return readable_class
        return as_float64_type if self.is_np else float

    @property
    def level(self):
        """Which differentiation the tangent belongs to."""
        return <object>self.lev

    # arithmetic: the table's rows

    def __add__(a, b):
        return operator(ROW_add, a, b)

    def __sub__(a, b):
        return operator(ROW_sub, a, b)

    def __mul__(a, b):
        return operator(ROW_mul, a, b)

    def __truediv__(a, b):
        return operator(ROW_div, a, b)

    def __mod__(a, b):
        return operator(ROW_mod, a, b)

    def __pow__(a, b, modulus):
        if modulus is not None:
            return readable_class.__pow__(a, b, modulus)
        return operator(ROW_pow, a, b)

    def __floordiv__(a, b):
        result = flat(ROW_floordiv, a, b, NULL)
        if result is not None:
            return result
        if is_ours(a):
            return readable_class.__floordiv__(a, b)
        return readable_class.__rfloordiv__(b, a)

    def __divmod__(a, b):
        quotient = flat(ROW_floordiv, a, b, NULL)
        if quotient is not None:
            rest = binary(ROW_mod, a, b, NULL)
            if rest is not None:
                return quotient, rest
        if is_ours(a):
            return readable_class.__divmod__(a, b)
        return readable_class.__rdivmod__(b, a)

    def __neg__(self):
        result = unary(ROW_neg, self, NULL)
        return readable_class.__neg__(self) if result is None else result

    def __pos__(self):
        if is_itself(self):
            return self
        result = unary(ROW_pos, self, NULL)
        return readable_class.__pos__(self) if result is None else result

    def __abs__(self):
        result = unary(ROW_abs, self, NULL)
        return readable_class.__abs__(self) if result is None else result

    # comparisons look at values only

    def __richcmp__(self, other, int op):
        cdef double x, y
        cdef bint is_np = self.is_np
        x = self.v
        if is_ours(other):
            y = (<Dual>other).v
            is_np |= (<Dual>other).is_np
            if x == y and self.lev != (<Dual>other).lev:  # one may have escaped
                found_equal(self)
                found_equal(<Dual>other)
        elif not as_double(other, &y, &is_np):
            return COMPARISONS[op](self, other)
        elif x == y or (x == 0 and op != 2 and op != 3):
            found_equal(self)
        if fabs(x - y) > 0:
            if op != 2 and op != 3 and fabs(x) <= NEAR and fabs(y) <= NEAR:
                if is_ours(other):
                    found_near(self)
                    found_near(<Dual>other)
                elif fabs(x) <= fabs(y) and not was_compared_with(self, y):
                    found_near(self)
            compared_with(self, OF_DUALS if is_ours(other) else y, fabs(x - y))
        if is_np:
            return PyObject_RichCompare(number(x, self.is_np), plain(other), op)
        if op == 0:
            return x < y
        if op == 1:
            return x <= y
        if op == 2:
            return x == y
        if op == 3:
            return x != y
        if op == 4:
            return x > y
        return x >= y

    def __hash__(self):
        return readable_class.__hash__(self)

    def __bool__(self):
        if self.v == 0.0:
            found_equal(self)
        return self.v != 0.0

    # steps have derivative zero, and give plain numbers

    def __int__(self):
        found_step(self)
        return int(self.v)

    @cython.binding(False)
    def __trunc__(self):
        found_step(self)
        return int(self.v)

    @cython.binding(False)
    def __floor__(self):
        found_step(self)
        return floor(self.v)

    @cython.binding(False)
    def __ceil__(self):
        found_step(self)
        return ceil(self.v)

    @cython.binding(False)
    def __round__(self, ndigits=None):
        found_step(self)
        return round(number(self.v, self.is_np), ndigits)

    # what is rare: the readable Dual does it

    def __getattr__(self, name):
        return readable_class.__getattr__(self, name)


    def __float__(self):
        return readable_class.__float__(self)

    @cython.binding(False)
    def __complex__(self):
        return readable_class.__complex__(self)

    def __index__(self):
        return readable_class.__index__(self)

    def __repr__(self):
        return readable_class.__repr__(self)

    def __str__(self):
        text = text_for(self, str, None)
        return readable_class.__str__(self) if text is None else text

    @cython.binding(False)
    def __format__(self, spec):
        text = text_for(self, format, spec)
        return readable_class.__format__(self, spec) if text is None else text

    @cython.binding(False)
    def _repr_latex_(self):
        return readable_class._repr_latex_(self)

    @cython.binding(False)
    def __dir__(self):
        return readable_class.__dir__(self)

    @cython.binding(False)
    def __reduce__(self):
        return readable_class.__reduce__(self)

    @property
    def real(self):
        """The real part, a dual."""
        return self if is_itself(self) else readable_class.real.__get__(self)

    @property
    def imag(self):
        """The imaginary part, a dual."""
        return readable_class.imag.__get__(self)

    @cython.binding(False)
    def conjugate(self):
        """The complex conjugate, a dual."""
        return self if is_itself(self) else readable_class.conjugate(self)

    def __getitem__(self, index):
        if not self.is_np:
            raise TypeError("'float' object is not subscriptable")
        return protocols["element"](self, index)

    @cython.binding(False)
    def __array_function__(self, func, types, args, kwargs):
        return readable_class.__array_function__(self, func, types, args, kwargs)


@cython.final
cdef class Nested(Dual):
    """A dual over a dual over a float: second derivatives."""

    @property
    def primal(self):
        """The number itself, a dual of the older level."""
        cdef Dual x = new(self.n1, <object>self.level1)
        x.v, x.is_np = self.v, self.is_np
        memcpy(x.t, self.t1, many(self.n1) * sizeof(double))
        return x

    @property
    def tangent(self):
        """The derivative: a number or an array, plain or dual."""
        cdef Dual x
        if self.n >= 0:
            t = array(self.t, self.n)
            if not self.mixed:
                return t
            t_dot = array(self.t12, many(self.n1) * self.n)
            if self.n1 >= 0:
                t_dot = t_dot.reshape(self.n1, self.n)
            return readable_dual(t, t_dot, <object>self.level1)
        if not self.mixed:
            return number(self.t[0], self.t_np)
        x = new(self.n1, <object>self.level1)
        x.v, x.is_np = self.t[0], self.t_np
        memcpy(x.t, self.t12, many(self.n1) * sizeof(double))
        return x


@cython.final
cdef class Recorded(Dual):
    """A dual over a float, or over a dual of an older level, whose steps are on a tape.

    Its tangent is a place (`n`) on the tape of its level, whose `record` it knows; `t` is the
    tangent that its value has at the older level.
    """

    @property
    def primal(self):
        """The number itself, a dual if there is an older level."""
        cdef Record *record = record_of(self)
        cdef Dual x
        if record.level1 == NULL:
            return number(self.v, self.is_np)
        if record.outer != NULL:
            return number_on(record, self.v, <Py_ssize_t>self.t[0], self.is_np)
        x = new(record.n1, <object>record.level1)
        x.v, x.is_np = self.v, self.is_np
        memcpy(x.t, self.t, record.m * sizeof(double))
        return x

    @property
    def place(self):
        """Where on the tape it is."""
        return self.n

    @property
    def tangent(self):
        """A form: the place on the tape."""
        return form_at(<object>self.lev, self.n)


# All are duals to whoever asks: by name, and when called. Python code cannot derive from them,
# and no object exists that was not filled.
cdef extern from *:
    """
    /* np.array([x, y]) asks every element for the first three, and there are none. The last one
       is there for NumPy's numbers only. */
    #define DENIED 5
    static PyObject *asked[DENIED], *denied[DENIED];
    static getattrofunc attribute;
    static int (*is_denied)(PyObject *, int);

    static PyObject *get_attribute(PyObject *x, PyObject *name) {
        for (int i = 0; i < DENIED; i++)
            if (name == asked[i] || (!PyUnicode_CHECK_INTERNED(name) &&
                                     PyUnicode_Compare(name, asked[i]) == 0)) {
                int answer = is_denied(x, i);
                if (answer == 0)
                    break;
                if (answer > 0)
                    PyErr_SetObject(PyExc_AttributeError, denied[i]);
                return NULL;
            }
        return attribute(x, name);
    }

    static int deny(int i, const char *name) {
        asked[i] = PyUnicode_InternFromString(name);
        denied[i] = PyUnicode_FromFormat("a Dual has no attribute '%s'.", name);
        return asked[i] == NULL || denied[i] == NULL ? -1 : 0;
    }

    static void ask_before(int (*f)(PyObject *, int)) {
        is_denied = f;
    }

    static PyObject *name_of_caller(void) {
        PyFrameObject *frame = PyEval_GetFrame();
        PyCodeObject *code = frame == NULL ? NULL : PyFrame_GetCode(frame);
        PyObject *name = code == NULL ? Py_None : code->co_name;
        Py_INCREF(name);
        Py_XDECREF(code);
        return name;
    }

    static void without_sequence(PyObject *kind) { /* x[()] does not make one, to iterate over */
        ((PyTypeObject *)kind)->tp_as_sequence->sq_item = NULL;
    }

    static void disguise(PyObject *kind, newfunc make, destructor destroy) {
        PyTypeObject *type = (PyTypeObject *)kind;
        /* floats have no such method; the slot, which refuses, stays */
        if (type->tp_dict != NULL && PyDict_DelItemString(type->tp_dict, "__index__") < 0)
            PyErr_Clear();
        PyType_Modified(type);
        attribute = type->tp_getattro == get_attribute ? attribute : type->tp_getattro;
        type->tp_getattro = get_attribute;
        type->tp_name = "Dual";
        type->tp_new = make;
        type->tp_vectorcall = NULL;
        type->tp_dealloc = destroy;
        type->tp_flags &= ~Py_TPFLAGS_BASETYPE;
        without_sequence(kind);
    }

    /* Duals that were freed, for the next ones. (The kernel is not built without the GIL.) */
    #define SPARE 256
    static PyObject *spare[SPARE];
    static int spares = 0;

    static PyObject *fresh(PyTypeObject *type) {
        PyObject *x = PyObject_Malloc(type->tp_basicsize);
        return x == NULL ? PyErr_NoMemory() : PyObject_Init(x, type);
    }

    static inline PyObject *allocated(PyTypeObject *type) {
        PyObject *x;
        if (spares == 0)
            return fresh(type);
        x = spare[--spares];
        Py_SET_REFCNT(x, 1);
        Py_SET_TYPE(x, type);  /* all that share these are of one size */
        return x;
    }

    #define owned(x) (x)

    static inline PyObject *referred(PyObject *x) {
        Py_INCREF(x);
        return x;
    }

    static inline void released(PyObject *x) {
    #ifndef Py_DEBUG
        if (spares < SPARE) {
            spare[spares++] = x;
            return;
        }
    #endif
        PyObject_Free(x);
    }

    /* A dual of duals that is gone waits for the next, with its block, if that is of this size. */
    #define NESTED 16
    static PyObject *spare_nested[NESTED];
    static int nested_spares = 0;
    static Py_ssize_t nested_size = 0;

    static inline PyObject *spare_of(Py_ssize_t size) {
        PyObject *x;
        if (size != nested_size || nested_spares == 0)
            return NULL;
        x = spare_nested[--nested_spares];
        Py_SET_REFCNT(x, 1);
        return x;
    }

    static inline int is_kept(PyObject *x, Py_ssize_t size) {
    #ifndef Py_DEBUG
        if (nested_spares == 0 && size <= JET * (1 + JET))
            nested_size = size;
        if (size == nested_size && nested_spares < NESTED) {
            spare_nested[nested_spares++] = x;
            return 1;
        }
    #endif
        return 0;
    }
    """
    int deny(int i, const char *name) except -1
    void ask_before(int (*f)(PyObject *, int) except -1) noexcept
    object name_of_caller()
    void without_sequence(object kind)
    void disguise(object kind, void *make, void *destroy)
    PyObject *fresh(PyTypeObject *kind) except NULL
    PyObject *allocated(PyTypeObject *kind) except NULL
    object owned(PyObject *x)  # the reference that C has becomes Python's
    PyObject *referred(PyObject *x) noexcept
    void released(PyObject *x) noexcept
    PyObject *spare_of(Py_ssize_t size) noexcept
    bint is_kept(PyObject *x, Py_ssize_t size) noexcept


cdef object made_by_hand(PyObject *kind, PyObject *args, PyObject *kwargs):
    """type(x)(2.0, 1.0) is Dual(2.0, 1.0)."""
    if kwargs == NULL:
        return readable_class(*<tuple>args)
    return readable_class(*<tuple>args, **<dict>kwargs)


cdef extern from *:
    """
    /* Where Python is, and what called it there. */
    typedef struct {
        void *code, *caller;
        int at, called_at;
    } Site;

    static Site site_now(void) {
        Site site = {NULL, NULL, 0, 0};
        PyFrameObject *frame = PyEval_GetFrame(), *back;
        if (frame == NULL)
            return site;
        site.code = PyFrame_GetCode(frame);
        Py_DECREF((PyObject *)site.code);  /* the frame keeps it */
        site.at = PyFrame_GetLasti(frame);
        back = PyFrame_GetBack(frame);
        if (back != NULL) {
            site.caller = PyFrame_GetCode(back);
            Py_DECREF((PyObject *)site.caller);
            site.called_at = PyFrame_GetLasti(back);
            Py_DECREF((PyObject *)back);
        }
        return site;
    }
    """
    ctypedef struct Site:
        void *code
        void *caller
        int at
        int called_at
    Site site_now() noexcept


cdef object equal_of = None  # the level of the last dual that was found equal to a plain number
cdef Site[64] equal_at      # some places where duals of that level were


cdef int found_equal(Dual x) except -1:
    global equal_of
    cdef Site here = site_now()
    cdef Site *known = &equal_at[
        ((<size_t>here.code >> 4) + (<size_t>here.caller >> 4) + here.at + 7 * here.called_at) & 63
    ]
    if x.lev != <PyObject *>equal_of:
        equal_of = <object>x.lev
        memset(equal_at, 0, sizeof(equal_at))
    elif (
        known.code == here.code and known.caller == here.caller
        and known.at == here.at and known.called_at == here.called_at
    ):
        return 0
    known[0] = here
    note_equal(x)
    return 0


# A search by comparisons, as bisection is one, comes nearer and nearer to what it compares with, or
# needs many. Of the comparisons at a level, all of them and those with some number: how far their
# sides were apart at most, half of how far at least, how often they came twice as near as ever, and
# how long ago.
ctypedef struct Search:
    PyObject *level
    double number, most, half
    int times, ago


cdef Search search_of_all
cdef Search[16] searches
cdef int answers               # of the comparisons at the last level
cdef int SEARCH, SOON, MANY, LATER  # those of `differentiations`
cdef double SHRUNK
cdef double OF_DUALS = 4e-310  # stands for all duals that are compared with duals


cdef inline bint is_search(
    Search *search, PyObject *level, double number, double apart
) noexcept:
    """Whether comparisons have been one, from now on."""
    cdef PyObject *older = search.level
    search.ago += 1
    if older != level or search.number != number or search.ago > SOON:
        if older != level:
            search.level = level
            Py_XINCREF(level)  # or another level might come to lie there
            Py_XDECREF(older)
        search.number, search.times, search.ago = number, 0, 0
        search.most, search.half = apart, apart / 2
    elif apart < search.half:
        search.half, search.ago = apart / 2, 0
        search.times += 1
        if search.times >= SEARCH and search.most > SHRUNK * apart:
            search.times = 0
            return True
    elif apart > search.most:
        search.most = apart
    return False


cdef inline Search *search_with(double number) noexcept:
    cdef uint64_t bits
    memcpy(&bits, &number, sizeof(bits))
    return &searches[((bits >> 52) + (bits >> 44) + (bits >> 32)) & 15]


cdef bint was_compared_with(Dual x, double number) noexcept:
    """Whether a dual of the level of x was, so that one which is near it now has come nearer."""
    cdef Search *search = search_with(number)
    return search.level == x.lev and search.number == number


cdef int compared_with(Dual x, double number, double apart) except -1:
    global answers
    cdef Search *search = search_with(number)
    answers = 1 if search_of_all.level != x.lev else answers + 1
    if is_search(&search_of_all, x.lev, 0.0, apart) or is_search(search, x.lev, number, apart):
        found_search(x, "search")
    if answers == MANY:
        found_search(x, "many")
    return 0


cdef Searches *known_searches = NULL  # where the driver that was called last has looked before


cdef void know(Searches *known) noexcept:
    global known_searches
    known_searches = known


cdef int found_search(Dual x, str why) except -1:
    """Note a search, unless the driver knows that there is none here; of a first derivative."""
    global answers
    cdef Site here = site_now()
    cdef Searches *known = known_searches
    cdef Looked *place
    cdef int i
    if known != NULL and x.lev == known.level and type(x) is Dual:
        if not known.has_asked:  # of this call, and not of one that has raised
            for i in range(KNOWN):
                known.at[i].is_asked = False
            known.has_asked = True
        for i in range(KNOWN):
            place = &known.at[i]
            if place.code == NULL:
                place.code, place.caller = here.code, here.caller
            if place.code == here.code and place.caller == here.caller:
                if known.calls < place.until:
                    known.is_passed = True
                    return 0
                place.is_asked = True
                break
    if why == "many" and is_often(here):
        return 0
    if not note_search(why, x) and why == "many":
        answers = -LATER
    return 0


ctypedef struct Often:  # where there were many comparisons
    void *code
    void *caller
    Py_ssize_t times

cdef Often[64] often


cdef bint is_often(Site here) noexcept:
    """Whether there were many comparisons here before, but for the first times and the 16th, 32nd …

    A driver may run f several times before it has a run to look into.
    """
    cdef Often *place = &often[((<size_t>here.code >> 4) + 3 * (<size_t>here.caller >> 4)) & 63]
    if place.code != here.code or place.caller != here.caller:
        place.code, place.caller, place.times = here.code, here.caller, 0
    place.times += 1
    return place.times > 8 and place.times & (place.times - 1) != 0


cpdef void forget_places() noexcept:
    """f is looked into, and so all of them are."""
    memset(often, 0, sizeof(often))


cdef void pass_over(Searches *known, Py_ssize_t calls) noexcept:
    """Where there was a search: it is not looked into for so many calls, with this one."""
    cdef int i
    for i in range(KNOWN if known.has_asked else 0):
        if known.at[i].is_asked:
            known.at[i].until, known.at[i].is_asked = known.calls + calls, False


cdef inline int sign_asked(object x) except -1:
    """Its sign is taken, which compares it with 0."""
    if is_ours(x) and fabs((<Dual>x).v) > 0:
        return compared_with(<Dual>x, 0.0, fabs((<Dual>x).v))
    return 0


cdef object step_of = None  # the level of the last dual of which a step made a plain number
cdef object near_of = None  # the open one where one was zero within a tolerance, not noted yet
cdef double NEAR            # that of `differentiations`


cdef int found_step(Dual x) except -1:
    global step_of
    if x.lev != <PyObject *>step_of:
        step_of = <object>x.lev
        if is_of_one_open(x):
            (<set>notes_of(step_of).doubts).add("step")
        else:
            note_step(x)
    return 0


cdef int found_near(Dual x) except -1:
    global near_of
    if x.lev != <PyObject *>near_of:
        if not is_of_one_open(x):
            note_near(x)
            return 0
        if near_of is not None:
            (<set>notes_of(near_of).doubts).add("near")
        near_of = <object>x.lev
    return 0


cdef object near_found(bint is_harmless):
    """Note that a number was zero within a tolerance at the level that asks, unless that is harmless."""
    global near_of
    level, near_of = near_of, None
    if not is_harmless:
        (<set>notes_of(level).doubts).add("near")


cdef bint is_itself(Dual x):
    """Whether x is a float of Python's, which is its own real part."""
    return not x.is_np and type(<object>x.lev) is int


cdef bint is_of_one_open(Dual x):
    """Whether x is of one level, which is open and takes no part."""
    return type(x) is Dual and type(<object>x.lev) is int and place_of(<object>x.lev) >= 0


cdef object notes_of(object level):
    """What is noted of an open level."""
    found = noted.get(level)
    return noted.setdefault(level, Noted()) if found is None else found


cdef object text_for(Dual x, object show, object spec):
    """`differentiations.text_for` of the most simple duals; None for others."""
    if not is_of_one_open(x):
        return None
    value = number(x.v, x.is_np)
    text = show(value) if spec is None else show(value, spec)
    note_text(<object>x.lev, text)
    return text


cdef object note_text(object level, object text):
    notes = notes_of(level)
    (<set>notes.doubts).update(shown)
    notes.texts.append(text)


cdef object objects_of = None  # the level of the last dual that became one of many objects


cdef int denies(PyObject *x, int i) except -1:
    """Whether a dual has not the i-th of the attributes that `get_attribute` looks out for."""
    if i == 3:
        return not (<Dual>x).is_np
    if i == 0:
        found_object(<Dual>x)
    return 1


cdef int found_object(Dual x) except -1:
    """It becomes one of many objects; that is noted of the first of a level."""
    global objects_of
    if x.lev != <PyObject *>objects_of or name_of_caller() in readers:
        objects_of = <object>x.lev
        note_objects(x)
    return 0


ask_before(denies)
deny(0, "__array__")
deny(1, "__array_interface__")
deny(2, "__array_struct__")
deny(3, "__getitem__")
deny(4, "__complex__")  # floats have none; conversions find it in the class
disguise(Dual, <void *>made_by_hand, <void *>free_dual)
disguise(Nested, <void *>made_by_hand, <void *>free_nested)
disguise(Recorded, <void *>made_by_hand, <void *>free_dual)


cdef inline Py_ssize_t many(Py_ssize_t n) noexcept:
    """How many floats a tangent has."""
    return 1 if n < 0 else n


cdef inline object number(double v, bint is_np):
    return as_float64(v) if is_np else v


cdef object array(const double *data, Py_ssize_t n):
    cdef cnp.npy_intp shape = n
    result = cnp.PyArray_EMPTY(1, &shape, cnp.NPY_DOUBLE, 0)
    if n:
        memcpy(cnp.PyArray_DATA(<cnp.ndarray>result), data, n * sizeof(double))
    return result


cdef inline PyObject *blank(Py_ssize_t n, PyObject *level) except NULL:
    """A dual that is still to be filled, whose reference is the caller's."""
    return blank_of(<PyTypeObject *>Dual, n, level)


cdef inline PyObject *blank_of(PyTypeObject *kind, Py_ssize_t n, PyObject *level) except NULL:
    """The same of a class whose objects are laid out as duals are."""
    cdef PyObject *x = allocated(kind)
    (<Dual>x).lev, (<Dual>x).n = referred(level), n
    (<Dual>x).is_np, (<Dual>x).t = False, (<Dual>x).inside
    if n > DIRECTIONS:
        (<Dual>x).t = <double *>PyMem_Malloc(n * sizeof(double))
        if (<Dual>x).t == NULL:
            dropped(x)
            raise MemoryError()
    return x


cdef inline Dual new(Py_ssize_t n, object level):
    """A dual that is still to be filled."""
    return <Dual>owned(blank(n, <PyObject *>level))


cdef Dual unfilled(Py_ssize_t n, object level):
    """The same, for other modules."""
    return new(n, level)


cdef Nested new_nested(Py_ssize_t n1, Py_ssize_t n2, object level1, object level):
    cdef Py_ssize_t size = many(n1) * (1 + many(n2))
    cdef PyObject *memory = spare_of(size)
    cdef bint is_fresh = memory == NULL
    if is_fresh:
        memory = fresh(<PyTypeObject *>Nested)
    x = <Nested>memory
    Py_DECREF(x)
    if is_fresh:
        x.t1 = NULL
    x.t_np = x.mixed = False
    Py_INCREF(level1)
    x.level1, x.n1 = <PyObject *>level1, n1
    x.lev, x.n, x.is_np, x.t = referred(<PyObject *>level), n2, False, x.inside
    if n2 > DIRECTIONS:
        x.t = <double *>PyMem_Malloc(n2 * sizeof(double))
        if x.t == NULL:
            raise MemoryError()
    if is_fresh:
        x.t1 = <double *>PyMem_Malloc(size * sizeof(double))
        if x.t1 == NULL:
            raise MemoryError()
    x.t12 = x.t1 + many(n1)
    return x


cdef void free_dual(PyObject *memory) noexcept:
    Py_XDECREF((<Dual>memory).lev)
    if (<Dual>memory).t != (<Dual>memory).inside:
        PyMem_Free((<Dual>memory).t)
    released(memory)


cdef void free_nested(PyObject *memory) noexcept:
    Py_XDECREF((<Nested>memory).lev)
    Py_XDECREF((<Nested>memory).level1)
    if (<Nested>memory).t != (<Nested>memory).inside:
        PyMem_Free((<Nested>memory).t)
    if (<Nested>memory).t1 != NULL:
        if is_kept(memory, many((<Nested>memory).n1) * (1 + many((<Nested>memory).n))):
            return
        PyMem_Free((<Nested>memory).t1)
    PyObject_Free(memory)


# The levels that are open, the innermost last. (One interpreter holds its lock throughout.)
cdef PyObject **opened = NULL
cdef Py_ssize_t opened_count = 0, opened_room = 0

# The open levels whose evaluation is left where it makes a tangent of more elements than this, or
# stores duals of its duals one by one; then minus that many.
cdef dict watched = {}


class LargeTangent(BaseException):
    """Leaves an evaluation that is to go another way; no error, which user code might handle."""


cpdef object watch(object level, Py_ssize_t most):
    watched[level] = most


cpdef Py_ssize_t too_large(object level):
    """How many elements the tangent had at which it was left; 0 if there was none."""
    cdef Py_ssize_t most = watched.get(level, 0)
    return max(0, -most)


cdef int leave_if_watched(object x) except -1:
    """Raise LargeTangent where x, which is to be stored, is a dual over one of a watched level."""
    if watched and type(x) is Nested and <object>(<Nested>x).level1 in watched:
        watched[<object>(<Nested>x).level1] = -1
        raise LargeTangent
    return 0


cdef Slope *exact_slope(bytes name, int i):
    """The slope of a row in argument i as a loop over arrays that gives NumPy's bits, or NULL."""
    cdef int j
    for j in range(EXACT_COUNT):
        if EXACT_SLOPES[j].argument == i and strcmp(EXACT_SLOPES[j].name, name) == 0:
            return EXACT_SLOPES[j].slope
    return NULL


cdef int leave_if_large(object tangent, object level) except -1:
    """Raise LargeTangent where it is too large for its level."""
    if watched and type(tangent) is ndarray:
        most = watched.get(level)
        if most is not None and cnp.PyArray_SIZE(<cnp.ndarray>tangent) > <Py_ssize_t>most:
            watched[level] = -cnp.PyArray_SIZE(<cnp.ndarray>tangent)
            raise LargeTangent
    return 0


cdef extern from "pythread.h":
    unsigned long PyThread_get_thread_ident() noexcept

cdef dict mixing = {}  # mixing.MIXING


def connect_mixing(levels):
    """Share what is noted there with `mixing.py`."""
    global mixing
    mixing = levels


cdef int note_mixing(object level) except -1:
    """Elements may be put together at a level, in this thread: `mixing.note_mixing`."""
    cdef PyObject *threads
    if mixing:
        threads = PyDict_GetItem(mixing, level)
        if threads != NULL:
            (<set>threads).add(PyThread_get_thread_ident())
    return 0


cpdef object open_level():
    return open_again(next(clocks[0]))


cdef object open_again(object level):
    global opened, opened_count, opened_room
    cdef PyObject **room
    if opened_count == opened_room:
        room = <PyObject **>PyMem_Realloc(opened, (2 * opened_room + 16) * sizeof(PyObject *))
        if room == NULL:
            raise MemoryError()
        opened, opened_room = room, 2 * opened_room + 16
    Py_INCREF(level)
    opened[opened_count] = <PyObject *>level
    opened_count += 1
    return level


cpdef object close_level(object level):
    global opened_count, near_of
    cdef Py_ssize_t i = place_of(level), j
    cdef PyObject *closed
    if is_near(level):
        near_of = None
    if i >= 0:
        closed = opened[i]
        opened_count -= 1
        for j in range(i, opened_count):
            opened[j] = opened[j + 1]
        Py_DECREF(<object>closed)
    if watched:
        watched.pop(level, None)
    if noted:
        noted.pop(level, None)
    if memos:
        memos.pop(level, None)


cpdef bint is_open(object level):
    return place_of(level) >= 0


cpdef bint has_refused(object level):
    """Whether anything is noted of an open level."""
    if is_near(level):
        near_found(False)
    return bool(noted) and level in noted


cdef bint is_any_noted():
    """Whether anything is noted of any open level."""
    return near_of is not None or bool(noted)


cdef bint is_near(object level):
    """Whether a number was zero within a tolerance there, which is not noted yet."""
    return near_of is not None and (near_of is level or near_of == level)


cdef Py_ssize_t place_of(object level):
    """Where among the open levels; a copy of a level, as pickle makes one, is the same level."""
    cdef Py_ssize_t i
    for i in range(opened_count - 1, -1, -1):
        if opened[i] == <PyObject *>level:
            return i
    for i in range(opened_count - 1, -1, -1):
        if <object>opened[i] == level:
            return i
    return -1


cdef dict told = {}  # modules that have asked: whether they are told, or HOLDER
cdef object HOLDER = object()


cdef bint is_told_to_asker(Dual x) except -1:
    cdef PyObject *names = PyEval_GetGlobals()
    if names == NULL:
        return False
    module = (<dict>names).get("__name__")
    found = told.get(module)
    if found is None:
        found = told[module] = HOLDER if is_holder(module) else is_told(module)
    if found is HOLDER:
        found_object(x)
    return found is True


cdef inline bint is_ours(object x) noexcept:
    return type(x) is Dual or type(x) is Nested or type(x) is Recorded or type(x) is Series


cdef object plain(object x):
    return number((<Dual>x).v, (<Dual>x).is_np) if is_ours(x) else x


cdef inline bint as_double(object x, double *v, bint *is_np) noexcept:
    """Whether x is a real number that is a float without loss."""
    cdef cnp.int64_t whole
    if type(x) is float:
        v[0] = PyFloat_AS_DOUBLE(x)
        return True
    if type(x) is int:
        v[0] = small(x)
        return fabs(v[0]) < EXACT
    if type(x) is float64:
        v[0] = PyFloat_AS_DOUBLE(x)
        is_np[0] = True
        return True
    if x is True or x is False:
        v[0] = x is True
        return True
    if type(x) is int64:  # as loops over np.arange give it
        cnp.PyArray_ScalarAsCtype(x, &whole)
        v[0], is_np[0] = <double>whole, True
        return fabs(v[0]) < EXACT
    return False


cdef bint is_double(object x, double *v, bint *is_np) noexcept:
    """The same, for other modules."""
    return as_double(x, v, is_np)


cdef inline double small(object x) noexcept:
    """A whole number as a float, if it is below EXACT; else one that is not."""
    cdef int overflow = 0
    cdef long long v = PyLong_AsLongLongAndOverflow(x, &overflow)
    return 2 * EXACT if overflow else <double>v


cdef inline int compare(object a, object b) except -2:
    """-1, 0 or 1 as level a is older than b, the same, or newer."""
    if a is b or a == b:
        return 0
    return 1 if a > b else -1


# -- rows on duals: each gives None where the readable Dual is to decide -----------------------


# Each is told by which loop NumPy calculates the value; without one it is as in C, which is what
# an operator gives for NumPy's numbers too.


cdef inline object unary "kernel_unary"(int row, object a, const Loop *loop):
    cdef PyObject *y
    cdef double s
    cdef bint odd
    if type(a) is not Dual:
        return unusual(row, a, None, loop)
    if ROWS[row].flat:
        return flat(row, a, None, loop)
    y = blank((<Dual>a).n, (<Dual>a).lev)
    (<Dual>y).is_np = (<Dual>a).is_np
    if loop != NULL:
        if looped(loop, &(<Dual>a).v, 1, &(<Dual>y).v):
            return dropped(y)
        (<Dual>y).is_np = True
        odd = ROWS[row].given(&(<Dual>a).v, 1, &(<Dual>y).v, &s)
    else:
        odd = ROWS[row].slopes(&(<Dual>a).v, 1, &(<Dual>y).v, &s)
    if odd or moved(1, &s, (<Dual>a).t, NULL, (<Dual>y).t, many((<Dual>y).n)):
        return dropped(y)
    return owned(y)


cdef inline object binary "kernel_binary"(int row, object a, object b, const Loop *loop):
    cdef PyObject *like = <PyObject *>a
    cdef const double *t = NULL
    cdef const double *r = NULL
    cdef PyObject *z
    cdef double v[2]
    cdef double s[2]
    cdef bint is_np = False
    cdef int active
    cdef bint odd
    if type(a) is Dual:
        v[0], t = (<Dual>a).v, (<Dual>a).t
        if type(b) is Dual:
            if (<Dual>a).lev != (<Dual>b).lev and compare(
                <object>(<Dual>a).lev, <object>(<Dual>b).lev
            ) != 0:
                return unusual(row, a, b, loop)
            if (<Dual>a).n != (<Dual>b).n:
                return None
            v[1], r, active = (<Dual>b).v, (<Dual>b).t, 3
            is_np = (<Dual>b).is_np
        elif as_double(b, &v[1], &is_np):
            active = 1
        else:
            return unusual(row, a, b, loop)
    elif type(b) is Dual and as_double(a, &v[0], &is_np):
        like, active = <PyObject *>b, 2
        v[1], r = (<Dual>b).v, (<Dual>b).t
        if row == ROW_copysign:
            sign_asked(b)
    else:
        return unusual(row, a, b, loop)
    if ROWS[row].flat:
        return flat(row, a, b, loop)
    is_np |= (<Dual>like).is_np
    z = blank((<Dual>like).n, (<Dual>like).lev)
    (<Dual>z).is_np = is_np
    if loop != NULL:
        if looped(loop, v, 2, &(<Dual>z).v):
            return dropped(z)
        (<Dual>z).is_np = True
        odd = ROWS[row].given(v, active, &(<Dual>z).v, s)
    else:
        odd = ROWS[row].slopes(v, active, &(<Dual>z).v, s)
    if odd:
        if not is_infinite(row, v, active, s, (<Dual>z).v):
            return dropped(z)
        if is_np:
            forget_flag(FE_INVALID)  # of 0·∞ in a tangent, which NumPy would take for one of its own
    if moved(active, s, t, r, (<Dual>z).t, many((<Dual>z).n)):
        return dropped(z)
    if is_np and loop == NULL and is_tiny(row, v, (<Dual>z).v):
        return dropped(z)
    return owned(z)


cdef inline bint is_infinite(
    int row, const double *v, int active, const double *s, double y
) noexcept:
    """Whether the result of arithmetic is infinite as an operand is, and nothing else is odd."""
    return (
        row <= ROW_div and isinf(y) and (isinf(v[0]) or isinf(v[1]))
        and not (active & 1 and not isfinite(s[0])) and not (active & 2 and not isfinite(s[1]))
    )


cdef object unusual(int row, object a, object b, const Loop *loop):
    """Of operands that are not all duals of one level and floats."""
    if b is None and ROWS[row].nargs == 2:  # x*None, where None does not say that there is no b
        return None
    if row == ROW_copysign:
        sign_asked(b)
    if type(a) is Recorded or type(b) is Recorded:
        return recorded(row, a, b, loop)
    if type(a) is Series or type(b) is Series:
        return expanded(row, a, b, loop)
    if type(a) is Nested or type(b) is Nested or (type(a) is Dual and type(b) is Dual):
        return nested(row, a, b, loop)
    return None


cdef object dropped(PyObject *x):
    """The readable Dual is to decide; C's reference is the only one, and goes here."""
    Py_DECREF(<object>x)
    return None


cdef inline bint is_tiny(int row, const double *v, double y) noexcept:
    """Whether NumPy's numbers may have underflowed in an operator."""
    return row > ROW_sub and tiny(v[0], v[1], y, row == ROW_mul)


cdef object flat(int row, object a, object b, const Loop *loop):
    """The derivative is zero: a plain number."""
    cdef double v[2]
    cdef double y
    cdef bint is_np = False
    if ROWS[row].name[0] == b"_":  # a helper row may give an integer
        return None
    if not value_of(a, &v[0], &is_np) or (ROWS[row].nargs == 2 and not value_of(b, &v[1], &is_np)):
        return None
    if loop != NULL:
        if looped(loop, v, ROWS[row].nargs, &y):
            return None
        found_step(<Dual>a if is_ours(a) else <Dual>b)
        if row == ROW_sign:
            sign_asked(a)
        return as_float64(y)
    if is_np or ROWS[row].value(v, &y):
        return None
    if row == ROW_sign:
        sign_asked(a)
    found_step(<Dual>a if is_ours(a) else <Dual>b)
    return y


cdef bint value_of(object x, double *v, bint *is_np) noexcept:
    if is_ours(x):
        v[0] = (<Dual>x).v
        is_np[0] |= (<Dual>x).is_np
        return True
    return as_double(x, v, is_np)


cdef inline object operator "kernel_operator"(int row, object a, object b):
    if type(a) is not Dual and (type(a) is Recorded or type(b) is Recorded):
        result = recorded(row, a, b, NULL)
    else:
        result = binary(row, a, b, NULL)
    if result is None and of_operators[row] is not None:
        result = on_numbers(<NumberRule>of_operators[row], a, b)
    if result is not None:
        return result
    forget_flag(FE_DIVBYZERO)
    if is_simple(a) and is_simple(b) and (is_numpys_dual(a) or is_numpys_dual(b)):
        return after_warnings(native[row], forward[row] if is_ours(a) else reflected[row], a, b)
    if is_ours(a):
        return forward[row](a, b)
    return reflected[row](b, a)


cdef inline bint is_numpys_dual(object x) noexcept:
    return type(x) is Dual and (<Dual>x).is_np


cdef inline bint is_simple(object x) noexcept:
    return type(x) is Dual or type(x) is float or type(x) is int or type(x) is float64


cdef object after_warnings(object native, object general, object a, object b):
    """What `general` gives of a and b, where `native`, called from the user's code, is what warns.

    In Python that general way would be where NumPy's warnings come from.
    """
    native(plain(a), plain(b))
    token = stop_warnings()
    try:
        return general(a, b) if is_ours(a) else general(b, a)
    finally:
        resume_warnings(token)


# -- second order -----------------------------------------------------------------------------


ctypedef struct Part:
    Jet jet                # the value and its tangent at the older level
    Py_ssize_t n1, n2
    bint active, mixed     # whether there is a tangent of the newer level; and a mixed one
    bint t_np
    const double *t1
    const double *t2
    const double *t12


cdef object nested(int row, object a, object b, const Loop *loop):
    """Two levels meet, or both are in one operand already."""
    cdef Part parts[2]
    cdef Jet y
    cdef Jet slopes[2]
    cdef const Jet *jets[2]
    cdef Py_ssize_t n1 = -2, n2 = -2, m1, m2, block, start, at, k, i
    cdef int count = 1 if b is None else 2, active
    cdef bint is_np, any_np = loop != NULL, mixed
    cdef double v[2]
    cdef double s[2]
    cdef Nested z = None
    cdef Part *p
    if ROWS[row].flat:
        return None
    if type(a) is Recorded or type(b) is Recorded or type(a) is Series or type(b) is Series:
        return None
    parts[1].t2 = NULL
    level = level1 = None
    if is_ours(a):
        level = <object>(<Dual>a).lev
    if is_ours(b) and (level is None or compare(<object>(<Dual>b).lev, level) > 0):
        level = <object>(<Dual>b).lev
    for i in range(count):
        p = &parts[i]
        x = b if i else a
        p.active = p.mixed = p.t_np = p.jet.on = is_np = False
        jets[i] = &p.jet
        if not is_ours(x):
            if not as_double(x, &p.jet.v, &is_np):
                return None
            any_np |= is_np
            continue
        p.jet.v = (<Dual>x).v
        any_np |= (<Dual>x).is_np
        newest = compare(<object>(<Dual>x).lev, level) == 0
        if type(x) is Nested:
            if not newest:
                return None
            p.active, p.mixed, p.t_np = True, (<Nested>x).mixed, (<Nested>x).t_np
            p.t2, p.t12 = (<Nested>x).t, (<Nested>x).t12
            p.n1, p.n2 = (<Nested>x).n1, (<Nested>x).n
            p.jet.on = True
            lev = <object>(<Nested>x).level1
            p.t1 = (<Nested>x).t1
        elif newest:
            p.active = True
            p.t2 = (<Dual>x).t
            p.n2 = (<Dual>x).n
        else:
            p.n1 = (<Dual>x).n
            p.jet.on = True
            lev = <object>(<Dual>x).lev
            p.t1 = (<Dual>x).t
        if p.jet.on:
            if level1 is not None and (compare(lev, level1) != 0 or n1 != p.n1):
                return None
            level1, n1 = lev, p.n1
        if p.active:
            if n2 != -2 and n2 != p.n2:
                return None
            n2 = p.n2
    if level1 is None:
        return None
    m1, m2 = many(n1), many(n2)
    v[0], v[1] = parts[0].jet.v, parts[1].jet.v if count == 2 else 0.0
    if loop != NULL and looped(loop, v, count, &y.v):
        return None
    for block in range((m1 + JET - 1) // JET):  # in steps of JET, the loop would be Python's
        start = block * JET
        k = min(JET, m1 - start)
        for i in range(count):
            if parts[i].jet.on:
                memcpy(parts[i].jet.d, parts[i].t1 + start, k * sizeof(double))
        if jet_at(&ROWS[row], jets[0], jets[1] if count == 2 else NULL, k, &y, loop != NULL):
            return None
        if start == 0:
            if any_np and loop == NULL and count == 2 and is_tiny(row, v, y.v):
                return None
            z = new_nested(n1, n2, level1, level)
            z.v, z.is_np = y.v, any_np
        memcpy(z.t1 + start, y.d, k * sizeof(double))
        # the product rule for slope·tangent, and the sum over arguments
        active = 0
        for i in range(count):
            p = &parts[i]
            if p.active:
                if ROWS[row].jet(jets, &y, i, k, &slopes[i]):
                    return None
                active |= 1 << i
                s[i] = slopes[i].v
                z.t_np |= p.t_np  # slopes are Python numbers
        if start == 0 and moved(active, s, parts[0].t2, parts[1].t2, z.t, m2):
            return None
        mixed = False
        at = start * m2
        if (
            active == 3 and parts[0].mixed and parts[1].mixed
            and not (slopes[0].on or slopes[1].on)
        ):
            mixed = True
            if sum_of_tangents(s, parts[0].t12 + at, parts[1].t12 + at, z.t12 + at, k * m2):
                return None
            active = 0
        for i in range(count):
            p = &parts[i]
            if active & 1 << i and (slopes[i].on or p.mixed):
                if tangent_of_product(
                    not mixed, &slopes[i], p.t2, p.t12 + at if p.mixed else NULL, z.t12 + at, k, m2
                ):
                    return None
                mixed = True
        z.mixed = mixed
    return z


# -- reverse mode: the tape of a level ------------------------------------------------------------


# The memory of a tape that is gone waits for the next, unless it is large: tapes grow from nothing.
cdef Record idle


cdef void clear(Record *record) noexcept:
    global idle
    cdef Record other = record[0]
    if 0 < other.room * (1 + other.m) <= KEPT_STEPS and (
        idle.room <= other.room or idle.m != other.m
    ):
        idle, other = other, idle
    PyMem_RawFree(other.parents)
    PyMem_RawFree(other.slopes)
    record.parents, record.slopes = NULL, NULL
    record.count = record.room = 0
    record.constant = -1
    record.closed, record.faint, record.far = True, False, False


cdef int grow(Record *record) except -1:
    cdef Py_ssize_t room = 2 * record.room + 256, size = 2 * (1 + record.m)
    cdef int *parents = NULL
    cdef double *slopes = NULL
    if record.room == 0 and idle.room > 0 and idle.m == record.m:
        record.parents, record.slopes, record.room = idle.parents, idle.slopes, idle.room
        idle.parents, idle.slopes, idle.room = NULL, NULL, 0
        return 0
    if room < MOST_STEPS:
        parents = <int *>PyMem_RawRealloc(record.parents, 2 * room * sizeof(int))
    if parents != NULL:
        record.parents = parents
        slopes = <double *>PyMem_RawRealloc(record.slopes, size * room * sizeof(double))
    if slopes == NULL:
        raise MemoryError(
            f"reverse mode has recorded {record.count} steps, and there is no memory for more; "
            "write mode='forward', or dualad.checkpoint(f) for parts f of the function."
        )
    record.slopes, record.room = slopes, room


cdef inline Py_ssize_t push(Record *record, Py_ssize_t first, Py_ssize_t second) except -1:
    """A step with these places as its parents (-1 for none); its slopes are still to be filled."""
    cdef Py_ssize_t i = record.count
    if i == record.room:
        grow(record)
    record.parents[2 * i] = <int>first
    record.parents[2 * i + 1] = <int>second
    record.count = i + 1
    return i


cdef inline Py_ssize_t constant_on(Record *record) except -1:
    """The one place of all numbers that depend on nothing."""
    if record.constant < 0:
        record.constant = push(record, -1, -1)
    return record.constant


cdef class Tape:
    """What is recorded of numbers: for each step the places and the slopes of its two parents.

    With an older level, a slope is followed by its tangent there, in m directions; or by its place
    on the tape of that level, `outer`.
    """

    def __cinit__(self, level1=None, Py_ssize_t n1=-1, Tape outer=None):
        if level1 is not None:
            self.record.m, self.record.n1 = many(n1), n1
        self.record.outer = NULL if outer is None else &outer.record
        self.record.constant = -1
        self.level1 = level1
        self.record.level1 = <PyObject *>level1 if level1 is not None else NULL
        self.externals = []

    def __dealloc__(self):
        clear(&self.record)
        PyMem_RawFree(self.scratch)
        PyMem_RawFree(self.touched)

    @property
    def directions(self):
        """How many the older level has."""
        return self.record.m

    @property
    def constant(self):
        """The place of numbers that depend on nothing; -1 if there are none."""
        return self.record.constant

    def __len__(self):
        return self.record.count

    def clear(self):
        """Forget all steps: none can be added any more."""
        clear(&self.record)
        self.externals.clear()

    def inputs(self, Py_ssize_t n):
        """Places for n numbers that are made of nothing; the first of them."""
        cdef Py_ssize_t start = self.record.count, i
        for i in range(n):
            push(&self.record, -1, -1)
        return start

    def external(self, node):
        """A place for a number that a node stands for."""
        self.externals.append(node)
        return push(&self.record, -1 - <Py_ssize_t>len(self.externals), -1)

    def number_of(self, primal, node, level):
        """The dual that a node stands for; NotImplemented if its primal is not a float of this tape."""
        cdef object x = self.number(primal, 0, level)
        if x is not NotImplemented:
            (<Dual>x).n = self.external(node)
        return x

    def seeds(self, list x, dots, level):
        """Floats as inputs, whose tangents at the older level are `dots`, of shape (n,) or (m, n).

        None if they are not all floats.
        """
        cdef list found = on_tape(x, self, level)
        cdef Py_ssize_t i, j, n = len(x), m = self.record.m
        cdef const double *data
        cdef cnp.ndarray rows
        if found is None:
            return None
        rows = numpy.ascontiguousarray(dots, float)
        if cnp.PyArray_SIZE(rows) != m * n:
            return None
        data = <const double *>cnp.PyArray_DATA(rows)
        for i in range(n):
            for j in range(m):
                (<Dual>found[i]).t[j] = data[j * n + i]
        return found

    def step(self, Py_ssize_t place):
        """The parents of a place and the slopes in them, which are duals if there is an older level."""
        cdef Record *record = &self.record
        cdef Py_ssize_t k
        cdef double *s
        cdef Dual x
        found = []
        for k in range(2):
            if record.parents[2 * place + k] == -1:
                continue
            slope = None
            if record.parents[2 * place + k] >= 0:
                s = &record.slopes[(2 * place + k) * (1 + record.m)]
                slope = s[0]
                if record.outer != NULL:
                    slope = number_on(record, s[0], <Py_ssize_t>s[1], False)
                elif record.m:
                    x = new(record.n1, self.level1)
                    x.v = s[0]
                    memcpy(x.t, s + 1, record.m * sizeof(double))
                    slope = x
            found.append((record.parents[2 * place + k], slope))
        return found

    def slopes_from(self, Py_ssize_t place, Py_ssize_t lowest):
        """What the number at a place is made of, each with its slope: places below `lowest` or
        without parents, and what was read from elsewhere, as its negative number. One may come
        more than once. None if there is an older level.
        """
        cdef Record *record = &self.record
        cdef Py_ssize_t i, k, p, waiting = 1
        cdef double g
        cdef bint is_made
        if record.m or record.outer != NULL:
            return None
        found = []
        if place < lowest:
            found.append((place, 1.0))
            return found
        if self.wide < record.count:
            PyMem_RawFree(self.scratch)
            PyMem_RawFree(self.touched)
            self.wide = record.room
            self.scratch = <double *>PyMem_RawCalloc(self.wide, sizeof(double))
            self.touched = <char *>PyMem_RawCalloc(self.wide, 1)
            if self.scratch == NULL or self.touched == NULL:
                self.wide = 0
                raise MemoryError
        self.scratch[place], self.touched[place] = 1.0, True
        for i in range(place, lowest - 1, -1):
            if not self.touched[i]:
                continue
            g, is_made = self.scratch[i], False
            self.scratch[i], self.touched[i] = 0.0, False
            waiting -= 1
            for k in range(2):
                p = record.parents[2 * i + k]
                if p == -1 or p == record.constant:
                    is_made |= p != -1
                    continue
                is_made = True
                if p < -1:
                    found.append((p, g))
                elif p < lowest:
                    found.append((p, record.slopes[2 * i + k] * g))
                else:
                    waiting += not self.touched[p]
                    self.touched[p] = True
                    self.scratch[p] += record.slopes[2 * i + k] * g
            if not is_made and i != record.constant:
                found.append((i, g))
            if not waiting:
                break
        return found

    def number(self, primal, Py_ssize_t place, level):
        """The dual at a place; NotImplemented if its primal is not a float of this tape."""
        cdef Dual x
        cdef Dual older
        if self.record.closed:
            return NotImplemented
        if type(primal) is Recorded and self.record.outer != NULL:
            older = <Dual>primal
            if record_of(older) != self.record.outer:
                return NotImplemented
            x = new_recorded(&self.record, place, level)
            x.v, x.is_np, x.t[0] = older.v, older.is_np, older.n
            return x
        if type(primal) is Dual:
            older = <Dual>primal
            if self.level1 is None or older.n != self.record.n1:
                return NotImplemented
            if compare(<object>older.lev, self.level1) != 0:
                return NotImplemented
            x = new_recorded(&self.record, place, level)
            x.v, x.is_np = older.v, older.is_np
            memcpy(x.t, older.t, self.record.m * sizeof(double))
            return x
        if type(primal) is not float and type(primal) is not float64:
            return NotImplemented
        x = new_recorded(&self.record, place, level)
        x.v, x.is_np = PyFloat_AS_DOUBLE(primal), type(primal) is float64
        set_constant(x)
        return x


cdef list on_tape(list x, Tape tape, object level):
    """Numbers as inputs on a tape, from its first place on; None if they are not all floats."""
    cdef Py_ssize_t n = len(x), i
    cdef Dual seed
    cdef list seeds = []
    cdef double v
    cdef bint is_np
    for i in range(n):
        is_np = False
        if x[i] is True or x[i] is False or not as_double(x[i], &v, &is_np):
            return None
        seed = new_recorded(&tape.record, push(&tape.record, -1, -1), level)
        seed.v, seed.is_np = v, is_np
        seeds.append(seed)
    return seeds


cdef list pulled(Tape tape, Py_ssize_t place, Py_ssize_t n):
    """The slopes of the number at a place in the first n numbers; None if they are not finite.

    For a tape of floats alone. Their slopes are finite, so what nothing depends on adds zeros; and
    what goes to no parent goes to place -1.
    """
    cdef Py_ssize_t count = max(n, place + 1), i
    cdef const int *parents = tape.record.parents
    cdef const double *s = tape.record.slopes
    cdef double *memory = <double *>PyMem_RawCalloc(1 + count, sizeof(double))
    cdef double *adjoints = memory + 1
    cdef double g
    cdef list slopes = []
    cdef bint lowered = tape.record.faint, careful = tape.record.faint or tape.record.far
    if memory == NULL:
        refuse_adjoints(count)
    adjoints[place] = 1.0
    for i in range(place, n - 1, -1):
        g = adjoints[i]
        if careful and (is_gone(s[2 * i], g, &lowered) or is_gone(s[2 * i + 1], g, &lowered)):
            PyMem_RawFree(memory)
            return None
        adjoints[parents[2 * i]] += s[2 * i] * g
        adjoints[parents[2 * i + 1]] += s[2 * i + 1] * g
    try:
        for i in range(n):
            if not fabs(adjoints[i]) <= LIMIT:
                return None
            slopes.append(adjoints[i])
    finally:
        PyMem_RawFree(memory)
    return slopes


cdef bint is_gone(double s, double g, bint *lowered) noexcept:
    """Whether slope times adjoint may be an ordinary number, and come out as another one.

    That is where one of them has left the range, and the other is far. `lowered` is whether any
    adjoint may have left it.
    """
    if lost(s, &g, 1) or (lowered[0] and lost(g, &s, 1)):
        return True
    lowered[0] |= s != 0.0 and g != 0.0 and is_faint(s * g)
    return False


cdef int refuse_adjoints(Py_ssize_t count) except -1:
    raise MemoryError(
        f"there is no memory for the adjoints of {count} steps; write mode='forward', or "
        "dualad.checkpoint(f) for parts f of the function."
    )


cdef class Block:
    """The places of the elements of an array on a tape."""

    cdef readonly Tape tape
    cdef readonly Py_ssize_t start

    def __cinit__(self, Tape tape, Py_ssize_t start):
        self.tape, self.start = tape, start


cdef class Places:
    """The places of the elements of an array that numbers on a tape are stored in, one by one.

    Attributes
    ----------
    numbers : ndarray of intp
        They themselves.
    before : ndarray
        The same where the whole array was last looked at.
    """

    cdef readonly Tape tape
    cdef readonly object level
    cdef readonly cnp.ndarray numbers
    cdef public object before

    def __cinit__(self, Tape tape, level, cnp.ndarray numbers):
        self.tape, self.level, self.numbers, self.before = tape, level, numbers, numbers.copy()


cdef inline Dual new_recorded(Record *record, Py_ssize_t place, object level):
    cdef PyObject *x = blank_of(<PyTypeObject *>Recorded, record.m, <PyObject *>level)
    (<Dual>x).n, (<Dual>x).record = place, record
    return <Dual>owned(x)


cdef inline Record *record_of(Dual x) noexcept:
    return x.record


cdef inline void set_constant(Dual x) noexcept:
    """Let a recorded number have no tangents of an older level."""
    memset(x.t, 0, x.record.m * sizeof(double))
    if x.record.outer != NULL:
        x.t[0] = -1.0


cdef object number_on(Record *record, double v, Py_ssize_t place, bint is_np):
    """The number with this place on the tape of the older level, -1 for none."""
    cdef Dual x
    if place < 0:
        return number(v, is_np)
    x = new_recorded(record.outer, place, <object>record.level1)
    x.v, x.is_np = v, is_np
    return x


cdef object array_on(Record *record, cnp.ndarray value, const double *places, Py_ssize_t step):
    """An array of which each element has a place on the tape of the older level, -1 for none."""
    cdef cnp.ndarray at = numpy.empty(numpy.shape(value), numpy.intp)
    cdef Py_ssize_t i, n = cnp.PyArray_SIZE(at)
    cdef bint is_dual = False
    for i in range(n):
        is_dual |= places[i * step] >= 0.0
    if not is_dual or record.outer.closed:
        return value
    for i in range(n):
        (<Py_ssize_t *>cnp.PyArray_DATA(at))[i] = (
            <Py_ssize_t>places[i * step] if places[i * step] >= 0.0 else constant_on(record.outer)
        )
    level = <object>record.level1
    return readable_dual(value, form_of_places(level, at), level)


cdef Py_ssize_t sum_on(
    Record *record, Py_ssize_t first, double s, Py_ssize_t second, double t
) except -2:
    """The place of s·x + t·y, for numbers with these places, -1 for none.

    What is times 0 is on the tape, too: its own slopes may be infinite.
    """
    cdef Py_ssize_t place
    if first < 0:
        first, s, second = second, t, -1
    if first < 0 or record.closed:
        return -1
    if second < 0:
        if s == 1.0:
            return first
        t = 0.0
    place = push(record, first, second)
    record.slopes[2 * place], record.slopes[2 * place + 1] = s, t
    note_range(record, s)
    if second >= 0:
        note_range(record, t)
    return place


cdef inline void note_range(Record *record, double s) noexcept:
    record.faint |= is_faint(s)
    record.far |= fabs(s) > FAR


cdef inline bint is_faint(double s) noexcept:
    """Whether a slope is too small for all its digits."""
    return fabs(s) < DBL_MIN


cdef object form_at = None  # forms.form_at: the form of a place on the tape of a level
cdef object form_of_places = None  # forms.form_of_places: that of an array of them
cdef object block_of = None  # forms.block_of: places for its elements, at the first read
cdef object reverse_level = None  # forms.ReverseLevel
cdef object made_of = None  # forms.made_of: a form made of others
cdef object Slopes = None  # records.Slopes: the way back of one that is a sum


cdef inline object recorded "kernel_recorded"(int row, object a, object b, const Loop *loop):
    """A row of which one operand at least is recorded."""
    cdef PyObject *like = <PyObject *>a if type(a) is Recorded else <PyObject *>b
    cdef PyObject *y
    cdef Record *record
    cdef double v[2]
    cdef double s[2]
    cdef double value
    cdef Py_ssize_t first = -1, second = -1, place
    cdef int active = 0
    cdef bint is_np = False
    if ROWS[row].flat:
        return flat(row, a, b, loop)
    if type(<object>like) is not Recorded:
        return None
    record = record_of(<Dual>like)
    if record.closed:
        return None
    if record.outer != NULL:
        return recorded_over_tape(row, a, b, loop, record, (<Dual>like).lev)
    if record.m:
        if type(b) is Recorded and record_of(<Dual>b) != record:
            return None
        return recorded_nested(row, a, b, loop, record, (<Dual>like).lev)
    if type(a) is Recorded:
        v[0], first, active, is_np = (<Dual>a).v, (<Dual>a).n, 1, (<Dual>a).is_np
    elif not as_double(a, &v[0], &is_np):
        return None
    if ROWS[row].nargs == 2:
        if type(b) is Recorded:
            if record_of(<Dual>b) != record:
                if record_of(<Dual>b).outer != record or record_of(<Dual>b).closed:
                    return None
                return recorded_over_tape(row, a, b, loop, record_of(<Dual>b), (<Dual>b).lev)
            v[1], second = (<Dual>b).v, (<Dual>b).n
            active |= 2
            is_np |= (<Dual>b).is_np
        elif not as_double(b, &v[1], &is_np):
            return None
    s[0] = s[1] = 1.0  # of no operand, which is in range
    if loop != NULL:
        is_np = True
        if looped(loop, v, ROWS[row].nargs, &value) or ROWS[row].given(v, active, &value, s):
            return None
    elif ROWS[row].slopes(v, active, &value, s) and not is_infinite(row, v, active, s, value):
        return None
    elif is_np and ROWS[row].nargs == 2 and is_tiny(row, v, value):
        return None
    if not (DBL_MIN <= fabs(s[0]) <= FAR and DBL_MIN <= fabs(s[1]) <= FAR):
        if not fabs(s[0]) <= LIMIT or not fabs(s[1]) <= LIMIT:
            return None
        record.far |= fabs(s[0]) > FAR or fabs(s[1]) > FAR
        if row > ROW_mul:  # the slopes of products are their factors
            record.faint |= is_faint(s[0]) or is_faint(s[1])
    place = record.count
    if place == record.room:
        grow(record)
    record.count = place + 1
    record.parents[2 * place], record.parents[2 * place + 1] = <int>first, <int>second
    record.slopes[2 * place], record.slopes[2 * place + 1] = s[0], s[1]
    y = allocated(<PyTypeObject *>Recorded)
    (<Dual>y).lev, (<Dual>y).t, (<Dual>y).record = referred((<Dual>like).lev), (<Dual>y).inside, record
    (<Dual>y).v, (<Dual>y).n, (<Dual>y).is_np = value, place, is_np
    return owned(y)


cdef object recorded_nested(
    int row, object a, object b, const Loop *loop, Record *record, PyObject *level
):
    """The same over duals of an older level: slopes have tangents there."""
    cdef Jet given[2]
    cdef Jet y
    cdef Jet slope
    cdef const Jet *jets[2]
    cdef Py_ssize_t places[2]
    cdef double v[2]
    cdef const double *t[2]
    cdef Py_ssize_t m = record.m, place, block, start, k, j
    cdef int count = ROWS[row].nargs, i
    cdef bint is_np = False
    cdef Dual x, z
    cdef double *s
    for i in range(count):
        operand = b if i else a
        jets[i], places[i] = &given[i], -1
        given[i].on = False
        if type(operand) is Recorded or type(operand) is Dual:
            x = <Dual>operand
            given[i].v, given[i].on = x.v, True
            t[i] = x.t
            is_np |= x.is_np
            if type(operand) is Recorded:
                places[i] = x.n
            elif x.n != record.n1 or compare(<object>x.lev, <object>record.level1) != 0:
                return None
        elif not as_double(operand, &given[i].v, &is_np):
            return None
    v[0], v[1] = given[0].v, given[1].v if count == 2 else 0.0
    if loop != NULL and looped(loop, v, count, &y.v):
        return None
    z = new_recorded(record, -1, <object>level)
    place = push(record, places[0], places[1] if count == 2 else -1)
    forget_underflow()  # many tangents of slopes are zero: which of them were too small?
    for block in range((m + JET - 1) // JET):
        start = block * JET
        k = min(JET, m - start)
        for i in range(count):
            if given[i].on:
                memcpy(given[i].d, t[i] + start, k * sizeof(double))
        if jet_at(&ROWS[row], jets[0], jets[1] if count == 2 else NULL, k, &y, loop != NULL):
            record.count = place
            return None
        memcpy(z.t + start, y.d, k * sizeof(double))
        for i in range(count):
            if places[i] < 0:
                continue
            s = &record.slopes[(2 * place + i) * (1 + m)]
            slope.on = False
            if ROWS[row].jet(jets, &y, i, k, &slope) or not fabs(slope.v) <= LIMIT:
                record.count = place
                return None
            note_range(record, slope.v)
            s[0], s = slope.v, s + 1 + start
            if not slope.on:
                memset(s, 0, k * sizeof(double))
                continue
            for j in range(k):
                s[j] = slope.d[j]
                if not fabs(slope.d[j]) <= FAR:
                    record.far = True
                    if not fabs(slope.d[j]) <= LIMIT:
                        record.count = place
                        return None
    record.faint |= forget_underflow()
    if is_np and loop == NULL and count == 2 and is_tiny(row, v, y.v):
        record.count = place
        return None
    z.v, z.is_np, z.n = y.v, is_np or loop != NULL, place
    return z


cdef bint slope_moves(
    int row, Jet *given, const Jet **jets, const Jet *y, int i, int j, bint is_given
) noexcept:
    """Whether the slope in argument i of a row of two depends on argument j, be it by 0."""
    cdef Jet of_j = y[0]
    cdef Jet slope
    cdef bint other = given[1 - j].on
    given[1 - j].on = slope.on = False
    if jet_at(&ROWS[row], jets[0], jets[1], 2, &of_j, is_given):
        slope.on = True
    elif ROWS[row].jet(jets, &of_j, i, 2, &slope):
        slope.on = True
    given[1 - j].on = other
    return slope.on


cdef object recorded_over_tape(
    int row, object a, object b, const Loop *loop, Record *record, PyObject *level
):
    """The same over numbers on the tape of an older level: slopes have places there."""
    cdef Jet given[2]
    cdef Jet y
    cdef Jet slopes[2]
    cdef const Jet *jets[2]
    cdef Record *outer = record.outer
    cdef Py_ssize_t places[2]
    cdef Py_ssize_t older[2]
    cdef Py_ssize_t place
    cdef double v[2]
    cdef int count = ROWS[row].nargs, i, j
    cdef bint is_np = False
    cdef bint moving[2][2]
    cdef Dual x, z
    if outer.closed:
        return None
    places[1] = older[1] = -1
    for i in range(count):
        operand = b if i else a
        jets[i], places[i], older[i] = &given[i], -1, -1
        if type(operand) is Recorded:
            x = <Dual>operand
            if record_of(x) == record:
                places[i], older[i] = x.n, <Py_ssize_t>x.t[0]
            elif record_of(x) == outer:
                older[i] = x.n
            else:
                return None
            given[i].v = x.v
            is_np |= x.is_np
        elif not as_double(operand, &given[i].v, &is_np):
            return None
        given[i].on = older[i] >= 0
        for j in range(count):
            given[i].d[j] = 1.0 if i == j else 0.0
    v[0], v[1] = given[0].v, given[1].v if count == 2 else 0.0
    if loop != NULL and looped(loop, v, count, &y.v):
        return None
    if jet_at(&ROWS[row], jets[0], jets[1] if count == 2 else NULL, count, &y, loop != NULL):
        return None
    for i in range(count):
        if given[i].on and not fabs(y.d[i]) <= LIMIT:
            return None
        if places[i] < 0:
            continue
        slopes[i].on = False
        if ROWS[row].jet(jets, &y, i, count, &slopes[i]) or not fabs(slopes[i].v) <= LIMIT:
            return None
        for j in range(count):
            moving[i][j] = slopes[i].on and given[j].on
            if moving[i][j] and not fabs(slopes[i].d[j]) <= LIMIT:
                return None
    for i in range(count):
        for j in range(count):
            if count == 2 and places[i] >= 0 and moving[i][j] and slopes[i].d[j] == 0.0:
                moving[i][j] = slope_moves(row, given, jets, &y, i, j, loop != NULL)
    if is_np and loop == NULL and count == 2 and is_tiny(row, v, y.v):
        return None
    z = new_recorded(record, -1, <object>level)
    z.v, z.is_np = y.v, is_np or loop != NULL
    z.t[0] = sum_on(outer, older[0], y.d[0], older[1], y.d[1])
    place = z.n = push(record, places[0], places[1])
    for i in range(2):
        record.slopes[4 * place + 2 * i], record.slopes[4 * place + 2 * i + 1] = 0.0, -1.0
        if places[i] >= 0:
            record.slopes[4 * place + 2 * i] = slopes[i].v
            note_range(record, slopes[i].v)
            if slopes[i].on:
                record.slopes[4 * place + 2 * i + 1] = sum_on(
                    outer, older[0] if moving[i][0] else -1, slopes[i].d[0],
                    older[1] if count == 2 and moving[i][1] else -1, slopes[i].d[1],
                )
    return z


cdef class Adjoints:
    """The adjoints of all places on a tape, while they are swept."""

    def __cinit__(self, Tape tape, bint strong=False):
        cdef Record *record = &tape.record
        cdef Py_ssize_t i
        self.tape, self.strong = tape, strong
        self.position = record.count
        self.data = <double *>PyMem_RawCalloc(record.count * (1 + record.m) + 1, sizeof(double))
        self.given = <char *>PyMem_RawCalloc(record.count + 1, 1)
        if self.data == NULL or self.given == NULL:
            refuse_adjoints(record.count)
        if record.outer != NULL:
            for i in range(record.count):
                self.data[2 * i + 1] = -1.0

    def __dealloc__(self):
        PyMem_RawFree(self.data)
        PyMem_RawFree(self.given)

    def has(self, Py_ssize_t place):
        """Whether anything has been added at a place: what nothing depends on meets no slope."""
        return self.given[place] != 0

    def add(self, Py_ssize_t place, g):
        """Add to the adjoint at a place; whether it is a number of this tape."""
        cdef double *at = self.data + place * (1 + self.tape.record.m)
        cdef Py_ssize_t j
        cdef Dual x
        self.given[place] = True
        if type(g) is float or type(g) is float64 or type(g) is int:
            at[0] += g
            return True
        if self.tape.record.outer != NULL:
            if type(g) is not Recorded or record_of(<Dual>g) != self.tape.record.outer:
                return False
            at[0] += (<Dual>g).v
            at[1] = sum_on(self.tape.record.outer, <Py_ssize_t>at[1], 1.0, (<Dual>g).n, 1.0)
            return True
        if type(g) is not Dual or self.tape.level1 is None or (<Dual>g).n != self.tape.record.n1:
            return False
        x = <Dual>g
        if compare(<object>x.lev, self.tape.level1) != 0:
            return False
        at[0] += x.v
        for j in range(self.tape.record.m):
            at[1 + j] += x.t[j]
        return True

    def scatter(self, cnp.ndarray places, g):
        """Add an array to the adjoints at these places; whether its numbers are of this tape."""
        cdef Py_ssize_t i, j, n = cnp.PyArray_SIZE(places), m = self.tape.record.m
        cdef const Py_ssize_t *at = <const Py_ssize_t *>cnp.PyArray_DATA(places)
        cdef const double *value
        cdef const double *dots = NULL
        cdef double *to
        tangent = None
        if m and Py_TYPE(<PyObject *>g) == ARRAYS and g.level == self.tape.level1:
            g, tangent = g.primal, g.tangent
            if type(tangent) is not ndarray or tangent.dtype != float or tangent.size != m * n:
                return False
            tangent = numpy.ascontiguousarray(tangent)
            dots = <const double *>cnp.PyArray_DATA(<cnp.ndarray>tangent)
        if type(g) is not ndarray or g.dtype != float or g.size != n:
            return False
        g = numpy.ascontiguousarray(g)
        value = <const double *>cnp.PyArray_DATA(<cnp.ndarray>g)
        for i in range(n):  # all of them, before anything is added
            if not 0 <= at[i] < self.tape.record.count:
                return False
        for i in range(n):
            self.given[at[i]] = True
            to = self.data + at[i] * (1 + m)
            to[0] += value[i]
            if dots != NULL:
                for j in range(m):
                    to[1 + j] += dots[j * n + i]
        return True

    def back(self, Py_ssize_t stop):
        """Walk down to a place; earlier at what was read from elsewhere, whose node and adjoint
        are given."""
        cdef Record *record = &self.tape.record
        cdef Py_ssize_t i, p, j, k, m = record.m, width = 1 + record.m
        cdef const int *parents = record.parents
        cdef const double *s
        cdef const double *g
        cdef double *to
        cdef bint moved, careful = (record.faint or record.far) and not self.strong
        self.lowered |= record.faint
        if m == 0:
            for i in range(self.position - 1, stop - 1, -1):
                g = &self.data[i]
                if not self.given[i] or (self.strong and g[0] == 0.0):
                    continue
                p = parents[2 * i]
                if p >= 0:
                    self.given[p] = True
                    if not self.strong or record.slopes[2 * i] != 0.0:
                        self.data[p] += record.slopes[2 * i] * g[0]
                    if careful and is_gone(record.slopes[2 * i], g[0], &self.lowered):
                        self.data[p] = NAN  # only a pass forward can tell
                elif p < -1:
                    self.position = i
                    return self.tape.externals[-2 - p], g[0]
                p = parents[2 * i + 1]
                if p >= 0 and (not self.strong or record.slopes[2 * i + 1] != 0.0):
                    self.given[p] = True
                    self.data[p] += record.slopes[2 * i + 1] * g[0]
                    if careful and is_gone(record.slopes[2 * i + 1], g[0], &self.lowered):
                        self.data[p] = NAN
            self.position = min(self.position, stop)
            return None
        if record.outer != NULL:
            return self.back_over_tape(stop)
        for i in range(self.position - 1, stop - 1, -1):
            g = &self.data[i * width]
            moved = not self.strong
            for j in range(width):
                moved |= g[j] != 0.0
            if not self.given[i] or not moved:
                continue
            for k in range(2):
                p = parents[2 * i + k]
                if p < -1:
                    self.position = i
                    return self.tape.externals[-2 - p], self[i]
                if p >= 0:
                    self.given[p] = True
                    s, to = &record.slopes[(2 * i + k) * width], &self.data[p * width]
                    to[0] += s[0] * g[0]
                    for j in range(1, width):
                        to[j] += s[0] * g[j] + s[j] * g[0]
                    if careful:
                        for j in range(width):
                            if is_gone(s[0], g[j], &self.lowered) or (
                                is_gone(s[j], g[0], &self.lowered)
                            ):
                                to[j] = NAN
        self.position = min(self.position, stop)
        return None

    cdef object back_over_tape(self, Py_ssize_t stop):
        """The same where what is done to adjoints is recorded on the tape of an older level."""
        cdef Record *record = &self.tape.record
        cdef Py_ssize_t i, p, k, slope, here, product
        cdef double g, s
        cdef double *to
        cdef bint careful = (record.faint or record.far) and not self.strong
        for i in range(self.position - 1, stop - 1, -1):
            g, here = self.data[2 * i], <Py_ssize_t>self.data[2 * i + 1]
            if not self.given[i] or (self.strong and g == 0.0 and here < 0):
                continue
            for k in range(2):
                p = record.parents[2 * i + k]
                if p < -1:
                    self.position = i
                    return self.tape.externals[-2 - p], self[i]
                if p < 0:
                    continue
                s, slope = record.slopes[4 * i + 2 * k], <Py_ssize_t>record.slopes[4 * i + 2 * k + 1]
                to = &self.data[2 * p]
                self.given[p] = True
                if not self.strong or (s != 0.0 and g != 0.0):
                    to[0] += s * g
                if careful and is_gone(s, g, &self.lowered):
                    to[0] = NAN
                product = sum_on(
                    record.outer, -1 if self.strong and g == 0.0 else slope, g,
                    -1 if self.strong and s == 0.0 else here, s,
                )
                to[1] = sum_on(record.outer, <Py_ssize_t>to[1], 1.0, product, 1.0)
        self.position = min(self.position, stop)
        return None

    def __getitem__(self, Py_ssize_t place):
        """The adjoint at a place, a dual if there is an older level."""
        cdef Record *record = &self.tape.record
        cdef double *at = self.data + place * (1 + record.m)
        cdef Dual x
        if not record.m:
            return at[0]
        if record.outer != NULL:
            return number_on(record, at[0], <Py_ssize_t>at[1], False)
        x = new(record.n1, self.tape.level1)
        x.v = at[0]
        memcpy(x.t, at + 1, record.m * sizeof(double))
        return x

    def tangents(self, Py_ssize_t n):
        """The tangents at the older level of the first n adjoints, of shape (m, n); of nan nan."""
        cdef Py_ssize_t i, j, m = self.tape.record.m
        cdef double g
        cdef double *to
        result = numpy.empty((m, n))
        to = <double *>cnp.PyArray_DATA(<cnp.ndarray>result)
        for i in range(n):
            g = self.data[i * (1 + m)]
            for j in range(m):
                to[j * n + i] = self.data[i * (1 + m) + 1 + j] if g == g else g
        return result

    def block(self, Py_ssize_t start, shape):
        """The adjoints of an array whose elements have places from `start` on."""
        cdef Record *record = &self.tape.record
        cdef Py_ssize_t i, j, n = 1, width = 1 + record.m
        cdef double *to
        cdef double *dots
        for k in shape:
            n *= k
        value = numpy.empty(shape)
        to = <double *>cnp.PyArray_DATA(<cnp.ndarray>value)
        if not record.m:
            memcpy(to, self.data + start, n * sizeof(double))
            return value
        if record.outer != NULL:
            for i in range(n):
                to[i] = self.data[(start + i) * width]
            return array_on(record, value, self.data + start * width + 1, width)
        tangent = numpy.empty(shape if record.n1 < 0 else (record.n1, *shape))
        dots = <double *>cnp.PyArray_DATA(<cnp.ndarray>tangent)
        for i in range(n):
            to[i] = self.data[(start + i) * width]
            for j in range(record.m):
                dots[j * n + i] = self.data[(start + i) * width + 1 + j]
        return dual(value, tangent, self.tape.level1)


# -- power series ---------------------------------------------------------------------------------

include "_series.pxi"


# -- numbers that are no C doubles ------------------------------------------------------------------

include "_numbers.pxi"

find_loop_of(numpy.multiply, cnp.NPY_CDOUBLE, &complex_loops[TIMES])
find_loop_of(numpy.add, cnp.NPY_CDOUBLE, &complex_loops[PLUS])


# -- rows as functions of Python, and as ufuncs of NumPy ----------------------------------------


cdef object called(int row, PyObject *const *args, Py_ssize_t n):
    cdef double v[2]
    cdef double y
    cdef object a, b
    cdef const Loop *loop = NULL
    if n == ROWS[row].nargs and (
        ROWS[row].name[0] != b"_" or is_ours(<object>args[0]) or is_ours(<object>args[n - 1])
    ):
        a = <object>args[0]
        if n == 1:
            if type(a) is float:
                v[0] = PyFloat_AS_DOUBLE(a)
                if not ROWS[row].value(v, &y):
                    return y
            elif not is_numpy(a):
                result = unary(row, a, NULL)
                if result is not None:
                    return result
            elif is_numpys(row, &loop):
                result = unary(row, a, loop)
                if result is not None:
                    return result
        else:
            b = <object>args[1]
            if type(a) is float and type(b) is float:
                v[0], v[1] = PyFloat_AS_DOUBLE(a), PyFloat_AS_DOUBLE(b)
                if not ROWS[row].value(v, &y):
                    return y
            elif not (is_numpy(a) or is_numpy(b)):
                result = binary(row, a, b, NULL)
                if result is not None:
                    return result
            elif is_numpys(row, &loop):
                result = binary(row, a, b, loop)
                if result is not None:
                    return result
        result = on_numbers(<NumberRule>of_rows[row], a, None if n == 1 else b)
        if result is not None:
            return result
    return functions[row](*[<object>args[i] for i in range(n)])


cdef object row_of_one(int row, object x):
    """A row of one argument as math has it, for other modules; or None."""
    return as_python(unary(row, x, NULL))


cdef object row_of_two(int row, object a, object b):
    """The same of two arguments."""
    return as_python(binary(row, a, b, NULL))


cdef inline object as_python(object y):
    """A dual that nobody else has, as one of Python's numbers."""
    if is_ours(y):
        (<Dual>y).is_np = False
        if type(y) is Nested:
            (<Nested>y).t_np = False
    return y


cdef object combination(
    double y, PyObject *const *args, const double *slopes, Py_ssize_t n, bint are_constant
):
    """y with the tangent Σ slope·ẋ of the duals among n numbers; None where that is not so simple.

    `are_constant`: whether the slopes have no tangents of an older level.
    """
    cdef PyObject *like = NULL
    cdef PyObject *z
    cdef Record *record
    cdef Dual x
    cdef double *s
    cdef Py_ssize_t i, j, width, last = -1
    cdef bint odd = not fabs(y) <= LIMIT, first = True
    for i in range(n):
        if not is_ours(<object>args[i]):
            continue
        odd |= not fabs(slopes[i]) <= LIMIT
        if like == NULL:
            like = args[i]
        elif (<Dual>args[i]).lev != (<Dual>like).lev or Py_TYPE(args[i]) != Py_TYPE(like):
            return None
        elif type(<object>like) is Dual and (<Dual>args[i]).n != (<Dual>like).n:
            return None
    if like == NULL or odd or type(<object>like) is Nested or type(<object>like) is Series:
        return None
    if type(<object>like) is Dual:
        z = blank((<Dual>like).n, (<Dual>like).lev)
        (<Dual>z).v = y
        for i in range(n):
            if not is_ours(<object>args[i]):
                continue
            if first:
                odd |= scaled(slopes[i], (<Dual>args[i]).t, (<Dual>z).t, many((<Dual>z).n))
            else:
                odd |= scaled_more(slopes[i], (<Dual>args[i]).t, (<Dual>z).t, many((<Dual>z).n))
            first = False
        return dropped(z) if odd else owned(z)
    record = record_of(<Dual>like)
    if record.closed or record.outer != NULL or record.m and not are_constant:
        return None
    x = new_recorded(record, -1, <object>(<Dual>like).lev)
    x.v, width = y, 1 + record.m
    memset(x.t, 0, record.m * sizeof(double))
    for i in range(n):
        if not is_ours(<object>args[i]):
            continue
        last = x.n = push(record, last, (<Dual>args[i]).n)
        s = &record.slopes[2 * last * width]
        memset(s, 0, 2 * width * sizeof(double))
        s[0], s[width] = 1.0, slopes[i]
        for j in range(record.m):
            x.t[j] += slopes[i] * (<Dual>args[i]).t[j]
    return x


def row_number(name):
    """The number of a row, for other modules; -1 if the kernel has no such row."""
    return rows.get(name, -1)


cdef inline bint is_numpy(object x) noexcept:
    return (<Dual>x).is_np if is_ours(x) else type(x) is float64


cdef bint is_numpys(int row, const Loop **loop):
    """Whether NumPy's numbers go through a row by a loop, or by C's arithmetic (NULL)."""
    if loops[row] is None:
        ufunc = numpy_functions.get(ROWS[row].name.decode())
        loops[row] = type(ufunc) is numpy.ufunc and ufunc_of(row, ufunc)
    loop[0] = &(<Ufunc>loops[row]).loop if loops[row] else NULL
    return loop[0] != NULL or row <= ROW_div or ROW_neg <= row <= ROW_abs


cdef list loops = [None] * ROW_COUNT


cdef Ufunc ufunc_of(int row, object ufunc):
    """None if it has no loop over floats."""
    cdef Ufunc result = Ufunc.__new__(Ufunc)
    result.row, result.loop.is_sqrt = row, row == ROW_sqrt
    return result if find_loop(ufunc, &result.loop) else None


call_row = <void *>called
cdef PyMethodDef definitions[ROW_COUNT]
cdef list texts = []  # that definitions point to


def function(name, readable, str doc):
    """The row as a builtin function; what is unusual goes to the readable one."""
    cdef PyMethodDef *definition
    row = rows.get(name)
    if row is None:
        return readable
    functions[row] = readable
    text = doc.encode()
    texts.append(text)
    definition = &definitions[row]
    definition.ml_name = ROWS[row].name
    definition.ml_meth = ROWS[row].call
    definition.ml_flags = METH_FASTCALL
    definition.ml_doc = text
    return builtin(definition, "dualad.functions")


cdef object array_ufunc(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names):
    """__array_ufunc__(ufunc, method, *inputs, **kwargs), without a tuple and a dict on the way."""
    cdef Ufunc ufunc
    if names == NULL and n > 2 and <object>args[1] == "__call__":
        ufunc = known(<object>args[0])
        if ufunc is not None and n == 2 + ROWS[ufunc.row].nargs:
            if n == 3:
                result = unary(ufunc.row, <object>args[2], &ufunc.loop)
            elif ufunc.row == ROW_pow and type(<object>args[2]) is float64:
                result = None  # it may be the operator that was called
                if by_operator():
                    result = binary(ufunc.row, <object>args[2], <object>args[3], NULL)
            else:
                result = binary(ufunc.row, <object>args[2], <object>args[3], &ufunc.loop)
            if result is not None:
                return result
        if n <= 4:
            result = ufunc_on_numbers(<object>args[0], <object>args[2], <object>args[3] if n == 4 else None)
            if result is not None:
                return result
        if ufunc is not None and n <= 4 and is_simple(<object>args[2]) and is_simple(<object>args[n - 1]):
            given = [<object>args[i] for i in range(n)]
            f = <object>args[0]  # warns of the value, where the user's code calls it
            if n == 4 and type(given[2]) is float64 and native[ufunc.row] is not None and by_operator():
                f = native[ufunc.row]
            f(*[plain(x) for x in given[2:]])
            token = stop_warnings()
            try:
                return general_ufunc(<object>self, *given)
            finally:
                resume_warnings(token)
    given = [<object>args[i] for i in range(n)]
    if n < 2:
        return general_ufunc(<object>self, *given)
    keywords = {} if names == NULL else {
        name: <object>args[n + i] for i, name in enumerate(<tuple>names)
    }
    return general_ufunc(<object>self, *given, **keywords)


cdef PyMethodDef array_ufunc_method
array_ufunc_method.ml_name = "__array_ufunc__"
array_ufunc_method.ml_meth = <void *>array_ufunc
array_ufunc_method.ml_flags = METH_FASTCALL | METH_KEYWORDS
array_ufunc_method.ml_doc = "NumPy's ufuncs on duals."
add_method(Dual, &array_ufunc_method)


# The ufuncs met last, by where they are. Those that are known live as long as we do.
ctypedef struct Met:
    PyObject *ufunc
    PyObject *found


cdef Met met[64]


cdef inline Ufunc known(object ufunc):
    """The row that a ufunc is, by its name, and its loop; None if there is none."""
    cdef Met *here = &met[(<size_t><PyObject *>ufunc >> 5) & 63]
    if here.ufunc == <PyObject *>ufunc:
        return <Ufunc>here.found
    found = ufuncs.get(ufunc, ufuncs)
    if found is not ufuncs:
        here.ufunc, here.found = <PyObject *>ufunc, <PyObject *>found
        return <Ufunc>found
    rule = table.get(ufunc.__name__)
    if rule is None or rule.name not in rows or len(rule.args) != ufunc.nin or ufunc.nout != 1:
        return None
    ufuncs[ufunc] = ufunc_of(rows[rule.name], ufunc)
    return <Ufunc>ufuncs[ufunc]


# -- making duals -------------------------------------------------------------------------------


cdef bint is_vector(object x) noexcept:
    """Whether x is one axis of float64."""
    return (
        type(x) is ndarray
        and cnp.PyArray_NDIM(<cnp.ndarray>x) == 1
        and cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_DOUBLE
        and cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray>x)
    )


cdef void gather(cnp.ndarray x, double *out) noexcept:
    cdef Py_ssize_t step = cnp.PyArray_STRIDE(x, 0), j
    cdef char *data = <char *>cnp.PyArray_DATA(x)
    for j in range(cnp.PyArray_DIM(x, 0)):
        out[j] = (<double *>(data + j * step))[0]


cpdef object dual(object value, object tangent, object level):
    """Put a dual together from parts that fit; nothing is checked."""
    cdef Dual x
    if type(level) is int:
        if type(value) is ndarray and ARRAYS != NULL:
            return array_dual(value, tangent, level)
        if type(value) is float or type(value) is float64:
            if type(tangent) is float:
                x = new(-1, level)
                x.t[0] = PyFloat_AS_DOUBLE(tangent)
            elif is_vector(tangent):
                x = new(cnp.PyArray_DIM(<cnp.ndarray>tangent, 0), level)
                gather(<cnp.ndarray>tangent, x.t)
            else:
                return readable_dual(value, tangent, level)
            x.v = PyFloat_AS_DOUBLE(value)
            x.is_np = type(value) is float64
            return x
        if type(value) is Dual and compare(level, <object>(<Dual>value).lev) > 0:
            result = dual_of_dual(<Dual>value, tangent, level)
            if result is not None:
                return result
    return readable_dual(value, tangent, level)


cdef object array_dual(object value, object tangent, object level):
    """A dual array of an array and a tangent that fits, at a plain level."""
    leave_if_large(tangent, level)
    note_mixing(level)
    x = PyType_GenericAlloc(ARRAYS, 0)
    fill_slot(x, PRIMAL, value)
    fill_slot(x, TANGENT, tangent)
    fill_slot(x, LEVEL, level)
    return x


cdef object dual_of_dual(Dual value, object tangent, object level):
    cdef Nested x
    cdef Dual t
    cdef Py_ssize_t m = many(value.n)
    if type(tangent) is float:
        x = new_nested(value.n, -1, <object>value.lev, level)
        x.t[0] = PyFloat_AS_DOUBLE(tangent)
    elif is_vector(tangent):
        x = new_nested(value.n, cnp.PyArray_DIM(<cnp.ndarray>tangent, 0), <object>value.lev, level)
        gather(<cnp.ndarray>tangent, x.t)
    elif type(tangent) is Dual:
        t = <Dual>tangent
        if t.n != value.n or compare(<object>t.lev, <object>value.lev) != 0:
            return None
        x = new_nested(value.n, -1, <object>value.lev, level)
        x.t[0] = t.v
        memcpy(x.t12, t.t, m * sizeof(double))
        x.t_np, x.mixed = t.is_np, True
    else:
        v, v_dot = getattr(tangent, "primal", None), getattr(tangent, "tangent", None)
        if not (is_vector(v) and type(v_dot) is ndarray and v_dot.dtype == numpy.double):
            return None
        if compare(tangent.level, <object>value.lev) != 0:
            return None
        if v_dot.shape != (v.shape if value.n < 0 else (value.n, *v.shape)):
            return None
        x = new_nested(value.n, len(v), <object>value.lev, level)
        gather(<cnp.ndarray>v, x.t)
        gather(<cnp.ndarray>numpy.ravel(v_dot), x.t12)
        x.mixed = True
    x.v, x.is_np = value.v, value.is_np
    memcpy(x.t1, value.t, m * sizeof(double))
    return x


# -- elements of arrays ---------------------------------------------------------------------------


cdef Py_ssize_t PRIMAL, TANGENT, LEVEL  # where a dual array keeps them
cdef PyTypeObject *ARRAYS = NULL        # the class of dual arrays


ctypedef struct Place:
    int axes                 # of how many whole numbers an index consists; -1: of something else
    Py_ssize_t at[AXES]


cdef inline bint is_whole_number(object x) noexcept:
    return type(x) is int or type(x) is int64


cdef inline void find(object index, Place *place) noexcept:
    cdef Py_ssize_t i
    cdef PyObject *part
    place.axes = -1
    if is_whole_number(index):
        place.at[0] = small_index(<PyObject *>index)
        place.axes = 1 if place.at[0] != NOWHERE else -1
    elif type(index) is tuple:
        if PyTuple_GET_SIZE(index) > AXES:
            return
        for i in range(PyTuple_GET_SIZE(index)):
            part = PyTuple_GET_ITEM(index, i)
            if not is_whole_number(<object>part):
                return
            place.at[i] = small_index(part)
            if place.at[i] == NOWHERE:
                return
        place.axes = <int>PyTuple_GET_SIZE(index)


cdef inline char *element_of(PyObject *array, int leading, const Place *place) noexcept:
    """Where an element is, behind the leading axes; NULL if the array is not so simple."""
    cdef char *data
    cdef const cnp.npy_intp *dims
    cdef const cnp.npy_intp *steps
    cdef Py_ssize_t i
    cdef int axis
    if Py_TYPE(array) != <PyTypeObject *>ndarray or not is_of_doubles(array):
        return NULL
    if ndim_of(array) != leading + place.axes:
        return NULL
    data, dims, steps = data_of(array), dims_of(array) + leading, steps_of(array) + leading
    for axis in range(place.axes):
        i = place.at[axis]
        if i < 0:
            i += dims[axis]
        if not 0 <= i < dims[axis]:
            return NULL
        data += i * steps[axis]
    return data


cdef extern from "Python.h":
    PyObject **PySequence_Fast_ITEMS(object x) noexcept


cdef object joined(PyObject *const *each, Py_ssize_t size, tuple shape):
    """Value, tangent and level of duals and floats in an array of this shape.

    False if there is no dual among them; None if they are not of one level and kind. Of those on a
    tape the tangent is a form, which keeps their places.
    """
    cdef cnp.ndarray value, tangent, places
    cdef double *v
    cdef double *t
    cdef Py_ssize_t *at = NULL
    cdef Py_ssize_t i, j, m, n = -1
    cdef double number
    cdef bint is_np
    cdef Record *record = NULL
    cdef PyTypeObject *kind = NULL
    cdef Dual a
    level = None
    for i in range(size):
        if each[i] == NULL:
            return None
        if type(<object>each[i]) is not Dual and type(<object>each[i]) is not Recorded:
            if not as_double(<object>each[i], &number, &is_np):
                return None
            continue
        a = <Dual>each[i]
        if kind == NULL:
            kind, level = Py_TYPE(each[i]), <object>a.lev
            if type(a) is Recorded:
                record, n = record_of(a), record_of(a).n1
            else:
                n = a.n
        elif Py_TYPE(each[i]) != kind or compare(<object>a.lev, level) != 0:
            return None
        elif record_of(a) != record if record != NULL else a.n != n:
            return None
    if kind == NULL:
        return False
    if record != NULL and record.closed:
        return None
    m = many(n) if record == NULL else record.m
    value = numpy.empty(shape)
    tangent = numpy.zeros(shape if n < 0 else (m, *shape))
    if record != NULL and record.outer != NULL:
        tangent.fill(-1.0)  # places there
    v = <double *>cnp.PyArray_DATA(value)
    t = <double *>cnp.PyArray_DATA(tangent)
    if record != NULL:
        places = numpy.empty(shape, numpy.intp)
        at = <Py_ssize_t *>cnp.PyArray_DATA(places)
    for i in range(size):
        if Py_TYPE(each[i]) == kind:
            a = <Dual>each[i]
            v[i] = a.v
            for j in range(m):
                t[j * size + i] = a.t[j]
            if record != NULL:
                at[i] = a.n
        else:
            as_double(<object>each[i], &v[i], &is_np)
            if record != NULL:
                at[i] = constant_on(record)
    if record == NULL:
        return value, tangent, level
    if record.level1 == NULL:
        whole = value
    elif record.outer != NULL:
        whole = array_on(record, value, t, 1)
    else:
        whole = readable_dual(value, tangent, <object>record.level1)
    return whole, form_of_places(level, places), level


def together(objects):
    """Value, tangent and level of an array of duals and numbers; None if they are not all of the common kinds."""
    cdef cnp.ndarray x
    if type(objects) is not ndarray or cnp.PyArray_TYPE(objects) != cnp.NPY_OBJECT:
        return None
    x = cnp.PyArray_GETCONTIGUOUS(objects)
    found = joined(<PyObject **>cnp.PyArray_DATA(x), cnp.PyArray_SIZE(x), objects.shape)
    return None if found is False else found


cdef object element(object array, object index):
    """One number of a plain or dual array; None if that is not a matter of whole numbers and floats."""
    cdef Place place
    cdef char *here
    find(index, &place)
    if place.axes < 0:
        return None
    if type(array) is ndarray:
        here = element_of(<PyObject *>array, 0, &place)
        return None if here == NULL else as_float64((<double *>here)[0])
    return element_at(<PyObject *>array, &place)


cdef object element_at(PyObject *array, const Place *place):
    """The same of a dual array."""
    cdef PyObject *value = SLOT(array, PRIMAL)
    cdef PyObject *tangent = SLOT(array, TANGENT)
    cdef PyObject *level = SLOT(array, LEVEL)
    cdef Py_ssize_t j, k = -1, step
    cdef Dual x, older
    cdef double *t
    cdef char *here
    cdef char *there
    cdef bint is_series
    if value == NULL or tangent == NULL or level == NULL:
        return None
    is_series = type(<object>level) is series_level
    if Py_TYPE(tangent) != <PyTypeObject *>ndarray or not (is_series or type(<object>level) is int):
        return recorded_item(value, <object>tangent, <object>level, place)
    if ndim_of(tangent) > place.axes:
        k = dims_of(tangent)[0]
    there = element_of(tangent, k >= 0, place)
    if there == NULL:
        return None
    if Py_TYPE(value) == <PyTypeObject *>ndarray:
        here = element_of(value, 0, place)
        if here == NULL:
            return None
        x = new_series(k, <object>level) if is_series else new(k, <object>level)
        x.v, x.is_np = (<double *>here)[0], True
    else:  # a dual array itself, of an older level
        if Py_TYPE(value) != ARRAYS or is_series:
            return None
        found = element_at(value, place)
        if type(found) is not Dual:
            return None
        older = <Dual>found
        if compare(<object>level, <object>older.lev) <= 0:
            return None
        x = new_nested(older.n, k, <object>older.lev, <object>level)
        x.v, x.is_np = older.v, True
        # Its tangent counts as one of that level too, with tangents zero (`DualArray.even_out`).
        (<Nested>x).mixed = True
        memset((<Nested>x).t12, 0, many(older.n) * many(k) * sizeof(double))
        memcpy((<Nested>x).t1, older.t, many(older.n) * sizeof(double))
    step, t = steps_of(tangent)[0] if k > 0 else 0, x.t
    for j in range(many(k)):
        t[j] = (<double *>(there + j * step))[0]
    return x


def apart(array):
    """The elements of a dual array as duals of Python's floats, in a list; None if they are others."""
    cdef Place place
    cdef list found = []
    cdef PyObject *value
    cdef int axis
    if Py_TYPE(<PyObject *>array) != ARRAYS:
        return None
    value = SLOT(<PyObject *>array, PRIMAL)
    if value == NULL or Py_TYPE(value) != <PyTypeObject *>ndarray or ndim_of(value) > AXES:
        return None
    place.axes = ndim_of(value)
    for axis in range(place.axes):
        place.at[axis] = 0
    for _ in range(cnp.PyArray_SIZE(<cnp.ndarray>value)):
        x = element_at(<PyObject *>array, &place)
        if type(x) is not Dual:
            return None
        (<Dual>x).is_np = False
        found.append(x)
        for axis in range(place.axes - 1, -1, -1):
            place.at[axis] += 1
            if place.at[axis] < dims_of(value)[axis]:
                break
            place.at[axis] = 0
    return found


cdef bint stored(object array, object index, object x) except -1:
    """Store a number in a plain or dual array; False if it is not so simple."""
    cdef Place place
    cdef PyObject *value = <PyObject *>array
    cdef PyObject *tangent = NULL
    cdef PyObject *level = NULL
    cdef Py_ssize_t j, k = -1, step
    cdef double v
    cdef bint is_np, is_series = False
    cdef const double *t = NULL
    cdef char *here
    cdef char *there = NULL
    if type(array) is not ndarray:
        value, tangent = SLOT(<PyObject *>array, PRIMAL), SLOT(<PyObject *>array, TANGENT)
        level = SLOT(<PyObject *>array, LEVEL)
        if value == NULL or tangent == NULL or level == NULL:
            return False
        is_series = type(<object>level) is series_level
        if type(<object>tangent) is form_class:
            return stored_on_tape(value, tangent, <object>level, index, x)
        if Py_TYPE(tangent) != <PyTypeObject *>ndarray or not (is_series or type(<object>level) is int):
            return False
    find(index, &place)
    if place.axes < 0:
        return False
    if tangent != NULL and ndim_of(tangent) > place.axes:
        k = dims_of(tangent)[0]
    if type(x) is (Series if is_series else Dual):
        if tangent == NULL or (<Dual>x).n != k or compare(<object>(<Dual>x).lev, <object>level) != 0:
            return False
        v, t = (<Dual>x).v, (<Dual>x).t
    elif not as_double(x, &v, &is_np):
        return leave_if_watched(x)
    here = element_of(value, 0, &place)
    if here == NULL or not is_writeable(value):
        return False
    if tangent != NULL:
        there = element_of(tangent, k >= 0, &place)
        if there == NULL or not is_writeable(tangent):
            return False
        note_mixing(<object>level)
        step = steps_of(tangent)[0] if k > 0 else 0
        for j in range(many(k)):
            (<double *>(there + j * step))[0] = 0.0 if t == NULL else t[j]
    (<double *>here)[0] = v
    return True


cdef object in_array(object parts):
    """Value, tangent and level of a list of duals and floats, or of lists of them.

    False if there is no dual among them; None if it is not so simple.
    """
    cdef Py_ssize_t rows = len(parts), columns
    cdef list numbers
    if not rows:
        return None
    if type(parts[0]) is not list and type(parts[0]) is not tuple:
        numbers = list(parts)
        return joined(PySequence_Fast_ITEMS(numbers), rows, (rows,))
    columns, numbers = len(parts[0]), []
    for row in parts:
        if (type(row) is not list and type(row) is not tuple) or len(row) != columns:
            return None
        numbers.extend(row)
    return joined(PySequence_Fast_ITEMS(numbers), rows * columns, (rows, columns))


cdef object recorded_item(PyObject *value, object form, object level, const Place *where):
    """One number of an array whose elements have places on a tape; None if they have none."""
    cdef PyObject *number
    cdef PyObject *kept
    cdef Record *record
    cdef Py_ssize_t place
    cdef char *here
    cdef Dual x
    cdef Dual older
    if type(form) is not form_class:
        return None
    kept = SLOT(<PyObject *>form, AT)
    if type(<object>kept) is Places:
        record = &(<Places>kept).tape.record
    else:
        kept = SLOT(<PyObject *>form, BLOCK)
        if type(<object>kept) is not Block:
            if block_of(form, level) is None:
                return None
            kept = SLOT(<PyObject *>form, BLOCK)
        record = &(<Block>kept).tape.record
    number = number_on_tape(record, value)
    if number == NULL:
        return None
    here = element_of(number, 0, where)
    if here == NULL:
        return None
    place = place_in(number, where)
    if type(<object>kept) is Places:
        if cnp.PyArray_SIZE((<Places>kept).numbers) != cnp.PyArray_SIZE(<cnp.ndarray>number):
            return None
        place = (<Py_ssize_t *>cnp.PyArray_DATA((<Places>kept).numbers))[place]
    else:
        place += (<Block>kept).start
    x = new_recorded(record, place, level)
    x.is_np = True
    if number == value:
        x.v = (<double *>here)[0]
        set_constant(x)
        return x
    found = element_at(value, where)
    if record.outer != NULL:
        if type(found) is not Recorded or record_of(<Dual>found) != record.outer:
            return None
        x.v, x.t[0] = (<Dual>found).v, (<Dual>found).n
        return x
    if type(found) is not Dual or (<Dual>found).n != record.n1:
        return None
    older = <Dual>found
    x.v = older.v
    memcpy(x.t, older.t, record.m * sizeof(double))
    return x


cdef inline PyObject *number_on_tape(Record *record, PyObject *value):
    """The plain array of values, of an array that is recorded; NULL if it is not of this record."""
    if record.closed:
        return NULL
    if Py_TYPE(value) == <PyTypeObject *>ndarray:
        return value
    if record.m == 0 or Py_TYPE(value) != ARRAYS or SLOT(value, LEVEL) == NULL:
        return NULL
    return SLOT(value, PRIMAL) if <object>SLOT(value, LEVEL) == <object>record.level1 else NULL


cdef inline Py_ssize_t place_in(PyObject *array, const Place *where) noexcept:
    """The number of an element in C order."""
    cdef Py_ssize_t i, place = 0
    cdef int axis
    for axis in range(where.axes):
        i = where.at[axis]
        place = place * dims_of(array)[axis] + (i if i >= 0 else i + dims_of(array)[axis])
    return place


cdef object room_on_tape(object x, object array):
    """A plain array as a dual one that keeps the places of its elements, for a number of a tape.

    None if that is not so simple, or if the array is large.
    """
    cdef Record *record
    if type(x) is not Recorded:
        return None
    record = record_of(<Dual>x)
    if record.closed or record.m or record.outer != NULL or cnp.PyArray_SIZE(<cnp.ndarray>array) > SOME:
        return None
    level = <object>(<Dual>x).lev
    places = numpy.full((<object>array).shape, constant_on(record), numpy.intp)
    form = form_of_places(level, places)
    form.places = Places(level.tape, level, places)
    return dual(array, form, level)


cdef enum:
    SOME = 1024  # places that cost less than one number that is stored without


cdef bint stored_on_tape(PyObject *value, PyObject *form, object level, object index, object x) except -1:
    """Store a number of a tape in an array that keeps the places; False if it is not so simple."""
    cdef PyObject *number
    cdef PyObject *kept = SLOT(form, AT)
    cdef Record *record
    cdef Place where
    cdef char *here
    cdef char *there
    cdef Py_ssize_t j, place, step = 0
    cdef double v
    cdef bint is_np
    if type(<object>kept) is not Places or (<Places>kept).level is not level:
        return False
    record = &(<Places>kept).tape.record
    if type(x) is Recorded:
        if record_of(<Dual>x) != record:
            return False
        v = (<Dual>x).v
    elif not as_double(x, &v, &is_np):
        return False
    find(index, &where)
    number = number_on_tape(record, value)
    if where.axes < 0 or number == NULL or not is_writeable(number):
        return False
    if cnp.PyArray_SIZE((<Places>kept).numbers) != cnp.PyArray_SIZE(<cnp.ndarray>number):
        return False
    here = element_of(number, 0, &where)
    if here == NULL:
        return False
    if number != value:  # a dual array of the older level
        tangent = SLOT(value, TANGENT)
        if tangent == NULL or Py_TYPE(tangent) != <PyTypeObject *>ndarray or not is_writeable(tangent):
            return False
        there = element_of(tangent, record.n1 >= 0, &where)
        if there == NULL or (record.n1 >= 0 and dims_of(tangent)[0] != record.m):
            return False
        step = steps_of(tangent)[0] if record.n1 >= 0 else 0
    elif record.m:
        return False  # its tangents have no room
    place = (<Dual>x).n if type(x) is Recorded else constant_on(record)
    if number != value:
        for j in range(record.m):
            (<double *>(there + j * step))[0] = (<Dual>x).t[j] if type(x) is Recorded else 0.0
    (<double *>here)[0] = v
    (<Py_ssize_t *>cnp.PyArray_DATA((<Places>kept).numbers))[place_in(number, &where)] = place
    put_in_slot(form, NODE, None)
    put_in_slot(form, BLOCK, None)
    return True


cdef object readable_item = None
cdef object form_class = None

cdef Py_ssize_t BLOCK, AT, NODE  # where a form keeps its places on a tape, and its step


def connect_forms(kind, at, of_places, block, level, made, slopes):
    """Tell the kernel the class of forms, how to make one of a place, or of several, and a block.

    `level`: the class of levels that record; `made`, `slopes`: `forms.made_of`, `records.Slopes`.
    """
    global form_class, form_at, form_of_places, block_of, BLOCK, AT, NODE
    global reverse_level, made_of, Slopes
    form_class, form_at, form_of_places, block_of = kind, at, of_places, block
    reverse_level, made_of, Slopes = level, made, slopes
    BLOCK, AT, NODE = slot_of(kind.block), slot_of(kind.places), slot_of(kind._node)


cdef object array_item(PyObject *self, PyObject *index):
    """DualArray.__getitem__."""
    result = element(<object>self, <object>index)
    return readable_item(<object>self, <object>index) if result is None else result


cdef int store_item(PyObject *self, PyObject *index, PyObject *x) except -1:
    """x[index] = y, and del x[index]."""
    if x != NULL and stored(<object>self, <object>index, <object>x):
        return 0
    return set_general(self, index, x)


cdef PyMethodDef item_method
item_method.ml_name = "__getitem__"
item_method.ml_meth = <void *>array_item
item_method.ml_flags = METH_O
item_method.ml_doc = "x[index]"


def connect_elements(kind, readable):
    """Read and write the elements of dual arrays here; what is unusual goes to the readable ones."""
    global readable_item, ARRAYS, PRIMAL, TANGENT, LEVEL
    ARRAYS, readable_item = <PyTypeObject *>kind, readable
    PRIMAL, TANGENT = slot_of(kind.primal), slot_of(kind.tangent)
    LEVEL = slot_of(kind.level)
    kind.__getitem__ = new_method(kind, &item_method)
    take_elements(kind, <void *>array_item, <void *>store_item)


# -- what it hands over to, and on ------------------------------------------------------------------


KINDS = (Dual, Nested)


def subscripted(kind):
    """A class whose `__getitem__` does not make a sequence of its objects: a decorator."""
    without_sequence(kind)
    return kind


cdef list COMPARISONS = []


def connect(
    kind, make, given_table, given_protocols, given_clocks, differentiations, given_functions,
    given_is_told, given_is_holder,
):
    """Tell the kernel what is readable, so that it can hand over to it."""
    global readable_class, readable_dual, table, protocols, clocks, note_objects, note_equal
    global SEARCH, SOON, SHRUNK, MANY, LATER, NEAR, note_near
    global note_step, note_search, Noted, shown, readers, noted, memos, numpy_functions, is_told
    global is_holder
    is_told, is_holder = given_is_told, given_is_holder
    readable_class, readable_dual = kind, make
    table, protocols, clocks = given_table, given_protocols, given_clocks
    note_objects, note_equal, note_step, note_search, Noted, shown, readers, noted, memos = [
        differentiations[name]
        for name in (
            *("note_objects", "note_equal", "note_step", "note_search"),
            *("Noted", "SHOWN", "READERS", "NOTED", "MEMOS"),
        )
    ]
    SEARCH, SOON, SHRUNK, MANY, LATER, NEAR, note_near = [
        differentiations[name]
        for name in ("SEARCH", "SOON", "SHRUNK", "MANY", "LATER", "NEAR", "note_near")
    ]
    numpy_functions = given_functions
    for name, method in (
        ("add", "add"), ("sub", "sub"), ("mul", "mul"), ("div", "truediv"), ("mod", "mod"),
        ("pow", "pow"),
    ):
        forward[rows[name]] = getattr(kind, f"__{method}__")
        reflected[rows[name]] = getattr(kind, f"__r{method}__")
        native[rows[name]] = getattr(operators, method)
    COMPARISONS[:] = [getattr(kind, f"__{name}__") for name in ("lt", "le", "eq", "ne", "gt", "ge")]


globals().update(FINGERPRINT=FINGERPRINT, DIRECTIONS=DIRECTIONS, ROWS=tuple(rows))
