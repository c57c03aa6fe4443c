"""`import pes`: light, complete and honest about what there is."""

import subprocess
import sys

import pytest

import pes


def test_import_is_light() -> None:
    heavy = "{'torch', 'numpy', 'pydantic', 'ase', 'matplotlib'} & set(sys.modules)"
    program = f"import sys, pes; print(sorted({heavy}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == "[]\n", run.stderr


@pytest.mark.parametrize("name", sorted({*pes.__all__} - {"__version__", "units"}))
def test_every_name_is_there(name: str) -> None:
    assert callable(getattr(pes, name))
    assert getattr(pes, name).__doc__


def test_version_and_units() -> None:
    assert pes.__version__.split(".")[0].isdigit()
    assert pytest.approx(1.8897, abs=1e-4) == pes.units.ANGSTROM


def test_dir_shows_what_can_be_used() -> None:
    assert set(pes.__all__) <= set(dir(pes))
    assert list(pes.__all__) == sorted(pes.__all__)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'pes' has no attribute 'level'"):
        pes.level  # noqa: B018
