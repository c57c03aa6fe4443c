"""A user's function as a surface; a surface file holds its name only."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, is_grad_enabled, nn
from torch.autograd import forward_ad

__all__ = ["NamedFunction"]


class NamedFunction(nn.Module):
    """V = a function of the positions, frozen.

    Args:
        reference: name of the function, such as `file.py:function`, which a surface file keeps.
        function: positions (B, N, 3) in bohr to energies (B,) in hartree.
        differentiable: whether torch can differentiate it; false for a function in NumPy.

    Raises:
        ValueError: if a derivative is needed that torch cannot compute.
    """

    def __init__(
        self,
        reference: str,
        function: Callable[[Tensor], Tensor],
        *,
        differentiable: bool = True,
    ) -> None:
        super().__init__()
        self.reference = reference
        self.differentiable = differentiable
        # In a tuple, so that a module among functions is not taken for a part of this one.
        self._function = (function,)

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments other than the function."""
        return {"reference": self.reference, "differentiable": self.differentiable}

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        energies = self._function[0](positions)
        # Otherwise its part of a derivative would be missing without a warning.
        if _lost(positions, energies):
            raise ValueError(
                f"{self.reference} is not differentiable by torch, so it has no forces; write it "
                "in torch, or leave forces out (`data.forces: false`)"
            )
        return energies


def _lost(positions: Tensor, energies: Tensor) -> bool:
    """Whether a derivative is asked for that the energies do not have."""
    if is_grad_enabled() and positions.requires_grad and not energies.requires_grad:
        return True
    tangents = [forward_ad.unpack_dual(x).tangent for x in (positions, energies)]
    return tangents[0] is not None and tangents[1] is None
