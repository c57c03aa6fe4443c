"""Functions, points and memory of given sizes, said before the start."""

import pytest
import torch

from pes.setup.inputs.surfaces import as_surface
from pes.setup.levels.levels import levels
from pes.setup.levels.size_forecast import SizeForecast, size_forecast
from pes.setup.levels.solved import solved
from pes.setup.machine import memory_limit
from pes.setup.machine.memory_limit import refuse_shortage
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.problem import Problem, problem
from pes.setup.problem.truncation import TruncationRequest
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.levels.size_estimate import SizeEstimate


@pytest.fixture(scope="module")
def task() -> Problem:
    return problem(as_surface("formaldehyde_model"))


def test_limits_on_energies_leave_the_functions_that_are_said() -> None:
    size, limit = {"all": BasisSize(functions=8)}, TruncationRequest(energy=25000)
    task = problem(as_surface("water_pjt1996"), basis=size)
    said = size_forecast(task, limit, 5, cap=60000, convergence=False, symmetry=True)
    taken = levels(
        "water_pjt1996", basis=size, truncation=limit, count=5, convergence=False
    ).levels.hamiltonian  # fmt: skip
    assert (said.size.functions, said.size.points) == (taken.size, len(taken.potential))
    assert said.memory - said.program < 2**27 < said.program < said.memory


def test_the_larger_run_of_a_sparse_grid_is_meant(task: Problem) -> None:
    limits = TruncationRequest(quanta=4, grid_level=6)
    said = size_forecast(task, limits, 5, cap=60000, convergence=True, symmetry=True)
    # No reflection of all coordinates: one quantum more, (5 + 6)! / (5! 6!).
    assert said.size.functions == 462


def test_a_sparse_grid_too_large_is_refused_before_its_points_are_listed() -> None:
    """Nine modes to level 25 would be 3e9 points; their numbers alone would fill the memory."""
    methane = problem(as_surface("methane_model"))
    with pytest.raises(ValueError, match=r"a sparse grid of [\d,]+ points \(level 25\) needs"):
        size_forecast(
            methane, TruncationRequest(quanta=22, grid_level=25), 5, cap=1e5, convergence=True,
            symmetry=True,
        )  # fmt: skip


@pytest.mark.parametrize("convergence", [False, "larger", "smaller"])
def test_every_step_of_a_product_grid_is_forecast(convergence: bool | str) -> None:
    task = problem(as_surface("water_pjt1996"), basis={"all": BasisSize(functions=5)})
    said = size_forecast(
        task, TruncationRequest(), 3, cap=60000, convergence=convergence, symmetry=True
    )
    steps: list[str] = []
    solved(task, count=3, convergence=convergence, progress=steps.append)
    assert steps == list(said.steps)


@pytest.mark.parametrize("convergence", [False, True])
def test_every_step_of_a_sparse_grid_is_forecast(task: Problem, convergence: bool) -> None:
    limits = TruncationRequest(quanta=2, grid_level=4)
    said = size_forecast(task, limits, 3, cap=60000, convergence=convergence, symmetry=True)
    steps: list[str] = []
    solved(task, count=3, truncation=limits, convergence=convergence, progress=steps.append)
    assert steps == list(said.steps)


def test_time_left_follows_the_steps_that_are_done() -> None:
    said = SizeForecast(SizeEstimate(1, 1, 1), 0, {"levels": 10.0, "more functions": 20.0})
    assert str(said).endswith("GiB in all and 30 CPU-s")
    assert said.seconds_left("levels", 0.0, 0.0) == 30
    assert said.seconds_left("levels", 0.0, 4.0) == 26
    # Twice as long as said for the first step: so will be the next.
    assert said.seconds_left("more functions", 20.0, 10.0) == 30
    now = Progress(1, 2, 1e-3, 40, torch.zeros(2, 5))
    assert said.seconds_left("more functions", 10.0, 50.0, now) == 25


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "free_memory", lambda _: 2**30)
    monkeypatch.setattr(memory_limit, "resident_memory", lambda: 2**29)

    def ask(needed: int, allowed: float | None) -> None:
        device = torch.device("cpu")
        refuse_shortage("the run", needed, "lower it", allowed=allowed, device=device)

    ask(2**30, None)
    ask(2**30, 2**30)
    with pytest.raises(ValueError, match=r"2 GiB in all, 1.5 GiB more than now: 1 GiB are free"):
        ask(2**31, None)
    with pytest.raises(ValueError, match=r"`memory` allows 0.5 GiB; lower it, or raise `memory`"):
        ask(2**30, 2**29)
