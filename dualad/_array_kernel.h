/* The chain rule on arrays: Σ slope·ȧ, one or two terms, over the elements of the result.

   Each factor is broadcast to the result by its steps, so numbers, slopes without directions and
   operands of fewer axes need no code of their own. Results are looked at while they are made: the
   functions return 1 where one is not finite, and Python then decides.

   The file includes itself: what is below #else is compiled once for each type of floats. */

#ifndef REAL

#ifndef DUALAD_ARRAY_KERNEL_H
#define DUALAD_ARRAY_KERNEL_H

#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "_wide.h"

#define AXES 65 /* NumPy's 64, and that of the directions */
#define TILE 1024 /* so many elements at a time, for what is read again soon */

/* The result may be written over a factor, but then element by element. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define INLINE static inline __attribute__((always_inline))
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#define INLINE static inline __attribute__((always_inline))
#else
#define INDEPENDENT
#define INLINE static inline
#endif

/* 1 where a column has the colour, 0 elsewhere. */
WIDE static void mark(const int *colours, int colour, double *to, Size n) {
    INDEPENDENT
    for (Size i = 0; i < n; i++)
        to[i] = colours[i] == colour;
}

/* An array, or a number, as it is read along the axes of the result. Steps are in bytes. */
typedef struct {
    const char *at;
    Size steps[AXES];
    union { double d; float f; } number;
} Factor;

/* Join the axes that all factors walk through as if they were one; how many are left. */
static int join_axes(int ndim, Size *shape, Factor *factors, int count) {
    int last = -1;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 1)
            continue;
        int joins = last >= 0;
        for (int j = 0; j < count && joins; j++)
            joins = factors[j].steps[last] == factors[j].steps[axis] * shape[axis];
        if (joins)
            shape[last] *= shape[axis];
        else
            shape[++last] = shape[axis];
        for (int j = 0; j < count; j++)
            factors[j].steps[last] = factors[j].steps[axis];
    }
    if (last < 0) /* one element */
        shape[++last] = 1;
    return last + 1;
}

#define REAL double
#define NAMED(name) name##_doubles
#define ABSOLUTE fabs
#define LARGEST DBL_MAX
typedef long long Odd_doubles; /* of the same width, for the vector registers */
#include "_array_kernel.h"
#undef REAL
#undef NAMED
#undef ABSOLUTE
#undef LARGEST

#define REAL float
#define NAMED(name) name##_floats
#define ABSOLUTE fabsf
#define LARGEST FLT_MAX
typedef int Odd_floats;
#include "_array_kernel.h"
#undef REAL
#undef NAMED
#undef ABSOLUTE
#undef LARGEST

#endif

#else

#define ONE ((Size)sizeof(REAL))
#define AT(x, place) (*(const REAL *)((x) + (place)))

INLINE int NAMED(product)(const char *s, Size ds, const char *a, Size da, REAL *out, Size n) {
    NAMED(Odd) odd = 0;
    const REAL c = AT(s, 0);
    INDEPENDENT
    for (Size i = 0; i < n; i++) {
        const REAL q = (ds ? AT(s, i * ds) : c) * AT(a, i * da);
        out[i] = q;
        odd |= !(ABSOLUTE(q) <= LARGEST);
    }
    return odd != 0;
}

INLINE int NAMED(sum_of_products)(const char *s, Size ds, const char *a, Size da, const char *r,
                                  Size dr, const char *b, Size db, REAL *out, Size n) {
    NAMED(Odd) odd = 0;
    const REAL c = AT(s, 0), e = AT(r, 0);
    INDEPENDENT
    for (Size i = 0; i < n; i++) {
        const REAL q = (ds ? AT(s, i * ds) : c) * AT(a, i * da)
                     + (dr ? AT(r, i * dr) : e) * AT(b, i * db);
        out[i] = q;
        odd |= !(ABSOLUTE(q) <= LARGEST);
    }
    return odd != 0;
}

/* How many of n numbers lie before a cache line begins. */
INLINE Size NAMED(before_line)(const REAL *out, Size n) {
    const Size m = (Size)(-(uintptr_t)out % 64) / ONE;
    return m < n ? m : n;
}

/* One row of the result. Steps that are known when this is compiled make fast loops, which begin
   where a cache line does: a store across two lines takes twice as long. */
WIDE static int NAMED(row_of_one)(const char *s, Size ds, const char *a, Size da, REAL *out,
                                  Size n) {
    const Size m = NAMED(before_line)(out, n);
    if (m && NAMED(product)(s, ds, a, da, out, m))
        return 1;
    s += m * ds, a += m * da, out += m, n -= m;
    if (da == ONE && ds == ONE)
        return NAMED(product)(s, ONE, a, ONE, out, n);
    if (da == ONE && ds == 0)
        return NAMED(product)(s, 0, a, ONE, out, n);
    return NAMED(product)(s, ds, a, da, out, n);
}

WIDE static int NAMED(row_of_two)(const char *s, Size ds, const char *a, Size da, const char *r,
                                  Size dr, const char *b, Size db, REAL *out, Size n) {
    const Size m = NAMED(before_line)(out, n);
    if (m && NAMED(sum_of_products)(s, ds, a, da, r, dr, b, db, out, m))
        return 1;
    s += m * ds, a += m * da, r += m * dr, b += m * db, out += m, n -= m;
    if (da == ONE && db == ONE) {
        if (ds == ONE && dr == ONE)
            return NAMED(sum_of_products)(s, ONE, a, ONE, r, ONE, b, ONE, out, n);
        if (ds == ONE && dr == 0)
            return NAMED(sum_of_products)(s, ONE, a, ONE, r, 0, b, ONE, out, n);
        if (ds == 0 && dr == ONE)
            return NAMED(sum_of_products)(s, 0, a, ONE, r, ONE, b, ONE, out, n);
        if (ds == 0 && dr == 0)
            return NAMED(sum_of_products)(s, 0, a, ONE, r, 0, b, ONE, out, n);
    }
    return NAMED(sum_of_products)(s, ds, a, da, r, dr, b, db, out, n);
}

/* out = factors[0]·factors[1] (+ factors[2]·factors[3]), where out is dense along these axes. */
static int NAMED(combine)(int ndim, Size *shape, Factor *factors, int count, void *result) {
    REAL *out = (REAL *)result;
    for (int axis = 0; axis < ndim; axis++)
        if (shape[axis] == 0)
            return 0;
    const int inner = join_axes(ndim, shape, factors, count) - 1;
    const Size n = shape[inner];
    Size place[AXES]; /* where the row is, along the other axes */
    for (int axis = 0; axis < inner; axis++)
        place[axis] = 0;
    const Factor *f[4];
    Size d[4];
    for (int j = 0; j < count; j++) { /* of two factors, one that is dense comes second */
        const int other = j ^ (factors[j & ~1].steps[inner] == ONE);
        f[j] = &factors[other];
        d[j] = factors[other].steps[inner];
    }
    const Size width = inner ? TILE : n; /* slopes are read again for each direction */
    for (Size start = 0; start < n; start += width) {
        const Size m = n - start < width ? n - start : width;
        const char *at[4];
        REAL *row = out + start;
        for (;;) {
            for (int j = 0; j < count; j++)
                at[j] = f[j]->at + start * d[j];
            if (count == 2 ? NAMED(row_of_one)(at[0], d[0], at[1], d[1], row, m)
                           : NAMED(row_of_two)(at[0], d[0], at[1], d[1], at[2], d[2], at[3], d[3],
                                               row, m))
                return 1;
            row += n;
            int axis = inner - 1; /* on to the next row */
            for (; axis >= 0; axis--) {
                for (int j = 0; j < count; j++)
                    factors[j].at += factors[j].steps[axis];
                if (++place[axis] < shape[axis])
                    break;
                for (int j = 0; j < count; j++)
                    factors[j].at -= factors[j].steps[axis] * shape[axis];
                place[axis] = 0;
            }
            if (axis < 0)
                break;
        }
    }
    return 0;
}

/* A number that is read at every element. */
static void NAMED(constant)(Factor *factor, REAL number, int ndim) {
    *(REAL *)&factor->number = number;
    factor->at = (const char *)&factor->number;
    for (int axis = 0; axis < ndim; axis++)
        factor->steps[axis] = 0;
}

#undef ONE
#undef AT

#endif
