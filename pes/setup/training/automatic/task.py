"""Everything that the trials of an automatic fit share."""

from dataclasses import dataclass, replace

import torch

from pes.data import Dataset, Split
from pes.setup.training.automatic.points import PointSummary, point_summary
from pes.setup.training.automatic.trial import FitBudget, Trial, started
from pes.setup.training.planning.settings import TrainingSettings

__all__ = ["FitTask", "fit_task"]


@dataclass(frozen=True, eq=False)
class FitTask:
    """Points to fit, and what each trial needs beside them.

    Attributes:
        dataset: labelled points.
        parts: rows of each part; the test points are not looked at.
        summary: properties of the points.
        settings: seed, patience and memory.
        budget: CPU time.
        device: device of the fits.
    """

    dataset: Dataset
    parts: Split
    summary: PointSummary
    settings: TrainingSettings
    budget: FitBudget
    device: torch.device

    @property
    def without_forces(self) -> "FitTask":
        """The same for the energies alone."""
        return replace(self, dataset=replace(self.dataset, forces=None))

    def started(self, name: str, settings: TrainingSettings) -> Trial:
        """A trial before its first epoch; a linear surface is fitted by then.

        Raises:
            ValueError: if the fit would need more memory than there is, or the points do not
                suffice.
        """
        return started(name, self.dataset, self.parts, settings, self.device)


def fit_task(
    dataset: Dataset,
    parts: Split,
    settings: TrainingSettings,
    budget: FitBudget,
    device: torch.device | None = None,
) -> FitTask:
    """The task of fitting points, on their own device unless another is given."""
    device = dataset.positions.device if device is None else device
    return FitTask(dataset, parts, point_summary(dataset, parts), settings, budget, device)
