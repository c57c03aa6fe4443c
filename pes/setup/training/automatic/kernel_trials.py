"""Kernel surfaces: shape chosen with some of the points, then as many points as time allows."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log2

import torch

from pes.data import Dataset
from pes.descriptors.invariants import pair_permutations
from pes.potential import kernel_surface
from pes.setup.training.automatic.task import FitTask
from pes.setup.training.automatic.trial import FitBudget, Trial, better, measure
from pes.setup.training.planning.settings import KernelForm
from pes.setup.training.planning.starting_surface import MIB
from pes.units import ANGSTROM

__all__ = ["KernelStart", "first_kernels", "larger_kernels", "last_kernels"]

LENGTHS, WIDTHS = (1.0, 0.7, 1.5, 2.2), (9.0, 5.0, 3.0, 2.0, 15.0)
NOISES = (1e-12, 1e-11, 1e-10, 1e-8)
"""a of exp(−r/a) in Å, width in spreads and noise to choose from, the usual ones first."""
SAMPLE, FEWEST = 1500, 40
"""Points that choose among them, and points without which no kernels are tried."""
CHOICE, FIRST, LAST, CHEAP = 0.1, 0.05, 0.7, 0.1
"""Shares of the time left for this choice, for a first surface, for the largest one, and for one
that is worth trying whatever is to be expected of it."""
RATE, KERNELS = 2e10, 3e7
"""Operations of linear algebra and kernels in a CPU second, before the first surface has shown
them."""
SMALLEST, STEP = 1000, 2
"""Fewest centres of a surface of more points, and the factor to the next number."""
SLOPES = 0.3, 1.0
"""Powers of the number of points with which errors fall, at least and at most: fits to some points
alone tell up to 2, but more centres lowered errors with powers of 0.2 to 0.9."""
SPEEDS = 0.5, 4.0
"""Speeds in units of `RATE`, at least and at most."""
REST = 0.8
"""Share of the time left for a fit after which no other is made."""
MOST_ATOMS = 6
LARGEST_NOISE = 1e-7


@dataclass(frozen=True, eq=False)
class KernelStart:
    """A first kernel surface, and what it tells about larger ones.

    Attributes:
        trial: its trial.
        form: length, width and noise chosen.
        slope: power of the number of centres with which errors fall.
        speed: measured, in units of `RATE`.
    """

    trial: Trial
    form: KernelForm
    slope: float
    speed: float

    @property
    def centres(self) -> int | None:
        """Number of centres; None for all points."""
        form = self.trial.plan.settings.form
        assert form.kind == "kernel"
        return form.centres

    def expected(self, centres: int) -> float:
        """Validation error of so many centres, cm⁻¹, to be compared with other forms."""
        fewer = self.centres or centres
        return self.form.price * self.trial.measure * (fewer / centres) ** self.slope


def first_kernels(task: FitTask) -> KernelStart | None:
    """A fit to the energies that takes little time; None where kernels take too long.

    Training and validation points are fitted together, and judged by leaving each out.
    """
    task = task.without_forces
    elements, count, left = task.summary.elements, task.summary.count, task.budget.left
    if len(elements) > MOST_ATOMS or count < FEWEST:
        return None
    images = len(pair_permutations(elements))
    fits = len(LENGTHS) + len(WIDTHS) + len(NOISES) - 2
    sample = min(SAMPLE, count)
    while sample >= FEWEST and fits * _seconds(sample, sample, images) > CHOICE * left:
        sample //= 2
    if sample < FEWEST:
        return None
    rows = torch.cat((task.parts.train, task.parts.validation))
    seed = torch.Generator().manual_seed(task.settings.seed)
    draw = rows[torch.randperm(count, generator=seed)]
    chosen = _chosen(task.dataset.select(draw[:sample]), elements, task.device, task.budget)
    sizes = _sizes(count, task.settings.memory)
    usable = [n for n in sizes if _seconds(count, n, images) <= FIRST * task.budget.left]
    if chosen is None or not usable:
        return None
    form, error = chosen
    half = _error(form, task.dataset.select(draw[: sample // 2]), elements, task.device)
    trial = _trial(_sized(form, usable[-1], count), task)
    if trial is None:
        return None
    speed = _seconds(count, usable[-1], images) / max(trial.seconds, 1e-3)
    return KernelStart(
        trial, form, min(max(log2(half / error), SLOPES[0]), SLOPES[1]) if error > 0 else SLOPES[0],
        min(max(speed, SPEEDS[0]), SPEEDS[1]),
    )  # fmt: skip


def larger_kernels(task: FitTask, start: KernelStart, hope: float) -> Trial | None:
    """The fit with as many centres as there is time for, where it may become the best surface.

    Where it may not, one that takes little time is made all the same: forecasts are rough.

    Args:
        task: points and time.
        start: first surface.
        hope: error in cm⁻¹ to expect of the best other surface.
    """
    if start.centres is None:
        return None
    count, images = task.summary.count, len(pair_permutations(task.summary.elements))
    sizes = {n: _seconds(count, n, images) for n in _sizes(count, task.settings.memory)}
    seconds = task.budget.left * start.speed
    # All points may take less time than half of them.
    centres = max((n for n in sizes if sizes[n] <= LAST * seconds), default=0)
    if start.expected(max(centres, 1)) >= hope:
        centres = max((n for n in sizes if sizes[n] <= CHEAP * seconds), default=0)
    if centres <= start.centres:
        return None
    return _trial(_sized(start.form, centres, count), task.without_forces)


def last_kernels(task: FitTask, best: Trial) -> Iterator[Trial]:
    """The best kernels with another noise, width and length, with the time that is left.

    Those of the first surface were chosen with some of the points.

    Args:
        task: points and time.
        best: best surface of all; nothing is tried if it is not one of kernels.
    """
    form = best.plan.settings.form
    if form.kind != "kernel":
        return
    for name, values in (("noise", NOISES), ("width", WIDTHS), ("length", LENGTHS)):
        for value in _beside(values, getattr(form, name)):
            if best.seconds > REST * task.budget.left:
                return
            other = replace(form, **{name: value})
            trial = _fitted(other, task.without_forces)
            if trial is None:
                continue
            yield trial
            if better(trial, best) is trial:
                best, form = trial, other


def _beside(values: Sequence[float], value: float) -> list[float]:
    """The next smaller and the next larger one of the values."""
    below, above = [v for v in values if v < value], [v for v in values if v > value]
    return [*([max(below)] if below else []), *([min(above)] if above else [])]


def _sized(form: KernelForm, centres: int, points: int) -> KernelForm:
    return replace(form, centres=None if centres == points else centres)


def _seconds(points: int, centres: int, images: int) -> float:
    """CPU seconds of a fit."""
    if points == centres:
        return images * points**2 / KERNELS + points**3 / RATE
    return 2 * images * points * centres / KERNELS + 4 * points * centres**2 / RATE


def _sizes(points: int, memory: int) -> list[int]:
    """Numbers of centres that the memory (MiB) allows, the last one all points if it does."""
    sizes, number = [], SMALLEST
    while number < points:
        sizes.append(number)
        number *= STEP
    most = int((memory * MIB / 16) ** 0.5)
    return [n for n in (*sizes, points) if n <= most]


def _chosen(
    some: Dataset, elements: tuple[str, ...], device: torch.device, budget: FitBudget
) -> tuple[KernelForm, float] | None:
    """Length, width and noise, one after the other, with which points left out come out best.

    Returns:
        The form and its error in cm⁻¹.
    """
    best, lowest = KernelForm(width=WIDTHS[0], noise=NOISES[0]), float("inf")
    tried = set()
    for name, values in (("length", LENGTHS), ("width", WIDTHS), ("noise", NOISES)):
        before = best
        for value in values:
            form = replace(before, **{name: value})
            if form in tried or budget.left == 0:
                continue
            tried.add(form)
            error = _error(form, some, elements, device)
            if error < lowest:
                best, lowest = form, error
    return (best, lowest) if lowest < float("inf") else None


def _error(
    form: KernelForm, some: Dataset, elements: tuple[str, ...], device: torch.device
) -> float:
    try:
        _, errors = kernel_surface(
            elements, some.positions.to(device), some.energies.to(device),
            length=form.length * ANGSTROM, width=form.width, noise=form.noise,
        )  # fmt: skip
    except ValueError:  # the matrix is singular but for noise
        return float("inf")
    return measure(errors)


def _trial(form: KernelForm, task: FitTask) -> Trial | None:
    """One fit, with more noise where the points are too close to each other."""
    begun = time.process_time()
    while form.noise < LARGEST_NOISE:
        trial = _fitted(form, task)
        if trial is not None:
            return replace(trial, seconds=time.process_time() - begun)
        form = replace(form, noise=max(10 * form.noise, 1e-14))
    return None


def _fitted(form: KernelForm, task: FitTask) -> Trial | None:
    """One fit; None where its matrix is singular or its energies would be rounded too much."""
    number = "all" if form.centres is None else f"{form.centres:,}"
    name = (
        f"kernels at {number} points, length {form.length:g} A, width {form.width:g}, "
        f"noise {form.noise:.0e}"
    )
    try:
        return task.started(name, replace(task.settings, form=form))
    except ValueError:
        return None
