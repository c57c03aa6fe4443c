import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_fields import pyramid

from pes.report.page import report_page
from pes.setup.force_fields.force_field import force_field_levels
from pes.setup.force_fields.force_field_result import ForceFieldResult


@pytest.fixture(scope="module")
def found() -> ForceFieldResult:
    return force_field_levels(pyramid(), count=7, accuracy=0.1)


@pytest.fixture(scope="module")
def folder(found: ForceFieldResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("field") / "levels"
    return found.save(place, sensitivity=found.sensitivity())


def test_rows_have_energy_error_quanta_and_species(found) -> None:
    row = found.table[1]
    assert row["v1 v2 v3"] == "0 1^1 0"
    assert row["irrep"] == "E"
    assert 0 < row["convergence"] <= 0.1
    assert row["energy"] == pytest.approx(float(found.energies[1]))
    assert "(force field: 7 levels" in repr(found)
    assert "0 1^1 0" in str(found)
    assert "<table>" in found._repr_html_()
    assert "are good to" in found.verdict


def test_files(folder: Path, found) -> None:
    with (folder / "levels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["energy"]) for row in rows] == pytest.approx(found.energies.tolist())
    content = json.loads((folder / "levels.json").read_text())
    assert content["constants"]["1 1 1"] == pytest.approx(-40.0)
    assert content["verdict"] == found.verdict
    with (folder / "sensitivities.csv").open() as file:
        slopes = next(csv.DictReader(file))
    assert float(slopes["dE/dw1"]) == pytest.approx(0.5, abs=0.1)


def test_vectors_are_stored_with_their_functions(folder: Path, found) -> None:
    with h5py.File(folder / "levels.h5") as file:
        block = file["blocks/0"]
        vectors, quanta = np.array(block["coefficients"]), np.array(block["quanta"])
        assert vectors.shape[1] == len(quanta)
        assert np.allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-6)
        assert file["energies"].attrs["units"] == "hartree"


def test_report_of_a_force_field(folder: Path) -> None:
    assert "Levels of force field" in report_page(folder)
