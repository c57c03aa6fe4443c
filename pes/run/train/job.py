"""One fit before it starts: its points, read, divided and audited, and the session it continues."""

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from pes.config import TrainConfig
from pes.config.training import Column
from pes.data import Dataset, Split, read, split
from pes.data.dataset import joined
from pes.data.labels import Chosen, chosen_points
from pes.data.split_files import check_copies, given_split, regrouped, with_validation
from pes.findings.audit import Audit, audit
from pes.molecule import Molecule
from pes.run.folder import open_folder, open_log, silence_log
from pes.run.train.resume import EarlierSession, earlier_session
from pes.run.train.tables import cut_metrics
from pes.setup.training.outcome.doubtful import doubtful_rows, not_fitted, without
from pes.training.distributed import Ranks
from pes.training.weights import column
from pes.units import CM1

__all__ = ["PROGRESS", "RESULTS", "Job", "drawn_split", "load_points", "opened", "prepared"]

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
        remarks, suspects = audited_before_fit(config, points)
        points = replace(points, left_out=(*points.left_out, *remarks))
        if config.data.doubtful == "leave_out":
            doubtful, parts = suspects, without(parts, suspects)
    elif config.data.doubtful == "leave_out":
        doubtful = not_fitted(doubtful_rows(_audit(config, points)), parts)
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


def load_points(config: TrainConfig) -> Chosen:
    """The points of a configuration, checked against its molecule.

    Raises:
        ValueError, FileNotFoundError: if the file does not hold what is asked of it.
    """
    section = config.data
    source, held_out = read(section.file, **section.statements), 0
    if section.test is not None:
        test = read(section.test, **section.statements)
        try:
            source, held_out = joined((source, test)), len(test)
        except ValueError as error:
            raise ValueError(f"{section.test}: {error}") from None
    if config.molecule is not None:
        named, present = Molecule(config.molecule).elements, Molecule(source.symbols).elements
        if named != present:
            raise ValueError(
                f"{section.file}: the atoms are {' '.join(present)}, the configuration's molecule "
                f"is {' '.join(named)}; order and elements must agree"
            )
        source = replace(source, symbols=config.molecule)
    if section.forces and source.forces is None:
        raise ValueError(f"{section.file}: `data.forces` is true but the file has no forces")
    window = None
    if section.window is not None:
        window = (section.window[0] * CM1, section.window[1] * CM1)
    try:
        if isinstance(weights := config.training.weights, Column):
            column(source, weights.name)
        points = chosen_points(source, column=section.column, window=window)
        points = replace(points, held_out=held_out)
    except ValueError as error:
        raise ValueError(f"{section.file}: {error}") from None
    if section.forces is False:
        points = replace(points, dataset=replace(points.dataset, forces=None))
    elif section.column is not None and source.forces is not None:
        remark = f"forces belong to `energies`, not to `{section.column}`, and are left out"
        points = replace(points, left_out=(*points.left_out, remark))
    counted = ()
    if len(points.dataset) < len(source):
        counted = ("rows named below are counted from 0 among the points that are left",)
    return replace(points, left_out=(*_as_read(source), *points.left_out, *counted))


def _as_read(source: Dataset) -> tuple[str, ...]:
    """Format and units that a file was taken to have; files of ours state their own."""
    known = source.provenance
    if "format" not in known or "units" not in known:
        return ()
    return (f"{known.get('source', 'data')}: {known['format']}, {known['units']}",)


def drawn_split(config: TrainConfig, points: Chosen) -> Split:
    """The parts of a new training, drawn or as the user gives them.

    Raises:
        ValueError: if a given part has none of the points that are left.
    """
    section = config.data
    if points.held_out:
        return _before_test(config, points)
    if section.split is None:
        return split(points.dataset, fractions=section.fractions, seed=config.seed)
    parts = given_split(section.split, points.source, seed=config.seed, regroup=section.regroup)
    try:
        return points.among_chosen(parts)
    except ValueError as error:
        raise ValueError(f"{section.split}: of the points that are left, {error}") from None


def _before_test(config: TrainConfig, points: Chosen) -> Split:
    """Training and validation drawn from the points before those of the test file."""
    test = points.rows >= len(points.source) - points.held_out
    rows = torch.arange(len(points.rows))
    try:
        parts = with_validation(
            points.dataset, rows[~test], rows[test], fractions=config.data.fractions,
            seed=config.seed,
        )  # fmt: skip
        if config.data.regroup:
            return regrouped(points.dataset, parts)
        check_copies(points.dataset, parts)
    except ValueError as error:
        raise ValueError(f"{config.data.test}: {error}") from None
    return parts


def audited_before_fit(config: TrainConfig, points: Chosen) -> tuple[tuple[str, ...], Tensor]:
    """Sentences of the audit before a fit, and the rows of the labels that it doubts.

    Raises:
        ValueError: if a fit would mean nothing, unless `data.audit` is warn.
    """
    result = _audit(config, points)
    if result.severity == "error" and config.data.audit == "refuse":
        raise ValueError(
            f"{config.data.file}: {result.findings[0].line()}; `data.audit: warn` fits all the same"
        )
    return tuple(result.before_fit()), doubtful_rows(result)


def _audit(config: TrainConfig, points: Chosen) -> Audit:
    """Audit of the points, with the forces of the file also where these are not fitted.

    A row whose forces are wrong is left out of an automatic fit; the configuration that this
    writes may have `data.forces: false` and must leave out the same row. Where all the forces are
    wrong, they are no business of a fit to energies.
    """
    forces = points.source.forces
    unfitted = points.dataset.forces is None and config.data.column is None
    if config.data.doubtful == "leave_out" and unfitted and forces is not None:
        result = audit(replace(points.dataset, forces=forces[points.rows]))
        if result.severity != "error":
            return result
    return audit(points.dataset)
