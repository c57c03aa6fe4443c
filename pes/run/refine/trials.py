"""What a refinement tries: surfaces that may change, their levels beside observed ones.

The ab initio points that they are to stay near are the same for all.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pes.config import ObservedLevels, RefineConfig
from pes.data import Dataset
from pes.data.observed import Observed, read_observed
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import LinearSurface, Surface
from pes.potential.corrected import CorrectedSurface
from pes.refinement import Anchor, Isotopologue
from pes.setup.problem import problem
from pes.training.weights import ratio
from pes.units import ANGSTROM, CM1

__all__ = ["Trial", "anchor_of", "trials_of"]

DEGREES = (1, 2, 3, 4, 5)
"""Of the polynomial that are tried."""


@dataclass(frozen=True)
class Trial:
    """A way to adjust the surface.

    Attributes:
        name: for tables.
        surface: what is refined.
        parameters: what of it may change.
        isotopologues: on this surface.
    """

    name: str
    surface: nn.Module
    parameters: list[nn.Parameter]
    isotopologues: list[Isotopologue]


def trials_of(config: RefineConfig, loaded: Surface, device: torch.device) -> list[Trial]:
    """One for each degree of the polynomial, or one with all weights of the surface.

    Raises:
        ValueError: if no level is to be fitted, or a file does not suit the surface.
    """
    trials = [_trial(config, degree, loaded, device) for degree in _degrees(config)]
    if not any(bool(which.fitted.any()) for which in trials[0].isotopologues):
        raise ValueError("`isotopologues`: every level is held out; nothing is left to fit")
    return trials


def _degrees(config: RefineConfig) -> tuple[int, ...]:
    if config.adjust.kind == "weights":
        return (0,)
    return DEGREES if config.adjust.degree == "auto" else (config.adjust.degree,)


def _trial(config: RefineConfig, degree: int, loaded: Surface, device: torch.device) -> Trial:
    name, surface, parameters = _adjustable(config, degree, loaded)
    surface.to(device)
    isotopologues = [_isotopologue(config, which, loaded, surface, device)
                     for which in config.isotopologues]  # fmt: skip
    return Trial(name, surface, parameters, isotopologues)


def _adjustable(
    config: RefineConfig, degree: int, loaded: Surface
) -> tuple[str, nn.Module, list[nn.Parameter]]:
    """Name, surface to refine, and what of it may change."""
    module, wanted = loaded.module, config.adjust
    if loaded.symbols is None:
        raise ValueError("`surface`: it does not say what atoms it is for; use a surface file")
    if wanted.kind == "weights":
        parameters = [p for p in module.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError("`adjust: weights`: the surface has none; use kind: polynomial")
        return "weights", module, parameters
    descriptor = Invariants(
        Molecule(loaded.symbols).elements, degree, length=wanted.length * ANGSTROM,
        variable=wanted.variable,
    )  # fmt: skip
    correction = LinearSurface(descriptor)
    surface = CorrectedSurface(module, correction)
    return f"polynomial of degree {degree}", surface, list(correction.parameters())


def anchor_of(
    config: RefineConfig, loaded: Surface, dataset: Dataset, device: torch.device
) -> Anchor:
    """The ab initio points with their weights.

    Raises:
        ValueError: if they are of other atoms than the surface.
    """
    wanted, found = (Molecule(s).elements for s in (loaded.symbols or (), dataset.symbols))
    if wanted != found:
        raise ValueError(
            f"{config.data}: the atoms are {' '.join(found)}, those of the surface "
            f"{' '.join(wanted)}; order and elements must agree"
        )
    weights = ratio(dataset.energies - dataset.energies.min(), offset=config.anchor_energy * CM1)
    weights = weights**2 / (weights**2).mean()
    return Anchor(*(t.to(device) for t in (dataset.positions, dataset.energies, weights)))


def _isotopologue(
    config: RefineConfig,
    wanted: ObservedLevels,
    loaded: Surface,
    surface: nn.Module,
    device: torch.device,
) -> Isotopologue:
    task = problem(
        Surface(surface, loaded.symbols, loaded.record), wanted.molecule,
        nuclear_masses=config.nuclear_masses, coordinates=config.coordinates.resolved(),
        basis={name: size.resolved() for name, size in config.basis.items()}, device=device,
    )  # fmt: skip
    observed = _kept(read_observed(wanted.observed), wanted)
    modes = len(task.internal.names)
    if len(observed.quanta[0]) != modes:
        raise ValueError(
            f"{wanted.observed}: {len(observed.quanta[0])} quanta for each level, the molecule "
            f"has {modes} coordinates"
        )
    like = task.internal.kinds[0] == task.internal.kinds[1]
    bonds = config.coordinates.kind in (None, "valence", "radau") and not config.coordinates.normal
    triatomic = len(wanted.molecule) == 3 and bonds
    ends = [m for i, m in enumerate(task.masses.tolist()) if i != _middle(task.molecule)]
    return Isotopologue(
        " ".join(wanted.molecule), task.system, task.coordinates, task.start, observed,
        _fitted(observed, wanted), triatomic and like and len(set(ends)) == 1,
        config.cap * CM1, config.uncertainty_floor * CM1,
    )  # fmt: skip


def _middle(molecule: Molecule) -> int:
    alone = [i for i, e in enumerate(molecule.elements) if molecule.elements.count(e) == 1]
    return alone[0] if alone else 0


def _kept(observed: Observed, wanted: ObservedLevels) -> Observed:
    """Levels up to the limit."""
    if wanted.up_to is None:
        return observed
    low = (observed.energies <= wanted.up_to * CM1).nonzero().flatten().tolist()
    if not low:
        raise ValueError(f"{wanted.observed} has no level below {wanted.up_to} cm-1")
    return Observed(
        tuple(observed.quanta[i] for i in low), observed.energies[low], observed.uncertainties[low]
    )


def _fitted(observed: Observed, wanted: ObservedLevels) -> Tensor:
    for quanta in wanted.held_levels:
        if quanta not in observed.quanta:
            raise ValueError(f"`held_levels`: {list(quanta)} is not in {wanted.observed}")
    return torch.tensor([not wanted.held and q not in wanted.held_levels for q in observed.quanta])
