"""Levels with rotation of triatomics against an independent small program.

    python benchmarks/rotating_dvr.py [--only methylene] [--j 1 2 3] [--count 8] [--states 60]

The program shares nothing with the package's own rotation but the surface. In orthogonal vectors
(Radau or Jacobi) with the axis z of the body along the second,

    H = T₁ + T₂ + b₁ l² + b₂ (J − l)² + V,   b_i = 1/(2 μ_i R_i²),
    (J − l)² = J(J+1) + l² − 2K² − J₊l₋ − J₋l₊,

in functions P_l^K(cos θ) |J K⟩. They are what a linear geometry asks for: nothing diverges there,
and no limit or second order is needed. Each K has the Gauss–Jacobi points of its own functions. At
each of them the problem of R₁ and R₂ is solved on even points and solutions above a cutoff are left
out; l² joins the rest, and b₂ J±l∓ the lowest solutions of neighbouring K. (Solved the other way
round, the angle first at each pair of lengths, it was off by 0.08 cm⁻¹ with as many functions.)

Printed for each surface and J: levels, how many lie farther from their partner of the same parity
than the estimate printed, what the program itself moves by with more of everything, and 1e-4; the
largest error, estimate and movement, and the level with the largest ratio of error to estimate.

References:
    J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from orthogonal_dvr import jacobi, radau, sinc
from scipy.linalg import eigh
from scipy.optimize import linear_sum_assignment
from scipy.special import roots_jacobi, sph_harm_y
from triatomic_surfaces import MOLECULES, SURFACES

import pes
from pes.potential.analytic import ANALYTIC
from pes.units import CM1

Array = np.ndarray
CEILING = 90000 * CM1
DIGITS = 1e-4
"""cm⁻¹; tables print four digits."""


@dataclass(frozen=True)
class Case:
    """How a molecule is described.

    Attributes:
        symbols: isotopes.
        kind: of orthogonal vectors.
        order: atom of the molecule that is the first, second and third of these.
        first, second: ends of R₁ and R₂ in Å, and points.
        angular: functions P_l^K of each K, and points.
        cutoff: of solutions at an angle, cm⁻¹ above the lowest potential.
        kept: solutions of each K that are coupled.
    """

    symbols: tuple[str, str, str]
    kind: Callable
    order: tuple[int, int, int]
    first: tuple[float, float, int]
    second: tuple[float, float, int]
    angular: int
    cutoff: float
    kept: int = 300

    @property
    def finer(self) -> "Case":
        """More of everything."""
        more = [(low, high, points + 3) for low, high, points in (self.first, self.second)]
        return replace(
            self, first=more[0], second=more[1], angular=int(1.2 * self.angular),
            cutoff=1.2 * self.cutoff, kept=int(1.5 * self.kept),
        )  # fmt: skip


@dataclass(frozen=True)
class Solutions:
    """Eigenvectors of the Hamiltonian of one K, with J = K.

    Attributes:
        energies: hartree, (S,).
        values: at the points of the angle and of R₁, R₂, (A, R, S).
        functions: P_l^K at the points times the root of their weights, orthogonal, (l, A).
    """

    energies: Array
    values: Array
    functions: Array


CASES = {
    "methylene": Case(
        MOLECULES["methylene"], radau, (1, 0, 2), (0.68, 1.72, 19), (0.68, 1.72, 19), 36, 28000
    ),
    "water_pjt1996": Case(
        ("O", "H", "H"), radau, (0, 1, 2), (0.60, 1.70, 22), (0.60, 1.70, 22), 36, 32000
    ),
    "half_heavy_water": Case(
        MOLECULES["half_heavy_water"], radau, (1, 0, 2), (0.60, 1.70, 22), (0.62, 1.65, 27), 40,
        30000,
    ),
    "hydrogen_cyanide_model": Case(
        ("H", "C", "N"), jacobi, (0, 1, 2), (0.95, 1.45, 18), (1.2, 2.35, 22), 60, 24000
    ),
    "carbon_dioxide_model": Case(
        ("C", "O", "O"), radau, (0, 1, 2), (0.96, 1.46, 26), (0.96, 1.46, 26), 80, 24000
    ),
    "nitrous_oxide": Case(
        MOLECULES["nitrous_oxide"], radau, (1, 0, 2), (0.92, 1.44, 27), (0.96, 1.50, 28), 80, 24000
    ),
    "flat_cyanide": Case(
        MOLECULES["flat_cyanide"], radau, (1, 0, 2), (0.95, 1.60, 26), (0.95, 1.60, 26), 80, 20000
    ),
    "flat_carbon": Case(
        MOLECULES["flat_carbon"], radau, (0, 1, 2), (1.00, 1.65, 26), (1.00, 1.65, 26), 80, 20000
    ),
}  # fmt: skip


def angular_points(size: int, k: int) -> tuple[Array, Array]:
    """Cosines of the points of P_l^K, l = K … K + size − 1, and these there, see `Solutions`."""
    cosines, weights = roots_jacobi(size, k, k)
    angles = np.arccos(cosines)
    values = np.stack([sph_harm_y(n, k, angles, 0.0).real for n in range(k, k + size)])
    return cosines, values * np.sqrt(2 * np.pi * weights / (1 - cosines**2) ** k)


def reference(
    surface: Callable[[torch.Tensor], torch.Tensor], masses: Array, case: Case, j: Sequence[int]
) -> dict[int, tuple[Array, ...]]:
    """Levels of some J with parity e and f, ascending, in cm⁻¹."""
    (mass1, mass2), positions = case.kind(masses[list(case.order)])
    (r1, t1), (r2, t2) = (
        sinc(ends[:2], mass, ends[2]) for ends, mass in ((case.first, mass1), (case.second, mass2))
    )
    b1 = np.repeat(1 / (2 * mass1 * r1**2), len(r2))
    b2 = np.tile(1 / (2 * mass2 * r2**2), len(r1))
    radial = np.kron(t1, np.eye(len(r2))) + np.kron(np.eye(len(r1)), t2)

    def potential(cosines: Array) -> Array:
        c, one, other = (m.ravel() for m in np.meshgrid(cosines, r1, r2, indexing="ij"))
        x = positions(one, other, c)[:, np.argsort(case.order)]
        with torch.no_grad():
            return surface(torch.from_numpy(x)).numpy().reshape(len(cosines), -1)

    bottom = potential(angular_points(case.angular, 0)[0]).min()
    solved = []
    for k in range(max(j) + 1):
        cosines, functions = angular_points(case.angular, k)
        v = np.minimum(potential(cosines) - bottom, CEILING)
        solved.append(_of_k(k, v, functions, b1, b2, radial, case))
    twice = [np.einsum("ars,r,art->st", s.values, b2, s.values, optimize=True) for s in solved]
    links = [_link(k, one, other, b2) for k, (one, other) in enumerate(pairwise(solved))]
    return {
        one: tuple(bottom / CM1 + _of_j(one, lowest, solved, twice, links) for lowest in (0, 1))
        for one in j
    }


def _of_k(
    k: int, v: Array, functions: Array, b1: Array, b2: Array, radial: Array, case: Case
) -> Solutions:
    """The lowest solutions with J = K."""
    orders = np.arange(k, k + len(functions))
    squared = functions.T @ ((orders * (orders + 1.0))[:, None] * functions)
    highest = case.cutoff * CM1
    pairs = [
        eigh(radial + np.diag(along), subset_by_value=(-np.inf, highest))
        if along.min() < highest
        else (np.zeros(0), np.zeros((len(along), 0)))
        for along in v
    ]
    ends = np.cumsum([0, *(len(e) for e, _ in pairs)])
    parts = [slice(a, b) for a, b in pairwise(ends)]
    h = np.diag(np.concatenate([e for e, _ in pairs]))
    for i, (_, one) in enumerate(pairs):
        left = ((b1 + b2)[:, None] * one).T
        for j, (_, other) in enumerate(pairs[: i + 1]):
            h[parts[i], parts[j]] += squared[i, j] * (left @ other)
        h[parts[i], parts[i]] += (k - k * k) * (one.T @ (b2[:, None] * one))
    energies, c = eigh(h, subset_by_index=(0, min(case.kept, len(h)) - 1))
    values = np.stack([s @ c[part] for (_, s), part in zip(pairs, parts, strict=True)])
    return Solutions(energies, values, functions)


def _link(k: int, one: Solutions, other: Solutions, b2: Array) -> Array:
    """⟨K| b₂ l₋ |K+1⟩ with l₋ P_l^{K+1} = √(l(l+1) − K(K+1)) P_l^K."""
    orders = np.arange(k + 1, k + len(one.functions))
    factor = np.sqrt(orders * (orders + 1.0) - k * (k + 1))
    lowered = one.functions[1:].T @ (factor[:, None] * other.functions[:-1])
    moved = np.tensordot(lowered, other.values, 1)
    return np.tensordot(one.values, b2[:, None] * moved, ((0, 1), (0, 1)))


def _of_j(j: int, lowest: int, solved: list[Solutions], twice: list, links: list) -> Array:
    """Levels in cm⁻¹ with K = lowest … J: 0 for parity e, 1 for f."""
    ks = range(lowest, j + 1)
    ends = np.cumsum([0, *(len(solved[k].energies) for k in ks)])
    h = np.zeros((ends[-1], ends[-1]))
    for n, k in enumerate(ks):
        here = slice(ends[n], ends[n + 1])
        h[here, here] = np.diag(solved[k].energies) + (j * (j + 1) - k * (k + 1)) * twice[k]
        if k < j:
            factor = np.sqrt(j * (j + 1) - k * (k + 1)) * (np.sqrt(2) if k == 0 else 1)
            h[ends[n + 1] : ends[n + 2], here] = -factor * links[k].T
    if not len(h):
        return np.zeros(0)
    top = solved[0].energies[-1]
    return eigh(h, eigvals_only=True, subset_by_value=(-np.inf, top)) / CM1


def compare(name: str, case: Case, options: argparse.Namespace) -> None:
    """One table."""
    surface = SURFACES[name] if name in SURFACES else ANALYTIC[name]()
    start = time.process_time()
    result = pes.levels(surface, case.symbols, count=options.count)
    j_values = sorted({0, *options.j})
    rotation = result.rotation(j_values, states=options.states, frame=options.frame)
    spent = time.process_time() - start
    masses = result.task.masses.detach().numpy()
    exact = reference(surface, masses, case, j_values)
    other = time.process_time() - start - spent
    finer = reference(surface, masses, case.finer, j_values)
    ground = exact[0][0][0]
    print(
        f"\n{name}, frame {rotation.basis.frame}: {spent:.0f} CPU-s, independent program "
        f"{other:.0f}; zero-point energies differ by {rotation.ground / CM1 - ground:+.4f} cm-1, "
        f"its own moves by {finer[0][0][0] - ground:+.4f}"
    )
    print("  J  levels  outside  largest error   estimate   movement  error/estimate  worst level")
    for j in j_values:
        rows = [row for row in rotation.table if row["J"] == j]
        partners = np.array([_partners(rows, one[j], one[0][0][0], j) for one in (exact, finer)])
        energy = np.array([row["energy"] for row in rows])
        said = np.array([row["convergence"] for row in rows])
        error, moved = energy - partners[1], np.abs(partners[1] - partners[0])
        ratio = np.abs(error) / np.maximum(said, DIGITS)
        outside = int((np.abs(error) > said + moved + DIGITS).sum())
        worst = int(ratio.argmax())
        row = rows[worst]
        print(
            f"{j:3d} {len(rows):7d} {outside:8d} {np.abs(error).max():14.4f} "
            f"{said.max():10.4f} {moved.max():10.5f} {ratio[worst]:15.2f}"
            f"  {row['level']} {row['J']}_{row['Ka']}{row['Kc']} at {energy[worst]:.3f}: "
            f"{error[worst]:+.4f} +- {said[worst]:.4f}"
        )
        if options.all:
            for r, e, d, s, m in zip(rows, energy, error, said, moved, strict=True):
                print(
                    f"      {r['level']:3d} {r['Ka']:2d} {r['Kc']:2d} {e:11.4f} {d:+9.4f} {s:9.4f}"
                    f" {m:9.5f} {r['weight']:6.3f}"
                )


def _partners(rows: list[dict], exact: tuple[Array, ...], ground: float, j: int) -> Array:
    """Energies above the ground state of the levels that rows of one J have for partners."""
    energy = np.array([row["energy"] for row in rows])
    parity = np.array([(j - row["Kc"]) % 2 for row in rows])
    partners = np.zeros(len(rows))
    for one, levels in enumerate(exact):
        own = parity == one
        # The root: one pair far apart costs less than a chain of many a little apart.
        apart = np.abs(energy[own, None] - (levels - ground)) ** 0.5
        partners[own] = levels[linear_sum_assignment(apart)[1]] - ground
    return partners


def main() -> None:
    """One molecule after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--j", type=int, nargs="+", default=[1, 2, 3], help="J")
    parser.add_argument("--count", type=int, default=8, help="J = 0 levels")
    parser.add_argument("--states", type=int, help="J = 0 states contracted")
    parser.add_argument("--frame", default="auto", help="axes of the body")
    parser.add_argument("--all", action="store_true", help="print every level")
    options = parser.parse_args()
    for name in options.only:
        compare(name, CASES[name], options)


if __name__ == "__main__":
    main()
