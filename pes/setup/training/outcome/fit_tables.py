"""Tables of the errors of a fit, as text."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["error_rows", "error_table", "member_table"]


def error_rows(errors: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Head and rows of RMSE by energy window, one column for each part of the points."""
    rows = [("RMSE", *errors)]
    for quantity, unit in (("energy", "cm-1"), ("force", "cm-1/A")):
        for window in next(iter(errors.values()))[quantity]["rmse"]:
            values = [report[quantity]["rmse"][window] for report in errors.values()]
            if any(value is not None for value in values):
                name = "all" if window == "all" else f"< {window} cm-1"
                shown = ("-" if value is None else format(value, ".4f") for value in values)
                rows.append((f"{quantity} ({unit}) {name}", *shown))
    return rows


def error_table(errors: Mapping[str, Any]) -> str:
    """RMSE of each part by energy window, as text."""
    return "\n".join(
        f"{name:<26}" + "".join(f"{value:>12}" for value in values)
        for name, *values in error_rows(errors)
    )


def member_table(rows: Sequence[Mapping[str, Any]], mean: float) -> str:
    """One line for each member of an ensemble, and one for their mean (test RMSE in cm⁻¹)."""
    lines = [f"{'member':<8}{'validation':>12}{'test RMSE/cm-1':>16}{'best epoch':>12}"]
    lines += [
        f"{k:<8}{row['validation_cm1']:12.4f}{row['test_rmse_cm1']:16.4f}{row['best_epoch']:12}"
        + ("" if row["kept"] else "  dropped")
        for k, row in enumerate(rows, 1)
    ]
    return "\n".join([*lines, f"{'mean':<8}{'':>12}{mean:16.4f}"])
