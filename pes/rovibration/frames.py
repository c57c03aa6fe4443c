"""Axes of the body: how they follow the atoms, and what atoms do in them when q changes."""

from collections.abc import Callable, Sequence
from itertools import permutations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pes.geometry import first_largest, nearest_rotation, principal_axes
from pes.vibration.system.kinetic import rotations

__all__ = ["FRAMES", "in_frame", "is_near_jump"]

NEAREST = 0.75
"""Cosine of the angle between a principal axis and the Eckart axis that it is nearest to, below
which it is about to be nearer to another: at 45 degrees the cosine is 0.71."""

HELD = 0.15
"""Hold of an Eckart frame, below which it is about to turn over. With two like groups, twisted by a
against each other in the reference and by b here, it is cos((a − b)/2): zero half a turn away."""

APART = 0.06
"""Sine of half the dihedral angle below which the axes that halve it are about to turn over."""

SMALLEST = 1e-6
"""Electron masses times bohr², added to both sides of a ratio, 0/0 for a straight molecule."""

Conditions = Callable[[Tensor], Tensor]
"""Positions in the frame (P, N, 3) to the gradients (P, 3, N, 3) of three functions that vanish
there; the α-th changes when the atoms turn about axis α."""


def in_frame(
    x: Tensor,
    dx: Tensor,
    reference: Tensor,
    masses: Tensor,
    frame: str,
    drift: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Positions and their derivatives as seen from the axes of a frame.

    The conditions C_β of the frame hold for all q: a derivative seen from the frame is that of the
    turned positions and as much of a rotation, e_α × x, as keeps dC_β = 0. No rotation matrix is
    differentiated, and degenerate singular values do no harm.

    Args:
        x: positions (P, N, 3), centre of mass at the origin.
        dx: derivatives ∂x/∂q_k (P, Q, N, 3), likewise centred.
        reference: (N, 3), centred, along its principal axes; one for each point, (P, N, 3), for
            the frame `flexible`.
        masses: (N,) in electron masses.
        frame: a key of `FRAMES`, or `embedded` for the axes that x already has.
        drift: derivatives ∂c/∂q_k of the references of the points, (P, Q, N, 3).

    Returns:
        The same two in the axes of the frame.

    Raises:
        ValueError: for a frame that is not known, or not defined at one of the points.
    """
    if frame == "embedded":
        return x, dx
    if frame not in FRAMES:
        known = ", ".join([*FRAMES, "embedded"])
        raise ValueError(f"`frame` must be one of {known}, got {frame!r}")
    turn, conditions = FRAMES[frame](x, reference, masses)
    x, dx = x @ turn, dx @ turn[:, None]
    gradients = conditions(x).flatten(2)
    spin = torch.stack(rotations(x), 1)
    change = gradients @ dx.flatten(2).mT
    if drift is not None:
        # Σ_a m_a c_a × x_a changes with the reference as well.
        shift = torch.stack(rotations(masses[:, None] * drift.flatten(0, 1)), 1)
        shift = shift.reshape(*drift.shape[:2], 3, *x.shape[1:])
        change = change + torch.einsum("pkbai,pai->pbk", shift, x)
    angles, failed = torch.linalg.solve_ex(gradients @ spin.flatten(2).mT, -change)
    if bool(failed.any()):
        raise ValueError(
            f"the frame {frame!r} is not unique at a grid point: its conditions still hold if the "
            "molecule is turned; choose another frame"
        )
    return x, dx + torch.einsum("pak,pand->pknd", angles, spin)


def is_near_jump(x: Tensor, reference: Tensor, masses: Tensor, frame: str) -> Tensor:
    """Whether the axes of a frame change places near positions (P, N, 3), a mask (P,).

    Principal axes do where two moments of inertia come near each other. Those of Eckart turn over
    where turning the atoms about an axis brings them no nearer to the reference; those that halve a
    dihedral where both arms lie on one side.
    """
    if frame == "bisector" and len(masses) == 4:
        return _arms(x, _chain(reference)).norm(dim=-1) < 2 * APART
    if frame == "eckart":
        return _hold(x, reference, masses) < HELD
    if frame != "principal_axes":
        return x.new_zeros(len(x), dtype=torch.bool)
    turn, _ = _eckart(x, reference, masses)
    axes = _ordered_axes(x @ turn, masses)
    return axes.diagonal(dim1=-2, dim2=-1).amin(-1) < NEAREST


def _hold(x: Tensor, reference: Tensor, masses: Tensor) -> Tensor:
    """Smallest hold of the reference on the molecule about any axis, (P,) in 0 … 1.

    Singular values s₁ ≥ s₂ ≥ s₃ of C = Σ_a m_a c_a x_aᵀ, s₃ with the sign of det C: s₂ + s₃ over
    what it is at most, for the masses as far from their own axis. At zero the nearest rotation is
    not unique. A molecule that straightens keeps its hold: there the axes have no say.
    """
    weighted = masses[:, None] * reference
    correlation = weighted.mT @ x
    s = torch.linalg.svdvals(correlation)
    least = s[:, 1] + torch.linalg.det(correlation).sign() * s[:, 2]
    own, other = (torch.linalg.eigvalsh(y.mT @ (masses[:, None] * y)) for y in (x, reference))
    most = (own[:, :2].sum(1).clamp(min=0) * other[:2].sum()).sqrt()
    return (least + SMALLEST) / (most + SMALLEST)


def _eckart(x: Tensor, reference: Tensor, masses: Tensor) -> tuple[Tensor, Conditions]:
    """Σ_a m_a c_a × x_a = 0 (C. Eckart, Phys. Rev. 47, 552 (1935), doi:10.1103/PhysRev.47.552)."""
    if bool((reference[..., :2] == 0).all()):
        return _along_line(x, reference, masses)
    weighted = masses[:, None] * reference
    gradients = torch.stack(rotations(weighted.reshape(-1, *x.shape[1:])), 1)
    return nearest_rotation(weighted.mT @ x).mT, lambda y: gradients.expand(len(y), -1, -1, -1)


def _along_line(x: Tensor, reference: Tensor, masses: Tensor) -> tuple[Tensor, Conditions]:
    """Two conditions of Eckart for a reference on the z axis; y is normal to three atoms."""
    weights = masses * reference[:, 2]
    one, other = torch.zeros_like(x[:1]), torch.zeros_like(x[:1])
    one[:, :, 1], other[:, :, 0] = weights, weights

    def normal(x: Tensor) -> Tensor:
        return torch.linalg.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0])

    def conditions(x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            (last,) = torch.autograd.grad(normal(x)[:, 0].sum(), x)
        return torch.stack((one.expand_as(x), other.expand_as(x), last), 1)

    along = normalize(torch.einsum("a,pai->pi", weights, x), dim=-1)
    across = normalize(normal(x), dim=-1)
    return torch.stack((torch.linalg.cross(across, along), across, along), -1), conditions


def _principal(x: Tensor, reference: Tensor, masses: Tensor) -> tuple[Tensor, Conditions]:
    """Σ_a m_a x_a y_a = 0 for each pair of axes, those nearest to the Eckart frame."""
    turn, _ = _eckart(x, reference, masses)
    axes = _ordered_axes(x @ turn, masses)

    def conditions(x: Tensor) -> Tensor:
        a, b, c = (masses[:, None] * x).mT.unbind(1)
        zero = torch.zeros_like(a)
        rows = [(zero, c, b), (c, zero, a), (b, a, zero)]
        return torch.stack([torch.stack(row, -1) for row in rows], 1)

    return turn @ axes, conditions


def _ordered_axes(y: Tensor, masses: Tensor) -> Tensor:
    """Principal axes (P, 3, 3) in the order and sense of the axes of y that they are nearest to."""
    _, _, axes = principal_axes(y, masses)
    order = axes.abs().argmax(2)
    axes = axes.gather(2, order[:, None].expand(-1, 3, -1))
    return axes * axes.diagonal(dim1=-2, dim2=-1).sign()[:, None]


def _bisector(x: Tensor, reference: Tensor, masses: Tensor) -> tuple[Tensor, Conditions]:
    """Axis x halves the angle between the bonds of a triatomic; axis y is normal to them."""
    if len(masses) == 4:
        return _halved_dihedral(x, reference)
    if len(masses) != 3:
        raise ValueError(
            f"the bisector frame is for three atoms or a chain of four, the molecule has "
            f"{len(masses)}"
        )
    # The middle atom is opposite the longest side.
    sides = torch.stack([(reference[k - 1] - reference[k - 2]).norm() for k in range(3)])
    middle = first_largest(sides)
    ends = [k for k in range(3) if k != middle]

    def directions(x: Tensor) -> tuple[Tensor, Tensor]:
        one, other = (normalize(x[:, e] - x[:, middle], dim=-1) for e in ends)
        return one + other, torch.linalg.cross(one, other)

    def parts(x: Tensor) -> tuple[Tensor, ...]:
        half, normal = directions(x)
        return normal[:, 2], half[:, 2], half[:, 1]

    first, second = (normalize(v, dim=-1) for v in directions(x))
    turn = torch.stack((first, second, torch.linalg.cross(first, second)), -1)
    return turn, lambda y: _gradients(parts, y)


def _halved_dihedral(x: Tensor, reference: Tensor) -> tuple[Tensor, Conditions]:
    """Axis z along the middle bond of a chain, axis x between one arm and the other's opposite."""
    atoms = _chain(reference)

    def parts(x: Tensor) -> tuple[Tensor, ...]:
        bond = x[:, atoms[2]] - x[:, atoms[1]]
        return bond[:, 1], bond[:, 0], _arms(x, atoms)[:, 1]

    along = normalize(x[:, atoms[2]] - x[:, atoms[1]], dim=-1)
    first = normalize(_arms(x, atoms), dim=-1)
    turn = torch.stack((first, torch.linalg.cross(along, first), along), -1)
    return turn, lambda y: _gradients(parts, y)


def _arms(x: Tensor, atoms: Sequence[int]) -> Tensor:
    """Difference of the directions of the two arms of a chain across its middle bond, (P, 3)."""
    a, b, c, d = (x[:, k] for k in atoms)
    along = normalize(c - b, dim=-1)
    one, other = (
        normalize(v - (v * along).sum(-1, keepdim=True) * along, dim=-1) for v in (a - b, d - c)
    )
    return one - other


def _chain(reference: Tensor) -> tuple[int, ...]:
    """Atoms of the shortest way through four.

    Raises:
        ValueError: where an end is nearer to the atom after its neighbour.
    """
    apart = torch.cdist(reference, reference)
    atoms = min(
        permutations(range(4)),
        key=lambda k: float(apart[k[0], k[1]] + apart[k[1], k[2]] + apart[k[2], k[3]]),
    )
    a, b, c, d = atoms
    if apart[a, b] > apart[a, c] or apart[c, d] > apart[b, d]:
        raise ValueError(
            "the bisector frame of four atoms is for a chain, which these do not form; choose "
            "another `frame`"
        )
    return atoms


def _gradients(parts: Callable[[Tensor], tuple[Tensor, ...]], x: Tensor) -> Tensor:
    """Gradients (P, 3, N, 3) of three functions of positions."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        each = parts(x)
        rows = [torch.autograd.grad(part.sum(), x, retain_graph=True)[0] for part in each]
    return torch.stack(rows, 1)


FRAMES: dict[str, Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Conditions]]] = {
    "eckart": _eckart, "flexible": _eckart, "linear": _eckart, "principal_axes": _principal,
    "bisector": _bisector,
}  # fmt: skip
"""Frames by name: positions, reference and masses to the turn R (P, 3, 3), x R in the frame, and
the gradients of its conditions."""
