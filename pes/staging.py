"""Results that take the place of earlier ones all together, once they are complete."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pes.files import write_json

__all__ = ["recovered", "staged", "swapped"]

ORDERS = ".swap.json"
"""File among the new results that lists what is to be done when they are complete."""


@contextmanager
def staged(folder: str | Path, *, finished: str, stale: Sequence[str] = ()) -> Iterator[Path]:
    """An empty folder for new results, swapped with the earlier ones when the block ends well.

    Failed half-way, the folder is as it was before; killed half-way too, but for a hidden folder
    that `recovered` removes. Killed while the files are moved, `recovered` moves the rest.

    Args:
        folder: folder of the results, made if need be.
        finished: name of the file that says that the results are complete; moved last.
        stale: names of files of earlier results that are removed if there are no new ones.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with staged(folder, finished="b.json") as place:
        ...         write_json(place / "b.json", {})
        ...         print([file.name for file in Path(folder).iterdir()])
        ...     print([file.name for file in Path(folder).iterdir()])
        ['.b.json.new']
        ['b.json']
    """
    target = Path(folder)
    made = not target.exists()
    place = target / f".{finished}.new"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if made:
            with suppress(OSError):
                target.rmdir()
        raise
    swapped(place, target, finished=finished, stale=stale)


def swapped(place: Path, folder: Path, *, finished: str, stale: Sequence[str] = ()) -> None:
    """Move complete results from a folder within `folder` up to it; the inner folder goes.

    Args:
        place: folder of the new results, on the same file system.
        folder: folder of the earlier results.
        finished: name of the file that is moved last.
        stale: names of files of earlier results that are removed if there are no new ones.
    """
    new = {file.name for file in place.iterdir()}
    # A picture of an earlier run as PDF does not stay beside a new PNG, or none.
    pictures = {Path(name).stem for name in {*new, *stale} if name.endswith(".png")}
    pages = [file.name for file in folder.glob("*.pdf") if file.stem in pictures]
    gone = [name for name in dict.fromkeys([*stale, *pages]) if name not in new]
    write_json(place / ORDERS, {"finished": finished, "stale": gone})
    complete = folder / f".{finished}.complete"
    os.replace(place, complete)
    _carried_out(complete)


def recovered(folder: Path) -> None:
    """Put a folder in order that a killed process left; nobody else may write to it.

    Complete results are moved to their place, incomplete ones and temporary files are removed.
    """
    for complete in folder.glob(".*.complete"):
        _carried_out(complete)
    for left in folder.glob(".*.new"):
        shutil.rmtree(left, ignore_errors=True)
    for left in folder.glob(".*.tmp"):
        left.unlink(missing_ok=True)


def _carried_out(complete: Path) -> None:
    """Remove the earlier results and move the new ones, in an order that may be cut short."""
    orders, folder = json.loads((complete / ORDERS).read_text()), complete.parent
    finished = orders["finished"]
    if (complete / finished).exists():
        # While files of two runs lie side by side, none of them is said to be complete.
        (folder / finished).unlink(missing_ok=True)
    for name in orders["stale"]:
        (folder / name).unlink(missing_ok=True)
    files = (file for file in complete.iterdir() if file.name != ORDERS)
    for file in sorted(files, key=lambda file: (file.name == finished, file.name)):
        os.replace(file, folder / file.name)
    # Killed while the folder is removed, it must not look like one whose orders wait.
    done = complete.with_suffix(".new")
    shutil.rmtree(done, ignore_errors=True)
    os.replace(complete, done)
    shutil.rmtree(done)
