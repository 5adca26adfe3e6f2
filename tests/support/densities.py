"""The densities of scipy.stats once more, as SciPy's documentation writes them, for mpmath.

In the variable x, or k for counts, and SciPy's shapes, in standard form. Names are mpmath's, and
`phi` and `Phi` are the normal density and its cdf.
"""

from __future__ import annotations

from functools import cache
from types import CodeType
from typing import Any

from mpmath import mp

_BURR = "c*d*x**(-c - 1)/(1 + x**(-c))**(d + 1)"
_GAMMA = "x**(a - 1)*exp(-x)/gamma(a)"
_LOG_UNIFORM = "1/(x*log(b/a))"
_VONMISES = "exp(kappa*cos(x))/(2*pi*besseli(0, kappa))"
DENSITIES = {
    "alpha": "phi(a - 1/x)/(x**2*Phi(a))",
    "anglit": "cos(2*x)",
    "arcsine": "1/(pi*sqrt(x*(1 - x)))",
    "argus": "chi**3/(sqrt(2*pi)*(Phi(chi) - chi*phi(chi) - 1/mpf(2)))"
    "*x*sqrt(1 - x**2)*exp(-chi**2*(1 - x**2)/2)",
    "beta": "x**(a - 1)*(1 - x)**(b - 1)*gamma(a + b)/(gamma(a)*gamma(b))",
    "betaprime": "x**(a - 1)*(1 + x)**(-a - b)*gamma(a + b)/(gamma(a)*gamma(b))",
    "bradford": "c/(log(1 + c)*(1 + c*x))",
    "burr": _BURR,
    "burr12": "c*d*x**(c - 1)/(1 + x**c)**(d + 1)",
    "cauchy": "1/(pi*(1 + x**2))",
    "chi": "x**(df - 1)*exp(-x**2/2)/(2**(df/2 - 1)*gamma(df/2))",
    "chi2": "x**(df/2 - 1)*exp(-x/2)/(2**(df/2)*gamma(df/2))",
    "cosine": "(1 + cos(x))/(2*pi)",
    "crystalball": "(exp(-x**2/2) if x > -beta else (m/beta)**m*exp(-beta**2/2)"
    "*(m/beta - beta - x)**(-m))"
    "/(m/(beta*(m - 1))*exp(-beta**2/2) + sqrt(2*pi)*Phi(beta))",
    "dgamma": "abs(x)**(a - 1)*exp(-abs(x))/(2*gamma(a))",
    "dpareto_lognorm": "a*b/((a + b)*x)*phi((log(x) - u)/s)"
    "*(mills(a*s - (log(x) - u)/s) + mills(b*s + (log(x) - u)/s))",
    "dweibull": "c/2*abs(x)**(c - 1)*exp(-abs(x)**c)",
    "erlang": _GAMMA,
    "expon": "exp(-x)",
    "exponnorm": "exp(1/(2*K**2) - x/K)*Phi(x - 1/K)/K",
    "exponpow": "b*x**(b - 1)*exp(1 + x**b - exp(x**b))",
    "exponweib": "a*c*(-expm1(-x**c))**(a - 1)*exp(-x**c)*x**(c - 1)",
    "f": "dfd**(dfd/2)*dfn**(dfn/2)*x**(dfn/2 - 1)*gamma((dfn + dfd)/2)"
    "/((dfd + dfn*x)**((dfn + dfd)/2)*gamma(dfn/2)*gamma(dfd/2))",
    "fatiguelife": "(x + 1)/(2*c*sqrt(2*pi*x**3))*exp(-(x - 1)**2/(2*x*c**2))",
    "fisk": "c*x**(c - 1)/(1 + x**c)**2",
    "foldcauchy": "1/(pi*(1 + (x - c)**2)) + 1/(pi*(1 + (x + c)**2))",
    "foldnorm": "phi(x - c) + phi(x + c)",
    "gamma": _GAMMA,
    "genexpon": "(a - b*expm1(-c*x))*exp(-a*x - b*x - b/c*expm1(-c*x))",
    "genextreme": "(exp(-exp(-x))*exp(-x) if c == 0 else "
    "exp(-(1 - c*x)**(1/c))*(1 - c*x)**(1/c - 1))",
    "gengamma": "abs(c)*x**(c*a - 1)*exp(-x**c)/gamma(a)",
    "genhalflogistic": "2*(1 - c*x)**(1/c - 1)/(1 + (1 - c*x)**(1/c))**2",
    "genhyperbolic": "(a**2 - b**2)**(p/2)*exp(b*x)*besselk(p - 1/mpf(2), a*sqrt(1 + x**2))"
    "/(sqrt(2*pi)*a**(p - 1/mpf(2))*besselk(p, sqrt(a**2 - b**2))"
    "*sqrt(1 + x**2)**(1/mpf(2) - p))",
    "geninvgauss": "x**(p - 1)*exp(-b*(x + 1/x)/2)/(2*besselk(p, b))",
    "genlogistic": "c*exp(-x)/(1 + exp(-x))**(c + 1)",
    "gennorm": "beta/(2*gamma(1/beta))*exp(-abs(x)**beta)",
    "genpareto": "(1 + c*x)**(-1 - 1/c)",
    "gibrat": "exp(-log(x)**2/2)/(x*sqrt(2*pi))",
    "gompertz": "c*exp(x)*exp(-c*expm1(x))",
    "gumbel_l": "exp(x - exp(x))",
    "gumbel_r": "exp(-x - exp(-x))",
    "halfcauchy": "2/(pi*(1 + x**2))",
    "halfgennorm": "beta/gamma(1/beta)*exp(-x**beta)",
    "halflogistic": "2*exp(-x)/(1 + exp(-x))**2",
    "halfnorm": "sqrt(2/pi)*exp(-x**2/2)",
    "hypsecant": "sech(x)/pi",
    "invgamma": "x**(-a - 1)*exp(-1/x)/gamma(a)",
    "invgauss": "1/sqrt(2*pi*x**3)*exp(-(x/mu - 1)**2/(2*x))",
    "invweibull": "c*x**(-c - 1)*exp(-x**(-c))",
    "jf_skew_t": "(1 + x/sqrt(a + b + x**2))**(a + 1/mpf(2))"
    "*(1 - x/sqrt(a + b + x**2))**(b + 1/mpf(2))"
    "*gamma(a + b)/(2**(a + b - 1)*gamma(a)*gamma(b)*sqrt(a + b))",
    "johnsonsb": "b/(x*(1 - x))*phi(a + b*log(x/(1 - x)))",
    "johnsonsu": "b/sqrt(x**2 + 1)*phi(a + b*asinh(x))",
    "kappa3": "a*(a + x**a)**(-(a + 1)/a)",
    "kappa4": "(1 - k*x)**(1/k - 1)*(1 - h*(1 - k*x)**(1/k))**(1/h - 1)",
    "laplace": "exp(-abs(x))/2",
    "laplace_asymmetric": "exp(-x*kappa if x >= 0 else x/kappa)/(kappa + 1/kappa)",
    "levy": "exp(-1/(2*x))/sqrt(2*pi*x**3)",
    "levy_l": "exp(-1/(2*abs(x)))/(abs(x)*sqrt(2*pi*abs(x)))",
    "loggamma": "exp(c*x - exp(x))/gamma(c)",
    "logistic": "exp(-x)/(1 + exp(-x))**2",
    "loglaplace": "c/2*x**(c - 1 if x < 1 else -c - 1)",
    "lognorm": "exp(-log(x)**2/(2*s**2))/(s*x*sqrt(2*pi))",
    "loguniform": _LOG_UNIFORM,
    "lomax": "c/(1 + x)**(c + 1)",
    "maxwell": "sqrt(2/pi)*x**2*exp(-x**2/2)",
    "mielke": "k*x**(k - 1)/(1 + x**s)**(1 + k/s)",
    "moyal": "exp(-(x + exp(-x))/2)/sqrt(2*pi)",
    "nakagami": "2*nu**nu/gamma(nu)*x**(2*nu - 1)*exp(-nu*x**2)",
    "ncx2": "exp(-(x + nc)/2)/2*(x/nc)**((df - 2)/4)*besseli((df - 2)/2, sqrt(nc*x))",
    "norm": "phi(x)",
    "norminvgauss": "a*besselk(1, a*sqrt(1 + x**2))/(pi*sqrt(1 + x**2))"
    "*exp(sqrt(a**2 - b**2) + b*x)",
    "pareto": "b/x**(b + 1)",
    "pearson3": "2/abs(skew)/gamma(4/skew**2)*(2/skew*(x + 2/skew))**(4/skew**2 - 1)"
    "*exp(-2/skew*(x + 2/skew))",
    "powerlaw": "a*x**(a - 1)",
    "powerlognorm": "c/(x*s)*phi(log(x)/s)*Phi(-log(x)/s)**(c - 1)",
    "powernorm": "c*phi(x)*Phi(-x)**(c - 1)",
    "rayleigh": "x*exp(-x**2/2)",
    "rdist": "(1 - x**2)**(c/2 - 1)*gamma(c/2 + 1/mpf(2))/(gamma(c/2)*sqrt(pi))",
    "recipinvgauss": "exp(-(1 - mu*x)**2/(2*x*mu**2))/sqrt(2*pi*x)",
    "reciprocal": _LOG_UNIFORM,
    "rel_breitwigner": "2*sqrt(2)*rho**2*sqrt(rho**2 + 1)/(pi*sqrt(rho**2 + rho*sqrt(rho**2 + 1)))"
    "/((x**2 - rho**2)**2 + rho**2)",
    "rice": "x*exp(-(x**2 + b**2)/2)*besseli(0, x*b)",
    "semicircular": "2/pi*sqrt(1 - x**2)",
    "skewcauchy": "1/(pi*(x**2/(a*sign(x) + 1)**2 + 1))",
    "skewnorm": "2*phi(x)*Phi(a*x)",
    "t": "gamma((df + 1)/2)/(sqrt(pi*df)*gamma(df/2))*(1 + x**2/df)**(-(df + 1)/2)",
    "trapezoid": "2/(d - c + 1)*(x/c if x < c else (1 - x)/(1 - d) if x > d else 1)",
    "triang": "2*x/c if x < c else 2*(1 - x)/(1 - c)",
    "truncexpon": "exp(-x)/(1 - exp(-b))",
    "truncnorm": "phi(x)/mass(a, b)",
    "truncpareto": "b/(1 - c**(-b))*x**(-b - 1)",
    "truncweibull_min": "c*x**(c - 1)*exp(a**c - x**c)/(1 - exp(a**c - b**c))",
    "uniform": "mpf(1)",
    "vonmises": _VONMISES,
    "vonmises_line": _VONMISES,
    "wald": "1/sqrt(2*pi*x**3)*exp(-(x - 1)**2/(2*x))",
    "weibull_max": "c*(-x)**(c - 1)*exp(-(-x)**c)",
    "weibull_min": "c*x**(c - 1)*exp(-x**c)",
    "wrapcauchy": "(1 - c**2)/(2*pi*(1 + c**2 - 2*c*cos(x)))",
}


def _within_reach(f: Any) -> Any:
    """f, whose exponent mpmath can hold."""
    return lambda x: f(max(min(x, mp.mpf(10) ** 18), -(mp.mpf(10) ** 18)))


def _upper(x: Any) -> Any:
    return mp.erfc(x / mp.sqrt(2)) / 2


_NAMES = {
    "abs": abs,
    "exp": _within_reach(mp.exp),
    "expm1": _within_reach(mp.expm1),
    "sech": _within_reach(mp.sech),
    "phi": mp.npdf,
    "Phi": lambda x: _upper(-x),
    "mills": lambda x: _upper(x) / mp.npdf(x),
    "mass": lambda a, b: _upper(a) - _upper(b) if a + b > 0 else _upper(-b) - _upper(-a),
}


@cache
def _compiled(name: str) -> CodeType:
    return compile(DENSITIES[name], name, "eval")


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return getattr(mp, name)


def density(name: str, **at: Any) -> Any:
    """A density at x and these shapes, numbers of mpmath's."""
    return eval(_compiled(name), {"__builtins__": {}}, _Names(_NAMES | at))
