"""HDF5 files are whole or absent, on a full disk too."""

import errno

import h5py
import numpy as np
import pytest

from pes import hdf5_files
from pes.hdf5_files import replaced_hdf5


def test_hdf5_on_a_full_disk(tmp_path, monkeypatch) -> None:
    """One error of the system; HDF5 itself would end the process with a segmentation fault."""
    path = tmp_path / "a.h5"
    path.write_text("old")
    monkeypatch.setattr(hdf5_files, "_FailuresKept", limited(hdf5_files._FailuresKept, 20_000))
    values = np.random.default_rng(0).random(40_000)
    with pytest.raises(OSError, match="No space left") as caught, replaced_hdf5(path) as file:
        file["x"] = values
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def limited(kind: type, size: int) -> type:
    class Limited(kind):
        """A file on a disk with so many bytes."""

        def write(self, data):
            if self.tell() + len(memoryview(data).cast("B")) > size:
                self.failure = self.failure or OSError(errno.ENOSPC, "No space left on device")
                return len(memoryview(data).cast("B"))
            return super().write(data)

    return Limited


@pytest.mark.parametrize("how", [{}, {"libver": ("v110", "v110")}])
def test_hdf5_is_the_same_as_without_care(tmp_path, how) -> None:
    values = np.random.default_rng(0).random((300, 3))
    with replaced_hdf5(tmp_path / "a.h5", **how) as file:
        file["x"] = values
        grows = file.create_dataset("y", (0, 3), "f8", maxshape=(None, 3), compression="gzip")
        for k in range(3):
            grows.resize(100 * (k + 1), axis=0)
            grows[-100:] = values[100 * k : 100 * (k + 1)]
    with h5py.File(tmp_path / "a.h5") as file:
        assert (file["x"][:] == values).all()
        assert (file["y"][:] == values).all()
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]
