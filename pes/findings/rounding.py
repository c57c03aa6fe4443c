"""Labels and geometries with few digits, and the floor that they set to every fit."""

import math
from collections.abc import Mapping

from torch import Tensor

from pes.data.noise import MOST, label_step
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding
from pes.geometry import distances
from pes.potential import energies_and_forces
from pes.units import ANGSTROM, CM1, ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

__all__ = ["rounded_forces", "rounded_geometries", "rounded_labels"]

HURTS, MATTERS = 0.1, 0.002
"""Noise in cm⁻¹ from which rounding of labels is a warning, and from which it is mentioned."""

GEOMETRY_MATTERS, FORCES_MATTER = 0.05, 0.1
"""Noise of the labels in cm⁻¹, of the forces in cm⁻¹/Å, from which it is mentioned."""

SCATTER = 0.3, 1.3
"""Median of a residual over the noise of its rounded geometry, 0.67 if it is nothing else and less
where some coordinates are zero in all points."""

SAMPLE = 2000


def rounded_labels(evidence: Evidence) -> list[Finding]:
    """Labels in steps, or in single precision."""
    energies = evidence.dataset.energies
    step, how = label_step(energies), "labels are rounded to steps"
    if step is None and (single := _single_precision_step(energies)) is not None:
        step, how = single, "labels are in single precision, with steps up to"
    elif step is not None:
        how += " of"
    if step is None or (noise := step / math.sqrt(12) / CM1) < MATTERS:
        return []
    return [
        Finding(
            "rounded labels", "warning" if noise > HURTS else "note", len(energies), (),
            f"{how} {step / CM1:.3g} cm-1 ({step:.3g} hartree): a noise of {noise:.2g} cm-1, "
            "which every fit will show", "take the labels with all digits",
        )
    ]  # fmt: skip


def rounded_geometries(evidence: Evidence) -> list[Finding]:
    """Positions or distances with so few digits that the labels of the true ones differ."""
    known, dataset = evidence.reference, evidence.dataset
    if known is None:
        return []
    rows = known.rows[:SAMPLE]
    x = dataset.positions[rows]
    slopes = energies_and_forces(known.surface, x)[1].flatten(1).norm(dim=1)
    found = None
    for values, slope in ((x.flatten(1), slopes), (distances(x), slopes / 2)):
        step = _decimal_step(values, LENGTH_UNITS)
        if step is not None:
            found = step, slope * step / math.sqrt(12)
            break
    if found is None:
        return []
    step, noise = found
    usual = float(noise.square().mean().sqrt()) / CM1
    if usual < GEOMETRY_MATTERS:
        return []
    # Labels computed at round geometries have no such noise. Where they have it, residuals are of
    # its size both where the surface is flat and where it is steep.
    ratios = (known.residuals[rows].abs() / noise)[noise.argsort()]
    if not all(SCATTER[0] < float(part.median()) < SCATTER[1] for part in ratios.chunk(2)):
        return []
    return [
        Finding(
            "rounded geometries", "note", len(dataset), (),
            f"geometries are rounded to {step / ANGSTROM:.1g} A: if the labels are those of "
            f"geometries with more digits, they have a noise of about {usual:.1g} cm-1",
            "take the geometries with all digits",
        )
    ]  # fmt: skip


def rounded_forces(evidence: Evidence) -> list[Finding]:
    """Force components with few digits."""
    forces = evidence.dataset.forces
    if forces is None or not forces.any():
        return []
    step = _decimal_step(forces.flatten(1), FORCE_UNITS)
    if step is None or (noise := step / math.sqrt(12) / (CM1 / ANGSTROM)) < FORCES_MATTER:
        return []
    return [
        Finding(
            "rounded forces", "note", len(forces), (),
            f"forces are rounded to {step:.1g} hartree/bohr: a noise of {noise:.1g} cm-1/A",
            "take the forces with all digits",
        )
    ]  # fmt: skip


def _single_precision_step(energies: Tensor) -> float | None:
    """Largest spacing in hartree of labels that single precision holds in one of the units."""
    for unit in ENERGY_UNITS.values():
        values = energies / unit
        close = (values - values.float().double()).abs() <= 1e-14 * values.abs()
        if close.double().mean() >= MOST and len(energies.unique()) >= 5:
            largest = float(values.abs().max())
            return unit * 2.0 ** (math.floor(math.log2(largest)) - 23)
    return None


def _decimal_step(values: Tensor, units: Mapping[str, float]) -> float | None:
    """Decimal step in atomic units of which most numbers in at least two columns are multiples."""
    for unit in units.values():
        for k in range(2, 8):
            step = unit * 10.0**-k
            scaled = values / step
            # An axis on which most points lie at zero is a multiple of anything.
            moving = (values - values.median(0).values).abs().median(0).values > 5 * step
            close = ((scaled - scaled.round()).abs() < 1e-3).double().mean(0) > MOST
            if int((close & moving).sum()) >= min(2, values.shape[1]):
                return step
    return None
