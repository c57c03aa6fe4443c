"""Dipole fits from a data set to a file."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scattered_waters import WATER, bond_moments, waters

import pes
from pes.data import Dataset
from pes.setup.training.dipoles import dipole_choice
from pes.setup.training.dipoles.dipole import train_dipole
from pes.setup.training.dipoles.dipole_forms import (
    AutomaticDipoleForm,
    DipoleForm,
    DipoleNetworkForm,
)


def points(count: int = 80) -> Dataset:
    x = waters(count, 3, size=0.2)
    return Dataset(WATER, x, (x[:, 0] - x[:, 1]).norm(dim=1), dipoles=bond_moments(x))


def test_errors_of_the_table_are_those_of_the_surface(tmp_path: Path) -> None:
    data = points()
    fit = train_dipole(data, form=DipoleForm(degree=(1, 2)))
    test = data.select(fit.parts.test)
    assert test.dipoles is not None
    errors = (fit.surface(test.positions) - test.dipoles).detach() / pes.units.DEBYE
    row = fit.errors["test"]["all"]
    assert row["rmse"] == pytest.approx(float(errors.square().mean().sqrt()))
    # Principal axes are another frame of the same errors.
    assert row["a"] ** 2 + row["b"] ** 2 + row["c"] ** 2 == pytest.approx(3 * row["rmse"] ** 2)
    assert "validation" in fit.errors
    again = pes.load(fit.save(tmp_path / "dipole"))
    assert torch.equal(again(test.positions), fit.surface(test.positions))


def test_ensembles_are_as_uncertain_as_they_err() -> None:
    data = points(150)
    fit = train_dipole(data, form=DipoleForm(degree=2, chosen_by="leave_one_out", members=4))
    surface = fit.module
    assert isinstance(surface, pes.Ensemble)
    assert "validation" not in fit.errors
    new = points(300).select(range(150, 300))
    assert new.dipoles is not None
    errors = (surface(new.positions) - new.dipoles).norm().detach()
    # Widened to the errors left out: the same within the scatter of 150 points.
    assert 0.4 < float(errors / surface.spread(new.positions).norm().detach()) < 2.5


def test_doubts_are_said() -> None:
    data = points()
    assert data.dipoles is not None
    scf = replace(data, provenance={"dipoles": "of the SCF wavefunction"})
    assert "of the SCF wavefunction" in train_dipole(scf).remarks[0]
    turned = replace(data, dipoles=data.dipoles[:, [1, 2, 0]])
    with pytest.raises(ValueError, match="do not turn with the positions"):
        train_dipole(turned)
    assert "do not turn with the positions" in train_dipole(turned, strict=False).remarks[0]
    with pytest.raises(ValueError, match="the points have no dipole moments"):
        train_dipole(replace(data, dipoles=None))


def test_networks_single_and_as_an_ensemble(tmp_path: Path) -> None:
    data = points()
    form = DipoleNetworkForm(degree=2, hidden=(6,), epochs=15, members=2)
    fit = train_dipole(data, form=form)
    surface, tried = fit.module, fit.candidates[0]
    assert isinstance(surface, pes.Ensemble)
    assert [end.epochs for end in tried.endings] == [15, 15]
    assert fit.errors["test"]["all"]["rmse"] < 0.02  # of moments of about 1.5 debye
    assert "networks 6" in fit.lines()[1]
    again = pes.load(fit.save(tmp_path / "dipole"))
    x = data.positions
    assert again.is_dipole
    assert torch.equal(again(x), surface(x))
    single = train_dipole(data, form=replace(form, members=1))
    assert isinstance(single.module, pes.DipoleNetwork)


def test_the_form_that_errs_least_is_chosen_and_gives_the_fit_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dipole_choice, "NETWORKS", ((2, (6,)),))
    monkeypatch.setattr(dipole_choice, "HIGHEST", 2)
    data = points()
    fit = train_dipole(data, form=AutomaticDipoleForm(minutes=0.1, patience=3))
    errors = [one.error for one in fit.candidates]
    assert errors == sorted(errors)
    assert sum(one.hidden == (6,) for one in fit.candidates) == 1
    assert isinstance(fit.form, DipoleNetworkForm)  # far from any polynomial of degree 2
    epochs = fit.candidates[0].endings[0].epochs
    again = train_dipole(data, form=replace(fit.form, epochs=epochs, max_seconds=None))
    assert torch.equal(again.surface(data.positions), fit.surface(data.positions))


def test_no_network_where_polynomials_are_exact() -> None:
    """Charges that are polynomials of degree 2: degree 3 is no better, and nothing else tried."""
    data = points()
    true = DipoleForm(degree=2).surfaces(WATER)[0]
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for one in true.parameters():
            one.copy_(torch.randn(one.shape, generator=generator, dtype=torch.float64))
        exact = replace(data, dipoles=true(data.positions))
    fit = train_dipole(exact)
    assert isinstance(fit.form, DipoleForm)
    assert fit.form.degree == 2
    assert [one.degree for one in fit.candidates] == [2, 1]
    assert fit.errors["test"]["all"]["rmse"] < 1e-6
