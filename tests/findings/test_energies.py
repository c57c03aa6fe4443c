"""Labels that do not belong to their geometries."""

from dataclasses import replace

import pytest
import torch
from made_up import BENCHMARK, ammonia, evidence

from pes.data import Dataset
from pes.findings.energies import offset_labels, shuffled_labels, stuck_labels, wrong_labels
from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1


def test_clean_labels_and_noisy_ones_are_no_groups() -> None:
    noise = 20 * CM1 * BENCHMARK["random"](300)
    for data in (ammonia(), replace(ammonia(), energies=ammonia().energies + noise)):
        own = evidence(data)
        assert shuffled_labels(own) == offset_labels(own) == stuck_labels(own) == []
        assert wrong_labels(own, ()) == []


@pytest.mark.parametrize("rows", [slice(0, 150), slice(100, 130), slice(20, 300)])
def test_the_smaller_group_its_rows_and_its_offset(rows: slice) -> None:
    (finding,) = offset_labels(evidence(BENCHMARK["offset"](ammonia(), rows, 200.0)))
    member = torch.zeros(300, dtype=torch.bool)
    member[rows] = True
    smaller = member if member.sum() < 150 else ~member
    if int(member.sum()) == 150:  # either half may be called the offset one
        smaller = member if finding.rows[0] == 0 else ~member
    assert torch.tensor(sorted(finding.rows)).tolist() == smaller.nonzero().flatten().tolist()
    assert "offset by 200.0 cm-1" in finding.sentence


def test_exactly_the_spiked_rows_the_worst_first() -> None:
    data = ammonia()
    rows = torch.tensor([7, 100, 205])
    values = data.energies[rows] + torch.tensor([300.0, -900.0, 600.0]) * CM1
    own = evidence(BENCHMARK["relabelled"](data, rows, values))
    (finding,) = wrong_labels(own, ())
    assert finding.rows == (100, 205, 7)
    assert wrong_labels(own, {100, 205})[0].rows == (7,)


def test_equal_labels_that_are_right_are_not_stuck() -> None:
    data = BENCHMARK["rounded"](ammonia(), 50 * CM1)
    assert len(data.energies.unique()) < 290
    assert stuck_labels(evidence(data)) == []


def test_direction_of_a_shift() -> None:
    for shift, where in ((1, "before"), (-1, "after")):
        data = replace(ammonia(), energies=ammonia().energies.roll(shift), forces=None)
        assert f"one row {where} them" in shuffled_labels(evidence(data))[0].sentence


def test_labels_stuck_within_the_error_of_the_reference() -> None:
    """Five neighbours in energy share a label: off by little, and yet no chance."""
    data = BENCHMARK["isomers"](200)
    rows = data.energies.argsort()[100:109:2]
    stuck = BENCHMARK["relabelled"](data, rows, data.energies[rows[2]])
    (finding,) = stuck_labels(evidence(stuck))
    assert sorted(finding.rows) == sorted(rows.tolist())


def test_fragments_far_apart_may_share_a_label() -> None:
    """OH and H at 12 to 16 Å: five geometries of one energy, and nothing is wrong."""
    data = BENCHMARK["dissociating"](300)
    rows = torch.arange(4, 44, 8)
    data.positions[rows, 2] = data.positions[12, 2]
    data.positions[rows, 1, 0] = (12 + torch.arange(5).double()) * ANGSTROM
    own = evidence(BENCHMARK["relabelled"](data, rows, data.energies[12]))
    assert not own.linked[rows].all(1).any()
    assert stuck_labels(own) == []


def test_few_clean_labels_are_no_groups() -> None:
    """Points at the edges, which a fit follows, are no group of labels with an offset."""
    surface = ANALYTIC["hydrogen_sulfide_model"]()
    start = torch.tensor(surface.reference, dtype=torch.float64) * ANGSTROM
    draw = torch.Generator().manual_seed(4)
    moved = start + 0.15 * torch.randn(100, 3, 3, generator=draw, dtype=torch.float64)
    with torch.no_grad():
        data = Dataset(surface.symbols, moved, surface(moved))
    assert offset_labels(evidence(data)) == []
