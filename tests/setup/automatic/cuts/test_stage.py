"""One calculation of a series, and what is refused of it."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from pes.places import Places
from pes.setup.automatic.cuts import stage
from pes.setup.automatic.cuts.stage import _check_ghosts, falling_ends
from pes.units import ANGSTROM, CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError


def test_a_level_below_the_minimum_lives_in_a_hole() -> None:
    """The lowest point of the grid is where the hole is."""
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    h = SimpleNamespace(
        basis=SimpleNamespace(points=points), potential=torch.tensor([0.1, -0.2]).double()
    )
    places = Places(("r", "theta"), ("A", "deg"), (1.0, 1.0))
    target = SimpleNamespace(lowest_energy=0.0, system=SimpleNamespace(places=places))
    pairs = SimpleNamespace(energies=torch.tensor([-7 * CM1]).double())
    with pytest.raises(ValueError, match=r"7\.0 cm-1 below.* r = 3\.0000 A, theta = 4\."):
        _check_ghosts(target, h, pairs)
    _check_ghosts(target, h, SimpleNamespace(energies=torch.tensor([7 * CM1]).double()))


def fails(*_: object, **__: object) -> None:
    raise SolverError("only 0 of 2 levels followed")


@pytest.mark.parametrize(
    ("norm", "follow", "way"),
    [(1.0, lambda *_, **__: "followed", "followed"),
     (0.1, lambda *_, **__: "followed", "matrix"),
     (1.0, fails, "matrix")],
    ids=["followed", "functions gone", "not converged"],
)  # fmt: skip
def test_vectors_that_lead_nowhere_are_not_followed(
    monkeypatch: pytest.MonkeyPatch, norm: float, follow: Callable, way: str
) -> None:
    """The second level keeps a hundredth of its density in the functions of the other run.

    Or following ends without levels, as near the dissociation of three neon atoms.
    """
    vectors = torch.diag(torch.tensor([1.0, norm], dtype=torch.float64))
    monkeypatch.setattr(stage, "in_new_basis", lambda *_: vectors)
    monkeypatch.setattr(stage, "followed", follow)
    monkeypatch.setattr(stage, "lowest_blockwise", lambda *_, **__: "matrix")
    monkeypatch.setattr(stage, "EXTRA", 0)
    h = SimpleNamespace(size=5000, operations=(), device="cpu", basis=None)
    pairs = Eigenpairs(torch.zeros(2).double(), vectors, torch.zeros(2).double(), "dense")
    near = SimpleNamespace(pairs=pairs, hamiltonian=h, matrix=None)
    target = SimpleNamespace(solver="auto", accuracy=CM1)
    assert stage._levels(target, h, 2, near, True, lambda _: None) == way


def test_a_range_that_the_surface_cuts_short_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three ranges one is held by a cut that ends, one by the limit of the coordinate itself."""
    ends = [(0.6, 1.5), (0.3, 1.8), (0.5, 1.8)]
    one = SimpleNamespace(
        bases=[SimpleNamespace(low=low * ANGSTROM, high=high * ANGSTROM) for low, high in ends]
    )
    target = SimpleNamespace(
        names=("r1", "r2", "r3"), kinds=("length",) * 3,
        limits=[(0.3 * ANGSTROM, 6.0 * ANGSTROM)] * 3,
    )  # fmt: skip
    held = [(False, True), (True, False), (False, False)]
    monkeypatch.setattr(stage, "fixed_sides", lambda *_: held)
    (sentence,) = falling_ends(target, one)
    assert "above r1 = 1.500 A" in sentence
