"""Readers and writers of point sets: one file for each format, one contract for all.

A reader takes a path and a `Request` and yields datasets of some points each, in atomic units and
in the order of the file, so that a million points need no more memory than a thousand. A writer
takes a path and such parts. Both raise `ValueError` that names the place in the file; the file
itself is named here.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from pes.data.dataset import Dataset, check_alike, check_dataset, joined
from pes.data.formats.compressed import DAMAGED, content_name
from pes.data.formats.plausible import doubts
from pes.data.formats.request import Request, stated
from pes.files import check_file

__all__ = ["FORMATS", "Format", "format_of", "parts_of", "read", "write", "writer_of"]

log = logging.getLogger("pes")

Reader = Callable[[Path, Request], Iterator[Dataset]]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        suffixes: suffixes of its files.
        reader: `module:function` in this package; loaded when it is needed.
        writer: the same; None where only other programs write such files.
        recognised: function that tells from path and request whether a file with a suffix that
            several formats share is of this one.
        loses: what the writer has no place for.
    """

    suffixes: tuple[str, ...]
    reader: str
    writer: str | None = None
    recognised: str | None = None
    loses: tuple[str, ...] = ()


TABLES = (".csv", ".dat", ".txt", ".tsv")
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "hdf5": Format((".h5", ".hdf5"), "hdf5:read_hdf5", "hdf5:write_hdf5"),
        "ani": Format(
            (".h5", ".hdf5"), "ani:read_ani", "ani:write_ani", "ani:is_ani", loses=("isotopes",)
        ),
        "extxyz": Format((".xyz", ".extxyz"), "extxyz:read_extxyz", "extxyz:write_extxyz"),
        "qm22": Format(
            (".xyz",), "qm22:read_qm22", "qm22:write_qm22", "qm22:is_qm22", loses=("columns",)
        ),
        "physnet": Format(
            (".npz",),
            "physnet:read_physnet",
            "physnet:write_physnet",
            "physnet:is_physnet",
            loses=("isotopes",),
        ),
        "md17": Format((".npz",), "md17:read_md17", "md17:write_md17", loses=("isotopes",)),
        "qcschema": Format(
            (".json", ".jsonl"), "qcschema:read_qcschema", "qcschema:write_qcschema"
        ),
        "traj": Format((".traj",), "ase_files:read_ase", "ase_files:write_trajectory"),
        "ase": Format((".db",), "ase_files:read_ase", "ase_files:write_database"),
        "zmatrix": Format(TABLES, "internal:read_zmatrix", None, "internal:is_zmatrix"),
        "distances": Format(
            TABLES,
            "distances:read_distances",
            "distances:write_distances",
            "distances:is_distances",
            ("isotopes", "forces", "dipoles"),
        ),
        "triatomic": Format(TABLES, "internal:read_triatomic"),
        "output": Format((".out", ".log"), "outputs:read_output"),
    }
)
"""Every format by its name. Of several that share a suffix, a file is of the one that recognises
it, otherwise of the one that recognises nothing; the first of them is written."""


def read(
    path: str | Path,
    *,
    format: str | None = None,
    formula: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    keys: str | Mapping[str, str] | None = None,
    units: str | Mapping[str, str] | None = None,
    zmatrix: str | Sequence[Sequence[str | int]] | None = None,
) -> Dataset:
    """Read points from a file, plain or inside .gz, .xz or .zip.

    Args:
        path: file; its suffix and content choose the format.
        format: name of the format, a key of `FORMATS`, if suffix and content do not determine it.
        formula: isotopes in the order of the file, such as `"O H D"`; a table needs it.
        columns: names of the columns of a table without a header, such as `"r1 r2 cos energy"`.
        keys: names in the file, such as `{"energy": "E_ccsd", "gradients": "grad"}`.
        units: units of `energy`, `length`, `forces`, `dipole` and `angle` where the format does not
            fix them, such as `{"energy": "eV", "length": "angstrom"}` or `"energy=eV
            length=angstrom"`.
        zmatrix: rows such as `("H", 0, 1)` for a table of internal coordinates, or
            `"O; H 0; H 0 1"`.

    Returns:
        All points in atomic units. `provenance["units"]` states the units that the file was read
        in. The logger `pes` reports them as well, with a warning if they look wrong.

    Raises:
        FileNotFoundError: if there is no such file.
        TypeError: for anything but the name of a file, such as an array.
        ValueError: if the file cannot be understood; the message names file and place.
    """
    if not isinstance(path, str | Path):
        raise TypeError(
            f"path must be the name of a file, got {type(path).__name__}; points in memory are a "
            "pes.Dataset(symbols, positions, energies)"
        )
    request = stated(formula=formula, columns=columns, keys=keys, units=units, zmatrix=zmatrix)
    return joined(parts_of(Path(path), request, format=format))


def parts_of(path: Path, request: Request, *, format: str | None = None) -> Iterator[Dataset]:
    """The points of a file, some at a time, all alike.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file cannot be understood; the message names file and place.
    """
    check_file(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    first: Dataset | None = None
    try:
        name = format or format_of(path, request)
        reader: Reader = _function(FORMATS[name].reader)
        for part in reader(path, request):
            if first is None:
                first = part
                _tell(path, name, part)
            check_alike(first, part)
            yield part
    except KeyError as error:
        if error.args == (format,):
            raise ValueError(
                f"`format` must be one of {', '.join(FORMATS)}, got {format!r}"
            ) from None
        raise ValueError(f"{path}: {error} is missing; the file is damaged") from None
    except DAMAGED as error:
        raise ValueError(
            f"{path}: cannot be read, truncated, damaged or of another format "
            f"({type(error).__name__}: {error})"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: the file is not text in UTF-8 (byte {error.start} cannot be read); save it "
            "as UTF-8, or name its format by `format`"
        ) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if first is None:
        raise ValueError(f"{path}: the file holds no points")


def _tell(path: Path, name: str, part: Dataset) -> None:
    # Our own files state their units.
    if name == "hdf5":
        return
    log.info("%s: %s, %s", path, part.provenance["format"], part.provenance["units"])
    for doubt in doubts(part):
        log.warning("%s: %s", path, doubt)


def format_of(path: Path, request: Request) -> str:
    """Name of the format of a file, by its suffix and, where formats share one, its content.

    Raises:
        ValueError: if no format has such files.
    """
    suffix = content_name(path).suffix.lower()
    names = [name for name, one in FORMATS.items() if suffix in one.suffixes]
    if not names:
        known = dict.fromkeys(chain.from_iterable(one.suffixes for one in FORMATS.values()))
        raise ValueError(
            f"unknown suffix {suffix!r}; readable are {', '.join(known)}, or name the `format`: "
            f"{', '.join(FORMATS)}"
        )
    for name in names:
        recognised = FORMATS[name].recognised
        if recognised is not None and _function(recognised)(path, request):
            return name
    return next(name for name in names if FORMATS[name].recognised is None)


def writer_of(path: Path, format: str | None = None) -> str:
    """Name of the format that a file is written in.

    Raises:
        ValueError: for a suffix or format that is not written.
    """
    writable = {name: one for name, one in FORMATS.items() if one.writer is not None}
    suffix = path.suffix.lower()
    chosen = format or next((n for n, one in writable.items() if suffix in one.suffixes), None)
    if chosen not in writable:
        raise ValueError(
            f"{path}: cannot write {f'format {format!r}' if format else f'suffix {suffix!r}'}; "
            f"formats that can be written are {', '.join(writable)}"
        )
    return chosen


def write(
    path: str | Path, dataset: Dataset | Iterable[Dataset], *, format: str | None = None
) -> None:
    """Write points in the format of the suffix, or a named one.

    An interrupted write leaves no incomplete file.

    Args:
        path: file to write.
        dataset: the points, or parts of them one after the other.
        format: name of the format, if several have this suffix.

    Raises:
        FileNotFoundError: if the folder does not exist.
        TypeError: for anything but points, such as the name of their file.
        ValueError: for a suffix or format that is not written, no points, or parts that are not
            alike.
    """
    if isinstance(path, Dataset):
        raise TypeError("the name of the file comes first: pes.write(FILE, points)")
    path = Path(path)
    _function(str(FORMATS[writer_of(path, format)].writer))(path, _checked(dataset))


def _checked(points: object) -> Iterator[Dataset]:
    """The points to write, or parts of them one behind the other."""
    several = isinstance(points, Iterable) and not isinstance(points, Dataset | str | Path)
    empty = True
    for part in points if several else [points]:  # pyright: ignore[reportGeneralTypeIssues]
        check_dataset(part)
        assert isinstance(part, Dataset)
        yield part
        empty = False
    if empty:
        raise ValueError("there are no points to write")


def _function(name: str) -> Callable:
    module, _, function = name.partition(":")
    try:
        return getattr(import_module(f"pes.data.formats.{module}"), function)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"outputs of programs need the package {error.name}: pip install 'pes[outputs]'"
        ) from None
