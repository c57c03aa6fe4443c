"""A surface that is somebody's function, known to a file by its name only."""

from collections.abc import Callable

from torch import Tensor, is_grad_enabled, nn
from torch.autograd import forward_ad

__all__ = ["NamedFunction"]


class NamedFunction(nn.Module):
    """V = a function of the positions, frozen.

    Args:
        reference: where the function is found again, such as `file.py:function`; what a surface
            file keeps of it.
        function: positions (B, N, 3) in bohr to energies (B,) in hartree.
        differentiable: by torch; a function in NumPy is not.

    Raises:
        ValueError: on a call that needs a derivative which torch does not see.
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

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        energies = self._function[0](positions)
        # Else its part of a derivative would be missing without a word.
        if _lost(positions, energies):
            raise ValueError(
                f"{self.reference} is no function that torch can differentiate, so it has no "
                "forces; write it in torch, or leave forces out (`data.forces: false`)"
            )
        return energies


def _lost(positions: Tensor, energies: Tensor) -> bool:
    """Whether a derivative was asked for that the energies do not carry."""
    if is_grad_enabled() and positions.requires_grad and not energies.requires_grad:
        return True
    tangents = [forward_ad.unpack_dual(x).tangent for x in (positions, energies)]
    return tangents[0] is not None and tangents[1] is None
