"""Levels by the values of a parameter."""

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

import pes
from pes.molecule import isotope_mass
from pes.units import AMU

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


def test_masses() -> None:
    """The mass of deuterium makes HDO and D2O; the slope by that of oxygen is known."""
    mass, heavier = isotope_mass("D") / AMU, isotope_mass("O") / AMU
    for parameter, isotopes in (("m[1:H]", "O D H"), ("m[H]", "O D D")):
        made = pes.sweep("water_pjt1996", parameter, [mass], **SETTINGS)
        direct = pes.levels("water_pjt1996", isotopes, **SETTINGS)
        assert made.unit == "u"
        assert made.rows[0][f"{mass:g}"] == pytest.approx(direct.zero_point_energy, abs=1e-6)
        assert made.rows[1][f"{mass:g}"] == pytest.approx(float(direct.energies[1]), abs=1e-6)
    made = pes.sweep("water_pjt1996", "m[0:O]", [heavier, heavier + 0.01], **SETTINGS)
    first, last = (made.rows[0][f"{value:g}"] for value in made.values)
    # dE0/dm_O of another program, -8.36679; a difference, and a small basis.
    assert (last - first) / 0.01 == pytest.approx(-8.36679, rel=5e-3)


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
    with pytest.raises(ValueError, match=r"must be one of m\[0:O\], .*, got 'm\[3:H\]'"):
        pes.sweep("water_pjt1996", "m[3:H]", [1.0])
    with pytest.raises(ValueError, match=r"the mass of atom 0 must be above 0 u, got -1\.0"):
        pes.sweep("water_pjt1996", "m[O]", [-1.0])
