/* Rows on power series: from the coefficients of the arguments those of the result, w numbers at
   once. Coefficient n of number e stands at c[n*w + e].

   Nearly all rows are one recurrence, y′ = s·x′ or y_n = 1/n·Σ j·x_j·s_{n−j}, and differ in how
   the slope s goes on from its first coefficient, which is the table's (Knuth, TAOCP 2, 4.7;
   Griewank & Walther, Evaluating Derivatives, 13.2). Rows that are not here, and numbers at which
   a recurrence loses digits, or leaves the range of floats on the way, are left to `series.py`,
   which knows all rows by their slopes alone, and has wider numbers. */

#ifndef DUALAD_SERIES_H
#define DUALAD_SERIES_H

#define LANES 32        /* elements of an array at once */
#define SPACES 3        /* series that a recurrence keeps beside its arguments and result */
/* Each function is compiled anew for one number and for LANES of them. */
#ifdef __GNUC__
    #define FOR_EACH_WIDTH static inline __attribute__((always_inline))
#else
    #define FOR_EACH_WIDTH static inline
#endif

#define TINY 1e-140     /* squares of numbers from here */
#define HUGE 1e140      /* to here neither underflow nor overflow */

typedef struct {
    const double *c;
    Size last;          /* behind this coefficient all are zero, and none need be there */
} Coefficients;

static inline Size least(Size a, Size b) { return a < b ? a : b; }

/* The last of k coefficients of `size` numbers that is not zero, counted from 1; 0 if all are. */
static inline Size last_of(const double *t, Size size, Size k) {
    for (; k > 0; k--)
        for (Size start = 0; start < size; start += 512) {
            const double *row = t + (k - 1) * size;
            const Size stop = least(size, start + 512);
            uint64_t found = 0, bits;  /* whole numbers, of which compilers do some at a time */
            for (Size e = start; e < stop; e++) {
                memcpy(&bits, &row[e], sizeof bits);
                found |= bits;
            }
            if (found & INT64_MAX)
                return k;
        }
    return 0;
}

#define EACH_NUMBER for (Size e = 0; e < w; e++)

/* out = factor/divisor·Σ a_j·b_{n−j}, j from `start` to `stop`. */
FOR_EACH_WIDTH void convolve(double *restrict out, const double *restrict a,
                             const double *restrict b, Size n, Size start, Size stop,
                             const double factor, const double divisor, const Size w) {
    double sum[LANES];
    EACH_NUMBER sum[e] = 0.0;
    for (Size j = start; j <= stop; j++)
        EACH_NUMBER sum[e] += a[j * w + e] * b[(n - j) * w + e];
    EACH_NUMBER sum[e] = sum[e] * factor / divisor;
    EACH_NUMBER out[e] = sum[e];
}

/* Coefficient n of a·b. */
FOR_EACH_WIDTH void product(double *out, Coefficients a, Coefficients b, Size n, const Size w) {
    const Size start = n > b.last ? n - b.last : 0;
    convolve(out, a.c, b.c, n, start, least(n, a.last), 1.0, 1.0, w);
}

/* y = √q from y_0 on, for coefficients 1 to k. */
FOR_EACH_WIDTH void root(double *y, const double *q, Size k, const Size w) {
    for (Size n = 1; n <= k; n++) {
        convolve(&y[n * w], y, y, n, 1, n - 1, 1.0, 1.0, w);
        EACH_NUMBER y[n * w + e] = (q[n * w + e] - y[n * w + e]) / (2.0 * y[e]);
    }
}

/* c/n·Σ j·a_j·b_{n−j} from the weighted coefficients j·a_j. */
FOR_EACH_WIDTH void integrate(double *out, const double *weighted, Size last, const double *b,
                              Size n, const double c, const Size w) {
    convolve(out, weighted, b, n, 1, least(n, last), c, (double)n, w);
}

FOR_EACH_WIDTH void times(double *restrict out, const double *restrict a, const double c,
                          const Size w) {
    EACH_NUMBER out[e] = c * a[e];
}

FOR_EACH_WIDTH void weigh(double *out, const double *a, Size last, const Size w) {
    for (Size j = 1; j <= last; j++)
        times(&out[j * w], &a[j * w], (double)j, w);
}

/* How the slope goes on. */
enum {
    ELSEWHERE,          /* not by us */
    CONSTANT,           /* it does not: the row is linear here, in both arguments */
    RESULT_TIMES,       /* s_n = c·y_n */
    TURNS,              /* s′ = c·y·x′ */
    SQUARES,            /* s_n = c·(y²)_n */
    LOGISTIC,           /* s_n = (y − y²)_n */
    OVER,               /* s·d = constant, d a polynomial of x */
    OVER_ROOT,          /* the same with its square root */
    BELL,               /* s′ = −2·x·x′·s */
    POWERS,             /* a**c: x·y′ = c·y·x′ */
    OTHERWISE           /* no y′ = s·x′ of one argument */
};

typedef struct {
    int kind;
    double c;
} Law;

static inline Law law_of(int row) {
    switch (row) {
    case ROW_add: case ROW_sub: case ROW_neg: case ROW_pos: case ROW_abs: case ROW_real:
    case ROW_mod: case ROW_fmod: case ROW_copysign: case ROW_degrees: case ROW_radians:
    case ROW_maximum: case ROW_minimum: case ROW_fmax: case ROW_fmin: case ROW__gap:
        return (Law){CONSTANT, 0.0};
    case ROW_exp: case ROW_expm1:
        return (Law){RESULT_TIMES, 1.0};
    case ROW_exp2:
        return (Law){RESULT_TIMES, 0.6931471805599453};
    case ROW_sin: case ROW_cos:
        return (Law){TURNS, -1.0};
    case ROW_sinh: case ROW_cosh:
        return (Law){TURNS, 1.0};
    case ROW_tan:
        return (Law){SQUARES, 1.0};
    case ROW_tanh: case ROW_cot:
        return (Law){SQUARES, -1.0};
    case ROW_sigmoid:
        return (Law){LOGISTIC, 0.0};
    case ROW_log: case ROW_log2: case ROW_log10: case ROW_log1p: case ROW_atan: case ROW_atanh:
        return (Law){OVER, 0.0};
    case ROW_asin: case ROW_acos: case ROW_asinh: case ROW_acosh:
        return (Law){OVER_ROOT, 0.0};
    case ROW_erf: case ROW_erfc:
        return (Law){BELL, 0.0};
    case ROW_sqrt:
        return (Law){POWERS, 0.5};
    case ROW_cbrt:
        return (Law){POWERS, 1.0 / 3.0};
    case ROW_reciprocal:
        return (Law){POWERS, -1.0};
    case ROW_mul: case ROW_div: case ROW_square: case ROW_pow: case ROW_hypot: case ROW_atan2:
        return (Law){OTHERWISE, 0.0};
    default:
        return (Law){ELSEWHERE, 0.0};
    }
}

static inline int has_recurrence(int row) { return law_of(row).kind != ELSEWHERE; }

/* Whether the recurrence of a row begins with its slopes. */
static inline int needs_slopes(int row) {
    const int kind = law_of(row).kind;
    return ELSEWHERE < kind && kind < POWERS;
}

/* The last coefficient of a result, of k, that is not zero: polynomials remain polynomials. */
static inline Size degree(int row, Size a, Size b, Size k) {
    if (row == ROW_mul)
        return least(k, a + b);
    if (row == ROW_square)
        return least(k, 2 * a);
    if (law_of(row).kind == CONSTANT || (row == ROW_div && b == 0))
        return a > b ? a : b;
    return k;
}

/* The polynomial d of OVER and OVER_ROOT to coefficient k; its last one. -1: not at these numbers. */
FOR_EACH_WIDTH Size divisor(int row, double *d, Coefficients x, Size k, const Size w) {
    const Size last = least(k, 2 * x.last);
    const double sign = row == ROW_atan || row == ROW_asinh || row == ROW_acosh ? 1.0 : -1.0;
    if (row == ROW_log || row == ROW_log2 || row == ROW_log10 || row == ROW_log1p) {
        memcpy(d, x.c, (size_t)(least(k, x.last) + 1) * w * sizeof(double));
        if (row == ROW_log1p)
            EACH_NUMBER d[e] = 1.0 + x.c[e];
        return least(k, x.last);
    }
    for (Size n = 1; n <= last; n++) {
        product(&d[n * w], x, x, n, w);
        EACH_NUMBER d[n * w + e] *= sign;
    }
    EACH_NUMBER {
        const double v = x.c[e];
        if (!(fabs(v) < HUGE))
            return -1;
        d[e] = row == ROW_acosh ? (v - 1.0) * (v + 1.0)
             : sign > 0.0 ? 1.0 + v * v
                          : (1.0 - v) * (1.0 + v);
    }
    return last;
}

/* y′ = s·x′ with the slopes s_0 in `s`. */
FOR_EACH_WIDTH int by_slope(int row, Law law, Coefficients x, double *y, double *s, Size k,
                           double *space, const Size w) {
    const Size size = (k + 1) * w;
    double *weighted = space, *d = space + size, *more = space + 2 * size;
    Size last = 0;
    EACH_NUMBER
        if (lost(s[e], &x.c[w], x.last * w))
            return 1;
    weigh(weighted, x.c, x.last, w);
    if (law.kind == OVER || law.kind == OVER_ROOT) {
        double *q = law.kind == OVER ? d : more;
        last = divisor(row, q, x, k, w);
        if (last < 0)
            return 1;
        if (q != d) {
            memset(&q[(last + 1) * w], 0, (size_t)(k - last) * w * sizeof(double));
            EACH_NUMBER d[e] = sqrt(q[e]);
            root(d, q, k, w);
            last = k;
        }
    } else if (law.kind == BELL) {
        last = least(k, 2 * x.last);
        for (Size n = 1; n <= last; n++) {
            product(&d[n * w], x, x, n, w);
            EACH_NUMBER d[n * w + e] *= -(double)n;
        }
    }
    for (Size n = 1; n <= k; n++) {
        double *out = &s[n * w];
        integrate(&y[n * w], weighted, x.last, s, n, 1.0, w);
        if (n == k)
            break;
        switch (law.kind) {
        case RESULT_TIMES:
            times(out, &y[n * w], law.c, w);
            break;
        case TURNS:
            integrate(out, weighted, x.last, y, n, law.c, w);
            break;
        case SQUARES:
            convolve(out, y, y, n, 0, n, law.c, 1.0, w);
            break;
        case LOGISTIC:
            convolve(out, y, y, n, 1, n - 1, 1.0, 1.0, w);
            EACH_NUMBER out[e] = -tanh(0.5 * x.c[e]) * y[n * w + e] - out[e];
            break;
        case OVER: case OVER_ROOT:
            convolve(out, d, s, n, 1, least(n, last), -1.0, 1.0, w);
            EACH_NUMBER out[e] /= d[e];
            break;
        default:  /* BELL */
            convolve(out, d, s, n, 1, least(n, last), 1.0, (double)n, w);
        }
    }
    return 0;
}

/* y = a**c. */
FOR_EACH_WIDTH int powers(const double *c, Size step, Coefficients a, double *y, Size k,
                         const Size w) {
    EACH_NUMBER
        if (a.c[e] == 0.0 || !(fabs(y[e]) >= DBL_MIN))
            return 1;
    for (Size n = 1; n <= k; n++) {
        double *out = &y[n * w];
        EACH_NUMBER out[e] = 0.0;
        for (Size j = 1; j <= least(n, a.last); j++)
            EACH_NUMBER out[e] += (c[e * step] * (double)j - (double)(n - j))
                                  * a.c[j * w + e] * y[(n - j) * w + e];
        EACH_NUMBER out[e] = n > 1 ? out[e] / ((double)n * a.c[e]) : out[e] / a.c[e];
    }
    return 0;
}

static inline int is_count(double c, double most) {
    return c >= 1.0 && c <= most && c == floor(c);
}

/* a**c for a whole number c that is not above k: there the recurrence of other powers takes
   differences, which it divides by a_0, and a_0 may be 0 or small. */
FOR_EACH_WIDTH void multiplied(Size c, Coefficients a, double *y, Size k, double *space,
                               const Size w) {
    memset(&y[w], 0, (size_t)(k * w) * sizeof(double));
    Coefficients p = a;
    if (c == 1)
        memcpy(&y[w], &a.c[w], (size_t)(least(k, a.last) * w) * sizeof(double));
    for (Size i = 2; i <= c; i++) {
        double *to = i == c ? y : space + (i & 1) * (k + 1) * w;
        const Size last = least(k, p.last + a.last);
        for (Size n = i == c; n <= last; n++)
            product(&to[n * w], p, a, n, w);
        p.c = to;
        p.last = last;
    }
}

/* a**b = exp(b·log(a)), of positive a. */
FOR_EACH_WIDTH int raised(Coefficients a, Coefficients b, double *y, Size k, double *space,
                         const Size w) {
    const Size size = (k + 1) * w;
    double *log_a = space, *weighted = space + size;
    Coefficients logs = {log_a, a.last ? k : 0};
    EACH_NUMBER {
        if (!(a.c[e] > 0.0) || !(y[e] >= DBL_MIN))
            return 1;
        log_a[e] = log(a.c[e]);
    }
    for (Size n = 1; n <= logs.last; n++) {
        double *out = &log_a[n * w];
        EACH_NUMBER out[e] = n <= a.last ? (double)n * a.c[n * w + e] : 0.0;
        for (Size j = n > a.last ? n - a.last : 1; j < n; j++)
            EACH_NUMBER out[e] -= (double)j * log_a[j * w + e] * a.c[(n - j) * w + e];
        EACH_NUMBER out[e] /= (double)n * a.c[e];
    }
    for (Size n = 1; n <= k; n++) {
        product(&weighted[n * w], b, logs, n, w);
        EACH_NUMBER weighted[n * w + e] *= (double)n;
        integrate(&y[n * w], weighted, k, y, n, 1.0, w);
    }
    return 0;
}

/* hypot(a, b): with u = a/y, v = b/y and the turn w = (v·a′ − u·b′)/y it is y′ = u·a′ + v·b′,
   u′ = v·w, v′ = −u·w, where nothing cancels if one argument is constant. */
FOR_EACH_WIDTH int hypotenuse(Coefficients a, Coefficients b, double *y, Size k, double *space,
                             const Size w) {
    const Size size = (k + 1) * w;
    double *u = space, *v = space + size, *turn = space + 2 * size;
    EACH_NUMBER {
        if (!(TINY < y[e] && y[e] < HUGE))
            return 1;
        u[e] = a.c[e] / y[e];
        v[e] = b.c[e] / y[e];
    }
    for (Size n = 1; n <= k; n++) {
        double *out = &y[n * w], *next = &turn[(n - 1) * w];
        EACH_NUMBER out[e] = next[e] = 0.0;
        for (Size j = 1; j <= n; j++) {
            if (j <= a.last)
                EACH_NUMBER {
                    out[e] += (double)j * a.c[j * w + e] * u[(n - j) * w + e];
                    next[e] += (double)j * a.c[j * w + e] * v[(n - j) * w + e];
                }
            if (j <= b.last)
                EACH_NUMBER {
                    out[e] += (double)j * b.c[j * w + e] * v[(n - j) * w + e];
                    next[e] -= (double)j * b.c[j * w + e] * u[(n - j) * w + e];
                }
            if (j < n)
                EACH_NUMBER next[e] -= turn[(n - 1 - j) * w + e] * y[j * w + e];
        }
        EACH_NUMBER {
            out[e] /= (double)n;
            next[e] /= y[e];
        }
        convolve(&u[n * w], turn, v, n - 1, 0, n - 1, 1.0, (double)n, w);
        convolve(&v[n * w], turn, u, n - 1, 0, n - 1, -1.0, (double)n, w);
    }
    return 0;
}

/* atan2(a, b), whose slope along a and b has the square of hypot(a, b) below. */
FOR_EACH_WIDTH int angle(Coefficients a, Coefficients b, double *y, Size k, double *space,
                        const Size w) {
    const Size size = (k + 1) * w;
    double *q = space, *other = space + size, *turn = space + 2 * size;
    for (Size n = 0; n <= k; n++) {
        product(&q[n * w], a, a, n, w);
        product(other, b, b, n, w);
        EACH_NUMBER q[n * w + e] += other[e];
    }
    EACH_NUMBER
        if (!(TINY * TINY < q[e] && q[e] < HUGE * HUGE))
            return 1;
    for (Size n = 1; n <= k; n++) {  /* n·y_n·q_0 = (a′·b − a·b′)_n − Σ j·y_j·q_{n−j} */
        double *out = &y[n * w];
        EACH_NUMBER turn[e] = 0.0;
        for (Size j = 1; j <= n; j++) {
            if (j <= a.last && n - j <= b.last)
                EACH_NUMBER turn[e] += (double)j * a.c[j * w + e] * b.c[(n - j) * w + e];
            if (j <= b.last && n - j <= a.last)
                EACH_NUMBER turn[e] -= (double)j * b.c[j * w + e] * a.c[(n - j) * w + e];
            if (j < n)
                EACH_NUMBER turn[e] -= (double)j * y[j * w + e] * q[(n - j) * w + e];
        }
        EACH_NUMBER out[e] = turn[e] / ((double)n * q[e]);
    }
    return 0;
}

FOR_EACH_WIDTH int quotient(Coefficients a, Coefficients b, double *y, Size k, const Size w) {
    for (Size n = 1; n <= k; n++) {
        double *out = &y[n * w];
        convolve(out, b.c, y, n, 1, least(n, b.last), 1.0, 1.0, w);
        EACH_NUMBER out[e] = ((n <= a.last ? a.c[n * w + e] : 0.0) - out[e]) / b.c[e];
    }
    return 0;
}

/* Coefficients 1 to k of a row, whose result is in y_0. `s`: its slopes, in both arguments. `space`:
   for SPACES series. 1: it is to be done elsewhere. */
FOR_EACH_WIDTH int series_of(int row, Coefficients a, Coefficients b, double *y, double *s, Size k,
                            double *space, const Size w) {
    const Law law = law_of(row);
    uint64_t odd = 0;
    switch (law.kind) {
    case ELSEWHERE:
        return 1;
    case CONSTANT:
        memset(&y[w], 0, (size_t)(k * w) * sizeof(double));
        for (Size n = 1; n <= a.last; n++)
            EACH_NUMBER y[n * w + e] = s[e] * a.c[n * w + e];
        for (Size n = 1; n <= b.last; n++)
            EACH_NUMBER y[n * w + e] += s[w + e] * b.c[n * w + e];
        break;
    case POWERS:
        if (powers(&law.c, 0, a, y, k, w))
            return 1;
        break;
    case OTHERWISE:
        if (row == ROW_mul || row == ROW_square) {
            if (row == ROW_square)
                b = a;
            for (Size n = 1; n <= k; n++)
                product(&y[n * w], a, b, n, w);
        } else if (row == ROW_div) {
            quotient(a, b, y, k, w);
        } else if (row == ROW_hypot) {
            if (hypotenuse(a, b, y, k, space, w))
                return 1;
        } else if (row == ROW_atan2) {
            if (angle(a, b, y, k, space, w))
                return 1;
        } else if (b.last > 0) {
            if (raised(a, b, y, k, space, w))
                return 1;
        } else {
            const double c = b.c[0], most = k < 3 ? 3.0 : (double)k;
            int is_small = is_count(c, most), are_any = 0;
            EACH_NUMBER is_small &= b.c[e] == c;
            EACH_NUMBER are_any |= is_count(b.c[e], most);
            if (is_small)
                multiplied((Size)c, a, y, k, space, w);
            else if (are_any || powers(b.c, 1, a, y, k, w))
                return 1;
        }
        break;
    default:
        if (by_slope(row, law, a, y, s, k, space, w))
            return 1;
    }
    for (Size i = w; i < (k + 1) * w; i++)
        odd |= beyond(y[i]);
    return (int)(odd >> 63);
}

#undef EACH_NUMBER

/* Flags of what has left the range. They are those of the plain run too, of which NumPy may still
   be about to warn: so they are put back when a recurrence has been watched. */
#define LEFT_RANGE (FE_OVERFLOW | FE_UNDERFLOW)

static inline int flags_put_by(void) {
    const int flags = flagged() & LEFT_RANGE;
    if (flags)
        feclearexcept(LEFT_RANGE);
    return flags;
}

/* Whether a recurrence has left the range on the way. The coefficients of sums and products are
   sums of products of those that are given, and nothing else is calculated for them. */
static inline int has_left_range(int row, int flags_before) {
    const int flags = flags_put_by();
    if (flags_before)
        feraiseexcept(flags_before);
    return flags && law_of(row).kind != CONSTANT && row != ROW_mul && row != ROW_square;
}

static int series_of_one(int row, Coefficients a, Coefficients b, double *y, double *s, Size k,
                         double *space) {
    const int before = flags_put_by(), odd = series_of(row, a, b, y, s, k, space, 1);
    return has_left_range(row, before) | odd;
}

/* LANES numbers, of which the compiler does some at a time. */
WIDE static int series_in_lanes(int row, Coefficients a, Coefficients b, double *y, double *s, Size k,
                           double *space) {
    const int before = flags_put_by(), odd = series_of(row, a, b, y, s, k, space, LANES);
    return has_left_range(row, before) | odd;
}

#endif
