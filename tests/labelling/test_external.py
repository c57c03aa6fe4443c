"""Templates, patterns and what goes wrong with a program, with toy programs in Python."""

import errno
import os
import sys
from pathlib import Path

import pytest

from pes.labelling.external import External
from pes.units import ANGSTROM, EV

ELEMENTS = ("O", "H", "H")
WATER = [[0.0, 0.0, 0.0], [1.9, 0.0, 0.0], [-0.5, 1.7, 1e-17]]
TEMPLATE = "{guess}job {row}\n{geometry}\n"


def program(tmp_path: Path, body: str, **settings: object) -> External:
    """A program that runs some Python, `lines` being those of its input."""
    script = tmp_path / "toy.py"
    script.write_text(f"lines = open('point.inp').read().split('\\n')\n{body}\n")
    command = f"{sys.executable} {script}"
    if "format" not in settings:
        settings = {"energy": r"^E = (\S+)"} | settings
    return External(TEMPLATE, command, **settings)  # type: ignore[arg-type]


def test_input_and_last_match(tmp_path: Path) -> None:
    body = "print('E = 1.0\\nE = -7.5D+01'); print('T1 = 0.01'); print(*lines, sep='\\n')"
    one = program(tmp_path, body, columns={"t1": r"T1 = (\S+)", "x": r"^H +(\S+)"})
    one.check(ELEMENTS)
    record = one.record(ELEMENTS, WATER, tmp_path / "scratch" / "4", 0)
    assert record["energy"] == -75.0
    assert record["positions"] == WATER
    # The geometry is in Å, the last H is at x = -0.5 bohr.
    assert record["columns"] == {"t1": 0.01, "x": pytest.approx(-0.5 / ANGSTROM, rel=1e-12)}
    assert not (tmp_path / "scratch" / "4").exists()


def test_units_and_gradients(tmp_path: Path) -> None:
    body = (
        "print('E = 27.211386'); print('SCF = 27.211386')\n"
        "for k in range(6): print('grad', k, 2 * k, -1)"
    )
    settings = {"energy_unit": "eV", "columns": {"scf_energy": r"SCF = (\S+)"}}
    pattern = r"^grad (\S+) (\S+) (\S+)"
    place = tmp_path / "0"
    down = program(tmp_path, body, gradient=pattern, gradient_unit="eV/angstrom", **settings)
    record = down.record(ELEMENTS, WATER, place, 0)
    assert record["energy"] == pytest.approx(27.211386 * EV)
    assert record["columns"] == {"scf_energy": pytest.approx(27.211386 * EV)}
    # The last three atoms count: those of the last gradient that was printed.
    size = EV / ANGSTROM
    assert record["forces"][0] == pytest.approx([-3 * size, -6 * size, size])
    up = program(tmp_path, body, forces=pattern, **settings).record(ELEMENTS, WATER, place, 0)
    assert up["forces"][2] == [5.0, 10.0, -1.0]


def test_output_in_a_format(tmp_path: Path) -> None:
    body = (
        "atoms = [line.split() for line in lines[1:4]]\n"
        "with open('out.xyz', 'w') as file:\n"
        "    print(3, file=file)\n"
        "    print('Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5', file=file)\n"
        "    for a, x, y, z in atoms: print(a, {}, 0, 0, 1, file=file)"
    )
    settings = {"format": "extxyz", "output": "out.xyz"}
    # The program may turn the molecule: positions and forces are those of the output.
    turned = program(tmp_path, body.format("y, z, x"), **settings)
    record = turned.record(ELEMENTS, WATER, tmp_path / "0", 0)
    assert record["energy"] == pytest.approx(-1.5 * EV)
    assert record["positions"][1] == pytest.approx([0.0, 0.0, 1.9])
    assert record["forces"][0][2] == pytest.approx(EV / ANGSTROM)
    other = program(tmp_path, body.format("2 * float(x), y, z"), **settings)
    with pytest.raises(RuntimeError, match=r"last geometry in out.xyz is not the one asked for"):
        other.record(ELEMENTS, WATER, tmp_path / "0", 0)


def test_guesses_of_the_attempts(tmp_path: Path) -> None:
    one = program(tmp_path, "print('E =', len(lines[0]))", guesses=("", "mix "))
    energies = [one.record(ELEMENTS, WATER, tmp_path / "0", k)["energy"] for k in range(3)]
    assert energies == [5.0, 9.0, 9.0]


@pytest.mark.parametrize(
    ("body", "settings", "words"),
    [
        ("print('no\\nconvergence\\n\\n'); raise SystemExit(3)", {}, "^exit code 3: convergence$"),
        ("raise SystemExit(3)", {}, "^exit code 3: no output$"),
        ("print('E: 1')", {}, "no energy in the output"),
        ("print('E = ****')", {}, r"energy in the output is not a number: '\*\*\*\*'"),
        ("print('E = 1')", {"finished": "NORMAL"}, "`finished` does not match the output: E = 1"),
        ("print('E = 1')", {"output": "none.out"}, "the program wrote no none.out"),
        ("print('E = 1')", {"gradient": r"(\d) (\d) (\d)"}, "gradients of 0 atoms"),
        ("print('E = 1')", {"format": "output"}, "cclib"),
        ("import time; time.sleep(60)", {"minutes": 0.01}, "not finished in 0.01 minutes"),
    ],
)
def test_a_failed_point_says_why(tmp_path: Path, body: str, settings: dict, words: str) -> None:
    if "format" in settings:
        pytest.importorskip("cclib")
    one = program(tmp_path, body, **settings)
    with pytest.raises(RuntimeError, match=words):
        one.record(ELEMENTS, WATER, tmp_path / "0", 0)
    # What it left is there to look at.
    assert (tmp_path / "0" / "point.inp").is_file()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"energy": None}, "either `energy`, a pattern, or the `format`"),
        ({"format": "output", "energy": "(x)"}, "either `energy`, a pattern, or the `format`"),
        ({"gradient": "(a)(b)(c)", "forces": "(a)(b)(c)"}, "one of `gradient`, `forces`"),
        ({"energy": "E = "}, r"`energy` needs one group"),
        ({"energy": "E = (("}, "`energy` is not a regular expression"),
        ({"gradient": "(x)"}, "`gradient` needs three groups"),
        ({"template": "nothing"}, r"no \{geometry\}"),
        ({"guesses": ()}, "`guesses` needs one text"),
        ({"format": "output", "energy": None, "columns": {"a": "(b)"}}, "`columns` are patterns"),
    ],
)
def test_settings_that_cannot_work(settings: dict, words: str) -> None:
    whole = {"template": TEMPLATE, "command": "true", "energy": r"(\S+)", **settings}
    with pytest.raises(ValueError, match=words):
        External(**whole)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-program x.inp", "'no-such-program' is not installed"),
        ("", "`command` is empty"),
        ("'", "`command`: "),
    ],
)
def test_a_program_that_is_not_there(command: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        External(TEMPLATE, command, energy="(x)").check(ELEMENTS)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    one = External(TEMPLATE, "true", energy="(x)")
    with pytest.raises(OSError, match="No space left") as error:
        one.record(ELEMENTS, WATER, tmp_path / "0", 0)
    assert error.value.filename == str(tmp_path / "0")


def test_a_minimum_needs_forces() -> None:
    one = External(TEMPLATE, "true", energy="(x)")
    with pytest.raises(ValueError, match="a minimum needs forces"):
        one.with_forces()
