"""Surface that a fit corrects and leaves as it is (Δ-learning)."""

from copy import deepcopy

import torch
from torch import nn

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.molecule import Molecule
from pes.setup.inputs.named_surface import name_of, storable
from pes.setup.inputs.surfaces import SurfaceLike, as_surface

__all__ = ["frozen_baseline"]

CHUNK = 2048


def frozen_baseline(surface: SurfaceLike, training: Dataset) -> nn.Module:
    """A copy of a surface on the device of the points, its parameters fixed.

    A stored or an analytic surface goes into the file of the new surface; a function is known to
    that file by its name, `module:function` or `file.py:function`.

    Args:
        surface: surface in any form that `as_surface` takes.
        training: points of the fit.

    Raises:
        ValueError: if the surface is for another molecule, gives NaN or infinity at a training
            point, has no forces though they are to be fitted, or rests on a function in NumPy.
    """
    given = as_surface(surface)
    name = name_of(given)
    if given.symbols is not None:
        own, data = (Molecule(s).elements for s in (given.symbols, training.symbols))
        if own != data:
            raise ValueError(
                f"`baseline`: {name} is for the atoms {' '.join(own)}, the data have "
                f"{' '.join(data)}"
            )
    module = storable(given, training.positions[:1], "baseline")
    # A copy: the user's own module keeps its device and its gradients.
    frozen = deepcopy(module).to(training.positions.device).requires_grad_(False)
    _check(name, frozen, training)
    return frozen


def _check(name: str, surface: nn.Module, training: Dataset) -> None:
    x = training.positions
    with torch.no_grad():
        bad = (~in_chunks(surface, x, CHUNK).isfinite()).nonzero()
    if len(bad):
        raise ValueError(
            f"`baseline`: {name} gives NaN or infinity at {len(bad)} of {len(x)} training points; "
            "correct it there or leave these points out"
        )
    if training.forces is not None:
        surface(x[:1].detach().requires_grad_())
