"""Noise and jumps of the energies that differences of them are taken from.

V(x + h) + V(x − h) − 2V(x) falls as h² where V is smooth, and stays where it has noise. A jump
beside x is seen by neither until h reaches it: energies along straight lines through x show it as
a fourth difference that does not fall when the step is halved.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.setup.errors.verdict import ROUGH
from pes.units import ANGSTROM, CM1

__all__ = ["Jump", "largest_jump", "noise"]

SMALL = 1e-3
"""Bohr: up to this step what V⁗ leaves of second differences is far below `ROUGH`."""

REACH = 30
"""Points of a line to either side."""

SPACING = 0.01
"""Bohr between them."""

NEAR = 4
"""The same where the spacing is halved."""

HALVINGS = 8
"""Halvings of the spacing about the largest fourth difference of a line."""

STAYS = 0.6
"""Part of a fourth difference that two halvings leave of a jump; a corner of V keeps a quarter."""

WEIGHTS = (1.0, -4.0, 6.0, -4.0, 1.0)
STEEPEST = 3.0
"""The largest fourth difference of a jump of size one, of its 1, 3, 3 and 1."""

CHUNK = 2048


@dataclass(frozen=True)
class Jump:
    """The largest jump of the energies along the axes of the atoms.

    Attributes:
        size: hartree.
        geometry: number of the geometry beside which it lies.
        atom: number of the atom that moves.
        axis: 0, 1 or 2.
        shift: displacement of the atom, bohr.
    """

    size: float
    geometry: int
    atom: int
    axis: int
    shift: float

    def text(self) -> str:
        """Size and place, for a message."""
        return (
            f"they jump by {self.size:.1e} hartree ({self.size / CM1:.2g} cm-1) beside geometry "
            f"{self.geometry}, where atom {self.atom} is moved by {self.shift / ANGSTROM:.4f} A "
            f"along {'xyz'[self.axis]}"
        )


def noise(steps: Tensor, central: Tensor, forward: Tensor) -> float:
    """Root mean square of the noise of energies, hartree, from differences at small steps.

    Args:
        steps: h (H,) in bohr, ascending.
        central: (V(x + h) − V(x − h))/2h, (H, B, N, 3).
        forward: (V(x + h) − V(x))/h, (H, B, N, 3).

    Returns:
        The noise; NaN where fewer than two steps are small.
    """
    h = steps[:, None, None, None]
    second = 2 * h * (forward - central)
    # What the curvature explains is taken from the next larger step; independent noise leaves √6.
    rest = (second[:-1] - (h[:-1] / h[1:]).square() * second[1:]) / 6**0.5
    sizes = rest[steps[1:] <= SMALL].flatten(1).square().mean(1).sqrt()
    return float(sizes.max()) if len(sizes) else float("nan")


def largest_jump(potential: Callable[[Tensor], Tensor], positions: Tensor) -> Jump | None:
    """Largest jump of V along lines on which one atom moves by up to 0.3 bohr.

    Args:
        potential: energies (P,) of positions (P, N, 3).
        positions: geometries (B, N, 3) that the lines go through.

    Returns:
        The jump; None where no values jump by more than `ROUGH`.
    """
    axes = positions[0].numel()

    def energies(lines: Tensor, shifts: Tensor) -> Tensor:
        x = positions[lines // axes].flatten(1)[:, None].repeat(1, shifts.shape[1], 1)
        x.scatter_add_(2, (lines % axes)[:, None, None].expand(*shifts.shape, 1), shifts[..., None])
        values = in_chunks(potential, x.reshape(-1, *positions.shape[1:]), CHUNK)
        return values.reshape(shifts.shape)

    lines = torch.arange(len(positions) * axes)
    centre = torch.zeros(len(lines), dtype=positions.dtype)
    sizes: list[Tensor] = []
    for halving in range(HALVINGS + 1):
        offsets = torch.arange(-NEAR, NEAR + 1) if halving else torch.arange(-REACH, REACH + 1)
        shifts = centre[:, None] + SPACING / 2**halving * offsets.to(centre)
        with torch.no_grad():
            size, place = _fourth_differences(energies(lines, shifts)).max(1)
        kept = size > STEEPEST * ROUGH
        if not bool(kept.any()):
            return None
        centre = shifts.gather(1, place[:, None] + 2)[kept, 0]
        lines, sizes = lines[kept], [*(s[kept] for s in sizes), size[kept]]
    jumps = sizes[-1].where(sizes[-1] > STAYS * sizes[-3], 0.0)
    worst = int(jumps.argmax())
    if not jumps[worst]:
        return None
    geometry, place = divmod(int(lines[worst]), axes)
    return Jump(float(jumps[worst]) / STEEPEST, geometry, *divmod(place, 3), float(centre[worst]))


def _fourth_differences(values: Tensor) -> Tensor:
    """Absolute fourth differences (L, K − 4) of values (L, K), zero where V is not finite."""
    differences = values.unfold(1, len(WEIGHTS), 1) @ values.new_tensor(WEIGHTS)
    return differences.abs().nan_to_num(nan=0.0, posinf=0.0)
