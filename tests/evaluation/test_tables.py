"""Lines about isolated points."""

import pytest
import torch

from pes.evaluation.points import PointErrors
from pes.evaluation.tables import isolated_lines


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
