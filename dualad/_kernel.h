/* What the rows of the table are made of in C: checked arithmetic, and jets.

   Nothing here raises. Where Python would raise, or where a result is not finite, `*odd` is set
   (a row returns 1), and the kernel asks the readable Dual, which knows what to say. */

#ifndef DUALAD_KERNEL_H
#define DUALAD_KERNEL_H

#include <Python.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

#include "_wide.h"

#define DIRECTIONS 16   /* carried inside a dual of the first order; more live in an array */
#define JET 32          /* of those of an older level, so many at once */
#define LIMIT 0x1p996   /* sums of products up to here cannot overflow */

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

/* A slope of a row on arrays of doubles, if that has the bits of NumPy's: s = slope(a, b, y). */
typedef void Slope(const double *a, Size step_a, const double *b, Size step_b, const double *y,
                   double *s, Size n);
typedef struct {
    const char *name;
    int argument;
    Slope *slope;
} Exact;

/* Where one of __slots__ stands in the objects, and what stands there: NULL if nothing does. */
static inline Py_ssize_t slot_of(PyObject *slot) {
    return ((PyMemberDescrObject *)slot)->d_member->offset;
}

#define SLOT(x, place) (*(PyObject **)((char *)(x) + (place)))

static inline void fill_slot(PyObject *x, Py_ssize_t place, PyObject *content) {
    Py_INCREF(content);
    SLOT(x, place) = content;  /* where nothing was */
}

static inline void put_in_slot(PyObject *x, Py_ssize_t place, PyObject *content) {
    PyObject *old = SLOT(x, place);
    Py_INCREF(content);
    SLOT(x, place) = content;
    Py_XDECREF(old);
}

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

/* Functions of math that are Python's own, and not libm's. */
enum { HYPOT, GAMMA, LGAMMA, OF_PYTHON };
static PyObject *math_functions[OF_PYTHON];

static inline double by_python(int which, int nargs, double a, double b, int *odd) {
    double y = 0.0;
    PyObject *args[2] = {NULL, NULL}, *result = NULL;
    args[0] = PyFloat_FromDouble(a);
    if (nargs == 2)
        args[1] = PyFloat_FromDouble(b);
    if (args[0] != NULL && (nargs == 1 || args[1] != NULL))
        result = PyObject_Vectorcall(math_functions[which], args, nargs, NULL);
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

static inline double with_exponent(double a, double b, int *odd) {
    *odd |= b != rint(b) || fabs(b) > 10000.0;
    return checked(ldexp(a, *odd ? 0 : (int)b), odd);
}

static const double ON_1_TO_2[] = {
    0.9510558760318328, -0.42362742128146047, 0.24054248424078736,
    -0.14840492305391761, 0.09498872445283, -0.06192213327165706,
    0.04076083394462657, -0.02697579684427536, 0.017907248195969127,
    -0.011908215172584002, 0.007927024067961237, -0.00528001782089874,
    0.0035180800751066694, -0.002344650082351321, 0.0015635679757533885,
    -0.001042261556504223, 0.0006899717801166841, -0.0004599625144612576,
    0.0003268068044141764, -0.0002178682145501451, 9.173383289174792e-05,
    -6.11554261750751e-05, 0.00012230983055406747, -8.153978973309418e-05,
};
static const double BERNOULLI[] = {
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510,
    43867.0 / 798,
};

/* See numerics.py, which does the same steps. */
static inline double digamma_of(double x) {
    double s = 0.0, y = 0.0, t;
    if (x >= 10.0) {
        const double z = 1.0 / (x * x);
        for (int k = 8; k > 0; k--)
            s = s * z - BERNOULLI[k - 1] / (2 * k);
        return log(x) - 0.5 / x + s * z;
    }
    while (x >= 2.0) {
        x -= 1.0;
        s += 1.0 / x;
    }
    if (x < 1.0) {
        s = -1.0 / x;
        x += 1.0;
    }
    t = x - 1.5;
    for (int k = sizeof ON_1_TO_2 / sizeof *ON_1_TO_2 - 1; k >= 0; k--)
        y = y * t + ON_1_TO_2[k];
    return s + ((x - 1.4616321449683622) - 9.549995429965697e-17) * y;
}

static inline double polygamma_of(double n, double x, int *odd) {
    double s = 0.0, tail = 0.0, factorial = 1.0, p, z;
    int m;
    if (n == 0.0 && x > 0.0)
        return checked(digamma_of(x), odd);
    if (!(n >= 1.0 && n <= 20.0 && n == rint(n) && 1e-10 < x && x < 1e10)) {
        *odd = 1;
        return 0.0;
    }
    m = (int)n;
    while (x < 10.0 + n) {
        p = x;
        for (int i = 0; i < m; i++)
            p *= x;
        s += 1.0 / p;
        x += 1.0;
    }
    z = 1.0 / (x * x);
    for (int k = 9; k > 0; k--) {
        double choices = 1.0;
        for (int i = 1; i <= m; i++)
            choices = choices * (2 * k - 1 + i) / i;
        tail = tail * z + BERNOULLI[k - 1] * choices / (2 * k);
    }
    p = 1.0;
    for (int i = 0; i < m; i++) {
        p *= x;
        factorial *= i + 1;
    }
    s += (1.0 / n + 0.5 / x + tail * z) / p;
    return factorial * (m % 2 ? s : -s);
}

/* -- NumPy's numbers ------------------------------------------------------------------ */

/* The loop of a ufunc over float64. */
typedef void (*Inner)(char **args, const Size *count, const Size *steps, void *data);

typedef struct {
    Inner inner;
    void *data;
    int is_sqrt;
} Loop;

#define UNUSUAL (FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID)

/* Whether a flag is set. Loops of floats set those of SSE, whose bits are the same, and which are
   read by one instruction. */
static inline int flagged(void) {
#if defined(__GNUC__) && defined(__x86_64__)
    return (int)(__builtin_ia32_stmxcsr() & UNUSUAL);
#else
    return fetestexcept(UNUSUAL);
#endif
}

/* Python's numbers never divide by zero; a loop of NumPy's that calls Python tells of what did. */
static inline void forget_flag(int flag) {
    if (flagged() & flag)
        feclearexcept(flag);
}

/* The ufunc of one number or two; 1 where NumPy may have something to say. A flag may have been
   set before, and to clear flags takes longer than most functions: it is done where one is set. */
static inline int looped(const Loop *loop, const double *x, int nargs, double *y) {
    double given[2];
    const Size one = 1, steps[3] = {0, 0, 0};
    char *args[3];
    if (loop->is_sqrt && x[0] >= 0.0) {  /* which is rounded rightly, by whomsoever */
        *y = sqrt(x[0]);
        return !isfinite(*y);
    }
    given[0] = x[0];
    given[1] = nargs == 2 ? x[1] : 0.0;
    args[0] = (char *)&given[0];
    args[1] = nargs == 2 ? (char *)&given[1] : (char *)y;
    args[2] = (char *)y;
    loop->inner(args, &one, steps, loop->data);
    if (flagged()) {
        feclearexcept(FE_ALL_EXCEPT);
        loop->inner(args, &one, steps, loop->data);
        if (flagged())
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

/* The highest bit: whether x is beyond LIMIT, infinite or nan. In whole numbers, which compilers
   do two and more at a time, for they set no flags. */
static inline uint64_t beyond(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & INT64_MAX) + ((uint64_t)(0x7ff - 0x7e2) << 52);
}

static inline int any_far(const double *t, Size m) {
    for (Size j = 0; j < m; j++)
        if (fabs(t[j]) > FAR)
            return 1;
    return 0;
}

/* Whether a slope has lost digits below the range, and a tangent is far enough to make up for it. */
static inline int lost(double s, const double *t, Size m) {
    return fabs(s) < DBL_MIN && any_far(t, m);
}

/* The same for k slopes, of which many are zero. */
static inline int any_lost(const double *s, Size k, const double *t, Size m) {
    for (Size i = 0; i < k; i++)
        if (fabs(s[i]) < DBL_MIN)
            return any_far(t, m);
    return 0;
}

/* out = a term in m directions; whether one of them is beyond LIMIT. */
#define EACH(term)                            \
    uint64_t odd = 0;                         \
    if (m == 1) {                             \
        const Size j = 0;                     \
        return !(fabs(out[0] = term) <= LIMIT); \
    }                                         \
    for (Size j = 0; j < m; j++) {            \
        const double p = term;                \
        out[j] = p;                           \
        odd |= beyond(p);                     \
    }                                         \
    return (int)(odd >> 63);

static inline int scaled(double s, const double *restrict a, double *restrict out, Size m) {
    EACH(s * a[j])
}

static inline int combined(double s, const double *restrict a, double r,
                           const double *restrict b, double *restrict out, Size m) {
    EACH(s * a[j] + r * b[j])
}

static inline int scaled_more(double s, const double *restrict a, double *restrict out, Size m) {
    EACH(out[j] + s * a[j])
}

#undef EACH

static inline int moved(int active, const double *s, const double *a, const double *b,
                        double *out, Size m) {
    if ((active & 1 && lost(s[0], a, m)) || (active & 2 && lost(s[1], b, m)))
        return 1;
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

/* out, of k rows of m = the tangent of slope·t2 by the product rule; or out += that, if it is not
   the first term. t12 is the tangent of t2, NULL if it is zero. */
WIDE static int tangents_of_product(int first, const Jet *restrict slope,
                                    const double *restrict t2, const double *restrict t12,
                                    double *restrict out, Size k, Size m) {
    const double s = slope->v;
    uint64_t odd = 0;
    if ((t12 != NULL && lost(s, t12, k * m)) || (slope->on && any_lost(slope->d, k, t2, m)))
        return 1;
    if (!slope->on) {
        if (first && s == 1.0) {  /* of sums and differences */
            memcpy(out, t12, (size_t)(k * m) * sizeof(double));
            return 0;
        }
        return (first ? scaled : scaled_more)(s, t12, out, k * m);
    }
#define EACH(term)                                  \
    for (Size i = 0; i < k; i++, out += m) {        \
        const double d = slope->d[i];               \
        for (Size j = 0; j < m; j++) {              \
            const double p = term;                  \
            out[j] = p;                             \
            odd |= beyond(p);                       \
        }                                           \
    }
    if (t12 == NULL) {
        if (first)
            EACH(d * t2[j])
        else
            EACH(out[j] + d * t2[j])
    } else if (first)
        EACH(d * t2[j] + s * t12[i * m + j])
    else
        EACH(out[j] + (d * t2[j] + s * t12[i * m + j]))
#undef EACH
    return (int)(odd >> 63);
}

WIDE static int sum_of_tangents(const double *s, const double *a, const double *b, double *out,
                                Size m) {
    return lost(s[0], a, m) || lost(s[1], b, m) || combined(s[0], a, s[1], b, out, m);
}

static inline int tangent_of_product(int first, const Jet *slope, const double *t2,
                                     const double *t12, double *out, Size k, Size m) {
    double p;
    if (k != 1 || m != 1)
        return tangents_of_product(first, slope, t2, t12, out, k, m);
    if ((slope->on && lost(slope->d[0], t2, 1)) || (t12 != NULL && lost(slope->v, t12, 1)))
        return 1;
    p = !slope->on ? slope->v * t12[0]
      : t12 == NULL ? slope->d[0] * t2[0]
                    : slope->d[0] * t2[0] + slope->v * t12[0];
    return !(fabs(out[0] = first ? p : out[0] + p) <= LIMIT);
}

#endif
