"""Cross-sections are sums of profiles."""

from math import log, pi

import pytest
import torch

from pes.rovibration.profiles import PROFILES, cross_section

NU = torch.tensor([50.0, 51.37, 80.0], dtype=torch.float64)
S = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_sum_of_the_profiles_themselves(profile: str) -> None:
    widths = {"gaussian": 0.7, "lorentzian": 0.4}
    grid, sigma = cross_section(NU, S, profile=profile, **widths)
    x = grid[:, None] - NU
    whole = PROFILES[profile](x, *widths.values()) @ S
    # A line between two points of the grid is shared by both: (h²/8) f″/f, h an eighth of a width.
    assert float((sigma - whole).abs().max()) < 0.005 * float(whole.max())


@pytest.mark.parametrize("profile", ["gaussian", "lorentzian"])
def test_half_of_the_height_at_half_the_width(profile: str) -> None:
    x = torch.tensor([0.0, 0.3], dtype=torch.float64)
    top, half = PROFILES[profile](x, 0.3, 0.3)
    assert float(half / top) == pytest.approx(0.5)
    heights = {"gaussian": (log(2) / pi) ** 0.5 / 0.3, "lorentzian": 1 / pi / 0.3}
    assert float(top) == pytest.approx(heights[profile])
