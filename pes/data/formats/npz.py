"""Arrays of an npz file, read side by side a block of rows at a time."""

import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

__all__ = ["Member", "check_rows", "names_of", "numeric", "opened_npz"]


@dataclass(frozen=True, eq=False)
class Member:
    """One array of the file; `rows` takes the next ones.

    Attributes:
        name: key of the array.
        shape: as its header declares it, no larger than what the file holds.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    file: IO[bytes]

    def rows(self, count: int) -> np.ndarray:
        """The next `count` rows.

        Raises:
            ValueError: if the array ends before.
        """
        shape = (count, *self.shape[1:])
        size = math.prod(shape) * self.dtype.itemsize
        content = self.file.read(size)
        if len(content) != size:
            raise ValueError(f"`{self.name}` is truncated")
        return np.frombuffer(content, self.dtype).reshape(shape)

    def whole(self) -> np.ndarray:
        """The whole array, with any number of axes; for small arrays."""
        content = self.file.read()
        return np.frombuffer(content, self.dtype).reshape(self.shape)


def names_of(path: Path) -> set[str]:
    """Keys of an npz file."""
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}


@contextmanager
def opened_npz(path: Path) -> Iterator[Mapping[str, Member]]:
    """All arrays of numbers or text by name.

    Raises:
        ValueError: for an array that declares more than the file holds.
    """
    with zipfile.ZipFile(path) as archive, ExitStack() as stack:
        members = {}
        for info in archive.infolist():
            file = stack.enter_context(archive.open(info))
            member = _member(info.filename.removesuffix(".npy"), file, info.file_size)
            if member is not None:
                members[member.name] = member
        yield members


def _member(name: str, file: IO[bytes], size: int) -> Member | None:
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    # Objects are pickles, which may run code; nobody needs them here.
    if dtype.hasobject:
        return None
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(
            f"`{name}` declares {math.prod(shape):,} numbers, the file holds {size:,} bytes of it"
        )
    if fortran and len(shape) > 1:
        raise ValueError(
            f"`{name}` is stored column by column; save it with numpy.ascontiguousarray"
        )
    return Member(name, shape, dtype, file)


def numeric(members: Mapping[str, Member]) -> dict[str, Member]:
    """The arrays that hold numbers."""
    return {name: member for name, member in members.items() if member.dtype.kind in "fiu"}


def check_rows(members: Mapping[str, Member], names: Mapping[str, str], rows: int) -> None:
    """Refuse quantities without one row for each point.

    Raises:
        ValueError: naming the array that has another number.
    """
    for quantity, name in names.items():
        shape = members[name].shape
        if len(shape) == 0 or shape[0] != rows:
            raise ValueError(
                f"`{name}` ({quantity}) has shape {shape}, but there are {rows} geometries"
            )
