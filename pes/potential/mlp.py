"""A small multilayer perceptron, smooth because levels need its second derivatives."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["ACTIVATIONS", "MLP"]

ACTIVATIONS = {"silu": nn.functional.silu, "softplus": nn.functional.softplus, "tanh": torch.tanh}


class MLP(nn.Module):
    """Alternating linear maps and activations in float64, one output.

    Weights start as N(0, 1/inputs) and biases as N(0, 1/4), drawn from a generator of its
    own: the same seed gives the same network whatever was drawn before.

    Args:
        inputs: number of inputs F.
        hidden: width of each hidden layer.
        activation: `tanh`, `silu` or `softplus`.
        seed: seed of the starting weights.

    Raises:
        ValueError: for an unknown activation or a width below one.

    Example:
        >>> MLP(6, (20, 20))(torch.zeros(5, 6, dtype=torch.float64)).shape
        torch.Size([5])
    """

    def __init__(
        self, inputs: int, hidden: Sequence[int], *, activation: str = "tanh", seed: int = 0
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"`activation` must be one of {sorted(ACTIVATIONS)}, got {activation!r}"
            )
        if min((inputs, *hidden)) < 1:
            raise ValueError(f"widths must be at least 1, got {inputs} inputs, hidden {hidden}")
        self.inputs, self.hidden = inputs, tuple(hidden)
        self.activation = activation
        sizes = (inputs, *hidden, 1)
        # `nn.utils.skip_init` would spare the draws, but imports SymPy: 45 MiB.
        with torch.random.fork_rng(devices=()):
            self.layers = nn.ModuleList(
                nn.Linear(below, above, dtype=torch.float64) for below, above in pairwise(sizes)
            )
        generator = torch.Generator().manual_seed(seed)
        for name, values in self.named_parameters():
            scale = values.shape[-1] ** -0.5 if name.endswith("weight") else 0.5
            nn.init.normal_(values, std=scale, generator=generator)

    @property
    def linear_maps(self) -> list[nn.Linear]:
        """Layers from the inputs to the output."""
        return [one for one in self.layers if isinstance(one, nn.Linear)]

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs (...) of inputs (..., F)."""
        values = inputs
        for layer in self.layers[:-1]:
            values = ACTIVATIONS[self.activation](layer(values))
        return self.layers[-1](values).squeeze(-1)
