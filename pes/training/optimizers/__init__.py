"""Optimizers of a fit: one function each, from a least-squares problem to steps."""

from pes.training.optimizers.damped_least_squares import levenberg_marquardt
from pes.training.optimizers.quasi_newton import adam_lbfgs, lbfgs
from pes.training.optimizers.small_batches import adam

__all__ = ["OPTIMIZERS", "adam", "adam_lbfgs", "lbfgs", "levenberg_marquardt"]

OPTIMIZERS = {
    "adam": adam,
    "adam_lbfgs": adam_lbfgs,
    "lbfgs": lbfgs,
    "levenberg_marquardt": levenberg_marquardt,
}
