from typing import Any

import pytest

from pes.labelling.assembly import assembled, failures

UNITS = {"scf_energy": "hartree"}


def record(row: int) -> dict[str, Any]:
    return {
        "row": row,
        "positions": [[0.0, 0.0, 0.0], [1.8 + 0.1 * row, 0.0, 0.0], [0.0, 1.8, 0.0]],
        "energy": -76.2 + row,
        "columns": {"scf_energy": -76.0 + row, "t1_diagnostic": 0.008},
        "dipole": [0.5, 0.5, 0.0],
        "forces": [[0.0, 0.1 * row, 0.0]] * 3,
    }


RECORDS = [record(0), {"row": 1, "failure": "RuntimeError: SCF"}, record(2)]


def test_the_successful_records_stay_in_order():
    data = assembled(RECORDS, ("O", "H", "H"), {"basis": "cc-pVDZ"}, UNITS)
    assert data.energies.tolist() == [-76.2, -74.2]
    assert data.forces is not None
    assert data.forces[1, 2, 1] == pytest.approx(0.2)
    assert data.dipoles is not None
    assert data.column_units == {"scf_energy": "hartree", "t1_diagnostic": "1"}
    assert data.columns["t1_diagnostic"].tolist() == [0.008, 0.008]
    assert data.provenance == {"basis": "cc-pVDZ"}


def test_energies_alone_are_a_dataset():
    bare = {key: record(0)[key] for key in ("row", "positions", "energy")}
    data = assembled([bare], ("O", "H", "H"), {}, {})
    assert data.forces is None
    assert data.dipoles is None
    assert data.columns == {}


def test_failed_rows_are_named():
    assert failures(RECORDS) == [{"row": 1, "reason": "RuntimeError: SCF"}]
    with pytest.raises(ValueError, match="all 1 calculations failed, the first with: RuntimeErr"):
        assembled(RECORDS[1:2], ("O", "H", "H"), {}, {})
