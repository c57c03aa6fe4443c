"""Levels that the program reaches by itself, against converged ones: where it stands.

    python benchmarks/automatic_levels.py [--only silicide_model]

Every surface with references in benchmarks/reference_levels/, named ones and those of
triatomic_surfaces.py and four_atom_surfaces.py, goes through `pes-levels` with a configuration as a
newcomer writes it: the surface, for a function its isotopes, and `levels: 20`, nothing else. One
line each:

- outside: levels farther from the reference than the estimate printed, and than twice the estimate;
- missing: reference levels below the highest printed one that no printed level is nearest to;
- largest: error of any matched level above the ground state; ZPE: error of the zero-point energy;
- CPU-s and MiB (peak) of the whole command; said MiB: announced at its start, the program included.

Levels are matched in order of energy: a pairing that skips levels on either side where that makes
the sum of errors smaller, each skipped level costing half its distance to the next, 2 cm⁻¹ at
least. A refusal or a crash is a line too; where a refusal names a configuration, that one is run as
well. The estimate counts as at least the reference's uncertainty and its last digit.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import four_atom_surfaces
import numpy as np
import triatomic_surfaces

FOLDER = Path(__file__).with_name("reference_levels")
COUNT = 20
PAIRED = 2.0
"""Least cost of a level without a partner, cm⁻¹: members of degenerate pairs are none too many."""
DIGITS = 1e-4
"""References are stored to four decimals, cm⁻¹."""
LIMIT = 900
"""CPU-seconds for one case."""


@dataclass(frozen=True)
class Comparison:
    """One line of the table; energies in cm⁻¹."""

    outside: int
    twice: int
    missing: int
    largest: float
    zero_point: float


def configuration(name: str) -> str:
    """As short as the program takes it."""
    for module in (triatomic_surfaces, four_atom_surfaces):
        if name in module.MOLECULES:
            atoms = ", ".join(module.MOLECULES[name])
            place = Path(__file__).with_name(f"{module.__name__}.py")
            given = f"molecule: [{atoms}]\nsurface: {place}:{name}"
            return f"name: {name}\n{given}\nlevels: {COUNT}\n"
    return f"name: {name}\nsurface: {name}\nlevels: {COUNT}\n"


def matched(printed: np.ndarray, reference: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (printed, reference) in order of energy, found by dynamic programming.

    A level left without a partner costs half its distance to the nearest of its own list.
    """

    def lonely(energies: np.ndarray) -> np.ndarray:
        gaps = np.diff(energies)
        nearest = np.minimum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0]))
        return np.maximum(nearest / 2, PAIRED)

    skip_p, skip_r = lonely(printed), lonely(reference)
    rows, columns = len(printed) + 1, len(reference) + 1
    cost = np.full((rows, columns), np.inf)
    came = np.zeros((rows, columns), dtype=int)
    cost[0, 0] = 0
    for i in range(rows):
        for j in range(columns):
            # References beyond the last printed level are not missing.
            free = i == rows - 1
            steps = (
                (0, cost[i - 1, j - 1] + abs(printed[i - 1] - reference[j - 1]))
                if i and j else (0, np.inf),
                (1, cost[i - 1, j] + skip_p[i - 1]) if i else (1, np.inf),
                (2, cost[i, j - 1] + (0 if free else skip_r[j - 1])) if j else (2, np.inf),
            )  # fmt: skip
            best = min(steps, key=lambda step: step[1])
            if best[1] < cost[i, j]:
                came[i, j], cost[i, j] = best
    pairs, (i, j) = [], (rows - 1, columns - 1)
    while i or j:
        step = came[i, j]
        i, j = i - (step != 2), j - (step != 1)
        if step == 0:
            pairs.append((i, j))
    return pairs[::-1]


def compared(levels: list[dict], reference: dict) -> Comparison:
    """Printed levels against the reference list."""
    true = np.array(reference["levels"])
    doubt = np.array(reference["uncertainty"])
    printed = np.array([level["energy"] for level in levels])
    estimate = np.array([level["convergence"] for level in levels], dtype=float)
    zero = printed[0] - true[0]
    pairs = [(0, 0), *((i + 1, j + 1) for i, j in matched(printed[1:], true[1:]))]
    errors = np.array([abs(printed[i] - true[j]) for i, j in pairs])
    allowed = np.array([max(estimate[i], doubt[j], DIGITS) for i, j in pairs])
    last = max(j for _, j in pairs)
    return Comparison(
        int((errors > allowed).sum()), int((errors > 2 * allowed).sum()),
        last + 1 - len(pairs), float(errors[1:].max()), float(zero),
    )  # fmt: skip


def run(text: str, folder: Path) -> tuple[subprocess.CompletedProcess, float, float]:
    """`pes-levels` in a process of its own: how it ended, CPU-seconds and peak MiB."""
    path = folder / "levels.yaml"
    path.write_text(text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", MEASURED, "--config", str(path)]
    command += ["--output", str(folder / "out"), "--set", "threads=1"]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **threads})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = re.search(r"^PEAK (\d+)$", done.stderr, re.MULTILINE)
    return done, cpu, int(peak[1]) / 1024 if peak else float("nan")


MEASURED = f"""
import atexit, resource, sys, time
resource.setrlimit(resource.RLIMIT_CPU, ({LIMIT}, {LIMIT}))
def peak():
    print("\\nPEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
atexit.register(peak)
from pes.cli import levels
from pes.run.levels import command
solved = command.solved
def timed(*arguments, **options):
    begun = time.process_time()
    result = solved(*arguments, **options)
    print("\\nSOLVED", time.process_time() - begun, file=sys.stderr)
    return result
command.solved = timed
sys.exit(levels())
"""


def lines(name: str, text: str) -> list[str]:
    """One row of the table, and one more for the configuration that a refusal names."""
    with tempfile.TemporaryDirectory() as scratch:
        done, cpu, peak = run(text, Path(scratch))
        cost = f"{cpu:7.1f} {peak:7.0f} {announced(done.stdout + done.stderr):>9s}"
        written = Path(scratch) / "out" / "levels.json"
        if done.returncode or not written.exists():
            words = [w for w in done.stderr.splitlines() if w.strip() and not w.startswith("PEAK")]
            last = words[-1] if words else f"ended with code {done.returncode}"
            none = " ".join(f"{'-':>{width}s}" for width in (7, 5, 7, 10, 10))
            keys = [key for key in re.findall(r"`(\w+: [^`]+)`", last) if "quanta" not in key]
            named = "\n".join([text.rstrip(), *keys]) + "\n"
            advised = lines(f"{name}, as named"[:24], named) if keys and named != text else []
            return [f"{name:24s} {none} {cost}  {last[:200]}", *advised]
        found = compared(table(json.loads(written.read_text())), reference(name.split(",")[0]))
    return [
        f"{name:24s} {found.outside:7d} {found.twice:5d} {found.missing:7d} {found.largest:10.4f} "
        f"{found.zero_point:10.4f} {cost}"
    ]


def announced(text: str) -> str:
    """Memory said before the start."""
    said = re.search(r"([\d.e+-]+) GiB in all", text)
    return f"{float(said[1]) * 1024:.0f}" if said else "-"


def table(result: dict) -> list[dict]:
    """Zero-point energy first, then the levels above the ground state."""
    first = {
        "energy": result["zero_point_energy"], "convergence": result["zero_point_convergence"],
    }  # fmt: skip
    return [first, *result["levels"][1:]]


def reference(name: str) -> dict:
    """Converged levels of a surface."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def main() -> None:
    """Print the table line by line."""
    known = sorted(path.stem for path in FOLDER.glob("*.json"))
    parser = argparse.ArgumentParser(description="Automatic levels against converged ones.")
    parser.add_argument("--only", choices=known, nargs="+", help="surfaces; all by default")
    names = parser.parse_args().only or known
    head = ("outside", "twice", "missing", "largest", "ZPE", "CPU-s", "MiB", "said MiB")
    widths = (7, 5, 7, 10, 10, 7, 7, 9)
    titles = (f"{title:>{width}s}" for title, width in zip(head, widths, strict=True))
    print(" ".join((f"{'case':24s}", *titles)), flush=True)
    for name in names:
        print("\n".join(lines(name, configuration(name))), flush=True)


if __name__ == "__main__":
    main()
