"""Write the table of SciPy's functions: `python tests/scipy_names.py --write`."""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterable
from pathlib import Path

import scipy
import scipy.stats

from dualad.scipy._distributions import TABLE
from dualad.scipy._moments import has_integral
from dualad.scipy._names import PLAIN, REFUSED, SUPPORTED, decisions

PAGE = Path(__file__).parent.parent / "docs" / "scipy.md"

_HEAD = """# SciPy's functions

What each function and class of SciPy {version} does where a dual is among its arguments, by SciPy's
own name in lifted code, and as `dualad.scipy.part.name`. Without duals, each is SciPy's.

- **supported**: value and derivatives, forward and backward;
- **plain answer**: an index, a count, a rank, a yes or no, which has no derivative: that of the plain numbers;
- **refused**: TypeError, which says what to use instead.

A distribution is supported in its variable, loc, scale and shapes, but for {counts}. In shapes are
refused: cdf, sf and quantiles of {cdfs}; the entropy of {entropies}; moments from the third on, `fit`
and `expect`. Where SciPy integrates or sums a mean, variance or entropy, so does its derivative, and is refused
where that does not converge, as for the entropy of `zipf`, with its heavy tail, and all of `crystalball`, which has
a kink. A moment that is infinite has the derivative nan, in every shape, loc and scale that it has. Where the
formula of a moment cancels, as at large shapes, mpmath calculates it. The slope of a cdf in x
is its density, within a few ulp times 1 + the condition of that in x and the shapes, also where SciPy's `pdf` has
fewer digits or none: in both tails down to 1e-290, at shapes from 1e-3 to 1e6. Derivatives of probabilities in shapes
are as exact as SciPy's own probabilities, down to 1e-300.

Objects made outside of the function, of plain numbers, take duals in lifted code as those made inside: splines,
interpolators, frozen distributions, factors of `splu`. Distributions of your own classes, and duals beside a
`LowLevelCallable`, are refused; a function in C that is called otherwise raises its own error, to which a note is added. Of a class, what is not there for duals is refused by name: `derivative` and `add_xi` of
`BarycentricInterpolator` and `KroghInterpolator`, `PPoly.from_spline`, the factors L and U of `splu`, and of
`Rotation` what it has beside products, powers, forms, means and alignment. Refused arguments are c0 and z1 of `symiirorder1`, the size of
`fourier_uniform` and `fourier_ellipsoid`, a matrix of duals in `spilu`, `trim` of `ttest_ind`, the weights of
`wasserstein_distance`, the places and edges of `binned_statistic_2d` and `binned_statistic_dd`, methods of `quantile`
that jump, and its weights, `nan_policy="omit"` where numbers are to be left out, and `boxcox` without its `lmbda`; of distributions of vectors and matrices, for one,
`multivariate_normal.cdf` and `wishart.entropy`. Cubic and quintic splines on a grid are SciPy's, whose
coefficients are found by an iteration to 1e-6; derivatives in the values are those of the exact spline.

| part | supported | plain answer | refused |
|---|---|---|---|
"""


def _refused_of_distributions() -> dict[str, str]:
    """What the table of distributions has no formula for, by the names in the text."""
    rows = {n: d for n, d in TABLE.items() if hasattr(scipy.stats, n)}

    def listed(names: Iterable[str]) -> str:
        return ", ".join(f"`{name}`" for name in names)

    return {
        "counts": listed(f"{n}({s})" for n, d in rows.items() for s in d.fixed),
        "entropies": listed(
            n
            for n, d in rows.items()
            if d.shapes and "entropy" not in d.moments and not has_integral(d)
        ),
        "cdfs": listed(n for n, d in rows.items() if d.shapes and not d.has_cdf),
    }


def page() -> str:
    """The whole page."""
    kinds = (SUPPORTED, PLAIN, REFUSED)
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for part, name, kind, why in decisions():
        found.setdefault(part, {k: [] for k in kinds})[kind].append((name, why))
    version = ".".join(scipy.__version__.split(".")[:2])
    lines = [_HEAD.format(version=version, **_refused_of_distributions())]
    counts = {part: [len(names[k]) for k in kinds] for part, names in found.items()}
    counts["**all**"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    lines += [f"| {part} | {a} | {b} | {c} |\n" for part, (a, b, c) in counts.items()]
    for part, names in found.items():
        lines.append(f"\n## scipy.{part}\n")
        for kind in (SUPPORTED, PLAIN):
            if names[kind]:
                listed = ", ".join(f"`{name}`" for name, _ in names[kind])
                lines.append(f"\n**{kind.capitalize()}**: {listed}.\n")
        reasons: dict[str, list[str]] = collections.defaultdict(list)
        for name, why in names[REFUSED]:
            reasons[why].append(f"`{name}`")
        for why, refused in reasons.items():
            lines.append(f"\n**Refused**; {why}: {', '.join(refused)}.\n")
    return "".join(lines)


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    else:
        print(page())
