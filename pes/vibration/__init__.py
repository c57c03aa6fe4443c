"""Vibrational levels, spectra and derivatives from V, G and one-dimensional bases."""

from pes.vibration.basis import PRIMITIVES, Basis, Primitive, contract
from pes.vibration.coordinate import Coordinate
from pes.vibration.degeneracy import clusters
from pes.vibration.eigenpairs import Eigenpairs
from pes.vibration.eigensolver import SOLVERS, lowest
from pes.vibration.hamiltonian import Hamiltonian
from pes.vibration.kinetic import ToPositions
from pes.vibration.levels import CAP, hamiltonian, levels
from pes.vibration.record import Levels
from pes.vibration.response import curvatures
from pes.vibration.sensitivity import Slopes, kinetic_energies, sensitivity, slopes
from pes.vibration.spectrum import Sticks, eckart_frame, spectrum
from pes.vibration.system import System, model, molecular

__all__ = [
    "CAP",
    "PRIMITIVES",
    "SOLVERS",
    "Basis",
    "Coordinate",
    "Eigenpairs",
    "Hamiltonian",
    "Levels",
    "Primitive",
    "Slopes",
    "Sticks",
    "System",
    "ToPositions",
    "clusters",
    "contract",
    "curvatures",
    "eckart_frame",
    "hamiltonian",
    "kinetic_energies",
    "levels",
    "lowest",
    "model",
    "molecular",
    "sensitivity",
    "slopes",
    "spectrum",
]
