"""Labels that the audit doubts are left out by name, and reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

import pes
from pes.data import Dataset, split
from pes.findings.audit import Audit
from pes.findings.finding import Finding
from pes.potential.analytic import WaterPJT
from pes.setup.training.outcome.doubtful import doubtful_line, doubtful_rows, without
from pes.units import ANGSTROM, CM1


def test_stuck_and_wrong_labels_and_wrong_forces_and_no_others(
    water: Callable[..., Dataset],
) -> None:
    findings = tuple(
        Finding(kind, "warning", len(rows), rows, "", "")
        for kind, rows in (("wrong labels", (7, 3)), ("copies", (1, 2)), ("stuck labels", (5, 3)),
                           ("forces of rows", (9,)))
    )  # fmt: skip
    assert doubtful_rows(Audit(water(), findings)).tolist() == [3, 5, 7, 9]


def test_the_test_keeps_its_own(water: Callable[..., Dataset]) -> None:
    parts = split(water(), seed=0)
    gone = torch.stack([parts.train[2], parts.validation[1], parts.test[0]])
    left = without(parts, gone)
    assert torch.equal(left.test, parts.test)
    assert sorted({*parts.train.tolist()} - {*left.train.tolist()}) == [int(gone[0])]
    assert sorted({*parts.validation.tolist()} - {*left.validation.tolist()}) == [int(gone[1])]


def test_errors_with_and_without(water: Callable[..., Dataset]) -> None:
    """An exact surface: labels off by 30 and 40 cm⁻¹, one of them among ten of the test."""
    points = water()
    surface = WaterPJT()
    exact = replace(points, energies=surface(points.positions).detach())
    exact.energies[3] += 30 * CM1
    exact.energies[50] -= 40 * CM1
    test = torch.arange(50, 60)
    (line,) = doubtful_line(surface, exact, test, torch.tensor([3, 50]))
    # √((900 + 1600)/2) = 35.36 of the two, 40/√10 = 12.65 in the test, 0 without.
    assert "2 points have doubtful labels (rows 3, 50): 1 was left out" in line
    assert "by up to 40 cm-1, RMSE 35.36" in line
    assert "1 is in the test, whose RMSE is 12.65 cm-1 with and" in line
    assert float(line.split(" and ")[-1].split()[0]) == pytest.approx(0, abs=1e-6)
    assert doubtful_line(surface, exact, test, torch.tensor([], dtype=torch.long)) == ()
    (line,) = doubtful_line(surface, exact, test, torch.tensor([3]))
    assert line == (
        "1 point has a doubtful label (row 3) and was left out of training and validation; from "
        "its energy the surface differs by 30 cm-1"
    )


def test_wrong_forces_of_the_test(water: Callable[..., Dataset]) -> None:
    """One of ten points of the test has forces twice as large; nothing else is wrong."""
    points = water(forces=True)
    assert points.forces is not None
    points.forces[50] *= 2
    wrong = points.forces[50] / 2 / (CM1 / ANGSTROM)
    expected = float((wrong.square().mean() / 10).sqrt())
    (line,) = doubtful_line(WaterPJT(), points, torch.arange(50, 60), torch.tensor([50]))
    assert "1 point has a doubtful label (row 50) and is not left out" in line
    assert f", of forces {expected:.4g} cm-1/A with and " in line
    assert float(line.split()[-2]) == pytest.approx(0, abs=1e-6)


def test_a_fit_without_settings_is_not_bent(water: Callable[..., Dataset]) -> None:
    """Three of 150 labels are off by 3,000 cm⁻¹: none is fitted, all are named."""
    points = water(points=150)
    parts = split(points, seed=0)
    rows = torch.cat((parts.train[[5, 60]], parts.validation[[4]])).sort().values
    energies = points.energies.clone()
    energies[rows] += 3000 * CM1
    fit = pes.train(replace(points, energies=energies), parts=parts, minutes=0.02)
    assert not torch.isin(rows, torch.cat((fit.plan.parts.train, fit.plan.parts.validation))).any()
    assert fit.far[0].startswith("3 points have doubtful labels")
    assert str(rows[0].item()) in fit.far[0]
