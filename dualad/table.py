"""The table: every elementary function in one row, and nothing else.

    row("atan2(a, b)", "_along(b, a)/hypot(a, b)", "-_along(a, b)/hypot(a, b)", ...)

A row says what the function is called, what its slopes are, and where to test it. One slope per
argument: its partial derivative, as an expression in the arguments and the result `y`. Everything
else is derived from the rows: the functions on floats, arrays, complex and mpmath numbers, the
derivatives of every order, the compiled kernel, the tests, the documentation.

Slopes are chosen for accuracy, not for looks: no cancellation, no overflow on the way to a
finite result. They are differentiated again at higher order, so they are written in functions
of the table. A conditional decides between the pieces of a kink, or catches a point where the
formula does not apply; for arrays it is made element by element.

A new function is one line here, and CONTRIBUTING.md says where else its name goes. `define_rule`
adds one from outside.
"""

from math import inf, nan

from .rules import RULES, row

__all__ = ["RULES"]

# fmt: off
POSITIVE, UNIT, NEAR_1 = (0.05, 9), (-0.95, 0.95), (1.05, 9)

# Arithmetic
row("add(a, b) = a + b", "1", "1", z=True)
row("sub(a, b) = a - b", "1", "-1", z=True, aka="subtract")
row("mul(a, b) = a*b", "b", "a", z=True, aka="multiply")
row("div(a, b) = a/b", "1/b", "-(y/b)", z=True, over=POSITIVE, aka="divide true_divide",
    at={(1e-200, 1e-170): (1e-30, 1e170, -1e140)})
row("pow(a, b)",  # b - 1 is rounded where b is small
    "(0 if y == 0 else b*a**(b - 1) if real(a) >= 0 else -b*a**(b - 1)) if abs(b) == inf"
    " else b*a**(b - 1) if abs(b) >= 0.5 else (b*y/a if abs(a) > 0 else 0) if b == 0"
    " else b*a**(b - 1) if a == 0 else b*y/a if isfinite(a) else b*a**(b - 1)",
    "y*log(a) if y != 0 else _powlog(a, b) if a == 0 else y*log(a) if isfinite(a + b) else 0",
    z=True,
    over=(POSITIVE, (-3, 3)), aka="power float_power",
    at={(0, 0): (1, 0, -inf), (0, 2): (0, 0, 0), (0, 1): (0, 1, 0), (-2, 3): (-8, 12, nan),
        (0, 0.5): (0, inf, 0), (2, 0): (1, 0, 0.6931471805599453),
        (0, 0.25): (0, inf, 0), (1e-200, 2): (0, 2e-200, 0),
        (inf, -1): (0, 0, 0), (-inf, -2): (0, 0, 0), (2, -inf): (0, 0, 0),
        (-3, inf): (inf, -inf, nan),
        (1e300, 0.1): (1.0000000000000038e30, 1.0000000000000039e-271, 6.907755278982164e32)},
    inexact="a power below 2e-308 has lost digits, and the slope is b times as large")
row("_powlog(a, b) = (0 if real(b) > 0 else -inf) if a == 0 else a**b*log(a)",
    "(_powlog(a, b - 1) if real(b) > 0 else inf) if a == 0 else a**(b - 1)*(1 + b*log(a))",
    "(0 - _powlog(a, b) if real(b) > 0 else y*log(a)) if a == 0 else y*log(a)", z=True,
    over=(POSITIVE, (-3, 3)),
    at={(0, 1): (0, -inf, 0), (0, 2): (0, 0, 0), (0, 0.5): (0, -inf, 0), (0, 0): (-inf, inf, inf)},
    says="aᵇ·ln a")
row("neg(x) = -x", "-1", kind="linear", z=True, aka="negative")
row("pos(x) = +x", "1", kind="linear", z=True, aka="positive")
row("abs(x)", "sign(x)", kind="kinked", z="hypot(real(x), imag(x))", aka="absolute fabs",
    at={0: (0, 0), -2: (2, -1)})
row("square(x) = x*x", "2*x", z=True, at={0: (0, 0)})
row("reciprocal(x) = 1/x", "-(y/x)", z=True, over=POSITIVE)
row("fma(a, b, c) = a*b + c", "b", "a", "1", z=True, says="a*b + c, rounded once")
row("ldexp(a, b)", "ldexp(1.0, b)", None, over=((-4, 4), (3, 3)), says="a*2**b for an integer b")

# Whole steps
row("floordiv(a, b) = a//b", "0", "0", kind="flat", aka="floor_divide", at={(-7, 2): (-4, 0, 0)})
row("mod(a, b) = a % b", "1", "-floordiv(a, b)", kind="kinked", aka="remainder",
    at={(-19, 3): (2, 1, 7), (7.5, 2): (1.5, 1, -3)})
row("fmod(a, b) = a - b*trunc(a/b)", "1 if isfinite(a) else 0", "rint((y - a)/b)", kind="kinked",
    at={(-19, 3): (-1, 1, 6), (7.5, -2): (1.5, 1, 3)})
row("divmod(a, b) = (floordiv(a, b), mod(a, b))")
row("modf(x) = (fmod(x, 1), trunc(x))")
row("frexp(x) = (ldexp(x, -_exponent(x)), _exponent(x))")
row("_exponent(x)", "0", kind="flat", at={6: (3, 0), 0: (0, 0)}, says="the exponent of x in base 2")
row("floor(x)", "0", kind="flat", at={2.5: (2, 0), -2.5: (-3, 0), 2: (2, 0)})
row("ceil(x)", "0", kind="flat", at={2.5: (3, 0), -2.5: (-2, 0)})
row("trunc(x)", "0", kind="flat", aka="fix", at={2.5: (2, 0), -2.5: (-2, 0)})
row("round(x, n)", "0", None, kind="flat", over=((-4, 4), (1, 1)), aka="around",
    at={(2.26, 1): (2.3, 0, 0)}, says="x to n decimals")
row("rint(x) = round(x, 0)", "0", kind="flat", at={2.5: (2, 0), 3.5: (4, 0), -1.2: (-1, 0)})
row("sign(x)", "0", kind="flat", z="x/abs(x) if x != 0 else 0*x", at={0: (0, 0), -3: (-1, 0)})
row("isfinite(x)", "0", kind="flat", z=True, at={1: (1, 0), inf: (0, 0)})
row("isinf(x)", "0", kind="flat", z=True, at={1: (0, 0), -inf: (1, 0)})
row("isnan(x)", "0", kind="flat", z=True, at={1: (0, 0), nan: (1, 0)})

# Kinks: the mean of the one-sided slopes
row("_step(a, b) = 1 if a > b else 0.5 if a == b else 0 if a < b else nan", "0", "0", kind="flat",
    z=True, says="1 if a > b, ½ if a = b, 0 if a < b")
row("maximum(a, b) = a if a >= b else b if a < b else a + b", "_step(a, b)", "_step(b, a)",
    kind="kinked", at={(1, 0): (1, 1, 0), (0, 0): (0, 0.5, 0.5), (2, nan): (nan, nan, nan)})
row("minimum(a, b) = a if a <= b else b if a > b else a + b", "_step(b, a)", "_step(a, b)",
    kind="kinked", at={(1, 0): (0, 0, 1), (0, 0): (0, 0.5, 0.5), (nan, 2): (nan, nan, nan)})
row("fmax(a, b) = a if b != b else b if a != a else maximum(a, b)",
    "1 if b != b else 0 if a != a else _step(a, b)",
    "0 if b != b else 1 if a != a else _step(b, a)",
    kind="kinked", at={(2, nan): (2, 1, 0), (nan, 2): (2, 0, 1), (3, 3): (3, 0.5, 0.5)})
row("fmin(a, b) = a if b != b else b if a != a else minimum(a, b)",
    "1 if b != b else 0 if a != a else _step(b, a)",
    "0 if b != b else 1 if a != a else _step(a, b)",
    kind="kinked", at={(2, nan): (2, 1, 0), (nan, 2): (2, 0, 1), (3, 3): (3, 0.5, 0.5)})
row("clip(x, lo, hi) = minimum(maximum(x, lo), hi)", over=((-4, 4), (-2, -1), (1, 2)),
    at={(0.5, 0, 1): (0.5, 1, 0, 0), (1, 0, 1): (1, 0.5, 0, 0.5), (2, 0, 1): (1, 0, 0, 1)})
row("copysign(a, b)", "sign(a)*copysign(1.0, b)", "0", kind="kinked",
    at={(2, -3): (-2, -1, 0), (0, 1): (0, 0, 0)})
row("heaviside(x, h)", "0", "1 if x == 0 else 0", kind="kinked",
    at={(0, 0.5): (0.5, 0, 1), (2, 0.5): (1, 0, 0)})
row("nan_to_num(x)", "1 if isfinite(x) else 0", kind="kinked", z=True,
    at={2: (2, 1), nan: (0, 0)})

# Roots, exponentials, logarithms
row("sqrt(x)", "0.5/y", z=True, over=POSITIVE,
    at={0: (0, inf), 5e-324: (2.2227587494850775e-162, 2.2494568972715982e161)})
row("cbrt(x)", "1/3/y/y if x == 0 else y/x/3 if abs(x) < inf else 0", over=POSITIVE,
    at={0: (0, inf), -8: (-2, 1 / 12)})
row("exp(x)", "y", z=True)
row("exp2(x)", "exp2(x - 1)*(2*ln2)", z=True)
row("expm1(x)", "exp(x)", z=True, at={-40: (-1, 4.248354255291589e-18)})
row("log(x)", "1/x", z=True, over=POSITIVE)
row("log2(x) = log(x)/ln2", "1/x/ln2", z=True, over=POSITIVE)
row("log10(x)", "1/x/ln10", z=True, over=POSITIVE)
row("log1p(x)", "1/(1 + x)", z=True, over=(-0.9, 9), at={0: (0, 1)})
row("xlogy(a, b) = a if a == 0 else a*log(b)", "log(b)",
    "(0 if b == 0 else a/b) if a == 0 else a/b", over=POSITIVE,
    at={(0, 0): (0, -inf, 0), (0, 2): (0, 0.6931471805599453, 0)},
    says="a*log(b), and 0 where a is 0")
row("_gap(a, b) = 0 if a == b else a - b", "1", "-1", says="a − b, and 0 where a = b are infinite")
row("logaddexp(a, b) = maximum(a, b) + log1p(exp(-abs(_gap(a, b))))",
    "sigmoid(_gap(a, b))", "sigmoid(_gap(b, a))",
    at={(-inf, -inf): (-inf, 0.5, 0.5), (1e16, 1e16): (1e16, 0.5, 0.5)},
    says="log(exp(a) + exp(b))")
row("logaddexp2(a, b) = maximum(a, b) + log1p(exp2(-abs(_gap(a, b))))/ln2",
    "_sigmoid2(_gap(a, b))", "_sigmoid2(_gap(b, a))",
    at={(-inf, -inf): (-inf, 0.5, 0.5)}, says="log2(2**a + 2**b)")
row("sigmoid(x) = exp(minimum(x, 0))/(1 + exp(-abs(x)))", "_bump(x)",
    z="1/(1 + exp(-x))", aka="logistic expit",
    at={0: (0.5, 0.25), 40: (1, 4.248354255291589e-18), -800: (0, 0)}, says="1/(1 + exp(-x))")
row("_sigmoid2(x) = exp2(minimum(x, 0))/(1 + exp2(-abs(x)))", "_bump2(x)*ln2", says="1/(1 + 2⁻ˣ)")
# sigmoid(x)*sigmoid(-x), and its slope without a difference of the two
row("_bump(x) = exp(-abs(x))/square(1 + exp(-abs(x)))", "-y*tanh(x/2)",
    z="exp(-x)/square(1 + exp(-x)) if real(x) >= 0 else exp(x)/square(1 + exp(x))",
    says="e⁻ˣ/(1 + e⁻ˣ)²")
row("_bump2(x) = exp2(-abs(x))/square(1 + exp2(-abs(x)))", "-y*tanh(x*(ln2/2))*ln2",
    says="2⁻ˣ/(1 + 2⁻ˣ)²")
row("softplus(x) = maximum(x, 0) + log1p(exp(-abs(x)))", "sigmoid(x)",
    at={0: (0.6931471805599453, 0.5)}, says="log(1 + exp(x))")

# Trigonometric
row("sin(x)", "cos(x)", z=True, at={0: (0, 1)})
row("cos(x)", "-sin(x)", z=True, at={0: (1, 0)})
row("tan(x)", "1 + y*y if real(x) == x else _sec2(x)", z=True, over=(-1.5, 1.5))
row("sec(x) = 1/cos(x)", "y*tan(x)", z=True, over=(-1.5, 1.5))
row("csc(x) = 1/sin(x)", "-y*cot(x)", z=True, over=(0.05, 3))
row("cot(x) = 1/tan(x)", "-(1 + y*y) if real(x) == x else -_csc2(x)", z=True, over=(0.05, 3))
# 1 + y² of complex numbers, whose tan and cot are next to ±i, where it would cancel
row("_sec2(x) = square(1/cos(x))", "2*y*tan(x)", over=(-1.5, 1.5), says="1/cos²x",
    z="square(1/cos(x)) if abs(x - real(x)) < 700 else 0*x")
row("_csc2(x) = square(1/sin(x))", "-2*y*cot(x)", over=(0.05, 3), says="1/sin²x",
    z="square(1/sin(x)) if abs(x - real(x)) < 700 else 0*x")
row("asin(x)", "1/sqrt(_coside(x))", z=True, over=UNIT, aka="arcsin",
    at={1: (1.5707963267948966, inf), -1: (-1.5707963267948966, inf)})
row("acos(x)", "-1/sqrt(_coside(x))", z=True, over=UNIT, aka="arccos", at={1: (0, -inf)})
# 1 - x², and its slope without a difference of the two factors
row("_coside(x) = (1 - x)*(1 + x)", "-2*x", z="-(x - 1)*(x - -1)", says="1 − x²")  # sums lose −0j
row("atan(x)", "_bell(x)", z=True, aka="arctan", at={inf: (1.5707963267948966, 0)})
row("_bell(x) = 1/(1 + x*x) if abs(x) < 1e150 else 1/x/x",
    "-2*x*y*y if abs(x) < 1e9 else -2*y/x", z="1/(1 + x*x)",
    at={inf: (0, 0), 1e100: (1e-200, -2e-300)}, says="1/(1 + x²)")
row("atan2(a, b)", "_along(b, a)/hypot(a, b) if abs(a) < inf else 0*y",
    "-_along(a, b)/hypot(a, b) if abs(a) < inf else 0*y",
    aka="arctan2",
    at={(0, 0): (0, nan, nan), (1e-200, 1e-200): (0.7853981633974483, 5e199, -5e199)},
    inexact="from order 2 on, arguments below 1e-150 can overflow on the way")
row("hypot(a, b)", "0 if y == 0 else _along(a, b)", "0 if y == 0 else _along(b, a)",
    at={(0, 0): (0, 0, 0), (3, 4): (5, 0.6, 0.8),
        (1e-200, 1e-200): (1.414213562373095e-200, 0.7071067811865476, 0.7071067811865476)})
row("_along(a, b) = a/hypot(a, b) if abs(a) < inf else sign(a) - 0*b",
    "square(_along(b, a))/hypot(a, b)",
    "-y*_along(b, a)/hypot(a, b)", says="a/√(a² + b²)")
row("degrees(x)", "degrees(1.0)", kind="linear", aka="rad2deg")
row("radians(x)", "radians(1.0)", kind="linear", aka="deg2rad")
# cos(x) at 0 is the 1 of the number system that x is of.
row("sinc(x) = cos(x) if x == 0 else sin(pi*x)/(pi*x)", "_sinc(1, x)", z=True,
    at={0: (1, 0)}, says="sin(pi*x)/(pi*x)",
    inexact="near x = 1.5 the series and the recurrence each lose a digit from order 2 on")
row("_sinc(n, x)", None, "_sinc(n + 1, x)", z=True, over=((1, 1), (-4, 4)),
    says="the n-th derivative of sin(πx)/(πx)")

# Hyperbolic
row("sinh(x)", "cosh(x)", z=True)
row("cosh(x)", "sinh(x)", z=True)
row("tanh(x)", "4*_bump(2*x)", z=True, at={20: (1, 1.6993417021166355e-17), 800: (1, 0)},
    inexact="the third derivative, which is six times a coefficient of its series, reaches 4.2")
row("sech(x) = 1/cosh(x) if abs(x) < 700 else 2*exp(-abs(x))", "-y*tanh(x)", z="1/cosh(x)",
    at={0: (1, 0), 800: (0, 0)})
row("asinh(x)", "1/_hypot1(x)", z=True, aka="arcsinh", at={1e200: (461.2101657793691, 1e-200)})
row("acosh(x)", "1/_sides(x)", z=True, over=NEAR_1, aka="arccosh",
    at={1: (0, inf), 1e200: (461.2101657793691, 1e-200)})
row("_sides(x) = sqrt(x - 1)*sqrt(x + 1)", "x/y if abs(x) < inf else sign(x)", z=True, over=NEAR_1,
    says="√(x − 1)·√(x + 1)")
row("atanh(x)", "1/_coside(x)", z=True, over=UNIT, aka="arctanh")
row("_hypot1(x) = hypot(1, x)",
    "x/y if abs(x) < 1e150 else y/x if abs(x) < inf else sign(x)",
    z="sqrt(1 + x*x) if abs(x) < 1e150 else x if real(x) >= 0 else -x", says="√(1 + x²)")

# Special functions
row("erf(x)", "_gauss(x)*(2/sqrt(pi))", at={0: (0, 1.1283791670955126)})
row("erfc(x)", "_gauss(x)*(-2/sqrt(pi))", at={0: (1, -1.1283791670955126)})
row("gamma(x)", "y*digamma(x)", over=(0.1, 9))
row("lgamma(x)", "digamma(x)", over=(0.1, 9), aka="gammaln", says="log(abs(gamma(x)))")
row("digamma(x) = polygamma(0, x)", "polygamma(1, x)", over=(0.1, 9), aka="psi")
row("polygamma(n, x)", None, "polygamma(n + 1, x)", over=((2, 2), (0.1, 9)),
    says="n-th derivative of digamma")
# exp(−x²) with x² = h² + (x − h)(x + h), h on a grid of 1/16: x² is then not rounded.
row("_gauss(x) = exp(-square(rint(16*x)/16))*exp((rint(16*x)/16 - x)*(rint(16*x)/16 + x)) "
    "if abs(x) < 30 else exp(-x*x)", "0 if y == 0 else -2*(x*y)", z="exp(-x*x)", says="exp(−x²)")

# Complex parts: linear over the reals
row("real(x)", "1", kind="linear", z=True)
row("imag(x)", "0", kind="linear", z=True)
row("conj(x)", "1", kind="linear", z=True, aka="conjugate")
# fmt: on
