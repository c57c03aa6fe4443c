"""From the training section of a configuration to an optimizer, and what to do when it fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from pes.config import TrainConfig, load_config
from pes.config.training import AdamLBFGS, LevenbergMarquardt
from pes.data import Dataset
from pes.memory import free_memory
from pes.potential import Ensemble, NeuralSurface
from pes.run.train.ensemble import neural_members
from pes.training import OPTIMIZERS
from pes.training.memory import check_memory, needed_memory
from pes.training.optimizer_choice import chosen_optimizer
from pes.training.problem import Optimizer
from pes.training.projection import reachable_rank

__all__ = ["as_before", "optimizer_of", "safe_stop", "with_optimizer"]

CHOICES = {"adam_lbfgs": AdamLBFGS, "levenberg_marquardt": LevenbergMarquardt}
MIB = 2**20


def as_before(config: TrainConfig, checkpoint: Path) -> TrainConfig:
    """For `auto`, the optimizer that the first sitting of a run chose."""
    before = checkpoint.with_name("config.yaml")
    if config.training.optimizer.kind != "auto" or not before.is_file():
        return config
    first = load_config(before, TrainConfig).training.optimizer
    training = config.training.model_copy(update={"optimizer": first})
    return config.model_copy(update={"training": training})


def with_optimizer(
    config: TrainConfig, surface: NeuralSurface | Ensemble, training: Dataset
) -> tuple[TrainConfig, str | None]:
    """The configuration with `auto` replaced by a choice, and the reason in words if there was one.

    Raises:
        ValueError: if the fit would need more memory than there is.
    """
    together, reason = 1, None
    if isinstance(surface, Ensemble):
        together, surface = len(surface.members), neural_members(surface)[0]
    parameters, device = sum(p.numel() for p in surface.mlp.parameters()), surface.scale.device
    if together > 1 and config.training.optimizer.kind == "auto":
        config = _settled(config, "levenberg_marquardt")
    elif config.training.optimizer.kind == "auto":
        each = 1
        if training.forces is not None:
            each += reachable_rank(surface.descriptor.size, training.forces[0].numel())
        name, reason = chosen_optimizer(len(training) * each, parameters, device.type)
        config = _settled(config, name)
        reason = f"optimizer {name}: {reason}"
    options = config.training.optimizer.model_dump()
    needed = needed_memory(
        options["kind"],
        parameters=parameters,
        chunks=_chunk_bytes(config, surface, training),
        history=options.get("history", 0),
    )
    needed["matrix"] *= together
    check_memory(needed, free_memory(device))
    return config, reason


def _settled(config: TrainConfig, name: str) -> TrainConfig:
    training = config.training.model_copy(update={"optimizer": CHOICES[name]()})
    return config.model_copy(update={"training": training})


def _chunk_bytes(config: TrainConfig, surface: NeuralSurface, training: Dataset) -> int:
    """What ∂f/∂x and the Jacobian of all points would take, at most `training.memory`."""
    components = 0 if training.forces is None else training.forces[0].numel()
    widest = (1 + components) * (
        surface.descriptor.size + sum(p.numel() for p in surface.mlp.parameters())
    )
    return min(config.training.memory * MIB, 8 * len(training) * widest)


def optimizer_of(config: TrainConfig) -> Optimizer:
    """The optimizer with its settings bound."""
    options = config.training.optimizer.model_dump()
    kind = options.pop("kind")
    if "adam" in kind:
        options["seed"] = config.seed
    if kind == "adam":
        options["epochs"] = config.training.epochs
    return partial(OPTIMIZERS[kind], **options)


@contextmanager
def safe_stop(save: Callable[[], str | None]) -> Iterator[None]:
    """Save the state before a loss that is no number, or memory that is full, ends the run.

    Args:
        save: writes the last good state; where it is in words, None if there is none yet.

    Raises:
        ValueError, FloatingPointError: what happened, in one line.
    """
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}{_told(save())}") from None
    except (MemoryError, RuntimeError) as error:
        if not _full(error):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise ValueError(
            f"out of memory ({(str(error) or 'MemoryError').splitlines()[0][:100]}); lower "
            "`training.memory`, make `surface.hidden` smaller or set `training.optimizer: lbfgs`"
            f"{_told(save())}"
        ) from None


def _told(place: str | None) -> str:
    return "" if place is None else f"; {place}"


def _full(error: Exception) -> bool:
    """Whether memory is the trouble; on a CPU torch raises a plain RuntimeError."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error)
