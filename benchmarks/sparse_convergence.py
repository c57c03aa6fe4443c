"""Sparse grids: errors of the quadrature against L and of levels against K, with estimates.

    python benchmarks/sparse_convergence.py --store runs/sparse --picture sparse_convergence.png
    python benchmarks/sparse_convergence.py --only water

With --store every run is kept in a file of that folder, and a benchmark that was ended goes on from
there. Levels are the ten lowest of water, formaldehyde and methane (model surfaces of `pes`) in
bond vectors.
With K fixed L grows, and what is compared is the same K on the finest grid; then K grows with
L = K + 2, and what is compared is the run with the most quanta, whose own error is of the size of
its last change. Errors are the largest and the median of the ten, the zero-point energy among them.
A line is fitted to the logarithm of the medians: digits for each level of the grid or quantum.
"""

import argparse
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
import torch

import pes
from pes.plots.figure import COLOURS, picture
from pes.units import CM1

COUNT = 10


@dataclass(frozen=True)
class Case:
    """A molecule and the sizes of its runs.

    Attributes:
        surface: name of the surface.
        quanta: K of the runs, the last one the reference.
        fixed: K of the runs in which L grows.
        levels: L of these, the last one the reference.
    """

    surface: str
    quanta: tuple[int, ...]
    fixed: int
    levels: tuple[int, ...]


CASES = {
    "water": Case("water_pjt1996", (4, 5, 6, 7, 8, 11), 8, (9, 10, 11, 12, 13, 14)),
    "formaldehyde": Case("formaldehyde_model", (4, 5, 6, 7, 9), 6, (7, 8, 9, 10, 12)),
    "methane": Case("methane_model", (2, 3, 4, 5), 3, (5, 6, 7, 8)),
}


@dataclass(frozen=True)
class Run:
    """Levels of one run, the zero-point energy first, and their estimates; cm⁻¹.

    Attributes:
        size: L, or K of the levels.
        levels: (10,).
        estimates: (10,), zero where the run made none.
    """

    size: float
    levels: np.ndarray
    estimates: np.ndarray


def kept(
    store: Path | None, case: Case, quanta: int, level: int, *, estimates: bool = False
) -> Run:
    """The run in the folder of runs, or a new one that is written there."""
    letter = "K" if estimates else "L"
    file = None if store is None else store / f"{case.surface}_{letter}_{quanta}_{level}.json"
    if file is not None and file.exists():
        stored = json.loads(file.read_text())
        return Run(stored["size"], np.array(stored["levels"]), np.array(stored["estimates"]))
    run = solved(case, quanta, level, estimates=estimates)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"levels": run.levels.tolist(), "estimates": run.estimates.tolist()}
        file.write_text(json.dumps({"size": run.size, **arrays}))
    return run


def solved(case: Case, quanta: int, level: int, *, estimates: bool) -> Run:
    """Levels up to K quanta on the grid of level L."""
    result = pes.levels(
        case.surface, coordinates="bond_vectors", count=COUNT, convergence=estimates,
        truncation=pes.TruncationRequest(quanta=quanta, grid_level=level),
    )  # fmt: skip
    levels = (result.levels.excitations / CM1).cpu().numpy()
    levels[0] = result.zero_point_energy
    basis = result.levels.hamiltonian.basis
    most = int(basis.quanta(torch.arange(basis.size)).sum(1).max())
    errors_said = result.convergence if estimates else torch.zeros(COUNT)
    return Run(most if estimates else level, levels, np.asarray(errors_said))


def errors(runs: list[Run]) -> list[np.ndarray]:
    """Differences from the last run."""
    return [np.abs(run.levels - runs[-1].levels) for run in runs[:-1]]


def rate(sizes: list[float], medians: list[float]) -> float:
    """Digits gained for each step, by least squares."""
    return -float(np.polyfit(sizes, np.log10(medians), 1)[0])


def report(name: str, letter: str, runs: list[Run]) -> None:
    """Print a row for each run but the last."""
    print(f"{name}, against {letter} = {runs[-1].size:g}")
    print(f"{letter:>6}{'largest':>12}{'median':>12}{'estimate':>12}  outside")
    for run, error in zip(runs, errors(runs), strict=False):
        outside = int((error > run.estimates).sum()) if run.estimates.any() else "-"
        largest = f"{run.estimates.max():12.2g}" if run.estimates.any() else f"{'-':>12}"
        print(f"{run.size:6g}{error.max():12.2g}{np.median(error):12.2g}{largest}  {outside}")
    medians = [float(np.median(e)) for e in errors(runs)]
    print(f"digits for each step: {rate([r.size for r in runs[:-1]], medians):.2f}\n")


def draw(path: Path, series: dict[str, tuple[list[Run], list[Run]]]) -> None:
    """Medians and largest errors against L and against K."""
    with picture(path, 8.0, 3.8) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        for colour, (name, both) in zip(COLOURS, series.items(), strict=False):
            for axes, runs in zip((left, right), both, strict=True):
                sizes = [run.size for run in runs[:-1]]
                medians = [float(np.median(e)) for e in errors(runs)]
                label = f"{name}, {rate(sizes, medians):.2f} digits a step"
                axes.semilogy(sizes, medians, "o-", color=colour, label=label)
                axes.semilogy(sizes, [e.max() for e in errors(runs)], ":", color=colour)
                if runs[0].estimates.any():
                    estimates = [run.estimates.max() for run in runs[:-1]]
                    axes.semilogy(sizes, estimates, "x", color=colour)
        left.set(xlabel="L of the grid", ylabel="error of ten levels (cm⁻¹)", title="a  quadrature")
        right.set(xlabel="K, most quanta", title="b  functions, L = K + 2")
        right.text(
            0.98, 0.3, "line: median\ndots: largest\n×: largest estimate",
            ha="right", va="bottom", transform=right.transAxes, fontsize="small",
        )  # fmt: skip
        for axes in (left, right):
            axes.legend(fontsize="small", loc="lower left")


def main() -> None:
    """Run, print and draw."""
    parser = argparse.ArgumentParser(description="Convergence of levels on sparse grids.")
    parser.add_argument("--only", choices=CASES, nargs="*", default=list(CASES))
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--store", type=Path, help="folder of runs that are done")
    given = parser.parse_args()
    torch.set_num_threads(1)
    series = {}
    for name in given.only:
        case, begun = CASES[name], process_time()
        by_level = [kept(given.store, case, case.fixed, level) for level in case.levels]
        by_quanta = [kept(given.store, case, k, k + 2, estimates=True) for k in case.quanta]
        assert all(a.size < b.size for runs in (by_level, by_quanta) for a, b in pairwise(runs))
        report(f"{name}, K = {case.fixed}", "L", by_level)
        report(f"{name}, L = K + 2 and estimates with one more", "K", by_quanta)
        print(f"{process_time() - begun:.0f} CPU-s\n")
        series[name] = (by_level, by_quanta)
    if given.picture:
        draw(given.picture, series)


if __name__ == "__main__":
    main()
