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
