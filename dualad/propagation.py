"""Propagation of errors through a model, by exact derivatives of first and second order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .models import (
    Floats,
    Model,
    is_container,
    joined,
    joined_twice,
    no_parameter,
    quotient,
    split,
)
from .pair import Function
from .sentences import counted
from .structure import element_labels, labelled_numbers
from .tables import ROWS, Report, Section, plain_lists
from .workers import Progress, Workers
from .wrappers import refuse_unless_callable

INPUTS = 10  # how many standard deviations of inputs are printed
DOUBT = 0.1  # from this share of the first order on, the second order counts


@dataclass(frozen=True, repr=False)
class Propagation(Report):
    """What `propagate` found; all by the labels of outputs and inputs.

    Attributes
    ----------
    title : str
        The name of the model.
    order : int
        1 or 2.
    input_std : dict
        The standard deviations of the inputs, floats or arrays.
    values : dict
        The outputs at the given inputs, floats or arrays.
    mean, std : dict
        Mean and standard deviation of each output; of the second order too with order=2.
    labels : list of str
        The numbers among the outputs, in the order of cov.
    cov : ndarray, shape (m, m)
        Their covariance.
    contributions : dict of dict
        contributions[output][input], shape out + in: what each input gives to the first-order
        variance. Their sum is that variance. With correlated inputs, a share may be negative:
        it is Jᵢ·(ΣJᵀ)ᵢ.
    bias, second_variance : dict or None
        With order=2: ½ tr(HΣ), by which the mean differs from the value; ½ tr(HΣHΣ), the part
        of the variance that the first order does not see.
    doubtful : dict or None
        With order=2: whether the curvature makes the first order doubtful: the bias is more than
        a tenth of the first-order standard deviation, or second_variance more than a tenth of
        the first-order variance, for any number of the output.
    """

    title: str
    order: int
    input_std: dict[str, Floats]
    values: dict[str, Floats]
    mean: dict[str, Floats]
    std: dict[str, Floats]
    labels: list[str]
    cov: NDArray[np.float64]
    contributions: dict[str, dict[str, Floats]]
    bias: dict[str, Floats] | None = None
    second_variance: dict[str, Floats] | None = None
    doubtful: dict[str, bool] | None = None

    _texts = ("output", "doubtful")

    def share_rows(self) -> Iterator[tuple[str, str, float]]:
        """(output, input, contribution) for each number among them."""
        for output, y in self.values.items():
            names = element_labels(output, np.shape(y))
            for p, block in self.contributions[output].items():
                shape = np.shape(block)[np.ndim(y) :]
                rows = np.reshape(block, (len(names), *shape))
                for name, row in zip(names, rows, strict=True):
                    for label, share in zip(element_labels(p, shape), np.ravel(row), strict=True):
                        yield name, label, float(share)

    def _sections(self, number: Callable[[float], str]) -> Iterator[Section]:
        columns: dict[str, list[str]] = {"output": self.labels, "mean": [], "std": []}
        for output, y in self.values.items():
            columns["mean"] += map(number, np.ravel(self.mean[output]))
            columns["std"] += map(number, np.ravel(self.std[output]))
            shares = {
                p: np.reshape(block, (np.size(y), -1)).sum(axis=1)
                for p, block in self.contributions[output].items()
            }
            variance = np.sum(list(shares.values()), axis=0)
            for p, share in shares.items():
                percent = np.round(quotient(100 * share, variance), 3)
                columns.setdefault(f"% {p}", []).extend(map(number, percent))
            if self.doubtful is not None:
                doubt = "yes" if self.doubtful[output] else "no"
                columns.setdefault("doubtful", []).extend([doubt] * np.size(y))
        assumed = [f"{n} {number(float(x))}" for n, x in labelled_numbers(self.input_std)]
        more = f" and {len(assumed) - INPUTS} more" if len(assumed) > INPUTS else ""
        notes = [f"Standard deviations assumed: {', '.join(assumed[:INPUTS])}{more}."]
        if len(self.labels) > ROWS:
            notes.append(f"… and {counted(len(self.labels) - ROWS, 'more number')}.")
        if self.order == 1:
            notes.append("First order only; order 2 shows whether curvature matters.")
        heading = f"{self.title}: uncertainty, and each input's share of the variance"
        shown = {title: cells[:ROWS] for title, cells in columns.items()}
        yield Section(heading, shown, "\n".join(notes))

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and floats."""
        found = {"model": self.title, "order": self.order, "labels": self.labels}
        found |= {f.name: getattr(self, f.name) for f in fields(self) if f.name != "title"}
        return {name: plain_lists(x) for name, x in found.items() if x is not None}


def propagate(
    f: Function,
    values: Any,
    cov: ArrayLike | None = None,
    std: Any = None,
    *,
    order: int = 1,
    chunk: int | None = None,
    lift: bool | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Propagation:
    """Mean and covariance of a model's outputs, for inputs with errors, by exact derivatives.

    To first order the covariance is J Σ Jᵀ. The second order adds, for inputs of a normal
    distribution, the bias ½ tr(HΣ) to the mean and ½ tr(HᵢΣHⱼΣ) to the covariance (as in the
    Guide to the Expression of Uncertainty in Measurement, 5.1.2, but with its correlations).

    Parameters
    ----------
    f : callable
        The model, as for `sensitivities`.
    values : dict, list, tuple, dataclass, namedtuple, array or number
        The means of the inputs, as for `sensitivities`.
    cov : array, shape (n, n), optional
        The covariance of all numbers among the inputs, in their order; a DataFrame that is
        labelled with their names may have another order.
    std : optional
        Instead of cov, the standard deviations of uncorrelated inputs: in the structure of
        values, or a dict with some of their names; the other inputs are exact. One number serves
        for a whole array.
    order : {1, 2}
        Of the expansion.
    lift : bool, optional
        As for `derivative`.
    chunk, workers, progress
        As for `jacobian`.

    Returns
    -------
    Propagation
        A report; print it.

    Raises
    ------
    TypeError
        If neither or both of cov and std are given, or f does not fit (see `sensitivities`).
    ValueError
        If cov is not a covariance matrix of these inputs, or a standard deviation is negative.

    Examples
    --------
    >>> p = propagate(lambda u, v: u + 2 * v, [1.0, 10.0], std=[0.1, 0.1])
    >>> p.mean["model"], round(p.std["model"], 12)
    (21.0, 0.22360679775)
    """
    refuse_unless_callable("propagate", f, "propagate(f, values, std=deviations)")
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"propagate: order is 1 or 2; got {order!r}.")
    if (cov is None) == (std is None):
        raise TypeError("propagate takes either cov, a matrix, or std, standard deviations.")
    if isinstance(cov, dict):
        raise TypeError(
            "propagate: cov is a matrix, got a dict; for standard deviations by name write "
            "propagate(f, at, std={...})."
        )
    model = Model("propagate", f, values, None, lift)
    units, sigma = _covariance(model, cov) if std is None else _variances(model, std)
    settings = {"chunk": chunk, "workers": workers, "progress": progress}
    outputs, derivatives = model.first_order(**settings)
    slopes = np.concatenate(
        [joined(derivatives[n], (np.size(y),), model.parameters) for n, y in outputs.items()]
    )
    slopes = slopes * units
    sizes = _power_of_2(np.max(np.abs(slopes), axis=1, initial=0))
    scaled = slopes / sizes[:, None]
    share, covariance = scaled * (scaled @ sigma), scaled @ sigma @ scaled.T
    cuts = np.cumsum([np.size(y) for y in outputs.values()])[:-1]
    shares = np.split(_times_squared(share, sizes), cuts)
    contributions = {
        n: split(part, np.shape(y), model.parameters)
        for (n, y), part in zip(outputs.items(), shares, strict=True)
    }
    mean = np.concatenate([np.ravel(y) for y in outputs.values()])
    second: dict[str, Any] = {}
    if order == 2:
        hessians = model.second_order(outputs, **settings)
        curvature = np.concatenate(
            [joined_twice(hessians[n], y, model.parameters) for n, y in outputs.items()]
        )
        spread = (curvature * units[:, None] * units) @ sigma
        bias = np.trace(spread, axis1=1, axis2=2) / 2
        more = np.einsum("ijk,lkj->il", spread, spread) / 2
        of_more = np.sqrt(np.diag(more))
        larger = np.where(of_more > sizes, _power_of_2(of_more), sizes)
        covariance = covariance * (sizes / larger)[:, None] * (sizes / larger)
        more_in_units, sizes = more / larger[:, None] / larger, larger
        first, of_second = np.diag(covariance), np.diag(more_in_units)
        doubtful = (np.abs(bias) > DOUBT * sizes * np.sqrt(np.maximum(first, 0))) | (
            of_second > DOUBT * first
        )
        second = {
            "bias": split(bias, (), outputs),
            "second_variance": split(np.diag(more), (), outputs),
            "doubtful": {n: bool(np.any(x)) for n, x in split(doubtful, (), outputs).items()},
        }
        mean, covariance = mean + bias, covariance + more_in_units
    return Propagation(
        model.name,
        order,
        split(units * np.sqrt(np.maximum(np.diag(sigma), 0)), (), model.parameters),
        outputs,
        split(mean, (), outputs),
        split(sizes * np.sqrt(np.maximum(np.diag(covariance), 0)), (), outputs),
        [label for label, _ in labelled_numbers(outputs)],
        covariance * sizes[:, None] * sizes,
        contributions,
        **second,
    )


# Squares of deviations may be too small or too large for floats where these are not: covariances
# are taken in units that are powers of 2, so that nothing is rounded.
Scaled = tuple[NDArray[np.float64], NDArray[np.float64]]  # the units, and the covariance in them


def _power_of_2(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The size of each number as a power of 2; of zero and infinity 1."""
    usual = np.isfinite(x) & (x != 0)
    return np.ldexp(1.0, np.where(usual, np.clip(np.frexp(x)[1], -1000, 1000), 0))


def _times_squared(x: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    return x * sizes[:, None] * sizes[:, None]


def _in_units(sigma: NDArray[np.float64]) -> Scaled:
    units = _power_of_2(np.sqrt(np.maximum(np.diag(sigma), 0)))
    return units, sigma / units[:, None] / units


def _ordered(model: Model, cov: Any) -> Any:
    """A labelled matrix, such as a DataFrame, in the order of the inputs."""
    if not (hasattr(cov, "index") and hasattr(cov, "columns") and hasattr(cov, "loc")):
        return cov
    rows, columns = list(cov.index), list(cov.columns)
    if rows == columns == list(range(len(rows))):  # no labels
        return cov
    labels = [label for label, _ in labelled_numbers(model.parameters)]
    if sorted(map(str, rows)) != sorted(labels) or sorted(map(str, columns)) != sorted(labels):
        raise ValueError(
            f"propagate: cov is labelled {', '.join(map(str, [*rows][:10]))}, but the inputs are "
            f"{', '.join(labels[:10])}; label rows and columns as these, or give cov.to_numpy()."
        )
    matrix = np.asarray(cov, float)
    return matrix[
        np.ix_(
            *([list(map(str, names)).index(label) for label in labels] for names in (rows, columns))
        )
    ]


def _covariance(model: Model, cov: ArrayLike | None) -> Scaled:
    """Check a covariance matrix."""
    n = sum(int(np.size(x)) for x in model.points)
    sigma = np.asarray(_ordered(model, cov), float)
    if sigma.shape != (n, n):
        labels = [label for label, _ in labelled_numbers(model.parameters)]
        raise ValueError(
            f"propagate: cov has shape {sigma.shape}, but the model has {counted(n, 'input')}, "
            f"{', '.join(labels[:10])}{', …' * (n > 10)}; give a matrix of shape {(n, n)}."
        )
    scale = float(np.max(np.abs(sigma), initial=0))
    if not np.all(np.isfinite(sigma)) or not np.allclose(
        sigma, sigma.T, rtol=1e-8, atol=1e-12 * scale
    ):
        raise ValueError("propagate: cov must be a symmetric matrix of finite numbers.")
    deviations = np.sqrt(np.maximum(np.diag(sigma), 0))
    unit = np.where(deviations > 0, deviations, 1)
    least = float(
        np.min(np.linalg.eigvalsh((sigma + sigma.T) / 2 / np.outer(unit, unit)), initial=0)
    )
    if least < -1e-8 * n:
        raise ValueError(
            f"propagate: cov has a negative eigenvalue ({least:.3g} of its correlations), so it is "
            "not a covariance matrix; did you give correlations or standard deviations?"
        )
    return _in_units(np.asarray((sigma + sigma.T) / 2))


def _variances(model: Model, std: Any) -> Scaled:
    """The covariance of uncorrelated inputs; those without a deviation are constants."""
    given = model.given
    is_list = type(given) in (list, tuple) and type(std) in (list, tuple)
    if (is_container(given) and not is_container(std)) or (is_list and len(std) != len(given)):
        raise TypeError(
            "propagate: std has the structure of values, or is a dict by name; got "
            f"{type(std).__name__}{f' of {len(std)} for {len(given)} values' if is_list else ''}."
        )
    same_record = type(std) is type(given) and type(std) not in (dict, list, tuple)
    known = {}
    for label, x, _ in model.labelled(std):
        if label in model.labels:
            known[label] = x
        elif not (same_record and label in model.all):  # a record has its constants too
            raise ValueError(f"propagate: std: {no_parameter(label, model.labels)}")
    known = {label: x for label, x in known.items() if x is not None}
    model.keep(known)
    deviations = []
    for label, point in zip(model.labels, model.points, strict=True):
        try:
            deviation = np.broadcast_to(np.asarray(known[label], float), np.shape(point))
        except (TypeError, ValueError):
            raise ValueError(
                f"propagate: std of {label} has to be a number, or an array of shape "
                f"{np.shape(point)}; got {known[label]!r}."
            ) from None
        if not np.all(deviation >= 0) or np.any(np.isinf(deviation)):
            raise ValueError(f"propagate: std of {label} is negative, infinite or nan.")
        deviations.append(np.ravel(deviation))
    widths = np.concatenate(deviations)
    units = _power_of_2(widths)
    return units, np.diag((widths / units) ** 2)
