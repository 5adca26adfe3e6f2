# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: c_api_binop_methods=True, embedsignature=False
"""The hooks of lifted code, compiled: what is called in place of what stands there.

They do the common case: functions with a stand-in, Python functions and methods that have a twin,
attributes that are no properties. All else is `lifting/lift.py`'s, which says what is right.
"""

cimport cython
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from libc.string cimport memcmp, memcpy

from ._kernel cimport Dual, Nested, Recorded, in_array, item, plain_item, row_of_one, stored

cimport numpy as cnp

import functools
import types

import numpy

cnp.import_array()

cdef extern from *:
    unsigned long long FINGERPRINT


cdef extern from *:
    """
    #if PY_VERSION_HEX >= 0x030C0000
        #define request_extra PyUnstable_Eval_RequestCodeExtraIndex
        #define get_extra PyUnstable_Code_GetExtra
        #define set_extra PyUnstable_Code_SetExtra
    #else
        #define request_extra _PyEval_RequestCodeExtraIndex
        #define get_extra _PyCode_GetExtra
        #define set_extra _PyCode_SetExtra
    #endif

    static void forget(void *x) { Py_XDECREF((PyObject *)x); }

    static Py_ssize_t place_for_notes(void) { return request_extra(forget); }

    /* What is noted of code, borrowed; NULL if nothing is. */
    static inline PyObject *note_of(PyObject *code, Py_ssize_t place) {
        void *x = NULL;
        if (get_extra(code, place, &x) < 0)
            PyErr_Clear();
        return (PyObject *)x;
    }

    static int note_on(PyObject *code, Py_ssize_t place, PyObject *x) {
        Py_INCREF(x);
        return set_extra(code, place, x);
    }

    #define CODE(f) PyFunction_GET_CODE(f)

    /* f with other code: the same variables, cells, defaults and attributes. */
    static PyObject *twin(PyObject *function, PyObject *code) {
        PyFunctionObject *f = (PyFunctionObject *)function;
        PyObject *result = PyFunction_NewWithQualName(code, f->func_globals, f->func_qualname);
        PyFunctionObject *g = (PyFunctionObject *)result;
        if (result == NULL)
            return NULL;
    #define SAME(part) Py_XINCREF(f->part); Py_XSETREF(g->part, f->part)
        SAME(func_defaults);
        SAME(func_kwdefaults);
        SAME(func_closure);
        SAME(func_dict);
        SAME(func_module);
        SAME(func_doc);
    #undef SAME
        return result;
    }

    /* Whether g is what `twin` would make anew. */
    static inline int is_twin(PyObject *twin, PyObject *function, PyObject *code) {
        PyFunctionObject *f = (PyFunctionObject *)function, *g = (PyFunctionObject *)twin;
        return g->func_code == code && g->func_globals == f->func_globals
            && g->func_closure == f->func_closure && g->func_defaults == f->func_defaults
            && g->func_kwdefaults == f->func_kwdefaults && g->func_dict == f->func_dict;
    }

    /* What a function sees around it, as it is now: its variables, defaults and cells. */
    #define PLACES 16
    static inline int places_of(PyObject *function, void **out) {
        PyFunctionObject *f = (PyFunctionObject *)function;
        Py_ssize_t n = f->func_closure == NULL ? 0 : PyTuple_GET_SIZE(f->func_closure);
        int count = 3;
        out[0] = f->func_globals;
        out[1] = f->func_defaults;
        out[2] = f->func_kwdefaults;
        if (2 * n + count > PLACES)
            return -1;
        for (Py_ssize_t i = 0; i < n; i++) {
            PyObject *x = PyCell_GET(PyTuple_GET_ITEM(f->func_closure, i));
            out[count++] = x;
            out[count++] = x == NULL ? NULL : Py_TYPE(x);
        }
        return count;
    }

    static inline int is_of_module(PyObject *f) {
        PyObject *self = PyCFunction_GET_SELF(f);
        return self == NULL || PyModule_Check(self);
    }

    static int call_fast(PyObject *kind, Py_ssize_t offset) {
        PyTypeObject *type = (PyTypeObject *)kind;
        type->tp_vectorcall_offset = offset;
        type->tp_call = PyVectorcall_Call;
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
        PyType_Modified(type);
        return 0;
    }
    """
    Py_ssize_t place_for_notes() except -1
    PyObject *note_of(PyObject *code, Py_ssize_t place) noexcept
    int note_on(object code, Py_ssize_t place, object x) except -1
    PyObject *CODE(object f) noexcept
    object twin(object f, object code)
    bint is_twin(PyObject *twin, object f, object code) noexcept
    enum:
        PLACES
    int places_of(object f, void **out) noexcept
    bint is_of_module(object f) noexcept
    int call_fast(object kind, Py_ssize_t offset) except -1
    object PyMethod_New(object f, object x)
    PyObject *PyMethod_GET_FUNCTION(object x) noexcept
    PyObject *PyMethod_GET_SELF(object x) noexcept
    PyObject *PyDict_GetItemWithError(object d, object key) except? NULL
    PyObject *_PyType_Lookup(PyTypeObject *kind, object name) noexcept
    object PyObject_GetAttr(object x, object name)
    int PyObject_SetAttr(object x, object name, object value) except -1
    object PyObject_Vectorcall(object f, PyObject *const *args, size_t flags, PyObject *names)
    Py_ssize_t PyVectorcall_NARGS(size_t flags) noexcept
    unsigned long Py_TPFLAGS_HEAPTYPE
    PyTypeObject *Py_TYPE(object x) noexcept


cdef Py_ssize_t PLACE = place_for_notes()
cdef type Function = types.FunctionType
cdef type Builtin = types.BuiltinFunctionType
cdef type Method = types.MethodType
cdef type Module = types.ModuleType
cdef type Ufunc = numpy.ufunc
cdef type float64 = numpy.float64
cdef type CachedProperty = functools.cached_property

# What stands in lifting/lift.py: filled in by `connect`.
cdef dict functions = {}
cdef object readable_stand_in = None
cdef object code_for = None
cdef object readable_read = None
cdef object readable_write = None
cdef object readable_walk = None
cdef object readable_needs = None
cdef object readable_twin_of = None


def connect(given_functions, given_stand_in, given_code_for, read, write, walk):
    """Tell the hooks what is readable, so that they can hand over to it."""
    global functions, readable_stand_in, code_for, readable_read, readable_write, readable_walk
    functions, readable_stand_in, code_for = given_functions, given_stand_in, given_code_for
    readable_read, readable_write, readable_walk = read, write, walk


def connect_reach(needs, twin_of):
    """The same for lifting/reach.py."""
    global readable_needs, readable_twin_of
    readable_needs, readable_twin_of = needs, twin_of


# -- what is known of code -------------------------------------------------------------------


def get_note(code, default):
    """What is noted of code."""
    cdef PyObject *found = note_of(<PyObject *>code, PLACE)
    if found == NULL or (<Note>found).copy is UNSET:
        return default
    return (<Note>found).copy


def set_note(code, value):
    """Note what becomes of code: None, ..., or other code, or 0: nothing is known of it.

    It is kept as long as the code is.
    """
    noted(code).copy = UNSET if type(value) is int else value


cdef Note noted(object code):
    cdef PyObject *found = note_of(<PyObject *>code, PLACE)
    cdef Note note
    if found != NULL:
        return <Note>found
    note = Note()
    note.copy, note.decided = UNSET, {}
    note_on(code, PLACE, note)
    return note


cdef object UNSET = object()


@cython.final
cdef class Note:
    cdef object copy      # the code of the twin; None: there is none; ...: another answer
    cdef object function  # the last twin, while lifted functions run
    cdef dict decided     # whether it needs lifting, by what surrounds it
    cdef void *places[PLACES]  # the last surroundings, the answer for them, and how many they are
    cdef int known
    cdef bint answer


# -- what is called --------------------------------------------------------------------------

cdef Py_ssize_t running = 0  # lifted functions that drivers have called
cdef list kept = []          # notes with a twin


cpdef void begin() noexcept:
    """A driver calls a lifted function: twins are kept until it is done."""
    global running
    running += 1


def is_running():
    """Whether a lifted function runs that a driver has called."""
    return running > 0


cpdef int end() except -1:
    global running
    cdef Note note
    running -= 1
    if running == 0 and kept:
        for note in kept:
            note.function = None
        kept.clear()
    return 0


cdef inline object stand_in(object x):
    if type(x) is Function:
        return of_function(x)
    if type(x) is Builtin:
        if is_of_module(x):
            found = PyDict_GetItemWithError(functions, x)
            if found != NULL:
                return <object>found
        return x
    if type(x) is Method:
        f = <object>PyMethod_GET_FUNCTION(x)
        if type(f) is Function:
            g = of_function(f)
            return x if g is f else PyMethod_New(g, <object>PyMethod_GET_SELF(x))
    elif type(x) is Ufunc:
        return x
    return readable_stand_in(x)


cdef inline object of_function(object f):
    cdef PyObject *found = note_of(CODE(f), PLACE)
    cdef Note note
    if found == NULL or (<Note>found).copy is UNSET:
        code_for(f)
        found = note_of(CODE(f), PLACE)
    note = <Note>found
    if note.copy is None:
        return readable_stand_in(f) if functions_have(f) else f
    if note.copy is ...:
        return readable_stand_in(f)
    if note.function is not None and is_twin(<PyObject *>note.function, f, note.copy):
        return note.function
    g = twin(f, note.copy)
    if running:
        if note.function is None:
            kept.append(note)
        note.function = g
    return g


cdef inline bint functions_have(object f) except -1:
    return PyDict_GetItemWithError(functions, f) != NULL


def stand_in_for(x):
    """What is called in place of x."""
    return stand_in(x)


@cython.final
cdef class Callee:
    """Callee() @ f is what is called in place of f, in one place of the code."""

    cdef object last, answer  # the last function of a module that was called there

    def __matmul__(self, f):
        if type(self) is not Callee:
            return NotImplemented
        cdef Callee callee = <Callee>self
        if f is callee.last:
            return callee.answer
        answer = stand_in(f)
        if type(f) is Ufunc or (type(f) is Builtin and is_of_module(f)):
            callee.last, callee.answer = f, answer
        return answer


# -- whether a function needs it ---------------------------------------------------------------


def needs(f):
    """Whether f needs lifting, as lifting/reach.py says; asked once for code in like surroundings."""
    return needs_lift(f)


cpdef bint needs_anew(object f) except -1:
    """The same, read again: a name may stand for something else by now."""
    if type(f) is Function or type(f) is Method and type(f.__func__) is Function:
        note = noted((f if type(f) is Function else f.__func__).__code__)
        note.known, note.decided = 0, {}
    return needs_lift(f)


cdef bint needs_lift(object f) except -1:
    cdef Note note
    cdef void *places[PLACES]
    cdef int count
    if type(f) is Function:
        note = noted(<object>CODE(f))
        count = places_of(f, places)
        if count > 0:
            if count == note.known and not memcmp(places, note.places, count * sizeof(void *)):
                return note.answer
            note.answer = decision(f, note, surroundings(f))
            memcpy(note.places, places, count * sizeof(void *))
            note.known = count
            return note.answer
        key = surroundings(f)
    elif type(f) is Method and type(f.__func__) is Function:
        g = f.__func__
        key = surroundings(g), mark(f.__self__)
        note = noted(<object>CODE(g))
    else:
        return readable_needs(f)
    return decision(f, note, key)


cdef bint decision(object f, Note note, object key) except -1:
    found = note.decided.get(key)
    if found is None:
        found = readable_needs(f)
        if len(note.decided) > 100:
            note.decided.clear()
        note.decided[key] = found
    return found


cdef object surroundings(object f):
    """What the decision depends on: module, cells, defaults."""
    cdef list marks
    defaults, more, closure = f.__defaults__, f.__kwdefaults__, f.__closure__
    if defaults is None and more is None and closure is None:
        return <size_t><PyObject *>f.__globals__
    marks = [<size_t><PyObject *>f.__globals__]
    for x in defaults or ():
        marks.append(mark(x))
    for x in (more or {}).values():
        marks.append(mark(x))
    for cell in closure or ():
        try:
            marks.append(mark(cell.cell_contents))
        except ValueError:
            marks.append(0)
    return tuple(marks)


cdef object mark(object x):
    """Which of a kind something is, as far as that decides whether what calls it needs lifting."""
    if type(x) is Function:
        return <size_t>CODE(x)
    if type(x) is Builtin or type(x) is Module or isinstance(x, type):
        return <size_t><PyObject *>x
    if (type(x) is list or type(x) is tuple) and x:
        return <size_t>Py_TYPE(x), <size_t>Py_TYPE(x[0])
    if type(x) is dict and x:
        return <size_t>Py_TYPE(x), <size_t>Py_TYPE(next(iter((<dict>x).values())))
    return <size_t>Py_TYPE(x)


cdef object callee_for(object f, object last):
    """What a driver calls in place of Lifted(f): a twin, the last one if it still fits."""
    cdef PyObject *found
    if last is not None:
        if type(f) is not Function:
            return last
        found = note_of(CODE(f), PLACE)
        if found != NULL and type(last) is Function:
            if is_twin(<PyObject *>last, f, (<Note>found).copy):
                return last
    return readable_twin_of(f)


# -- attributes and loops --------------------------------------------------------------------


@cython.final
cdef class Getter:
    """Reads an attribute; properties of the user's classes are lifted."""

    cdef object name
    cdef PyTypeObject *plain   # the last class in which it is no property,
    cdef unsigned int version  # and that class's version

    def __cinit__(self, name):
        self.name = name

    def __matmul__(self, x):
        if type(self) is not Getter:
            return NotImplemented
        cdef Getter getter = <Getter>self
        cdef PyTypeObject *kind = Py_TYPE(x)
        if kind != getter.plain or tag(kind) != getter.version:
            if is_property(kind, getter.name):
                return readable_read(x, getter.name)
            getter.plain, getter.version = kind, tag(kind)
            if getter.version == 0:
                getter.plain = NULL
        return PyObject_GetAttr(x, getter.name)


@cython.final
cdef class Setter:
    """Writes an attribute: of (value, object)."""

    cdef object name

    def __cinit__(self, name):
        self.name = name

    def __matmul__(self, pair):
        if type(self) is not Setter:
            return NotImplemented
        cdef Setter setter = <Setter>self
        value, x = <tuple>pair
        if is_property(Py_TYPE(x), setter.name):
            readable_write(x, setter.name, value)
        else:
            PyObject_SetAttr(x, setter.name, value)


cdef extern from *:
    """
    static inline unsigned int tag(PyTypeObject *kind) {
        return PyType_HasFeature(kind, Py_TPFLAGS_VALID_VERSION_TAG) ? kind->tp_version_tag : 0;
    }
    """
    unsigned int tag(PyTypeObject *kind) noexcept


cdef inline bint is_property(PyTypeObject *kind, object name):
    cdef PyObject *found = _PyType_Lookup(kind, name)
    if found == NULL:
        return False
    if type(<object>found) is property or type(<object>found) is CachedProperty:
        return True
    kind = Py_TYPE(<object>found)  # a descriptor of the user's
    return kind.tp_flags & Py_TPFLAGS_HEAPTYPE and kind.tp_descr_get != NULL


@cython.final
cdef class Iterable:
    """What a loop goes through in place of x."""

    def __matmul__(self, x):
        if type(self) is not Iterable:
            return NotImplemented
        if not Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE:
            return x
        return readable_walk(x)


# -- operators -------------------------------------------------------------------------------


cdef extern from *:
    object PyNumber_Add(object a, object b)
    object PyNumber_Subtract(object a, object b)
    object PyNumber_Multiply(object a, object b)
    object PyNumber_TrueDivide(object a, object b)
    object PyObject_GetItem(object a, object b)
    object PyNumber_InPlaceAdd(object a, object b)


@cython.final
cdef class Operator:
    """An operator of (a, b), or of one more: those of the user's classes are lifted."""

    cdef object symbol, native, readable

    def __cinit__(self, symbol, native, readable):
        self.symbol, self.native, self.readable = symbol, native, readable

    def __matmul__(self, operands):
        if type(self) is not Operator:
            return NotImplemented
        cdef Operator hook = <Operator>self
        cdef tuple given = <tuple>operands
        for x in given:
            if Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE and not (
                type(x) is DualArray or type(x) is Buffer
            ):
                return hook.readable(given)
        if len(given) == 2:
            a, b = given
            symbol = hook.symbol
            if symbol == "+":
                return PyNumber_Add(a, b)
            if symbol == "*":
                return PyNumber_Multiply(a, b)
            if symbol == "-":
                return PyNumber_Subtract(a, b)
            if symbol == "/":
                return PyNumber_TrueDivide(a, b)
            if symbol == "[]":
                return PyObject_GetItem(a, b)
            if symbol == "+=":
                return PyNumber_InPlaceAdd(a, b)
        return hook.native(*given)


# -- functions of math -----------------------------------------------------------------------


cdef class Row:
    """A function of math that is a row: on floats math's own, on duals of floats the kernel's."""

    cdef void *vectorcall
    cdef int row
    cdef object plain, readable
    cdef dict __dict__

    def __cinit__(self, int row, plain, readable):
        self.vectorcall = <void *>call_row
        self.row, self.plain, self.readable = row, plain, readable

    def __getattr__(self, name):
        return getattr(self.readable, name)

    def __repr__(self):
        return repr(self.plain)


cdef object call_row(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Row function = <Row>self
    if names == NULL and PyVectorcall_NARGS(flags) == 1:
        x = <object>args[0]
        if type(x) is float or type(x) is float64 or type(x) is int:
            return PyObject_Vectorcall(function.plain, args, flags, NULL)
        if type(x) is Dual or type(x) is Nested or type(x) is Recorded:
            y = row_of_one(function.row, x)
            if type(y) is Dual or type(y) is Recorded:  # math makes Python's numbers, also of NumPy's
                (<Dual>y).is_np = False
                return y
            if type(y) is Nested:
                (<Dual>y).is_np = (<Nested>y).t_np = False
                return y
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef Py_ssize_t vectorcall_offset():
    cdef Row nowhere = Row.__new__(Row, 0, None, None)
    return <char *>&nowhere.vectorcall - <char *><PyObject *>nowhere


call_fast(Row, vectorcall_offset())


# -- arrays that take duals ------------------------------------------------------------------


cdef extern from *:
    """
    #include <structmember.h>
    static Py_ssize_t slot_of(PyObject *slot) {
        return ((PyMemberDescrObject *)slot)->d_member->offset;
    }
    #define SLOT(x, place) (*(PyObject **)((char *)(x) + (place)))
    """
    Py_ssize_t slot_of(object slot) noexcept
    PyObject *SLOT(object x, Py_ssize_t place) noexcept


cdef type ndarray = numpy.ndarray
cdef object DualArray = None
cdef object Buffer = None
cdef object Memory = None
cdef object readable_dual = None
cdef Py_ssize_t PRIMAL, TANGENT, LEVEL


def connect_arrays(dual_array, make, buffer, memory):
    """Take over the classes of arrays."""
    global DualArray, Buffer, Memory, readable_dual, PRIMAL, TANGENT, LEVEL
    DualArray, readable_dual, Buffer, Memory = dual_array, make, buffer, memory
    PRIMAL, TANGENT = slot_of(dual_array.primal), slot_of(dual_array.tangent)
    LEVEL = slot_of(dual_array.level)


cdef class Whole:
    """The array of a buffer and all its views."""

    cdef public object array
    cdef public list aliases

    def __cinit__(self, array):
        self.array, self.aliases = array, []


cdef class Room:
    """The elements of a buffer, one by one: see array/buffers.py."""

    cdef public object _whole, _steps, _seen, _content

    def __cinit__(self, whole, steps=()):
        self._whole, self._steps = whole, steps

    cdef inline object now(self):
        if (<Whole>self._whole).array is self._seen and self._seen is not None:
            return self._content
        return self.content

    cdef bint promote(self, Dual x) except -1:
        """Make room for the tangents of x, if the memory is of the simplest kind."""
        cdef Whole whole = <Whole>self._whole
        cdef cnp.npy_intp dims[9]
        cdef int i, ndim
        array = whole.array
        if whole.aliases or type(array) is not ndarray or type(<object>x.lev) is not int:
            return False
        ndim = cnp.PyArray_NDIM(<cnp.ndarray>array)
        if not (
            cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_DOUBLE and 0 < ndim <= 8
            and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>array)
            and cnp.PyArray_ISBEHAVED(<cnp.ndarray>array) and cnp.PyArray_SIZE(<cnp.ndarray>array)
        ):
            return False
        dims[0] = x.n
        for i in range(ndim):
            dims[i + 1] = cnp.PyArray_DIM(<cnp.ndarray>array, i)
        tangent = cnp.PyArray_ZEROS(
            ndim + (x.n >= 0), &dims[0 if x.n >= 0 else 1], cnp.NPY_DOUBLE, 0
        )
        whole.array = readable_dual(array, tangent, <object>x.lev)
        return True

    def __getitem__(self, index):
        content = self.now()
        if type(content) is ndarray:
            found = plain_item(content, index)
        else:
            found = item(
                <object>SLOT(content, PRIMAL), <object>SLOT(content, TANGENT),
                <object>SLOT(content, LEVEL), index,
            )
        return self.read(index) if found is None else found

    def __setitem__(self, index, x):
        content = self.now()
        if type(content) is ndarray and type(x) is Dual and self.promote(<Dual>x):
            content = self.now()
        if type(content) is ndarray:
            if stored(content, None, None, index, x):
                return
        elif stored(
            <object>SLOT(content, PRIMAL), <object>SLOT(content, TANGENT),
            <object>SLOT(content, LEVEL), index, x,
        ):
            return
        self.store(index, x)

    def __len__(self):
        return len(self.now())


def array_from(parts):
    """A dual array of a list of numbers, or of lists of them; None if it is not so simple."""
    found = in_array(parts)
    return None if not found else readable_dual(*found)


cdef class Maker:
    """np.zeros and its like, whose arrays take duals; what is unusual goes to the readable one."""

    cdef void *vectorcall
    cdef object plain, readable
    cdef bint takes_lists, copies
    cdef dict __dict__

    def __cinit__(self, plain, readable, bint takes_lists, bint copies=False):
        self.vectorcall = <void *>call_maker
        self.plain, self.readable = plain, readable
        self.takes_lists, self.copies = takes_lists, copies

    def __getattr__(self, name):
        return getattr(self.readable, name)

    def __repr__(self):
        return repr(self.plain)


cdef object call_maker(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Maker maker = <Maker>self
    cdef Py_ssize_t n = PyVectorcall_NARGS(flags), i, more = 0
    if names != NULL:
        more = len(<tuple>names)
    if maker.takes_lists:
        if n != 1 or (more and not asks_for_floats(<tuple>names, <object>args[1])):
            return PyObject_Vectorcall(maker.readable, args, flags, names)
        x = <object>args[0]
        if type(x) is not list and type(x) is not tuple:
            if maker.copies or more or type(x) is not DualArray and type(x) is not Buffer:
                return PyObject_Vectorcall(maker.readable, args, flags, names)
            return x
        found = in_array(x)
        if found is None:
            return PyObject_Vectorcall(maker.readable, args, flags, names)
        if found is not False:
            return readable_dual(*found)
        return in_buffer(PyObject_Vectorcall(maker.plain, args, flags, names))
    for i in range(n + more):
        if not is_simple(<object>args[i]):
            return PyObject_Vectorcall(maker.readable, args, flags, names)
    return in_buffer(PyObject_Vectorcall(maker.plain, args, flags, names))


cdef bint asks_for_floats(tuple names, object kind):
    return len(names) == 1 and names[0] == "dtype" and (kind is float or kind is numpy.float64)


cdef object in_buffer(object y):
    if type(y) is ndarray and (
        cnp.PyArray_ISFLOAT(<cnp.ndarray>y) or cnp.PyArray_ISCOMPLEX(<cnp.ndarray>y)
    ):
        return Buffer(Memory(y))
    return y


cdef bint is_simple(object x):
    if type(x) is int or type(x) is float or type(x) is str or isinstance(x, type) or x is None:
        return True
    if type(x) is tuple:
        for part in <tuple>x:
            if type(part) is not int:
                return False
        return True
    return False


cdef Py_ssize_t offset_in_maker():
    cdef Maker nowhere = Maker.__new__(Maker, None, None, False)
    return <char *>&nowhere.vectorcall - <char *><PyObject *>nowhere


call_fast(Maker, offset_in_maker())

globals().update(FINGERPRINT=FINGERPRINT)
