"""From a configuration and its points to the surface, fitted or to be trained, and the weights."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from pes.config import TrainConfig
from pes.config.surface import Linear, LinearSurface, StoredSurface
from pes.config.training import Column
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import NamedFunction, UserFunction, neural_surface
from pes.potential.least_squares import RIDGES
from pes.potential.linear import default_force_weight, left_by
from pes.setup.surfaces import load_potential
from pes.training.linear import Candidate, fit_linear
from pes.training.weights import WEIGHTS, column
from pes.units import ANGSTROM, CM1

__all__ = [
    "Beginning",
    "fitted_numbers",
    "leaves_open",
    "on_device",
    "point_weights",
    "prepared",
]

L = TypeVar("L", bound=Linear)


@dataclass(frozen=True)
class Beginning:
    """What a run starts its epochs from; a linear surface needs none.

    Attributes:
        surface: linear and fitted, or a network still untrained.
        config: every choice that was left open made.
        remarks: what was chosen and why.
        candidates: of a linear fit, for the summary.
        seconds: that the choice took.
    """

    surface: nn.Module
    config: TrainConfig
    remarks: tuple[str, ...]
    candidates: list[dict[str, float | str | None]]
    seconds: float


def prepared(
    config: TrainConfig, training: Dataset, validation: Dataset, device: torch.device
) -> Beginning:
    """Surface and resolved configuration for the points; the test points have no say.

    Raises:
        ValueError: if the points are too few, or the baseline does not fit them.
    """
    started = time.monotonic()
    sets = on_device(training, device), on_device(validation, device)
    surface = config.surface
    if isinstance(surface, LinearSurface):
        under = None if surface.baseline is None else _stored(surface.baseline, sets[0])
        wanted, found, tried = _linear(config, surface, sets, config.training.force_weight, under)
        weight = tried[0].force_weight / ANGSTROM**2 if sets[0].forces is not None else None
        config = _with(config, wanted, weight)
        choice = _choice("surface", surface, tried)
        return Beginning(found, config, *choice, time.monotonic() - started)
    baseline, remarks, candidates = None, (), []
    if isinstance(surface.baseline, StoredSurface):
        baseline = _stored(surface.baseline, sets[0])
    elif surface.baseline is not None:
        linear = surface.baseline
        wanted, baseline, tried = _linear(config, linear, sets, linear.force_weight)
        if sets[0].forces is not None:
            weight = tried[0].force_weight / ANGSTROM**2
            wanted = wanted.model_copy(update={"force_weight": weight})
        remarks, candidates = _choice("baseline", linear, tried)
        surface = surface.model_copy(update={"baseline": wanted})
    shape = surface.descriptor
    elements = Molecule(training.symbols).elements
    network = neural_surface(
        Invariants(
            elements, shape.degree, length=shape.length * ANGSTROM, variable=shape.variable
        ).to(device),
        sets[0].positions, sets[0].energies, hidden=surface.hidden,
        activation=surface.activation, baseline=baseline, seed=config.seed,
    )  # fmt: skip
    weight = config.training.force_weight
    if weight is None and sets[0].forces is not None:
        left = left_by(baseline, sets[0].positions, sets[0].energies, sets[0].forces)
        weight = default_force_weight(left[0], left[1]) / ANGSTROM**2
    seconds = time.monotonic() - started
    return Beginning(network, _with(config, surface, weight), remarks, candidates, seconds)


def _with(config: TrainConfig, surface: object, force_weight: float | None) -> TrainConfig:
    training = config.training.model_copy(update={"force_weight": force_weight})
    return config.model_copy(update={"surface": surface, "training": training})


def _linear(
    config: TrainConfig,
    wanted: L,
    sets: tuple[Dataset, Dataset],
    force_weight: float | None,
    under: nn.Module | None = None,
) -> tuple[L, nn.Module, list[Candidate]]:
    """The section with its choices made, the frozen fit, and what was tried."""
    train, validation = sets
    shapes = _shapes(wanted)
    descriptors = [
        Invariants(
            Molecule(train.symbols).elements, degree, length=length * ANGSTROM,
            variable=wanted.variable,
        ).to(train.positions.device)
        for degree, length in shapes
    ]  # fmt: skip
    lowest = train.energies.min()
    try:
        surface, tried = fit_linear(
            descriptors, train, validation,
            ridges=RIDGES if wanted.ridge == "auto" else [wanted.ridge],
            train_weights=point_weights(config, train, lowest),
            validation_weights=point_weights(config, validation, lowest),
            force_weight=None if force_weight is None else force_weight * ANGSTROM**2,
            baseline=under, memory=config.training.memory * 2**20,
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(f"linear fit: {error}") from None
    best = min(tried, key=lambda one: one.validation_cm1 or 0)
    degree, length = shapes[best.index]
    update = {"degree": degree, "length": length, "ridge": best.ridge}
    return wanted.model_copy(update=update), surface.requires_grad_(False), tried


def _shapes(wanted: Linear) -> list[tuple[int, float]]:
    """Every degree with every length."""
    degrees = wanted.degree if isinstance(wanted.degree, tuple) else (wanted.degree,)
    lengths = wanted.length if isinstance(wanted.length, tuple) else (wanted.length,)
    return list(product(degrees, lengths))


def _choice(
    name: str, wanted: Linear, tried: list[Candidate]
) -> tuple[tuple[str, ...], list[dict[str, float | str | None]]]:
    """What was tried, in words and for the summary."""
    shapes = _shapes(wanted)
    rows: list[dict[str, float | str | None]] = [
        {
            "of": name, "degree": shapes[one.index][0], "length_angstrom": shapes[one.index][1],
            "coefficients": one.coefficients, "ridge": ridge, "validation_cm1": error,
        }
        for one in tried
        for ridge, error in (one.by_ridge or {one.ridge: one.validation_cm1}).items()
    ]  # fmt: skip
    best = min(tried, key=lambda one: one.validation_cm1 or 0)
    lines = []
    for one in tried:
        degree, length = shapes[one.index]
        error = "" if one.validation_cm1 is None else f", validation {one.validation_cm1:.4f} cm-1"
        chosen = ": chosen" if len(tried) > 1 and one is best else ""
        lines.append(
            f"linear {name} of degree {degree}, length {length:g} A, {one.coefficients} "
            f"coefficients: ridge {one.ridge:.0e}{error}{chosen}"
        )
    return tuple(lines), rows


def _stored(wanted: StoredSurface, training: Dataset) -> nn.Module:
    """A surface that stays as it is.

    Raises:
        ValueError: if it is for another molecule, has no forces though they are to be fitted, or
            is no number somewhere.
    """
    name = wanted.surface
    loaded = load_potential(name, Path())
    if loaded.symbols is not None:
        own, found = (Molecule(s).elements for s in (loaded.symbols, training.symbols))
        if own != found:
            raise ValueError(
                f"`surface.baseline`: {name} is for the atoms {' '.join(own)}, the data have "
                f"{' '.join(found)}"
            )
    potential = loaded.potential
    if loaded.record is None and (isinstance(potential, UserFunction) or ":" in name):
        potential = _named(name, potential, training.positions[:1])
    if isinstance(potential, UserFunction):  # a stored surface on top of a NumPy function
        raise ValueError(
            f"`surface.baseline`: {name} is itself built on a function in NumPy; give that "
            "function as the baseline, or write it in torch"
        )
    potential = potential.to(training.positions.device).requires_grad_(False)
    _check_baseline(name, potential, training)
    return potential


def _named(name: str, potential: nn.Module | UserFunction, positions: Tensor) -> NamedFunction:
    """A function, or a module of a kind that no file can hold, kept by its name."""
    if isinstance(potential, UserFunction):
        function = potential
    else:
        function = UserFunction(potential.to(positions.device).requires_grad_(False), name)
    found = function(positions.detach().requires_grad_())
    return NamedFunction(name, function, differentiable=found.requires_grad)


def _check_baseline(name: str, surface: Callable[[Tensor], Tensor], training: Dataset) -> None:
    x = training.positions
    with torch.no_grad():
        bad = (~torch.cat([surface(part) for part in x.split(2048)]).isfinite()).nonzero()
    if len(bad):
        raise ValueError(
            f"`surface.baseline`: {name} is no number at {len(bad)} of {len(x)} training points; "
            "mend it there or leave these points out"
        )
    if training.forces is not None:
        surface(x[:1].detach().requires_grad_())


def fitted_numbers(surface: nn.Module) -> int:
    """How many numbers of a surface the fit determines, its baseline apart."""
    baseline = getattr(surface, "baseline", None)
    under = 0 if baseline is None else sum(p.numel() for p in baseline.parameters())
    return sum(p.numel() for p in surface.parameters()) - under


def leaves_open(wanted: Any, chosen: Any) -> bool:
    """Whether a configured value is the chosen one, or asked for a choice that led to it."""
    if isinstance(wanted, BaseModel) and type(wanted) is type(chosen):
        return all(leaves_open(value, getattr(chosen, key)) for key, value in wanted)
    if isinstance(wanted, tuple) and not isinstance(chosen, tuple):
        return chosen in wanted
    return wanted == chosen or wanted == "auto" or (wanted is None and _is_choice(chosen))


def _is_choice(value: Any) -> bool:
    """Whether a value may be what a run chose: a number, or a section for each member."""
    if isinstance(value, tuple):
        return all(isinstance(one, BaseModel) for one in value)
    return isinstance(value, float)


def point_weights(config: TrainConfig, dataset: Dataset, lowest: Tensor) -> Tensor:
    """How much each point (B,) counts, by its height above the lowest label or by a column."""
    wanted = config.training.weights
    if isinstance(wanted, Column):
        return column(dataset, wanted.name)
    options = wanted.model_dump()
    kind = options.pop("kind")
    return WEIGHTS[kind](dataset.energies - lowest, **{k: v * CM1 for k, v in options.items()})


def on_device(dataset: Dataset, device: torch.device) -> Dataset:
    """The tensors that a fit needs on a device."""
    forces = None if dataset.forces is None else dataset.forces.to(device)
    return replace(
        dataset,
        positions=dataset.positions.to(device),
        energies=dataset.energies.to(device),
        forces=forces,
    )
