"""Levels of linear H–C–C–H by an independent small program: two diatoms and the vector between.

    python benchmarks/diatom_diatom.py [--quanta 14] [--radial 8]

It shares nothing with the package's own levels but the surface (`acetylene` of
`four_atom_surfaces.py`). r₁ points from H to C, r₂ from C to H, R joins the centres of mass of the
two CH; with J = 0 and l₁, l₂ the angular momenta of r₁ and r₂,

    H = −1/(2μ) (∂₁² + ∂₂²) − 1/(2M) ∂_R² + l₁²/(2μr₁²) + l₂²/(2μr₂²) + (l₁ + l₂)²/(2MR²) + V,

in products of associated Legendre functions P_l1^m(θ₁) P_l2^m(θ₂) with cos mφ (Σ⁺) or sin mφ (Σ⁻),
contracted for each m in the mean of V along one angle, and of points of a DVR of each length that
its own cut optimises. In the contracted functions (l₁ + l₂)² = l₁² + l₂² − 2m² on the diagonal, and
couples m with m ± 1.
"""

import argparse
import os
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

from itertools import pairwise, product

import four_atom_surfaces
import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from scipy.special import lpmv

from pes.molecule import Molecule
from pes.units import ANGSTROM, CM1

Array = np.ndarray
H, C = Molecule(("H", "C")).masses.tolist()
REDUCED, BETWEEN = H * C / (H + C), (H + C) / 2
LENGTH, MIDDLE = 1.062 * ANGSTROM, (1.203 + 2 * 1.062 * H / (H + C)) * ANGSTROM
MOST_L, ANGLES, TURNS = 60, 72, 20


def energies(r1: float, r2: float, r: float, c1: Array, c2: Array, phi: Array) -> Array:
    """V above zero at angles (P,) for three lengths, bohr."""
    s1, s2, zero = np.sqrt(1 - c1**2), np.sqrt(1 - c2**2), np.zeros_like(c1)
    a = r1 * np.stack((s1, zero, c1), 1)
    b = r2 * np.stack((s2 * np.cos(phi), s2 * np.sin(phi), c2), 1)
    other = np.array([0, 0, r])
    light, heavy = H / (H + C), C / (H + C)
    x = np.stack((-heavy * a, light * a, other - light * b, other + heavy * b), 1)
    with torch.no_grad():
        return four_atom_surfaces.acetylene(torch.from_numpy(x)).numpy()


def optimised(cut: Array, x: Array, mass: float, count: int) -> tuple[Array, Array]:
    """Points (n,) of an optimised DVR and the kinetic energy between them, (n, n)."""
    n, step = np.arange(len(x)), x[1] - x[0]
    apart = n[:, None] - n
    with np.errstate(divide="ignore"):
        second = np.where(apart == 0, np.pi**2 / 3, 2 / apart.astype(float) ** 2)
    kinetic = (-1.0) ** apart * second / (2 * mass * step**2)
    functions = np.linalg.eigh(kinetic + np.diag(cut))[1][:, :count]
    points, turn = np.linalg.eigh(functions.T @ (x[:, None] * functions))
    between = functions @ turn
    return points, between.T @ kinetic @ between


def bends(quanta: int) -> tuple[Array, list[dict[str, Array]]]:
    """cos θ of the quadrature, and for each m functions there, l² and l₊ towards m + 1."""
    c, w = np.polynomial.legendre.leggauss(ANGLES)
    one, zero = np.ones_like(c), np.zeros_like(c)
    cut = energies(LENGTH, LENGTH, MIDDLE, c, one, zero)
    size = 1 / (2 * REDUCED * LENGTH**2) + 1 / (2 * BETWEEN * MIDDLE**2)
    found = []
    for m in range(quanta // 2 + 1):
        l = np.arange(m, MOST_L)  # noqa: E741
        table = np.stack([lpmv(m, k, c) for k in l], 1) * (-1.0) ** m
        table = table * np.sqrt(w)[:, None]
        table /= np.linalg.norm(table, axis=0)
        whole = table.T @ (cut[:, None] * table) + size * np.diag(l * (l + 1.0))
        mixed = np.linalg.eigh(whole)[1][:, : quanta // 2 - m + 1]
        square = mixed.T @ (l[:, None] * (l[:, None] + 1.0) * mixed)
        found.append({"l": l, "mixed": mixed, "values": table @ mixed, "square": square})
    for m, (here, above) in enumerate(pairwise(found)):
        l = above["l"]  # noqa: E741
        root = np.sqrt(l * (l + 1.0) - m * (m + 1.0))
        here["raise"] = above["mixed"].T @ (root[:, None] * here["mixed"][1:])
    return c, found


def angular(sign: int, quanta: int) -> tuple[Array, Array, Array, list[Array], Array]:
    """l₁², l₂², (l₁ + l₂)² in the functions, angles of the quadrature, functions there."""
    c, found = bends(quanta)
    labels = [
        (m, j, k) for m in range(0 if sign > 0 else 1, quanta // 2 + 1)
        for j, k in product(range(quanta // 2 - m + 1), repeat=2) if j + k <= quanta // 2 - m
    ]  # fmt: skip
    phi = (np.arange(TURNS) + 0.5) * np.pi / TURNS
    turn = np.cos if sign > 0 else np.sin
    first, second, both = (np.zeros((len(labels), len(labels))) for _ in range(3))
    values = []
    for a, (m, j, k) in enumerate(labels):
        around = turn(m * phi) * np.sqrt((1 if m == 0 else 2) / TURNS)
        v = found[m]["values"]
        values.append(np.einsum("i,j,p->ijp", v[:, j], v[:, k], around).ravel())
        for b, (n, p, q) in enumerate(labels):
            if n == m:
                first[a, b] = found[m]["square"][j, p] * (k == q)
                second[a, b] = found[m]["square"][k, q] * (j == p)
                both[a, b] = first[a, b] + second[a, b] - 2 * m**2 * (a == b)
            if n == m + 1:
                up = found[m]["raise"]
                both[a, b] = both[b, a] = -up[p, j] * up[q, k] * (2**0.5 if m == 0 else 1)
    grid = np.meshgrid(c, c, phi, indexing="ij")
    near = np.abs(np.stack(values)).max(0) > 1e-9
    return first, second, both, [g.ravel()[near] for g in grid], np.stack(values)[:, near]


def levels(sign: int, quanta: int, radial: int, count: int) -> Array:
    """The lowest levels of Σ⁺ or Σ⁻ above V = 0, cm⁻¹."""
    first, second, both, (c1, c2, phi), values = angular(sign, quanta)
    one, zero = np.ones(1), np.zeros(1)
    x, y = np.linspace(1.35, 3.4, 90), np.linspace(1.9, 3.6, 90)
    cut = np.array([energies(r, LENGTH, MIDDLE, one, one, zero)[0] for r in x])
    middle = np.array([energies(LENGTH, LENGTH, r, one, one, zero)[0] for r in y])
    short, kinetic = optimised(cut, x, REDUCED, radial)
    far, across = optimised(middle, y, BETWEEN, radial)
    blocks = np.empty((radial, radial, radial, len(first), len(first)))
    for i, j, k in product(range(radial), repeat=3):
        r1, r2, r = short[i], short[j], far[k]
        v = np.minimum(energies(r1, r2, r, c1, c2, phi), 0.6)
        blocks[i, j, k] = (
            (values * v) @ values.T + first / (2 * REDUCED * r1**2)
            + second / (2 * REDUCED * r2**2) + both / (2 * BETWEEN * r**2)
        )  # fmt: skip
    shape = blocks.shape[:4]

    def apply(flat: Array) -> Array:
        v = flat.reshape(shape)
        out = np.matmul(blocks, v[..., None])[..., 0]
        out += np.einsum("ai,ijkn->ajkn", kinetic, v) + np.einsum("bj,ijkn->ibkn", kinetic, v)
        return (out + np.einsum("ck,ijkn->ijcn", across, v)).ravel()

    size = int(np.prod(shape))
    operator = LinearOperator((size, size), matvec=apply, dtype=float)
    found = eigsh(operator, k=count, which="SA", tol=1e-9, ncv=4 * count)[0]
    return np.sort(found) / CM1


def main() -> None:
    """Print levels of both species."""
    parser = argparse.ArgumentParser(description="Levels of acetylene from two diatoms.")
    parser.add_argument("--quanta", type=int, default=14, help="of both bends, even")
    parser.add_argument("--radial", type=int, default=8, help="points of each length")
    parser.add_argument("--count", type=int, default=12)
    options = parser.parse_args()
    begun, ground = time.process_time(), 0.0
    for sign, name in ((1, "Sigma+"), (-1, "Sigma-")):
        energy = levels(sign, options.quanta, options.radial, options.count)
        ground = energy[0] if sign > 0 else ground
        print(f"{name}: {time.process_time() - begun:.0f} CPU-s; zero-point energy {ground:.4f}")
        print("  " + " ".join(f"{e - ground:.4f}" for e in energy))


if __name__ == "__main__":
    main()
