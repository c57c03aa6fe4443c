"""Forces against geometry and energies."""

import torch
from made_up import BENCHMARK, CLEAN, ammonia, evidence

from pes.findings.forces import force_frame, force_noise, force_rows, force_unit, zero_forces
from pes.units import ANGSTROM, CM1, EV

with_forces = BENCHMARK["with_forces"]
CHECKS = (force_frame, force_noise, force_rows, force_unit, zero_forces)


def test_right_forces_and_no_forces_raise_nothing() -> None:
    for data in (ammonia(), BENCHMARK["replace"](ammonia(), forces=None)):
        assert [check(evidence(data)) for check in CHECKS] == [[]] * len(CHECKS)


def test_rows_of_rotated_forces_are_named() -> None:
    rows = torch.tensor([4, 5, 250])
    data = with_forces(ammonia(), lambda f: f @ BENCHMARK["ROTATION"], rows)
    (finding,) = force_frame(evidence(data))
    assert sorted(finding.rows) == rows.tolist()


def test_rows_of_reversed_forces_are_named() -> None:
    rows = torch.tensor([4, 5, 250])
    (finding,) = force_rows(evidence(with_forces(ammonia(), lambda f: -f, rows)))
    assert sorted(finding.rows) == rows.tolist()


def test_wrong_forces_of_one_row_are_no_noise_of_all() -> None:
    data = CLEAN["H2S"]()
    strongest = data.forces.flatten(1).norm(dim=1)[:30].argmax()[None]
    own = evidence(with_forces(data, lambda f: -f, strongest))
    assert [finding.rows for finding in force_rows(own)] == [(int(strongest),)]
    assert force_noise(own) == []


def test_it_is_told_which_of_energies_and_forces_is_implausible() -> None:
    data = ammonia()
    scaled = with_forces(data, lambda f: f * ANGSTROM / EV, slice(None))
    (finding,) = force_unit(evidence(scaled))
    assert finding.kind == "force unit"
    (finding,) = force_unit(evidence(BENCHMARK["scaled"](data, 1 / EV)))
    assert finding.kind == "energy unit"
    assert "the energies are implausible, the forces are not" in finding.sentence


def test_noise_of_the_forces_is_measured() -> None:
    noise = 5 * (CM1 / ANGSTROM) * BENCHMARK["random"](200, 3, 3)
    data = with_forces(CLEAN["H2S"](), lambda f: f + noise, slice(None))
    (finding,) = force_noise(evidence(data))
    # The root mean square of some 900 components is known to some per cent.
    assert float(finding.sentence.split()[3]) in (4.7, 4.8, 4.9, 5.0, 5.1, 5.2, 5.3)


def test_one_minimum_may_have_no_forces() -> None:
    one = with_forces(ammonia(), torch.zeros_like, torch.tensor([0]))
    assert zero_forces(evidence(one)) == []
    two = with_forces(ammonia(), torch.zeros_like, torch.tensor([0, 9]))
    assert zero_forces(evidence(two))[0].rows == (0, 9)
