import math

import torch

from pes.descriptors.morse import morse


def test_limits_and_one_length() -> None:
    r = torch.tensor([0.0, 2.0, float("inf")], dtype=torch.float64)
    assert morse(r, 2.0).tolist() == [1.0, math.exp(-1), 0.0]
