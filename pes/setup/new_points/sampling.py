"""New points for a surface: evenly over a region, or where the members of an ensemble differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.data.dataset import check_dataset
from pes.data.formats.extxyz import write_geometries
from pes.data.sampling import acceptance, sobol_sequence
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.holes.box import distance_box
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.proposals import proposals
from pes.potential.holes.search import candidates
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.problem.problem import isotopes_of, problem
from pes.tables import html_table, text_table
from pes.units import CM1

__all__ = ["GEOMETRIES", "Sample", "sample"]

GEOMETRIES = "geometries.xyz"
CHUNK = 2048


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """Geometries to label.

    Attributes:
        symbols: isotopes.
        positions: (B, N, 3) in bohr.
        heights: energies of the surface above its minimum, (B,) in hartree.
        nearest: distance to the nearest known point, (B,), in units of the largest gap between
            these; None without known points.
        spread: spread of the ensemble, (B,) in hartree; None where it did not choose.
        minimum: energy of the surface in hartree that heights count from.
        candidates: number of random geometries.
        below: number of those that lie below the highest energy.
    """

    symbols: tuple[str, ...]
    positions: Tensor
    heights: Tensor
    nearest: Tensor | None
    spread: Tensor | None
    minimum: float
    candidates: int
    below: int

    @property
    def columns(self) -> dict[str, list[float]]:
        """Numbers of each geometry by name, as in geometries.xyz."""
        columns = {"above_minimum_cm1": (self.heights / CM1).tolist()}
        if self.nearest is not None:
            columns["nearest_known"] = self.nearest.tolist()
        if self.spread is not None:
            columns["spread_cm1"] = (self.spread / CM1).tolist()
        return columns

    def __repr__(self) -> str:
        return (
            f"Sample({Molecule(self.symbols).formula}: {len(self.positions)} geometries of "
            f"{self.candidates} random ones, {self.below} of which are low enough)"
        )

    def __str__(self) -> str:
        return "\n".join([repr(self), *text_table(self._cells())])

    def _repr_html_(self) -> str:
        return html_table(self._cells(), repr(self))

    def _cells(self) -> list[list[str]]:
        """Ranges of the columns, their head first."""
        ranges = ((name, min(own), max(own)) for name, own in self.columns.items())
        head = ["column", "lowest", "highest"]
        return [head, *([name, f"{low:.4g}", f"{high:.4g}"] for name, low, high in ranges)]

    def save(self, folder: str | Path) -> Path:
        """Write geometries.xyz into a folder, which is made if need be; the folder."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_geometries(place / GEOMETRIES, self.symbols, self.positions, self.columns)
        return place


class _Drawn(NamedTuple):
    """Random geometries, numbers in [0, 1) that decide their acceptance, and V at the minimum."""

    positions: Tensor
    chance: Tensor
    minimum: float
    symbols: tuple[str, ...]


def sample(
    surface: SurfaceLike,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    count: int = 100,
    energy: float = 30000.0,
    choose: Literal["energy", "spread"] = "energy",
    offset: float = 1000.0,
    samples: int = 16384,
    coordinates: CoordinateRequest | None = None,
    points: Dataset | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Sample:
    """Geometries to label next, among random ones; for those that levels need see `pes.propose`.

    By energy one is taken with the probability (E_max − V + Δ)/(E_max + Δ).

    Args:
        surface: as for `pes.levels`.
        molecule: isotopes; default those of the surface or of the points.
        count: number of geometries.
        energy: highest energy E_max, cm⁻¹ above the minimum.
        choose: `energy`, evenly and fewer at higher energies; `spread`, where the members of an
            ensemble differ, away from one another and from the known points.
        offset: Δ in cm⁻¹.
        samples: number of random geometries.
        coordinates: coordinates and ranges to draw from; default the region of the distances of
            the known points.
        points: points that need not be labelled again, besides the training points.
        seed: seed of the random geometries.
        device: device of the surface.

    Raises:
        ValueError: if too few geometries are low enough, for `spread` without an ensemble, for
            other atoms, without known points and coordinates, or for another `choose`.
        TypeError: if points or surface are something else.

    Example:
        >>> ranges = {"r1": (0.8, 1.3), "r2": (0.8, 1.3), "theta": (70, 150)}
        >>> within = CoordinateRequest(ranges=ranges)
        >>> sample("water_pjt1996", count=20, samples=512, coordinates=within).positions.shape
        torch.Size([20, 3, 3])
    """
    for name, value in {"count": count, "samples": samples}.items():
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}")
    if choose not in ("energy", "spread"):
        raise ValueError(
            f"`choose` must be energy or spread, got {choose!r}; pes.propose(levels) chooses for "
            "the error bars of levels"
        )
    device = torch.device(device)
    given = as_surface(surface).to(device)
    known, symbols = _known(given, molecule, points)
    if coordinates is None:
        drawn = _near(given, known, symbols, samples, seed, device)
    else:
        drawn = _within(given, molecule, coordinates, samples, seed, device)
    coverage = Coverage(Molecule(drawn.symbols).elements, known) if len(known) > 1 else None
    with torch.no_grad():
        energies = in_chunks(
            lambda x: given.potential(x.to(device)).to(x.device), drawn.positions, CHUNK
        )
    heights = energies - drawn.minimum
    low = heights <= energy * CM1
    spread = _spread(given, drawn.positions, device) if choose == "spread" else None
    if spread is None:
        taken = drawn.chance < acceptance(heights, energy * CM1, offset * CM1)
        rows = taken.nonzero()[:count, 0]
    else:
        rows = _most_doubtful(coverage, drawn.positions, low.nonzero()[:, 0], spread, count)
    if len(rows) < count:
        raise ValueError(
            f"only {len(rows)} of {samples} samples can be chosen, `count` asks for {count}; "
            "raise `samples` or `energy`, or narrow the ranges"
        )
    x = drawn.positions[rows]
    return Sample(
        drawn.symbols, x, heights[rows], None if coverage is None else coverage(x),
        None if spread is None else spread[rows], drawn.minimum, len(heights), int(low.sum()),
    )  # fmt: skip


def _known(
    surface: Surface, molecule: Molecule | Sequence[str] | None, points: Dataset | None
) -> tuple[Tensor, tuple[str, ...]]:
    """Positions of training points and points (T, N, 3), and the isotopes as far as known."""
    asked = None if molecule is None else isotopes_of(surface, molecule).symbols
    symbols, parts = asked or surface.symbols or (), []
    if surface.record is not None:
        parts.append(surface.record.training_positions)
    if points is not None:
        check_dataset(points)
        symbols = symbols or points.symbols
        if Molecule(symbols).elements != Molecule(points.symbols).elements:
            raise ValueError(
                f"`points`: the atoms are {' '.join(points.symbols)}, the molecule is "
                f"{' '.join(symbols)}"
            )
        parts.append(points.positions)
    return torch.cat(parts) if parts else torch.empty(0, 1, 3), tuple(symbols)


def _near(
    surface: Surface,
    known: Tensor,
    symbols: tuple[str, ...],
    samples: int,
    seed: int,
    device: torch.device,
) -> _Drawn:
    """Geometries in the region of the distances of known points."""
    if not len(known):
        raise ValueError("`coordinates` or `points` is needed: this surface has no training points")
    x = candidates(distance_box(Molecule(symbols).elements, known), known, samples, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    chance = torch.rand(len(x), generator=generator, dtype=x.dtype)
    if surface.record is not None:
        return _Drawn(x, chance, surface.record.energy_range[0], symbols)
    with torch.no_grad():
        return _Drawn(x, chance, float(surface.potential(known.to(device)).min()), symbols)


def _within(
    surface: Surface,
    molecule: Molecule | Sequence[str] | None,
    coordinates: CoordinateRequest,
    samples: int,
    seed: int,
    device: torch.device,
) -> _Drawn:
    """Geometries in ranges of coordinates, at least as many as asked for."""
    task = problem(surface, molecule, coordinates=coordinates, device=device)
    ranges = [(c.low, c.high) for c in task.coordinates]
    unit = sobol_sequence(ranges, max(1, ceil(log2(samples))), seed)
    with torch.no_grad():
        x = task.internal.to_positions(unit[:, :-1], task.masses.detach())
        minimum = float(task.system.potential(task.start[None])[0])
    return _Drawn(x, unit[:, -1], minimum, task.molecule.symbols)


def _spread(surface: Surface, positions: Tensor, device: torch.device) -> Tensor:
    ensemble = surface.ensemble
    if ensemble is None:
        raise ValueError("`choose: spread` needs an ensemble of at least two members as `surface`")
    with torch.no_grad():
        return in_chunks(lambda x: ensemble.spread(x.to(device)).to(x.device), positions, CHUNK)


def _most_doubtful(
    coverage: Coverage | None, positions: Tensor, low: Tensor, spread: Tensor, count: int
) -> Tensor:
    """Rows among those that are low enough, (≤ count,)."""
    if coverage is None:
        raise ValueError("`choose: spread` needs a surface file, which holds the training points")
    if not len(low):
        return low
    rows = proposals(coverage, positions[low], spread[low], count)
    return low[torch.tensor(rows, dtype=torch.long)]
