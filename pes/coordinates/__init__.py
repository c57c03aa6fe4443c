"""Internal coordinates: q and masses to positions.

Each has `names`, `kinds` (length, angle, dihedral, azimuth, normal, number or cosine),
`to_positions(q, masses)` and `from_positions(positions, masses)`.
"""

from pes.coordinates.automatic import automatic_rows
from pes.coordinates.bond_tree import nearest_tree
from pes.coordinates.bond_vector_modes import BondVectors, bond_vectors
from pes.coordinates.curvilinear_modes import Curvilinear, curvilinear, curvilinear_beside
from pes.coordinates.internal import Direct, Internal
from pes.coordinates.jacobi import Jacobi
from pes.coordinates.maps import MAPS, Map, Mapped
from pes.coordinates.minimisation import optimum
from pes.coordinates.polyspherical import Polyspherical
from pes.coordinates.radau import Radau
from pes.coordinates.rectilinear_modes import NormalModes, hessian, normal_modes
from pes.coordinates.umbrella import Umbrella
from pes.coordinates.valence import Valence
from pes.coordinates.zmatrix import ZMatrix

__all__ = [
    "COORDINATES",
    "MAPS",
    "BondVectors",
    "Curvilinear",
    "Direct",
    "Internal",
    "Jacobi",
    "Map",
    "Mapped",
    "NormalModes",
    "Polyspherical",
    "Radau",
    "Umbrella",
    "Valence",
    "ZMatrix",
    "automatic_rows",
    "bond_vectors",
    "curvilinear",
    "curvilinear_beside",
    "hessian",
    "nearest_tree",
    "normal_modes",
    "optimum",
]

COORDINATES: dict[str, type] = {
    "bond_vectors": BondVectors,
    "jacobi": Jacobi,
    "normal_modes": NormalModes,
    "polyspherical": Polyspherical,
    "radau": Radau,
    "umbrella": Umbrella,
    "valence": Valence,
    "zmatrix": ZMatrix,
}
"""Kinds of coordinates by their name in `coordinates:` of a configuration."""
