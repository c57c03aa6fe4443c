"""One fit before it starts: configuration, points, and the session that it continues."""

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from pes.config import TrainConfig
from pes.data import Split
from pes.data.labels import Chosen
from pes.run.folder import open_folder, open_log, silence_log
from pes.run.train.points import audited_before_fit, drawn_split, load_points
from pes.run.train.resume import EarlierSession, earlier_session
from pes.run.train.tables import cut_metrics
from pes.setup.training.doubtful import doubtful_rows, without
from pes.training.distributed import Ranks

__all__ = ["PROGRESS", "RESULTS", "Job", "opened", "prepared"]

log = logging.getLogger("pes")

RESULTS = ("surface.safetensors", "learning_curve.png", "residuals.png", "calibration.png")
"""Files of a finished run besides its records."""
PROGRESS = ("state.pt", "previous_state.pt", "metrics.csv", "search.csv", "chosen.json")
"""Files from which a run continues."""


@dataclass(frozen=True)
class Job:
    """Inputs of a fit.

    Attributes:
        config: configuration with full paths.
        folder: folder to write to.
        device: device of the fit.
        ranks: processes that share the fit; only rank 0 writes and logs.
        points: labelled points, and what was left out of them.
        parts: training, validation and test rows.
        doubtful: rows of labels left out because the audit doubts them.
        checkpoint: state file to continue from.
        earlier: session of this file.
        begun: CPU seconds of the process when reading began.
    """

    config: TrainConfig
    folder: Path
    device: torch.device
    ranks: Ranks
    points: Chosen
    parts: Split
    doubtful: Tensor | None
    checkpoint: Path | None
    earlier: EarlierSession | None
    begun: float


def prepared(
    config: TrainConfig,
    folder: Path,
    checkpoint: Path | None,
    device: torch.device,
    ranks: Ranks,
) -> Job:
    """Read, split and audit the points of a configuration; nothing is written.

    Raises:
        ValueError, FileNotFoundError: for points or a state that cannot be used.
    """
    begun = time.process_time()
    points, doubtful = load_points(config), None
    earlier = None if checkpoint is None else earlier_session(config, points, checkpoint)
    parts = drawn_split(config, points) if earlier is None else earlier.parts
    for rows in (parts.train, parts.validation):
        ranks.shard_rows(len(rows))  # refuses more ranks than points
    if earlier is None:
        audited = audited_before_fit(config, points)
        points = replace(points, left_out=(*audited.before_fit(), *points.left_out))
        if config.data.doubtful == "leave_out":
            doubtful = doubtful_rows(audited)
            parts = without(parts, doubtful)
    return Job(
        config, folder, device, ranks, points, parts, doubtful, checkpoint, earlier, begun
    )  # fmt: skip


def opened(job: Job) -> None:
    """Open the run folder and its log on rank 0; silence the log of the others."""
    if job.ranks.rank > 0:
        silence_log()
        return
    earlier = job.earlier
    open_folder(job.folder, stale=RESULTS if earlier is not None else (*RESULTS, *PROGRESS))
    open_log(job.folder / "train.log", append=earlier is not None)
    if job.checkpoint is None or earlier is None:
        return
    metrics = job.checkpoint.with_name("metrics.csv")
    cut_metrics(metrics, job.folder / "metrics.csv", earlier.state.epoch)
    if earlier.trouble is not None:
        log.warning("warning: %s", earlier.trouble)
