"""Coordinates that hold an inversion or a torsion: for which molecules, in which order of atoms."""

from dataclasses import replace

import torch

from pes.coordinates import Curvilinear
from pes.setup.automatic.motions.holding import _request, holding
from pes.setup.inputs.surfaces import as_surface
from pes.setup.minima.wells import LargeAmplitude, large_amplitudes
from pes.setup.problem.problem import Problem, problem
from pes.units import CM1

TOP = 7000 * CM1


def motion(task: Problem) -> LargeAmplitude:
    (one,) = large_amplitudes(task.surface.potential, task.molecule, task.minimum, TOP)
    return one


def test_a_torsion_in_another_order_of_the_atoms() -> None:
    """Bond angles are those of the bonds, whatever the order; the dihedral keeps its turn."""
    inner, order = as_surface("hydrogen_peroxide_model"), (2, 3, 0, 1)
    back = torch.tensor(order).argsort()

    def permuted(x: torch.Tensor) -> torch.Tensor:
        return inner.potential(x[:, back])

    symbols = tuple("OOHH"[atom] for atom in order)
    task = problem(as_surface(permuted), symbols)
    other = holding(motion(task), task, task.minimum)
    assert other is not None
    assert other.internal.names == ("q1", "q2", "q3", "q4", "q5", "phi3")
    assert isinstance(other.internal, Curvilinear)
    # The model has 100 degrees, changed a little by the torsion.
    angles = other.internal.back(other.start)[[2, 4]].rad2deg()
    assert bool(((angles - 100).abs() < 3).all())
    # Modes have the symmetry of the molecule: bends are even or odd, stretches of OH alike.
    modes = other.internal.combinations
    torch.testing.assert_close(modes[2, :3].abs(), modes[4, :3].abs(), rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(modes[[1, 3], 3], modes[[3, 1], 4], rtol=1e-9, atol=1e-10)
    assert other.coordinates[-1].basis == "fourier"


def test_what_is_no_chain_or_pyramid_has_none() -> None:
    """A motion of five atoms, and the turn about a bond whose atoms have other partners."""
    task = problem(as_surface("hydrogen_peroxide_model"))
    one = motion(task)
    assert holding(replace(one, atoms=(0, 2)), task, task.minimum) is None
    five = torch.cat((task.minimum, task.minimum[-1:] + 2.0))
    assert _request(one, torch.ones(5, 5, dtype=torch.bool), five) is None
