"""What a person should know about a set of points before fitting it."""

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.symmetry import TOLERANCE, symmetry_groups, within
from pes.geometry import distances
from pes.units import CM1, ENERGY_UNITS

__all__ = ["audit", "label_step"]

FINEST_STEP = 1e-3 * CM1
"""Hartree; labels rounded more finely than this cannot hurt a level."""


def audit(dataset: Dataset) -> list[str]:
    """Findings in words, the range of the energies first, then whatever looks wrong.

    Looked for: geometries that stand twice or as symmetry copies, copies whose energies
    differ, rounded labels, a well without points, a lowest point with large forces.
    """
    range_ = (dataset.energies.max() - dataset.energies.min()) / CM1
    first = (
        f"{len(dataset)} points of {' '.join(dataset.symbols)}, "
        f"energies over {float(range_):.1f} cm-1"
    )
    return [first, *_copies(dataset), *_rounded(dataset), *_bare_well(dataset)]


def _copies(dataset: Dataset) -> list[str]:
    findings = []
    groups = symmetry_groups(dataset.positions, dataset.symbols)
    same = within(distances(dataset.positions))
    for rows in _shared(same):
        findings.append(f"rows {_listed(rows)} hold the same geometry")
    for rows in _shared(groups):
        if len(same[rows].unique()) > 1:
            findings.append(f"rows {_listed(rows)} are symmetry copies of one another")
        energies = dataset.energies[rows]
        spread = float(energies.max() - energies.min())
        # A copy may be off by the tolerance times the slope, about 1 hartree/bohr at worst.
        if spread > TOLERANCE:
            findings.append(
                f"rows {_listed(rows)} are one geometry, but their energies "
                f"differ by {spread / CM1:.3g} cm-1"
            )
    return findings


def _shared(labels: Tensor) -> list[Tensor]:
    """Rows of every label that more than one row has."""
    counts = labels.bincount()
    several = (counts[labels] > 1).nonzero().flatten()
    order = several[labels[several].argsort(stable=True)]
    return list(order.split(counts[counts > 1].tolist()))


def _listed(rows: Tensor) -> str:
    shown = ", ".join(map(str, rows[:6].tolist()))
    return shown if len(rows) <= 6 else f"{shown}, ... ({len(rows)} in all)"


def label_step(energies: Tensor) -> float | None:
    """Step in hartree of which all energy differences are multiples, None if there is none.

    Tried are decimal steps and powers of two (single precision) of each energy unit, the
    largest first, down to 0.001 cm⁻¹.

    Example:
        >>> labels = torch.tensor([-76.1, -76.25, -76.33, -76.4, -76.47], dtype=torch.float64)
        >>> label_step(labels)
        0.01
    """
    if len(energies.unique()) < 5:
        return None
    differences = energies - energies.min()
    noise = 8 * torch.finfo(energies.dtype).eps * float(energies.abs().max())
    steps = {
        unit * base**-k
        for unit in ENERGY_UNITS.values()
        for base in (10.0, 2.0)
        for k in range(32)
        if unit * base**-k >= FINEST_STEP
    }
    for step in sorted(steps, reverse=True):
        multiples = differences / step
        # Four unrelated numbers agree with a step to one part in 500 once in 10^11 times.
        if (multiples - multiples.round()).abs().max() < 1e-3 + noise / step:
            return step
    return None


def _rounded(dataset: Dataset) -> list[str]:
    step = label_step(dataset.energies)
    if step is None:
        return []
    return [
        f"the energies are rounded to steps of {step / CM1:.3g} cm-1 ({step:.3g} hartree); "
        "no fit can be trusted below half of that"
    ]


def _bare_well(dataset: Dataset) -> list[str]:
    findings = []
    above = dataset.energies - dataset.energies.min()
    low = int((above <= 0.1 * above.max()).sum())
    modes = max(3 * len(dataset.symbols) - 6, 1)
    needed = modes * (modes + 1) // 2 + 1
    if low < needed:
        findings.append(
            f"only {low} points lie in the lowest tenth of the range, fewer than the {needed} "
            "numbers of a harmonic well; add points near the minimum"
        )
    lowest = int(dataset.energies.argmin())
    if dataset.forces is not None and dataset.forces[lowest].abs().max() > 0.01:
        largest = float(torch.as_tensor(dataset.forces[lowest].abs().max()))
        findings.append(
            f"the lowest point, row {lowest}, has forces up to {largest:.2g} hartree/bohr; "
            "the minimum is not in the set"
        )
    return findings
