"""scipy.integrate: differential equations and integrals with their tangents.

Value and tangents of a differential equation are one state of the integrator, and those of an
integral are integrated one after the other; limits, times and places of jumps that move have their
terms in the derivative.
"""

from __future__ import annotations

from ._bvp import solve_bvp
from ._ivp import odeint, solve_ivp
from ._names import names_of
from ._quadrature import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad
from ._samples import cumulative_simpson, cumulative_trapezoid, romb, simpson, trapezoid

__all__ = [
    "cumulative_simpson",
    "cumulative_trapezoid",
    "dblquad",
    "fixed_quad",
    "nquad",
    "odeint",
    "quad",
    "quad_vec",
    "romb",
    "simpson",
    "solve_bvp",
    "solve_ivp",
    "tplquad",
    "trapezoid",
]

__getattr__, __dir__ = names_of(__name__)
