from pathlib import Path

import pytest

from pes.force_fields.reading import read_force_field
from pes.units import CM1

HEAD = "units: cm-1\nmodes: 2\nconstants: derivatives\n"
HARMONIC = "1 1 1000.0\n2 2 2000.0\n"
VHCI = """\
Comment: two modes
Modes: 2
 0 1000.0 10
 1 2000.0 10
Force_constants: 2
 3 0 0 1 -50.0
 4 1 1 1 1 12.0
"""
GAUSSIAN = """\
 :      QUADRATIC FORCE CONSTANTS IN NORMAL MODES       :
 : FI =  Frequency [cm-1]                               :

      I      J                  FI(I,J)       k(I,J)       K(I,J)

      1      1               1000.00000      1.00000      0.10000
      2      2               2000.00000      0.30000      0.03000

 Num. of 2nd derivatives larger than  0.371D-04:      2 over      3

 :        CUBIC FORCE CONSTANTS IN NORMAL MODES         :

      I      J      K          FI(I,J,K)     k(I,J,K)     K(I,J,K)

      2      1      1           -50.00000     -0.30000     -0.03000

 Num. of 3rd derivatives larger than  0.371D-04:      1 over      4

 :       QUARTIC FORCE CONSTANTS IN NORMAL MODES        :

      I      J      K      L  FI(I,J,K,L)   k(I,J,K,L)   K(I,J,K,L)

      2      2      2      2     12.00000     -1.20000     -0.12000

 Num. of 4th derivatives larger than  0.371D-04:      1 over      5
"""


@pytest.fixture
def table(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "field.txt"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        HEAD + HARMONIC + "1 1 2 -50.0  # cubic\n\n2,2,2,2,12.0\n",
        "# a remark\nconstants = coefficients\nmodes = 2\nunits = cm-1\n"
        "2 2 2000\n1 2 1 -25\n1 1 1000\n2 2 2 2 0.5\n",
        VHCI,
        GAUSSIAN,
    ],
    ids=["derivatives", "coefficients", "vhci", "gaussian"],
)
def test_every_format_gives_the_same_field(table, text: str) -> None:
    field = read_force_field(table(text))
    assert [w / CM1 for w in field.frequencies] == pytest.approx([1000, 2000])
    assert {m: f / CM1 for m, f in field.constants.items()} == pytest.approx(
        {(0, 0, 1): -50.0, (1, 1, 1, 1): 12.0}
    )
    assert field.name == "field"


def test_other_units(table) -> None:
    field = read_force_field(table(HEAD.replace("cm-1", "hartree") + "1 1 0.01\n2 2 0.02\n"))
    assert field.frequencies == (0.01, 0.02)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modes: 2\nconstants: derivatives\n" + HARMONIC, "add a line `units: cm-1"),
        ("units: cm-1\nconstants: derivatives\n" + HARMONIC, "add a line `modes: N"),
        ("units: cm-1\nmodes: 2\n" + HARMONIC, "add a line `constants: derivatives"),
        ("", "add a line `units"),
        (HEAD.replace("derivatives", "anything") + HARMONIC, "`constants` must be derivatives or"),
        (HEAD.replace("cm-1", "kayser") + HARMONIC, "`units` must be one of"),
        (HEAD.replace("2", "two") + HARMONIC, "`modes` must be a positive whole number"),
        (HEAD + "1 1 1000\n", "no harmonic wavenumber of mode 2"),
        (HEAD + HARMONIC + "1 1 x 5\n", "line 6: 1 to 6 mode numbers and a value are needed"),
        (HEAD + HARMONIC + "1 1 1 1 1 1 1 5\n", "line 6: 1 to 6 mode numbers"),
        (HEAD + HARMONIC + "1 1 2 nan\n", "line 6: 1 to 6 mode numbers"),
        (HEAD + HARMONIC + "1 1 3 5.0\n", "line 6: mode 3 does not exist: the 2 modes are"),
        (HEAD + HARMONIC + "1 1 0 5.0\n", "line 6: mode 0 does not exist: the 2 modes are"),
        (HEAD + HARMONIC + "1 1 2 5.0\n2 1 1 6.0\n", "line 7: .* line 6 already"),
        (HEAD + "1 1 1000\n2 2 -5\n", "frequency of mode 2 must be positive"),
        (VHCI.replace("Modes: 2", "Modes: two"), "line 2: `Modes:` needs a whole number"),
        (VHCI.replace("Modes: 2\n", ""), "needs a line `Modes: N`"),
        (VHCI.replace("constants: 2", "constants: 3"), "does not match the number of rows, 2"),
        (VHCI.replace(" 3 0 0 1", " 4 0 0 1"), "line 6: a row of degree 4 needs 4 modes"),
        (GAUSSIAN[: GAUSSIAN.index(" Num. of 4th")], "has no end; the output may have been cut"),
    ],
)
def test_malformed_tables_are_named(table, text: str, words: str) -> None:
    path = table(text)
    with pytest.raises(ValueError, match=words) as caught:
        read_force_field(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such force field"):
        read_force_field(tmp_path / "none.txt")


def test_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "field.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(ValueError, match="not a text file in UTF-8"):
        read_force_field(path)
