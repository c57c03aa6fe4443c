"""The library gives bit for bit what the commands write."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch

import pes
from pes import cli

Command = Callable[..., Path]


@pytest.mark.parametrize(
    ("section", "ensemble"),
    [({}, None), ({"ensemble": {"members": 3}}, pes.EnsembleForm(members=3))],
)
def test_train(
    pes_train: Command, work: Path, section: dict[str, Any], ensemble: pes.EnsembleForm | None
) -> None:
    folder = pes_train(data={"fractions": None}, seed=5, **section)
    form = pes.NetworkForm(degree=2, hidden=(3,))
    fit = pes.train(pes.read(work / "water.h5"), form=form, ensemble=ensemble, epochs=6, seed=5)
    ours, theirs = fit.module.state_dict(), pes.load(folder).module.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)


def test_everything_chosen(work: Path, water: Callable[..., pes.Dataset]) -> None:
    """Labels of a polynomial: both choose it at once, and nothing depends on time."""
    points = water(points=120)
    polynomial = pes.train(points, form=pes.LinearForm(degree=2)).surface
    pes.write("mine.h5", replace(points, energies=polynomial(points.positions).detach()))
    cli.train(["mine.h5"])
    fit, theirs = pes.train(pes.read("mine.h5")), pes.load("runs/mine")
    assert fit.plan.remarks[-2].startswith("the linear surface is within")
    ours = fit.module.state_dict()
    assert all(torch.equal(ours[k], v) for k, v in theirs.module.state_dict().items())


def test_levels(work: Path, pes_levels: Command) -> None:
    sections = dict.fromkeys(("coordinates", "basis", "sensitivities"))
    folder = pes_levels(**sections, levels=3, accuracy=50.0, convergence=True)
    pes.levels("water_pjt1996", count=3, accuracy=50.0).save(work / "library")
    with h5py.File(folder / "levels.h5") as theirs, h5py.File(work / "library/levels.h5") as ours:
        for name in ("energies", "convergence", "potential", "wavefunctions"):
            assert (ours[name][()] == theirs[name][()]).all()
