"""Configuration files: schema and reading."""

from pes.config.reading import load_config, read_yaml
from pes.config.schema import (
    LevelsConfig,
    ModelConfig,
    ObservedLevels,
    RefineConfig,
    SampleConfig,
    TrainConfig,
    Vibration,
)

__all__ = [
    "LevelsConfig",
    "ModelConfig",
    "ObservedLevels",
    "RefineConfig",
    "SampleConfig",
    "TrainConfig",
    "Vibration",
    "load_config",
    "read_yaml",
]
