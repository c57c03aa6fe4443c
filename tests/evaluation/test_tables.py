"""Lines about isolated points and about energies of another zero."""

import pytest
import torch

from pes.evaluation.points import PointErrors
from pes.evaluation.tables import isolated_lines, zero_lines


def test_the_error_without_isolated_points() -> None:
    residuals = torch.tensor([3.0, -4.0, 100.0], dtype=torch.float64)
    points = PointErrors(torch.zeros(3).double(), residuals)
    (line,) = isolated_lines(points, (2,))
    rest, every = (25 / 2) ** 0.5, (10025 / 3) ** 0.5
    assert line.startswith("without 1 isolated point, row 2 (+100 cm-1), the RMSE is ")
    numbers = [float(word) for word in line.split() if word.replace(".", "").isdigit()][-2:]
    assert numbers == pytest.approx([rest, every], abs=1e-4)
    assert isolated_lines(points, ()) == []
    assert isolated_lines(points, (0, 1, 2)) == []


def test_energies_of_another_zero_are_called_so() -> None:
    def lines(residuals: list[float]) -> list[str]:
        errors = torch.tensor(residuals, dtype=torch.float64)
        return zero_lines(PointErrors(torch.zeros(len(errors)).double(), errors))

    (line,) = lines([999.0, 1001.0])
    assert line.startswith("the errors have a mean of +1000.0000 cm-1 and scatter by 1.0000 cm-1")
    assert lines([-5.0, 5.5]) == []
    assert lines([0.5, 0.5]) == []  # a fit may be a little too high everywhere
    assert lines([1000.0]) == []
