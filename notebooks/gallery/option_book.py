"""The Greeks of a book of options: a value, its gradient and its Hessian.

Traders call the derivatives of a price delta, vega, rho and theta, and the second ones gamma,
vanna and volga. Here a book is a function of the market, and all of them come at once. They also
tell where the profit of a day came from.
"""

import numpy as np
from scipy.special import ndtr

from dualad import grad, hessian

# strike, years, how many (negative: sold), call or put
BOOK = [(90, 0.5, 10, 1), (100, 0.5, -25, 1), (110, 1.0, 15, 1), (95, 0.25, -10, -1)]


def price(spot, vol, rate, strike, years, sign):
    """Black, Scholes and Merton."""
    width = vol * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate + vol**2 / 2) * years) / width
    discounted = strike * np.exp(-rate * years)
    return sign * (spot * ndtr(sign * d1) - discounted * ndtr(sign * (d1 - width)))


def value(market):
    """The book in a market of spot, volatility, rate and time passed."""
    spot, vol, rate, passed = market
    total = 0.0
    for strike, years, count, sign in BOOK:
        total = total + count * price(spot, vol, rate, strike, years - passed, sign)
    return total


def main():
    market = np.array([100.0, 0.2, 0.03, 0.0])
    first, second = grad(value)(market), hessian(value)(market)
    print(f"value {value(market):.4f}")
    for name, slope in zip(("delta", "vega", "rho", "theta"), first, strict=True):
        print(f"{name:6}{slope:10.4f}")
    print(f"gamma {second[0, 0]:10.4f}\nvanna {second[0, 1]:10.4f}\nvolga {second[1, 1]:10.4f}")

    move = np.array([1.5, 0.01, 0.0, 1 / 252])  # a day: spot up, volatility up
    profit = value(market + move) - value(market)
    by_first, by_second = first @ move, first @ move + move @ second @ move / 2
    print(f"profit of a day {profit:.4f}; first order {by_first:.4f}, second {by_second:.4f}")
    assert abs(by_second - profit) < abs(by_first - profit) / 5

    # the formulas of the textbook, for the first option alone
    strike, years, _, _ = BOOK[0]
    d1 = (np.log(100 / strike) + (0.03 + 0.02) * years) / (0.2 * np.sqrt(years))
    density = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi)
    one = (lambda spot, vol: price(spot, vol, 0.03, strike, years, 1), (100.0, 0.2))
    assert np.isclose(grad(one[0])(*one[1]), ndtr(d1), rtol=1e-12)
    assert np.isclose(grad(one[0], argnums=1)(*one[1]), 100 * density * np.sqrt(years), rtol=1e-12)
    assert np.isclose(hessian(one[0])(*one[1]), density / (100 * 0.2 * np.sqrt(years)), rtol=1e-10)


if __name__ == "__main__":
    main()
