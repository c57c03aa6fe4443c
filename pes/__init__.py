"""pes: from ab initio points to vibrational levels, differentiable end to end.

Names are loaded when first used, so that `import pes` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pes.coordinates.valence import Valence
    from pes.data import Dataset, read, split
    from pes.evaluation import Evaluation, evaluate
    from pes.molecule import Molecule
    from pes.potential import energies_and_forces
    from pes.potential import load_surface as load
    from pes.potential import save_surface as save
    from pes.training.errors import error_report
    from pes.training.fit import fit
    from pes.vibration.analysis.derivatives import sensitivity
    from pes.vibration.analysis.intensities import spectrum
    from pes.vibration.basis.specification import BasisSpec
    from pes.vibration.levels.levels import vibrational_levels
    from pes.vibration.levels.result import Levels
    from pes.vibration.system.system import System, molecular

_ORIGIN = {
    "BasisSpec": ("pes.vibration.basis.specification", "BasisSpec"),
    "Dataset": ("pes.data", "Dataset"),
    "Evaluation": ("pes.evaluation", "Evaluation"),
    "Levels": ("pes.vibration.levels.result", "Levels"),
    "Molecule": ("pes.molecule", "Molecule"),
    "System": ("pes.vibration.system.system", "System"),
    "Valence": ("pes.coordinates.valence", "Valence"),
    "energies_and_forces": ("pes.potential", "energies_and_forces"),
    "error_report": ("pes.training.errors", "error_report"),
    "evaluate": ("pes.evaluation", "evaluate"),
    "fit": ("pes.training.fit", "fit"),
    "vibrational_levels": ("pes.vibration.levels.levels", "vibrational_levels"),
    "load": ("pes.potential", "load_surface"),
    "molecular": ("pes.vibration.system.system", "molecular"),
    "read": ("pes.data", "read"),
    "save": ("pes.potential", "save_surface"),
    "sensitivity": ("pes.vibration.analysis.derivatives", "sensitivity"),
    "spectrum": ("pes.vibration.analysis.intensities", "spectrum"),
    "split": ("pes.data", "split"),
}

__all__ = [
    "BasisSpec",
    "Dataset",
    "Evaluation",
    "Levels",
    "Molecule",
    "System",
    "Valence",
    "energies_and_forces",
    "error_report",
    "evaluate",
    "fit",
    "load",
    "molecular",
    "read",
    "save",
    "sensitivity",
    "spectrum",
    "split",
    "vibrational_levels",
]


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module 'pes' has no attribute {name!r}")
    module, attribute = _ORIGIN[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
