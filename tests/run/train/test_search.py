"""Settings chosen by validation error, within a budget, and kept by a resumed run."""

import csv
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pes.config import TrainConfig, load_config
from pes.potential import load_surface
from pes.run.train import planned as planned_run

Command = Callable[..., Path]
Refusal = Callable[..., str]
SEARCH = {"surface.hidden": [[2], [5]], "surface.descriptor.degree": [1, 2], "budget": 0.5}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "search.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("strategy", ["grid", "halving"])
def test_the_best_candidate_is_trained(pes_train: Command, strategy: str) -> None:
    folder = pes_train(search={**SEARCH, "strategy": strategy})
    tried = rows(folder)
    errors = [float(row["validation_rmse_cm1"]) for row in tried]
    assert len(tried) == 4
    assert errors == sorted(errors)
    chosen = choice(folder)
    assert {key: str(value) for key, value in chosen.items()}.items() <= tried[0].items()
    surface = load_surface(folder / "surface.safetensors")[0]
    assert list(surface.mlp.hidden) == chosen["surface.hidden"]
    assert surface.descriptor.degree == chosen["surface.descriptor.degree"]
    # The configuration stays as the user wrote it.
    assert load_config(folder / "config.yaml", TrainConfig).surface.hidden == (3,)
    assert f"search ({strategy})" in (folder / "train.log").read_text()
    assert json.loads((folder / "summary.json").read_text())["epochs"] == 6


def choice(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "chosen.json").read_text())["search"]


@pytest.mark.usefixtures("no_pictures")
def test_with_an_ensemble(pes_train: Command) -> None:
    folder = pes_train(search=SEARCH, ensemble={"members": 2})
    assert len(json.loads((folder / "summary.json").read_text())["ensemble"]["members"]) == 2


@pytest.mark.usefixtures("no_pictures")
def test_a_resumed_run_does_not_search_again(
    pes_train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pes_train(search=SEARCH)
    (folder / "summary.json").unlink()

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(planned_run, "searched_plan", never)
    before = choice(folder)
    pes_train("--resume", "auto", "--set", "training.epochs=8", search=SEARCH)
    assert choice(folder) == before
    assert json.loads((folder / "summary.json").read_text())["epochs"] == 8


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"surface.hiden": [[2]]}, "unknown key `surface.hiden`; did you mean `hidden`?"),
        ({"surface.hidden": [[2], [0]]}, "`surface.hidden.0`"),
        ({**SEARCH, "budgett": 3}, "did you mean `budget`?"),
        ({**SEARCH, "budget": 0}, "`search.budget`"),
        ({"surface.hidden": []}, "surface.hidden"),
        ({"budget": 3}, "`search.candidates`"),
        ({"strategy": "random", **SEARCH}, "`search.strategy`"),
    ],
)
def test_refused(pes_train: Command, refusal: Refusal, search: dict, message: str) -> None:
    assert message in refusal(pes_train, search=search)


@pytest.mark.skipif(find_spec("optuna") is not None, reason="optuna is installed")
def test_optuna_is_missing(pes_train: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        pes_train(search={**SEARCH, "strategy": "optuna"})
    assert end.value.code == 2
    assert "pip install 'pes[search]', or use halving or grid" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("optuna") is None, reason="needs the extra `search`")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("no_pictures")
def test_optuna(pes_train: Command) -> None:
    folder = pes_train(search={**SEARCH, "strategy": "optuna", "trials": 5})
    assert len(rows(folder)) == 5
