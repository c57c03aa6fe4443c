"""Results of a fit: the parts that judge it, members kept, the summary."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import pes
from pes.data import Dataset
from pes.potential import Ensemble
from pes.setup.training.outcome.fit_result import FitResult
from pes.setup.training.outcome.member_errors import errors_and_spread
from pes.training.bounded import bounded_rms
from pes.units import CM1

Water = Callable[..., Dataset]
FEW = {"form": pes.NetworkForm(degree=2, hidden=(3,)), "fractions": (0.7, 0.15, 0.15), "epochs": 4}


def fitted(points: Dataset, **ensemble: object) -> FitResult:
    return pes.train(points, ensemble=pes.EnsembleForm(members=4, **ensemble), **FEW)


@pytest.mark.parametrize(
    ("validation", "parts"),
    [("own", ["train", "test"]), ("shared", ["train", "validation", "test"])],
)
def test_points_that_any_member_saw_are_training_points(
    water: Water, validation: str, parts: list[str]
) -> None:
    fit = fitted(water(), validation=validation)
    assert list(fit.points) == list(fit.errors) == parts
    assert sum(len(points) for points in fit.points.values()) == 60
    assert torch.equal(fit.points["test"].energies, fit.plan.sets["test"].energies)


def test_the_members_of_lowest_validation_error_are_kept(water: Water) -> None:
    fit = fitted(water(), keep=0.5)
    assert isinstance(fit.module, Ensemble)
    assert fit.members is not None
    rows = fit.members["members"]
    kept = [row["validation_cm1"] for row in rows if row["kept"]]
    dropped = [row["validation_cm1"] for row in rows if not row["kept"]]
    assert len(kept) == len(fit.module.members) == 2
    assert max(kept) <= min(dropped)


def test_errors_of_a_member_are_its_own(water: Water) -> None:
    fit = fitted(water())
    test = fit.points["test"]
    assert fit.members is not None
    for member, row in zip(fit.plan.surface.members, fit.members["members"], strict=True):
        values = member(test.positions).detach()
        error = (values - test.energies).square().mean().sqrt() / CM1
        # Another order of sums.
        assert row["test_rmse_cm1"] == pytest.approx(float(error), rel=1e-10)


def test_spread_is_the_standard_deviation_over_members(water: Water) -> None:
    fit = fitted(water())
    test = fit.points["test"]
    assert isinstance(fit.module, Ensemble)
    residuals, spread = errors_and_spread(fit.module, test)
    values = fit.module.each(test.positions).detach()
    torch.testing.assert_close(spread, values.std(0) / CM1, rtol=1e-10, atol=0)
    torch.testing.assert_close(residuals, (values.mean(0) - test.energies) / CM1)


def test_members_too_alike_are_moved_apart(water: Water) -> None:
    """Validation errors in units of the spread then have a root mean square of one."""
    fit = fitted(water(points=150), validation="shared", keep=1.0)
    assert isinstance(fit.module, Ensemble)
    assert fit.members is not None
    assert fit.members["inflation"] == fit.module.inflation > 1
    errors, spread = errors_and_spread(fit.module, fit.points["validation"])
    assert bounded_rms(errors / spread) == pytest.approx(1, rel=1e-9)


def test_summary_in_the_folder(water: Water, tmp_path: Path) -> None:
    fit = pes.train(water(), **FEW)
    folder = fit.save(tmp_path / "new" / "fit")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["stopped_by"] == "epochs"
    assert summary["epochs"] == 4
    assert summary["points"] == {"train": 42, "validation": 9, "test": 9}
    assert "ensemble" not in summary
    assert summary["lowest_label_hartree"] == float(fit.points["train"].energies.min())
