"""Levels to an accuracy, against exact levels and against levels of others."""

from dataclasses import replace
from math import pi
from time import process_time
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from pes.setup.automatic import request
from pes.setup.automatic.cuts import target as target_module
from pes.setup.automatic.cuts.bases import Resolution
from pes.setup.automatic.cuts.target import NEXT, _checked, levels_to_target
from pes.setup.automatic.request import Budget, Target
from pes.setup.minima.harmonic_levels import frequencies, harmonic_level
from pes.units import CM1
from pes.vibration.system.system import System, model

MASS = 2000.0
FORCES = torch.tensor([[0.30, 0.02, 0.01], [0.02, 0.20, 0.02], [0.01, 0.02, 0.08]]).double()
LIMITS = ((-3.0, 3.0), (-3.0, 3.0), (-4.0, 4.0))


def oscillators() -> tuple[System, Tensor]:
    """Three oscillators coupled bilinearly, and their exact frequencies."""
    g = torch.eye(3, dtype=torch.float64) / MASS
    exact = (torch.linalg.eigvalsh(FORCES) / MASS).sqrt()
    return model(lambda q: torch.einsum("pi,ij,pj->p", q, FORCES, q) / 2, g), exact


def target(system: System, **changes: object) -> Target:
    asked = Target(
        system, ("length",) * 3, ("x", "y", "z"), torch.zeros(1, 3, dtype=torch.float64), LIMITS,
        0.01 * CM1, count=12,
    )  # fmt: skip
    return replace(asked, **changes)


def exact_levels(modes: Tensor, count: int) -> Tensor:
    n = torch.cartesian_prod(*[torch.arange(14.0).double()] * 3)
    return (n @ modes).sort().values[:count]


def test_harmonic_frequencies() -> None:
    system, exact = oscillators()
    found = frequencies(system, torch.zeros(3, dtype=torch.float64), LIMITS, ("length",) * 3)
    torch.testing.assert_close(found, exact.sort().values, rtol=1e-9, atol=0)
    assert harmonic_level(found, 12) == pytest.approx(float(exact_levels(exact, 12)[-1]))


def test_bend_of_a_linear_molecule_has_even_quanta_alone() -> None:
    """Levels of an isotropic oscillator of two dimensions without angular momentum: 2ω apart."""
    bottom = torch.tensor([0.0, pi, 0.0], dtype=torch.float64)
    forces = FORCES.diagonal()
    system = model(lambda q: (q - bottom) ** 2 @ forces / 2, torch.eye(3).double() / MASS)
    ends = ((-3.0, 3.0), (0.0, pi), (-4.0, 4.0))
    found = frequencies(system, bottom, ends, ("length", "angle", "length"))
    quanta = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    exact = (quanta * (forces / MASS).sqrt()).sort().values
    torch.testing.assert_close(found, exact, rtol=1e-9, atol=0)


def test_exact_levels_lie_within_the_estimates() -> None:
    system, modes = oscillators()
    levels, _ = levels_to_target(target(system))
    error = (levels.excitations - exact_levels(modes, 12)).abs()
    error[0] = abs(levels.zero_point_energy - float(modes.sum()) / 2)
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())
    assert float(levels.convergence.max()) <= 0.01 * CM1
    assert levels.warnings == ()


@pytest.mark.parametrize("count", [1, 2])
def test_a_mode_far_stiffer_than_the_levels_are_high(count: int) -> None:
    """Its excited functions are in products too: on other surfaces they shift the soft modes."""
    forces = torch.diag(torch.tensor([3.0, 0.20, 0.08]).double())
    modes = (forces.diagonal() / MASS).sqrt()
    system = model(
        lambda q: torch.einsum("pi,ij,pj->p", q, forces, q) / 2,
        torch.eye(3, dtype=torch.float64) / MASS,
    )
    levels, _ = levels_to_target(target(system, count=count))
    error = (levels.excitations - exact_levels(modes, count)).abs()
    error[0] = abs(levels.zero_point_energy - float(modes.sum()) / 2)
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())
    energy = levels.truncation.energy
    assert energy is not None
    assert energy > 2 * float(modes.max())


def test_an_energy_in_place_of_a_count() -> None:
    system, modes = oscillators()
    exact = exact_levels(modes, 200)
    energy = float(exact[14] + exact[15]) / 2
    levels, _ = levels_to_target(target(system, count=None, energy=energy))
    assert len(levels.energies) == 15


def test_a_budget_that_is_too_small_is_said() -> None:
    levels, _ = levels_to_target(
        target(oscillators()[0], accuracy=1e-5 * CM1), budget=Budget(seconds=0.0)
    )
    assert any("not converged to the 1e-05 cm-1 asked for" in w for w in levels.warnings)


def test_ranges_that_are_given_stay() -> None:
    ends = ((-2.0, 2.0),) * 3
    levels, _ = levels_to_target(target(oscillators()[0], ranges=ends))
    assert all((b.low, b.high) == (-2.0, 2.0) for b in levels.bases)


def test_no_step_follows_a_basis_larger_than_the_budget() -> None:
    asked = target(oscillators()[0], accuracy=1e-6 * CM1)
    said: list[str] = []
    few, _ = levels_to_target(asked, budget=Budget(functions=100), report=said.append)
    assert sum("functions on" in line for line in said) == 1
    assert (
        sum("no more functions are added: `minutes` allows about 100" in line for line in said) == 1
    )
    many, _ = levels_to_target(asked, budget=Budget(functions=1000))
    assert 100 < few.hamiltonian.size < many.hamiltonian.size


def test_a_signal_ends_a_calculation_under_way() -> None:
    """The one before it stays; what its levels still lack is in their estimates and is said."""
    asked = target(oscillators()[0], accuracy=1e-6 * CM1, solver="davidson")
    calls: list[int] = []

    def stopped() -> bool:
        calls.append(1)
        return len(calls) > 1

    said: list[str] = []
    levels, _ = levels_to_target(asked, budget=Budget(stopped=stopped), report=said.append)
    assert sum("functions on" in line for line in said) == 1
    assert "no more functions are added: a signal asked for the end" in said
    assert any("did not grow further: a signal" in warning for warning in levels.warnings)
    error = (levels.excitations - exact_levels(oscillators()[1], 12)).abs()
    assert bool((error <= levels.convergence + 1e-6 * CM1)[1:].all())


def test_the_clock_ends_a_calculation_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes while a calculation with more functions runs: the one before it is the result."""
    asked = target(oscillators()[0], accuracy=1e-6 * CM1, solver="davidson")
    monkeypatch.setattr(request, "process_time", lambda: process_time() + 1e4)
    said: list[str] = []
    levels, _ = levels_to_target(asked, budget=Budget(seconds=1000.0), report=said.append)
    assert sum("functions on" in line for line in said) == 1
    assert any(line.startswith("no more functions are added: ") for line in said)
    error = (levels.excitations - exact_levels(oscillators()[1], 12)).abs()
    assert bool((error <= levels.convergence + 1e-6 * CM1)[1:].all())


def test_a_wall_that_cannot_move_counts_in_the_estimates() -> None:
    """z ends where its oscillator is about to die out: levels lie higher, by up to the estimate."""
    system, modes = oscillators()
    limits = (*LIMITS[:2], (-1.25, 4.0))
    said: list[str] = []
    levels, _ = levels_to_target(target(system, limits=limits), report=said.append)
    error = levels.excitations - exact_levels(modes, 12)
    assert float(error.max()) > 0.02 * CM1
    assert bool((error.abs() <= levels.convergence + 1e-6 * CM1).all())
    assert "shorter ranges" in said[-1]
    levels_to_target(target(system), report=said.append)
    assert "shorter ranges" not in said[-1]


def test_ends_of_a_bond_that_breaks_are_not_moved_into_its_well() -> None:
    """A Morse oscillator between limits, one on its steep side, beside two harmonic ones."""
    depth, steep, soft = 6800 * CM1, 1.4, torch.tensor([700.0, 1100.0]).double() * CM1

    def potential(q: Tensor) -> Tensor:
        morse = depth * (1 - torch.exp(-steep * q[:, 0])) ** 2
        return morse + MASS * (soft**2 * q[:, 1:] ** 2).sum(1) / 2

    system = model(potential, torch.eye(3, dtype=torch.float64) / MASS)
    said: list[str] = []
    levels, _ = levels_to_target(
        target(system, limits=((-0.85, 3.5), (-4.0, 4.0), (-4.0, 4.0)), count=20),
        report=said.append,
    )
    unit = steep * (2 * depth / MASS) ** 0.5
    n = torch.arange(6.0).double() + 0.5
    ladder = unit * n - (unit * n) ** 2 / (4 * depth)
    every = ladder[:, None, None] + soft[0] * n[:, None] + soft[1] * n
    exact = every.flatten().sort().values[:20]
    error = (levels.energies - exact).abs()
    error[1:] = (levels.excitations - (exact - exact[0]))[1:].abs()
    assert "shorter ranges" in said[-1]
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())
    # The level is 0.0005 off; both ends moved in by equal lengths would say 0.27.
    assert float(levels.convergence.max()) <= 0.03 * CM1


def test_a_hole_is_refused() -> None:
    """A deep pit outside the well, and a pass to it below the levels asked for."""

    def potential(q: Tensor) -> Tensor:
        well = torch.einsum("pi,ij,pj->p", q, FORCES, q) / 2
        return well - torch.exp(-4 * ((q - q.new_tensor([0.0, 0.0, 1.2])) ** 2).sum(-1))

    system = model(potential, torch.eye(3, dtype=torch.float64) / MASS)
    with pytest.raises(ValueError, match=r"falls .* cm-1 below its minimum at q = .*reference"):
        levels_to_target(target(system, count=40))
    # Lengths may end with the points, which an angle does not.
    changes = {"sampled": ((-1.0, 1.0),) * 3, "kinds": ("length", "length", "angle")}
    with pytest.raises(
        ValueError, match=r"end before that place in coordinate 3 \(-1.0000 to 1.0000\): add"
    ):
        levels_to_target(target(system, count=40, **changes))


def test_noise_sets_the_accuracy_and_is_no_hole() -> None:
    """Energies in steps of 3 cm-1: the levels of the smooth surface lie within the estimates."""
    smooth, modes = oscillators()
    step = 3 * CM1
    system = model(
        lambda q: (smooth.potential(q) / step).round() * step,
        torch.eye(3, dtype=torch.float64) / MASS,
    )
    said: list[str] = []
    levels, _ = levels_to_target(target(system), report=said.append)
    error = (levels.excitations - exact_levels(modes, 12)).abs()
    assert bool((error <= levels.convergence).all())
    assert 0.02 * CM1 < float(levels.convergence.max()) < 10 * CM1
    assert any("is not smooth" in line for line in said)
    (warning,) = levels.warnings
    assert "fit a smooth surface with pes-train" in warning


def test_dissociation_does_not_widen_the_ranges() -> None:
    """Morse stretches that end at 31,000 cm-1: r stops where the levels do."""
    depth, steepness = 31000 * CM1, 1.0

    def potential(q: Tensor) -> Tensor:
        morse = depth * (1 - torch.exp(-steepness * (q[:, :2] - 2.5))) ** 2
        return morse.sum(-1) + 0.08 * (q[:, 2] - 1.6) ** 2 / 2

    g = torch.diag(torch.tensor([1.0, 1.0, 0.5]).double()) / MASS
    system = model(potential, g)
    asked = target(
        system, kinds=("length", "length", "angle"), names=("r1", "r2", "theta"),
        wells=torch.tensor([[2.5, 2.5, 1.6]]).double(),
        limits=((0.6, 11.0), (0.6, 11.0), (0.0, pi)),
    )  # fmt: skip
    # An angle's Legendre functions carry the weight sin θ, which this flat model lacks.
    asked = replace(asked, kinds=("length",) * 3, limits=((0.6, 11.0), (0.6, 11.0), (-2.0, 5.0)))
    levels, _ = levels_to_target(asked)
    assert levels.bases[0].high < 7.0
    omega = steepness * (2 * depth / MASS) ** 0.5
    v = torch.arange(10.0).double() + 0.5
    morse = omega * v - (omega * v) ** 2 / (4 * depth)
    bend = (0.08 * 0.5 / MASS) ** 0.5 * v
    exact = (morse[:, None, None] + morse[:, None] + bend).flatten().sort().values[:12]
    error = (levels.excitations - (exact - exact[0])).abs()
    assert bool((error <= levels.convergence + 1e-6 * CM1).all())


@pytest.mark.parametrize(
    ("changes", "left"),
    [((0.3, 0.2, 0.1, 1e-4), NEXT * 0.1), ((0.3, 0.2, 0.1, 0.05), 0.05), ((torch.inf, 0.0), 0.0)],
)
def test_a_change_that_is_small_by_chance(
    changes: tuple[float, ...], left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors fall by a factor of four with each enlargement at most; a level may be new."""
    following = iter(changes)

    def matching(_: object, __: object, count: int) -> SimpleNamespace:
        return SimpleNamespace(changes=torch.full((count,), next(following)))

    def solve(resolution: Resolution, *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(resolution=resolution, levels=None)

    monkeypatch.setattr(target_module, "matching", matching)
    asked = SimpleNamespace(accuracy=1e-3)
    used, first = torch.zeros(2), solve(Resolution(1.0))
    change, _ = _checked(asked, "points", solve, first, used, lambda: False, lambda _: None)  # pyright: ignore[reportArgumentType]
    torch.testing.assert_close(change, torch.full((2,), left))
