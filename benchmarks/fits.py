"""Fits of public data sets: test RMSE and CPU seconds, validation choosing everything.

    python benchmarks/fits.py peslearn H2O.dat
    python benchmarks/fits.py h2co h2co_ccsdt_avtz_4001.npz
    python benchmarks/fits.py ch4 methane_b3lyp_9000.xyz.zip

Sets and other people's figures:

- peslearn: 988 energies of water, columns HH, OH, OH in Å and hartree (CCQC/PES-Learn,
  tests/datafiles/H2O.dat), its own structure-based split of 700/144/144. Its network: 7.87
  cm⁻¹ in 846 CPU-s, its Gaussian process: 18.5.
- h2co: 4,001 energies of H2CO, CCSD(T)-F12B (MMunibas/KerNN), 3200/400/401. KerNN: 0.196.
- ch4: 9,000 energies of CH4, B3LYP (jmbowma/QM-22), 7200/900/900. Linear, degree 6: 0.92.
"""

import argparse
import json
import time
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pes.data import Dataset
from pes.descriptors import Invariants
from pes.potential import linear_surface, neural_surface
from pes.training.fit import fit
from pes.training.levenberg_marquardt import levenberg_marquardt
from pes.units import ANGSTROM, CM1, EV

Parts = tuple[Dataset, Dataset, Dataset]


def peslearn(path: Path) -> Parts:
    """Water from its distances; rows of the published split."""
    hh, oh1, oh2, energies = np.loadtxt(path, delimiter=",", skiprows=1).T
    cosine = (oh1**2 + oh2**2 - hh**2) / (2 * oh1 * oh2)
    x = np.zeros((len(hh), 3, 3))
    x[:, 1, 0] = oh1
    x[:, 2, 0], x[:, 2, 1] = oh2 * cosine, oh2 * np.sqrt(np.maximum(0, 1 - cosine**2))
    rows = json.loads((Path(__file__).parent / "splits/peslearn_h2o.json").read_text())
    points = _dataset(("O", "H", "H"), x * ANGSTROM, energies)
    return (
        points.select(rows["train"]),
        points.select(rows["validation"]),
        points.select(rows["test"]),
    )


def h2co(path: Path) -> Parts:
    """Formaldehyde, atoms C, O, H, H; energies in eV."""
    with np.load(path) as file:
        points = _dataset(("C", "O", "H", "H"), file["R"] * ANGSTROM, file["E"] * EV)
    return _shuffled(points, np.random.RandomState(143).permutation(4001), 3200, 400)


def ch4(path: Path) -> Parts:
    """Methane, atoms H, H, H, H, C; energies in hartree, lengths in Å."""
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    count = int(lines[0])
    frames = [lines[i : i + count + 2] for i in range(0, len(lines), count + 2)]
    energies = np.array([float(frame[1].split()[0]) for frame in frames])
    x = np.array([[row.split()[1:4] for row in frame[2:]] for frame in frames], dtype=float)
    points = _dataset(("H", "H", "H", "H", "C"), x * ANGSTROM, energies)
    return _shuffled(points, np.random.RandomState(0).permutation(9000), 7200, 900)


def networks(train: Dataset, validation: Dataset) -> Callable[[Tensor], Tensor]:
    """Networks on invariants of degree 2 from several seeds; the mean of the better half."""
    elements, found = train.symbols, []
    for seed in range(4):
        surface = neural_surface(
            Invariants(elements, 2), train.positions, train.energies, hidden=(16, 16), seed=seed
        )
        steps = fit(
            surface, train, validation, optimizer=partial(levenberg_marquardt, damping=1e-3),
            epochs=2000, patience=200, max_seconds=20,
        )  # fmt: skip
        best = min(step.validation_rmse_cm1 for step in steps)
        print(f"  seed {seed}: validation {best:.3f} cm-1")
        found.append((best, seed, surface))
    better = [surface for _, _, surface in sorted(found)[:2]]
    return lambda x: torch.stack([surface(x) for surface in better]).mean(0)


def linear(
    degrees: Sequence[int], train: Dataset, validation: Dataset
) -> Callable[[Tensor], Tensor]:
    """Linear least squares; degree and length of the Morse variables from validation."""
    found = []
    for degree in degrees:
        for length in (1.5, 2.0, 3.0):
            surface = linear_surface(
                Invariants(train.symbols, degree, length=length), train.positions, train.energies
            )
            error = rmse(surface, validation)
            print(f"  degree {degree}, length {length} bohr: validation {error:.4f} cm-1")
            found.append((error, degree, length, surface))
    return min(found, key=lambda entry: entry[0])[-1]


def rmse(surface: Callable[[Tensor], Tensor], points: Dataset) -> float:
    """Root mean square error in cm⁻¹."""
    with torch.no_grad():
        return float((surface(points.positions) - points.energies).square().mean().sqrt()) / CM1


SETS = {
    "peslearn": (peslearn, networks),
    "h2co": (h2co, partial(linear, (6, 8))),
    "ch4": (ch4, partial(linear, (6, 7))),
}


def main() -> None:
    """Fit one set and print its errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("set", choices=SETS)
    parser.add_argument("path", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    read, method = SETS[given.set]
    train, validation, test = read(given.path)
    cpu, wall = time.process_time(), time.perf_counter()
    surface = method(train, validation)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{given.set}: {len(train)}/{len(validation)}/{len(test)} points, {given.threads} threads"
    )
    print(f"  validation RMSE {rmse(surface, validation):.4f} cm-1")
    print(f"  test RMSE       {rmse(surface, test):.4f} cm-1")
    print(f"  {cpu:.1f} CPU-s, {wall:.1f} s, every candidate included")


def _dataset(symbols: tuple[str, ...], positions: np.ndarray, energies: np.ndarray) -> Dataset:
    return Dataset(symbols, torch.from_numpy(positions), torch.from_numpy(np.asarray(energies)))


def _shuffled(points: Dataset, order: np.ndarray, train: int, validation: int) -> Parts:
    rows = torch.from_numpy(order)
    return (
        points.select(rows[:train]),
        points.select(rows[train : train + validation]),
        points.select(rows[train + validation :]),
    )


if __name__ == "__main__":
    main()
