"""Points of a surface: one record, one reader per format, splits, audit, generation."""

from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType

from pes.data.dataset import Dataset
from pes.data.splits import Split, split

__all__ = ["READERS", "Dataset", "Split", "read", "split"]

READERS: Mapping[str, str] = MappingProxyType(
    {
        ".h5": "pes.data.formats.hdf5:read_hdf5",
        ".hdf5": "pes.data.formats.hdf5:read_hdf5",
        ".xyz": "pes.data.formats.extxyz:read_extxyz",
        ".extxyz": "pes.data.formats.extxyz:read_extxyz",
    }
)
"""Reader of each suffix, by name: ASE is loaded for the files that need it, nobody else."""


def read(path: str | Path) -> Dataset:
    """Read a dataset in the format its suffix names.

    Returns:
        The points in atomic units.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the suffix is unknown or the file cannot be understood.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.suffix.lower() not in READERS:
        raise ValueError(
            f"{path}: unknown suffix {path.suffix!r}; readable are {', '.join(READERS)}"
        )
    return resolve_name(READERS[path.suffix.lower()])(path)
