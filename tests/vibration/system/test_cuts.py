"""Cuts of model surfaces whose valleys, ends and wells are known."""

from collections.abc import Callable

import pytest
import torch
from double_well import two_wells
from torch import Tensor

from pes.vibration.system.cuts import Cut, relaxed_cuts
from pes.vibration.system.region import low_region
from pes.vibration.system.system import System, model

LIMITS = ((-6.0, 6.0), (-6.0, 6.0))


def coupled(c: float = 0.6) -> System:
    """V = x²/2 + y²/2 + c x y: relaxed over y, (1 − c²) x²/2; G = 1."""
    return model(
        lambda q: (q**2).sum(-1) / 2 + c * q[:, 0] * q[:, 1], torch.eye(2, dtype=torch.float64)
    )


def line(energies: Callable[[Tensor], Tensor], low: float, high: float, g: float = 1.0) -> Cut:
    """A cut along a single coordinate."""
    x = torch.linspace(low, high, 400, dtype=torch.float64)[:, None]
    v = energies(x[:, 0])
    return Cut(0, x, torch.full_like(v, g), v, lambda q: energies(q[:, 0]))


def test_a_relaxed_cut_follows_the_valley() -> None:
    system, bottom = coupled(), torch.zeros(2, dtype=torch.float64)
    cuts = relaxed_cuts(system, low_region(system, bottom[None], 2.0, LIMITS), bottom)
    v, g = cuts[0].at(torch.tensor([0.5, -1.2], dtype=torch.float64))
    # Newton steps end in the valley of a quadratic surface; interpolation costs 1e-3.
    exact = (1 - 0.36) * torch.tensor([0.25, 1.44], dtype=torch.float64) / 2
    torch.testing.assert_close(v, exact, rtol=0, atol=2e-3)
    torch.testing.assert_close(g, torch.ones(2, dtype=torch.float64))


def test_a_mean_over_an_oscillator_is_its_relaxed_cut() -> None:
    """∫ exp(−V/kT) dy is exp(−(1 − c²) x²/(2 kT)) times a constant for a quadratic V."""
    system, bottom = coupled(), torch.zeros(2, dtype=torch.float64)
    cut = relaxed_cuts(system, low_region(system, bottom[None], 2.0, LIMITS), bottom)[0]
    x = torch.linspace(-1.5, 1.5, 7, dtype=torch.float64)
    v, g = cut.mean(x)
    # Other coordinates are summed over the region's box alone, which ends where exp(−V/kT) is 0.1;
    # zero is at a point of the grid, 0.1 from the bottom.
    torch.testing.assert_close(v, (1 - 0.36) * x**2 / 2, rtol=0.25, atol=5e-3)
    torch.testing.assert_close(g, torch.ones_like(x), rtol=0, atol=1e-12)


def test_a_mean_knows_the_wall_that_a_bent_valley_avoids() -> None:
    """V = 20 (x − y²)² + y²/2: relaxed, x > 0 costs x/2 alone; at most y it costs more."""

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return 20 * (x - y**2) ** 2 + y**2 / 2

    system, bottom = model(potential, torch.eye(2).double()), torch.zeros(2).double()
    cut = relaxed_cuts(system, low_region(system, bottom[None], 1.0, LIMITS), bottom)[0]
    x = torch.tensor([1.0], dtype=torch.float64)
    assert float(cut.at(x)[0]) < 0.5 < float(cut.mean(x)[0])


def test_g_is_smooth_where_the_lowest_path_jumps() -> None:
    """Wells at y = ±1, the lower one by the sign of x: G = 1 − y/2 is 0.5 or 1.5 on the path."""

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return x**2 / 2 + (y**2 - 1) ** 2 - 0.01 * x * y

    def kinetic(q: Tensor) -> tuple[Tensor, Tensor]:
        g = torch.eye(2, dtype=torch.float64).repeat(len(q), 1, 1)
        g[:, 0, 0] = 1 - q[:, 1] / 2
        return g, torch.zeros_like(q)

    system = System(potential, kinetic)
    bottom = torch.tensor([0.01, 1.0], dtype=torch.float64)
    cut = relaxed_cuts(system, low_region(system, bottom[None], 2.0, LIMITS), bottom)[0]
    assert set(cut.path[:, 1].round().tolist()) == {-1.0, 1.0}
    _, g = cut.mean(torch.linspace(-1, 1, 41, dtype=torch.float64))
    # Populations of the wells change by a few hundredths of kT from point to point.
    assert float(g.diff().abs().max()) < 0.02


def test_reach_of_an_oscillator() -> None:
    """∫ √(x² − 2E) dx from the turning point is (x √(x² − 2E) − 2E arcosh(x/√2E))/2."""
    cut = line(lambda x: x**2 / 2, -8, 8)
    low, high = cut.reach(2.0, 6.0)
    integral = (high * (high**2 - 4) ** 0.5 - 4 * torch.acosh(torch.tensor(high / 2)).item()) / 2
    # One step of the even grid of integration is 0.02.
    assert integral == pytest.approx(6.0, abs=0.1)
    assert low == pytest.approx(-high, abs=0.03)


def test_wave_number_of_an_oscillator() -> None:
    cut = line(lambda x: x**2 / 2, -8, 8, 0.25)
    assert cut.wave_number(2.0) == pytest.approx(4.0, rel=1e-3)


def test_reach_ends_where_the_cut_does() -> None:
    assert line(lambda x: x**2, -1, 1).reach(5.0, 6.0) == (-1.0, 1.0)


def test_wells_that_are_named_belong_to_the_region() -> None:
    system = two_wells()
    wells = torch.tensor([[-1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)
    region = low_region(system, wells, 0.5, ((-4.0, 4.0), (-4.0, 4.0)))
    cut = relaxed_cuts(system, region, wells[0])[0]
    v, _ = cut.at(torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64))
    # Along the valley y = x the second well lies 0.1 higher, the barrier about one.
    torch.testing.assert_close(v[[0, 2]], v.new_tensor([0.0, 0.1]), rtol=0, atol=0.05)
    assert float(v[1]) > 0.5


def test_a_jump_of_the_path_is_no_wall() -> None:
    """Two valleys side by side: between two points of the cut V is that of the lower one."""

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return x**2 / 20 + 5 * (y**2 - 1) ** 2 + 0.1 * x * y

    system = model(potential, torch.eye(2, dtype=torch.float64))
    wells = torch.tensor([[-1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    region = low_region(system, wells, 0.5, ((-4.0, 4.0), (-4.0, 4.0)))
    cut = relaxed_cuts(system, region, wells[0])[0]
    x = torch.linspace(-0.5, 0.5, 301, dtype=torch.float64)
    # min over y is about x²/20 − |x|/10; a path across the barrier would rise by 5.
    exact = x**2 / 20 - 0.1 * x.abs() + 0.05
    assert float((cut.at(x)[0] - exact).abs().max()) < 0.02


def test_no_number_is_no_place_to_be() -> None:
    """A surface that is no number beyond x = 2 is not asked to be one."""

    def potential(q: Tensor) -> Tensor:
        return torch.where(q[:, 0] > 2, torch.nan, (q**2).sum(-1) / 2)

    system = model(potential, torch.eye(2, dtype=torch.float64))
    bottom = torch.zeros(2, dtype=torch.float64)
    region = low_region(system, bottom[None], 3.0, LIMITS)
    cut = relaxed_cuts(system, region, bottom)[0]
    assert bool(cut.fine[1].isfinite().all())
    assert float(cut.points[-1]) <= 2.0


def test_a_cut_ends_where_the_surface_falls_again() -> None:
    """Beyond a barrier at x = 3 and 0.45 high, a hole: nothing of it belongs to the molecule."""

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return (torch.where(x < 3, x**2, 9 - 20 * (x - 3)) + y**2) / 20

    system = model(potential, torch.eye(2, dtype=torch.float64))
    bottom = torch.zeros(2, dtype=torch.float64)
    cut = relaxed_cuts(system, low_region(system, bottom[None], 0.09, LIMITS), bottom)[0]
    # Points of a cut lie 0.1 apart.
    assert float(cut.points[-1]) == pytest.approx(3.0, abs=0.1)
    assert cut.reach(0.04, 50.0)[1] == pytest.approx(3.0, abs=0.1)
    assert float(cut.points[0]) < -1.5


def test_an_end_nearer_by_a_decay() -> None:
    """Decays to both points differ by that; from where waves are free all the way leads nowhere."""
    cut = line(lambda x: 0.02 * (1 - (-x).exp()) ** 2, -1.5, 8.0, g=1e-3)
    moved = cut.nearer(0.015, -1.2, 2.0)
    assert -1.2 < moved < -0.5
    difference = cut.decay(0.015, -1.2) - cut.decay(0.015, moved)
    # The integral is a sum over steps of 0.012.
    assert difference == pytest.approx(2.0, abs=0.2)
    assert cut.nearer(0.021, 7.0, 2.0) == pytest.approx(0.0, abs=0.02)
