"""Networks worth trying for a data set, the most promising first."""

from dataclasses import dataclass, replace
from math import comb

from pes.descriptors import Invariants
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.planning.settings import LinearBaseline, NetworkForm
from pes.training.optimizers.choice import iteration_flops
from pes.training.projection import reachable_rank

__all__ = ["RATE", "VARIABLE_NAMES", "Candidate", "candidates", "neighbours"]

WIDTHS = (4, 6, 8, 11, 15, 20, 28, 40)
"""Units of each of the two hidden layers."""
USUAL = 20
"""Width to begin with where points and time allow it."""
RATE = 2e10
"""Operations of Levenberg-Marquardt in a CPU second, before the first epochs have shown it."""
MEETING, ENOUGH = 60, 40
"""Epochs of Levenberg-Marquardt in the contest, and then with all points, without which a network
is not worth starting."""
SAMPLE, MULTIPLE = 4000, 6
"""Points of the contest at most, and for each parameter: enough to tell the networks apart."""
FEW = 3000
"""Points up to which their forces are worth the time that they take in a network."""
FULLEST = 1.0
"""Parameters of a network for each residual at most."""
MOST_MONOMIALS = 20_000
VARIABLE_NAMES = {"morse": "", "inverse": " in 1/r", "cosine": " in bonds and angle"}
FAR = 2.0
"""a of exp(−r/a) in Å for atoms that go far apart: at 1 Å the last 15 Å would be all alike."""


@dataclass(frozen=True)
class Candidate:
    """A network to try.

    Attributes:
        form: network.
        elements: element of each atom.
        forces: whether it is fitted to the forces too.
    """

    form: NetworkForm
    elements: tuple[str, ...]
    forces: bool = False

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return Invariants(self.elements, self.form.degree).size

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        width = self.form.hidden[0]
        return width * (self.inputs + 1) + width * (width + 1) + width + 1

    def rows(self, points: int) -> int:
        """Residuals of so many points."""
        rank = reachable_rank(self.inputs, 3 * len(self.elements)) if self.forces else 0
        return points * (1 + rank)

    def meeting(self, points: int) -> int:
        """Number of points used in the contest: all of them unless there are many."""
        some = max(SAMPLE, MULTIPLE * self.parameters)
        return points if points <= 1.5 * some else some

    def least(self, points: int) -> float:
        """CPU seconds without which the network is not worth starting."""
        return MEETING * self.epoch(self.meeting(points)) + ENOUGH * self.epoch(points)

    def epoch(self, points: int, rate: float = RATE) -> float:
        """CPU seconds of an epoch of Levenberg-Marquardt, at a rate of operations per second."""
        return iteration_flops(self.rows(points), self.parameters) / rate

    def __str__(self) -> str:
        under = ""
        if (base := self.form.linear_baseline) is not None:
            under = f" on a linear surface of degree {base.degree}"
        return (
            f"network {'-'.join(map(str, self.form.hidden))}, invariants of degree "
            f"{self.form.degree}{VARIABLE_NAMES[self.form.variable]}, length "
            f"{self.form.length:g} A{under}"
            f"{', with forces' if self.forces else ''}"
        )


def candidates(summary: PointSummary, points: int, seconds: float) -> list[Candidate]:
    """Networks that suit the points and the time, the most promising first.

    Args:
        summary: properties of the points.
        points: number of points that each is to fit.
        seconds: CPU time for the fit of one of them.
    """
    degree, length = summary.smallest_degree, FAR if summary.dissociating else 1.0
    first = _widest(summary, NetworkForm(degree=degree, length=length), points, seconds)
    if first is None:
        return []
    form = first.form
    higher = replace(form, degree=degree + 1)
    shapes = [form, higher, replace(form, length=1.0 if summary.dissociating else 1.5)]
    if summary.angle:
        shapes = [*(replace(one, variable="cosine") for one in (form, higher)), higher, form]
    if len(summary.elements) > 3:
        shapes.append(replace(form, baseline=LinearBaseline(degree=degree + 1)))
    tried = [Candidate(shape, summary.elements) for shape in shapes if _possible(summary, shape)]
    if summary.forces and points <= FEW:
        wide = (_widest(summary, one.form, points, seconds, forces=True) for one in tried[:2])
        tried = [*(one for one in wide if one is not None), *tried]
    return [one for one in tried if one.least(points) <= seconds]


def neighbours(candidate: Candidate) -> list[Candidate]:
    """The same network a little narrower and a little wider."""
    place = WIDTHS.index(candidate.form.hidden[0])
    widths = [WIDTHS[k] for k in (place - 1, place + 1) if 0 <= k < len(WIDTHS)]
    return [replace(candidate, form=replace(candidate.form, hidden=(w, w))) for w in widths]


def _widest(
    summary: PointSummary, form: NetworkForm, points: int, seconds: float, *, forces: bool = False
) -> Candidate | None:
    """Network of the largest width, up to the usual one, for which there are points and time."""
    if not _possible(summary, form):
        return None
    for width in reversed(WIDTHS[: WIDTHS.index(USUAL) + 1]):
        one = Candidate(replace(form, hidden=(width, width)), summary.elements, forces)
        if one.parameters <= FULLEST * one.rows(points) and one.least(points) <= seconds:
            return one
    return None


def _possible(summary: PointSummary, form: NetworkForm) -> bool:
    pairs = comb(len(summary.elements), 2)
    return comb(pairs + form.degree, form.degree) <= MOST_MONOMIALS
