"""Configuration files: what a YAML file may say, and reading it.

Every key stands with its meaning, its unit and its default in the file of its section. Energies
in cm⁻¹, lengths in Å, angles in degrees; paths relative to the file.
"""

from pes.config.force_field import ForceFieldConfig
from pes.config.harmonic_gaussian import ModelConfig
from pes.config.label import LabelConfig
from pes.config.reading import checked, load_config, read_yaml
from pes.config.refine import RefineConfig
from pes.config.sample import SampleConfig
from pes.config.train import TrainConfig
from pes.config.vibration import FitConfig, LevelsConfig, SpectrumConfig, Vibration

__all__ = [
    "FitConfig",
    "ForceFieldConfig",
    "LabelConfig",
    "LevelsConfig",
    "ModelConfig",
    "RefineConfig",
    "SampleConfig",
    "SpectrumConfig",
    "TrainConfig",
    "Vibration",
    "checked",
    "load_config",
    "read_yaml",
]
