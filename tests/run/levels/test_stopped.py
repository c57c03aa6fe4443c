"""A signal during `pes-levels` of sizes that grow: what was reached is kept, and said."""

import json
import os
import signal
from pathlib import Path

import pytest

from pes.cli import levels
from pes.setup.automatic.quanta_series import Series

MODEL = ["formaldehyde_model", "--molecule", "C O H H", "--levels", "3", "--set", "J=[0, 1]"]


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="has no SIGUSR1")
def test_levels_reached_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    following = Series.following

    def signalled(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGUSR1)
        return following(*arguments)

    monkeypatch.setattr(Series, "following", signalled)
    with pytest.raises(SystemExit) as stop:
        levels([*MODEL, "--output", "run"])
    assert stop.value.code == 128 + signal.SIGUSR1
    said = "".join(capfd.readouterr())
    assert "J > 0 is left out: a signal asked for the end" in said
    assert "stopped by SIGUSR1; the levels reached are in run" in said
    result = json.loads((tmp_path / "run/levels.json").read_text())
    assert len(result["levels"]) == 3
    assert any("did not grow further: a signal asked" in words for words in result["warnings"])
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
