/* Σ slope·ȧ over the elements of an array, and over directions, in one loop.

   A slope is one of: 1, −1, one number, or an array. Products are looked at while they are made:
   the functions return 1 where one is not finite (or nearly so), and Python then decides. */

#ifndef DUALAD_ARRAY_KERNEL_H
#define DUALAD_ARRAY_KERNEL_H

#include <Python.h>
#include <math.h>

#define LIMIT 1e300     /* sums of products up to here cannot overflow */

typedef Py_ssize_t Size;

/* The same C for processors with wider registers, where the compiler can choose at load time.
   Every element is calculated by the same operations, so the results are the same. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

typedef enum { PLUS, MINUS, NUMBER, ARRAY } Form;

/* One term: a slope, and the tangent it belongs to. Steps are counted in elements. */
typedef struct {
    Form form;
    double number;
    const double *slope, *dot;
    Size slope_step, dot_step, row_step; /* row_step: from one direction to the next */
} Term;

#define EACH(n, p)                                                                            \
    for (Size i = 0; i < n; i++)                                                              \
        out[i] = p;
#define EACH_LOOKED_AT(n, p)                                                                  \
    for (Size i = 0; i < n; i++) {                                                            \
        const double q = p;                                                                   \
        out[i] = q;                                                                           \
        odd |= !(fabs(q) <= LIMIT);                                                           \
    }

WIDE static int row_of_one(const Term *t, const double *restrict a, double *restrict out, Size n) {
    const double *restrict s = t->slope, c = t->number;
    const Size ds = t->slope_step, da = t->dot_step;
    long long odd = 0;
    switch (t->form) {
    case PLUS:
        if (da == 1) EACH(n, a[i]) else EACH(n, a[i * da])
        break;
    case MINUS:
        if (da == 1) EACH(n, -a[i]) else EACH(n, -a[i * da])
        break;
    case NUMBER:
        if (da == 1) EACH_LOOKED_AT(n, c * a[i]) else EACH_LOOKED_AT(n, c * a[i * da])
        break;
    case ARRAY:
        if (s == out) /* the slope is written over */
            EACH_LOOKED_AT(n, out[i] * a[i * da])
        else if (da == 1 && ds == 1)
            EACH_LOOKED_AT(n, s[i] * a[i])
        else
            EACH_LOOKED_AT(n, s[i * ds] * a[i * da])
    }
    return odd != 0;
}

/* Whether the slope of t may be written over by the result. */
static inline int may_be_written(const Term *t, const Term *u) {
    return t->form == ARRAY && t->slope_step == 1
        && (u == NULL || (u->form == ARRAY && u->slope_step == 1 && t->dot_step == 1
                          && u->dot_step == 1));
}

/* A slope as a number, whatever its form: for what is not usual. */
static inline double slope_at(const Term *t, Size i) {
    return t->form == PLUS ? 1.0 : t->form == MINUS ? -1.0
         : t->form == NUMBER ? t->number : t->slope[i * t->slope_step];
}

WIDE static int row_of_two(const Term *t, const Term *u, const double *restrict a,
                           const double *restrict b, double *restrict out, Size n) {
    const double *restrict s = t->slope, *restrict r = u->slope;
    long long odd = 0;
    const int dense = t->dot_step == 1 && u->dot_step == 1;
    if (dense && t->form == PLUS && u->form == PLUS)
        EACH(n, a[i] + b[i])
    else if (dense && t->form == PLUS && u->form == MINUS)
        EACH(n, a[i] - b[i])
    else if (s == out && s != NULL)
        EACH_LOOKED_AT(n, out[i] * a[i] + r[i] * b[i])
    else if (r == out && r != NULL)
        EACH_LOOKED_AT(n, s[i] * a[i] + out[i] * b[i])
    else if (dense && t->form == ARRAY && u->form == ARRAY && t->slope_step == 1
             && u->slope_step == 1)
        EACH_LOOKED_AT(n, s[i] * a[i] + r[i] * b[i])
    else if (t->form <= MINUS && u->form <= MINUS)
        EACH(n, slope_at(t, i) * a[i * t->dot_step] + slope_at(u, i) * b[i * u->dot_step])
    else
        EACH_LOOKED_AT(n, slope_at(t, i) * a[i * t->dot_step] + slope_at(u, i) * b[i * u->dot_step])
    return odd != 0;
}

/* out[j, i] = Σ slope[i]·ȧ[j, i] for k directions and n elements; u is NULL for one term.

   With one direction, out may be a slope if all that it meets is dense: see `may_be_written`. */
static int combine(const Term *t, const Term *u, double *out, Size k, Size n) {
    int odd = 0;
    for (Size j = 0; j < k; j++, out += n) {
        const double *a = t->dot + j * t->row_step;
        odd |= u == NULL ? row_of_one(t, a, out, n)
                         : row_of_two(t, u, a, u->dot + j * u->row_step, out, n);
    }
    return odd;
}

#endif
