"""Observed levels of a molecule, and what of them is fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from pes.data.observed import Observed, read_observed
from pes.molecule import Molecule
from pes.potential import Surface
from pes.refinement.comparison import Isotopologue
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.labels.irreps import multiplets
from pes.setup.labels.labels import label_heading, level_labels, normal_heading
from pes.setup.labels.linear_labels import bend_of_linear
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.problem import Problem, problem
from pes.setup.problem.truncation import TruncationRequest, products, sparse_grid
from pes.setup.results.level_tables import level_species
from pes.units import CM1
from pes.vibration.analysis.assignment import Label
from pes.vibration.levels.result import Levels

__all__ = ["LevelSettings", "ObservedLevels", "isotopologue"]


@dataclass(frozen=True)
class ObservedLevels:
    """Observed levels of one isotopologue.

    Attributes:
        levels: CSV file of levels or lines, see `pes.data.observed.read_observed`, or what was read
            from it.
        held_out: keep all of them out of the fit, as validation.
        held_levels: quanta of vibrational levels to keep out, with all their rotation.
        held_j: keep out levels, or lines to levels, with this J and higher.
        up_to: energy above which levels are left out, cm⁻¹.
    """

    levels: Observed | Path | str
    held_out: bool = False
    held_levels: tuple[tuple[int, ...], ...] = ()
    up_to: float | None = None
    held_j: int | None = None

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return "the list of levels" if isinstance(self.levels, Observed) else str(self.levels)

    def read(self) -> Observed:
        """Levels up to the limit.

        Raises:
            FileNotFoundError, ValueError: if there is no such file, or no such level in it.
        """
        known = self.levels
        observed = known if isinstance(known, Observed) else read_observed(Path(known))
        for quanta in self.held_levels:
            if quanta not in observed.quanta:
                raise ValueError(f"`held_levels`: {list(quanta)} is not in {self.name}")
        if self.up_to is None:
            return observed
        low = (observed.energies <= self.up_to * CM1).nonzero().flatten().tolist()
        if not low:
            raise ValueError(f"{self.name} has no level below {self.up_to} cm-1")
        return observed.only(low)

    def fitted(self, observed: Observed) -> Tensor:
        """Whether each of the levels is fitted, (O,)."""
        kept_out = [self.held_out or quanta in self.held_levels for quanta in observed.quanta]
        if self.held_j is not None:
            rotors = observed.rotors or ((0, 0, 0),) * len(kept_out)
            pairs = zip(kept_out, rotors, strict=True)
            kept_out = [out or rotor[0] >= self.held_j for out, rotor in pairs]
        return ~torch.tensor(kept_out)


@dataclass(frozen=True)
class LevelSettings:
    """Settings of the calculation of levels, the same for all isotopologues.

    Attributes:
        coordinates: default those usual for so many atoms, ranges by the surface.
        basis: sizes by the name of the coordinate, `all` for those not named.
        nuclear_masses: bare nuclei instead of whole atoms.
        cap: ceiling of V above the minimum, cm⁻¹.
        uncertainty_floor: smaller uncertainties of observed levels count as this, cm⁻¹.
        truncation: limits on the products of functions, or the sparse grid.
    """

    coordinates: CoordinateRequest
    basis: Mapping[str, BasisSize | int]
    nuclear_masses: bool
    cap: float
    uncertainty_floor: float
    truncation: TruncationRequest = field(default_factory=TruncationRequest)


def isotopologue(
    molecule: tuple[str, ...],
    source: ObservedLevels,
    surface: Surface,
    settings: LevelSettings,
    device: torch.device,
) -> Isotopologue:
    """Coordinates, basis and system of one molecule beside its observed levels.

    Args:
        molecule: isotopes in the order of the surface's atoms.
        source: observed levels.
        surface: surface that is refined.
        settings: settings of the calculation of levels.
        device: where the surface is.

    Raises:
        ValueError: if levels, molecule and surface do not fit together.
    """
    limits = settings.truncation
    if limits.grid_level is not None and settings.basis:
        raise ValueError("a sparse grid takes `grid_level` and `quanta`; leave out `basis`")
    task = problem(
        surface, molecule, nuclear_masses=settings.nuclear_masses,
        coordinates=settings.coordinates, basis=settings.basis, device=device,
    )  # fmt: skip
    grid = sparse_grid(limits, task.internal, sized=task.has_own_sizes)
    observed = source.read()
    symmetric = not observed.species and _symmetric(task, settings.coordinates)
    # Of XY₂: symmetric stretch, bend, antisymmetric stretch.
    heading = normal_heading(3) if symmetric else label_heading(task)
    _check_columns(source.name, observed, heading.split(), molecule)
    if task.system.bends and grid is None:
        raise ValueError(
            f"{source.name}: linear molecules in normal coordinates take a sparse grid; give "
            "`quanta: 8` and `grid_level: 10`"
        )
    if task.system.bends or bend_of_linear(task) is not None:
        _check_linear(source.name, observed, sum(name[0] == "v" for name in heading.split()))
    return Isotopologue(
        " ".join(molecule), task.system, grid or task.coordinates, task.start, observed,
        source.fitted(observed), symmetric, settings.cap * CM1, settings.uncertainty_floor * CM1,
        None if grid else products(limits, task.internal),
        None if symmetric else partial(_labels, task=task, species=bool(observed.species)),
    )  # fmt: skip


def _labels(levels: Levels, task: Problem, *, species: bool) -> list[Label]:
    """The labels that `pes-levels` prints, for the first member alone of a degenerate level.

    With their species, if these are given for the observed levels.
    """
    own = level_labels(levels, task)
    names = [(name,) for name in level_species(levels, task)] if species else [()] * len(own.quanta)
    further = {n for _, members in multiplets(levels, task) for n in members[1:]}
    rows = zip(own.quanta, own.weights.tolist(), strict=True)
    return [
        Label(() if quanta is None or n in further else (*quanta, *names[n]), weight)
        for n, (quanta, weight) in enumerate(rows)
    ]


def _check_columns(
    name: str, observed: Observed, columns: Sequence[str], molecule: Sequence[str]
) -> None:
    """Refuse quanta that are not those by which `pes-levels` labels the levels.

    Raises:
        ValueError: with the names to write.
    """
    if observed.columns == tuple(columns):
        return
    if not observed.columns and len(observed.quanta[0]) == len(columns):
        return
    given = ", ".join(observed.columns) or f"{len(observed.quanta[0])} quanta for each level"
    raise ValueError(
        f"{name}: in these coordinates the levels of {' '.join(molecule)} are labelled by "
        f"{', '.join(columns)}, as pes-levels prints them; give these columns, got {given}"
    )


def _check_linear(name: str, observed: Observed, modes: int) -> None:
    """Refuse what is not an l = 0 level of a linear molecule of so many modes.

    Raises:
        ValueError: for a level with l > 0.
    """
    rotors = observed.rotors or ((0, 0, 0),) * len(observed.quanta)
    levels = list(zip(observed.quanta, rotors, strict=True)) + list(observed.lower)
    for quanta, (_, ka, _) in levels:
        # The l of several bends stand behind all v; one bend of three atoms is ν2, with l as v.
        momentum = sum(quanta[modes:]) if len(quanta) > modes else quanta[1] % 2
        if ka or momentum:
            row = " ".join(map(str, quanta))
            raise ValueError(
                f"{name}: the level {row} with Ka = {ka} has l > 0; levels of linear molecules can "
                "be refined for l = 0 alone, with any J; leave it out"
            )


def _symmetric(task: Problem, request: CoordinateRequest) -> bool:
    """Whether the molecule is bent XY₂ in two like lengths and an angle, with v1 v2 v3."""
    like = task.internal.kinds[0] == task.internal.kinds[1]
    bonds = request.kind in (None, "valence", "radau") and not request.normal
    triatomic = len(task.molecule.symbols) == 3 and bonds and bend_of_linear(task) is None
    ends = [m for i, m in enumerate(task.masses.tolist()) if i != _middle(task.molecule)]
    numbered = triatomic and label_heading(task) == normal_heading(3)
    return numbered and like and len(set(ends)) == 1


def _middle(molecule: Molecule) -> int:
    alone = [i for i, e in enumerate(molecule.elements) if molecule.elements.count(e) == 1]
    return alone[0] if alone else 0
