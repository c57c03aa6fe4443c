"""The plan of a fit with the settings that a search chooses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

import torch

from pes.data import Dataset, Split
from pes.setup.training.planning.choices import TrainingChoices
from pes.setup.training.planning.plan import TrainingPlan, training_plan
from pes.setup.training.planning.planned import planned_epochs
from pes.setup.training.planning.search import Choice, Search, search_result
from pes.setup.training.planning.settings import NetworkForm, TrainingSettings
from pes.training.distributed import ALONE, Ranks
from pes.training.epoch import Epoch

__all__ = ["check_choices", "searched_plan", "with_choice"]

SettingsOf = Callable[[Choice], TrainingSettings]
"""A choice to the settings of its fit; the empty choice to those without a search."""

OF_FORM = [one.name for one in fields(NetworkForm)]
OF_FIT = [one.name for one in fields(TrainingSettings) if one.name not in ("form", "ensemble")]


def searched_plan(
    dataset: Dataset,
    parts: Split,
    search: Search,
    settings_of: SettingsOf,
    *,
    device: torch.device | None = None,
    ranks: Ranks = ALONE,
) -> TrainingPlan:
    """Try candidates, each by one network, and plan the fit with the best of them.

    Args:
        dataset: labelled points.
        parts: rows for training, validation and test; the last take no part in any choice.
        search: candidates, strategy and time.
        settings_of: settings of a choice, checked by `check_choices`.
        device: device of the fits; by default that of the points.
        ranks: processes that share the points of each fit.

    Raises:
        ValueError: if the points are too few for a candidate, or the strategy needs a package that
            is missing.
    """

    def start(choice: Choice) -> Iterator[Epoch]:
        single = replace(settings_of(choice), ensemble=None)
        return planned_epochs(training_plan(dataset, parts, single, device=device), ranks=ranks)

    result = search_result(search, start, seed=settings_of({}).seed, ranks=ranks)
    plan = training_plan(
        dataset, parts, settings_of(result.best), device=device,
        known=TrainingChoices(search=result.best),
    )  # fmt: skip
    return replace(plan, search=result)


def check_choices(search: Search, settings_of: SettingsOf) -> None:
    """Raise a `ValueError` if a combination of candidates makes no settings."""
    for choice in search.choices:
        settings_of(choice)


def with_choice(settings: TrainingSettings, choice: Mapping[str, Any]) -> TrainingSettings:
    """Settings of a network with other values of some fields, of its form or of the fit.

    Raises:
        ValueError: for a form that is no network, an unknown name, or settings that contradict
            each other.

    Example:
        >>> with_choice(TrainingSettings(), {"degree": 4, "optimizer": "adam"}).form.degree
        4
    """
    if not isinstance(settings.form, NetworkForm):
        raise ValueError(
            "`search` is for networks, such as form=pes.NetworkForm(); a linear surface takes "
            "several values of its fields"
        )
    for name in choice:
        if name not in (known := [*OF_FORM, *OF_FIT]):
            near = get_close_matches(name, known, 1)
            raise ValueError(
                f"the candidate {name!r} of the search is neither a field of pes.NetworkForm nor a "
                f"setting of the fit; {f'did you mean {near[0]!r}?' if near else _known()}"
            )
    of_form = {name: value for name, value in choice.items() if name in OF_FORM}
    of_fit = {name: value for name, value in choice.items() if name in OF_FIT}
    return replace(settings, form=replace(settings.form, **of_form), **of_fit)


def _known() -> str:
    return f"these are {', '.join(OF_FORM)} and {', '.join(OF_FIT)}"
