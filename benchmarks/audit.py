"""Made-up faults in sets of points: does the audit find each of them, and name it first?

python benchmarks/audit.py [--data FOLDER]

Clean sets must have no error and no warning. FOLDER may hold peslearn_h2o_988.csv (PES-Learn,
tests/datafiles/H2O.dat), h2co_ccsdt_avtz_4001.npz (MMunibas/KerNN), methane_b3lyp_9000.xyz.zip
(jmbowma/QM-22) and h2o_spectroscopic_10001.dat (owen-ren0003/rshdmrgpr, data/h2o.dat).
"""

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

import pes
from pes.data import Dataset
from pes.potential import energies_and_forces
from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1, EV, KCAL_MOL

REPOSITORY = Path(__file__).parents[1] / "data"


def random(*shape: int, seed: int = 0) -> Tensor:
    """Normal random numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def analytic(name: str, points: int, width: float) -> Dataset:
    """Points around the minimum of a model surface, with forces."""
    surface = ANALYTIC[name]()
    middle = torch.tensor(surface.reference, dtype=torch.float64) * ANGSTROM
    x = middle + width * random(points, *middle.shape)
    energies, forces = energies_and_forces(surface.requires_grad_(False), x)
    return Dataset(surface.symbols, x, energies, forces)


def dissociating(points: int) -> Dataset:
    """H2O to H + OH and O + 2 H, atoms up to 20 Å apart: Morse bonds and a bend that fades."""
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(points, 3, generator=generator, dtype=torch.float64)
    r = (0.8 + 0.8 * u[:, :2]) * ANGSTROM
    far = torch.arange(points) % 4 == 0
    r[far, 0] = (1.6 + 18.4 * u[far, 0] ** 3) * ANGSTROM
    r[far & (torch.arange(points) % 8 == 0), 1] = 15 * ANGSTROM
    angle = 1.2 + 1.4 * u[:, 2]
    x = torch.zeros(points, 3, 3, dtype=torch.float64)
    x[:, 1, 0] = r[:, 0]
    x[:, 2] = r[:, 1, None] * torch.stack((angle.cos(), angle.sin(), 0 * angle), 1)
    y = 1 - torch.exp(-1.2 * (r - 0.96 * ANGSTROM))
    bend = 0.08 * (angle.cos() + 0.25) ** 2 * torch.exp(-(r - 0.96 * ANGSTROM).clamp(min=0)).prod(1)
    return Dataset(("O", "H", "H"), x, 0.2 * y.square().sum(1) + bend)


def isomers(points: int) -> Dataset:
    """HCN and HNC with nothing between them."""
    surface = ANALYTIC["hydrogen_cyanide_model"]().requires_grad_(False)
    one = torch.tensor([[-1.06, 0, 0], [0, 0, 0], [1.153, 0, 0]], dtype=torch.float64)
    two = torch.tensor([[2.17, 0, 0], [0, 0, 0], [1.17, 0, 0]], dtype=torch.float64)
    middle = torch.stack((one, two)).repeat(points // 2, 1, 1) * ANGSTROM
    x = middle + 0.08 * random(len(middle), 3, 3)
    return Dataset(surface.symbols, x, surface(x))


CLEAN: Mapping[str, Callable[[], Dataset]] = {
    "H2O CCSD(T)/TZ": lambda: pes.read(REPOSITORY / "h2o_ccsdt_vtz.h5"),
    "H2O CCSD(T)/DZ, forces": lambda: pes.read(REPOSITORY / "h2o_ccsdt_vdz_forces.h5"),
    "H2S model": lambda: analytic("hydrogen_sulfide_model", 600, 0.12),
    "NH3 model": lambda: analytic("ammonia_model", 800, 0.08),
    "H2O to atoms": lambda: dissociating(1200),
    "HCN and HNC": lambda: isomers(800),
}

PUBLISHED: Mapping[str, Callable[[Path], Dataset]] = {
    "PES-Learn H2O": lambda f: pes.read(
        f / "peslearn_h2o_988.csv", formula="H H O", units="energy=hartree length=angstrom"
    ),
    "KerNN H2CO": lambda f: pes.read(f / "h2co_ccsdt_avtz_4001.npz"),
    "QM-22 CH4": lambda f: pes.read(f / "methane_b3lyp_9000.xyz.zip"),
    "spectroscopic H2O": lambda f: pes.read(
        f / "h2o_spectroscopic_10001.dat", formula="O H H", columns="r1 r2 cos energy",
        units="energy=cm-1 length=angstrom",
    ),
}  # fmt: skip


def some(data: Dataset, share: float = 0.1, seed: int = 5) -> Tensor:
    """Random rows, a share of all."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(len(data), generator=generator)[: max(1, round(share * len(data)))]


def scaled(data: Dataset, factor: float) -> Dataset:
    """Labels in another unit."""
    return replace(data, energies=factor * data.energies)


def relabelled(data: Dataset, rows: Tensor, values: Tensor) -> Dataset:
    """Other labels in some rows."""
    energies = data.energies.clone()
    energies[rows] = values
    return replace(data, energies=energies)


def with_forces(data: Dataset, change: Callable[[Tensor], Tensor], rows: Tensor | slice) -> Dataset:
    """Other forces in some rows."""
    assert data.forces is not None
    forces = data.forces.clone()
    forces[rows] = change(forces[rows])
    return replace(data, forces=forces)


def exchanged(data: Dataset, rows: Tensor | slice) -> Dataset:
    """First and last atom in each other's place, in some rows; their symbols stay."""
    positions = data.positions.clone()
    order = [len(data.symbols) - 1, *range(1, len(data.symbols) - 1), 0]
    positions[rows] = positions[rows][:, order]
    return replace(data, positions=positions, forces=None, dipoles=None)


def with_copies(data: Dataset, rows: Tensor) -> Dataset:
    """Copies of some rows behind the others, with like atoms exchanged."""
    order = list(range(len(data.symbols)))
    first = max(order, key=lambda k: (data.elements.count(data.elements[k]), -k))
    last = max(k for k in order if data.elements[k] == data.elements[first])
    order[first], order[last] = order[last], order[first]
    whole = data.select(torch.cat((torch.arange(len(data)), rows)))
    positions = whole.positions.clone()
    positions[len(data) :] = -positions[len(data) :][:, order]
    return replace(whole, positions=positions, forces=None, dipoles=None)


def rounded(data: Dataset, step: float, exact: int = 0) -> Dataset:
    """Labels in steps, but for a few."""
    energies = (data.energies / step).round() * step
    energies[:exact] = data.energies[:exact]
    return replace(data, energies=energies)


def spiked(data: Dataset, count: int, size: float) -> Dataset:
    """Some labels of the lower half off by a size in cm⁻¹."""
    low = data.energies.argsort()[len(data) // 10 : len(data) // 2]
    rows = low[torch.linspace(0, len(low) - 1, count + 2).long()[1:-1]]
    return relabelled(data, rows, data.energies[rows] + size * CM1)


def stuck(data: Dataset, count: int) -> Dataset:
    """Several labels that are the label of one of them."""
    rows = data.energies.argsort()[len(data) // 3 :: len(data) // (2 * count)][:count]
    return relabelled(data, rows, data.energies[rows[0]].expand(len(rows)))


def shuffled(data: Dataset) -> Dataset:
    """Labels in random order."""
    return replace(data, energies=data.energies[some(data, 1.0)], forces=None)


def offset(data: Dataset, rows: Tensor | slice, size: float) -> Dataset:
    """Some labels from another method, as it were."""
    return relabelled(data, rows, data.energies[rows] + size * CM1)


ROTATION = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]], dtype=torch.float64)

FAULTS: Mapping[str, tuple[Callable[[Dataset], Dataset], str]] = {
    "energies in eV": (lambda d: scaled(replace(d, forces=None), 1 / EV), "energy unit"),
    "relative energies in eV": (
        lambda d: replace(d, energies=(d.energies - d.energies.min()) / EV, forces=None),
        "energy unit",
    ),
    "relative energies in kcal/mol": (
        lambda d: replace(d, energies=(d.energies - d.energies.min()) / KCAL_MOL, forces=None),
        "energy unit",
    ),
    "energies in cm-1": (
        lambda d: replace(d, energies=(d.energies - d.energies.min()) / CM1, forces=None),
        "energy unit",
    ),
    "geometries in bohr": (
        lambda d: replace(d, positions=d.positions * ANGSTROM, forces=None), "length unit"),
    "geometries in angstrom": (
        lambda d: replace(d, positions=d.positions / ANGSTROM, forces=None), "length unit"),
    "atoms exchanged in all rows": (lambda d: exchanged(d, slice(None)), "atom order"),
    "atoms exchanged in 10 % of the rows": (lambda d: exchanged(d, some(d)), "atom order"),
    "atoms exchanged in one row": (lambda d: exchanged(d, some(d)[:1]), "atom order"),
    "energies shuffled": (shuffled, "shuffled labels"),
    "energies shifted by a row": (
        lambda d: replace(d, energies=d.energies.roll(1), forces=None), "shifted labels"),
    "5 % copies by permutation": (lambda d: with_copies(d, some(d, 0.05)), "copies"),
    "one geometry 20 times": (
        lambda d: d.select([*range(len(d)), *[7] * 19]), "copies"),
    "labels in single precision": (
        lambda d: replace(d, energies=(d.energies - d.energies.min() - 76).float().double()),
        "rounded labels"),
    "labels rounded to 1e-5 hartree": (partial(rounded, step=1e-5), "rounded labels"),
    "labels rounded, but for one": (partial(rounded, step=1e-5, exact=1), "rounded labels"),
    "three spiked labels": (partial(spiked, count=3, size=500.0), "wrong labels"),
    "one label off by 100 cm-1": (partial(spiked, count=1, size=100.0), "wrong labels"),
    "half of the labels offset by 200 cm-1": (
        lambda d: offset(d, slice(0, len(d) // 2), 200.0), "offset labels"),
    "random tenth of the labels offset by 200 cm-1": (
        lambda d: offset(d, some(d), 200.0), "offset labels"),
    "20 stuck labels": (partial(stuck, count=20), "stuck labels"),
}  # fmt: skip
"""Fault → how it is made, and the kind of finding that must come first."""

FORCE_FAULTS: Mapping[str, tuple[Callable[[Dataset], Dataset], str]] = {
    "forces with the wrong sign": (
        lambda d: with_forces(d, lambda f: -f, slice(None)), "force sign"),
    "forces in eV/angstrom": (
        lambda d: with_forces(d, lambda f: f * ANGSTROM / EV, slice(None)), "force unit"),
    "energies in eV beside right forces": (
        lambda d: replace(d, energies=(d.energies - d.energies.min()) / EV), "energy unit"),
    "forces all zero": (lambda d: with_forces(d, torch.zeros_like, slice(None)), "zero forces"),
    "forces zero in 10 % of the rows": (
        lambda d: with_forces(d, torch.zeros_like, some(d)), "zero forces"),
    "forces of atoms exchanged in 10 % of the rows": (
        lambda d: with_forces(d, lambda f: f.flip(1), some(d)), "force frame"),
    "forces rotated in 10 % of the rows": (
        lambda d: with_forces(d, lambda f: f @ ROTATION, some(d)), "force frame"),
    "forces of the next row": (
        lambda d: with_forces(d, lambda f: f.roll(1, 0), slice(None)), "force frame"),
    "forces with the wrong sign in 10 % of the rows": (
        lambda d: with_forces(d, lambda f: -f, some(d)), "forces of rows"),
}  # fmt: skip


def main() -> None:
    """Print the table of clean sets, then that of faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of published sets")
    folder = parser.parse_args().data
    sets = {name: make() for name, make in CLEAN.items()}
    clean = [*sets]
    if folder is not None:
        sets |= {name: make(folder) for name, make in PUBLISHED.items()}
    for name, data in sets.items():
        began = time.process_time()
        result = pes.audit(data)
        print(f"{name} ({len(data)} points, {time.process_time() - began:.1f} CPU-s)")
        print("\n".join(f"    {line}" for line in result.lines()))
    missed, tried = 0, 0
    print(f"\n{'fault':<50}{'named first in'}")
    for fault, (make, kind) in (FAULTS | FORCE_FAULTS).items():
        answers = []
        for name in [*clean, *(name for name in sets if name not in clean)]:
            if fault in FORCE_FAULTS and sets[name].forces is None:
                continue
            findings = pes.audit(make(sets[name])).findings
            first = findings[0].kind if findings else "nothing"
            answers.append("yes" if first == kind else f"NO ({first})")
        tried, missed = tried + len(answers), missed + sum(a != "yes" for a in answers)
        print(f"{fault:<50}{', '.join(answers)}", flush=True)
    print(f"{tried - missed} of {tried} named first")


if __name__ == "__main__":
    main()
