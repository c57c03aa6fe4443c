"""Errors of a surface on labelled points, and a search for its holes."""

from pes.evaluation.errors import HOLES, evaluate
from pes.evaluation.result import Evaluation

__all__ = ["HOLES", "Evaluation", "evaluate"]
