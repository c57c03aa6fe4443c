"""Names and units of internal coordinates, by which messages name places."""

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.places import Places

__all__ = ["places_of"]


def places_of(internal: Internal) -> Places:
    """Names and units of coordinates, Å and degrees."""
    kinds = [KINDS[kind] for kind in internal.kinds]
    units, sizes = tuple(kind.unit for kind in kinds), tuple(kind.size for kind in kinds)
    return Places(tuple(internal.names), units, sizes)
