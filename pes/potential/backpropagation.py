"""Derivatives of a perceptron written out, for all samples of a chunk at once.

With a₀ = z, h_l = W_l a_{l−1} + b_l, a_l = σ(h_l) and E = h_L, for every sample

  δ_L = 1,  δ_l = q_l σ′(h_l),  q_l = W_{l+1}ᵀ δ_{l+1},       ∂E/∂W_l = δ_l ⊗ a_{l−1}
  ȧ₀ = u,   ḣ_l = W_l ȧ_{l−1},  ȧ_l = σ′(h_l) ḣ_l,            u·∂E/∂z = ḣ_L
  γ_l = W_{l+1}ᵀ γ_{l+1} σ′(h_l) + q_l σ″(h_l) ḣ_l
  ∂(u·∂E/∂z)/∂W_l = γ_l ⊗ a_{l−1} + δ_l ⊗ ȧ_{l−1}

with γ_L = 0; by b_l it is γ_l alone. A sample costs a few products with
each W_l, where `vmap` over `jacrev` costs as many backward passes as there are rows.
Shapes: B samples, F inputs, K directions, P parameters, n_l width of layer l.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.potential.mlp import MLP

__all__ = [
    "DERIVATIVES",
    "Forward",
    "energy_gradient",
    "forward",
    "jacobian",
    "layers_of",
    "slope_gradient",
    "slopes",
]

Layer = tuple[Tensor, Tensor]
"""W (n_l, n_{l−1}) and b (n_l)."""


def _tanh(h: Tensor, order: int) -> tuple[Tensor, ...]:
    a = torch.tanh(h)
    first = 1 - a * a if order else a
    return a, first, -2 * a * first if order > 1 else a


def _silu(h: Tensor, order: int) -> tuple[Tensor, ...]:
    a = torch.nn.functional.silu(h)
    if not order:
        return a, a, a
    s = torch.sigmoid(h)
    slope = s * (1 - s)
    return a, s + h * slope, slope * (2 + h * (1 - 2 * s)) if order > 1 else a


def _softplus(h: Tensor, order: int) -> tuple[Tensor, ...]:
    a = torch.nn.functional.softplus(h)
    if not order:
        return a, a, a
    s, straight = torch.sigmoid(h), h > 20  # where torch's softplus returns h itself
    first = torch.where(straight, 1.0, s)
    return a, first, torch.where(straight, 0.0, s * (1 - s)) if order > 1 else a


DERIVATIVES: dict[str, Callable[[Tensor, int], tuple[Tensor, ...]]] = {
    "silu": _silu,
    "softplus": _softplus,
    "tanh": _tanh,
}
"""h and an order to σ, σ′ and σ″ of every activation of `MLP`; none beyond the order is made."""


@dataclass(frozen=True)
class Forward:
    """Intermediate values of a pass through the network, kept for its derivatives.

    Attributes:
        values: a₀ ... a_{L−1}, each (B, n_l).
        first: σ′(h_l), l = 1 ... L−1.
        second: σ″(h_l).
        energies: h_L (B,).
    """

    values: list[Tensor]
    first: list[Tensor]
    second: list[Tensor]
    energies: Tensor


def layers_of(mlp: MLP, parameters: Tensor) -> list[Layer]:
    """The parameters (P,), in the order of `mlp.parameters()`, layer by layer; views."""
    layers, start = [], 0
    for layer in mlp.linear_maps:
        above, below = layer.weight.shape
        middle, end = start + above * below, start + above * (below + 1)
        layers.append((parameters[start:middle].view(above, below), parameters[middle:end]))
        start = end
    return layers


def forward(layers: Sequence[Layer], activation: str, inputs: Tensor, *, order: int) -> Forward:
    """Energies of inputs (B, F), and what their derivatives need.

    Args:
        layers: layers of the network.
        activation: one of `DERIVATIVES`.
        inputs: z (B, F).
        order: 0 for energies alone, 1 for `slopes` and `energy_gradient`, 2 for the rest.
    """
    derivatives = DERIVATIVES[activation]
    values, first, second = [inputs], [], []
    for weight, bias in layers[:-1]:
        a, slope, curvature = derivatives(torch.addmm(bias, values[-1], weight.mT), order)
        values.append(a)
        first.append(slope)
        second.append(curvature)
    weight, bias = layers[-1]
    return Forward(values, first, second, torch.addmv(bias, values[-1], weight[0]))


def _backward(layers: Sequence[Layer], at: Forward, seeds: Tensor) -> tuple[list, list]:
    """δ_1 ... δ_L for δ_L = seeds (B,), and q_1 ... q_{L−1}."""
    deltas, sums = [seeds[:, None]], []
    for (weight, _), slope in zip(reversed(layers[1:]), reversed(at.first), strict=True):
        sums.append(deltas[-1] @ weight)
        deltas.append(sums[-1] * slope)
    return deltas[::-1], sums[::-1]


def slopes(layers: Sequence[Layer], at: Forward) -> Tensor:
    """∂E/∂z (B, F)."""
    deltas, _ = _backward(layers, at, torch.ones_like(at.energies))
    return deltas[0] @ layers[0][0]


def energy_gradient(layers: Sequence[Layer], at: Forward, seeds: Tensor) -> Tensor:
    """Gradient (P,) of Σ seeds · E by the parameters, seeds (B,)."""
    deltas, _ = _backward(layers, at, seeds)
    parts = []
    for delta, below in zip(deltas, at.values, strict=True):
        parts += [(delta.mT @ below).flatten(), delta.sum(0)]
    return torch.cat(parts)


def slope_gradient(
    layers: Sequence[Layer],
    at: Forward,
    seeds: Tensor,
    directions: Callable[[Tensor], Tensor],
) -> Tensor:
    """Gradient (P,) of Σ (seeds · E + u · ∂E/∂z) by the parameters, seeds and u held fixed.

    Args:
        layers: layers of the network.
        at: values at each layer, from `forward`.
        seeds: (B,).
        directions: ∂E/∂z (B, F) to u (B, F): asked once the slopes are known.
    """
    deltas, sums = _backward(layers, at, torch.ones_like(seeds))
    tangents = [directions(deltas[0] @ layers[0][0])]
    heights = []
    for (weight, _), slope in zip(layers[:-1], at.first, strict=True):
        heights.append(tangents[-1] @ weight.mT)
        tangents.append(slope * heights[-1])
    gamma, parts = seeds[:, None], []
    for k in reversed(range(len(layers))):
        matrix = torch.addmm(gamma.mT @ at.values[k], deltas[k].mT, tangents[k])
        parts += [gamma.sum(0), matrix.flatten()]
        if k:
            gamma = gamma @ layers[k][0] * at.first[k - 1]
            gamma = gamma.addcmul(sums[k - 1] * at.second[k - 1], heights[k - 1])
    return torch.cat(parts[::-1])


def jacobian(
    layers: Sequence[Layer], at: Forward, seeds: Tensor, directions: Tensor | None = None
) -> Tensor:
    """seeds · ∂(E, u₁·∂E/∂z, ..., u_K·∂E/∂z)/∂p of each sample, (B, 1 + K, P).

    Args:
        layers: layers of the network.
        at: values at each layer, from `forward`.
        seeds: (B,).
        directions: u (B, K, F); none for the row of the energy alone.
    """
    rows = 1 if directions is None else 1 + directions.shape[1]
    size = sum(weight.numel() + bias.numel() for weight, bias in layers)
    result = seeds.new_empty(len(seeds), rows, size)
    deltas, sums = _backward(layers, at, seeds)
    end = 0
    for delta, below in zip(deltas, at.values, strict=True):
        matrix, bias, end = _parts(result[:, 0], delta, below, end)
        torch.mul(delta[:, :, None], below[:, None, :], out=matrix)
        bias.copy_(delta)
    if directions is not None:
        _slope_rows(layers, at, (deltas, sums), directions, result[:, 1:])
    return result


def _slope_rows(
    layers: Sequence[Layer],
    at: Forward,
    back: tuple[list, list],
    directions: Tensor,
    result: Tensor,
) -> None:
    """The rows of the directions, written into `result` (B, K, P)."""
    deltas, sums = back
    tangents, heights = [directions], []
    for (weight, _), slope in zip(layers[:-1], at.first, strict=True):
        heights.append(tangents[-1] @ weight.mT)
        tangents.append(slope[:, None] * heights[-1])
    gammas = [torch.zeros_like(directions[..., :1])]
    for k in reversed(range(len(layers) - 1)):
        curvature = (sums[k] * at.second[k])[:, None] * heights[k]
        gammas.append(curvature.addcmul_(gammas[-1] @ layers[k + 1][0], at.first[k][:, None]))
    end = 0
    for gamma, delta, below, tangent in zip(
        reversed(gammas), deltas, at.values, tangents, strict=True
    ):
        matrix, bias, end = _parts(result, gamma, below, end)
        torch.mul(gamma[..., None], below[:, None, None, :], out=matrix)
        matrix.addcmul_(delta[:, None, :, None], tangent[:, :, None, :])
        bias.copy_(gamma)


def _parts(result: Tensor, delta: Tensor, below: Tensor, start: int) -> tuple[Tensor, Tensor, int]:
    """Views of the columns of one layer's W and b, and where they end."""
    above, width = delta.shape[-1], below.shape[-1]
    middle, end = start + above * width, start + above * (width + 1)
    matrix = result[..., start:middle].unflatten(-1, (above, width))
    return matrix, result[..., middle:end], end
