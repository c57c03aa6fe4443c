"""Peak memory of long line lists of water, pictures not included.

    python benchmarks/line_memory.py [--levels 60] [--J 4 6 8 10] [--weakest 0]

The basis is small and nothing is converged: the number of lines is what counts. Every list is
longer than the one before, so that the peak of the process is its own. With `--weakest 0` the
spectrum holds every line; `.trans` holds them whatever the intensity.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch
from torch import Tensor

import pes

CHARGES = (-0.6, 0.3, 0.3)


def main() -> None:
    """Print lines, CPU times and memory of each list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=int, default=60, help="number of J = 0 levels")
    parser.add_argument("--J", type=int, nargs="+", default=[4, 6, 8, 10], help="highest J of each")
    parser.add_argument("--weakest", type=float, default=0.0, help="lowest intensity, cm/molecule")
    options = parser.parse_args()
    result = pes.levels(
        "water_pjt1996", "O H H", count=options.levels, basis={"all": 10}, convergence=False
    )
    print(f"{'J up to':>7}{'lines':>10}{'rotation':>10}{'list':>10}{'peak before':>13}{'after':>8}")
    for highest in sorted(options.J):
        begun = time.process_time()
        rotation = result.rotation(range(highest + 1), states=options.levels, frame="eckart")
        turned, before = time.process_time(), peak()
        listed = pes.line_list(rotation, moment, weakest=options.weakest)
        with tempfile.TemporaryDirectory() as folder:
            listed.save(folder, "h2o")
            lines = sum(1 for _ in (Path(folder) / "h2o.trans").open())
        print(
            f"{highest:7}{lines:10,}{turned - begun:8.0f} s{time.process_time() - turned:8.0f} s"
            f"{before:9.0f} MiB{peak():4.0f} MiB",
            flush=True,
        )


def moment(positions: Tensor) -> Tensor:
    """Dipole moment of point charges."""
    return torch.einsum("a,pai->pi", torch.tensor(CHARGES, dtype=torch.float64), positions)


def peak() -> float:
    """Largest memory of the process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
