"""Functions, points and memory of given sizes, said before the start."""

import pytest
import torch

from pes.setup import memory_limit
from pes.setup.basis import BasisSize
from pes.setup.levels import levels
from pes.setup.memory_limit import refuse_shortage
from pes.setup.problem import problem
from pes.setup.size_forecast import size_forecast
from pes.setup.surfaces import as_surface
from pes.setup.truncation import TruncationRequest


def test_limits_on_energies_leave_the_functions_that_are_said() -> None:
    size, limit = {"all": BasisSize(functions=8)}, TruncationRequest(energy=25000)
    task = problem(as_surface("water_pjt1996"), basis=size)
    said = size_forecast(task, limit, 5, cap=60000, convergence=False, symmetry=True)
    taken = levels(
        "water_pjt1996", basis=size, truncation=limit, count=5, convergence=False
    ).levels.hamiltonian  # fmt: skip
    assert (said.size.functions, said.size.points) == (taken.size, len(taken.potential))
    assert said.memory - said.program < 2**27 < said.program < said.memory


def test_the_larger_run_of_a_sparse_grid_is_meant() -> None:
    task = problem(as_surface("formaldehyde_model"))
    limits = TruncationRequest(quanta=4, grid_level=6)
    said = size_forecast(task, limits, 5, cap=60000, convergence=True, symmetry=True)
    # No reflection of all coordinates: one quantum more, (5 + 6)! / (5! 6!).
    assert said.size.functions == 462


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "free_memory", lambda _: 2**30)
    monkeypatch.setattr(memory_limit, "resident_memory", lambda: 2**29)

    def ask(needed: int, allowed: float | None) -> None:
        device = torch.device("cpu")
        refuse_shortage("the run", needed, "lower it", allowed=allowed, device=device)

    ask(2**30, None)
    ask(2**30, 2**30)
    with pytest.raises(ValueError, match=r"2 GiB in all, 1.5 GiB more than now: 1 are free; lower"):
        ask(2**31, None)
    with pytest.raises(ValueError, match=r"`memory` allows 0.5 GiB; lower it, or raise `memory`"):
        ask(2**30, 2**29)
