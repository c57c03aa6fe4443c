"""Kernel surfaces: shape chosen with some of the points, then as many points as time allows."""

import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from pes.data import Dataset, Split
from pes.descriptors.invariants import pair_permutations
from pes.potential import kernel_surface
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.automatic.trial import FitBudget, Trial, measure, started
from pes.setup.training.settings import KernelForm, TrainingSettings
from pes.setup.training.starting_surface import MIB
from pes.units import ANGSTROM

__all__ = ["kernel_trials"]

LENGTHS, WIDTHS, NOISES = (1.0, 0.7, 1.5, 2.2), (9.0, 5.0, 3.0, 15.0), (1e-12, 1e-11, 1e-10, 1e-8)
"""a of exp(−r/a) in Å, width in spreads and noise to choose from, the usual ones first."""
SAMPLE, FEWEST = 1500, 40
"""Points that choose among them, and points without which no kernels are tried."""
CHOICE, FIRST, LAST = 0.1, 0.05, 0.4
"""Shares of the time left for this choice, for a first surface and for the largest one."""
RATE, KERNELS = 2e10, 3e7
"""Operations of linear algebra and kernels in a CPU second."""
SMALLEST, STEP = 1000, 2
"""Fewest centres of a surface of more points, and the factor to the next number."""
MOST_ATOMS = 6
LARGEST_NOISE = 1e-7


def kernel_trials(
    dataset: Dataset,
    parts: Split,
    summary: PointSummary,
    settings: TrainingSettings,
    budget: FitBudget,
    device: torch.device,
) -> Iterator[Trial]:
    """Fits to the energies: one soon, then the one with as many centres as there is time for.

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
        return
    images = len(pair_permutations(elements))
    energies = replace(dataset, forces=None)
    fits = len(LENGTHS) + len(WIDTHS) + len(NOISES) - 2
    sample = min(SAMPLE, count)
    while sample >= FEWEST and fits * _seconds(sample, sample, images) > CHOICE * budget.left:
        sample //= 2
    if sample < FEWEST:
        return
    rows = torch.cat((parts.train, parts.validation))
    draw = torch.randperm(count, generator=torch.Generator().manual_seed(settings.seed))
    form = _chosen(energies.select(rows[draw[:sample]]), elements, device, budget)
    most = int((settings.memory * MIB / 16) ** 0.5)
    sizes = [n for n in _sizes(count) if n <= most]
    done = 0
    for share in (FIRST, LAST):
        usable = [n for n in sizes if _seconds(count, n, images) <= share * budget.left]
        if form is None or not usable or usable[-1] <= done:
            continue
        done = usable[-1]
        trial = _trial(replace(form, centres=None if done == count else done), energies, parts,
                       settings, device)  # fmt: skip
        if trial is None:
            return
        yield trial


def _seconds(points: int, centres: int, images: int) -> float:
    """CPU seconds of a fit."""
    if points == centres:
        return images * points**2 / KERNELS + points**3 / RATE
    return 2 * images * points * centres / KERNELS + 4 * points * centres**2 / RATE


def _sizes(points: int) -> list[int]:
    """Numbers of centres, the last one all points."""
    sizes, number = [], SMALLEST
    while number < points:
        sizes.append(number)
        number *= STEP
    return [*sizes, points]


def _chosen(
    some: Dataset, elements: tuple[str, ...], device: torch.device, budget: FitBudget
) -> KernelForm | None:
    """Length, width and noise, one after the other, with which points left out come out best."""
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
    return best if lowest < float("inf") else None


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
