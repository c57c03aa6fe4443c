"""H2S refined to observed levels with rotation; higher J and a band held out as validation.

    python benchmarks/refinement_rotation.py

The surface to begin with is `hydrogen_sulfide_model`, whose constants were never fitted to
anything but a few of its fundamentals; its own energies at random geometries hold the correction
where no level tells. Fitted are the levels of data/observed_h2s.csv with J = 0, 1 and 2; those with
J = 3, and all of 0 1 1 and 0 3 0, decide nothing.
"""

import argparse
import time
from pathlib import Path

import torch

import pes
from pes.coordinates import Valence
from pes.potential.analytic import ANALYTIC
from pes.refinement import ObservedLevels, Polynomial
from pes.units import ANGSTROM, CM1, DEGREE

DATA = Path(__file__).resolve().parents[1] / "data" / "observed_h2s.csv"
HIGHEST = 12000 * CM1


def points(count: int = 400) -> pes.Dataset:
    """Geometries of the model below 12,000 cm⁻¹ with its energies."""
    model = ANALYTIC["hydrogen_sulfide_model"]()
    draw = torch.rand(20 * count, 3, generator=torch.Generator().manual_seed(1)).double()
    low = torch.tensor([1.1 * ANGSTROM, 1.1 * ANGSTROM, 60 * DEGREE]).double()
    high = torch.tensor([1.75 * ANGSTROM, 1.75 * ANGSTROM, 130 * DEGREE]).double()
    positions = Valence(0, (1, 2)).to_positions(low + draw * (high - low))
    with torch.no_grad():
        energies = model(positions)
    kept = (energies < HIGHEST).nonzero().flatten()[:count]
    return pes.Dataset(("S", "H", "H"), positions[kept], energies[kept])


def main() -> None:
    """Refine, and print errors by vibrational level and J."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--degree", type=int, default=3)
    degree = parser.parse_args().degree
    start = time.process_time()
    observed = ObservedLevels(DATA, held_levels=((0, 1, 1), (0, 3, 0)), held_j=3)
    fit = pes.refine(
        "hydrogen_sulfide_model", {"S H H": observed}, hold=points(),
        adjust=Polynomial(degree, length=1.3), uncertainty_floor=0.02, steps=6,
    )  # fmt: skip
    errors: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    for row in fit.table:
        quanta, rotor = row["quanta"].rsplit(" ", 1)
        key = (quanta, int(rotor.split("_")[0]), row["role"])
        errors.setdefault(key, []).append((row["before"], row["after"]))
    print("v1 v2 v3   J  levels       before    after  (RMS, cm-1)")
    for (quanta, j, role), pairs in errors.items():
        before, after = torch.tensor(pairs).square().mean(0).sqrt().tolist()
        print(f"{quanta:<9} {j:2d} {len(pairs):7d} {before:12.3f} {after:8.3f}  {role}")
    for name, values in fit.rms.items():
        print(f"{name}: {values['before']:.3f} before, {values['after']:.3f} cm-1 after")
    for warning in fit.warnings:
        print(f"warning: {warning}")
    print(f"{time.process_time() - start:.0f} CPU-s")


if __name__ == "__main__":
    main()
