"""Inputs of a fit from positions, all unchanged by translation and rotation."""

from collections.abc import Mapping
from typing import Any

from pes.descriptors.descriptor import Descriptor
from pes.descriptors.distances import Distances
from pes.descriptors.invariants import Invariants
from pes.descriptors.morse import Morse

__all__ = ["DESCRIPTORS", "Descriptor", "Distances", "Invariants", "Morse", "descriptor_from"]

DESCRIPTORS = {"distances": Distances, "invariants": Invariants, "morse": Morse}


def descriptor_from(settings: Mapping[str, Any]) -> Descriptor:
    """The descriptor whose `settings` these are.

    Raises:
        ValueError: for an unknown kind.

    Example:
        >>> descriptor_from({"kind": "morse", "elements": ["H", "H"], "length": 2.0}).size
        1
    """
    arguments = dict(settings)
    kind = arguments.pop("kind", None)
    if kind not in DESCRIPTORS:
        raise ValueError(f"descriptor kind must be one of {sorted(DESCRIPTORS)}, got {kind!r}")
    return DESCRIPTORS[kind](**arguments)
