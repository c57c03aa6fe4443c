"""Networks worth trying for a data set, the most promising first."""

from dataclasses import dataclass
from math import comb

from pes.descriptors import Invariants
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.settings import LinearBaseline, NetworkForm
from pes.training.optimizers.choice import iteration_flops

__all__ = ["Candidate", "candidates", "epoch_seconds"]

WIDTHS = (6, 10, 14, 20, 28, 40)
"""Units of each of the two hidden layers."""
USUAL = 20
"""Width to begin with where points and time allow it."""
RATE = 2e10
"""Operations of Levenberg-Marquardt in a CPU second, before the first epochs have shown it."""
ENOUGH = 150
"""Epochs of Levenberg-Marquardt without which a network is not worth starting."""
MOST_MONOMIALS = 20_000
FAR = 2.0
"""a of exp(−r/a) in Å for atoms that go far apart: at 1 Å the last 15 Å would be all alike."""


@dataclass(frozen=True)
class Candidate:
    """A network to try.

    Attributes:
        form: network.
        parameters: number of its parameters.
        forces: whether it is fitted to the forces too.
    """

    form: NetworkForm
    parameters: int
    forces: bool = False

    def __str__(self) -> str:
        base = self.form.baseline
        under = ""
        if isinstance(base, LinearBaseline):
            under = f" on a linear surface of degree {base.degree}"
        return (
            f"network {'-'.join(map(str, self.form.hidden))}, invariants of degree "
            f"{self.form.degree}, length {self.form.length:g} A{under}"
            f"{', with forces' if self.forces else ''}"
        )


def epoch_seconds(rows: int, parameters: int, rate: float = RATE) -> float:
    """CPU seconds of an epoch of Levenberg-Marquardt for M rows and P parameters."""
    return iteration_flops(rows, parameters) / rate


def candidates(
    summary: PointSummary, points: int, seconds: float, *, rate: float = RATE
) -> list[Candidate]:
    """Networks that suit the points and the time, the most promising first.

    Args:
        summary: properties of the points.
        points: number of points that each is to fit.
        seconds: CPU time for the fit of one of them.
        rate: operations in a CPU second.
    """
    degree, length = summary.smallest_degree, FAR if summary.dissociating else 1.0
    atoms = len(summary.elements)
    usual = _width(summary, degree, points, seconds, rate)
    if usual is None:
        return []
    shapes = [(degree, length, usual), (degree + 1, length, usual)]
    place = WIDTHS.index(usual)
    if place + 1 < len(WIDTHS):
        shapes.append((degree, length, WIDTHS[place + 1]))
    if place:
        shapes.append((degree, length, WIDTHS[place - 1]))
    shapes.append((degree, 1.0 if summary.dissociating else 1.5, usual))
    tried = [_candidate(summary, *shape) for shape in shapes]
    if atoms > 3:
        tried.append(_candidate(summary, degree, length, usual, LinearBaseline(degree=degree + 1)))
    return [
        one for one in tried
        if one is not None and ENOUGH * epoch_seconds(points, one.parameters, rate) <= seconds
    ]  # fmt: skip


def _width(
    summary: PointSummary, degree: int, points: int, seconds: float, rate: float
) -> int | None:
    """Largest width up to the usual one for which there are points and time."""
    for width in reversed(WIDTHS[: WIDTHS.index(USUAL) + 1]):
        one = _candidate(summary, degree, 1.0, width)
        if one is None:
            return None
        timely = ENOUGH * epoch_seconds(points, one.parameters, rate) <= seconds
        if one.parameters <= points and timely:
            return width
    return None


def _candidate(
    summary: PointSummary,
    degree: int,
    length: float,
    width: int,
    baseline: LinearBaseline | None = None,
) -> Candidate | None:
    pairs = comb(len(summary.elements), 2)
    if comb(pairs + degree, degree) > MOST_MONOMIALS:
        return None
    inputs = Invariants(summary.elements, degree).size
    form = NetworkForm(degree=degree, length=length, hidden=(width, width), baseline=baseline)
    return Candidate(form, width * (inputs + 1) + width * (width + 1) + width + 1)
