"""From a configuration to the products of functions that make the basis."""

from collections.abc import Sequence

from pes.config import Vibration
from pes.coordinates import Internal
from pes.units import CM1
from pes.vibration.basis.truncation import GroupSize, Truncation

__all__ = ["products"]


NORMAL_QUANTA = {6: 6.0, 9: 4.0}
"""Of normal coordinates by their number, if nothing limits the products."""


def products(config: Vibration, internal: Internal) -> Truncation:
    """Limits on products; coordinates by their name.

    Raises:
        ValueError: for a name that is no coordinate, or one in two groups.
    """
    names = internal.names
    groups, taken = [], {}
    for label, group in config.groups.items():
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
    for name in config.weights:
        _place("weights", name, factors)
    weights = tuple(config.weights.get(name, 1.0) for name in factors)
    energy = None if config.product_energy is None else config.product_energy * CM1
    quanta = config.quanta
    if quanta is None and energy is None and not groups and set(internal.kinds) == {"normal"}:
        quanta = NORMAL_QUANTA.get(len(names))
    return Truncation(
        quanta, weights if config.weights else None, energy, tuple(groups),
        config.reference == "vscf",
    )  # fmt: skip


def _place(key: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(f"`{key}`: there is no {name!r}; there are {', '.join(names)}")
    return names.index(name)
