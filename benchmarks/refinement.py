"""CCSD(T)/cc-pVTZ water refined to observed band origins of H2O, those of D2O held out.

    python benchmarks/refinement.py --surface runs/h2o

Without --surface it is trained first (`configs/h2o.yaml`, a minute). The degree of the
correction and the strength of the anchor are those by which each level of H2O up to 9,000 cm⁻¹
(18 of them, data/observed_h2o.csv) is best predicted from the other 17; D2O decides nothing.
"""

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

parser = argparse.ArgumentParser(description="Refinement of water to observed levels.")
parser.add_argument("--surface", type=Path, help="run folder or surface file of pes-train")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
GIVEN = parser.parse_args()
# Read once, when NumPy and torch load.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(GIVEN.threads)

from pes.run.refine.command import run_refine  # noqa: E402
from pes.run.train.command import train  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def main() -> None:
    """Train if need be, refine, say what it cost; the figures are the last lines of the run."""
    with tempfile.TemporaryDirectory() as folder:
        surface = GIVEN.surface
        if surface is None:
            surface = train(CONFIGS / "h2o.yaml", output=Path(folder) / "h2o")
        cpu, wall = time.process_time(), time.perf_counter()
        settings = [f"surface={surface.resolve()}", f"threads={GIVEN.threads}"]
        run_refine(CONFIGS / "refine_h2o.yaml", output=Path(folder) / "refine", settings=settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 2**20 if sys.platform == "darwin" else 2**10
    print(
        f"refinement: {time.process_time() - cpu:.1f} s CPU, {time.perf_counter() - wall:.1f} s "
        f"wall, {GIVEN.threads} threads, {peak:.0f} MiB, {platform.machine()}"
    )


if __name__ == "__main__":
    main()
