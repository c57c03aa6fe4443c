"""Errors of a surface on labelled points, a search for its holes, and a check of its forces."""

from pes.evaluation.errors import HOLES, evaluate
from pes.evaluation.gradient_check import GradientCheck
from pes.evaluation.gradients import check_gradients
from pes.evaluation.result import Evaluation

__all__ = ["HOLES", "Evaluation", "GradientCheck", "check_gradients", "evaluate"]
