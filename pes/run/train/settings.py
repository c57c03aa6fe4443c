"""Conversion of a configuration to the settings of a fit."""

from functools import partial

from pes.config import TrainConfig
from pes.config.training import Auto, Column
from pes.config.training import Training as TrainingSection
from pes.setup.training.planning.settings import EnsembleForm, TrainingSettings, Weights
from pes.training import OPTIMIZERS
from pes.training.optimizers.problem import Optimizer
from pes.training.weights import WEIGHTS
from pes.units import CM1

__all__ = ["optimizer_of", "training_settings", "weights_of"]


def training_settings(config: TrainConfig) -> TrainingSettings:
    """Settings of a fit from a configuration with full paths.

    Raises:
        ValueError: if the settings contradict each other.
    """
    training, ensemble = config.training, config.ensemble
    return TrainingSettings(
        form=config.surface.resolved(),
        ensemble=None if ensemble is None else EnsembleForm(**ensemble.model_dump()),
        weights=weights_of(training),
        force_weight=training.force_weight,
        optimizer=optimizer_of(training),
        epochs=training.epochs,
        patience=training.patience,
        max_seconds=training.max_seconds,
        restarts=training.restarts,
        seed=config.seed,
        memory=training.memory,
        first_points=training.first_points,
        first_epochs=training.first_epochs,
    )


def weights_of(section: TrainingSection) -> Weights | None:
    """Weights of the points as `pes.setup` takes them."""
    if isinstance(section.weights, Column):
        return section.weights.name
    options = section.weights.model_dump(exclude={"kind"})
    return partial(
        WEIGHTS[section.weights.kind], **{key: value * CM1 for key, value in options.items()}
    )


def optimizer_of(section: TrainingSection) -> str | Optimizer:
    """Optimizer as `pes.setup` takes it."""
    if isinstance(section.optimizer, Auto):
        return "auto"
    options = section.optimizer.model_dump(exclude={"kind"})
    return partial(OPTIMIZERS[section.optimizer.kind], **options)
