"""The table: what a step of a program may be.

One line per step: its name, the values it takes, its source. In the source, {a} {b} {d} are the
values, {y} and {z} new variables, {t} a name of its own, {p|q} one of several texts, and the names
of POOLS draw from there. A ⏎ ends a line. Values are asked for by one letter each:

    X  a number or an array             R  the same, real
    A  an array                         D  a real array
    V  a real vector                    M  a real matrix           Q  a square one
    W  a real array that can be written to
    N  a real number                    P  a Python float          G  np.float64 or np.float32
    Z  a complex number or array        C  a complex number        U  a complex array
    B  an array of booleans             I  an array of integers
    L  a list of arrays or numbers      K  a dict of them
"""

from __future__ import annotations

from dataclasses import dataclass

POOLS = {
    "c": "0.5|1.5|-2.0|3.0|0.25|2|np.float64(0.75)|1.1|-0.3|1",
    "w": "0.5|1.5|2.0|3.0|0.25|np.float64(0.75)|1.1",  # positive
    "k": "1|2|3",
    "i": "0|1|-1|-2",
    "s": ":2|1:|::2|::-1|1:3|...|-2:|:-1|:|:0|1:2|None",
    "ax": "0|-1|1",
    "axis": "axis=0|axis=-1|axis=1|axis=None|axis=0, keepdims=True|axis=-1, keepdims=True",
    "order": "C|F|A|K",
    "idx": "[0, 1]|[1, 0, 1]|[-1]|np.array([0, 0, 1])|[[0, 1], [1, 0]]",
    "aug": "+=|-=|*=|/=",
    "op": "+|-|*|/",
}


@dataclass(frozen=True)
class Step:
    """One line of the table."""

    name: str
    kind: str
    takes: str
    source: str


def _rows(kind: str, text: str) -> list[Step]:
    rows = []
    for line in text.strip().splitlines():
        name, takes, source = (part.strip() for part in line.split(" : ", 2))
        rows.append(Step(name, kind, takes.replace(" ", ""), source))
    return rows


def _each(kind: str, names: str, takes: str, source: str) -> list[Step]:
    return [Step(f"np.{n}", kind, takes, source.replace("FUNCTION", n)) for n in names.split()]


TABLE: list[Step] = [
    *_rows(
        "arithmetic",
        """
add : X X : {y} = {a} + {b}
subtract : X X : {y} = {a} - {b}
multiply : X X : {y} = {a} * {b}
divide : X X : {y} = {a} / {b}
add constant : X : {y} = {a} + {c}
constant minus : X : {y} = {c} - {a}
times constant : X : {y} = {c} * {a}
over constant : X : {y} = {a} / {c}
constant over : X : {y} = {c} / {a}
negate : X : {y} = -{a}
plus sign : X : {y} = +{a}
power : X : {y} = {a} ** {2|3|-1|0.5|2.0|1|0|-2|1.5|np.float64(2.0)}
power of : R : {y} = {2.0|0.5|3|np.float64(1.5)} ** {a}
power both : R R : {y} = abs({a}) ** {b}
python abs : X : {y} = abs({a})
python round : N : {y} = round({a}) * {a}
floor division : R : {y} = {a} // {w} + {a}
modulo : R : {y} = {a} % {w}
divmod : R : {y}, {z} = divmod({a}, {w})
three-way : X X X : {y} = {a} * {b} - {d} / 2
square minus square : X X : {y} = ({a} - {b}) * ({a} + {b})
with integers : D : {y} = {a} * np.arange({a}.shape[-1])
with float32 : R : {y} = {a} * np.float32(1.1)
with longdouble : R : {y} = np.float64({1.5|0.1}) * {a} + np.longdouble(0.1)
with bools : R : {y} = {a} * ({a} > {c})
python sum : V : {y} = sum({a})
python max : N N : {y} = max({a}, {b}) * {a}
python min : N : {y} = min({a}, {c})
python pow : R : {y} = pow({a}, {2|3})
""",
    ),
    *_each(
        "ufunc",
        "sin cos tan exp tanh arctan square sinh cosh expm1 arcsinh cbrt negative positive "
        "exp2 deg2rad radians degrees rad2deg absolute conjugate reciprocal",
        "X",
        "{y} = np.FUNCTION({a})",
    ),
    *_each(
        "ufunc", "sqrt log log1p log2 log10", "R", "{y} = np.FUNCTION(np.abs({a}) + {0.0|0.5|1})"
    ),
    *_each("ufunc", "arcsin arccos arctanh", "R", "{y} = np.FUNCTION(np.sin({a}) * 0.9)"),
    *_each("ufunc", "arccosh", "R", "{y} = np.FUNCTION({a}**2 + 1.5)"),
    *_each("ufunc", "fabs sign floor ceil trunc rint", "R", "{y} = np.FUNCTION({a}) + {a}"),
    *_each("ufunc", "add subtract multiply divide", "XX", "{y} = np.FUNCTION({a}, {b})"),
    *_each(
        "ufunc",
        "arctan2 hypot maximum minimum fmax fmin logaddexp logaddexp2 fmod remainder floor_divide",
        "RR",
        "{y} = np.FUNCTION({a}, {b}) * 1.5",
    ),
    *_each("ufunc", "power float_power", "RR", "{y} = np.FUNCTION(np.abs({a}), {b|2.0|3})"),
    *_rows(
        "ufunc",
        """
np.copysign : R : {y} = np.copysign({a}, {c})
np.heaviside : R : {y} = np.heaviside({a}, 0.5) * {a}
np.ldexp : R : {y} = np.ldexp({a}, {k})
np.frexp : R : {y}, {z} = np.frexp({a})
np.modf : R : {y}, {z} = np.modf({a})
np.divmod : R : {y}, {z} = np.divmod({a}, {w})
np.clip : R : {y} = np.clip({a}, {-0.5|None|0.1}, {1.0|0.7})
np.nan_to_num : X : {y} = np.nan_to_num({a})
np.sinc : R : {y} = np.sinc({a})
np.i0 : R : {y} = np.i0({a})
np.unwrap : V : {y} = np.unwrap({a} * 3)
np.real_if_close : X : {y} = np.real_if_close({a})
np.where same : R R : {y} = np.where({a} > {c}, {a}, {b})
np.where sin : R : {y} = np.where({a} == 0, 1.0, np.sin({a}) / {a})
np.select : D : {y} = np.select([{a} > 1, {a} > 0], [{a}, {a}**2], 0.5)
np.piecewise : V : {y} = np.piecewise({a}, [{a} < 0, {a} >= 0], [lambda q: -q, lambda q: q * 2])
np.interp : R : {y} = np.interp({a}, [-3.0, -1.0, 0.5, 3.0], [1.0, 0.0, 2.0, 1.0])
np.spacing : R : {y} = {a} + np.spacing(1.0)
np.nextafter : R : {y} = np.nextafter({a}, 9.0)
np.isclose : R R : {y} = np.isclose({a}, {b}) + {a}
""",
    ),
    *_rows(
        "ufunc forms",
        """
out zeros_like : D : {t} = np.zeros_like({a})⏎{y} = np.{sin|exp|square}({a}, out={t})
out empty_like : D D : {y} = np.empty_like({a})⏎np.{multiply|add|subtract}({a}, {b}, {y})
out zeros : D : {y} = np.zeros({a}.shape)⏎np.{sin|exp}({a}, out={y})
out tuple : D : {y} = np.zeros_like({a})⏎np.cos({a}, out=({y},))
out itself : W : np.{sin|tanh|negative|square}({a}, out={a})
out other : W D : np.{add|multiply|subtract|maximum}({a}, {b}, out={a})
out view : W : np.{sin|exp}({a}[{s}], out={a}[{s}])
out overlapping : V : {y} = {a} * 1.0⏎np.{add|multiply}({y}[:-1], {y}[1:], out={y}[1:])
out float32 : D : {y} = np.zeros({a}.shape, np.float32)⏎np.sin({a}, out={y}, casting="same_kind")
out bool : D : {y} = np.zeros({a}.shape, bool)⏎np.greater({a}, {c}, out={y})
out bool like : D : {y} = np.zeros_like({a}, dtype=bool)⏎np.less({a}, {c}, out={y})
where : D : {y} = np.zeros_like({a})⏎np.{sin|exp}({a}, where={a} > 0, out={y})
where itself : W : np.multiply({a}, {c}, out={a}, where={a} < {c})
where divide : D D : {y} = np.divide({a}, {b}, out=np.zeros_like({a}), where={b} != 0)
dtype float32 : D : {y} = np.{sin|exp|sqrt}(np.abs({a}), dtype=np.float32)
dtype complex : R : {y} = np.{sin|exp|sqrt}({a}, dtype=complex)
dtype float : R : {y} = np.{multiply|add}({a}, 2, dtype=float)
casting : R : {y} = np.add({a}, 1, casting="same_kind")
subok : R : {y} = np.add({a}, 1, subok=False)
ufunc.reduce : D : {y} = np.{add|multiply|maximum|minimum|logaddexp|hypot}.reduce({a})
ufunc.reduce axis : M : {y} = np.{add|multiply|maximum|minimum}.reduce({a}, axis={0|1|-1|None}, keepdims={True|False})
ufunc.reduce initial : D : {y} = np.add.reduce({a}, initial={c})
ufunc.reduce where : D : {y} = np.add.reduce({a}, where={a} > 0)
ufunc.accumulate : D : {y} = np.{add|multiply|maximum}.accumulate({a})
ufunc.outer : V V : {y} = np.{multiply|add|subtract|maximum}.outer({a}, {b})
ufunc.at : W : np.add.at({a}, {idx}, {c})
ufunc.reduceat : V : {y} = np.add.reduceat({a}, [0, 1])
""",
    ),
    *_rows(
        "numbers",
        """
np.float64 of : N : {y} = np.float64({a})
float of : N : {y} = float({a})
np.float32 of : N : {y} = np.float32({a})
np.asarray number : N : {y} = np.asarray({a}) * 2
number [()] : G : {y} = {a}[()]
number [None] : G : {y} = {a}[None]
number item : G : {y} = {a}.item() * 2
number methods : G : {y} = {a}.{sum|mean|max|copy|ravel|squeeze|conjugate|cumsum}()
number astype : G : {y} = {a}.astype({float|np.float32|complex})
number reshape : G : {y} = {a}.reshape(1, 1)
number round : G : {y} = {a}.round() * {a}
number real : N : {y} = {a}.real + {a}.imag
number dtype : G : {y} = {a} * {a}.dtype.itemsize + {a}.ndim
number over zero : G : {y} = 1 / ({a} - {a}) + {a}
number overflow : G : {y} = 1 / (1 + np.exp({a} * 0 + 400.0) ** 2) + {a}
number is_integer : N : {y} = {a} * (1 + {a}.is_integer())
number hex : P : {y} = {a} * len({a}.hex())
number to array : N : {y} = np.array([{a}, {c}])
number arithmetic : N N : {y} = {a} * {b} + {a} / (1 + {b} ** 2)
np.sin number : N : {y} = np.sin({a}) + np.cos({a})
np.tanh pick : V : {y} = np.tanh({a}[{i}])
np.power number : N : {y} = np.power(abs({a}), {c})
number ** number : N N : {y} = abs({a}) ** {b}
int of : N : {y} = {a} * int({a})
bool of : N : {y} = {a} * bool({a})
math : P : {y} = math.{sin|exp|atan|cos|tanh|fabs|erf|degrees}({a})
math hypot : P P : {y} = math.hypot({a}, {b})
math pow : P : {y} = math.pow(abs({a}), {c})
math floor : N : {y} = {a} * math.floor({a})
math isfinite : N : {y} = {a} if math.isfinite({a}) else 0.0
0-d array : N : {y} = np.array({a})⏎{y} += 1.5
0-d store : N : {y} = np.zeros(())⏎{y}[()] = {a}
0-d like : D : {y} = np.zeros_like({a}[(0,) * {a}.ndim])
""",
    ),
    *_rows(
        "questions",
        """
isinstance float : X : {y} = {a} * 2 if isinstance({a}, float) else {a} * 3
isinstance number : X : {y} = {a} * 2 if isinstance({a}, (int, float)) else {a} * 3
isinstance np.float64 : X : {y} = {a} * 2 if isinstance({a}, np.float64) else {a} * 3
isinstance np.floating : X : {y} = {a} * 2 if isinstance({a}, np.floating) else {a} * 3
isinstance ndarray : X : {y} = {a} * 2 if isinstance({a}, np.ndarray) else {a} * 3
isinstance complex : X : {y} = {a} * 2 if isinstance({a}, complex) else {a} * 3
numbers.Real : X : {y} = {a} * 2 if isinstance({a}, numbers.Real) else {a} * 3
numbers.Number : X : {y} = {a} * 2 if isinstance({a}, numbers.Number) else {a} * 3
np.isscalar : X : {y} = {a} * 2 if np.isscalar({a}) else {a} * 3
type is float : X : {y} = {a} * 2 if type({a}) is float else {a} * 3
type is ndarray : X : {y} = {a} * 2 if type({a}) is np.ndarray else {a} * 3
dtype == float : A : {y} = {a} * 2 if {a}.dtype == float else {a} * 3
dtype asarray : X : {y} = {a} * 2 if np.asarray({a}).dtype == float else {a} * 3
dtype kind : A : {y} = {a} * 2 if {a}.dtype.kind == "f" else {a} * 3
issubdtype : A : {y} = {a} * 2 if np.issubdtype({a}.dtype, np.floating) else {a} * 3
result_type : X X : {y} = {a} * np.result_type({a}, {b}).itemsize
np.iscomplexobj : X : {y} = {a} * 2 if np.iscomplexobj({a}) else {a} * 3
np.isrealobj : X : {y} = {a} * 2 if np.isrealobj({a}) else {a} * 3
hasattr shape : X : {y} = {a} * 2 if hasattr({a}, "shape") else {a} * 3
hasattr len : X : {y} = {a} * 2 if hasattr({a}, "__len__") else {a} * 3
hasattr value : X : {y} = getattr({a}, "value", {a})
np.ndim : X : {y} = {a} * (1 + np.ndim({a}))
np.shape : X : {y} = {a} * (1 + len(np.shape({a})))
np.size : X : {y} = {a} * np.size({a})
callable : X : {y} = {a} * 2 if callable({a}) else {a} * 3
iterable : X : {y} = {a} * 2 if np.iterable({a}) else {a} * 3
match : X : match {a}:⏎    case float():⏎        {y} = {a} * 2⏎    case np.ndarray():⏎        {y} = {a} * 3⏎    case _:⏎        {y} = {a} * 4
try len : X : try:⏎    {y} = {a} * len({a})⏎except TypeError:⏎    {y} = {a} * 0.5
try math : N : try:⏎    {y} = math.exp({a})⏎except OverflowError:⏎    {y} = {a}
try anything : N : try:⏎    {y} = math.atan({a})⏎except Exception:⏎    {y} = 7.0
flags : D : {y} = {a} * 2 if {a}.flags.c_contiguous else {a} * 3
flags f : D : {y} = {a} * 2 if {a}.flags["F_CONTIGUOUS"] else {a} * 3
writeable : D : {y} = {a} * 2 if {a}.flags.writeable else {a} * 3
owndata : D : {y} = {a} * 2 if {a}.base is None else {a} * 3
strides : D : {y} = {a} * ({a}.strides[0] / 8)
shares memory : D : {t} = {a}[:1]⏎{y} = {a} * 2 if np.shares_memory({a}, {t}) else {a} * 3
itemsize : A : {y} = {a} * {a}.itemsize + {a}.nbytes
np.can_cast : A : {y} = {a} * 2 if np.can_cast({a}.dtype, np.float32) else {a} * 3
np.array_equal : X X : {y} = {a} * 2 if np.array_equal({a}, {b}) else {a} * 3
np.allclose : R R : {y} = {a} * 2 if np.allclose({a}, {b}) else {a} * 3
is : X X : {y} = {a} * 2 if {a} is {b} else {a} * 3
numeric hash : N : {t} = dict()⏎try:⏎    {t}[{a}] = 1.0⏎except TypeError:⏎    pass⏎{y} = {a} * len({t})
""",
    ),
    *_rows(
        "branches",
        """
if number : N : if {a} > {c}:⏎    {y} = {a} * 2⏎else:⏎    {y} = {a} ** 2
if any : D : {y} = {a} * 2 if np.any({a} > {c}) else {a} ** 2
if all : D : {y} = {a} * 2 if ({a} > {c}).all() else {a} ** 2
if sum : D : {y} = {a} if {a}.sum() > 0 else -{a}
if element : D D : {y} = {a} if {a}.flat[0] < {b}.flat[0] else {b}
chained : N : {y} = {a} if -1.0 < {a} < 1.0 else {a} / 2
or default : N : {y} = {a} or 1.0
while : R : {y}, {t} = {a}, 0⏎while np.max(np.abs({y})) > 1.0 and {t} < 12:⏎    {y}, {t} = {y} / 2, {t} + 1
argmax branch : D : {y} = {a} * (1 + np.argmax({a}))
sorted numbers : V : {y} = np.array(sorted({a}))
compare equal : D : {y} = ({a} == {a}) * {a}
truth of mask : V : {y} = {a}[{a} != {c}]
""",
    ),
    *_rows(
        "loops",
        """
for add : X : {y} = 0.0⏎for i in range({k}):⏎    {y} = {y} + {a} * i
for in place : D : {y} = {a} * 1.0⏎for i in range({k}):⏎    {y} {aug} {a} + i
for elements : V : {y} = 0.0⏎for q in {a}:⏎    {y} += q * q
for rows : M : {y} = 0.0⏎for row in {a}:⏎    {y} = {y} + row * row[0]
for rows in place : M : {y} = {a} * 1.0⏎for row in {y}:⏎    row /= 2 + np.sum(row**2)
for store : V : {y} = np.zeros_like({a})⏎for i in range(len({a})):⏎    {y}[i] = {a}[i] * {a}[-1]
for store zeros : V : {y} = np.zeros(len({a}))⏎for i in range(len({a})):⏎    {y}[i] = {a}[i] ** 2
recurrence : V : {y} = {a} * 1.0⏎for i in range(1, len({y})):⏎    {y}[i] += {y}[i - 1] * 0.5
newton : R : {y} = np.abs({a}) + 1⏎for _ in range(3):⏎    {y} = {y} - ({y}**2 - {a}**2 - 1) / (2 * {y})
enumerate : V : {y} = 0.0⏎for i, q in enumerate({a}):⏎    {y} = {y} + q ** (i + 1)
zip : V V : {y} = sum(p * q for p, q in zip({a}, {b}))
comprehension : V : {y} = np.array([q * 2 for q in {a}])
mean of list : V : {y} = np.mean([q * q for q in {a}])
ndindex : D : {y} = np.zeros_like({a})⏎for i in np.ndindex({a}.shape):⏎    {y}[i] = {a}[i] * 3
flat : D : {y} = 0.0⏎for q in {a}.flat:⏎    {y} = {y} + q * q
ndenumerate : D : {y} = sum(q * (1 + sum(i)) for i, q in np.ndenumerate({a}))
reduce : V : {y} = functools.reduce(lambda p, q: p * q + 1, {a})
accumulate : V : {y} = np.array(list(itertools.accumulate({a})))
generator : V : {y} = sum(q for q in {a} if q > 0) + {a}[0]
""",
    ),
    *_rows(
        "reductions",
        """
np.sum : A : {y} = np.sum({a})
np.sum axis : A : {y} = np.sum({a}, {axis})
np.mean : A : {y} = np.mean({a}, {axis})
np.prod : A : {y} = np.prod({a}, {axis})
np.max : D : {y} = np.max({a}, {axis})
np.min : D : {y} = np.min({a}, {axis})
np.ptp : D : {y} = np.ptp({a})
np.std : D : {y} = np.std({a}, {axis})
np.var : A : {y} = np.var({a}, {axis})
np.var ddof : D : {y} = np.var({a}, ddof=1)
np.median : D : {y} = np.median({a}, {axis})
np.quantile : D : {y} = np.quantile({a}, {0.3|[0.2, 0.7]})
np.percentile : D : {y} = np.percentile({a}, 40)
np.average : V : {y} = np.average({a}, weights=np.abs({a}) + 1)
np.nansum : A : {y} = np.nansum({a}, {axis})
np.nanmean : D : {y} = np.nanmean({a})
np.nanmax : D : {y} = np.nanmax({a})
np.nanprod : D : {y} = np.nanprod({a})
np.nanstd : D : {y} = np.nanstd({a})
np.sum where : D : {y} = np.sum({a}, where={a} > 0, initial={c})
np.max where : D : {y} = np.max({a}, where={a} > 0, initial=0.5)
np.sum dtype : D : {y} = np.sum({a}, dtype={float|np.float32|complex})
np.sum out : M : {y} = np.zeros_like({a}[0])⏎np.sum({a}, axis=0, out={y})
np.trapezoid : V : {y} = np.trapezoid({a}, dx=0.5)
np.count_nonzero : D : {y} = {a} * np.count_nonzero({a} > 0)
np.cov : V V : {y} = np.cov({a}, {b})
np.corrcoef : V V : {y} = np.corrcoef({a}, {b})
np.sum list : N N : {y} = np.sum([{a}, {b}, {a} * {b}])
np.max list : N N : {y} = np.max([{a}, {b}])
np.histogram : V : {y} = np.histogram({a}, bins=2, range=(-3.0, 3.0), weights={a})[0]
np.bincount : V : {y} = np.bincount(np.arange(len({a})) % 2, weights={a})
""",
    ),
    *_rows(
        "cumulative",
        """
np.cumsum : A : {y} = np.cumsum({a})
np.cumsum axis : M : {y} = np.cumsum({a}, axis={ax})
np.cumprod : A : {y} = np.cumprod({a})
np.cumprod axis : M : {y} = np.cumprod({a}, axis={ax})
np.diff : V : {y} = np.diff({a}{|, n=2|, prepend=0.0|, append=1.5})
np.ediff1d : V : {y} = np.ediff1d({a}, to_begin=1.0)
np.gradient : V : {y} = np.gradient({a}, 0.5)
np.nancumsum : A : {y} = np.nancumsum({a})
np.maximum.accumulate : V : {y} = np.maximum.accumulate({a})
np.convolve : V V : {y} = np.convolve({a}, {b}, "{full|same|valid}")
np.correlate : V V : {y} = np.correlate({a}, {b}, "{full|same|valid}")
np.cumulative_sum : V : {y} = np.cumulative_sum({a}, include_initial=True)
""",
    ),
    *_rows(
        "shapes",
        """
ravel : A : {y} = {a}.ravel("{order}")
np.ravel store : D : {y} = {a}[::2].ravel()⏎{y}[0] = 9.0
flatten : A : {y} = {a}.flatten("{order}")
reshape : A : {y} = {a}.reshape(-1, order="{C|F|A}")
reshape 2 : A : {y} = np.reshape({a}, ({1, -1|-1, 1|2, -1}))
reshape store : W : {t} = {a}.reshape(-1)⏎{t}[0] = {c}
T : A : {y} = {a}.T
T product : M : {y} = {a} @ {a}.T
T in place : Q : {y} = {a} * 1.0⏎{y} += {y}.T
T store : Q : {y} = {a} * 1.0⏎{y}[...] = {y}.T * 2
np.transpose : A : {y} = np.transpose({a})
np.swapaxes : M : {y} = np.swapaxes({a}, 0, 1)
np.moveaxis : M : {y} = np.moveaxis({a}, 0, -1)
np.squeeze : A : {y} = np.squeeze({a})
np.expand_dims : A : {y} = np.expand_dims({a}, {ax})
newaxis : V : {y} = {a}[:, None] * {a}[None, :]
np.atleast_1d : X : {y} = np.atleast_1d({a})
np.atleast_2d : X : {y} = np.atleast_2d({a})
np.broadcast_to : V : {y} = np.broadcast_to({a}, (2, len({a})))
np.broadcast_arrays : X X : {y}, {z} = np.broadcast_arrays({a}, {b})
np.flip : A : {y} = np.flip({a}{|, 0|, -1})
np.fliplr : M : {y} = np.fliplr({a})
np.flipud : A : {y} = np.flipud({a})
np.rot90 : M : {y} = np.rot90({a})
np.roll : A : {y} = np.roll({a}, {1|-1|2})
np.tile : A : {y} = np.tile({a}, {2|(2, 1)|1})
np.repeat : A : {y} = np.repeat({a}, {2|3}{|, axis=0|, axis=-1})
np.resize : A : {y} = np.resize({a}, (2, 3))
np.pad : V : {y} = np.pad({a}, 1{|, mode="edge"|, mode="reflect"|, mode="wrap"|, constant_values=1.5|, mode="linear_ramp"})
np.diagonal : M : {y} = np.diagonal({a})
np.diag : V : {y} = np.diag({a})
np.diag of matrix : M : {y} = np.diag({a}, {0|1|-1})
np.diagflat : V : {y} = np.diagflat({a})
np.tril : M : {y} = np.tril({a})
np.triu : M : {y} = np.triu({a}, 1)
np.trim_zeros : V : {y} = np.trim_zeros({a})
np.ascontiguousarray : A : {y} = np.ascontiguousarray({a})
np.asfortranarray : A : {y} = np.asfortranarray({a})
np.vander : V : {y} = np.vander({a}, 3)
np.meshgrid : V V : {y}, {z} = np.meshgrid({a}, {b}{|, indexing="ij"|, sparse=True})
np.meshgrid store : V V : {t} = {a} * 1.0⏎{y}, {z} = np.meshgrid({t}, {b}, copy=False)⏎{t}[0] = {c}
np.copy : X : {y} = np.copy({a})
np.asarray : X : {y} = np.asarray({a})
np.asarray float : R : {y} = np.asarray({a}, dtype=float)
np.asanyarray : X : {y} = np.asanyarray({a})
np.array copy : X : {y} = np.array({a})
np.array no copy : A : {y} = np.array({a}, copy=None)
np.require : D : {y} = np.require({a}, requirements="C")
np.asarray_chkfinite : D : {y} = np.asarray_chkfinite({a}) * 2
np.asmatrix : M : {y} = np.asarray(np.asmatrix({a}) * 2.0)
as_strided : V : {y} = np.lib.stride_tricks.as_strided({a}, ({a}.size - 1, 2), {a}.strides * 2)
sliding windows store : V : {t} = {a} * 1.0⏎{y} = np.lib.stride_tricks.sliding_window_view({t}, 2)⏎{t}[0] = {c}
np.mgrid : N : {y} = np.mgrid[0 : {a} : 3j]
np.r_ numbers : N N : {y} = np.r_[{a}, {b}, {c}]
np.c_ store : V N : {y} = np.c_[{a}, {a}]⏎{y}[0, 0] = {b}
complex emath : R : {y} = np.emath.{sqrt|log|log10|arcsin|arctanh}({a})
sliding windows : V : {y} = np.lib.stride_tricks.sliding_window_view({a}, 2).sum(axis=1)
np.einsum ij->ji : M : {y} = np.einsum("ij->ji", {a})
np.block : M : {y} = np.block([[{a}, {a}], [{a}, {a}]])
np.apply_along_axis : M : {y} = np.apply_along_axis(lambda q: q * q.sum(), {0|1}, {a})
np.vectorize : V : {y} = np.vectorize(lambda q: q * q + 1)({a})
""",
    ),
    *_rows(
        "joining",
        """
np.concatenate : A A : {y} = np.concatenate([{a}, {b}]{|, axis=-1|, axis=None})
np.stack : A A : {y} = np.stack([{a}, {b}]{|, axis=-1})
np.hstack : A A : {y} = np.hstack([{a}, {b}])
np.vstack : A A : {y} = np.vstack([{a}, {b}])
np.dstack : A A : {y} = np.dstack([{a}, {b}])
np.column_stack : V V : {y} = np.column_stack([{a}, {b}])
np.append : A X : {y} = np.append({a}, {b})
np.insert : V N : {y} = np.insert({a}, 1, {b})
np.delete : V : {y} = np.delete({a}, {0|-1|[0, 1]})
np.split : A : {y}, {z} = np.split(np.concatenate([{a}, {a}]), 2)
np.array_split : A : {y} = np.array_split({a}, 2)[0]
np.array of arrays : A A : {y} = np.array([{a}, {b}])
np.array of numbers : N N : {y} = np.array([{a}, {b}, {c}])
np.array nested : N N : {y} = np.array([[{a}, {b}], [{b}, 2.0]])
np.asarray of numbers : N N : {y} = np.asarray([{a}, {b}])
np.array complex : N N : {y} = np.array([{a} + 1j * {b}, {a} * {b} * 1j])
np.r_ : A N : {y} = np.r_[{a}, {b}]
np.c_ : V V : {y} = np.c_[{a}, {b}]
np.stack numbers : N N : {y} = np.stack([{a}, {b}])
np.concatenate out : V V : {y} = np.zeros_like(np.concatenate([{a}, {b}]))⏎np.concatenate([{a}, {b}], out={y})
np.fromiter : V : {y} = np.fromiter((q * 2 for q in {a}), float)
list plus : V N : {y} = {a} + [{b}] * len({a})
np.block numbers : N N : {y} = np.block([[{a}, {b}], [{b}, {a}]])
""",
    ),
    *_rows(
        "makers",
        """
np.zeros store : N : {y} = np.zeros(3)⏎{y}[1] = {a}
np.ones times : X : {y} = np.ones(3) * {a}
np.full : N : {y} = np.full(3, {a})
np.full_like : D N : {y} = np.full_like({a}, {b})
np.zeros_like : A : {y} = np.zeros_like({a}) + {a}
np.ones_like : A : {y} = np.ones_like({a}) * {a}
np.empty_like : A : {y} = np.empty_like({a})⏎{y}[...] = {a}
np.linspace : N N : {y} = np.linspace({a}, {b}, 4)
np.logspace : N : {y} = np.logspace(0.0, {a}, 3)
np.geomspace : N : {y} = np.geomspace(abs({a}) + 1, 9.0, 3)
np.arange times : N : {y} = np.arange(3) * {a}
np.eye times : N : {y} = np.eye(2) * {a}
np.zeros row : V : {y} = np.zeros((2, len({a})))⏎{y}[0] = {a}
np.zeros complex : N : {y} = np.zeros(2, complex)⏎{y}[0] = {a} * 1j
np.empty fill : N : {y} = np.empty(3)⏎{y}.fill({a})
np.zeros float32 : N : {y} = np.zeros(3, np.float32)⏎{y}[1] = {a}
np.zeros int : N : {y} = np.zeros(3, int)⏎{y}[1] = {a}
np.fromfunction : N : {y} = np.fromfunction(lambda i, j: i + j * {a}, (2, 2))
np.tri : Q : {y} = np.tri({a}.shape[0]) * {a}
""",
    ),
    *_rows(
        "indexing",
        """
element : V : {y} = {a}[{i}]
element of matrix : M : {y} = {a}[{i}, {i}]
row : M : {y} = {a}[{i}]
column : M : {y} = {a}[:, {i}]
slice : A : {y} = {a}[{s}]
slices : M : {y} = {a}[{s}, {s}]
ellipsis : A : {y} = {a}[..., {i}]
index list : A : {y} = {a}[{idx}]
index twice : V : {y} = {a}[[0, 1]][[1, 0]]
index matrix : M : {y} = {a}[{idx}, {i}]
np.ix_ : M : {y} = {a}[np.ix_([0, 1], [1, 0])]
boolean : D : {y} = {a}[{a} > {c}]
boolean rows : M : {y} = {a}[{a}[:, 0] > {c}]
boolean other : D B : {y} = {a}[{b}]
boolean sum : D : {y} = np.sum({a}[{a} > 0])
mask out : D : {y} = {a} > {c}
np.take : A : {y} = np.take({a}, {idx}{|, axis=0|, mode="wrap"})
take method : A : {y} = {a}.take({idx})
np.compress : V : {y} = np.compress({a} > {c}, {a})
compress method : V : {y} = {a}.compress([True, False])
np.extract : D : {y} = np.extract({a} > 0, {a})
np.choose : V : {y} = np.choose(np.arange(len({a})) % 2, [{a}, -{a}])
np.take_along_axis : V : {y} = np.take_along_axis({a}, np.argsort({a}), 0)
nonzero : D : {y} = {a}[np.nonzero({a} > 0)]
np.argwhere : V : {y} = {a}[np.argwhere({a} > 0)[:, 0]]
np.where index : V : {y} = {a}[np.where({a} > 0)]
flat index : A : {y} = {a}.flat[{i}]
flat slice : A : {y} = {a}.flat[{s}]
integer array : V : {y} = {a}[np.arange(len({a}))[::-1]]
empty index : A : {y} = {a}[()]
unpack : V : {y}, *{z} = {a}⏎{z} = {z}[-1]
item : V : {y} = {a}.item({i}) * 2
tolist : V : {y} = {a}.tolist()[0] * 2
np.fill_diagonal : Q : {y} = {a} * 1.0⏎np.fill_diagonal({y}, {c})
unravel_index : D : {y} = {a}[np.unravel_index(np.argmax({a}), {a}.shape)]
np.diag_indices : Q : {y} = {a}[np.diag_indices(len({a}))]
np.triu_indices : Q : {y} = {a}[np.triu_indices(len({a}))]
""",
    ),
    *_rows(
        "stores",
        """
store constant : W : {a}[{i}] = {c}
store slice constant : W : {a}[{s}] = {c}
store number : W N : {a}[{i}] = {b}
store array : W D : {a}[{s}] = {b}
store all : W X : {a}[...] = {b}
store boolean : W : {a}[{a} > {c}] = {c}
store boolean dual : W : {a}[{a} > {c}] = {a}[{a} > {c}] * 2
store index list : W : {a}[{idx}] = {c}
store index dual : W N : {a}[{idx}] = {b}
store column : M : {y} = {a} * 1.0⏎{y}[:, {i}] = {y}[:, 0] * 2
store row overlapping : V : {y} = {a} * 1.0⏎{y}[1:] = {y}[:-1]
store reversed : V : {y} = {a} * 1.0⏎{y}[:] = {y}[::-1]
store sorted : V : {y} = {a} * 1.0⏎{y}[:] = np.sort({y})
store complex : D : {y} = {a} * 1j⏎{y}[0] = 2.0
store into complex part : D : {y} = {a} * (1 + 0j)⏎{y}.imag = {a}⏎{y}.real += 1
store swap : V : {y} = {a} * 1.0⏎{y}[0], {y}[1] = {y}[1], {y}[0]
store swap rows : M : {y} = {a} * 1.0⏎{y}[[0, 1]] = {y}[[1, 0]]
store float32 : D : {y} = np.zeros_like({a}, dtype=np.float32)⏎{y}[...] = {a}
store int : D : {y} = np.zeros_like({a}, dtype=int)⏎{y}[...] = {a}
flat store : W : {a}.flat[{i}] = {c}
flat store all : W : {a}.flat = {c}
flat store array : W D : {a}.flat[{:|:2|1:}] = {b}
flat store list : W N : {a}.flat = [{b}, {c}]
fill : W : {a}.fill({c})
np.put : W : np.put({a}, {idx}, {c})
np.place : W : np.place({a}, {a} > {c}, [0.5, 1.5])
np.putmask : W : np.putmask({a}, {a} > {c}, {a} * 2)
np.copyto : W X : np.copyto({a}, {b})
np.copyto where : W : np.copyto({a}, {c}, where={a} > 0)
np.put_along_axis : V : {y} = {a} * 1.0⏎np.put_along_axis({y}, np.array([0]), 2.5, 0)
sort method : W : {a}.sort()
partition method : W : {a}.partition(0)
store nan : W : {a}[{i}] = np.nan
store into list : V : {y} = [{a}, {a} * 2]⏎{y}[0] = {y}[1] + 1
resize in place : V : {y} = {a} * 1.0⏎{y}.shape = (1, len({a}))
setflags : V : {y} = {a} * 1.0⏎{y}.setflags(write=False)
""",
    ),
    *_rows(
        "in place",
        """
augmented : X X : {a} {aug} {b}
augmented constant : X : {a} {aug} {c}
augmented power : X : {a} **= 2
augmented floor : R : {a} //= {w}
augmented modulo : R : {a} %= {w}
augmented matmul : Q : {y} = {a} * 1.0⏎{y} @= np.ones_like({a})
augmented element : W : {a}[{i}] {aug} {c}
augmented element dual : W N : {a}[{i}] {aug} {b}
augmented slice : W : {a}[{s}] {aug} {c}
augmented slice dual : W D : {a}[{s}] {aug} {b}
augmented overlapping : V : {y} = {a} * 1.0⏎{y}[1:] {aug} {y}[:-1]
augmented reversed : V : {y} = {a} * 1.0⏎{y} {aug} {y}[::-1]
augmented itself : W : {a} {aug} {a}
augmented boolean : W : {a}[{a} > {c}] {aug} {c}
augmented index list : W : {a}[{idx}] {aug} {c}
augmented complex : D : {y} = {a} * 1.0⏎try:⏎    {y} *= 1j⏎except TypeError:⏎    {y} = {y} * 2
augmented broadcast : V : {y} = {a} * 1.0⏎try:⏎    {y} += np.ones((2, len({a})))⏎except ValueError:⏎    {y} = {y} * 2
augmented plain : D : {y} = np.ones({a}.shape)⏎{y} {aug} {a}
augmented float32 : D : {y} = np.ones({a}.shape, np.float32)⏎{y} {aug} {a}
augmented float32 dual : D : {y} = {a}.astype(np.float32)⏎{y} {aug} {a}
augmented int : D : {y} = np.ones({a}.shape, int)⏎try:⏎    {y} += {a}⏎except TypeError:⏎    {y} = {a} * 2
augmented row : M : {y} = {a} * 1.0⏎{y}[0] {aug} {y}[-1]
augmented column : M : {y} = {a} * 1.0⏎{y}[:, 0] {aug} 2.0
augmented diagonal : Q : {y} = {a} * 1.0⏎np.einsum("ii->i", {y})[...] += 1.5
augmented transpose view : M : {y} = {a} * 1.0⏎{t} = {y}.T⏎{t} {aug} {c}
operator.iadd : X X : {a} = operator.iadd({a}, {b})
operator.imul : X : {y} = operator.imul({a}, {c})
clip out : W : np.clip({a}, -0.5, 0.5, out={a})
round out : W : np.round({a}, 0, out={a})
cumsum out : W : np.cumsum({a}, axis=0, out={a})
nan_to_num in place : W : np.nan_to_num({a}, copy=False)
""",
    ),
    *_rows(
        "views",
        """
view name : A : {y} = {a}
view slice written : D : {y} = {a} * 1.0⏎{t} = {y}[1:]⏎{t} *= 2
view ravel written : D : {y} = {a} * 1.0⏎{t} = {y}.ravel()⏎{t}[0] = 5.0
view reshape written : D : {y} = {a} * 1.0⏎{t} = {y}.reshape(-1)⏎{t} += 1
view T written : M : {y} = {a} * 1.0⏎{y}.T[0] = 1.5
view then base : D : {y} = {a} * 1.0⏎{z} = {y}[::2]⏎{y}[0] = 3.0
view of view : V : {y} = {a} * 1.0⏎{z} = {y}[1:][::-1]⏎{z} *= {z}
view broadcast then base : V : {y} = {a} * 1.0⏎{z} = np.broadcast_to({y}, (2, len({a})))⏎{y}[0] = 2.0
view diagonal then base : Q : {y} = {a} * 1.0⏎{z} = np.diagonal({y})⏎{y}[0, 0] = 9.0
view real : U : {y} = {a} * 1.0⏎{y}.real[0] = 2.5
view squeeze : D : {y} = {a} * 1.0⏎{t} = np.squeeze({y}[None])⏎{t} += 1
view expand : D : {y} = {a} * 1.0⏎np.expand_dims({y}, 0)[...] = 1.5
view swapaxes : M : {y} = {a} * 1.0⏎np.swapaxes({y}, 0, 1)[0] *= 2
view split : D : {y} = np.concatenate([{a}, {a}])⏎{t}, {z} = np.split({y}, 2)⏎{t} *= 3
view array_split : V : {y} = {a} * 1.0⏎np.array_split({y}, 2)[0][...] = 0.5
view flip : D : {y} = {a} * 1.0⏎np.flip({y})[...] *= 2
view rows : M : {y} = {a} * 1.0⏎for row in {y}:⏎    row[0] = 2.0
view unpack : M : {y} = {a} * 1.0⏎{t}, *_ = {y}⏎{t} += 1
view asarray : D : {y} = {a} * 1.0⏎{t} = np.asarray({y})⏎{t}[0] = 1.5
view atleast : D : {y} = {a} * 1.0⏎{t} = np.atleast_2d({y})⏎{t} += 1
view einsum : Q : {y} = {a} * 1.0⏎{t} = np.einsum("ii->i", {y})⏎{t} += 1
view fortran ravel : M : {y} = {a} * 1.0⏎{t} = {y}.ravel("F")⏎{t}[0] = 5.0
view K ravel : M : {y} = {a}.T * 1.0⏎{t} = {y}.ravel("K")⏎{t}[0] = 5.0
view astype no copy : D : {y} = {a} * 1.0⏎{t} = {y}.astype(float, copy=False)⏎{t} += 1
view .view() : D : {y} = {a} * 1.0⏎{t} = {y}.view()⏎{t} += 1
view stored dual : V N : {y} = np.ones(4)⏎{t} = {y}[1:]⏎{t}[0] = {b}⏎{z} = {y} * 2
view windows : V : {y} = {a} * 1.0⏎{z} = np.lib.stride_tricks.sliding_window_view({y}, 2)⏎{y}[1] = 4.0
copy then base : D : {y} = {a} * 1.0⏎{z} = {y}.copy()⏎{y}[0] = 3.0
sub-row of input written : M : {t} = {a}[0]⏎{t} *= 2
""",
    ),
    *_rows(
        "aliases",
        """
alias in place : D : {y} = {a} * 1.0⏎{z} = {y}⏎{z} {aug} {c}
alias number : N : {y} = {a}⏎{z} = {y}⏎{z} {aug} {c}
list of arrays : D : {y} = [{a} * 2, {a} * 3]⏎for r in {y}:⏎    r /= 1 + np.sum(r**2)
list alias : L : for r in {a}:⏎    r *= 1.5
list element : L : {y} = {a}[0]
list append : L X : {a}.append({b})
list sum : L : {y} = sum({a})
list same twice : D : {t} = {a} * 1.0⏎{y} = [{t}, {t}]⏎{y}[0] += 1
dict : D : {y} = dict(p={a} * 1.0, q={a} * 2.0)⏎{y}["p"] += 1
dict alias : D : {z} = {a} * 1.0⏎{y} = dict(p={z})⏎{y}["p"] {aug} 2
dict value : K : {y} = {a}["p"]
dict store : K X : {a}["r"] = {b}
tuple alias : D : {y} = {a} * 1.0⏎{t} = ({y}, 1)⏎{t}[0][...] = {t}[0] * 2
set default : D : {t} = dict()⏎{y} = {t}.setdefault("p", {a} * 1.0)⏎{t}["p"] += 1
helper in place : D : def {t}(q):⏎    q /= np.sqrt(np.sum(q * q) + 1)⏎{y} = {a} * 3⏎{t}({y})
helper default : D : def {t}(q, store=[]):⏎    store.append(q)⏎    q *= 2⏎    return store[-1]⏎{y} = {t}({a} * 1.0)
closure : X X : def {t}():⏎    return {a} * {b}⏎{y} = {t}()
closure nonlocal : D : {y} = {a} * 1.0⏎def {t}():⏎    nonlocal {y}⏎    {y} += 1⏎{t}()
closure store : D : {y} = {a} * 1.0⏎def {t}(i):⏎    {y}[i] *= 2⏎{t}(0)
lambda : X : {t} = lambda q, s={a}: q * s⏎{y} = {t}(2.0)
partial : X X : {y} = functools.partial(operator.mul, {a})({b})
object attribute : D : {t} = types.SimpleNamespace(q={a} * 1.0)⏎{y} = {t}.q⏎{t}.q *= 2
class : D : class {t}:⏎    def __init__(self, q):⏎        self.q = q⏎    def scale(self):⏎        self.q *= 2⏎        return self⏎{y} = {t}({a} * 1.0).scale().q
input alias : W : {t} = {a}⏎{t} {aug} {c}
copy.copy : D : {y} = {a} * 1.0⏎{z} = copy.copy({y})⏎{y} += 1
copy.deepcopy : D : {y} = {a} * 1.0⏎{z} = copy.deepcopy([{y}])[0]⏎{y} += 1
map : L : {y} = [q * 2 for q in {a}]
sorted by : V : {y} = sorted([{a}[0], {a}[-1], {c}])[0] * 2
generator in place : D : {y} = {a} * 1.0⏎def {t}():⏎    for _ in range(2):⏎        yield {y}⏎for q in {t}():⏎    q += 1
recursive : N : def {t}(q, n):⏎    return q if n == 0 else {t}(q * 0.5 + 1, n - 1)⏎{y} = {t}({a}, 3)
property cache : D : {t} = functools.cached_property(lambda self: self.q * 2)⏎class {u}:⏎    q = {a}⏎    r = {t}⏎{t}.__set_name__({u}, "r")⏎{y} = {u}().r
walrus : X : {y} = ({t} := {a} * 2) + {t}
star args : V : {y} = (lambda *q: q[0] * q[-1])(*{a})
dataclass : X : {t} = dataclasses.make_dataclass("T", ["q"])⏎{y} = {t}({a} * 2).q
""",
    ),
    *_rows(
        "methods",
        """
methods : A : {y} = {a}.{sum|mean|prod|cumsum|cumprod|var|ravel|copy|conj|transpose|flatten|squeeze|conjugate}()
methods real : D : {y} = {a}.{max|min|std}()
methods axis : M : {y} = {a}.{sum|mean|prod|cumsum|max|min|var|std|cumprod}(axis={0|1})
repeat method : V : {y} = {a}.repeat(2)
clip method : D : {y} = {a}.clip(-0.5, 0.5)
round method : D : {y} = {a}.round() + {a}
dot method : V V : {y} = {a}.dot({b})
astype : X : {y} = np.asarray({a}).astype({complex|float|np.float32|np.longdouble})
astype method : D : {y} = {a}.astype({complex|float|np.float32|np.longdouble})
argsort method : V : {y} = {a}[{a}.argsort()]
argmax method : V : {y} = {a}[{a}.argmax()]
swapaxes method : M : {y} = {a}.swapaxes(0, 1)
diagonal method : M : {y} = {a}.diagonal()
trace method : M : {y} = {a}.trace()
searchsorted : V : {y} = {a} * np.sort({a}).searchsorted(0.5)
nonzero method : V : {y} = {a}[{a}.nonzero()]
any all : D : {y} = {a} * (1 + ({a} > 0).any() + ({a} > 0).all())
choose : V : {y} = (np.arange(len({a})) % 2).choose([{a}, -{a}])
sum out : M : {y} = np.zeros_like({a}[0])⏎{a}.sum(axis=0, out={y})
dunder : X : {y} = {a}.__add__(2 * {a})
dunder constant : N : {y} = {a}.__{add|rsub|mul|truediv|rpow}__({w})
array priority : V : {y} = np.ones(len({a})) * {a} - np.float64(2.0) * {a}
tobytes : D : {y} = {a} * len({a}.tobytes())
""",
    ),
    *_rows(
        "sorting",
        """
np.sort : D : {y} = np.sort({a})
np.sort axis : M : {y} = np.sort({a}, axis={0|1|None})
np.argsort : V : {y} = {a}[np.argsort({a})]
np.partition : V : {y} = np.partition({a}, 1)[:2].sum()
np.argpartition : V : {y} = {a}[np.argpartition({a}, 0)[0]]
np.lexsort : V : {y} = {a}[np.lexsort(({a},))]
np.unique : D : {y} = np.unique({a})
np.argmin : D : {y} = {a}.ravel()[np.argmin({a})]
np.searchsorted : D : {y} = {a} + np.searchsorted([-1.0, 0.0, 1.0], {a})
np.digitize : D : {y} = {a} * np.digitize({a}, [-1.0, 0.0, 1.0])
np.union1d : V V : {y} = np.union1d({a}, {b})
np.intersect1d : V V : {y} = np.intersect1d({a}, {b})
np.setdiff1d : V V : {y} = np.setdiff1d({a}, {b})
np.setxor1d : V V : {y} = np.setxor1d({a}, {b})
np.isin : V : {y} = {a} * np.isin({a}, [1.0, {a}[0]])
heapq : V : {y} = heapq.nsmallest(2, {a}.tolist())[-1] * 2
bisect : N : {y} = {a} * bisect.bisect([-1.0, 0.0, 1.0], {a})
""",
    ),
    *_rows(
        "complex",
        """
times 1j : X : {y} = {a} * 1j + 1
complex of : R R : {y} = {a} + 1j * {b}
exp 1j : R : {y} = np.exp(1j * {a})
real : Z : {y} = np.real({a})
imag : Z : {y} = np.imag({a})
.real : Z : {y} = {a}.real
.imag : Z : {y} = {a}.imag
abs complex : Z : {y} = abs({a})
np.abs complex : Z : {y} = np.abs({a}) ** 2
np.angle : Z : {y} = np.angle({a})
conj : Z : {y} = np.conj({a}) * {a}
.conjugate : Z : {y} = {a}.conjugate() * 2
complex power : Z : {y} = {a} ** {2|0.5|1j|-1}
complex sqrt : R : {y} = np.emath.sqrt({a})
complex log : Z : {y} = np.log({a})
complex ufunc : Z : {y} = np.{sin|exp|tanh|sqrt|cos|arctan}({a})
complex detour : R : {y} = (np.exp(1j * {a}) * (2 - 1j)).imag
complex asarray : D : {y} = np.exp(1j * np.asarray({a})).imag
complex list : N : {y} = np.sum(np.imag([1 / (1 + 1j * q * {a}) for q in (1.0, 2.0)]))
complex array : D : {y} = np.asarray({a}, dtype=complex) * (1 + 1j)
complex matrix : M : {y} = ({a} + 1j * {a}) @ {a}.T
complex vdot : U : {y} = np.vdot({a}, {a})
complex sum : Z : {y} = np.sum({a})
complex store : U : {y} = {a} * 1.0⏎{y}[0] = 1 - 2j
complex part store : U : {y} = {a} * 1.0⏎{y}.imag = 0.5
complex maximum : Z : {y} = np.maximum({a}, 0.5)
complex cumsum : U : {y} = np.cumsum({a}[::-1])
complex where : Z : {y} = np.where(np.abs({a}) > 1, {a}, 1j)
complex to real : Z : {y} = ({a} * np.conj({a})).real
complex64 : R : {y} = {a} * np.complex64(1j)
""",
    ),
    *_rows(
        "python",
        """
text key : N : {t} = dict()⏎for q in ({a}, {a} + 1, {a}):⏎    if (k := f"⟨q:.6f⟩") not in {t}:⏎        {t}[k] = math.{sin|exp|atan}(q)⏎{y} = {t}[f"⟨{a}:.6f⟩"] * 2
rounded key : N : {t} = dict()⏎for q in ({a}, {a} * 2, {a}):⏎    {t}.setdefault(round(q, 6), q * q)⏎{y} = {t}[round({a}, 6)] + sum({t}.values())
number as key : N N : {t} = ⟨{a}: {b} * 2, 99.5: 1.0⟩⏎{y} = {t}.get({a}, 0.0) + {t}[99.5]
cached function : N N : {t} = functools.{lru_cache(maxsize=None)|lru_cache(maxsize=1)|cache}(lambda q, k=2: q**k + {b})⏎{y} = {t}({a}) * {t}({a}, 3) + {t}({a}, k=2)
cached recursion : N : @functools.lru_cache(None)⏎def {t}(n):⏎    return {a} * 0.5 if n < 2 else {t}(n - 1) + 0.25 * {t}(n - 2)⏎{y} = {t}(9)
number in set : N N : {y} = {a} * ({a} in ⟨{b}, 0.5⟩) + {b}
log of a run : N : {t} = []⏎for i in range(3):⏎    {t}.append(f"⟨i⟩: ⟨{a} * i:.3g⟩")⏎{y} = {a} * len(" ".join({t}))
percent text : N : {y} = {a} * float("%.3f" % {a})
text to number : N : {y} = {a} + float(f"⟨{a}:.2e⟩")
accumulated : N N : {y} = list(itertools.accumulate([{a}, {b}, 2.0], {lambda p, q: p * q|max|operator.add}))[-1]
chained lists : N N : {y} = sum(q * w for q, w in zip(itertools.chain([{a}], [{b}]), itertools.count(1)))
filtered : V : {y} = sum(filter(lambda q: q > 0.2, {a}))
max by key : V : {y} = max({a}, key=lambda q: (q - 0.3) ** 2) * 2
sorted pairs : V : {t} = sorted((q, i) for i, q in enumerate({a}))⏎{y} = {t}[0][0] * {t}[-1][1]
unpacked : V : {y}, *{t} = {a}⏎{z} = {y} * sum({t})
any and all : V : {y} = {a}[0] if any(q > 1 for q in {a}) or all(q < 0 for q in {a}) else {a}[-1]
chain of cases : N : {y} = 0.0 if {a} < -1 else {a} if {a} < 0.5 else {a} ** 2 if not {a} > 2 else 4.0
try else : N : try:⏎    {t} = math.sqrt({a})⏎except ValueError:⏎    {y} = -{a}⏎else:⏎    {y} = {t} * 2
zero division : P : try:⏎    {y} = 1 / ({a} - {a})⏎except ZeroDivisionError:⏎    {y} = {a} * 3
finally : N : try:⏎    {t} = {a} * 2⏎finally:⏎    {y} = {a} + 1
record : N N : {t} = collections.namedtuple("T", "p q")({a}, {b})⏎{y} = {t}._replace(q=2.0).p * {t}.q
simple object : N : {t} = types.SimpleNamespace(p={a}, q=[])⏎{t}.q.append({t}.p * 2)⏎{t}.p += 1⏎{y} = {t}.p * {t}.q[0]
default dict : V : {t} = collections.defaultdict(float)⏎for i, q in enumerate({a}):⏎    {t}[i % 2] += q * q⏎{y} = {t}[0] - {t}[1]
queue : V : {t} = collections.deque({a}, maxlen=2)⏎{t}.append(0.5)⏎{y} = sum({t})
counter : V : {t} = collections.Counter(int(q) for q in {a})⏎{y} = {a}[0] * max({t}.values())
getter : N N : {y} = operator.itemgetter(1)([{a}, {b}]) * operator.attrgetter("real")({a})
mean of math : V : {y} = math.fsum({a}) / len({a}) + math.dist([{a}[0], 0.5], [1.0, {a}[-1]])
math of list : V : {y} = math.prod([q + 0.5 for q in {a}]) + math.hypot(*{a})
isclose : N N : {y} = {a} if math.isclose({a}, {b}, abs_tol=0.5) else {b} * 2
copysign : N N : {y} = math.copysign({a}, {b}) + math.fmod({a}, 0.75) + math.trunc({a})
statistics : V : {y} = statistics.{mean|fmean|median|pvariance|stdev}([float(q) for q in {a}] + [0.3, 1.1])
list of numbers : N N : {y} = np.array([{a}, 0.5, {b}])
nested list : N N : {y} = np.array([[{a}, 1.0], [0, {b}]]) @ [{b}, 2]
list beside array : V N : {y} = {a}[:2] * [{b}, 0.5][: len({a}[:2])]
function of a list : N N : {y} = np.{sum|max|mean|std|prod|cumsum|sort|median|diff}([{a}, {b}, 0.5])
interpolated list : N N : {y} = np.interp({a}, [-2.0, 0.0, 3.0], [{b}, 1.0, {b} * 2])
piecewise list : N : {y} = np.piecewise({a}, [{a} < 0.2, {a} >= 0.2], [lambda q: q * q, lambda q: 2 * q])
stored sine : D : {y} = np.sin({a})⏎{y}[..., 0] = np.sum({a})
filled by loop : V : {y} = np.empty(len({a}))⏎for i, q in enumerate({a}):⏎    {y}[i] = math.tanh(q) * {y}[i - 1] if i else q
grid of functions : N N : {t} = ⟨"p": math.sin, "q": lambda r: r * {b}⟩⏎{y} = sum({t}[k]({a}) for k in sorted({t}))
exit of loops : N : {y} = {a}⏎for i in range(9):⏎    if abs({y}) > 3:⏎        break⏎    {y} = {y} * 1.5 + 0.1⏎else:⏎    {y} = {y} - {a}
yield from : V : def {t}(p):⏎    yield from (q * q for q in p)⏎    yield p[0]⏎{y} = sum({t}({a}))
context : N : with contextlib.suppress(ValueError):⏎    {y} = {a} * 2⏎    {y} = math.log({a})
single dispatch : N : {t} = functools.singledispatch(lambda q: 0.0)⏎{t}.register(float, lambda q: q * q)⏎{y} = {t}({a}) + {a}
power tower : N : {y} = pow({a}, 2) + pow(2.0, {a}) + abs({a}) ** {a}
chained comparison : N N : {y} = {a} * (0 < {a} <= {b} < 9) + {b}
vectorized : V : {y} = np.vectorize(lambda q: math.sin(q) if q > 0 else q)({a})
apply along : M : {y} = np.apply_along_axis(lambda r: r[0] * np.sum(r), 0, {a})
""",
    ),
    *_rows(
        "python complex",
        """
complex() : P P : {y} = complex({a}, {b})
complex(x) : P : {y} = complex({a}) * 2j
python complex abs : C : {y} = abs({a})
python complex pow : C : {y} = {a} ** {2|0.5|-1}
python complex parts : C : {y} = {a}.real * {a}.imag
python complex divide : P : {y} = 1 / (1 + 2j * {a})
python negative root : N : {y} = ({a} - 5) ** 0.5
python complex conj : C : {y} = {a}.conjugate() * {a}
cmath : P : {y} = cmath.{exp|sqrt|sin|phase|log}({a} + 1j)
cmath polar : C : {y}, {z} = cmath.polar({a})
python complex sum : C : {y} = sum([{a}, {a} * 1j], 0j)
python complex compare : C : {y} = {a} if {a} == {a} else 0.0
python complex to array : C : {y} = np.array([{a}, 1.0])
""",
    ),
    *_rows(
        "linalg",
        """
@ : M V : {y} = {a} @ {b}
@ matrices : M M : {y} = {a} @ {b}
@ vectors : V V : {y} = {a} @ {b}
@ strided : M V : {y} = {a}[::-1, ::-1] @ {b}
np.dot : A A : {y} = np.dot({a}, {b})
np.inner : A A : {y} = np.inner({a}, {b})
np.outer : A A : {y} = np.outer({a}, {b})
np.vdot : V V : {y} = np.vdot({a}, {b})
np.tensordot : M M : {y} = np.tensordot({a}, {b}, axes={0|1})
np.tensordot number : V N : {y} = np.tensordot({a}, {b}, axes=0)
np.kron : A A : {y} = np.kron({a}, {b})
np.cross : V V : {y} = np.cross({a}, {b})
np.trace : M : {y} = np.trace({a})
np.einsum product : M V : {y} = np.einsum("ij,j->i", {a}, {b})
np.einsum outer : V V : {y} = np.einsum("i,j", {a}, {b})
np.einsum diagonal : Q : {y} = np.einsum("ii->i", {a})
np.matmul out : Q : {y} = np.zeros_like({a})⏎np.matmul({a}, {a}, out={y})
multi_dot : Q V : {y} = np.linalg.multi_dot([{a}, {a}, {b}])
det : Q : {y} = np.linalg.det({a})
slogdet : Q : {y} = np.linalg.slogdet({a})[1]
inv : Q : {y} = np.linalg.inv({a} + 3 * np.eye(len({a})))
solve : Q V : {y} = np.linalg.solve({a} + 3 * np.eye(len({a})), {b})
norm : A : {y} = np.linalg.norm({a})
norm ord : M : {y} = np.linalg.norm({a}, {1|np.inf|"fro"|2|"nuc"})
norm axis : M : {y} = np.linalg.norm({a}, axis={ax})
norm vector : V : {y} = np.linalg.norm({a}, {1|3|np.inf|2})
matrix_power : Q : {y} = np.linalg.matrix_power({a}, {2|3|0|-1})
eigvalsh : Q : {y} = np.linalg.eigvalsh({a} + {a}.T)
eigh : Q : {y}, {t} = np.linalg.eigh({a} + {a}.T)⏎{z} = {t} ** 2
eigvals : Q : {y} = np.sort(np.abs(np.linalg.eigvals({a})))
svdvals : M : {y} = np.linalg.svd({a}, compute_uv=False)
svd : M : {t}, {y}, {u} = np.linalg.svd({a}, full_matrices=False)⏎{z} = {t} @ np.diag({y}) @ {u}
qr : M : {t}, {u} = np.linalg.qr({a})⏎{y} = {t} @ {u}⏎{z} = np.abs({u})
cholesky : Q : {y} = np.linalg.cholesky({a} @ {a}.T + 2 * np.eye(len({a})))
pinv : M : {y} = np.linalg.pinv({a})
lstsq : M V : {y} = np.linalg.lstsq({a}, {b}, rcond=None)[0]
cond : Q : {y} = np.linalg.cond({a})
matrix_rank : M : {y} = {a} * np.linalg.matrix_rank({a})
backsub : Q V : {y} = np.zeros_like({b})⏎for i in reversed(range(len({b}))):⏎    {y}[i] = ({b}[i] - {a}[i, i + 1 :] @ {y}[i + 1 :]) / (3 + {a}[i, i] ** 2)
gram schmidt : Q : {y} = {a} * 1.0⏎for i in range(len({y})):⏎    {y}[i] /= np.sqrt({y}[i] @ {y}[i] + 1)⏎    {y}[i + 1 :] -= np.outer({y}[i + 1 :] @ {y}[i], {y}[i])
""",
    ),
    *_rows(
        "fft",
        """
fft : A : {y} = np.fft.fft({a})
fft of picked : V : {y} = np.fft.fft({a}[{idx}])
ifft : A : {y} = np.fft.ifft({a})
rfft : D : {y} = np.fft.rfft({a})
irfft : V : {y} = np.fft.irfft(np.fft.rfft({a}), len({a}))
fft2 : M : {y} = np.fft.fft2({a})
fft n : V : {y} = np.fft.fft({a}, n={2|5}, norm="ortho")
fftshift : A : {y} = np.fft.fftshift({a})
fft power : V : {y} = np.abs(np.fft.rfft({a})) ** 2
hfft : V : {y} = np.fft.hfft({a})
""",
    ),
    *_rows(
        "polynomials",
        """
np.polyval : R : {y} = np.polyval([1.0, -2.0, 0.5], {a})
np.polyval both : V N : {y} = np.polyval({a}, {b})
np.polyfit : V : {y} = np.polyfit(np.arange(len({a})) * 1.0, {a}, 1)
np.poly : V : {y} = np.poly({a})
np.polyder : V : {y} = np.polyder({a})
np.polyint : V : {y} = np.polyint({a})
np.polymul : V V : {y} = np.polymul({a}, {b})
np.polyadd : V V : {y} = np.polyadd({a}, {b})
np.roots : V : {y} = np.sort(np.abs(np.roots({a})))
chebval : R : {y} = np.polynomial.chebyshev.chebval({a}, [1.0, 0.5, 0.25])
Polynomial : V N : {y} = np.polynomial.Polynomial({a})({b})
""",
    ),
    *_rows(
        "not finite",
        """
log negative : R : {y} = np.log({a} * 0 - 1.0) + {a}
sqrt negative : R : {y} = np.sqrt(-np.abs({a}) - 1)
nan times : X : {y} = {a} * np.nan
nan element : D : {y} = {a} * 1.0⏎{y}[..., 0] = np.nan
nan sum : D : {y} = {a} * 1.0⏎{y}[..., 0] = np.nan⏎{z} = np.sum({y})
nan max : N : {y} = np.max(np.array([{a}, np.nan, 1.0]))
nan not chosen : R : {y} = np.where({a} > 100, np.nan, {a})
nan where : D : {t} = np.where({a} > 0, {a}, np.nan)⏎{y} = np.nansum({t})
nanmax of nan : D : {t} = {a} * 1.0⏎{t}[..., 0] = np.nan⏎{y} = np.nanmax({t})
nansum root : N : {y} = abs(np.nansum(np.array([{a}, -8.0]) ** (1 / 3)))
inf minus : X : {y} = np.inf - {a}
one over zero : D : {y} = 1 / ({a} * 0)
zero over zero : D : {t} = {a} - {a}⏎{y} = {t} / {t}
overflow : R : {y} = np.exp({a} * 0 + 800.0)
tanh of large : R : {y} = np.tanh({a} * 1e3) + {a}
arctan inf : R : {y} = np.arctan(np.inf * np.sign({a})) + {a}
min inf : R : {y} = np.minimum({a}, np.inf)
isnan : X : {y} = np.isnan({a}) * 1.0 + {a}
isfinite : X : {y} = {a} if np.all(np.isfinite({a})) else {a} * 0.5
std of one : V : {y} = np.std({a}[:1], ddof=1)
mean of empty : V : {y} = {a}[:0].mean()
sum of empty : V : {y} = {a}[:0].sum() + {a}[0]
sort nan : V : {t} = {a} * 1.0⏎{t}[0] = np.nan⏎{y} = np.sort({t})
zero times inf : R : {y} = ({a} * 0.0) * 1e308 * 10 + {a}
sqrt zero : R : {y} = np.sqrt({a} * 0.0) + {a}
abs zero : R : {y} = np.abs({a} - {a}) + {a}
""",
    ),
]

SMOOTH = {"arithmetic", "ufunc", "loops", "branches", "indexing", "views", "stores", "in place",
          "aliases", "shapes", "cumulative", "reductions", "joining", "makers", "methods"}  # fmt: skip
NOT_FINITE = {"store nan", "number over zero", "nanmax of nan", "np.resize", "overflow"}
# Python's own choices among equal numbers: the slope is that of the one that is taken, also where the
# result is smooth, as that of the second of three of which two are the same number.
CHOOSING = {"heapq", "sorted by", "sorted numbers"}
LAPACK = {"linalg", "polynomials"}  # kinds of steps
LIFTED = {
    "type is float",
    "type is ndarray",
    "dunder constant",
}  # what code that is not lifted sees through
STEPS = {step.name: step for step in TABLE}
KINDS = sorted({step.kind for step in TABLE})
assert len(STEPS) == len(TABLE), "two steps of one name"
