"""Coordinates by how much they couple: exact for quadratic forms, and by the mass in the middle."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pes.coordinates import Jacobi, Radau, Valence
from pes.molecule import Molecule
from pes.setup.coordinates.coupling import least_coupled, mode_coupling
from pes.units import ANGSTROM, CM1
from pes.vibration.system.system import model

FORCES = torch.tensor([[0.30, 0.10, 0.0], [0.10, 0.20, 0.05], [0.0, 0.05, 0.10]]).double()
METRIC = torch.tensor([[3.0, -1.0, 0.0], [-1.0, 2.0, 0.4], [0.0, 0.4, 1.0]]).double() / 2000


def two_bonds(short: float, long: float) -> Callable[[Tensor], Tensor]:
    """Linear A-B-C: two bonds (Å) and a bend."""

    def energy(x: Tensor) -> Tensor:
        d1, d2 = x[:, 0] - x[:, 1], x[:, 2] - x[:, 1]
        r1, r2 = d1.norm(dim=-1), d2.norm(dim=-1)
        opened = 1 + (d1 * d2).sum(-1) / (r1 * r2)
        y1, y2 = (1 - torch.exp(-1.5 * (r / ANGSTROM - e)) for r, e in ((r1, short), (r2, long)))
        return (40000 * y1**2 + 40000 * y2**2 + 9000 * opened) * CM1

    return energy


def line(short: float, long: float) -> Tensor:
    return torch.tensor([[-short, 0, 0], [0, 0, 0], [long, 0, 0]]).double() * ANGSTROM


def test_coupling_is_the_ratio_of_frequencies() -> None:
    """Products of √(F_kk G_kk) over those of the normal modes."""
    system = model(lambda q: torch.einsum("pi,ij,pj->p", q, FORCES, q) / 2, METRIC)
    modes = torch.linalg.eigvals(METRIC @ FORCES).real.sqrt()
    single = (FORCES.diagonal() * METRIC.diagonal()).sqrt()
    exact = float(single.prod() / modes.prod())
    # Differences of a quadratic form are exact, but for rounding.
    assert mode_coupling(system, torch.zeros(3).double(), range(3)) == pytest.approx(
        exact, rel=1e-8
    )


def test_a_saddle_has_no_coupling() -> None:
    system = model(lambda q: q[:, 0] ** 2 - q[:, 1] ** 2, torch.eye(2, dtype=torch.float64))
    assert mode_coupling(system, torch.zeros(2).double(), (0, 1)) == torch.inf


@pytest.mark.parametrize(
    ("symbols", "bonds", "kind"),
    [(("O", "C", "O"), (1.16, 1.16), Valence), (("F", "H", "Cl"), (0.93, 1.9), (Jacobi, Radau))],
)
def test_a_light_atom_in_the_middle(
    symbols: tuple[str, ...], bonds: tuple[float, float], kind: type
) -> None:
    """G_12 = −1/m of the middle atom: nothing for carbon, most of G for hydrogen."""
    masses = Molecule(symbols).masses
    chosen = least_coupled(two_bonds(*bonds), masses, line(*bonds), 1)
    assert isinstance(chosen, kind)


def test_a_proton_that_jumps_through_the_middle_has_no_length_from_there() -> None:
    """O-H-O: Jacobi coordinates of the proton would be singular half-way between its two places."""

    def energy(x: Tensor) -> Tensor:
        one, other, apart = (
            (x[:, a] - x[:, b]).norm(dim=-1) / ANGSTROM for a, b in ((0, 1), (1, 2), (0, 2))
        )
        off, bent, more = (one - other) / 2, one + other - apart, apart - 2.52
        falling = (21000 + 90000 * more) * torch.exp(-0.5 * more**2)
        heavy = 20000 * (1 - torch.exp(-1.6 * more)) ** 2
        return (heavy - falling * off**2 + 90000 * off**4 + 9000 * bent) * CM1

    masses = Molecule(("O", "H", "O")).masses
    chosen = least_coupled(energy, masses, line(0.9464, 2.0936), 1)
    assert isinstance(chosen, Jacobi)
    assert chosen.atom != 1


def test_other_wells_have_no_short_length_either() -> None:
    """A proton that passes between two atoms to another well: no length from where it passes."""
    masses = Molecule(("F", "H", "Cl")).masses
    free = least_coupled(two_bonds(0.93, 1.9), masses, line(0.93, 1.9), 1)
    with torch.no_grad():
        short = free.to_positions(torch.tensor([[0.3, 4.0, 0.1]]).double(), masses)[0]
    assert least_coupled(two_bonds(0.93, 1.9), masses, line(0.93, 1.9), 1, [short]) != free
