"""Time and memory of levels with rotation, measured and said before they start."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time

import torch

from pes.memory import resident_memory
from pes.rovibration.coupling import rotated
from pes.rovibration.fields import RotationalFields, rotational_metric
from pes.rovibration.line import line_sizes
from pes.rovibration.reference import masses_of, reference_geometry
from pes.setup.machine.step_forecast import seconds_ahead
from pes.vibration.eigensolvers.shared_elements import by_matrix
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import axial_blocks

__all__ = ["RotationClock", "RotationForecast", "affordable", "matrix_memory", "rotation_forecast"]

PROBED = 512
"""Grid points whose inverse metric is timed."""

PRODUCTS = 9
"""Products with H for a state, begun with vectors of a smaller calculation."""

FEWER = 0.7
"""Time of functions left out, in that of all: two thirds of them on all points."""

OF_EACH_K = {"J = 0 states": 0.5, "coupling": 0.5, "fewer functions": 0.7}
"""Time where each K has states of its own, for one of them in that of all operators on it. Of a
triatomic four of the nine are zero, and each of the others joins K to some of its neighbours."""

OF_ALL_TURNS = 0.4
"""Time of the coupling of a linear molecule in that of all nine operators: it has five, each of
which joins K to some of its neighbours."""

OF_PAIR = 0.7
"""Time of the matrix of a block on a sparse grid, for each field of H, in that of the operators of
rotation on one state; with up to 500 functions in a block the points rule it."""

FACTORED = 4e10
"""Multiplications per second in eigenvalue problems, of n³ for n functions in one block."""

COPIES = 6
"""Matrices as large as H that are held at once."""


GROWING = ("J = 0 states", "coupling", "symmetry", "fewer functions")
"""Steps whose time is proportional to the number of states."""

LITTLE = 0.02
"""Part of the time spent that another J may take though the limit has passed: the states that it is
made of are most of the work."""

ENOUGH = 0.1
"""Part of a step after which its own speed says more than the forecast."""


@dataclass(frozen=True)
class RotationForecast:
    """Forecast of levels with rotation.

    Attributes:
        states: J = 0 states that are contracted.
        points: number of points of the grid.
        memory: bytes of the whole process at its peak.
        steps: CPU seconds of each step by its name, in their order.
    """

    states: int
    points: int
    memory: int
    steps: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """CPU seconds of all steps."""
        return sum(self.steps.values())

    def seconds_left(self, step: str, part: float, before: float, taken: float) -> float:
        """CPU seconds that are left.

        Args:
            step: step that runs.
            part: part of it that is done.
            before: CPU seconds of the steps before.
            taken: CPU seconds of this one.
        """
        here, later = seconds_ahead(self.steps, step, before)
        own = taken * (1 - part) / part if part > ENOUGH else max(here - taken, 0.0)
        return own + later

    def __str__(self) -> str:
        return (
            f"{self.states} J = 0 states on {self.points:,} points; about "
            f"{self.memory / 2**30:.2g} GiB in all and {max(self.seconds, 1.0):.0f} CPU-s"
        )


def rotation_forecast(
    levels: Levels, states: int, j: Sequence[int], *, axial: bool = False
) -> RotationForecast:
    """Steps of `contract_states` and of the levels of each J.

    Args:
        levels: J = 0.
        states: number of states contracted.
        j: values of J.
        axial: whether each K has states of its own.
    """
    h, count = levels.hamiltonian, len(levels.energies)
    image, point = _image_seconds(levels), _point_seconds(levels)
    more = PRODUCTS * max(states - count, 0) * image / 3
    steps = {
        "J = 0 states": more,
        "axes": len(h.potential) * point,
        "coupling": states * image,
        "symmetry": states * image / 3 if len(levels.bases) > 3 else 0.0,
        "fewer functions": FEWER * (PRODUCTS * image / 3 + image) * states,
        "states left out": count * image,
    }
    steps |= {f"J = {one}": 3 * (states * (2 * one + 1)) ** 3 / FACTORED / 4 for one in j}
    highest = max(j, default=0)
    if h.bends:
        steps |= _of_line(levels, states, highest, image)
    if axial:
        once = (highest + 1) * image
        steps |= {name: part * states * once for name, part in OF_EACH_K.items()}
        steps["states left out"] = count * once
    grid = 8 * len(h.potential) * (27 + 6 * h.modes)
    matrices = matrix_memory(states, highest) * ((highest + 1) / 2 if axial else 1)
    memory = resident_memory() + grid + int(matrices)
    return RotationForecast(states, len(h.potential), memory, steps)


def _of_line(levels: Levels, states: int, highest: int, image: float) -> dict[str, float]:
    """CPU seconds of steps that are others for a linear molecule in 3N − 5 coordinates."""
    h = levels.hamiltonian
    number, ks = line_sizes(levels, states, highest)
    fields = (h.modes + 1) * (h.modes + 2) / 2
    each = [_solved_in(replace(h, momentum=k), number, fields * image) for k in range(ks)]
    coupled = OF_ALL_TURNS * number * ks * image
    solved = [PRODUCTS * number * image / 3 if one is None else one for one in each]
    again = [FEWER * one for one, matrix in zip(solved, each, strict=True) if matrix is None]
    return {
        "J = 0 states": sum(solved) + 2 * sum(again), "coupling": coupled, "symmetry": 0.0,
        "fewer functions": sum(again) + coupled,
    }  # fmt: skip


def _solved_in(hamiltonian: Hamiltonian, states: int, pairs: float) -> float | None:
    """CPU seconds of the matrices of all blocks, None where these are solved by iterations."""
    blocks = axial_blocks(hamiltonian)
    few = all(by_matrix(block, states) for block in blocks)
    return OF_PAIR * pairs * len(blocks) if few else None


def affordable(forecast: RotationForecast, least: int, seconds: float) -> int:
    """Number of states whose contraction is likely to end in so many CPU seconds.

    Args:
        forecast: forecast of all states.
        least: number of states that there must be.
        seconds: CPU time of the contraction.
    """
    fixed = forecast.steps["axes"] + forecast.steps["states left out"]
    grows = sum(forecast.steps[name] for name in GROWING)
    if fixed + grows <= seconds:
        return forecast.states
    part = max(seconds - fixed, 0.0) / max(grows, 1e-9)
    return min(forecast.states, max(least, int(part * forecast.states)))


def matrix_memory(states: int, highest: int) -> int:
    """Bytes of the matrices of the largest J."""
    return COPIES * 8 * (states * (2 * highest + 1)) ** 2


def _image_seconds(levels: Levels) -> float:
    """CPU seconds of the operators of rotation on one state."""
    h = levels.hamiltonian
    begun = process_time()
    rotated(h, levels.eigenpairs.coefficients[:1], _unity(h), [(h.basis, range(9))])
    return process_time() - begun


def _unity(h: Hamiltonian) -> RotationalFields:
    """Fields that are one on the grid, and take no memory."""
    one, points = h.potential.new_ones(1, 1, 1), len(h.potential)
    return RotationalFields(
        one.expand(points, 3, 3), one.expand(points, h.modes, 3),
        torch.zeros(1, dtype=torch.bool).expand(points),
    )  # fmt: skip


def _point_seconds(levels: Levels) -> float:
    """CPU seconds of the inverse metric at a grid point."""
    q = levels.points[:: max(1, len(levels.points) // PROBED)]
    centre, begun = reference_geometry(levels), process_time()
    rotational_metric(levels.system, q, centre, masses_of(levels.system), "embedded")
    return (process_time() - begun) / len(q)


class RotationClock:
    """Sentences about what runs and the CPU time left.

    Attributes:
        forecast: forecast of the steps.
        say: called with each sentence.
        limit: CPU seconds in all.
    """

    def __init__(
        self, forecast: RotationForecast, say: Callable[[str], None], limit: float
    ) -> None:
        self.forecast, self.say, self.limit = forecast, say, limit
        self._start = self._begun = process_time()
        self._step = ""

    def report(self, step: str, part: float) -> None:
        """Say how far a step is."""
        now = process_time()
        if step != self._step:
            self._step, self._begun = step, now
        left = self.forecast.seconds_left(step, part, self._begun - self._start, now - self._begun)
        self.say(f"rotation: {step}, {100 * part:.0f} %; about {max(left, 1.0):.0f} CPU-s left")

    def allows(self, step: str) -> bool:
        """Whether a step may begin: it fits into the time left, or adds little to what is spent."""
        spent, more = process_time() - self._start, self.forecast.steps[step]
        return spent + more <= self.limit or more < LITTLE * spent
