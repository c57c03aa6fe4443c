"""Ten isotopologues of water in one call against ten calls in the same warm process.

python benchmarks/isotopologues.py [--surface water_pjt1996]
"""

import argparse
import os
from time import process_time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch

import pes

MOLECULES = (
    "O H H", "17O H H", "18O H H", "O H D", "17O H D", "18O H D", "O D D", "17O D D", "18O D D",
    "O T T",
)  # fmt: skip


def main() -> None:
    """Print CPU times and the largest difference of levels, with the estimates beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surface", default="water_pjt1996")
    parser.add_argument("--count", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    pes.levels(given.surface, count=2)
    begun = process_time()
    single = [pes.levels(given.surface, m, count=given.count) for m in MOLECULES]
    each = process_time() - begun
    begun = process_time()
    together = pes.isotopologues(given.surface, MOLECULES, count=given.count)
    once = process_time() - begun
    print(f"ten calls {each:.1f} CPU-s, one call {once:.1f} CPU-s, ratio {once / each:.2f}")
    print(f"{'molecule':10}{'largest difference':>20}{'largest estimate':>18}{'outside both':>14}")
    for name, one, other in zip(MOLECULES, together.results, single, strict=True):
        difference = (one.energies - other.energies).abs()
        outside = int((difference > one.convergence + other.convergence).sum())
        print(
            f"{name:10}{float(difference.max()):20.6f}{float(one.convergence.max()):18.6f}"
            f"{outside:14d}"
        )


if __name__ == "__main__":
    main()
