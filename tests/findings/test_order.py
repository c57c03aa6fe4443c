"""Atoms in another order: in all rows, in some, and in none."""

from dataclasses import replace

import torch
from made_up import BENCHMARK, CLEAN, ammonia, evidence

from pes.data import Dataset
from pes.findings.order import (
    atom_order,
    atom_order_by_curvature,
    atom_order_of_rows,
    misplaced,
)
from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1, EV


def test_exactly_the_rows_with_atoms_exchanged_are_named() -> None:
    rows = torch.tensor([3, 77, 200])
    (finding,) = atom_order_of_rows(evidence(BENCHMARK["exchanged"](ammonia(), rows)))
    assert sorted(finding.rows) == rows.tolist()
    assert "rows 3, 77, 200" in finding.sentence


def test_the_right_order_is_named() -> None:
    (finding,) = atom_order(evidence(BENCHMARK["exchanged"](ammonia(), slice(None))))
    assert "those of H H H N, but the atoms are called N H H H" in finding.sentence


def cyanide(points: int) -> Dataset:
    surface = ANALYTIC["hydrogen_cyanide_model"]().requires_grad_(False)
    middle = torch.tensor(surface.reference, dtype=torch.float64) * ANGSTROM
    noise = torch.randn(points, 3, 3, generator=torch.Generator().manual_seed(1)).double()
    x = middle + 0.08 * noise
    return Dataset(surface.symbols, x, surface(x))


def test_hydrogen_and_nitrogen_exchanged_are_seen_by_curvature_not_by_distances() -> None:
    data = cyanide(300)
    exchanged = replace(data, positions=data.positions.flip(1))
    assert atom_order(evidence(exchanged)) == []
    (finding,) = atom_order_by_curvature(evidence(exchanged))
    assert "in H C N; that is usual for" in finding.sentence
    assert "N C H" in finding.sentence
    # Energies that are another unit's stay implausible in every order of the atoms.
    for factor in (1.0, 1 / EV):
        scaled = replace(data, energies=factor * data.energies)
        assert atom_order_by_curvature(evidence(scaled)) == []


def test_a_row_that_stands_alone_is_explained_by_another_order() -> None:
    """The reference follows its label, so that no residual names it."""
    data = cyanide(300)
    x = data.positions.clone()
    x[70] = x[70].flip(0)
    (finding,) = atom_order_of_rows(evidence(replace(data, positions=x)))
    assert finding.rows == (70,)


def test_like_atoms_and_clean_sets_are_not_suspected() -> None:
    assert not misplaced(ammonia()).any()
    for make in CLEAN.values():
        own = evidence(make())
        assert atom_order(own) == atom_order_by_curvature(own) == atom_order_of_rows(own) == []


def test_labels_that_agree_by_chance_raise_no_suspicion() -> None:
    """Bonds that break where another state crosses: the reference is off by hundreds of cm⁻¹."""
    generator = torch.Generator().manual_seed(3)
    u = torch.rand(1500, 3, generator=generator, dtype=torch.float64)
    r, angle = (1.0 + 1.4 * u[:, :2].square()) * ANGSTROM, 0.7 + 2.4 * u[:, 2]
    x = torch.zeros(len(u), 3, 3, dtype=torch.float64)
    x[:, 1, 0] = r[:, 0]
    x[:, 2, :2] = r[:, 1, None] * torch.stack((angle.cos(), angle.sin()), 1)
    first = ANALYTIC["hydrogen_sulfide_model"]().requires_grad_(False)(x) / CM1
    upper = 30000 + 9000 * (r / ANGSTROM - 1.7).square().sum(1)
    energies = 0.5 * (first + upper) - (0.25 * (first - upper).square() + 1200**2).sqrt()
    data = Dataset(("S", "H", "H"), x, energies * CM1)
    assert misplaced(data).sum() > 50
    assert atom_order_of_rows(evidence(data)) == []
