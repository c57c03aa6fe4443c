"""Limits on products of basis functions: by the names of coordinates, or the usual ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pes.coordinates import Internal
from pes.coordinates.internal import zero_at_minimum
from pes.units import CM1
from pes.vibration.basis.truncation import GroupSize, Truncation
from pes.vibration.hamiltonian.sparse import SparseGrid

__all__ = [
    "BEYOND",
    "PRODUCT_MODES",
    "GroupRequest",
    "TruncationRequest",
    "products",
    "sparse_grid",
]

BEYOND = 2.0
"""Level of a sparse grid beyond the quanta: it integrates products of functions times V and G."""

PRODUCT_MODES = 6
"""Normal coordinates up to which a product grid may take the place of a sparse one."""

NORMAL_QUANTA = {6: 6.0}
"""Usual limit of the quanta of normal coordinates, by their number."""

REFERENCES = {"cut": False, "vscf": True, "mean": False}
"""Whether one-dimensional functions are self-consistent: those of cuts through the minimum, or of
mean potentials over a region, are not."""


@dataclass(frozen=True)
class GroupRequest:
    """Coordinates contracted together.

    Attributes:
        coordinates: names of these coordinates.
        energy: energy above the lowest common function up to which functions are kept, cm⁻¹.
        functions: number of common functions to keep; give either this or `energy`.

    Raises:
        ValueError: if both `energy` and `functions` are given, or neither.
    """

    coordinates: Sequence[str]
    energy: float | None = None
    functions: int | None = None

    def __post_init__(self) -> None:
        if (self.energy is None) == (self.functions is None):
            raise ValueError("a group takes either `energy` or `functions`")


@dataclass(frozen=True)
class TruncationRequest:
    """Selection of products of basis functions; without limits the program's default.

    Attributes:
        quanta: largest total number of quanta.
        weights: weights of the quanta, by coordinate or group.
        energy: largest sum of reference energies above the lowest, cm⁻¹.
        groups: coordinates contracted together, by a name of the group.
        reference: a key of `REFERENCES`.
        grid_level: level of a sparse grid, in place of a product grid; it goes with `quanta`.

    Raises:
        ValueError: for an unknown `reference`.
    """

    quanta: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    energy: float | None = None
    groups: Mapping[str, GroupRequest] = field(default_factory=dict)
    reference: str = "cut"
    grid_level: float | None = None

    def __post_init__(self) -> None:
        if self.reference not in REFERENCES:
            raise ValueError(
                f"`reference` must be one of {', '.join(REFERENCES)}, got {self.reference!r}"
            )


def products(request: TruncationRequest, internal: Internal) -> Truncation:
    """Limits on products by the numbers of coordinates, in atomic units.

    Raises:
        ValueError: for a name that is no coordinate, or one in two groups.
    """
    names = internal.names
    groups, taken = [], {}
    for label, group in request.groups.items():
        places = sorted(_place(f"groups.{label}.coordinates", c, names) for c in group.coordinates)
        for k in places:
            if k in taken:
                raise ValueError(
                    f"`groups.{label}`: {names[k]} belongs to the group {taken[k]} already"
                )
            taken[k] = label
        energy = None if group.energy is None else group.energy * CM1
        groups.append(GroupSize(tuple(places), energy, group.functions))
    # A group stands where its first coordinate does.
    factors = list(dict.fromkeys(taken.get(k, name) for k, name in enumerate(names)))
    for name in request.weights:
        _place("weights", name, factors)
    weights = tuple(request.weights.get(name, 1.0) for name in factors)
    energy = None if request.energy is None else request.energy * CM1
    quanta = request.quanta
    if quanta is None and energy is None and not groups and set(internal.kinds) == {"normal"}:
        quanta = NORMAL_QUANTA.get(len(names))
    return Truncation(
        quanta, weights if request.weights else None, energy, tuple(groups),
        REFERENCES[request.reference],
    )  # fmt: skip


def sparse_grid(
    request: TruncationRequest, internal: Internal, *, sized: bool = False
) -> SparseGrid | None:
    """The sparse grid that is asked for, if one is.

    Quanta alone ask for it where coordinates are many: all products of points would be millions.

    Args:
        request: limits on products of functions.
        internal: coordinates.
        sized: whether functions or points of single coordinates are given.

    Raises:
        ValueError: for coordinates that are not normal ones, or limits that a sparse grid has not;
            for many normal coordinates without any limit.
    """
    others = request.energy is not None or request.groups or request.reference != "cut"
    many = len(internal.names) > PRODUCT_MODES and zero_at_minimum(internal.kinds)
    limited = request.quanta is not None or request.energy is not None or request.groups
    if many and not limited and request.grid_level is None:
        raise ValueError(
            f"{len(internal.names)} normal coordinates need `quanta`, the most quanta in all, such "
            "as 6, beside other sizes: all products of their functions are too many; or leave out "
            "every size, and the program chooses them"
        )
    if request.grid_level is None and request.quanta and many and not others and not sized:
        request = replace(request, grid_level=request.quanta + BEYOND)
    if request.grid_level is None:
        return None
    if not zero_at_minimum(internal.kinds):
        raise ValueError(
            "`grid_level` belongs to a sparse grid, for normal coordinates alone; give "
            "`coordinates: {kind: bond_vectors}`"
        )
    if request.quanta is None or others:
        raise ValueError(
            "a sparse grid takes `grid_level` with `quanta` and `weights`, without "
            "`product_energy`, `groups` and `reference`"
        )
    weights = products(replace(request, grid_level=None), internal).weights
    return SparseGrid(internal.names, request.quanta, request.grid_level, weights)


def _place(key: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(f"`{key}`: there is no {name!r}; there are {', '.join(names)}")
    return names.index(name)
