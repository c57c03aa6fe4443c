"""A sentence about a poor fit: how poor it is, and what may make it better."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.data.noise import noise_floor
from pes.training.bounded import bounded_rms
from pes.units import CM1

__all__ = ["poor_fit_lines"]

CHUNK = 2048
SHARE = 1e-3
"""Error in units of the standard deviation of the energies from which a fit is poor."""
SMALLEST = 1.0
"""Error in cm⁻¹ that is never called poor."""
NOISY = 2.0
"""The same in units of the noise floor."""
MOST = 1000
"""Points fitted that are looked at: an energy of a kernel surface takes milliseconds."""
LEARNED = 1 / 3
"""Error at the points fitted, in units of that at other points, below which the form suffices."""


def poor_fit_lines(
    surface: nn.Module, points: Mapping[str, Dataset], *, cut: bool = False
) -> tuple[str, ...]:
    """One line about a poor fit, none about a good one.

    The validation points judge, or the test points where there are none; far points count as
    `bounded_rms` counts them.

    Args:
        surface: positions (B, N, 3) to energies (B,).
        points: labelled points of each part.
        cut: whether the fit might have gone on with more time.
    """
    part, fitted = "validation" if "validation" in points else "test", points["train"]
    error, noise = bounded_rms(_errors(surface, points[part])), noise_floor(fitted) / CM1
    spread = float(fitted.energies.std()) / CM1
    if error <= max(SHARE * spread, SMALLEST, NOISY * noise):
        return ()
    own = bounded_rms(_errors(surface, fitted.select(slice(None, None, 1 + len(fitted) // MOST))))
    floor = f" (rounding of the labels alone: {noise:.2g})" if noise else ""
    line = (
        f"the fit is poor: it errs by {error:.4g} cm-1 at the {part} points{floor}; the energies "
        f"have a standard deviation of {spread:,.0f} cm-1"
    )
    if own < LEARNED * error:
        return (
            f"{line}. It errs by {own:.3g} cm-1 at the points that were fitted: it needs more "
            "points, most of all where its errors are large (pes-sample proposes them)",
        )
    line = f"{line}. It errs by {own:.4g} cm-1 at the points that were fitted, too"
    if cut:
        return (f"{line}: more time may help",)
    return (
        f"{line}, so that more points alone do not help: another form of the surface or more time "
        "may (pes-train FILE --minutes N tries several), or the labels are wrong or of several "
        "electronic states (pes-audit FILE)",
    )


def _errors(surface: nn.Module, points: Dataset) -> Tensor:
    """Surface − label (B,) in cm⁻¹."""
    with torch.no_grad():
        values = in_chunks(surface, points.positions, CHUNK)
    return (values - points.energies).cpu() / CM1
