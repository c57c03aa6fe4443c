"""`pes-train` without settings: the surface is chosen, and config.yaml says in the end how."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.config import TrainConfig, load_config
from pes.config.reading import changed, checked
from pes.data import Split
from pes.data.formats.request import stated
from pes.data.labels import Chosen
from pes.files import write_json
from pes.run.folder import write_config
from pes.run.signals import stop_signals
from pes.run.train.resume import workplace
from pes.run.train.tables import write_metrics
from pes.setup.training.automatic.fit import ENDLESS, AutomaticFit, automatic_fit
from pes.setup.training.automatic.trial import Trial
from pes.setup.training.fit_result import FitResult
from pes.setup.training.settings import LinearForm, NetworkForm, TrainingSettings
from pes.training.checkpoint import save_checkpoint

__all__ = [
    "automatic_training",
    "budget",
    "chosen_config",
    "continued",
    "points_config",
    "reproducible",
    "with_budget",
]

log = logging.getLogger("pes")

REPORT = 10.0
"""CPU seconds kept for errors and pictures at the end, at most."""
SELDOM = 10.0
"""CPU seconds between two surfaces written while the fit goes on, at least."""
RARELY = 20.0
"""Least interval between two surfaces written, in units of the time that the last writing took."""
READ = ("format", "formula", "columns", "keys", "units", "zmatrix")
"""Arguments of `pes.read` besides the file."""
MINUTES = 5.0
"""CPU-minutes of a fit that names none."""


def automatic_training(
    config: TrainConfig,
    points: Chosen,
    parts: Split,
    device: torch.device,
    folder: Path,
    *,
    used: float = 0.0,
    doubtful: Tensor | None = None,
) -> tuple[FitResult, int]:
    """Choose and fit a surface within the budget; the folder holds the best one so far.

    Args:
        config: its surface is `auto`.
        points: labelled points.
        parts: rows of the points.
        device: device of the fit.
        folder: run folder, open.
        used: CPU seconds of the budget that reading and audit have taken.
        doubtful: rows of labels left out because the audit doubts them.

    Returns:
        The result, and the number of a signal that ended the fit, or 0.
    """
    points.in_source(parts).save(folder / "split.json")
    write_config(folder / "config.yaml", config)

    following = [0.0]

    def keep(trial: Trial) -> None:
        begun = time.process_time()
        if begun < following[0]:
            return
        best = AutomaticFit(trial, (trial,), (), trial.seconds).result(name=config.name)
        best.save_surface(folder)
        end = time.process_time()
        following[0] = end + max(SELDOM, RARELY * (end - begun))

    with stop_signals() as received:
        fit = automatic_fit(
            points.dataset, parts, seconds=60 * budget(config), used=_taken(config, used),
            doubtful=doubtful, seed=config.seed, memory=config.training.memory, device=device,
            say=log.info, keep=keep, stop=_asked(received),
        )  # fmt: skip
        forces = points.dataset.forces is not None
        result = fit.result(name=config.name, stopped=bool(received()))
        write_config(folder / "config.yaml", chosen_config(config, result, forces=forces))
        write_json(folder / "automatic.json", _record(fit))
        result.plan.choices.save(folder / "chosen.json")
        if result.state is not None:
            write_metrics(folder / "metrics.csv", result.history)
            save_checkpoint(folder / "state.pt", result.state)
        return result, received()


def points_config(
    file: Path, statements: Mapping[str, Any], minutes: float | None, settings: Sequence[str]
) -> TrainConfig:
    """The configuration of a file of points and what is said about it on the command line.

    Raises:
        ValueError: if a statement or a setting cannot be understood.
    """
    texts = {name: text for name, text in statements.items() if name in READ}
    request = stated(**{name: text for name, text in texts.items() if name != "format"})
    data: dict[str, Any] = {
        "formula": request.symbols, "columns": request.columns, "keys": dict(request.keys),
        "units": dict(request.units), "zmatrix": request.zmatrix,
    }  # fmt: skip
    data = {name: value for name, value in data.items() if value} | {"doubtful": "leave_out"}
    data |= {name: str(path) for name, path in statements.items() if name in ("split", "test")}
    if "format" in texts:
        data["format"] = texts["format"]
    content = {
        "name": file.name.split(".")[0],
        "data": {"file": str(file), **data},
        "training": {"budget": MINUTES if minutes is None else minutes},
    }
    return checked(content, TrainConfig, settings, str(file))


def with_budget(config: TrainConfig, minutes: float, *, endless: bool) -> TrainConfig:
    """The configuration with so many CPU-minutes, which alone end the fit if `endless`."""
    more: dict[str, Any] = {"training.budget": minutes}
    return changed(config, more | ({"training.epochs": ENDLESS} if endless else {}), "--minutes")


def reproducible(config: TrainConfig, result: FitResult) -> TrainConfig:
    """The configuration whose epochs, not its time, end where this fit did."""
    assert result.state is not None
    changes = {"training.epochs": result.state.epoch, "training.budget": None}
    return changed(config, changes, "training.budget")


def budget(config: TrainConfig) -> float:
    """CPU-minutes of an automatic fit."""
    return config.training.budget or MINUTES


def continued(config: TrainConfig, folder: Path) -> TrainConfig:
    """The configuration that an earlier automatic fit in a folder chose, with more time.

    Where nothing can go on, as no network was chosen, the fit starts again.
    """
    place = workplace(folder)
    folder = place if (place / "config.yaml").is_file() else folder
    if not (folder / "state.pt").is_file():
        return config
    chosen = load_config(folder / "config.yaml", TrainConfig)
    if chosen.surface.kind == "auto":
        return config
    return with_budget(chosen, budget(config), endless=True)


def _taken(config: TrainConfig, used: float) -> float:
    """CPU seconds of the budget that are not for the fit: those used, and some for the report."""
    total = 60 * budget(config)
    return min(0.5 * total, used + min(REPORT, 0.02 * total))


def _asked(received: Callable[[], int]) -> Callable[[], bool]:
    return lambda: received() > 0


def chosen_config(config: TrainConfig, result: FitResult, *, forces: bool) -> TrainConfig:
    """The configuration that gives this result again.

    Args:
        config: its surface is `auto`.
        result: fit chosen.
        forces: whether the points have forces, fitted or not.
    """
    settings = result.plan.settings
    without = forces and result.plan.dataset.forces is None
    changes: dict[str, Any] = {
        "surface": _surface(settings, result),
        "threads": torch.get_num_threads(),
        "data.forces": False if without else None,
        "training.budget": None,
        "training.force_weight": settings.force_weight,
    }
    if result.state is not None:
        changes |= {
            "training.optimizer": "levenberg_marquardt",
            "training.epochs": settings.epochs,
            "training.patience": settings.patience,
        }
    if settings.first_points is not None:
        changes |= {
            "training.first_points": settings.first_points,
            "training.first_epochs": settings.first_epochs,
        }
    if settings.ensemble is not None:
        changes["ensemble"] = {"members": settings.ensemble.members}
    return changed(config, changes, "surface: auto")


def _surface(settings: TrainingSettings, result: FitResult) -> dict[str, Any]:
    form = settings.form
    if isinstance(form, NetworkForm):
        content: dict[str, Any] = {
            "kind": "neural",
            "descriptor": {"degree": form.degree, "variable": form.variable, "length": form.length},
            "hidden": list(form.hidden),
            "activation": form.activation,
        }
        if (under := result.plan.choices.fits[0].linear) is not None:
            content["baseline"] = {
                "kind": "linear", "degree": under.degree, "length": under.length,
                "ridge": under.ridge,
            }  # fmt: skip
        content["descriptor"]["kind"] = "invariants"
        return content
    assert isinstance(form, LinearForm)
    choice = result.plan.choices.fits[0].linear
    assert choice is not None
    return {
        "kind": "linear", "degree": choice.degree, "length": choice.length,
        "variable": form.variable, "ridge": choice.ridge, "chosen_by": form.chosen_by,
    }  # fmt: skip


def _record(fit: AutomaticFit) -> dict[str, Any]:
    """Plan and trials, of plain types."""
    rows = [
        {
            "name": trial.name,
            "validation_cm1": trial.error,
            "training_cm1": trial.training if trial.history else None,
            "epochs": len(trial.history),
            "cpu_seconds": trial.seconds,
            "chosen": trial is fit.chosen,
        }
        for trial in fit.trials
    ]
    return {"lines": list(fit.lines), "trials": rows, "cpu_seconds": fit.seconds}
