import gc
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("pyscf")

from pes.labelling import pyscf_calculation
from pes.labelling.program import Record
from pes.labelling.pyscf_calculation import calculated, check, provenance
from pes.labelling.pyscf_program import PySCF

ELEMENTS = ("O", "H", "H")
WATER = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0], [-0.5, 1.7, 0.0]])
SMALL = "6-31g"
METHODS = (("hf", None), ("dft", "pbe"), ("mp2", None), ("ccsd", None), ("ccsd(t)", None))


# PySCF leaves temporary files to the garbage collector, which Python warns of.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def _files_of_pyscf() -> Iterator[None]:
    yield
    gc.collect()


def point(settings: PySCF, positions: np.ndarray = WATER, attempt: int = 0) -> Record:
    return calculated(settings, ELEMENTS, positions, attempt)


def energy(settings: PySCF, positions: np.ndarray) -> float:
    return float(point(settings, positions)["energy"])


def test_the_parts_add_up_and_nothing_else_was_asked_for():
    record = point(PySCF(dipole="none"))
    columns = record["columns"]
    parts = ("scf_energy", "ccsd_correlation", "triples_correction")
    assert sum(columns[part] for part in parts) == pytest.approx(record["energy"], abs=1e-12)
    assert columns["triples_correction"] < 0 < columns["t1_diagnostic"] < 0.02
    assert record.keys() == {"positions", "energy", "columns"}


def test_the_core_is_frozen_when_asked():
    # With every electron correlated the correlation energy of water is larger by milli-hartrees.
    frozen = point(PySCF("mp2", "cc-pVDZ"))["energy"]
    assert point(PySCF("mp2", "cc-pVDZ", frozen_core=False))["energy"] < frozen - 1e-3


@pytest.mark.parametrize(("method", "functional"), METHODS)
def test_forces_are_minus_the_slope_of_the_energy(
    method: str, functional: str | None, monkeypatch: pytest.MonkeyPatch
):
    # The Λ amplitudes of CCSD instead of CCSD(T) would be off by 1e-4 and more here.
    monkeypatch.setattr("pes.labelling.pyscf_calculation.GRID", 1)  # forces follow any grid
    plain = PySCF(method, SMALL, functional, dipole="none")
    forces = np.array(point(plain.with_forces())["forces"])  # type: ignore[arg-type]
    shift = np.zeros((3, 3))
    shift[1, 0] = 1e-3
    up, down = (energy(plain, WATER + sign * shift) for sign in (1, -1))
    # Central difference: h²/6 times a third derivative of about 2 atomic units.
    assert forces[1, 0] == pytest.approx((down - up) / 2e-3, abs=1e-6)
    # Translation: exact for the converged density, and for the grid of a functional.
    assert np.abs(forces.sum(0)).max() < 1e-8


@pytest.mark.parametrize(
    ("method", "way", "difference"),
    [("hf", "density", 1e-5), ("ccsd(t)", "density", 5e-3)],
)
def test_dipole_of_the_density_and_in_a_field(method: str, way: str, difference: float):
    # The same for HF (Hellmann, Feynman); β F²/6 of the field is below 1e-5 e·bohr. A CC density
    # lacks the relaxation of the orbitals, which singles make small.
    field, density = (
        np.array(point(PySCF(method, "sto-3g", dipole=one))["dipole"]) for one in ("field", way)
    )
    assert np.abs(field - density).max() < difference
    scf = np.array(point(PySCF(method, "sto-3g", dipole="scf"))["dipole"])
    # Correlation lowers the dipole of water by some hundredths.
    assert (np.linalg.norm(scf - field) > 0.02) == (method != "hf")


def test_no_fields_across_the_plane_of_a_molecule(monkeypatch: pytest.MonkeyPatch):
    settings, energies = PySCF("hf", "sto-3g", dipole="field"), []
    solved = pyscf_calculation._solved

    def counted(*arguments):
        energies.append(arguments)
        return solved(*arguments)

    monkeypatch.setattr(pyscf_calculation, "_solved", counted)
    turn = np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3)).Q
    lying, tilted = (np.array(point(settings, x)["dipole"]) for x in (WATER, WATER @ turn + 1.0))
    assert len(energies) == 2 * 5
    # Energies to 1e-11 over twice the field of 1e-3, and another direction of that: β F²/6.
    assert tilted == pytest.approx(lying @ turn, abs=1e-5)
    assert abs(lying[2]) < 1e-12


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_other_guesses_lead_to_the_same_energy(attempt: int):
    settings = PySCF("ccsd", SMALL)
    # Thresholds of CCSD: 1e-9 hartree between iterations.
    first, other = point(settings)["energy"], point(settings, attempt=attempt)["energy"]
    assert other == pytest.approx(first, abs=2e-8)


def test_what_must_be_known_to_repeat_it_is_said():
    known = provenance(PySCF(basis="cc-pVDZ"))
    assert {"method", "basis", "program", "program_version", "threshold_ccsd"} <= known.keys()
    assert known["method"] == "CCSD(T), frozen core, RHF reference"
    assert provenance(PySCF("dft", functional="pbe"))["method"] == "pbe"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"basis": "nonsense"}, "`basis`: PySCF has no basis 'nonsense' for O"),
        ({"method": "dft", "functional": "nonsense"}, "`functional`: PySCF knows no functional"),
        (
            {"charge": 1},
            "`charge`: O H H with charge 1 has 9 electrons; this program needs an even number",
        ),
        ({"charge": 10}, "`charge`: O H H with charge 10 has 0 electrons"),
    ],
)
def test_settings_that_cannot_work(settings: dict, words: str):
    with pytest.raises(ValueError, match=words):
        check(PySCF(**settings), ELEMENTS)


def test_scf_that_does_not_converge(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pes.labelling.pyscf_calculation.SCF_CYCLES", 1)
    with pytest.raises(RuntimeError, match="SCF did not converge in 1 cycles"):
        point(PySCF("hf", SMALL))
