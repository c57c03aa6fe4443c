"""What is taken from cclib's record of an output."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pes.data import read
from pes.units import ANGSTROM

pytest.importorskip("cclib")


def parsed(**changes: Any) -> SimpleNamespace:
    x = np.array([[[0, 0, 0.1], [0, 0.75, -0.45], [0, -0.75, -0.45]]])
    record = {
        "atomnos": np.array([8, 1, 1]),
        "atomcoords": x,
        # cclib keeps eV, by its own factor.
        "scfenergies": np.array([-76.0 * 27.21138505]),
        "grads": 0.1 * np.ones((1, 3, 3)),
        "metadata": {"package": "ORCA"},
    }
    return SimpleNamespace(**{k: v for k, v in {**record, **changes}.items() if v is not None})


def test_units_of_cclib(tmp_path, monkeypatch):
    (tmp_path / "a.out").write_text("output\n")
    monkeypatch.setattr("pes.data.formats.outputs.ccread", lambda *_a, **_k: parsed())
    back = read(tmp_path / "a.out")
    assert back.symbols == ("O", "H", "H")
    assert back.energies.tolist() == [pytest.approx(-76.0, abs=1e-13)]
    assert back.positions[0, 1, 1] == 0.75 * ANGSTROM
    assert back.forces is not None
    assert back.forces[0, 0, 0] == -0.1


def test_gaussian_prints_forces(tmp_path, monkeypatch):
    (tmp_path / "a.log").write_text("output\n")
    record = parsed(metadata={"package": "Gaussian"})
    monkeypatch.setattr("pes.data.formats.outputs.ccread", lambda *_a, **_k: record)
    forces = read(tmp_path / "a.log").forces
    assert forces is not None
    assert forces[0, 0, 0] == 0.1


def test_the_highest_level_is_the_energy(tmp_path, monkeypatch):
    (tmp_path / "a.out").write_text("output\n")
    record = parsed(ccenergies=np.array([-76.3 * 27.21138505]))
    monkeypatch.setattr("pes.data.formats.outputs.ccread", lambda *_a, **_k: record)
    back = read(tmp_path / "a.out")
    assert float(back.energies[0]) == pytest.approx(-76.3, abs=1e-13)
    assert float(back.columns["scf_energy"][0]) == pytest.approx(-76.0, abs=1e-13)
    # These gradients are of another level.
    assert back.forces is None


GAUSSIAN = """\
 Copyright (c) 1988-2017, Gaussian, Inc.  All Rights Reserved.
                          Input orientation:
 ---------------------------------------------------------------------
 Center     Atomic      Atomic             Coordinates (Angstroms)
 Number     Number       Type             X           Y           Z
 ---------------------------------------------------------------------
      1          8           0        0.000000    0.000000    0.119262
      2          1           0        0.000000    0.763239   -0.477047
      3          1           0        0.000000   -0.763239   -0.477047
 ---------------------------------------------------------------------
 SCF Done:  E(RHF) =  -74.9629466450     A.U. after    7 cycles
 -------------------------------------------------------------------
 Center     Atomic                   Forces (Hartrees/Bohr)
 Number     Number              X              Y              Z
 -------------------------------------------------------------------
      1        8           0.000000000    0.000000000   -0.027521540
      2        1          -0.000000000   -0.013234070    0.013760770
      3        1          -0.000000000    0.013234070    0.013760770
 -------------------------------------------------------------------
"""
"""Lines of an output of Gaussian that cclib looks at."""


def test_cclib_reads_an_output(tmp_path):
    (tmp_path / "a.log").write_text(GAUSSIAN)
    back = read(tmp_path / "a.log")
    # cclib keeps energies in eV: two factors that differ in rounding.
    assert float(back.energies[0]) == pytest.approx(-74.9629466450, abs=1e-12)
    assert back.forces is not None
    assert back.forces[0, 0].tolist() == [0, 0, -0.02752154]
    assert back.positions[0, 1, 1] == 0.763239 * ANGSTROM


MOLPRO = """\
                                         ***  PROGRAM SYSTEM MOLPRO  ***
 ATOMIC COORDINATES

 NR  ATOM    CHARGE       X              Y              Z

   1  O       8.00    0.000000000    0.000000000   -0.127449274
   2  H1      1.00    0.000000000    1.457819894    1.011524455
   3  H2      1.00    0.000000000   -1.457819894    1.011524455

 !RHF STATE 1.1 Energy                -76.024889896268
 Dipole moment /Debye                   0.00000000     0.00000000     2.08438988

{}
"""
"""Lines of an output of Molpro that cclib looks at; lengths are in bohr."""

CLOSED_SHELL = """\
 PROGRAM * CCSD (Closed-shell coupled cluster)     Authors: C. Hampel, H.-J. Werner, 1991

  CCSD total energy                   -76.237695489563
 !CCSD(T) total energy                -76.240838058396

 Program statistics:

 CCSD(T)/cc-pVDZ energy=    -76.240838058396
"""
MULTIREFERENCE = """\
 !MRCI STATE 1.1 Energy               -76.230838058396

 MRCI/cc-pVDZ energy=    -76.230838058396
"""

PSI4 = """\
          Psi4: An Open-Source Ab Initio Electronic Structure Package
                               Psi4 1.3.1 release

  ==> Geometry <==

    Geometry (in Angstrom), charge = 0, multiplicity = 1:

       Center              X                  Y                   Z               Mass
    ------------   -----------------  -----------------  -----------------  -----------------
         O            0.000000000000     0.000000000000    -0.066678531538    15.994914619570
         H            0.000000000000    -0.790649154947     0.529118341382     1.007825032230
         H            0.000000000000     0.790649154947     0.529118341382     1.007825032230

  ==> Post-Iterations <==

  @RHF Final Energy:   -74.96432876674534

    Total Energy =                        -74.9643287667453393
{}
"""
"""Lines of an output of Psi4 that cclib looks at."""

TRIPLES = """\
      * CCSD total energy                     =  -75.017758177654812
      * CCSD(T) total energy                  =  -75.017834880707767
"""
THIRD_ORDER = """\
      * MP3 total energy                      =  -75.012378705145020
"""


@pytest.mark.parametrize(
    ("text", "energy", "below"),
    [
        (MOLPRO.format(CLOSED_SHELL), -76.240838058396, -76.024889896268),
        (PSI4.format(TRIPLES), -75.017834880707767, -74.96432876674534),
    ],
    ids=["molpro", "psi4"],
)
def test_coupled_cluster_of_molpro_and_psi4(tmp_path, text, energy, below):
    (tmp_path / "a.out").write_text(text)
    back = read(tmp_path / "a.out")
    assert back.symbols == ("O", "H", "H")
    # cclib keeps energies in eV: two factors that differ in rounding.
    assert float(back.energies[0]) == pytest.approx(energy, abs=1e-12)
    assert float(back.columns["scf_energy"][0]) == pytest.approx(below, abs=1e-12)
    assert "coupled_cluster_energy" in str(back.provenance)


@pytest.mark.parametrize(
    ("text", "stated"),
    [(MOLPRO.format(MULTIREFERENCE), "-76.2308"), (PSI4.format(THIRD_ORDER), "-75.0123")],
    ids=["molpro", "psi4"],
)
def test_a_method_that_cclib_does_not_read_is_refused(tmp_path, text, stated):
    """Else the Hartree-Fock energy of the same output would be taken for the label."""
    (tmp_path / "a.out").write_text(text)
    with pytest.raises(ValueError, match=rf"ends with an energy of {stated}.*\(scf_energy\)"):
        read(tmp_path / "a.out")


SECOND_ORDER = """\
 E2 =    -0.3263600000D-01 EUMP2 =    -0.74995582645000D+02
"""
COUPLED_CLUSTER = """\
 DE(Corr)= -0.44872910E-01 E(CORR)=     -0.75007819555E+02
 T5(CCSD)=  0.10000000D-05
 CCSD(T)= -0.75007891000D+02
"""
DOUBLE_HYBRID = """\
 E2(B2PLYP) =    -0.1263600000D-01 E(B2PLYP) =    -0.74975582645000D+02
"""
ARCHIVES = {
    "HF": (
        "",
        r" 1\1\GINC-NODE\SP\RHF\STO-3G\H2O1\USER\01-Jan-2020\0\\# hf\\t\\0,1\O,0.,0.,0.11"
        "\n"
        r" 9262\\Version=ES64L-G16RevA.03\State=1-A1\HF=-74.962"
        "\n"
        r" 9466\RMSD=1.2e-09\PG=C02V [C2(O1),SGV(H2)]\\@",
    ),
    "MP2": (
        SECOND_ORDER,
        r" 1|1|UNPC|SP|RMP2-FC||0,1|HF=-74.9629466|MP2=-74.9955826|RMSD=1e-09||@",
    ),
    "CCSD(T)": (
        SECOND_ORDER + COUPLED_CLUSTER,
        r" 1\1\GINC\\HF=-74.9629466\MP2=-74.9955826\MP4D=-75.0\CCSD=-75.0078196\CCSD("
        "\n"
        r" T)=-75.007891\RMSD=1e-09\\@",
    ),
}
"""Lines of Gaussian beside those of Hartree-Fock, and its summary at the end."""


@pytest.mark.parametrize(
    ("method", "energy"), [("HF", -74.9629466450), ("MP2", -74.995582645), ("CCSD(T)", -75.007891)]
)
def test_the_energy_is_that_of_gaussians_summary(tmp_path, method, energy):
    (tmp_path / "a.log").write_text(GAUSSIAN + "\n".join(ARCHIVES[method]) + "\n")
    # cclib keeps energies in eV: two factors that differ in rounding.
    assert float(read(tmp_path / "a.log").energies[0]) == pytest.approx(energy, abs=1e-12)


@pytest.mark.parametrize(
    ("lines", "stated"),
    [
        (DOUBLE_HYBRID + r" 1\1\GINC\\HF=-74.9629466\MP2=-74.9755826\RMSD=1e-09\\@", "-74.97558"),
        (
            COUPLED_CLUSTER.splitlines()[0]
            + "\n" + r" 1\1\G\\HF=-74.9629466\QCISD=-75.0078196\QCISD(T)=-75.0079\RMSD=1e-09\\@",
            "-75.0079",
        ),
        (r" 1\1\G\\HF=-74.9629466,-74.98\RMSD=1e-09,1e-09\\@", "-74.98"),
        (" Total Energy, E(TD-HF/TD-DFT) =  -74.612268294", "-74.6122"),
    ],
    ids=["double hybrid", "quadratic CI", "scan", "excited state"],
)  # fmt: skip
def test_another_energy_in_gaussians_summary_is_refused(tmp_path, lines, stated):
    (tmp_path / "a.log").write_text(GAUSSIAN + lines + "\n")
    with pytest.raises(ValueError, match=f"ends with an energy of {stated}"):
        read(tmp_path / "a.log")


def test_another_text_is_refused_in_one_line(tmp_path, capfd):
    (tmp_path / "a.out").write_text("no program wrote this\n")
    with pytest.raises(ValueError, match="CFOUR are read as QCSchema"):
        read(tmp_path / "a.out")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "cclib recognises no program's output"),
        (parsed(scfenergies=None), "no geometry with an energy"),
        (parsed(scfenergies=np.zeros(2)), "1 geometries and 2 energies"),
        (parsed(dispersionenergies=np.zeros(1)), "a dispersion correction"),
    ],
)
def test_what_is_missing_is_named(tmp_path, monkeypatch, record, message):
    (tmp_path / "a.out").write_text("output\n")
    monkeypatch.setattr("pes.data.formats.outputs.ccread", lambda *_a, **_k: record)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.out")
