import pytest
import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.training.errors import error_report
from pes.units import ANGSTROM, CM1

POSITIONS = torch.tensor([[[0.0, 0, 0], [0, 0, r]] for r in (1.4, 1.5, 1.6, 1.7)]).double()
HEIGHTS = torch.tensor([0.0, 4900.0, 9000.0, 30000.0], dtype=torch.float64)
ERRORS = torch.tensor([1.0, -2.0, 3.0, 100.0], dtype=torch.float64)


def dataset(with_forces: bool) -> Dataset:
    forces = torch.zeros_like(POSITIONS) if with_forces else None
    return Dataset(("H", "H"), POSITIONS, HEIGHTS * CM1 - 1.0, forces=forces)


def surface(positions: Tensor) -> Tensor:
    """The labels plus the errors, with a force of 2 cm⁻¹/Å on the second atom."""
    z = positions[:, 1, 2]
    slope = 2 * CM1 / ANGSTROM
    return (HEIGHTS + ERRORS) * CM1 - 1.0 + slope * (z - z.detach())


def test_measures_in_cumulative_windows() -> None:
    report = error_report(surface, dataset(False), lowest=-1.0, windows=(4000, 5000, 10000))
    energy = report["energy"]
    assert energy["max"]["all"] == pytest.approx(100)
    assert energy["rmse"]["10000"] == pytest.approx((14 / 3) ** 0.5)
    assert energy["mae"]["10000"] == pytest.approx(2)
    assert energy["mae"]["4000"] == pytest.approx(1)
    assert energy["median"]["10000"] == pytest.approx(2)
    assert report["points"]["count"] == {"all": 4, "4000": 1, "5000": 2, "10000": 3}
    assert report["force"]["rmse"]["all"] is None


def test_empty_window() -> None:
    report = error_report(surface, dataset(False), lowest=-2.0, windows=(5000,))
    assert report["energy"]["rmse"]["5000"] is None
    assert report["points"]["count"]["5000"] == 0


def test_forces_over_components() -> None:
    force = error_report(surface, dataset(True), lowest=-1.0)["force"]
    assert force["max"]["all"] == pytest.approx(2)
    assert force["mae"]["5000"] == pytest.approx(2 / 6)
    assert force["rmse"]["all"] == pytest.approx((4 / 6) ** 0.5)
