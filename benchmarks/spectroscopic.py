"""Water from 500 and 1,000 points of a spectroscopic surface, all the rest as test.

    python benchmarks/spectroscopic.py h2o_spectroscopic_10001.dat

The file has 10,001 rows of R1, R2 (Å), cos θ and V (cm⁻¹), coordinates rounded to 1e-5
(owen-ren0003/rshdmrgpr, data/h2o.dat); training rows are the first of
`numpy.random.RandomState(s).permutation(10001)`, s = 0 to 4. Published: Gaussian process, 500
points, 2.94 cm⁻¹.

The surface is a mean of 20 linear fits in symmetric polynomials of y = 1 − exp(−a(R − R₀)) and
cos θ. Degree, a, ridge, how much less a term may count with each degree (τ), and the weights come
from leave-one-out errors of the training points alone. Rounding of the coordinates makes labels
uncertain by σ² = (1e-5)² |∂V/∂q|²/12: weights are 1/(σ² + s²), ∂V/∂q from a first unweighted fit.
All 20 see the same points, so their spread is no error bar.
"""

import argparse
import time
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pes.potential import Ensemble, LinearSurface
from pes.potential.leave_one_out import leave_one_out

DEGREES, EXPONENTS, DECAYS = (7, 8, 9), (1.2, 1.5, 1.8, 2.2), (0.7, 0.5, 0.35, 0.25)
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
FLOORS = (0.03, 0.1, 0.2)
"""s, cm⁻¹."""
LENGTH, COSINE, SCALE = 0.96, -0.25, 3e4
"""R₀ in Å, the middle of cos θ, and the size of a coefficient in cm⁻¹."""
ROUNDING, MEMBERS = 1e-5, 20


class Polynomials(nn.Module):
    """(y₁ + y₂)^i (y₁ − y₂)^{2j} (cos θ − c₀)^k of R₁, R₂, cos θ (B, 3), times τ^(i + 2j + k)."""

    def __init__(self, degree: int, exponent: float, decay: float) -> None:
        super().__init__()
        self.exponent, self.decay, self.degree = exponent, decay, degree
        self.powers = [
            (i, j, k)
            for k in range(degree + 1)
            for j in range((degree - k) // 2 + 1)
            for i in range(degree - k - 2 * j + 1)
        ]
        self.size = len(self.powers)

    @property
    def settings(self) -> dict[str, float]:
        """What tells it from others."""
        return {"degree": self.degree, "exponent": self.exponent, "decay": self.decay}

    def forward(self, q: Tensor) -> Tensor:
        """Features (B, F)."""
        y = 1 - torch.exp(-self.exponent * (q[:, :2] - LENGTH))
        total, square, z = y.sum(1), (y[:, 0] - y[:, 1]) ** 2, q[:, 2] - COSINE
        columns = [
            total**i * square**j * z**k * (SCALE * self.decay ** (i + 2 * j + k))
            for i, j, k in self.powers
        ]
        return torch.stack(columns, 1)


def fitted(q: Tensor, v: Tensor) -> tuple[Ensemble, float]:
    """The mean of the best fits of training points, and the leave-one-out error of the best."""
    shapes = [Polynomials(*shape) for shape in product(DEGREES, EXPONENTS, DECAYS)]
    matrices = [shape(q) for shape in shapes]
    first = _candidates(shapes, matrices, v, torch.ones_like(v))[0]
    x = q.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(_surface(*first[2:])(x).sum(), x)
    variance = ROUNDING**2 * slopes.square().sum(1) / 12
    found = [
        candidate
        for floor in FLOORS
        for candidate in _candidates(shapes, matrices, v, 0.04 / (variance + floor**2))
    ]
    best = sorted(found, key=lambda candidate: candidate[0])[:MEMBERS]
    return Ensemble([_surface(*candidate[2:]) for candidate in best]), best[0][0]


def _candidates(shapes: list, matrices: list[Tensor], v: Tensor, weights: Tensor) -> list:
    found = []
    for k, (shape, matrix) in enumerate(zip(shapes, matrices, strict=True)):
        for error, c in leave_one_out(matrix, v, RIDGES, weights=weights):
            found.append((error, k, shape, c))
    return sorted(found, key=lambda candidate: candidate[0])


def _surface(shape: Polynomials, coefficients: Tensor) -> LinearSurface:
    surface = LinearSurface(shape).requires_grad_(False)
    surface.coefficients.copy_(coefficients)
    return surface


def main() -> None:
    """Fit five times from 500 and from 1,000 points and print the errors on all others."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    table = torch.from_numpy(np.loadtxt(given.path))
    q, v = table[:, :3], table[:, 3]
    for count in (500, 1000):
        errors, started = [], time.process_time()
        for seed in range(5):
            rows = torch.from_numpy(np.random.RandomState(seed).permutation(len(q)))
            train, test = rows[:count], rows[count:]
            surface, left_out = fitted(q[train], v[train])
            residuals = surface(q[test]) - v[test]
            errors.append(float(residuals.square().mean().sqrt()))
            print(
                f"  {count} points, seed {seed}: leave-one-out {left_out:.4f}, "
                f"test {errors[-1]:.4f} cm-1"
            )
        cpu = time.process_time() - started
        print(
            f"{count} points: mean test RMSE {np.mean(errors):.4f} cm-1 "
            f"({min(errors):.4f} to {max(errors):.4f}), {cpu / 5:.1f} CPU-s a fit, "
            f"{given.threads} threads"
        )


if __name__ == "__main__":
    main()
