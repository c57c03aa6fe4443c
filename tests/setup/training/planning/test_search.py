"""Searches from Python: the time of each trial, the command's choice, and what is refused."""

import csv
import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import pes
from pes.data import Dataset
from pes.potential import load_surface
from pes.setup.training.planning import search as module
from pes.setup.training.planning.search import STRATEGIES, SearchTrial
from pes.training import adam

Command = Callable[..., Path]
FEW = {"form": pes.NetworkForm(degree=2, hidden=(3,)), "fractions": (0.7, 0.15, 0.15), "epochs": 6}
"""The settings of the small runs of tests/conftest.py."""

pytestmark = pytest.mark.usefixtures("no_pictures")


class Clock:
    """Each epoch takes a CPU second; the error falls to the floor of its trial."""

    def __init__(self) -> None:
        self.now = 0.0

    def epochs(self, floor: float) -> Iterator[Any]:
        for k in range(1, 1000):
            self.now += 1
            yield SimpleNamespace(improved=True, validation_rmse_cm1=floor + 1 / k)


def test_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight trials and 72 s: nine each; or three rounds of 24 s over 8, 4 and 2 trials."""
    wanted = {"grid": [9] * 8, "halving": [3 + 6 + 12] * 2 + [3 + 6] * 2 + [3] * 4}
    assert set(wanted) == set(STRATEGIES)
    for strategy, epochs in wanted.items():
        clock = Clock()
        monkeypatch.setattr(module.time, "process_time", lambda clock=clock: clock.now)
        trials = [SearchTrial({}, clock.epochs(floor)) for floor in range(8)]
        STRATEGIES[strategy](trials, 72.0)
        assert [trial.done for trial in trials] == epochs
        assert clock.now == 72


def test_what_is_done_once_is_no_trials_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first epoch of each optimizer takes 100 s longer, as code is loaded and compiled."""
    clock, loaded = Clock(), set[str]()
    monkeypatch.setattr(module.time, "process_time", lambda: clock.now)

    def start(choice: dict[str, Any]) -> Iterator[Any]:
        if choice["optimizer"] not in loaded:
            loaded.add(choice["optimizer"])
            clock.now += 100
        yield from clock.epochs(choice["degree"])

    search = pes.Search({"degree": [1, 2], "optimizer": ["adam", "lbfgs"]}, "grid", budget=12.0)
    table = module.search_result(search, start).table
    assert [(row["epochs"], row["cpu_seconds"]) for row in table] == [(3, 3.0)] * 4


@pytest.mark.parametrize("strategy", ["grid", "halving"])
@pytest.mark.parametrize("members", [None, 2])
def test_the_choice_of_the_command(
    pes_train: Command, work: Path, strategy: str, members: int | None
) -> None:
    """With time enough for all epochs of all candidates, every number is the command's."""
    candidates = {"hidden": [[2], [5]], "degree": [1, 2], "optimizer": ["levenberg_marquardt"]}
    keys = {
        "hidden": "surface.hidden", "degree": "surface.descriptor.degree",
        "optimizer": "training.optimizer",
    }  # fmt: skip
    section = {keys[name]: values for name, values in candidates.items()}
    ensemble = None if members is None else {"members": members}
    folder = pes_train(
        search={**section, "strategy": strategy, "budget": 1000},
        **({} if ensemble is None else {"ensemble": ensemble}),
    )
    fit = pes.train(
        pes.read(work / "water.h5"), search=pes.Search(candidates, strategy, budget=1000.0),
        ensemble=None if members is None else pes.EnsembleForm(members=members), **FEW,
    )  # fmt: skip
    assert fit.search is not None
    chosen = json.loads((folder / "chosen.json").read_text())
    assert chosen["search"] == {keys[name]: value for name, value in fit.search.best.items()}
    assert chosen["optimizer"] == fit.plan.choices.optimizer
    with (folder / "search.csv").open(newline="") as file:
        theirs = [float(row["validation_rmse_cm1"]) for row in csv.DictReader(file)]
    assert theirs == [row["validation_rmse_cm1"] for row in fit.search.table]
    assert len(set(theirs)) == len(theirs) == 4
    ours = fit.module.state_dict()
    for name, value in load_surface(folder / "surface.safetensors")[0].state_dict().items():
        assert torch.equal(ours[name], value)


def test_the_result_holds_the_trials(water: Callable[..., Dataset], tmp_path: Path) -> None:
    """Validation errors choose, and the fit is one with the values that they chose."""
    search = pes.Search({"optimizer": ["levenberg_marquardt", partial(adam, batch=7)]}, "grid", 1e3)
    fit = pes.train(water(), search=search, **FEW)
    assert fit.search is not None
    first, second = fit.search.table
    assert first["validation_rmse_cm1"] < second["validation_rmse_cm1"]
    assert first["optimizer"] == "levenberg_marquardt" == fit.plan.choices.optimizer
    assert (first["epochs"], second["epochs"]) == (6, 6)
    alone = pes.train(water(), optimizer="levenberg_marquardt", **FEW)
    assert fit.errors == alone.errors
    assert alone.search is None
    assert str(fit.search) in str(fit)
    assert "<td>levenberg_marquardt</td>" in fit.search._repr_html_()
    saved = fit.save(tmp_path / "fit")
    with (saved / "search.csv").open(newline="") as file:
        assert [row["epochs"] for row in csv.DictReader(file)] == ["6", "6"]
    assert json.loads((saved / "chosen.json").read_text())["search"] == fit.search.best


def test_the_final_fit_has_the_optimizer_of_its_trial(
    monkeypatch: pytest.MonkeyPatch, water: Callable[..., Dataset]
) -> None:
    """`auto` is decided by the chosen network, not by the one that the settings name."""
    monkeypatch.setattr(
        "pes.setup.training.planning.plan.chosen_optimizer",
        lambda rows, parameters, device: ("lbfgs" if parameters < 20 else "adam", "for a test"),
    )
    fit = pes.train(water(), search=pes.Search({"hidden": [(1,)]}, budget=1e3), **{
        **FEW, "form": pes.NetworkForm(degree=2, hidden=(50,)),
    })  # fmt: skip
    assert fit.plan.choices.optimizer == "lbfgs"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pes.Search({}), "must name a setting"),
        (lambda: pes.Search({"hidden": []}), r"`candidates\['hidden'\]` .* list of values"),
        (lambda: pes.Search({"optimizer": "adam"}), r"list of values to try, got 'adam'"),
        (lambda: pes.Search({"degree": [2]}, "random"), "must be one of grid, halving, optuna"),  # type: ignore[arg-type]
        (lambda: pes.Search({"degree": [2]}, budget=0.0), "`budget` of a search must be positive"),
        (lambda: pes.Search({"degree": [2]}, trials=0), "`trials` of a search must be positive"),
    ],
)
def test_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("candidates", "arguments", "message"),
    [
        ({"hiden": [(2,)]}, {}, "did you mean 'hidden'?"),
        ({"ensemble": [None]}, {}, "these are degree, variable, length, hidden"),
        ({"optimizer": ["adm"]}, {}, "`optimizer` must be auto"),
        ({"epochs": [10, 0]}, {}, "`epochs` must be at least 1, got 0"),
        ({"optimizer": ["adam"]}, {"ensemble": pes.EnsembleForm()}, "`optimizer` is adam"),
        ({"degree": [2]}, {"form": pes.LinearForm()}, "`search` is for networks"),
        ({"degree": [2]}, {"form": None, "epochs": 1000}, "`search` belongs to a form"),
    ],
)
def test_refused_with_points(
    water: Callable[..., Dataset],
    candidates: dict[str, list[Any]],
    arguments: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        pes.train(water(), search=pes.Search(candidates), **{**FEW, **arguments})


def test_one_width_in_place_of_a_list_of_widths(water: Callable[..., Dataset]) -> None:
    with pytest.raises(TypeError, match=r"`hidden` must be the widths of .*, got 8"):
        pes.train(water(), search=pes.Search({"hidden": [8, 16]}), **FEW)


@pytest.mark.skipif(find_spec("optuna") is None, reason="needs the extra `search`")
@pytest.mark.filterwarnings("ignore")
def test_optuna(water: Callable[..., Dataset]) -> None:
    search = pes.Search({"hidden": [(2,), (5,)]}, "optuna", budget=0.5, trials=3)
    fit = pes.train(water(), search=search, **FEW)
    assert fit.search is not None
    assert len(fit.search.table) == 3


@pytest.mark.skipif(find_spec("optuna") is not None, reason="optuna is installed")
def test_optuna_is_missing(water: Callable[..., Dataset]) -> None:
    with pytest.raises(ValueError, match=r"pip install 'pes\[search\]', or use halving or grid"):
        pes.train(water(), search=pes.Search({"hidden": [(2,)]}, "optuna"), **FEW)
