"""HDF5 files that are whole or absent, on a full disk too."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from pes.files import replaced

__all__ = ["replaced_hdf5"]


class _FailuresKept(io.FileIO):
    """A file whose first failed write is kept for later: HDF5 ends the process at such an error."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of the data, or keep the reason why not."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view):
                done += super().write(view[done:])
        except OSError as error:
            self.failure = self.failure or error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Change the size, or keep the reason why not."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size or 0


@contextmanager
def replaced_hdf5(path: str | Path, **how: Any) -> Iterator[h5py.File]:
    """An HDF5 file that takes its place when it is closed and complete; see `replaced`.

    Args:
        path: path of the file.
        how: more arguments of `h5py.File`.

    Raises:
        OSError: if the disk is full, in place of the segmentation fault of the HDF5 library.
    """
    with replaced(path) as temporary, _FailuresKept(temporary, "w+") as raw:
        try:
            with h5py.File(raw, "w", **how) as file:
                yield file
        finally:
            if raw.failure is not None:
                raise raw.failure
        with h5py.File(temporary, "r"):
            pass  # reads the superblock and the root group
