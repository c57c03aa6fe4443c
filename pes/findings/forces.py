"""Forces that contradict the energies, the geometry or each other."""

import torch
from torch import Tensor

from pes.findings.curvature import curvature
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding, worst_first
from pes.potential import energies_and_forces
from pes.training.force_check import force_check
from pes.units import ANGSTROM, CM1

__all__ = ["force_frame", "force_noise", "force_rows", "force_unit", "zero_forces"]

TORQUE = 0.05
"""Net force or torque relative to the forces it is made of, above which forces do not belong to the
geometry; rounding to 1e-6 hartree/bohr and loose grids stay below."""

QUIET = 1e-3
"""Largest force component in hartree/bohr below which rounding rules the torque."""

DIFFERENT = 0.8
"""Relative difference of labelled and fitted forces in a row that is called wrong."""

CHUNK = 2048

LOOKED = 30_000
"""Points whose forces are compared with those of the reference, at most."""


def zero_forces(evidence: Evidence) -> list[Finding]:
    """All forces are zero, or those of several points."""
    forces = evidence.dataset.forces
    if forces is None:
        return []
    rows = (forces.flatten(1).abs().amax(1) == 0).nonzero().flatten()
    total = len(evidence.dataset)
    if len(rows) == total:
        return [
            Finding(
                "zero forces", "error", total, (), "all forces are zero",
                "read the forces again or leave them out (`data.forces: false`)",
            )
        ]  # fmt: skip
    # One symmetric minimum may have forces that vanish exactly; atoms far apart have them too.
    together = evidence.bonds[rows].amin(1) < 2 if len(rows) else rows
    rows = rows[together.bool()]
    if len(evidence.groups[rows].unique()) < 2:
        return []
    return [
        Finding(
            "zero forces", "warning", len(rows), tuple(rows.tolist()),
            f"{len(rows)} of {total} points have forces that are all zero",
            "recompute these forces",
        )
    ]  # fmt: skip


def force_unit(evidence: Evidence) -> list[Finding]:
    """Sign or unit of all forces against the slopes of the energies."""
    check = force_check(evidence.dataset)
    if check is None or check.certain:
        return []
    total, unexplained = len(evidence.dataset), 1 - check.correlation**2
    if unexplained > 0.5:
        return [
            Finding(
                "forces", "error", total, (),
                f"{100 * unexplained:.0f} % of the forces is unrelated to the slopes of "
                "the energies", "check that forces and energies stand in the same order",
            )
        ]  # fmt: skip
    figures = f"forces are {check.slope:.4g} times minus the slopes of the energies"
    if check.mistake is None:
        # A quick fit to few energies is no proof against the forces.
        return []
    if abs(abs(check.slope) - 1) < 0.05:
        return [Finding("force sign", "error", total, (), figures, check.mistake)]
    factor = 1 / abs(check.slope)
    known = curvature(evidence)
    sound = known is None or known.plausible(), known is None or known.plausible(factor)
    if sound == (False, True):
        return [
            Finding(
                "energy unit", "error", total, (), f"{figures}, and the curvature "
                f"at the minimum gives {known}: the energies are implausible, the forces are not",
                "state the unit of energies, such as `--units energy=eV`",
            )
        ]  # fmt: skip
    which = ", and these would be impossible for the molecule" if sound == (True, False) else ""
    return [Finding("force unit", "error", total, (), f"{figures}{which}", check.mistake)]


def force_frame(evidence: Evidence) -> list[Finding]:
    """Forces that push or turn the molecule as a whole: rotated, or of other atoms."""
    dataset = evidence.dataset
    if dataset.forces is None:
        return []
    x = dataset.positions - dataset.positions.mean(1, keepdim=True)
    f = dataset.forces
    turn = torch.linalg.cross(x, f).sum(1).norm(dim=1)
    push = f.sum(1).norm(dim=1)
    turned = turn / (x.norm(dim=2) * f.norm(dim=2)).sum(1).clamp(min=1e-12)
    pushed = push / f.norm(dim=2).sum(1).clamp(min=1e-12)
    badness = torch.maximum(turned, pushed)
    rows = ((badness > TORQUE) & (f.flatten(1).abs().amax(1) > QUIET)).nonzero().flatten()
    if len(rows) == 0:
        return []
    total = len(dataset)
    return [
        Finding(
            "force frame", "error" if len(rows) > total / 2 else "warning", len(rows),
            worst_first(rows, badness[rows]),
            f"forces of {len(rows)} of {total} points turn or push the molecule as a whole: they "
            "belong to another frame, to atoms in another order or to another point",
            "take forces and positions from the same orientation and order",
        )
    ]  # fmt: skip


def force_rows(evidence: Evidence) -> list[Finding]:
    """Forces of single points that contradict the slopes of the energies around them.

    Looked at are the points, at most 30,000, at which the reference does not extrapolate.
    """
    compared = _compared(evidence)
    if compared is None:
        return []
    rows, labels, fitted = compared
    bad = _contradicting(labels, fitted)
    if not bad.any():
        return []
    wrong, total, difference = rows[bad], len(rows), (labels - fitted).norm(dim=1)
    return [
        Finding(
            "forces of rows", "warning", len(wrong), worst_first(wrong, difference[bad]),
            f"forces of {len(wrong)} of {total} points looked at contradict the slopes of the "
            "energies around them", "recompute these forces, or leave the points out",
        )
    ]  # fmt: skip


def _contradicting(labels: Tensor, fitted: Tensor) -> Tensor:
    """Mask (R,) of forces that have little to do with the fitted ones where most others agree."""
    difference, size = (labels - fitted).norm(dim=1), fitted.norm(dim=1)
    relative = difference / torch.maximum(labels.norm(dim=1), size).clamp(min=1e-12)
    if float(relative.median()) > 0.1:
        return torch.zeros_like(relative, dtype=torch.bool)
    return (size > 0.1 * size.median()) & (relative > DIFFERENT)


def force_noise(evidence: Evidence) -> list[Finding]:
    """Noise of forces where the energies are far smoother; wrong forces of single rows are none."""
    compared = _compared(evidence)
    known = evidence.reference
    if compared is None or known is None:
        return []
    rows, labels, fitted = compared
    calm = known.scale[rows] <= known.scale[rows].median()
    calm = calm & ~_contradicting(labels, fitted)
    difference = ((labels - fitted)[calm]).square().mean().sqrt() / (CM1 / ANGSTROM)
    smooth = known.residuals[rows][calm].square().mean().sqrt() / CM1
    # The reference's own forces err by its residuals over the width of its bends, about 0.05 Å.
    if difference < 0.5 or difference < 100 * smooth:
        return []
    return [
        Finding(
            "force noise", "note", len(evidence.dataset), (),
            f"forces differ by {float(difference):.2g} cm-1/A from the slopes of energies that "
            f"agree to {float(smooth):.1g} cm-1: noise of the forces",
            "give the forces a low weight, or fit the energies alone",
        )
    ]  # fmt: skip


def _compared(evidence: Evidence) -> tuple[Tensor, Tensor, Tensor] | None:
    """Rows (R,) where the reference is good, labelled and fitted forces (R, 3N)."""
    known, forces = evidence.reference, evidence.dataset.forces
    if known is None or forces is None or not forces.any():
        return None
    usual = known.scale[known.rows].median()
    rows = ((known.scale < 3 * usual) & (known.standardised.abs() < 6)).nonzero().flatten()
    rows = rows[:: -(-len(rows) // LOOKED) or 1]
    if len(rows) == 0:
        return None
    fitted = [
        energies_and_forces(known.surface, part)[1]
        for part in evidence.dataset.positions[rows].split(CHUNK)
    ]
    return rows, forces[rows].flatten(1), torch.cat(fitted).flatten(1)
