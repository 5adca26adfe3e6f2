"""The table of distributions: one row each, written as the rows of scipy.special.

    row("gamma(a)", "xlogy(a - 1, x) - x - gammaln(a)", "gammainc(a, x)", ends="0, inf",
        mean="a", var="a", entropy="a + gammaln(a) + (1 - a)*psi(a)")

The values are SciPy's. A row only says what derivatives follow from, in standard form (loc = 0,
scale = 1): the logarithm of the density in x, or of the mass in k, and, where there are shapes,
the cdf, from which the derivatives in the shapes are read; `_distribution_rules.py` has the
theorems, and `_moments.py` integrates what has no text. What is left out otherwise is refused.
Where the cdf has no formula, it is an integral: `between` are two places where it does not depend
on the shapes; of an even density on the circle 0 and pi. Of counts it is the sum of the masses
from `begin`. Without shapes, moments need no text, for they move with loc and scale alone.

In the tails a text has all digits, too: of 1 - F, only 1 may be rounded away. Where SciPy's logcdf
and logsf go on beyond the logarithm of the smallest float, `logcdf` and `logsf` are their texts.

Formulas: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, in SciPy's
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import scipy.stats

from ..special_rules import row as helper


@dataclass
class Distribution:
    """What is said of a distribution; see above."""

    name: str
    shapes: tuple[str, ...]
    log: str
    cdf: str
    ends: tuple[str, str]
    moments: dict[str, str]
    logs: dict[str, str]
    between: tuple[str, ...]
    begin: int | None
    is_discrete: bool
    fixed: tuple[str, ...]  # shapes that are counts, and have no derivative

    @property
    def variable(self) -> str:
        """What SciPy calls the number that the density is taken at."""
        return "k" if self.is_discrete else "x"

    @property
    def has_cdf(self) -> bool:
        """Whether its cdf has derivatives in the shapes."""
        return bool(self.cdf or self.between or self.begin is not None)

    @property
    def is_bounded(self) -> bool:
        """Whether the support ends anywhere."""
        return self.ends != ("-inf", "inf")


TABLE: dict[str, Distribution] = {}


def row(
    head: str,
    log: str,
    cdf: str = "",
    *,
    ends: str = "-inf, inf",
    logcdf: str = "",
    logsf: str = "",
    between: str = "",
    begin: int | None = None,
    is_discrete: bool = False,
    fixed: str = "",
    **moments: str,
) -> None:
    """Add a row."""
    name, _, shapes = head.rstrip(")").partition("(")
    low, high = ends.split(", ")
    TABLE[name] = Distribution(
        name,
        tuple(shapes.split(", ")) if shapes else (),
        log,
        cdf,
        (low, high),
        moments,
        {"logcdf": logcdf, "logsf": logsf},
        tuple(between.split(", ")) if between else (),
        begin,
        is_discrete,
        tuple(fixed.split()),
    )


_EULER, _LOG_ROOT = "0.5772156649015329", "0.9189385332046727"  # log(sqrt(2*pi))
_HALF = "0, inf"

# fmt: off
# log(ndtr(b) - ndtr(a)), taken in the tail that is thinner; of what is narrow by the density in the
# middle m of its width h, with Hermite's polynomials in u = m*m
helper("_log_mass(a, b) = _log_narrow(b - a, square((a + b)/2)) "
    "if (b - a)*(1 + abs(a + b)/2) < 0.1 else "
    "log_ndtr(b) + log1p(-exp(log_ndtr(a) - log_ndtr(b))) if a + b < 0 else "
    "log_ndtr(-a) + log1p(-exp(log_ndtr(-b) - log_ndtr(-a)))")
helper(f"_log_narrow(h, u) = log(h) - u/2 - {_LOG_ROOT} + log1p(h*h*((u - 1)/24 + "
    "h*h*(((u - 6)*u + 3)/1920 + h*h*(((u - 15)*u + 45)*u - 15)/322560)))")
# -log(1 - c*x)/c, which is x for c = 0
helper("_bent(c, x) = x*hyp2f1(1, 1, 2, c*x) if abs(c*x) < 0.5 else -log1p(-c*x)/c")
helper("_prime(a, b) = betaln(a, b) - (a - 1)*(psi(a) - psi(b)) + (a + b)*(psi(a + b) - psi(b))")
helper("_bell_at(x, m) = 0*x if isinf(x) else exp(-x*x/2 - m)/sqrt2pi")
# of the cdf of invgauss, the logarithms of its terms
helper("_log_first(mu, x) = log_ndtr((x/mu - 1)/sqrt(x))")
helper("_log_beyond(mu, x) = log_ndtr((1 - x/mu)/sqrt(x))")
helper("_log_second(mu, x) = 2/mu + log_ndtr(-(x/mu + 1)/sqrt(x))")

# Without shapes
row("anglit", "log(cos(2*x))", ends="-pi/4, pi/4")
row("arcsine", "-log(pi) - log(x)/2 - log1p(-x)/2", ends="0, 1")
row("cauchy", "-log(pi) - 2*log(hypot(1, x))")
row("cosine", "2*log(cos(x/2)) - log(pi)", ends="-pi, pi")
row("expon", "-x", ends=_HALF,
    logsf="-x")
row("gibrat", f"-square(log(x))/2 - log(x) - {_LOG_ROOT}", ends=_HALF)
row("gumbel_l", "x - exp(x)",
    logsf="-exp(x)")
row("gumbel_r", "-x - exp(-x)",
    logcdf="-exp(-x)")
row("halfcauchy", "log(2/pi) - 2*log(hypot(1, x))", ends=_HALF)
row("halflogistic", "log(2) - x - 2*log1p(exp(-x))", ends=_HALF)
row("halfnorm", "log(2/pi)/2 - x*x/2", ends=_HALF)
row("hypsecant", "-softplus(2*x) + x + log(2/pi)")
row("laplace", "-abs(x) - log(2)")
row("levy", "-log(2*pi)/2 - 1.5*log(x) - 1/(2*x)", ends=_HALF)
row("levy_l", "-log(2*pi)/2 - 1.5*log(-x) + 1/(2*x)", ends="-inf, 0")
row("logistic", "-softplus(x) - softplus(-x)",
    logcdf="log_expit(x)", logsf="log_expit(-x)")
row("maxwell", "log(2/pi)/2 + 2*log(x) - x*x/2", ends=_HALF)
row("moyal", f"-(x + exp(-x))/2 - {_LOG_ROOT}")
row("norm", f"-x*x/2 - {_LOG_ROOT}",
    logcdf="log_ndtr(x)", logsf="log_ndtr(-x)")
row("rayleigh", "log(x) - x*x/2", ends=_HALF,
    logsf="-x*x/2")
row("semicircular", "log(2/pi) + (log1p(-x) + log1p(x))/2", ends="-1, 1")
row("uniform", "0*x", ends="0, 1")
row("wald", "-log(2*pi)/2 - 1.5*log(x) - square(x - 1)/(2*x)", ends=_HALF,
    logcdf="_log_first(1, x) + log1p(exp(_log_second(1, x) - _log_first(1, x)))",
    logsf="_log_beyond(1, x) + log1p(-exp(_log_second(1, x) - _log_beyond(1, x)))")

# Gamma, beta and their kin
# what Stirling's formula leaves of gammaln(4/(s*s))
helper("_beyond_stirling(s) = _rest_of_stirling(s*s/4) if abs(s) < 0.3 else "
    "gammaln(4/(s*s)) - (4/(s*s) - 0.5)*log(4/(s*s)) + 4/(s*s) - log(2*pi)/2")
helper("_rest_of_stirling(w) = w*(1/12 - w*w*(1/360 - w*w*(1/1260 - w*w/1680)))")
# Where the large terms of a logarithm would cancel, by Loader's saddle point.
helper("_gamma_pdf_log(a, x) = xlogy(a - 1, x) - x - gammaln(a) if a < 10 else "
    "log(a/(2*pi))/2 - log(x) - _stirling(a) - _deviance(a, x)", "log(x) - psi(a)",
    "(a - 1 - x)/x")
helper("_beta_pdf_log(a, b, x, w) = xlogy(a - 1, x) + xlogy(b - 1, w) - betaln(a, b) "
    "if a + b < 20 else log(a/(a + b)*b/(2*pi))/2 - log(x) - log(w) + _stirling(a + b) "
    "- _stirling(a) - _stirling(b) - _deviance(a, (a + b)*x) - _deviance(b, (a + b)*w)",
    "log(x) - _psi_gap(a, b)", "log(w) - _psi_gap(b, a)", "(a - 1)/x", "(b - 1)/w")
helper("_log1p_square(x) = log1p(x*x) if abs(x) < 1e150 else 2*log(abs(x))",
    "2/(1/x + x) if x != 0 else 0*x")
_GAMMA: dict[str, Any] = {"mean": "a", "var": "a", "entropy": "a + gammaln(a) + (1 - a)*psi(a)"}
row("gamma(a)", "_gamma_pdf_log(a, x)", "gammainc(a, x)", ends=_HALF, **_GAMMA)
row("erlang(a)", "_gamma_pdf_log(a, x)", "gammainc(a, x)", ends=_HALF, fixed="a",
    **_GAMMA)
row("chi2(df)", "_gamma_pdf_log(df/2, x/2) - log(2)", "gammainc(df/2, x/2)",
    ends=_HALF, mean="df", var="2*df",
    entropy="df/2 + log(2) + gammaln(df/2) + (1 - df/2)*psi(df/2)")
row("chi(df)", "(1 - df/2)*log(2) - gammaln(df/2) + xlogy(df - 1, x) - x*x/2 if df < 20 else "
    "_gamma_pdf_log(df/2, x*x/2) + log(x)",
    "gammainc(df/2, x*x/2)", ends=_HALF, mean="sqrt2*poch(df/2, 0.5)",
    var="df - 2*square(poch(df/2, 0.5))",
    entropy="gammaln(df/2) + (df - log(2) - (df - 1)*psi(df/2))/2")
row("invgamma(a)", "-(a + 1)*log(x) - gammaln(a) - 1/x if a < 10 else "
    "_gamma_pdf_log(a, 1/x) - 2*log(x)", "gammaincc(a, 1/x)", ends=_HALF,
    mean="1/(a - 1)", var="1/(square(a - 1)*(a - 2))",
    entropy="a + gammaln(a) - (1 + a)*psi(a)")
row("dgamma(a)", "_gamma_pdf_log(a, abs(x)) - log(2)",
    "0.5 + (0 if x == 0 else sign(x)*gammainc(a, abs(x))/2)", mean="0", var="a*(a + 1)",
    entropy="a + gammaln(a) + (1 - a)*psi(a)")
row("loggamma(c)", "c*x - exp(x) - gammaln(c) if c < 10 else "
    "log(c/(2*pi))/2 - _stirling(c) - c*(expm1(x - log(c)) - (x - log(c)))", "gammainc(c, exp(x))",
    mean="psi(c)", var="polygamma(1, c)", entropy="gammaln(c) - c*psi(c) + c")
row("gengamma(a, c)", "log(abs(c)) + (xlogy(c*a - 1, x) - pow(x, c) - gammaln(a) if a < 10 else "
    "(c - 1)*log(x) + _gamma_pdf_log(a, pow(x, c)))",
    "gammainc(a, pow(x, c)) if c > 0 else gammaincc(a, pow(x, c))", ends=_HALF,
    mean="poch(a, 1/c)", var="poch(a, 2/c) - square(poch(a, 1/c))",
    entropy="gammaln(a) - log(abs(c)) + a*(1 - psi(a)) + psi(a)/c")
row("nakagami(nu)", "log(2) + xlogy(nu, nu) - gammaln(nu) + xlogy(2*nu - 1, x) - nu*x*x if nu < 10 "
    "else log(2*nu*x) + _gamma_pdf_log(nu, nu*x*x)",
    "gammainc(nu, nu*x*x)", ends=_HALF, mean="poch(nu, 0.5)/sqrt(nu)",
    var="1 - square(poch(nu, 0.5))/nu",
    entropy="gammaln(nu) + nu - (nu - 0.5)*psi(nu) - log(nu)/2")
row("beta(a, b)", "_beta_pdf_log(a, b, x, 1 - x)", "betainc(a, b, x)",
    ends="0, 1", mean="a/(a + b)", var="a*b/(square(a + b)*(a + b + 1))",
    entropy="betaln(a, b) - (a - 1)*psi(a) - (b - 1)*psi(b) + (a + b - 2)*psi(a + b)")
row("betaprime(a, b)", "_beta_pdf_log(a, b, x/(1 + x), 1/(1 + x)) - 2*log1p(x)",
    "betainc(a, b, x/(1 + x)) if x < 1 else betaincc(b, a, 1/(1 + x))", ends=_HALF,
    mean="a/(b - 1)",
    var="a*(a + b - 1)/((b - 2)*square(b - 1))", entropy="_prime(a, b)")
row("t(df)", f"-(df + 1)/2*_log1p_square(x/sqrt(df)) + log(_half_step(df/2)) - {_LOG_ROOT}",
    "stdtr(df, x)", mean="0", var="df/(df - 2)",
    entropy="(df + 1)/2*(psi((df + 1)/2) - psi(df/2)) + log(df)/2 + betaln(df/2, 0.5)")
row("f(dfn, dfd)", "_beta_pdf_log(dfn/2, dfd/2, dfn*x/(dfd + dfn*x), dfd/(dfd + dfn*x)) "
    "+ log(dfn) + log(dfd) - 2*log(dfd + dfn*x)", "fdtr(dfn, dfd, x)", ends=_HALF,
    mean="dfd/(dfd - 2)", var="2*square(dfd/(dfd - 2))*(dfn + dfd - 2)"
    "/(dfn*(dfd - 4))", entropy="_prime(dfn/2, dfd/2) + log(dfd/dfn)")
# (1 - x/sqrt(c + x*x))/2 for x ≥ 0
helper("_left(c, x) = c/hypot(sqrt(c), x)/(hypot(sqrt(c), x) + x)/2")
helper("_right(c, x) = _left(c, -x) if x < 0 else 1 - _left(c, x)",
    "x/pow(hypot(sqrt(c), x), 3)/-4", "c/pow(hypot(sqrt(c), x), 3)/2")
row("jf_skew_t(a, b)", "_beta_pdf_log(a, b, _right(a + b, x), _right(a + b, -x)) "
    "+ log((a + b)/2) - 3*log(hypot(sqrt(a + b), x))",
    "betainc(a, b, _left(a + b, abs(x))) if x < 0 else betaincc(b, a, _left(a + b, abs(x)))",
    logcdf="log(betainc(a, b, _left(a + b, abs(x))) if x < 0 else "
    "betaincc(b, a, _left(a + b, abs(x))))",
    logsf="log(betaincc(a, b, _left(a + b, abs(x))) if x < 0 else "
    "betainc(b, a, _left(a + b, abs(x))))")
row("rdist(c)", "(xlog1py(c/2 - 1, -x*x) if abs(x) < 0.5 else xlog1py(c/2 - 1, -x) "
    "+ xlog1py(c/2 - 1, x)) + log(_half_step(c/2)) + log(c/pi/2)/2",
    "betainc(c/2, c/2, 0.5 + x/2)",
    ends="-1, 1",
    mean="0",
    var="1/(c + 1)",
    entropy="betaln(c/2, c/2) + (c - 2)*(psi(c) - psi(c/2))")
# gammainc(1.5, t) without its power of t, which would cancel
helper("_argus_mass(t) = hyp1f1(1.5, 2.5, -t) if t < 1 else "
    "0.75*sqrtpi*gammainc(1.5, t)/pow(t, 1.5)")
row("argus(chi)", "log(x) + (log1p(-x) + log1p(x))/2 + log(3) - chi*chi*(1 - x)*(1 + x)/2 "
    "- log(_argus_mass(chi*chi/2))", "1 - pow(1 - x*x, 1.5)*_argus_mass(chi*chi*(1 - x*x)/2)"
    "/_argus_mass(chi*chi/2)", ends="0, 1")
# with u = skew*x/2: α·log1p(u) - α·u is -x²/2·₂F₁(1, 2; 3; -u)
row("pearson3(skew)", "(-x*x/2*hyp2f1(1, 2, 3, -skew*x/2) - log1p(skew*x/2) if skew*x > -1 "
    "else xlog1py(4/(skew*skew) - 1, skew*x/2) - 2*x/skew) - "
    f"{_LOG_ROOT} - _beyond_stirling(skew)",
    ends="(-2/skew if skew > 0 else -inf), (-2/skew if skew < 0 else inf)",
    mean="0",
    var="1")
row("ncx2(df, nc)", "-log(2) - square(sqrt(x) - sqrt(nc))/2 + (df/4 - 0.5)*log(x/nc) "
    "+ log(ive(df/2 - 1, sqrt(nc*x)))", between="0, inf", ends=_HALF, fixed="df", mean="df + nc",
    var="2*(df + 2*nc)")

# The normal distribution, transformed and cut
# a cdf, and what its slopes in the shapes are without the terms that cancel
helper("_cut(a, b, x) = exp(_log_mass(a, x) - _log_mass(a, b))",
    "-_bell_at(a, 2*_log_mass(a, b) - _log_mass(x, b))",
    "-_bell_at(b, 2*_log_mass(a, b) - _log_mass(a, x))", "_bell_at(x, _log_mass(a, b))")
helper("_fold(c, x) = ndtr(x - c) - ndtr(-x - c)",
    "_half_bell(x - c)/sqrt2pi*expm1(-2*c*x)", "_half_bell(x - c)/sqrt2pi*(1 + exp(-2*c*x))")
# log(ndtr(z - c)/φ(z - c)·φ(z)), but for a constant
helper("_log_tailed(c, z) = log_ndtr(z - c) + c*(c - 2*z)/2 if z > c else "
    "log(erfcx((c - z)/sqrt2)/2) - z*z/2")
helper("_folded(c) = sqrt2/sqrtpi*exp(-c*c/2) + c*erf(c/sqrt2)")
row("lognorm(s)", f"-square(log(x)/s)/2 - log(s) - log(x) - {_LOG_ROOT}", "ndtr(log(x)/s)",
    ends=_HALF, mean="exp(s*s/2)", var="expm1(s*s)*exp(s*s)", entropy="log(s)",
    logcdf="log_ndtr(log(x)/s)", logsf="log_ndtr(-log(x)/s)")
row("truncnorm(a, b)", f"-x*x/2 - {_LOG_ROOT} - _log_mass(a, b)",
    "_cut(a, b, x)", ends="a, b",
    mean="_bell_at(a, _log_mass(a, b)) - _bell_at(b, _log_mass(a, b))",
    var="1 + (0*a if isinf(a) else a*_bell_at(a, _log_mass(a, b))) "
    "- (0*b if isinf(b) else b*_bell_at(b, _log_mass(a, b))) "
    "- square(_bell_at(a, _log_mass(a, b)) - _bell_at(b, _log_mass(a, b)))",
    entropy="_log_mass(a, b) + (0*a if isinf(a) else a*_bell_at(a, _log_mass(a, b)))/2 "
    "- (0*b if isinf(b) else b*_bell_at(b, _log_mass(a, b)))/2",
    logcdf="_log_mass(a, x) - _log_mass(a, b)",
    logsf="_log_mass(x, b) - _log_mass(a, b)")
row("foldnorm(c)", f"log1p(exp(-2*c*x)) - square(x - c)/2 - {_LOG_ROOT}",
    "_fold(c, x)", ends=_HALF, mean="_folded(c)",
    var="c*c + 1 - square(_folded(c))")
row("skewnorm(a)", f"log(2) - x*x/2 - {_LOG_ROOT} + log_ndtr(a*x)", "ndtr(x) - 2*owens_t(x, a)",
    mean="a/hypot(1, a)*sqrt2/sqrtpi", var="1 - square(a/hypot(1, a))*2/pi")
row("exponnorm(K)", "_log_tailed(1/K, x) - log(K)",
    "ndtr(x) - exp(_log_tailed(1/K, x))", mean="K", var="1 + K*K")
row("gennorm(beta)", "log(beta/2) - gammaln(1/beta) - pow(abs(x), beta)",
    "0.5 + (0 if x == 0 else sign(x)*gammainc(1/beta, pow(abs(x), beta))/2)", mean="0",
    var="exp(gammaln(3/beta) - gammaln(1/beta))",
    entropy="1/beta - log(beta) + gammaln(1/beta)")
row("halfgennorm(beta)", "log(beta) - gammaln(1/beta) - pow(x, beta)",
    "gammainc(1/beta, pow(x, beta))", ends=_HALF,
    mean="exp(gammaln(2/beta) - gammaln(1/beta))",
    var="exp(gammaln(3/beta) - gammaln(1/beta)) - exp(2*gammaln(2/beta) - 2*gammaln(1/beta))",
    entropy="1/beta - log(beta) + gammaln(1/beta)")
row("invgauss(mu)", "-log(2*pi)/2 - 1.5*log(x) - square((x - mu)/mu)/(2*x)",
    "ndtr((x/mu - 1)/sqrt(x)) + exp(2/mu + log_ndtr(-(x/mu + 1)/sqrt(x)))", ends=_HALF,
    mean="mu", var="mu*mu*mu",
    logcdf="_log_first(mu, x) + log1p(exp(_log_second(mu, x) - _log_first(mu, x)))",
    logsf="_log_beyond(mu, x) + log1p(-exp(_log_second(mu, x) - _log_beyond(mu, x)))")
row("fatiguelife(c)", f"log(x + 1) - square((x - 1)/c)/(2*x) - log(2*c) - {_LOG_ROOT} "
    "- 1.5*log(x)", "ndtr((sqrt(x) - 1/sqrt(x))/c)", ends=_HALF, mean="c*c/2 + 1",
    var="c*c*(5*c*c + 4)/4")
row("johnsonsu(a, b)", f"log(b) - _log1p_square(x)/2 - square(a + b*asinh(x))/2 - {_LOG_ROOT}",
    "ndtr(a + b*asinh(x))",
    mean="-exp(1/(b*b)/2)*sinh(a/b)",
    var="expm1(1/(b*b))*(exp(1/(b*b))*cosh(2*a/b) + 1)/2")
row("johnsonsb(a, b)", f"log(b) - log(x) - log1p(-x) - square(a + b*logit(x))/2 - {_LOG_ROOT}",
    "ndtr(a + b*logit(x))", ends="0, 1")
helper(f"_log_powered(c, z) = log(c) - {_LOG_ROOT} + (-z*z/2 + (c - 1)*log_ndtr(-z) if z < 1 "
    "else (c - 1)*log(erfcx(z/sqrt2)/2) - c*z*z/2)")
row("powernorm(c)", "_log_powered(c, x)",
    "-expm1(c*log_ndtr(-x))",
    logsf="c*log_ndtr(-x)")
helper("_alpha(a, x) = ndtr(a - 1/x)/ndtr(a)",
    "y*(_mills(a - 1/x) - _mills(a)) if x < 2 else _mills(a)*(expm1((a - 0.5/x)/x) "
    "+ exp(_log_mass(a - 1/x, a) - log_ndtr(a)))", "_half_bell(a - 1/x)/sqrt2pi/ndtr(a)/(x*x)")
row("alpha(a)", f"-2*log(x) - square(a - 1/x)/2 - {_LOG_ROOT} - log_ndtr(a)",
    "_alpha(a, x)", ends=_HALF)
row("powerlognorm(c, s)", "_log_powered(c, log(x)/s) - log(x) - log(s)",
    "-expm1(c*log_ndtr(-log(x)/s))", ends=_HALF, logsf="c*log_ndtr(-log(x)/s)")
row("recipinvgauss(mu)", "-log(2*pi*x)/2 - square(1 - mu*x)/(2*x*mu*mu)",
    "ndtr((x - 1/mu)/sqrt(x)) - exp(2/mu + log_ndtr(-(x + 1/mu)/sqrt(x)))", ends=_HALF,
    mean="1/mu + 1", var="1/mu + 2",
    entropy="(log(2*pi) + 1 - log(mu) + exp(2/mu)*exp1(2/mu))/2")
# in place of the normal density, one that is a power below -beta
helper("_crystal(beta, m) = m/beta/(m - 1)*exp(-beta*beta/2) + sqrt2pi*ndtr(beta)")
row("crystalball(beta, m)", "(-x*x/2 if x > -beta else m*log(m/beta) - beta*beta/2 "
    "- m*log(m/beta - beta - x)) - log(_crystal(beta, m))",
    "1 - sqrt2pi*ndtr(-x)/_crystal(beta, m) if x > -beta else exp(m*log(m/beta) - beta*beta/2 "
    "- (m - 1)*log(m/beta - beta - x))/(m - 1)/_crystal(beta, m)")
helper("_tailed(c, z) = exp(_log_tailed(c, z))")
row("dpareto_lognorm(u, s, a, b)", "log(a*b/(a + b)) - log(x) "
    "+ logaddexp(_log_tailed(a*s, (log(x) - u)/s), "
    "_log_tailed(b*s, (u - log(x))/s))",
    "ndtr((log(x) - u)/s) - (b*_tailed(a*s, (log(x) - u)/s) "
    "- a*_tailed(b*s, (u - log(x))/s))/(a + b)", ends=_HALF)
# mixtures of normal distributions
# a*hypot(1, x) - b*x - sqrt(a*a - b*b)
helper("_tilt(a, b, x) = square(a*x - b*hypot(1, x))"
    "/(a*hypot(1, x) - b*x + sqrt((a - b)*(a + b)))")
row("norminvgauss(a, b)", "log(a/pi) + log(k1e(a*hypot(1, x))) - log(hypot(1, x)) "
    "- _tilt(a, b, x)", between="-inf, inf", mean="b/sqrt(a*a - b*b)",
    var="a*a/pow(a*a - b*b, 1.5)")
row("geninvgauss(p, b)", "(p - 1)*log(x) - b*(x + 1/x)/2 + b - log(2*kve(p, b))", between="0, inf",
    ends=_HALF, fixed="p",
    mean="kve(p + 1, b)/kve(p, b)",
    var="kve(p + 2, b)/kve(p, b) - square(kve(p + 1, b)/kve(p, b))")
row("genhyperbolic(p, a, b)", f"p/2*log(a*a - b*b) - {_LOG_ROOT} - (p - 0.5)*log(a) "
    "- log(kve(p, sqrt(a*a - b*b))) - _tilt(a, b, x) "
    "+ log(kve(p - 0.5, a*hypot(1, x))) + (p - 0.5)*log(hypot(1, x))", between="-inf, inf",
    fixed="p")

# Powers, exponentials and extremes
row("weibull_min(c)", "log(c) + xlogy(c - 1, x) - pow(x, c)", "-expm1(-pow(x, c))", ends=_HALF,
    mean="gamma(1 + 1/c)", var="gamma(1 + 2/c) - square(gamma(1 + 1/c))",
    entropy=f"-{_EULER}/c - log(c)",
    logsf="-pow(x, c)")
row("weibull_max(c)", "log(c) + xlogy(c - 1, -x) - pow(-x, c)", "exp(-pow(-x, c))",
    ends="-inf, 0", mean="-gamma(1 + 1/c)", var="gamma(1 + 2/c) - square(gamma(1 + 1/c))",
    entropy=f"-{_EULER}/c - log(c)",
    logcdf="-pow(-x, c)")
row("dweibull(c)", "log(c/2) + xlogy(c - 1, abs(x)) - pow(abs(x), c)",
    "0.5 - (0 if x == 0 else sign(x)*expm1(-pow(abs(x), c))/2)", mean="0", var="gamma(1 + 2/c)",
    entropy=f"-{_EULER}/c - log(c)")
helper("_log_rest(x) = log(-expm1(-x)) if x < 0.7 else log1p(-exp(-x))")
row("exponweib(a, c)", "log(a) + log(c) + xlogy(a - 1, -expm1(-pow(x, c))) - pow(x, c) "
    "+ xlogy(c - 1, x)", "exp(a*_log_rest(pow(x, c)))", ends=_HALF)
row("invweibull(c)", "log(c) - (c + 1)*log(x) - pow(x, -c)", "exp(-pow(x, -c))", ends=_HALF,
    mean="gamma(1 - 1/c) if c > 1 else nan",
    var="gamma(1 - 2/c) - square(gamma(1 - 1/c)) if c > 2 else nan",
    entropy=f"{_EULER}/c - log(c)")
row("genextreme(c)", "c*_bent(c, x) - _bent(c, x) - exp(-_bent(c, x))", "exp(-exp(-_bent(c, x)))",
    ends="(1/c if c < 0 else -inf), (1/c if c > 0 else inf)",
    entropy=f"-{_EULER}*c",  # mean and variance have formulas, which cancel near c = 0
    logcdf="-exp(-_bent(c, x))")
row("genpareto(c)", "-(1 + c)*_bent(-c, x)", "-expm1(-_bent(-c, x))",
    ends="0, (-1/c if c < 0 else inf)", mean="1/(1 - c)",
    var="1/(square(1 - c)*(1 - 2*c))", entropy="c",
    logsf="-_bent(-c, x)")
row("pareto(b)", "log(b) - (b + 1)*log(x)", "-expm1(-b*log(x))", ends="1, inf",
    mean="b/(b - 1)", var="b/(square(b - 1)*(b - 2))",
    entropy="1/b - log(b)")
row("lomax(c)", "log(c) - (c + 1)*log1p(x)", "-expm1(-c*log1p(x))", ends=_HALF,
    mean="1/(c - 1)", var="c/(square(c - 1)*(c - 2))",
    entropy="1/c - log(c)",
    logsf="-c*log1p(x)")
row("powerlaw(a)", "log(a) + xlogy(a - 1, x)", "pow(x, a)", ends="0, 1", mean="a/(a + 1)",
    var="a/((a + 2)*square(a + 1))", entropy="-1/a - log(a)",
    logcdf="a*log(x)")
for _name in ("loguniform", "reciprocal"):
    row(f"{_name}(a, b)", "-log(x) - log(log(b/a))", "log(x/a)/log(b/a)", ends="a, b",
        mean="(b - a)/log(b/a)",
        var="(b - a)*(b + a)/(2*log(b/a)) - square((b - a)/log(b/a))",
        entropy="log(a*b)/2 + log(log(b/a))")
row("truncexpon(b)", "-x - log(-expm1(-b))", "expm1(-x)/expm1(-b)", ends="0, b",
    mean="1 - b/expm1(b)", var="1 - b*b*exp(b)/square(expm1(b))",
    entropy="log(-expm1(-b)) - b/expm1(b)")
row("gompertz(c)", "log(c) + x - c*expm1(x)", "-expm1(-c*expm1(x))", ends=_HALF)
row("exponpow(b)", "log(b) + xlogy(b - 1, x) + pow(x, b) - expm1(pow(x, b))",
    "-expm1(-expm1(pow(x, b)))", ends=_HALF)
row("bradford(c)", "log(c) - log1p(c*x) - log(log1p(c))", "log1p(c*x)/log1p(c)", ends="0, 1",
    mean="1/log1p(c) - 1/c", entropy="log1p(c)/2 - log(c/log1p(c))",
    var="((c + 2)*log1p(c) - 2*c)/(2*c*square(log1p(c)))")
row("triang(c)", "log(2) + (log(x/c) if x < c else log1p(-x) - log1p(-c))",
    "x*x/c if x < c else 1 - square(1 - x)/(1 - c)", ends="0, 1", mean="(c + 1)/3",
    var="(1 - c + c*c)/18", entropy="0")
row("trapezoid(c, d)", "log(2/(d - c + 1)) + (log(x/c) if x < c else "
    "log1p(-x) - log1p(-d) if x > d else 0*x)",
    "x*x/(c*(d - c + 1)) if x < c else (2*x - c)/(d - c + 1) if x < d else "
    "1 - square(1 - x)/((d - c + 1)*(1 - d))", ends="0, 1",
    mean="(1 + d + d*d - c*c)/(3*(1 + d - c))",
    var="(1 + d + d*d + d*d*d - c*c*c)/(6*(1 + d - c)) "
    "- square((1 + d + d*d - c*c)/(3*(1 + d - c)))",
    entropy="(1 - d + c)/(1 + d - c)/2 + log(1 + d - c)")
# log|1 - exp(-t)|
helper("_log_gap(t) = log(-expm1(-t)) if t > 0 else log(-expm1(t)) - t")
row("truncpareto(b, c)", "log(abs(b)) - (b + 1)*log(x) - _log_gap(b*log(c))",
    "expm1(-b*log(x))/expm1(-b*log(c))", ends="1, c",
    logcdf="_log_gap(b*log(x)) - _log_gap(b*log(c))",
    logsf="-b*log(x) + _log_gap(b*log(c/x)) - _log_gap(b*log(c))")
row("truncweibull_min(c, a, b)", "log(c) + xlogy(c - 1, x) + pow(a, c) - pow(x, c) "
    "- log(-expm1(pow(a, c) - pow(b, c)))",
    "expm1(pow(a, c) - pow(x, c))/expm1(pow(a, c) - pow(b, c))", ends="a, b",
    logcdf="log(-expm1(pow(a, c) - pow(x, c))) - log(-expm1(pow(a, c) - pow(b, c)))",
    logsf="pow(a, c) - pow(x, c) + log(-expm1(pow(x, c) - pow(b, c))) "
    "- log(-expm1(pow(a, c) - pow(b, c)))")
row("genexpon(a, b, c)", "log(a - b*expm1(-c*x)) - (a + b)*x - b/c*expm1(-c*x)",
    "-expm1(-(a + b)*x - b/c*expm1(-c*x))", ends=_HALF)
row("kappa3(a)", "log(a) - (1 + 1/a)*log1p(a + expm1(a*log(x)))",
    "x*exp(-log1p(a + expm1(a*log(x)))/a) if x < 1 else exp(-log1p(a*pow(x, -a))/a)",
    ends=_HALF)
row("kappa4(h, k)", "-(1 - k)*_bent(k, x) - (1 - h)*_bent(h, exp(-_bent(k, x)))",
    "exp(-_bent(h, exp(-_bent(k, x))))",
    ends="(log(h)*exprel(-k*log(h)) if h > 0 else 1/k if k < 0 else -inf), "
    "(1/k if k > 0 else inf)",
    entropy=f"(1 - k)*({_EULER} + (h/2 - h*h/12 if h == 0 else log(abs(h)) + minimum(h, 0) "
    "+ psi(1 + 1/abs(h)))) - h",
    logcdf="-_bent(h, exp(-_bent(k, x)))")

# Logistic and their kin
row("fisk(c)", "log(c) + (c - 1)*log(x) - 2*softplus(c*log(x))", "sigmoid(c*log(x))", ends=_HALF,
    entropy="-log(c)",
    logcdf="-softplus(-c*log(x))", logsf="-softplus(c*log(x))",
    mean="pi/c/sin(pi/c)",
    var="2*pi/c/sin(2*pi/c) - square(pi/c/sin(pi/c))")
row("burr(c, d)", "log(c) + log(d) - (c + 1)*log(x) - (d + 1)*log1p(pow(x, -c))",
    "exp(-d*log1p(pow(x, -c)))", ends=_HALF,
    logcdf="-d*log1p(pow(x, -c))", logsf="log(-expm1(-d*log1p(pow(x, -c))))",
    mean="d*beta(d + 1/c, 1 - 1/c)",
    var="d*beta(d + 2/c, 1 - 2/c) - square(d*beta(d + 1/c, 1 - 1/c))")
row("burr12(c, d)", "log(c) + log(d) + xlogy(c - 1, x) - (d + 1)*log1p(pow(x, c))",
    "-expm1(-d*log1p(pow(x, c)))", ends=_HALF,
    logcdf="log(-expm1(-d*log1p(pow(x, c))))", logsf="-d*log1p(pow(x, c))",
    mean="d*beta(1 + 1/c, d - 1/c)",
    var="d*beta(1 + 2/c, d - 2/c) - square(d*beta(1 + 1/c, d - 1/c))")
row("mielke(k, s)", "log(k) + xlogy(k - 1, x) - (1 + k/s)*log1p(pow(x, s))",
    "exp(k*log(x) - k/s*log1p(pow(x, s)))", ends=_HALF,
    mean="k/s*beta((k + 1)/s, 1 - 1/s)",
    var="k/s*beta((k + 2)/s, 1 - 2/s) - square(k/s*beta((k + 1)/s, 1 - 1/s))")
row("genlogistic(c)", "log(c) - x - (c + 1)*softplus(-x)", "exp(-c*softplus(-x))",
    mean="psi(c)", var="pi*pi/6 + polygamma(1, c)", entropy="psi(c + 1) - log(c)",
    logcdf="-c*softplus(-x)")
row("genhalflogistic(c)", "log(2) + (1/c - 1)*log1p(-c*x) - 2*log1p(pow(1 - c*x, 1/c))",
    "(1 - pow(1 - c*x, 1/c))/(1 + pow(1 - c*x, 1/c))", ends="0, 1/c")
row("loglaplace(c)", "log(c/2) + (c - 1 if x < 1 else -c - 1)*log(x)",
    "pow(x, c)/2 if x < 1 else 1 - pow(x, -c)/2", ends=_HALF, entropy="-log(c)",
    mean="c*c/(c*c - 1)",
    var="c*c/(c*c - 4) - square(c*c/(c*c - 1))")
row("laplace_asymmetric(kappa)", "(-x*kappa if x >= 0 else x/kappa) - log(kappa + 1/kappa)",
    "1 - exp(-x*kappa)/(1 + kappa*kappa) if x >= 0 else "
    "exp(x/kappa)*kappa*kappa/(1 + kappa*kappa)", mean="1/kappa - kappa",
    var="1/(kappa*kappa) + kappa*kappa", entropy="log(kappa + 1/kappa)")
row("foldcauchy(c)", "log(1/(1 + square(x - c)) + 1/(1 + square(x + c))) - log(pi)",
    "(atan(x - c) + atan(x + c))/pi", ends=_HALF)
row("skewcauchy(a)", "-log(pi) - _log1p_square(x/(1 + a*sign(x)))",
    "(1 - a)/2 + (1 + a*sign(x))/pi*atan(x/(1 + a*sign(x)))", entropy="0*a")  # log(4*pi)
row("rel_breitwigner(rho)", "log(2/pi) + log(2*(1 + 1/(rho*rho))/(1 + sqrt(1 + 1/(rho*rho))))/2 "
    "- log1p(square((x - rho)*(x + rho)/rho))", between="0, inf", ends=_HALF)

# On the circle, and by integrals
row("vonmises(kappa)", "kappa*cosm1(x) - log(2*pi) - log(i0e(kappa))", between="0, pi",
    mean="0", entropy="kappa - kappa*i1e(kappa)/i0e(kappa) + log(i0e(kappa))")
row("vonmises_line(kappa)", "kappa*cosm1(x) - log(2*pi) - log(i0e(kappa))", between="0, pi",
    ends="-pi, pi",
    entropy="kappa - kappa*i1e(kappa)/i0e(kappa) + log(i0e(kappa))")
row("wrapcauchy(c)", "log1p(-c*c) - log(2*pi) - log(square(1 - c) + 4*c*square(sin(x/2)))",
    between="0, 2*pi", ends="0, 2*pi", entropy="log1p(-c*c)")
row("rice(b)", "log(x) - square(x - b)/2 + log(i0e(x*b))", between="0, inf", ends=_HALF,
    mean="sqrtpi/sqrt2*hyp1f1(-0.5, 1, -b*b/2)",
    var="2 + b*b - square(hyp1f1(-0.5, 1, -b*b/2))*pi/2")

# Of counts
row("poisson(mu)", "xlogy(k, mu) - gammaln(k + 1) - mu", "pdtr(k, mu)", is_discrete=True,
    ends=_HALF, mean="mu", var="mu")
row("bernoulli(p)", "log(p if k == 1 else 1 - p)", "1 - p if k < 1 else 1 + 0*p", ends="0, 1",
    is_discrete=True, mean="p", var="p*(1 - p)", entropy="entr(p) + entr(1 - p)")
row("binom(n, p)",
    "xlogy(k, p) + xlog1py(n - k, -p) - log(n + 1) - betaln(n - k + 1, k + 1)", "bdtr(k, n, p)",
    ends="0, n", is_discrete=True, fixed="n", mean="n*p", var="n*p*(1 - p)")
row("nbinom(n, p)", "gammaln(n + k) - gammaln(k + 1) - gammaln(n) + n*log(p) + xlog1py(k, -p)",
    "betainc(n, k + 1, p)", ends=_HALF, is_discrete=True, mean="n*(1 - p)/p",
    var="n*(1 - p)/(p*p)")
row("geom(p)", "xlog1py(k - 1, -p) + log(p)", "-expm1(k*log1p(-p))", ends="1, inf",
    is_discrete=True, mean="1/p", var="(1 - p)/(p*p)", entropy="(entr(p) + entr(1 - p))/p",
    logsf="k*log1p(-p)")
helper("_logser_sf(k, p)", None, "(pow(p, k) - y)/((p - 1)*log1p(-p))", of=scipy.stats.logser.sf)
row("logser(p)", "k*log(p) - log(k) - log(-log1p(-p))", "1 - _logser_sf(k, p)", ends="1, inf",
    is_discrete=True, mean="-p/((1 - p)*log1p(-p))",
    var="-p/(log1p(-p)*square(1 - p)) - square(p/((1 - p)*log1p(-p)))")
row("zipf(a)", "-a*log(k) - log(_zeta(a, 1))", "1 - _zeta(a, k + 1)/_zeta(a, 1)", ends="1, inf",
    is_discrete=True,
    mean="_zeta(a - 1, 1)/_zeta(a, 1)",
    var="_zeta(a - 2, 1)/_zeta(a, 1) - square(_zeta(a - 1, 1)/_zeta(a, 1))")
row("betabinom(n, a, b)",
    "betaln(k + a, n - k + b) - betaln(a, b) - log(n + 1) - betaln(n - k + 1, k + 1)", begin=0,
    ends="0, n", is_discrete=True, fixed="n", mean="n*a/(a + b)",
    var="n*a*b*(a + b + n)/(square(a + b)*(a + b + 1))")
# coth(x) - 1/x
helper("_langevin(x) = x*hyp0f1(2.5, x*x/4)/hyp0f1(1.5, x*x/4)/3")
# m/expm1(m*t) - n/expm1(n*t) - k, whose terms cancel where t is small
helper("_decay_gap(t, m, n, k) = (n - m - 2*k + m*_langevin(m*t/2) - n*_langevin(n*t/2))/2 "
    "if n*t < 1 else m/expm1(m*t)*expm1((m - n)*t)/expm1(-n*t) - (n - m)/expm1(n*t) - k")
helper("_decay_log(k, t, n) = -t*k + log(expm1(-t)/expm1(-t*n))", None, "_decay_gap(t, 1, n, k)",
    None)
helper("_decay_share(m, t, n) = expm1(-t*m)/expm1(-t*n)", None, "y*_decay_gap(t, m, n, 0)", None)
row("boltzmann(lambda_, N)", "_decay_log(k, lambda_, N)", "_decay_share(k + 1, lambda_, N)",
    ends="0, N - 1", is_discrete=True, fixed="N")
row("planck(lambda_)", "-lambda_*k + log(-expm1(-lambda_))", "-expm1(-lambda_*(k + 1))",
    ends=_HALF, is_discrete=True, mean="1/expm1(lambda_)",
    var="exp(-lambda_)/square(expm1(-lambda_))",
    logsf="-lambda_*(k + 1)",
    entropy="lambda_/expm1(lambda_) - log(-expm1(-lambda_))")
row("dlaplace(a)", "log(tanh(a/2)) - a*abs(k)",
    "1 - exp(-a*k)/(exp(a) + 1) if k >= 0 else exp(a*(k + 1))/(exp(a) + 1)", is_discrete=True,
    mean="0", var="2*exp(-a)/square(expm1(-a))", entropy="a/sinh(a) - log(tanh(a/2))")
helper("_yule_log(k, alpha) = log(alpha) + betaln(k, alpha + 1)", None,
    "1/(alpha*(alpha + 1)) + _psi_gap(alpha + 2, k - 1)")
row("yulesimon(alpha)", "_yule_log(k, alpha)", "1 - k*exp(betaln(k, alpha + 1))",
    ends="1, inf", is_discrete=True, mean="alpha/(alpha - 1)",
    var="square(alpha)/((alpha - 2)*square(alpha - 1))",
    logsf="log(k) + betaln(k, alpha + 1)")
row("betanbinom(n, a, b)", "betaln(a + n, b + k) - betaln(a, b) - log(n + k) - betaln(n, k + 1)",
    begin=0, ends=_HALF, is_discrete=True, fixed="n", mean="n*b/(a - 1)",
    var="n*b*(n + a - 1)*(a + b - 1)/((a - 2)*square(a - 1))")
row("skellam(mu1, mu2)", "-square(sqrt(mu1) - sqrt(mu2)) + k/2*log(mu1/mu2) "
    "+ log(ive(abs(k), 2*sqrt(mu1*mu2)))", is_discrete=True, mean="mu1 - mu2", var="mu1 + mu2")
# fmt: on
