"""Quantum numbers of a linear molecule: v of each mode and l of each bend."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.rovibration.reference import is_linear
from pes.setup.problem.problem import Problem
from pes.vibration.analysis.assignment import FIRM
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial_functions import axial_functions

__all__ = ["bend_of_linear", "linear_heading", "linear_quanta"]

STEP = 0.01
"""Step along a normal coordinate that tells g from u."""

SAME = 1e-3
"""Bohr (and electron masses) up to which an atom is the image of another."""


def linear_heading(modes: int, bends: int) -> str:
    """Names of the quanta: v of each mode, and l of each bend where there are several.

    Example:
        >>> linear_heading(5, 2)
        'v1 v2 v3 v4 v5 l4 l5'
    """
    momenta = range(modes - bends, modes) if bends > 1 else ()
    return " ".join([f"v{k + 1}" for k in range(modes)] + [f"l{k + 1}" for k in momenta])


def bend_of_linear(task: Problem) -> int | None:
    """Number of the angle of a linear molecule in two lengths and an angle; None for others."""
    kinds = task.internal.kinds
    angles = [k for k, kind in enumerate(kinds) if kind in ("angle", "cosine")]
    if len(kinds) != 3 or sorted(kinds)[1:] != ["length", "length"] or len(angles) != 1:
        return None
    return angles[0] if is_linear(task.minimum, task.molecule.masses) else None


def linear_quanta(levels: Levels, task: Problem) -> tuple[list[tuple[int, ...] | None], Tensor]:
    """Quanta of each level and the share of the function with these quanta.

    Modes are numbered as by Herzberg: stretches before bends, g before u where the molecule has a
    centre, each from the highest frequency down; of three atoms the bend is ν2 between the
    stretches, ν1 the symmetric or lower one. The l of bends add up to 0 at J = 0, and to K for
    states of K; l and −l go together; they are left out where there is one bend.

    Args:
        levels: levels on the CPU, of oscillator functions.
        task: what they are of.
    """
    h, bends = levels.hamiltonian, levels.hamiltonian.bends
    functions = axial_functions(h.basis, bends, h.momentum)
    amounts = torch.sparse.mm(functions.columns.mT, levels.eigenpairs.coefficients.mT.contiguous())
    weights, leading = amounts.square().max(0)
    order = _herzberg(levels, task)
    v = functions.quanta[leading][:, order]
    momenta = functions.momenta[leading] if len(bends) > 1 else v[:, :0]
    stretches = len(order) - len(bends)
    if len(bends) > 1:
        momenta = momenta[:, [k - stretches for k in order if k >= stretches]]
        if h.momentum == 0:
            first = momenta.ne(0).double().argmax(1, keepdim=True)
            momenta = momenta * momenta.gather(1, first).sign()
    rows = torch.cat((v, momenta), 1).tolist()
    firm = (weights >= FIRM).tolist()
    quanta = [tuple(row) if f else None for row, f in zip(rows, firm, strict=True)]
    return quanta, weights


def _herzberg(levels: Levels, task: Problem) -> list[int]:
    """Numbers of the modes of `AxialFunctions.quanta`, stretches and then bends, in their order."""
    h = levels.hamiltonian
    paired = {k for pair in h.bends for k in pair}
    modes = [*(k for k in range(h.modes) if k not in paired), *(x for x, _ in h.bends)]
    odd = _odd(levels, task, modes)
    stretches = len(modes) - len(h.bends)

    def rank(place: int) -> tuple[bool, bool, float]:
        frequency = float(h.basis.bases[modes[place]].energies[0])
        return place >= stretches, odd[place], -frequency

    order = sorted(range(len(modes)), key=rank)
    if len(task.molecule.symbols) == 3:
        one, other, bend = order
        return [one, bend, other] if any(odd) else [other, bend, one]
    return order


def _odd(levels: Levels, task: Problem, modes: Sequence[int]) -> list[bool]:
    """Whether each mode is u; none of a molecule without a centre is."""
    assert levels.system.positions is not None
    masses = task.molecule.masses
    shares = (masses / masses.sum())[:, None]
    steps = STEP * torch.eye(levels.hamiltonian.modes, dtype=torch.float64)[modes]
    with torch.no_grad():
        x = levels.system.positions(torch.cat((0 * steps[:1], steps, -steps)))
    x = x - (shares * x).sum(-2, keepdim=True)
    apart = torch.cdist(x[0], -x[0]) + (masses[:, None] - masses).abs()
    nearest = apart.min(1)
    if float(nearest.values.max()) > SAME:
        return [False] * len(modes)
    moved = x[1 : len(modes) + 1] - x[len(modes) + 1 :]
    # The inversion takes a displacement of an atom to minus that of its image.
    return ((moved * moved[:, nearest.indices]).sum((1, 2)) > 0).tolist()
