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
    assert float(back.columns["scfenergies"][0]) == pytest.approx(-76.0, abs=1e-13)
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
