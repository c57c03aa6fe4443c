"""Estimates of levels with nothing given, counted over surfaces drawn at random.

    python benchmarks/random_triatomics.py [--first 0] [--number 40] [--levels 20]

Each number draws two Morse bonds (500 to 3,700 cm⁻¹, 0.12 to 0.25 hartree deep), a bend that is
bent, quasilinear or linear, and couplings that die out with the bonds, among light and heavy atoms,
half of them with two like ones. From number 1000 on the couplings are three times as strong and
the bends softer. Levels with the accuracy of their own choice (0.01 cm⁻¹) are compared with those
of an accuracy of 0.0005, by the same program: sizes, ranges and points are tested, not coordinates
or the kinetic energy. A level is outside where it differs by more than both estimates together.
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch
from torch import Tensor

import pes
from pes.units import ANGSTROM, CM1

ATOMS = ["H", "C", "N", "O", "S", "F", "Cl", "Si", "Li", "B", "P"]
CENTRES = ["C", "N", "O", "S", "Si", "B", "P"]
HARD = 1000
"""Number from which couplings are strong and bends soft."""


def main() -> None:
    """Draw surfaces and print a row for each, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="number of the first surface")
    parser.add_argument("--number", type=int, default=40, help="how many surfaces")
    parser.add_argument("--levels", type=int, default=20, help="levels of each")
    options = parser.parse_args()
    levels = outside = twice = 0
    print(
        f"{'number':>6}  {'molecule':10}{'outside':>8}{'twice':>6}{'largest error':>14}{'CPU-s':>7}"
    )
    for number in range(options.first, options.first + options.number):
        molecule, surface = drawn(number)
        begun = time.process_time()
        try:
            ours = pes.levels(surface, molecule, count=options.levels)
            seconds = time.process_time() - begun
            better = pes.levels(surface, molecule, count=options.levels, accuracy=0.0005)
        except ValueError as error:
            print(f"{number:6}  {molecule:10}{str(error)[:100]}", flush=True)
            continue
        errors = (above_ground(ours) - above_ground(better)).abs()
        bars, known = (r.levels.convergence / CM1 for r in (ours, better))
        beyond = (errors > bars + known, errors > 2 * bars + known)
        levels, outside, twice = (
            n + int(m) for n, m in zip((levels, outside, twice),
            (len(errors), beyond[0].sum(), beyond[1].sum()), strict=True)
        )  # fmt: skip
        counts = f"{int(beyond[0].sum()):8}{int(beyond[1].sum()):6}"
        row = f"{number:6}  {molecule:10}{counts}{float(errors.max()):14.5f}{seconds:7.1f}"
        print(row, flush=True)
    print(f"{levels} levels: {outside} outside their estimate, {twice} outside twice")


def above_ground(result: pes.LevelsResult) -> Tensor:
    """Zero-point energy, then energies above it, cm⁻¹."""
    energies = result.levels.energies / CM1
    return torch.cat((energies[:1], energies[1:] - energies[0]))


def drawn(number: int) -> tuple[str, Callable[[Tensor], Tensor]]:
    """Molecule, the middle atom first, and a surface with its minimum at 0."""
    rng = np.random.default_rng(number)
    centre, like = str(rng.choice(CENTRES)), rng.random() < 0.5
    one = str(rng.choice(ATOMS))
    other = one if like else str(rng.choice(ATOMS))
    first = _bond(rng, centre, one)
    bonds = torch.tensor([first, first if like else _bond(rng, centre, other)])
    linear = rng.random() < 0.25
    cosine = -1.0 if linear else float(np.cos(np.radians(rng.uniform(92, 160))))
    bend = rng.uniform(0.02, 0.12) if linear else rng.uniform(0.06, 0.35)
    stretches, cubic = rng.uniform(-0.03, 0.03), rng.uniform(-0.3, 0.1)
    mixed = rng.uniform(-0.05, 0.05, 2)
    if number >= HARD:
        stretches, cubic, mixed = 3 * stretches, 2 * cubic, 3 * mixed
        bend *= rng.uniform(0.15, 1.0)
    mixed = torch.tensor([mixed[0], mixed[0] if like else mixed[1]])
    depth, slope, length = bonds.T.to(torch.float64)

    def surface(positions: Tensor) -> Tensor:
        arms = positions[..., 1:, :] - positions[..., :1, :]
        r = arms.norm(dim=-1)
        z = (arms[..., 0, :] * arms[..., 1, :]).sum(-1) / r.prod(-1) - cosine
        y = 1 - torch.exp(-slope * (r - length))
        near = torch.exp(-0.7 * (r - length).clamp(min=-1.0).square()).prod(-1)
        if linear:
            bent = bend * (z + 0.3 * z.square())
        else:
            bent = 0.5 * bend / (1 - cosine**2) * z.square() * (1 + cubic * z / (1 + z.square()))
        coupled = stretches * y.prod(-1) + (y * mixed).sum(-1) * z
        return (depth * y.square()).sum(-1) + bent * (0.3 + 0.7 * near) + coupled * near

    return f"{centre} {one} {other}", surface


def _bond(rng: np.random.Generator, centre: str, atom: str) -> tuple[float, float, float]:
    """Depth, steepness and length of a Morse bond, atomic units."""
    hydrogen = atom == "H"
    a, b = pes.Molecule([centre, atom]).masses.tolist()
    wavenumber = rng.uniform(2000, 3700) if hydrogen else rng.uniform(500, 1900)
    depth = rng.uniform(0.12, 0.25)
    length = rng.uniform(0.95, 1.5) if hydrogen else rng.uniform(1.15, 2.1)
    steepness = wavenumber * CM1 * (a * b / (a + b) / (2 * depth)) ** 0.5
    return depth, steepness, length * ANGSTROM


if __name__ == "__main__":
    main()
