"""`pes-levels` for a list of molecules."""

from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., Path]


def test_a_folder_for_each_and_a_table(
    pes_levels: Command, capsys: pytest.CaptureFixture[str], refusal: Callable[..., str]
) -> None:
    two = [["O", "H", "H"], ["O", "H", "D"]]
    folder = pes_levels(molecule=two)
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names == {
        "OHH", "OHD", "config.yaml", "isotopologues.csv", "isotopologues.json", "levels.log",
    }  # fmt: skip
    assert "shift O H D" in capsys.readouterr().out
    assert "holds a finished run" in refusal(pes_levels, molecule=two)
    assert "holds levels of isotopologues" in refusal(pes_levels, "--overwrite")


def test_refusals(pes_levels: Command, refusal: Callable[..., str]) -> None:
    two = [["O", "H", "H"], ["O", "H", "D"]]
    assert "`J` is for one molecule" in refusal(pes_levels, molecule=two, J=[1])
    derivatives = refusal(pes_levels, molecule=two, sensitivities={"parameters": ["r_e"]})
    assert "`sensitivities.parameters` is for one molecule" in derivatives
    assert "elements" in refusal(pes_levels, molecule=[["O", "H", "H"], ["S", "H", "H"]])
    assert "each once" in refusal(pes_levels, molecule=[two[0], two[0]])
