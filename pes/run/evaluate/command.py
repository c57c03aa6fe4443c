"""`pes-evaluate`: how a surface does on any labelled points."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tqdm import tqdm

from pes.config import TrainConfig, load_config
from pes.data import read
from pes.evaluation import HOLES, evaluate
from pes.evaluation.dipoles import evaluate_dipoles
from pes.evaluation.result import EVALUATED, STALE
from pes.run.folder import check_folder, claimed, open_log, pick_device
from pes.setup.inputs.surfaces import loaded
from pes.setup.machine.environment import environment_line
from pes.setup.machine.intervals import QUIET, at_intervals
from pes.staging import staged

__all__ = ["HOLES", "run_evaluate"]

log = logging.getLogger("pes")


def run_evaluate(
    surface: str,
    data: Path,
    *,
    format: str | None = None,
    statements: Mapping[str, str | None] = MappingProxyType({}),
    output: Path | None = None,
    holes: int = HOLES,
    device: str = "auto",
    overwrite: bool = False,
    functions: Sequence[str] = (),
) -> Path:
    """Errors of a surface on a file of points: tables, worst points, predictions, pictures.

    A dipole surface is judged by dipole moments, in debye; it has no pictures and no holes.

    Args:
        surface: run folder, surface file, module:function, file.py:function or name.
        data: points in any format that `pes.read` knows.
        format: name of the format where suffix and content cannot tell.
        statements: formula, columns, keys, units and zmatrix, as `pes.read` takes them; if none
            is made, those of the training hold for a file with the same ending.
        output: folder; default evaluation-<data> in the run folder or here.
        holes: geometries to search for holes; 0 for no search.
        device: auto, cpu or cuda.
        overwrite: replace an earlier evaluation.
        functions: names of functions that a surface file may be built on.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: if surface and data do not fit, in one line.
    """
    parent = Path(surface) if Path(surface).is_dir() else Path()
    folder = output or parent / f"evaluation-{data.stem}"
    place = pick_device(device)
    with claimed(folder):
        check_folder(folder, finished=EVALUATED, overwrite=overwrite)
        known = loaded(surface, Path.cwd(), functions)
        open_log(None)  # what the reader says of units
        points = read(data, **_as_trained(parent / "config.yaml", data, statements, format))
        if known.is_dipole:
            judged = evaluate_dipoles(known, points, device=place, file=str(data))
            for line in judged.lines():
                log.info("%s", line)
            judged.save(folder)
            return folder
        with _counted(shown=holes > 0) as tick:
            evaluation = evaluate(
                known, points, holes=holes, device=place, tick=tick, file=str(data)
            )
        with staged(folder, finished=EVALUATED, stale=STALE) as new:
            open_log(new / "evaluation.log")
            log.info("%s", environment_line(place))
            for line in evaluation.lines():
                log.info("%s", line)
            evaluation.save(new)
    return folder


@contextmanager
def _counted(*, shown: bool) -> Iterator[Callable[[int], None]]:
    """Function that counts energies: on a bar at a terminal, in lines of the log elsewhere."""
    count, due = 0, at_intervals(QUIET)
    hidden = None if shown else True
    with tqdm(unit="energy", unit_scale=True, desc="search for holes", disable=hidden) as bar:

        def tick(number: int) -> None:
            nonlocal count
            bar.update(number)
            count += number
            if bar.disable and due() is not None:
                log.info("search for holes: %s energies have been computed", f"{count:,}")

        yield tick


def _as_trained(
    config: Path, data: Path, statements: Mapping[str, str | None], format: str | None
) -> dict[str, Any]:
    """Statements about a file, or else those of the training about a file with the same ending.

    Args:
        config: configuration in the run folder; it need not exist.
        data: file of points.
        statements: formula, columns, keys, units and zmatrix.
        format: name of the format.
    """
    own = {name: text for name, text in {**statements, "format": format}.items() if text}
    if own or not config.is_file():
        return own
    section = load_config(config, TrainConfig).data
    known = section.statements
    if not known or section.file.suffixes != data.suffixes:
        return {}
    log.info("%s is read with the %s of %s", data, ", ".join(known), config)
    return known
