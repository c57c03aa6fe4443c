"""`audit`: everything that is doubtful about labelled points, the most important first."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pes.data import Dataset
from pes.data.dataset import check_dataset
from pes.files import write_csv, write_json
from pes.findings.contents import content_summary
from pes.findings.copies import contradicting_copies, copies, near_copies
from pes.findings.energies import (
    equal_labels,
    offset_labels,
    shuffled_labels,
    stuck_labels,
    wrong_labels,
)
from pes.findings.evidence import Evidence
from pes.findings.finding import SEVERITIES, Finding
from pes.findings.forces import force_frame, force_noise, force_rows, force_unit, zero_forces
from pes.findings.order import (
    atom_order,
    atom_order_by_curvature,
    atom_order_of_rows,
    misplaced,
)
from pes.findings.regions import bare_well, dissociated, isolated_points, separate_regions
from pes.findings.rounding import rounded_forces, rounded_geometries, rounded_labels
from pes.findings.units import energy_unit, length_unit
from pes.molecule import Molecule
from pes.tables import html_table

__all__ = ["AUDITED", "CHECKS", "Audit", "audit"]

AUDITED = "audit.json"
"""File that is written last."""


FEW = 0.02
"""Share of suspicious geometries that the reference can do without although nothing is wrong."""


class Check(NamedTuple):
    """One check, and earlier findings of which its own would be a mere consequence."""

    function: Callable[[Evidence], list[Finding]]
    unless: tuple[str, ...] = ()


NO_GEOMETRY = ("length unit", "atom order")
NO_ENERGY = (*NO_GEOMETRY, "shuffled labels", "shifted labels", "equal labels")

CHECKS = (
    Check(equal_labels),
    Check(length_unit),
    Check(atom_order, unless=("length unit",)),
    Check(shuffled_labels, unless=NO_GEOMETRY),
    Check(atom_order_by_curvature, unless=(*NO_GEOMETRY, "shuffled labels", "equal labels")),
    Check(energy_unit, unless=NO_ENERGY),
    Check(zero_forces),
    Check(force_frame),
    Check(force_unit, unless=(*NO_ENERGY, "energy unit", "zero forces", "force frame")),
    Check(offset_labels, unless=NO_ENERGY),
    Check(atom_order_of_rows, unless=NO_ENERGY),
    Check(stuck_labels, unless=NO_ENERGY),
    Check(contradicting_copies),
    Check(copies),
    Check(near_copies),
    Check(rounded_labels),
    Check(rounded_forces),
    Check(force_rows, unless=(*NO_ENERGY, "force sign", "force unit", "forces", "force frame",
                              "energy unit")),
    Check(bare_well, unless=(*NO_ENERGY, "energy unit")),
    Check(rounded_geometries, unless=(*NO_ENERGY, "energy unit")),
    Check(force_noise, unless=(*NO_ENERGY, "force sign", "force unit", "forces", "force frame",
                               "energy unit")),
    Check(separate_regions),
    Check(isolated_points, unless=NO_ENERGY),
    Check(dissociated, unless=NO_GEOMETRY),
)  # fmt: skip
"""All checks, the causes before their consequences; within a severity findings keep this order."""


@dataclass(frozen=True, eq=False)
class Audit:
    """Findings of an audit, the most important first.

    Attributes:
        dataset: the points.
        findings: one for each kind, errors first.
        left_out: sentences that name each check that could not be made, and the reason.
    """

    dataset: Dataset
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...] = ()

    def __repr__(self) -> str:
        formula = Molecule(self.dataset.symbols).formula
        return f"Audit({len(self.dataset):,} points of {formula}: {self.verdict})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return html_table(self.rows(), repr(self))

    @property
    def severity(self) -> str | None:
        """The worst severity, None without findings."""
        return next((s for s in SEVERITIES for f in self.findings if f.severity == s), None)

    @property
    def verdict(self) -> str:
        """One sentence that agrees with the findings."""
        counts = {s: sum(f.severity == s for f in self.findings) for s in SEVERITIES}
        if counts["error"]:
            kinds = ", ".join(f.kind for f in self.findings if f.severity == "error")
            return f"do not fit these points: {kinds}"
        if counts["warning"]:
            kinds = ", ".join(f.kind for f in self.findings if f.severity == "warning")
            return f"look at these points before a fit: {kinds}"
        notes = f"; {counts['note']} note{'s' * (counts['note'] > 1)}" if counts["note"] else ""
        return f"nothing looks wrong{notes}"

    def lines(self) -> list[str]:
        """One line for each kind of finding, then the verdict."""
        return [*(f.line() for f in self.findings), *self.left_out, f"verdict: {self.verdict}"]

    def before_fit(self, most: int = 3) -> list[str]:
        """Errors and warnings to read before a fit, at most `most` lines."""
        serious = [f for f in self.findings if f.severity != "note"]
        lines = [finding.line() for finding in serious[:most]]
        if len(serious) > most:
            lines[-1] += f" (and {len(serious) - most} more kinds of findings: pes-audit)"
        return lines

    def rows(self) -> list[list[str]]:
        """Table of the findings; the first row is its header."""
        head = ["severity", "kind", "points", "worst rows", "finding", "advice"]
        return [head] + [
            [
                f.severity,
                f.kind,
                f"{f.count}",
                ", ".join(map(str, f.rows[:3])),
                f.sentence,
                f.advice,
            ]
            for f in self.findings
        ]

    def save(self, folder: str | Path) -> Path:
        """Write audit.csv, one line for each row named, and audit.json; the folder is made.

        Returns:
            The folder.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [
            {"severity": finding.severity, "kind": finding.kind, "rank": rank, "row": row}
            for finding in self.findings
            for rank, row in enumerate(finding.rows)
        ]
        write_csv(folder / "audit.csv", rows, ("severity", "kind", "rank", "row"))
        write_json(folder / AUDITED, self.summary())
        return folder

    def summary(self) -> dict[str, Any]:
        """Content of audit.json."""
        return {
            **content_summary(self.dataset),
            "severity": self.severity,
            "verdict": self.verdict,
            "findings": [asdict(finding) for finding in self.findings],
            "left_out": self.left_out,
        }


def audit(dataset: Dataset) -> Audit:
    """Find what is doubtful about labelled points, the most important first.

    Lengths, energies and the order of atoms are compared with what molecules allow. Labels are
    compared with a robust linear permutation-invariant surface and with their neighbours, forces
    with the torque on the molecule and with the slopes of that surface. The surface is fitted to
    at most 3,000 points of at most six atoms; every label is compared with it.

    Example:
        >>> from pes.potential.analytic import WaterPJT
        >>> x = 1.8 * torch.eye(3, dtype=torch.float64).roll(1, 0)
        >>> x = x + 0.3 * torch.rand(99, 3, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> points = Dataset(("O", "H", "H"), x, WaterPJT()(x).detach())
        >>> audit(points)
        Audit(99 points of H2O: look at these points before a fit: bare well)
    """
    check_dataset(dataset)
    evidence = _evidence(dataset)
    findings: list[Finding] = []
    for check in CHECKS:
        kinds = {finding.kind for finding in findings}
        if not kinds & set(check.unless):
            findings += check.function(evidence)
    kinds = {finding.kind for finding in findings}
    if not kinds & {*NO_ENERGY, "offset labels"} - {"atom order"}:
        named = {
            row for f in findings if f.kind in ("atom order", "stuck labels") for row in f.rows
        }
        findings += wrong_labels(evidence, named)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Audit(dataset, tuple(findings), tuple(_left_out(evidence, kinds)))


def _left_out(evidence: Evidence, kinds: Collection[str]) -> Iterator[str]:
    """A sentence about the checks that need a surface, where none could be fitted."""
    if "length unit" in kinds:
        yield (
            "checks of single labels were left out: they need correct lengths; correct these and "
            "repeat the audit"
        )
    elif evidence.reference is None:
        yield (
            "checks of single labels were left out: they need a surface, of at most six atoms and "
            "at least 24 different labelled points"
        )


def _evidence(dataset: Dataset) -> Evidence:
    """Evidence whose reference leaves out geometries with atoms in another order, if they are."""
    suspects = misplaced(dataset)
    evidence = Evidence(dataset, suspects)
    many = suspects.double().mean() > FEW
    if many and not atom_order(evidence) and not atom_order_of_rows(evidence):
        return Evidence(dataset, torch.zeros_like(suspects))
    return evidence
