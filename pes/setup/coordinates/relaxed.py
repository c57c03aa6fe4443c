"""Coordinates that follow the minimum of a surface while others are free."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, pi

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.coordinates.relaxed import Interpolant, Relaxed, interpolant, nodes
from pes.setup.coordinates.place_names import places_of
from pes.vibration.system.relaxation import relaxed_points
from pes.vibration.system.system import System

__all__ = ["relaxed_coordinates"]

SIZES = {1: (9, 17, 33, 65), 2: (9, 17, 33)}
"""Nodes of each free coordinate that are tried, by the number of these."""

SMOOTH = 1e-6
"""Bohr or radians by which minima may lie off the functions that are put through them."""

STEP = 1e-3
"""Step of differences, bohr and radians."""

FARTHEST = 0.2
"""Longest step of a search, bohr and radians."""

SEARCH = 30
"""Steps of a search."""

TURN = 1e-6
"""Radians by which a full turn may be missed."""

Ranges = Sequence[tuple[float, float]]
Ends = Callable[[Sequence[str], Sequence[str]], Ranges | None]


def relaxed_coordinates(
    inner: Internal, names: Sequence[str], system: System, start: Tensor, ends: Ends
) -> Relaxed:
    """The coordinates left free, along which those named take the lowest energy.

    Args:
        inner: all coordinates.
        names: names of the coordinates that follow.
        system: V in all coordinates.
        start: near the minimum, (Q,).
        ends: ranges that the user gave for coordinates of these names and kinds; without them
            each makes a full turn.

    Raises:
        ValueError: if there is no such coordinate, more than two are left, a range is missing, or
            the lowest energy does not follow smoothly.
    """
    free = _free(inner, names)
    kinds = [inner.kinds[inner.names.index(name)] for name in free]
    ranges = ends(free, kinds) or _full_turns(free, kinds)
    valley = _Valley(system, inner, free, tuple(ranges), start)
    first, *larger = SIZES[len(free)]
    minima = valley.from_start(first)
    off = torch.full((1, len(start)), inf)
    for count in larger:
        through = valley.interpolant(minima)
        expected = valley.points(count)
        expected[:, valley.others] = through(expected[:, valley.places])
        minima = valley.lowest(expected)
        off = (minima - expected).abs()
        if float(off.max()) < SMOOTH:
            return Relaxed(inner, free, valley.interpolant(minima))
    worst = int(off.amax(1).argmax())
    raise ValueError(_not_smooth(valley, names, minima[worst], off[worst]))


@dataclass(frozen=True, eq=False)
class _Valley:
    """Lowest energies over some coordinates, at nodes of the free ones.

    Attributes:
        system: V in all coordinates.
        inner: all coordinates.
        free: names of those that are free.
        ranges: ends of these.
        start: near the minimum, (Q,).
    """

    system: System
    inner: Internal
    free: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    start: Tensor

    @property
    def places(self) -> list[int]:
        """Numbers of the free coordinates."""
        return [self.inner.names.index(name) for name in self.free]

    @property
    def others(self) -> list[int]:
        """Numbers of those that follow."""
        return [k for k, name in enumerate(self.inner.names) if name not in self.free]

    @property
    def turns(self) -> list[bool]:
        """Whether a free coordinate makes a full turn."""
        kinds = [self.inner.kinds[k] for k in self.places]
        return [
            kind == "dihedral" and high - low > 2 * pi - TURN
            for kind, (low, high) in zip(kinds, self.ranges, strict=True)
        ]

    def points(self, count: int) -> Tensor:
        """Free coordinates at their nodes, the others at the start, (M, Q)."""
        pairs = zip(self.ranges, self.turns, strict=True)
        axes = [nodes(ends, count, turn=turn) for ends, turn in pairs]
        q = self.start.repeat(count ** len(axes), 1)
        q[:, self.places] = torch.cartesian_prod(*axes).reshape(len(q), -1)
        return q

    def lowest(self, q: Tensor) -> Tensor:
        """The points where the others have the lowest energy near where they were."""
        # A dihedral may pass the end of its turn on the way.
        limits = [
            (-inf, inf) if kind == "dihedral" else KINDS[kind].limits for kind in self.inner.kinds
        ]
        ones = torch.ones_like(self.start)
        return relaxed_points(
            self.system, q, self.others, limits,
            step=STEP * ones, farthest=FARTHEST * ones, steps=SEARCH,
        )  # fmt: skip

    def from_start(self, count: int) -> Tensor:
        """Lowest points at all nodes, each search begun from the nearest node that is done."""
        q = self.points(count)
        apart = (q - self.start)[:, self.places].norm(dim=1)
        done: list[int] = []
        for node in apart.argsort().tolist():
            if done:
                near = (q[done] - q[node])[:, self.places].norm(dim=1).argmin()
                q[node, self.others] = q[done[int(near)], self.others]
            q[node] = self.lowest(q[node : node + 1])[0]
            done.append(node)
        return q

    def interpolant(self, minima: Tensor) -> Interpolant:
        """Smooth functions through points at nodes, (M, Q)."""
        count = round(len(minima) ** (1 / len(self.free)))
        values = minima[:, self.others].reshape(*[count] * len(self.free), -1)
        return interpolant(self.ranges, self.turns, values)


def _free(inner: Internal, names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in inner.names:
            raise ValueError(
                f"`coordinates.relaxed`: {name!r} is not a coordinate; they are "
                f"{', '.join(inner.names)}"
            )
    free = tuple(name for name in inner.names if name not in names)
    if len(free) not in SIZES:
        raise ValueError(
            f"`coordinates.relaxed` leaves {len(free)} coordinates free"
            f"{' (' + ', '.join(free) + ')' if free else ''}; leave one or two, and put others "
            "into `fixed`"
        )
    return free


def _full_turns(free: Sequence[str], kinds: Sequence[str]) -> Ranges:
    if set(kinds) != {"dihedral"}:
        raise ValueError(
            f"`coordinates.relaxed` needs `ranges` of {', '.join(free)}: the lowest energy is "
            "followed there"
        )
    return [(0.0, 2 * pi)] * len(free)


def _not_smooth(valley: _Valley, names: Sequence[str], worst: Tensor, off: Tensor) -> str:
    places, k = places_of(valley.inner), int(off.argmax())
    where = ", ".join(
        f"{places.name(k)} = {places.value(k, float(worst[k]))}" for k in valley.places
    )
    return (
        f"`coordinates.relaxed`: the lowest energy over {', '.join(names)} jumps or bends sharply "
        f"near {where}: a smooth path misses {places.name(k)} there by "
        f"{float(off[k]) / places.sizes[k]:.1g} {places.units[k]}; narrow the `ranges`, or leave "
        "another coordinate free"
    )
