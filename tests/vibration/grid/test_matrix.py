"""The matrix of a product basis, whichever way its sums are taken."""

import pytest
import torch

from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.grid import matrix
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.system.system import model


def test_few_fields_and_many_give_the_same_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    g = torch.tensor([[1.0, 0.2, 0.0], [0.2, 0.8, 0.1], [0.0, 0.1, 0.5]]).double()
    system = model(lambda q: (q**2).sum(-1) / 2 + 0.1 * q.prod(-1), g)
    bases = [BasisSpec("sinc", -5, 5, n, n + 3, 30, f"q{n}") for n in (5, 6, 7)]
    h = build_hamiltonian(
        system, bases, torch.zeros(3).double(), ceiling=100.0, truncation=Truncation(quanta=6)
    )
    identity = torch.eye(h.size, dtype=torch.float64)
    for few in (0, 10**9):
        monkeypatch.setattr(matrix, "FEW", few)
        # Products on the grid sum in another order.
        torch.testing.assert_close(h.dense(), h.apply(identity), rtol=0, atol=1e-12)
