"""Analytic forces against numerical ones, of surfaces that are right, wrong, rough or plain."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import pes
from pes.potential.analytic import WaterPJT

WATER = ("O", "H", "H")


class Spring(nn.Module):
    """½(r − 1)² of two atoms, and what a mistake makes of it."""

    symbols = ("H", "H")
    reference = ((0.0, 0.0, 0.0), (0.6, 0.1, 0.0))

    def energy(self, x: Tensor) -> Tensor:
        return ((x[:, 0] - x[:, 1]).norm(dim=-1) - 1).square() / 2

    def forward(self, x: Tensor) -> Tensor:
        return self.energy(x)


class Turned(Spring):
    def forward(self, x: Tensor) -> Tensor:
        energy = self.energy(x)
        return 2 * energy.detach() - energy


class Rounded(Spring):
    def forward(self, x: Tensor) -> Tensor:
        energy = self.energy(x)
        return energy + ((energy * 1e3).round() / 1e3 - energy).detach()


def test_convergence_of_differences() -> None:
    """Central differences err by h², forward ones by h, until rounding sets in."""
    check = pes.check_gradients(WaterPJT(), geometries=4, steps=(1e-6, 1e-5, 1e-4, 1e-3, 1e-2))
    central, forward = (check.curves[name] for name in ("central", "forward"))
    # Within a hundredth of the power: the next term is h² smaller.
    assert (central[4] / central[3]).log10() == pytest.approx(2, abs=0.01)
    assert (forward[3] / forward[2]).log10() == pytest.approx(1, abs=0.01)
    assert 1e-6 < check.best_step < 1e-4
    assert check.kind == "agree"
    assert check.code == 0
    # Rounding of V ~ 0.1 over the best step is 1e-12; a wrong term would be far above.
    assert check.error < 1e-10


def test_wrong_sign_is_named() -> None:
    check = pes.check_gradients(Turned())
    assert check.code == 4
    assert "wrong by 2 of their size: they are -1 times the numerical ones" in check.verdict
    assert "analytic gradient" in check.worst


def test_rounded_energies_check_nothing() -> None:
    """At small steps all differences are zero, which is no agreement among them."""
    check = pes.check_gradients(Rounded())
    assert check.code == 3
    assert "too rough" in check.verdict
    assert check.best_step > 1e-3


class Stepped(Spring):
    """A condition on the distance that lies 0.2 bohr beside the geometry below."""

    def forward(self, x: Tensor) -> Tensor:
        r = (x[:, 0] - x[:, 1]).norm(dim=-1)
        return self.energy(x) + 1e-4 * (r > 1.3).double()


class Noisy(Spring):
    def forward(self, x: Tensor) -> Tensor:
        energy = self.energy(x)
        return energy + 1e-7 * (1e13 * energy.detach()).sin()


class Cornered(Spring):
    def forward(self, x: Tensor) -> Tensor:
        return self.energy(x) + 1e-3 * ((x[:, 0] - x[:, 1]).norm(dim=-1) - 0.7).relu()


def test_a_step_beside_the_geometries_is_found() -> None:
    x = torch.tensor([[[0.0, 0.0, 0.0], [1.1, 0.1, 0.0]]], dtype=torch.float64)
    check = pes.check_gradients(Stepped(), x)
    assert check.kind == "energies not smooth"
    assert check.code == 3
    jump = check.jump
    assert jump is not None
    # Within what the smooth part changes over a spacing of 4e-5 bohr.
    assert jump.size == pytest.approx(1e-4, rel=0.01)
    moved = x[jump.geometry].clone()
    moved[jump.atom, jump.axis] += jump.shift
    assert float((moved[0] - moved[1]).norm()) == pytest.approx(1.3, abs=1e-4)
    assert "they jump by 1.0e-04 hartree (22 cm-1) beside geometry 0" in check.verdict
    assert "the analytic forces agree" in check.verdict


def test_noise_is_measured() -> None:
    """The root mean square of a sine is 0.71 of its amplitude."""
    check = pes.check_gradients(Noisy())
    assert check.noise == pytest.approx(0.71e-7, rel=0.2)
    assert check.code == 3
    assert "they have noise of" in check.verdict
    assert "cm-1, root mean square" in check.verdict
    plain = pes.check_gradients(lambda x: Noisy()(x.detach()), torch.randn(5, 2, 3).double())
    assert plain.kind == "energies not smooth"
    assert "has no analytic forces" in plain.verdict


@pytest.mark.parametrize("surface", [Spring(), Cornered(), "ammonia_model", "silicide_model"])
def test_smooth_surfaces_do_not_jump(surface: nn.Module | str) -> None:
    check = pes.check_gradients(surface)
    assert check.jump is None
    # The rounding of sums of a few numbers below one.
    assert check.noise < 1e-12
    assert check.code == 0


def test_a_function_of_numpy_has_the_best_step_only() -> None:
    x = torch.tensor([[[0.0, 0.0, 0.0], [1.3, 0.2, 0.0]]], dtype=torch.float64)

    def spring(x: np.ndarray) -> np.ndarray:
        return np.exp(-np.linalg.norm(x[:, 0] - x[:, 1], axis=1))

    check = pes.check_gradients(spring, x)
    assert check.code == 0
    assert check.verdict.startswith("spring has no analytic forces")
    r = float(x[0, 1].norm())
    exact = -torch.exp(torch.tensor(-r)) * x[0, 1] / r
    # The best step leaves about ε^⅔.
    torch.testing.assert_close(check.reference[0, 1], exact.double(), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": (1e-3, 1e-2)}, "three or more positive numbers, ascending"),
        ({"geometries": 0}, "the number of geometries must be positive"),
    ],
)
def test_wrong_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pes.check_gradients(Spring(), **arguments)


def test_points_of_another_molecule() -> None:
    x = -torch.eye(3, dtype=torch.float64).repeat(2, 1, 1)
    other = pes.Dataset(("S", "H", "H"), x, torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="the points are of S H H, the surface is for O H H"):
        pes.check_gradients("water_pjt1996", other)
    with pytest.raises(ValueError, match="does not say what atoms"):
        pes.check_gradients(lambda x: x[:, 0, 0])
    with pytest.raises(ValueError, match="not finite at some of 2 geometries"):
        pes.check_gradients(lambda x: x[:, 0, 0].log(), x)
