"""New points for the error bars of levels: from levels and an ensemble to geometries."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.files import check_file
from pes.molecule import Molecule
from pes.potential import Ensemble, Surface
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.level_proposals import level_proposals
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.levels.level_result import LevelsResult
from pes.units import CM1
from pes.vibration.analysis.uncertainty import standard_deviation

__all__ = ["LEVELS", "Proposal", "propose"]

LEVELS = 20
"""Levels whose error bars are to shrink, unless a number is given."""

ARRAYS = "levels.h5"
CHUNK = 16384

SAME = 1e-3 * CM1
"""Difference of V (hartree) from which on a surface is another one."""


@dataclass(frozen=True)
class Grid:
    """Levels on a grid.

    Attributes:
        positions: (P, N, 3) in bohr.
        weights: densities that the zero-point energy (first) and the energies above the ground
            state are changed with by a change of the surface, (S, P).
        potential: potential of the levels at each point, (P,) in hartree.
        symbols: isotopes.
    """

    positions: Tensor
    weights: Tensor
    potential: Tensor
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """Geometries to label, and why.

    Attributes:
        symbols: isotopes.
        positions: (B, N, 3) in bohr; B is 0 if every error bar is small enough.
        energies: energies of the surface there, (B,) in hartree.
        spread: spread of the ensemble there, (B,) in hartree.
        nearest: distance to the nearest training point, (B,), in units of the largest gap.
        error_bars: error bars of the zero-point energy, then of the levels above it, (S,) in cm⁻¹.
        candidates: number of grid points.
    """

    symbols: tuple[str, ...]
    positions: Tensor
    energies: Tensor
    spread: Tensor
    nearest: Tensor
    error_bars: Tensor
    candidates: int

    def __repr__(self) -> str:
        return (
            f"Proposal({Molecule(self.symbols).formula}: {len(self.positions)} geometries; error "
            f"bars of {len(self.error_bars)} levels up to {float(self.error_bars.max()):.3g} cm-1)"
        )


def propose(
    levels: LevelsResult | str | Path,
    surface: SurfaceLike | None = None,
    *,
    count: int = 100,
    number: int = LEVELS,
    accuracy: float = 0.0,
    seed: int = 0,
) -> Proposal:
    """Geometries whose labels would reduce the error bars of levels most.

    See `pes.potential.holes.level_proposals` for the method.

    Args:
        levels: result of `pes.levels`, or the folder that its `save` or `pes-levels` wrote.
        surface: surface of the levels, an ensemble with its training points; needed for a folder.
        count: largest number of geometries.
        number: number of levels that matter, the ground state included.
        accuracy: error bar that is small enough, cm⁻¹; levels with a smaller one are ignored.
        seed: seed of the grid points that stand for all.

    Raises:
        ValueError: if the surface is not an ensemble, has no training points or other atoms, or
            if there are fewer levels.
        FileNotFoundError: if the folder holds no levels.
        TypeError: for anything but levels or their folder.
    """
    if isinstance(levels, LevelsResult):
        grid, known = _held(levels, number), levels.task.surface
    elif not isinstance(levels, str | Path):
        raise TypeError(
            f"levels must be a LevelsResult or its folder, got {type(levels).__name__}; "
            "pes.levels(surface, molecule) makes one"
        )
    elif surface is None:
        raise ValueError("`surface` is needed: a folder of levels does not contain it")
    else:
        grid, known = _read(Path(levels), number), as_surface(surface)
    ensemble, coverage = _trained(known, grid.symbols)
    device, ceiling = coverage.inputs.device, float(grid.potential.max())

    def each(x: Tensor) -> Tensor:
        with torch.no_grad():
            return ensemble.each(x.to(device)).cpu().clamp(max=ceiling)

    energies = in_chunks(each, grid.positions, CHUNK, dim=1)
    _check_same(energies, grid.potential)
    deviations = energies - energies.mean(0)
    bars = standard_deviation(deviations @ grid.weights.T) / CM1
    wide = grid.weights[bars > accuracy]
    rows = torch.tensor(
        level_proposals(coverage, grid.positions, deviations, wide, count, seed=seed)
        if len(wide)
        else [],
        dtype=torch.long,
    )
    x = grid.positions[rows]
    nearest = coverage(x.to(device)).cpu() if len(rows) else torch.zeros(0)
    spread = standard_deviation(deviations)[rows]
    return Proposal(
        grid.symbols, x, energies.mean(0)[rows], spread, nearest, bars, len(grid.positions)
    )


def _held(result: LevelsResult, number: int) -> Grid:
    here = result.levels.cpu()
    return _grid(
        here.positions.detach(), here.densities, here.hamiltonian.potential, number,
        result.task.molecule.symbols,
    )  # fmt: skip


def _read(folder: Path, number: int) -> Grid:
    """Levels that were written to a folder."""
    path = folder / ARRAYS
    try:
        check_file(path, "file of levels")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; compute the levels with pes-levels first") from None
    try:
        with h5py.File(path) as file:
            x, psi, v, w = (
                torch.from_numpy(file[name][...])  # type: ignore[index]
                for name in ("positions", "wavefunctions", "potential", "weights")
            )
            symbols = tuple(str(symbol) for symbol in file.attrs["symbols"])  # type: ignore[union-attr]
    except (OSError, KeyError) as error:
        raise ValueError(f"{path}: cannot be read as levels ({error})") from None
    return _grid(x, w.sign() * psi.square(), v, number, symbols)


def _grid(
    positions: Tensor, densities: Tensor, potential: Tensor, number: int, symbols: tuple[str, ...]
) -> Grid:
    """Levels on a grid: the lowest above the lowest point, others above the ground state.

    Raises:
        ValueError: if there are fewer levels.
    """
    if len(densities) < number:
        raise ValueError(
            f"the error bars of {number} levels are asked for, there are {len(densities)}; compute "
            f"more with pes-levels, --set vibration.levels={number}"
        )
    weights = densities[:number] - densities[:1]
    weights[0] = densities[0]
    weights[0, potential.argmin()] -= 1
    return Grid(positions, weights, potential, symbols)


def _check_same(energies: Tensor, potential: Tensor) -> None:
    """Refuse levels that were computed on an earlier surface than this one.

    Args:
        energies: energies of the members on the grid, (M, P) in hartree.
        potential: potential of the levels there, (P,).

    Raises:
        ValueError: if their mean is another one where nothing is capped.
    """
    free = (energies < potential.max()).all(0)
    differ = float((energies.mean(0) - potential)[free].abs().max()) if bool(free.any()) else 0.0
    if differ > SAME:
        raise ValueError(
            f"these are levels of another surface, V differs by up to {differ / CM1:.3g} cm-1; "
            "compute them again with pes-levels"
        )


def _trained(surface: Surface, symbols: tuple[str, ...]) -> tuple[Ensemble, Coverage]:
    """The ensemble, and the distance to its training points."""
    if surface.ensemble is None:
        raise ValueError("error bars of levels need an ensemble of at least two members")
    if surface.record is None or len(surface.record.training_positions) < 2:
        raise ValueError("this surface has no training points; give a run folder")
    elements = Molecule(symbols).elements
    if Molecule(surface.record.symbols).elements != elements:
        raise ValueError(
            f"the levels are of {' '.join(symbols)}, the surface is for "
            f"{' '.join(surface.record.symbols)}"
        )
    return surface.ensemble, Coverage(elements, surface.record.training_positions)
