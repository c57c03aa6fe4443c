"""Arrays that transforms of a basis use again."""

import torch
from torch import Tensor

from pes.vibration.grid.grid_basis import GridBasis

__all__ = ["check_reused_arrays"]


def check_reused_arrays(basis: GridBasis) -> None:
    """Transforms are right whatever the arrays held before, and for any number of vectors."""
    spare: list[Tensor] = []
    for count in (3, 1, 2):
        generator = torch.Generator().manual_seed(count)
        c = torch.randn(count, basis.size, generator=generator, dtype=torch.float64)
        psi, slopes = basis.on_grid_with_slopes(c, spare)
        back = basis.from_grid(psi, slopes, spare)
        for known, again in zip(basis.on_grid_with_slopes(c), (psi, slopes), strict=True):
            assert torch.equal(known, again)
        assert torch.equal(back, basis.from_grid(psi, slopes))
        for array in spare:
            array.fill_(torch.nan)
        spare += [psi.view(-1), slopes.view(-1)]
