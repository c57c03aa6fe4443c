"""Tables of numbers: header, separators and what may be wrong with a line."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pes.data import read
from pes.geometry import distances
from pes.units import ANGSTROM, CM1

HEAD = "r0,r1,r2,E,t1\n"
ROWS = "1.5,0.95,0.96,-76.4,0.01\n1.6,0.97,0.96,-76.3,0.02\n"
HOW = {"formula": "H H O", "units": "energy=hartree length=angstrom"}


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROWS,
        "\ufeff" + HEAD + ROWS,
        HEAD.replace(",", " ") + "# remark\n\n" + ROWS.replace(",", "   "),
        (HEAD + ROWS).replace(",", ";"),
        (HEAD + ROWS).replace(",", "\t"),
        HEAD + ROWS.replace("-76.4", "-0.764D+02"),
        (HEAD + ROWS).replace("\n", "\r\n"),
    ],
)
def test_separators_header_and_byte_order_mark(tmp_path, text):
    path = tmp_path / "water.csv"
    path.write_bytes(text.encode())
    back = read(path, **HOW)
    assert back.symbols == ("H", "H", "O")
    assert back.energies.tolist() == [-76.4, -76.3]
    expected = np.array([[1.5, 0.95, 0.96], [1.6, 0.97, 0.96]]) * ANGSTROM
    # Distances from positions from distances: a few roundings.
    assert np.abs(distances(back.positions).numpy() - expected).max() < 1e-14
    assert back.columns["t1"].tolist() == [0.01, 0.02]


def test_columns_are_named_where_there_is_no_header(tmp_path):
    path = tmp_path / "water.dat"
    path.write_text(ROWS)
    with pytest.raises(ValueError, match="the table has no header; name its 5 columns"):
        read(path, **HOW)
    back = read(path, columns="r0 r1 r2 e_low e_high", keys="energy=e_low", **HOW)
    assert back.energies.tolist() == [-76.4, -76.3]
    assert back.columns["e_high"].tolist() == [0.01, 0.02]


@pytest.mark.parametrize(
    ("text", "how", "message"),
    [
        (HEAD + ROWS, {"formula": None}, "does not say its atoms; state them in `formula`"),
        (HEAD + ROWS, {"formula": "H O"}, "H O has 1 distances, but there is a column r1"),
        (HEAD + ROWS, {"formula": "H H H O"}, "no column `r3`; columns there: r0, r1, r2, E, t1"),
        (HEAD + ROWS, {"units": "energy=hartree"}, "does not say the unit of the length"),
        (HEAD + ROWS, {"units": "length=bohr"}, "does not say the unit of the energy"),
        (HEAD + ROWS, {"units": "energy=Ry length=bohr"}, "unknown energy unit 'Ry'"),
        (HEAD + ROWS, {"units": "energy"}, "`units` must be like energy=eV,length=angstrom"),
        (HEAD + ROWS, {"columns": "r0 r1 r2 E"}, "line 2: 5 numbers where 4 columns are named"),
        (HEAD, {}, "holds no rows of numbers"),
        (HEAD.replace("E", "r0") + ROWS, {}, "two columns have the same name"),
        (HEAD.replace("E", "W") + ROWS, {}, "no `energy` .keys there: W, t1"),
        (HEAD + ROWS.replace(",-76.3", ""), {}, "line 3: 4 numbers where 5 columns are named"),
        (HEAD + ROWS.replace("-76.3", ""), {}, "line 3: '' is not a number"),
        (HEAD + ROWS.replace("-76.3", "nan"), {}, "energies, row 1: not a finite number"),
        (HEAD + ROWS.replace("-76.3", "76,3"), {}, "line 3: 6 numbers where 5"),
        (
            (HEAD + ROWS).replace(",", ";").replace(".", ","),
            {},
            "line 2: the numbers have decimal commas: .*; write decimal points",
        ),
        (HEAD + ROWS.rstrip(), {}, "line 3: the file may be truncated"),
        (HEAD + ROWS.replace("1.6", "9.6"), {}, "row 1: no geometry has the distances .9.6"),
        (HEAD + ROWS.replace("1.6", "-1.6"), {}, "row 1: no geometry has the distances"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, how, message):
    path = tmp_path / "water.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(path, **{**HOW, **how})


def test_text_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "water.csv"
    path.write_bytes((HEAD + ROWS).encode("utf-16"))
    with pytest.raises(ValueError, match=r"water.csv: the file is not text in UTF-8"):
        read(path, **HOW)


def test_units_of_the_energy_are_those_of_its_columns(tmp_path):
    path = tmp_path / "water.csv"
    path.write_text(HEAD.replace("t1", "scf_energy") + ROWS)
    back = read(path, **{**HOW, "units": "energy=cm-1 length=angstrom"})
    assert back.energies[0] == -76.4 * CM1
    assert back.column_units == {"scf_energy": "cm-1"}


@pytest.mark.parametrize(
    "head",
    [
        "r1 [A],r2 (angstrom),theta/deg,E [cm-1],scf_energy_eV",
        "r1 [A] r2 (angstrom) theta/deg E [cm-1] scf_energy_eV",
        "# r1[A] r2(angstrom) theta/deg E [cm-1] scf_energy_eV",
    ],
)
def test_a_header_may_state_the_units(tmp_path: Path, head: str) -> None:
    """Lengths in Å, angles in degrees, energies in cm⁻¹ and a part of them in eV."""
    path = tmp_path / "water.csv"
    path.write_text(f"{head}\n{'1 2 90 100 3'.replace(' ', ',' if ',' in head else ' ')}\n")
    back = read(path, formula="O H H")
    assert back.energies.tolist() == [100 * CM1]
    assert back.positions[0, 1, 0] == ANGSTROM
    assert float(back.positions[0, 2, 1]) == pytest.approx(2 * ANGSTROM, rel=1e-15)
    assert (back.columns["scf_energy"].tolist(), back.column_units["scf_energy"]) == ([3.0], "eV")
    told = "lengths in angstrom, angles in degree, energy in cm-1 (E"
    assert back.provenance["units"].startswith(told)
    assert torch.equal(read(path, formula="O H H", keys="energy=E").energies, back.energies)
    for units in ("length=bohr", "angle=radian", "energy=eV"):
        with pytest.raises(ValueError, match=r"is stated as .* and as"):
            read(path, formula="O H H", units=units)
