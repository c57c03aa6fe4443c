"""Digits that are missing."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_up import BENCHMARK, ammonia, evidence

from pes.data import read
from pes.findings.rounding import rounded_forces, rounded_geometries, rounded_labels
from pes.units import ANGSTROM, CM1, EV

DATA = Path(__file__).parents[2] / "data"


def energies() -> torch.Tensor:
    return ammonia().energies - 56.4


def test_single_precision_whatever_the_unit() -> None:
    # Between 2^10 and 2^11, single precision has steps of 2^-13: 0.98 cm-1 in eV.
    labels = (energies() / EV).float().double() * EV
    (finding,) = rounded_labels(evidence(replace(ammonia(), energies=labels)))
    assert "0.985 cm-1" in finding.sentence
    assert finding.severity == "warning"


def test_single_precision_of_small_numbers_is_mentioned() -> None:
    # Between 1/2 and 1 hartree the steps are 2^-24 hartree, 0.0131 cm-1: fits come closer.
    labels = (ammonia().energies - 0.6).float().double()
    (finding,) = rounded_labels(evidence(replace(ammonia(), energies=labels)))
    assert "0.0131 cm-1" in finding.sentence
    assert finding.severity == "note"


def test_noise_of_rounded_geometries() -> None:
    data = ammonia()
    step = 1e-3 * ANGSTROM
    moved = (data.positions / step).round() * step
    (finding,) = rounded_geometries(evidence(replace(data, positions=moved)))
    # Labels of the model at the rounded places against the labels of the true ones.
    surface = BENCHMARK["ANALYTIC"]["ammonia_model"]().requires_grad_(False)
    noise = float((surface(moved) - data.energies).square().mean().sqrt() / CM1)
    told = float(finding.sentence.split("about ")[1].split()[0])
    assert told == pytest.approx(noise, rel=0.5)  # one digit is printed
    assert rounded_geometries(evidence(data)) == []


def test_round_geometries_with_exact_labels_are_a_grid() -> None:
    data = ammonia()
    step = 1e-2 * ANGSTROM
    moved = (data.positions / step).round() * step
    exact = BENCHMARK["ANALYTIC"]["ammonia_model"]()(moved).detach()
    assert rounded_geometries(evidence(replace(data, positions=moved, energies=exact))) == []


@pytest.mark.parametrize("name", ["h2o_ccsdt_vtz", "h2o_ccsdt_vdz_forces"])
def test_axes_on_which_most_points_lie_at_zero_are_not_round(name: str) -> None:
    data = read(DATA / f"{name}.h5")
    assert rounded_geometries(evidence(data)) == []
    step = 1e-3 * ANGSTROM
    moved = (data.positions / step).round() * step
    (finding,) = rounded_geometries(evidence(replace(data, positions=moved)))
    assert "rounded to 0.001 A" in finding.sentence


def test_rounded_forces() -> None:
    data = ammonia()
    assert rounded_forces(evidence(data)) == []
    assert data.forces is not None
    (finding,) = rounded_forces(evidence(replace(data, forces=data.forces.round(decimals=6))))
    assert "1e-06 hartree/bohr" in finding.sentence
