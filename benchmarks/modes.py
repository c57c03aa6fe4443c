"""Sparse and product grids against the number of modes: one product H·v, all of it, memory.

    python benchmarks/modes.py --picture docs/modes.png
    python benchmarks/modes.py --modes 6 --grid sparse

Twenty levels of Q oscillators from 1,000 to 3,000 cm⁻¹, coupled bilinearly (c = 0.02) and computed
in the coordinates as given, against the exact ones: Ω_i² are the eigenvalues of √ω F √ω. Both grids
keep products of oscillator functions with at most four quanta in all; the sparse one has level
six, the product grid seven points for each coordinate. Each calculation is a process of its own.
Where the product grid does not fit into memory its forecast is printed, and drawn hollow.
"""

import argparse
import json
import resource
import subprocess
import sys
from itertools import combinations_with_replacement
from pathlib import Path
from time import process_time

import torch
from torch import Tensor

from pes.plots.figure import COLOURS, picture
from pes.units import CM1
from pes.vibration import BasisSpec, SparseGrid, model, vibrational_levels
from pes.vibration.basis.truncation import Truncation
from pes.vibration.levels.size_estimate import estimated_size

MODES = (3, 6, 9, 12)
QUANTA, LEVEL, POINTS = 4, 6, 7
COUNT, COUPLING = 20, 0.02
MOST = 4 * 2**30
"""Bytes beyond which the product grid is not run."""


def force_constants(omega: Tensor) -> Tensor:
    """F of ½ qFq, hartree."""
    root = omega.sqrt()
    return torch.diag(omega) * (1 - COUPLING) + COUPLING * root[:, None] * root


def exact(omega: Tensor, f: Tensor) -> Tensor:
    """The lowest levels, hartree."""
    root = omega.sqrt()
    normal = torch.linalg.eigvalsh(root[:, None] * f * root).sqrt()
    sums = [
        float(normal[list(chosen)].sum())
        for n in range(QUANTA + 1)
        for chosen in combinations_with_replacement(range(len(omega)), n)
    ]
    return (torch.tensor(sums, dtype=torch.float64) + normal.sum() / 2).sort().values[:COUNT]


def basis(modes: int, grid: str) -> SparseGrid | list[BasisSpec]:
    """Functions and points."""
    names = tuple(f"q{k + 1}" for k in range(modes))
    if grid == "sparse":
        return SparseGrid(names, QUANTA, LEVEL)
    return [BasisSpec("hermite", -6, 6, QUANTA + 1, points=POINTS, name=name) for name in names]


def calculation(modes: int, grid: str) -> dict[str, float]:
    """Cost and error of one calculation; of a product grid beyond memory the forecast alone."""
    torch.set_num_threads(1)
    omega = torch.linspace(1000, 3000, modes, dtype=torch.float64) * CM1
    f, functions = force_constants(omega), basis(modes, grid)
    if isinstance(functions, list):
        size = estimated_size(functions, Truncation(QUANTA), COUNT, convergence=False)
        if size.memory > MOST:
            return {"points": float(size.points), "forecast": size.memory / 2**20}
    system = model(lambda q: torch.einsum("pk,kl,pl->p", q, f, q) / 2, torch.diag(omega))
    sizes = {} if grid == "sparse" else {"quanta": QUANTA, "cap": 10.0}
    before, begun = _peak(), process_time()
    levels = vibrational_levels(system, functions, COUNT, convergence=False, **sizes)
    seconds, memory = process_time() - begun, _peak() - before
    vector = levels.eigenpairs.coefficients[:1]
    products = []
    for _ in range(5):
        begun = process_time()
        levels.hamiltonian.apply(vector)
        products.append(process_time() - begun)
    return {
        "functions": float(levels.hamiltonian.size),
        "points": float(len(levels.hamiltonian.potential)),
        "product": min(products), "whole": seconds, "memory": memory,
        "error": float((levels.energies - exact(omega, f)).abs().max()) / CM1,
    }  # fmt: skip


def _peak() -> float:
    """Largest memory of the process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def apart(modes: int, grid: str) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--modes", str(modes), "--grid", grid]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def row(modes: int, grid: str, values: dict[str, float]) -> str:
    """A line of the table."""
    if "forecast" in values:
        return (
            f"{modes:5d} {grid:>8} {'':>9} {values['points']:14,.0f}   not run: "
            f"{values['forecast'] / 1024:,.0f} GiB by the forecast"
        )
    return (
        f"{modes:5d} {grid:>8} {values['functions']:9,.0f} {values['points']:14,.0f} "
        f"{1000 * values['product']:9.2f} {values['whole']:8.1f} {values['memory']:8.0f} "
        f"{values['error']:9.1e}"
    )


def draw(path: Path, results: dict[str, dict[int, dict[str, float]]]) -> None:
    """Time and memory against the modes."""
    panels = {"product": "one product H·v (CPU-s)", "whole": "20 levels (CPU-s)",
              "memory": "memory (MiB)"}  # fmt: skip
    with picture(path, 9.0, 3.4) as figure:
        for letter, axes, (key, title) in zip(
            "abc", figure.subplots(1, 3), panels.items(), strict=True
        ):
            for colour, (grid, cases) in zip(COLOURS, results.items(), strict=False):
                run = {q: c[key] for q, c in cases.items() if key in c}
                axes.semilogy(list(run), list(run.values()), "o-", color=colour, label=grid)
                said = {q: c["forecast"] for q, c in cases.items() if "forecast" in c}
                if key == "memory" and said:
                    axes.semilogy(list(said), list(said.values()), "o", mfc="none", color=colour,
                                  label=f"{grid}, forecast")  # fmt: skip
            axes.set(title=f"{letter}  {title}", xlabel="modes", xticks=MODES)
            axes.legend(fontsize="small")


def main() -> None:
    """Run each calculation, print the table and draw it."""
    parser = argparse.ArgumentParser(description="Grids against the number of modes.")
    parser.add_argument("--modes", type=int, choices=MODES)
    parser.add_argument("--grid", choices=("sparse", "product"))
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    if given.modes and given.grid:
        print(json.dumps(calculation(given.modes, given.grid)))
        return
    print(f"{'modes':>5} {'grid':>8} {'functions':>9} {'points':>14} {'H·v/ms':>9} {'CPU-s':>8} "
          f"{'MiB':>8} {'error/cm-1':>9}")  # fmt: skip
    results: dict[str, dict[int, dict[str, float]]] = {"sparse": {}, "product": {}}
    for modes in MODES:
        for grid, cases in results.items():
            cases[modes] = apart(modes, grid)
            print(row(modes, grid, cases[modes]), flush=True)
    if given.picture:
        draw(given.picture, results)


if __name__ == "__main__":
    main()
