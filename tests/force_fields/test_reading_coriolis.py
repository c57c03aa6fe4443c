from pathlib import Path

import pytest

from pes.force_fields.reading_coriolis import read_coriolis
from pes.units import CM1

TABLE = """\
units: cm-1  # of B
B x 9.5
B y 1.3
B z 1.1
zeta x 1 2 0.5
zeta z 3 1 -0.2
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "coriolis.txt"


def test_a_table(table: Path) -> None:
    table.write_text(TABLE)
    found = read_coriolis(table, 3)
    assert found.rotational == pytest.approx((9.5 * CM1, 1.3 * CM1, 1.1 * CM1))
    # ζ of exchanged modes has the other sign.
    assert found.zeta == {(0, 0, 1): 0.5, (2, 0, 2): 0.2}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("units: cm-1", "", "add a line `units: cm-1`"),
        ("units: cm-1", "units: furlong", "line 1: .* is needed, or `units: cm-1`"),
        ("B y 1.3", "", "add a line `B y VALUE`"),
        ("B y 1.3", "B w 1.3", "line 3: `B x 9.4` for a rotational constant"),
        ("zeta x 1 2 0.5", "zeta x 1 2", "line 5: .* is needed"),
        ("zeta x 1 2 0.5", "zeta x 1 4 0.5", "line 5: two different modes from 1 to 3 .* got 1 4"),
        ("zeta x 1 2 0.5", "zeta x 2 2 0.5", "line 5: two different modes"),
        ("zeta x 1 2 0.5", "zeta z 1 3 0.5", "line 6: the constant is given twice, as 0.5 and as"),
        ("0.5", "much", "line 5: could not convert string to float"),
    ],
)
def test_mistakes(table: Path, old: str, new: str, words: str) -> None:
    table.write_text(TABLE.replace(old, new, 1))
    with pytest.raises(ValueError, match=words) as failure:
        read_coriolis(table, 3)
    assert str(table) in str(failure.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.txt: no such table of Coriolis constants"):
        read_coriolis(tmp_path / "none.txt", 3)
