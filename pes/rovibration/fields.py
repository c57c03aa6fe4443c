"""The part of the inverse metric that couples rotation to vibrations, in a frame of the body."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import pad

from pes.chunks import in_chunks, tuple_in_chunks
from pes.rovibration.frames import in_frame, is_near_jump
from pes.rovibration.operators import PAIRS
from pes.rovibration.reference import (
    BodyReference,
    FlexibleReference,
    centred_positions,
    masses_of,
)
from pes.vibration.system.kinetic import metric_tensor, tangents
from pes.vibration.system.system import System

__all__ = [
    "CHUNK",
    "RotationalFields",
    "frame_positions",
    "rotational_fields",
    "rotational_metric",
]

CHUNK = 4096
"""Grid points worked on at once."""

NOTHING = 1e-13
"""Field that is zero but for rounding, relative to the largest of its kind."""

SMALLEST = 1e-30
"""Against a division by zero where no vibration couples to rotation."""


@dataclass(frozen=True)
class RotationalFields:
    """The part of the inverse metric that rotation brings, on the grid of a calculation.

    Attributes:
        inner: G_αβ, (P, 3, 3).
        mixed: G_kα, (P, Q, 3).
        near_jump: whether the axes jump near a point, (P,); both are zero there.
    """

    inner: Tensor
    mixed: Tensor
    near_jump: Tensor

    @cached_property
    def present(self) -> frozenset[int]:
        """Numbers of the operators that are not zero: five of nine for a planar molecule."""
        inner = torch.stack([self.inner[:, j, k].abs().max() for j, k in PAIRS])
        mixed = self.mixed.abs().amax((0, 1))
        sizes = torch.cat((inner / inner.max(), mixed / mixed.max().clamp(min=SMALLEST)))
        return frozenset((sizes > NOTHING).nonzero().flatten().tolist())


def rotational_fields(
    system: System, q: Tensor, frame: str, reference: BodyReference
) -> RotationalFields:
    """G_αβ and G_kα on a grid.

    Args:
        system: a molecule.
        q: points (P, Q).
        frame: see `pes.rovibration.frames`.
        reference: geometry that the frame refers to, see `pes.rovibration.reference`.
    """
    masses = masses_of(system)

    def jumps(part: Tensor) -> Tensor:
        if isinstance(reference, FlexibleReference):
            return reference.near_jump(part)
        return is_near_jump(centred_positions(system, part), reference, masses, frame)

    near = in_chunks(jumps, q, CHUNK)
    inner, mixed = q.new_zeros(len(q), 3, 3), q.new_zeros(*q.shape, 3)
    inner[~near], mixed[~near] = rotational_metric(system, q[~near], reference, masses, frame)
    return RotationalFields(inner, mixed, near)


def rotational_metric(
    system: System, q: Tensor, reference: BodyReference, masses: Tensor, frame: str
) -> tuple[Tensor, Tensor]:
    """G_αβ (P, 3, 3) and G_kα (P, Q, 3) of the inverse metric at points (P, Q), in a frame.

    A linear molecule with 3N − 5 coordinates rotates about the axes across it alone: its fields of
    z are zero, and the first two axes are those of `System.across`.
    """
    positions = system.positions
    assert positions is not None

    def part(q: Tensor) -> tuple[Tensor, Tensor]:
        x, dx = tangents(lambda q, _: positions(q), q, masses)
        x, dx = _turned(x, dx, q, reference, masses, frame)
        inverse = torch.linalg.inv(metric_tensor(x, dx, masses, system.across)[1])
        modes = q.shape[1]
        inner, mixed = inverse[:, modes:, modes:], inverse[:, :modes, modes:]
        missing = 3 - inner.shape[-1]
        return pad(inner, (0, missing, 0, missing)), pad(mixed, (0, missing))

    inner, mixed = tuple_in_chunks(part, q, CHUNK)
    return inner, mixed


def frame_positions(system: System, q: Tensor, reference: BodyReference, frame: str) -> Tensor:
    """Positions (P, N, 3) at points (P, Q) along the axes of a frame, centred on their mass."""
    x = centred_positions(system, q)
    still = x.new_zeros(len(x), q.shape[1], *x.shape[1:])
    return _turned(x, still, q, reference, masses_of(system), frame)[0]


def _turned(
    x: Tensor, dx: Tensor, q: Tensor, reference: BodyReference, masses: Tensor, frame: str
) -> tuple[Tensor, Tensor]:
    """Positions and their derivatives in the axes of a frame; see `in_frame`."""
    if not isinstance(reference, FlexibleReference):
        return in_frame(x, dx, reference, masses, frame)
    geometry, slope = reference.at(q)
    drift = torch.zeros_like(dx)
    drift[:, reference.coordinate] = slope
    return in_frame(x, dx, geometry, masses, frame, drift)
