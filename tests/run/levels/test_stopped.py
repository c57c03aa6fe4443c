"""A signal during `pes-levels` of sizes that grow: what was reached is kept, and said."""

import json
import os
import signal
from pathlib import Path

import pytest

from pes.cli import levels, spectrum
from pes.setup.automatic.cuts import target
from pes.setup.automatic.quanta.quanta_series import Series

THREE = ["carbon_dioxide_model", "--levels", "3", "--set", "J=[0, 1]"]
FOUR = ["formaldehyde_model", "--molecule", "C O H H", "--levels", "3", "--accuracy", "3",
        "--set", "J=[0, 1]"]  # fmt: skip

CHARGES = """
import torch


def moment(x):
    return (torch.tensor([0.4, -0.6, 0.1, 0.1], dtype=x.dtype)[:, None] * x).sum(-2)
"""

LINES = """
name: run
surface: formaldehyde_model
molecule: [C, O, H, H]
levels: 3
J: [0, 1]
spectrum: {dipole: "charges.py:moment"}
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="has no SIGUSR1")
@pytest.mark.parametrize(("atoms", "lines"), [(3, False), (4, False), (4, True)])
def test_levels_reached_are_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    atoms: int,
    lines: bool,
) -> None:
    """The signal arrives after the first calculation of three atoms, in the second of four."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "charges.py").write_text(CHARGES)
    (tmp_path / "lines.yaml").write_text(LINES)
    given, owner, name = (THREE, target, "grown") if atoms == 3 else (FOUR, Series, "following")
    growing = getattr(owner, name)

    def signalled(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGUSR1)
        return growing(*arguments)

    monkeypatch.setattr(owner, name, signalled)
    with pytest.raises(SystemExit) as stop:
        spectrum(["--config", "lines.yaml", "--output", "run"]) if lines else levels(
            [*given, "--output", "run"]
        )
    assert stop.value.code == 128 + signal.SIGUSR1
    said = "".join(capfd.readouterr())
    left_out = "levels with J > 0" + (" and all lines between them" if lines else "")
    assert f"{left_out} are left out: a signal asked for the end" in said
    assert not (tmp_path / "run/rovibrational.csv").exists()
    assert not (tmp_path / "run/lines.csv").exists()
    assert "stopped by SIGUSR1; the levels reached are in run" in said
    result = json.loads((tmp_path / "run/levels.json").read_text())
    assert len(result["levels"]) == 3
    assert any("did not grow further: a signal asked" in words for words in result["warnings"])
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    # Three atoms begin again.
    advice = "--overwrite" if atoms == 3 else "--resume auto"
    assert f"for better ones repeat the command with {advice}" in said
    assert (tmp_path / "run/levels.state").exists() == (atoms == 4)
    if (atoms, lines) == (4, False):
        monkeypatch.setattr(owner, name, growing)
        levels([*given, "--output", "run", "--resume", "auto"])
        said = "".join(capfd.readouterr())
        assert "going on from the calculation with" in said
        assert "first: " not in said
        result = json.loads((tmp_path / "run/levels.json").read_text())
        assert all(level["convergence"] <= 3 for level in result["levels"])
        assert (tmp_path / "run/rovibrational.csv").exists()
        assert not (tmp_path / "run/levels.state").exists()
