# A part of _kernel.pyx: the chain rule for numbers that are no C doubles.
#
# Their duals are the readable ones: over Python's complex numbers, over NumPy's of other types than
# float64, and over duals of older levels, which the kernel itself may have made. Values, slopes and
# products are calculated by the numbers themselves, as `dual.apply` lets them; what is compiled is
# the way there. Tangents are numbers of Python, such duals, or directions in an array. Everything
# else is left to `dual.apply`: the functions here give None, or call it themselves where the value
# has been calculated, which may have issued a warning.

cdef extern from *:
    """
    static double float_in(PyObject *x) { return (double)PyArrayScalar_VAL(x, Float); }

    static PyObject *complex_in(PyObject *x) {
        npy_cdouble z = PyArrayScalar_VAL(x, CDouble);
        return PyComplex_FromDoubles(npy_creal(z), npy_cimag(z));
    }

    static double part_in(PyObject *z, int part) {
        return part == 1 ? PyComplex_RealAsDouble(z) : PyComplex_ImagAsDouble(z);
    }

    static PyObject *as_float32(float v) {
        PyObject *x = PyArrayScalar_New(Float);
        if (x != NULL) PyArrayScalar_ASSIGN(x, Float, v);
        return x;
    }

    static int all_numbers(PyObject *x) { /* whether there is no nan in an array; -1: who knows */
        PyArrayObject *a = (PyArrayObject *)x;
        npy_intp n = PyArray_SIZE(a);
        if (!PyArray_ISCARRAY_RO(a))
            return -1;
        if (PyArray_TYPE(a) == NPY_FLOAT || PyArray_TYPE(a) == NPY_CFLOAT) {
            const float *v = PyArray_DATA(a);
            for (n *= 1 + (PyArray_TYPE(a) == NPY_CFLOAT); n > 0; n--)
                if (isnan(v[n - 1])) return 0;
            return 1;
        }
        if (PyArray_TYPE(a) == NPY_DOUBLE || PyArray_TYPE(a) == NPY_CDOUBLE) {
            const double *v = PyArray_DATA(a);
            for (n *= 1 + (PyArray_TYPE(a) == NPY_CDOUBLE); n > 0; n--)
                if (isnan(v[n - 1])) return 0;
            return 1;
        }
        return -1;
    }

    /* multiply and add of complex numbers, by NumPy's own loops. */
    enum { TIMES, PLUS };
    static Loop complex_loops[2];

    static int is_complex_vector(PyObject *x) {
        PyArrayObject *a = (PyArrayObject *)x;
        return PyArray_CheckExact(x) && PyArray_NDIM(a) == 1 && PyArray_TYPE(a) == NPY_CDOUBLE
            && PyArray_ISCARRAY_RO(a);
    }

    /* Of two such vectors of one length, or of a number (where there is no a) and a vector. */
    static PyObject *of_complex(int which, PyObject *a, Py_complex number, PyObject *b) {
        npy_intp n = PyArray_DIM((PyArrayObject *)b, 0);
        const Size count = n;
        PyObject *result = PyArray_SimpleNew(1, &n, NPY_CDOUBLE);
        const Size steps[3] = {a == NULL ? 0 : sizeof(npy_cdouble), sizeof(npy_cdouble),
                                   sizeof(npy_cdouble)};
        char *args[3] = {a == NULL ? (char *)&number : PyArray_DATA((PyArrayObject *)a),
                         PyArray_DATA((PyArrayObject *)b), NULL};
        if (result == NULL)
            return NULL;
        args[2] = PyArray_DATA((PyArrayObject *)result);
        complex_loops[which].inner(args, &count, steps, complex_loops[which].data);
        return result;
    }

    static PyObject *times_complex(PyObject *s, PyObject *t) {
        return of_complex(TIMES, NULL, PyComplex_AsCComplex(s), t);
    }

    static PyObject *plus_complex(PyObject *s, PyObject *t) {
        const Py_complex none = {0.0, 0.0};
        return of_complex(PLUS, s, none, t);
    }

    static int opcode_at_work(void) { /* of the frame of Python that runs; -1 if there is none */
        PyFrameObject *frame = PyEval_GetFrame();
        PyCodeObject *code = frame == NULL ? NULL : PyFrame_GetCode(frame);
        PyObject *bytes = code == NULL ? NULL : PyCode_GetCode(code);
        int i = bytes == NULL ? -1 : PyFrame_GetLasti(frame);
        int found = i < 0 || i >= PyBytes_GET_SIZE(bytes) ? -1
                                                          : (unsigned char)PyBytes_AS_STRING(bytes)[i];
        PyErr_Clear();
        Py_XDECREF(bytes);
        Py_XDECREF(code);
        return found;
    }

    static int is_nan(PyObject *x) { /* of a number of Python */
        if (PyFloat_CheckExact(x))
            return isnan(PyFloat_AS_DOUBLE(x));
        if (PyComplex_CheckExact(x)) {
            Py_complex z = ((PyComplexObject *)x)->cval;
            return isnan(z.real) || isnan(z.imag);
        }
        return 0;
    }

    /* The operators of duals without looking for a method. */
    static void
    take_operators(PyObject *kind, void *two, void *power, void *one, void *compare) {
        binaryfunc *binary = (binaryfunc *)two;
        unaryfunc *unary = (unaryfunc *)one;
        PyNumberMethods *methods = ((PyTypeObject *)kind)->tp_as_number;
        methods->nb_add = binary[0];
        methods->nb_subtract = binary[1];
        methods->nb_multiply = binary[2];
        methods->nb_true_divide = binary[3];
        methods->nb_power = (ternaryfunc)power;
        methods->nb_negative = unary[0];
        methods->nb_absolute = unary[1];
        ((PyTypeObject *)kind)->tp_richcompare = (richcmpfunc)compare;
    }
    """
    double float_in(PyObject *x) noexcept
    object complex_in(PyObject *x)
    double part_in(PyObject *z, int part) noexcept
    object as_float32(float v)
    int all_numbers(PyObject *x) noexcept
    int opcode_at_work() noexcept
    bint is_nan(PyObject *x) noexcept
    enum:
        TIMES
        PLUS
    Loop complex_loops[2]
    bint is_complex_vector(object x) noexcept
    object times_complex(object s, object t)
    object plus_complex(object s, object t)
    void take_operators(object kind, void *two, void *power, void *one, void *compare) noexcept

cdef extern from "Python.h":
    object PyNumber_Multiply(object a, object b)
    object PyNumber_Add(object a, object b)
    object PyNumber_Subtract(object a, object b)
    object PyNumber_TrueDivide(object a, object b)
    PyObject *PyList_GET_ITEM(object x, Py_ssize_t i) noexcept


cdef extern from "float.h":
    float FLT_MAX
    float FLT_MIN

cdef extern from "_wide.h":
    float FAR_SINGLE

# Types of numbers, and the systems that they make together, each named by the type of its results.
cdef enum:
    OTHER = -1
    REAL = 0             # of Python
    FLOAT64 = 1
    COMPLEX = 2          # of Python
    COMPLEX128 = 3
    COMPLEX64 = 4
    FLOAT32 = 5

cdef object complex128 = numpy.complex128, complex64 = numpy.complex64, float32 = numpy.float32
cdef list TYPES = [float, float64, complex, complex128, complex64, float32]


cdef inline int type_of(object x) noexcept:
    if type(x) is complex:
        return COMPLEX
    if type(x) is float or type(x) is int:
        return REAL
    if type(x) is complex128:
        return COMPLEX128
    if type(x) is float32:
        return FLOAT32
    if type(x) is float64:
        return FLOAT64
    return COMPLEX64 if type(x) is complex64 else OTHER


cdef inline int system_of(int a, int b) noexcept:
    """The system of two types of numbers."""
    if a == b or b == REAL:
        return a
    if a == REAL:
        return b
    if a + b == COMPLEX + COMPLEX64:
        return COMPLEX64
    if a == OTHER or b == OTHER or a > COMPLEX128 or b > COMPLEX128:
        return OTHER
    return COMPLEX128


# A slope that is an argument or the result need not be calculated.
cdef enum:
    CALCULATED = -4
    ONE = -3
    MINUS_ONE = -2
    RESULT = -1          # 0, 1: an argument


@cython.final
cdef class InSystem:
    # A rule in one system of numbers.
    cdef object value
    cdef bint is_modulus           # abs of complex numbers, which hypot of their parts differentiates
    cdef int operation             # ROW_add and so on where the value is that of the operator; -1
    cdef int part                  # 1: the real part of complex numbers; 2: the imaginary one
    cdef list on_tangents          # what a linear rule does to tangents, of each kind
    cdef int kinds[2]
    cdef list slopes


@cython.final
cdef class NumberRule:
    # A rule, and what it is in the systems where it was met; None where it is left to `apply`.
    cdef object rule
    cdef int nargs
    cdef list systems              # UNKNOWN where it was not met
    cdef list over_duals           # the same of duals of these numbers
    cdef int row                   # of the kernel, by whose `loop` it was called; -1 if by neither
    cdef Ufunc loop                # None: by an operator


cdef object UNKNOWN = object()
cdef dict number_rules = {}        # by rule
cdef list of_rows = [None] * ROW_COUNT      # the rules of rows, as functions call them
cdef list of_operators = [None] * ROW_COUNT     # and as operators do
cdef dict of_ufunc_operators = {}   # the operator that each of these ufuncs may stand for
cdef int BINARY_OP = dis.opmap["BINARY_OP"]
cdef str PREFIX = __name__.partition(".")[0] + "."
cdef dict of_ufuncs = {}           # and as ufuncs do; None for those of other rules
cdef NumberRule REAL_PART = None, IMAG_PART = None
cdef set native_operators = {
    operators.add, operators.sub, operators.mul, operators.truediv, operators.mod, operators.pow,
    operators.neg, operators.pos, operators.abs,
}
cdef object of_duals = None, evaluated = None, fit = None
cdef object python_is_finite = None, python_has_far = None, python_has_faint = None
cdef object namespace_of = None, rule_of_ufunc = None, general_ufunc = None, general_apply = None
cdef object stop_warnings = None, resume_warnings = None
cdef PyTypeObject *PYTHON_KIND = NULL   # the class of duals of Python's numbers
cdef PyTypeObject *NUMPY_KIND = NULL    # and of NumPy's
cdef Py_ssize_t PRIMAL_IN, TANGENT_IN, LEVEL_IN


cdef NumberRule number_rule(object rule):
    cdef NumberRule found = number_rules.get(rule)
    if found is None:
        found = number_rules[rule] = NumberRule.__new__(NumberRule)
        found.rule, found.nargs, found.systems = rule, len(rule.args), [UNKNOWN] * len(TYPES)
        found.over_duals, found.row = [UNKNOWN] * len(TYPES), rows.get(rule.name, -1)
        if type(rule.called) is numpy.ufunc and found.row >= 0:
            found.loop = ufunc_of(found.row, rule.called)
        if found.loop is None and rule.called not in native_operators:
            found.row = -1
    return found


cdef InSystem in_system(NumberRule rule, int system, bint over_duals=False):
    """A rule in a system; None if it is not for this kernel."""
    cdef list systems = rule.over_duals if over_duals else rule.systems
    found = <object>PyList_GET_ITEM(systems, system)
    if found is UNKNOWN:
        try:
            space = namespace_of(TYPES[system](0))
            found = made_in_system(rule.rule, of_duals(space) if over_duals else space)
        except TypeError:  # not for such numbers, as `apply` will say
            found = None
        systems[system] = found
    return <InSystem>found


cdef InSystem made_in_system(object rule, object space):
    cdef InSystem made = InSystem.__new__(InSystem)
    made.is_modulus = rule.name == "abs" and rule.is_composed(space)
    if made.is_modulus:
        made.value = rule.called_in(space)
        return None if made.value is None else made
    if rule.is_composed(space) or rule.kind == "flat" or len(rule.args) > 2 or not rule.mixes:
        return None
    if rule.name == "copysign":  # it asks for a sign, which is noted
        return None
    made.value = rule.value_in(space)
    made.operation = OPERATIONS.get(made.value, -1)
    if space.is_complex and rule.called is None:
        made.part = 1 if rule.name == "real" else 2 if rule.name == "imag" else 0
    if rule.kind == "linear" and space.supply is not None:
        made.on_tangents = [rule.table_row.value_in(space)]
        return made
    if rule.kind == "linear":
        made.on_tangents = [
            rule.table_row.value_in(namespace_of(x))
            for x in (0.0, 0j, float32(0), numpy.zeros(1), numpy.zeros(1, complex))
        ]
        return made
    if not rule.is_compilable:
        return None
    names = {"1": ONE, "-1": MINUS_ONE, "y": RESULT}
    names.update({name: i for i, name in enumerate(rule.args)})
    made.slopes = []
    for i, slope in enumerate(rule.slopes):
        made.kinds[i] = names.get(slope, CALCULATED)
        made.slopes.append(rule.slope_in(space, i) if made.kinds[i] == CALCULATED else None)
    return made


cdef dict OPERATIONS = {
    operators.add: ROW_add, operators.sub: ROW_sub, operators.mul: ROW_mul,
    operators.truediv: ROW_div,
}


cdef inline object value_of_two(InSystem f, object x, object w):
    if f.operation == ROW_mul:
        return PyNumber_Multiply(x, w)
    if f.operation == ROW_add:
        return PyNumber_Add(x, w)
    if f.operation == ROW_sub:
        return PyNumber_Subtract(x, w)
    return PyNumber_TrueDivide(x, w) if f.operation == ROW_div else f.value(x, w)


cdef inline bint is_readable(object x) noexcept:
    """Whether x is a readable dual of a number, filled."""
    return (
        (Py_TYPE(<PyObject *>x) == PYTHON_KIND or Py_TYPE(<PyObject *>x) == NUMPY_KIND)
        and SLOT(<PyObject *>x, PRIMAL_IN) != NULL
        and SLOT(<PyObject *>x, TANGENT_IN) != NULL
        and SLOT(<PyObject *>x, LEVEL_IN) != NULL
    )


cdef inline PyObject *level_in(object x) noexcept:
    """The level of a dual; NULL of what is none."""
    if type(x) is Dual:
        return (<Dual>x).lev
    if is_readable(x):
        return SLOT(<PyObject *>x, LEVEL_IN)
    return (<Dual>x).lev if is_ours(x) else NULL


cdef inline object number_in(object x):
    if type(x) is Dual:
        return number((<Dual>x).v, (<Dual>x).is_np)
    if is_readable(x):
        return <object>SLOT(<PyObject *>x, PRIMAL_IN)
    return x.primal if is_ours(x) else x


cdef inline object tangent_in(object x):
    if type(x) is Dual:
        return (<Dual>x).t[0] if (<Dual>x).n < 0 else array((<Dual>x).t, (<Dual>x).n)
    return <object>SLOT(<PyObject *>x, TANGENT_IN) if is_readable(x) else x.tangent


cdef object on_numbers(NumberRule rule, object a, object b):
    """The chain rule for numbers of such systems; None if that is left to `dual.apply`."""
    cdef PyObject *first = level_in(a)
    cdef PyObject *second = NULL
    cdef PyObject *level = first
    cdef InSystem f
    cdef int system, order, active = 1
    if rule.nargs == 2:
        second = level_in(b)
        if first == NULL:
            level, active = second, 2
        elif second == first:
            active = 3
        elif second != NULL:
            order = compare(<object>first, <object>second)
            active = 3 if order == 0 else 1 if order > 0 else 2
            level = second if order < 0 else first
    if level == NULL or type(<object>level) is not int and type(<object>level) is not reverse_level:
        return None
    x, w = number_in(a) if active & 1 else a, None
    system = type_of(x)
    if rule.nargs == 2:
        w = number_in(b) if active & 2 else b
        system = system_of(system, type_of(w))
    if system < COMPLEX:
        if system == OTHER and (level_in(x) != NULL or level_in(w) != NULL):
            return on_duals(rule, a, b, x, w, <object>level, active)
        return None
    if type(<object>level) is not int:
        return None
    f = in_system(rule, system)
    if f is None:
        return None
    try:
        if f.part and system <= COMPLEX128:
            return part_of(f, f.part, x, tangent_in(a), <object>level)
        y = f.value(x) if rule.nargs == 1 else value_of_two(f, x, w)
    except Exception:  # which `apply` will meet again
        return None
    return by_slopes(rule, a, b, with_slopes(rule, f, a, b, x, w, y, system, <object>level, active))


cdef object by_slopes(NumberRule rule, object a, object b, object result):
    """What was found of a rule whose value is there; if nothing was, what `dual.apply` finds."""
    if result is not None:
        return result
    token = stop_warnings()  # the value has issued its own
    try:
        return general_apply(rule.rule, (a,) if rule.nargs == 1 else (a, b))
    finally:
        resume_warnings(token)


cdef object with_slopes(
    NumberRule rule, InSystem f, object a, object b, object x, object w, object y, int system,
    object level, int active,
):
    """The value with the tangent by its slopes; None if that is left to `dual.apply`."""
    cdef int here = type_of(y)
    try:
        if f.is_modulus:
            return modulus(x, tangent_in(a), level, y)
        if system == COMPLEX and here == COMPLEX128:  # a ufunc of Python's numbers
            system = COMPLEX128
            f = in_system(rule, system)
        if f.on_tangents is not None:
            t = of_tangent(f, tangent_in(a))
        elif here != system:
            return None
        else:
            t = None
            if active & 1:
                t = term(f, 0, x, w, y, system, tangent_in(a))
                if t is None:
                    return None
            if active & 2:
                r = term(f, 1, x, w, y, system, tangent_in(b))
                t = r if t is None or r is None else summed(t, r)
    except Exception:  # which `apply` will meet again
        return None
    return None if t is None or here == OTHER else made_of_number(y, here, t, level)


cdef inline object made_of_number(object y, int kind, object tangent, object level):
    if kind < COMPLEX:
        return dual(y, tangent, level)
    z = PyType_GenericAlloc(PYTHON_KIND if kind == COMPLEX else NUMPY_KIND, 0)
    fill_slot(z, PRIMAL_IN, y)
    fill_slot(z, TANGENT_IN, tangent)
    fill_slot(z, LEVEL_IN, level)
    return z


cdef object part_of(InSystem f, int part, object x, object t, object level):
    """The real or imaginary part of a number; None if the tangent is an unusual one."""
    cdef bint is_np = type(x) is complex128
    if is_np:
        x = complex_in(<PyObject *>x)
    if type(t) is float:
        t = t if part == 1 else 0.0
    elif type(t) is complex:
        t = part_in(<PyObject *>t, part)
    else:
        t = of_tangent(f, t)
    if t is None:
        return None
    return dual(number(part_in(<PyObject *>x, part), is_np), t, level)


cdef object modulus(object x, object t, object level, object y):
    """abs of a complex number, whose value is y."""
    cdef const Loop *loop = NULL
    cdef int system = type_of(x)
    if system > COMPLEX128:
        return None
    re = part_of(in_system(REAL_PART, system), 1, x, t, level)
    im = part_of(in_system(IMAG_PART, system), 2, x, t, level)
    if type(re) is not Dual or type(im) is not Dual:
        return None
    if (<Dual>re).is_np and not is_numpys(ROW_hypot, &loop):
        return None
    z = binary(ROW_hypot, re, im, loop)
    if z is not None:
        (<Dual>z).v, (<Dual>z).is_np = y, type(y) is float64
    return z


cdef object of_tangent(InSystem f, object t):
    """A linear function of a tangent; None if it is not a number, or directions."""
    if type(t) is float:
        return f.on_tangents[0](t)
    if type(t) is complex:
        return f.on_tangents[1](t)
    if type(t) is float32:
        return f.on_tangents[2](t)
    if type(t) is not ndarray or t.ndim != 1:
        return None
    if cnp.PyArray_TYPE(<cnp.ndarray>t) == cnp.NPY_DOUBLE:
        return f.on_tangents[3](t)
    return f.on_tangents[4](t) if cnp.PyArray_TYPE(<cnp.ndarray>t) == cnp.NPY_CDOUBLE else None


cdef object term(InSystem f, int i, object x, object w, object y, int system, object t):
    """Slope times tangent; None if that is nan, or not so simple."""
    cdef int kind = f.kinds[i]
    cdef float r
    if kind == ONE:
        s = 1
    elif kind == MINUS_ONE:
        s = -1
    elif kind != CALCULATED:
        s = as_slope(y if kind == RESULT else x if kind == 0 else w, system)
    elif system == COMPLEX:
        s = f.slopes[i](x, y) if w is None else f.slopes[i](x, w, y)
    else:
        token = stop_warnings()
        try:
            x = fitted(x, system)
            s = f.slopes[i](x, y) if w is None else f.slopes[i](x, fitted(w, system), y)
        finally:
            resume_warnings(token)
        s = as_pythons(s)
    if kind <= RESULT and kind != ONE and kind != MINUS_ONE and may_be_lost(s, t, system):
        return None
    if type(t) is float or type(t) is complex:
        product = PyNumber_Multiply(s, t)
        return None if is_nan(<PyObject *>product) else product
    if type(t) is float32:
        if type(s) is not float and type(s) is not int:
            return None
        r = <float>(<double>s) * <float>float_in(<PyObject *>t)
        return as_float32(r) if fabs(r) <= FLT_MAX else None
    return None if type(t) is not ndarray or t.ndim != 1 else directions(s, t, system)


cdef bint may_be_lost(object s, object t, int system):
    """Whether a slope has lost digits below the range, and a tangent is far (`ranges.py`)."""
    cdef bint is_single = system == FLOAT32 or system == COMPLEX64
    cdef double far = FAR_SINGLE if is_single else FAR
    if not largest_part(s) < (FLT_MIN if is_single else DBL_MIN):
        return False
    return bool((abs(t) > far).any()) if type(t) is ndarray else largest_part(t) > far


cdef double largest_part(object x):
    if type(x) is complex:
        return max(fabs(part_in(<PyObject *>x, 1)), fabs(part_in(<PyObject *>x, 2)))
    return fabs(float_in(<PyObject *>x)) if type(x) is float32 else fabs(<double>x)


cdef object directions(object s, object t, int system):
    """The same in several directions."""
    if system == COMPLEX and is_complex_vector(t) and type_of(s) <= COMPLEX and type_of(s) >= REAL:
        product = times_complex(s, t)
        return product if all_numbers(<PyObject *>product) == 1 else None
    token = stop_warnings()
    try:
        product = PyNumber_Multiply(s, t)
    finally:
        resume_warnings(token)
    if type(product) is not ndarray or all_numbers(<PyObject *>product) != 1:
        return None
    if system == FLOAT32 or (system == COMPLEX64 and product.dtype.kind == "c"):
        return product.astype(TYPES[system])
    return product


cdef inline object summed(object s, object t):
    """The sum of two terms; None if they have not the same directions, or NumPy may warn."""
    cdef float r
    if type(s) is float32 and type(t) is float32:
        r = <float>float_in(<PyObject *>s) + <float>float_in(<PyObject *>t)
        return as_float32(r) if fabs(r) <= FLT_MAX else None
    if type(s) is float32 or type(t) is float32:
        return None
    if is_complex_vector(s) and is_complex_vector(t) and len(s) == len(t):
        return plus_complex(s, t)
    if type(s) is ndarray or type(t) is ndarray:
        if type(s) is not type(t) or s.shape != t.shape:
            return None
    return PyNumber_Add(s, t)


cdef inline object fitted(object x, int system):
    """An argument in a slope: in the precision of the result."""
    if system == FLOAT32:
        return x
    return TYPES[system](x) if type(x) is float or type(x) is int or type(x) is float64 else x


cdef inline object as_slope(object s, int system):
    """An argument as a slope, a number of Python."""
    if system == COMPLEX128 and (type(s) is float or type(s) is int or type(s) is float64):
        return complex(s)
    return as_pythons(s if system == COMPLEX else fitted(s, system))


cdef inline object as_pythons(object s):
    if type(s) is complex128:
        return complex_in(<PyObject *>s)
    if type(s) is float32:
        return float_in(<PyObject *>s)
    return s.item() if isinstance(s, numpy.generic) else s


# -- duals of older levels ---------------------------------------------------------------------------


cdef object on_duals(
    NumberRule rule, object a, object b, object x, object w, object level, int active
):
    """The same where the numbers are duals of older levels, or one of them is."""
    cdef bint is_recorded = False, is_silent, in_reverse = type(level) is not int
    cdef int system = type_inside(x, &is_recorded), here
    cdef InSystem f
    if rule.nargs == 2:
        system = system_of(system, type_inside(w, &is_recorded))
    if system != REAL and system != FLOAT64:
        return None
    f = in_system(rule, system, True)
    if f is None or (in_reverse and not is_number_form(a, b, active)):
        return None
    try:
        y = value_of_duals(rule, f, x, w)
    except Exception:  # which `apply` will meet again
        return None
    here = system_of(system, type_inside(y, &is_recorded))
    is_silent = here == REAL and not (
        active & 1 and is_of_axes(tangent_in(a)) or active & 2 and is_of_axes(tangent_in(b))
    )
    token = None if is_silent else stop_warnings()
    try:
        t = tangent_over_duals(rule, f, a, b, x, w, y, here, is_recorded, in_reverse, active)
    except Exception:
        t = None
    finally:
        if token is not None:
            resume_warnings(token)
    if t is None or in_reverse or type(y) is Dual or not (is_ours(y) or is_readable(y)):
        return by_slopes(rule, a, b, None if t is None else dual(y, t, level))
    return made_of_number(y, COMPLEX if here == REAL else here, t, level)


cdef int type_inside(object x, bint *is_recorded) noexcept:
    """The type of the plain number in a dual, and whether any of its levels takes part in rows."""
    while True:
        if is_ours(x):
            is_recorded[0] |= type(x) is Recorded or type(x) is Series
            return FLOAT64 if (<Dual>x).is_np else REAL
        if not is_readable(x):
            return type_of(x)
        is_recorded[0] |= type(<object>level_in(x)) is not int
        x = <object>SLOT(<PyObject *>x, PRIMAL_IN)


cdef object value_of_duals(NumberRule rule, InSystem f, object x, object w):
    cdef const Loop *loop = NULL
    result = None
    if rule.row >= 0:
        if rule.loop is not None:
            loop = &rule.loop.loop
        result = unary(rule.row, x, loop) if rule.nargs == 1 else binary(rule.row, x, w, loop)
    if result is None and (rule.row >= 0 or rule.rule.called is not None):
        result = on_numbers(rule, x, w)
        if result is None:
            result = evaluated(rule.rule, (x,) if rule.nargs == 1 else (x, w))
    elif result is None:
        result = f.value(x) if rule.nargs == 1 else f.value(x, w)
    return result


cdef bint is_number_form(object a, object b, int active):
    """Whether the tangents of readable duals are forms of doubles, which a tape does not hold."""
    for x in (a if active & 1 else b, b if active & 2 else a):
        if not is_readable(x):
            return False
        form = <object>SLOT(<PyObject *>x, TANGENT_IN)
        if type(form) is not form_class or form.shape or form.dtype != numpy.float64:
            return False
    return True


cdef object tangent_over_duals(
    NumberRule rule, InSystem f, object a, object b, object x, object w, object y, int system,
    bint is_recorded, bint in_reverse, int active,
):
    """The sum of slopes times tangents; None if that is left to `dual.apply`."""
    cdef int i, kind
    cdef list slopes = [], tangents = []
    if system < REAL or system > FLOAT64:  # as a power of a negative number, or an array of no axes
        return None
    if f.on_tangents is not None:
        t = tangent_in(a)
        if not in_reverse:
            return None if is_of_axes(t) else f.on_tangents[0](t)
        return made_of((), t.dtype, [t], Slopes([-1.0], [None], 0)) if rule.rule.name == "neg" else None
    if system == FLOAT64 and not is_recorded:  # Python's numbers are faster
        if (<Dual>y).v != (<Dual>y).v if is_ours(y) else y != y:
            return None
        x, w, y, system = in_python(x), in_python(w), in_python(y), REAL
    if system == REAL:  # C takes floats in slopes
        x, w = as_float(x), as_float(w)
    f = in_system(rule, system, True)
    if f is None:
        return None
    for i in range(2):
        if not active >> i & 1:
            continue
        t, kind = tangent_in(b if i else a), f.kinds[i]
        if kind == ONE:
            s = None
        elif kind == MINUS_ONE:
            s = -1.0
        elif kind != CALCULATED:
            s = as_pythons(y if kind == RESULT else x if kind == 0 else w)
        else:
            s = as_pythons(f.slopes[i](x, y) if w is None else f.slopes[i](x, w, y))
            if not is_finite(s) or is_far(t):
                return None
        slopes.append(s)
        tangents.append(t)
    if in_reverse:
        if len(tangents) == 1 and slopes[0] is None:
            return form_class(tangents[0].node)
        return made_of((), tangents[0].dtype, tangents, Slopes(slopes, [None] * len(slopes), 0))
    total = None
    for s, t in zip(slopes, tangents):
        t = product_over_duals(s, t, y)
        if t is None or total is None:
            total = t
        elif is_of_axes(t) != is_of_axes(total) or (is_of_axes(t) and t.shape != total.shape):
            total = None
        else:
            total = PyNumber_Add(total, t)
        if total is None:
            return None
    return total


cdef object product_over_duals(object s, object t, object y):
    """Slope times tangent, None for a slope of 1; None if it is not finite, or not so simple."""
    if s is None and not is_of_axes(t):
        return t
    if isinstance(t, numpy.generic):
        return None
    product = PyNumber_Multiply(1 if s is None else s, t)
    if not is_finite(product) or (is_of_axes(t) and product.shape != t.shape):
        return None
    return fit(product, y) if is_of_axes(product) else product


cdef inline bint is_of_axes(object x) noexcept:
    """Whether a tangent of a number has directions."""
    return type(x) is ndarray or Py_TYPE(<PyObject *>x) == ARRAYS


cdef object in_python(object x):
    """A number of doubles as one of Python's."""
    if type(x) is float64:
        return PyFloat_AS_DOUBLE(x)
    if is_ours(x) or is_readable(x):
        return dual(in_python(number_in(x)), in_python(tangent_in(x)), <object>level_in(x))
    return x


cdef inline object as_float(object x):
    """An integer as a float that is the same number; other numbers as they are."""
    return <double>small(x) if type(x) is int and fabs(small(x)) < EXACT else x


cdef bint is_finite(object x) except -1:
    """Whether all numbers in x are."""
    cdef Py_ssize_t i
    if type(x) is float or type(x) is int:
        return fabs(<double>x) <= LIMIT
    if type(x) is Recorded:
        return fabs((<Dual>x).v) <= LIMIT and (
            record_of(<Dual>x).outer != NULL or are_within((<Dual>x).t, record_of(<Dual>x).m, LIMIT)
        )
    if is_ours(x) and not fabs((<Dual>x).v) <= LIMIT:
        return False
    if type(x) is Nested:
        i = many((<Nested>x).n1) * (1 + many((<Nested>x).n) * (<Nested>x).mixed)
        if not are_within((<Nested>x).t1, i, LIMIT):
            return False
    if is_ours(x):
        return are_within((<Dual>x).t, many((<Dual>x).n), LIMIT)
    if is_readable(x):
        return is_finite(number_in(x)) and is_finite(tangent_in(x))
    return python_is_finite(x)


cdef bint is_far(object x) except -1:
    """Whether a number in x is far from 1."""
    cdef Py_ssize_t i
    if type(x) is float or type(x) is int:
        return fabs(<double>x) > FAR
    if type(x) is Recorded:
        return fabs((<Dual>x).v) > FAR or not (
            record_of(<Dual>x).outer != NULL or are_within((<Dual>x).t, record_of(<Dual>x).m, FAR)
        )
    if is_ours(x) and fabs((<Dual>x).v) > FAR:
        return True
    if type(x) is Nested:
        i = many((<Nested>x).n1) * (1 + many((<Nested>x).n) * (<Nested>x).mixed)
        if not are_within((<Nested>x).t1, i, FAR):
            return True
    if is_ours(x):
        return not are_within((<Dual>x).t, many((<Dual>x).n), FAR)
    if is_readable(x):
        return is_far(number_in(x)) or is_far(tangent_in(x))
    return python_has_far(x)


cdef bint is_faint_in(object x) except -1:
    """Whether a number in x is below the range, be it zero."""
    cdef Py_ssize_t i, n
    if type(x) is float or type(x) is int:
        return is_faint(<double>x)
    if is_readable(x):
        return is_faint_in(number_in(x)) or is_faint_in(tangent_in(x))
    if not is_ours(x):
        return python_has_faint(x)
    if is_faint((<Dual>x).v):
        return True
    n = many((<Dual>x).n)
    if type(x) is Recorded:
        n = 0 if record_of(<Dual>x).outer != NULL else record_of(<Dual>x).m
    for i in range(n):
        if is_faint((<Dual>x).t[i]):
            return True
    if type(x) is Nested:
        for i in range(many((<Nested>x).n1) * (1 + n * (<Nested>x).mixed)):
            if is_faint((<Nested>x).t1[i]):
                return True
    return False


def range_of_number(x):
    """Whether a number in x is far, and whether one is faint (`ranges.py`); None for arrays."""
    if type(x) is float or is_ours(x) or is_readable(x):
        return is_far(x), is_faint_in(x)
    return None


cdef bint are_within(const double *t, Py_ssize_t n, double limit) noexcept:
    cdef Py_ssize_t i
    for i in range(n):
        if not fabs(t[i]) <= limit:
            return False
    return True


cpdef bint is_at_work(object x):
    """Whether x is a number of Python, or a dual of one whose levels are all open."""
    if type(x) is float:
        return True
    if not (is_ours(x) or is_readable(x)) or not is_open(<object>level_in(x)):
        return False
    if type(x) is Dual or type(x) is Series:
        return True
    if type(x) is Nested:
        return is_open(<object>(<Nested>x).level1)
    if type(x) is Recorded:
        return record_of(<Dual>x).level1 == NULL or is_open(<object>record_of(<Dual>x).level1)
    return is_at_work(number_in(x)) and is_at_work(tangent_in(x))


# -- the ways there: operators, parts, ufuncs --------------------------------------------------------


cdef inline object operator_on_numbers(int row, object a, object b):
    result = on_numbers(<NumberRule>of_operators[row], a, b)
    if result is not None:
        return result
    if PyType_IsSubtype(Py_TYPE(<PyObject *>a), <PyTypeObject *>readable_class):
        return forward[row](a, b)
    return reflected[row](b, a)


cdef object add_numbers(PyObject *a, PyObject *b):
    return operator_on_numbers(ROW_add, <object>a, <object>b)


cdef object sub_numbers(PyObject *a, PyObject *b):
    return operator_on_numbers(ROW_sub, <object>a, <object>b)


cdef object mul_numbers(PyObject *a, PyObject *b):
    return operator_on_numbers(ROW_mul, <object>a, <object>b)


cdef object div_numbers(PyObject *a, PyObject *b):
    return operator_on_numbers(ROW_div, <object>a, <object>b)


cdef object pow_numbers(PyObject *a, PyObject *b, PyObject *modulus):
    if <object>modulus is not None:
        return readable_class.__pow__(<object>a, <object>b, <object>modulus)
    return operator_on_numbers(ROW_pow, <object>a, <object>b)


cdef object neg_number(PyObject *a):
    result = on_numbers(<NumberRule>of_operators[ROW_neg], <object>a, None)
    return readable_class.__neg__(<object>a) if result is None else result


cdef object abs_number(PyObject *a):
    result = on_numbers(<NumberRule>of_operators[ROW_abs], <object>a, None)
    return readable_class.__abs__(<object>a) if result is None else result


cdef object compare_numbers(PyObject *a, PyObject *b, int op):
    """Comparisons look at values only; that a dual was equal to a plain number is noted."""
    cdef bint both = level_in(<object>b) != NULL
    if not is_readable(<object>a) or type(<object>level_in(<object>a)) is not int:
        return COMPARISONS[op](<object>a, <object>b)
    if both and type(<object>level_in(<object>b)) is not int:
        return COMPARISONS[op](<object>a, <object>b)
    x, y = number_in(<object>a), number_in(<object>b)
    if type_of(x) == OTHER or type_of(y) == OTHER:
        return COMPARISONS[op](<object>a, <object>b)
    answer = PyObject_RichCompare(x, y, op)
    if not both and (x == y if op == 2 or op == 3 else x == 0):
        return COMPARISONS[op](<object>a, <object>b)
    return answer


def rule_on_numbers(rule, tuple args):
    """A rule on such numbers; None if that is left to `dual.apply`."""
    cdef Py_ssize_t n = len(args)
    cdef NumberRule found
    if n == 0 or n > 2:
        return None
    found = number_rule(rule)
    return on_numbers(found, args[0], args[1] if n == 2 else None) if found.nargs == n else None


def of_one_number(rule, general):
    """A method without arguments: the rule on a number; `general` does the rest."""
    cdef NumberRule found = number_rule(rule)

    def method(self):
        result = on_numbers(found, self, None)
        return general(self) if result is None else result

    method.__name__, method.__qualname__ = general.__name__, general.__qualname__
    method.__doc__ = general.__doc__
    return method


cdef object row_of_complex(object rule, object x):
    """A row as cmath has it, for other modules; or None."""
    if type(x) is Dual:
        x = complex_dual(<Dual>x, True)
    elif Py_TYPE(<PyObject *>x) != PYTHON_KIND:
        return None
    elif SLOT(<PyObject *>x, PRIMAL_IN) == NULL or type(<object>SLOT(<PyObject *>x, PRIMAL_IN)) is not complex:
        return None
    return on_numbers(number_rule(rule), x, None)


cdef object complex_dual(Dual x, bint directions_too):
    """A dual of floats as one of complex numbers."""
    tangent = tangent_in(x)
    if x.n < 0:
        tangent = complex(tangent)
    elif directions_too:
        tangent = tangent.astype(complex)
    return made_of_number(complex(x.v), COMPLEX, tangent, <object>x.lev)


def complex_of(tuple args):
    """complex(x) and complex(x, y) of duals of floats, and floats; None if that is not so simple."""
    cdef Py_ssize_t n = len(args)
    cdef double v[2]
    cdef bint is_np, any_dual = False
    cdef list parts = []
    if n == 0 or n > 2:
        return None
    v[1] = 0.0
    for i in range(n):
        x = args[i]
        if type(x) is Dual:
            any_dual = True
            v[i] = (<Dual>x).v
            parts.append(complex_dual(<Dual>x, False))
        elif as_double(x, &v[i], &is_np):
            parts.append(complex(x))
        else:
            return None
    if not any_dual:
        return None
    if n == 1:
        return parts[0]
    imag = 1j * parts[1] if type(parts[1]) is complex else on_numbers(
        <NumberRule>of_operators[ROW_mul], parts[1], 1j
    )
    z = None if imag is None else on_numbers(<NumberRule>of_operators[ROW_add], parts[0], imag)
    if z is not None:
        put_in_slot(<PyObject *>z, PRIMAL_IN, complex(v[0], v[1]))
    return z


cdef object ufunc_on_numbers(object ufunc, object a, object b):
    """A ufunc on such numbers; None if that is left to Python."""
    cdef NumberRule rule
    if b is not None and isinstance(a, numpy.generic) and not is_readable(a):
        # NumPy's numbers on the left ask for the ufunc where the operator was called, too.
        found = of_ufunc_operators.get(ufunc)
        if found is not None:
            return on_numbers(<NumberRule>found, a, b) if by_operator() else None
    found = of_ufuncs.get(ufunc, of_ufuncs)
    if found is of_ufuncs:
        found = rule_of_ufunc(ufunc)
        found = of_ufuncs[ufunc] = None if found is None else number_rule(found.called_as(ufunc))
    rule = <NumberRule>found
    if rule is None or rule.nargs != (1 if b is None else 2):
        return None
    return on_numbers(rule, a, b)


cdef bint by_operator() except -1:
    """Whether an operator of Python is at work in the user's code, and not a call."""
    cdef PyObject *names = PyEval_GetGlobals()
    if names == NULL or str((<dict>names).get("__name__")).startswith(PREFIX):
        return False
    return opcode_at_work() == BINARY_OP


cdef object numbers_ufunc(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names):
    """__array_ufunc__(ufunc, method, *inputs, **kwargs) of such numbers."""
    if names == NULL and (n == 3 or n == 4) and <object>args[1] == "__call__":
        result = ufunc_on_numbers(
            <object>args[0], <object>args[2], <object>args[3] if n == 4 else None
        )
        if result is not None:
            return result
    keywords = {} if names == NULL else {
        name: <object>args[n + i] for i, name in enumerate(<tuple>names)
    }
    return general_ufunc(<object>self, *[<object>args[i] for i in range(n)], **keywords)


cdef PyMethodDef numbers_ufunc_method
numbers_ufunc_method.ml_name = "__array_ufunc__"
numbers_ufunc_method.ml_meth = <void *>numbers_ufunc
numbers_ufunc_method.ml_flags = METH_FASTCALL | METH_KEYWORDS
numbers_ufunc_method.ml_doc = "NumPy's ufuncs on duals."


def connect_numbers(
    kind, kind_of_numpy, spaces, stop, resume, rule_of, dict operations, apply, over_duals,
):
    """Tell the kernel the classes of duals of Python's and of NumPy's numbers, and the systems.

    `rule_of`: the rule of a ufunc, or None; `operations`: the operators that call a ufunc;
    `apply`: the readable chain rule; `over_duals`: what it asks where its numbers are duals.
    """
    global of_duals, evaluated, fit, python_is_finite, python_has_far, python_has_faint
    global PYTHON_KIND, NUMPY_KIND, PRIMAL_IN, TANGENT_IN, LEVEL_IN, namespace_of, rule_of_ufunc
    global stop_warnings, resume_warnings, REAL_PART, IMAG_PART, general_ufunc, general_apply
    cdef void *binary_slots[4]
    cdef void *unary_slots[2]
    of_duals, evaluated, fit, python_is_finite, python_has_far, python_has_faint = over_duals
    PYTHON_KIND, NUMPY_KIND = <PyTypeObject *>kind, <PyTypeObject *>kind_of_numpy
    PRIMAL_IN, TANGENT_IN = slot_of(kind.primal), slot_of(kind.tangent)
    LEVEL_IN = slot_of(kind.level)
    namespace_of, rule_of_ufunc, stop_warnings, resume_warnings = spaces, rule_of, stop, resume
    REAL_PART, IMAG_PART = number_rule(table["real"]), number_rule(table["imag"])
    for row in range(ROW_COUNT):
        of_rows[row] = number_rule(table[ROWS[row].name.decode()])
    for name, f in (
        ("add", operators.add), ("sub", operators.sub), ("mul", operators.mul),
        ("div", operators.truediv), ("pow", operators.pow), ("neg", operators.neg),
        ("abs", operators.abs),
    ):
        of_operators[rows[name]] = number_rule(table[name].called_as(f))
    for ufunc, f in operations.items():
        rule = table[ufunc.__name__].called_as(f)
        of_ufunc_operators[ufunc] = number_rule(rule)
    general_ufunc, general_apply = kind.__array_ufunc__, apply
    kind.__array_ufunc__ = new_method(kind, &numbers_ufunc_method)
    binary_slots[:] = [
        <void *>add_numbers, <void *>sub_numbers, <void *>mul_numbers, <void *>div_numbers
    ]
    unary_slots[:] = [<void *>neg_number, <void *>abs_number]
    take_operators(kind, binary_slots, <void *>pow_numbers, unary_slots, <void *>compare_numbers)
    take_operators(kind_of_numpy, binary_slots, <void *>pow_numbers, unary_slots, <void *>compare_numbers)
