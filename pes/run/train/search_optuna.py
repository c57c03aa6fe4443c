"""The search by Optuna's tree-structured Parzen estimator, for many candidates."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna

from pes.run.train.search import Trial

__all__ = ["optuna_trials"]


def optuna_trials(
    candidates: Mapping[str, Sequence[Any]],
    begin: Callable[[dict[str, Any]], Trial],
    *,
    trials: int,
    budget: float,
    seed: int,
) -> list[Trial]:
    """Trials of equal CPU time, each chosen from the results of the trials before it.

    Args:
        candidates: key → values of the search space.
        begin: function from a choice to its training.
        trials: number of trials.
        budget: CPU seconds of all trials together.
        seed: seed of the sampler.

    References:
        T. Akiba et al., arXiv:1907.10902
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    done: list[Trial] = []

    def objective(asked: optuna.Trial) -> float:
        # By index: Optuna stores plain values only.
        choice = {
            key: values[asked.suggest_categorical(key, list(range(len(values))))]
            for key, values in candidates.items()
        }
        done.append(begin(choice))
        return done[-1].run(budget / trials)

    study.optimize(objective, n_trials=trials)
    return done
