"""Fitting surfaces: losses, optimizers, the loop around them and its checkpoints."""

from pes.training.adam import adam
from pes.training.adam_lbfgs import adam_lbfgs
from pes.training.lbfgs import lbfgs
from pes.training.levenberg_marquardt import levenberg_marquardt

__all__ = ["OPTIMIZERS", "adam", "adam_lbfgs", "lbfgs", "levenberg_marquardt"]

OPTIMIZERS = {
    "adam": adam,
    "adam_lbfgs": adam_lbfgs,
    "lbfgs": lbfgs,
    "levenberg_marquardt": levenberg_marquardt,
}
