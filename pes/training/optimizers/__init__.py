"""Optimizers of a fit: one function each, from a least-squares problem to steps."""

from pes.training.optimizers.adam import adam
from pes.training.optimizers.adam_lbfgs import adam_lbfgs
from pes.training.optimizers.lbfgs import lbfgs
from pes.training.optimizers.levenberg_marquardt import levenberg_marquardt

__all__ = ["OPTIMIZERS", "adam", "adam_lbfgs", "lbfgs", "levenberg_marquardt"]

OPTIMIZERS = {
    "adam": adam,
    "adam_lbfgs": adam_lbfgs,
    "lbfgs": lbfgs,
    "levenberg_marquardt": levenberg_marquardt,
}
