/* Written by _codegen.py from the table in rules.py; do not edit. */
#include "_kernel.h"
#define FINGERPRINT 77891932u
#define ROW_COUNT 62
#define ROW_add 0
#define ROW_sub 1
#define ROW_mul 2
#define ROW_div 3
#define ROW_pow 4
#define ROW_neg 5
#define ROW_pos 6
#define ROW_abs 7
#define ROW_square 8
#define ROW_reciprocal 9
#define ROW_floordiv 10
#define ROW_mod 11
#define ROW_fmod 12
#define ROW_rint 13
#define ROW_sign 14
#define ROW__step 15
#define ROW_maximum 16
#define ROW_minimum 17
#define ROW_fmax 18
#define ROW_fmin 19
#define ROW_copysign 20
#define ROW_sqrt 21
#define ROW_cbrt 22
#define ROW_exp 23
#define ROW_exp2 24
#define ROW_expm1 25
#define ROW_log 26
#define ROW_log2 27
#define ROW_log10 28
#define ROW_log1p 29
#define ROW_xlogy 30
#define ROW__gap 31
#define ROW_logaddexp 32
#define ROW_logaddexp2 33
#define ROW_sigmoid 34
#define ROW__sigmoid2 35
#define ROW_softplus 36
#define ROW_sin 37
#define ROW_cos 38
#define ROW_tan 39
#define ROW_sec 40
#define ROW_csc 41
#define ROW_cot 42
#define ROW_asin 43
#define ROW_acos 44
#define ROW_atan 45
#define ROW_atan2 46
#define ROW_hypot 47
#define ROW_degrees 48
#define ROW_radians 49
#define ROW_sinh 50
#define ROW_cosh 51
#define ROW_tanh 52
#define ROW_sech 53
#define ROW_asinh 54
#define ROW_acosh 55
#define ROW_atanh 56
#define ROW__hypot1 57
#define ROW_erf 58
#define ROW_erfc 59
#define ROW__gauss 60
#define ROW_real 61
static const Row ROWS[ROW_COUNT];
/* The kernel enters here how a row is applied to objects of Python. */
static PyObject *(*call_row)(int, PyObject *const *, Size) = NULL;
static inline double f_add(double a, double b, int *odd);
static inline double f_sub(double a, double b, int *odd);
static inline double f_mul(double a, double b, int *odd);
static inline double f_div(double a, double b, int *odd);
static inline double f_pow(double a, double b, int *odd);
static inline double f_neg(double x, int *odd);
static inline double f_pos(double x, int *odd);
static inline double f_abs(double x, int *odd);
static inline double f_square(double x, int *odd);
static inline double f_reciprocal(double x, int *odd);
static inline double f_floordiv(double a, double b, int *odd);
static inline double f_mod(double a, double b, int *odd);
static inline double f_fmod(double a, double b, int *odd);
static inline double f_rint(double x, int *odd);
static inline double f_sign(double x, int *odd);
static inline double f__step(double a, double b, int *odd);
static inline double f_maximum(double a, double b, int *odd);
static inline double f_minimum(double a, double b, int *odd);
static inline double f_fmax(double a, double b, int *odd);
static inline double f_fmin(double a, double b, int *odd);
static inline double f_copysign(double a, double b, int *odd);
static inline double f_sqrt(double x, int *odd);
static inline double f_cbrt(double x, int *odd);
static inline double f_exp(double x, int *odd);
static inline double f_exp2(double x, int *odd);
static inline double f_expm1(double x, int *odd);
static inline double f_log(double x, int *odd);
static inline double f_log2(double x, int *odd);
static inline double f_log10(double x, int *odd);
static inline double f_log1p(double x, int *odd);
static inline double f_xlogy(double a, double b, int *odd);
static inline double f__gap(double a, double b, int *odd);
static inline double f_logaddexp(double a, double b, int *odd);
static inline double f_logaddexp2(double a, double b, int *odd);
static inline double f_sigmoid(double x, int *odd);
static inline double f__sigmoid2(double x, int *odd);
static inline double f_softplus(double x, int *odd);
static inline double f_sin(double x, int *odd);
static inline double f_cos(double x, int *odd);
static inline double f_tan(double x, int *odd);
static inline double f_sec(double x, int *odd);
static inline double f_csc(double x, int *odd);
static inline double f_cot(double x, int *odd);
static inline double f_asin(double x, int *odd);
static inline double f_acos(double x, int *odd);
static inline double f_atan(double x, int *odd);
static inline double f_atan2(double a, double b, int *odd);
static inline double f_hypot(double a, double b, int *odd);
static inline double f_degrees(double x, int *odd);
static inline double f_radians(double x, int *odd);
static inline double f_sinc(double x, int *odd);
static inline double f_sinh(double x, int *odd);
static inline double f_cosh(double x, int *odd);
static inline double f_tanh(double x, int *odd);
static inline double f_sech(double x, int *odd);
static inline double f_asinh(double x, int *odd);
static inline double f_acosh(double x, int *odd);
static inline double f_atanh(double x, int *odd);
static inline double f__hypot1(double x, int *odd);
static inline double f_erf(double x, int *odd);
static inline double f_erfc(double x, int *odd);
static inline double f__gauss(double x, int *odd);
static inline double f_real(double x, int *odd);
static inline double f_add(double a, double b, int *odd) { (void)odd; return (a + b); }
static inline double f_sub(double a, double b, int *odd) { (void)odd; return (a - b); }
static inline double f_mul(double a, double b, int *odd) { (void)odd; return (a * b); }
static inline double f_div(double a, double b, int *odd) { (void)odd; return divided(a, b, odd); }
static inline double f_pow(double a, double b, int *odd) { (void)odd; return checked(pow(a, b), odd); }
static inline double f_neg(double x, int *odd) { (void)odd; return (-x); }
static inline double f_pos(double x, int *odd) { (void)odd; return x; }
static inline double f_abs(double x, int *odd) { (void)odd; return fabs(x); }
static inline double f_square(double x, int *odd) { (void)odd; return (x * x); }
static inline double f_reciprocal(double x, int *odd) { (void)odd; return divided(1.0, x, odd); }
static inline double f_floordiv(double a, double b, int *odd) { (void)odd; return floor_divided(a, b, odd); }
static inline double f_mod(double a, double b, int *odd) { (void)odd; return modulo(a, b, odd); }
static inline double f_fmod(double a, double b, int *odd) { (void)odd; return checked(fmod(a, b), odd); }
static inline double f_rint(double x, int *odd) { (void)odd; return rint(x); }
static inline double f_sign(double x, int *odd) { (void)odd; return sign_of(x); }
static inline double f__step(double a, double b, int *odd) { (void)odd; return ((a > b) ? 1.0 : ((a == b) ? 0.5 : ((a < b) ? 0.0 : NAN))); }
static inline double f_maximum(double a, double b, int *odd) { (void)odd; return ((a >= b) ? a : ((a < b) ? b : (a + b))); }
static inline double f_minimum(double a, double b, int *odd) { (void)odd; return ((a <= b) ? a : ((a > b) ? b : (a + b))); }
static inline double f_fmax(double a, double b, int *odd) { (void)odd; return ((b != b) ? a : ((a != a) ? b : f_maximum(a, b, odd))); }
static inline double f_fmin(double a, double b, int *odd) { (void)odd; return ((b != b) ? a : ((a != a) ? b : f_minimum(a, b, odd))); }
static inline double f_copysign(double a, double b, int *odd) { (void)odd; return copysign(a, b); }
static inline double f_sqrt(double x, int *odd) { (void)odd; return checked(sqrt(x), odd); }
static inline double f_cbrt(double x, int *odd) { (void)odd; return checked(cbrt(x), odd); }
static inline double f_exp(double x, int *odd) { (void)odd; return checked(exp(x), odd); }
static inline double f_exp2(double x, int *odd) { (void)odd; return checked(exp2(x), odd); }
static inline double f_expm1(double x, int *odd) { (void)odd; return checked(expm1(x), odd); }
static inline double f_log(double x, int *odd) { (void)odd; return checked(log(x), odd); }
static inline double f_log2(double x, int *odd) { (void)odd; return checked(log2(x), odd); }
static inline double f_log10(double x, int *odd) { (void)odd; return checked(log10(x), odd); }
static inline double f_log1p(double x, int *odd) { (void)odd; return checked(log1p(x), odd); }
static inline double f_xlogy(double a, double b, int *odd) { (void)odd; return ((a == 0.0) ? a : (a * f_log(b, odd))); }
static inline double f__gap(double a, double b, int *odd) { (void)odd; return ((a == b) ? 0.0 : (a - b)); }
static inline double f_logaddexp(double a, double b, int *odd) { (void)odd; return (f_maximum(a, b, odd) + f_log1p(f_exp((-f_abs(f__gap(a, b, odd), odd)), odd), odd)); }
static inline double f_logaddexp2(double a, double b, int *odd) { (void)odd; return (f_maximum(a, b, odd) + divided(f_log1p(f_exp2((-f_abs(f__gap(a, b, odd), odd)), odd), odd), 0.6931471805599453, odd)); }
static inline double f_sigmoid(double x, int *odd) { (void)odd; return divided(f_exp(f_minimum(x, 0.0, odd), odd), (1.0 + f_exp((-f_abs(x, odd)), odd)), odd); }
static inline double f__sigmoid2(double x, int *odd) { (void)odd; return divided(f_exp2(f_minimum(x, 0.0, odd), odd), (1.0 + f_exp2((-f_abs(x, odd)), odd)), odd); }
static inline double f_softplus(double x, int *odd) { (void)odd; return (f_maximum(x, 0.0, odd) + f_log1p(f_exp((-f_abs(x, odd)), odd), odd)); }
static inline double f_sin(double x, int *odd) { (void)odd; return checked(sin(x), odd); }
static inline double f_cos(double x, int *odd) { (void)odd; return checked(cos(x), odd); }
static inline double f_tan(double x, int *odd) { (void)odd; return checked(tan(x), odd); }
static inline double f_sec(double x, int *odd) { (void)odd; return divided(1.0, f_cos(x, odd), odd); }
static inline double f_csc(double x, int *odd) { (void)odd; return divided(1.0, f_sin(x, odd), odd); }
static inline double f_cot(double x, int *odd) { (void)odd; return divided(1.0, f_tan(x, odd), odd); }
static inline double f_asin(double x, int *odd) { (void)odd; return checked(asin(x), odd); }
static inline double f_acos(double x, int *odd) { (void)odd; return checked(acos(x), odd); }
static inline double f_atan(double x, int *odd) { (void)odd; return checked(atan(x), odd); }
static inline double f_atan2(double a, double b, int *odd) { (void)odd; return checked(atan2(a, b), odd); }
static inline double f_hypot(double a, double b, int *odd) { (void)odd; return hypotenuse(a, b, odd); }
static inline double f_degrees(double x, int *odd) { (void)odd; return (x * (180.0 / 3.141592653589793)); }
static inline double f_radians(double x, int *odd) { (void)odd; return (x * (3.141592653589793 / 180.0)); }
static inline double f_sinc(double x, int *odd) { (void)odd; return ((x == 0.0) ? f_cos(x, odd) : divided(f_sin((3.141592653589793 * x), odd), (3.141592653589793 * x), odd)); }
static inline double f_sinh(double x, int *odd) { (void)odd; return checked(sinh(x), odd); }
static inline double f_cosh(double x, int *odd) { (void)odd; return checked(cosh(x), odd); }
static inline double f_tanh(double x, int *odd) { (void)odd; return checked(tanh(x), odd); }
static inline double f_sech(double x, int *odd) { (void)odd; return ((f_abs(x, odd) < 700.0) ? divided(1.0, f_cosh(x, odd), odd) : (2.0 * f_exp((-f_abs(x, odd)), odd))); }
static inline double f_asinh(double x, int *odd) { (void)odd; return checked(asinh(x), odd); }
static inline double f_acosh(double x, int *odd) { (void)odd; return checked(acosh(x), odd); }
static inline double f_atanh(double x, int *odd) { (void)odd; return checked(atanh(x), odd); }
static inline double f__hypot1(double x, int *odd) { (void)odd; return f_hypot(1.0, x, odd); }
static inline double f_erf(double x, int *odd) { (void)odd; return checked(erf(x), odd); }
static inline double f_erfc(double x, int *odd) { (void)odd; return checked(erfc(x), odd); }
static inline double f__gauss(double x, int *odd) { (void)odd; return ((f_abs(x, odd) < 30.0) ? (f_exp((-f_square(divided(f_rint((16.0 * x), odd), 16.0, odd), odd)), odd) * f_exp(((divided(f_rint((16.0 * x), odd), 16.0, odd) - x) * (divided(f_rint((16.0 * x), odd), 16.0, odd) + x)), odd)) : f_exp(((-x) * x), odd)); }
static inline double f_real(double x, int *odd) { (void)odd; return (x); }
static int value_add(const double *x, double *y) {
    int odd = 0;
    *y = f_add(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_add(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_add(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    if (active & 2) flag |= !isfinite(s[1] = 1.0);
    return flag;
}
static int jet_add(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_add(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_add, args, n);
}
static int value_sub(const double *x, double *y) {
    int odd = 0;
    *y = f_sub(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sub(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sub(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    if (active & 2) flag |= !isfinite(s[1] = (-1.0));
    return flag;
}
static int jet_sub(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        t0 = constant(-1.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_sub(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sub, args, n);
}
static int value_mul(const double *x, double *y) {
    int odd = 0;
    *y = f_mul(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_mul(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_mul(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = x[1]);
    if (active & 2) flag |= !isfinite(s[1] = x[0]);
    return flag;
}
static int jet_mul(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        return copied(x[1], k, s);
    }
    if (i == 1) {
        return copied(x[0], k, s);
    }
    return 1;
}

static PyObject *call_mul(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_mul, args, n);
}
static int value_div(const double *x, double *y) {
    int odd = 0;
    *y = f_div(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_div(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_div(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, x[1], odd));
    if (active & 2) flag |= !isfinite(s[1] = (-divided((*y), x[1], odd)));
    return flag;
}
static int jet_div(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_div], &t0, x[1], k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW_div], y, x[1], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_neg], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_div(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_div, args, n);
}
static int value_pow(const double *x, double *y) {
    int odd = 0;
    *y = f_pow(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_pow(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_pow(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((x[1] == 0.0) ? 0.0 : (x[1] * checked(pow(x[0], (x[1] - 1.0)), odd))));
    if (active & 2) flag |= !isfinite(s[1] = ((x[0] == 0.0) ? ((f_real(x[1], odd) > 0.0) ? 0.0 : (-INFINITY)) : ((*y) * f_log(x[0], odd))));
    return flag;
}
static int jet_pow(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        if ((x[1])->v == 0.0) {
        t1 = constant(0.0);
        copied(&t1, k, &t0);
        } else {
        t2 = constant(1.0);
        if (jet_of(&ROWS[ROW_sub], x[1], &t2, k, &t3)) return 1;
        if (jet_of(&ROWS[ROW_pow], x[0], &t3, k, &t4)) return 1;
        if (jet_of(&ROWS[ROW_mul], x[1], &t4, k, &t5)) return 1;
        copied(&t5, k, &t0);
        }
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        Jet t6;
        if ((x[0])->v == 0.0) {
        if ((x[1])->v > 0.0) {
        t2 = constant(0.0);
        copied(&t2, k, &t1);
        } else {
        t3 = constant(INFINITY);
        if (jet_of(&ROWS[ROW_neg], &t3, NULL, k, &t4)) return 1;
        copied(&t4, k, &t1);
        }
        copied(&t1, k, &t0);
        } else {
        if (jet_of(&ROWS[ROW_log], x[0], NULL, k, &t5)) return 1;
        if (jet_of(&ROWS[ROW_mul], y, &t5, k, &t6)) return 1;
        copied(&t6, k, &t0);
        }
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_pow(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_pow, args, n);
}
static int value_neg(const double *x, double *y) {
    int odd = 0;
    *y = f_neg(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_neg(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_neg(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (-1.0));
    return flag;
}
static int jet_neg(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(-1.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_neg(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_neg, args, n);
}
static int value_pos(const double *x, double *y) {
    int odd = 0;
    *y = f_pos(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_pos(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_pos(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    return flag;
}
static int jet_pos(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_pos(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_pos, args, n);
}
static int value_abs(const double *x, double *y) {
    int odd = 0;
    *y = f_abs(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_abs(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_abs(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_sign(x[0], odd));
    return flag;
}
static int jet_abs(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_sign], x[0], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_abs(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_abs, args, n);
}
static int value_square(const double *x, double *y) {
    int odd = 0;
    *y = f_square(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_square(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_square(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (2.0 * x[0]));
    return flag;
}
static int jet_square(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        t0 = constant(2.0);
        if (jet_of(&ROWS[ROW_mul], &t0, x[0], k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_square(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_square, args, n);
}
static int value_reciprocal(const double *x, double *y) {
    int odd = 0;
    *y = f_reciprocal(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_reciprocal(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_reciprocal(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (-divided((*y), x[0], odd)));
    return flag;
}
static int jet_reciprocal(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW_div], y, x[0], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_neg], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_reciprocal(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_reciprocal, args, n);
}
static int value_floordiv(const double *x, double *y) {
    int odd = 0;
    *y = f_floordiv(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}

static PyObject *call_floordiv(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_floordiv, args, n);
}
static int value_mod(const double *x, double *y) {
    int odd = 0;
    *y = f_mod(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_mod(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_mod(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    if (active & 2) flag |= !isfinite(s[1] = (-f_floordiv(x[0], x[1], odd)));
    return flag;
}
static int jet_mod(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW_floordiv], x[0], x[1], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_neg], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_mod(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_mod, args, n);
}
static int value_fmod(const double *x, double *y) {
    int odd = 0;
    *y = f_fmod(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_fmod(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_fmod(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    if (active & 2) flag |= !isfinite(s[1] = f_rint(divided(((*y) - x[0]), x[1], odd), odd));
    return flag;
}
static int jet_fmod(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        if (jet_of(&ROWS[ROW_sub], y, x[0], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, x[1], k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_rint], &t1, NULL, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call_fmod(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_fmod, args, n);
}
static int value_rint(const double *x, double *y) {
    int odd = 0;
    *y = f_rint(x[0], &odd);
    return odd | !isfinite(*y);
}

static PyObject *call_rint(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_rint, args, n);
}
static int value_sign(const double *x, double *y) {
    int odd = 0;
    *y = f_sign(x[0], &odd);
    return odd | !isfinite(*y);
}

static PyObject *call_sign(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sign, args, n);
}
static int value__step(const double *x, double *y) {
    int odd = 0;
    *y = f__step(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}

static PyObject *call__step(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW__step, args, n);
}
static int value_maximum(const double *x, double *y) {
    int odd = 0;
    *y = f_maximum(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_maximum(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_maximum(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f__step(x[0], x[1], odd));
    if (active & 2) flag |= !isfinite(s[1] = f__step(x[1], x[0], odd));
    return flag;
}
static int jet_maximum(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW__step], x[0], x[1], k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        if (jet_of(&ROWS[ROW__step], x[1], x[0], k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_maximum(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_maximum, args, n);
}
static int value_minimum(const double *x, double *y) {
    int odd = 0;
    *y = f_minimum(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_minimum(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_minimum(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f__step(x[1], x[0], odd));
    if (active & 2) flag |= !isfinite(s[1] = f__step(x[0], x[1], odd));
    return flag;
}
static int jet_minimum(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW__step], x[1], x[0], k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        if (jet_of(&ROWS[ROW__step], x[0], x[1], k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_minimum(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_minimum, args, n);
}
static int value_fmax(const double *x, double *y) {
    int odd = 0;
    *y = f_fmax(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_fmax(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_fmax(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((x[1] != x[1]) ? 1.0 : ((x[0] != x[0]) ? 0.0 : f__step(x[0], x[1], odd))));
    if (active & 2) flag |= !isfinite(s[1] = ((x[1] != x[1]) ? 0.0 : ((x[0] != x[0]) ? 1.0 : f__step(x[1], x[0], odd))));
    return flag;
}
static int jet_fmax(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if ((x[1])->v != (x[1])->v) {
        t1 = constant(1.0);
        copied(&t1, k, &t0);
        } else {
        if ((x[0])->v != (x[0])->v) {
        t3 = constant(0.0);
        copied(&t3, k, &t2);
        } else {
        if (jet_of(&ROWS[ROW__step], x[0], x[1], k, &t4)) return 1;
        copied(&t4, k, &t2);
        }
        copied(&t2, k, &t0);
        }
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if ((x[1])->v != (x[1])->v) {
        t1 = constant(0.0);
        copied(&t1, k, &t0);
        } else {
        if ((x[0])->v != (x[0])->v) {
        t3 = constant(1.0);
        copied(&t3, k, &t2);
        } else {
        if (jet_of(&ROWS[ROW__step], x[1], x[0], k, &t4)) return 1;
        copied(&t4, k, &t2);
        }
        copied(&t2, k, &t0);
        }
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_fmax(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_fmax, args, n);
}
static int value_fmin(const double *x, double *y) {
    int odd = 0;
    *y = f_fmin(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_fmin(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_fmin(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((x[1] != x[1]) ? 1.0 : ((x[0] != x[0]) ? 0.0 : f__step(x[1], x[0], odd))));
    if (active & 2) flag |= !isfinite(s[1] = ((x[1] != x[1]) ? 0.0 : ((x[0] != x[0]) ? 1.0 : f__step(x[0], x[1], odd))));
    return flag;
}
static int jet_fmin(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if ((x[1])->v != (x[1])->v) {
        t1 = constant(1.0);
        copied(&t1, k, &t0);
        } else {
        if ((x[0])->v != (x[0])->v) {
        t3 = constant(0.0);
        copied(&t3, k, &t2);
        } else {
        if (jet_of(&ROWS[ROW__step], x[1], x[0], k, &t4)) return 1;
        copied(&t4, k, &t2);
        }
        copied(&t2, k, &t0);
        }
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if ((x[1])->v != (x[1])->v) {
        t1 = constant(0.0);
        copied(&t1, k, &t0);
        } else {
        if ((x[0])->v != (x[0])->v) {
        t3 = constant(1.0);
        copied(&t3, k, &t2);
        } else {
        if (jet_of(&ROWS[ROW__step], x[0], x[1], k, &t4)) return 1;
        copied(&t4, k, &t2);
        }
        copied(&t2, k, &t0);
        }
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_fmin(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_fmin, args, n);
}
static int value_copysign(const double *x, double *y) {
    int odd = 0;
    *y = f_copysign(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_copysign(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_copysign(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (f_sign(x[0], odd) * f_copysign(1.0, x[1], odd)));
    if (active & 2) flag |= !isfinite(s[1] = 0.0);
    return flag;
}
static int jet_copysign(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        if (jet_of(&ROWS[ROW_sign], x[0], NULL, k, &t0)) return 1;
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_copysign], &t1, x[1], k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t0, &t2, k, &t3)) return 1;
        return copied(&t3, k, s);
    }
    if (i == 1) {
        Jet t0;
        t0 = constant(0.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_copysign(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_copysign, args, n);
}
static int value_sqrt(const double *x, double *y) {
    int odd = 0;
    *y = f_sqrt(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sqrt(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sqrt(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(0.5, (*y), odd));
    return flag;
}
static int jet_sqrt(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        t0 = constant(0.5);
        if (jet_of(&ROWS[ROW_div], &t0, y, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_sqrt(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sqrt, args, n);
}
static int value_cbrt(const double *x, double *y) {
    int odd = 0;
    *y = f_cbrt(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_cbrt(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_cbrt(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, ((3.0 * (*y)) * (*y)), odd));
    return flag;
}
static int jet_cbrt(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        t0 = constant(1.0);
        t1 = constant(3.0);
        if (jet_of(&ROWS[ROW_mul], &t1, y, k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t2, y, k, &t3)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t3, k, &t4)) return 1;
        return copied(&t4, k, s);
    }
    return 1;
}

static PyObject *call_cbrt(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_cbrt, args, n);
}
static int value_exp(const double *x, double *y) {
    int odd = 0;
    *y = f_exp(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_exp(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_exp(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (*y));
    return flag;
}
static int jet_exp(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        return copied(y, k, s);
    }
    return 1;
}

static PyObject *call_exp(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_exp, args, n);
}
static int value_exp2(const double *x, double *y) {
    int odd = 0;
    *y = f_exp2(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_exp2(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_exp2(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (f_exp2((x[0] - 1.0), odd) * (2.0 * 0.6931471805599453)));
    return flag;
}
static int jet_exp2(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        Jet t6;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_sub], x[0], &t0, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_exp2], &t1, NULL, k, &t2)) return 1;
        t3 = constant(2.0);
        t4 = constant(0.6931471805599453);
        if (jet_of(&ROWS[ROW_mul], &t3, &t4, k, &t5)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t2, &t5, k, &t6)) return 1;
        return copied(&t6, k, s);
    }
    return 1;
}

static PyObject *call_exp2(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_exp2, args, n);
}
static int value_expm1(const double *x, double *y) {
    int odd = 0;
    *y = f_expm1(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_expm1(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_expm1(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_exp(x[0], odd));
    return flag;
}
static int jet_expm1(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_exp], x[0], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_expm1(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_expm1, args, n);
}
static int value_log(const double *x, double *y) {
    int odd = 0;
    *y = f_log(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_log(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_log(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, x[0], odd));
    return flag;
}
static int jet_log(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_div], &t0, x[0], k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_log(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_log, args, n);
}
static int value_log2(const double *x, double *y) {
    int odd = 0;
    *y = f_log2(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_log2(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_log2(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(divided(1.0, x[0], odd), 0.6931471805599453, odd));
    return flag;
}
static int jet_log2(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_div], &t0, x[0], k, &t1)) return 1;
        t2 = constant(0.6931471805599453);
        if (jet_of(&ROWS[ROW_div], &t1, &t2, k, &t3)) return 1;
        return copied(&t3, k, s);
    }
    return 1;
}

static PyObject *call_log2(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_log2, args, n);
}
static int value_log10(const double *x, double *y) {
    int odd = 0;
    *y = f_log10(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_log10(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_log10(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(divided(1.0, x[0], odd), 2.302585092994046, odd));
    return flag;
}
static int jet_log10(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_div], &t0, x[0], k, &t1)) return 1;
        t2 = constant(2.302585092994046);
        if (jet_of(&ROWS[ROW_div], &t1, &t2, k, &t3)) return 1;
        return copied(&t3, k, s);
    }
    return 1;
}

static PyObject *call_log10(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_log10, args, n);
}
static int value_log1p(const double *x, double *y) {
    int odd = 0;
    *y = f_log1p(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_log1p(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_log1p(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, (1.0 + x[0]), odd));
    return flag;
}
static int jet_log1p(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        t0 = constant(1.0);
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_add], &t1, x[0], k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t2, k, &t3)) return 1;
        return copied(&t3, k, s);
    }
    return 1;
}

static PyObject *call_log1p(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_log1p, args, n);
}
static int value_xlogy(const double *x, double *y) {
    int odd = 0;
    *y = f_xlogy(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_xlogy(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_xlogy(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_log(x[1], odd));
    if (active & 2) flag |= !isfinite(s[1] = ((x[0] == 0.0) ? ((x[1] == 0.0) ? 0.0 : divided(x[0], x[1], odd)) : divided(x[0], x[1], odd)));
    return flag;
}
static int jet_xlogy(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_log], x[1], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if ((x[0])->v == 0.0) {
        if ((x[1])->v == 0.0) {
        t2 = constant(0.0);
        copied(&t2, k, &t1);
        } else {
        if (jet_of(&ROWS[ROW_div], x[0], x[1], k, &t3)) return 1;
        copied(&t3, k, &t1);
        }
        copied(&t1, k, &t0);
        } else {
        if (jet_of(&ROWS[ROW_div], x[0], x[1], k, &t4)) return 1;
        copied(&t4, k, &t0);
        }
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_xlogy(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_xlogy, args, n);
}
static int value__gap(const double *x, double *y) {
    int odd = 0;
    *y = f__gap(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes__gap(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f__gap(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    if (active & 2) flag |= !isfinite(s[1] = (-1.0));
    return flag;
}
static int jet__gap(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        t0 = constant(-1.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call__gap(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW__gap, args, n);
}
static int value_logaddexp(const double *x, double *y) {
    int odd = 0;
    *y = f_logaddexp(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_logaddexp(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_logaddexp(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_sigmoid(f__gap(x[0], x[1], odd), odd));
    if (active & 2) flag |= !isfinite(s[1] = f_sigmoid(f__gap(x[1], x[0], odd), odd));
    return flag;
}
static int jet_logaddexp(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW__gap], x[0], x[1], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_sigmoid], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW__gap], x[1], x[0], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_sigmoid], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_logaddexp(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_logaddexp, args, n);
}
static int value_logaddexp2(const double *x, double *y) {
    int odd = 0;
    *y = f_logaddexp2(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_logaddexp2(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_logaddexp2(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f__sigmoid2(f__gap(x[0], x[1], odd), odd));
    if (active & 2) flag |= !isfinite(s[1] = f__sigmoid2(f__gap(x[1], x[0], odd), odd));
    return flag;
}
static int jet_logaddexp2(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW__gap], x[0], x[1], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW__sigmoid2], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW__gap], x[1], x[0], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW__sigmoid2], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_logaddexp2(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_logaddexp2, args, n);
}
static int value_sigmoid(const double *x, double *y) {
    int odd = 0;
    *y = f_sigmoid(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sigmoid(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sigmoid(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((*y) * f_sigmoid((-x[0]), odd)));
    return flag;
}
static int jet_sigmoid(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        if (jet_of(&ROWS[ROW_neg], x[0], NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_sigmoid], &t0, NULL, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_mul], y, &t1, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call_sigmoid(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sigmoid, args, n);
}
static int value__sigmoid2(const double *x, double *y) {
    int odd = 0;
    *y = f__sigmoid2(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes__sigmoid2(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f__sigmoid2(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (((*y) * f__sigmoid2((-x[0]), odd)) * 0.6931471805599453));
    return flag;
}
static int jet__sigmoid2(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if (jet_of(&ROWS[ROW_neg], x[0], NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW__sigmoid2], &t0, NULL, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_mul], y, &t1, k, &t2)) return 1;
        t3 = constant(0.6931471805599453);
        if (jet_of(&ROWS[ROW_mul], &t2, &t3, k, &t4)) return 1;
        return copied(&t4, k, s);
    }
    return 1;
}

static PyObject *call__sigmoid2(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW__sigmoid2, args, n);
}
static int value_softplus(const double *x, double *y) {
    int odd = 0;
    *y = f_softplus(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_softplus(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_softplus(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_sigmoid(x[0], odd));
    return flag;
}
static int jet_softplus(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_sigmoid], x[0], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_softplus(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_softplus, args, n);
}
static int value_sin(const double *x, double *y) {
    int odd = 0;
    *y = f_sin(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sin(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sin(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_cos(x[0], odd));
    return flag;
}
static int jet_sin(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_cos], x[0], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_sin(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sin, args, n);
}
static int value_cos(const double *x, double *y) {
    int odd = 0;
    *y = f_cos(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_cos(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_cos(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (-f_sin(x[0], odd)));
    return flag;
}
static int jet_cos(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW_sin], x[0], NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_neg], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_cos(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_cos, args, n);
}
static int value_tan(const double *x, double *y) {
    int odd = 0;
    *y = f_tan(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_tan(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_tan(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (1.0 + ((*y) * (*y))));
    return flag;
}
static int jet_tan(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_mul], y, y, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_add], &t0, &t1, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call_tan(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_tan, args, n);
}
static int value_sec(const double *x, double *y) {
    int odd = 0;
    *y = f_sec(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sec(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sec(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((*y) * f_tan(x[0], odd)));
    return flag;
}
static int jet_sec(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW_tan], x[0], NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_mul], y, &t0, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_sec(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sec, args, n);
}
static int value_csc(const double *x, double *y) {
    int odd = 0;
    *y = f_csc(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_csc(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_csc(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((-(*y)) * f_cot(x[0], odd)));
    return flag;
}
static int jet_csc(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        if (jet_of(&ROWS[ROW_neg], y, NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_cot], x[0], NULL, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t0, &t1, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call_csc(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_csc, args, n);
}
static int value_cot(const double *x, double *y) {
    int odd = 0;
    *y = f_cot(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_cot(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_cot(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (-(1.0 + ((*y) * (*y)))));
    return flag;
}
static int jet_cot(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_mul], y, y, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_add], &t0, &t1, k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_neg], &t2, NULL, k, &t3)) return 1;
        return copied(&t3, k, s);
    }
    return 1;
}

static PyObject *call_cot(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_cot, args, n);
}
static int value_asin(const double *x, double *y) {
    int odd = 0;
    *y = f_asin(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_asin(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_asin(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, f_sqrt(((1.0 - x[0]) * (1.0 + x[0])), odd), odd));
    return flag;
}
static int jet_asin(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        Jet t6;
        Jet t7;
        t0 = constant(1.0);
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_sub], &t1, x[0], k, &t2)) return 1;
        t3 = constant(1.0);
        if (jet_of(&ROWS[ROW_add], &t3, x[0], k, &t4)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t2, &t4, k, &t5)) return 1;
        if (jet_of(&ROWS[ROW_sqrt], &t5, NULL, k, &t6)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t6, k, &t7)) return 1;
        return copied(&t7, k, s);
    }
    return 1;
}

static PyObject *call_asin(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_asin, args, n);
}
static int value_acos(const double *x, double *y) {
    int odd = 0;
    *y = f_acos(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_acos(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_acos(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided((-1.0), f_sqrt(((1.0 - x[0]) * (1.0 + x[0])), odd), odd));
    return flag;
}
static int jet_acos(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        Jet t6;
        Jet t7;
        t0 = constant(-1.0);
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_sub], &t1, x[0], k, &t2)) return 1;
        t3 = constant(1.0);
        if (jet_of(&ROWS[ROW_add], &t3, x[0], k, &t4)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t2, &t4, k, &t5)) return 1;
        if (jet_of(&ROWS[ROW_sqrt], &t5, NULL, k, &t6)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t6, k, &t7)) return 1;
        return copied(&t7, k, s);
    }
    return 1;
}

static PyObject *call_acos(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_acos, args, n);
}
static int value_atan(const double *x, double *y) {
    int odd = 0;
    *y = f_atan(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_atan(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_atan(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, (1.0 + (x[0] * x[0])), odd));
    return flag;
}
static int jet_atan(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        t0 = constant(1.0);
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_mul], x[0], x[0], k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_add], &t1, &t2, k, &t3)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t3, k, &t4)) return 1;
        return copied(&t4, k, s);
    }
    return 1;
}

static PyObject *call_atan(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_atan, args, n);
}
static int value_atan2(const double *x, double *y) {
    int odd = 0;
    *y = f_atan2(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_atan2(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_atan2(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(divided(x[1], f_hypot(x[0], x[1], odd), odd), f_hypot(x[0], x[1], odd), odd));
    if (active & 2) flag |= !isfinite(s[1] = (-divided(divided(x[0], f_hypot(x[0], x[1], odd), odd), f_hypot(x[0], x[1], odd), odd)));
    return flag;
}
static int jet_atan2(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        if (jet_of(&ROWS[ROW_hypot], x[0], x[1], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_div], x[1], &t0, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_hypot], x[0], x[1], k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_div], &t1, &t2, k, &t3)) return 1;
        return copied(&t3, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        if (jet_of(&ROWS[ROW_hypot], x[0], x[1], k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_div], x[0], &t0, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_hypot], x[0], x[1], k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_div], &t1, &t2, k, &t3)) return 1;
        if (jet_of(&ROWS[ROW_neg], &t3, NULL, k, &t4)) return 1;
        return copied(&t4, k, s);
    }
    return 1;
}

static PyObject *call_atan2(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_atan2, args, n);
}
static int value_hypot(const double *x, double *y) {
    int odd = 0;
    *y = f_hypot(x[0], x[1], &odd);
    return odd | !isfinite(*y);
}
static int slopes_hypot(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_hypot(x[0], x[1], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (((*y) == 0.0) ? 0.0 : divided(x[0], (*y), odd)));
    if (active & 2) flag |= !isfinite(s[1] = (((*y) == 0.0) ? 0.0 : divided(x[1], (*y), odd)));
    return flag;
}
static int jet_hypot(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        if ((y)->v == 0.0) {
        t1 = constant(0.0);
        copied(&t1, k, &t0);
        } else {
        if (jet_of(&ROWS[ROW_div], x[0], y, k, &t2)) return 1;
        copied(&t2, k, &t0);
        }
        return copied(&t0, k, s);
    }
    if (i == 1) {
        Jet t0;
        Jet t1;
        Jet t2;
        if ((y)->v == 0.0) {
        t1 = constant(0.0);
        copied(&t1, k, &t0);
        } else {
        if (jet_of(&ROWS[ROW_div], x[1], y, k, &t2)) return 1;
        copied(&t2, k, &t0);
        }
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_hypot(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_hypot, args, n);
}
static int value_degrees(const double *x, double *y) {
    int odd = 0;
    *y = f_degrees(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_degrees(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_degrees(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_degrees(1.0, odd));
    return flag;
}
static int jet_degrees(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_degrees], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_degrees(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_degrees, args, n);
}
static int value_radians(const double *x, double *y) {
    int odd = 0;
    *y = f_radians(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_radians(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_radians(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_radians(1.0, odd));
    return flag;
}
static int jet_radians(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW_radians], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_radians(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_radians, args, n);
}
static int value_sinh(const double *x, double *y) {
    int odd = 0;
    *y = f_sinh(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sinh(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sinh(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_cosh(x[0], odd));
    return flag;
}
static int jet_sinh(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_cosh], x[0], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_sinh(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sinh, args, n);
}
static int value_cosh(const double *x, double *y) {
    int odd = 0;
    *y = f_cosh(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_cosh(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_cosh(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_sinh(x[0], odd));
    return flag;
}
static int jet_cosh(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_sinh], x[0], NULL, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_cosh(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_cosh, args, n);
}
static int value_tanh(const double *x, double *y) {
    int odd = 0;
    *y = f_tanh(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_tanh(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_tanh(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = f_square(f_sech(x[0], odd), odd));
    return flag;
}
static int jet_tanh(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        if (jet_of(&ROWS[ROW_sech], x[0], NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_square], &t0, NULL, k, &t1)) return 1;
        return copied(&t1, k, s);
    }
    return 1;
}

static PyObject *call_tanh(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_tanh, args, n);
}
static int value_sech(const double *x, double *y) {
    int odd = 0;
    *y = f_sech(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_sech(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_sech(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = ((-(*y)) * f_tanh(x[0], odd)));
    return flag;
}
static int jet_sech(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        if (jet_of(&ROWS[ROW_neg], y, NULL, k, &t0)) return 1;
        if (jet_of(&ROWS[ROW_tanh], x[0], NULL, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t0, &t1, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call_sech(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_sech, args, n);
}
static int value_asinh(const double *x, double *y) {
    int odd = 0;
    *y = f_asinh(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_asinh(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_asinh(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, f__hypot1(x[0], odd), odd));
    return flag;
}
static int jet_asinh(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        t0 = constant(1.0);
        if (jet_of(&ROWS[ROW__hypot1], x[0], NULL, k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t1, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call_asinh(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_asinh, args, n);
}
static int value_acosh(const double *x, double *y) {
    int odd = 0;
    *y = f_acosh(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_acosh(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_acosh(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, (f_sqrt((x[0] - 1.0), odd) * f_sqrt((x[0] + 1.0), odd)), odd));
    return flag;
}
static int jet_acosh(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        Jet t6;
        Jet t7;
        Jet t8;
        t0 = constant(1.0);
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_sub], x[0], &t1, k, &t2)) return 1;
        if (jet_of(&ROWS[ROW_sqrt], &t2, NULL, k, &t3)) return 1;
        t4 = constant(1.0);
        if (jet_of(&ROWS[ROW_add], x[0], &t4, k, &t5)) return 1;
        if (jet_of(&ROWS[ROW_sqrt], &t5, NULL, k, &t6)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t3, &t6, k, &t7)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t7, k, &t8)) return 1;
        return copied(&t8, k, s);
    }
    return 1;
}

static PyObject *call_acosh(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_acosh, args, n);
}
static int value_atanh(const double *x, double *y) {
    int odd = 0;
    *y = f_atanh(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_atanh(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_atanh(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(1.0, ((1.0 - x[0]) * (1.0 + x[0])), odd));
    return flag;
}
static int jet_atanh(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        Jet t6;
        t0 = constant(1.0);
        t1 = constant(1.0);
        if (jet_of(&ROWS[ROW_sub], &t1, x[0], k, &t2)) return 1;
        t3 = constant(1.0);
        if (jet_of(&ROWS[ROW_add], &t3, x[0], k, &t4)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t2, &t4, k, &t5)) return 1;
        if (jet_of(&ROWS[ROW_div], &t0, &t5, k, &t6)) return 1;
        return copied(&t6, k, s);
    }
    return 1;
}

static PyObject *call_atanh(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_atanh, args, n);
}
static int value__hypot1(const double *x, double *y) {
    int odd = 0;
    *y = f__hypot1(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes__hypot1(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f__hypot1(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = divided(x[0], (*y), odd));
    return flag;
}
static int jet__hypot1(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        if (jet_of(&ROWS[ROW_div], x[0], y, k, &t0)) return 1;
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call__hypot1(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW__hypot1, args, n);
}
static int value_erf(const double *x, double *y) {
    int odd = 0;
    *y = f_erf(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_erf(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_erf(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (f__gauss(x[0], odd) * divided(2.0, f_sqrt(3.141592653589793, odd), odd)));
    return flag;
}
static int jet_erf(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        if (jet_of(&ROWS[ROW__gauss], x[0], NULL, k, &t0)) return 1;
        t1 = constant(2.0);
        t2 = constant(3.141592653589793);
        if (jet_of(&ROWS[ROW_sqrt], &t2, NULL, k, &t3)) return 1;
        if (jet_of(&ROWS[ROW_div], &t1, &t3, k, &t4)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t0, &t4, k, &t5)) return 1;
        return copied(&t5, k, s);
    }
    return 1;
}

static PyObject *call_erf(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_erf, args, n);
}
static int value_erfc(const double *x, double *y) {
    int odd = 0;
    *y = f_erfc(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_erfc(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_erfc(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (f__gauss(x[0], odd) * divided((-2.0), f_sqrt(3.141592653589793, odd), odd)));
    return flag;
}
static int jet_erfc(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        Jet t3;
        Jet t4;
        Jet t5;
        if (jet_of(&ROWS[ROW__gauss], x[0], NULL, k, &t0)) return 1;
        t1 = constant(-2.0);
        t2 = constant(3.141592653589793);
        if (jet_of(&ROWS[ROW_sqrt], &t2, NULL, k, &t3)) return 1;
        if (jet_of(&ROWS[ROW_div], &t1, &t3, k, &t4)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t0, &t4, k, &t5)) return 1;
        return copied(&t5, k, s);
    }
    return 1;
}

static PyObject *call_erfc(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_erfc, args, n);
}
static int value__gauss(const double *x, double *y) {
    int odd = 0;
    *y = f__gauss(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes__gauss(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f__gauss(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = (((-2.0) * x[0]) * (*y)));
    return flag;
}
static int jet__gauss(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        Jet t1;
        Jet t2;
        t0 = constant(-2.0);
        if (jet_of(&ROWS[ROW_mul], &t0, x[0], k, &t1)) return 1;
        if (jet_of(&ROWS[ROW_mul], &t1, y, k, &t2)) return 1;
        return copied(&t2, k, s);
    }
    return 1;
}

static PyObject *call__gauss(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW__gauss, args, n);
}
static int value_real(const double *x, double *y) {
    int odd = 0;
    *y = f_real(x[0], &odd);
    return odd | !isfinite(*y);
}
static int slopes_real(const double *x, int active, double *y, double *s) {
    int flag = 0, *odd = &flag;
    *y = f_real(x[0], odd);
    flag |= !isfinite(*y);
    if (active & 1) flag |= !isfinite(s[0] = 1.0);
    return flag;
}
static int jet_real(const Jet *const *x, const Jet *y, int i, Size k, Jet *s) {
    (void)x; (void)y;
    if (i == 0) {
        Jet t0;
        t0 = constant(1.0);
        return copied(&t0, k, s);
    }
    return 1;
}

static PyObject *call_real(PyObject *self, PyObject *const *args, Size n) {
    (void)self;
    return call_row(ROW_real, args, n);
}
static const Row ROWS[ROW_COUNT] = {
{"add", 2, 0, value_add, slopes_add, jet_add, (PyCFunction)(void (*)(void))call_add},
{"sub", 2, 0, value_sub, slopes_sub, jet_sub, (PyCFunction)(void (*)(void))call_sub},
{"mul", 2, 0, value_mul, slopes_mul, jet_mul, (PyCFunction)(void (*)(void))call_mul},
{"div", 2, 0, value_div, slopes_div, jet_div, (PyCFunction)(void (*)(void))call_div},
{"pow", 2, 0, value_pow, slopes_pow, jet_pow, (PyCFunction)(void (*)(void))call_pow},
{"neg", 1, 0, value_neg, slopes_neg, jet_neg, (PyCFunction)(void (*)(void))call_neg},
{"pos", 1, 0, value_pos, slopes_pos, jet_pos, (PyCFunction)(void (*)(void))call_pos},
{"abs", 1, 0, value_abs, slopes_abs, jet_abs, (PyCFunction)(void (*)(void))call_abs},
{"square", 1, 0, value_square, slopes_square, jet_square, (PyCFunction)(void (*)(void))call_square},
{"reciprocal", 1, 0, value_reciprocal, slopes_reciprocal, jet_reciprocal, (PyCFunction)(void (*)(void))call_reciprocal},
{"floordiv", 2, 1, value_floordiv, NULL, NULL, (PyCFunction)(void (*)(void))call_floordiv},
{"mod", 2, 0, value_mod, slopes_mod, jet_mod, (PyCFunction)(void (*)(void))call_mod},
{"fmod", 2, 0, value_fmod, slopes_fmod, jet_fmod, (PyCFunction)(void (*)(void))call_fmod},
{"rint", 1, 1, value_rint, NULL, NULL, (PyCFunction)(void (*)(void))call_rint},
{"sign", 1, 1, value_sign, NULL, NULL, (PyCFunction)(void (*)(void))call_sign},
{"_step", 2, 1, value__step, NULL, NULL, (PyCFunction)(void (*)(void))call__step},
{"maximum", 2, 0, value_maximum, slopes_maximum, jet_maximum, (PyCFunction)(void (*)(void))call_maximum},
{"minimum", 2, 0, value_minimum, slopes_minimum, jet_minimum, (PyCFunction)(void (*)(void))call_minimum},
{"fmax", 2, 0, value_fmax, slopes_fmax, jet_fmax, (PyCFunction)(void (*)(void))call_fmax},
{"fmin", 2, 0, value_fmin, slopes_fmin, jet_fmin, (PyCFunction)(void (*)(void))call_fmin},
{"copysign", 2, 0, value_copysign, slopes_copysign, jet_copysign, (PyCFunction)(void (*)(void))call_copysign},
{"sqrt", 1, 0, value_sqrt, slopes_sqrt, jet_sqrt, (PyCFunction)(void (*)(void))call_sqrt},
{"cbrt", 1, 0, value_cbrt, slopes_cbrt, jet_cbrt, (PyCFunction)(void (*)(void))call_cbrt},
{"exp", 1, 0, value_exp, slopes_exp, jet_exp, (PyCFunction)(void (*)(void))call_exp},
{"exp2", 1, 0, value_exp2, slopes_exp2, jet_exp2, (PyCFunction)(void (*)(void))call_exp2},
{"expm1", 1, 0, value_expm1, slopes_expm1, jet_expm1, (PyCFunction)(void (*)(void))call_expm1},
{"log", 1, 0, value_log, slopes_log, jet_log, (PyCFunction)(void (*)(void))call_log},
{"log2", 1, 0, value_log2, slopes_log2, jet_log2, (PyCFunction)(void (*)(void))call_log2},
{"log10", 1, 0, value_log10, slopes_log10, jet_log10, (PyCFunction)(void (*)(void))call_log10},
{"log1p", 1, 0, value_log1p, slopes_log1p, jet_log1p, (PyCFunction)(void (*)(void))call_log1p},
{"xlogy", 2, 0, value_xlogy, slopes_xlogy, jet_xlogy, (PyCFunction)(void (*)(void))call_xlogy},
{"_gap", 2, 0, value__gap, slopes__gap, jet__gap, (PyCFunction)(void (*)(void))call__gap},
{"logaddexp", 2, 0, value_logaddexp, slopes_logaddexp, jet_logaddexp, (PyCFunction)(void (*)(void))call_logaddexp},
{"logaddexp2", 2, 0, value_logaddexp2, slopes_logaddexp2, jet_logaddexp2, (PyCFunction)(void (*)(void))call_logaddexp2},
{"sigmoid", 1, 0, value_sigmoid, slopes_sigmoid, jet_sigmoid, (PyCFunction)(void (*)(void))call_sigmoid},
{"_sigmoid2", 1, 0, value__sigmoid2, slopes__sigmoid2, jet__sigmoid2, (PyCFunction)(void (*)(void))call__sigmoid2},
{"softplus", 1, 0, value_softplus, slopes_softplus, jet_softplus, (PyCFunction)(void (*)(void))call_softplus},
{"sin", 1, 0, value_sin, slopes_sin, jet_sin, (PyCFunction)(void (*)(void))call_sin},
{"cos", 1, 0, value_cos, slopes_cos, jet_cos, (PyCFunction)(void (*)(void))call_cos},
{"tan", 1, 0, value_tan, slopes_tan, jet_tan, (PyCFunction)(void (*)(void))call_tan},
{"sec", 1, 0, value_sec, slopes_sec, jet_sec, (PyCFunction)(void (*)(void))call_sec},
{"csc", 1, 0, value_csc, slopes_csc, jet_csc, (PyCFunction)(void (*)(void))call_csc},
{"cot", 1, 0, value_cot, slopes_cot, jet_cot, (PyCFunction)(void (*)(void))call_cot},
{"asin", 1, 0, value_asin, slopes_asin, jet_asin, (PyCFunction)(void (*)(void))call_asin},
{"acos", 1, 0, value_acos, slopes_acos, jet_acos, (PyCFunction)(void (*)(void))call_acos},
{"atan", 1, 0, value_atan, slopes_atan, jet_atan, (PyCFunction)(void (*)(void))call_atan},
{"atan2", 2, 0, value_atan2, slopes_atan2, jet_atan2, (PyCFunction)(void (*)(void))call_atan2},
{"hypot", 2, 0, value_hypot, slopes_hypot, jet_hypot, (PyCFunction)(void (*)(void))call_hypot},
{"degrees", 1, 0, value_degrees, slopes_degrees, jet_degrees, (PyCFunction)(void (*)(void))call_degrees},
{"radians", 1, 0, value_radians, slopes_radians, jet_radians, (PyCFunction)(void (*)(void))call_radians},
{"sinh", 1, 0, value_sinh, slopes_sinh, jet_sinh, (PyCFunction)(void (*)(void))call_sinh},
{"cosh", 1, 0, value_cosh, slopes_cosh, jet_cosh, (PyCFunction)(void (*)(void))call_cosh},
{"tanh", 1, 0, value_tanh, slopes_tanh, jet_tanh, (PyCFunction)(void (*)(void))call_tanh},
{"sech", 1, 0, value_sech, slopes_sech, jet_sech, (PyCFunction)(void (*)(void))call_sech},
{"asinh", 1, 0, value_asinh, slopes_asinh, jet_asinh, (PyCFunction)(void (*)(void))call_asinh},
{"acosh", 1, 0, value_acosh, slopes_acosh, jet_acosh, (PyCFunction)(void (*)(void))call_acosh},
{"atanh", 1, 0, value_atanh, slopes_atanh, jet_atanh, (PyCFunction)(void (*)(void))call_atanh},
{"_hypot1", 1, 0, value__hypot1, slopes__hypot1, jet__hypot1, (PyCFunction)(void (*)(void))call__hypot1},
{"erf", 1, 0, value_erf, slopes_erf, jet_erf, (PyCFunction)(void (*)(void))call_erf},
{"erfc", 1, 0, value_erfc, slopes_erfc, jet_erfc, (PyCFunction)(void (*)(void))call_erfc},
{"_gauss", 1, 0, value__gauss, slopes__gauss, jet__gauss, (PyCFunction)(void (*)(void))call__gauss},
{"real", 1, 0, value_real, slopes_real, jet_real, (PyCFunction)(void (*)(void))call_real},
};
