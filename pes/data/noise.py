"""Noise floor of labels: the error below which no fit can be judged."""

from pes.data.audit import label_step
from pes.data.dataset import Dataset

__all__ = ["noise_floor"]


def noise_floor(dataset: Dataset) -> float:
    """Root mean square error in hartree that rounded labels have: a step over √12, else 0.

    Example:
        >>> import torch
        >>> x = torch.zeros(6, 2, 3, dtype=torch.float64)
        >>> x[:, 1, 0] = torch.arange(1.0, 7.0)
        >>> labels = torch.tensor([0.1, 0.25, 0.33, 0.4, 0.47, 0.5], dtype=torch.float64)
        >>> round(noise_floor(Dataset(("H", "H"), x, labels)), 5)
        0.00289
    """
    step = label_step(dataset.energies)
    return 0.0 if step is None else step / 12**0.5
