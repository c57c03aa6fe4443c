"""Files of a line list: they belong together, and programs of others read them."""

import bz2
import csv
import json
import tracemalloc
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from torch import Tensor

import pes
from pes.rovibration.lines import Spectrum
from pes.setup.lines import line_files
from pes.setup.lines.line_files import LineTables, write_line_list
from pes.setup.lines.line_list import LineList, line_list

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}


def point_charges(positions: Tensor) -> Tensor:
    charges = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)
    return torch.einsum("a,pai->pi", charges, positions)


@pytest.fixture(scope="module")
def water() -> LineList:
    sizes = {"all": pes.BasisSize(None, 6, 9, 30)}
    levels = pes.levels(
        "water_pjt1996", ["O", "H", "H"], count=3, ranges=RANGES, basis=sizes, convergence=False
    )
    return line_list(levels.rotation(range(4)), point_charges)


@pytest.fixture(scope="module")
def folder(water: LineList, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return water.save(tmp_path_factory.mktemp("lines"), "h2o")


def test_files_of_exomol(water: LineList, folder: Path) -> None:
    """Columns as in doi:10.1016/j.jqsrt.2020.107228, tables 5 and 6."""
    states = [line.split() for line in (folder / "h2o.states").read_text().splitlines()]
    energy = {int(row[0]): float(row[1]) for row in states}
    j = {int(row[0]): int(row[3]) for row in states}
    assert list(energy) == list(range(1, len(water.levels.energies) + 1))
    assert list(energy.values()) == sorted(energy.values())
    assert {len(row) for row in states} == {4 + 2 + 1 + 3 + 2}
    lines = [line.split() for line in (folder / "h2o.trans").read_text().splitlines()]
    rates = dict.fromkeys(energy, 0.0)
    for upper, lower, einstein, wavenumber in lines:
        difference = energy[int(upper)] - energy[int(lower)]
        assert difference == pytest.approx(float(wavenumber), abs=2e-6)
        assert abs(j[int(upper)] - j[int(lower)]) <= 1
        rates[int(upper)] += float(einstein)
    for row in states:
        # Four digits of each number.
        rate = rates[int(row[0])]
        assert float(row[5]) == pytest.approx(1 / rate if rate else float("inf"), rel=2e-4)
    assert len(lines) >= len(water.spectrum.wavenumbers) > 50
    first = (folder / "h2o.pf").read_text().splitlines()[0].split()
    assert [float(v) for v in first] == pytest.approx(
        [10.0, float(water.levels.partition(torch.tensor([10.0]).double()))], abs=1e-4
    )
    rows = (folder / "h2o.def").read_text().splitlines()
    definition = dict(reversed(row.split(" # ")) for row in rows)
    assert float(definition["Isotopologue mass (Da) and (kg)"].split()[0]) == pytest.approx(
        18.010565
    )
    assert int(definition["No. of states in .states file"]) == len(states)
    assert int(definition["No. of quanta defined"]) == 1 + 3 + 2


def test_records_of_hitran_have_160_characters(water: LineList, folder: Path) -> None:
    records = (folder / "h2o.par").read_text().splitlines()
    assert {len(record) for record in records} == {160}
    assert len(records) == len(water.spectrum.wavenumbers)
    assert records == sorted(records, key=lambda record: float(record[3:15]))


@pytest.fixture
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.usefixtures("_quiet")
def test_hapi_reads_the_records(
    water: LineList, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HAPI is the reader of HITRAN's own (doi:10.1016/j.jqsrt.2016.03.005)."""
    hapi = pytest.importorskip("hapi", reason="reads .par files: pip install hitran-api")
    (tmp_path / "h2o.data").write_text((folder / "h2o.par").read_text())
    layout = {**hapi.HITRAN_DEFAULT_HEADER, "table_name": "h2o"}
    layout["number_of_rows"] = len(water.spectrum.wavenumbers)
    (tmp_path / "h2o.header").write_text(json.dumps(layout))
    monkeypatch.chdir(tmp_path)
    hapi.db_begin(str(tmp_path))
    columns = {
        name: hapi.getColumn("h2o", name)
        for name in ("molec_id", "local_iso_id", "nu", "sw", "a", "elower", "gp", "gpp")
    }
    s = water.spectrum
    order = water.levels.rows.argsort()
    weights = water.levels.degeneracies[order]
    assert set(columns["molec_id"]) == set(columns["local_iso_id"]) == {1}
    expected = {
        "nu": s.wavenumbers, "sw": s.intensities, "a": s.einstein,
        "elower": water.levels.energies[order][s.lower], "gp": weights[s.upper],
        "gpp": weights[s.lower],
    }  # fmt: skip
    for name, values in expected.items():
        # Four digits of intensities and A, millionths of cm⁻¹, ten thousandths of E″.
        assert list(columns[name]) == pytest.approx(
            values.tolist(), rel=6e-4, abs=6e-5 * (name != "sw")
        )


def test_tables_and_arrays_hold_the_spectrum(water: LineList, folder: Path) -> None:
    with (folder / "lines.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["wavenumber_cm1"]) for row in rows] == water.spectrum.wavenumbers.tolist()
    with h5py.File(folder / "lines.h5") as file:
        assert file["lines/intensity"][:].tolist() == water.spectrum.intensities.tolist()
        assert file["lines/intensity"].attrs["unit"] == "cm/molecule"
        energies = file["states/energy"][:]
        upper, lower = (energies[file[f"lines/{name}"][:] - 1] for name in ("upper", "lower"))
        assert upper - lower == pytest.approx(file["lines/wavenumber"][:], abs=1e-9)
    with (folder / "partition.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    # At 1000 K four J and three levels are nothing.
    assert float(last["missing_above_highest_J"]) > 1
    assert float(last["missing_above_levels"]) > 0


def test_memory_of_the_files_does_not_grow_with_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block of lines is text at once, however many there are; blocks are small here."""
    monkeypatch.setattr(line_files, "BLOCK", 500)
    peaks = [_peak_of_writing(tmp_path / str(count), count) for count in (1000, 4000)]
    # Everything at once would take four times as much.
    assert peaks[1] < 1.3 * peaks[0]


def _peak_of_writing(folder: Path, count: int) -> int:
    """Largest memory of Python and NumPy, bytes, while so many lines between two states go out."""
    row = {"J": 0, "Ka": 0, "Kc": 0, "level": 0, "v": "0", "convergence": 0.01, "irrep": "A"}
    states = [{**row, "energy": 0.0}, {**row, "energy": 20.0}]
    numbers = torch.linspace(1, 20, count, dtype=torch.float64)
    lower = torch.zeros(count, dtype=torch.long)
    spectrum = Spectrum(numbers, numbers, numbers, lower, lower + 1, numbers)
    ones, columns = torch.ones(2, dtype=torch.float64), (lower + 1, lower, numbers, numbers)
    tables = LineTables(
        pes.Molecule(("O", "H", "H")), "v", 296.0, states, ones, ones, spectrum, count,
        lambda: zip(*(column.split(250) for column in columns), strict=True),
        ones, ones, (ones, ones),
    )  # fmt: skip
    tracemalloc.start()
    try:
        write_line_list(tables, folder, "h2o")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_symmetric_top_has_k_and_no_lines_of_levels_without_spin(tmp_path: Path) -> None:
    """Levels of ammonia: A1' goes with no spin function, A2 with 12 in all."""
    rows = [("A1'", 0, 0.0), ('A2"', 0, 0.9), ("A2'", 1, 20.0), ('A1"', 1, 20.9)]
    states = [
        {"J": j, "Ka": j, "Kc": 0, "K": 0, "level": k, "v": "0", "energy": energy,
         "convergence": 0.01, "irrep": irrep}
        for k, (irrep, j, energy) in enumerate(rows)
    ]  # fmt: skip
    upper, lower = torch.tensor([2, 3]), torch.tensor([1, 0])
    nu = torch.tensor([19.1, 20.9], dtype=torch.float64)
    one, ones = slice(0, 1), torch.ones(4, dtype=torch.float64)
    weights = torch.tensor([0.0, 12.0, 36.0, 0.0], dtype=torch.float64)
    line = Spectrum(nu[one], nu[one], nu[one], lower[one], upper[one], nu[one])
    tables = LineTables(
        pes.Molecule(("N", "H", "H", "H")), "v", 296.0, states, weights, ones, line, 1,
        lambda: iter([(upper, lower, nu, nu)]), ones, ones, (ones, ones),
    )  # fmt: skip
    write_line_list(tables, tmp_path, "nh3")
    written = [one.split() for one in (tmp_path / "nh3.states").read_text().splitlines()]
    assert [(row[6], row[-3:]) for row in written] == [
        ("A1'", ["0", "0", "0"]), ('A2"', ["0", "0", "0"]), ("A2'", ["1", "0", "0"]),
        ('A1"', ["1", "0", "0"]),
    ]  # fmt: skip
    assert [x.split()[:2] for x in (tmp_path / "nh3.trans").read_text().splitlines()] == [
        ["3", "2"]
    ]
    assert "K " in (tmp_path / "nh3.def").read_text()
    record = (tmp_path / "nh3.par").read_text().removesuffix("\n")
    assert (len(record), record[97:112].split()) == (160, ["1", "0", "A2'"])
    with h5py.File(tmp_path / "lines.h5") as file:
        assert file["states/K"][:].tolist() == [0] * 4


def write_methane(folder: Path) -> None:
    """Levels of methane with J = 0 to 2, and one line."""
    rows = [("A1", 0, 1, 0.0), ("F1", 1, 1, 10.4), ("E", 2, 1, 31.3), ("F2", 2, 1, 31.4)]
    states = [
        {"J": j, "n": n, "level": 0, "v": "0", "energy": energy, "convergence": 0.01,
         "irrep": irrep}
        for irrep, j, n, energy in rows
    ]  # fmt: skip
    upper, lower, nu = torch.tensor([3]), torch.tensor([1]), torch.tensor([21.0]).double()
    ones, weights = torch.ones(4).double(), torch.tensor([5.0, 9.0, 10.0, 15.0]).double()
    line = Spectrum(nu, nu, nu, lower, upper, nu)
    tables = LineTables(
        pes.Molecule(("C", "H", "H", "H", "H")), "v", 296.0, states, weights, ones, line, 1,
        lambda: iter([(upper, lower, nu, nu)]), ones, ones, (ones, ones),
    )  # fmt: skip
    write_line_list(tables, folder, "ch4")


def test_a_spherical_top_has_a_counter_and_neither_ka_nor_kc(tmp_path: Path) -> None:
    write_methane(tmp_path)
    written = [one.split() for one in (tmp_path / "ch4.states").read_text().splitlines()]
    assert [(row[3], row[6], row[8:]) for row in written] == [
        ("0", "A1", ["1"]), ("1", "F1", ["1"]), ("2", "E", ["1"]), ("2", "F2", ["1"]),
    ]  # fmt: skip
    definition = (tmp_path / "ch4.def").read_text()
    labels = [x.split()[0] for x in definition.splitlines() if "Quantum label" in x]
    assert labels == ["irrep", "v", "n"]
    record = (tmp_path / "ch4.par").read_text().removesuffix("\n")
    # As HITRAN has it for spherical tops: J, symmetry, counter.
    assert (len(record), record[97:112].split()) == (160, ["2F2", "1"])


@pytest.mark.skipif(find_spec("radis") is None, reason="RADIS is missing; see CONTRIBUTING.md")
@pytest.mark.filterwarnings("ignore")  # of the reader and its packages
def test_a_published_reader_reads_the_files_of_exomol(
    water: LineList, folder: Path, tmp_path: Path
) -> None:
    """RADIS (doi:10.1016/j.jqsrt.2018.09.027), which takes compressed files as ExoMol offers them.

    It gives the sixth column, our lifetimes, the name of the next one, Lande.
    """
    from radis.api import exomolapi

    def read(name: str, files: Path) -> tuple[dict, Any]:
        for kind in ("states", "trans"):
            packed = bz2.compress((files / f"{name}.{kind}").read_bytes())
            (tmp_path / f"{name}.{kind}.bz2").write_bytes(packed)
        known = exomolapi.read_def(files / f"{name}.def")
        states = exomolapi.read_states(
            tmp_path / f"{name}.states.bz2", known, engine="csv", skip_optional_data=False
        )
        return known, states

    known, states = read("h2o", folder)
    lines = exomolapi.read_trans(tmp_path / "h2o.trans.bz2", engine="csv")
    assert known["molmass"] == pytest.approx(18.0105647)
    energies = water.levels.energies.sort().values.tolist()
    assert states["E"].tolist() == pytest.approx(energies, abs=1e-6)
    for label in ("J", "Ka", "Kc"):
        assert states[label].tolist() == [row[label] for row in water.rotation.table]
    assert states["irrep"].tolist() == [row["irrep"] for row in water.rotation.table]
    for line in lines.itertuples():
        difference = energies[line.i_upper - 1] - energies[line.i_lower - 1]
        assert line.nu_lines == pytest.approx(difference, abs=2e-6)
    partition = exomolapi.read_pf(folder / "h2o.pf")
    assert len(partition) == 100
    assert float(partition["QT"].iloc[-1]) > float(partition["QT"].iloc[0])
    write_methane(tmp_path)
    _, states = read("ch4", tmp_path)
    assert states["n"].tolist() == [1, 1, 1, 1]
    assert states["irrep"].tolist() == ["A1", "F1", "E", "F2"]
