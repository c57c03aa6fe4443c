"""Hyperparameter search of a training, judged by validation points alone."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pes.config import TrainConfig
from pes.config.reading import changed
from pes.files import write_csv
from pes.training.distributed import ALONE, Ranks
from pes.training.epoch import Epoch

__all__ = ["Trial", "search_choices", "searched"]

log = logging.getLogger("pes")

Choice = dict[str, Any]
"""Key of the configuration → value."""

Start = Callable[[Choice], Iterator[Epoch]]
"""Key → value of a choice to the epochs of a training of one network from the beginning."""


@dataclass
class Trial:
    """A training that can be given more time.

    Attributes:
        choice: key → value.
        epochs: still to come; several ranks take each of them together.
        ranks: these.
        cpu_seconds: used so far, by all ranks.
        done: epochs so far.
        validation: RMSE in cm⁻¹ of the epoch of lowest validation loss so far.
    """

    choice: Choice
    epochs: Iterator[Epoch]
    ranks: Ranks = ALONE
    cpu_seconds: float = 0.0
    done: int = 0
    validation: float = math.inf

    def run(self, cpu_seconds: float) -> float:
        """Train for so long, one epoch at least; the validation error then."""
        started = self._clock()
        for epoch in self.epochs:
            self.done += 1
            if epoch.improved:
                self.validation = epoch.validation_rmse_cm1
            if self._clock() - started >= cpu_seconds:
                break
        self.cpu_seconds += self._clock() - started
        return self.validation

    def _clock(self) -> float:
        """CPU seconds of all ranks, the same number on each: all leave after the same epoch."""
        return float(self.ranks.all_gather(time.process_time()).sum())


def search_choices(config: TrainConfig) -> list[Choice]:
    """Every combination of the candidates, each checked.

    Raises:
        ValueError: naming an unknown key, or a value that does not fit.
    """
    if config.search is None:
        return []
    keys, values = zip(*config.search.candidates.items(), strict=True)
    choices = [dict(zip(keys, values, strict=True)) for values in product(*values)]
    for choice in choices:
        changed(config, choice, "search")
    return choices


def searched(config: TrainConfig, start: Start, folder: Path, ranks: Ranks = ALONE) -> Choice:
    """The best candidate, key → value; all of them are in the log and in search.csv.

    Args:
        config: configuration with a `search` section.
        start: begins a training of one network.
        folder: run folder.
        ranks: processes that share the points of each candidate; the first writes.

    Raises:
        ValueError: if the strategy needs a package that is missing.
    """
    if config.search is None:
        return {}

    def begin(choice: Choice) -> Trial:
        return Trial(choice, start(choice), ranks)

    choices = search_choices(config)
    if config.search.strategy == "optuna":
        trials = _by_optuna(config, begin)
    else:
        trials = [begin(choice) for choice in choices]
        STRATEGIES[config.search.strategy](trials, config.search.budget)
    trials.sort(key=lambda trial: trial.validation)
    log.info("%s", _table(trials, config.search.strategy))
    if ranks.rank == 0:
        _write(folder / "search.csv", trials)
    return trials[0].choice


def _grid(trials: Sequence[Trial], budget: float) -> None:
    """Give every candidate the same CPU time."""
    for trial in trials:
        trial.run(budget / len(trials))


def _halving(trials: Sequence[Trial], budget: float) -> None:
    """The better half of each round goes on; every round takes the same time in all."""
    rounds = max(1, math.ceil(math.log2(len(trials))))
    left = list(trials)
    for _ in range(rounds):
        for trial in left:
            trial.run(budget / rounds / len(left))
        left = sorted(left, key=lambda trial: trial.validation)[: math.ceil(len(left) / 2)]


STRATEGIES: dict[str, Callable[[Sequence[Trial], float], None]] = {
    "grid": _grid,
    "halving": _halving,
}


def _by_optuna(config: TrainConfig, begin: Callable[[Choice], Trial]) -> list[Trial]:
    try:
        from pes.run.train.search_optuna import optuna_trials
    except ModuleNotFoundError as error:
        raise ValueError(
            f"`search.strategy: optuna` needs a package that is missing ({error.name}); "
            "pip install 'pes[search]', or use halving or grid"
        ) from None
    search = config.search
    assert search is not None
    return optuna_trials(
        search.candidates, begin, trials=search.trials, budget=search.budget, seed=config.seed
    )


def _table(trials: Sequence[Trial], strategy: str) -> str:
    lines = [f"search ({strategy}), by validation RMSE of one network; the first is taken"]
    lines += [
        f"{trial.validation:12.4f} cm-1 {trial.done:6} epochs {trial.cpu_seconds:8.1f} CPU-s  "
        + _words(trial.choice)
        for trial in trials
    ]
    return "\n".join(lines)


def _words(choice: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in choice.items())


def _write(path: Path, trials: Sequence[Trial]) -> None:
    rows = [
        {
            **trial.choice, "validation_rmse_cm1": trial.validation, "epochs": trial.done,
            "cpu_seconds": round(trial.cpu_seconds, 3),
        }
        for trial in trials
    ]  # fmt: skip
    write_csv(path, rows)
