"""Surfaces: positions in bohr to energies in hartree, analytic, linear, of kernels or neural."""

from pes.potential.dipole import DipoleSurface
from pes.potential.dipole_network import DipoleNetwork
from pes.potential.ensemble import Ensemble
from pes.potential.kernel import KernelSurface
from pes.potential.kernel_fit import kernel_surface
from pes.potential.kinds import SURFACES, surface_from, surface_settings
from pes.potential.linear import LinearSurface
from pes.potential.linear_fit import linear_fits, linear_surface
from pes.potential.named_function import NamedFunction
from pes.potential.neural import NeuralSurface, energies_and_forces, neural_surface
from pes.potential.storage import SurfaceRecord, load_surface, save_surface
from pes.potential.surface import Surface
from pes.potential.user_function import UserFunction

__all__ = [
    "SURFACES",
    "DipoleNetwork",
    "DipoleSurface",
    "Ensemble",
    "KernelSurface",
    "LinearSurface",
    "NamedFunction",
    "NeuralSurface",
    "Surface",
    "SurfaceRecord",
    "UserFunction",
    "energies_and_forces",
    "kernel_surface",
    "linear_fits",
    "linear_surface",
    "load_surface",
    "neural_surface",
    "save_surface",
    "surface_from",
    "surface_settings",
]
