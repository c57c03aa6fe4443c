"""Twelve made-up sets of points, each awkward in its own way, to try fits without settings on.

    python benchmarks/made_up_sets.py FOLDER [NAME ...]

Labels come from model energies written down here; nothing is fitted to data. Sizes, spans and
flaws are those of published sets: no like atoms, wide ranges, fragments 20 Å apart with forces,
labels in single precision, one isolated point, 28 labels stuck at two values.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor

from pes.data import Dataset, write
from pes.potential import energies_and_forces
from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1

Energy = Callable[[Tensor], Tensor]

RADII = {"H": 0.27, "C": 0.54, "N": 0.6, "O": 0.5, "S": 0.95}
DEPTHS = {
    "HH": 38000.0, "CH": 36000.0, "HO": 39000.0, "CC": 52000.0, "CO": 62000.0, "NO": 40000.0,
    "NS": 40000.0, "OS": 43000.0,
}  # fmt: skip


SATURATION = {"H": 3.0, "C": 1.2, "N": 1.3, "O": 1.5, "S": 1.4}
"""p: how little two bonds of an atom add up."""


def generator(seed: int) -> torch.Generator:
    """Random numbers of a seed."""
    return torch.Generator().manual_seed(seed)


def bond_order(elements: Sequence[str]) -> Energy:
    """Energy of bonds that share an atom, and bend.

      V = Σ_{i<j} 2 D e^{−2x} − Σ_i (Σ_j (D e^{−x})^p)^{1/p}
        + 4000 cm⁻¹ Σ_i Σ_{j<k} w_ij w_ik (c + c_i)²

    x = a (r − r_e) for each pair, w = e^{−(r/r_e)⁴/5} and c the cosine of an angle: bonds that
    share an atom are weaker than alone.
    """
    pairs = list(combinations(range(len(elements)), 2))
    lengths = torch.tensor([RADII[elements[i]] + RADII[elements[j]] for i, j in pairs]).double()
    depths = torch.tensor(
        [DEPTHS["".join(sorted((elements[i], elements[j])))] for i, j in pairs]
    ).double()
    corners = [
        (i, *(pairs.index((min(i, k), max(i, k))) for k in (j, m)), j, m)
        for i in range(len(elements))
        for j, m in combinations([k for k in range(len(elements)) if k != i], 2)
    ]
    opening = {"H": 0.9, "C": 0.4, "N": 0.5, "O": 0.3, "S": 0.4}

    def energy(positions: Tensor) -> Tensor:
        apart = torch.stack([positions[:, i] - positions[:, j] for i, j in pairs], 1) / ANGSTROM
        r = (apart.square().sum(-1) + 1e-12).sqrt()
        bond = depths * torch.exp(-2.4 * (r - lengths))
        total = (2 * bond.square() / depths).sum(1)
        for i in range(len(elements)):
            own = [k for k, pair in enumerate(pairs) if i in pair]
            power = SATURATION[elements[i]]
            total = total - (bond[:, own] ** power).sum(1) ** (1 / power)
        near = torch.exp(-0.2 * (r / lengths) ** 4)
        for i, one, other, j, m in corners:
            cosine = (
                (positions[:, j] - positions[:, i]) * (positions[:, m] - positions[:, i])
            ).sum(-1) / (ANGSTROM**2 * r[:, one] * r[:, other])
            bend = (cosine + opening[elements[i]]).square()
            total = total + 4000 * near[:, one] * near[:, other] * bend
        return total * CM1

    return energy


def he_h2(positions: Tensor) -> Tensor:
    """LEPS energy of He, H, H with the attraction −α/2R⁴ of a charge by an atom, damped."""
    depth, steep, length = (
        torch.tensor(x).double() for x in ((16500.0, 16500.0, 22500.0), (2.4, 2.4, 1.4),
                                           (0.775, 0.775, 1.057))
    )  # fmt: skip
    he, a, b = positions.unbind(1)
    r = torch.stack([(u - v).norm(dim=-1) for u, v in ((he, a), (he, b), (a, b))], 1) / ANGSTROM
    x = torch.exp(-steep * (r - length))
    coulomb = depth * (0.575 * x.square() - 0.95 * x)
    exchange = depth * (0.425 * x.square() - 1.05 * x)
    p, q, s = exchange.unbind(1)
    mixed = 0.5 * ((p - q).square() + (q - s).square() + (s - p).square())
    centre = (he - 0.5 * (a + b)).norm(dim=-1) / ANGSTROM
    attraction = 12000 * (1 - torch.exp(-((centre / 2.2) ** 6))) / (centre**4 + 1e-3)
    return (coulomb.sum(1) - (mixed + 1.0).sqrt() - attraction) * CM1


def crossed(energy: Energy, upper: Energy, coupling: float) -> Energy:
    """Lower one of two states that are coupled, cm⁻¹."""

    def lower(positions: Tensor) -> Tensor:
        first, second = energy(positions), upper(positions)
        gap = 0.5 * (first - second)
        return 0.5 * (first + second) - (gap.square() + (coupling * CM1) ** 2).sqrt()

    return lower


def excited(positions: Tensor, height: float, length: float) -> Tensor:
    """A state with other distances from the first atom."""
    r = (positions[:, 1:] - positions[:, :1]).norm(dim=-1) / ANGSTROM
    return (height + 9000 * (r - length).square().sum(1)) * CM1


def walked(
    energy: Energy, starts: Tensor, temperatures: tuple[float, float], top: float, count: int,
    *, farthest: float = 9.0, seed: int = 0, step: float = 0.12,
) -> Tensor:  # fmt: skip
    """Geometries (count, N, 3) of Metropolis walks at temperatures (cm⁻¹) below an energy `top`.

    Args:
        energy: positions to energies.
        starts: geometries (S, N, 3) in bohr.
        temperatures: of the coldest and the hottest walk.
        top: cm⁻¹ above the lowest energy met.
        count: number of points.
        farthest: largest distance of two atoms, bohr.
        seed: seed of the walk.
        step: standard deviation of a move of the hottest walk, bohr.
    """
    draw, walkers = generator(seed), 400
    x = starts[torch.arange(walkers) % len(starts)].clone()
    kt = CM1 * torch.logspace(*(torch.tensor(t).log10() for t in temperatures), walkers).double()
    kt = kt[torch.randperm(walkers, generator=draw)]
    moves = step * (kt / kt.max()).sqrt()[:, None, None]
    v, kept, values = energy(x), [], []
    for turn in range(100 + 20 * (count // 200)):
        moved = x + moves * torch.randn(x.shape, generator=draw, dtype=torch.float64)
        new = energy(moved)
        lucky = torch.rand(walkers, generator=draw).double().log() < (v - new) / kt
        take = lucky & _inside(moved, farthest)
        x, v = torch.where(take[:, None, None], moved, x), torch.where(take, new, v)
        if turn >= 100 and turn % 20 == 0:
            kept.append(x)
            values.append(v)
    points, heights = torch.cat(kept), torch.cat(values)
    rows = (heights - heights.min() < top * CM1).nonzero()[:, 0]
    rows = rows[torch.randperm(len(rows), generator=draw)[:count]]
    assert len(rows) == count, f"only {len(rows)} points"
    return points[rows]


def _inside(positions: Tensor, farthest: float) -> Tensor:
    first, second = torch.triu_indices(positions.shape[1], positions.shape[1], 1)
    r = (positions[:, first] - positions[:, second]).norm(dim=-1)
    return (r < farthest).all(1) & (r > 1.0).all(1)


CYANIDE = (
    ((-1.06, 0.0, 0.0), (0.0, 0.0, 0.0), (1.153, 0.0, 0.0)),
    ((2.17, 0.0, 0.0), (0.0, 0.0, 0.0), (1.17, 0.0, 0.0)),
    ((0.6, 1.2, 0.0), (0.0, 0.0, 0.0), (1.16, 0.0, 0.0)),
)
"""HCN, HNC and between them, Å."""


def cyanide() -> Dataset:
    """HCN and HNC with the way between them to 25,000 cm⁻¹, no like atoms, noise of 0.05 cm⁻¹."""
    surface = ANALYTIC["hydrogen_cyanide_model"]().requires_grad_(False)

    def upper(positions: Tensor) -> Tensor:
        r = (positions[:, 1] - positions[:, 2]).norm(dim=-1) / ANGSTROM
        stretch = 60000 * CM1 * (1 - torch.exp(-2.2 * (r - 1.25))).square()
        return excited(positions, 24000, 1.5) + stretch

    energy = crossed(surface, upper, 600)
    x = walked(energy, torch.tensor(CYANIDE).double() * ANGSTROM, (1000, 12000), 25000, 16000)
    noise = torch.randn(len(x), generator=generator(9), dtype=torch.float64)
    return Dataset(surface.symbols, x, energy(x) + 0.05 * CM1 * noise)


def smooth() -> Dataset:
    """HCN and HNC as in `cyanide`, with no other state near and no noise."""
    surface = ANALYTIC["hydrogen_cyanide_model"]().requires_grad_(False)
    x = walked(surface, torch.tensor(CYANIDE).double() * ANGSTROM, (1000, 12000), 25000, 16000)
    return _dataset(surface.symbols, surface, x)


def formyl() -> Dataset:
    """HCO and COH, their bonds breaking, to 25,000 cm⁻¹: no like atoms, no noise."""
    elements = ("H", "C", "O")
    energy = bond_order(elements)
    starts = torch.tensor(
        [((-0.6, 0.9, 0), (0.0, 0, 0), (1.2, 0, 0)), ((1.5, 0.9, 0), (0.0, 0, 0), (1.3, 0, 0))]
    ).double() * ANGSTROM  # fmt: skip
    x = walked(energy, relaxed(energy, starts), (700, 8000), 25000, 16000)
    return _dataset(elements, energy, x)


def thiazyl_oxide() -> Dataset:
    """NSO, SNO and ring, bonds breaking, to 35,000 cm⁻¹: no like atoms, noise of 0.05 cm⁻¹."""
    elements = ("N", "S", "O")
    energy = bond_order(elements)
    starts = torch.tensor(
        [((-1.4, 0.6, 0), (0.0, 0, 0), (1.3, 0.6, 0)), ((0.0, 0, 0), (-1.5, 0.5, 0), (1.1, 0.5, 0))]
    ).double() * ANGSTROM  # fmt: skip
    x = walked(energy, relaxed(energy, starts), (700, 10000), 35000, 16000, seed=11)
    noise = torch.randn(len(x), generator=generator(12), dtype=torch.float64)
    return Dataset(elements, x, energy(x) + 0.05 * CM1 * noise)


def wide() -> Dataset:
    """A symmetric triatomic to 40,000 cm⁻¹, bonds breaking and another state crossing."""
    surface = ANALYTIC["hydrogen_sulfide_model"]().requires_grad_(False)
    energy = crossed(surface, lambda x: excited(x, 30000, 1.7), 1200)
    draw = generator(3)
    u = torch.rand(60000, 3, generator=draw, dtype=torch.float64)
    r, angle = (1.0 + 1.4 * u[:, :2].square()) * ANGSTROM, 0.7 + 2.4 * u[:, 2]
    x = torch.zeros(len(u), 3, 3, dtype=torch.float64)
    x[:, 1, 0] = r[:, 0]
    x[:, 2, :2] = r[:, 1, None] * torch.stack((angle.cos(), angle.sin()), 1)
    return _dataset(surface.symbols, energy, x[energy(x) < 40000 * CM1][:3200])


def ion() -> Dataset:
    """He + H2+ and HeH+ + H, atoms up to 20 Å apart, with forces."""
    u = torch.rand(80000, 4, generator=generator(4), dtype=torch.float64)
    r = 0.6 + torch.where(u[:, 3] < 0.75, 1.6 * u[:, 0], 9.0 * u[:, 0] ** 2)
    big = torch.where(u[:, 3] < 0.5, 0.8 + 3.5 * u[:, 1], 0.8 + 19.0 * u[:, 1] ** 2)
    cosine = u[:, 2]
    x = torch.zeros(len(u), 3, 3, dtype=torch.float64)
    x[:, 0, 0], x[:, 0, 1] = big * cosine, big * (1 - cosine**2).sqrt()
    x[:, 1, 0], x[:, 2, 0] = 0.5 * r, -0.5 * r
    x = x * ANGSTROM
    v = he_h2(x)
    near = torch.stack([(x[:, 0] - x[:, k]).norm(dim=-1) for k in (1, 2)]).amin(0) > 0.55 * ANGSTROM
    return _dataset(("He", "H", "H"), he_h2, x[near & (v - v.min() < 45000 * CM1)][:40000], True)


def quantised() -> Dataset:
    """Four atoms with inversion; labels in single precision, steps of 1.67 cm⁻¹."""
    surface = ANALYTIC["ammonia_model"]().requires_grad_(False)
    start = torch.tensor([surface.reference]).double() * ANGSTROM
    x = walked(surface, start, (700, 4500), 23000, 32000, step=0.08)
    return Dataset(("O", "H", "H", "H"), x, (surface(x) - 76.4).float().double())


def proton_bridge(positions: Tensor) -> Tensor:
    """Lower of two coupled states of OC-H-CO: the proton at one carbon or at the other."""
    o1, c1, h, c2, o2 = (positions / ANGSTROM).unbind(1)
    first, second = _proton_at(c1, o1, c2, o2, h), _proton_at(c2, o2, c1, o1, h)
    coupling = 9000 * torch.exp(
        -0.9 * ((c1 - c2).norm(dim=-1) - 2.5).square() - 0.3 * (_cosine(c1, h, c2) + 1)
    )
    half = 0.5 * (first - second)
    return (0.5 * (first + second) - (half.square() + coupling.square()).sqrt()) * CM1


def _proton_at(c: Tensor, o: Tensor, other_c: Tensor, other_o: Tensor, h: Tensor) -> Tensor:
    """HCO+ with CO beside it, cm⁻¹: Morse bonds, a bend, attraction by the proton, repulsion."""

    def apart(a: Tensor, b: Tensor) -> Tensor:
        return (a - b).norm(dim=-1)

    def morse(r: Tensor, depth: float, steep: float, length: float) -> Tensor:
        return depth * (1 - torch.exp(-steep * (r - length))).square()

    r, far, bend = apart(c, h), apart(other_c, h), 1 + _cosine(h, c, o)
    energy = morse(r, 52000, 1.85, 1.10) + morse(apart(c, o), 90000, 2.35, 1.11)
    energy = energy + morse(apart(other_c, other_o), 90000, 2.3, 1.13)
    energy = energy + 1.284 * torch.exp(-0.25 * (r / 1.1) ** 2) * (9000 * bend + 2500 * bend**2)
    toward = 0.55 - 0.45 * _cosine(h, other_c, other_o)
    energy = energy - 9000 * torch.exp(-0.55 * (far - 1.6)) * toward
    energy = energy + 9000 * torch.exp(-3.2 * (far - 1.45))
    pairs = ((c, other_c, 2.3), (o, other_o, 2.2), (c, other_o, 2.3), (o, other_c, 2.3),
             (h, other_o, 1.4))  # fmt: skip
    for a, b, contact in pairs:
        energy = energy + 4000 * torch.exp(-3.0 * (apart(a, b) - contact))
    return energy


def _cosine(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """cos of the angle a-b-c."""
    u, v = a - b, c - b
    return (u * v).sum(-1) / (u.norm(dim=-1) * v.norm(dim=-1))


def proton_bound() -> Dataset:
    """Five atoms, OC-H-CO, to 22,000 cm⁻¹; one point with the proton far away, far above."""
    start = torch.tensor(
        [((-1.1, 0.05, 0), (0.0, 0, 0), (1.2, 0, 0), (2.5, 0.05, 0), (3.6, 0, 0))]
    ).double() * ANGSTROM  # fmt: skip
    start = relaxed(proton_bridge, start)
    x = walked(proton_bridge, start, (300, 3000), 22000, 7800, farthest=18.0, step=0.07)
    x[4321, 2] = x[4321, 2] + torch.tensor([0.0, 3.0, 1.0]).double()
    return _dataset(("O", "C", "H", "C", "O"), proton_bridge, x)


def shared_proton(positions: Tensor) -> Tensor:
    """OC-H-CO with the proton between both: smooth in the distances, one minimum, no state near."""
    o1, c1, h, c2, o2 = (positions / ANGSTROM).unbind(1)
    first, second = _proton_near(c1, o1, c2, o2, h), _proton_near(c2, o2, c1, o1, h)
    half = 0.5 * (first - second)
    return (0.5 * (first + second) - (half.square() + 30000.0**2).sqrt()) * CM1


def _proton_near(c: Tensor, o: Tensor, other_c: Tensor, other_o: Tensor, h: Tensor) -> Tensor:
    """HCO+ with CO beside it, cm⁻¹; bends by how much the far distance is short of the sum."""

    def apart(a: Tensor, b: Tensor) -> Tensor:
        return (a - b).norm(dim=-1)

    def morse(r: Tensor, depth: float, steep: float, length: float) -> Tensor:
        return depth * (1 - torch.exp(-steep * (r - length))).square()

    r, far, bond, other = apart(c, h), apart(other_c, h), apart(c, o), apart(other_c, other_o)
    energy = morse(r, 52000, 1.85, 1.10) + morse(bond, 90000, 2.35, 1.11)
    energy = energy + morse(other, 90000, 2.3, 1.13)
    energy = energy + 15000 * (r + bond - apart(h, o)) * torch.exp(-0.6 * (r - 1.1))
    energy = energy + 7000 * (far + other - apart(h, other_o)) * torch.exp(-0.8 * (far - 1.6))
    energy = energy - 9000 * torch.exp(-0.55 * (far - 1.6)) + 9000 * torch.exp(-3.2 * (far - 1.45))
    for a, b, contact in (
        (c, other_c, 2.3),
        (o, other_o, 2.2),
        (c, other_o, 2.3),
        (o, other_c, 2.3),
    ):
        energy = energy + 4000 * torch.exp(-3.0 * (apart(a, b) - contact))
    return energy


def one_isolated() -> Dataset:
    """Five atoms, OC-H-CO+, near its only minimum, and one point with the proton far away.

    Polynomials of degree 5 miss it by some cm⁻¹ without that point, as they do the published set
    of 7,800 points of such an ion.
    """
    start = torch.tensor(
        [((-1.1, 0.05, 0), (0.0, 0, 0), (1.2, 0, 0), (2.5, 0.05, 0), (3.6, 0, 0))]
    ).double() * ANGSTROM  # fmt: skip
    start = relaxed(shared_proton, start)
    x = walked(shared_proton, start, (80, 450), 22000, 7800, farthest=18.0, step=0.03)
    x[4321, 2] = x[4321, 2] + torch.tensor([0.0, 3.0, 1.0]).double()
    return _dataset(("O", "C", "H", "C", "O"), shared_proton, x)


def isolated() -> Dataset:
    """Five atoms, C2H3, to 20,000 cm⁻¹; one point with a hydrogen atom far away."""
    elements = ("C", "C", "H", "H", "H")
    energy = bond_order(elements)
    start = torch.tensor(
        [((0.0, 0, 0), (1.3, 0, 0), (-0.6, 0.9, 0), (-0.6, -0.9, 0), (1.9, 0.9, 0)),
         ((0.0, 0, 0), (1.3, 0, 0), (-1.0, 0.3, 0), (2.3, 0.3, 0), (0.6, 1.2, 0))]
    ).double() * ANGSTROM  # fmt: skip
    start = relaxed(energy, start)
    x = walked(energy, start, (500, 3500), 22000, 7800, farthest=9.0, step=0.06)
    x[4321, 4] = x[4321, 4] + torch.tensor([3.0, 3.0, 1.0]).double()
    return _dataset(elements, energy, x)


def three_isomers() -> Dataset:
    """H2CO, HCOH and HOC-H to 50,000 cm⁻¹; 28 labels stuck at two values."""
    elements = ("C", "O", "H", "H")
    energy = bond_order(elements)
    starts = torch.tensor(
        [((0.0, 0, 0), (1.2, 0, 0), (-0.6, 0.9, 0), (-0.6, -0.9, 0)),
         ((0.0, 0, 0), (1.3, 0, 0), (-0.5, 0.95, 0), (1.6, -0.9, 0)),
         ((0.0, 0, 0), (1.3, 0, 0), (1.9, 0.7, 0.4), (1.9, -0.7, 0.4))]
    ).double() * ANGSTROM  # fmt: skip
    x = walked(energy, relaxed(energy, starts), (1500, 9000), 50000, 35000, farthest=8.0)
    data = _dataset(elements, energy, x)
    order = data.energies.argsort()
    for low, high in ((9000, 9900), (21000, 22000)):
        rows = order[torch.linspace(low, high, 14).long()]
        data.energies[rows] = float(data.energies[rows[7]])
    return data


def methyl_fluoride(positions: Tensor) -> Tensor:
    """CH3F: Morse bonds, and the cosines of angles at carbon near −1/3 while bonds are short."""
    u = (positions[:, 1:] - positions[:, :1]) / ANGSTROM
    r = u.norm(dim=-1)
    depth, steep, length = (
        torch.tensor((a, b, b, b)).double()
        for a, b in ((41000.0, 38000.0), (1.8, 1.85), (1.38, 1.09))
    )
    energy = (depth * (1 - torch.exp(-steep * (r - length))).square()).sum(1)
    near = torch.exp(-0.7 * (r - length).square())
    for i, j in combinations(range(4), 2):
        cosine = (u[:, i] * u[:, j]).sum(-1) / (r[:, i] * r[:, j])
        stiff = 23000 if i == 0 else 15000
        energy = energy + stiff * (cosine + 1 / 3).square() * near[:, i] * near[:, j]
    return energy * CM1


def few_forces() -> Dataset:
    """CH3F to 20,000 cm⁻¹, 2,000 points with forces."""
    start = torch.tensor(
        [((0.0, 0, 0), (1.38, 0, 0), (-0.36, 1.02, 0), (-0.36, -0.5, 0.89), (-0.36, -0.5, -0.89))]
    ).double() * ANGSTROM  # fmt: skip
    start = relaxed(methyl_fluoride, start)
    x = walked(methyl_fluoride, start, (300, 2500), 20000, 2000, seed=6, step=0.05)
    return _dataset(("C", "F", "H", "H", "H"), methyl_fluoride, x, forces=True)


def relaxed(energy: Energy, positions: Tensor) -> Tensor:
    """Geometries after a few thousand steps downhill."""
    x = positions.clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.01)
    for _ in range(2000):
        optimizer.zero_grad()
        energy(x).sum().backward()
        optimizer.step()
    return x.detach()


def _dataset(
    symbols: Sequence[str], energy: Energy, positions: Tensor, forces: bool = False
) -> Dataset:
    if not forces:
        return Dataset(tuple(symbols), positions, energy(positions))
    return Dataset(tuple(symbols), positions, *energies_and_forces(energy, positions))


SETS: Mapping[str, Callable[[], Dataset]] = {
    "cyanide": cyanide, "smooth": smooth, "formyl": formyl, "thiazyl_oxide": thiazyl_oxide,
    "wide": wide, "ion": ion,
    "quantised": quantised, "isolated": isolated, "proton_bound": proton_bound,
    "one_isolated": one_isolated, "three_isomers": three_isomers, "few_forces": few_forces,
}  # fmt: skip


def main() -> None:
    """Write sets as HDF5."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SETS))
    given = parser.parse_args()
    for name in given.names or SETS:
        data = SETS[name]()
        write(given.folder / f"{name}.h5", data)
        print(f"{name}: {data!r}", flush=True)


if __name__ == "__main__":
    main()
