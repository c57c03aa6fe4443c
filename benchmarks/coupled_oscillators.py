"""Six coupled oscillators with an exact spectrum: fifty levels, cost, memory.

    python benchmarks/coupled_oscillators.py --threads 1

H = ½ Σ ω_k p_k² + ½ Σ ω_k q_k² + Σ_{k<l} c √(ω_k ω_l) q_k q_l with ω from 1000 to 3000 cm⁻¹ and
c = 0.02. Normal modes give every level: Σ_i Ω_i (n_i + ½) with Ω² the eigenvalues of √ω F √ω. The
50 lowest are found in products of functions of the uncoupled oscillators and compared in cm⁻¹, with
the zero-point energy and above it.
"""

import argparse
import os
import resource
import sys
import time

parser = argparse.ArgumentParser(description="Six coupled oscillators.")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
parser.add_argument("--energy", type=float, default=15500, help="limit of the products, cm-1")
parser.add_argument("--functions", type=int, default=16, help="most of each coordinate")
parser.add_argument("--coupling", type=float, default=0.02, help="c")
parser.add_argument("--count", type=int, default=50, help="levels")
OPTIONS = parser.parse_args()
THREADS = str(OPTIONS.threads)
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import torch  # noqa: E402

from pes.units import CM1  # noqa: E402
from pes.vibration import BasisSpec, model, vibrational_levels  # noqa: E402
from pes.vibration.basis.truncation import Truncation  # noqa: E402

OMEGA = torch.tensor([1000.0, 1150.0, 1400.0, 1750.0, 2800.0, 3000.0], dtype=torch.float64) * CM1


def force_constants(coupling: float) -> torch.Tensor:
    """F of ½ qFq, hartree."""
    root = OMEGA.sqrt()
    return torch.diag(OMEGA) * (1 - coupling) + coupling * root[:, None] * root


def exact(f: torch.Tensor, count: int) -> torch.Tensor:
    """The lowest levels, hartree."""
    root = OMEGA.sqrt()
    omega = torch.linalg.eigvalsh(root[:, None] * f * root).sqrt()
    quanta = torch.cartesian_prod(*[torch.arange(8).double()] * 6) + 0.5
    return (quanta @ omega).sort().values[:count]


def main() -> None:
    """Run and print."""
    torch.set_num_threads(int(THREADS))
    f = force_constants(OPTIONS.coupling)
    system = model(lambda q: torch.einsum("pk,kl,pl->p", q, f, q) / 2, torch.diag(OMEGA))
    # A coordinate needs as many functions as fit under the limit.
    sizes = [min(OPTIONS.functions, 1 + int(OPTIONS.energy * CM1 / w)) for w in OMEGA.tolist()]
    lines = [
        BasisSpec("sinc", -6.5, 6.5, n, points=n + 1, primitives=50, name=f"q{k}")
        for k, n in enumerate(sizes)
    ]
    cpu, wall = time.process_time(), time.perf_counter()
    products = Truncation(energy=OPTIONS.energy * CM1)
    found = vibrational_levels(
        system, lines, OPTIONS.count, truncation=products, cap=10.0, convergence=False
    )  # fmt: skip
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    reference = exact(f, OPTIONS.count)
    h = found.hamiltonian
    absolute = (found.energies - reference).abs() / CM1
    above = (found.excitations - (reference - reference[0])).abs() / CM1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 2**20 if sys.platform == "darwin" else 2**10
    print(
        f"functions {sizes}, {h.size} products, {len(h.potential)} points, "
        f"{found.eigenpairs.solver}"
    )
    print(f"levels to {float(found.excitations[-1]) / CM1:.1f} cm-1 above the ground state")
    print(f"largest error: absolute {absolute.max():.2e}, excitations {above.max():.2e} cm-1")
    print(f"{found.eigenpairs.matvecs} products H·v, {cpu:.1f} s CPU, {wall:.1f} s, {peak:.0f} MiB")


if __name__ == "__main__":
    main()
