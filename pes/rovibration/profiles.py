"""Absorption cross-sections: lines with a profile, on an even grid of wavenumbers."""

from collections.abc import Callable
from math import log, pi

import torch
from scipy.special import voigt_profile
from torch import Tensor

__all__ = ["PROFILES", "cross_section"]

FINEST = 2**20
"""Points of a grid, at most."""

PER_WIDTH = 8
"""Points in half a width."""


def _gaussian(x: Tensor, gaussian: float, lorentzian: float) -> Tensor:
    return torch.exp(-log(2) * (x / gaussian) ** 2) * (log(2) / pi) ** 0.5 / gaussian


def _lorentzian(x: Tensor, gaussian: float, lorentzian: float) -> Tensor:
    return lorentzian / pi / (x**2 + lorentzian**2)


def _voigt(x: Tensor, gaussian: float, lorentzian: float) -> Tensor:
    return torch.from_numpy(voigt_profile(x.numpy(), gaussian / (2 * log(2)) ** 0.5, lorentzian))


PROFILES: dict[str, Callable[[Tensor, float, float], Tensor]] = {
    "gaussian": _gaussian, "lorentzian": _lorentzian, "voigt": _voigt,
}  # fmt: skip
"""Profiles of area 1 by name: distance from the line, half widths at half maximum of the Gaussian
and the Lorentzian part (cm⁻¹) to cm."""


def cross_section(
    wavenumbers: Tensor,
    intensities: Tensor,
    *,
    profile: str = "voigt",
    gaussian: float = 0.5,
    lorentzian: float = 0.5,
) -> tuple[Tensor, Tensor]:
    """Σ_l S_l f(ν̃ − ν̃_l) from 0 to beyond the last line.

    The lines are shared among the two nearest points of the grid, so that their areas and centres
    are kept, and folded with the profile by Fourier transforms: time and memory do not grow with
    the product of lines and points.

    Args:
        wavenumbers: (L,) in cm⁻¹.
        intensities: S (L,) in cm/molecule.
        profile: one of `PROFILES`.
        gaussian: half width at half maximum, cm⁻¹.
        lorentzian: half width at half maximum, cm⁻¹.

    Returns:
        Grid (G,) in cm⁻¹ and cross-sections (G,) in cm²/molecule.

    Example:
        One line keeps its intensity:

        >>> line = torch.tensor([100.3]).double(), torch.tensor([2.0]).double()
        >>> grid, sigma = cross_section(*line, profile="gaussian")
        >>> round(float(torch.trapezoid(sigma, grid)), 6)
        2.0
    """
    width = {"gaussian": gaussian, "lorentzian": lorentzian}.get(profile, max(gaussian, lorentzian))
    last = float(wavenumbers.max()) + 100 * width
    step = max(width / PER_WIDTH, last / FINEST)
    count = int(last / step) + 2
    place = wavenumbers / step
    left = place.floor()
    share = place - left
    binned = wavenumbers.new_zeros(count)
    binned.index_add_(0, left.long(), intensities * (1 - share))
    binned.index_add_(0, left.long() + 1, intensities * share)
    distance = step * torch.arange(-count + 1, count, dtype=binned.dtype)
    shape = PROFILES[profile](distance, gaussian, lorentzian)
    size = 3 * count
    folded = torch.fft.irfft(torch.fft.rfft(binned, size) * torch.fft.rfft(shape, size), size)
    grid = step * torch.arange(count, dtype=binned.dtype)
    return grid, folded[count - 1 : 2 * count - 1].clamp(min=0)
