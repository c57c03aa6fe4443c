"""`pes-sample`: geometries to compute, evenly, where an ensemble differs, or for levels."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2
from pathlib import Path

import torch
from torch import Tensor

from pes import plots
from pes.chunks import in_chunks
from pes.config import SampleConfig, checked, load_config
from pes.data import read
from pes.data.formats.extxyz import write_geometries
from pes.data.sampling import acceptance, sobol_sequence
from pes.files import write_json
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.holes.box import distance_box
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.proposals import proposals
from pes.potential.holes.search import candidates
from pes.run.folder import check_folder, claimed, open_log, pick_device, write_config
from pes.run.sample.choice import Choice, by_levels
from pes.setup.environment import environment, environment_line
from pes.setup.problem import problem
from pes.setup.surfaces import load_potential, resolved
from pes.staging import staged
from pes.units import CM1

__all__ = ["NOTHING_NEEDED", "sample"]

log = logging.getLogger("pes")

DONE = "sample.json"
CHUNK = 2048

NOTHING_NEEDED = 3
"""Exit code where every error bar is small enough."""


@dataclass(frozen=True)
class Drawn:
    """Geometries to choose from.

    Attributes:
        positions: (B, N, 3) in bohr.
        chance: (B,) evenly in [0, 1), decides acceptance.
        minimum: energy of the surface in hartree that heights count from.
        known: points (T, N, 3) that need not be computed again; T may be zero.
        symbols: isotopes.
    """

    positions: Tensor
    chance: Tensor
    minimum: float
    known: Tensor
    symbols: tuple[str, ...]


def sample(
    path: Path | None,
    *,
    run: Path | None = None,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
) -> int:
    """Choose geometries as a configuration says and write them as extended XYZ.

    Args:
        path: YAML file; or
        run: folder of a training with its levels, whose error bars are to shrink.
        output: folder; default runs/<name>, with `run` runs/<name of the run>_next.
        settings: `section.key=value` that override the file.
        overwrite: replace an earlier choice.

    Returns:
        Exit code: 0, or 3 if every error bar is small enough and no geometry is needed.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    if path is not None:
        config, base = load_config(path, SampleConfig, settings), path.parent
    elif run is not None:
        name = f"{run.resolve().name}_next"
        content = {"name": name, "surface": str(run), "choose": "levels"}
        config, base = checked(content, SampleConfig, settings, "--from"), Path()
    else:
        raise ValueError("give --config FILE or --from RUN")
    place = pick_device(config.device, config.threads)
    folder = output or Path("runs") / config.name
    with claimed(folder):
        check_folder(folder, finished=DONE, overwrite=overwrite)
        with staged(folder, finished=DONE, stale=("geometries.xyz", "energies.png")) as new:
            choice = _choice(config, base, place)
            _write(config, base, choice, new, place)
    return 0 if len(choice.positions) else NOTHING_NEEDED


def _choice(config: SampleConfig, base: Path, place: torch.device) -> Choice:
    """Geometries that the configuration asks for."""
    loaded = load_potential(config.surface, base, config.functions)
    loaded.to(place)
    if config.choose == "levels":
        return by_levels(config, loaded, base)
    drawn = _drawn(config, loaded, base, place)
    with torch.no_grad():
        energies = in_chunks(
            lambda x: loaded.potential(x.to(place)).to(x.device), drawn.positions, CHUNK
        )
    heights = (energies - drawn.minimum) / CM1
    coverage = None
    if len(drawn.known) > 1:
        coverage = Coverage(Molecule(drawn.symbols).elements, drawn.known)
    spread = _spread(loaded, drawn.positions, place) if config.choose == "spread" else None
    if spread is None:
        chosen = _by_energy(config, drawn, heights)
    else:
        chosen = _by_spread(config, drawn, heights, spread, coverage)
    positions = drawn.positions[chosen]
    columns = {"above_minimum_cm1": heights[chosen].tolist()}
    if coverage is not None:
        columns["nearest_known"] = coverage(positions).tolist()
    if spread is not None:
        columns["spread_cm1"] = (spread[chosen] / CM1).tolist()
    below = int((heights <= config.energy).sum())
    sentence = (
        f"{config.name}: {len(chosen)} geometries were chosen by {config.choose}, of {below} "
        f"samples below {config.energy:.0f} cm-1 ({len(heights)} samples in all)"
    )
    facts = {"candidates": len(heights), "minimum_hartree": drawn.minimum}
    return Choice(positions, drawn.symbols, columns, facts, sentence)


def _write(
    config: SampleConfig, base: Path, choice: Choice, folder: Path, place: torch.device
) -> None:
    """Geometries, picture and log to a folder, sample.json last."""
    open_log(folder / "sample.log")
    write_config(folder / "config.yaml", _resolved(config, base))
    log.info("%s", environment_line(place, config.seed))
    log.info("%s", choice.sentence)
    if len(choice.positions):
        log.info("ranges of the numbers in geometries.xyz:")
        for name, values in choice.columns.items():
            log.info("%-18s%12.4g to %.4g", name, min(values), max(values))
        write_geometries(
            folder / "geometries.xyz", choice.symbols, choice.positions, choice.columns
        )
        heights = torch.tensor(choice.columns["above_minimum_cm1"], dtype=torch.float64)
        plots.energy_histogram(folder / "energies.png", heights, config.name)
    write_json(
        folder / DONE,
        {**environment(place, config.seed), "geometries": len(choice.positions), **choice.facts,
         **choice.columns},
    )  # fmt: skip


def _drawn(config: SampleConfig, loaded: Surface, base: Path, place: torch.device) -> Drawn:
    """Candidates in the ranges of coordinates, or within the distances of known points."""
    known, symbols = _known(config, loaded, base)
    if config.coordinates is None:
        if not len(known):
            raise ValueError(
                "`coordinates` or `points` is needed: this surface has no training points"
            )
        x = candidates(
            distance_box(Molecule(symbols).elements, known), known, config.samples,
            seed=config.seed,
        )  # fmt: skip
        generator = torch.Generator().manual_seed(config.seed)
        chance = torch.rand(len(x), generator=generator, dtype=x.dtype)
        return Drawn(x, chance, _lowest(loaded, known, place), known, symbols)
    found = problem(loaded, config.molecule, coordinates=config.coordinates, device=place)
    ranges = [(c.low, c.high) for c in found.coordinates]
    unit = sobol_sequence(ranges, max(1, ceil(log2(config.samples))), config.seed)
    masses = found.masses.detach()
    with torch.no_grad():
        x = found.internal.to_positions(unit[:, :-1], masses)
        minimum = float(found.system.potential(found.start[None])[0])
    return Drawn(x, unit[:, -1], minimum, known, found.molecule.symbols)


def _known(config: SampleConfig, loaded: Surface, base: Path) -> tuple[Tensor, tuple[str, ...]]:
    """Training points and those of `points`, and the isotopes."""
    symbols, parts = config.molecule or loaded.symbols or (), []
    if loaded.record is not None:
        parts.append(loaded.record.training_positions)
    if config.points is not None:
        points = read(base / config.points)
        symbols = symbols or points.symbols
        if Molecule(symbols).elements != Molecule(points.symbols).elements:
            raise ValueError(
                f"{base / config.points}: the atoms are {' '.join(points.symbols)}, "
                f"the molecule is {' '.join(symbols)}"
            )
        parts.append(points.positions)
    return torch.cat(parts) if parts else torch.empty(0, 1, 3), tuple(symbols)


def _lowest(loaded: Surface, known: Tensor, place: torch.device) -> float:
    """Energy of the lowest known point; that of the label where there is one."""
    if loaded.record is not None:
        return loaded.record.energy_range[0]
    with torch.no_grad():
        return float(loaded.potential(known.to(place)).min())


def _spread(loaded: Surface, positions: Tensor, place: torch.device) -> Tensor:
    ensemble = loaded.ensemble
    if ensemble is None:
        raise ValueError("`choose: spread` needs an ensemble of at least two members as `surface`")
    with torch.no_grad():
        return in_chunks(lambda x: ensemble.spread(x.to(place)).to(x.device), positions, CHUNK)


def _by_energy(config: SampleConfig, drawn: Drawn, heights: Tensor) -> list[int]:
    kept = drawn.chance < acceptance(heights, config.energy, config.offset)
    rows = kept.nonzero()[:, 0][: config.count].tolist()
    return _enough(rows, config)


def _by_spread(
    config: SampleConfig, drawn: Drawn, heights: Tensor, spread: Tensor, coverage: Coverage | None
) -> list[int]:
    if coverage is None:
        raise ValueError("`choose: spread` needs a surface file, which holds the training points")
    low = (heights <= config.energy).nonzero()[:, 0]
    if not len(low):
        return _enough([], config)
    rows = proposals(coverage, drawn.positions[low], spread[low], config.count)
    return _enough(low[rows].tolist(), config)


def _enough(rows: list[int], config: SampleConfig) -> list[int]:
    if len(rows) < config.count:
        raise ValueError(
            f"only {len(rows)} of {config.samples} samples can be chosen, `count` asks for "
            f"{config.count}; raise `samples` or `energy`, or narrow the ranges"
        )
    return rows


def _resolved(config: SampleConfig, base: Path) -> SampleConfig:
    """The configuration with its files named in full, for a copy that lies elsewhere."""
    points = None if config.points is None else (base / config.points).resolve()
    return config.model_copy(
        update={
            "points": points,
            "surface": resolved(config.surface, base),
            "levels_folder": config.levels_folder and (base / config.levels_folder).resolve(),
            "functions": tuple(resolved(one, base) for one in config.functions),
        }
    )
