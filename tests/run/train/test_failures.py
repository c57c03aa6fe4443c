"""The optimizer that a configuration means, and a fit that fails without loss."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pes.config import TrainConfig
from pes.run.train.epochs import safe_stop
from pes.training import memory
from pes.training.checkpoint import load_checkpoint
from pes.training.optimizers import choice
from pes.training.optimizers.problem import ChunkedLeastSquares

Command = Callable[..., Path]


def used(run: Path) -> str:
    return json.loads((run / "chosen.json").read_text())["optimizer"]


def test_auto_is_settled_and_told(pes_train: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    run = pes_train()
    assert used(run) == "levenberg_marquardt"
    log = (run / "train.log").read_text()
    assert (
        "optimizer levenberg_marquardt: an iteration of Levenberg-Marquardt for 42 residuals" in log
    )
    monkeypatch.setitem(choice.MOST_FLOPS, "cpu", 1.0)
    run = pes_train("--overwrite", training={"epochs": 3})
    assert used(run) == "adam_lbfgs"


def test_auto_stays_with_the_first_choice(
    pes_train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pes_train()
    (run / "summary.json").unlink()
    monkeypatch.setitem(choice.MOST_FLOPS, "cpu", 1.0)
    run = pes_train("--resume", "auto", training={"epochs": 8})
    assert used(run) == "levenberg_marquardt"
    assert load_checkpoint(run / "state.pt").epoch == 8


def test_a_named_optimizer_is_kept(pes_train: Command) -> None:
    run = pes_train(training={"optimizer": {"kind": "adam_lbfgs", "adam_epochs": 4}})
    assert used(run) == "adam_lbfgs"
    rows = (run / "metrics.csv").read_text().splitlines()
    assert len({row.count(",") for row in rows}) == 1


def test_too_large_for_the_machine(
    pes_train: Command, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pes.setup.training.planning.plan.free_memory", lambda device: 2**15)
    line = refusal(pes_train, surface={"hidden": [40]})
    assert "`surface.hidden` smaller or set `training.optimizer: lbfgs`" in line
    assert memory.MIB == 2**20


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FloatingPointError("the training loss became nan; try this"), "became nan; try this"),
        (torch.OutOfMemoryError("CUDA out of memory.\nTried"), "lower `training.memory`"),
        (MemoryError(), "lower `training.memory`"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), "`training.memory`"),
    ],
)
def test_a_failing_fit_keeps_its_state(
    pes_train: Command,
    refusal: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: Exception,
    words: str,
) -> None:
    """The fourth set of normal equations fails; three epochs are kept and can be continued."""
    right, calls = ChunkedLeastSquares.normal_equations, []

    def failing(problem: ChunkedLeastSquares, parameters: torch.Tensor) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise error
        return right(problem, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(ChunkedLeastSquares, "normal_equations", failing)
        with pytest.raises(SystemExit) as end:
            pes_train()
    assert end.value.code == 2
    run = tmp_path / "runs" / "tiny"
    assert load_checkpoint(run / "state.pt").epoch == 3
    pes_train("--resume", "auto")
    assert load_checkpoint(run / "state.pt").epoch == 6


def test_the_line() -> None:
    words = r"out of memory .*hidden.*; kept here"
    with pytest.raises(ValueError, match=words), safe_stop(lambda: "kept here"):
        raise MemoryError
    with pytest.raises(FloatingPointError, match=r"^no number$"), safe_stop(lambda: None):
        raise FloatingPointError("no number")
    with pytest.raises(RuntimeError, match="our own mistake"), safe_stop(lambda: "kept here"):
        raise RuntimeError("our own mistake")


def test_the_default_is_auto() -> None:
    config = TrainConfig.model_validate({"name": "x", "data": {"file": "x.h5"}})
    assert config.training.optimizer.kind == "auto"


def test_a_lost_rank_leaves_the_state() -> None:
    with (
        pytest.raises(ConnectionError, match=r"lost the others; the state of epoch 3 is in s"),
        safe_stop(lambda: "the state of epoch 3 is in state.pt"),
    ):
        raise ConnectionError("lost the others")
