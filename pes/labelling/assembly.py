"""Dataset from the records of a journal."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from pes.data.dataset import Dataset

__all__ = ["assembled", "failures"]

Records = Sequence[Mapping[str, Any]]


def failures(records: Records) -> list[dict[str, Any]]:
    """Row and reason of every calculation that gave no energy."""
    return [{"row": r["row"], "reason": r["failure"]} for r in records if "failure" in r]


def assembled(
    records: Records,
    symbols: Sequence[str],
    provenance: Mapping[str, str | float | int],
    units: Mapping[str, str],
) -> Dataset:
    """The successful records in their order; nothing else is left out.

    Args:
        records: records of a journal, in atomic units.
        symbols: isotope symbols of the atoms.
        provenance: what to write on the dataset.
        units: unit of each column.

    Raises:
        ValueError: if every calculation failed.
    """
    good = [record for record in records if "failure" not in record]
    if not good:
        raise ValueError(
            f"all {len(records)} calculations failed, the first with: {records[0]['failure']}; "
            "correct it and try these points again (--retry)"
        )
    first = good[0]

    def quantity(key: str) -> torch.Tensor | None:
        return _tensor([record[key] for record in good]) if key in first else None

    columns = {
        name: _tensor([record["columns"][name] for record in good])
        for name in first.get("columns", {})
    }
    return Dataset(
        symbols=tuple(symbols),
        positions=_tensor([record["positions"] for record in good]),
        energies=_tensor([record["energy"] for record in good]),
        forces=quantity("forces"),
        dipoles=quantity("dipole"),
        columns=columns,
        column_units={name: units.get(name, "1") for name in columns},
        provenance=provenance,
    )


def _tensor(values: list[Any]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)
