"""Levels of linear H–C–C–H by an independent small program: two diatoms and the vector between.

    python benchmarks/diatom_diatom.py [--quanta 14] [--radial 8] [--j 2]

It shares nothing with the package's own levels but the surface (`acetylene` of
`four_atom_surfaces.py`). r₁ points from H to C, r₂ from C to H, R joins the centres of mass of the
two CH and is the axis of K; with l₁, l₂ the angular momenta of r₁ and r₂,

    H = −1/(2μ) (∂₁² + ∂₂²) − 1/(2M) ∂_R² + l₁²/(2μr₁²) + l₂²/(2μr₂²) + (J − l₁ − l₂)²/(2MR²) + V,
    (J − l)² = J (J + 1) + l² − 2K² − J₊l₋ − J₋l₊,  l = l₁ + l₂,  l_z = J_z = K

in products of associated Legendre functions P_l1^m1(θ₁) P_l2^m2(θ₂) with m₁ + m₂ = K, for K = 0
with cos m(φ₁ − φ₂) (Σ⁺, in levels e) or sin m(φ₁ − φ₂) (Σ⁻, in levels f), contracted for each m in
the mean of V along one angle, and of points of a DVR of each length that its own cut optimises.
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
    # For K = 2 one of both m may be higher than half of the quanta, by one.
    for m in range(quanta // 2 + 2):
        l = np.arange(m, MOST_L)  # noqa: E741
        table = np.stack([lpmv(m, k, c) for k in l], 1) * (-1.0) ** m
        table = table * np.sqrt(w)[:, None]
        table /= np.linalg.norm(table, axis=0)
        whole = table.T @ (cut[:, None] * table) + size * np.diag(l * (l + 1.0))
        mixed = np.linalg.eigh(whole)[1][:, : quanta // 2 - m + 2]
        square = mixed.T @ (l[:, None] * (l[:, None] + 1.0) * mixed)
        found.append({"l": l, "mixed": mixed, "values": table @ mixed, "square": square})
    for m, (here, above) in enumerate(pairwise(found)):
        l = above["l"]  # noqa: E741
        root = np.sqrt(l * (l + 1.0) - m * (m + 1.0))
        here["raise"] = above["mixed"].T @ (root[:, None] * here["mixed"][1:])
    return c, found


def raising(found: list[dict[str, Array]], m: int) -> Array:
    """l₊ from functions of m to those of m + 1; no function has the phase (−1)^m."""
    return -found[m]["raise"] if m >= 0 else found[-m - 1]["raise"].T


def products(total: int, quanta: int) -> list[tuple[int, int, int, int]]:
    """m₁ and m₂ with m₁ + m₂ = K, and numbers of the functions of θ₁ and θ₂."""
    half = quanta // 2
    every = product(range(-half - 1, half + 2), range(half + 1), range(half + 1))
    return [
        (m, total - m, j, k) for m, j, k in every
        if 2 * (j + k) + abs(m) + abs(total - m) <= quanta
    ]  # fmt: skip


def combined(labels: list[tuple[int, int, int, int]], sign: int) -> Array:
    """Sums (sign > 0) or differences of the products with m and −m, (functions, products)."""
    rows = []
    for a, (m, n, j, k) in enumerate(labels):
        row = np.zeros(len(labels))
        row[a] = 1.0
        row[labels.index((n, m, j, k))] += sign
        if m >= 0 and row.any():
            rows.append(row / np.linalg.norm(row))
    return np.array(rows)


def angular(total: int, sign: int, quanta: int) -> dict[str, Array]:
    """Operators of both bends with m₁ + m₂ = K, angles of the quadrature, functions there."""
    c, found = bends(quanta)
    labels = products(total, quanta)
    phi = (np.arange(TURNS) + 0.5) * np.pi / TURNS
    first, second, both = (np.zeros((len(labels), len(labels))) for _ in range(3))
    values = []
    for a, (m, n, j, k) in enumerate(labels):
        one, other = found[abs(m)], found[abs(n)]
        around = np.stack((np.cos(m * phi), np.sin(m * phi))) / TURNS**0.5
        values.append(
            np.einsum("i,j,sp->sijp", one["values"][:, j], other["values"][:, k], around).ravel()
        )
        for b, (p, q, s, t) in enumerate(labels):
            if p == m:
                first[a, b] = one["square"][j, s] * (k == t)
                second[a, b] = other["square"][k, t] * (j == s)
                both[a, b] = first[a, b] + second[a, b] + 2 * m * n * (a == b)
            if p == m + 1:
                both[a, b] = both[b, a] = raising(found, m)[s, j] * raising(found, q)[k, t]
    turn = np.eye(len(labels)) if total else combined(labels, sign)
    table = turn @ np.stack(values)
    near = np.abs(table).max(0) > 1e-9
    grid = [np.tile(g.ravel(), 2)[near] for g in np.meshgrid(c, c, phi, indexing="ij")]
    each = {name: turn @ x @ turn.T for name, x in (("1", first), ("2", second), ("12", both))}
    return {**each, "values": table[:, near], "angles": np.stack(grid), "turn": turn}


def upwards(total: int, sign: int, quanta: int) -> Array:
    """l₁₊ + l₂₊ from functions with one K, for K = 0 of one sign, to those with K + 1."""
    found, lower, upper = bends(quanta)[1], products(total, quanta), products(total + 1, quanta)
    step = np.zeros((len(upper), len(lower)))
    for b, (m, n, j, k) in enumerate(lower):
        for a, (p, _, s, t) in enumerate(upper):
            if p == m + 1 and k == t:
                step[a, b] = raising(found, m)[s, j]
            if p == m and j == s:
                step[a, b] = raising(found, n)[t, k]
    return step if total else step @ combined(lower, sign).T


def rotating(j: int, sign: int, quanta: int) -> tuple[list[dict[str, Array]], Array]:
    """Functions of each |K| ≤ J, and (J − l₁ − l₂)² among all of them."""
    parts = [angular(total, sign, quanta) for total in range(j + 1)]
    sizes = [len(part["12"]) for part in parts]
    square = np.zeros((sum(sizes), sum(sizes)))
    for total, part in enumerate(parts):
        own = slice(sum(sizes[:total]), sum(sizes[: total + 1]))
        square[own, own] = part["12"] + (j * (j + 1) - 2 * total**2) * np.eye(sizes[total])
    for total in range(j):
        lower, upper = (
            slice(sum(sizes[:k]), sum(sizes[: k + 1])) for k in (total, total + 1)
        )  # fmt: skip
        # From K = 0 to both K = 1 and K = −1, hence √2.
        size = ((1 if total else 2) * (j * (j + 1) - total * (total + 1))) ** 0.5
        step = -size * upwards(total, sign, quanta)
        square[upper, lower], square[lower, upper] = step, step.T
    return parts, square


def levels(j: int, sign: int, quanta: int, radial: int, count: int) -> Array:
    """The lowest levels of one J above V = 0, cm⁻¹: e (sign > 0, with Σ⁺) or f (with Σ⁻)."""
    parts, square = rotating(j, sign, quanta)
    one, zero = np.ones(1), np.zeros(1)
    x, y = np.linspace(1.35, 3.4, 90), np.linspace(1.9, 3.6, 90)
    cut = np.array([energies(r, LENGTH, MIDDLE, one, one, zero)[0] for r in x])
    middle = np.array([energies(LENGTH, LENGTH, r, one, one, zero)[0] for r in y])
    short, kinetic = optimised(cut, x, REDUCED, radial)
    far, across = optimised(middle, y, BETWEEN, radial)
    blocks = np.empty((radial, radial, radial, *square.shape))
    for i, k, n in product(range(radial), repeat=3):
        r1, r2, r = short[i], short[k], far[n]
        block, start = square / (2 * BETWEEN * r**2), 0
        for part in parts:
            own = slice(start, start := start + len(part["1"]))
            v = np.minimum(energies(r1, r2, r, *part["angles"]), 0.6)
            block[own, own] += (part["values"] * v) @ part["values"].T
            block[own, own] += part["1"] / (2 * REDUCED * r1**2) + part["2"] / (2 * REDUCED * r2**2)
        blocks[i, k, n] = block
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
    parser.add_argument("--j", type=int, default=0, choices=(0, 1, 2), help="largest J")
    options = parser.parse_args()
    begun, ground = time.process_time(), 0.0
    cases = [(j, sign) for j in range(options.j + 1) for sign in (1, -1)]
    for j, sign in cases:
        energy = levels(j, sign, options.quanta, options.radial, options.count)
        ground = energy[0] if (j, sign) == (0, 1) else ground
        name = f"J = {j}, {'e' if sign > 0 else 'f'}"
        print(f"{name}: {time.process_time() - begun:.0f} CPU-s; zero-point energy {ground:.4f}")
        print("  " + " ".join(f"{e - ground:.4f}" for e in energy), flush=True)


if __name__ == "__main__":
    main()
