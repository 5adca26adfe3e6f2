"""What NumPy's array functions do to tangents, one module per family.

A function is linear (np.reshape, np.sum: the same function on the tangent), bilinear (np.matmul:
the product rule), selecting (np.sort, np.max: find the indices on the value, take them from the
tangent), composed of others (np.var, np.trapezoid), or has a formula of its own (np.linalg.eigh).
`implements` enters it; importing this package enters them all: sort and max are in `selecting`,
where and put in `choosing`, interp and histogram in `tables`, sum and var in `reductions`.
"""

from . import choosing as choosing
from . import creation as creation
from . import elementwise as elementwise
from . import factorisations as factorisations
from . import fft as fft
from . import linalg as linalg
from . import others as others
from . import polynomials as polynomials
from . import products as products
from . import reductions as reductions
from . import scipy_ufuncs as scipy_ufuncs
from . import selecting as selecting
from . import sequences as sequences
from . import shapes as shapes
from . import statistics as statistics
from . import tables as tables
from . import ufunc_methods as ufunc_methods
