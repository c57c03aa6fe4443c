"""Made-up faults in data and in surfaces, valid in form: are they found, said, or taken in silence?

Data go through pes-audit, and through pes-train where the audit finds an error. Faults in surfaces
are met by pes-levels with automatic settings; the levels of the surface without the fault say
whether those that it accepts are right.
"""

import csv
import json
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from attack.harness import forked

import pes

__all__ = ["ANSWERS", "BAD_ANSWERS", "Answer", "Fault", "answered", "faults", "right_levels"]

ANSWERS = ("named first", "found", "refused", "said", "covered", "accepted", "unclear")
"""Data: the finding that fits comes first; others come. Surfaces: one line and exit code 2; a
warning; levels right within twice their estimates. Both: taken in silence; ended in another way."""

BAD_ANSWERS = ("accepted", "unclear")

BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "audit.py"))
REPOSITORY = Path(__file__).parents[2] / "data"

SETS: Mapping[str, Callable[[], pes.Dataset]] = {
    "H2O with forces": lambda: pes.read(REPOSITORY / "h2o_ccsdt_vdz_forces.h5"),
    "H2S": lambda: BENCHMARK["analytic"]("hydrogen_sulfide_model", 600, 0.12),
    "NH3": lambda: BENCHMARK["analytic"]("ammonia_model", 800, 0.08),
}

SURFACES: Mapping[str, str] = {
    "noise of 1 cm-1": "v = v + 4.5e-6 * torch.sin(1e6 * x.sum((1, 2)))",
    "noise of 50 cm-1": "v = v + 2.2e-4 * torch.sin(1e6 * x.sum((1, 2)))",
    "rounded to 10 cm-1": "v = (v / 4.5e-5).round() * 4.5e-5",
    "rounded to 200 cm-1": "v = (v / 9e-4).round() * 9e-4",
    "single precision": "v = (v - 76).float().double()",
    "a step of 200 cm-1": "v = v + 9e-4 * (r > 1.9)",
    "a step of 20 cm-1": "v = v + 9e-5 * (r > 1.9)",
    "a kink": "v = v + 0.01 * (r - 1.85).abs()",
    "a narrow spike": "v = v + 0.02 * torch.exp(-((r - 1.9) / 0.01) ** 2)",
    "a narrow hole": "v = v - 0.1 * torch.exp(-((r - 1.9) / 0.01) ** 2)",
    "a hole of half a hartree": "v = v - 0.5 * torch.exp(-((r - 2.6) / 0.1) ** 2)",
    "a hole where atoms are close": "v = torch.where(r < 1.3, -0.5 + 0 * v, v)",
    "NaN beyond 1.3 angstrom": "v = torch.where(r > 2.45, float('nan') + v, v)",
    "NaN at one place": "v = torch.where((r - 1.9).abs() < 0.01, float('nan') + v, v)",
    "infinite beyond 1.3 angstrom": "v = torch.where(r > 2.45, float('inf') + v, v)",
    "a plateau above 6,000 cm-1": "v = v.clamp(max=0.0273)",
    "energies in eV": "v = 27.211386 * v",
    "energies in cm-1": "v = 219474.63 * v",
    "positions in angstrom": "v = W(x * 0.529177)",
    "the wrong sign": "v = -v",
    "constant": "v = 0 * v",
    "other order of atoms": "v = W(x[:, [1, 0, 2]])",
    "depends on the size of the batch": "v = v + 1e-4 * len(x)",
    "depends on the place in the batch": "v = v + 1e-6 * torch.arange(len(x))",
    "depends on the number of calls": "N[0] += 1; v = v + 1e-6 * N[0]",
    "random": "v = v + 1e-4 * torch.randn(len(x), dtype=x.dtype)",
    "not invariant under rotation": "v = v + 0.001 * x[:, 1, 2] ** 2",
    "not invariant under translation": "v = v + 0.001 * x[:, 0, 0]",
    "like atoms told apart": "v = v + 0.01 * (r - 1.81)",
    "complex": "v = v.to(torch.complex128)",
    "single precision inside": "v = W(x.float().double())",
    "a ripple of 50 cm-1": "v = v + 2.2e-4 * torch.sin(40 * r)",
}
"""Fault → statement on the energies v (B,) of positions x and one bond length r."""

REASONS: Mapping[str, str] = {
    "surface of H2O: like atoms told apart": "a smooth surface of its own; its levels are right",
}
"""Why a fault is accepted: fault → reason."""

OWN = """
import torch
from pes.potential.analytic import WaterPJT
W, N = WaterPJT(), [0]
def f(x):
    v, r = W(x), (x[:, 1] - x[:, 0]).norm(dim=-1)
    {fault}
    return v
"""

COUNT = 6
"""Levels of each surface."""


@dataclass(frozen=True)
class Fault:
    """A fault in a set of points, with the finding that fits, or in a surface.

    Attributes:
        name: what is wrong with what.
        make: writes the input into a folder.
        kind: kind of the finding; empty for surfaces.
    """

    name: str
    make: Callable[[Path], object] = field(repr=False)
    kind: str = ""


@dataclass(frozen=True)
class Answer:
    """One of `ANSWERS`, and the words that say it."""

    fault: Fault
    kind: str
    words: str


def faults() -> Iterator[Fault]:
    """All faults: those of the audit's benchmark in three sets, and those of surfaces."""
    for label, make in SETS.items():
        data = make()
        for name, (change, kind) in (BENCHMARK["FAULTS"] | BENCHMARK["FORCE_FAULTS"]).items():
            yield Fault(f"{label}: {name}", _points(data, change), kind)
    for name, statement in SURFACES.items():
        yield Fault(f"surface of H2O: {name}", _surface(statement))


def answered(fault: Fault, folder: Path, right: list[float]) -> Answer:
    """How the commands take a fault.

    Args:
        fault: in data or in a surface.
        folder: to work in.
        right: levels of the surface without fault, cm⁻¹.
    """
    fault.make(folder)
    return _of_points(fault, folder) if fault.kind else _of_surface(fault, folder, right)


def right_levels(folder: Path) -> list[float]:
    """Levels of the surface without fault, cm⁻¹."""
    _surface("pass")(folder)
    status, words = _levels(folder)
    assert status == 0, words
    return [energy for energy, _ in _table(folder)]


def _points(
    data: pes.Dataset, change: Callable[[pes.Dataset], pes.Dataset]
) -> Callable[[Path], None]:
    return lambda folder: pes.write(folder / "points.h5", change(data))


def _surface(statement: str) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        (folder / "faulty.py").write_text(OWN.format(fault=statement))
        content = {"name": "faulty", "surface": "faulty.py:f", "molecule": ["O", "H", "H"],
                   "levels": COUNT, "threads": 1, "minutes": 1}  # fmt: skip
        (folder / "faulty.yaml").write_text(yaml.safe_dump(content))

    return make


def _of_points(fault: Fault, folder: Path) -> Answer:
    status, words = forked("audit", ("points.h5", "--output", "runs/audit", "--overwrite"), folder)
    code = -1 if status is None else os.waitstatus_to_exitcode(status)
    if code not in (0, 3, 4):
        return Answer(fault, "unclear", words)
    kinds = [
        f["kind"] for f in json.loads((folder / "runs/audit/audit.json").read_text())["findings"]
    ]
    said = ", ".join(kinds)
    if code == 4:
        status, words = forked("train", ("points.h5", "--check", "--output", "runs/fit"), folder)
        if not status:
            return Answer(fault, "unclear", f"the audit finds errors ({said}), pes-train none")
    if kinds[:1] == [fault.kind]:
        return Answer(fault, "named first", said)
    return Answer(fault, "found" if code else "accepted", said)


def _levels(folder: Path) -> tuple[int | None, str]:
    arguments = ("--config", "faulty.yaml", "--overwrite")
    return forked("levels", arguments, folder, seconds=600)


def _of_surface(fault: Fault, folder: Path, right: list[float]) -> Answer:
    status, words = _levels(folder)
    last = words.strip().splitlines()[-1] if words.strip() else ""
    if status is None or os.waitstatus_to_exitcode(status) not in (0, 2) or "Traceback" in words:
        return Answer(fault, "unclear", last)
    if status:
        return Answer(fault, "refused", last)
    table = _table(folder)
    worst = max(abs(e - r) - 2 * abs(u) for (e, u), r in zip(table, right, strict=False))
    log = (folder / "runs/faulty/levels.log").read_text().splitlines()
    warnings = [line for line in log if "warning" in line or "not smooth" in line]
    if warnings:
        return Answer(fault, "said", warnings[0][:160])
    if len(table) == len(right) and worst <= 1e-3:
        return Answer(fault, "covered", "")
    return Answer(
        fault, "accepted", f"levels are off by {worst:.3g} cm-1 more than twice estimated"
    )


def _table(folder: Path) -> list[tuple[float, float]]:
    """Energy and estimate of each level, cm⁻¹."""
    with (folder / "runs/faulty/levels.csv").open() as file:
        return [(float(row["energy"]), float(row["convergence"])) for row in csv.DictReader(file)]
