"""One adapter per package: how its users differentiate a function, at its fastest.

An adapter has one method per kind of derivative. The method gets the function, written over the
package's own namespace, and the arguments, and returns a `Call`: the statement to measure, as a
user would write it, wrapper and conversions of the result to plain numbers included. What is done
once and for all (`grad(f)`, making the package's arrays, compiling) is done before. A method that
the package has no means for raises `Cannot` with a short reason.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import math
import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from .workloads import NUMPY, Function, Workload

FUNCTIONS = ("sin", "cos", "exp", "log", "sqrt")
REDUCING = (*FUNCTIONS, "sum", "mean", "maximum")
SLOPES_IN_ONE = "value, slopes = g(*args)\nresult = concatenate([s.ravel() for s in slopes])"


class Cannot(Exception):
    """The package has no means for this; the text says which."""


class Call:
    """A statement that leaves its outcome in `result`, and the names that it uses.

    >>> Call("result = f(x)", f=math.sqrt, x=4.0).run()
    2.0
    """

    def __init__(self, statement: str, **names: Any) -> None:
        lines = [
            "def _timed(numbers, clock):",
            "    start = clock()",
            "    for _ in numbers:",
            *(f"        {line}" for line in statement.strip().splitlines()),
            "    return clock() - start, result",
        ]
        exec("\n".join(lines), names)
        self._timed: Callable[..., tuple[float, Any]] = names["_timed"]

    def time(self, number: int, clock: Callable[[], float]) -> float:
        """Seconds for so many executions."""
        return self._timed(range(number), clock)[0]

    def run(self) -> Any:
        """The result of one execution."""
        return self._timed(range(1), lambda: 0.0)[1]


def apply(f: Function, args: tuple[Any, ...]) -> Call:
    """The statement `result = f(a0, a1)`."""
    return Call(f"result = {_applied(args)}", f=f, **_named(args))


def _applied(args: tuple[Any, ...], argnum: int = -1, name: str = "x") -> str:
    return f"f({', '.join(name if i == argnum else f'a{i}' for i in range(len(args)))})"


def _named(args: tuple[Any, ...]) -> dict[str, Any]:
    return {f"a{i}": a for i, a in enumerate(args)}


def methods(kind: Any, **more: Any) -> SimpleNamespace:
    """A namespace of a class's methods: sin(x) is x.sin()."""
    found = {name: getattr(kind, name) for name in FUNCTIONS if hasattr(kind, name)}
    return SimpleNamespace(**found, **more)


class Peer:
    """A package, and how it is used. The methods refuse; an adapter overrides what it can.

    Attributes
    ----------
    name : str
        The column.
    package : str
        What must be installed, as pip calls it; empty for none.
    module : str
        What must be importable.
    tolerance : float
        How far a result may be off, relative to the largest entry.
    first : str
        A program that gets one derivative, for the time from process start.
    reasons : dict
        What a piece of an error's text means, in plain words.
    slow_start : bool
        The first call loads or compiles, and says nothing of the later ones.
    compiled : bool
        The functions are compiled, loops too; the time of the first call is reported.
    """

    name = ""
    package = ""
    module = ""
    tolerance = 1e-8
    first = ""
    reasons: ClassVar[dict[str, str]] = {}
    slow_start = False
    compiled = False
    takes_any_code = False  # not only what is written over its own functions
    on_arrays = False  # whether the function at hand is written over arrays

    @classmethod
    def version(cls) -> str | None:
        """The installed version, "" if there is nothing to install, None if it is missing."""
        if not cls.package:
            return ""
        try:
            found = importlib.util.find_spec(cls.module) is not None
            return importlib.metadata.version(cls.package) if found else None
        except importlib.metadata.PackageNotFoundError:
            return getattr(importlib.import_module(cls.module), "__version__", "")

    def namespace(self, workload: Workload) -> Any:
        """The functions over which the workload is written for this package."""
        raise NotImplementedError

    def prepare(self, workload: Workload) -> Call:
        """The statement that this package's user would write for the workload."""
        if workload.style == "as written" and not self.takes_any_code:
            raise Cannot("needs code that is written for it")
        self.on_arrays = workload.style == "arrays"
        if workload.traced is not None and self.compiled:
            f = workload.traced(self.namespace(workload))
        else:
            f = workload.build(self.namespace(workload))
        method = getattr(self, workload.kind)
        if workload.kind == "derivative":
            call = method(f, workload.args, workload.argnum)
        else:
            call = method(f, *workload.args)
        assert isinstance(call, Call)
        return call

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        raise Cannot("no derivative of a number")

    def gradient(self, f: Function, x: Any) -> Call:
        raise Cannot("no gradient")

    def hessian(self, f: Function, x: Any) -> Call:
        raise Cannot("no second order")

    def jacobian(self, f: Function, x: Any) -> Call:
        raise Cannot("no Jacobian")

    def product(self, f: Function, x: Any, v: Any) -> Call:
        raise Cannot("no product with the Hessian")

    def network(self, f: Function, *args: Any) -> Call:
        raise Cannot("no gradient in several arrays")

    def elementwise(self, f: Function, x: Any) -> Call:
        raise Cannot("no arrays")

    def data(self, f: Function, *args: Any) -> Call:
        raise Cannot("no further arguments")

    def newton(self, f: Function, starts: Any, anomalies: Any) -> Call:
        """A loop over the starts, with value and slope of f in its first argument."""
        return newton_loop(self.value_and_slope(f), starts, anomalies)

    def value_and_slope(self, f: Function) -> Function:
        raise Cannot("no value with derivative")

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        raise Cannot("no arrays")

    def sparse(self, f: Function, x: Any) -> Call:
        raise Cannot("no sparse Jacobian")

    def detection(self, f: Function, x: Any) -> Call:
        raise Cannot("no pattern")

    def sparse_hessian(self, f: Function, x: Any) -> Call:
        raise Cannot("no sparse Hessian")

    def sparse_newton(self, f: Function, x: Any) -> Call:
        raise Cannot("no sparse Jacobian")

    def tenth(self, f: Function, x: Any) -> Call:
        raise Cannot("no tenth derivative")

    def eighth(self, f: Function, x: Any) -> Call:
        raise Cannot("no eighth derivative")


def sparse_newton(f: Function, jacobian: Function, x: Any) -> Call:
    """Newton's method with a sparse Jacobian, until steps are below 1e-12."""
    from scipy.sparse.linalg import spsolve

    def newton(x: Any) -> Any:
        for _ in range(30):
            step = spsolve(jacobian(x).tocsc(), f(x))
            x = x - step
            if np.max(np.abs(step)) < 1e-12:
                return x
        return x

    return Call("result = newton(x)", newton=newton, x=x)


def newton_loop(value_and_slope: Function, starts: Any, anomalies: Any) -> Call:
    def newton(starts: Any, anomalies: Any) -> list[Any]:
        ends = []
        for start, anomaly in zip(starts, anomalies, strict=True):
            value, slope = value_and_slope(start, anomaly)
            ends.append(start - value / slope)
        return ends

    return Call("result = newton(E, M)", newton=newton, E=starts, M=anomalies)


# -- dualad --------------------------------------------------------------------------------


class Dualad(Peer):
    name, package, module = "dualad", "dualad", "dualad"
    takes_any_code = True
    first = "import dualad; dualad.derivative(dualad.sin)(1.0)"

    def __init__(self) -> None:
        import dualad

        self.ad = dualad

    @classmethod
    def version(cls) -> str | None:
        import dualad

        return dualad.__version__

    def namespace(self, workload: Workload) -> Any:
        return self.ad if workload.style == "scalar" else NUMPY

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        return apply(self.ad.derivative(f, argnum), args)

    def gradient(self, f: Function, x: Any) -> Call:
        return apply(self.ad.grad(f), (x,))

    def hessian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.hessian(f), (x,))

    def jacobian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.jacobian(f), (x,))

    def product(self, f: Function, x: Any, v: Any) -> Call:
        return apply(self.ad.hvp(f), (x, v))

    def network(self, f: Function, *args: Any) -> Call:
        g = self.ad.value_and_grad(f, (0, 1, 2, 3))
        return Call(SLOPES_IN_ONE, g=g, args=args, concatenate=np.concatenate)

    def elementwise(self, f: Function, x: Any) -> Call:
        return apply(self.ad.derivative(f), (x,))

    def data(self, f: Function, *args: Any) -> Call:
        return apply(self.ad.grad(f), args)

    def value_and_slope(self, f: Function) -> Function:
        both: Function = self.ad.value_and_grad(f)
        return both

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "value, slope = jvp(lambda E: f(E, M), (E,), (ones,))\nresult = E - value / slope"
        ones = np.ones_like(starts)
        return Call(text, jvp=self.ad.jvp, f=f, E=starts, M=anomalies, ones=ones)

    def sparse(self, f: Function, x: Any) -> Call:
        jacobian = self.ad.jacobian(f, sparsity=self.ad.sparsity(f)(x))
        return Call("result = jacobian(x).data", jacobian=jacobian, x=x)

    def detection(self, f: Function, x: Any) -> Call:
        return Call("result = sparsity(x).indices", sparsity=self.ad.sparsity(f), x=x)

    def sparse_hessian(self, f: Function, x: Any) -> Call:
        return Call("result = hessian(x).data", hessian=self.ad.hessian(f, sparsity=1), x=x)

    def sparse_newton(self, f: Function, x: Any) -> Call:
        return sparse_newton(f, self.ad.jacobian(f, sparsity=self.ad.sparsity(f)(x)), x)

    def tenth(self, f: Function, x: Any) -> Call:
        return Call("result = f10(x)", f10=self.ad.derivative(f, order=10), x=x)

    def eighth(self, f: Function, x: Any) -> Call:
        return Call("result = f8(x)", f8=self.ad.derivative(f, order=8), x=x)


GRADIENTS_ONLY = "gradients only"


class DualadForward(Dualad):
    """The gradient by one mode, whatever the number of inputs."""

    name, first = "dualad forward", ""
    mode = "forward"

    def prepare(self, workload: Workload) -> Call:
        if workload.kind != "gradient":
            raise Cannot(GRADIENTS_ONLY)
        return super().prepare(workload)

    def gradient(self, f: Function, x: Any) -> Call:
        return apply(self.ad.grad(f, mode=self.mode), (x,))


class DualadReverse(DualadForward):
    """The same, backward."""

    name = "dualad reverse"
    mode = "reverse"


class DualadAnew(Dualad):
    """With the wrapper made in every call, `grad(f)(x)`, as in an expression typed once."""

    name = "dualad anew"
    first = ""

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        text = f"result = derivative(f, {argnum})({', '.join(_named(args))})"
        return Call(text, derivative=self.ad.derivative, f=f, **_named(args))

    def gradient(self, f: Function, x: Any) -> Call:
        return Call("result = driver(f)(x)", driver=self.ad.grad, f=f, x=x)

    def data(self, f: Function, *args: Any) -> Call:
        text = f"result = driver(f)({', '.join(_named(args))})"
        return Call(text, driver=self.ad.grad, f=f, **_named(args))

    def hessian(self, f: Function, x: Any) -> Call:
        return Call("result = driver(f)(x)", driver=self.ad.hessian, f=f, x=x)

    def jacobian(self, f: Function, x: Any) -> Call:
        return Call("result = driver(f)(x)", driver=self.ad.jacobian, f=f, x=x)

    def elementwise(self, f: Function, x: Any) -> Call:
        return Call("result = driver(f)(x)", driver=self.ad.derivative, f=f, x=x)

    def value_and_slope(self, f: Function) -> Function:
        driver = self.ad.value_and_grad

        def both(start: float, anomaly: float) -> Any:
            return driver(f)(start, anomaly)

        return both


# -- packages of dual numbers --------------------------------------------------------------


class FastDual(Peer):
    name, package, module = "fastdual", "fastdual", "fastdual"
    first = "from fastdual import Dual; x = Dual(1.0); x.sin().der(x)"
    reasons: ClassVar = {"NotImplemented from __array_ufunc__": "no number times an array"}

    def __init__(self) -> None:
        import fastdual

        self.ad = fastdual

    def namespace(self, workload: Workload) -> Any:
        return methods(self.ad.Dual) if workload.style == "scalar" else NUMPY

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        text = f"x = Dual(a{argnum}); result = {_applied(args, argnum)}.der(x)"
        return Call(text, Dual=self.ad.Dual, f=f, **_named(args))

    def gradient(self, f: Function, x: Any) -> Call:
        if self.on_arrays:
            text = "v = DualArray(x); y = f(v); result = jac([y], v)[0]"
        else:
            text = f"{self._seeds(x)}; y = f(v); result = [y.der(t) for t in v]"
        return Call(text, **vars(self.ad) | {"f": f, "x": x})

    def _seeds(self, x: Any) -> str:
        return f"v = [Dual(t) for t in x{'.tolist()' * isinstance(x, np.ndarray)}]"

    def hessian(self, f: Function, x: Any) -> Call:
        hessian = self.ad.autohess(lambda *v: f(v))
        return Call("result = hessian(*x)[1]", hessian=hessian, x=x)

    def jacobian(self, f: Function, x: Any) -> Call:
        made = "v = DualArray(x)" if self.on_arrays else self._seeds(x)
        return Call(f"{made}; result = jac(f(v), v)", **vars(self.ad) | {"f": f, "x": x})

    def elementwise(self, f: Function, x: Any) -> Call:
        text = "t = Dual(0.0); result = der(f(DualArray([t + v for v in x])), t)"
        return Call(text, **vars(self.ad) | {"f": f, "x": x.tolist()})

    def value_and_slope(self, f: Function) -> Function:
        dual = self.ad.Dual

        def both(start: float, anomaly: float) -> tuple[float, float]:
            x = dual(start)
            y = f(x, anomaly)
            return y.val, y.der(x)

        return both

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "t = Dual(0.0); y = f(DualArray([t + v for v in E]), M)\n"
        text += "result = np.array(E) - val(y) / der(y, t)"
        return Call(text, **vars(self.ad) | {"f": f, "E": starts.tolist(), "M": anomalies})


class ObjectArrays(Peer):
    """A package whose numbers go into NumPy's arrays of objects."""

    def seeds(self, x: Any) -> Any:
        """Numbers that all vary along one direction."""
        raise NotImplementedError

    def parts(self, y: Any) -> tuple[float, float]:
        """Value and derivative of a number."""
        raise NotImplementedError

    def elementwise(self, f: Function, x: Any) -> Call:
        text = "result = [parts(y)[1] for y in f(seeds(x))]"
        return Call(text, seeds=self.seeds, parts=self.parts, f=f, x=x)

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "y, dy = np.transpose([parts(y) for y in f(seeds(E), M)]); result = E - y / dy"
        names = {"seeds": self.seeds, "parts": self.parts, "np": np}
        return Call(text, f=f, E=starts, M=anomalies, **names)


class NumDual(ObjectArrays):
    name, package, module = "num_dual", "num_dual", "num_dual"
    first = "from num_dual import Dual64; Dual64(1.0, 1.0).sin().first_derivative"

    def __init__(self) -> None:
        import num_dual

        self.ad = num_dual

    def namespace(self, workload: Workload) -> Any:
        if workload.style != "scalar":
            return NUMPY
        if workload.kind in ("derivative", "newton"):
            return methods(self.ad.Dual64)
        return SimpleNamespace(**{name: operator.methodcaller(name) for name in FUNCTIONS})

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        text = f"x = Dual64(a{argnum}, 1.0); result = {_applied(args, argnum)}.first_derivative"
        return Call(text, Dual64=self.ad.Dual64, f=f, **_named(args))

    def _with(self, driver: Any, f: Function, x: Any, part: int) -> Call:
        if self.on_arrays:
            numbers = f

            def f(v: Any) -> Any:
                y = numbers(np.array(v))
                return list(y) if isinstance(y, np.ndarray) else y

        return Call(f"result = driver(f, x)[{part}]", driver=driver, f=f, x=x)

    def gradient(self, f: Function, x: Any) -> Call:
        return self._with(self.ad.gradient, f, x, 1)

    def hessian(self, f: Function, x: Any) -> Call:
        return self._with(self.ad.hessian, f, x, 2)

    def jacobian(self, f: Function, x: Any) -> Call:
        return self._with(self.ad.jacobian, f, x, 1)

    def value_and_slope(self, f: Function) -> Function:
        dual = self.ad.Dual64

        def both(start: float, anomaly: float) -> tuple[float, float]:
            y = f(dual(start, 1.0), anomaly)
            return y.value, y.first_derivative

        return both

    def seeds(self, x: Any) -> Any:
        dual = self.ad.Dual64
        return np.array([dual(t, 1.0) for t in x.tolist()])

    def parts(self, y: Any) -> tuple[float, float]:
        return y.value, y.first_derivative


class HyperJet(ObjectArrays):
    """With numbers of any size, which are faster here than those of a fixed size."""

    name, package, module = "hyperjet", "hyperjet", "hyperjet"
    first = "from hyperjet import DScalar; DScalar.variable(0, 1.0, 1).sin().g"

    def __init__(self) -> None:
        import hyperjet

        self.ad = hyperjet

    def namespace(self, workload: Workload) -> Any:
        if workload.style != "scalar":
            return NUMPY
        return methods(self.ad.DScalar)

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        text = f"x = variable(0, a{argnum}, 1); result = {_applied(args, argnum)}.g[0]"
        return Call(text, variable=self.ad.DScalar.variable, f=f, **_named(args))

    def _variables(self, kind: Any) -> dict[str, Any]:
        if self.on_arrays:
            return {"variables": lambda x: np.array(kind.variables(x))}
        return {"variables": kind.variables}

    def gradient(self, f: Function, x: Any) -> Call:
        return Call("result = f(variables(x)).g", f=f, x=x, **self._variables(self.ad.DScalar))

    def hessian(self, f: Function, x: Any) -> Call:
        return Call("result = f(variables(x)).hm()", f=f, x=x, **self._variables(self.ad.DDScalar))

    def jacobian(self, f: Function, x: Any) -> Call:
        text = "result = [y.g for y in f(variables(x))]"
        return Call(text, f=f, x=x, **self._variables(self.ad.DScalar))

    def value_and_slope(self, f: Function) -> Function:
        variable = self.ad.DScalar.variable

        def both(start: float, anomaly: float) -> tuple[float, float]:
            y = f(variable(0, start, 1), anomaly)
            return y.f, y.g[0]

        return both

    def seeds(self, x: Any) -> Any:
        variable = self.ad.DScalar.variable
        return np.array([variable(0, t, 1) for t in x.tolist()])

    def parts(self, y: Any) -> tuple[float, float]:
        return y.f, y.g[0]


class Uncertainties(ObjectArrays):
    name, package, module = "uncertainties", "uncertainties", "uncertainties"
    first = (
        "from uncertainties import ufloat, umath; x = ufloat(1.0, 1.0); umath.sin(x).derivatives[x]"
    )

    def __init__(self) -> None:
        import uncertainties
        from uncertainties import umath, unumpy

        self.ad, self.umath = uncertainties, umath
        self.unumpy = SimpleNamespace(
            **{name: getattr(unumpy, name) for name in FUNCTIONS},
            sum=np.sum,
            vector=np.array,
            constant=np.asarray,
        )

    def namespace(self, workload: Workload) -> Any:
        if workload.style == "ufuncs":
            raise Cannot("its numbers do not go through np functions")
        return self.umath if workload.style == "scalar" else self.unumpy

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        text = f"x = ufloat(a{argnum}, 1.0); result = {_applied(args, argnum)}.derivatives[x]"
        return Call(text, ufloat=self.ad.ufloat, f=f, **_named(args))

    def gradient(self, f: Function, x: Any) -> Call:
        text = f"v = {self._seeds(x)}; d = f(v).derivatives; result = [d[t] for t in v]"
        return Call(text, ufloat=self.ad.ufloat, np=np, f=f, x=x)

    def hessian(self, f: Function, x: Any) -> Call:
        raise Cannot("first order only")

    def jacobian(self, f: Function, x: Any) -> Call:
        text = f"v = {self._seeds(x)}; result = [[y.derivatives.get(t, 0.0) for t in v]"
        return Call(f"{text} for y in f(v)]", ufloat=self.ad.ufloat, np=np, f=f, x=x)

    def _seeds(self, x: Any) -> str:
        made = "[ufloat(t, 1.0) for t in x]"
        return f"np.array({made})" if self.on_arrays else made

    def value_and_slope(self, f: Function) -> Function:
        ufloat = self.ad.ufloat

        def both(start: float, anomaly: float) -> tuple[float, float]:
            x = ufloat(start, 1.0)
            y = f(x, anomaly)
            return y.n, y.derivatives[x]

        return both

    def seeds(self, x: Any) -> Any:
        return np.array([self.ad.ufloat(t, 1.0) for t in x.tolist()])

    def parts(self, y: Any) -> tuple[float, float]:
        (slope,) = y.derivatives.values()
        return y.n, slope


class DualPy(Peer):
    name, package, module = "dualpy", "dualpy", "dualpy"
    first = "import dualpy, numpy as np; dualpy.derivative(np.sin)(1.0)"

    def __init__(self) -> None:
        import dualpy

        self.ad = dualpy

    def namespace(self, workload: Workload) -> Any:
        return SimpleNamespace(**vars(NUMPY) | {"vector": np.stack})

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        return apply(self.ad.derivative(f, argnum), args)

    def gradient(self, f: Function, x: Any) -> Call:
        return apply(self.ad.gradient(f), (np.asarray(x),))

    def hessian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.hessian(f), (np.asarray(x),))

    def jacobian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.jacobian(stacked(f, np.stack)), (np.asarray(x),))

    def elementwise(self, f: Function, x: Any) -> Call:
        return Call("result = jvp(f, x, ones)[1]", jvp=self.ad.jvp, f=f, x=x, ones=np.ones_like(x))

    def value_and_slope(self, f: Function) -> Function:
        jvp = self.ad.jvp
        return lambda start, anomaly: jvp(lambda x: f(x, anomaly), start, 1.0)

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "value, slope = jvp(lambda E: f(E, M), E, ones)\nresult = E - value / slope"
        ones = np.ones_like(starts)
        return Call(text, jvp=self.ad.jvp, f=f, E=starts, M=anomalies, ones=ones)


def stacked(f: Function, stack: Function) -> Function:
    """f with a list of outputs stacked."""

    def g(x: Any) -> Any:
        y = f(x)
        return stack(y) if isinstance(y, list) else y

    return g


# -- packages that trace -------------------------------------------------------------------


class Autograd(Peer):
    name, package, module = "autograd", "autograd", "autograd"
    first = "import autograd, autograd.numpy as np; autograd.grad(np.sin)(1.0)"

    def __init__(self) -> None:
        import autograd
        import autograd.numpy as anp

        self.ad, self.numpy = autograd, anp

    def namespace(self, workload: Workload) -> Any:
        own = {name: getattr(self.numpy, name) for name in REDUCING}
        return SimpleNamespace(**own, vector=self.numpy.array, constant=np.asarray)

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        return apply(self.ad.grad(f, argnum), args)

    def gradient(self, f: Function, x: Any) -> Call:
        return apply(self.ad.grad(f), (np.asarray(x),))

    def hessian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.hessian(f), (np.asarray(x),))

    def product(self, f: Function, x: Any, v: Any) -> Call:
        return apply(self.ad.hessian_vector_product(f), (np.asarray(x), np.asarray(v)))

    def network(self, f: Function, *args: Any) -> Call:
        g = self.ad.value_and_grad(f, (0, 1, 2, 3))
        return Call(SLOPES_IN_ONE, g=g, args=args, concatenate=np.concatenate)

    def jacobian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.jacobian(stacked(f, self.numpy.array)), (np.asarray(x),))

    def elementwise(self, f: Function, x: Any) -> Call:
        push = self.ad.make_jvp(f)
        return Call("result = push(x)(ones)[1]", push=push, x=x, ones=np.ones_like(x))

    def value_and_slope(self, f: Function) -> Function:
        both: Function = self.ad.value_and_grad(f)
        return both

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        push, ones = self.ad.make_jvp(f), np.ones_like(starts)
        text = "value, slope = push(E, M)(ones)\nresult = E - value / slope"
        return Call(text, push=push, E=starts, M=anomalies, ones=ones)


class MyGrad(Peer):
    name, package, module = "mygrad", "mygrad", "mygrad"
    first = "import mygrad; x = mygrad.tensor(1.0); mygrad.sin(x).backward(); x.grad"

    def __init__(self) -> None:
        import mygrad

        self.ad = mygrad

    def namespace(self, workload: Workload) -> Any:
        own = {name: getattr(self.ad, name) for name in REDUCING}
        return SimpleNamespace(**own, vector=self.ad.stack, constant=np.asarray)

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        text = f"x = tensor(a{argnum}); {_applied(args, argnum)}.backward(); result = x.grad"
        return Call(text, tensor=self.ad.tensor, f=f, **_named(args))

    def gradient(self, f: Function, x: Any) -> Call:
        text = "v = tensor(x); f(v).backward(); result = v.grad"
        return Call(text, tensor=self.ad.tensor, f=f, x=np.asarray(x))

    def elementwise(self, f: Function, x: Any) -> Call:
        return self.gradient(f, x)  # of the sum

    def network(self, f: Function, *args: Any) -> Call:
        text = "v = [tensor(a) for a in weights]; f(*v, *data).backward()\n"
        text += "result = concatenate([t.grad.ravel() for t in v])"
        names = {"tensor": self.ad.tensor, "concatenate": np.concatenate}
        return Call(text, f=f, weights=args[:4], data=args[4:], **names)

    def value_and_slope(self, f: Function) -> Function:
        tensor = self.ad.tensor

        def both(start: float, anomaly: float) -> tuple[float, float]:
            x = tensor(start)
            y = f(x, anomaly)
            y.backward()
            return y.item(), x.grad.item()

        return both


class Advect(Peer):
    name, package, module = "advect", "advect", "advect"
    first = "import advect, numpy as np; advect.grad(np.sin)(1.0)"

    def __init__(self) -> None:
        import advect

        self.ad = advect

    def namespace(self, workload: Workload) -> Any:
        return SimpleNamespace(**vars(NUMPY) | {"vector": np.stack})

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        return apply(self.ad.grad(f, argnum), args)

    def gradient(self, f: Function, x: Any) -> Call:
        return apply(self.ad.grad(f), (x,))

    def hessian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.hessian(f), (np.asarray(x),))

    def product(self, f: Function, x: Any, v: Any) -> Call:
        text = "result = product(x, vectors=v)[1]"
        return Call(text, product=self.ad.hvp(f), x=np.asarray(x), v=np.asarray(v))

    def network(self, f: Function, *args: Any) -> Call:
        g = self.ad.value_and_grad(f, (0, 1, 2, 3))
        return Call(SLOPES_IN_ONE, g=g, args=args, concatenate=np.concatenate)

    def jacobian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.jacobian(stacked(f, np.stack)), (np.asarray(x),))

    def elementwise(self, f: Function, x: Any) -> Call:
        push, ones = self.ad.jvp(f), np.ones_like(x)
        return Call("result = push(x, tangents=ones)[1]", push=push, x=x, ones=ones)

    def value_and_slope(self, f: Function) -> Function:
        both: Function = self.ad.value_and_grad(f)
        return both


class Jax(Peer):
    name, package, module = "jax", "jax", "jax"
    slow_start = True
    first = "import jax, jax.numpy as np; jax.grad(np.sin)(1.0).block_until_ready()"

    def __init__(self) -> None:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        self.ad, self.numpy = jax, jnp

    def namespace(self, workload: Workload) -> Any:
        own = {name: getattr(self.numpy, name) for name in REDUCING}
        return SimpleNamespace(
            **own, vector=self.numpy.array, constant=self.numpy.asarray, repeat=self._repeat
        )

    def _repeat(self, count: int, step: Function, state: Any) -> Any:
        return self.ad.lax.fori_loop(0, count, lambda _, s: step(s), state)

    def compile(self, f: Function) -> Function:
        """f itself: every operation runs at once."""
        return f

    def _ready(self, f: Function, *args: Any) -> Call:
        names = {f"a{i}": self.numpy.asarray(a) for i, a in enumerate(args)}
        return Call(f"result = f({', '.join(names)}).block_until_ready()", f=f, **names)

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        g = self.compile(self.ad.grad(f, argnum))
        return Call(f"result = {_applied(args)}.block_until_ready()", f=g, **_named(args))

    def gradient(self, f: Function, x: Any) -> Call:
        return self._ready(self.compile(self.ad.grad(f)), x)

    def hessian(self, f: Function, x: Any) -> Call:
        return self._ready(self.compile(self.ad.hessian(f)), x)

    def product(self, f: Function, x: Any, v: Any) -> Call:
        slopes, jvp = self.ad.grad(f), self.ad.jvp
        return self._ready(self.compile(lambda x, v: jvp(slopes, (x,), (v,))[1]), x, v)

    def network(self, f: Function, *args: Any) -> Call:
        def g(*args: Any) -> Any:
            slopes = self.ad.value_and_grad(f, (0, 1, 2, 3))(*args)[1]
            return self.numpy.concatenate([s.ravel() for s in slopes])

        return self._ready(self.compile(g), *args)

    def jacobian(self, f: Function, x: Any) -> Call:
        f = stacked(f, self.numpy.array)
        wide = self.ad.eval_shape(f, self.numpy.asarray(x)).shape[0] < len(x) / 2
        driver = self.ad.jacrev if wide else self.ad.jacfwd
        return self._ready(self.compile(driver(f)), x)

    def elementwise(self, f: Function, x: Any) -> Call:
        g = self.compile(lambda x: self.ad.jvp(f, (x,), (self.numpy.ones_like(x),))[1])
        return self._ready(g, x)

    def value_and_slope(self, f: Function) -> Function:
        g = self.compile(self.ad.value_and_grad(f))

        def both(start: float, anomaly: float) -> tuple[float, float]:
            value, slope = g(start, anomaly)
            return float(value), float(slope)

        return both

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        def newton(starts: Any, anomalies: Any) -> Any:
            ones = self.numpy.ones_like(starts)
            value, slope = self.ad.jvp(lambda x: f(x, anomalies), (starts,), (ones,))
            return starts - value / slope

        return self._ready(self.compile(newton), starts, anomalies)


class JaxJit(Jax):
    name = "jax jit"
    first = "import jax, jax.numpy as np; jax.jit(jax.grad(np.sin))(1.0).block_until_ready()"
    compiled = True

    def compile(self, f: Function) -> Function:
        compiled: Function = self.ad.jit(f)
        return compiled


class Torch(Peer):
    name, package, module = "torch.func", "torch", "torch"
    slow_start = True
    first = "import torch; torch.func.grad(torch.sin)(torch.tensor(1.0))"

    def __init__(self) -> None:
        import torch

        self.ad = torch

    def namespace(self, workload: Workload) -> Any:
        torch = self.ad

        def total(x: Any, axis: int | None = None) -> Any:
            return torch.sum(x) if axis is None else torch.sum(x, axis)

        own = {name: getattr(torch, name) for name in (*FUNCTIONS, "mean")}
        own |= {"sum": total, "maximum": lambda x, least: torch.clamp(x, min=least)}
        return SimpleNamespace(**own, vector=torch.stack, constant=torch.as_tensor)

    def tensor(self, x: Any) -> Any:
        return self.ad.tensor(x, dtype=self.ad.float64)

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        args = tuple(self.tensor(a) if i == argnum else a for i, a in enumerate(args))
        return apply(self.ad.func.grad(f, argnum), args)

    def gradient(self, f: Function, x: Any) -> Call:
        return apply(self.ad.func.grad(f), (self.tensor(x),))

    def hessian(self, f: Function, x: Any) -> Call:
        return apply(self.ad.func.hessian(f), (self.tensor(x),))

    def product(self, f: Function, x: Any, v: Any) -> Call:
        text, slopes = "result = jvp(slopes, (x,), (v,))[1]", self.ad.func.grad(f)
        return Call(text, jvp=self.ad.func.jvp, slopes=slopes, x=self.tensor(x), v=self.tensor(v))

    def network(self, f: Function, *args: Any) -> Call:
        g = self.ad.func.grad_and_value(f, (0, 1, 2, 3))
        text = "slopes, value = g(*args)\nresult = concatenate([s.ravel() for s in slopes])"
        return Call(text, g=g, args=tuple(map(self.tensor, args)), concatenate=self.ad.concatenate)

    def jacobian(self, f: Function, x: Any) -> Call:
        f, x = stacked(f, self.ad.stack), self.tensor(x)
        wide = len(f(x)) < len(x) / 2
        return apply((self.ad.func.jacrev if wide else self.ad.func.jacfwd)(f), (x,))

    def elementwise(self, f: Function, x: Any) -> Call:
        x = self.tensor(x)
        text, jvp = "result = jvp(f, (x,), (ones,))[1]", self.ad.func.jvp
        return Call(text, jvp=jvp, f=f, x=x, ones=self.ad.ones_like(x))

    def value_and_slope(self, f: Function) -> Function:
        both, tensor, float64 = self.ad.func.grad_and_value(f), self.ad.tensor, self.ad.float64

        def swapped(start: float, anomaly: float) -> tuple[float, float]:
            slope, value = both(tensor(start, dtype=float64), anomaly)
            return value.item(), slope.item()

        return swapped

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "value, slope = jvp(lambda E: f(E, M), (E,), (ones,))\nresult = E - value / slope"
        E, M = self.tensor(starts), self.tensor(anomalies)
        return Call(text, jvp=self.ad.func.jvp, f=f, E=E, M=M, ones=self.ad.ones_like(E))


# -- differences ---------------------------------------------------------------------------


class Differences(Peer):
    """Central differences, as written by hand."""

    name = "differences"
    tolerance = 1e-5
    step = 6e-6  # about the cube root of the rounding

    def namespace(self, workload: Workload) -> Any:
        return math if workload.style == "scalar" else NUMPY

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        plus, minus = _applied(args, argnum, "(x + h)"), _applied(args, argnum, "(x - h)")
        text = f"x = a{argnum}; result = ({plus} - {minus}) / (2 * h)"
        return Call(text, f=f, h=self.step, **_named(args))

    def columns(self, f: Function, x: Any, h: float) -> list[Any]:
        """The derivative in each input."""
        if isinstance(x, np.ndarray):
            found = []
            for i in range(len(x)):
                e = np.zeros_like(x)
                e[i] = h
                found.append((f(x + e) - f(x - e)) / (2 * h))
            return found
        found = []
        for i, t in enumerate(x):
            plus = f([*x[:i], t + h, *x[i + 1 :]])
            minus = f([*x[:i], t - h, *x[i + 1 :]])
            if isinstance(plus, list):
                found.append([(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)])
            else:
                found.append((plus - minus) / (2 * h))
        return found

    def gradient(self, f: Function, x: Any) -> Call:
        return Call("result = columns(f, x, h)", columns=self.columns, f=f, x=x, h=self.step)

    def hessian(self, f: Function, x: Any) -> Call:
        def gradient(x: Any) -> Any:
            return self.columns(f, x, 1e-4)

        return Call("result = columns(f, x, h)", columns=self.columns, f=gradient, x=x, h=1e-4)

    def jacobian(self, f: Function, x: Any) -> Call:
        text = "result = np.transpose(columns(f, x, h))"
        return Call(text, np=np, columns=self.columns, f=f, x=x, h=self.step)

    def elementwise(self, f: Function, x: Any) -> Call:
        return Call("result = (f(x + h) - f(x - h)) / (2 * h)", f=f, x=x, h=self.step)

    def value_and_slope(self, f: Function) -> Function:
        h = self.step

        def both(x: float, anomaly: float) -> tuple[float, float]:
            return f(x, anomaly), (f(x + h, anomaly) - f(x - h, anomaly)) / (2 * h)

        return both

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "result = E - f(E, M) / ((f(E + h, M) - f(E - h, M)) / (2 * h))"
        return Call(text, f=f, E=starts, M=anomalies, h=self.step)


class SciPy(Peer):
    """`optimize.approx_fprime`; where the function takes arrays, `differentiate`."""

    name, package, module = "scipy", "scipy", "scipy"
    tolerance = 1e-5
    takes_any_code = True

    def __init__(self) -> None:
        from scipy import differentiate, optimize

        self.approx_fprime, self.differentiate = optimize.approx_fprime, differentiate

    def namespace(self, workload: Workload) -> Any:
        return math if workload.style == "scalar" else NUMPY

    def derivative(self, f: Function, args: tuple[Any, ...], argnum: int) -> Call:
        names = {"approx_fprime": self.approx_fprime, "f": f, **_named(args)}
        at = _applied(args, argnum, "x[0]")
        return Call(f"result = approx_fprime([a{argnum}], lambda x: {at})[0]", **names)

    def gradient(self, f: Function, x: Any) -> Call:
        return Call("result = approx_fprime(x, f)", approx_fprime=self.approx_fprime, x=x, f=f)

    def jacobian(self, f: Function, x: Any) -> Call:
        return self.gradient(f, x)

    def hessian(self, f: Function, x: Any) -> Call:
        return Call("result = hessian(f, x).ddf", hessian=self.differentiate.hessian, f=f, x=x)

    def elementwise(self, f: Function, x: Any) -> Call:
        return Call(
            "result = derivative(f, x).df", derivative=self.differentiate.derivative, f=f, x=x
        )

    def value_and_slope(self, f: Function) -> Function:
        approx_fprime = self.approx_fprime

        def both(start: float, anomaly: float) -> tuple[float, float]:
            slope = approx_fprime([start], lambda x: f(x[0], anomaly))[0]
            return f(start, anomaly), slope

        return both

    def _differences(self, f: Function, x: Any) -> Function:
        """The sparse Jacobian as SciPy's solvers have it, with pattern and groups known."""
        from scipy.optimize import _numdiff

        from .workloads import brusselator, brusselator_matrix

        n = len(x)
        if f is brusselator:
            pattern: Any = brusselator_matrix(x) != 0
        else:
            from scipy import sparse

            pattern = sparse.diags_array([np.ones(n)] * 3, offsets=[-1, 0, 1], shape=(n, n)).tocsr()
        groups = _numdiff.group_columns(pattern)

        def jacobian(x: Any) -> Any:
            found = _numdiff.approx_derivative(f, x, method="2-point", sparsity=(pattern, groups))
            found.sort_indices()
            return found

        return jacobian

    def sparse(self, f: Function, x: Any) -> Call:
        return Call("result = jacobian(x).data", jacobian=self._differences(f, x), x=x)

    def sparse_newton(self, f: Function, x: Any) -> Call:
        return sparse_newton(f, self._differences(f, x), x)

    def newton_arrays(self, f: Function, starts: Any, anomalies: Any) -> Call:
        text = "result = E - f(E, M) / derivative(f, E, args=(M,)).df"
        return Call(text, derivative=self.differentiate.derivative, f=f, E=starts, M=anomalies)


PEERS: dict[str, type[Peer]] = {
    kind.name: kind
    for kind in (
        *(
            Dualad,
            DualadAnew,
            DualadForward,
            DualadReverse,
            FastDual,
            NumDual,
            HyperJet,
            DualPy,
            Uncertainties,
        ),
        *(Autograd, MyGrad, Advect, Jax, JaxJit, Torch, Differences, SciPy),
    )
}
