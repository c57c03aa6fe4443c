"""Copies, their labels, and what they do to a split."""

from dataclasses import replace

import torch
from made_up import BENCHMARK, ammonia, evidence

from pes.findings.copies import contradicting_copies, copies, near_copies
from pes.units import ANGSTROM, CM1


def test_copies_as_they_are_and_by_symmetry_are_counted() -> None:
    data = BENCHMARK["with_copies"](ammonia().select([*range(300), 8]), torch.tensor([2, 3]))
    (finding,) = copies(evidence(data))
    assert finding.count == 6
    assert set(finding.rows) == {8, 300, 2, 301, 3, 302}
    assert "2 as they are and 4 up to rotation" in finding.sentence
    assert contradicting_copies(evidence(data)) == []


def test_share_of_test_points_that_training_knows() -> None:
    # Every point twice: the other one is in training eight times out of ten.
    (finding,) = copies(evidence(ammonia().select([*range(300), *range(300)])))
    assert "copies of 80 % of its test points into training" in finding.sentence
    assert finding.severity == "warning"


def test_one_pair_among_many_points_is_a_note() -> None:
    (finding,) = copies(evidence(BENCHMARK["dissociating"](900).select([*range(900), 5])))
    assert (finding.severity, finding.rows) == ("note", (5, 900))


def test_copies_with_two_labels() -> None:
    data = ammonia().select([*range(300), 5])
    energies = data.energies.clone()
    energies[300] += 100 * CM1
    (finding,) = contradicting_copies(evidence(replace(data, energies=energies)))
    assert finding.rows == (5, 300)
    assert "by up to 100 cm-1" in finding.sentence


def test_steps_of_a_trajectory_are_near_copies_and_a_dense_set_is_not() -> None:
    data = ammonia().select([*range(300), *range(30)])
    positions = data.positions.clone()
    positions[300:] += 2e-4 * ANGSTROM * BENCHMARK["random"](30, 4, 3)
    (finding,) = near_copies(evidence(replace(data, positions=positions)))
    assert finding.count == 60
    assert near_copies(evidence(ammonia())) == []
