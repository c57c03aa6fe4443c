"""Water with J > 0 against another program, and against itself in other frames."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from pes.coordinates import Valence, curvilinear, hessian, normal_modes
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.rovibration import Rovibrational, contract_states, levels_of
from pes.rovibration.hamiltonian import hamiltonian, lowering, solve
from pes.rovibration.reference import avoided_coordinate
from pes.rovibration.second_order import second_order
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, Levels, SparseGrid, model, molecular, vibrational_levels

# A prototype of another make, 120 states in two sets of coordinates: levels above the J = 0 ground
# state, and those of ν2, in cm⁻¹; each to the last digit.
GROUND = {
    1: (23.7912, 37.1402, 42.3726),
    2: (70.0828, 79.4952, 95.1684, 134.9119, 136.1728),
    3: (136.7488, 142.2718, 173.3469, 206.3021, 212.1512, 285.2415, 285.4404),
}
BEND_101 = 1618.4672


@pytest.fixture(scope="module")
def water() -> Levels:
    """Eight levels, within 0.001 cm⁻¹."""
    stretch = ("sinc", 0.66 * ANGSTROM, 1.6 * ANGSTROM, 9)
    bases = [
        BasisSpec(*stretch, points=14, primitives=40, name="r1"),
        BasisSpec(*stretch, points=14, primitives=40, name="r2"),
        BasisSpec("legendre", 45 * DEGREE, 180 * DEGREE, 12, points=18, primitives=40, name="t"),
    ]
    system = molecular(
        WaterPJT(), Valence(0, (1, 2)).to_positions, Molecule(("O", "H", "H")).masses
    )
    return vibrational_levels(system, bases, 8, convergence=False)


@pytest.fixture(scope="module")
def rotating(water: Levels) -> Callable[[str], list[Rovibrational]]:
    known: dict[str, list[Rovibrational]] = {}

    def levels(frame: str) -> list[Rovibrational]:
        if frame not in known:
            basis = contract_states(water, states=60, frame=frame, highest=3)
            known[frame] = [levels_of(basis, j) for j in (1, 2, 3)]
        return known[frame]

    return levels


def excitations(water: Levels, one: Rovibrational, vibration: int) -> torch.Tensor:
    return (one.energies[one.vibration == vibration] - water.energies[0]) / CM1


@pytest.mark.parametrize("frame", ["eckart", "bisector", "embedded"])
def test_another_program(
    water: Levels, rotating: Callable[[str], list[Rovibrational]], frame: str
) -> None:
    """All frames: with A of the wrong sign, J = 1 is off by 0.29 cm⁻¹ in the embedded one."""
    for one in rotating(frame):
        expected = torch.tensor(GROUND[one.j], dtype=torch.float64)
        # The basis: 0.0002; rounding: 0.00005.
        torch.testing.assert_close(excitations(water, one, 0), expected, rtol=0, atol=3e-4)
    bend = excitations(water, rotating(frame)[0], 1)
    assert float(bend[0]) == pytest.approx(BEND_101, abs=1e-3)


def test_estimates_cover_the_difference_to_the_other_program(
    water: Levels, rotating: Callable[[str], list[Rovibrational]]
) -> None:
    for one in rotating("eckart"):
        own = one.vibration == 0
        error = (excitations(water, one, 0) - torch.tensor(GROUND[one.j])).abs()
        # Half a digit of theirs, and what the functions of the fixture leave undone.
        assert bool((error <= one.convergence[own] / CM1 + 1.5e-4).all()), (one.j, error)


def test_states_of_fewer_functions_have_the_signs_of_all(water: Levels) -> None:
    """Else a level that mixes two states half and half is held against the wrong one of two."""
    basis = contract_states(water, states=20, frame="eckart")
    all_, fewer = (one.rotation[..., :8, :8] for one in (basis.coupling, basis.others[1]))
    strong = all_.abs() > 1e-2 * all_.abs().max()
    assert int(strong.sum()) > 30
    assert bool((all_ * fewer > 0)[strong].all())


@pytest.mark.parametrize("frame", ["eckart", "embedded"])
def test_states_that_are_left_out_count_to_second_order(water: Levels, frame: str) -> None:
    """With 20 states J = 3 of the prototype is off by 0.007 cm⁻¹, and 0.0022 by the bisector."""
    basis = contract_states(water, states=20, frame=frame)
    one = levels_of(basis, 3)
    error = (excitations(water, one, 0) - torch.tensor(GROUND[3])).abs()
    assert float(error.max()) < 5e-4
    assert bool((error <= one.convergence[one.vibration == 0] / CM1 + 1.5e-4).all())
    # Without it the levels are upper bounds, and as far off as it says.
    plain = torch.linalg.eigvalsh(hamiltonian(replace(basis.coupling, missing=()), 3))
    assert bool((plain[:7] >= one.energies[:7]).all())
    off = (plain[:7] - water.energies[0]) / CM1 - torch.tensor(GROUND[3])
    assert float(off.max()) > 1e-3


def test_second_order_is_limited_where_it_diverges(water: Levels) -> None:
    """Near linear geometries G diverges: rotation must raise every energy all the same."""
    basis = contract_states(water, states=20, frame="eckart")
    coupling, ground = basis.coupling, float(water.energies[0])
    (missing,) = coupling.missing
    products, less, error = lowering(coupling, 3)
    assert torch.equal(less, second_order(coupling.missing, None, 3)[1])
    assert torch.equal(error, 0.1 * less)
    # What the states left out do, a million times as strong as it is in this molecule.
    strong = replace(coupling, missing=(replace(missing, products=1e6 * missing.products),))
    plain, limited = (solve(one, 3).energies for one in (replace(coupling, missing=()), strong))
    wild = hamiltonian(coupling, 3)
    wild[products[:, None], products] -= 1e6 * less
    assert float(torch.linalg.eigvalsh(wild)[0]) < ground
    # Rotation is positive, so that the n-th level lies above the n-th of its absence.
    bare = coupling.energies.repeat_interleave(7).sort().values
    assert bool((limited > bare).all())
    assert bool((limited <= plain + 1e-12).all())
    # The error is as large as what was cut.
    doubt = levels_of(replace(basis, coupling=strong), 3).convergence[:7]
    assert bool((doubt > 0.9 * (plain - limited)[:7]).all())


def test_rotational_energy_that_is_not_positive_is_refused(water: Levels) -> None:
    """As of a sparse grid too coarse for G: the second order would have no limit."""
    basis = contract_states(water, states=20, frame="eckart")
    coupling = basis.coupling
    wrong = coupling.rotation.clone()
    wrong[0, 0] = wrong[0, 0] - 10 * wrong[0, 0].diagonal().mean() * torch.eye(20)
    with pytest.raises(ValueError, match=r"is not positive.*grid_level.*rotation\.states"):
        lowering(replace(coupling, rotation=wrong), 3)


def test_sparse_grid() -> None:
    """States on a sparse grid, whose weights have either sign, rotate like others."""
    inner, masses = Valence(0, (1, 2)), Molecule(("O", "H", "H")).masses
    bottom = [0.9579205 * ANGSTROM, 0.9579205 * ANGSTROM, 104.499647 * DEGREE]
    x = inner.to_positions(torch.tensor(bottom, dtype=torch.float64), masses)
    modes = curvilinear(inner, normal_modes(x, hessian(WaterPJT(), x), masses))
    system = molecular(WaterPJT(), modes.to_positions, masses)
    levels = vibrational_levels(system, SparseGrid(modes.names, 8, 10), 2, convergence=False)
    basis = contract_states(levels, states=30)
    one = levels_of(basis, 1)
    # The overlap: the grid is exact for two functions of the basis.
    overlap = basis.scalars(lambda x: torch.ones_like(x[:, :1, 0]))[0]
    torch.testing.assert_close(overlap, torch.eye(30).double(), rtol=0, atol=1e-9)
    # A vector along the first bond of the body, as long as it: its square over all axes.
    arms = basis.moments(lambda x: x[:, 1] - x[:, 0])
    squares = basis.scalars(lambda x: (x[:, 1] - x[:, 0]).square().sum(1, keepdim=True))[0]
    # The sum over states ends after 30.
    assert float((arms @ arms).sum(0)[0, 0]) == pytest.approx(float(squares[0, 0]), rel=1e-6)
    # 30 states instead of 120: 0.001.
    expected = torch.tensor(GROUND[1], dtype=torch.float64)
    torch.testing.assert_close(excitations(levels, one, 0), expected, rtol=0, atol=3e-3)


def test_labels(rotating: Callable[[str], list[Rovibrational]]) -> None:
    """Ka and Kc, and C2v(M) as in Bunker and Jensen: 1_01 B1, 1_11 A2, 1_10 B2."""
    one = rotating("eckart")[0]
    ground = [
        (int(one.ka[k]), int(one.kc[k]), one.symmetry[k])
        for k in (one.vibration == 0).nonzero().flatten()
    ]
    assert ground == [(0, 1, "B1"), (1, 1, "A2"), (1, 0, "B2")]
    # ν3 is B2: the product.
    third = [one.symmetry[k] for k in (one.vibration == 4).nonzero().flatten()]
    assert third == ["A2", "B1", "A1"]


@pytest.mark.parametrize("frame", ["eckart", "bisector"])
def test_labels_have_the_parity_of_their_levels(
    water: Levels, rotating: Callable[[str], list[Rovibrational]], frame: str
) -> None:
    """(−1)^Kc is E*: a resonance with 2_2 of ν1 + ν3 puts 3_30 of ν1 + ν2 below its 3_31."""
    for one in rotating(frame):
        even = torch.tensor([name in ("A1", "B2") for name in one.symmetry])
        assert torch.equal(one.kc % 2 == 0, even)
        for v in range(8):
            own = one.vibration == v
            pairs = sorted(zip(one.ka[own].tolist(), one.kc[own].tolist(), strict=True))
            # Each label once.
            assert len(set(pairs)) == int(own.sum()) == 2 * one.j + 1
    crossed = one.energies[(one.vibration == 6) & (one.ka == 3)]
    assert one.kc[(one.vibration == 6) & (one.ka == 3)].tolist() == [0, 1]
    assert float(crossed.diff()) == pytest.approx(0.39 * CM1, abs=0.05 * CM1)


def test_one_well_has_the_frame_of_eckart(water: Levels) -> None:
    few = replace(water, eigenpairs=water.eigenpairs.first(3))
    assert contract_states(few, states=8).frame == "eckart"
    assert avoided_coordinate(water) is None


def test_no_rotation(water: Levels) -> None:
    still = levels_of(contract_states(water, states=20, frame="eckart", highest=0), 0)
    torch.testing.assert_close(still.energies, water.energies, rtol=0, atol=1e-12)
    assert still.vibration.tolist() == list(range(8))


def test_as_many_states_as_levels_are_no_estimate_of_zero(water: Levels) -> None:
    one = levels_of(contract_states(water, states=8, highest=1), 1)
    assert float(one.convergence.min()) > 0


def test_input_that_does_not_do(water: Levels) -> None:
    with pytest.raises(ValueError, match="`J` must be whole numbers from 0 on, got -1"):
        levels_of(contract_states(water, states=8), -1)
    with pytest.raises(ValueError, match="between the 8 levels and the"):
        contract_states(water, states=3)
    oscillator = model(lambda q: q.square().sum(1), torch.eye(3).double())
    with pytest.raises(ValueError, match="has no rotation"):
        contract_states(replace(water, system=oscillator))
