"""V continued beyond the points of a fit: exact cases, smoothness, pits, derivatives."""

import pytest
import torch
from torch import Tensor

from pes.vibration.system.continuation import SOFTEST, Continuation, reliable_energy
from pes.vibration.system.system import System, harmonic_frequencies, model

OMEGA = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
MINIMUM = -0.7


def harmonic(q: Tensor) -> Tensor:
    return MINIMUM + (OMEGA * q.square()).sum(-1) / 2


def morse(q: Tensor) -> Tensor:
    """Three Morse oscillators, harmonic to second order."""
    return MINIMUM + (12.5 * OMEGA * (1 - torch.exp(-0.2 * q)).square()).sum(-1)


def pitted(q: Tensor) -> Tensor:
    """Morse oscillators with a pit at E = 9, far below the minimum."""
    centre = q.new_tensor([3.0, 1.5, -1.2247])
    return morse(q) - 30 * torch.exp(-3 * (q - centre).square().sum(-1))


def along(ray: Tensor, energy: float, t: Tensor) -> Tensor:
    """Points (P, 3) of a ray at t, one where the harmonic energy is that given."""
    return t[:, None] * ray * (2 * energy / (OMEGA * ray.square()).sum()).sqrt()


RAY = torch.tensor([0.6, -0.5, 0.3], dtype=torch.float64)


def test_an_oscillator_is_continued_as_it_is() -> None:
    q = torch.randn(50, 3, generator=torch.Generator().manual_seed(1)).double() * 3
    v = Continuation(OMEGA, 2.0).of(harmonic, q)
    torch.testing.assert_close(v, harmonic(q))


def test_nothing_changes_up_to_the_energy() -> None:
    q = along(RAY, 2.0, torch.linspace(-1, 1, 9, dtype=torch.float64))
    continuation = Continuation(OMEGA, 2.0 + 1e-9)
    assert not continuation.beyond(q).any()
    assert torch.equal(continuation.of(morse, q), morse(q))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_morse_oscillators_are_followed(sign: float) -> None:
    """To third order in 1 − 1/t: a fifth farther out the error is below 1 % of V."""
    t = torch.linspace(1.0, 1.2, 5, dtype=torch.float64)
    q = along(sign * RAY, 3.0, t)
    off = (Continuation(OMEGA, 3.0).of(morse, q) - morse(q)).abs()
    assert bool((off < 0.01 * (morse(q) - MINIMUM)).all())
    # It comes from the third order: half the distance, an eighth of the error.
    assert off[2] < off[4] / 5


def test_value_slope_and_curvature_go_on() -> None:
    """Second differences across the border are those on either side but for the step."""
    step = 0.01
    t = 1 + step * torch.arange(-3, 4, dtype=torch.float64)
    v = Continuation(OMEGA, 3.0).of(morse, along(RAY, 3.0, t))
    curvatures = v.diff().diff()
    assert float((curvatures.max() - curvatures.min()) / curvatures.mean()) < 0.05


def test_no_ray_ends_in_a_hole() -> None:
    q = torch.randn(400, 3, generator=torch.Generator().manual_seed(2)).double() * 3
    v = Continuation(OMEGA, 8.0).of(pitted, q) - MINIMUM
    beyond = Continuation(OMEGA, 8.0).beyond(q)
    assert bool((v >= SOFTEST * (harmonic(q) - MINIMUM) - 1e-12)[beyond].all())


def test_members_before_the_points() -> None:
    """V of several surfaces is that of each."""
    q = torch.randn(20, 3, generator=torch.Generator().manual_seed(3)).double() * 3
    continuation = Continuation(OMEGA, 2.0)
    both = continuation.of(lambda x: torch.stack((morse(x), harmonic(x))), q)
    torch.testing.assert_close(both[0], continuation.of(morse, q))
    torch.testing.assert_close(both[1], continuation.of(harmonic, q))


def test_slopes_by_a_parameter_of_the_surface() -> None:
    q = torch.randn(6, 3, generator=torch.Generator().manual_seed(4)).double() * 3
    a = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)

    def energies(steepness: Tensor) -> Tensor:
        def potential(x: Tensor) -> Tensor:
            return (12.5 * OMEGA * (1 - torch.exp(-steepness * x)).square()).sum(-1)

        return Continuation(OMEGA, 2.0).of(potential, q)

    assert torch.autograd.gradcheck(energies, (a,))


def points(energy: float) -> Tensor:
    """Training points up to a harmonic energy."""
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(5)).double()
    x = x / (OMEGA * x.square()).sum(1, keepdim=True).sqrt()
    return x * (2 * energy) ** 0.5 * torch.linspace(0, 1, 500, dtype=torch.float64)[:, None]


def test_a_sound_surface_is_believed_to_its_last_point() -> None:
    assert reliable_energy(morse, OMEGA, points(4.0)) == pytest.approx(4.0)


def test_a_pit_among_the_last_points_is_left_out() -> None:
    energy = reliable_energy(pitted, OMEGA, points(9.0))
    assert energy is not None
    # Slopes and curvatures feel its edge from far off.
    assert 2.0 < energy < 8.0


def test_a_surface_that_turns_at_once_is_not_continued() -> None:
    def wild(q: Tensor) -> Tensor:
        return morse(q) + 5 * torch.sin(9 * q).sum(-1)

    assert reliable_energy(wild, OMEGA, points(4.0)) is None


def test_a_system_remembers_its_continuation() -> None:
    system: System = model(pitted, torch.diag(OMEGA))
    torch.testing.assert_close(harmonic_frequencies(system, 3), OMEGA)
    continuation = Continuation(OMEGA, 4.0)
    continued = system.continued(continuation)
    q = torch.randn(20, 3, generator=torch.Generator().manual_seed(6)).double() * 3
    assert continued.continuation is continuation
    assert continued.cpu().continuation is continuation
    # From nearer the minimum the continued surface tells as much as the surface itself.
    nearer = continuation.nearer()
    again = continued.continued(nearer).potential(q)
    torch.testing.assert_close(again, nearer.of(pitted, q))
