"""Three lines that say all: energies in hartree, lengths in Å, +gradients in hartree/bohr."""

import pytest

from pes.data import read
from pes.units import ANGSTROM, CM1

FRAME = """3
  -76.1
O  0.0 0.0 0.0  0.0 -0.1 0.0
H  1.0 0.0 0.0  0.0 0.05 0.0
H  0.0 1.0 0.0  0.0 0.05 0.0
"""


def test_units_and_the_sign_of_gradients(tmp_path):
    path = tmp_path / "water.xyz"
    path.write_text(FRAME + FRAME.replace("-76.1", "-76.05"))
    back = read(path)
    assert back.energies.tolist() == [-76.1, -76.05]
    assert back.positions[1, 1, 0] == ANGSTROM
    assert back.forces is not None
    assert back.forces[0, :, 1].tolist() == [0.1, -0.05, -0.05]
    assert back.dipoles is None
    assert read(path, units={"energy": "cm-1"}).energies[0] == -76.1 * CM1


def test_a_dipole_needs_a_unit(tmp_path):
    path = tmp_path / "water.xyz"
    path.write_text(FRAME.replace("-76.1", "-76.1 0.1 0.2 0.3"))
    with pytest.raises(ValueError, match=r"water.xyz: the format does not say the unit of the dip"):
        read(path)
    back = read(path, units="dipole=e*bohr")
    assert back.dipoles is not None
    assert back.dipoles[0].tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FRAME.replace("-76.1", "nan"), "energies, row 0: not a finite number"),
        (FRAME + FRAME.replace("-76.1", "-76.1 1 2 3"), "frame 1: the line of the energy holds 1"),
        (FRAME.replace("-76.1", "-76.1 0.1"), "frame 0: the line of the energy holds 1"),
        (FRAME.replace(" 0.0 0.05 0.0", " 0.05 0.0").replace(" 0.0 -0.1 0.0", " -0.1 0.0"),
         "frame 0: an atom has 3 or 6 numbers"),
        (FRAME + FRAME.replace("-76.1", "low"), "'low' is not a number"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_frame(tmp_path, text, message):
    path = tmp_path / "water.xyz"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")
