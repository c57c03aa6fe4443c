"""Dataset from the records of a finished journal."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch

from pes.data.dataset import Dataset

__all__ = ["COLUMNS", "assembled", "failures"]

COLUMNS = MappingProxyType(
    {
        "scf_energy": "hartree",
        "ccsd_correlation": "hartree",
        "triples_correction": "hartree",
        "t1_diagnostic": "1",
    }
)
"""Columns taken over from the records, with their units."""


def failures(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Row and reason of every calculation that gave no energy."""
    return [{"row": r["row"], "reason": r["failure"]} for r in records if "failure" in r]


def assembled(
    records: Sequence[Mapping[str, Any]],
    symbols: Sequence[str],
    provenance: Mapping[str, str | float | int],
) -> Dataset:
    """The successful records in their order; nothing else is left out.

    Args:
        records: of a journal, in atomic units.
        symbols: isotope symbols of the atoms.
        provenance: what to write on the dataset.

    Raises:
        ValueError: if every calculation failed.
    """
    good = [record for record in records if "failure" not in record]
    if not good:
        raise ValueError(f"all {len(records)} calculations failed; there is nothing to write")

    def column(key: str) -> torch.Tensor:
        return torch.tensor([record[key] for record in good], dtype=torch.float64)

    return Dataset(
        symbols=tuple(symbols),
        positions=column("positions"),
        energies=column("energy"),
        forces=column("forces") if "forces" in good[0] else None,
        dipoles=column("scf_dipole"),
        columns={name: column(name) for name in COLUMNS},
        column_units=COLUMNS,
        provenance=provenance,
    )
