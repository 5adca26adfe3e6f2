# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: c_api_binop_methods=True, embedsignature=False
"""The hooks of lifted code, compiled: what is called in place of what stands there.

They do the common case: functions with a stand-in, Python functions and methods that have a twin,
attributes that are no properties. All else is `lifting/lift.py`'s, which says what is right.
"""

cimport cython
from cpython.buffer cimport PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport rint
from libc.string cimport memcmp, memcpy

from ._kernel cimport (
    Dual, Nested, Recorded, Series, combination, dual, element, in_array, is_double, is_of_one_open,
    note_text, room_on_tape, row_of_one, row_of_complex, row_of_two, stored,
)

cimport numpy as cnp

import functools
import math
from operator import itemgetter
import types

import numpy

cnp.import_array()

cdef extern from *:
    unsigned long long FINGERPRINT
    Py_ssize_t Py_REFCNT(object x) noexcept
    PyObject *BASE_OF "PyArray_BASE" (cnp.ndarray x) noexcept


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

    static inline int is_of_class(PyObject *f) { /* as __new__ is */
        return PyType_Check(PyCFunction_GET_SELF(f));
    }

    /* Whether it is a method that has a stand-in: of SciPy's factors, or of a Struct. */
    static inline int is_of_known(PyObject *f) {
        PyObject *self = PyCFunction_GET_SELF(f);
        const char *name = self == NULL ? "" : Py_TYPE(self)->tp_name;
        return strcmp(name, "SuperLU") == 0 || strcmp(name, "_struct.Struct") == 0;
    }

    /* The name that tells where a function in C is from: of its module, or of the class in C of which
       it is a method. NULL of Python's own, and of NumPy's arrays and numbers. */
    static inline PyObject *home_of(PyObject *f) {
        PyObject *module = ((PyCFunctionObject *)f)->m_module, *self = PyCFunction_GET_SELF(f);
        if (module != NULL && PyUnicode_CheckExact(module))
            return Py_NewRef(module);
        if (self == NULL || Py_TYPE(self)->tp_flags & Py_TPFLAGS_HEAPTYPE)
            return NULL;
        const char *name = Py_TYPE(self)->tp_name;
        if (strchr(name, '.') == NULL || strncmp(name, "numpy.", 6) == 0)
            return NULL;
        return PyUnicode_InternFromString(name);
    }

    /* Whether the class is called as `type` says. */
    static inline int is_called_by_type(PyObject *cls) {
        return Py_TYPE(cls)->tp_call == PyType_Type.tp_call;
    }

    /* Whether object.__new__ makes its objects, and leaves the arguments to __init__. */
    static inline int is_made_by_object(PyTypeObject *cls) {
        return cls->tp_new == PyBaseObject_Type.tp_new && cls->tp_init != PyBaseObject_Type.tp_init;
    }

    /* Whether __init__ is that of object, which leaves the arguments to __new__. */
    static inline int is_left_to_new(PyTypeObject *cls) {
        return cls->tp_init == PyBaseObject_Type.tp_init && cls->tp_new != PyBaseObject_Type.tp_new;
    }

    static inline PyObject *new_object(PyTypeObject *cls, PyObject *nothing) {
        return PyBaseObject_Type.tp_new(cls, nothing, NULL);
    }

    /* A call with one argument more, before the others. */
    #define FEW_GIVEN 8
    static inline PyObject *call_with_first(
        PyObject *f, PyObject *first, PyObject *const *args, size_t flags, PyObject *names
    ) {
        PyObject *given[FEW_GIVEN + 2], *method, *result;
        Py_ssize_t n = PyVectorcall_NARGS(flags);
        Py_ssize_t count = n + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
        if (count <= FEW_GIVEN) {
            given[1] = first;
            for (Py_ssize_t i = 0; i < count; i++)
                given[i + 2] = args[i];
            return PyObject_Vectorcall(
                f, given + 1, (size_t)(n + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, names
            );
        }
        method = PyMethod_New(f, first);
        if (method == NULL)
            return NULL;
        result = PyObject_Vectorcall(method, args, n, names);
        Py_DECREF(method);
        return result;
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
    bint is_of_class(object f) noexcept
    bint is_of_known(object f) noexcept
    PyObject *home_of(object f) except? NULL
    bint is_called_by_type(object cls) noexcept
    bint is_made_by_object(PyTypeObject *cls) noexcept
    bint is_left_to_new(PyTypeObject *cls) noexcept
    object new_object(PyTypeObject *cls, tuple nothing)
    object call_with_first(
        object f, object first, PyObject *const *args, size_t flags, PyObject *names
    )
    int call_fast(object kind, Py_ssize_t offset) except -1
    object PyMethod_New(object f, object x)
    PyObject *PyMethod_GET_FUNCTION(object x) noexcept
    PyObject *PyMethod_GET_SELF(object x) noexcept
    PyObject *PyDict_GetItemWithError(object d, object key) except? NULL
    PyObject *PyModule_GetDict(object module) noexcept
    PyObject *_PyType_Lookup(PyTypeObject *kind, object name) noexcept
    object PyObject_GetAttr(object x, object name)
    bint PyIter_Check(object x) noexcept
    int PyObject_SetAttr(object x, object name, object value) except -1
    object PyObject_Vectorcall(object f, PyObject *const *args, size_t flags, PyObject *names)
    Py_ssize_t PyVectorcall_NARGS(size_t flags) noexcept
    unsigned long Py_TPFLAGS_HEAPTYPE
    PyTypeObject *Py_TYPE(object x) noexcept
    PyObject *PyTuple_GET_ITEM(tuple x, Py_ssize_t i) noexcept
    bint PyType_IsSubtype(PyTypeObject *kind, PyTypeObject *base) noexcept
    bint PyObject_TypeCheck(object x, PyTypeObject *kind) noexcept


cdef Py_ssize_t PLACE = place_for_notes()
cdef type Function = types.FunctionType
cdef type Builtin = types.BuiltinFunctionType
cdef type BoundMethod = types.MethodType
cdef type Module = types.ModuleType
cdef type Ufunc = numpy.ufunc
cdef type Dispatcher = type(numpy.zeros_like)  # of an array function, in C
cdef type float64 = numpy.float64
cdef type Float = float
cdef type CachedProperty = functools.cached_property
cdef type Cached = type(functools.lru_cache(len))
cdef type SlotWrapper = types.WrapperDescriptorType
cdef type MethodWrapper = types.MethodWrapperType
cdef type MethodInC = types.MethodDescriptorType

# What stands in lifting/lift.py: filled in by `connect`.
cdef dict functions = {}
cdef object readable_stand_in = None
cdef object code_for = None
cdef object readable_read = None
cdef object readable_write = None
cdef object readable_walk = None
cdef object readable_is_users = None
cdef object readable_is_of_others = None
cdef object readable_lent = None
cdef object readable_call = None
cdef object readable_unanswered = None
cdef object readable_judged = None
cdef object readable_kind_of_view = None
cdef object handed = None             # conversions.handed
cdef object readable_needs = None
cdef object readable_twin_of = None


def connect(given_functions, given_stand_in, given_code_for, read, write, walk, kind_of_view,
            is_users):
    """Tell the hooks what is readable, so that they can hand over to it."""
    global functions, readable_stand_in, code_for, readable_read, readable_write, readable_walk
    global readable_kind_of_view, readable_is_users
    functions, readable_stand_in, code_for = given_functions, given_stand_in, given_code_for
    readable_read, readable_write, readable_walk = read, write, walk
    readable_kind_of_view, readable_is_users = kind_of_view, is_users


def connect_operators(call, unanswered, judged, given_handed):
    """The same for lifting/operators.py."""
    global readable_call, readable_unanswered, readable_judged, handed
    readable_call, readable_unanswered, readable_judged = call, unanswered, judged
    handed = given_handed


def connect_others(is_of_others, lent):
    """The same of functions in C of other packages."""
    global readable_is_of_others, readable_lent
    readable_is_of_others, readable_lent = is_of_others, lent


def forget_classes():
    """Let what was found of classes be found anew: other functions stand in from now on."""
    cdef int i
    for i in range(CLASSES):
        foreigners[i] = viewed[i] = 0


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
    if running == 0 and memoised:
        memoised.clear()
    return 0


# What is called for functions under a cache, by their ids, while lifted functions run.
cdef dict memoised = {}


cdef object of_cached(object f):
    found = memoised.get(<size_t><PyObject *>f)
    if found is None:
        found = f, readable_stand_in(f)
        if running:
            memoised[<size_t><PyObject *>f] = found
    return (<tuple>found)[1]


cdef inline bint stays(PyObject *f) noexcept:
    """Whether what is called in place of f is always the same, as long as f is."""
    if Py_TYPE(<object>f) == <PyTypeObject *>Builtin:
        return is_of_module(<object>f)
    if Py_TYPE(<object>f) == <PyTypeObject *>type:
        return not (<PyTypeObject *>f).tp_flags & Py_TPFLAGS_HEAPTYPE
    return Py_TYPE(<object>f) == <PyTypeObject *>Ufunc or Py_TYPE(<object>f) == <PyTypeObject *>Dispatcher


cdef inline object stand_in(object x):
    if type(x) is Function:
        return of_function(x)
    if type(x) is Builtin or type(x) is Ufunc:
        if type(x) is Ufunc or is_of_module(x) or is_of_class(x):
            found = PyDict_GetItemWithError(functions, x)
            if found != NULL:
                return <object>found
        if type(x) is Builtin:
            return readable_stand_in(x) if is_of_known(x) else lending(x)
    if type(x) is BoundMethod:
        f = <object>PyMethod_GET_FUNCTION(x)
        if type(f) is Function:
            g = of_function(f)
            return x if g is f else PyMethod_New(g, <object>PyMethod_GET_SELF(x))
        if type(f) is Cached:
            return PyMethod_New(of_cached(f), <object>PyMethod_GET_SELF(x))
    elif type(x) is Cached:
        return of_cached(x)
    elif type(x) is SlotWrapper or type(x) is MethodInC:
        found = PyDict_GetItemWithError(functions, x)
        return x if found == NULL else <object>found
    elif type(x) is MethodWrapper:
        name = x.__name__
        if name not in OBJECTS_OWN:
            return x
        found = PyDict_GetItemWithError(functions, getattr(x.__objclass__, name))
        return x if found == NULL else PyMethod_New(<object>found, x.__self__)
    elif isinstance(x, type):
        if is_called_by_type(x):
            if is_users(<PyTypeObject *>x):
                if makes_lifted(<PyTypeObject *>x):
                    return constructor(x)
                return x if (<PyTypeObject *>x).tp_flags & Py_TPFLAGS_HEAPTYPE else Caller(x, readable_lent)
            return of_foreign(x)
    elif Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE and is_users(Py_TYPE(x)):
        found = _PyType_Lookup(Py_TYPE(x), "__call__")
        if found != NULL and type(<object>found) is Function:
            f = <object>found
            g = of_function(f)
            return x if g is f else PyMethod_New(g, x)
    elif is_data(x):
        return x
    return readable_stand_in(x)


cdef dict homes = {}  # of functions in C: whether they are of others


cdef inline object lending(object f):
    """A function in C; one of another package's is lent the memory of arrays."""
    cdef PyObject *home = home_of(f)
    if home == NULL:
        return f
    name = <object>home
    Py_DECREF(name)
    found = PyDict_GetItemWithError(homes, name)
    if found == NULL:
        homes[name] = readable_is_of_others(f)
        found = PyDict_GetItemWithError(homes, name)
    return Caller(f, readable_lent) if <object>found is True else f


cdef tuple OBJECTS_OWN = ("__getattribute__", "__setattr__", "__delattr__", "__call__")


cdef inline bint is_data(object x) noexcept:
    """Whether x is neither called nor of a class that somebody has written in Python."""
    return not Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE and Py_TYPE(x).tp_call == NULL


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


cdef inline bint is_copied(object f) except -1:
    """Whether the twin of a function runs in place of it."""
    cdef PyObject *found = note_of(CODE(f), PLACE)
    if found == NULL or (<Note>found).copy is UNSET:
        code_for(f)
        found = note_of(CODE(f), PLACE)
    return (<Note>found).copy is not None and (<Note>found).copy is not ...


cdef inline bint functions_have(object f) except -1:
    return PyDict_GetItemWithError(functions, f) != NULL


cdef inline object lifted_method(PyTypeObject *kind, object name):
    """The twin of a method of the user's class; None if there is none."""
    cdef PyObject *found
    if kind.tp_flags & Py_TPFLAGS_HEAPTYPE:
        found = _PyType_Lookup(kind, name)
        if found != NULL and type(<object>found) is Function:
            f = of_function(<object>found)
            if f is not <object>found:
                return f
    return None


# Which classes are known to be the user's or not, by their versions: a class that has been written
# to, or of which a base has, is of another version, and no two classes ever have the same.
cdef enum:
    CLASSES = 1024
cdef unsigned int versions[CLASSES]
cdef bint are_users[CLASSES]


cdef bint is_users(PyTypeObject *kind) except -1:
    """Whether a class is the user's, of which nothing stands in the place: as lifting/lift.py says."""
    cdef unsigned int version = tag(kind)
    cdef bint answer
    if version != 0 and versions[version % CLASSES] == version:
        return are_users[version % CLASSES]
    _PyType_Lookup(kind, "__init__")  # which gives it a version
    version = tag(kind)
    answer = readable_is_users(<object>kind)
    if version != 0 and tag(kind) == version:  # Python code has answered, which may write to it
        versions[version % CLASSES], are_users[version % CLASSES] = version, answer
    return answer


cdef list foreign = [None] * CLASSES     # what is called in place of these classes
cdef unsigned int foreigners[CLASSES]    # and their versions


cdef object of_foreign(object cls):
    """What is called in place of a class that is not the user's."""
    cdef unsigned int version = tag(<PyTypeObject *>cls)
    if version != 0 and foreigners[version % CLASSES] == version:
        return foreign[version % CLASSES]
    answer = readable_stand_in(cls)
    if version != 0 and tag(<PyTypeObject *>cls) == version:
        foreigners[version % CLASSES], foreign[version % CLASSES] = version, answer
    return answer


cdef bint makes_lifted(PyTypeObject *kind) except -1:
    """Whether the `__init__` or `__new__` of a class is lifted."""
    cdef PyObject *found
    if lifted_method(kind, "__init__") is not None:
        return True
    found = _PyType_Lookup(kind, "__new__")
    if found == NULL or type(<object>found) is Builtin:
        return False
    f = (<object>found).__func__ if type(<object>found) is staticmethod else <object>found
    return type(f) is Function and of_function(f) is not f


@cython.final
@cython.freelist(32)
cdef class Constructor:
    """Makes objects of a class, as `type.__call__` does, by lifted `__new__` and `__init__`."""

    cdef void *vectorcall
    cdef object cls

    def __cinit__(self, cls):
        self.vectorcall = <void *>call_constructor
        self.cls = cls


cdef inline object constructor(object cls):
    return Constructor.__new__(Constructor, cls)


cdef tuple NOTHING = ()


cdef object call_constructor(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cls = (<Constructor>self).cls
    cdef PyTypeObject *kind = <PyTypeObject *>cls
    cdef PyObject *found
    if is_made_by_object(kind):
        x = new_object(kind, NOTHING)
    else:
        x = call_with_first(stand_in(PyObject_GetAttr(cls, "__new__")), cls, args, flags, names)
        if not PyObject_TypeCheck(x, kind):
            return x
        kind = Py_TYPE(x)
        if is_left_to_new(kind):
            return x
    found = _PyType_Lookup(kind, "__init__")
    if found != NULL and type(<object>found) is Function:
        init = of_function(<object>found)
    else:
        init = stand_in(PyObject_GetAttr(<object>kind, "__init__"))
    result = call_with_first(init, x, args, flags, names)
    if result is not None:
        raise TypeError(f"__init__() should return None, not {type(result).__name__!r}")
    return x


def stand_in_for(x):
    """What is called in place of x."""
    return stand_in(x)


@cython.final
cdef class Callee:
    """Callee() @ f is what is called in place of f, in one place of the code."""

    cdef object last, answer  # the last that was called there, of those that stay

    def __matmul__(self, f):
        return called(<Callee>self, f) if type(self) is Callee else NotImplemented


cdef inline object called(Callee self, object f):
    if f is self.last:
        return self.answer
    answer = stand_in(f)
    if stays(<PyObject *>f):
        self.last, self.answer = f, answer
    return answer


# -- whether a function needs it ---------------------------------------------------------------


def needs(f):
    """Whether f needs lifting, as lifting/reach.py says; asked once for code in like surroundings."""
    return needs_lift(f)


cpdef bint needs_anew(object f) except -1:
    """The same of a function that has failed: it is read again, and doubts count as needs.

    The answer stays: it would fail again.
    """
    if type(f) is Function or type(f) is BoundMethod and type(f.__func__) is Function:
        note = noted((f if type(f) is Function else f.__func__).__code__)
        note.known, note.decided = 0, {}
    return decided(f, True)


cdef bint needs_lift(object f) except -1:
    return decided(f, False)


cdef bint decided(object f, bint has_failed) except -1:
    cdef Note note
    cdef void *places[PLACES]
    cdef int count
    if type(f) is Function:
        note = noted(<object>CODE(f))
        count = places_of(f, places)
        if count > 0:
            if count == note.known and not memcmp(places, note.places, count * sizeof(void *)):
                return note.answer
            note.answer = decision(f, note, surroundings(f), has_failed)
            memcpy(note.places, places, count * sizeof(void *))
            note.known = count
            return note.answer
        key = surroundings(f)
    elif type(f) is BoundMethod and type(f.__func__) is Function:
        g = f.__func__
        key = surroundings(g), mark(f.__self__)
        note = noted(<object>CODE(g))
    else:
        return readable_needs(f, has_failed)
    return decision(f, note, key, has_failed)


cdef bint decision(object f, Note note, object key, bint has_failed) except -1:
    found = note.decided.get(key)
    if found is None:
        found = readable_needs(f, has_failed)
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
    cdef bint is_variable      # in modules a name like any other
    cdef PyTypeObject *plain   # the last class in which it is no property,
    cdef unsigned int version  # and that class's version

    def __cinit__(self, name):
        self.name, self.is_variable = name, not name.startswith("__")

    def __matmul__(self, x):
        return got(<Getter>self, x) if type(self) is Getter else NotImplemented


cdef inline object got(Getter self, object x):
    cdef PyTypeObject *kind = Py_TYPE(x)
    cdef PyObject *found
    if type(x) is Module and self.is_variable:
        found = PyDict_GetItemWithError(<object>PyModule_GetDict(x), self.name)
        if found != NULL:
            return <object>found
    if isinstance(x, type) and is_descriptor(<PyTypeObject *><PyObject *>x, self.name):
        return readable_read(x, self.name)
    if kind != self.plain or tag(kind) != self.version:
        if has_hooks(kind):
            return by_hooks(x, kind, self.name)
        if is_property(kind, self.name):
            return property_of(x, _PyType_Lookup(kind, self.name), self.name)
        self.plain, self.version = kind, tag(kind)
        if self.version == 0:
            self.plain = NULL
    return PyObject_GetAttr(x, self.name)


cdef extern from *:
    """
    /* A version number, unique to this module's dictionary and changed by every write; 0 where
       Python keeps none. */
    static inline size_t state_of(PyObject *x) {
    #if PY_VERSION_HEX < 0x030D0000
        if (PyModule_CheckExact(x))
            return (size_t)((PyDictObject *)PyModule_GetDict(x))->ma_version_tag;
    #endif
        return 0;
    }
    """
    size_t state_of(PyObject *x) noexcept


cdef inline bint may_be_array(object x) except -1:
    if Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE:
        return not is_users(Py_TYPE(x))
    return cnp.PyArray_Check(x) or isinstance(x, Dual)


@cython.final
cdef class Method:
    """Reads what is to be called of an object.

    `of_arrays`: a hook for arrays and duals, whose methods of this name are special.
    """

    cdef Getter getter
    cdef Callee callee
    cdef object of_arrays
    cdef size_t state      # of the module that it was last read of
    cdef object answer     # what was to be called then

    def __cinit__(self, name, of_arrays=None):
        self.getter, self.callee, self.of_arrays = Getter(name), Callee(), of_arrays

    def __matmul__(self, x):
        if type(self) is not Method:
            return NotImplemented
        cdef Method method = <Method>self
        if method.of_arrays is not None and may_be_array(x):
            return method.of_arrays @ x
        cdef size_t state = state_of(<PyObject *>x) if method.getter.is_variable else 0
        if state != 0 and state == method.state:
            return method.answer
        f = got(method.getter, x)
        answer = called(method.callee, f)
        if state != 0 and stays(<PyObject *>f):
            method.state, method.answer = state, answer
        return answer


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
        cdef PyObject *args[3]
        cdef PyObject *hook
        value, x = <tuple>pair
        hook = _PyType_Lookup(Py_TYPE(x), "__setattr__") if writes_by_hook(Py_TYPE(x)) else NULL
        if is_function(hook):
            args[0], args[1], args[2] = <PyObject *>x, <PyObject *>setter.name, <PyObject *>value
            PyObject_Vectorcall(of_function(<object>hook), args, 3, NULL)
        elif is_property(Py_TYPE(x), setter.name):
            found = <object>_PyType_Lookup(Py_TYPE(x), setter.name)
            if type(found) is property and type(found.fset) is Function:
                of_function(found.fset)(x, value)
                return
            hook = _PyType_Lookup(Py_TYPE(found), "__set__")
            if is_function(hook):
                of_function(<object>hook)(found, x, value)
            else:
                readable_write(x, setter.name, value)
        else:
            PyObject_SetAttr(x, setter.name, value)


cdef extern from *:
    """
    static inline unsigned int tag(PyTypeObject *kind) {
    #if PY_VERSION_HEX >= 0x030D0000
        return kind->tp_version_tag;
    #endif
        return PyType_HasFeature(kind, Py_TPFLAGS_VALID_VERSION_TAG) ? kind->tp_version_tag : 0;
    }
    /* What a __getattribute__ of C finds, a new reference; NULL if there is nothing. */
    static PyObject *found_by(PyObject *look, PyObject *x, PyObject *name) {
        getattrofunc f = (getattrofunc)((PyWrapperDescrObject *)look)->d_wrapped;
        PyObject *found;
        if (f == PyObject_GenericGetAttr)
            return _PyObject_GenericGetAttrWithDict(x, name, NULL, 1);
        found = f(x, name);
        if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Clear();
        return found;
    }
    static inline PyObject *taken(PyObject *x) { return x; }
    #define reads_by_hook(kind) ((kind)->tp_getattro != PyObject_GenericGetAttr)
    #define writes_by_hook(kind) ((kind)->tp_setattro != PyObject_GenericSetAttr)
    """
    unsigned int tag(PyTypeObject *kind) noexcept
    PyObject *found_by(PyObject *look, object x, object name) except? NULL
    object taken(PyObject *x)
    bint reads_by_hook(PyTypeObject *kind) noexcept
    bint writes_by_hook(PyTypeObject *kind) noexcept


cdef unsigned int version_of(object kind) noexcept:
    """A number that this class has until it, or one that it is derived from, is written to; or 0."""
    return tag(<PyTypeObject *>kind)


cdef inline bint is_property(PyTypeObject *kind, object name):
    cdef PyObject *found = _PyType_Lookup(kind, name)
    if found == NULL:
        return False
    if type(<object>found) is property or type(<object>found) is CachedProperty:
        return True
    return is_descriptor(kind, name)


cdef inline bint is_descriptor(PyTypeObject *kind, object name):
    """Whether a name in a class stands for a descriptor of the user's."""
    cdef PyObject *found = _PyType_Lookup(kind, name)
    if found == NULL:
        return False
    kind = Py_TYPE(<object>found)
    if kind == <PyTypeObject *>Cached:
        return False
    return kind.tp_flags & Py_TPFLAGS_HEAPTYPE and kind.tp_descr_get != NULL


cdef object property_of(object x, PyObject *found, object name):
    """What a property of x gives, which has been found in its class."""
    cdef PyObject *args[1]
    cdef PyObject *known
    if type(<object>found) is CachedProperty:
        held = getattr(x, "__dict__", None)
        known = PyDict_GetItemWithError(held, name) if type(held) is dict else NULL
        return readable_read(x, name) if known == NULL else <object>known
    if type(<object>found) is property:
        f = (<object>found).fget
        if type(f) is not Function:
            return PyObject_GetAttr(x, name)
        args[0] = <PyObject *>x
        return PyObject_Vectorcall(of_function(f), args, 1, NULL)
    known = _PyType_Lookup(Py_TYPE(<object>found), "__get__")
    if is_function(known) and Py_TYPE(<object>found).tp_descr_set != NULL:
        return of_function(<object>known)(<object>found, x, <object>Py_TYPE(x))
    return readable_read(x, name)


cdef inline bint has_hooks(PyTypeObject *kind):
    """Whether a class, not of ours, looks for attributes by Python code."""
    if not kind.tp_flags & Py_TPFLAGS_HEAPTYPE or not reads_by_hook(kind):
        return False
    if <object>kind is Buffer or <object>kind is DualArray:
        return False
    if _PyType_Lookup(kind, "__getattr__") != NULL:
        return True
    return type(<object>_PyType_Lookup(kind, "__getattribute__")) is not SlotWrapper


cdef object by_hooks(object x, PyTypeObject *kind, object name):
    """An attribute of a class that looks for it by Python code."""
    cdef PyObject *hook = _PyType_Lookup(kind, "__getattr__")
    cdef PyObject *look = _PyType_Lookup(kind, "__getattribute__")
    cdef PyObject *found
    if not (hook == NULL or is_function(hook)) or look == NULL:
        return readable_read(x, name)
    if type(<object>look) is SlotWrapper:
        if is_property(kind, name):
            try:
                return property_of(x, _PyType_Lookup(kind, name), name)
            except AttributeError:
                pass
        else:
            found = found_by(look, x, name)
            if found != NULL:
                return taken(found)
    elif is_function(look):
        if hook == NULL:
            return with_name(of_function(<object>look), x, name)
        try:
            return with_name(of_function(<object>look), x, name)
        except AttributeError:
            pass
    else:
        return readable_read(x, name)
    return with_name(of_function(<object>hook), x, name)


cdef inline object with_name(object f, object x, object name):
    cdef PyObject *args[2]
    args[0], args[1] = <PyObject *>x, <PyObject *>name
    return PyObject_Vectorcall(f, args, 2, NULL)


cdef inline bint is_function(PyObject *x) noexcept:
    return x != NULL and type(<object>x) is Function


@cython.final
cdef class Iterable:
    """What a loop goes through in place of x."""

    def __matmul__(self, x):
        if type(self) is not Iterable:
            return NotImplemented
        return walked(x)


cdef inline bint may_be_users(object x) noexcept:
    """Whether the class of x may be the user's."""
    return Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE and not (
        type(x) is DualArray or type(x) is Buffer
    )


cpdef object walked(object x):
    """An iterator, if the class of x is the user's and makes one by Python code; or x itself."""
    if not may_be_users(x):
        return x
    if _PyType_Lookup(Py_TYPE(x), "__iter__") == NULL:
        return readable_walk(x)
    f = lifted_method(Py_TYPE(x), "__iter__")
    if f is None:
        return x
    y = f(x)
    if not PyIter_Check(y):
        return readable_judged(iter, x, "__iter__", y)
    step = lifted_method(Py_TYPE(y), "__next__")
    return y if step is None else Steps.__new__(Steps, y, step)


@cython.final
cdef class Steps:
    """An iterator of a class of the user's, whose methods are lifted."""

    cdef object x, step

    def __cinit__(self, x, step):
        self.x, self.step = x, step

    def __iter__(self):
        return self

    def __next__(self):
        return self.step(self.x)

    def __getattr__(self, name):  # as send and throw, which `yield from` calls
        return stand_in(readable_read(self.x, name))


@cython.final
cdef class Special:
    """What has a special method called by Python itself in place of x."""

    def __matmul__(self, x):
        if type(self) is not Special:
            return NotImplemented
        return special(x)


cdef list views = [None] * CLASSES     # what makes views of objects of these classes
cdef unsigned int viewed[CLASSES]      # and their versions


cpdef object special(object x):
    """What has special methods of x, lifted, called by Python; x itself if it has none of the user's."""
    cdef PyTypeObject *kind = Py_TYPE(x)
    cdef unsigned int version
    if not may_be_users(x):
        return x
    _PyType_Lookup(kind, "__init__")  # which gives it a version
    version = tag(kind)
    if version == 0 or viewed[version % CLASSES] != version:
        make = readable_kind_of_view(<object>kind)
        if tag(kind) == version:  # Python code has answered, which may write to it
            viewed[version % CLASSES], views[version % CLASSES] = version, make
    else:
        make = views[version % CLASSES]
    return x if make is None else make(x)


@cython.final
cdef class Manager:
    """What `with` enters, and leaves, in place of x."""

    def __matmul__(self, x):
        if type(self) is not Manager:
            return NotImplemented
        if not may_be_users(x):
            return x
        cdef PyObject *enter = _PyType_Lookup(Py_TYPE(x), "__enter__")
        cdef PyObject *leave = _PyType_Lookup(Py_TYPE(x), "__exit__")
        if not is_function(enter) or not is_function(leave):
            return special(x)
        if not is_copied(<object>enter) and not is_copied(<object>leave):
            return x
        return Managed.__new__(Managed, x, of_function(<object>enter), of_function(<object>leave))


@cython.final
cdef class Managed:
    """A manager of a class of the user's, whose methods are lifted."""

    cdef object x, enter, leave

    def __cinit__(self, x, enter, leave):
        self.x, self.enter, self.leave = x, enter, leave

    @cython.binding(False)  # bound methods of C are called as they are
    def __enter__(self):
        return self.enter(self.x)

    @cython.binding(False)
    def __exit__(self, kind, error, traceback):
        return self.leave(self.x, kind, error, traceback)


# -- operators -------------------------------------------------------------------------------


ctypedef object (*Binary)(object, object)


cdef extern from *:
    """
    #define COMPARING(name, op) \
        static PyObject *name(PyObject *a, PyObject *b) { return PyObject_RichCompare(a, b, op); }
    static PyObject *negative(PyObject *a, PyObject *b) { return PyNumber_Negative(a); }
    COMPARING(is_less, Py_LT)
    COMPARING(is_at_most, Py_LE)
    COMPARING(is_equal, Py_EQ)
    COMPARING(is_other, Py_NE)
    COMPARING(is_more, Py_GT)
    COMPARING(is_at_least, Py_GE)
    """
    object PyNumber_Add(object a, object b)
    object PyNumber_Subtract(object a, object b)
    object PyNumber_Multiply(object a, object b)
    object PyNumber_TrueDivide(object a, object b)
    object PyNumber_MatrixMultiply(object a, object b)
    object PyNumber_InPlaceAdd(object a, object b)
    object PyNumber_InPlaceSubtract(object a, object b)
    object PyNumber_InPlaceMultiply(object a, object b)
    object PyNumber_InPlaceTrueDivide(object a, object b)
    object PyObject_GetItem(object a, object b)
    int PySequence_Contains(object x, object y) except -1
    bint PySequence_Check(object x)
    int PyObject_SetItem(object x, object i, object value) except -1
    object negative(object a, object b)
    object is_less(object a, object b)
    object is_at_most(object a, object b)
    object is_equal(object a, object b)
    object is_other(object a, object b)
    object is_more(object a, object b)
    object is_at_least(object a, object b)


cdef Binary native_of(symbol) except? NULL:
    """What an operator does to plain things, if there is a function of C for it."""
    if symbol == "+":
        return PyNumber_Add
    if symbol == "-":
        return PyNumber_Subtract
    if symbol == "*":
        return PyNumber_Multiply
    if symbol == "/":
        return PyNumber_TrueDivide
    if symbol == "@":
        return PyNumber_MatrixMultiply
    if symbol == "+=":
        return PyNumber_InPlaceAdd
    if symbol == "-=":
        return PyNumber_InPlaceSubtract
    if symbol == "*=":
        return PyNumber_InPlaceMultiply
    if symbol == "/=":
        return PyNumber_InPlaceTrueDivide
    if symbol == "[]":
        return PyObject_GetItem
    if symbol == "-x":
        return negative
    if symbol == "<":
        return is_less
    if symbol == "<=":
        return is_at_most
    if symbol == "==":
        return is_equal
    if symbol == "!=":
        return is_other
    if symbol == ">":
        return is_more
    if symbol == ">=":
        return is_at_least
    return NULL


cdef inline bint is_number(object x) noexcept:
    return type(x) is float or type(x) is int or is_compiled(x)


# Who has the method of an operator: both sides, also if they are of one class; or the left first
# in place; or the operand in one place; or what is asked whether it is true.
cdef enum Sides:
    BOTH, COMPARED, IN_PLACE, ONE, TRUTH

SIDES = {"both": BOTH, "compared": COMPARED, "in place": IN_PLACE, "one": ONE, "truth": TRUTH}


@cython.final
cdef class Operator:
    """An operator of (a, b), or of one more: those of the user's classes are lifted.

    As in lifting/operators.py, which has what is unusual. `methods`: the names of those by which the
    left side and the right one do it, and the left one in place; `otherwise`: what is done where
    that has no answer.
    """

    cdef object symbol, native, readable
    cdef Binary plain
    cdef Sides sides
    cdef object forward, reflected, in_place, otherwise

    def __cinit__(self, symbol, native, readable, sides, methods, otherwise):
        self.symbol, self.native, self.readable = symbol, native, readable
        self.otherwise = otherwise
        self.plain, self.sides = native_of(symbol), SIDES[sides]
        self.forward, self.reflected, self.in_place = methods

    def __matmul__(self, operands):
        if type(self) is not Operator:
            return NotImplemented
        cdef Operator hook = <Operator>self
        cdef tuple given = <tuple>operands
        cdef Py_ssize_t n = len(given)
        a = <object>PyTuple_GET_ITEM(given, 0)
        b = <object>PyTuple_GET_ITEM(given, n - 1)
        if hook.sides == TRUTH:
            return truth_of(a)
        if not may_be_users(a) and not may_be_users(b) and (n != 3 or not may_be_users(given[1])):
            return plainly(hook, a, b, given)
        if hook.sides == BOTH or hook.sides == COMPARED:
            return of_both(hook, a, b)
        if hook.sides == ONE:
            return of_one(hook, a, b, given)
        f = lifted_method(Py_TYPE(a), hook.in_place)
        if f is not None:
            y = f(a, b)
            return hook.otherwise(a, b) if y is NotImplemented else y
        if not may_be_users(a) and not is_number(a):
            return hook.readable(given)  # a sequence
        return of_both(hook, a, b) if _PyType_Lookup(Py_TYPE(a), hook.in_place) == NULL else (
            hook.readable(given)
        )


@cython.final
cdef class Remainder:
    """a % b: in text, duals are formatted as plain numbers.

    `native`: the operator, or its hook; `readable`: the same for text, as of_text_or in
    lifting/lift.py says it.
    """

    cdef object native, readable

    def __cinit__(self, native, readable):
        self.native, self.readable = native, readable

    def __call__(self, a, b):
        if type(a) is str:
            text = filled(<str>a, b)
            return self.readable(a, b) if text is None else text
        return (self.readable if type(a) is bytes or type(a) is bytearray else self.native)(a, b)

    def __matmul__(self, operands):
        if type(self) is not Remainder:
            return NotImplemented
        return self(<object>PyTuple_GET_ITEM(operands, 0), <object>PyTuple_GET_ITEM(operands, 1))


cdef object filled(str text, object given):
    """text % given, of simple numbers and text; None of others."""
    cdef list numbers = []
    cdef object level = None
    for x in <tuple>given if type(given) is tuple else (given,):
        if type(x) is Dual:
            if not is_of_one_open(<Dual>x) or (level is not None and level is not <object>(<Dual>x).lev):
                return None
            level, x = <object>(<Dual>x).lev, x.primal
        elif not is_float(x) and type(x) is not str:
            return None
        numbers.append(x)
    shown = text % tuple(numbers)
    if level is not None:
        note_text(level, shown)
    return shown


@cython.final
cdef class Membership:
    """x in parts, or x not in parts, of the pair (x, parts): as `is_in` in lifting/lift.py says."""

    cdef bint is_in
    cdef object readable

    def __cinit__(self, bint is_in, readable):
        self.is_in, self.readable = is_in, readable

    def __matmul__(self, operands):
        if type(self) is not Membership:
            return NotImplemented
        cdef Membership hook = <Membership>self
        x = <object>PyTuple_GET_ITEM(operands, 0)
        parts = <object>PyTuple_GET_ITEM(operands, 1)
        is_hashed = type(parts) is set or type(parts) is dict or type(parts) is frozenset
        if is_hashed and (is_float(x) or type(x) is str):
            found = x in parts
        elif is_hashed and type(x) is Dual and is_of_one_open(<Dual>x) and x.primal not in parts:
            found = False
        else:
            found = hook.readable(x, parts)
        return found if hook.is_in else not found


cdef tuple TRUTH_METHODS = ("__bool__", "__len__")  # asked in this order


@cython.final
cdef class ListOperator:
    """An operator of (a, b), of which one may be a list of duals: as of_lists_or in lifting/lift.py says.

    `native`: the operator where neither is a list, in Python where it has no function of C.
    """

    cdef object native, readable
    cdef Binary plain

    def __cinit__(self, symbol, native, readable):
        self.native, self.readable = native, readable
        self.plain = native_of(symbol)

    def __matmul__(self, operands):
        if type(self) is not ListOperator:
            return NotImplemented
        cdef ListOperator hook = <ListOperator>self
        a = <object>PyTuple_GET_ITEM(<tuple>operands, 0)
        b = <object>PyTuple_GET_ITEM(<tuple>operands, 1)
        if has_items(a) or has_items(b):
            return hook.readable(a, b)
        return hook.native(a, b) if hook.plain == NULL else hook.plain(a, b)


cdef object truth_of(object x):
    """bool(x)."""
    if may_be_users(x):
        for name in TRUTH_METHODS:
            if _PyType_Lookup(Py_TYPE(x), name) != NULL:
                f = lifted_method(Py_TYPE(x), name)
                if f is None:
                    break
                y = f(x)
                if type(y) is bool:
                    return y
                if name == "__len__" and is_accepted(LEN, y):
                    return y != 0
                return readable_judged(bool, x, name, y)
    return True if x else False


cdef inline object plainly(Operator hook, object a, object b, tuple given):
    """What Python's own operator gives."""
    if hook.plain != NULL:
        return hook.plain(a, b)
    if hook.forward == "__setitem__":
        PyObject_SetItem(given[1], b, a)
        return None
    if hook.forward == "__contains__" and is_searched_in_c(a, b):
        return PySequence_Contains(b, a) == (hook.symbol == "in")
    return hook.native(a, b) if given is None else hook.native(*given)


cdef inline bint is_searched_in_c(object x, object parts) except -1:
    """Whether no method of the user's is called where x is looked for."""
    if type(parts) is dict or type(parts) is set:
        return type(x) is str or type(x) is int or type(x) is float  # else there may be duals in it
    if type(parts) is str:
        return True
    if not (type(parts) is tuple or type(parts) is list) or may_be_users(x):
        return False
    for part in parts:
        if may_be_users(part):
            return False
    return True


cdef object of_both(Operator hook, object a, object b):
    """An operator of two sides, as Python calls their methods."""
    cdef PyTypeObject *left = Py_TYPE(a)
    cdef PyTypeObject *right = Py_TYPE(b)
    cdef bint has_both = left != right or hook.sides == COMPARED
    f = lifted_method(left, hook.forward)
    g = lifted_method(right, hook.reflected) if has_both else None
    if f is not None or g is not None:
        if f is None and hook.sides != COMPARED and type(a) is not float and type(a) is not int:
            a = handed(a, b)
            left = Py_TYPE(a)
        if left != right and PyType_IsSubtype(right, left) and (
            hook.sides == COMPARED
            or _PyType_Lookup(right, hook.reflected) != _PyType_Lookup(left, hook.reflected)
        ):
            y = of_side(g, right, hook.reflected, b, a)
            if y is not NotImplemented:
                return y
            y = of_side(f, left, hook.forward, a, b)
        else:
            y = of_side(f, left, hook.forward, a, b)
            if y is NotImplemented and has_both:
                y = of_side(g, right, hook.reflected, b, a)
        if y is not NotImplemented:
            return y
        return readable_unanswered(hook.symbol, hook.native, a, b)
    return plainly(hook, a, b, None)


cdef inline object of_side(object f, PyTypeObject *kind, object name, object x, object y):
    cdef PyObject *args[2]
    cdef PyObject *found
    args[0], args[1] = <PyObject *>x, <PyObject *>y
    if f is None:
        if not is_number(x):
            return readable_call(<object>kind, name, x, y)
        found = _PyType_Lookup(kind, name)
        if found == NULL:
            return NotImplemented
        return PyObject_Vectorcall(<object>found, args, 2, NULL)
    return PyObject_Vectorcall(f, args, 2, NULL)


cdef object DICT_ITEM = dict.__getitem__


cdef inline bint is_of_dict(PyTypeObject *kind):
    cdef PyObject *item = _PyType_Lookup(kind, "__getitem__")
    return item == <PyObject *>DICT_ITEM


cdef object of_one(Operator hook, object a, object b, tuple given):
    """An operator of one operand, or of what stands in brackets, or before `in`."""
    cdef PyObject *found
    cdef PyObject *args[3]
    cdef Py_ssize_t n = len(given)
    if hook.symbol == "[]=":  # (value, x, index)
        x = <object>PyTuple_GET_ITEM(given, 1)
        args[0], args[1], args[2] = <PyObject *>x, <PyObject *>b, <PyObject *>a
    elif hook.forward == "__contains__":
        x = b
        args[0], args[1] = <PyObject *>x, <PyObject *>a
    else:
        x = a
        args[0], args[1] = <PyObject *>x, <PyObject *>b
    f = lifted_method(Py_TYPE(x), hook.forward)
    if f is None:
        if hook.forward == "__getitem__" and isinstance(x, dict) and (
            lifted_method(Py_TYPE(x), "__missing__") is not None
        ):
            found = PyDict_GetItemWithError(x, b) if is_of_dict(Py_TYPE(x)) else NULL
            return hook.readable(given) if found == NULL else <object>found
        return plainly(hook, a, b, given)
    y = PyObject_Vectorcall(f, args, n, NULL)
    if hook.forward == "__contains__":
        return bool(y) is (hook.symbol == "in")
    return y


# -- functions of math -----------------------------------------------------------------------


cdef enum:
    FEW = 8


cdef inline bint is_compiled(object x) noexcept:
    return type(x) is Dual or type(x) is Nested or type(x) is Recorded or type(x) is Series


cdef inline bint is_float(object x) noexcept:
    """Whether math takes x as it is, and quickly."""
    return type(x) is float or type(x) is float64 or type(x) is int


cdef class StandIn:
    """What is called in place of a function of C, `plain`; what is unusual goes to `readable`."""

    cdef void *vectorcall
    cdef object plain, readable
    cdef dict __dict__

    def __getattr__(self, name):
        return getattr(self.readable, name)

    def __repr__(self):
        return repr(self.plain)


cdef class Row(StandIn):
    """A function of math that is a row: on floats math's own, on duals of floats the kernel's.

    `counts`: the last argument is a whole number, as the exponent of ldexp. float(x) is x itself.
    """

    cdef int row, nargs
    cdef bint counts, is_itself

    def __cinit__(self, int row, plain, readable, int nargs=1, bint counts=False):
        self.vectorcall = <void *>call_row
        self.row, self.plain, self.readable = row, plain, readable
        self.nargs, self.counts, self.is_itself = nargs, counts, plain is float


cdef object call_row(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Row function = <Row>self
    if names == NULL and PyVectorcall_NARGS(flags) == function.nargs:
        x = <object>args[0]
        if function.nargs == 1:
            if is_float(x):
                return PyObject_Vectorcall(function.plain, args, flags, NULL)
            y = None
            if is_compiled(x):
                if function.is_itself and not (<Dual>x).is_np:
                    return x
                y = row_of_one(function.row, x)
        else:
            if is_float(x) and is_float(<object>args[1]):
                return PyObject_Vectorcall(function.plain, args, flags, NULL)
            if function.counts and type(<object>args[1]) is not int:
                y = None
            else:
                y = row_of_two(function.row, x, <object>args[1])
        if y is not None:
            return y
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef class ComplexRow(StandIn):
    """A function of cmath that is a row: on Python's numbers cmath's own, on duals the kernel's."""

    cdef object rule

    def __cinit__(self, rule, plain, readable):
        self.vectorcall = <void *>call_complex_row
        self.rule, self.plain, self.readable = rule, plain, readable


cdef object call_complex_row(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef ComplexRow function = <ComplexRow>self
    if names == NULL and PyVectorcall_NARGS(flags) == 1:
        if is_float(<object>args[0]) or type(<object>args[0]) is complex:
            return PyObject_Vectorcall(function.plain, args, flags, NULL)
        y = row_of_complex(function.rule, <object>args[0])
        if y is not None:
            return y
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef class Answer(StandIn):
    """A function of math with a plain answer, such as isclose, of the numbers in duals.

    `found`: what is told of the arguments where the answer is true.
    """

    cdef object found

    def __cinit__(self, plain, readable, found=None):
        self.vectorcall = <void *>call_answer
        self.plain, self.readable, self.found = plain, readable, found


cdef object call_answer(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Answer function = <Answer>self
    cdef PyObject *given[FEW]
    cdef list held = []
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flags) + (0 if names == NULL else len(<tuple>names))
    if n <= FEW:
        for i in range(n):
            given[i] = args[i]
            if is_compiled(<object>args[i]):
                held.append((<Dual>args[i]).v)
                given[i] = <PyObject *>held[len(held) - 1]
            elif not is_float(<object>args[i]):
                break
        else:
            y = PyObject_Vectorcall(function.plain, given, PyVectorcall_NARGS(flags), names)
            if function.found is not None and y is True:
                function.found(*[<object>args[i] for i in range(PyVectorcall_NARGS(flags))])
            return y
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef class OfMethod(StandIn):
    """A function such as `len` or `abs`, that calls one method of its first argument: lifted.

    `judge`: Python's own function, if it looks at what the method gives, as at a length.
    """

    cdef object name, judge

    def __cinit__(self, name, plain, readable, judge=None):
        self.vectorcall = <void *>call_of_method
        self.name, self.plain, self.readable = name, plain, readable
        self.judge = judge


cdef object LEN = len, HASH = hash, ITER = iter
cdef object MOST = 1 << 60


cdef bint is_accepted(object judge, object y) except -1:
    """Whether Python's function gives y itself, an answer of a special method, as it is."""
    if judge is float or judge is complex:
        return type(y) is judge
    if judge is ITER:
        return PyIter_Check(y)
    return type(y) is int and (judge is not LEN and judge is not HASH or 0 <= y < MOST)


cdef object call_of_method(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef OfMethod function = <OfMethod>self
    cdef Py_ssize_t n = PyVectorcall_NARGS(flags)
    if n > 0:
        f = lifted_method(Py_TYPE(<object>args[0]), function.name)
        if f is not None:
            if n > 1 or names != NULL:
                return PyObject_Vectorcall(function.readable, args, flags, names)
            y = PyObject_Vectorcall(f, args, flags, NULL)
            if function.judge is None or is_accepted(function.judge, y):
                return y
            if function.judge is float and is_compiled(y):
                return function.plain(y)
            return readable_judged(function.judge, <object>args[0], function.name, y)
        if function.judge is ITER and (n > 1 or may_be_users(<object>args[0])):
            return PyObject_Vectorcall(function.readable, args, flags, names)
    return PyObject_Vectorcall(function.plain, args, flags, names)


cdef class OfObject(StandIn):
    """`isinstance` or `type`: Python's own, but for what looks like something else."""

    def __cinit__(self, plain, readable):
        self.vectorcall = <void *>call_of_object
        self.plain, self.readable = plain, readable


cdef object call_of_object(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef OfObject function = <OfObject>self
    cdef PyTypeObject *kind
    cdef PyTypeObject *number
    cdef bint is_plain
    if names == NULL and PyVectorcall_NARGS(flags) > 0:
        x = <object>args[0]
        if Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE:
            is_plain = is_users(Py_TYPE(x))
        elif type(x) is Dual and PyVectorcall_NARGS(flags) == 2 and type(<object>args[1]) is type:
            kind = <PyTypeObject *>args[1]
            if not PyType_IsSubtype(kind, <PyTypeObject *>Dual):
                number = <PyTypeObject *>float64 if (<Dual>x).is_np else <PyTypeObject *>Float
                return PyType_IsSubtype(number, kind)
            is_plain = False
        else:
            is_plain = not isinstance(x, Dual)
        if is_plain:
            return PyObject_Vectorcall(function.plain, args, flags, NULL)
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef class GetAttr(StandIn):
    """The builtin `getattr`, or `hasattr`: properties of the user's classes are lifted."""

    def __cinit__(self, plain, readable):
        self.vectorcall = <void *>call_getattr
        self.plain, self.readable = plain, readable


cdef object HASATTR = hasattr


cdef object call_getattr(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef GetAttr function = <GetAttr>self
    cdef Py_ssize_t n = PyVectorcall_NARGS(flags)
    if names == NULL and (n == 2 or n == 3) and type(<object>args[1]) is str:
        x, name = <object>args[0], <object>args[1]
        if not (
            function.plain is HASATTR and not (
                Py_TYPE(x).tp_flags & Py_TPFLAGS_HEAPTYPE and is_users(Py_TYPE(x))
            )
            or is_property(Py_TYPE(x), name)
            or has_hooks(Py_TYPE(x))
            or isinstance(x, type) and is_descriptor(<PyTypeObject *><PyObject *>x, name)
        ):
            return PyObject_Vectorcall(function.plain, args, flags, NULL)
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef class OfName(StandIn):
    """`object.__getattribute__` and its like: properties of the user's classes are lifted."""

    def __cinit__(self, plain, readable):
        self.vectorcall = <void *>call_of_name
        self.plain, self.readable = plain, readable


cdef object call_of_name(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef OfName function = <OfName>self
    if names == NULL and PyVectorcall_NARGS(flags) > 1 and type(<object>args[1]) is str:
        x = <object>args[0]
        if not isinstance(x, type) and not is_property(Py_TYPE(x), <object>args[1]):
            return PyObject_Vectorcall(function.plain, args, flags, NULL)
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef class Caller(StandIn):
    """A function that stays, and is given others, or what it goes through: these are changed."""

    cdef object change

    def __cinit__(self, callee, change):
        self.vectorcall = <void *>call_caller
        self.plain = self.readable = callee
        self.change = change


cdef object call_caller(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Caller caller = <Caller>self
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flags) + (0 if names == NULL else len(<tuple>names))
    cdef PyObject *few[FEW]
    cdef PyObject **given = few
    cdef list held = []
    cdef Py_ssize_t changed = 0
    for i in range(n):
        if not is_data(<object>args[i]):
            changed += 1
    if changed == 0:
        return PyObject_Vectorcall(caller.plain, args, flags, names)
    if n > FEW:
        given = <PyObject **>PyMem_Malloc(n * sizeof(PyObject *))
        if given == NULL:
            raise MemoryError
    try:
        for i in range(n):
            given[i] = args[i]
            if not is_data(<object>args[i]):
                x = caller.change(<object>args[i])
                held.append(x)
                given[i] = <PyObject *>x
        return PyObject_Vectorcall(caller.plain, given, PyVectorcall_NARGS(flags), names)
    finally:
        if given != few:
            PyMem_Free(given)


@cython.final
cdef class Memoised(StandIn):
    """A function under a cache, `plain`: as `Memoised` in lifting/memos.py, which is `readable`.

    Here the arguments are the most simple duals, and what holds none.
    """

    def __cinit__(self, readable):
        self.vectorcall = <void *>call_memoised
        self.plain, self.readable = readable.cached, readable


# What stands in lifting/memos.py: filled in by `connect_memos`.
cdef object Memo = None
cdef object Kept = None
cdef tuple IN_PARTS = ()
cdef dict of_levels = {}      # differentiations.MEMOS


def connect_memos(memo, kept, parts, memos):
    """The same for lifting/memos.py."""
    global Memo, Kept, IN_PARTS, of_levels
    Memo, Kept, IN_PARTS, of_levels = memo, kept, parts, memos


cdef object call_memoised(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Memoised function = <Memoised>self
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flags)
    cdef list numbers = [], tangents = []
    cdef object level = None
    if names != NULL or function.readable.typed:
        return PyObject_Vectorcall(function.readable, args, flags, names)
    for i in range(n):
        x = <object>args[i]
        if type(x) is Dual:
            if level is None and is_of_one_open(<Dual>x):
                level = <object>(<Dual>x).lev
            if (<Dual>x).lev != <PyObject *>level or (<Dual>x).n >= 0:
                return PyObject_Vectorcall(function.readable, args, flags, names)
            numbers.append(x.primal)
            tangents.append((level, (<Dual>x).t[0]))
        elif not is_float(x) and isinstance(x, IN_PARTS):
            return PyObject_Vectorcall(function.readable, args, flags, names)
        elif not is_float(x) and type(type(x).__hash__) is Function:  # which may ask a dual
            return PyObject_Vectorcall(function.readable, args, flags, names)
        else:
            numbers.append(x)
            tangents.append(None)
    if level is None:
        return PyObject_Vectorcall(function.plain, args, flags, NULL)
    of_level = of_levels.get(level)
    if of_level is None:
        of_level = of_levels.setdefault(level, {})
    memo = of_level.get(<size_t><PyObject *>function.plain)
    if memo is None:
        memo = of_level.setdefault(<size_t><PyObject *>function.plain, Memo(function.readable))
    key = tuple(numbers)
    these = tuple(tangents)
    kept = memo.kept.get(key)
    if kept is None:
        memo.misses += memo.is_counting
        y = PyObject_Vectorcall(stand_in(function.plain.__wrapped__), args, flags, NULL)
        memo.keep(key, Kept(tuple([<object>args[i] for i in range(n)]), these, y))
        return y
    if these not in kept.given:
        return PyObject_Vectorcall(function.readable, args, flags, names)
    memo.found(key)
    return kept.given[these]


cdef extern from "Python.h":
    PyObject **PySequence_Fast_ITEMS(object x) noexcept


# What a function of several numbers gives, and its slopes: named as in math.
cdef enum Composite:
    NORM, DISTANCE, SUM, REMAINDER, LOG, PARTS, EXPONENT

COMPOSITES = {
    "hypot": NORM, "dist": DISTANCE, "fsum": SUM, "remainder": REMAINDER, "log": LOG,
    "modf": PARTS, "frexp": EXPONENT,
}


cdef class Several(StandIn):
    """A function of math that is no row: on duals of floats its value is math's own too.

    `rows`: the numbers of rows that it is made of.
    """

    cdef Composite kind
    cdef int log, div, sub, fmod, ldexp

    def __cinit__(self, name, plain, readable, row_number):
        self.vectorcall = <void *>call_several
        self.kind, self.plain, self.readable = COMPOSITES[name], plain, readable
        self.log, self.div, self.sub, self.fmod, self.ldexp = [
            row_number(row) for row in ("log", "div", "sub", "fmod", "ldexp")
        ]

    cdef object of_numbers(self, list numbers):
        """A function of numbers, one by one."""
        cdef Py_ssize_t n = len(numbers)
        cdef double few[MANY]
        cdef double *slopes = few
        if n > MANY:
            slopes = <double *>PyMem_Malloc(n * sizeof(double))
            if slopes == NULL:
                raise MemoryError
        try:
            return self.combined(numbers, slopes)
        finally:
            if slopes != few:
                PyMem_Free(slopes)

    cdef object combined(self, list numbers, double *slopes):
        """The same, with room for a slope for each of them."""
        cdef Py_ssize_t i, n = len(numbers)
        cdef list plain = []
        cdef double y, v
        cdef bint is_np
        cdef PyObject **each = PySequence_Fast_ITEMS(numbers)
        for i in range(n):
            if is_compiled(<object>each[i]):
                v = (<Dual>each[i]).v
            elif not is_double(<object>each[i], &v, &is_np):
                return None
            slopes[i] = v
            plain.append(v)
        y = self.plain(plain) if self.kind == SUM else self.plain(*plain)
        if self.kind == SUM:
            for i in range(n):
                slopes[i] = 1.0
        elif self.kind == REMAINDER:
            v = slopes[1]
            slopes[1] = rint((y - slopes[0]) / v) if v != 0.0 else 0.0
            slopes[0] = 1.0
        else:
            for i in range(n):
                slopes[i] = 0.0 if y == 0.0 else slopes[i] / y
        return combination(y, each, slopes, n, self.kind != NORM)

    cdef object distance(self, list p, list q):
        """math.dist, which is the norm of the differences."""
        cdef list differences = []
        if len(p) != len(q):
            return None
        for a, b in zip(p, q):
            if is_float(a) and is_float(b):
                differences.append(float(a) - float(b))
                continue
            difference = row_of_two(self.sub, a, b)
            if difference is None:
                return None
            differences.append(difference)
        return (<Several>functions[hypot]).of_numbers(differences)


cdef object hypot = math.hypot


def values_of(list numbers):
    """The values of a list of floats and simple duals; None of others, or where none is dual."""
    cdef bint any_dual = False
    cdef list values = []
    for x in numbers:
        if type(x) is Dual:
            any_dual, x = True, x.primal
        elif not is_float(x):
            return None
        values.append(x)
    return values if any_dual else None


def combined(double y, list numbers, list slopes):
    """y with the tangent by these slopes of the duals in such a list; None if that is not so simple."""
    cdef Py_ssize_t i, n = len(numbers)
    cdef double few[MANY]
    if n > MANY:
        return None
    for i in range(n):
        few[i] = slopes[i]
    return combination(y, PySequence_Fast_ITEMS(numbers), few, n, False)


cdef enum:
    MANY = 64


cdef object composed(Several function, PyObject *const *args, Py_ssize_t n):
    cdef object x = <object>args[0] if n else None
    cdef object b
    if function.kind == NORM or function.kind == REMAINDER:
        if function.kind == REMAINDER and n != 2:
            return None
        return function.of_numbers([<object>args[i] for i in range(n)])
    if function.kind == SUM or function.kind == DISTANCE:
        if n != (1 if function.kind == SUM else 2) or is_compiled(x) or is_compiled(<object>args[n - 1]):
            return None
        given = [list(<object>args[i]) for i in range(n)]  # which may be walked through only once
        if function.kind == SUM:
            y = function.of_numbers(given[0])
        else:
            y = function.distance(given[0], given[1])
        return function.readable(*given) if y is None else y
    if function.kind == LOG:
        if n == 1:
            return row_of_one(function.log, x) if is_compiled(x) else None
        if n != 2:
            return None
        b = <object>args[1]
        x = row_of_one(function.log, x) if is_compiled(x) else function.plain(x) if is_float(x) else None
        b = row_of_one(function.log, b) if is_compiled(b) else function.plain(b) if is_float(b) else None
        return None if x is None or b is None else row_of_two(function.div, x, b)
    if n != 1 or not is_compiled(x):
        return None
    fraction, whole = function.plain((<Dual>x).v)
    if function.kind == PARTS:
        fraction = row_of_two(function.fmod, x, 1.0)
    else:
        fraction = row_of_two(function.ldexp, x, -whole)
    return None if fraction is None else (fraction, whole)


cdef object call_several(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Several function = <Several>self
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flags)
    if names == NULL:
        for i in range(n):
            if not is_float(<object>args[i]):
                y = composed(function, args, n)
                if y is not None:
                    return y
                break
        else:
            return PyObject_Vectorcall(function.plain, args, flags, NULL)
    return PyObject_Vectorcall(function.readable, args, flags, names)


cdef Py_ssize_t offset_in(object nowhere, void **vectorcall):
    return <char *>vectorcall - <char *><PyObject *>nowhere


cdef object NOTHING_CACHED = types.SimpleNamespace(cached=None)


cdef void take_calls():
    cdef Row row = Row.__new__(Row, 0, None, None)
    cdef Answer answer = Answer.__new__(Answer, None, None)
    cdef Several several = Several.__new__(Several, "hypot", None, None, lambda name: 0)
    call_fast(Row, offset_in(row, &row.vectorcall))
    cdef ComplexRow of_complex = ComplexRow.__new__(ComplexRow, None, None, None)
    call_fast(ComplexRow, offset_in(of_complex, &of_complex.vectorcall))
    call_fast(Answer, offset_in(answer, &answer.vectorcall))
    call_fast(Several, offset_in(several, &several.vectorcall))
    cdef Constructor of_class = Constructor.__new__(Constructor, object)
    call_fast(Constructor, offset_in(of_class, &of_class.vectorcall))
    cdef OfMethod of_method = OfMethod.__new__(OfMethod, "__len__", len, len)
    call_fast(OfMethod, offset_in(of_method, &of_method.vectorcall))
    cdef GetAttr get = GetAttr.__new__(GetAttr, getattr, getattr)
    call_fast(GetAttr, offset_in(get, &get.vectorcall))
    cdef OfName of_name = OfName.__new__(OfName, getattr, getattr)
    call_fast(OfName, offset_in(of_name, &of_name.vectorcall))
    cdef Caller caller = Caller.__new__(Caller, None, None)
    call_fast(Caller, offset_in(caller, &caller.vectorcall))
    cdef Memoised of_cached = Memoised.__new__(Memoised, NOTHING_CACHED)
    call_fast(Memoised, offset_in(of_cached, &of_cached.vectorcall))
    cdef OfObject of_object = OfObject.__new__(OfObject, type, type)
    call_fast(OfObject, offset_in(of_object, &of_object.vectorcall))


take_calls()


# -- arrays that take duals ------------------------------------------------------------------


cdef type ndarray = numpy.ndarray
cdef object DualArray = None
cdef object Buffer = None
cdef object Memory = None


def connect_arrays(dual_array, buffer, memory):
    """Take over the classes of arrays."""
    global DualArray, Buffer, Memory
    DualArray, Buffer, Memory = dual_array, buffer, memory


cdef class Whole:
    """The array of a buffer and all its views."""

    cdef public object array
    cdef public list aliases

    def __cinit__(self, array):
        self.array, self.aliases = array, []


cdef class Room:
    """The elements of a buffer, one by one: see array/buffers.py."""

    cdef public object _whole, _steps, _owner, _seen, _content

    def __cinit__(self, whole, steps=(), owner=None):
        self._whole, self._steps, self._owner = whole, steps, owner

    cdef inline object now(self):
        whole = (<Whole>self._whole).array
        if whole is self._seen and whole is not None:
            return self._content
        if not self._steps:
            self._seen = self._content = whole
            return whole
        return self.followed()

    @property
    def content(self):
        """The array as it is now: an ndarray or a DualArray, never a copy."""
        return self.now()

    cdef object row(self, object content, object index):
        """A view of what stands under the first index of an array of several axes."""
        view = Buffer(
            self._whole, (*self._steps, itemgetter(index)), self if self._owner is None else self._owner
        )
        (<Room>view)._seen, (<Room>view)._content = (<Whole>self._whole).array, content[index]
        return view

    cdef bint promote(self, object number) except -1:
        """Make room for the tangents of a number, if the memory is of the simplest kind."""
        cdef Whole whole = <Whole>self._whole
        cdef cnp.npy_intp dims[9]
        cdef int i, ndim
        cdef Dual x
        array = whole.array
        if whole.aliases or type(array) is not ndarray or not isinstance(number, Dual):
            return False
        ndim = cnp.PyArray_NDIM(<cnp.ndarray>array)
        if not (
            cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_DOUBLE and 0 < ndim <= 8
            and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>array)
            and cnp.PyArray_ISBEHAVED(<cnp.ndarray>array) and cnp.PyArray_SIZE(<cnp.ndarray>array)
        ):
            return False
        x = <Dual>number
        if type(x) is not Dual or type(<object>x.lev) is not int:
            found = room_on_tape(x, array)
            if found is not None:
                whole.array = found
            return found is not None
        dims[0] = x.n
        for i in range(ndim):
            dims[i + 1] = cnp.PyArray_DIM(<cnp.ndarray>array, i)
        tangent = cnp.PyArray_ZEROS(
            ndim + (x.n >= 0), &dims[0 if x.n >= 0 else 1], cnp.NPY_DOUBLE, 0
        )
        whole.array = dual(array, tangent, <object>x.lev)
        return True

    def __getitem__(self, index):
        content = self.now()
        found = None
        if type(content) is ndarray or type(content) is DualArray:
            found = element(content, index)
            if found is None and type(index) is int and content.ndim > 1:
                return self.row(content, index)
        return self.read(index) if found is None else found

    def __setitem__(self, index, x):
        content = self.now()
        if type(content) is ndarray and self.promote(x):
            content = self.now()
        if type(content) is ndarray or type(content) is DualArray:
            if stored(content, index, x):
                return
        if type(x) is DualArray and type(content) is DualArray and are_of_one_level(x, content):
            content[index] = x
            return
        self.store(index, x)

    def __len__(self):
        return len(self.now())

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyObject_GetBuffer(self.lent_as(flags), view, flags)

    def __releasebuffer__(self, Py_buffer *view):
        """Nothing; since it is here, np.frombuffer holds the memory by a memoryview."""


cdef bint are_of_one_level(object x, object y) except -1:
    """Whether two arrays are of the same level, and only that."""
    if x.level != y.level:
        return False
    return type(x.primal) is ndarray and type(x.tangent) is ndarray


def operators_of_rooms(f, unbuffered):
    """The two methods of a binary operator of buffers."""

    def forward(Room self not None, other):
        return in_buffer(f(self.now(), taken_out(other, unbuffered)))

    def reflected(Room self not None, other):
        return in_buffer(f(taken_out(other, unbuffered), self.now()))

    return forward, reflected


cdef inline object taken_out(object x, object unbuffered):
    return (<Room>x).now() if type(x) is Buffer else x if is_float(x) else unbuffered(x)


@cython.final
cdef class Fresh:
    """What goes into a variable that is written to: a new array that nobody else holds takes duals."""

    def __matmul__(self, x):
        if type(self) is not Fresh:
            return NotImplemented
        if type(x) is ndarray and Py_REFCNT(x) == 1 and BASE_OF(<cnp.ndarray>x) == NULL:
            return in_buffer(x)
        return x


cdef object dual_of(tuple parts):
    return dual(parts[0], parts[1], parts[2])


cdef class Maker(StandIn):
    """np.zeros and its like, whose arrays take duals; what is unusual goes to the readable one."""

    cdef bint takes_lists, copies

    def __cinit__(self, plain, readable, bint takes_lists, bint copies=False):
        self.vectorcall = <void *>call_maker
        self.plain, self.readable = plain, readable
        self.takes_lists, self.copies = takes_lists, copies


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
            return dual_of(<tuple>found)
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


cdef class Lists(StandIn):
    """An array function or ufunc of NumPy; what may have duals in it goes to the readable one.

    `objects`: arrays of objects go there too. `of_arrays`: a list is one of arrays, each of its own.
    """

    cdef bint objects, of_arrays

    def __cinit__(self, plain, readable, bint objects, bint of_arrays=False):
        self.vectorcall = <void *>call_lists
        self.plain, self.readable = plain, readable
        self.objects, self.of_arrays = objects, of_arrays


cdef object call_lists(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Lists function = <Lists>self
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flags)
    cdef list taken = None
    if names != NULL:
        n += len(<tuple>names)
    for i in range(n):
        x = <object>args[i]
        if type(x) is float or type(x) is int or type(x) is str or x is None:
            continue
        if type(x) is list or type(x) is tuple:
            if function.of_arrays:
                if is_seen_by_numpy(x):
                    continue
            else:
                found = in_array(x)
                if found is False:  # no dual
                    continue
                if found is not None:
                    if taken is None:
                        taken = [<object>args[k] for k in range(n)]
                    taken[i] = dual_of(<tuple>found)
                    continue
            return PyObject_Vectorcall(function.readable, args, flags, names)
        if has_items(x) or (
            function.objects
            and type(x) is ndarray
            and cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_OBJECT
        ) or may_be_users(x) and gives_array(x):
            return PyObject_Vectorcall(function.readable, args, flags, names)
    if taken is None:
        return PyObject_Vectorcall(function.plain, args, flags, names)
    return PyObject_Vectorcall(
        function.plain, PySequence_Fast_ITEMS(taken), PyVectorcall_NARGS(flags), names
    )


cdef bint is_seen_by_numpy(object arrays):
    """Whether there is an array of duals in a list, and nothing that hides others."""
    cdef bint is_seen = False
    for x in arrays:
        if type(x) is DualArray:
            is_seen = True
        elif type(x) is not float and (
            type(x) is not ndarray or cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_OBJECT
        ):
            return False
    return is_seen


cdef inline bint has_items(object x):
    """Whether NumPy may take x apart, as a list; what is no number, array or dual."""
    if isinstance(x, list) or isinstance(x, tuple):
        return True
    if cnp.PyArray_Check(x) or isinstance(x, Dual) or type(x) is DualArray or type(x) is Buffer:
        return False
    return PySequence_Check(x)


cdef bint gives_array(object x) except -1:
    """Whether an object of the user's has a method of Python code that makes an array of it."""
    return is_function(_PyType_Lookup(Py_TYPE(x), "__array__")) and is_users(Py_TYPE(x))


cdef Lists lists = Lists.__new__(Lists, None, None, False)
call_fast(Lists, offset_in(lists, &lists.vectorcall))
cdef Maker maker = Maker.__new__(Maker, None, None, False)
call_fast(Maker, offset_in(maker, &maker.vectorcall))

globals().update(FINGERPRINT=FINGERPRINT)
