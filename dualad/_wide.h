/* Loops for processors with wide registers; whether many numbers are finite. */

#ifndef DUALAD_WIDE_H
#define DUALAD_WIDE_H

#include <Python.h>
#include <fenv.h>
#include <stdint.h>
#include <string.h>

typedef Py_ssize_t Size;

/* The same C for processors with wider registers, where the compiler can choose at load time.
   Every element is calculated by the same operations, so the results are the same. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default"), unused))
#else
#define WIDE
#endif

#define BITS_OF_INFINITY ((uint64_t)0x7ff << 52)

/* Tangents and adjoints beyond these are far: a slope that is too small for a float may matter
   beside them (ranges.py). */
#define FAR 0x1p64
#define FAR_SINGLE 0x1p32f
#define BITS_OF_FAR ((uint64_t)(0x3ff + 64) << 52)
#define BITS_OF_INFINITY_SINGLE ((uint32_t)0xff << 23)
#define BITS_OF_FAR_SINGLE ((uint32_t)(0x7f + 32) << 23)

/* Whether one of n numbers has these bits or higher ones, but for the sign. They are looked at as
   whole numbers, which set no flags, several at a time. */
WIDE static int any_from(const double *x, Size n, uint64_t least) {
    const uint64_t up = ((uint64_t)1 << 63) - least;
    for (Size start = 0; start < n; start += 512) {
        const Size stop = start + 512 < n ? start + 512 : n;
        uint64_t found = 0, bits;
        for (Size i = start; i < stop; i++) {
            memcpy(&bits, &x[i], sizeof bits);
            found |= (bits & INT64_MAX) + up;
        }
        if (found >> 63)
            return 1;
    }
    return 0;
}

/* Whether a number has become too small for a float since this was last asked. (Loops of floats set
   the flags of SSE, which are read by one instruction.) */
static inline int forget_underflow(void) {
#if defined(__GNUC__) && defined(__x86_64__)
    const unsigned state = __builtin_ia32_stmxcsr(), flag = 1 << 4;
    if (state & flag)
        __builtin_ia32_ldmxcsr(state & ~flag);
    return (state & flag) != 0;
#else
    const int met = fetestexcept(FE_UNDERFLOW);
    if (met)
        feclearexcept(FE_UNDERFLOW);
    return met != 0;
#endif
}

/* `any_from` of single precision. */
WIDE static int any_single_from(const float *x, Size n, uint32_t least) {
    const uint32_t up = ((uint32_t)1 << 31) - least;
    for (Size start = 0; start < n; start += 512) {
        const Size stop = start + 512 < n ? start + 512 : n;
        uint32_t found = 0, bits;
        for (Size i = start; i < stop; i++) {
            memcpy(&bits, &x[i], sizeof bits);
            found |= (bits & INT32_MAX) + up;
        }
        if (found >> 31)
            return 1;
    }
    return 0;
}

/* Whether one of n numbers is below the range in which floats have all their digits. */
WIDE static int any_faint(const double *x, Size n) {
    const uint64_t least = (uint64_t)1 << 52;
    for (Size start = 0; start < n; start += 512) {
        const Size stop = start + 512 < n ? start + 512 : n;
        uint64_t found = 0, bits;
        for (Size i = start; i < stop; i++) {
            memcpy(&bits, &x[i], sizeof bits);
            found |= (bits & INT64_MAX) - least;
        }
        if (found >> 63)
            return 1;
    }
    return 0;
}

WIDE static int any_single_faint(const float *x, Size n) {
    const uint32_t least = (uint32_t)1 << 23;
    for (Size start = 0; start < n; start += 512) {
        const Size stop = start + 512 < n ? start + 512 : n;
        uint32_t found = 0, bits;
        for (Size i = start; i < stop; i++) {
            memcpy(&bits, &x[i], sizeof bits);
            found |= (bits & INT32_MAX) - least;
        }
        if (found >> 31)
            return 1;
    }
    return 0;
}

static inline int are_finite(const double *x, Size n) {
    return !any_from(x, n, BITS_OF_INFINITY);
}

static inline int any_nan(const double *x, Size n) {
    return any_from(x, n, BITS_OF_INFINITY + 1);
}

#endif
