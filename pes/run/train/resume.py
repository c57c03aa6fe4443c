"""Resumed trainings: files of the earlier session and the keys that must not change."""

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from pes.config import TrainConfig, load_config
from pes.data import Split
from pes.data.labels import Chosen
from pes.files import RUN_FINISHED
from pes.run.folder import check_folder
from pes.setup.inputs.surfaces import resolved
from pes.setup.training.planning.choices import TrainingChoices
from pes.training.checkpoint import latest_checkpoint, previous
from pes.training.epoch import TrainingState

__all__ = [
    "EarlierSession", "check_same", "checkpoint_of", "earlier_session", "with_full_paths",
    "workplace",
]  # fmt: skip

FIXED = (
    "seed", "molecule", "data.forces", "data.column", "data.window", "surface",
    "training.optimizer", "training.weights", "training.force_weight",
    "training.first_points", "training.first_epochs", "search", "ensemble",
)  # fmt: skip
"""Keys that a resumed run must not change."""


UNFINISHED = "unfinished"
"""Folder within that of a finished run in which a run with `--overwrite` works until it ends."""


def workplace(folder: Path) -> Path:
    """The folder that a run writes to: its own, or one within while that holds a finished run."""
    return folder / UNFINISHED if (folder / RUN_FINISHED).exists() else folder


def checkpoint_of(folder: Path, resume: str | None, *, overwrite: bool) -> Path | None:
    """The state to continue from, None to start afresh; the folder may be written to.

    With `auto`, a run killed before its first state was written starts again, and a finished one
    goes on in place.
    """
    place = workplace(folder)
    started = (place / "config.yaml").exists()
    state = (place if started else folder) / "state.pt"
    goes_on = resume == "auto" and (state.is_file() or previous(state).is_file())
    check_folder(
        place if started else folder, overwrite=overwrite or goes_on, resume=resume is not None
    )
    if resume == "auto":
        return state if goes_on else None
    return None if resume is None else Path(resume)


def with_full_paths(config: TrainConfig, base: Path) -> TrainConfig:
    """The configuration with its files named in full, for a copy that lies elsewhere."""
    file = (base / config.data.file).resolve()
    data = config.data.model_copy(update={"file": file})
    for key in ("split", "test"):
        if (path := getattr(data, key)) is not None:
            data = data.model_copy(update={key: (base / path).resolve()})
    update: dict[str, Any] = {"data": data}
    if (under := config.surface.baseline) is not None and under.kind == "surface":
        under = under.model_copy(
            update={
                "surface": resolved(under.surface, base),
                "functions": tuple(resolved(one, base) for one in under.functions),
            }
        )
        update["surface"] = config.surface.model_copy(update={"baseline": under})
    if (spectrum := config.vibration.spectrum) is not None:
        spectrum = spectrum.model_copy(update={"dipole": resolved(spectrum.dipole, base)})
        update["vibration"] = config.vibration.model_copy(update={"spectrum": spectrum})
    return config.model_copy(update=update)


@dataclass(frozen=True)
class EarlierSession:
    """Last state of an earlier session of a run.

    Attributes:
        state: state of the last epoch that can be read.
        parts: rows of the points chosen.
        choices: everything that was chosen for the fit.
        trouble: defect of the last state written, in words.
    """

    state: TrainingState
    parts: Split
    choices: TrainingChoices
    trouble: str | None


def earlier_session(config: TrainConfig, points: Chosen, checkpoint: Path) -> EarlierSession:
    """State, points and choices of an unfinished run.

    Raises:
        ValueError: if the configuration differs where a resumed run must not, or a file of the
            run cannot be read.
    """
    state, trouble = latest_checkpoint(checkpoint)
    check_same(config, checkpoint.with_name("config.yaml"))
    parts = Split.load(checkpoint.with_name("split.json"), points.source)
    choices = TrainingChoices.load(checkpoint.with_name("chosen.json"))
    return EarlierSession(state, points.among_chosen(parts), choices, trouble)


def check_same(config: TrainConfig, before: Path) -> None:
    """Raise a `ValueError` if keys that a resumed run keeps differ from the file of that run."""
    first = load_config(before, TrainConfig)
    for key in FIXED:
        new, old = (reduce(getattr, key.split("."), c) for c in (config, first))
        if new != old:
            raise ValueError(
                f"`{key}` is not as in {before}: a resumed run keeps it; to change it, start "
                "another run"
            )
