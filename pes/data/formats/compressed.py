"""Files as they came: plain, or one file inside .gz, .xz or .zip."""

import gzip
import io
import lzma
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

__all__ = ["DAMAGED", "content_name", "opened_text", "plain_file"]

COMPRESSED = (".gz", ".xz", ".zip")
DAMAGED = (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
           sqlite3.Error, NotImplementedError, MemoryError)  # fmt: skip
"""Errors that the libraries raise for an archive or a binary file that is cut or damaged."""


def content_name(path: Path) -> Path:
    """Name of the file inside; its suffix says the format.

    Example:
        >>> content_name(Path("water.xyz.gz"))
        PosixPath('water.xyz')
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return Path(_only_member(archive))
    return path.with_suffix("") if suffix in COMPRESSED else path


@contextmanager
def opened_text(path: Path) -> Iterator[TextIO]:
    """The lines of a text file in UTF-8, with or without a byte-order mark."""
    with _opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as lines:
        yield lines


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """The file itself, or a temporary file with the content of an archive."""
    if path.suffix.lower() not in COMPRESSED:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, _opened(path) as source:
        target = Path(folder) / content_name(path).name
        with target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        yield target


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as file:
            yield file
    elif suffix in (".gz", ".xz"):
        with gzip.open(path) if suffix == ".gz" else lzma.open(path) as file:
            yield cast("IO[bytes]", file)
    else:
        with path.open("rb") as file:
            yield file


def _only_member(archive: zipfile.ZipFile) -> str:
    # macOS adds a folder of its own to every archive.
    names = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
    if not names:
        raise ValueError("the archive is empty")
    if len(names) != 1:
        raise ValueError(f"the archive must hold one file, it holds {len(names)}; unpack it first")
    return names[0]
