"""What a user learns from `pes-convert`, and that nothing is half-written."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pes import cli
from pes.data import Dataset, read, write

Water = Callable[..., Dataset]
Refusal = Callable[..., str]


def test_a_table_with_its_units(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "h2o.csv").write_text("r1,r2,theta,E\n0.95,0.96,104,0\n1.0,0.97,100,2500\n")
    cli.convert(["h2o.csv", "mine.h5", "--formula", "O H D",
                 "--units", "energy=cm-1,length=angstrom,angle=degree"])  # fmt: skip
    said = capsys.readouterr().out
    assert "lengths in angstrom, angles in degree, energy in cm-1 (E)" in said
    assert "mine.h5: 2 points of O H D, energies to 2500.0 cm-1 above the lowest" in said
    assert read(work / "mine.h5").symbols == ("O", "H", "D")


def test_several_files_become_one(work: Path, water: Water) -> None:
    points = water(forces=True)
    write(work / "a.xyz", points.select(slice(0, 20)))
    write(work / "b.xyz", points.select(slice(20, 60)))
    cli.convert(["a.xyz", "b.xyz", "all.h5"])
    back = read(work / "all.h5")
    torch.testing.assert_close(back.energies, points.energies, rtol=4e-16, atol=0)


def test_the_sign_of_forces_is_doubted(
    work: Path, water: Water, capsys: pytest.CaptureFixture[str]
) -> None:
    points = water(forces=True)
    assert points.forces is not None
    wrong = Dataset(points.symbols, points.positions, points.energies, -points.forces)
    write(work / "a.h5", wrong)
    cli.convert(["a.h5", "b.xyz"])
    assert "gradients, not forces" in capsys.readouterr().out


def test_what_is_lost_is_said(work: Path, water: Water, capsys: pytest.CaptureFixture[str]) -> None:
    write(work / "a.h5", water(forces=True))
    cli.convert(["a.h5", "b.csv"])
    assert (
        "the format distances cannot hold forces; the file is written without"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.h5", "b.h5"], "none.h5: no such file"),
        (["water.h5", "b.doc"], "b.doc: cannot write suffix '.doc'"),
        (["water.h5", "b.npz", "--to", "word"], "cannot write format 'word'"),
        (["water.h5", "b.h5", "--format", "word"], "`format` must be one of hdf5, ani"),
        (["water.h5", "nowhere/b.h5"], "the folder nowhere does not exist"),
        (["water.h5", "water.h5"], "water.h5 exists; give another name, or --overwrite"),
        (["water.h5", "b.h5", "--units", "energy=eV"], "states its units and keys itself"),
        (["water.h5", "b.h5", "--formula", "H H O"], "the same atoms in another order"),
        (["water.h5", "bad.xyz", "b.h5"], "bad.xyz: frame 1: no `energy`"),
        (["water.h5", "other.xyz", "b.h5"], "other.xyz: atoms H O H differ from O H H"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    work: Path, water: Water, refusal: Refusal, arguments: list[str], message: str
) -> None:
    write(work / "bad.xyz", water().select([0, 1]))
    text = (work / "bad.xyz").read_text()
    second = text.rindex("energy=")
    (work / "bad.xyz").write_text(text[:second] + text[second:].replace("energy=", "E="))
    points = water().select([0])
    order = [1, 0, 2]
    write(work / "other.xyz", Dataset(("H", "O", "H"), points.positions[:, order], points.energies))
    before = sorted(path.name for path in work.iterdir())
    assert message in refusal(cli.convert, arguments)
    assert sorted(path.name for path in work.iterdir()) == before
