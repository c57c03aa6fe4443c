"""Levels of force fields with twelve modes: errors, functions, CPU seconds, memory.

    python benchmarks/force_fields.py ch3cn ch3cn_qff.inp ch3cn_levels.csv
    python benchmarks/force_fields.py oscillators

CH3CN has the quartic force field of Begue et al. (J. Phys. Chem. A 109, 4611 (2005),
doi:10.1021/jp0406114), input/acetonitrile.inp of berkelbach-group/VHCI; the reference levels are
the column Energy_Ref of Experiment/ch3cn_ref.csv of sunshuo987/vibcal. Both are on GitHub.

The oscillators are twelve with ω_k = √(k/2) and the term c q_i q_j, c = 0.1, between all of them,
in units of --scale cm-1. Normal modes give every level; they are used for the comparison alone.

One thread of a busy machine; errors are those of levels above the ground state, in cm-1:

    case         levels  functions  CPU-s    MiB    RMS  largest  estimates up to
    ch3cn            69    121,422     42    951  0.015    0.095           0.0052
    oscillators      49    512,000     56  2,198   1e-5     2e-5             6e-5

Of CH3CN 67 levels are within 0.006 of the reference; the two with two quanta of mode 4 lie 0.079
and 0.095 below it.
"""

import argparse
import os
import resource
import sys
import time

parser = argparse.ArgumentParser(description="Levels of force fields with twelve modes.")
cases = parser.add_subparsers(dest="case", required=True)
molecule = cases.add_parser("ch3cn", help="quartic force field against reference levels")
molecule.add_argument("field", help="acetonitrile.inp of VHCI")
molecule.add_argument("levels", help="ch3cn_ref.csv of vibcal")
bilinear = cases.add_parser("oscillators", help="bilinear coupling against exact levels")
bilinear.add_argument("--coupling", type=float, default=0.1, help="c")
bilinear.add_argument("--scale", type=float, default=1000.0, help="unit of energy, cm-1")
bilinear.add_argument("--modes", type=int, default=12, help="number of oscillators")
for one, count, accuracy in ((molecule, 70, 0.01), (bilinear, 50, 1e-4)):
    one.add_argument("--count", type=int, default=count, help="levels, the ground state included")
    one.add_argument("--accuracy", type=float, default=accuracy, help="asked for, cm-1")
    one.add_argument("--minutes", type=float, default=60.0, help="CPU time at most")
OPTIONS = parser.parse_args()
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import csv  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402

import pes  # noqa: E402
from pes.force_fields import ForceField  # noqa: E402

OUTLIER = 0.01
"""Error in cm-1 from which a level is printed."""


def acetonitrile() -> tuple[ForceField, np.ndarray]:
    """The force field, and the reference: zero-point energy, then levels above it, cm-1."""
    lines = Path(OPTIONS.levels).read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    reference = np.array([float(row["Energy_Ref"]) for row in rows])
    return pes.read_force_field(OPTIONS.field), reference


def oscillators() -> tuple[ForceField, np.ndarray]:
    """The force field, and the exact zero-point energy and levels above it, cm-1."""
    omega = np.sqrt(np.arange(1, OPTIONS.modes + 1) / 2)
    pairs = [(i, j) for i in range(OPTIONS.modes) for j in range(i + 1, OPTIONS.modes)]
    field = ForceField.of(
        (omega * OPTIONS.scale).tolist(), dict.fromkeys(pairs, OPTIONS.coupling * OPTIONS.scale),
        units="cm-1", name="oscillators",
    )  # fmt: skip
    coupling = OPTIONS.coupling * np.sqrt(np.outer(omega, omega))
    np.fill_diagonal(coupling, omega**2)
    normal = np.sqrt(np.linalg.eigvalsh(coupling)) * OPTIONS.scale
    levels = np.zeros(1)
    for frequency in normal:
        quanta = np.arange(OPTIONS.count)
        levels = np.sort((levels[:, None] + frequency * quanta).ravel())[: OPTIONS.count]
    return field, np.concatenate(([normal.sum() / 2], levels[1:]))


CASES = {"ch3cn": acetonitrile, "oscillators": oscillators}


def main() -> None:
    """Run and print."""
    torch.set_num_threads(1)
    field, reference = CASES[OPTIONS.case]()
    begun = time.process_time()
    found = pes.force_field_levels(
        field, count=OPTIONS.count, accuracy=OPTIONS.accuracy, minutes=OPTIONS.minutes,
        progress=lambda line: print(f"{time.process_time() - begun:7.1f} CPU-s: {line}"),
    )  # fmt: skip
    spent = time.process_time() - begun
    print("\n".join(found.header()), *found.warnings, sep="\n")
    energies = found.energies[1:].numpy()
    errors = energies - reference[1 : OPTIONS.count]
    estimates = found.convergence[1:].numpy()
    print(f"zero-point energy {found.zero_point_energy - reference[0]:+.6f} cm-1 off")
    print(f"{len(errors)} levels: largest error {abs(errors).max():.2g}, RMS "
          f"{np.sqrt((errors**2).mean()):.2g} cm-1; estimates up to {estimates.max():.2g}, "
          f"{(abs(errors) > estimates).sum()} errors larger than their estimates")  # fmt: skip
    for n in np.flatnonzero(abs(errors) > max(OUTLIER, OPTIONS.accuracy)):
        print(f"  level {n + 1}: {energies[n]:.4f}, reference {reference[n + 1]:.4f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 2**20 if sys.platform == "darwin" else 2**10
    print(f"{found.levels.functions} functions, {spent:.1f} CPU-s, {peak:.0f} MiB")


if __name__ == "__main__":
    main()
