"""A user's function as a part of another surface, whose file keeps its name."""

import torch
from torch import Tensor, nn

from pes.potential import NamedFunction, Surface, UserFunction

__all__ = ["name_of", "storable"]


def name_of(surface: Surface) -> str:
    """The name that messages and files know a surface by."""
    module = surface.potential
    return surface.name or getattr(module, "import_name", type(module).__name__)


def storable(surface: Surface, positions: Tensor, key: str) -> nn.Module:
    """The surface as a part of one that can be written to a file.

    A stored or an analytic surface is such a part; a function becomes one that is known by its
    name, `module:function` or `file.py:function`.

    Args:
        surface: surface that another one is built on.
        positions: a geometry (1, N, 3) in bohr, by which torch's derivatives are tried.
        key: name of the surface in messages, such as `baseline`.

    Raises:
        ValueError: for a stored surface that rests on a function in NumPy.
    """
    name = name_of(surface)
    if surface.record is None and (":" in name or not surface.differentiable):
        return _named(name, surface, positions)
    if not surface.differentiable:  # a stored surface on top of a NumPy function
        raise ValueError(
            f"`{key}`: {name} is itself built on a function in NumPy; give that function as "
            f"the {key}, or write it in torch"
        )
    return surface.potential


def _named(name: str, given: Surface, positions: Tensor) -> NamedFunction:
    """A function, or a module of a kind that no file can hold, kept by its name."""
    function = given.potential
    if given.differentiable:
        function = UserFunction(function.to(positions.device).requires_grad_(False), name)
    with torch.enable_grad():
        energies = function(positions.detach().requires_grad_())
    return NamedFunction(name, function, differentiable=energies.requires_grad)
