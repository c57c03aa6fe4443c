"""The search by Optuna's tree-structured Parzen estimator, for many candidates."""

from collections.abc import Callable

import optuna

from pes.setup.training.planning.search import Choice, Search, SearchTrial

__all__ = ["optuna_trials"]


def optuna_trials(
    search: Search, begin: Callable[[Choice], SearchTrial], *, seed: int
) -> list[SearchTrial]:
    """Trials of equal CPU time, each chosen from the results of the trials before it.

    Args:
        search: candidates, number of trials, and CPU time of all of them together.
        begin: function from a choice to its fit.
        seed: seed of the sampler.

    References:
        T. Akiba et al., arXiv:1907.10902
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    done: list[SearchTrial] = []

    def objective(asked: optuna.Trial) -> float:
        # By index: Optuna stores plain values only.
        choice = {
            name: values[asked.suggest_categorical(name, list(range(len(values))))]
            for name, values in search.candidates.items()
        }
        done.append(begin(choice))
        return done[-1].run(search.budget / search.trials)

    study.optimize(objective, n_trials=search.trials)
    return done
