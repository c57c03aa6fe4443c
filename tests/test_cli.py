"""A user's mistake ends in one line that says what to do, and harms no file."""

import pickle
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import save_file

from pes import cli
from pes.data import Dataset, write

Command = Callable[..., Path]
Refusal = Callable[..., str]


@pytest.fixture
def run(pes_train: Command) -> Path:
    """A finished training."""
    return pes_train("--set", "training.epochs=2")


def test_command_line_itself(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, arguments in (
        (cli.train, []), (cli.levels, []), (cli.evaluate, []), (cli.train, ["--nonsense"]),
        (cli.levels, ["run", "--config", "x.yaml"]),
    ):  # fmt: skip
        with pytest.raises(SystemExit) as end:
            command(arguments)
        assert end.value.code == 2
    assert "usage: pes-train" in capsys.readouterr().err
    assert not (work / "runs").exists()


COMMANDS = (
    cli.train, cli.levels, cli.refine, cli.evaluate, cli.check_gradients, cli.audit, cli.sample,
    cli.label, cli.spectrum, cli.report,
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_examples_that_parse(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as end:
        command(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    name = shown.split()[1]
    uses = [shlex.split(line)[1:] for line in shown.partition("examples:\n")[2].splitlines()]
    assert len(uses) >= 2
    monkeypatch.setattr(sys.modules[command.__module__], "ended", lambda _: None)
    for use in uses:
        command(use)
    assert name == f"pes-{command.__name__}".replace("_", "-")
    without = (cli.evaluate, cli.check_gradients, cli.audit, cli.report)
    assert ("--set SECTION.KEY=VALUE" in shown) == (command not in without)


@pytest.mark.parametrize("command", COMMANDS)
def test_version_and_completion(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    for option, words in (("--version", "pes 0."), ("--print-completion=bash", "complete -")):
        with pytest.raises(SystemExit) as end:
            command([option])
        assert end.value.code == 0
        assert words in capsys.readouterr().out


def test_interrupt(
    pes_train: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pes.run.train.command.train", interrupted)
    with pytest.raises(SystemExit) as end:
        pes_train()
    assert end.value.code == 130
    assert "--resume auto" in capsys.readouterr().err


def test_our_own_mistake_keeps_its_traceback(
    pes_train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pes.run.train.command.train", lambda *_, **__: {}["bug"])
    with pytest.raises(KeyError):
        pes_train()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": None}, "key `data` is missing"),
        ({"training": {"epoch": 3}}, "unknown key `training.epoch`; did you mean `epochs`?"),
        ({"training": {"epochs": "many"}}, "`training.epochs`: "),
        ({"training": {"max_seconds": float("nan")}}, "`training.max_seconds`: "),
        ({"device": "mps"}, "mps has no float64"),
        ({"data": {"fractions": [0.5, 0.5, 0.5]}}, "fractions must be three positive numbers"),
        ({"data": {"forces": True}}, "water.h5: `data.forces` is true but the file has no forces"),
        ({"data": {"file": "none.h5"}}, "none.h5: no such file"),
        ({"data": {"file": "water.csv"}}, "water.csv: "),
        ({"molecule": ["H", "O", "H"]}, "water.h5: the atoms are O H H, the configuration's"),
        ({"molecule": ["S", "H", "H"]}, "molecule is S H H"),
    ],
)
def test_training_configuration(
    pes_train: Command, refusal: Refusal, changes: dict, words: str
) -> None:
    assert words in refusal(pes_train, **changes)


def test_command_line_settings(pes_train: Command, refusal: Refusal) -> None:
    assert "mps has no float64" in refusal(pes_train, "--device", "mps")
    assert "not YAML" in refusal(pes_train, "--set", "training.epochs=[1")
    assert "did you mean `seed`" in refusal(pes_train, "--set", "sead=1")


def test_isotopes_of_the_same_elements_pass(pes_train: Command) -> None:
    folder = pes_train("--set", "training.epochs=1", molecule=["O", "D", "H"])
    with safe_open(folder / "surface.safetensors", framework="pt") as file:
        assert '"symbols": ["O", "D", "H"]' in file.metadata()["pes"]


def test_no_configuration(work: Path, refusal: Refusal) -> None:
    for command in (cli.train, cli.levels):
        line = refusal(command, ["--config", str(work / "none.yaml")])
        assert "none.yaml: no such configuration file" in line


def change(path: Path, name: str, values: np.ndarray, units: str | None = "hartree") -> None:
    with h5py.File(path, "a") as file:
        if name in file:
            del file[name]
        file[name] = values
        if units is not None:
            file[name].attrs["units"] = units


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def without_units(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["energies"].attrs["units"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (truncated, "truncated"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (without_units, "`energies` has no attribute `units`"),
        (
            lambda path: change(path, "energies", np.where(np.arange(60) == 7, np.nan, 0.0)),
            "energies, row 7: not a finite number",
        ),
        (
            lambda path: change(path, "forces", np.zeros((60, 9)), "hartree/bohr"),
            "forces must have shape (60, 3, 3)",
        ),
    ],
)
def test_spoilt_data(
    pes_train: Command, work: Path, refusal: Refusal, spoil: Callable, words: str
) -> None:
    spoil(work / "water.h5")
    line = refusal(pes_train)
    assert "water.h5: " in line
    assert words in line


def test_output_is_a_file(
    pes_train: Command, pes_levels: Command, work: Path, refusal: Refusal
) -> None:
    (work / "file").write_text("precious")
    line = refusal(pes_train, "--output", "file", "--overwrite")
    assert line == "file is a file; choose another --output"
    assert refusal(pes_levels, "--output", "file", "--overwrite") == line
    evaluation = ["water_pjt1996", "water.h5", "--output", "file", "--overwrite"]
    assert refusal(cli.evaluate, evaluation) == line
    assert (work / "file").read_text() == "precious"


class Evil:
    """Writes a file when unpickled."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("executed"),)


def test_pickle_is_never_executed(
    pes_train: Command, pes_levels: Command, work: Path, run: Path, refusal: Refusal
) -> None:
    torch.save({"format": "pes training state", "state": Evil()}, work / "evil.pt")
    (work / "evil.pkl").write_bytes(pickle.dumps(Evil()))
    (run / "summary.json").unlink()
    for name in ("evil.pt", "evil.pkl"):
        assert name in refusal(pes_train, "--resume", name)
        line = refusal(pes_levels, "--output", "other", surface=name)
        assert "is cut off, damaged or no safetensors file" in line
    assert not (work / "executed").exists()
    pickle.loads((work / "evil.pkl").read_bytes())
    assert (work / "executed").exists()


def test_no_state(pes_train: Command, run: Path, refusal: Refusal) -> None:
    (run / "summary.json").unlink()
    assert "none.pt does not exist" in refusal(pes_train, "--resume", "none.pt")


def test_surface_of_another_version(work: Path, run: Path, refusal: Refusal) -> None:
    path = run / "surface.safetensors"
    with safe_open(path, framework="pt") as file:
        header = file.metadata()["pes"].replace('"version": 3', '"version": 9')
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, {"pes": header})
    line = refusal(cli.levels, [str(run)])
    assert "version 9, this pes reads 'pes surface' version 1 to 3" in line


def test_unfinished_training_has_no_levels(
    run: Path, pes_levels: Command, refusal: Refusal
) -> None:
    (run / "summary.json").unlink()
    line = refusal(cli.levels, [str(run)])
    assert "contains no finished training" in line
    assert line == refusal(pes_levels, "--output", "other", surface=str(run))


def test_levels_never_overwrite_a_training(
    run: Path, pes_levels: Command, refusal: Refusal
) -> None:
    line = refusal(pes_levels, "--overwrite")
    assert line == "runs/tiny holds a training; choose another --output or `name`"


def ranges(**changed: list[float]) -> dict:
    return {"ranges": {"r1": [0.7, 1.3], "r2": [0.7, 1.3], "theta": [60, 160]} | changed}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"surface": None}, "key `surface` is missing"),
        ({"coordinates": {"range": 3}}, "unknown key `coordinates.range`; did you mean `ranges`?"),
        ({"coordinates": ranges(theta=[60, 181])}, "`coordinates.ranges.theta` reaches past lin"),
        ({"coordinates": ranges(r1=[1.3, 0.7])}, "`coordinates.ranges.r1`: 1.3 is not below 0.7"),
        ({"coordinates": ranges(r1=[0.0, 0.7])}, "`coordinates.ranges.r1`: a length must be posi"),
        ({"coordinates": ranges(r3=[1, 2])}, "`coordinates.ranges` must name r1, r2, theta"),
        ({"basis": {"r3": {"functions": 3}}}, "`basis.r3`: no such coordinate"),
        ({"levels": 28}, "28 levels need more than the 27 basis functions there are"),
        ({"energy": 9e4, "levels": None}, "raise the numbers of functions"),
        ({"molecule": ["S", "H", "H"]}, "`molecule`: S H H has the elements S H H, the surface"),
        ({"molecule": ["O", "H", "Q"]}, "'Q' is not a known isotope"),
        ({"surface": "own.py:missing"}, "own.py has no 'missing'"),
        ({"surface": "none.py:f"}, "none.py: no such file"),
        ({"surface": "own.py:matrix"}, "own.py:matrix returned shape (7, 1) for 7"),
        ({"surface": "own.py:holes"}, "the surface is not a number at 9375 of 15625 grid points"),
        ({"surface": "own.py:buggy"}, "own.py:buggy failed: KeyError: 'depth' ("),
        ({"spectrum": {"dipole": "own.py:none"}}, "own.py has no 'none'"),
        ({"spectrum": {"dipole": "own.py:holes"}}, "own.py:holes returned shape (3,) for 3 geo"),
        ({"device": "mps"}, "mps has no float64"),
    ],
)
def test_levels_configuration(
    pes_levels: Command, work: Path, refusal: Refusal, changes: dict, words: str
) -> None:
    (work / "own.py").write_text(
        "import numpy as np\n"
        "def matrix(x): return np.zeros((len(x), 1))\n"
        "def holes(x): return np.log(np.abs(x[:, 1, 0]) - 2.0)\n"
        "def buggy(x): return {}['depth'] * x[:, 0, 0]\n"
    )
    with np.errstate(all="ignore"):
        assert words in refusal(pes_levels, **changes)


def test_evaluation_of_another_molecule(
    work: Path, refusal: Refusal, water: Callable[..., Dataset]
) -> None:
    data = water()
    sulphide = Dataset(("S", "H", "H"), data.positions, data.energies)
    write(work / "sulphide.h5", sulphide)
    line = refusal(cli.evaluate, ["water_pjt1996", "sulphide.h5"])
    assert line == "sulphide.h5: the atoms are S H H, the surface is for O H H"


def test_configuration_that_is_no_mapping(work: Path, refusal: Refusal) -> None:
    (work / "list.yaml").write_text(yaml.safe_dump([1, 2]))
    assert "expected `key: value` lines" in refusal(cli.train, ["--config", "list.yaml"])
