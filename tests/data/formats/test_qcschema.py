import json
import warnings

import pytest

from pes.data import read

WATER = {
    "schema_name": "qcschema_output",
    "molecule": {"symbols": ["O", "H", "H"], "geometry": [0, 0, 0, 0, 0, 1.8, 0, 1.7, 0.1]},
    "driver": "gradient",
    "properties": {
        "return_energy": -76.1,
        "scf_total_energy": -76.0,
        "scf_dipole_moment": [0.1, 0.2, 0.3],
        "calcinfo_nbasis": 24,
    },
    "return_result": [0.0, 0.1, 0.2, 0.0, -0.1, 0.0, 0.0, 0.0, -0.2],
    "success": True,
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([WATER, WATER]),
        json.dumps([WATER, WATER], indent=2),
        json.dumps(WATER) + "\n" + json.dumps(WATER) + "\n",
        json.dumps(WATER),
        "\n" + json.dumps(WATER, indent=2) + "\n",
    ],
)
def test_one_a_list_or_lines(tmp_path, text):
    path = tmp_path / "water.json"
    path.write_text(text)
    back = read(path)
    assert set(back.energies.tolist()) == {-76.1}
    assert back.forces is not None
    assert back.forces[0, 0].tolist() == [0.0, -0.1, -0.2]
    assert back.dipoles is not None
    assert back.dipoles[0].tolist() == [0.1, 0.2, 0.3]
    assert back.positions[0, 2].tolist() == [0, 1.7, 0.1]
    assert back.column_units == {"scf_total_energy": "hartree"}


def test_isotopes_are_mass_numbers(tmp_path):
    path = tmp_path / "water.json"
    molecule = {**WATER["molecule"], "mass_numbers": [18, 2, 1]}
    path.write_text(json.dumps({**WATER, "molecule": molecule}))
    assert read(path).symbols == ("18O", "D", "H")


def test_what_is_written_is_an_atomic_result(tmp_path):
    with warnings.catch_warnings():
        # pydantic's old interface, which QCElemental still uses.
        warnings.simplefilter("ignore")
        from qcelemental.models import AtomicResult

        path = tmp_path / "water.json"
        path.write_text(json.dumps(WATER))
        from pes.data import write

        write(tmp_path / "again.jsonl", read(path))
        result = AtomicResult.parse_raw((tmp_path / "again.jsonl").read_text())
        assert result.molecule.masses[1] == pytest.approx(1.00782503, abs=1e-7)
    assert result.properties.return_energy == -76.1
    assert result.return_result.shape == (3, 3)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([WATER, {**WATER, "success": False, "error": {"error_message": "no SCF"}}],
         "record 1: the calculation failed .no SCF.; remove it"),
        ([WATER, {"name": "x"}], "record 1: not an AtomicResult"),
        ([WATER, 7], "record 1: not an AtomicResult"),
        ([{**WATER, "properties": {}}], "record 0: no `properties.return_energy`"),
        ([WATER, {**WATER, "driver": "energy", "return_result": -76.0}],
         "record 1: no `return_gradient`, which other records have"),
        ([WATER, {**WATER, "molecule": {**WATER["molecule"], "symbols": ["H", "O", "H"]}}],
         "record 1: atoms H O H differ from O H H of record 0"),
        ([{**WATER, "molecule": {**WATER["molecule"], "geometry": [0, 0]}}], "record 0: not"),
        ([{**WATER, "return_result": [1, 2]}], "shape"),
        ([], "holds no points"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_record(tmp_path, records, message):
    path = tmp_path / "water.json"
    path.write_text(json.dumps(records))
    with pytest.raises(ValueError, match=message) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_json_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "water.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="not readable as JSON"):
        read(path)
