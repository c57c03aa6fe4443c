"""Every error that the user can mend is one line with file and advice."""

import errno
import os
from pathlib import Path

import pytest
import torch

from pes import cli
from pes.run.messages import ADVICE, is_mendable, line_of, own_code
from pes.setup.inputs.surfaces import imported


@pytest.mark.parametrize("code", [*ADVICE, errno.EBUSY])
def test_errors_of_the_system(code: int) -> None:
    line = line_of(OSError(code, os.strerror(code), "runs/h2o"))
    assert line.startswith("runs/h2o: ")
    assert "; " in line
    assert "Errno" not in line


def test_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50, dtype=torch.float64)
    assert is_mendable(caught.value)
    assert line_of(caught.value).startswith("out of memory; ask for less at once")
    assert not is_mendable(RuntimeError("another"))
    assert not is_mendable(KeyError(1))


def test_atoms_without_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.levels(["mine.py:potential", "--molecule", "S", "H", "D"])
    assert end.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith(
        "no option takes 'H D'; write a value that has spaces in quotes, such as 'O H H'; "
        "--help lists the options"
    )


OWN = """
from torch import nn
class Surface(nn.Module):
    def forward(self, x):
        raise RuntimeError("two\\nlines")
surface = Surface()
"""


def test_the_users_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module, unlike a function, is called by torch itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(RuntimeError) as caught:
        imported("own.py:surface", tmp_path)(torch.zeros(1))
    assert own_code(caught.value) == (
        f"{tmp_path / 'own.py'}, line 5: forward failed: RuntimeError: two lines"
    )
    with pytest.raises(KeyError) as ours:
        {}["key"]
    assert own_code(ours.value) is None


def test_a_module_that_raises_ends_a_command_in_one_line(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "own.py").write_text(OWN)
    with pytest.raises(SystemExit) as end:
        cli.evaluate(["own.py:surface", "water.h5", "--holes", "0"])
    assert end.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        f"pes: {work / 'own.py'}, line 5: forward failed: RuntimeError: two lines"
    ]


def test_a_surface_that_leaves_is_an_error(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """sys.exit(0) in a surface once ended a command with code 0 and no result."""
    (work / "own.py").write_text("import sys\ndef f(x):\n    sys.exit(0)\n")
    with pytest.raises(SystemExit) as end:
        cli.evaluate(["own.py:f", "water.h5", "--holes", "0"])
    assert end.value.code == 2
    assert "own.py:f failed: SystemExit: 0" in capsys.readouterr().err
