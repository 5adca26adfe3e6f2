"""When to stay at home: the cheapest weekly measures against an epidemic.

Each week has a measure between 0 (none) and 0.9 (hardly any contacts). Illness costs, and so do
measures. The program simulates half a year day by day; its cost has 26 parameters, and L-BFGS
finds the best plan with exact gradients.
"""

import numpy as np
from scipy.optimize import minimize

from dualad import value_and_grad

WEEKS, SPREAD, RECOVERY = 26, 0.25, 0.1


def simulate(measures):
    """The share of the ill by day, and what the plan costs."""
    healthy, ill, cost, course = 0.999, 0.001, 0.0, []
    for measure in measures:
        for _ in range(7):
            new = SPREAD * (1.0 - measure) * healthy * ill
            healthy, ill = healthy - new, ill + new - RECOVERY * ill
            cost = cost + ill + 40.0 * ill * ill  # hospitals: two patients cost more than twice one
            course.append(ill)
        cost = cost + 3.0 * measure * measure
    return course, cost


def cost(measures):
    return simulate(measures)[1]


def main():
    none = np.zeros(WEEKS)
    both = value_and_grad(cost)
    along = (cost(none + 1e-6) - cost(none - 1e-6)) / 2e-6  # all measures at once, to compare with
    assert np.isclose(np.sum(both(none)[1]), along, rtol=1e-6)
    found = minimize(both, none + 0.2, jac=True, method="L-BFGS-B", bounds=[(0, 0.9)] * WEEKS)
    for name, plan in (("no measures", none), ("best plan", found.x)):
        course, price = simulate(plan)
        print(f"{name:12} cost {price:6.2f}, at most {max(course):.1%} ill at a time")
    print("week by week:", "".join("▁▂▃▄▅▆▇█"[min(7, int(m / 0.9 * 8))] for m in found.x))
    assert cost(found.x) < 0.8 * cost(none)
    assert max(simulate(found.x)[0]) < max(simulate(none)[0]) / 1.5
    slopes = both(found.x)[1]
    assert np.max(np.abs(slopes[(found.x > 1e-3) & (found.x < 0.899)])) < 1e-2


if __name__ == "__main__":
    main()
