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
#define SMALLEST DBL_MIN
#define BEYOND FAR
typedef long long Odd_doubles; /* of the same width, for the vector registers */
#include "_array_kernel.h"
#undef REAL
#undef NAMED
#undef ABSOLUTE
#undef LARGEST
#undef SMALLEST
#undef BEYOND

#define REAL float
#define NAMED(name) name##_floats
#define ABSOLUTE fabsf
#define LARGEST FLT_MAX
#define SMALLEST FLT_MIN
#define BEYOND FAR_SINGLE
typedef int Odd_floats;
#include "_array_kernel.h"
#undef REAL
#undef NAMED
#undef ABSOLUTE
#undef LARGEST
#undef SMALLEST
#undef BEYOND

#endif

#else

#define ONE ((Size)sizeof(REAL))
#define AT(x, place) (*(const REAL *)((x) + (place)))

/* Whether a row is for Python: something is not finite, or a faint slope meets a far tangent. (A
   slope that was written over cannot be looked at, and counts as one.) */
static int NAMED(are_odd)(const char *s, Size ds, const char *a, Size da, const REAL *out, Size n,
                          REAL limit) {
    for (Size i = 0; i < n; i++) {
        if (!(ABSOLUTE(out[i]) <= LARGEST))
            return 1;
        if (ABSOLUTE(AT(a, i * da)) > limit
            && (s == (const char *)out || !(ABSOLUTE(AT(s, i * ds)) >= SMALLEST)))
            return 1;
    }
    return 0;
}

/* s·a; beyond `limit`, a is a far tangent, if it is looked at. */
INLINE int NAMED(product)(const char *s, Size ds, const char *a, Size da, REAL *out, Size n,
                          const REAL limit, const int looks) {
    NAMED(Odd) odd = 0;
    const REAL c = AT(s, 0);
    INDEPENDENT
    for (Size i = 0; i < n; i++) {
        const REAL t = AT(a, i * da), q = (ds ? AT(s, i * ds) : c) * t;
        out[i] = q;
        odd |= !(ABSOLUTE(q) <= LARGEST) | (looks && ABSOLUTE(t) > limit);
    }
    return odd != 0;
}

INLINE int NAMED(sum_of_products)(const char *s, Size ds, const char *a, Size da, const char *r,
                                  Size dr, const char *b, Size db, REAL *out, Size n,
                                  const REAL limit, const REAL other, const int looks) {
    NAMED(Odd) odd = 0;
    const REAL c = AT(s, 0), e = AT(r, 0);
    INDEPENDENT
    for (Size i = 0; i < n; i++) {
        const REAL t = AT(a, i * da), u = AT(b, i * db);
        const REAL q = (ds ? AT(s, i * ds) : c) * t + (dr ? AT(r, i * dr) : e) * u;
        out[i] = q;
        odd |= !(ABSOLUTE(q) <= LARGEST)
             | (looks && (ABSOLUTE(t) > limit)) | (looks && (ABSOLUTE(u) > other));
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
                                  Size n, const REAL limit) {
    const int looks = limit < INFINITY;
    const Size m = NAMED(before_line)(out, n);
    const int odd = m && NAMED(product)(s, ds, a, da, out, m, limit, looks);
    s += m * ds, a += m * da, out += m, n -= m;
#define PRODUCT(ds, da, looks) odd | NAMED(product)(s, ds, a, da, out, n, limit, looks)
    if (da == ONE && ds == ONE)
        return looks ? PRODUCT(ONE, ONE, 1) : PRODUCT(ONE, ONE, 0);
    if (da == ONE && ds == 0)
        return looks ? PRODUCT(0, ONE, 1) : PRODUCT(0, ONE, 0);
    return PRODUCT(ds, da, looks);
#undef PRODUCT
}

WIDE static int NAMED(row_of_two)(const char *s, Size ds, const char *a, Size da, const char *r,
                                  Size dr, const char *b, Size db, REAL *out, Size n,
                                  const REAL limit, const REAL other) {
    const int looks = limit < INFINITY || other < INFINITY;
    const Size m = NAMED(before_line)(out, n);
    const int odd = m
        && NAMED(sum_of_products)(s, ds, a, da, r, dr, b, db, out, m, limit, other, looks);
    s += m * ds, a += m * da, r += m * dr, b += m * db, out += m, n -= m;
#define SUM(ds, da, dr, db, looks) \
    odd | NAMED(sum_of_products)(s, ds, a, da, r, dr, b, db, out, n, limit, other, looks)
    if (da == ONE && db == ONE) {
        if (ds == ONE && dr == ONE)
            return looks ? SUM(ONE, ONE, ONE, ONE, 1) : SUM(ONE, ONE, ONE, ONE, 0);
        if (ds == ONE && dr == 0)
            return looks ? SUM(ONE, ONE, 0, ONE, 1) : SUM(ONE, ONE, 0, ONE, 0);
        if (ds == 0 && dr == ONE)
            return looks ? SUM(0, ONE, ONE, ONE, 1) : SUM(0, ONE, ONE, ONE, 0);
        if (ds == 0 && dr == 0)
            return looks ? SUM(0, ONE, 0, ONE, 1) : SUM(0, ONE, 0, ONE, 0);
    }
    return SUM(ds, da, dr, db, looks);
#undef SUM
}

/* A slope and a tangent, along a row. */
typedef struct {
    const Factor *slope, *tangent;
    Size ds, dt;
    int is_turned; /* a tangent that is the same for the whole row is multiplied by the slopes */
} NAMED(Term);

/* Beyond which a tangent of a term is far: none where one slope stands for all and is not faint. */
INLINE REAL NAMED(limit)(const NAMED(Term) *term, const char *s) {
    const int is_ordinary = term->ds == 0 && ABSOLUTE(AT(s, 0)) >= SMALLEST;
    return is_ordinary || term->is_turned ? INFINITY : BEYOND;
}

/* Whether the one tangent of a row is far, and a slope faint. */
INLINE int NAMED(is_lost)(const NAMED(Term) *term, const char *s, const char *t, Size n) {
    if (!term->is_turned || !(ABSOLUTE(AT(t, 0)) > BEYOND))
        return 0;
    for (Size i = 0; i < n; i++)
        if (!(ABSOLUTE(AT(s, i * term->ds)) >= SMALLEST))
            return 1;
    return 0;
}

/* out = factors[0]·factors[1] (+ factors[2]·factors[3]), where out is dense along these axes.
   `calculated`: a bit for each product whose slope is no number that was given. */
static int NAMED(combine)(int ndim, Size *shape, Factor *factors, int count, int calculated,
                          void *result) {
    REAL *out = (REAL *)result;
    for (int axis = 0; axis < ndim; axis++)
        if (shape[axis] == 0)
            return 0;
    const int inner = join_axes(ndim, shape, factors, count) - 1, terms = count / 2;
    const Size n = shape[inner];
    Size place[AXES]; /* where the row is, along the other axes */
    for (int axis = 0; axis < inner; axis++)
        place[axis] = 0;
    NAMED(Term) term[2];
    for (int j = 0; j < terms; j++) {
        const Factor *slope = &factors[2 * j], *tangent = slope + 1;
        const Size ds = slope->steps[inner], dt = tangent->steps[inner];
        term[j] = (NAMED(Term)){slope, tangent, ds, dt, dt == 0 && ds == ONE};
    }
    const Size width = inner ? TILE : n; /* slopes are read again for each direction */
    for (Size start = 0; start < n; start += width) {
        const Size m = n - start < width ? n - start : width;
        REAL *row = out + start;
        for (;;) {
            const char *first[2], *second[2]; /* of the factors; the second is dense, if one is */
            Size d[2], e[2];
            REAL limit[2];
            int odd = 0;
            for (int j = 0; j < terms; j++) {
                const NAMED(Term) *one = &term[j];
                const char *s = one->slope->at + start * one->ds;
                const char *t = one->tangent->at + start * one->dt;
                const int turned = one->is_turned;
                first[j] = turned ? t : s, d[j] = turned ? one->dt : one->ds;
                second[j] = turned ? s : t, e[j] = turned ? one->ds : one->dt;
                limit[j] = calculated >> j & 1 ? NAMED(limit)(one, s) : INFINITY;
                odd |= calculated >> j & 1 && NAMED(is_lost)(one, s, t, m);
            }
            if (odd)
                return 1;
            odd = terms == 1
                ? NAMED(row_of_one)(first[0], d[0], second[0], e[0], row, m, limit[0])
                : NAMED(row_of_two)(first[0], d[0], second[0], e[0], first[1], d[1], second[1],
                                    e[1], row, m, limit[0], limit[1]);
            for (int j = 0; odd && j < terms; j++)
                if (NAMED(are_odd)(first[j], d[j], second[j], e[j], row, m, limit[j]))
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
