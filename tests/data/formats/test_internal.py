"""Against the coordinates of the package, which know nothing of files."""

import math

import pytest
import torch

from pes.coordinates.valence import Valence
from pes.coordinates.zmatrix import ZMatrix
from pes.data import read
from pes.units import ANGSTROM, DEGREE

UNITS = "energy=cm-1 length=angstrom"


@pytest.mark.parametrize(
    ("head", "value", "units"),
    [
        ("r1 r2 theta energy", "104.5", "angle=degree"),
        ("R1 R2 angle V", repr(104.5 * DEGREE), "angle=radian"),
        ("r1,r2,cos,energy", repr(math.cos(104.5 * DEGREE)), ""),
    ],
)
@pytest.mark.parametrize(
    ("formula", "centre", "ends"),
    [("O H D", 0, (1, 2)), ("H H O", 2, (0, 1)), ("H C N", 1, (0, 2)), ("H H H", 1, (0, 2))],
)
def test_two_lengths_and_an_angle(tmp_path, head, value, units, formula, centre, ends):
    path = tmp_path / "water.dat"
    separator = "," if "," in head else " "
    path.write_text(f"{head}\n{separator.join(['0.95', '1.05', value, '12.5'])}\n")
    back = read(path, formula=formula, units=f"{UNITS} {units}")
    q = Valence(centre, ends).from_positions(back.positions)[0]
    expected = [0.95 * ANGSTROM, 1.05 * ANGSTROM, 104.5 * DEGREE]
    # The cosine of a cosine: a rounding over the sine of the angle.
    assert q.tolist() == pytest.approx(expected, rel=1e-14)
    assert back.symbols == tuple(formula.split())
    atoms = formula.split()
    bonds = ", ".join(f"r{k} = {atoms[centre]}-{atoms[end]}" for k, end in enumerate(ends, 1))
    assert f"triatomic table with {bonds}" in str(back.provenance)


@pytest.mark.parametrize(
    ("text", "how", "message"),
    [
        ("r1 r2 theta E\n1 1 100 0\n", {}, "does not say the unit of the angle"),
        ("r1 r2 cos E\n1 1 1.5 0\n", {}, "row 0: 1.5 is not a cosine"),
        ("r1 r2 cos E\n1 1 0 0\n", {"formula": "H O"}, "has three atoms, `formula` has H O"),
        ("r1 r2 phi E\n1 1 0 0\n", {"units": f"{UNITS} angle=degree"}, "no column of an angle"),
        ("a b c E\n1 1 0 0\n", {"format": "distances"}, "no column `r0`"),
        ("a b c E\n1 1 0 0\n", {"format": "zmatrix"}, "state the Z-matrix"),
        ("a b c E\n1 1 0 0\n", {"zmatrix": "O; H 0; H 0 2"}, "`zmatrix`, row 2: needs a symbol"),
        ("a b c E\n1 1 0 0\n", {"zmatrix": "O; H 0; H 0"}, "`zmatrix`, row 2: needs a symbol"),
    ],
)
def test_what_is_missing_is_named(tmp_path, text, how, message):
    path = tmp_path / "water.dat"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(path, **{"formula": "O H H", "units": UNITS, **how})


def test_a_z_matrix(tmp_path):
    rows = (("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2))
    values = {"r1": 1.2, "r2": 1.1, "theta2": 121.0, "r3": 1.15, "theta3": 118.0, "phi3": 170.0}
    path = tmp_path / "formaldehyde.csv"
    path.write_text(",".join([*values, "E", "weight"]) + "\n"
                    + ",".join(map(str, [*values.values(), 7.0, 0.5])) + "\n")  # fmt: skip
    back = read(path, zmatrix=rows, units=f"{UNITS} angle=degree")
    assert back.symbols == ("C", "O", "H", "H")
    assert back.columns["weight"].tolist() == [0.5]
    own = ZMatrix(rows).from_positions(back.positions)[0].tolist()
    units = [ANGSTROM if name[0] == "r" else DEGREE for name in values]
    expected = [v * u for v, u in zip(values.values(), units, strict=True)]
    assert own == pytest.approx(expected, rel=1e-13)
    text = "C; O 0; H 0 1; H 0 1 2"
    assert torch.equal(
        read(path, zmatrix=text, units=f"{UNITS} angle=degree").positions, back.positions
    )
