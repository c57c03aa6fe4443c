"""Distances named after their atoms: which pair is which."""

from pathlib import Path

import pytest

from pes.data import read
from pes.data.formats.pair_names import pair_columns
from pes.geometry import distances
from pes.units import ANGSTROM


@pytest.mark.parametrize(
    ("names", "formula", "expected"),
    [
        # Pairs 10, 20, 21: the first column asked for is that of the second atom and the first.
        ("r_OH r_HCl r_OCl E", "H O Cl", "r_OH r_HCl r_OCl"),
        ("E rOCl rClH rHO", "H O Cl", "rHO rClH rOCl"),
        ("r_OH1 r_OH2 r_HH", "O H H", "r_OH1 r_OH2 r_HH"),
        ("rO1H2 rO1H3 rH2H3", "O H H", "rO1H2 rO1H3 rH2H3"),
        ("O-H1 O-H2 H1-H2", "O H H", "O-H1 O-H2 H1-H2"),
        ("r12 r13 r23", "O H H", "r12 r13 r23"),
        ("r(O1-O2) r(O1-O3) r(O2-O3) E", "O O O", "r(O1-O2) r(O1-O3) r(O2-O3)"),
        ("d(1,2) d(1,3) d(2,3)", "O O O", "d(1,2) d(1,3) d(2,3)"),
        ("r01 r02 r12", "O H H", "r01 r02 r12"),
        ("r_OH r_OD r_HD", "O H D", "r_OH r_OD r_HD"),
        ("r_CO r_CH1 r_CH2 r_OH1 r_OH2 r_HH", "C O H H", "r_CO r_CH1 r_OH1 r_CH2 r_OH2 r_HH"),
    ],
)
def test_names_of_pairs(names: str, formula: str, expected: str) -> None:
    assert pair_columns(names.split(), formula.split()) == tuple(expected.split())


@pytest.mark.parametrize(
    ("names", "formula"),
    [
        ("r1 r2 theta E", "O H H"),
        ("r0 r1 r2 E", "O H H"),
        ("r_OH r_HH E", "O H H"),  # which of the two O-H?
        ("r_OH r_HCl r_OF E", "H O Cl"),
        ("r12 r13 E", "O H H"),
    ],
)
def test_other_names_tell_nothing(names: str, formula: str) -> None:
    assert pair_columns(names.split(), formula.split()) is None


def test_a_table_is_read_in_the_order_of_the_atoms(tmp_path: Path) -> None:
    path = tmp_path / "hocl.csv"
    path.write_text("E,r_OCl [A],r_OH [A],r_HCl [A],t1\n-535.0,1.69,0.96,2.10,0.01\n")
    points = read(path, formula="H O Cl", units="energy=hartree")
    r = distances(points.positions)[0] / ANGSTROM  # HO, HCl, OCl
    assert r.tolist() == pytest.approx([0.96, 2.10, 1.69], rel=1e-14)  # some roundings
    assert points.columns["t1"].tolist() == [0.01]
