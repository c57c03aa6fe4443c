"""Levels with rotation of floppy triatomics against an independent small program.

    python benchmarks/rotating_dvr.py [--only methylene] [--highest 3] [--count 8] [--states 60]

The program shares nothing with the package's own rotation but the surface. In orthogonal vectors
(Radau or Jacobi) with the axis z of the body along the second,

    H = T₁ + T₂ + b₁ l² + b₂ (J − l)² + V,   b_i = 1/(2 μ_i R_i²),
    (J − l)² = J(J+1) + l² − 2K² − J₊l₋ − J₋l₊,

in functions P_l^K(cos θ) |J K⟩. They are what a linear geometry asks for: nothing diverges there,
and no limit or second order is needed. At each pair of points of R₁ and R₂ the angle is solved for
each K, then each K, and the lowest solutions of all K are coupled. `--check` doubles what is
cut off.

Printed for each surface and J: levels, how many lie farther from their partner than the estimate
printed, the largest error, the largest ratio of error to estimate, and the worst level; with J > 0
less the difference of the two programs for the same vibrational level with J = 0.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from orthogonal_dvr import radau
from scipy.optimize import linear_sum_assignment
from scipy.special import sph_harm_y
from triatomic_surfaces import MOLECULES, SURFACES

import pes
from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1

Array = np.ndarray


@dataclass(frozen=True)
class Case:
    """How a molecule is described.

    Attributes:
        kind: of orthogonal vectors.
        order: atom of the molecule that is the first, second and third of these.
        first, second: ends of R₁ and R₂ in Å, and points.
        angular: highest l.
        cutoff: of solutions at a pair of points, cm⁻¹ above the lowest.
        kept: solutions of each K that are coupled.
    """

    kind: Callable
    order: tuple[int, int, int]
    first: tuple[float, float, int]
    second: tuple[float, float, int]
    angular: int
    cutoff: float
    kept: int = 120

    @property
    def finer(self) -> "Case":
        """More of everything."""
        more = [(low, high, points + 4) for low, high, points in (self.first, self.second)]
        return replace(
            self, first=more[0], second=more[1], angular=int(1.2 * self.angular),
            cutoff=1.3 * self.cutoff, kept=2 * self.kept,
        )  # fmt: skip


CASES = {
    "methylene": Case(radau, (1, 0, 2), (0.68, 1.72, 19), (0.68, 1.72, 19), 36, 34000, 200),
    "flat_cyanide": Case(radau, (1, 0, 2), (0.95, 1.60, 26), (0.95, 1.60, 26), 90, 18000),
    "flat_carbon": Case(radau, (0, 1, 2), (1.00, 1.65, 26), (1.00, 1.65, 26), 90, 18000),
    "water_pjt1996": Case(radau, (0, 1, 2), (0.66, 1.64, 19), (0.66, 1.64, 19), 38, 32000),
    "half_heavy_water": Case(radau, (1, 0, 2), (0.62, 1.70, 24), (0.62, 1.65, 26), 44, 24000),
}


def angular_functions(highest: int, k: int, cosines: Array, weights: Array) -> Array:
    """Normalised P_l^K at points, l = K … highest, (points, functions)."""
    angles = np.arccos(cosines)
    columns = [sph_harm_y(n, k, angles, 0.0).real for n in range(k, highest + 1)]
    return np.stack(columns, 1) * np.sqrt(2 * np.pi * weights)[:, None]


def sinc(ends: tuple[float, float, int], mass: float) -> tuple[Array, Array]:
    """Points in bohr and −1/(2μ) ∂²/∂R² there."""
    low, high, points = ends
    at = np.linspace(low, high, points) * ANGSTROM
    apart = np.subtract.outer(np.arange(points), np.arange(points)).astype(float)
    np.fill_diagonal(apart, 1)
    kinetic = 2 * (-1.0) ** np.abs(apart) / apart**2
    np.fill_diagonal(kinetic, np.pi**2 / 3)
    return at, kinetic / (2 * mass * (at[1] - at[0]) ** 2)


def reference(
    surface: Callable[[torch.Tensor], torch.Tensor], masses: Array, case: Case, highest: int
) -> list[Array]:
    """Energies of J = 0 … highest above that of J = 0, each ascending, in cm⁻¹."""
    (mass1, mass2), positions = case.kind(masses[list(case.order)])
    (r1, t1), (r2, t2) = sinc(case.first, mass1), sinc(case.second, mass2)
    cosines, weights = np.polynomial.legendre.leggauss(case.angular + 20)
    mesh = np.meshgrid(r1, r2, cosines, indexing="ij")
    x = positions(*(m.ravel() for m in mesh))[:, np.argsort(case.order)]
    with torch.no_grad():
        v = surface(torch.from_numpy(x)).numpy().reshape(len(r1) * len(r2), -1)
    b1 = np.repeat(1 / (2 * mass1 * r1**2), len(r2))
    b2 = np.tile(1 / (2 * mass2 * r2**2), len(r1))
    radial = np.kron(t1, np.eye(len(r2))) + np.kron(np.eye(len(r1)), t2)
    solved = []
    for k in range(highest + 1):
        functions = angular_functions(case.angular, k, cosines, weights)
        solved.append(_of_k(k, v, functions, b1, b2, radial, case))
    links = [_link(k, one, other, b2, case) for k, (one, other) in enumerate(pairwise(solved))]
    levels = [_of_j(j, solved, links, b2) for j in range(highest + 1)]
    return [(one - levels[0][0]) / CM1 for one in levels]


def _of_k(
    k: int, v: Array, functions: Array, b1: Array, b2: Array, radial: Array, case: Case
) -> tuple[Array, Array, list[Array]]:
    """Energies, b₂ among them, and coefficients (l, solutions) at each pair of points; J = K."""
    orders = np.arange(k, case.angular + 1)
    squared = orders * (orders + 1.0)
    energies, states = [], []
    lowest = v.min()
    for p, along in enumerate(v):
        h = functions.T @ (along[:, None] * functions)
        h += np.diag((b1[p] + b2[p]) * squared + b2[p] * (k - k * k))
        e, s = np.linalg.eigh(h)
        few = e < lowest + case.cutoff * CM1
        energies.append(e[few])
        states.append(s[:, few])
    ends = np.cumsum([0, *(len(e) for e in energies)])
    h = np.diag(np.concatenate(energies))
    used = [p for p in range(len(v)) if ends[p + 1] > ends[p]]
    for p in used:
        for q in used:
            if radial[p, q]:
                block = radial[p, q] * states[p].T @ states[q]
                h[ends[p] : ends[p + 1], ends[q] : ends[q + 1]] += block
    e, c = np.linalg.eigh(h)
    e, c = e[: case.kept], c[:, : case.kept]
    return e, c, [s @ c[ends[p] : ends[p + 1]] for p, s in enumerate(states)]


def _link(k: int, one: tuple, other: tuple, b2: Array, case: Case) -> Array:
    """⟨K| b₂ l₋ |K+1⟩ with l₋ P_l^{K+1} = √(l(l+1) − K(K+1)) P_l^K."""
    orders = np.arange(k + 1, case.angular + 1)
    factor = np.sqrt(orders * (orders + 1.0) - k * (k + 1))
    return sum(
        b * (a[1:] * factor[:, None]).T @ c
        for b, a, c in zip(b2, one[2], other[2], strict=True)
    )  # fmt: skip


def _of_j(j: int, solved: list, links: list, b2: Array) -> Array:
    """Levels of both parities: e with K = 0, f without."""
    diagonal = []
    for k in range(j + 1):
        energies, _, states = solved[k]
        b = sum(value * s.T @ s for value, s in zip(b2, states, strict=True))
        diagonal.append(np.diag(energies) + (j * (j + 1) - k * (k + 1)) * b)
    found = []
    for lowest in (0, 1):
        parts = diagonal[lowest:]
        if not parts:
            continue
        ends = np.cumsum([0, *(len(part) for part in parts)])
        h = np.zeros((ends[-1], ends[-1]))
        for n, part in enumerate(parts):
            here = slice(ends[n], ends[n + 1])
            h[here, here] = part
            if n + 1 < len(parts):
                k = n + lowest
                factor = np.sqrt(j * (j + 1) - k * (k + 1)) * (np.sqrt(2) if k == 0 else 1)
                there = slice(ends[n + 1], ends[n + 2])
                h[here, there] = -factor * links[k]
                h[there, here] = h[here, there].T
        found.append(np.linalg.eigvalsh(h))
    return np.sort(np.concatenate(found))


def surface_of(name: str) -> tuple[Callable[[torch.Tensor], torch.Tensor], tuple[str, ...]]:
    """Function and isotopes of a surface by name."""
    if name in SURFACES:
        return SURFACES[name], MOLECULES[name]
    return ANALYTIC[name](), ("O", "H", "H")


def compare(name: str, case: Case, options: argparse.Namespace) -> None:
    """One table."""
    surface, symbols = surface_of(name)
    start = time.process_time()
    result = pes.levels(surface, symbols, count=options.count)
    j_values = range(options.highest + 1)
    rotation = result.rotation(j_values, states=options.states, frame=options.frame)
    spent = time.process_time() - start
    frame = rotation.basis.frame
    masses = result.task.masses.detach().numpy()
    exact = reference(surface, masses, case, options.highest)
    other = time.process_time() - start - spent
    print(f"\n{name}, frame {frame}: {spent:.0f} CPU-s, independent program {other:.0f}")
    if options.check:
        finer = reference(surface, masses, case.finer, options.highest)
    print("  J  levels  outside  largest error  error/estimate  worst level")
    still = np.zeros(0)
    for j in j_values:
        rows = [row for row in rotation.table if row["J"] == j]
        energy = np.array([row["energy"] for row in rows])
        said = np.array([row["convergence"] for row in rows])
        # The root: one pair far apart costs less than a chain of many a little apart.
        _, partner = linear_sum_assignment(np.abs(energy[:, None] - exact[j]) ** 0.5)
        error = energy - exact[j][partner]
        level = np.array([row["level"] for row in rows])
        # Without rotation both programs have errors of their own.
        still = error if j == 0 else still
        error = error - still[level] if j else error
        ratio = np.abs(error) / np.maximum(said, 2e-4)
        worst = int(ratio.argmax())
        row = rows[worst]
        label = f"{row['level']} {row['J']}_{row['Ka']}{row['Kc']} at {energy[worst]:.3f}"
        print(
            f"{j:3d} {len(rows):7d} {int((ratio > 1).sum()):8d} {np.abs(error).max():14.4f} "
            f"{ratio[worst]:15.2f}  {label}: {error[worst]:+.4f} +- {said[worst]:.4f}"
        )
        if options.check:
            apart = np.abs(exact[j][partner] - finer[j][: len(exact[j])][partner])
            print(f"      the reference moves by {apart.max():.5f} when more is kept")
        if options.all:
            for r, e, d, s in zip(rows, energy, error, said, strict=True):
                print(
                    f"      {r['level']:3d} {r['Ka']:2d} {r['Kc']:2d} {e:11.4f} {d:+9.4f} {s:9.4f}"
                    f" {r['weight']:6.3f}"
                )


def main() -> None:
    """One molecule after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--highest", type=int, default=3, help="highest J")
    parser.add_argument("--count", type=int, default=8, help="J = 0 levels")
    parser.add_argument("--states", type=int, help="J = 0 states contracted")
    parser.add_argument("--frame", default="auto", help="axes of the body")
    parser.add_argument("--check", action="store_true", help="how well the reference has converged")
    parser.add_argument("--all", action="store_true", help="print every level")
    options = parser.parse_args()
    for name in options.only:
        compare(name, CASES[name], options)


if __name__ == "__main__":
    main()
