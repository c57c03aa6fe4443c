"""Time and memory of one product H·v against the number n of functions of each coordinate.

    python benchmarks/scaling.py --modes 3

All products of n functions of each of Q coordinates on (n + 2)^Q points, G full. The exponent is
fitted to CPU seconds over n, beside Q + 1, which counts the multiplications of the transforms.
The measured one is lower, and lower than Q too: the grid has (n + 2)^Q points, which grow more
slowly than n^Q; the elements of G and s, Q² numbers a point, are read once each, and at these n
that takes longer than the transforms, whose matrices stay in the cache; and the smallest n pay
for the calls of Python. Memory grows as the number of points.
"""

import argparse
import math
import os
import time

parser = argparse.ArgumentParser(description="Cost of one product H·v.")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
parser.add_argument("--modes", type=int, choices=(3, 4, 6), nargs="*", default=(3, 4, 6), help="Q")
OPTIONS = parser.parse_args()
THREADS = str(OPTIONS.threads)
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import torch  # noqa: E402

from pes.vibration import Hamiltonian  # noqa: E402
from pes.vibration.basis.contraction import contract  # noqa: E402
from pes.vibration.basis.primitives import PRIMITIVES  # noqa: E402
from pes.vibration.grid.product_basis import ProductBasis  # noqa: E402

SIZES = {3: (16, 24, 32, 48, 64), 4: (8, 12, 16, 20, 24), 6: (4, 5, 6, 7, 8)}


def noise(modes: int, n: int) -> Hamiltonian:
    """Random V, G and s: the cost does not depend on them."""
    p = PRIMITIVES["sinc"](-12.0, 12.0, 90)
    basis = contract(
        p, p.points**2 / 2, torch.ones(()).double(), n, points=n + 2, range=(-12.0, 12.0)
    )
    count = (n + 2) ** modes
    g = torch.rand(modes, modes, count, dtype=torch.float64).permute(2, 0, 1)
    s = torch.rand(modes, count, dtype=torch.float64).T
    return Hamiltonian(ProductBasis((basis,) * modes), torch.rand(count, dtype=torch.float64), g, s)


def seconds(h: Hamiltonian) -> float:
    """CPU seconds of one product, the best of three."""
    v = torch.rand(1, h.size, dtype=torch.float64)
    h.apply(v)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        h.apply(v)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Run and print."""
    torch.set_num_threads(int(THREADS))
    print(f"{'Q':>2s} {'n':>3s} {'functions':>10s} {'points':>10s} {'s CPU':>9s} {'MiB':>7s}")
    for modes in OPTIONS.modes:
        found = []
        for n in SIZES[modes]:
            h = noise(modes, n)
            found.append((n, seconds(h)))
            points = len(h.potential)
            held = 8 * points * (1 + modes + modes**2 + 2 * modes + 3) / 2**20
            print(f"{modes:2d} {n:3d} {h.size:10d} {points:10d} {found[-1][1]:9.4f} {held:7.0f}")
        x = torch.tensor([math.log(n) for n, _ in found])
        y = torch.tensor([math.log(t) for _, t in found])
        slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
        print(f"Q = {modes}: time grows as n^{slope:.2f}; Q = {modes}, Q + 1 = {modes + 1}\n")


if __name__ == "__main__":
    main()
