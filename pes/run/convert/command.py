"""`pes-convert`: points from one format into another, part by part."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pes.data import FORMATS, Dataset, write
from pes.data.dataset import check_alike
from pes.data.formats import parts_of, writer_of
from pes.data.formats.request import Request, stated
from pes.run.folder import check_writable, open_log
from pes.training.force_check import force_finding
from pes.units import CM1

__all__ = ["convert"]

log = logging.getLogger("pes")


def convert(
    sources: Sequence[Path],
    target: Path,
    *,
    format: str | None = None,
    to: str | None = None,
    statements: Mapping[str, str | None] = MappingProxyType({}),
    overwrite: bool = False,
) -> Path:
    """Write the points of one or several files, one behind the other, as one file.

    The log tells the units that were taken, what is doubtful about them, and what the new format
    has no place for.

    Args:
        sources: files of one molecule.
        target: file to write, whole or not at all.
        format: name of the sources' format where suffix and content cannot tell.
        to: name of the target's format where its suffix belongs to several.
        statements: formula, columns, keys, units and zmatrix, as `pes.read` takes them.
        overwrite: replace an earlier file.

    Raises:
        ValueError, OSError: if a source cannot be read or the target not written, in one line.
    """
    if target.exists() and not overwrite:
        raise ValueError(f"{target} exists; give another name, or --overwrite")
    request, name = stated(**statements), writer_of(target, to)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist")
    check_writable(target.parent)
    open_log(None)
    firsts: list[Dataset] = []
    heights: list[float] = []
    counts: list[int] = []

    def parts() -> Iterator[Dataset]:
        for part in _joined_files(sources, request, format):
            if not firsts:
                firsts.append(part)
                _tell_losses(part, name)
            heights.extend((float(part.energies.min()), float(part.energies.max())))
            counts.append(len(part))
            yield part

    write(target, parts(), format=name)
    if finding := force_finding(firsts[0]):
        log.info("%s", finding)
    log.info(
        "written to %s: %s of %s, energies to %.1f cm-1 above the lowest",
        target, f"{sum(counts):,} point{'s' if sum(counts) > 1 else ''}",
        " ".join(firsts[0].symbols),
        (max(heights) - min(heights)) / CM1,
    )  # fmt: skip
    return target


def _joined_files(
    sources: Iterable[Path], request: Request, format: str | None
) -> Iterator[Dataset]:
    first: Dataset | None = None
    for source in sources:
        for part in parts_of(source, request, format=format):
            first = first or part
            try:
                check_alike(first, part)
            except ValueError as error:
                raise ValueError(f"{source}: {error}") from None
            yield part


def _tell_losses(part: Dataset, name: str) -> None:
    held = {
        "forces": part.forces is not None,
        "dipoles": part.dipoles is not None,
        "columns": bool(part.columns),
        "isotopes": part.symbols != part.elements,
    }
    lost = [what for what in FORMATS[name].loses if held.get(what)]
    if lost:
        log.warning(
            "the format %s cannot hold %s; the file is written without them", name, ", ".join(lost)
        )
