"""Where a training starts: afresh, or where an earlier sitting of the same run ended."""

from functools import reduce
from pathlib import Path
from typing import Any

from pes.config import TrainConfig, load_config
from pes.config.surface import StoredSurface
from pes.data import Split
from pes.data.labels import Chosen
from pes.run.folder import check_folder
from pes.run.train.points import drawn_split
from pes.run.train.preparation import leaves_open
from pes.setup.surfaces import resolved
from pes.training.checkpoint import latest_checkpoint, previous
from pes.training.fit import TrainingState

__all__ = ["checkpoint_of", "starting_point", "with_full_paths"]

FIXED = (
    "seed", "molecule", "data.forces", "data.column", "data.window", "surface",
    "training.optimizer", "training.weights", "training.force_weight", "ensemble",
)  # fmt: skip
"""Keys that a resumed run must not change."""


def checkpoint_of(folder: Path, resume: str | None, *, overwrite: bool) -> Path | None:
    """The state to continue from, None to start afresh; the folder may be written to.

    With `auto`, a run killed before its first state was written starts again.
    """
    check_folder(folder, overwrite=overwrite, resume=resume is not None)
    if resume == "auto":
        file = folder / "state.pt"
        return file if file.is_file() or previous(file).is_file() else None
    return None if resume is None else Path(resume)


def with_full_paths(config: TrainConfig, base: Path) -> TrainConfig:
    """The configuration with its files named in full, for a copy that lies elsewhere."""
    file = (base / config.data.file).resolve()
    data = config.data.model_copy(update={"file": file})
    if data.split is not None:
        data = data.model_copy(update={"split": (base / data.split).resolve()})
    update: dict[str, Any] = {"data": data}
    if isinstance(under := config.surface.baseline, StoredSurface):
        under = under.model_copy(update={"surface": resolved(under.surface, base)})
        update["surface"] = config.surface.model_copy(update={"baseline": under})
    if (spectrum := config.vibration.spectrum) is not None:
        spectrum = spectrum.model_copy(update={"dipole": resolved(spectrum.dipole, base)})
        update["vibration"] = config.vibration.model_copy(update={"spectrum": spectrum})
    return config.model_copy(update=update)


def starting_point(
    config: TrainConfig, points: Chosen, checkpoint: Path | None
) -> tuple[TrainConfig, TrainingState | None, Split, str | None]:
    """Where the fit starts, afresh or where an earlier sitting ended; what was wrong there."""
    if checkpoint is None:
        return config, None, drawn_split(config, points), None
    state, trouble = latest_checkpoint(checkpoint)
    before = checkpoint.with_name("config.yaml")
    first = load_config(before, TrainConfig)
    for key in FIXED:
        new, old = (reduce(getattr, key.split("."), c) for c in (config, first))
        if not leaves_open(new, old):
            raise ValueError(
                f"`{key}` is not as in {before}: a resumed run keeps it; to change it, start "
                "another run"
            )
    training = config.training.model_copy(update={"force_weight": first.training.force_weight})
    update = {"surface": first.surface, "training": training, "ensemble": first.ensemble}
    config = config.model_copy(update=update)
    parts = Split.load(checkpoint.with_name("split.json"), points.source)
    return config, state, points.among_chosen(parts), trouble
