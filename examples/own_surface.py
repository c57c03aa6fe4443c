"""A surface of your own in NumPy, and its levels.

    pes-levels --config examples/own_surface.yaml

computes levels, their convergence and their mass derivatives from `potential` below. It may
call any program; all it must do is take positions and return energies.
"""

import numpy as np

HARTREE_PER_CM1 = 4.556335252912e-6
BOHR_PER_ANGSTROM = 1.8897261246

R_E = 0.9579 * BOHR_PER_ANGSTROM
COS_E = np.cos(np.deg2rad(104.5))
DEPTH = 43000 * HARTREE_PER_CM1
STEEPNESS = 2.226 / BOHR_PER_ANGSTROM
BEND = 19000 * HARTREE_PER_CM1


def potential(positions: np.ndarray) -> np.ndarray:
    """Two Morse bonds and a bend quadratic in cos θ: a caricature of water.

    Args:
        positions: (B, 3, 3) in bohr, atoms O, H, H.

    Returns:
        Energies (B,) in hartree, from any zero.
    """
    oxygen, *hydrogens = np.moveaxis(positions, -2, 0)
    bonds = [hydrogen - oxygen for hydrogen in hydrogens]
    lengths = [np.linalg.norm(bond, axis=-1) for bond in bonds]
    cosine = np.sum(bonds[0] * bonds[1], axis=-1) / (lengths[0] * lengths[1])
    stretches = [DEPTH * (1 - np.exp(-STEEPNESS * (r - R_E))) ** 2 for r in lengths]
    return sum(stretches) + BEND * (cosine - COS_E) ** 2
