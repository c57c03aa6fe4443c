"""Levels in normal coordinates to an accuracy: exact oscillators, budgets, holes."""

import re
from dataclasses import replace

import pytest
import torch
from growing_series import RANGES, grid, oscillators, sparse, target
from torch import Tensor

from pes.memory import resident_memory
from pes.setup.automatic import request
from pes.setup.automatic.quanta import growing_quanta, quanta_forecast, quanta_series
from pes.setup.automatic.quanta.growing_grids import ProductGrid
from pes.setup.automatic.quanta.growing_quanta import _missing, levels_by_quanta
from pes.setup.automatic.quanta.quanta_forecast import Costs, Forecast
from pes.setup.automatic.quanta.quanta_series import Series
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.setup.automatic.request import Budget
from pes.units import CM1
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.grid.sparse_basis import SparseBasis
from pes.vibration.levels.result import Levels
from pes.vibration.system.continuation import Continuation
from pes.vibration.system.system import System, harmonic_frequencies


def exact_levels(frequencies: Tensor, count: int) -> Tensor:
    n = torch.cartesian_prod(*[torch.arange(5.0).double()] * len(frequencies))
    return (n @ frequencies).sort().values[:count]


@pytest.mark.parametrize(
    ("frequencies", "count", "accuracy", "sparse"),
    [
        ([900.0, 1100, 1500, 2100], 5, 0.05, False),
        ([900.0, 1000, 1200, 1400, 1500, 1700, 3000], 3, 60, True),
    ],
)
def test_exact_levels_lie_within_the_estimates(
    frequencies: list[float], count: int, accuracy: float, sparse: bool
) -> None:
    system, exact = oscillators(frequencies)
    modes, said = len(frequencies), []
    asked = target(system, modes, accuracy=accuracy * CM1, count=count)
    levels = levels_by_quanta(asked, grid(modes), report=said.append)
    error = (levels.excitations - exact_levels(exact, count)).abs()
    error[0] = abs(levels.zero_point_energy - float(exact.sum()) / 2)
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())
    assert float(levels.convergence.max()) <= accuracy * CM1
    assert levels.warnings == ()
    assert isinstance(levels.hamiltonian.basis, SparseBasis) is sparse
    # Size before the first calculation, a table after it.
    assert said[0].startswith("forecast of all calculations")
    assert said[1].startswith("first: ")
    # The parts of a calculation are said where it is long, as on a busy machine.
    assert any("preliminary" in line for line in said[2:])


def test_an_energy_in_place_of_a_count() -> None:
    system, exact = oscillators([900.0, 1100, 1500, 2100])
    every = exact_levels(exact, 40)
    energy = float(every[12] + every[13]) / 2
    levels = levels_by_quanta(target(system, 4, count=None, energy=energy), grid(4))
    assert len(levels.energies) == 13


def test_a_budget_that_is_too_small_is_said() -> None:
    system, _ = oscillators([900.0, 1100, 1500, 2100])
    said: list[str] = []
    levels = levels_by_quanta(
        target(system, 4, accuracy=1e-7 * CM1),
        grid(4),
        budget=Budget(0.0),
        report=said.append,
    )
    assert any("are not begun" in line for line in said)
    (warning,) = levels.warnings
    assert "levels 0 to 9 are not converged to the 1e-07 cm-1" in warning
    assert "of 0 CPU-s are spent, `minutes: 1` allows the next calculation" in warning


@pytest.mark.parametrize("line", ["first: ", "next: "])
def test_a_signal_ends_the_growth_and_keeps_the_levels(line: str) -> None:
    """During the first calculation, which goes on to its end, or the second, which does not."""
    system, exact = oscillators([900.0, 1100, 1500, 2100])
    said: list[str] = []
    levels = levels_by_quanta(
        target(system, 4, accuracy=1e-7 * CM1, solver="davidson"), sparse(4), report=said.append,
        budget=Budget(stopped=lambda: any(words.startswith(line) for words in said)),
    )  # fmt: skip
    assert sum("preliminary" in words for words in said) == 1
    (warning,) = levels.warnings
    assert "did not grow further: a signal asked for the end" in warning
    error = (levels.excitations - exact_levels(exact, 10)).abs()
    assert bool((error <= levels.convergence + 1e-6 * CM1)[1:].all())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """CPU-seconds of the process as the calculations read them, set by a test."""
    now = [0.0]
    for module in (growing_quanta, quanta_forecast, quanta_series, request):
        monkeypatch.setattr(module, "process_time", lambda: now[0])
    monkeypatch.setattr(Costs, "usual", lambda _, grid: 4.0 ** (grid.quanta / 2))
    return now


def test_calculations_longer_than_forecast_are_expected_again(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the forecast makes the next one twice as long, and it is not begun if that is late."""
    system, _ = oscillators([900.0, 1100, 1500])
    asked = target(system, 3, accuracy=1e-8 * CM1, solver="davidson")
    following = Series.following

    def seconds(factor: float, budget: float) -> tuple[list[float], list[str]]:
        """Forecasts of calculations that take so much longer, and the sentences on them."""

        def late(series: Series, ahead: Forecast, base: QuantaStage) -> QuantaStage:
            stage = following(series, ahead, base)
            clock[0] += factor * ahead.seconds
            return stage

        said: list[str] = []
        clock[0] = 0.0
        monkeypatch.setattr(Series, "following", late)
        levels_by_quanta(asked, sparse(3, 14), budget=Budget(budget), report=said.append)
        ahead = [line for line in said if "about" in line and "quanta, " in line][2:]
        return [float(re.findall(r"(\d+) CPU-s", line)[0]) for line in ahead], ahead

    (usual, second, *_), _ = seconds(1.0, 1e6)
    (first, doubled, third, *_), _ = seconds(2.0, 1e6)
    assert first == usual
    assert doubled == pytest.approx(2 * second, abs=1.5)  # printed without decimals
    # The second took twice its forecast again; each has four times the work of the one before.
    assert third == pytest.approx(2 * 4 * doubled, abs=8)
    budget = 2 * first + 1.5 * second
    assert [_begun(line) for line in seconds(1.0, budget)[1]] == ["6", "8", "10", ""]
    # One more quantum takes half as much time as two.
    assert [_begun(line) for line in seconds(2.0, budget)[1]] == ["6", "8", "9", ""]


def _begun(line: str) -> str:
    """Quanta of a calculation that is begun, nothing for one that is not."""
    return "" if "are not begun" in line else line.partition(": ")[2].split()[0]


def test_half_a_step_where_no_whole_one_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels are better than before it, and exact ones within their estimates."""
    quanta = 8.0
    system, exact = oscillators([900.0, 1100, 1500, 2100])
    asked = target(system, 4, accuracy=1e-8 * CM1, solver="davidson")

    def run(largest: float) -> Levels:
        def obstacle(_: Costs, ahead: Forecast) -> str:
            return "time" if ahead.grid.quanta > largest else ""

        monkeypatch.setattr(Costs, "obstacle", obstacle)
        return levels_by_quanta(asked, sparse(4))

    whole, more = run(quanta), run(quanta + 1)
    assert (whole.truncation.quanta, more.truncation.quanta) == (quanta, quanta + 1)
    error = (more.excitations - exact_levels(exact, 10)).abs()[1:]
    assert bool((error <= more.convergence[1:] + 1e-6 * CM1).all())
    assert float(more.convergence.max()) < float(whole.convergence.max())


@pytest.mark.parametrize(("spent", "calculations"), [(1.4, 2), (1.6, 1)])
def test_a_calculation_far_beyond_the_time_is_ended(
    clock: list[float], spent: float, calculations: int
) -> None:
    """Levels of the one before are kept with their estimates; no other grid is tried."""
    system, exact = oscillators([900.0, 1100, 1500, 2100])
    said: list[str] = []

    def report(line: str) -> None:
        said.append(line)
        if line.startswith("next: "):
            clock[0] = spent * 1e4

    asked = target(system, 4, accuracy=1e-7 * CM1, solver="davidson")
    levels = levels_by_quanta(
        asked, sparse(4, 14), instead=grid(4), budget=Budget(1e4), report=report
    )
    assert sum("preliminary" in line for line in said) == calculations
    ended = "did not grow further: `minutes` ended during the next calculation"
    assert (ended in levels.warnings[-1]) == (calculations == 1)
    assert not any("product grid" in line for line in said)
    error = (levels.excitations - exact_levels(exact, 10)).abs()
    assert bool((error <= levels.convergence + 1e-6 * CM1)[1:].all())


def test_quanta_that_levels_will_need_are_said() -> None:
    """Before the first calculation by experience, after the second by its estimates."""
    system, _ = oscillators([900.0, 1100, 1500])
    asked, said = target(system, 3, accuracy=1e-8 * CM1), []
    levels_by_quanta(asked, sparse(3, 12), report=said.append)
    ahead = [s for s in said if s.startswith("next: ")]
    assert "will be needed" not in ahead[0]
    assert re.search(r"at the usual rate, 1\d quanta will be needed, \d+ CPU-s in all", ahead[1])
    said.clear()
    levels_by_quanta(asked, sparse(3), budget=Budget(0.0), report=said.append)
    assert "would be needed for all levels, but" in said[1]


def test_the_last_rule_of_a_sparse_grid_ends_the_growth() -> None:
    system, _ = oscillators([900.0, 1100])
    asked, said = target(system, 2, accuracy=1e-13 * CM1, count=3), []
    levels = levels_by_quanta(asked, sparse(2), report=said.append)
    assert "stopped: quadrature rules end at level 25" in "\n".join(said)
    assert "did not grow further: quadrature rules end at level 25" in levels.warnings[-1]


def test_memory_that_is_too_small_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    system, _ = oscillators([900.0, 1100, 1500, 2100])
    asked = target(system, 4, accuracy=1e-7 * CM1)
    monkeypatch.setattr(quanta_forecast, "free_memory", lambda _: 2**20)
    with pytest.raises(ValueError, match=r"the first calculation, 6 quanta.*does not fit: 0.00098"):
        levels_by_quanta(asked, grid(4))
    said: list[str] = []

    def less_and_less(_: object) -> int:
        return 2**20 if any(line.startswith("first") for line in said) else 2**40

    monkeypatch.setattr(quanta_forecast, "free_memory", less_and_less)
    levels = levels_by_quanta(asked, grid(4), report=said.append)
    assert "GiB of memory are free" in levels.warnings[0]


def test_memory_that_the_user_allows() -> None:
    """A limit in bytes below what the first calculation takes, and one below what the next does."""
    system, _ = oscillators([900.0, 1100, 1500, 2100])
    asked = target(system, 4, accuracy=1e-7 * CM1)
    with pytest.raises(ValueError, match=r"does not fit: `memory` allows 0\.00098 GiB"):
        levels_by_quanta(asked, grid(4), budget=Budget(memory=2**20))
    said: list[str] = []
    enough = resident_memory() + 2**20 + ProductGrid(asked.names, (RANGES,) * 4, 6.0).memory(10)
    levels = levels_by_quanta(asked, grid(4), budget=Budget(memory=enough), report=said.append)
    assert not any(line.startswith("next") for line in said)
    assert "`memory` allows" in levels.warnings[0]


def holed(modes: int) -> System:
    """Oscillators and a pit far out, deeper than their minimum."""
    system, _ = oscillators([900.0, 1100, 1500, 2100, 1000, 1200, 1300][:modes])
    centre = torch.zeros(modes, dtype=torch.float64)
    centre[:2] = 2.8

    def potential(q: Tensor) -> Tensor:
        return system.potential(q) - 0.3 * torch.exp(-0.3 * (q - centre).square().sum(-1))

    return replace(system, potential=potential)


def test_a_wall_stands_in_a_hole_and_is_said() -> None:
    asked = target(holed(4), 4, accuracy=200 * CM1, count=3)
    levels = levels_by_quanta(asked, grid(4))
    (warning,) = [w for w in levels.warnings if "hole" in w]
    assert "grid points lie below its minimum, the deepest by" in warning
    assert bool((levels.energies > levels.minimum_energy).all())


def test_a_sparse_grid_takes_no_hole() -> None:
    with pytest.raises(ValueError, match=r"the surface falls \d+ cm-1 below its minimum at q"):
        levels_by_quanta(target(holed(7), 7), grid(7))


def test_a_product_grid_takes_the_place_of_a_sparse_one_in_a_hole() -> None:
    """The same levels as on the product grid alone, and a sentence."""
    asked = target(holed(4), 4, accuracy=200 * CM1, count=3)
    said: list[str] = []
    levels = levels_by_quanta(asked, sparse(4), instead=grid(4), report=said.append)
    alone = levels_by_quanta(asked, grid(4))
    assert isinstance(levels.hamiltonian.basis, ProductBasis)
    assert levels.excitations.tolist() == alone.excitations.tolist()
    (line,) = [s for s in said if "takes the place" in s]
    assert line.startswith("a product grid takes the place of the sparse grid: the surface falls")


def with_pit(modes: int) -> System:
    """Oscillators and a narrow pit far out, deeper than their minimum."""
    system, _ = oscillators([900.0, 1100, 1500, 2100][:modes])
    centre = torch.zeros(modes, dtype=torch.float64)
    centre[:2] = 2.9

    def potential(q: Tensor) -> Tensor:
        return system.potential(q) - 0.2 * torch.exp(-8 * (q - centre).square().sum(-1))

    return replace(system, potential=potential)


def continued(system: System, modes: int, energy: float) -> System:
    """The system with V continued beyond a harmonic energy in cm⁻¹."""
    frequencies = harmonic_frequencies(system, modes)
    return system.continued(Continuation(frequencies, energy * CM1))


def test_a_surface_is_continued_where_it_has_a_hole() -> None:
    """Levels are those of the oscillators, within estimates that hold the continuation."""
    system, said = with_pit(4), []
    _, exact = oscillators([900.0, 1100, 1500, 2100])
    asked = target(system, 4, accuracy=1.0 * CM1, count=5)
    levels = levels_by_quanta(
        asked, sparse(4), continued=lambda: continued(system, 4, 3300), instead=grid(4),
        report=said.append,
    )  # fmt: skip
    assert isinstance(levels.hamiltonian.basis, SparseBasis)
    assert levels.system.continuation is not None
    error = (levels.excitations - exact_levels(exact, 5)).abs()
    error[0] = abs(levels.zero_point_energy - float(exact.sum()) / 2)
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())
    assert float(levels.convergence.max()) < 1.0 * CM1
    assert any(s.startswith("V is extrapolated where harmonic energies exceed 3300") for s in said)
    (warning,) = [w for w in levels.warnings if "extrapolated" in w]
    assert warning.startswith("the surface is not used where harmonic energies exceed 3300 cm-1")


def test_a_continuation_that_levels_feel_is_in_their_estimates() -> None:
    """Quartic oscillators continued from so near that levels move."""
    system, _ = oscillators([900.0, 1500])

    def potential(q: Tensor) -> Tensor:
        return system.potential(q) + 100 * CM1 * q.pow(4).sum(-1)

    quartic = replace(system, potential=potential)
    asked = target(quartic, 2, accuracy=1.0 * CM1, count=5)
    sound = levels_by_quanta(asked, sparse(2))
    near = replace(asked, system=continued(quartic, 2, 1500))
    levels = levels_by_quanta(near, sparse(2))
    error = (levels.excitations - sound.excitations).abs()
    error[0] = abs(levels.zero_point_energy - sound.zero_point_energy)
    assert float(error.max()) > 1.0 * CM1
    assert bool((error <= levels.convergence + sound.convergence).all())
    assert any("the extrapolation of V changes levels by" in w for w in levels.warnings)


def test_a_sparse_grid_that_suits_stays() -> None:
    system, _ = oscillators([900.0, 1100, 1500, 2100])
    levels = levels_by_quanta(target(system, 4, count=5), sparse(4), instead=grid(4))
    assert isinstance(levels.hamiltonian.basis, SparseBasis)
    assert levels.warnings == ()


def test_a_product_grid_goes_on_where_a_sparse_one_ends() -> None:
    """It begins with as many quanta as the sparse grid had."""
    system, exact = oscillators([900.0, 1100, 1500, 2100])
    asked, said = target(system, 4, count=5, accuracy=0.05 * CM1), []
    levels = levels_by_quanta(asked, sparse(4, 6), instead=grid(4), report=said.append)
    assert isinstance(levels.hamiltonian.basis, ProductBasis)
    error = (levels.excitations - exact_levels(exact, 5)).abs()
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())
    assert levels.warnings == ()
    begun = [s.split(" quanta")[0] for s in said if s.startswith(("first: ", "next: "))]
    # The sparse grid stops before 6 quanta, for which it would have to have level 8.
    assert begun[-2:] == ["first: 4", "next: 6"]


def test_a_product_grid_that_does_not_fit_is_not_begun() -> None:
    system, _ = oscillators([900.0, 1100, 1500, 2100])
    asked, said = target(system, 4, count=5, accuracy=1e-6 * CM1), []

    class Full(ProductGrid):
        def seconds(self, *_: object) -> float:
            return 1e6

    full = Full(asked.names, (RANGES,) * 4, 2.0)
    levels = levels_by_quanta(asked, sparse(4, 6), instead=full, report=said.append)
    assert isinstance(levels.hamiltonian.basis, SparseBasis)
    assert any("is not begun" in s and "CPU-s are spent" in s for s in said)
    assert "did not grow further: points beyond 180 degrees" in levels.warnings[-1]


def test_a_grid_beyond_the_domain_ends_the_growth() -> None:
    """What was reached is kept, and the reason is said."""
    system, _ = oscillators([900.0, 1000, 1200, 1400, 1500, 1700, 3000])

    asked = target(system, 7, accuracy=CM1, count=2)
    levels = levels_by_quanta(asked, sparse(7, 4))
    assert "did not grow further: points beyond 180 degrees" in levels.warnings[-1]
    assert float(levels.convergence.max()) > CM1


@pytest.mark.parametrize(
    ("functions", "points", "ranges", "grows"),
    [
        (0.87, 0.03, 0.0, False),
        (0.69, 0.18, 0.0, True),  # points count twice, and not as part of the functions
        (0.9, 0.0, 0.06, True),
        (0.6, 0.0, 5.0, False),  # larger calculations do not make ranges better
        (float("nan"), 0.0, 0.0, True),
        (float("inf"), 0.0, 0.0, True),
    ],
)
def test_the_whole_estimate_decides(
    functions: float, points: float, ranges: float, grows: bool
) -> None:
    system, _ = oscillators([1000.0, 1500.0])
    asked = target(system, 2, accuracy=1.0)
    errors = [torch.tensor([0.1, x], dtype=torch.float64) for x in (functions, points, ranges)]
    assert _missing(asked, *errors, torch.zeros(2)) == grows
