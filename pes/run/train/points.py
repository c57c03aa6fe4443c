"""The points of a training: read, selected and divided."""

from dataclasses import replace

from pes.config import TrainConfig
from pes.config.training import Column
from pes.data import Split, read, split
from pes.data.labels import Chosen, chosen_points
from pes.data.split_files import given_split
from pes.molecule import Molecule
from pes.training.weights import column
from pes.units import CM1

__all__ = ["drawn_split", "load_points"]


def load_points(config: TrainConfig) -> Chosen:
    """The points of a configuration, checked against its molecule.

    Raises:
        ValueError, FileNotFoundError: if the file does not hold what is asked of it.
    """
    wanted = config.data
    source = read(
        wanted.file, format=wanted.format, formula=wanted.formula, columns=wanted.columns,
        keys=wanted.keys, units=wanted.units, zmatrix=wanted.zmatrix,
    )  # fmt: skip
    if config.molecule is not None:
        named, found = Molecule(config.molecule).elements, Molecule(source.symbols).elements
        if named != found:
            raise ValueError(
                f"{wanted.file}: the atoms are {' '.join(found)}, the configuration's molecule is "
                f"{' '.join(named)}; order and elements must agree"
            )
        source = replace(source, symbols=config.molecule)
    if wanted.forces and source.forces is None:
        raise ValueError(f"{wanted.file}: `data.forces` is true but the file has no forces")
    window = None
    if wanted.window is not None:
        window = (wanted.window[0] * CM1, wanted.window[1] * CM1)
    try:
        if isinstance(weights := config.training.weights, Column):
            column(source, weights.name)
        points = chosen_points(source, column=wanted.column, window=window)
    except ValueError as error:
        raise ValueError(f"{wanted.file}: {error}") from None
    if wanted.forces is False:
        points = replace(points, dataset=replace(points.dataset, forces=None))
    elif wanted.column is not None and source.forces is not None:
        remark = f"forces belong to `energies`, not to `{wanted.column}`, and are left out"
        points = replace(points, left_out=(*points.left_out, remark))
    return points


def drawn_split(config: TrainConfig, points: Chosen) -> Split:
    """The parts of a new training, drawn or as the user gives them."""
    wanted = config.data
    if wanted.split is None:
        return split(points.dataset, fractions=wanted.fractions, seed=config.seed)
    parts = given_split(wanted.split, points.source, seed=config.seed)
    try:
        return points.among_chosen(parts)
    except ValueError as error:
        raise ValueError(f"{wanted.split}: {error} of the points left") from None
