"""Base class of descriptors."""

from typing import Any

from torch import nn

__all__ = ["Descriptor"]


class Descriptor(nn.Module):
    """Positions (B, N, 3) in bohr to features (B, F) that no motion of the molecule changes."""

    elements: tuple[str, ...]

    @property
    def size(self) -> int:
        """F, the number of features."""
        raise NotImplementedError

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `descriptor_from` builds it again."""
        raise NotImplementedError
