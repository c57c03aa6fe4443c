"""Second derivatives of the surface of a calculation of levels."""

from torch import Tensor

from pes.coordinates import hessian
from pes.setup.problem.problem import Problem

__all__ = ["surface_hessian"]


def surface_hessian(task: Problem) -> Tensor:
    """Second derivatives of V at the minimum, (3N, 3N) in hartree/bohr²."""
    x, device = task.minimum, task.masses.device
    return hessian(lambda p: task.surface.potential(p.to(device)).to(x.device), x)
