"""Internal coordinates: q and masses to positions.

Each has `names`, `kinds` (length, angle, dihedral or normal), `to_positions(q, masses)` and
`from_positions(positions, masses)`.
"""

from pes.coordinates.jacobi import Jacobi
from pes.coordinates.normal_modes import NormalModes, hessian, normal_modes
from pes.coordinates.radau import Radau
from pes.coordinates.valence import Valence
from pes.coordinates.zmatrix import ZMatrix

__all__ = [
    "COORDINATES",
    "Jacobi",
    "NormalModes",
    "Radau",
    "Valence",
    "ZMatrix",
    "hessian",
    "normal_modes",
]

COORDINATES: dict[str, type] = {
    "jacobi": Jacobi,
    "normal_modes": NormalModes,
    "radau": Radau,
    "valence": Valence,
    "zmatrix": ZMatrix,
}
"""By the name used in `coordinates:` of a configuration."""
