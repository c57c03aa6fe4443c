"""A public name means one thing, no module is hidden by a name, and chains of imports are short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def structure() -> object:
    """`scripts/structure.py`, which measures all of it."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import structure
    finally:
        sys.path.pop(0)
    return structure


def test_names_and_chains(structure) -> None:
    trees = structure.sources(ROOT / "pes")
    assert structure.defined_twice(trees) == {}
    # `pes.units` is the module itself.
    assert structure.hidden_modules(trees) == {".units": ["units.py"]}
    assert len(structure.longest_chain(trees, "vibration")) <= 8


def test_a_second_meaning_is_seen(structure) -> None:
    tree = structure.ast.parse('__all__ = ["Budget"]\nclass Budget: ...')
    homes = ["setup/a.py", "training/b.py"]
    assert structure.defined_twice(dict.fromkeys(homes, tree)) == {"Budget": homes}


@pytest.mark.slow
@pytest.mark.parametrize(("value", "most"), [("energy", 12), ("range", 10)])
def test_a_value_passes_few_files(value: str, most: int) -> None:
    """An energy from HDF5 to the loss, a range from YAML to the basis."""
    command = [sys.executable, str(ROOT / "scripts" / "follow.py"), value]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    files = re.search(rf"{value} handed on by (\d+) files", text)
    assert files is not None, text
    assert int(files[1]) <= most, text
