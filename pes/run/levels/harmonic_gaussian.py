"""The one-dimensional model: every κ on every grid, its derivative found in three ways."""

import csv
import io
import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pes.config import ModelConfig
from pes.files import replaced, write_json
from pes.plots import Well, model_sweep
from pes.potential.harmonic_gaussian import HarmonicGaussian
from pes.run.folder import check_folder, open_folder, open_log, pick_device, write_config
from pes.setup.environment import environment
from pes.vibration.hamiltonian.one_dimensional import GRIDS

__all__ = ["ModelPoint", "model_point", "run_model"]

log = logging.getLogger("pes")

DONE = "model.json"

STEP = 3e-4
"""Of κ in the central difference: its own error and rounding are then both near 1e-9."""

WAYS = {
    "autograd": "autograd",
    "hellmann_feynman": "Hellmann–Feynman",
    "finite_difference": "differences",
}
"""To dE₀/dκ: reverse mode through `torch.linalg.eigh`, ⟨exp(−x²/2)⟩, central difference."""


@dataclass(frozen=True)
class ModelPoint:
    """One κ on one grid; ħ = m = ω = 1.

    Attributes:
        grid: name of the grid.
        kappa: κ.
        levels: lowest levels, (S,).
        slopes: dE₀/dκ by the way it was found.
        well: what a picture needs.
    """

    grid: str
    kappa: float
    levels: list[float]
    slopes: dict[str, float]
    well: Well

    @property
    def row(self) -> dict[str, str | float]:
        """What the tables show."""
        return {
            "grid": self.grid,
            "kappa": self.kappa,
            "E0": self.levels[0],
            "gap": self.levels[1] - self.levels[0],
            **{f"dE0_dkappa_{way}": slope for way, slope in self.slopes.items()},
        }


def model_point(
    grid: str, points: Tensor, kinetic: Tensor, kappa: float, *, states: int = 4
) -> ModelPoint:
    """Levels and dE₀/dκ of −½ d²/dx² + x²/2 + κ exp(−x²/2).

    Args:
        grid: its name, for the tables.
        points: x, (N,), evenly spaced.
        kinetic: (N, N).
        kappa: κ.
        states: levels to keep.
    """
    potential = HarmonicGaussian(kappa).to(points.device)
    q = points[:, None]

    def energies(shift: float) -> Tensor:
        with torch.no_grad():
            v = potential(q) + shift * potential.bump(q)
            return torch.linalg.eigvalsh(kinetic + torch.diag(v))

    levels, vectors = torch.linalg.eigh(kinetic + torch.diag(potential(q)))
    (slope,) = torch.autograd.grad(levels[0], potential.kappa)
    levels, psi = levels[:states].detach(), vectors[:, :states].detach()
    density = psi.square().T / (points[1] - points[0])
    slopes = (
        float(slope),
        float(psi[:, 0].square() @ potential.bump(q)),
        float(energies(STEP)[0] - energies(-STEP)[0]) / (2 * STEP),
    )
    arrays = [x.detach().cpu().numpy() for x in (points, potential(q), levels, density)]
    return ModelPoint(
        grid, kappa, levels.tolist(), dict(zip(WAYS, slopes, strict=True)), Well(kappa, *arrays)
    )


def run_model(config: ModelConfig, output: Path, *, overwrite: bool = False) -> Path:
    """Solve the model for every κ and grid and write model.csv, model.png and model.json.

    Args:
        config: values of κ, grids and number of levels.
        output: the folder, made if need be.
        overwrite: replace earlier results.

    Returns:
        The folder.

    Raises:
        ValueError: if no κ or no grid is given, a grid has fewer points than levels, or the
            folder must not be written to.
    """
    _check(config)
    device = pick_device(config.device, config.threads)
    check_folder(output, finished=DONE, overwrite=overwrite)
    open_folder(output, finished=DONE)
    open_log(output / "model.log")
    log.info("%s", environment(device))
    write_config(output / "config.yaml", config)
    found: dict[str, list[ModelPoint]] = {}
    for name, grid in config.grids.items():
        points, kinetic = (x.to(device) for x in GRIDS[name](grid.low, grid.high, grid.points))
        found[name] = [
            model_point(name, points, kinetic, kappa, states=config.states)
            for kappa in sorted(config.kappa)
        ]
    everything = [point for points in found.values() for point in points]
    log.info("%s", _table(everything))
    with replaced(output / "model.csv") as temporary:
        temporary.write_text(_csv(everything))
    _draw(output / "model.png", found)
    # Last, for it says that the run is finished.
    write_json(
        output / DONE,
        {
            "model": "-1/2 d2/dx2 + x2/2 + kappa exp(-x2/2), hbar = m = omega = 1",
            **environment(device),
            "units": "hbar = m = omega = 1",
            "grids": {name: grid.model_dump() for name, grid in config.grids.items()},
            "points": [point.row | {"levels": point.levels} for point in everything],
        },
    )
    return output


def _check(config: ModelConfig) -> None:
    if not config.kappa or not config.grids:
        raise ValueError("`kappa` and `grids` need at least one entry each")
    for name, grid in config.grids.items():
        if not grid.low < grid.high:
            raise ValueError(
                f"`grids.{name}.low` must be below `high`, got {grid.low} and {grid.high}"
            )
        if grid.points < config.states:
            raise ValueError(
                f"`grids.{name}.points` must be at least `states` = {config.states}, "
                f"got {grid.points}"
            )


def _table(points: list[ModelPoint]) -> str:
    """One line for each κ and grid."""
    head = (
        f"{'':27}{'':14}{'':14}dE0/dkappa by\n"
        f"{'kappa':>7}  {'grid':<12}{'E0':>13}  {'E1 - E0':>13}"
        f"  {'autograd':>13}  {'<exp(-x²/2)>':>13}  {'differences':>13}"
    )
    lines = [
        f"{p.kappa:7.3f}  {p.grid:<12}{p.levels[0]:13.9f}  {p.levels[1] - p.levels[0]:13.9f}"
        + "".join(f"  {slope:13.9f}" for slope in p.slopes.values())
        for p in sorted(points, key=lambda p: p.kappa)
    ]
    return "\n".join([head, *lines])


def _csv(points: list[ModelPoint]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(points[0].row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(point.row for point in points)
    return text.getvalue()


def _draw(path: Path, found: dict[str, list[ModelPoint]]) -> None:
    first = next(iter(found.values()))
    # More wells at small κ, where one minimum becomes two.
    picked = sorted({round(share * (len(first) - 1)) for share in (0, 0.2, 0.4, 1)})
    model_sweep(
        path,
        [first[k].well for k in picked],
        [p.kappa for p in first],
        {name: [p.levels[0] for p in points] for name, points in found.items()},
        {name: [p.levels[1] - p.levels[0] for p in points] for name, points in found.items()},
        {
            name: {title: [p.slopes[way] for p in points] for way, title in WAYS.items()}
            for name, points in found.items()
        },
    )
