"""Do points chosen by the spread of an ensemble teach more than points chosen evenly?

    python benchmarks/active_learning.py

Fifty geometries are added to 150 of water below 20,000 cm⁻¹, five times. Labels come from the
analytic surface of Polyansky, Jensen and Tennyson (1996), the fits are linear of degree 6, the
ensemble has eight of them on bootstrap rows; 1,000 other geometries are the test.
"""

import time

import numpy as np
import torch
from torch import Tensor

from pes.coordinates.valence import Valence
from pes.data.sampling import accepted_samples
from pes.descriptors import Invariants
from pes.potential import Ensemble, LinearSurface, linear_surface
from pes.potential.analytic import WaterPJT
from pes.potential.holes.box import distance_box
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.proposals import proposals
from pes.potential.holes.search import candidates
from pes.units import ANGSTROM, CM1, DEGREE

ELEMENTS = ("O", "H", "H")
RANGES = [(0.75 * ANGSTROM, 1.6 * ANGSTROM)] * 2 + [(60 * DEGREE, 170 * DEGREE)]
ENERGY = 20000 * CM1
FIRST, ADDED, MEMBERS = 150, 50, 8
TRUTH = WaterPJT().requires_grad_(False)


def evenly(count: int, seed: int) -> Tensor:
    """Geometries as `pes-sample` chooses them by energy."""
    to_positions = Valence(0, (1, 2)).to_positions
    q = accepted_samples(
        lambda q: TRUTH(to_positions(q)), RANGES, count, energy_max=ENERGY, offset=1000 * CM1,
        seed=seed,
    )  # fmt: skip
    return to_positions(q)


def fitted(x: Tensor) -> LinearSurface:
    """A linear surface through the labels of x."""
    surface = linear_surface(Invariants(ELEMENTS, 6), x, TRUTH(x), ridge=1e-9)
    return surface.requires_grad_(False)


def by_spread(x: Tensor, seed: int) -> Tensor:
    """Geometries as `pes-sample` chooses them by the spread of an ensemble."""
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randint(len(x), (len(x),), generator=generator) for _ in range(MEMBERS)]
    ensemble = Ensemble([fitted(x[rows]) for rows in draws])
    some = candidates(distance_box(ELEMENTS, x), x, 8192, seed=seed)
    some = some[ensemble(some) <= ENERGY]
    return some[proposals(Coverage(ELEMENTS, x), some, ensemble.spread(some), ADDED)]


def main() -> None:
    """Test errors before and after, mean of five repetitions."""
    torch.set_num_threads(1)
    cpu = time.process_time()
    test = evenly(1000, 99)
    errors: dict[str, list[tuple[float, float]]] = {}
    for seed in range(5):
        x = evenly(FIRST, seed)
        sets = {
            f"{FIRST} evenly": x,
            f"{FIRST + ADDED} evenly": evenly(FIRST + ADDED, seed),
            f"{FIRST} evenly, {ADDED} by spread": torch.cat((x, by_spread(x, seed))),
        }
        for name, points in sets.items():
            residuals = (fitted(points)(test) - TRUTH(test)) / CM1
            pair = float(residuals.square().mean().sqrt()), float(residuals.abs().max())
            errors.setdefault(name, []).append(pair)
    print(f"{'points':<26}{'test RMSE/cm-1':>16}{'lowest':>9}{'highest':>9}{'largest error':>15}")
    for name, pairs in errors.items():
        rmse, largest = np.array(pairs).T
        print(
            f"{name:<26}{rmse.mean():16.1f}{rmse.min():9.1f}{rmse.max():9.1f}{largest.mean():15.0f}"
        )
    print(f"{time.process_time() - cpu:.1f} CPU-s, 1 thread")


if __name__ == "__main__":
    main()
