"""Refinement gets back a surface whose levels it is shown, and levels it is not shown."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from pes.coordinates import Valence
from pes.data.observed import Observed
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import LinearSurface
from pes.potential.analytic import WaterPJT
from pes.potential.corrected import CorrectedSurface
from pes.refinement.anchor import Anchor
from pes.refinement.comparison import Isotopologue, compared
from pes.refinement.cross_validation import cross_validated
from pes.refinement.gauss_newton import refined
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, molecular, vibrational_levels

TO_POSITIONS = Valence(0, (1, 2)).to_positions
STRETCH = BasisSpec("sinc", 0.7 * ANGSTROM, 1.4 * ANGSTROM, 5, points=10, primitives=30)
BEND = BasisSpec("legendre", 50 * DEGREE, 175 * DEGREE, 7, points=10, primitives=30)
COORDINATES = (replace(STRETCH, name="r1"), replace(STRETCH, name="r2"), BEND)
START = torch.tensor([1.81, 1.81, 1.82], dtype=torch.float64)
QUANTA = ((0, 1, 0), (0, 2, 0), (1, 0, 0), (0, 0, 1))


def isotopologue(surface: nn.Module, symbols: Sequence[str], fitted: bool) -> Isotopologue:
    """Observed are the first four levels of the published surface in the same basis."""
    masses = Molecule(tuple(symbols)).masses
    true = vibrational_levels(
        molecular(WaterPJT(), TO_POSITIONS, masses), COORDINATES, 5, convergence=False
    )
    energies = true.excitations[1:]
    return Isotopologue(
        " ".join(symbols), molecular(surface, TO_POSITIONS, masses), COORDINATES, START,
        Observed(QUANTA, energies, torch.full_like(energies, CM1)),
        torch.full((4,), fitted), True, 60000 * CM1,
    )  # fmt: skip


def anchor_of(surface: nn.Module) -> Anchor:
    draw = torch.rand(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    positions = TO_POSITIONS(torch.tensor([1.6, 1.6, 1.4]) + draw * torch.tensor([0.7, 0.7, 0.8]))
    with torch.no_grad():
        return Anchor(positions, surface(positions), torch.ones(40, dtype=torch.float64))


@pytest.fixture
def wrong() -> WaterPJT:
    """Bonds 0.002 Å too long, angle half a degree too wide, walls one per cent too soft."""
    surface = WaterPJT()
    with torch.no_grad():
        surface.r_e += 0.002 * ANGSTROM
        surface.alpha_e += 0.5 * DEGREE
        surface.a *= 0.99
    return surface


def test_parameters_come_back(wrong: WaterPJT) -> None:
    """Three parameters, four levels, next to no anchor: the true ones, and D2O with them."""
    water, heavy = isotopologue(wrong, "OHH", True), isotopologue(wrong, "ODD", False)
    parameters = [wrong.r_e, wrong.alpha_e, wrong.a]
    steps = list(refined(wrong, parameters, [water, heavy], anchor_of(wrong), 1e-10, steps=8))
    losses = [step.loss for step in steps]
    assert losses == sorted(losses, reverse=True)
    assert steps[0].fitted > 5 * CM1
    assert steps[0].held > 5 * CM1
    # Quadratic convergence to the same levels in the same basis; the anchor pulls by 1e-10.
    assert steps[-1].fitted < 1e-3 * CM1
    assert steps[-1].held < 0.02 * CM1
    true = WaterPJT()
    for found, wanted in zip(parameters, (true.r_e, true.alpha_e, true.a), strict=True):
        assert found.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_a_level_weighs_by_its_uncertainty(wrong: WaterPJT) -> None:
    """A level known to 5 cm-1 that contradicts three others does not spoil these."""
    water = isotopologue(wrong, "OHH", True)
    energies = water.observed.energies + torch.tensor([0.0, 20.0, 0.0, 0.0]) * CM1
    parameters = [wrong.r_e, wrong.alpha_e, wrong.a]
    before = [p.detach().clone() for p in parameters]
    worst = {}
    for known in (5.0, 0.01):
        given = torch.tensor([0.01, known, 0.002, 0.1], dtype=torch.float64) * CM1
        which = replace(water, observed=replace(water.observed, energies=energies,
                                                uncertainties=given))  # fmt: skip
        with torch.no_grad():
            for p, old in zip(parameters, before, strict=True):
                p.copy_(old)
        *_, last = refined(wrong, parameters, [which], anchor_of(wrong), 1e-10, steps=8)
        worst[known] = float(last.comparisons[0].residuals(which)[[0, 2, 3]].abs().max()) / CM1
    # u = (0.1/5)² = 4e-4 of the others' weight, times 20 cm-1; unweighted it is a share of 20.
    assert worst[5.0] < 0.1
    assert worst[0.01] > 1.0


def test_equal_uncertainties_weigh_alike(wrong: WaterPJT) -> None:
    water, anchor = isotopologue(wrong, "OHH", True), anchor_of(wrong)
    losses = []
    for known in (0.001, 3.0):
        given = torch.full_like(water.observed.energies, known * CM1)
        which = replace(water, observed=replace(water.observed, uncertainties=given))
        losses.append(next(refined(wrong, [wrong.r_e], [which], anchor, 0.0)).loss)
    plain = compared(water).residuals(water).square().mean()
    assert losses == pytest.approx([float(plain)] * 2, rel=1e-12)  # rounding


def test_a_correction_and_its_anchor(wrong: WaterPJT) -> None:
    correction = LinearSurface(Invariants(("O", "H", "H"), 2))
    surface = CorrectedSurface(wrong, correction)
    parameters = list(correction.parameters())
    water, heavy = isotopologue(surface, "OHH", True), isotopologue(surface, "ODD", False)
    anchor = anchor_of(wrong)
    loose, tight = (
        list(refined(surface, parameters, [water, heavy], anchor, strength, steps=4))
        for strength in (1e-4, 1e6)
    )
    assert loose[-1].fitted < 0.2 * loose[0].fitted
    assert loose[-1].held < 0.5 * loose[0].held
    # Held to the points with all force the correction vanishes again.
    assert tight[-1].anchor < 1e-3 * CM1
    assert tight[-1].fitted == pytest.approx(loose[0].fitted, rel=1e-3)
    assert not any(p.requires_grad for p in wrong.parameters())


def test_cross_validation_sees_fitted_levels_only(wrong: WaterPJT) -> None:
    correction = LinearSurface(Invariants(("O", "H", "H"), 2))
    surface = CorrectedSurface(wrong, correction)
    water, heavy = isotopologue(surface, "OHH", True), isotopologue(surface, "ODD", False)
    parameters, anchor = list(correction.parameters()), anchor_of(wrong)
    alone = cross_validated(surface, parameters, [water], anchor, strengths=(1e-3, 1e6))
    both = cross_validated(surface, parameters, [water, heavy], anchor, strengths=(1e-3, 1e6))
    assert alone == both
    # Without any freedom each level is as wrong as it was.
    start = compared(water).residuals(water).square().mean().sqrt()
    assert alone[1][1] == pytest.approx(float(start), rel=1e-3)
    assert alone[0][1] < alone[1][1]


def test_nothing_to_fit(wrong: WaterPJT) -> None:
    water = isotopologue(wrong, "OHH", True)
    strange = replace(water.observed, quanta=((0, 0, 9),) * 4)
    with pytest.raises(ValueError, match="nothing to fit"):
        next(refined(wrong, [wrong.a], [replace(water, observed=strange)], anchor_of(wrong), 1.0))


def test_held_out_levels_move_nothing(wrong: WaterPJT) -> None:
    """The same step whether held-out levels are there, and whatever they say."""
    found: list[Tensor] = []
    for factor in (1.0, 2.0):
        surface = WaterPJT()
        surface.load_state_dict(wrong.state_dict())
        heavy = isotopologue(surface, "ODD", False)
        heavy = replace(heavy, observed=replace(heavy.observed, energies=heavy.observed.energies
                                                * factor))  # fmt: skip
        water = isotopologue(surface, "OHH", True)
        list(refined(surface, [surface.a], [water, heavy], anchor_of(wrong), 1e-3, steps=1))
        found.append(surface.a.detach().clone())
    assert found[0] == found[1]
