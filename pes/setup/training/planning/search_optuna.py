"""Optuna's tree-structured Parzen estimator (extra `search`)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna

__all__ = ["minimise"]


def minimise(
    error: Callable[[dict[str, Any]], float],
    candidates: Mapping[str, Sequence[Any]],
    *,
    trials: int,
    seed: int,
) -> None:
    """Call `error` with choices that make it smaller and smaller.

    Args:
        error: function of a choice (name of a setting → value).
        candidates: name of a setting → values to try.
        trials: number of calls.
        seed: seed of the sampler.

    References:
        T. Akiba et al., arXiv:1907.10902
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: optuna.Trial) -> float:
        # By index: Optuna stores plain values only.
        return error(
            {
                name: values[trial.suggest_categorical(name, list(range(len(values))))]
                for name, values in candidates.items()
            }
        )

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
