"""CPU time of G and of the volume's slope for a grid point, on one thread.

    python benchmarks/kinetic_energy.py

Random points about the equilibrium of formaldehyde (four atoms, six coordinates) and of water;
the best of five repetitions, in microseconds of CPU time (user + system) a point.
"""

import platform
import time

import torch

from pes.coordinates import Polyspherical, Valence, ZMatrix
from pes.molecule import Molecule
from pes.vibration.system.kinetic import ToPositions, kinetic

POINTS = 32768
H2CO = torch.tensor([2.28, 2.09, 2.12, 2.09, 2.12, torch.pi], dtype=torch.float64)
WATER = torch.tensor([1.81, 1.81, 1.82], dtype=torch.float64)


def seconds(to_positions: ToPositions, q: torch.Tensor, masses: torch.Tensor) -> float:
    """CPU time of all points, the best of five."""
    times = []
    for _ in range(5):
        start = time.process_time()
        kinetic(to_positions, q, masses)
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """One line for each kind of coordinates."""
    torch.set_num_threads(1)
    print(f"{platform.machine()}, torch {torch.__version__}, one thread, {POINTS} points")
    rows = (("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2))
    h2co, water = Molecule(("C", "O", "H", "H")), Molecule(("O", "H", "H"))
    cases = {
        "H2CO, Z-matrix": (ZMatrix(rows), H2CO, h2co),
        "H2CO, polyspherical": (Polyspherical(((0, 1), (0, 2), (0, 3))), H2CO, h2co),
        "H2O, valence": (Valence(0, (1, 2)), WATER, water),
    }
    generator = torch.Generator().manual_seed(0)
    for name, (internal, centre, molecule) in cases.items():
        noise = torch.randn(POINTS, len(centre), generator=generator, dtype=torch.float64)
        spent = seconds(internal.to_positions, centre + 0.1 * noise, molecule.masses)
        print(f"{name:<22} {1e6 * spent / POINTS:6.1f} µs a point")


if __name__ == "__main__":
    main()
