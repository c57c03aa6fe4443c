"""pes: from ab initio points to vibrational levels, differentiable end to end.

Names are loaded when first used, so that `import pes` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pes.coordinates.valence import Valence
    from pes.data import Dataset, Split, read, split
    from pes.data.formats.extxyz import write_extxyz
    from pes.data.formats.hdf5 import write_hdf5
    from pes.descriptors import Invariants
    from pes.evaluation import Evaluation, evaluate
    from pes.molecule import Molecule
    from pes.potential import (
        Ensemble,
        LinearSurface,
        NeuralSurface,
        energies_and_forces,
        linear_surface,
        neural_surface,
    )
    from pes.potential import load_surface as load
    from pes.potential import save_surface as save
    from pes.setup.fit_result import FitResult
    from pes.setup.training import train
    from pes.setup.training_settings import EnsembleForm, LinearBaseline, LinearForm, NetworkForm
    from pes.training.errors import error_report
    from pes.training.fit import epochs
    from pes.vibration.analysis.derivatives import sensitivity
    from pes.vibration.analysis.intensities import spectrum
    from pes.vibration.basis.specification import BasisSpec
    from pes.vibration.levels.levels import vibrational_levels
    from pes.vibration.levels.result import Levels
    from pes.vibration.system.system import System, molecular

_ORIGIN = {
    "BasisSpec": ("pes.vibration.basis.specification", "BasisSpec"),
    "Dataset": ("pes.data", "Dataset"),
    "Ensemble": ("pes.potential", "Ensemble"),
    "EnsembleForm": ("pes.setup.training_settings", "EnsembleForm"),
    "Evaluation": ("pes.evaluation", "Evaluation"),
    "FitResult": ("pes.setup.fit_result", "FitResult"),
    "Invariants": ("pes.descriptors", "Invariants"),
    "Levels": ("pes.vibration.levels.result", "Levels"),
    "LinearBaseline": ("pes.setup.training_settings", "LinearBaseline"),
    "LinearForm": ("pes.setup.training_settings", "LinearForm"),
    "LinearSurface": ("pes.potential", "LinearSurface"),
    "Molecule": ("pes.molecule", "Molecule"),
    "NetworkForm": ("pes.setup.training_settings", "NetworkForm"),
    "NeuralSurface": ("pes.potential", "NeuralSurface"),
    "Split": ("pes.data", "Split"),
    "System": ("pes.vibration.system.system", "System"),
    "Valence": ("pes.coordinates.valence", "Valence"),
    "energies_and_forces": ("pes.potential", "energies_and_forces"),
    "epochs": ("pes.training.fit", "epochs"),
    "error_report": ("pes.training.errors", "error_report"),
    "evaluate": ("pes.evaluation", "evaluate"),
    "linear_surface": ("pes.potential", "linear_surface"),
    "load": ("pes.potential", "load_surface"),
    "molecular": ("pes.vibration.system.system", "molecular"),
    "neural_surface": ("pes.potential", "neural_surface"),
    "read": ("pes.data", "read"),
    "save": ("pes.potential", "save_surface"),
    "sensitivity": ("pes.vibration.analysis.derivatives", "sensitivity"),
    "spectrum": ("pes.vibration.analysis.intensities", "spectrum"),
    "split": ("pes.data", "split"),
    "train": ("pes.setup.training", "train"),
    "vibrational_levels": ("pes.vibration.levels.levels", "vibrational_levels"),
    "write_extxyz": ("pes.data.formats.extxyz", "write_extxyz"),
    "write_hdf5": ("pes.data.formats.hdf5", "write_hdf5"),
}

__all__ = [
    "BasisSpec",
    "Dataset",
    "Ensemble",
    "EnsembleForm",
    "Evaluation",
    "FitResult",
    "Invariants",
    "Levels",
    "LinearBaseline",
    "LinearForm",
    "LinearSurface",
    "Molecule",
    "NetworkForm",
    "NeuralSurface",
    "Split",
    "System",
    "Valence",
    "energies_and_forces",
    "epochs",
    "error_report",
    "evaluate",
    "linear_surface",
    "load",
    "molecular",
    "neural_surface",
    "read",
    "save",
    "sensitivity",
    "spectrum",
    "split",
    "train",
    "vibrational_levels",
    "write_extxyz",
    "write_hdf5",
]


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module 'pes' has no attribute {name!r}")
    module, attribute = _ORIGIN[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
