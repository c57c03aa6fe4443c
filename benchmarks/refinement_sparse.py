"""H2CO refined to its observed fundamentals on a sparse grid; five other levels held out.

    python benchmarks/refinement_sparse.py

The surface to begin with is `formaldehyde_model`; its own energies at random geometries hold the
correction where no level tells. Fitted are the six fundamentals of data/observed_h2co.csv; its
overtones and combinations decide nothing. The strength of the anchor is given: a fundamental does
not follow from the five others, so that none can be chosen by leaving out one of them.
"""

import argparse
import time
from pathlib import Path

import torch

import pes
from pes.coordinates import ZMatrix
from pes.data.observed import read_observed
from pes.potential.analytic import ANALYTIC
from pes.refinement import ObservedLevels, Polynomial
from pes.units import ANGSTROM, CM1, DEGREE

DATA = Path(__file__).resolve().parents[1] / "data" / "observed_h2co.csv"
HIGHEST = 12000 * CM1
LENGTHS = (1.2 * ANGSTROM, 1.1 * ANGSTROM, 122 * DEGREE, 1.1 * ANGSTROM, 122 * DEGREE, torch.pi)
SPREAD = (0.12 * ANGSTROM, 0.2 * ANGSTROM, 15 * DEGREE, 0.2 * ANGSTROM, 15 * DEGREE, 30 * DEGREE)


def points(count: int = 600) -> pes.Dataset:
    """Geometries of the model below 12,000 cm⁻¹ with its energies."""
    model = ANALYTIC["formaldehyde_model"]()
    rows = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
    draw = 2 * torch.rand(20 * count, 6, generator=torch.Generator().manual_seed(1)).double() - 1
    q = torch.tensor(LENGTHS).double() + draw * torch.tensor(SPREAD).double()
    with torch.no_grad():
        energies = model(positions := rows.to_positions(q))
    kept = (energies < HIGHEST).nonzero().flatten()[:count]
    return pes.Dataset(("C", "O", "H", "H"), positions[kept], energies[kept])


def main() -> None:
    """Refine and print."""
    parser = argparse.ArgumentParser(description="Refinement of H2CO on a sparse grid.")
    parser.add_argument("--degree", type=int, default=2)
    parser.add_argument("--quanta", type=int, default=6)
    parser.add_argument("--anchor", type=float, default=1e-3)
    given = parser.parse_args()
    start = time.process_time()
    known = read_observed(DATA)
    others = tuple(q for q in known.quanta if sum(q) > 1)
    fit = pes.refine(
        "formaldehyde_model", {"C O H H": ObservedLevels(known, held_levels=others)},
        hold=points(), adjust=Polynomial(given.degree), anchor=given.anchor, steps=6,
        coordinates=pes.CoordinateRequest("bond_vectors"),
        truncation=pes.TruncationRequest(given.quanta, grid_level=given.quanta + 2),
    )  # fmt: skip
    print(f"{'v1 … v6':<12} {'observed':>10} {'before':>9} {'after':>9}  (calculated - observed)")
    for row in fit.table:
        numbers = f"{row['observed']:10.3f} {row['before']:9.3f} {row['after']:9.3f}"
        print(f"{row['quanta']:<12} {numbers}  {row['role']}")
    for name, values in fit.rms.items():
        print(f"{name}: {values['before']:.3f} before, {values['after']:.3f} cm-1 after")
    for warning in fit.warnings:
        print(f"warning: {warning}")
    print(f"{time.process_time() - start:.0f} CPU-s")


if __name__ == "__main__":
    main()
