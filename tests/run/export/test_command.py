"""`pes-export` from a run folder to a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pes import cli

Command = Callable[..., Path]


def test_a_run_becomes_a_file(
    work: Path, pes_train: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pes_train()
    cli.export([str(folder), "water.c"])
    before = Path("water.c").read_text()
    assert "int water(const double *x, double *energy, double *gradient)" in before
    assert "water.c; compile it with: cc -O2 -c water.c" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.export([str(folder), "water.c"])
    assert stop.value.code == 2
    assert "water.c exists" in capsys.readouterr().err
    cli.export([str(folder), "water.c", "--overwrite"])
    assert Path("water.c").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["water_pjt1996", "water.c"], "a surface of WaterPJT cannot be exported"),
        (["water_pjt1996", "water.c"], "torch and onnx take other surfaces too"),
        *(
            (["torch:sum", f"water.{suffix}"], "a function does not say which atoms it is for")
            for suffix in ("c", "f90", "py", "pt2", "onnx")
        ),
        (["nowhere", "water.c"], "'nowhere' is not a run folder"),
        (["water_pjt1996", "water.txt"], "the suffix of water.txt is not a target"),
        (["water_pjt1996", "no/water.c"], "the folder no does not exist"),
    ],
)
def test_refused(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.export(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert [file.name for file in work.iterdir()] == ["water.h5"]
