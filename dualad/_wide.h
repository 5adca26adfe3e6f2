/* Loops for processors with wide registers; whether many numbers are finite. */

#ifndef DUALAD_WIDE_H
#define DUALAD_WIDE_H

#include <Python.h>
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

static inline int are_finite(const double *x, Size n) {
    return !any_from(x, n, BITS_OF_INFINITY);
}

static inline int any_nan(const double *x, Size n) {
    return any_from(x, n, BITS_OF_INFINITY + 1);
}

#endif
