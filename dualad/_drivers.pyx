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
from libc.math cimport fabs, frexp, isfinite, ldexp
from libc.string cimport memcmp, memcpy, memset
cimport numpy as cnp

from ._kernel cimport (
    DIRECTIONS, JET, Dual, Nested, Recorded, Series, Tape, array, close_level, dual, dual_of_dual, has_refused, open_again,
    is_any_noted, is_double, is_near, is_open, is_vector, near_found, new_nested, new_series, on_tape, open_level, pulled, too_large,
    forget_places, unfilled, watch, Searches, know, pass_over,
)

from ._kernel import LargeTangent
from ._lifting cimport begin, callee_for, end, needs_anew, needs_lift, version_of

from functools import partial
from inspect import signature
from types import FunctionType, MethodType
import builtins as python_builtins

import numpy

cnp.import_array()

cdef extern from *:
    unsigned long long FINGERPRINT

cdef extern from "Python.h":
    void *Py_TYPE(object x)
    PyObject *PyFunction_GetCode(object f)
    PyObject *PyFunction_GetDefaults(object f)
    PyObject *PyFunction_GetKwDefaults(object f)
    PyObject *PyFunction_GetClosure(object f)
    PyObject *PyDict_GetItem(object names, object name)
    PyObject *PyCell_GET(object cell)
    PyObject *PyList_GET_ITEM(object x, Py_ssize_t i)
    int PyDict_Next(object x, Py_ssize_t *at, PyObject **key, PyObject **value)
    object PyObject_GenericGetDict(object x, void *context)
    void Py_INCREF(object x)
    void Py_CLEAR(PyObject *x)

cdef dict builtins = vars(python_builtins)

cdef extern from "_kernel.h":
    bint any_nan(const double *x, Py_ssize_t n) noexcept


cdef Py_ssize_t PASS = 256  # directions in one pass, as in stacking.py
cdef type ndarray = numpy.ndarray
cdef type float32 = numpy.float32
cdef type number = numpy.number
cdef type Function = FunctionType

# What stands in rooms below: filled in by `connect`.
cdef object readable_class = None     # dual.Dual
cdef object continued = None          # continued(definition, x, y, level): from what f gave for x
cdef object keeps_apart = None        # keeps_apart(f): whether its elements are, as it was run last
cdef object note_apart = None         # note_apart(f, is_apart): that they were, or not
cdef object along_both = None         # along_both(x): tangents of an array, ones and the weights
cdef object refuse_mixing = None      # refuse_mixing(made_by, args, kwargs, y, level): if it does
cdef dict mixing = {}                 # mixing.MIXING
cdef object tell = None               # tell(driver, error, why): say what helps
cdef object asks_to_settle = None     # asks_to_settle(made, x, level, y, passed): in how many calls; 0: y is
cdef object settle = None             # settle(made_by, args, kwargs, y, level, why): look into y
cdef object settle_along = None       # settle_along(f, x, v, y, level, why): the same for jvp
cdef object refuse_unless_steady = None  # refuse_unless_steady(made_by, args, kwargs, y, level)
cdef object harmless = None           # harmless(made): doubts that say nothing about f
cdef object made_of = None            # made_of(f): what it is made of
cdef object may_decide = None         # whether an argument decides what f does
cdef object is_same_look = None       # whether a look at part of it sees the same
cdef object own_of = None             # looks at the function itself,
cdef object in_cells = None           # its cells,
cdef object named = None              # what a name stands for,
cdef object members = None            # what there is in a class,
cdef object entries = None            # in a container,
cdef object attributes = None         # and in the `__dict__` of an object;
cdef object datum = None              # what stands for data that were seen
cdef dict noted = {}                  # differentiations.NOTED
cdef object gravest_doubt = None      # those of `differentiations`
cdef object note_again = None
cdef tuple losses = ()                # promises.LOSSES
cdef list doubts = [None]             # differentiations.DOUBTS
cdef object look_into = None          # look_into(driver, made_by, doubts, args, kwargs, result)
cdef object is_for_good = None        # is_for_good(error): whether lifting does not cure it
cdef object described = None          # described(driver): its text
cdef object global_name = None        # global_name(driver): where it stands in its module, or None
cdef object Lifted = None             # Lifted(f): f as the general driver runs it lifted
cdef object DualArray = None
cdef object unbuffered = None         # unbuffered(x): the array that x stands for
cdef object stripped = None           # stripped(definition, aux, level): aux without tangents
cdef object reverse_level = None      # a level that records, with a tape
cdef object input_of = None           # input_of(x, level): an array as an input, and its node
cdef object swept = None              # swept(level, y, leaves): the slopes of a number, by a sweep
cdef object second = None             # second(f, x, look): the Hessian in a list or a vector, by sweeps
cdef object change_of_gradient = None # change_of_gradient(f, x, v, look): along directions, by a sweep
cdef object second_look = None        # second_look(made_by, args, kwargs): what they look into f by
cdef object nonlinear = ()            # the error for what has no way back
cdef object series_begun = None       # series_begun(level, order): the level of a series
cdef object scale_of_series = None    # series.scale_of
cdef int MOST_NESTED = 0              # series.MOST_NESTED
cdef Py_ssize_t LEAST_NUMBERS, LEAST_ELEMENTS, VERY_FEW  # those of ways.py
cdef object FORWARD = object()        # left to the general driver, by forward mode


def connect(rooms):
    """Tell the short ways what to hand over to, by name."""
    global readable_class, continued, asks_to_settle, settle, settle_along, refuse_unless_steady
    global harmless, losses, noted, gravest_doubt, note_again, doubts, look_into
    global Lifted, DualArray, unbuffered, stripped, tell, described, global_name, is_for_good
    readable_class, continued, stripped = rooms["Dual"], rooms["continued"], rooms["stripped"]
    asks_to_settle, settle, settle_along = [
        rooms[name] for name in ("asks_to_settle", "settle", "settle_along")
    ]
    refuse_unless_steady, harmless, losses, noted, gravest_doubt, note_again, doubts, look_into = [
        rooms[name]
        for name in (
            *("refuse_unless_steady", "harmless", "LOSSES", "NOTED"),
            *("gravest_doubt", "note_again", "DOUBTS", "look_into"),
        )
    ]
    Lifted, DualArray, unbuffered = rooms["Lifted"], rooms["DualArray"], rooms["unbuffered"]
    tell, described, global_name, is_for_good = [
        rooms[name] for name in ("tell", "described", "global_name", "is_for_good")
    ]


def connect_elements(levels, known, note, seeds, refuse):
    """Tell them how it is seen whether a function of an array puts elements together."""
    global mixing, keeps_apart, note_apart, along_both, refuse_mixing
    mixing, keeps_apart, note_apart, along_both, refuse_mixing = levels, known, note, seeds, refuse


def connect_made(make, decides, same, all_looks, data):
    """Tell them how it is seen whether a function is made of the same as before."""
    global made_of, may_decide, is_same_look, own_of, in_cells, named, members, entries, attributes, datum
    made_of, may_decide, is_same_look, datum = make, decides, same, data
    own_of, in_cells, named, members, entries, attributes = all_looks


def quick(list looks):
    """The looks at what a function is made of; of a class the version, if it has one."""
    cdef unsigned int version
    cdef list found = []
    for seen in looks:
        look, at, before = seen
        if look is members and (version := version_of(at)) != 0:
            seen = version, at, before
        found.append(seen)
    return found


cpdef bint are_same_looks(list looks) except -1:
    """Whether looks at what a function is made of see the same."""
    for seen in looks:
        look, at, before = <tuple>seen
        if not is_at_once(look, at, <list>before):
            if not is_same_look((members, at, before) if type(look) is int else seen):
                return False
    return True


cdef bint is_at_once(object look, object at, list before) except -1:
    """Whether the same is seen without a call."""
    cdef PyObject *found
    cdef Py_ssize_t i, n = len(before)
    if type(look) is int:
        return version_of(at) == <unsigned int>look
    if look is own_of:
        return (
            PyFunction_GetCode(at) == <PyObject *>before[0]
            and default(PyFunction_GetDefaults(at)) == <PyObject *>before[1]
            and default(PyFunction_GetKwDefaults(at)) == <PyObject *>before[2]
        )
    if look is named:
        found = PyDict_GetItem((<tuple>at)[0], (<tuple>at)[1])
        if found == NULL:
            found = PyDict_GetItem(builtins, (<tuple>at)[1])
        return is_same(found, <PyObject *>before[0])
    if look is in_cells:
        cells = <tuple>(<object>PyFunction_GetClosure(at))
        for i in range(n):
            if not is_same(PyCell_GET((<tuple>cells)[i]), <PyObject *>before[i]):
                return False
        return True
    if look is entries:
        if type(at) is dict:
            return len(<dict>at) <= MOST_PARTS and are_entries(<dict>at, before, 0)
        return type(at) is list and len(<list>at) <= MOST_PARTS and are_parts(<list>at, before)
    if look is attributes:
        if type(at) is not before[1]:
            return False
        held = PyObject_GenericGetDict(at, NULL)
        return type(held) is dict and are_entries(<dict>held, before, 2)
    return False


cdef bint are_entries(dict held, list before, Py_ssize_t i) except -1:
    """Whether a dict holds what was seen of it from i on, data apart, in the same order."""
    cdef Py_ssize_t at = 0, n = len(before)
    cdef PyObject *key
    cdef PyObject *x
    while PyDict_Next(held, &at, &key, &x):
        if is_data(<object>x) and is_data(<object>key):
            continue
        if i == n or not is_same(key, PyList_GET_ITEM(before, i)):
            return False
        if not is_same(x, PyList_GET_ITEM(before, i + 1)):
            return False
        i += 2
    return i == n


cdef bint are_parts(list held, list before) except -1:
    """The same of a list."""
    cdef Py_ssize_t i = 0, at, n = len(before)
    cdef PyObject *x
    for at in range(len(held)):
        x = PyList_GET_ITEM(held, at)
        if is_data(<object>x):
            continue
        if i == n or before[i] != at or not is_same(x, PyList_GET_ITEM(before, i + 1)):
            return False
        i += 2
    return i == n


cdef inline bint is_same(PyObject *x, PyObject *was) noexcept:
    """Whether one thing is the other, or both are data: which, does not count."""
    return x == was or (x != NULL and was == <PyObject *>datum and is_data(<object>x))


cdef inline bint is_data(object x) noexcept:
    kind = type(x)
    if kind is str:
        return not (<str>x).isidentifier()
    if kind is ndarray:
        return not cnp.PyArray_ISOBJECT(<cnp.ndarray>x)
    return kind is int or kind is float or kind is complex or isinstance(x, Dual)


cdef inline PyObject *default(PyObject *x) noexcept:
    return <PyObject *>None if x == NULL else x


# What a call gives: its arguments, those with a name last, and which of them are differentiated.
cdef enum:
    MOST = 8  # arguments in a short way

cdef enum Way:  # which `mode` asks for
    EITHER, FORTH, BACK

ctypedef struct Given:
    PyObject *const *args
    PyObject *names
    Py_ssize_t n      # of the positional ones
    Py_ssize_t all
    Py_ssize_t at[MOST]
    Py_ssize_t count  # how many are differentiated
    bint is_single    # one by itself, not a tuple of one
    bint is_run       # f has been run,
    PyObject *y       # and has given this last, as for plain numbers


def connect_reverse(
    level, make, sweep, twice, along, look, error,
    Py_ssize_t numbers, Py_ssize_t elements, Py_ssize_t few
):
    """Tell them what reverse mode is made of, and from how many inputs on it is taken.

    numbers: for a gradient; elements: for the Hessian in a vector. Up to a `few` go forward where a
    sweep meets what is not finite.
    """
    global reverse_level, input_of, swept, second, change_of_gradient, second_look, nonlinear
    global LEAST_NUMBERS, LEAST_ELEMENTS, VERY_FEW
    reverse_level, input_of, swept, second, nonlinear = level, make, sweep, twice, error
    change_of_gradient, second_look = along, look
    LEAST_NUMBERS, LEAST_ELEMENTS, VERY_FEW = numbers, elements, few


def connect_series(begun, scale, most_nested):
    """Tell them how the level of a series begins, and how one is scaled for a derivative.

    `most_nested`: up to this order nested duals follow where the series is not finite.
    """
    global series_begun, scale_of_series, MOST_NESTED
    series_begun, scale_of_series, MOST_NESTED = begun, scale, most_nested


cdef inline bint is_plain(object x) noexcept:
    """Whether f cannot change it, and it has no tangents that are not numbers."""
    return type(x) is float or type(x) is int or type(x) is Dual or type(x) is str or x is None


cdef bint is_constant(object x, int depth=0):
    """Whether `own` gives what the general driver hands to f for an argument like this."""
    if is_plain(x):
        return True
    if type(x) is ndarray:
        return is_plainly_laid(<cnp.ndarray>x) and cnp.PyArray_ISNUMBER(<cnp.ndarray>x)
    if type(x) is list or type(x) is tuple:
        for part in x:
            if type(part) is Dual or depth > DEEPEST or not is_constant(part, depth + 1):
                return False
        return True
    if type(x) is dict:
        for part in (<dict>x).values():
            if type(part) is Dual or depth > DEEPEST or not is_constant(part, depth + 1):
                return False
        return True
    if type(x) is bool or type(x) is complex or issubclass(type(x), number):  # and no dual of one
        return True
    return isinstance(x, (Function, type))


cdef enum:
    MOST_CALLS = 1 << 20  # that are passed over
    MOST_PARTS = 1 << 12  # of a container, as in lifting/instructions.py
    LARGE = 1 << 15   # elements of a tangent: more than a processor has at hand
    MOST_ARRAYS = 32  # in a short way
    DEEPEST = 50      # lists within lists

ctypedef struct Spans:  # of memory
    char *start[MOST_ARRAYS]
    char *stop[MOST_ARRAYS]
    int n
    bint has_gaps      # one of them


cdef bint is_apart(object x, Spans *spans, int depth=0):
    """Whether the arrays in x share no memory with those whose spans are known; theirs are noted."""
    cdef char *start
    cdef char *stop
    cdef int i
    if type(x) is ndarray:
        if spans.n == MOST_ARRAYS or spans.has_gaps:
            return False
        start = cnp.PyArray_BYTES(<cnp.ndarray>x)
        stop = start + cnp.PyArray_NBYTES(<cnp.ndarray>x)
        spans.has_gaps = not cnp.PyArray_ISONESEGMENT(<cnp.ndarray>x)
        if spans.has_gaps and spans.n > 0:
            return False
        for i in range(spans.n):
            if start < spans.stop[i] and spans.start[i] < stop:
                return False
        spans.start[spans.n], spans.stop[spans.n] = start, stop
        spans.n += 1
        return True
    if depth > DEEPEST:
        return False
    if type(x) is list or type(x) is tuple:
        for part in x:
            if type(part) is not float and not is_apart(part, spans, depth + 1):
                return False
    elif type(x) is dict:
        for part in (<dict>x).values():
            if type(part) is not float and not is_apart(part, spans, depth + 1):
                return False
    return True


cdef object own(object x):
    """What f gets of an argument that is not differentiated: it may change its arrays."""
    if type(x) is ndarray:
        return cnp.PyArray_NewCopy(<cnp.ndarray>x, cnp.NPY_KEEPORDER)
    if type(x) is list:
        return [own(part) for part in <list>x]
    if type(x) is tuple:
        return tuple([own(part) for part in <tuple>x])
    if type(x) is dict:
        return {key: own(part) for key, part in (<dict>x).items()}
    return x


cdef class Driver:
    # The wrapper that a driver gives back: a function of Python to whoever looks at it.
    # What it is called, its text and its signature are those of f, and looked up when asked for,
    # so that `derivative(f)(x)` costs little also where it is written in a loop.

    cdef void *vectorcall
    cdef object definition, general  # definition(f, argnums): the general driver, made when needed
    cdef object forward              # the same by forward mode
    cdef object f                    # the function; Lifted, if it is to be, from the first call on
    cdef object callee               # what is called for it
    cdef object argnums
    cdef Py_ssize_t argnum           # if it is one index
    cdef dict positions              # of arguments by name, as far as they were asked for
    cdef object driver, given        # driver(given, argnums, lift=lift) is this wrapper
    cdef object lift
    cdef object mode
    cdef Way way
    cdef object made, looks          # of what f is made, as it was looked at, and its looks
    cdef object beside               # the same with the functions that f was given last
    cdef list beside_looks
    cdef object harmless             # the doubts that say nothing about f then, once there are any
    cdef Searches searches           # that were looked into,
    cdef size_t others               # with other arguments that decide so
    cdef bint is_lifted, is_index, has_aux, is_never_near
    cdef dict __dict__
    cdef object __weakref__

    def __cinit__(self, definition, argnums, driver, given, lift, bint has_aux=False, mode=None):
        self.vectorcall = <void *>call_driver
        self.definition, self.f, self.argnums = definition, given, argnums
        self.driver, self.given, self.lift, self.has_aux = driver, given, lift, has_aux
        self.mode, self.way = mode, EITHER if mode is None else FORTH if mode == "forward" else BACK
        self.is_index = type(argnums) is int
        if self.is_index:
            self.argnum = argnums

    cdef Py_ssize_t place(self, object argnum, Given *given) except -2:
        """Where the argument to differentiate is; -1 if the general driver is to say."""
        cdef Py_ssize_t i
        if type(argnum) is int:
            i = argnum
            return i if 0 <= i < given.n else i + given.n if -given.n <= i < 0 else -1
        if given.names != NULL:
            for i in range(given.all - given.n):
                if (<tuple>given.names)[i] == argnum:
                    return given.n + i
        if self.positions is None:
            self.positions = {}
        found = self.positions.get(argnum)
        if found is None:
            try:
                found = list(signature(self.given).parameters).index(argnum)
            except (TypeError, ValueError):
                found = -1
            self.positions[argnum] = found
        i = found
        return i if i < given.n else -1

    cdef bint find(self, Given *given) except -1:
        """Whether the arguments to differentiate are there, each once."""
        cdef Py_ssize_t i, j
        given.is_single = type(self.argnums) is not tuple
        each = (self.argnums,) if given.is_single else <tuple>self.argnums
        given.count = len(each)
        for i in range(given.count):
            given.at[i] = self.place(each[i], given)
            if given.at[i] < 0:
                return False
            for j in range(i):
                if given.at[i] == given.at[j]:
                    return False
        return given.count > 0

    cdef dict options(self):
        cdef dict options = {}
        if self.has_aux:
            options["has_aux"] = True
        if self.mode is not None:
            options["mode"] = self.mode
        return options

    cdef object general_way(self):
        if self.general is None:
            self.general = self.definition(self.function(), self.argnums, **self.options())
        return self.general

    cdef object function(self):
        """f, which says whether it is lifted, or must not be."""
        return Lifted(self.given, False) if self.lift is False else self.f

    cdef object forward_way(self):
        if self.forward is None:
            options = self.options() | {"mode": "forward", "lift": self.lift}
            self.forward = self.driver(self.given, self.argnums, **options)
        return self.forward

    cdef int prepare(self) except -1:
        """Look what is to be called, before the first call; later, whether it still is the twin."""
        if self.callee is None:
            if not self.is_lifted:  # as it is if f was found to need it after all
                self.is_lifted = needs_lift(self.given) if self.lift is None else self.lift
            if self.is_lifted:
                self.f = Lifted(self.given)
            else:
                self.callee = self.given
        if self.is_lifted:
            self.callee = callee_for(self.given, self.callee)
        return 0

    cdef bint needs_lift_now(self) except -1:
        """Whether f needs lifting after all: it is lifted then from now on."""
        if self.is_lifted or self.lift is not None or not needs_anew(self.given):
            return False
        self.is_lifted, self.f = True, Lifted(self.given)
        self.made = self.beside = self.callee = self.general = self.forward = None
        return True

    cdef object short_way(self, object level, object x, Given *given):
        """The result; NotImplemented if the general way is to be taken."""
        return NotImplemented

    cdef object arranged(self, object y, object slopes, object aux):
        """What the driver gives, of a value and its slopes."""
        return slopes

    cdef object call(self, object level, object x, Given *given):
        """f with x in place of what is differentiated; NotImplemented if it is to be run again."""
        y = self.run(level, x, given)
        if y is NotImplemented or not is_any_noted():
            return y
        return self.settled(level, x, y, given)

    cdef object run(self, object level, object x, Given *given):
        """The same, not looked into."""
        cdef PyObject *args[MOST]
        cdef list held = None
        cdef Py_ssize_t i
        memcpy(args, given.args, given.all * sizeof(PyObject *))
        if given.is_single:
            args[given.at[0]] = <PyObject *>x
        else:
            for i in range(given.count):
                args[given.at[i]] = <PyObject *>(<tuple>x)[i]
        for i in range(given.all):
            if args[i] == given.args[i] and not is_plain(<object>args[i]):
                part = own(<object>args[i])
                if <PyObject *>part != args[i]:
                    if held is None:
                        held = []
                    held.append(part)
                    args[i] = <PyObject *>part
        given.is_run = True
        Py_CLEAR(given.y)
        try:
            if self.is_lifted:
                begin()
                try:
                    y = PyObject_Vectorcall(self.callee, args, given.n, given.names)
                finally:
                    end()
            else:
                y = PyObject_Vectorcall(self.callee, args, given.n, given.names)
        except Exception as error:
            if has_refused(level) and gravest_doubt(level) == "objects":  # the general driver says so
                self.needs_lift_now()
                return NotImplemented
            if isinstance(error, (TypeError, AttributeError)) and not is_for_good(error):
                if self.needs_lift_now():
                    return NotImplemented
            tell(self.driver.__name__, error, gravest_doubt(level) if has_refused(level) else "")
            raise
        Py_INCREF(y)
        given.y = <PyObject *>y
        return y

    cdef object settled(self, object level, object x, object y, Given *given, object older=None):
        """y, which f has given for x, looked into; NotImplemented if f is to be run again.

        older: of a second derivative, the other level.
        """
        if is_near(level):
            near_found(self.searches.is_passed or self.is_near_harmless(given))
        if older is not None and has_refused(older):
            note_again(level, gravest_doubt(older))
        if not has_refused(level) or not self.asks_to_settle(level, x, y, given):
            return y
        why = gravest_doubt(level)
        if why in losses:
            Py_CLEAR(given.y)  # which need not be what plain numbers give
        if why == "objects" and self.needs_lift_now():
            return NotImplemented
        if why in losses and self.way == EITHER and (older is not None or type(level) is not int):
            return NotImplemented  # forward less may be lost
        args, kwargs = arguments(given)
        close_level(level)  # for f, which may have kept its duals
        if older is not None:
            close_level(older)
        try:
            if older is None:
                return y if settle(self.made_by(), args, kwargs, y, level, why) else NotImplemented
            second_look(self.made_by(), args, kwargs)(why)
            return y
        except (TypeError, AttributeError) as error:
            if is_for_good(error) or not self.needs_lift_now():
                raise
            return NotImplemented
        finally:
            if older is not None:
                open_again(older)
            open_again(level)

    cdef int will_run_again(self, object level, Given *given) except -1:
        """f has been run, and that is given up: it must not have changed what it gives."""
        args, kwargs = arguments(given)
        y = None if given.y == NULL else <object>given.y
        refuse_unless_steady(self.made_by(), args, kwargs, y, level)
        return 0

    cdef object second_look(self, Given *given):
        args, kwargs = arguments(given)
        return second_look(self.made_by(), args, kwargs)

    cdef tuple made_by(self):
        return self.driver.__name__, self.function(), self.argnums, self.has_aux

    cdef bint asks_to_settle(self, object level, object x, object y, Given *given) except -1:
        """Whether y, which f has given for x, is to be looked into, for what is noted."""
        cdef Py_ssize_t calls
        f = self.with_functions(given)
        if f is self.f:
            self.look_what_is_harmless()
            if noted[level].doubts <= self.harmless:
                return False
            f = self.made
        if given.all > given.count:
            f = made_of(self.f, deciding(given))
        calls = asks_to_settle(f, x, level, y, self.searches.passed)
        self.searches.passed = 0
        if calls:
            pass_over(&self.searches, min(calls, MOST_CALLS))
        return not calls

    cdef bint is_near_harmless(self, Given *given) except -1:
        """Whether it says nothing about f that a number was near zero, which is asked often."""
        if self.is_never_near and self.searches.calls & 15 and given.all == given.count:
            return True
        if self.with_functions(given) is not self.f:
            return False
        self.look_what_is_harmless()
        self.is_never_near = "near" in self.harmless
        return self.is_never_near

    cdef int look_what_is_harmless(self) except -1:
        self.is_as_it_was()
        if self.harmless is None:
            self.harmless = harmless(self.made)
        return 0

    cdef bint is_passed(self) except -1:
        """Whether a search was passed over that is one of f as it was, not as it is."""
        if not self.searches.is_passed:
            return False
        self.searches.is_passed = False
        self.searches.passed += 1
        return not self.is_as_it_was()

    cdef int look_at_others(self, Given *given) except -1:
        """Whether other arguments decide as before; else searches are not those that are known."""
        cdef size_t others = 0
        for i in range(given.all):
            if not is_differentiated(given, i):
                others = others * 1000003 + deciding_in(<object>given.args[i])
        if others != self.others:
            self.others = others
            self.forget_searches()
        return 0

    cdef int forget_searches(self) except -1:
        cdef Py_ssize_t calls = self.searches.calls
        memset(&self.searches, 0, sizeof(self.searches))
        self.searches.calls = calls
        forget_places()
        return 0

    cdef object with_functions(self, Given *given):
        """f, or what it is made of with functions and classes that it is given."""
        cdef list functions = []
        for i in range(given.all):
            if isinstance(<object>given.args[i], (Function, type)):
                functions.append(<object>given.args[i])
        if not functions:
            return self.f
        if self.beside is None or not (
            are_same(functions, self.beside.given) and are_same_looks(self.beside_looks)
        ):
            self.beside = made_of(self.f, functions)
            self.beside_looks = self.beside.looks
        return self.beside

    cdef bint is_as_it_was(self) except -1:
        """Whether f is still made of the same, so that what was found of it holds."""
        if self.made is not None and are_same_looks(<list>self.looks):
            return True
        before, made = self.made, made_of(self.f)
        self.harmless, self.looks, self.made = None, made.looks, made
        if before is not None:
            self.forget_searches()
        return False

    cdef object in_single(self, object level, object x, Given *given):
        """The result with respect to a few float32 numbers, whose duals are the readable ones."""
        aux = None
        seeds = single_seeds(x, level)
        if seeds is None:
            return NotImplemented
        y = self.call(level, seeds, given)
        if y is NotImplemented:
            return y
        if self.has_aux:
            if type(y) is not tuple or len(y) != 2:
                return continued(self.definition, x, y, level, True)
            y, aux = y
        slopes = single_slopes(x, y, level)
        if slopes is None:
            if self.has_aux:
                return continued(self.definition, x, (y, aux), level, True)
            return continued(self.definition, x, y, level)
        if self.has_aux:
            aux = aux_in(self.definition, aux, level)
        return self.arranged(y.primal, slopes, aux)

    cdef object backward(self, object opened, object x, Given *given):
        """The result by one sweep; FORWARD or NotImplemented if there is none.

        x is a structure of floats and of arrays of them, as `directions_of` knows.
        """
        level = reverse_level(opened, self.way == EITHER, directions_of(x))
        cdef Tape tape = level.tape
        cdef Py_ssize_t size = len(x) if type(x) is list or type(x) is tuple else 0, at = 0
        cdef list leaves = None
        cdef Dual result
        aux = None
        seeds = on_tape(list(x), tape, level) if size else None
        if seeds is None:
            if directions_of(x) <= 0:
                return NotImplemented
            leaves = []
            seeds = inputs_on(x, tape, level, leaves)
        elif type(x) is tuple:
            seeds = tuple(seeds)
        level.inputs = range(size) if leaves is None else leaves
        level.__enter__()
        try:
            y = self.run(level, seeds, given)
        except nonlinear:
            if self.way == BACK:
                raise
            return FORWARD
        finally:
            level.__exit__()
        if y is not NotImplemented:
            y = self.settled(level, seeds, y, given)
        if y is NotImplemented:
            return y
        if self.has_aux:
            if type(y) is not tuple or len(y) != 2:
                return NotImplemented
            y, aux = y
        if type(y) is float or type(y) is int:
            if y != y:
                return NotImplemented
            if self.has_aux:
                aux = aux_in(self.definition, aux, level)
            return self.arranged(y, arranged_slopes(x, NULL, &at), aux)
        if type(y) is not Recorded:
            return NotImplemented
        result = <Dual>y
        if result.lev != <PyObject *>level or result.v != result.v:
            return NotImplemented
        value = y.primal
        if self.has_aux:
            aux = aux_in(self.definition, aux, level)
        if not tape.externals and not level.blocks and (leaves is None or are_places(leaves)):
            slopes = pulled(tape, result.n, size if leaves is None else leaves[len(leaves) - 1] + 1)
            if slopes is not None and leaves is not None:
                slopes = [slopes[place] for place in leaves]
        else:
            try:
                slopes = swept(level, y, range(size) if leaves is None else leaves)
            except nonlinear:
                if self.way == BACK:
                    raise
                return FORWARD
        tape.clear()
        if slopes is None:
            return FORWARD if directions_of(x) <= VERY_FEW else NotImplemented
        if leaves is not None:
            slopes = arranged_leaves(x, iter(slopes))
        elif type(x) is tuple:
            slopes = tuple(slopes)
        return self.arranged(value, slopes, aux)

    def __getattr__(self, name):
        if name == "__wrapped__":
            return self.given
        if name == "__name__" or name == "__qualname__":
            return getattr(self.given, name, type(self.given).__name__)
        if name == "__annotations__":
            return self.given.__annotations__
        try:
            return vars(self.given)[name]
        except (TypeError, KeyError):
            raise AttributeError(f"{self!r} has no attribute {name!r}") from None

    @property
    def __doc__(self):
        return vars(self).get("__doc__", self.given.__doc__)

    @__doc__.setter
    def __doc__(self, text):
        vars(self)["__doc__"] = text

    @property
    def __module__(self):
        return vars(self).get("__module__", self.given.__module__)

    @__module__.setter
    def __module__(self, name):
        vars(self)["__module__"] = name

    def __get__(self, instance, owner):
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self):
        driver = self.driver
        options = self.options()
        if self.lift is not None:
            options["lift"] = self.lift
        return partial(driver, **options) if options else driver, (self.given, self.argnums)

    def __reduce_ex__(self, protocol):
        return global_name(self) or self.__reduce__()

    def __repr__(self):
        return described(self)


cdef object call_driver(PyObject *self, PyObject *const *args, size_t flags, PyObject *names):
    cdef Driver driver = <Driver>self
    cdef Given given
    before = doubts[0]
    result = called(driver, args, flags, names)
    if doubts[0] is not before:
        given.args, given.names, given.n = args, names, PyVectorcall_NARGS(flags)
        given.all = given.n if names == NULL else given.n + len(<tuple>names)
        each, by_name = arguments(&given)
        look_into(driver, driver.made_by(), before, each, by_name, result)
    return result


cdef tuple arguments(Given *given):
    """All arguments, those by name in a dict."""
    each = [<object>given.args[i] for i in range(given.all)]
    by_name = {} if given.names == NULL else dict(zip(<tuple>given.names, each[given.n:]))
    return each[:given.n], by_name


cdef object called(Driver driver, PyObject *const *args, size_t flags, PyObject *names):
    cdef Given given
    cdef Spans spans
    cdef Py_ssize_t i, j
    cdef bint short
    given.args, given.names, given.n = args, names, PyVectorcall_NARGS(flags)
    given.all = given.n if names == NULL else given.n + len(<tuple>names)
    if driver.is_lifted or driver.callee is None:
        driver.prepare()
    short = given.all <= MOST
    if short and driver.is_index and 0 <= driver.argnum < given.n:
        given.at[0], given.count, given.is_single = driver.argnum, 1, True
    elif short:
        short = driver.find(&given)
    if short:
        for i in range(given.all):
            if not is_plain(<object>args[i]):
                for j in range(given.count):
                    if i == given.at[j]:
                        break
                else:
                    if not is_constant(<object>args[i]):
                        short = False
                        break
    spans.n, spans.has_gaps = 0, False
    for i in range(given.all if short else 0):  # else f might write into one and read the other
        if not is_plain(<object>args[i]) and not is_apart(<object>args[i], &spans):
            short = False
            break
    if short:
        if given.is_single:
            x = <object>args[given.at[0]]
        else:
            x = tuple([<object>args[given.at[i]] for i in range(given.count)])
        if given.all > given.count and driver.searches.at[0].code != NULL:
            driver.look_at_others(&given)
        level = open_level()
        given.is_run, given.y = False, NULL
        driver.searches.calls += 1
        driver.searches.level = <PyObject *>level
        driver.searches.has_asked = driver.searches.is_passed = False
        know(&driver.searches)
        try:
            result = driver.short_way(level, x, &given)
            if driver.searches.is_passed and driver.is_passed():
                result = NotImplemented
            if given.is_run and (result is FORWARD or result is NotImplemented):
                driver.will_run_again(level, &given)
        finally:
            know(NULL)
            Py_CLEAR(given.y)
            close_level(level)
        if result is FORWARD and driver.way == EITHER:
            return PyObject_Vectorcall(driver.forward_way(), args, flags, names)
        if result is not FORWARD and result is not NotImplemented:
            return result
    try:
        return PyObject_Vectorcall(driver.general_way(), args, flags, names)
    except (TypeError, AttributeError) as error:
        if is_for_good(error) or not driver.needs_lift_now():
            raise
    return PyObject_Vectorcall(driver.general_way(), args, flags, names)


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

    cdef object keeps_apart  # whether f has left elements where they are, when it was run last
    cdef object both  # ones and the weights for an array of the last shape

    cdef object short_way(self, object level, object x, Given *given):
        if not given.is_single:
            return NotImplemented
        if type(x) is ndarray:
            if not is_real(x) or not is_plainly_laid(x) or not cnp.PyArray_NDIM(<cnp.ndarray>x):
                return NotImplemented
            try:
                return self.of_array(level, <cnp.ndarray>x, given)
            finally:
                mixing.pop(level, None)
        seed = unit_number(x, level)
        if seed is None and type(x) is complex:
            seed = dual(x, ALONG_BOTH.copy(), level)
        if seed is None:
            return self.in_single(level, x, given) if type(x) is float32 else NotImplemented
        y = self.call(level, seed, given)
        if y is NotImplemented:
            return y
        slope = slope_in_complex(y, level) if type(x) is complex else row(x, y, level)
        return continued(self.definition, x, y, level) if slope is None else slope

    cdef object of_array(self, object level, cnp.ndarray x, Given *given):
        """The slopes at each element: along ones, and along the weights if f may mix elements."""
        cdef bint is_alone
        if self.keeps_apart is None:
            self.keeps_apart = keeps_apart(self.f)
        is_alone = self.keeps_apart
        seeds = dual(x.copy("K"), self.directions(x, is_alone), level)
        mixing[level] = set()
        y = self.call(level, seeds, given)
        if y is NotImplemented:
            return y
        is_apart = not mixing[level]
        if is_apart is not self.keeps_apart:
            self.keeps_apart = is_apart
            note_apart(self.f, is_apart)
        slopes = slopes_of_each(x, y, level)
        if slopes is not None and is_alone and is_apart:
            return slopes
        if slopes is not None and not is_alone and (is_apart or self.are_weighted(slopes, x)):
            return slopes[0].copy("K")
        args, kwargs = arguments(given)
        close_level(level)  # for f, which may have kept its duals
        try:
            refuse_mixing(self.made_by(), args, kwargs, y, level)
        finally:
            open_again(level)
        return continued(self.definition, x, y, level)

    cdef bint are_weighted(self, object slopes, cnp.ndarray x) except -1:
        return are_weighted(slopes, along_both(x) if self.both is None else self.both)

    cdef object directions(self, cnp.ndarray x, bint is_alone):
        """The tangent of x: ones, or these and the weights."""
        if is_alone:
            return numpy.ones_like(x)
        both = self.both
        if both is None or both.dtype != x.dtype or both[0].shape != (<object>x).shape or (
            both.strides[1:] != (<object>x).strides
        ):
            both = along_both(x)
            if cnp.PyArray_SIZE(x) > LARGE:  # too large to be kept
                self.both = None
                return both
            self.both = both
        return both.copy("K")


cdef object slopes_of_each(cnp.ndarray x, object y, object level):
    """The tangent of y, an array of the shape of x, without nan; None if it is something else."""
    if not isinstance(y, readable_class) or y.level != level:
        return None
    value, slopes = y.primal, y.tangent
    if type(value) is not ndarray or value.shape != (<object>x).shape or has_nan(value):
        return None
    return slopes if type(slopes) is ndarray and slopes.dtype == value.dtype else None


cdef bint are_weighted(cnp.ndarray slopes, cnp.ndarray both) except -1:
    """Whether those along the weights are the weights times those along ones, but for rounding.

    False, too, where that is for `promises.refuse_unless_elementwise` to say.
    """
    cdef const double *along
    cdef const double *weights
    cdef double wanted
    cdef Py_ssize_t i, n
    if cnp.PyArray_TYPE(slopes) != cnp.NPY_DOUBLE or cnp.PyArray_TYPE(both) != cnp.NPY_DOUBLE:
        return False
    if not cnp.PyArray_IS_C_CONTIGUOUS(slopes):
        return False
    if not cnp.PyArray_SAMESHAPE(slopes, both) or not cnp.PyArray_IS_C_CONTIGUOUS(both):
        return False
    along, weights = <const double *>cnp.PyArray_DATA(slopes), <const double *>cnp.PyArray_DATA(both)
    n = cnp.PyArray_SIZE(slopes) // 2
    for i in range(n):
        wanted = along[i] * weights[n + i]
        if not (fabs(wanted - along[n + i]) <= 1e-6 * fabs(wanted)):
            return False
    return True


cdef inline bint is_differentiated(Given *given, Py_ssize_t i) noexcept:
    cdef Py_ssize_t j
    for j in range(given.count):
        if given.at[j] == i:
            return True
    return False


cdef list deciding(Given *given):
    """The other arguments that decide what f does, as `Inputs.made` has them."""
    return [
        <object>given.args[i]
        for i in range(given.all)
        if not is_differentiated(given, i) and may_decide(<object>given.args[i])
    ]


cdef size_t deciding_in(object x) except? 0:
    """What of an argument decides, as lifting/made.py says of numbers: of a float, its size."""
    cdef int exponent
    if type(x) is float:
        frexp(<double>x, &exponent)
        return <size_t>(exponent >> 2) + (<double>x == 0)
    if type(x) is int or type(x) is str:
        return <size_t>hash(x)
    if x is None or type(x) is bool or isinstance(x, (Function, type)):
        return <size_t><PyObject *>x
    return <size_t>Py_TYPE(x)


cdef bint are_same(list some, object others) except -1:
    """Whether they are the same objects."""
    return len(some) == len(others) and all([x is y for x, y in zip(some, others)])


cdef class Gradient(Driver):

    cdef object short_way(self, object level, object x, Given *given):
        cdef Py_ssize_t n = 0, at = 0
        cdef bint is_simple = given.is_single
        aux = None
        if is_simple and self.way == EITHER and is_many(x):
            return self.backward(level, x, given)
        seeds = unit_seeds(x, level) if is_simple and self.way != BACK else None
        if seeds is None:
            n = directions_of(x)
            if n <= 0:
                if is_simple and self.way != BACK:
                    return self.in_single(level, x, given)
                return NotImplemented
            is_simple = False
            if self.way == BACK or (self.way == EITHER and n >= LEAST_NUMBERS):
                return self.backward(level, x, given)
            if n > PASS:
                return NotImplemented
            seeds = seeds_of(x, &at, -1 if n == 1 and not has_array(x) else n, level)
        y = self.call(level, seeds, given)
        if y is NotImplemented:
            return y
        if self.has_aux:
            if type(y) is not tuple or len(y) != 2:
                return continued(self.definition, x, y, level, True)
            y, aux = y
        slopes = row(x, y, level) if is_simple else slopes_in(x, y, level, n)
        if slopes is None:
            if self.has_aux:
                y = y, aux
            return continued(self.definition, x, y, level, self.has_aux)
        if self.has_aux:
            aux = aux_in(self.definition, aux, level)
        return self.arranged(y, slopes, aux)

    cdef object arranged(self, object y, object slopes, object aux):
        return (slopes, aux) if self.has_aux else slopes


@cython.final
cdef class ValueAndGradient(Gradient):

    cdef object arranged(self, object y, object slopes, object aux):
        value = y.primal if isinstance(y, Dual) else y
        return ((value, aux) if self.has_aux else value), slopes


@cython.final
cdef class Jacobian(Driver):

    cdef object short_way(self, object level, object x, Given *given):
        cdef list rows = []
        if self.way == BACK:
            return self.by_rows(level, x, given)
        seeds = unit_seeds(x, level) if given.is_single else None
        if seeds is None:
            return self.in_single(level, x, given) if given.is_single else NotImplemented
        y = self.call(level, seeds, given)
        if y is NotImplemented:
            return y
        if type(y) is not list and type(y) is not tuple:
            slopes = row(x, y, level)
            if slopes is None and type(x) is ndarray:
                slopes = rows_of(len(x), y, level)
            return continued(self.definition, x, y, level) if slopes is None else slopes
        for part in y:
            slopes = row(x, part, level)
            if slopes is None:
                return continued(self.definition, x, y, level)
            rows.append(slopes)
        return rows if type(y) is list else tuple(rows)

    cdef object by_rows(self, object opened, object x, Given *given):
        """The same of numbers in a list or a tuple, by a sweep for each output."""
        cdef Tape tape
        cdef list rows = []
        if not given.is_single or not (type(x) is list or type(x) is tuple) or not len(x):
            return NotImplemented
        level = reverse_level(opened, False, 0)
        tape = level.tape
        seeds = on_tape(list(x), tape, level)
        if seeds is None:
            return NotImplemented
        level.__enter__()
        try:
            y = self.run(level, tuple(seeds) if type(x) is tuple else seeds, given)
        finally:
            level.__exit__()
        if y is not NotImplemented:
            y = self.settled(level, seeds, y, given)
        if y is NotImplemented or tape.externals or level.blocks:
            return NotImplemented
        for part in y if type(y) is list or type(y) is tuple else (y,):
            if type(part) is Recorded:
                if (<Dual>part).lev != <PyObject *>level or (<Dual>part).v != (<Dual>part).v:
                    return NotImplemented
                slopes = pulled(tape, (<Dual>part).n, len(x))
            else:
                slopes = row(x, part, level)  # of a constant
            if slopes is None:
                return NotImplemented
            rows.append(tuple(slopes) if type(x) is tuple else slopes)
        tape.clear()
        if type(y) is not list and type(y) is not tuple:
            return rows[0]
        return rows if type(y) is list else tuple(rows)


cdef class OfPattern(Driver):
    """What is done along the colours of a pattern."""

    cdef object sparsity  # compression.Sparsity

    def __cinit__(self, definition, *_):
        self.sparsity = definition.keywords["sparsity"]

    cdef object settled(self, object level, object x, object y, Given *given, object older=None):
        """The same; what is done along colours is left to the general driver."""
        if has_refused(level) and self.asks_to_settle(level, x, y, given):
            return NotImplemented
        return y

    def __reduce__(self):
        made, given = Driver.__reduce__(self)
        return partial(made, sparsity=self.sparsity.given), given


@cython.final
cdef class SparseJacobian(OfPattern):
    """A Jacobian in an array, by one pass along the colours of its pattern."""

    cdef object short_way(self, object level, object x, Given *given):
        cdef Py_ssize_t i
        if not given.is_single or type(x) is not ndarray or cnp.PyArray_NDIM(<cnp.ndarray>x) == 0:
            return NotImplemented
        if cnp.PyArray_TYPE(<cnp.ndarray>x) != cnp.NPY_DOUBLE or not is_dense(<cnp.ndarray>x):
            return NotImplemented
        colours = self.sparsity.for_one_pass(x)
        if colours is None:
            return NotImplemented
        along = colours.directions(0, colours.count + 1)
        if x.ndim > 1:
            along = along.reshape(len(along), *x.shape)
        y = self.call(level, dual(x.copy(), along, level), given)
        if y is NotImplemented:
            return y
        y = unbuffered(y)
        if type(y) is DualArray and y.level == level:
            value, found = y.primal, y.tangent
            if (
                type(value) is ndarray and is_dense(<cnp.ndarray>value) and not has_nan(value)
                and type(found) is ndarray and is_dense(<cnp.ndarray>found)
                and found.dtype == DOUBLE
            ):
                found = found.reshape(len(along), value.size)
                matrix, is_right = colours.with_rows("jacobian", value.size).matrix(found)
                if is_right:
                    return matrix
        args = [<object>given.args[i] for i in range(given.all)]
        names = () if given.names == NULL else <tuple>given.names
        kwargs = dict(zip(names, args[given.n:]))
        argnum = given.at[0] if given.at[0] < given.n else names[given.at[0] - given.n]
        return self.sparsity.of_pass(colours, y, level, self.f, argnum, args[:given.n], kwargs)


@cython.final
cdef class SparseHessian(OfPattern):
    """A Hessian in a vector, by one evaluation along the colours of its pattern."""

    cdef object short_way(self, object older, object x, Given *given):
        cdef Calling f
        if not given.is_single or not is_vector(x) or not is_dense(<cnp.ndarray>x):
            return NotImplemented
        colours = self.sparsity.for_one_pass(x)
        if colours is None or colours.count >= DIRECTIONS:
            return NotImplemented
        f = Calling.__new__(Calling)
        f.driver, f.level, f.given, f.x = self, older, given, x
        along = colours.directions(0, colours.count + 1)
        found = change_of_gradient(f, x, along, self.second_look(given))
        if type(found) is not ndarray:
            return NotImplemented
        matrix, is_right = colours.matrix(found)
        return matrix if is_right else NotImplemented


cdef inline bint is_dense(cnp.ndarray x) noexcept:
    """Whether an array lies without gaps, in the order of its axes, and can be written to."""
    return cnp.PyArray_ISCARRAY(x)


@cython.final
cdef class Calling:
    # The function of a driver, while it is called with these arguments.

    cdef Driver driver
    cdef object level
    cdef Given *given
    cdef object x          # what it is differentiated in: a vector, or a structure of numbers,
    cdef bint takes_leaves  # which it takes in one list

    def __call__(self, x):
        if self.takes_leaves:
            x = arranged_leaves(self.x, iter(x))
        return self.driver.run(self.level, x, self.given)


@cython.final
cdef class Hessian(Driver):

    cdef object short_way(self, object older, object x, Given *given):
        cdef Calling f = Calling.__new__(Calling)
        f.driver, f.level, f.given, f.x = self, older, given, x
        numbers = x
        if type(x) in CONTAINERS:
            f.takes_leaves = not is_flat(x)
            if f.takes_leaves:
                numbers = leaves_of(x)
        elif not is_vector(x) or not is_plainly_laid(<cnp.ndarray>x):
            return NotImplemented
        if self.way == BACK or (
            self.way == EITHER
            and len(numbers) > (LEAST_ELEMENTS - 1 if type(x) is ndarray else JET)
        ):
            rows = second(f, numbers, self.second_look(given))
        elif not 0 < len(numbers) <= JET:
            return NotImplemented
        else:
            rows = self.by_levels(older, f, numbers)
        if rows is None:
            return NotImplemented
        if not f.takes_leaves or rows is NotImplemented:
            return rows
        return arranged_leaves(x, iter([arranged_leaves(x, iter(row)) for row in rows]))

    cdef object by_levels(self, object older, Calling f, object numbers):
        """The Hessian by duals of duals; NotImplemented as in the short way.

        By sweeps, if f stores them in arrays, or has large ones, unless mode= says otherwise.
        """
        rows, level = None, open_level()
        try:
            rows = self.of_levels(older, level, f, numbers)
        except LargeTangent:
            if not too_large(older):
                raise
        finally:
            close_level(level)
        if not too_large(older):
            return rows
        self.will_run_again(older, f.given)
        f.level = older
        return second(f, numbers, self.second_look(f.given))

    cdef object of_levels(self, object older, object level, Calling f, object x):
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
        f.level = level
        if self.way == EITHER:
            watch(older, LARGE)
        result = f(seeds)
        if result is not NotImplemented:
            result = self.settled(level, f.x, result, f.given, older)
        if type(result) is not Nested:
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


cdef class OfSeries(Driver):
    """A driver that expands a function of a number into a power series."""

    cdef Py_ssize_t order
    cdef bint takes_several  # whether f may return a list or a tuple of numbers

    def __cinit__(self, definition, *_):
        self.order = definition.keywords["order"]

    cdef object expanded(self, object opened, double x, bint is_np, double along, Given *given):
        """f(x + along·t), a series, or several where `takes` says so.

        FORWARD if f uses a function that has none, or NotImplemented.
        """
        cdef Dual series
        level = series_begun(opened, self.order, along)
        series = new_series(self.order, level)
        memset(series.t, 0, self.order * sizeof(double))
        series.v, series.is_np, series.t[0] = x, is_np, along
        try:
            y = self.call(level, series, given)
        except Exception:
            if level.is_unable:
                return FORWARD
            raise
        if level.is_unable:
            return FORWARD
        if not self.takes_several or (type(y) is not list and type(y) is not tuple) or not y:
            y = self.looked_at(y, level)
            given.is_run = type(y) is Series  # else what is run again gives what is not finite
            return y
        for part in y:
            part = self.looked_at(part, level)
            if type(part) is not Series:
                return part
        return y

    cdef object looked_at(self, object y, object level):
        """The series itself, if it is one of this level, and finite."""
        cdef Dual series
        cdef Py_ssize_t i
        if type(y) is not Series:
            return NotImplemented
        series = <Dual>y
        if series.lev != <PyObject *>level:
            return NotImplemented
        if series.v != series.v:
            return self.without_finite()
        for i in range(self.order):
            if not isfinite(series.t[i]):
                return self.without_finite()
        return series

    cdef object without_finite(self):
        """Where a series that is not finite is left to."""
        return NotImplemented

    def __reduce__(self):
        made, given = Driver.__reduce__(self)
        return partial(made, order=self.order), given


@cython.final
cdef class HigherDerivative(OfSeries):
    """A derivative of some order in a number, which is the last coefficient of a series."""

    cdef double along, factor  # the step in x, and what the coefficient is to be multiplied by:
    cdef int exponent          # factor·2**exponent

    cdef object short_way(self, object level, object x, Given *given):
        cdef double v
        cdef bint is_np = False
        if series_begun is None or not given.is_single or x is True or x is False:
            return NotImplemented
        if not is_double(x, &v, &is_np):
            return NotImplemented
        if self.order == 2:
            y = self.by_levels(level, x, given)
            if not too_large(level):
                return y
        if self.along == 0.0:
            self.along, self.factor, self.exponent = scale_of_series(self.order)
        y = self.expanded(level, v, is_np, self.along, given)
        if type(y) is Series:
            return ldexp((<Dual>y).t[self.order - 1] * self.factor, self.exponent)
        if y is FORWARD and self.forward is None:  # by duals of duals
            nested = self.driver(self.f, self.argnums, order=self.order - 1)
            nested = self.driver(nested, self.argnums)
            self.forward = nested  # whole, for other threads may be about to call it
        return y

    cdef object by_levels(self, object older, object x, Given *given):
        """The second derivative by duals of duals, unless f stores them in arrays, or has large ones."""
        inner = open_level()
        watch(older, LARGE)
        try:
            y = self.run(inner, dual_of_dual(unit_number(x, older), 1.0, inner), given)
            if y is not NotImplemented:
                y = self.settled(inner, x, y, given, older)
        except LargeTangent:
            if not too_large(older):
                raise
            self.will_run_again(older, given)
            return None
        finally:
            close_level(inner)
        if type(y) is not Nested:
            return NotImplemented
        if (<Nested>y).lev != <PyObject *>inner or (<Nested>y).v != (<Nested>y).v:
            return NotImplemented
        slope = row(x, y.tangent, older)
        return NotImplemented if slope is None else slope

    cdef object without_finite(self):
        return FORWARD if self.order <= MOST_NESTED else NotImplemented


@cython.final
cdef class Taylor(OfSeries):
    """The coefficients of the series of a function of a number."""

    def __cinit__(self, *_):
        self.takes_several = True

    cdef object short_way(self, object level, object x, Given *given):
        cdef bint is_np = type(x) is numpy.float64
        if series_begun is None or not given.is_single or not self.order:
            return NotImplemented
        if type(x) is not float and not is_np:
            return NotImplemented
        if given.names != NULL and "direction" in <tuple>given.names:
            return NotImplemented
        y = self.expanded(level, <double>x, is_np, 1.0, given)
        if type(y) is Series:
            return self.coefficients(<Dual>y)
        if type(y) is list:
            return list(map(list, zip(*[self.coefficients(<Dual>part) for part in y])))
        if type(y) is tuple:
            return list(zip(*[self.coefficients(<Dual>part) for part in y]))
        return NotImplemented

    cdef list coefficients(self, Dual y):
        cdef Py_ssize_t i
        cdef list found = [y.v]
        for i in range(self.order):
            found.append(y.t[i])
        return list(map(numpy.float64, found)) if y.is_np else found


SHORT_WAYS = {
    "derivative": Derivative,
    "derivative of order": HigherDerivative,
    "grad": Gradient,
    "value_and_grad": ValueAndGradient,
    "jacobian": Jacobian,
    "jacobian of a pattern": SparseJacobian,
    "hessian": Hessian,
    "hessian of a pattern": SparseHessian,
    "taylor": Taylor,
}
for kind in SHORT_WAYS.values():
    call_fast(kind, vectorcall_offset())


cdef Py_ssize_t vectorcall_offset() noexcept:
    cdef Driver nowhere = Driver.__new__(Driver, None, 0, None, None, False)
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


cdef inline bint is_real(cnp.ndarray x) noexcept:
    """Whether its numbers are doubles or floats."""
    return cnp.PyArray_TYPE(x) == cnp.NPY_DOUBLE or cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT


cdef bint has_nan(cnp.ndarray x):
    if cnp.PyArray_TYPE(x) != cnp.NPY_DOUBLE or not is_packed(x):
        return bool(numpy.isnan(x).any())
    return any_nan(<const double *>cnp.PyArray_DATA(x), cnp.PyArray_SIZE(x))


cdef inline bint is_many(object x) noexcept:
    """Whether there are so many inputs that reverse mode is cheaper."""
    if type(x) is list:
        return len(<list>x) >= LEAST_NUMBERS
    if type(x) is tuple:
        return len(<tuple>x) >= LEAST_NUMBERS
    return (
        is_vector(x) and cnp.PyArray_DIM(<cnp.ndarray>x, 0) >= LEAST_NUMBERS
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


cdef object single_seeds(object x, object level):
    """The same of numbers in single precision: one, a list or tuple, or a vector of a few."""
    cdef Py_ssize_t n
    if type(x) is float32:
        return dual(x, float32(1), level)
    if type(x) is not ndarray and type(x) is not list and type(x) is not tuple:
        return None
    n = 0 if type(x) is ndarray and cnp.PyArray_NDIM(<cnp.ndarray>x) != 1 else len(x)
    if not 0 < n < LEAST_NUMBERS:
        return None
    if type(x) is ndarray:
        if cnp.PyArray_TYPE(<cnp.ndarray>x) != cnp.NPY_FLOAT or not is_plainly_laid(<cnp.ndarray>x):
            return None
        return dual(x.copy(), numpy.eye(n, dtype=float32), level)
    for part in x:
        if type(part) is not float32:
            return None
    rows = [float32(1)] if n == 1 else numpy.eye(n, dtype=float32)
    seeds = [dual(part, one, level) for part, one in zip(x, rows)]
    return seeds if type(x) is list else tuple(seeds)


cdef object single_slopes(object x, object y, object level):
    """The derivative of the number y in numbers of single precision; None as from `row`."""
    cdef Py_ssize_t n = 1 if type(x) is float32 else len(x)
    if not isinstance(y, readable_class) or y.level != level:
        return None
    value, slopes = y.primal, y.tangent
    if type(value) is not float32 or value != value:
        return None
    if type(x) is float32 or (n == 1 and type(x) is not ndarray):
        if type(slopes) is not float32 and type(slopes) is not float:
            return None
        slopes = float32(slopes)
        return slopes if type(x) is float32 else [slopes] if type(x) is list else (slopes,)
    if type(slopes) is not ndarray or slopes.dtype != float32 or slopes.shape != (n,):
        return None
    if type(x) is ndarray:
        return slopes.copy()
    return list(slopes) if type(x) is list else tuple(slopes)


cdef object ALONG_BOTH = numpy.array([1, 1j])  # axes of the complex numbers


cdef object slope_in_complex(object y, object level):
    """The derivative of y, if that along i is clearly i times that along 1."""
    cdef double complex one, other
    cdef double size
    if not isinstance(y, readable_class) or y.level != level:
        return None
    value, slopes = y.primal, y.tangent
    if type(value) is not complex or value != value or type(slopes) is not ndarray:
        return None
    if slopes.dtype != COMPLEX_DOUBLE or slopes.shape != (2,):
        return None
    one, other = slopes[0], slopes[1]
    size = fabs(one.real) + fabs(one.imag)
    if not size < 1e300 or not fabs(other.real + one.imag) + fabs(other.imag - one.real) <= 1e-6 * size:
        return None
    return one


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


cdef Py_ssize_t directions_of(object x) except -2:
    """How many numbers are in a structure; -1 if there is anything but floats in it."""
    cdef Py_ssize_t n = 0, m
    cdef double v
    cdef bint is_np
    if type(x) is ndarray:
        if cnp.PyArray_TYPE(<cnp.ndarray>x) != cnp.NPY_DOUBLE or not is_plainly_laid(<cnp.ndarray>x):
            return -1
        return cnp.PyArray_SIZE(<cnp.ndarray>x) if cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>x) else -1
    if type(x) is list or type(x) is tuple or type(x) is dict:
        for part in (<dict>x).values() if type(x) is dict else x:
            m = directions_of(part)
            if m < 0:
                return -1
            n += m
        return n
    return 1 if x is not True and x is not False and is_double(x, &v, &is_np) else -1


cdef bint has_array(object x) except -1:
    if type(x) is list or type(x) is tuple or type(x) is dict:
        for part in (<dict>x).values() if type(x) is dict else x:
            if has_array(part):
                return True
    return type(x) is ndarray


cdef object seeds_of(object x, Py_ssize_t *at, Py_ssize_t n, object level):
    """A structure with one direction for each number in it, from number `at` on."""
    cdef Dual seed
    cdef Py_ssize_t i, size
    if type(x) is ndarray:
        size = cnp.PyArray_SIZE(<cnp.ndarray>x)
        tangent = numpy.zeros((n, size))
        for i in range(size):
            (<double *>cnp.PyArray_DATA(<cnp.ndarray>tangent))[(at[0] + i) * size + i] = 1.0
        at[0] += size
        value = cnp.PyArray_NewCopy(<cnp.ndarray>x, cnp.NPY_CORDER)
        return dual(value, tangent.reshape((n, *value.shape)), level)
    if type(x) is list:
        return [seeds_of(part, at, n, level) for part in <list>x]
    if type(x) is tuple:
        return tuple([seeds_of(part, at, n, level) for part in <tuple>x])
    if type(x) is dict:
        return {key: seeds_of(part, at, n, level) for key, part in (<dict>x).items()}
    seed = unfilled(n, level)
    is_double(x, &seed.v, &seed.is_np)
    memset(seed.t, 0, (1 if n < 0 else n) * sizeof(double))
    seed.t[at[0]] = 1.0
    at[0] += 1
    return seed


cdef object inputs_on(object x, Tape tape, object level, list leaves):
    """A structure as inputs of a level that records; leaves get their places on the tape, or nodes."""
    if type(x) is ndarray:
        seed, node = input_of(cnp.PyArray_NewCopy(<cnp.ndarray>x, cnp.NPY_CORDER), level)
        leaves.append(node)
        return seed
    if type(x) is list:
        return [inputs_on(part, tape, level, leaves) for part in <list>x]
    if type(x) is tuple:
        return tuple([inputs_on(part, tape, level, leaves) for part in <tuple>x])
    if type(x) is dict:
        return {key: inputs_on(part, tape, level, leaves) for key, part in (<dict>x).items()}
    (seed,) = on_tape([x], tape, level)
    leaves.append((<Dual>seed).n)
    return seed


cdef bint are_places(list leaves):
    """Whether all these are on the tape, and none is the node of an array."""
    for leaf in leaves:
        if type(leaf) is not int:
            return False
    return True


cdef bint is_flat(object x):
    """Whether it is a list, and holds no list, tuple or dict."""
    if type(x) is list:
        for part in <list>x:
            if type(part) in CONTAINERS:
                return False
        return True
    return False


cdef list leaves_of(object x):
    """What is in lists, tuples and dicts."""
    cdef list leaves = []
    for part in (<dict>x).values() if type(x) is dict else x:
        if type(part) in CONTAINERS:
            leaves += leaves_of(part)
        else:
            leaves.append(part)
    return leaves


cdef object arranged_leaves(object x, object slopes):
    """These slopes in the structure of x."""
    if type(x) is list:
        return [arranged_leaves(part, slopes) for part in <list>x]
    if type(x) is tuple:
        return tuple([arranged_leaves(part, slopes) for part in <tuple>x])
    if type(x) is dict:
        return {key: arranged_leaves(part, slopes) for key, part in (<dict>x).items()}
    return next(slopes)


cdef object slopes_in(object x, object y, object level, Py_ssize_t n):
    """The derivatives of the number y in the structure of x; None as from `row`."""
    cdef Dual result
    cdef Py_ssize_t at = 0
    if type(y) is float or type(y) is int:
        return None if y != y else arranged_slopes(x, NULL, &at)
    if type(y) is not Dual:
        return None
    result = <Dual>y
    if result.lev != <PyObject *>level or result.v != result.v or many(result.n) != n:
        return None
    return arranged_slopes(x, result.t, &at)


cdef inline Py_ssize_t many(Py_ssize_t n) noexcept:
    return 1 if n < 0 else n


cdef object arranged_slopes(object x, const double *t, Py_ssize_t *at):
    cdef Py_ssize_t size
    if type(x) is ndarray:
        size = cnp.PyArray_SIZE(<cnp.ndarray>x)
        slopes = numpy.zeros(size) if t == NULL else array(t + at[0], size)
        at[0] += size
        return slopes if cnp.PyArray_NDIM(<cnp.ndarray>x) == 1 else slopes.reshape((<object>x).shape)
    if type(x) is list:
        return [arranged_slopes(part, t, at) for part in <list>x]
    if type(x) is tuple:
        return tuple([arranged_slopes(part, t, at) for part in <tuple>x])
    if type(x) is dict:
        return {key: arranged_slopes(part, t, at) for key, part in (<dict>x).items()}
    at[0] += 1
    return 0.0 if t == NULL else t[at[0] - 1]


cdef object aux_in(object definition, object x, object level):
    """What f returned beside its result, without tangents."""
    if type(x) is Dual and (<Dual>x).lev == <PyObject *>level:
        return x.primal
    if is_plain(x) and type(x) is not Dual:
        return x
    if type(x) is list:
        return [aux_in(definition, part, level) for part in <list>x]
    if type(x) is tuple:
        return tuple([aux_in(definition, part, level) for part in <tuple>x])
    if type(x) is dict:
        return {key: aux_in(definition, part, level) for key, part in (<dict>x).items()}
    return stripped(definition, x, level)


cdef tuple CONTAINERS = (list, tuple, dict)


cdef object seed_along(object x, object t, object level):
    """Floats and arrays of them in a structure, with a direction; None for anything else."""
    cdef Dual seed
    cdef double slope
    cdef bint is_np
    cdef list parts
    if type(x) is not type(t) and (type(x) in CONTAINERS or type(t) in CONTAINERS):
        return None
    if type(x) is ndarray and type(t) is ndarray:
        if not (
            cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.PyArray_TYPE(<cnp.ndarray>t) == cnp.NPY_DOUBLE
            and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>x) and is_plainly_laid(<cnp.ndarray>x)
            and x.shape == t.shape
        ):
            return None
        t = cnp.PyArray_NewCopy(<cnp.ndarray>t, cnp.NPY_CORDER)
        return dual(cnp.PyArray_NewCopy(<cnp.ndarray>x, cnp.NPY_CORDER), t, level)
    if type(x) is dict:
        if x.keys() != t.keys():
            return None
        t = [t[key] for key in x]
        parts = seeds_along(list((<dict>x).values()), t, level)
        return None if parts is None else dict(zip(x, parts))
    if type(x) is list:
        return seeds_along(x, t, level)
    if type(x) is tuple:
        parts = seeds_along(x, t, level)
        return None if parts is None else tuple(parts)
    seed = unfilled(-1, level)
    if x is True or x is False or not is_double(x, &seed.v, &seed.is_np):
        return None
    if t is True or t is False or not is_double(t, &slope, &is_np):
        return None
    seed.t[0] = slope
    return seed


cdef list seeds_along(object x, object v, object level):
    """Those of each part."""
    cdef list seeds = []
    if len(x) != len(v):
        return None
    for part, t in zip(x, v):
        seed = seed_along(part, t, level)
        if seed is None:
            return None
        seeds.append(seed)
    return seeds


def along(f, x, v):
    """jvp for floats, arrays, and lists, tuples and dicts of them: what f gives, its tangent, and
    the level.

    The tangent is None if what f gives is to be looked at; and all is None where the general driver
    is to begin.
    """
    cdef Spans spans
    spans.n, spans.has_gaps = 0, False
    if not x or not is_apart(tuple(x), &spans):
        return None
    level = open_level()
    try:
        seeds = seeds_along(x, v, level)
        if seeds is None:
            return None
        try:
            y = f(*seeds)
        except Exception as error:
            if has_refused(level) and gravest_doubt(level) == "objects":  # the general driver says so
                refuse_unless_steady(("jvp", f, range(len(x)), False), x, {}, None, level)
                return None
            tell("jvp", error, gravest_doubt(level) if has_refused(level) else "")
            raise
        if has_refused(level) and not asks_to_settle(f, x, level, y):
            why = gravest_doubt(level)
            close_level(level)
            try:
                is_settled = settle_along(f, x, v, y, level, why)
            finally:
                open_again(level)
            if not is_settled:
                y = None if why in losses else y
                refuse_unless_steady(("jvp", f, range(len(x)), False), x, {}, y, level)
                return None
    finally:
        close_level(level)
    if type(y) is Dual:
        if (<Dual>y).lev == <PyObject *>level and (<Dual>y).v == (<Dual>y).v:
            return y.primal, (<Dual>y).t[0], level
    elif type(y) is DualArray and y.level == level:
        value, t = y.primal, y.tangent
        if type(value) is ndarray and type(t) is ndarray and not has_nan(value):
            return value, t, level
    return y, None, level


cdef object DOUBLE = numpy.dtype(float), COMPLEX_DOUBLE = numpy.dtype(complex)


cdef object rows_of(Py_ssize_t n, object y, object level):
    """The Jacobian of the array y in n numbers; None if that is left to the general driver."""
    y = unbuffered(y)
    if type(y) is not DualArray or y.level != level:
        return None
    value, tangent = y.primal, y.tangent
    if type(value) is not ndarray or type(tangent) is not ndarray or has_nan(value):
        return None
    if tangent.ndim != value.ndim + 1 or tangent.shape[0] != n or tangent.dtype != DOUBLE:
        return None
    return tangent.T if value.ndim == 1 else numpy.moveaxis(tangent, 0, -1)


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
