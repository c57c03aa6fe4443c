"""Configurations made by `pes-train`: for a file of points, with more time, of a finished fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from pes.config import TrainConfig, load_config
from pes.config.reading import changed, checked
from pes.data.formats.request import stated
from pes.run.train.resume import workplace
from pes.setup.training.automatic.fit import ENDLESS
from pes.setup.training.outcome.fit_result import FitResult
from pes.setup.training.planning.choices import LinearChoice
from pes.setup.training.planning.settings import KernelForm, LinearForm, NetworkForm
from pes.setup.training.train import MINUTES

__all__ = ["budget", "chosen_config", "continued", "points_config", "reproducible", "with_budget"]

READ = ("format", "formula", "columns", "keys", "units", "zmatrix")
"""Arguments of `pes.read` besides the file."""


def points_config(
    file: Path,
    statements: Mapping[str, Any],
    minutes: float | None,
    settings: Sequence[str],
    *,
    dipole: bool = False,
) -> TrainConfig:
    """The configuration of a file of points and what is said about it on the command line.

    Args:
        file: file of the points.
        statements: what the file does not say, and the split.
        minutes: time of the fit.
        settings: `section.key=value` that override what is made here.
        dipole: whether dipole moments are fitted, not energies.

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
        "name": file.name.split(".")[0] + ("_dipole" if dipole else ""),
        "data": {"file": str(file), **data},
        "training": {"budget": MINUTES if minutes is None else minutes},
    }
    if dipole:
        content["surface"] = {"kind": "auto_dipole"}
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
        "surface": SURFACES[settings.form.kind](settings.form, result.plan.choices.fits[0].linear),
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


def _network(form: NetworkForm, under: LinearChoice | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "kind": "neural",
        "descriptor": {
            "kind": "invariants", "degree": form.degree, "variable": form.variable,
            "length": form.length,
        },
        "hidden": list(form.hidden),
        "activation": form.activation,
    }  # fmt: skip
    if under is not None:
        content["baseline"] = {
            "kind": "linear", "degree": under.degree, "length": under.length, "ridge": under.ridge,
        }  # fmt: skip
    return content


def _kernels(form: KernelForm, _: None) -> dict[str, Any]:
    return {"kind": "kernel", **asdict(form)}


def _linear(form: LinearForm, choice: LinearChoice) -> dict[str, Any]:
    return {
        "kind": "linear", "degree": choice.degree, "length": choice.length,
        "variable": form.variable, "ridge": choice.ridge, "chosen_by": form.chosen_by,
    }  # fmt: skip


SURFACES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "neural": _network, "kernel": _kernels, "linear": _linear,
}  # fmt: skip
"""Section `surface` of each kind of form, with the linear surface that was chosen for it."""
