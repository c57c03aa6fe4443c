"""Fits of public data sets: test RMSE and CPU seconds, validation choosing everything.

    python benchmarks/fits.py peslearn H2O.dat
    python benchmarks/fits.py own data/h2o_ccsdt_vtz.h5 --cpu-seconds 60
    python benchmarks/fits.py h2co h2co_ccsdt_avtz_4001.npz
    python benchmarks/fits.py ch4 methane_b3lyp_9000.xyz.zip
    python benchmarks/fits.py h2co_forces h2co_ccsdt_avtz_4001.npz
    python benchmarks/fits.py ch4_forces methane_b3lyp_9000.xyz.zip

peslearn and own are fitted by an ensemble within --cpu-seconds (user + system of this process):
members hold out a sixth each of the points outside the test, and keep their best epochs.

Sets and other people's figures:

- peslearn: 988 energies of water, columns HH, OH, OH in Å and hartree (CCQC/PES-Learn,
  tests/datafiles/H2O.dat), its own structure-based split of 700/144/144. Its network: 7.87
  cm⁻¹ in 846 CPU-s, its Gaussian process: 18.5.
- own: the CCSD(T)/cc-pVTZ energies of this repository, split 80/10/10 by --seed.
- h2co: 4,001 energies of H2CO, CCSD(T)-F12B (MMunibas/KerNN), 3200/400/401. KerNN: 0.196.
- ch4: 9,000 energies of CH4, B3LYP (jmbowma/QM-22), 7200/900/900. Linear, degree 6: 0.92.
- h2co_forces, ch4_forces: the same with forces. KerNN on H2CO: 0.196 cm⁻¹ and 2.47 cm⁻¹/Å; its
  force labels are noisy by about as much, so that the weight of the forces is chosen too, as the
  one with the smallest validation error of the energies among those whose validation error of
  the forces is below FORCE_LIMIT.
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

from pes.data import Dataset, read, split
from pes.data.cuts import member_cuts
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import Ensemble, linear_surface, neural_surface
from pes.potential.linear_fit import default_force_weight, linear_fits
from pes.training.calibration import calibration
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.rows import Rows
from pes.training.errors import predicted, window_masks
from pes.units import ANGSTROM, CM1, EV

Parts = tuple[Dataset, Dataset, Dataset]

MEMBERS = 6

FORCE_LIMIT = 2.4
"""cm⁻¹/Å on the validation points: what the best published fit of H2CO reaches on its test."""


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
        points = _dataset(
            ("C", "O", "H", "H"), file["R"] * ANGSTROM, file["E"] * EV, file["F"] * EV / ANGSTROM
        )
    return _shuffled(points, np.random.RandomState(143).permutation(4001), 3200, 400)


def ch4(path: Path) -> Parts:
    """Methane, atoms H, H, H, H, C; energies in hartree, lengths in Å."""
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    count = int(lines[0])
    frames = [lines[i : i + count + 2] for i in range(0, len(lines), count + 2)]
    energies = np.array([float(frame[1].split()[0]) for frame in frames])
    rows = np.array([[row.split()[1:7] for row in frame[2:]] for frame in frames], dtype=float)
    x, gradients = rows[..., :3], rows[..., 3:]
    points = _dataset(("H", "H", "H", "H", "C"), x * ANGSTROM, energies, -gradients)
    return _shuffled(points, np.random.RandomState(0).permutation(9000), 7200, 900)


def own(path: Path, seed: int) -> Parts:
    """The points of this repository."""
    points = read(path)
    parts = split(points, seed=seed)
    return points.select(parts.train), points.select(parts.validation), points.select(parts.test)


def networks(
    hidden: tuple[int, ...], train: Dataset, validation: Dataset, *, seconds: float, seed: int
) -> Ensemble:
    """Six networks, each with its own validation rows, trained together for so many CPU-s."""
    points = joined(train, validation)
    cuts = member_cuts(points, members=MEMBERS, share=1 / MEMBERS, seed=seed)
    surface, epochs = trained(points, cuts, hidden, seed=100 * seed, seconds=seconds)
    print(f"  {MEMBERS} members, {epochs} epochs")
    return surface


def trained(
    points: Dataset,
    cuts: Sequence[tuple[Tensor, Tensor]],
    hidden: tuple[int, ...],
    *,
    seed: int,
    seconds: float = float("inf"),
    epochs: int = 10**6,
) -> tuple[Ensemble, int]:
    """A network on invariants of degree 2 for each cut of the points, and the epochs made."""
    started = time.process_time()
    descriptor = Invariants(Molecule(points.symbols).elements, 2)
    surfaces = [
        neural_surface(descriptor, points.positions, points.energies, hidden=hidden, seed=seed + k)
        for k in range(len(cuts))
    ]
    alike, made = torch.ones_like(points.energies), 0
    rows = [Rows.of([cut[part] for cut in cuts], alike) for part in (0, 1)]
    run = ensemble_epochs(surfaces, points, rows[0], rows[1], epochs=epochs, patience=epochs)
    for step in run:
        made = step.epoch
        if time.process_time() - started > seconds:
            break
    run.close()
    return Ensemble(surfaces), made


def joined(first: Dataset, second: Dataset) -> Dataset:
    """The energies of two sets."""
    return Dataset(
        first.symbols,
        torch.cat((first.positions, second.positions)),
        torch.cat((first.energies, second.energies)),
    )


def linear(
    degrees: Sequence[int], train: Dataset, validation: Dataset, **_: float
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


def linear_forces(
    degree: int, shares: Sequence[float], train: Dataset, validation: Dataset, **_: float
) -> Callable[[Tensor], Tensor]:
    """Linear least squares to energies and forces; weight of the forces and ridge by validation."""
    assert train.forces is not None
    descriptor = Invariants(train.symbols, degree, length=2.0)
    usual = default_force_weight(train.energies, train.forces)
    found = []
    for share in shares:
        fits = linear_fits(
            descriptor, train.positions, train.energies,
            forces=train.forces, force_weight=share * usual,
        )  # fmt: skip
        for ridge in (0.0, 1e-12, 1e-11, 1e-10, 1e-9):
            surface = fits.surface(ridge)
            error, force_error = rmse(surface, validation), force_rmse(surface, validation)
            print(
                f"  degree {degree}, force weight {share:g} of the usual, ridge {ridge:g}: "
                f"validation {error:.4f} cm-1, {force_error:.3f} cm-1/A"
            )
            found.append((force_error > FORCE_LIMIT, error, len(found), surface))
    return min(found, key=lambda entry: entry[:3])[-1]


def force_rmse(surface: Callable[[Tensor], Tensor], points: Dataset) -> float:
    """Root mean square error of the forces in cm⁻¹/Å."""
    assert points.forces is not None
    _, forces = predicted(surface, points)
    assert forces is not None
    return float((forces - points.forces).square().mean().sqrt()) / (CM1 / ANGSTROM)


def rmse(surface: Callable[[Tensor], Tensor], points: Dataset) -> float:
    """Root mean square error in cm⁻¹."""
    with torch.no_grad():
        return float((surface(points.positions) - points.energies).square().mean().sqrt()) / CM1


SETS = {
    "peslearn": (peslearn, partial(networks, (20, 20))),
    "own": (own, partial(networks, (16, 16))),
    "h2co": (h2co, partial(linear, (6, 8))),
    "ch4": (ch4, partial(linear, (6, 7))),
    "h2co_forces": (h2co, partial(linear_forces, 6, (1.0, 0.1, 0.01, 1e-3))),
    "ch4_forces": (ch4, partial(linear_forces, 8, (0.1,))),
}


def main() -> None:
    """Fit one set and print its errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("set", choices=SETS)
    parser.add_argument("path", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cpu-seconds", type=float, default=90.0, help="of an ensemble")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    parts, method = SETS[given.set]
    seeded = partial(parts, seed=given.seed) if parts is own else parts
    train, validation, test = seeded(given.path)
    cpu, wall = time.process_time(), time.perf_counter()
    surface = method(train, validation, seconds=given.cpu_seconds, seed=given.seed)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{given.set}: {len(train)}/{len(validation)}/{len(test)} points, {given.threads} threads"
    )
    if isinstance(surface, Ensemble):
        _report(surface, test, float(train.energies.min()))
    else:
        print(f"  validation RMSE {rmse(surface, validation):.4f} cm-1")
        print(f"  test RMSE       {rmse(surface, test):.4f} cm-1")
        if given.set.endswith("forces"):
            print(f"  test RMSE       {force_rmse(surface, test):.3f} cm-1/A")
    print(f"  {cpu:.1f} CPU-s, {wall:.1f} s, every candidate included")


def _report(surface: Ensemble, test: Dataset, lowest: float) -> None:
    """Test errors and calibration of an ensemble by energy window."""
    with torch.no_grad():
        errors = (surface.each(test.positions) - test.energies) / CM1
    residuals, spread = errors.mean(0), errors.std(0)
    heights = (test.energies - lowest) / CM1
    each = ", ".join(f"{float(e.square().mean().sqrt()):.3f}" for e in errors)
    print(f"  test RMSE of each member {each} cm-1")
    for window, mask in window_masks(heights).items():
        if mask.any():
            below = "all" if window == "all" else f"< {window} cm-1"
            found = calibration(residuals[mask], spread[mask], heights[mask])["all"]
            error = float(residuals[mask].square().mean().sqrt())
            print(
                f"  test RMSE {below:<12}{error:9.4f} cm-1, "
                f"{100 * found['within_1']:.0f} % within the spread, "
                f"{100 * found['within_2']:.0f} % within twice"
            )


def _dataset(
    symbols: tuple[str, ...],
    positions: np.ndarray,
    energies: np.ndarray,
    forces: np.ndarray | None = None,
) -> Dataset:
    labels = None if forces is None else torch.from_numpy(np.ascontiguousarray(forces))
    return Dataset(
        symbols, torch.from_numpy(positions), torch.from_numpy(np.asarray(energies)), labels
    )


def _shuffled(points: Dataset, order: np.ndarray, train: int, validation: int) -> Parts:
    rows = torch.from_numpy(order)
    return (
        points.select(rows[:train]),
        points.select(rows[train : train + validation]),
        points.select(rows[train + validation :]),
    )


if __name__ == "__main__":
    main()
