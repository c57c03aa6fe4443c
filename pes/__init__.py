"""pes: from ab initio points to vibrational levels, differentiable end to end.

Names are loaded when first used, so that `import pes` costs nothing.
"""

import gc
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pes import units as units

    __version__: str
    from pes.coordinates.valence import Valence
    from pes.data import Dataset, Split, read, split, write
    from pes.descriptors import Distances, Invariants, Morse
    from pes.differentiation import Tape, tape
    from pes.evaluation import Evaluation, GradientCheck, check_gradients, evaluate
    from pes.export.targets import export_surface
    from pes.findings.audit import Audit, audit
    from pes.force_fields import ForceField, read_force_field
    from pes.interfaces.ase_calculator import SurfaceCalculator
    from pes.labelling.external import External
    from pes.labelling.label import LabelResult, label
    from pes.labelling.pyscf_program import PySCF
    from pes.molecule import Molecule
    from pes.potential import (
        DipoleNetwork,
        DipoleSurface,
        Ensemble,
        KernelSurface,
        LinearSurface,
        NeuralSurface,
        Surface,
        energies_and_forces,
        linear_surface,
        neural_surface,
    )
    from pes.refinement import ObservedLevels, Polynomial, Refinement, refine
    from pes.setup.coordinates.coordinate_request import CoordinateRequest
    from pes.setup.force_fields.force_field import force_field_levels
    from pes.setup.force_fields.force_field_result import ForceFieldResult
    from pes.setup.force_fields.quartic_field import quartic_field
    from pes.setup.inputs.surfaces import load, save
    from pes.setup.levels.level_result import LevelsResult, sensitivity, spectrum
    from pes.setup.levels.levels import levels
    from pes.setup.lines.line_list import line_list
    from pes.setup.new_points.level_points import Proposal, propose
    from pes.setup.new_points.sampling import Sample, sample
    from pes.setup.problem.basis import BasisSize
    from pes.setup.problem.truncation import TruncationRequest
    from pes.setup.series.isotopologues import Isotopologues, isotopologues
    from pes.setup.series.sweep import Sweep, sweep
    from pes.setup.training.dipoles.dipole import train_dipole
    from pes.setup.training.dipoles.dipole_forms import (
        AutomaticDipoleForm,
        DipoleForm,
        DipoleNetworkForm,
    )
    from pes.setup.training.dipoles.dipole_result import DipoleFit
    from pes.setup.training.outcome.fit_result import FitResult
    from pes.setup.training.planning.search import Search, SearchResult
    from pes.setup.training.planning.settings import (
        EnsembleForm,
        KernelForm,
        LinearBaseline,
        LinearForm,
        NetworkForm,
    )
    from pes.setup.training.train import train
    from pes.training.errors import error_report
    from pes.training.fit import epochs
    from pes.vibration.basis.specification import BasisSpec
    from pes.vibration.levels.levels import vibrational_levels
    from pes.vibration.levels.result import Levels
    from pes.vibration.system.system import System, molecular

_ORIGIN = {
    "Audit": ("pes.findings.audit", "Audit"),
    "AutomaticDipoleForm": ("pes.setup.training.dipoles.dipole_forms", "AutomaticDipoleForm"),
    "BasisSize": ("pes.setup.problem.basis", "BasisSize"),
    "BasisSpec": ("pes.vibration.basis.specification", "BasisSpec"),
    "CoordinateRequest": ("pes.setup.coordinates.coordinate_request", "CoordinateRequest"),
    "Dataset": ("pes.data", "Dataset"),
    "DipoleFit": ("pes.setup.training.dipoles.dipole_result", "DipoleFit"),
    "DipoleForm": ("pes.setup.training.dipoles.dipole_forms", "DipoleForm"),
    "DipoleNetwork": ("pes.potential", "DipoleNetwork"),
    "DipoleNetworkForm": ("pes.setup.training.dipoles.dipole_forms", "DipoleNetworkForm"),
    "DipoleSurface": ("pes.potential", "DipoleSurface"),
    "Distances": ("pes.descriptors", "Distances"),
    "Ensemble": ("pes.potential", "Ensemble"),
    "EnsembleForm": ("pes.setup.training.planning.settings", "EnsembleForm"),
    "Evaluation": ("pes.evaluation", "Evaluation"),
    "External": ("pes.labelling.external", "External"),
    "GradientCheck": ("pes.evaluation", "GradientCheck"),
    "FitResult": ("pes.setup.training.outcome.fit_result", "FitResult"),
    "ForceField": ("pes.force_fields", "ForceField"),
    "ForceFieldResult": ("pes.setup.force_fields.force_field_result", "ForceFieldResult"),
    "Invariants": ("pes.descriptors", "Invariants"),
    "Levels": ("pes.vibration.levels.result", "Levels"),
    "Isotopologues": ("pes.setup.series.isotopologues", "Isotopologues"),
    "KernelForm": ("pes.setup.training.planning.settings", "KernelForm"),
    "KernelSurface": ("pes.potential", "KernelSurface"),
    "LabelResult": ("pes.labelling.label", "LabelResult"),
    "LevelsResult": ("pes.setup.levels.level_result", "LevelsResult"),
    "LinearBaseline": ("pes.setup.training.planning.settings", "LinearBaseline"),
    "LinearForm": ("pes.setup.training.planning.settings", "LinearForm"),
    "LinearSurface": ("pes.potential", "LinearSurface"),
    "Molecule": ("pes.molecule", "Molecule"),
    "Morse": ("pes.descriptors", "Morse"),
    "NetworkForm": ("pes.setup.training.planning.settings", "NetworkForm"),
    "NeuralSurface": ("pes.potential", "NeuralSurface"),
    "ObservedLevels": ("pes.refinement", "ObservedLevels"),
    "Polynomial": ("pes.refinement", "Polynomial"),
    "Proposal": ("pes.setup.new_points.level_points", "Proposal"),
    "PySCF": ("pes.labelling.pyscf_program", "PySCF"),
    "Refinement": ("pes.refinement", "Refinement"),
    "Sample": ("pes.setup.new_points.sampling", "Sample"),
    "Search": ("pes.setup.training.planning.search", "Search"),
    "SearchResult": ("pes.setup.training.planning.search", "SearchResult"),
    "Split": ("pes.data", "Split"),
    "Surface": ("pes.potential", "Surface"),
    "Sweep": ("pes.setup.series.sweep", "Sweep"),
    "SurfaceCalculator": ("pes.interfaces.ase_calculator", "SurfaceCalculator"),
    "System": ("pes.vibration.system.system", "System"),
    "Tape": ("pes.differentiation", "Tape"),
    "TruncationRequest": ("pes.setup.problem.truncation", "TruncationRequest"),
    "Valence": ("pes.coordinates.valence", "Valence"),
    "audit": ("pes.findings.audit", "audit"),
    "check_gradients": ("pes.evaluation", "check_gradients"),
    "energies_and_forces": ("pes.potential", "energies_and_forces"),
    "epochs": ("pes.training.fit", "epochs"),
    "error_report": ("pes.training.errors", "error_report"),
    "evaluate": ("pes.evaluation", "evaluate"),
    "export_surface": ("pes.export.targets", "export_surface"),
    "force_field_levels": ("pes.setup.force_fields.force_field", "force_field_levels"),
    "isotopologues": ("pes.setup.series.isotopologues", "isotopologues"),
    "label": ("pes.labelling.label", "label"),
    "levels": ("pes.setup.levels.levels", "levels"),
    "line_list": ("pes.setup.lines.line_list", "line_list"),
    "linear_surface": ("pes.potential", "linear_surface"),
    "load": ("pes.setup.inputs.surfaces", "load"),
    "molecular": ("pes.vibration.system.system", "molecular"),
    "neural_surface": ("pes.potential", "neural_surface"),
    "propose": ("pes.setup.new_points.level_points", "propose"),
    "quartic_field": ("pes.setup.force_fields.quartic_field", "quartic_field"),
    "read": ("pes.data", "read"),
    "read_force_field": ("pes.force_fields", "read_force_field"),
    "refine": ("pes.refinement", "refine"),
    "sample": ("pes.setup.new_points.sampling", "sample"),
    "save": ("pes.setup.inputs.surfaces", "save"),
    "sensitivity": ("pes.setup.levels.level_result", "sensitivity"),
    "spectrum": ("pes.setup.levels.level_result", "spectrum"),
    "split": ("pes.data", "split"),
    "sweep": ("pes.setup.series.sweep", "sweep"),
    "tape": ("pes.differentiation", "tape"),
    "train": ("pes.setup.training.train", "train"),
    "train_dipole": ("pes.setup.training.dipoles.dipole", "train_dipole"),
    "vibrational_levels": ("pes.vibration.levels.levels", "vibrational_levels"),
    "write": ("pes.data", "write"),
}

__all__ = [
    "Audit",
    "AutomaticDipoleForm",
    "BasisSize",
    "BasisSpec",
    "CoordinateRequest",
    "Dataset",
    "DipoleFit",
    "DipoleForm",
    "DipoleNetwork",
    "DipoleNetworkForm",
    "DipoleSurface",
    "Distances",
    "Ensemble",
    "EnsembleForm",
    "Evaluation",
    "External",
    "FitResult",
    "ForceField",
    "ForceFieldResult",
    "GradientCheck",
    "Invariants",
    "Isotopologues",
    "KernelForm",
    "KernelSurface",
    "LabelResult",
    "Levels",
    "LevelsResult",
    "LinearBaseline",
    "LinearForm",
    "LinearSurface",
    "Molecule",
    "Morse",
    "NetworkForm",
    "NeuralSurface",
    "ObservedLevels",
    "Polynomial",
    "Proposal",
    "PySCF",
    "Refinement",
    "Sample",
    "Search",
    "SearchResult",
    "Split",
    "Surface",
    "SurfaceCalculator",
    "Sweep",
    "System",
    "Tape",
    "TruncationRequest",
    "Valence",
    "__version__",
    "audit",
    "check_gradients",
    "energies_and_forces",
    "epochs",
    "error_report",
    "evaluate",
    "export_surface",
    "force_field_levels",
    "isotopologues",
    "label",
    "levels",
    "line_list",
    "linear_surface",
    "load",
    "molecular",
    "neural_surface",
    "propose",
    "quartic_field",
    "read",
    "read_force_field",
    "refine",
    "sample",
    "save",
    "sensitivity",
    "spectrum",
    "split",
    "sweep",
    "tape",
    "train",
    "train_dipole",
    "units",
    "vibrational_levels",
    "write",
]


def __getattr__(name: str) -> Any:
    if name == "units":
        return import_module("pes.units")
    if name == "__version__":
        return import_module("importlib.metadata").version("pes")
    if name not in _ORIGIN:
        raise AttributeError(f"module 'pes' has no attribute {name!r}")
    module, attribute = _ORIGIN[name]
    return getattr(sys.modules.get(module) or _loaded(module), attribute)


def _loaded(name: str) -> ModuleType:
    """A module, loaded without a look for garbage, which takes a third of the time with torch."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if enabled:
            gc.enable()


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
