"""Energies with gradients per second: a surface in torch and in C, and a polynomial in C.

python benchmarks/exports.py runs/h2o DATA [--degree 2]

One thread; C is compiled by `cc -O2` and called once for each geometry from a loop in C.
"""

import argparse
import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import torch

import pes
from pes.molecule import Molecule

LOOP = """
int {name}(const double *x, double *energy, double *gradient);
void many(const double *x, long count, long size, double *energy, double *gradient)
{{
    for (long k = 0; k < count; k++) {name}(x + size * k, energy + k, gradient + size * k);
}}
"""


def compiled(surface: pes.Surface, x: np.ndarray, folder: Path, name: str) -> float:
    """Evaluations per second of an exported surface, its energies compared with the original."""
    pes.export_surface(surface, folder / f"{name}.c")
    (folder / "loop.c").write_text(LOOP.format(name=name))
    library = folder / f"{name}.so"
    sources = (folder / f"{name}.c", folder / "loop.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, *sources, "-lm"], check=True)
    many = ctypes.CDLL(str(library)).many
    energies, gradients = np.zeros(len(x)), np.zeros_like(x)
    places = [a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (x, energies, gradients)]
    count, size = ctypes.c_long(len(x)), ctypes.c_long(x[0].size)
    rate = per_second(lambda: many(places[0], count, size, *places[1:]), len(x))
    print(f"{name}: largest difference {np.abs(energies - surface(x)).max():.1e} hartree")
    return rate


def per_second(work: Callable[[], object], count: int) -> float:
    """Evaluations per CPU second."""
    work()
    begun, calls = process_time(), 0
    while process_time() - begun < 1:
        work()
        calls += 1
    return calls * count / (process_time() - begun)


def main() -> None:
    """Print the three rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("surface")
    parser.add_argument("data")
    parser.add_argument("--degree", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(1)
    surface, data = pes.load(given.surface), pes.read(given.data)
    x = np.ascontiguousarray(data.positions.numpy())
    elements = Molecule(data.symbols).elements
    linear = pes.linear_surface(
        pes.Invariants(elements, given.degree), data.positions, data.energies
    )
    polynomial = pes.Surface(linear, data.symbols)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rates = {
            "torch": per_second(lambda: pes.energies_and_forces(surface, data.positions), len(x)),
            "C": compiled(surface, x, place, "surface"),
            f"polynomial of degree {given.degree} in C": compiled(polynomial, x, place, "poly"),
        }
    for name, rate in rates.items():
        print(f"{name:30}{rate:12,.0f} energies with gradients per CPU second")


if __name__ == "__main__":
    main()
