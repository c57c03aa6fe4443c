"""Equivalent wells that no bond turns into one another: mirror images and exchanges of like atoms.

An exchange of like atoms that is its own inverse, with the rotation or reflection that brings the
molecule nearest to itself, maps a well onto an equivalent one. Half-way geometries are those that
it leaves alone, so V is relaxed among them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from pes.coordinates import optimum
from pes.geometry import distances, nearest_rotation
from pes.molecule import Molecule, like_permutations

__all__ = ["Image", "exchanges", "mirror_image"]

Potential = Callable[[Tensor], Tensor]

SAME = 0.1
"""Bohr, root of the summed squares: an image that lies nearer is the molecule itself."""

IMAGES = 200
"""Permutations of like atoms that are looked at."""

NEAREST = 4
"""Images by exchange, each farther away than the one before, whose barriers are looked at."""

PATH = 11
"""Points of a path to the half-way geometry."""

LOOSE = 1e-4
"""Weight of positions beside distances on a synchronous path: the molecule shall not turn."""


@dataclass(frozen=True, eq=False)
class Image:
    """A well that like atoms exchanged, and a rotation or reflection, make of another one.

    Attributes:
        order: for each atom the one whose place it takes.
        turn: T (3, 3), its own inverse; the image of positions x is x[order] T.
        well: positions (N, 3) about their centre, bohr.
    """

    order: list[int]
    turn: Tensor
    well: Tensor

    @property
    def positions(self) -> Tensor:
        """The other well, (N, 3)."""
        return self.well[self.order] @ self.turn

    @property
    def exchanged(self) -> tuple[int, int] | None:
        """The first two atoms that take each other's place; None if all keep theirs."""
        return next(((a, b) for a, b in enumerate(self.order) if a != b), None)

    @property
    def distance(self) -> float:
        """Root of the summed squares between both wells, bohr."""
        return float((self.positions - self.well).norm())

    def way(self, potential: Potential, height: Callable[[Tensor], Tensor]) -> Tensor:
        """Geometries (K, N, 3) from the well to the half-way one: the lowest of a few paths.

        Args:
            potential: positions (B, N, 3) to energies (B,).
            height: the same, infinite where the potential is no number.
        """

        def symmetric(y: Tensor) -> Tensor:
            y = y - y.mean(-2, keepdim=True)
            return (y + y[..., self.order, :] @ self.turn) / 2

        half = symmetric(self.well)
        try:
            relaxed = symmetric(optimum(lambda y: potential(symmetric(y)), half))
        except (ValueError, FloatingPointError):
            relaxed = half
        ways = [_straight(self.well, half), *_ways(self.well, relaxed)]
        return min(ways, key=lambda way: float(height(way).max()))


def mirror_image(molecule: Molecule, minimum: Tensor) -> Image | None:
    """The nearest mirror image that is not the molecule turned; None if all are, as of planar ones.

    Args:
        molecule: its atoms.
        minimum: positions (N, 3) in bohr.
    """
    images = list(_images(molecule, minimum, -1))
    if any(image.distance < SAME and image.exchanged is None for image in images):
        return None
    images = [image for image in images if image.distance > SAME]
    # Of images equally near the first, in which all atoms keep their places if they may.
    return min(images, key=lambda image: round(image.distance / SAME, 2), default=None)


def exchanges(molecule: Molecule, minimum: Tensor) -> list[Image]:
    """Images by exchange of like atoms that are not the molecule turned, the nearest first.

    Of images equally far away, which symmetry mostly makes equal, one is among them.

    Args:
        molecule: its atoms.
        minimum: positions (N, 3) in bohr.
    """
    kept: list[Image] = []
    for image in sorted(_images(molecule, minimum, 1), key=lambda image: image.distance):
        if image.distance > (kept[-1].distance if kept else 0.0) + SAME:
            kept.append(image)
    return kept[:NEAREST]


def _images(molecule: Molecule, minimum: Tensor, sign: int) -> Iterator[Image]:
    """Images by rotations (sign 1) or reflections (−1), the molecule itself among them."""
    x = minimum - minimum.mean(0)
    for order in islice(like_permutations(molecule.elements), IMAGES):
        # An exchange that is its own inverse, so that the turn is its own too.
        if [order[a] for a in order] != list(range(len(x))):
            continue
        turn = sign * nearest_rotation(sign * x[order].mT @ x)
        if torch.allclose(turn @ turn, torch.eye(3).to(turn), atol=1e-6):
            yield Image(order, turn, x)


def _straight(start: Tensor, end: Tensor) -> Tensor:
    share = torch.linspace(0, 1, PATH, dtype=torch.float64)[:, None, None]
    return start + share * (end - start)


def _ways(start: Tensor, end: Tensor) -> list[Tensor]:
    """Paths (K, N, 3): straight in positions, and in distances, which shortens no bond.

    References:
        T. A. Halgren, W. N. Lipscomb, Chem. Phys. Lett. 49, 225 (1977),
        doi:10.1016/0009-2614(77)80574-5 (linear synchronous transit)
    """
    straight = _straight(start, end)
    first, last = distances(start), distances(end)
    if float(last.min()) < SAME:
        return [straight]
    points = []
    for share, between in zip(torch.linspace(0, 1, PATH).tolist(), straight, strict=True):
        aim = (1 - share) * first + share * last

        def away(y: Tensor, aim: Tensor = aim, between: Tensor = between) -> Tensor:
            near = (y - between).square().sum((-1, -2))
            return ((distances(y) - aim).square() / aim**4).sum(-1) + LOOSE * near

        try:
            points.append(optimum(away, between))
        except (ValueError, FloatingPointError):
            return [straight]
    return [straight, torch.stack(points)]
