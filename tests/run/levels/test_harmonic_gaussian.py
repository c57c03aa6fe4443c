"""The files that the one-dimensional model leaves."""

import csv
import json
from pathlib import Path

import pytest

from pes.config import ModelConfig, load_config
from pes.run.levels.harmonic_gaussian import run_model

# κ: E₀, E₁ − E₀, dE₀/dκ on a converged sinc grid; every digit given.
CONVERGED = {
    0.0: (0.5, 1.0, 0.816496581),
    1.0: (1.293316749, 0.722930188, 0.765583791),
    2.0: (2.018574061, 0.452644542, 0.676775403),
    5.0: (3.422393302, 0.038726796, 0.285696643),
}
CONFIG = Path(__file__).parents[3] / "configs" / "harmonic_gaussian.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = ("kappa=[2, 0]", "grids.sinc.points=65", "grids.three_point.points=60")
    config = load_config(CONFIG, ModelConfig, settings)
    return run_model(config, tmp_path_factory.mktemp("model"))


def test_files(folder: Path) -> None:
    files = {path.name for path in folder.iterdir()}
    assert files == {"config.yaml", "model.csv", "model.json", "model.log", "model.png"}
    content = json.loads((folder / "model.json").read_text())
    rows = list(csv.DictReader((folder / "model.csv").read_text().splitlines()))
    assert len(rows) == len(content["points"]) == 4
    for row, stored in zip(rows, content["points"], strict=True):
        assert float(row["E0"]) == stored["E0"] == stored["levels"][0]
    assert [float(row["kappa"]) for row in rows] == [0, 2, 0, 2]
    # The spacing of 65 points from −8 to 8, 0.25, leaves 1e-9 or less.
    assert float(rows[1]["E0"]) == pytest.approx(CONVERGED[2.0][0], abs=2e-9)


def test_table_shows_all_ways_side_by_side(folder: Path) -> None:
    lines = (folder / "model.log").read_text().splitlines()
    line = next(x for x in lines if x.split()[:2] == ["2.000", "sinc"])
    numbers = [float(x) for x in line.split()[2:]]
    assert numbers == pytest.approx([*CONVERGED[2.0], *2 * [CONVERGED[2.0][2]]], abs=5e-9)


def test_the_shipped_configuration_holds_the_reference_values() -> None:
    config = load_config(CONFIG, ModelConfig)
    assert set(CONVERGED) <= set(config.kappa)
    assert (min(config.kappa), max(config.kappa)) == (0, 5)
    sinc, three_point = config.grids["sinc"], config.grids["three_point"]
    assert (sinc.low, sinc.high) == (-8, 8)
    assert (three_point.low, three_point.high, three_point.points) == (-5, 5, 500)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("kappa=[]", "`kappa` and `grids`"),
        ("grids={}", "`kappa` and `grids`"),
        ("grids.sinc.high=-9", r"`grids\.sinc\.low` must be below `high`, got -8\.0 and -9\.0"),
        ("grids.sinc.points=3", r"`grids\.sinc\.points` must be at least `states` = 4, got 3"),
    ],
)
def test_what_cannot_be_solved_is_refused(tmp_path: Path, setting: str, expected: str) -> None:
    config = load_config(CONFIG, ModelConfig, [setting])
    with pytest.raises(ValueError, match=expected):
        run_model(config, tmp_path)
    assert not list(tmp_path.iterdir())
