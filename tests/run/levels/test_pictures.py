"""Pictures of `pes-levels` as PDF."""

from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., Path]


@pytest.mark.pictures
def test_pages_beside_pictures(pes_levels: Command) -> None:
    """Vector graphics of the same picture; a later run without the option takes them away."""
    folder = pes_levels("--pdf")
    assert (folder / "levels.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "levels.png").read_bytes().startswith(b"\x89PNG")
    pes_levels("--overwrite")
    assert not (folder / "levels.pdf").exists()
    assert (folder / "levels.png").exists()
