"""Networks of one shape evaluated side by side: values, slopes and exact Jacobians by batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pes.potential.backpropagation import DERIVATIVES
from pes.potential.mlp import MLP

__all__ = ["Stack"]


@dataclass(frozen=True)
class Stack:
    """M networks of one shape whose weights are the rows of one matrix (M, P).

    The order within a row is that of `parameters_to_vector` for a single `MLP`: weight, then
    bias, of each layer. All inputs carry the leading M; where members see the same points, an
    expanded view serves.

    Attributes:
        sizes: inputs, hidden widths, and one for the output.
        activation: one of `DERIVATIVES`.
    """

    sizes: tuple[int, ...]
    activation: str

    @staticmethod
    def like(mlp: MLP) -> "Stack":
        """Stack of networks that have the shape of this one."""
        return Stack((mlp.inputs, *mlp.hidden, 1), mlp.activation)

    @property
    def size(self) -> int:
        """Parameters P of one network."""
        return sum((below + 1) * above for below, above in pairwise(self.sizes))

    def layers(self, parameters: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Weights (M, above, below) and biases (M, 1, above) of parameters (M, P), as views."""
        views, start = [], 0
        for below, above in pairwise(self.sizes):
            middle, end = start + above * below, start + above * (below + 1)
            weight = parameters[:, start:middle].unflatten(1, (above, below))
            views.append((weight, parameters[:, None, middle:end]))
            start = end
        return views

    def values(
        self, parameters: Tensor, inputs: Tensor, directions: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Outputs (M, B), and their derivatives along directions (M, B, X) if any are given.

        Args:
            parameters: (M, P).
            inputs: f (M, B, F).
            directions: (M, B, X, F).
        """
        *hidden, (weight, bias) = self.layers(parameters)
        a, tangent = inputs, directions
        for w, b in hidden:
            a, slope, _ = DERIVATIVES[self.activation](a @ w.mT + b, 0 if tangent is None else 1)
            if tangent is not None:
                tangent = (tangent @ w[:, None].mT).mul_(slope[:, :, None])
        slopes = None if tangent is None else (tangent @ weight[:, None].mT)[..., 0]
        return (a @ weight.mT + bias)[..., 0], slopes

    def jacobian(
        self, parameters: Tensor, inputs: Tensor, directions: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Values (M, B, 1 + X) and their derivatives by the parameters (M, B, 1 + X, P).

        Row 0 is the output y, row x its derivative ẏ along direction x. With z_l = W_l a_{l−1}
        + b_l, a_l = σ(z_l) and dots for derivatives along the direction, the reverse pass is

            δ_l = ∂y/∂z_l = ∂ẏ/∂ż_l = σ′(z_l) W_{l+1}ᵀδ_{l+1}
            ε_l = ∂ẏ/∂z_l = σ′(z_l) W_{l+1}ᵀε_{l+1} + σ″(z_l) ż_l W_{l+1}ᵀδ_{l+1}
            ∂y/∂W_l = δ_l a_{l−1}ᵀ,  ∂ẏ/∂W_l = δ_l ȧ_{l−1}ᵀ + ε_l a_{l−1}ᵀ.
        """
        layers, trace = self.layers(parameters), []
        a, tangent = inputs, directions
        for w, b in layers[:-1]:
            following, slope, curvature = DERIVATIVES[self.activation](
                a @ w.mT + b, 1 if tangent is None else 2
            )
            turn = None if tangent is None else tangent @ w[:, None].mT
            trace.append((a, tangent, slope, curvature, turn))
            a = following
            tangent = None if turn is None else turn * slope[:, :, None]
        weight, bias = layers[-1]
        rows = [(a @ weight.mT + bias)]
        if tangent is not None:
            rows.append((tangent @ weight[:, None].mT)[..., 0])
        delta = a.new_ones(*a.shape[:2], 1)
        epsilon = None if tangent is None else torch.zeros_like(tangent[..., :1])
        blocks = [*_blocks(delta, epsilon, a, tangent)]
        for (w, _), step in zip(reversed(layers[1:]), reversed(trace), strict=True):
            a, tangent, slope, curvature, turn = step
            back = delta @ w
            if epsilon is not None and turn is not None:
                epsilon = (epsilon @ w[:, None]) * slope[:, :, None]
                epsilon = epsilon + turn * (curvature * back)[:, :, None]
            delta = slope * back
            blocks = [*_blocks(delta, epsilon, a, tangent), *blocks]
        return torch.cat(rows, -1), torch.cat(blocks, -1)


def _blocks(
    delta: Tensor, epsilon: Tensor | None, a: Tensor, tangent: Tensor | None
) -> Sequence[Tensor]:
    """Derivatives of all rows by weight and bias of one layer, (M, B, 1 + X, ·) each."""
    weight, bias = delta[..., None] * a[:, :, None], delta[:, :, None]
    if epsilon is None or tangent is None:
        return [weight.flatten(2)[:, :, None], bias]
    slopes = delta[:, :, None, :, None] * tangent[..., None, :]
    slopes = slopes + epsilon[..., None] * a[:, :, None, None]
    return [
        torch.cat((weight.flatten(2)[:, :, None], slopes.flatten(3)), 2),
        torch.cat((bias, epsilon), 2),
    ]
