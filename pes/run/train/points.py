"""The points of a training: read, selected and divided."""

from dataclasses import replace
from pathlib import Path

import torch

from pes.config import TrainConfig
from pes.config.train import Data
from pes.config.training import Column
from pes.data import Dataset, Split, read, split
from pes.data.dataset import joined
from pes.data.labels import Chosen, chosen_points
from pes.data.split_files import check_copies, given_split, regrouped, with_validation
from pes.findings.audit import Audit, audit
from pes.molecule import Molecule
from pes.training.weights import column
from pes.units import CM1

__all__ = ["audited_before_fit", "drawn_split", "load_points"]


def load_points(config: TrainConfig) -> Chosen:
    """The points of a configuration, checked against its molecule.

    Raises:
        ValueError, FileNotFoundError: if the file does not hold what is asked of it.
    """
    section = config.data
    source, held_out = _read(section, section.file), 0
    if section.test is not None:
        test = _read(section, section.test)
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
    return points


def _read(section: Data, file: Path) -> Dataset:
    return read(
        file, format=section.format, formula=section.formula, columns=section.columns,
        keys=section.keys, units=section.units, zmatrix=section.zmatrix,
    )  # fmt: skip


def drawn_split(config: TrainConfig, points: Chosen) -> Split:
    """The parts of a new training, drawn or as the user gives them."""
    section = config.data
    if points.held_out:
        return _before_test(config, points)
    if section.split is None:
        return split(points.dataset, fractions=section.fractions, seed=config.seed)
    parts = given_split(section.split, points.source, seed=config.seed, regroup=section.regroup)
    try:
        return points.among_chosen(parts)
    except ValueError as error:
        raise ValueError(f"{section.split}: {error} of the points left") from None


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


def audited_before_fit(config: TrainConfig, points: Chosen) -> Audit:
    """Audit of the points, which says what matters before a fit.

    Raises:
        ValueError: if a fit would mean nothing, unless `data.audit` is warn.
    """
    result = audit(points.dataset)
    if result.severity == "error" and config.data.audit == "refuse":
        raise ValueError(
            f"{config.data.file}: {result.findings[0].line()}; `data.audit: warn` fits all the same"
        )
    return result
