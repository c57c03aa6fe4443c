"""Starting surface of a fit: a linear one is fitted here, a network still untrained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from pes.data import Dataset
from pes.data.dataset import joined
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import NeuralSurface, kernel_surface, neural_surface
from pes.potential.least_squares import RIDGES
from pes.setup.training.planning.choices import FitChoice, LinearChoice
from pes.setup.training.planning.frozen_baseline import frozen_baseline
from pes.setup.training.planning.settings import (
    KernelForm,
    LinearBaseline,
    LinearForm,
    NetworkForm,
    TrainingSettings,
    point_weights,
)
from pes.setup.training.planning.shapes import shapes
from pes.training.linear import LinearCandidate, fit_linear, fit_linear_left_out
from pes.training.loss import balanced_force_weight
from pes.units import ANGSTROM

__all__ = ["MIB", "StartingSurface", "fitted_numbers", "starting_surface"]

MIB = 2**20

Row = dict[str, float | str | None]
L = TypeVar("L", LinearForm, LinearBaseline)


@dataclass(frozen=True)
class StartingSurface:
    """Surface from which the epochs start; a linear surface needs none.

    Attributes:
        surface: fitted if it is linear, untrained if it is a network.
        choice: values that the points chose.
        remarks: candidates and choices, in words.
        candidates: the same as rows of a table.
        left_out: errors (B,) in hartree of a linear surface chosen by `leave_one_out` at each
            training and then each validation point that it has not seen.
        network: the surface once more if it is a network.
    """

    surface: nn.Module
    choice: FitChoice
    remarks: tuple[str, ...] = ()
    candidates: tuple[Row, ...] = ()
    left_out: Tensor | None = None
    network: NeuralSurface | None = None


def starting_surface(
    settings: TrainingSettings,
    training: Dataset,
    validation: Dataset,
    device: torch.device,
    known: FitChoice | None = None,
) -> StartingSurface:
    """Surface for the points; the test points take no part in any choice.

    Args:
        settings: form, weights and seed of the fit.
        training: points to fit.
        validation: points that choose.
        device: device of the fit.
        known: choices made before, used as they stand.

    Raises:
        ValueError: if the points are too few, or the baseline does not fit them.
    """
    sets = training.to(device), validation.to(device)
    form = settings.form
    return STARTS[form.kind](settings, form, sets, known)


def _linear_surface(
    settings: TrainingSettings,
    form: LinearForm,
    sets: tuple[Dataset, Dataset],
    known: FitChoice | None,
) -> StartingSurface:
    weight = settings.force_weight if known is None else known.force_weight
    if known is not None and known.linear is not None:
        form = _settled(form, known.linear)
    under = None if form.baseline is None else frozen_baseline(form.baseline, sets[0])
    left_out = None
    if form.chosen_by == "leave_one_out":
        surface, choice, tried, left_out = _fitted_left_out(settings, form, sets, under)
    else:
        surface, choice, tried = _fitted(settings, form, sets, weight, under)
    words, rows = _report("surface", form, tried)
    return StartingSurface(surface, FitChoice(choice, choice.force_weight), words, rows, left_out)


def _kernel_surface(
    settings: TrainingSettings,
    form: KernelForm,
    sets: tuple[Dataset, Dataset],
    _: FitChoice | None,
) -> StartingSurface:
    points = joined(sets)
    if points.forces is not None:
        raise ValueError(
            "`surface: kernel` is fitted to energies alone; leave the forces out (`data.forces: "
            "false`) or take another form"
        )
    surface, left_out = kernel_surface(
        Molecule(points.symbols).elements, points.positions, points.energies,
        length=form.length * ANGSTROM, width=form.width, noise=form.noise, centres=form.centres,
        weights=point_weights(settings.weights, points, sets[0].energies.min()),
        memory=settings.memory * MIB, seed=settings.seed,
    )  # fmt: skip
    line = (
        f"kernels at {len(surface.coefficients):,} of {len(points):,} points, length "
        f"{form.length:g} A, width {form.width:g}, noise {form.noise:.0e}"
    )
    return StartingSurface(surface, FitChoice(), (line,), left_out=left_out)


def _network(
    settings: TrainingSettings,
    form: NetworkForm,
    sets: tuple[Dataset, Dataset],
    known: FitChoice | None,
) -> StartingSurface:
    train = sets[0]
    baseline, choice, words, rows = None, None, (), ()
    if (linear := form.linear_baseline) is not None:
        if known is not None and known.linear is not None:
            linear = replace(_settled(linear, known.linear), force_weight=known.linear.force_weight)
        baseline, choice, tried = _fitted(settings, linear, sets, linear.force_weight)
        words, rows = _report("baseline", linear, tried)
    elif form.fixed_baseline is not None:
        baseline = frozen_baseline(form.fixed_baseline, train)
    elements = Molecule(train.symbols).elements
    descriptor = Invariants(
        elements, form.degree, length=form.length * ANGSTROM, variable=form.variable
    )
    network = neural_surface(
        descriptor.to(train.positions.device), train.positions, train.energies,
        hidden=form.hidden, activation=form.activation, baseline=baseline, seed=settings.seed,
    )  # fmt: skip
    weight = settings.force_weight
    if weight is None and known is not None:
        weight = known.force_weight
    if weight is None and train.forces is not None:
        weight = balanced_force_weight(network, train) / ANGSTROM**2
    return StartingSurface(network, FitChoice(choice, weight), words, rows, network=network)


STARTS: Mapping[str, Callable[..., StartingSurface]] = {
    "linear": _linear_surface, "kernel": _kernel_surface, "neural": _network,
}  # fmt: skip
"""Starting surface of each kind of form."""


def _settled(form: L, choice: LinearChoice) -> L:
    return replace(form, degree=choice.degree, length=choice.length, ridge=choice.ridge)


def _fitted(
    settings: TrainingSettings,
    form: LinearForm | LinearBaseline,
    sets: tuple[Dataset, Dataset],
    force_weight: float | None,
    under: nn.Module | None = None,
) -> tuple[nn.Module, LinearChoice, list[LinearCandidate]]:
    """The frozen linear fit, the values chosen for it, and everything that was tried."""
    train, validation = sets
    descriptors = _descriptors(form, train)
    lowest = train.energies.min()
    try:
        surface, tried = fit_linear(
            descriptors, train, validation,
            ridges=RIDGES if form.ridge == "auto" else [form.ridge],
            train_weights=point_weights(settings.weights, train, lowest),
            validation_weights=point_weights(settings.weights, validation, lowest),
            force_weight=None if force_weight is None else force_weight * ANGSTROM**2,
            baseline=under, memory=settings.memory * MIB,
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(f"linear fit: {error}") from None
    best = min(tried, key=lambda one: one.validation_cm1 or 0)
    weight = None if train.forces is None else tried[0].force_weight / ANGSTROM**2
    choice = LinearChoice(*shapes(form.degree, form.length)[best.index], best.ridge, weight)
    return surface.requires_grad_(False), choice, tried


def _fitted_left_out(
    settings: TrainingSettings,
    form: LinearForm,
    sets: tuple[Dataset, Dataset],
    under: nn.Module | None,
) -> tuple[nn.Module, LinearChoice, list[LinearCandidate], Tensor]:
    """The linear fit to the points of both sets, and its errors at points left out."""
    points = joined(sets)
    try:
        surface, tried, left_out = fit_linear_left_out(
            _descriptors(form, points), points,
            ridges=RIDGES if form.ridge == "auto" else [form.ridge],
            weights=point_weights(settings.weights, points, sets[0].energies.min()),
            baseline=under, memory=settings.memory * MIB,
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(f"linear fit: {error}") from None
    best = min(tried, key=lambda one: one.validation_cm1 or 0)
    choice = LinearChoice(*shapes(form.degree, form.length)[best.index], best.ridge)
    return surface.requires_grad_(False), choice, tried, left_out


def _descriptors(form: LinearForm | LinearBaseline, points: Dataset) -> list[Invariants]:
    elements = Molecule(points.symbols).elements
    return [
        Invariants(elements, degree, length=length * ANGSTROM, variable=form.variable).to(
            points.positions.device
        )
        for degree, length in shapes(form.degree, form.length)
    ]


def _report(
    name: str, form: LinearForm | LinearBaseline, tried: list[LinearCandidate]
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Candidates in words and as rows of a table."""
    values = shapes(form.degree, form.length)
    rows: tuple[Row, ...] = tuple(
        {
            "of": name, "degree": values[one.index][0], "length_angstrom": values[one.index][1],
            "coefficients": one.coefficients, "ridge": ridge, "validation_cm1": error,
        }
        for one in tried
        for ridge, error in (one.by_ridge or {one.ridge: one.validation_cm1}).items()
    )  # fmt: skip
    best = min(tried, key=lambda one: one.validation_cm1 or 0)
    lines = []
    for one in tried:
        degree, length = values[one.index]
        error = "" if one.validation_cm1 is None else f", validation {one.validation_cm1:.4f} cm-1"
        chosen = ": chosen" if len(tried) > 1 and one is best else ""
        lines.append(
            f"linear {name} of degree {degree}, length {length:g} A, {one.coefficients} "
            f"coefficients: ridge {one.ridge:.0e}{error}{chosen}"
        )
    return tuple(lines), rows


def fitted_numbers(surface: nn.Module) -> int:
    """Number of parameters of a surface that the fit determines, its baseline apart."""
    baseline = getattr(surface, "baseline", None)
    under = 0 if baseline is None else sum(p.numel() for p in baseline.parameters())
    return sum(p.numel() for p in surface.parameters()) - under
