"""Refinement to levels and lines with rotation."""

from dataclasses import replace

import pytest
import torch

from pes.coordinates import Valence
from pes.data.observed import Observed
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.refinement.anchor import Anchor
from pes.refinement.comparison import Isotopologue, compared
from pes.refinement.gauss_newton import refined
from pes.refinement.rows import level_rows
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, molecular

TO_POSITIONS = Valence(0, (1, 2)).to_positions
STRETCH = BasisSpec("sinc", 0.7 * ANGSTROM, 1.4 * ANGSTROM, 5, points=10, primitives=30)
BEND = BasisSpec("legendre", 50 * DEGREE, 175 * DEGREE, 7, points=10, primitives=30)
COORDINATES = (replace(STRETCH, name="r1"), replace(STRETCH, name="r2"), BEND)
START = torch.tensor([1.81, 1.81, 1.82], dtype=torch.float64)

LABELS = [
    ((0, 0, 0), (1, 0, 1)), ((0, 0, 0), (2, 2, 0)), ((0, 1, 0), (0, 0, 0)), ((0, 1, 0), (1, 1, 0)),
    ((1, 0, 0), (1, 1, 1)),
]  # fmt: skip
"""Vibrational levels; the band origin of the last one is not observed."""


def turning(surface: WaterPJT, symbols: str, *, lines: bool = False) -> Isotopologue:
    """Observed are levels of the published surface, or lines between each and the next."""
    masses = Molecule(tuple(symbols)).masses
    ones = torch.full((len(LABELS),), CM1, dtype=torch.float64)
    observed = Observed(tuple(q for q, _ in LABELS), ones, ones, tuple(r for _, r in LABELS))
    if lines:
        upper, lower = observed.only([2, 3]), (LABELS[0], LABELS[1])
        observed = replace(upper, lower=lower)
    system = molecular(WaterPJT(), TO_POSITIONS, masses)
    which = Isotopologue(
        " ".join(symbols), system, COORDINATES, START, observed,
        torch.ones(len(observed.quanta), dtype=torch.bool), True, 60000 * CM1,
    )  # fmt: skip
    rough = torch.tensor([24.0, 136.0, 1594.0, 1640.0, 3694.0]) if symbols == "OHH" else ones
    start = rough[[2, 3]] - rough[[0, 1]] if lines else rough
    which = replace(which, observed=replace(observed, energies=start.double() * CM1))
    exact = compared(which).calculated
    return replace(
        which, system=molecular(surface, TO_POSITIONS, masses),
        observed=replace(which.observed, energies=exact),
    )  # fmt: skip


def anchor_of(surface: WaterPJT) -> Anchor:
    positions = TO_POSITIONS(START + torch.tensor([[0.1, 0, 0], [0, 0, 0.2], [-0.1, 0.1, 0]]))
    with torch.no_grad():
        return Anchor(positions, surface(positions), torch.ones(3, dtype=torch.float64))


@pytest.fixture
def wrong() -> WaterPJT:
    surface = WaterPJT()
    with torch.no_grad():
        surface.r_e += 0.002 * ANGSTROM
        surface.alpha_e += 0.5 * DEGREE
    return surface


def test_levels_and_lines_bring_the_geometry_back(wrong: WaterPJT) -> None:
    """Two numbers from five levels and two lines; the anchor has next to no weight."""
    both = [turning(wrong, "OHH"), turning(wrong, "OHH", lines=True)]
    assert both[1].observed.names == [
        "0 1 0 0_0,0 - 0 0 0 1_0,1", "0 1 0 1_1,0 - 0 0 0 2_2,0",
    ]  # fmt: skip
    steps = list(refined(wrong, [wrong.r_e, wrong.alpha_e], both, anchor_of(wrong), 1e-10, steps=4))
    assert steps[0].fitted > 1 * CM1
    assert steps[-1].fitted < 2e-3 * CM1
    assert wrong.r_e.item() == pytest.approx(WaterPJT().r_e.item(), rel=2e-5)


def test_slopes_are_those_of_differences(wrong: WaterPJT) -> None:
    which, step = turning(wrong, "OHH"), 1e-4
    rows, _, _ = level_rows([wrong.r_e], [which], [compared(which)])
    energies = []
    for sign in (1, -1):
        with torch.no_grad():
            wrong.r_e += sign * step
        energies.append(compared(which).calculated)
        with torch.no_grad():
            wrong.r_e -= sign * step
    difference = (energies[0] - energies[1]) / (2 * step)
    # Functions of a small basis follow the surface: up to 0.2 % of the largest slope.
    assert float((rows[:, 0] - difference).abs().max()) < 5e-3 * float(difference.abs().max())


def test_a_label_that_no_level_has_is_refused(wrong: WaterPJT) -> None:
    which = turning(wrong, "OHH")
    strange = replace(which.observed, quanta=(*which.observed.quanta[:4], (0, 0, 9)))
    comparison = compared(replace(which, observed=strange))
    assert comparison.assignment.numbers[4] is None
    assert bool(comparison.calculated[4].isnan())
    assert any("0 0 9" in reason for reason in comparison.assignment.reasons)
