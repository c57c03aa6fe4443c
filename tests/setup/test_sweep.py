"""Levels by the values of a parameter."""

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

import pes

SETTINGS = {"count": 3, "basis": {"all": 5}, "convergence": False}


def test_slopes_are_those_of_the_sensitivities(tmp_path: Path) -> None:
    made = pes.sweep("water_pjt1996", "r_e", [0.957, 0.958], **SETTINGS)
    assert (made.parameter, made.unit) == ("r_e", "A")
    row = next(row for row in made.rows if row["label"] == "0 1 0")
    slope = (row["0.958"] - row["0.957"]) / 0.001
    # dE/dr_e of the bend above the ground state: −2404.21 + 791.71 cm⁻¹/Å; a small basis.
    assert slope == pytest.approx(-1612.5, rel=0.02)
    with made.save(tmp_path / "sweep.csv").open(newline="") as file:
        assert [r["label"] for r in csv.DictReader(file)] == [r["label"] for r in made.rows]


@pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed")
@pytest.mark.filterwarnings("ignore")  # of distributed about its sockets
@pytest.mark.slow
def test_a_cluster_gives_the_same() -> None:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        made = pes.sweep("water_pjt1996", "r_e", [0.957, 0.958], workers=client, **SETTINGS)
    here = pes.sweep("water_pjt1996", "r_e", [0.957, 0.958], **SETTINGS)
    for one, other in zip(made.rows, here.rows, strict=True):
        assert one["label"] == other["label"]
        assert one["0.958"] == pytest.approx(other["0.958"], abs=1e-6)


def test_values_and_names_that_do_not_do() -> None:
    with pytest.raises(ValueError, match="each once, got"):
        pes.sweep("water_pjt1996", "r_e", [])
    with pytest.raises(ValueError, match="nothing"):
        pes.sweep("water_pjt1996", "nothing", [1.0])
