"""Points that dominate an error."""

from dataclasses import replace

import torch
from torch import nn

from pes.data import Dataset
from pes.setup.training.outcome.far_points import far_point_lines
from pes.units import CM1


class Zero(nn.Module):
    """A surface that is 0 everywhere."""

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(positions), dtype=torch.float64)


def test_the_worst_rows_and_the_error_without_them() -> None:
    positions = torch.randn(100, 2, 3, generator=torch.Generator().manual_seed(0)).double()
    errors = torch.ones(100, dtype=torch.float64)
    points = Dataset(("H", "H"), positions, -errors * CM1)
    rows = torch.arange(100) + 50
    assert far_point_lines(Zero(), {"test": points}, {"test": rows}) == ()
    errors[7], errors[9] = 500.0, -300.0
    (line,) = far_point_lines(
        Zero(), {"test": replace(points, energies=-errors * CM1)}, {"test": rows}
    )
    assert line.startswith("test: 2 of 100 points dominate the RMSE: rows 57 (+500 cm-1), 59 (-300")
    assert "Without them the RMSE is 1 instead of 58.32 cm-1" in line  # √(340098/100)
    assert line.endswith("They are isolated or their labels are wrong: run pes-audit")
    small = replace(points, energies=-1e-5 * errors * CM1)
    assert far_point_lines(Zero(), {"test": small}, {"test": rows}) == ()  # 0.0006 cm-1 in all
    errors[:4] = 500.0
    (line,) = far_point_lines(
        Zero(), {"test": replace(points, energies=-errors * CM1)}, {"test": rows}
    )
    assert "The surface is less accurate in a region" in line


def test_one_row_of_enough() -> None:
    positions = torch.randn(40, 2, 3, generator=torch.Generator().manual_seed(0)).double()
    errors = torch.ones(40, dtype=torch.float64)
    errors[7] = 500.0
    points, rows = Dataset(("H", "H"), positions, -errors * CM1), torch.arange(40)
    (line,) = far_point_lines(Zero(), {"test": points}, {"test": rows})
    assert line.startswith("test: 1 of 40 points dominates the RMSE: row 7 (+500 cm-1). Without it")
    few = points.select(rows[:12])
    assert far_point_lines(Zero(), {"test": few}, {"test": rows[:12]}) == ()
