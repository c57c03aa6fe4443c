"""Tables of the errors of a fit, cell by cell."""

from typing import Any

from pes.setup.training.outcome.fit_tables import error_rows, error_table, member_table


def report(energy: float, low: float | None, force: float | None) -> dict[str, Any]:
    return {
        "energy": {"rmse": {"all": energy, "5000": low}},
        "force": {"rmse": {"all": force, "5000": None}},
    }


def test_windows_without_points_are_left_out() -> None:
    errors = {"train": report(1.0, None, 2.5), "test": report(3.0, 0.25, None)}
    assert error_rows(errors) == [
        ("RMSE", "train", "test"),
        ("energy (cm-1) all", "1.0000", "3.0000"),
        ("energy (cm-1) < 5000 cm-1", "-", "0.2500"),
        ("force (cm-1/A) all", "2.5000", "-"),
    ]
    assert [line.split() for line in error_table(errors).splitlines()[-1:]] == [
        ["force", "(cm-1/A)", "all", "2.5000", "-"]
    ]


def test_members_that_were_dropped_are_marked() -> None:
    rows = [
        {"validation_cm1": 1.0, "test_rmse_cm1": 2.0, "best_epoch": 3, "kept": True},
        {"validation_cm1": 9.0, "test_rmse_cm1": 8.0, "best_epoch": 7, "kept": False},
    ]
    assert [line.split() for line in member_table(rows, 1.5).splitlines()] == [
        ["member", "validation", "test", "RMSE/cm-1", "best", "epoch"],
        ["1", "1.0000", "2.0000", "3"],
        ["2", "9.0000", "8.0000", "7", "dropped"],
        ["mean", "1.5000"],
    ]
