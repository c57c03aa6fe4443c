"""Records of a fit: the numbers of an epoch and the state from which the fit continues."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

__all__ = ["Epoch", "OptimizerState", "StopReason", "TrainingState"]

StopReason = Literal["epochs", "max_seconds", "patience", "converged", "budget", "signal"]
"""Reason why a fit ended: epochs, wall time or CPU time were used up, patience was over, no step of
the optimizer lowered the loss any more, or the user ended it."""


class OptimizerState(dict[str, Any]):
    """Values that an optimizer continues from, by name; one that the file lacks is refused."""

    def __missing__(self, name: str) -> Any:
        raise ValueError(
            f"the saved training state lacks `{name}` of the optimizer: the file is damaged or of "
            "another optimizer; start afresh"
        )


@dataclass(frozen=True)
class TrainingState:
    """State from which a fit continues as if it had never stopped.

    Attributes:
        epoch: number of epochs done.
        seconds: wall time of these epochs, s.
        parameters: parameters of the network, (P,).
        best_parameters: parameters of lowest validation loss, (P,).
        best_loss: lowest validation loss.
        best_epoch: epoch of the lowest validation loss.
        optimizer: state of the optimizer, plain types and tensors.
        restart: number of new starts from other weights.
        restart_loss: lowest validation loss since the last start.
        restart_epoch: epoch of that loss.
    """

    epoch: int
    seconds: float
    parameters: Tensor
    best_parameters: Tensor
    best_loss: float
    best_epoch: int
    optimizer: dict[str, Any]
    restart: int = 0
    restart_loss: float = float("inf")
    restart_epoch: int = 0


@dataclass(frozen=True)
class Epoch:
    """Numbers of one epoch of a fit; RMSE unweighted, in cm⁻¹ and cm⁻¹/Å.

    Attributes:
        epoch: counted from 1.
        seconds: wall time since the start, s, previous (resumed) sessions included.
        loss: ½‖r‖² of the training points (weighted, in units of the surface's scale²).
        validation_loss: the same for the validation points, far ones counted as `bounded_sum`
            does; lowest at the best epoch.
        gradient_norm: norm of the gradient of the training loss.
        details: the optimizer's own numbers.
        improved: whether this epoch is the best so far.
        state: state after this epoch, to continue from.
    """

    epoch: int
    seconds: float
    loss: float
    validation_loss: float
    train_rmse_cm1: float
    validation_rmse_cm1: float
    train_force_rmse_cm1_angstrom: float | None
    validation_force_rmse_cm1_angstrom: float | None
    gradient_norm: float
    details: dict[str, float]
    improved: bool
    state: TrainingState
