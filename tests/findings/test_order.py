"""Atoms in another order: in all rows, in some, and in none."""

import torch
from made_up import BENCHMARK, CLEAN, ammonia, evidence

from pes.findings.order import atom_order, atom_order_of_rows, misplaced


def test_exactly_the_rows_with_atoms_exchanged_are_named() -> None:
    rows = torch.tensor([3, 77, 200])
    (finding,) = atom_order_of_rows(evidence(BENCHMARK["exchanged"](ammonia(), rows)))
    assert sorted(finding.rows) == rows.tolist()
    assert "rows 3, 77, 200" in finding.sentence


def test_the_right_order_is_named() -> None:
    (finding,) = atom_order(evidence(BENCHMARK["exchanged"](ammonia(), slice(None))))
    assert "those of H H H N, but the atoms are called N H H H" in finding.sentence


def test_like_atoms_and_clean_sets_are_not_suspected() -> None:
    assert not misplaced(ammonia()).any()
    for make in CLEAN.values():
        assert atom_order(evidence(make())) == atom_order_of_rows(evidence(make())) == []
