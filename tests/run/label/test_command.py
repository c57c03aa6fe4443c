"""`pes-label` with a program of ten lines: going on, retrying, and what goes wrong."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import yaml

import pes
from pes import cli
from pes.data.formats.extxyz import write_geometries
from pes.labelling import workers
from pes.run.label.progress import progress_lines

Refusal = Callable[..., str]
Water = Callable[..., pes.Dataset]

PROGRAM = """
import sys
lines = open("point.inp").read().split("\\n")
if lines[0] in sys.argv[1:]:
    sys.exit("no convergence")
with open("../../../../log", "a") as log:
    print(lines[0], file=log)
print("E =", sum(float(line.split()[1]) for line in lines[2:5]))
"""


@contextmanager
def threads(count: int) -> Iterator[Callable]:
    """Threads in place of processes, which take seconds to start."""
    with ThreadPoolExecutor(count) as executor:
        yield executor.submit


@pytest.fixture(autouse=True)
def _program(work: Path, water: Water, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processes", threads)
    (work / "toy.py").write_text(PROGRAM)
    (work / "toy.inp").write_text("{row}\n{guess}\n{geometry}\n")
    write_geometries(work / "new.xyz", ("O", "H", "H"), water().positions[:4])


def label(work: Path, *arguments: str, program: dict | None = None, **changes: object) -> None:
    """Run pes-label; the points whose numbers are among the program's arguments fail."""
    external = {
        "kind": "external", "template": "toy.inp", "energy": r"E = (\S+)",
        "command": f"{sys.executable} {work / 'toy.py'}",
    } | (program or {})  # fmt: skip
    content = {"name": "new", "geometries": "new.xyz", "attempts": 1, "program": external} | changes
    (work / "label.yaml").write_text(yaml.safe_dump(content))
    cli.label(["--config", str(work / "label.yaml"), *arguments])


def begun(work: Path) -> list[str]:
    return (work / "log").read_text().split()


def test_points_failures_and_going_on(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"{sys.executable} {work / 'toy.py'} 2"
    with pytest.raises(SystemExit) as end:
        label(work, program={"command": command})
    assert end.value.code == 3
    folder = work / "runs" / "new"
    assert "row 2 failed: RuntimeError: exit code 1: no convergence" in capsys.readouterr().out
    assert {p.name for p in folder.iterdir()} == {
        "config.yaml", "energies.png", "failures.csv", "journal.jsonl", "label.json", "label.log",
        "points.h5", "scratch",
    }  # fmt: skip
    assert [p.name for p in (folder / "scratch").iterdir()] == ["2"]
    assert len(pes.read(folder / "points.h5")) == 3
    assert json.loads((folder / "label.json").read_text())["failures"][0]["row"] == 2
    # The failed point alone is computed again.
    with pytest.raises(SystemExit) as end:
        label(work, "--retry", program={"command": command})
    assert end.value.code == 3
    assert sorted(begun(work)) == ["0", "1", "3"]
    (work / "toy.py").write_text(PROGRAM.replace("lines[0] in", "'x' in"))
    label(work, "--retry", program={"command": command})
    assert sorted(begun(work)) == ["0", "1", "2", "3"]
    points, geometries = pes.read(folder / "points.h5"), pes.read(work / "water.h5").positions[:4]
    # Geometries go through files in Å with all digits, inputs with 14 decimals.
    assert (points.positions - geometries).abs().max() < 1e-12
    sums = geometries[:, :, 0].sum(1) / pes.units.ANGSTROM
    assert torch.allclose(points.energies, sums, rtol=0, atol=1e-12)
    assert not (folder / "failures.csv").exists()
    assert not (folder / "scratch").exists()


def test_a_finished_run_and_another_one(work: Path, refusal: Refusal) -> None:
    label(work)
    assert "holds a finished run" in refusal(label, work)
    label(work, "--overwrite", program={"length": "bohr"})
    assert (work / "runs" / "new" / "journal.old.jsonl").is_file()
    assert len(begun(work)) == 8
    (work / "runs" / "new" / "label.json").unlink()
    (work / "runs" / "new" / "config.yaml").unlink()
    assert "was written with other settings" in refusal(label, work)


def test_mistakes(work: Path, refusal: Refusal) -> None:
    def said(**changes: object) -> str:
        return refusal(label, work, **changes)

    assert "'no-such-program' is not installed" in said(program={"command": "no-such-program"})
    assert "none.xyz: no such file of geometries" in said(geometries="none.xyz")
    assert "none.inp: no such file" in said(program={"template": "none.inp"})
    assert "`energy` needs one group" in said(program={"energy": "E = "})
    assert "did you mean `energy`" in said(program={"energi": "E = "})
    assert "`program.kind`" in said(program={"kind": "molpro"})
    line = refusal(label, work, "--set", "program=pyscf", "--set", "program.method=ccsdt")
    assert "program is not a section" in line
    assert "a minimum needs forces" in said(minimum=True)
    line = said(workers={"kind": "queue", "system": "moab"})
    assert line.startswith(str(work / "label.yaml"))
    (work / "file").write_text("precious")
    assert "file is a file" in refusal(label, work, "--output", "file")


def test_pyscf_mistakes(work: Path, refusal: Refusal) -> None:
    pytest.importorskip("pyscf")
    for program, words in (
        ({"kind": "pyscf", "basis": "nonsense"}, "PySCF has no basis 'nonsense'"),
        ({"kind": "pyscf", "method": "ccsdt"}, "`program.method`"),
        ({"kind": "pyscf", "method": "dft"}, "`functional` goes with"),
        ({"kind": "pyscf", "charge": 1}, "an even number"),
    ):
        (work / "label.yaml").write_text(
            yaml.safe_dump({"name": "new", "geometries": "new.xyz", "program": program})
        )
        assert words in refusal(cli.label, ["--config", str(work / "label.yaml")])


def test_points_that_all_fail(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"{sys.executable} {work / 'toy.py'} 0 1 2 3"
    with pytest.raises(SystemExit) as end:
        label(work, program={"command": command})
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error == (
        "pes: all 4 calculations failed, the first with: RuntimeError: exit code 1: no "
        "convergence; correct it and try these points again (--retry)\n"
    )


def test_interrupt(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pes.run.label.command.label", interrupted)
    with pytest.raises(SystemExit) as end:
        label(work)
    assert end.value.code == 130


def test_lines_of_progress() -> None:
    now, lines = [0.0], list[str]()
    advance = progress_lines(say=lines.append, clock=lambda: now[0])
    advance(3, 1, 23)
    for second in range(1, 61):
        now[0] = float(second)
        if second % 6 == 0:
            advance(3 + second // 6, 1, 23)
    assert lines == [
        "3 of 23 points are in the journal, 1 of them failed",
        "8 of 23 points, 1 failed; 0:01:30 left",
        "13 of 23 points, 1 failed; 0:01:00 left",
    ]
