import numpy as np
import pytest

pytest.importorskip("pyscf")

from pes.data.electronic_structure import ccsd_t, optimised, provenance

ELEMENTS = ("O", "H", "H")
WATER = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0], [-0.5, 1.7, 0.0]])


def test_the_parts_add_up_and_no_force_was_asked_for():
    record = ccsd_t(ELEMENTS, WATER, "cc-pVDZ")
    parts = ("scf_energy", "ccsd_correlation", "triples_correction")
    assert sum(float(record[part]) for part in parts) == pytest.approx(record["energy"], abs=1e-12)
    assert record["triples_correction"] < 0 < record["t1_diagnostic"] < 0.02
    assert "forces" not in record


def test_the_core_is_frozen():
    # With every electron correlated the correlation energy of water is larger by milli-hartrees.
    from pyscf import cc, gto, scf

    atoms = list(zip(ELEMENTS, WATER.tolist(), strict=True))
    full = cc.CCSD(scf.RHF(gto.M(atom=atoms, unit="Bohr", basis="cc-pVDZ", verbose=0)).run()).run()
    assert full.e_corr < float(ccsd_t(ELEMENTS, WATER, "cc-pVDZ")["ccsd_correlation"]) - 1e-3


@pytest.mark.parametrize(("atom", "axis"), [(1, 0), (2, 1)])
def test_forces_are_minus_the_slope_of_the_energy(atom, axis):
    # The Λ amplitudes of CCSD instead of CCSD(T) would be off by 1e-3 here.
    forces = np.array(ccsd_t(ELEMENTS, WATER, "cc-pVDZ", gradient=True)["forces"])
    shift = np.zeros((3, 3))
    shift[atom, axis] = 1e-3
    up, down = (float(ccsd_t(ELEMENTS, WATER + s * shift, "cc-pVDZ")["energy"]) for s in (1, -1))
    # Central difference: h²/6 times a third derivative of about 2 atomic units.
    assert forces[atom, axis] == pytest.approx((down - up) / 2e-3, abs=1e-6)
    # Translation: exact for the converged density.
    assert np.abs(forces.sum(0)).max() < 1e-10


@pytest.mark.slow
def test_the_minimum_has_no_forces():
    minimum = optimised(ELEMENTS, WATER, "cc-pVDZ")
    a, b = minimum[1] - minimum[0], minimum[2] - minimum[0]
    # CCSD(T)/cc-pVDZ, frozen core, in the NIST CCCBDB (https://cccbdb.nist.gov): 0.966 Å, 101.9°.
    assert np.linalg.norm(a) * 0.529177 == pytest.approx(0.966, abs=1e-3)
    angle = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    assert angle == pytest.approx(101.9, abs=0.05)
    record = ccsd_t(ELEMENTS, minimum, "cc-pVDZ", gradient=True)
    assert np.abs(record["forces"]).max() < 1e-5


def test_what_must_be_known_to_repeat_it_is_said():
    known = provenance("cc-pVDZ")
    assert {"method", "basis", "program", "program_version", "threshold_ccsd"} <= known.keys()
