"""`pes-levels` for the one-dimensional model: its files, its table and its picture."""

import logging
from pathlib import Path

import torch

from pes import plots
from pes.config import ModelConfig
from pes.files import write_csv, write_json
from pes.run.folder import check_folder, claimed, open_log, pick_device, write_config
from pes.setup.harmonic_gaussian import SLOPE_METHODS, ModelPoint, model_sweep
from pes.setup.machine.environment import environment, environment_line
from pes.staging import staged
from pes.vibration.hamiltonian.one_dimensional import GRIDS

__all__ = ["run_model"]

log = logging.getLogger("pes")

DONE = "model.json"


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
    with claimed(output):
        check_folder(output, finished=DONE, overwrite=overwrite)
        with staged(output, finished=DONE) as place:
            _write(place, config, device)
    return output


def _write(folder: Path, config: ModelConfig, device: torch.device) -> None:
    """Solve the model and write its files, model.json last."""
    open_log(folder / "model.log")
    log.info("%s", environment_line(device))
    write_config(folder / "config.yaml", config)
    found: dict[str, list[ModelPoint]] = {}
    for name, grid in config.grids.items():
        points, kinetic = (x.to(device) for x in GRIDS[name](grid.low, grid.high, grid.points))
        found[name] = model_sweep(name, points, kinetic, config.kappa, states=config.states)
    everything = [point for points in found.values() for point in points]
    log.info("%s", _table(everything))
    write_csv(folder / "model.csv", [point.row for point in everything])
    _draw(folder / "model.png", found)
    write_json(
        folder / DONE,
        {
            "model": "-1/2 d2/dx2 + x2/2 + kappa exp(-x2/2), hbar = m = omega = 1",
            **environment(device),
            "units": "hbar = m = omega = 1",
            "grids": {name: grid.model_dump() for name, grid in config.grids.items()},
            "points": [point.row | {"levels": point.levels} for point in everything],
        },
    )


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
        "the model -1/2 d2/dx2 + x2/2 + kappa exp(-x2/2), in units of the oscillator:\n"
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


def _draw(path: Path, found: dict[str, list[ModelPoint]]) -> None:
    first = next(iter(found.values()))
    # More wells at small κ, where one minimum becomes two.
    picked = sorted({round(share * (len(first) - 1)) for share in (0, 0.2, 0.4, 1)})
    plots.model_levels(
        path,
        [_well(first[k]) for k in picked],
        [p.kappa for p in first],
        {name: [p.levels[0] for p in points] for name, points in found.items()},
        {name: [p.levels[1] - p.levels[0] for p in points] for name, points in found.items()},
        {
            name: {title: [p.slopes[way] for p in points] for way, title in SLOPE_METHODS.items()}
            for name, points in found.items()
        },
    )


def _well(point: ModelPoint) -> plots.Well:
    arrays = (
        point.points,
        point.potential,
        torch.tensor(point.levels, dtype=torch.float64),
        point.densities,
    )
    return plots.Well(point.kappa, *[x.cpu().numpy() for x in arrays])
