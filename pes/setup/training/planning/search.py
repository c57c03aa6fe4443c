"""Hyperparameter search of a fit: short fits of one network, judged by validation points alone."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pes.files import write_csv
from pes.tables import html_table
from pes.training.distributed import ALONE, Ranks
from pes.training.epoch import Epoch

__all__ = ["Choice", "Search", "SearchResult", "SearchTrial", "Start", "search_result"]

Choice = dict[str, Any]
"""Name of a setting → value."""

Start = Callable[[Choice], Iterator[Epoch]]
"""A choice to the epochs of a fit of one network from the beginning."""


@dataclass(frozen=True)
class Search:
    """Settings to try before a fit, by short fits of one network; the validation points choose.

    Attributes:
        candidates: name of a setting → values to try. For `pes.train` these are fields of
            `pes.NetworkForm` and arguments of `pes.train`, such as `hidden` and `optimizer`.
        strategy: `grid`, every combination gets the same time; `halving`, the better half goes on,
            again and again; `optuna`, Optuna chooses `trials` combinations one by one.
        budget: CPU time of the trials together, s. One epoch of each optimizer comes before them
            and does not count: the first one loads and compiles code.
        trials: number of Optuna trials.

    Raises:
        ValueError: for candidates, a strategy, a time or a number that cannot be used.

    Example:
        >>> Search({"hidden": [(8,), (16,)], "degree": [2, 3]}).choices[1]
        {'hidden': (8,), 'degree': 3}
    """

    candidates: Mapping[str, Sequence[Any]]
    strategy: Literal["grid", "halving", "optuna"] = "halving"
    budget: float = 60.0
    trials: int = 20

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError("`candidates` of a search must name a setting, such as `hidden`")
        for name, values in self.candidates.items():
            if not isinstance(values, list | tuple) or not values:
                raise ValueError(
                    f"`candidates[{name!r}]` of a search must be a list of values to try, got "
                    f"{values!r}"
                )
        if self.strategy not in (known := (*STRATEGIES, "optuna")):
            raise ValueError(
                f"`strategy` of a search must be one of {', '.join(known)}, got {self.strategy!r}"
            )
        for name in ("budget", "trials"):
            if not getattr(self, name) > 0:
                raise ValueError(
                    f"`{name}` of a search must be positive, got {getattr(self, name)}"
                )

    @property
    def choices(self) -> list[Choice]:
        """Every combination of the candidates."""
        return [
            dict(zip(self.candidates, values, strict=True))
            for values in product(*self.candidates.values())
        ]


@dataclass(frozen=True)
class SearchResult:
    """Settings that a search tried, the best first.

    Attributes:
        strategy: strategy of the search.
        best: choice of the lowest validation error.
        table: one row for each trial: its choice, validation error in cm⁻¹, number of epochs and
            CPU seconds.
    """

    strategy: str
    best: Choice
    table: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        error = self.table[0]["validation_rmse_cm1"]
        return (
            f"SearchResult({self.strategy}, {len(self.table)} trials: {_words(self.best)}, "
            f"validation RMSE {error:.4g} cm-1)"
        )

    def __str__(self) -> str:
        heading = f"search ({self.strategy}), by validation RMSE of one network; the first is taken"
        lines = [
            f"{row['validation_rmse_cm1']:12.4f} cm-1 {row['epochs']:6} epochs "
            f"{row['cpu_seconds']:8.1f} CPU-s  {_words({name: row[name] for name in self.best})}"
            for row in self.table
        ]
        return "\n".join([heading, *lines])

    def _repr_html_(self) -> str:
        return html_table([[*self.table[0]], *([*row.values()] for row in self.table)], repr(self))

    def save(self, folder: Path) -> None:
        """Write search.csv, the table."""
        write_csv(folder / "search.csv", self.table)


@dataclass
class SearchTrial:
    """A fit that can be given more time.

    Attributes:
        choice: name of a setting → value.
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

    @property
    def row(self) -> dict[str, Any]:
        """Row of the table of a search."""
        return {
            **self.choice, "validation_rmse_cm1": self.validation, "epochs": self.done,
            "cpu_seconds": round(self.cpu_seconds, 3),
        }  # fmt: skip

    def _clock(self) -> float:
        """CPU seconds of all ranks, the same number on each: all leave after the same epoch."""
        return float(self.ranks.all_gather(time.process_time()).sum())


def search_result(
    search: Search, start: Start, *, seed: int = 0, ranks: Ranks = ALONE
) -> SearchResult:
    """Carry out a search.

    Args:
        search: candidates, strategy and time.
        start: begins the fit of a choice.
        seed: seed of Optuna's sampler.
        ranks: processes that share the points of each trial.

    Raises:
        ValueError: if the strategy needs a package that is missing.
    """

    def begin(choice: Choice) -> SearchTrial:
        return SearchTrial(choice, start(choice), ranks)

    _warm_up(search, start)
    if search.strategy == "optuna":
        trials = _by_optuna(search, begin, seed)
    else:
        trials = [begin(choice) for choice in search.choices]
        STRATEGIES[search.strategy](trials, search.budget)
    trials.sort(key=lambda trial: trial.validation)
    return SearchResult(search.strategy, trials[0].choice, tuple(trial.row for trial in trials))


def _warm_up(search: Search, start: Start) -> None:
    """One epoch with each optimizer, so that no trial pays for what is done once."""

    def optimizer(choice: Choice) -> str:
        return repr([value for name, value in choice.items() if name.endswith("optimizer")])

    for choice in {optimizer(choice): choice for choice in search.choices}.values():
        next(start(choice), None)


def _grid(trials: Sequence[SearchTrial], budget: float) -> None:
    """Give every candidate the same CPU time."""
    for trial in trials:
        trial.run(budget / len(trials))


def _halving(trials: Sequence[SearchTrial], budget: float) -> None:
    """The better half of each round goes on; every round takes the same time in all."""
    rounds = max(1, math.ceil(math.log2(len(trials))))
    left = list(trials)
    for _ in range(rounds):
        for trial in left:
            trial.run(budget / rounds / len(left))
        left = sorted(left, key=lambda trial: trial.validation)[: math.ceil(len(left) / 2)]


STRATEGIES: dict[str, Callable[[Sequence[SearchTrial], float], None]] = {
    "grid": _grid,
    "halving": _halving,
}


def _by_optuna(
    search: Search, begin: Callable[[Choice], SearchTrial], seed: int
) -> list[SearchTrial]:
    """Trials of equal CPU time, each chosen from the results of the trials before it."""
    try:
        optuna = import_module("pes.setup.training.planning.search_optuna")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the strategy optuna of a search needs a package that is missing ({error.name}); "
            "pip install 'pes[search]', or use halving or grid"
        ) from None
    trials: list[SearchTrial] = []

    def validation_error(choice: Choice) -> float:
        trials.append(begin(choice))
        return trials[-1].run(search.budget / search.trials)

    optuna.minimise(validation_error, search.candidates, trials=search.trials, seed=seed)
    return trials


def _words(choice: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in choice.items())
