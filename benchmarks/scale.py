"""A million points and a thousand parameters: time of a step, and memory against its setting.

    python benchmarks/scale.py                     # 1e6 energies of water
    python benchmarks/scale.py --forces            # with forces
    python benchmarks/scale.py --memory 64         # MiB, as `training.memory`

Points are made up from an analytic surface of water. What the steps take beyond the data set and
the inputs of the network must stay within the setting, plus JᵀJ and the copies of it that
`pes.training.memory` predicts; the last line says whether it does. Linux only (/proc).
"""

import argparse
import platform
import time
from itertools import islice
from pathlib import Path

import torch
from torch.nn.utils import parameters_to_vector

from pes.coordinates.valence import Valence
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.potential import energies_and_forces, neural_surface
from pes.potential.analytic import WaterPJT
from pes.training import adam, levenberg_marquardt
from pes.training.loss import balanced_force_weight, prepare, surface_problem
from pes.training.memory import needed_memory
from pes.training.optimizers.problem import Optimizer
from pes.units import ANGSTROM, DEGREE

MIB = 2**20
SLACK = 32
"""MiB for the allocator and the libraries' own buffers."""


def water(points: int, *, forces: bool) -> Dataset:
    """Random geometries below about 25,000 cm⁻¹."""
    draw = torch.rand(points, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    unit = torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
    low, high = torch.tensor([[0.8, 0.8, 70], [1.25, 1.25, 150]], dtype=torch.float64)
    x = Valence(0, (1, 2)).to_positions((low + (high - low) * draw) * unit)
    parts = [energies_and_forces(WaterPJT(), part) for part in x.split(4096)]
    energies, slopes = (torch.cat(part) for part in zip(*parts, strict=True))
    return Dataset(("O", "H", "H"), x, energies, forces=slopes if forces else None)


def resident(name: str) -> float:
    """VmRSS (now) or VmHWM (at its highest) of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def main() -> None:
    """Time the steps and compare the memory with its setting."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--points", type=float, default=1e6)
    parser.add_argument("--hidden", type=int, nargs="+", default=[27, 28])
    parser.add_argument("--memory", type=int, default=1024)
    parser.add_argument("--forces", action="store_true")
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1024, help="of Adam")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    data = water(int(given.points), forces=given.forces)
    surface = neural_surface(
        Invariants(data.symbols, 2), data.positions, data.energies, hidden=given.hidden
    )
    start = parameters_to_vector(surface.mlp.parameters()).detach()
    what = "energies and forces" if given.forces else "energies"
    print(
        f"{platform.processor() or platform.machine()}, {given.threads} threads; "
        f"{len(data):,} {what}, {len(start):,} parameters, memory {given.memory} MiB"
    )
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    started = time.process_time()
    targets = prepare(surface, data, cache=given.memory * MIB // 2)
    problem = surface_problem(
        surface.mlp, targets, force_weight=balanced_force_weight(surface, data),
        memory=given.memory * MIB,
    )  # fmt: skip
    print(f"preparation: {time.process_time() - started:.1f} CPU-s")
    settings: dict[str, Optimizer] = {
        "levenberg_marquardt": levenberg_marquardt,
        "adam": lambda problem, p, state: adam(problem, p, state, batch=given.batch),
    }
    for name, method in settings.items():
        started, wall = time.process_time(), time.perf_counter()
        last = list(islice(method(problem, start, None), given.steps))[-1]
        cpu, wall = time.process_time() - started, time.perf_counter() - wall
        print(
            f"{name}: {cpu / given.steps:.1f} CPU-s a step, {wall / given.steps:.1f} s; "
            f"loss {last.loss:.3e}"
        )
    labels = 8 * (targets.inputs.numel() + 4 * targets.energies.numel()) / MIB
    if targets.forces is not None:
        labels += 8 * 2 * targets.forces.numel() / MIB
    matrix = needed_memory("levenberg_marquardt", parameters=len(start), chunks=0)["matrix"] / MIB
    allowed = given.memory + labels + matrix + SLACK
    taken = resident("VmHWM") - before
    print(
        f"memory: {taken:.0f} MiB at the peak beyond the {before:.0f} before; allowed "
        f"{allowed:.0f} = {given.memory} set + {labels:.0f} inputs and labels + {matrix:.0f} for "
        f"JᵀJ + {SLACK}: {'within' if taken <= allowed else 'EXCEEDED'}"
    )
    if taken > allowed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
