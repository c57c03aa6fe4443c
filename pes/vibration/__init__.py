"""Vibrational levels, spectra and derivatives from V, G and one-dimensional bases."""

from pes.vibration.analysis.derivatives import (
    Slopes,
    level_derivatives,
    level_slopes,
)
from pes.vibration.analysis.intensities import Sticks, eckart_frame, stick_spectrum
from pes.vibration.analysis.second_order import curvatures
from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.primitives import PRIMITIVES, Primitive
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.eigensolvers.degeneracy import clusters
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.select import SOLVERS, lowest_eigenpairs
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import SparseGrid, sparse_hamiltonian
from pes.vibration.levels.levels import CAP, vibrational_levels
from pes.vibration.levels.result import Levels
from pes.vibration.system.kinetic import ToPositions
from pes.vibration.system.system import System, model, molecular

__all__ = [
    "CAP",
    "PRIMITIVES",
    "SOLVERS",
    "Basis",
    "BasisSpec",
    "Eigenpairs",
    "Hamiltonian",
    "Levels",
    "Primitive",
    "ProductBasis",
    "Slopes",
    "SparseGrid",
    "Sticks",
    "System",
    "ToPositions",
    "build_hamiltonian",
    "clusters",
    "contract",
    "curvatures",
    "eckart_frame",
    "level_derivatives",
    "level_slopes",
    "lowest_eigenpairs",
    "model",
    "molecular",
    "sparse_hamiltonian",
    "stick_spectrum",
    "vibrational_levels",
]
