/* What the rows of the table are made of in C: checked arithmetic, and jets.

   Nothing here raises. Where Python would raise, or where a result is not finite, `*odd` is set
   (a row returns 1), and the kernel asks the readable Dual, which knows what to say. */

#ifndef DUALAD_KERNEL_H
#define DUALAD_KERNEL_H

#include <Python.h>
#include <fenv.h>
#include <float.h>
#include <math.h>

#define DIRECTIONS 16   /* carried inside a dual of the first order; more live in an array */
#define JET 32          /* directions of the outer derivative in one of the second order */
#define LIMIT 1e300     /* sums of products up to here cannot overflow */

typedef Py_ssize_t Size;

/* A value and its tangent in k directions, while a slope is differentiated. */
typedef struct {
    double v;
    int on;             /* whether it has a tangent at all */
    double d[JET];
} Jet;

/* A row of the table. `active` has bit i set if argument i has a tangent that counts. */
typedef struct {
    const char *name;
    int nargs;
    int flat;
    int (*value)(const double *x, double *y);
    int (*slopes)(const double *x, int active, double *y, double *s);
    int (*given)(const double *x, int active, double *y, double *s);
    int (*jet)(const Jet *const *x, const Jet *y, int i, Size k, Jet *s);
    PyCFunction call;
} Row;

/* -- numbers -------------------------------------------------------------------------- */

static inline double checked(double y, int *odd) {
    *odd |= !isfinite(y);
    return y;
}

static inline double divided(double a, double b, int *odd) {
    *odd |= b == 0.0;
    return a / b;
}

/* a**b; a**1 is exact, and common in slopes. */
static inline double power(double a, double b, int *odd) {
    return b == 1.0 ? a : checked(pow(a, b), odd);
}

static inline double sign_of(double x) {
    return x == 0.0 || x != x ? 0.0 * x : copysign(1.0, x);
}

/* a % b with the sign of b, as Python has it. */
static inline double modulo(double a, double b, int *odd) {
    double r;
    *odd |= b == 0.0 || !isfinite(a) || !isfinite(b);
    r = fmod(a, b);
    if (r == 0.0)
        return copysign(0.0, b);
    return (b < 0.0) != (r < 0.0) ? r + b : r;
}

static inline double floor_divided(double a, double b, int *odd) {
    double r = fmod(a, b), q = (a - r) / b, n = floor(q);
    *odd |= b == 0.0 || !isfinite(a) || !isfinite(b);
    if (r != 0.0 && (b < 0.0) != (r < 0.0))
        n = floor(q -= 1.0);
    if (q == 0.0)
        return copysign(0.0, a / b);
    return q - n > 0.5 ? n + 1.0 : n;
}

/* math.hypot is Python's own, and more accurate than libm's. */
static PyObject *math_hypot = NULL;

static inline double hypotenuse(double a, double b, int *odd) {
    double y = 0.0;
    PyObject *args[2], *result = NULL;
    args[0] = PyFloat_FromDouble(a);
    args[1] = PyFloat_FromDouble(b);
    if (args[0] != NULL && args[1] != NULL)
        result = PyObject_Vectorcall(math_hypot, args, 2, NULL);
    Py_XDECREF(args[0]);
    Py_XDECREF(args[1]);
    if (result == NULL) {
        PyErr_Clear();
        *odd = 1;
        return y;
    }
    y = PyFloat_AS_DOUBLE(result);
    Py_DECREF(result);
    return checked(y, odd);
}

/* -- NumPy's numbers ------------------------------------------------------------------ */

/* The loop of a ufunc over float64. */
typedef void (*Inner)(char **args, const Size *count, const Size *steps, void *data);

typedef struct {
    Inner inner;
    void *data;
} Loop;

#define UNUSUAL (FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID)

/* The ufunc of one number or two; 1 where NumPy may have something to say. A flag may have been
   set before, and to clear flags takes longer than most functions: it is done where one is set. */
static inline int looped(const Loop *loop, const double *x, int nargs, double *y) {
    double given[2];
    const Size one = 1, steps[3] = {0, 0, 0};
    char *args[3];
    given[0] = x[0];
    given[1] = nargs == 2 ? x[1] : 0.0;
    args[0] = (char *)&given[0];
    args[1] = nargs == 2 ? (char *)&given[1] : (char *)y;
    args[2] = (char *)y;
    loop->inner(args, &one, steps, loop->data);
    if (fetestexcept(UNUSUAL)) {
        feclearexcept(FE_ALL_EXCEPT);
        loop->inner(args, &one, steps, loop->data);
        if (fetestexcept(UNUSUAL))
            return 1;
    }
    return !isfinite(*y);
}

/* Whether y, which is finite, is so small that a product, quotient or power of a, which is not
   0, and b may have underflowed, of which NumPy can warn. */
static inline int tiny(double a, double b, double y, int product) {
    return fabs(y) < DBL_MIN && a != 0.0 && !(product && b == 0.0);
}

/* -- tangents ------------------------------------------------------------------------- */

/* out = s·a in m directions; whether one of them is not finite. */
static inline int scaled(double s, const double *restrict a, double *restrict out, Size m) {
    long long odd = 0;
    if (m == 1) {
        out[0] = s * a[0];
        return !(fabs(out[0]) <= LIMIT);
    }
    for (Size j = 0; j < m; j++) {
        double p = s * a[j];
        out[j] = p;
        odd |= !(fabs(p) <= LIMIT);
    }
    return odd != 0;
}

/* out = s·a + r·b */
static inline int combined(double s, const double *restrict a, double r,
                           const double *restrict b, double *restrict out, Size m) {
    long long odd = 0;
    if (m == 1) {
        out[0] = s * a[0] + r * b[0];
        return !(fabs(out[0]) <= LIMIT);
    }
    for (Size j = 0; j < m; j++) {
        double p = s * a[j] + r * b[j];
        out[j] = p;
        odd |= !(fabs(p) <= LIMIT);
    }
    return odd != 0;
}

/* out = s·a + r·b, as far as these are active; or out += that, if it is not the first term. */
static inline int added(int first, int active, double s, const double *restrict a, double r,
                        const double *restrict b, double *restrict out, Size m) {
    long long odd = 0;
#define EACH(term)                            \
    for (Size j = 0; j < m; j++) {            \
        double p = term;                      \
        out[j] = p;                           \
        odd |= !(fabs(p) <= LIMIT);           \
    }
    if (first)
        switch (active) {
        case 1: return scaled(s, a, out, m);
        case 2: return scaled(r, b, out, m);
        default: return combined(s, a, r, b, out, m);
        }
    switch (active) {
    case 1: EACH(out[j] + s * a[j]) break;
    case 2: EACH(out[j] + r * b[j]) break;
    default: EACH(out[j] + (s * a[j] + r * b[j]))
    }
#undef EACH
    return odd != 0;
}

static inline int moved(int active, const double *s, const double *a, const double *b,
                        double *out, Size m) {
    return active == 3 ? combined(s[0], a, s[1], b, out, m)
         : active == 1 ? scaled(s[0], a, out, m)
                       : scaled(s[1], b, out, m);
}

/* -- jets: the table's functions on a value with k directions -------------------------- */

static inline Jet constant(double v) {
    Jet jet;
    jet.v = v;
    jet.on = 0;
    return jet;
}

/* y = row(a, b); b is NULL for functions of one argument. `given`: y->v is there already. */
static inline int jet_at(const Row *row, const Jet *a, const Jet *b, Size k, Jet *y, int given) {
    double x[2], s[2] = {0.0, 0.0};
    int active = row->flat ? 0 : a->on | (b != NULL && b->on ? 2 : 0);
    x[0] = a->v;
    x[1] = b == NULL ? 0.0 : b->v;
    y->on = active != 0;
    if (active == 0)
        return given ? 0 : row->value(x, &y->v);
    if ((given ? row->given : row->slopes)(x, active, &y->v, s))
        return 1;
    return moved(active, s, a->d, b == NULL ? NULL : b->d, y->d, k);
}

static inline int jet_of(const Row *row, const Jet *a, const Jet *b, Size k, Jet *y) {
    return jet_at(row, a, b, k, y, 0);
}

static inline int copied(const Jet *from, Size k, Jet *to) {
    to->v = from->v;
    to->on = from->on;
    if (from->on)
        memcpy(to->d, from->d, (size_t)k * sizeof(double));
    return 0;
}

#endif
