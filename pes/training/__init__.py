"""Fitting surfaces: losses, optimizers, the loop around them and its checkpoints."""

from pes.training.optimizers import OPTIMIZERS, adam, adam_lbfgs, lbfgs, levenberg_marquardt

__all__ = ["OPTIMIZERS", "adam", "adam_lbfgs", "lbfgs", "levenberg_marquardt"]
