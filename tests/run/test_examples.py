"""Examples are whole, never replace a file of the user, and are what their commands ask for."""

from pathlib import Path

import pytest

from pes import cli
from pes.run import examples

COMMANDS = {"train": examples.TRAIN, "levels": examples.LEVELS, "refine": examples.REFINE}
CASES = [(command, name) for command, known in COMMANDS.items() for name in known]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_files_are_copied_and_commands_use_them(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    getattr(cli, command)(["--example", name])
    root = Path(cli.__file__).parents[2]
    example = COMMANDS[command][name]
    for file in example.files:
        assert (tmp_path / file).read_bytes() == (root / file).read_bytes()
    shown = capsys.readouterr().out
    for line in example.commands:
        assert line in shown
        _, _, file = line.partition("--config ")
        assert not file or file in example.files


def test_a_file_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    example = examples.TRAIN["h2o"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "h2o_ccsdt_vtz.h5").write_text("mine")
    with pytest.raises(ValueError, match=r"h2o_ccsdt_vtz.h5 exists and is not the file"):
        examples.copy_example(example, tmp_path)
    assert (tmp_path / "data" / "h2o_ccsdt_vtz.h5").read_text() == "mine"
    assert not (tmp_path / "configs").exists()


def test_files_that_two_examples_share_are_kept(tmp_path: Path) -> None:
    examples.copy_example(examples.TRAIN["h2o"], tmp_path)
    examples.copy_example(examples.REFINE["h2o"], tmp_path)
    assert (tmp_path / "configs" / "refine_h2o.yaml").is_file()


def test_the_example_of_training_passes_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.train(["--example", "h2o"])
    cli.train(["--check", "--config", "configs/h2o.yaml"])
    assert "1351 points" in capsys.readouterr().out
    assert not Path("runs").exists()
