"""Partners of levels in another basis."""

from dataclasses import replace

import torch

from pes.units import CM1
from pes.vibration import BasisSpec, System, model
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.matching import in_new_basis, matching, of_partners


def system(coupling: float = 0.05) -> System:
    g = torch.eye(2, dtype=torch.float64)
    return model(
        lambda q: (q[:, 0] ** 2 + 1.7 * q[:, 1] ** 2) / 2 + coupling * q[:, 0] ** 2 * q[:, 1], g
    )


def solved(n: int, *, low: float = -6.0, count: int = 9) -> tuple[Hamiltonian, Eigenpairs]:
    bases = [BasisSpec("sinc", low, -low, n, points=n + 6, primitives=50)] * 2
    h = build_hamiltonian(system(), bases, torch.zeros(2).double(), ceiling=100.0)
    return h, lowest_blockwise(h, count)


def test_the_same_calculation_matches_itself() -> None:
    one = solved(10)
    match = matching(one, one, 6)
    assert match.partners.tolist() == list(range(6))
    assert float(match.changes.max()) == 0


def test_larger_basis_and_wider_ranges() -> None:
    match = matching(solved(12), solved(10), 6)
    assert match.partners.tolist() == list(range(6))
    match = matching(solved(10, low=-7.0), solved(10), 6)
    assert match.partners.tolist() == list(range(6))
    assert float(match.changes.max()) < 1e-3


def test_a_level_that_the_other_calculation_missed() -> None:
    """Its partner is none and its change infinite; those above keep theirs."""
    h, pairs = solved(10)
    kept = [0, 1, 3, 4, 5, 6, 7, 8]
    fewer = Eigenpairs(
        pairs.energies[kept], pairs.coefficients[kept], pairs.residuals[kept], "dense"
    )
    match = matching((h, pairs), (h, fewer), 6)
    assert match.partners.tolist() == [0, 1, -1, 2, 3, 4]
    assert match.changes.isinf().tolist() == [False, False, True, False, False, False]


def test_two_levels_that_changed_places() -> None:
    """Each is compared with its own, though the order of energies is another."""
    h, pairs = solved(10)
    order = [0, 2, 1, *range(3, 9)]
    energies = pairs.energies.clone()
    energies[1], energies[2] = pairs.energies[1], pairs.energies[1] + 0.1 * CM1
    swapped = Eigenpairs(energies, pairs.coefficients[order], pairs.residuals, "dense")
    match = matching((h, pairs), (h, swapped), 6)
    assert match.partners.tolist() == [0, 2, 1, 3, 4, 5]


def test_the_signs_of_functions_do_not_matter() -> None:
    h, pairs = solved(10)
    signs = torch.tensor([1.0, -1.0] * 5).double()
    turned = Eigenpairs(
        pairs.energies, (pairs.coefficients.reshape(-1, 10, 10) * signs).flatten(1),
        pairs.residuals, "dense",
    )  # fmt: skip
    bases = list(h.basis.bases)
    last = bases[1]
    bases[1] = replace(
        last, values=last.values * signs, derivatives=last.derivatives * signs,
        fine_values=last.fine_values * signs,
    )  # fmt: skip
    other = replace(h, basis=replace(h.basis, bases=tuple(bases)))
    match = matching((h, pairs), (other, turned), 6)
    assert match.partners.tolist() == list(range(6))


def test_changes_of_the_same_level_are_compared() -> None:
    """Two levels that have changed places; one without a partner; one that is new."""
    partners = torch.tensor([1, 0, -1, 3])
    changes = of_partners(torch.tensor([1.0, 2.0, 3.0]), partners)
    assert changes.tolist() == [2.0, 1.0, torch.inf, 3.0]
    assert of_partners(torch.tensor([1.0]), torch.tensor([-1, -1])).tolist() == [torch.inf] * 2


def beside_free_waves(end: float) -> tuple[Hamiltonian, Eigenpairs]:
    """A well between barriers at x = ±1.6, and a free way from there to a wall."""

    def potential(q: torch.Tensor) -> torch.Tensor:
        x, y = q.unbind(-1)
        return 40 * (-4 * (x.abs() - 1.6) ** 2).exp() + 3 * y**2 / 2 + 0.05 * x * y

    bases = [
        BasisSpec("box", -1.6, end, 40, points=56, primitives=70),
        BasisSpec("sinc", -4.0, 4.0, 6, points=12, primitives=40),
    ]
    g = torch.eye(2, dtype=torch.float64)
    h = build_hamiltonian(model(potential, g), bases, torch.zeros(2).double(), ceiling=100.0)
    return h, lowest_blockwise(h, 30)


def test_functions_of_a_well_are_known_among_free_waves_of_other_ranges() -> None:
    """Wider ranges have more free waves below a function of the well: its number is another."""
    here, there = beside_free_waves(6.0), beside_free_waves(7.0)
    # Without a free way the levels are those of the well.
    own = beside_free_waves(1.6)[1].energies[:4]
    numbers = (here[1].energies[:, None] - own).abs().argmin(0)
    partners = matching(here, there, int(numbers.max()) + 1).partners[numbers]
    assert bool((partners != numbers).any())
    assert int(partners.min()) >= 0
    apart = here[1].energies[numbers] - there[1].energies[partners]
    # The well's functions feel what is beyond the barriers by tunnelling alone.
    assert float(apart.abs().max()) < 0.01


def test_vectors_go_to_other_ranges_and_primitives_by_overlap() -> None:
    """Norms stay one where both sets of functions are complete for them."""
    h, pairs = solved(14)
    bases = [BasisSpec("legendre", 0.5, 2.6, 14, points=18, primitives=40)] * 2
    angles = [replace(b, low=0.4, high=2.7, primitives=55) for b in bases]
    middle = torch.full((2,), 1.55).double()
    tight = model(lambda q: 30 * ((q - 1.55) ** 2).sum(-1), torch.eye(2, dtype=torch.float64) / 4)
    a, b = (build_hamiltonian(tight, one, middle, ceiling=1000.0) for one in (bases, angles))
    for one, other, states in (
        (h, solved(16, low=-7.0)[0], pairs), (a, b, lowest_blockwise(a, 4)),
    ):  # fmt: skip
        moved = in_new_basis(one.basis, states.first(4), other.basis)
        torch.testing.assert_close(
            moved @ moved.T, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-3
        )
