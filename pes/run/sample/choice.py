"""Geometries that a configuration asks for, by the library, and what the files say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.config import SampleConfig
from pes.data import read
from pes.potential import Surface
from pes.setup.inputs.surfaces import load_potential
from pes.setup.new_points.level_points import propose
from pes.setup.new_points.sampling import sample
from pes.units import CM1

__all__ = ["Choice", "chosen"]


@dataclass(frozen=True)
class Choice:
    """Geometries that were chosen.

    Attributes:
        positions: (B, N, 3) in bohr.
        symbols: isotopes.
        columns: numbers of each geometry by name.
        facts: further content of sample.json.
        sentence: sentence for the log.
    """

    positions: Tensor
    symbols: tuple[str, ...]
    columns: Mapping[str, list[float]]
    facts: Mapping[str, Any]
    sentence: str


def chosen(config: SampleConfig, base: Path, place: torch.device) -> Choice:
    """Geometries that the configuration asks for."""
    loaded = load_potential(config.surface, base, config.functions)
    loaded.to(place)
    if config.choose == "levels":
        return _by_levels(config, loaded, base)
    result = sample(
        loaded, config.molecule, count=config.count, energy=config.energy, choose=config.choose,
        offset=config.offset, samples=config.samples, coordinates=config.coordinates,
        points=None if config.points is None else read(base / config.points),
        seed=config.seed, device=place,
    )  # fmt: skip
    sentence = (
        f"{config.name}: {len(result.positions)} geometries were chosen by {config.choose}, of "
        f"{result.below} samples below {config.energy:.0f} cm-1 ({result.candidates} samples in "
        "all)"
    )
    facts = {"candidates": result.candidates, "minimum_hartree": result.minimum}
    return Choice(result.positions, result.symbols, result.columns, facts, sentence)


def _by_levels(config: SampleConfig, loaded: Surface, base: Path) -> Choice:
    """Points of the grid of levels, until every error bar is small enough."""
    folder = config.levels_folder or Path(config.surface) / "levels"
    proposal = propose(
        base / folder, loaded, count=config.count, number=config.levels,
        accuracy=config.accuracy, seed=config.seed,
    )  # fmt: skip
    bars, record = proposal.error_bars, loaded.record
    minimum = record.energy_range[0] if record is not None else float("nan")
    columns = {
        "above_minimum_cm1": ((proposal.energies - minimum) / CM1).tolist(),
        "nearest_known": proposal.nearest.tolist(),
        "spread_cm1": (proposal.spread / CM1).tolist(),
    }
    wide = int((bars > config.accuracy).sum())
    largest = f"the largest error bar of {len(bars)} levels is {float(bars.max()):.3g} cm-1"
    done = f"{config.name}: {largest}, which is small enough; no geometry needs to be computed"
    more = (
        f"{config.name}: {len(proposal.positions)} of {proposal.candidates} grid points were "
        f"chosen to reduce the error bars of {wide} levels; {largest}"
    )
    facts = {"candidates": proposal.candidates, "error_bars_cm1": bars.tolist()}
    sentence = more if wide else done
    return Choice(proposal.positions, proposal.symbols, columns, facts, sentence)
