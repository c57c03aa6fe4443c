"""Converged levels of the model surfaces, from ranges and sizes given by hand.

    python benchmarks/reference_levels.py silicide_model [--write]

Each surface is solved in several ways, each written below: smaller and larger sizes, other
coordinates and, for three atoms, an independent small program (`orthogonal_dvr.py`). The levels of
the last way are the reference; how far any other way lies from them is printed for each level and
stored as its uncertainty, in benchmarks/reference_levels/NAME.json with --write. Smaller sizes are
among the ways, so the uncertainty is an upper bound of what is left.
"""

import argparse
import json
import math
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import orthogonal_dvr as dvr
import torch
import triatomic_surfaces as strangers
from torch import Tensor

from pes.coordinates import Internal, Jacobi, Radau, Valence, ZMatrix
from pes.molecule import Molecule
from pes.potential.analytic import ANALYTIC
from pes.setup.automatic.geometry import minima
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels
from pes.vibration.basis.truncation import Truncation

FOLDER = Path(__file__).with_suffix("")
COUNT = 26
SINC = {"length": ANGSTROM, "angle": DEGREE, "dihedral": DEGREE, "number": 1.0}


class Umbrella:
    """q = (r₁, r₂, r₃, β, s_a, s_b) of NH₃: every bond makes the angle β with one axis.

    The azimuths about it differ from 0, 120, 240° by the pair of E symmetry: 2 s_a/√6,
    −s_a/√6 + s_b/√2, −s_a/√6 − s_b/√2. β = 90° is planar, and β → 180° − β the inversion.
    """

    names = ("r1", "r2", "r3", "beta", "sa", "sb")
    kinds = ("length", "length", "length", "angle", "dihedral", "dihedral")

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., 4, 3) of q (..., 6)."""
        *bonds, beta, sa, sb = q.unbind(-1)
        turns = (2 * sa, -sa + math.sqrt(3) * sb, -sa - math.sqrt(3) * sb)
        atoms = [q.new_zeros(*q.shape[:-1], 3)]
        for k, (r, turn) in enumerate(zip(bonds, turns, strict=True)):
            azimuth = 2 * math.pi * k / 3 + turn / math.sqrt(6)
            across = r * beta.sin()
            atoms.append(
                torch.stack((across * azimuth.cos(), across * azimuth.sin(), r * beta.cos()), -1)
            )
        return torch.stack(atoms, -2)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """Nothing here asks for q of positions."""
        raise NotImplementedError


def surface_of(name: str) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...], float]:
    """A surface, its isotopes and its minimum, hartree."""
    if name in strangers.SURFACES:
        surface, symbols = strangers.SURFACES[name], strangers.MOLECULES[name]
        return surface, symbols, minima(Molecule(symbols), surface)[0].energy
    named = ANALYTIC[name]().requires_grad_(False)
    return named, named.symbols, 0.0


@dataclass(frozen=True)
class Engine:
    """A way by the package: coordinates, and for each (basis, low, high, n, m, primitives).

    Ends are in Å and degrees; m None is the primitive quadrature.
    """

    internal: Internal
    rows: tuple[tuple[str, float, float, int, int | None, int], ...]
    truncation: Truncation | None = None
    cap: float = 60000.0

    def __str__(self) -> str:
        sizes = ", ".join(
            f"{name} {basis} {low}..{high}: {n} functions, {m or 'all'} points, {p} primitives"
            for name, (basis, low, high, n, m, p) in zip(
                self.internal.names, self.rows, strict=True
            )
        )
        kept = self.truncation
        limit = "" if kept is None else f"; quanta {kept.quanta}, weights {kept.weights}, VSCF"
        return f"{type(self.internal).__name__}: {sizes}; cap {self.cap:.0f} cm-1{limit}"

    def calculation(self, name: str, count: int) -> Levels:
        """The lowest levels of a surface, with all that belongs to them."""
        surface, symbols, _ = surface_of(name)
        masses = Molecule(symbols).masses
        units = [SINC[kind] for kind in self.internal.kinds]
        bases = [
            BasisSpec(basis, low * u, high * u, n, m, p, c)
            for c, u, (basis, low, high, n, m, p) in zip(
                self.internal.names, units, self.rows, strict=True
            )
        ]  # fmt: skip
        return vibrational_levels(
            molecular(surface, self.internal.to_positions, masses), bases, count,
            truncation=self.truncation, cap=self.cap * CM1, convergence=False,
        )  # fmt: skip

    def levels(self, name: str) -> np.ndarray:
        """Above the minimum of the surface, cm⁻¹."""
        made, lowest = self.calculation(name, COUNT), surface_of(name)[2]
        for warning in made.warnings:
            print(f"  {warning}")
        return (made.energies.numpy() - lowest) / CM1


@dataclass(frozen=True)
class Dvr:
    """A way by `orthogonal_dvr.py`, the middle or single atom first."""

    system: Callable
    grid: dvr.Grid
    order: tuple[int, int, int] = (0, 1, 2)

    def __str__(self) -> str:
        return f"orthogonal_dvr.{self.system.__name__}: {self.grid}"

    def levels(self, name: str) -> np.ndarray:
        """Above the minimum of the surface, cm⁻¹."""
        surface, symbols, lowest = surface_of(name)
        masses = Molecule(symbols).masses.numpy()[list(self.order)]
        back = list(np.argsort(self.order))
        return dvr.levels(
            lambda x: surface(x[:, back]) - lowest, self.system(masses), self.grid, COUNT
        )


def lengths(low: float, high: float, n: int, m: int) -> tuple:
    """Sinc functions."""
    return ("sinc", low, high, n, m, 70)


def angle(low: float, high: float, n: int, m: int, primitives: int = 80) -> tuple:
    """Legendre functions."""
    return ("legendre", low, high, n, m, primitives)


def ammonia(quanta: float, r: tuple[int, int], beta: tuple[int, int], s: tuple[int, int]) -> Engine:
    """A quantum of the inversion counts half: its levels come in pairs."""
    bonds, turns = (("sinc", 0.72, 1.45, *r, 61),) * 3, (("sinc", -75, 75, *s, 61),) * 2
    weights = (1.0, 1.0, 1.0, 0.5, 1.0, 1.0)
    truncation = Truncation(quanta, weights, self_consistent=True)
    return Engine(Umbrella(), (*bonds, ("sinc", 42, 138, *beta, 61), *turns), truncation)


def peroxide(
    quanta: float, oo: tuple[int, int], oh: tuple[int, int], bend: tuple[int, int], waves: int
) -> Engine:
    """A quantum of the torsion counts 0.3."""
    bond, bends = ("sinc", 0.70, 1.42, *oh, 61), ("sinc", 58, 145, *bend, 61)
    rows = (
        ("sinc", 1.15, 1.95, *oo, 61),
        bond,
        bends,
        bond,
        bends,
        ("fourier", 0, 360, waves, None, waves),
    )
    weights = (1.0, 1.0, 1.0, 1.0, 1.0, 0.3)
    chain = ZMatrix((("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)))
    return Engine(chain, rows, Truncation(quanta, weights, self_consistent=True))


def water(
    kind: type, low: float, high: float, r: tuple[int, int], bent: float, theta: tuple[int, int]
) -> Engine:
    """Two equal lengths, each with functions and points, and an angle."""
    rows = (*[lengths(low, high, *r)] * 2, angle(bent, 180, *theta))
    return Engine(kind(0, (1, 2)), rows, cap=1.5e5)


def grids(
    system: Callable,
    first: tuple[float, float],
    second: tuple[float, float],
    points: tuple[int, int, int],
    cutoff: float,
    *,
    order: tuple[int, int, int] = (0, 1, 2),
    finer: float = 1.2,
) -> tuple[Dvr, Dvr]:
    """A grid and a finer one whose cutoff is higher too, in the same ranges."""
    more = tuple(round(finer * count) for count in points)
    return (
        Dvr(system, dvr.Grid(first, second, points, cutoff), order),
        Dvr(system, dvr.Grid(first, second, more, finer * cutoff), order),
    )


WAYS: dict[str, tuple[Engine | Dvr, ...]] = {
    "water_pjt1996": (
        # Ranges from 0.65 Å or a cap of 60,000 cm-1 move the stretches by up to 0.01 cm-1.
        # An angle from 40 degrees on moves level 19 by 0.002 cm-1.
        water(Radau, 0.58, 1.8, (16, 28), 26, (27, 35)),
        water(Valence, 0.57, 1.8, (16, 28), 25, (27, 35)),
        water(Valence, 0.56, 1.85, (19, 32), 22, (30, 39)),
    ),
    "hydrogen_sulfide_model": (
        Dvr(dvr.radau, dvr.Grid((0.85, 2.4), (0.85, 2.4), (24, 24, 40), 40000)),
        Engine(Radau(0, (1, 2)), (*[lengths(0.85, 2.5, 18, 28)] * 2, angle(20, 180, 22, 30))),
        Engine(Valence(0, (1, 2)), (*[lengths(0.85, 2.4, 14, 22)] * 2, angle(30, 180, 18, 24))),
        Engine(Valence(0, (1, 2)), (*[lengths(0.85, 2.5, 18, 28)] * 2, angle(20, 180, 22, 30))),
    ),
    "silicide_model": (
        Dvr(dvr.radau, dvr.Grid((1.15, 2.05), (1.15, 2.05), (33, 33, 120), 10000)),
        Engine(Valence(0, (1, 2)), (*[lengths(1.3, 2.3, 14, 24)] * 2, angle(50, 180, 34, 42, 90))),
        Engine(
            Valence(0, (1, 2)), (*[lengths(1.25, 2.4, 17, 27)] * 2, angle(40, 180, 42, 50, 100))
        ),
    ),
    "carbon_dioxide_model": (
        Engine(
            Jacobi(2, (1, 0)),
            (lengths(0.88, 1.6, 18, 30), lengths(1.0, 2.15, 22, 34), angle(0, 85, 16, 24)),
        ),
        Engine(Valence(0, (1, 2)), (*[lengths(0.9, 1.6, 14, 24)] * 2, angle(90, 180, 12, 20))),
        Engine(Valence(0, (1, 2)), (*[lengths(0.88, 1.62, 17, 28)] * 2, angle(85, 180, 16, 24))),
    ),
    "carbonyl_sulfide_model": (
        # Of O to C, and of S from their centre of mass, C being on its side.
        Engine(
            Jacobi(2, (0, 1)),
            (lengths(0.88, 1.6, 16, 26), lengths(1.5, 2.9, 20, 32), angle(0, 85, 16, 24)),
        ),
        Engine(
            Valence(1, (0, 2)),
            (lengths(0.9, 1.58, 15, 24), lengths(1.22, 2.15, 17, 27), angle(88, 180, 16, 23)),
        ),
        Engine(
            Valence(1, (0, 2)),
            (lengths(0.88, 1.6, 16, 26), lengths(1.2, 2.2, 18, 28), angle(85, 180, 17, 24)),
        ),
    ),
    "hydrogen_cyanide_model": (
        Dvr(dvr.jacobi, dvr.Grid((0.9, 1.55), (0.75, 2.9), (22, 34, 70), 32000)),
        Dvr(dvr.jacobi, dvr.Grid((0.88, 1.6), (0.7, 3.0), (28, 40, 80), 38000)),
    ),
    "half_heavy_water": grids(
        dvr.radau, (0.6, 1.75), (0.6, 1.75), (26, 28, 44), 38000, order=(1, 0, 2)
    ),
    "hydrogen_bond": grids(dvr.jacobi, (0.66, 1.85), (1.92, 3.42), (26, 50, 42), 30000, finer=1.1),
    "flat_carbon": grids(dvr.radau, (1.02, 1.65), (1.02, 1.65), (24, 24, 60), 26000),
    "quasilinear_hydroxide": grids(dvr.jacobi, (0.65, 1.6), (1.9, 3.2), (18, 34, 60), 22000),
    "methylene": grids(
        dvr.radau, (0.65, 1.9), (0.65, 1.9), (26, 26, 50), 38000, order=(1, 0, 2)
    ),
    "quartic_dioxide": grids(
        dvr.radau, (1.2, 1.8), (1.2, 1.8), (24, 24, 80), 26000, order=(1, 0, 2)
    ),
    "ammonia_model": (
        ammonia(6, (6, 7), (13, 16), (7, 9)),
        ammonia(8, (7, 8), (17, 20), (9, 10)),
    ),
    "hydrogen_peroxide_model": (
        peroxide(5, (6, 7), (5, 6), (6, 7), 25),
        peroxide(7, (8, 9), (6, 7), (8, 9), 31),
    ),
}  # fmt: skip


def solved(name: str, way: Engine | Dvr) -> np.ndarray:
    """Zero-point energy, then energies above the ground state, cm⁻¹; the cost is printed."""
    cpu = time.process_time()
    energies = way.levels(name)
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{way}\n  {cpu:.1f} CPU-s, peak so far {peak:.0f} MiB", flush=True)
    return np.concatenate((energies[:1], energies[1:] - energies[0]))


def main() -> None:
    """Solve in every way, compare, and store if asked to."""
    parser = argparse.ArgumentParser(description="Reference levels of a named surface.")
    parser.add_argument("name", choices=WAYS)
    parser.add_argument("--write", action="store_true", help=f"into {FOLDER.name}/NAME.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ways = WAYS[options.name]
    tables = np.stack([solved(options.name, way) for way in ways])
    apart = np.abs(tables - tables[-1]).max(0)
    for energy, uncertainty, row in zip(tables[-1], apart, tables.T, strict=True):
        print(f"{energy:12.4f} {uncertainty:8.4f}   " + " ".join(f"{x - energy:9.4f}" for x in row))
    print(f"largest {apart.max():.4f} cm-1")
    if options.write:
        FOLDER.mkdir(exist_ok=True)
        record = {
            "surface": options.name,
            "command": f"python benchmarks/reference_levels.py {options.name} --write",
            "ways": [str(way) for way in ways],
            "units": "cm-1; the first level is the zero-point energy, the others lie above it",
            "levels": np.round(tables[-1], 4).tolist(),
            "uncertainty": np.round(apart, 4).tolist(),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False)
        (FOLDER / f"{options.name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
