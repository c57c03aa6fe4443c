"""`pes-levels` for a list of molecules."""

import csv
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


def test_rotation_and_lines_of_each(
    pes_levels: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """J = 1 of H2O, observed at 23.794, 37.137 and 42.372; levels of HDO beside them."""
    folder = pes_levels(
        molecule=[["O", "H", "H"], ["O", "H", "D"]], J=[0, 1], levels=2,
        spectrum={"dipole": "turning_water:point_charges"},
    )  # fmt: skip
    rows = list(csv.DictReader((folder / "isotopologues_rotation.csv").read_text().splitlines()))
    first = {(row["J"], row["Ka"], row["Kc"]): row for row in rows if row["label"] == "0 0 0"}
    observed = {("1", "0", "1"): 23.794, ("1", "1", "1"): 37.137, ("1", "1", "0"): 42.372}
    for rotor, energy in observed.items():
        # The surface and a small basis.
        assert float(first[rotor]["O H H"]) == pytest.approx(energy, abs=0.1)
        shift = float(first[rotor]["O H D"]) - float(first[rotor]["O H H"])
        assert float(first[rotor]["shift O H D"]) == pytest.approx(shift)
    assert (folder / "OHD" / "OHD.states").is_file()
    assert (folder / "OHH" / "rovibrational.csv").is_file()
    assert capsys.readouterr().out.count("the strongest at 296 K") == 2


def test_refusals(pes_levels: Command, refusal: Callable[..., str]) -> None:
    two = [["O", "H", "H"], ["O", "H", "D"]]
    assert "`sweep` is for one molecule" in refusal(
        pes_levels, molecule=two, sweep={"parameter": "m[H]", "values": [1.0]}
    )
    derivatives = refusal(pes_levels, molecule=two, sensitivities={"parameters": ["r_e"]})
    assert "`sensitivities.parameters` is for one molecule" in derivatives
    assert "elements" in refusal(pes_levels, molecule=[["O", "H", "H"], ["S", "H", "H"]])
    assert "each once" in refusal(pes_levels, molecule=[two[0], two[0]])
