"""V continued beyond the region where a fitted surface is known.

A fit may turn anywhere where it has no points, even down below its minimum. Outer points of a grid
lie there, although wavefunctions hardly do. In dimensionless normal coordinates q, whose harmonic
energy is E(q) = ½ Σ_k ω_k q_k², V is taken up to an energy E₀ and continued along the ray from the
minimum. With t = √(E/E₀) and the point q/t of the ray where t = 1,

    V(q) − V(0) = t² g(t),   g(t) = g(1) + g′(1) s + (g″(1)/2 + g′(1)) s²,   s = 1 − 1/t,

which has the value, slope and curvature of V at t = 1, grows as t² and is linear in V. Along a ray
g tells how far V is from harmonic; that of a Morse oscillator falls in this way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["Continuation", "reliable_energy"]

STEP = 0.05
"""Step inwards by t from which slope and curvature are taken."""

SOFTEST = 0.05
"""Least V in harmonic energies where it is continued: no ray ends in a hole."""

NEARER = 0.8
"""Energy E₀ of a nearer continuation, which tells what this one may be off."""

DEVIATION = 0.1
"""Difference from V continued from a nearer energy, in E₀, from which V is not believed."""

FAR = 3.0
"""Distance t at which V continued must still be that of a molecule: outer points lie as far out."""

SOUND = (0.2, 6.0)
"""Least and largest V there, in harmonic energies. A Morse oscillator 40,000 cm⁻¹ deep, continued
from 10,000 cm⁻¹, has 0.27 where it is stretched and 5.4 where it is compressed."""

FEWEST = 0.25
"""Least E₀ that is looked at, in the harmonic energy of the farthest point."""

RAYS = 3000
"""Random rays that V is followed along, beside those of one and two coordinates."""

Potential = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Continuation:
    """V up to a harmonic energy, and continued beyond.

    Attributes:
        frequencies: ω of each coordinate, (Q,) in hartree.
        energy: E₀, hartree.
    """

    frequencies: Tensor
    energy: float

    def nearer(self) -> "Continuation":
        """The same from a lower energy."""
        return replace(self, energy=NEARER * self.energy)

    def beyond(self, q: Tensor) -> Tensor:
        """Mask (P,) of the points (P, Q) where V is continued."""
        return self._ray(q) > 1

    def of(self, potential: Potential, q: Tensor) -> Tensor:
        """V continued, at points q (P, Q): (..., P).

        Args:
            potential: of points (P, Q), energies (..., P) in hartree; others may stand before the
                points, such as members of an ensemble.
            q: points.
        """
        t = self._ray(q)
        out = t > 1
        v = potential(torch.where(out[:, None], q / t[:, None], q))
        if not out.any():
            return v
        at, t = q[out] / t[out][:, None], t[out]
        lowest = potential(torch.zeros_like(q[:1]))
        rest = ((potential((1 - h) * at) - lowest) / (1 - h) ** 2 for h in (STEP, 2 * STEP))
        g, (near, far) = v[..., out] - lowest, rest
        slope = (3 * g - 4 * near + far) / (2 * STEP)
        curvature = (g - 2 * near + far) / STEP**2
        s = 1 - 1 / t
        g = g + slope * s + (curvature / 2 + slope) * s**2
        values = lowest + t**2 * g.clamp(min=SOFTEST * self.energy)
        return v.masked_scatter(out.expand_as(v), values)

    def _ray(self, q: Tensor) -> Tensor:
        """t of points (P, Q), (P,); one where V is not continued."""
        harmonic = (q.square() * self.frequencies.to(q.device)).sum(1) / 2
        return (harmonic / self.energy).clamp(min=1.0).sqrt()


def reliable_energy(potential: Potential, frequencies: Tensor, points: Tensor) -> float | None:
    """Harmonic energy up to which a fitted surface goes on as it does farther in, hartree.

    At most that of the farthest training point; lower where V on any of many rays is not near
    what its continuation from four fifths of the energy says, or where slope and curvature, which
    a fit has less right than V, lead its continuation into a pit or up a cliff.

    Args:
        potential: V of points (P, Q) in dimensionless normal coordinates, (P,) in hartree.
        frequencies: ω, (Q,) in hartree.
        points: q of the training points, (T, Q).

    Returns:
        The energy; None where V turns within the training points.
    """
    farthest = float((points.square() * frequencies).sum(1).max() / 2)
    rays = _rays(len(frequencies)).to(frequencies)
    energy = farthest
    while energy > FEWEST * farthest:
        at = Continuation(frequencies, energy)
        q = rays * (2 * energy / frequencies).sqrt()
        with torch.no_grad():
            off = (at.nearer().of(potential, q) - potential(q)).abs().max()
            above = at.of(potential, FAR * q) - potential(torch.zeros_like(q[:1]))
        low, high = (above / (FAR**2 * energy)).aminmax()
        if bool((off <= DEVIATION * energy) & (low > SOUND[0]) & (high < SOUND[1])):
            return energy
        energy *= NEARER**0.5
    return None


def _rays(modes: int) -> Tensor:
    """Unit vectors (R, Q): along one coordinate, along two, and random ones."""
    one = torch.eye(modes, dtype=torch.float64)
    k, j = torch.triu_indices(modes, modes, 1)
    two = torch.cat((one[k] + one[j], one[k] - one[j])) / 2**0.5
    several = torch.randn(RAYS, modes, generator=torch.Generator().manual_seed(5)).double()
    several = several / several.norm(dim=1, keepdim=True)
    few = torch.cat((one, two))
    return torch.cat((few, -few, several))
