"""Changes without the highest products, against calculations that do without them."""

import torch
from torch import Tensor

from pes.setup.automatic.cuts.inner_products import inner_changes, rough_changes
from pes.setup.automatic.solved_hamiltonian import SolvedHamiltonian
from pes.vibration import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.select import dense
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.levels.matching import matching
from pes.vibration.system.system import model

COUNT = 6
HIGH, LOW = 0.05, 0.04


def potential(q: Tensor) -> Tensor:
    """Two oscillators, coupled and anharmonic, hartree."""
    x, y = q.T
    return 0.10 * x**2 + 0.06 * y**2 + 0.02 * x * y + 0.01 * x**2 * y + 0.005 * y**4


def calculation(energy: float) -> SolvedHamiltonian:
    """Products up to an energy of functions that do not depend on it."""
    specs = [BasisSpec("sinc", -2.4, 2.4, 14, 18, 40, name) for name in "xy"]
    system = model(potential, torch.eye(2, dtype=torch.float64) / 2000)
    h = build_hamiltonian(
        system, specs, torch.zeros(2, dtype=torch.float64), ceiling=10.0,
        truncation=Truncation(energy=energy),
    )  # fmt: skip
    return SolvedHamiltonian(h, dense(h, COUNT + 4), 0.0, ())


def test_changes_are_those_of_the_smaller_calculation() -> None:
    """Above them, for its vectors are the better ones; by no more than a fifth."""
    large, small = calculation(HIGH), calculation(LOW)
    assert small.hamiltonian.size < 0.8 * large.hamiltonian.size
    true = matching(large.levels, small.levels, COUNT).changes
    changes = inner_changes(large, LOW, COUNT)
    assert float(true.max()) > 1e-7
    torch.testing.assert_close(changes, true, rtol=0.2, atol=0.02 * float(true.max()))
    roughly = rough_changes(large, LOW, COUNT)
    assert bool((roughly[true > 0.1 * true.max()] > true[true > 0.1 * true.max()] / 3).all())
    assert float(roughly.max()) < 3 * float(true.max())


def test_all_products_change_nothing() -> None:
    large = calculation(HIGH)
    for changes in (inner_changes, rough_changes):
        none = torch.zeros(COUNT, dtype=torch.float64)
        torch.testing.assert_close(changes(large, HIGH, COUNT), none, rtol=0, atol=1e-12)


def test_a_level_that_the_smaller_calculation_does_not_have() -> None:
    """Products of the two lowest energies alone hold no fourth level."""
    large = calculation(HIGH)
    energies = large.hamiltonian.zero_order_energies.sort().values
    second = float(energies[1] - energies[0]) + 1e-9
    assert float(inner_changes(large, second, 4)[3]) > 1e-3
