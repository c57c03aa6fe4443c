"""pes: from ab initio points to vibrational levels, differentiable end to end.

Names are loaded when first used, so that `import pes` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pes.coordinates.valence import Valence
    from pes.data import Dataset, read, split
    from pes.molecule import Molecule
    from pes.potential import energies_and_forces
    from pes.potential import load_surface as load
    from pes.potential import save_surface as save
    from pes.training.errors import error_report
    from pes.training.fit import fit
    from pes.vibration.coordinate import Coordinate
    from pes.vibration.levels import levels
    from pes.vibration.record import Levels
    from pes.vibration.sensitivity import sensitivity
    from pes.vibration.spectrum import spectrum
    from pes.vibration.system import System, molecular

_ORIGIN = {
    "Coordinate": ("pes.vibration.coordinate", "Coordinate"),
    "Dataset": ("pes.data", "Dataset"),
    "Levels": ("pes.vibration.record", "Levels"),
    "Molecule": ("pes.molecule", "Molecule"),
    "System": ("pes.vibration.system", "System"),
    "Valence": ("pes.coordinates.valence", "Valence"),
    "energies_and_forces": ("pes.potential", "energies_and_forces"),
    "error_report": ("pes.training.errors", "error_report"),
    "fit": ("pes.training.fit", "fit"),
    "levels": ("pes.vibration.levels", "levels"),
    "load": ("pes.potential", "load_surface"),
    "molecular": ("pes.vibration.system", "molecular"),
    "read": ("pes.data", "read"),
    "save": ("pes.potential", "save_surface"),
    "sensitivity": ("pes.vibration.sensitivity", "sensitivity"),
    "spectrum": ("pes.vibration.spectrum", "spectrum"),
    "split": ("pes.data", "split"),
}

__all__ = [
    "Coordinate",
    "Dataset",
    "Levels",
    "Molecule",
    "System",
    "Valence",
    "energies_and_forces",
    "error_report",
    "fit",
    "levels",
    "load",
    "molecular",
    "read",
    "save",
    "sensitivity",
    "spectrum",
    "split",
]


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module 'pes' has no attribute {name!r}")
    module, attribute = _ORIGIN[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
