"""Kernel surfaces: shape chosen with some of the points, then as many points as time allows."""

import time
from dataclasses import dataclass, replace
from math import log2

import torch

from pes.data import Dataset, Split
from pes.descriptors.invariants import pair_permutations
from pes.potential import kernel_surface
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.automatic.trial import FitBudget, Trial, measure, started
from pes.setup.training.settings import KernelForm, TrainingSettings
from pes.setup.training.starting_surface import MIB
from pes.units import ANGSTROM

__all__ = ["KernelStart", "first_kernels", "larger_kernels"]

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
SLOPES = 0.3, 2.0
"""Powers of the number of points with which errors fall, at least and at most."""
SPEEDS = 0.5, 4.0
"""Speeds in units of `RATE`, at least and at most."""
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
        assert isinstance(form, KernelForm)
        return form.centres

    def expected(self, centres: int) -> float:
        """Validation error of so many centres, cm⁻¹, to be compared with other forms."""
        fewer = self.centres or centres
        return self.form.price * self.trial.measure * (fewer / centres) ** self.slope


def first_kernels(
    dataset: Dataset,
    parts: Split,
    summary: PointSummary,
    settings: TrainingSettings,
    budget: FitBudget,
    device: torch.device,
) -> KernelStart | None:
    """A fit to the energies that takes little time; None where kernels are too dear.

    Args:
        dataset: labelled points.
        parts: rows of each part; training and validation points are fitted together.
        summary: properties of the points.
        settings: seed and memory.
        budget: CPU time.
        device: device of the fit.
    """
    elements, count = summary.elements, summary.count
    if len(elements) > MOST_ATOMS or count < FEWEST:
        return None
    images = len(pair_permutations(elements))
    energies = replace(dataset, forces=None)
    fits = len(LENGTHS) + len(WIDTHS) + len(NOISES) - 2
    sample = min(SAMPLE, count)
    while sample >= FEWEST and fits * _seconds(sample, sample, images) > CHOICE * budget.left:
        sample //= 2
    if sample < FEWEST:
        return None
    rows = torch.cat((parts.train, parts.validation))
    draw = rows[torch.randperm(count, generator=torch.Generator().manual_seed(settings.seed))]
    chosen = _chosen(energies.select(draw[:sample]), elements, device, budget)
    sizes = _sizes(count, settings.memory)
    usable = [n for n in sizes if _seconds(count, n, images) <= FIRST * budget.left]
    if chosen is None or not usable:
        return None
    form, error = chosen
    half = _error(form, energies.select(draw[: sample // 2]), elements, device)
    trial = _trial(_sized(form, usable[-1], count), energies, parts, settings, device)
    if trial is None:
        return None
    speed = _seconds(count, usable[-1], images) / max(trial.seconds, 1e-3)
    return KernelStart(
        trial, form, min(max(log2(half / error), SLOPES[0]), SLOPES[1]) if error > 0 else SLOPES[0],
        min(max(speed, SPEEDS[0]), SPEEDS[1]),
    )  # fmt: skip


def larger_kernels(
    start: KernelStart, dataset: Dataset, parts: Split, summary: PointSummary,
    settings: TrainingSettings, budget: FitBudget, device: torch.device, hope: float,
) -> Trial | None:  # fmt: skip
    """The fit with as many centres as there is time for, where it may become the best surface.

    Where it may not, one that takes little time is made all the same: forecasts are rough.

    Args:
        start: first surface.
        dataset: labelled points.
        parts: rows of each part.
        summary: properties of the points.
        settings: seed and memory.
        budget: CPU time.
        device: device of the fit.
        hope: error in cm⁻¹ to expect of the best other surface.
    """
    if start.centres is None:
        return None
    count, images = summary.count, len(pair_permutations(summary.elements))
    sizes = {n: _seconds(count, n, images) for n in _sizes(count, settings.memory)}
    seconds = budget.left * start.speed
    # All points may take less time than half of them.
    centres = max((n for n in sizes if sizes[n] <= LAST * seconds), default=0)
    if start.expected(max(centres, 1)) >= hope:
        centres = max((n for n in sizes if sizes[n] <= CHEAP * seconds), default=0)
    if centres <= start.centres:
        return None
    form = _sized(start.form, centres, count)
    return _trial(form, replace(dataset, forces=None), parts, settings, device)


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


def _trial(
    form: KernelForm, dataset: Dataset, parts: Split, settings: TrainingSettings,
    device: torch.device,
) -> Trial | None:  # fmt: skip
    """One fit, with more noise where the points are too close to each other."""
    begun = time.process_time()
    while form.noise < LARGEST_NOISE:
        number = "all" if form.centres is None else f"{form.centres:,}"
        name = f"kernels at {number} points, length {form.length:g} A, width {form.width:g}"
        try:
            trial = started(name, dataset, parts, replace(settings, form=form), device)
            return replace(trial, seconds=time.process_time() - begun)
        except ValueError:
            form = replace(form, noise=max(10 * form.noise, 1e-14))
    return None
