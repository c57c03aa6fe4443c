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
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import four_atom_surfaces
import numpy as np
import orthogonal_dvr as dvr
import torch
import triatomic_surfaces
from torch import Tensor

from pes.coordinates import Internal, Jacobi, Radau, Umbrella, Valence, ZMatrix
from pes.molecule import Molecule
from pes.potential.analytic import ANALYTIC
from pes.setup.minima.geometry import minima
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels
from pes.vibration.basis.truncation import Truncation

FOLDER = Path(__file__).with_suffix("")
COUNT = 26
UNITS = {"length": ANGSTROM, "angle": DEGREE, "dihedral": DEGREE, "azimuth": DEGREE}


def surface_of(name: str) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...], float]:
    """A surface, its isotopes and its minimum, hartree."""
    for module in (triatomic_surfaces, four_atom_surfaces):
        if name in module.SURFACES:
            surface, symbols = module.SURFACES[name], module.MOLECULES[name]
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
        limit = "" if kept is None else f"; VSCF, products up to {kept.energy / CM1:.0f} cm-1"
        return f"{type(self.internal).__name__}: {sizes}; cap {self.cap:.0f} cm-1{limit}"

    def calculation(self, name: str, count: int) -> Levels:
        """The lowest levels of a surface, with all that belongs to them."""
        surface, symbols, _ = surface_of(name)
        masses = Molecule(symbols).masses
        units = [UNITS[kind] for kind in self.internal.kinds]
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


def umbrella(
    energy: float,
    centre: int,
    r: tuple[float, float],
    sizes: tuple[tuple[int, int], tuple[int, int], tuple[int, int]],
) -> Engine:
    """Ends of the bonds, functions and points of the bonds, the inversion and the azimuths."""
    bonds, beta, turns = sizes
    rows = (
        *[("sinc", *r, *bonds, 61)] * 3,
        ("sinc", 36, 144, *beta, 61),
        *[("sinc", -75, 75, *turns, 61)] * 2,
    )
    return Engine(Umbrella(centre), rows, Truncation(energy=energy * CM1, self_consistent=True))


def peroxide(
    energy: float, oo: tuple[int, int], oh: tuple[int, int], bend: tuple[int, int], waves: int
) -> Engine:
    """Functions and points of the bonds and angles; waves of the torsion."""
    bond, bends = ("sinc", 0.65, 1.55, *oh, 61), ("sinc", 55, 150, *bend, 61)
    rows = (
        ("sinc", 1.12, 2.05, *oo, 61),
        bond,
        bends,
        bond,
        bends,
        ("fourier", 0, 360, waves, None, waves + 6),
    )
    chain = ZMatrix((("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)))
    return Engine(chain, rows, Truncation(energy=energy * CM1, self_consistent=True))


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
    "ozone": grids(dvr.radau, (0.95, 1.50), (0.95, 1.50), (24, 24, 76), 20000, finer=1.15),
    "hypochlorous_acid": grids(
        dvr.jacobi, (0.58, 1.90), (1.36, 2.40), (38, 34, 50), 24000, order=(2, 1, 0)
    ),
    "nitrous_oxide": grids(
        dvr.jacobi, (0.93, 1.46), (1.36, 2.16), (26, 34, 60), 30000, order=(2, 0, 1), finer=1.15
    ),
    "nitroxyl": grids(dvr.jacobi, (0.94, 1.58), (0.80, 2.15), (20, 38, 46), 28000, finer=1.15),
    "flat_cyanide": grids(
        dvr.radau, (0.93, 1.66), (0.93, 1.66), (30, 30, 70), 27000, order=(1, 0, 2), finer=1.1
    ),
    "bifluoride": grids(dvr.jacobi, (0.60, 2.20), (1.68, 3.05), (40, 46, 36), 26000, finer=1.1),
    "bichloride": (
        Dvr(dvr.jacobi, dvr.Grid((0.75, 2.90), (2.45, 4.15), (44, 44, 40), 16000)),
        Engine(
            Jacobi(2, (0, 1)),
            (lengths(0.75, 2.7, 24, 34), lengths(2.5, 4.1, 36, 48), angle(0, 60, 12, 18)),
        ),
        Engine(
            Jacobi(2, (0, 1)),
            (lengths(0.6, 3.0, 28, 38), lengths(2.45, 4.2, 42, 54), angle(0, 65, 16, 24)),
        ),
    ),
    "shared_proton": grids(dvr.jacobi, (0.95, 2.90), (2.50, 3.90), (45, 46, 40), 20000, finer=1.1),
    "weak_complex": grids(dvr.jacobi, (0.65, 1.35), (2.4, 12.0), (12, 90, 40), 14000, finer=1.1),
    "three_protons": grids(dvr.radau, (0.22, 1.75), (0.22, 1.75), (38, 38, 40), 40000, finer=1.1),
    "silicon_dicarbide": grids(dvr.jacobi, (1.05, 1.6), (1.3, 2.6), (14, 28, 60), 13000, finer=1.1),
    "migrating_hydrogen": grids(
        dvr.jacobi, (1.05, 1.75), (0.75, 2.2), (18, 30, 44), 26000, finer=1.1
    ),
    "ammonia_model": (
        umbrella(13500, 0, (0.66, 1.65), ((6, 8), (21, 24), (10, 13))),
        umbrella(16500, 0, (0.62, 1.72), ((7, 9), (25, 28), (12, 15))),
    ),
    "oxonium": (
        umbrella(13500, 1, (0.64, 1.60), ((5, 7), (20, 23), (9, 12))),
        umbrella(16500, 1, (0.60, 1.68), ((6, 8), (24, 27), (11, 14))),
    ),
    "hydrogen_peroxide_model": (
        peroxide(10500, (13, 15), (4, 6), (9, 11), 29),
        peroxide(12500, (15, 17), (5, 7), (10, 12), 33),
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
