"""What all checks of data, surfaces and folders cost beside the work itself.

    python benchmarks/checks.py [--points 100000]

First the commands of `make run`, in one process: CPU seconds inside the checks and in all. Then the
audit before a fit of so many points.
"""

import argparse
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import pes
from pes import cli
from pes.coordinates.valence import Valence
from pes.evaluation import points as evaluation_points
from pes.potential.analytic import WaterPJT
from pes.run import folder
from pes.run.train import job, planned
from pes.setup.automatic.cuts import outcome, target
from pes.setup.errors import verdict
from pes.setup.problem import problem
from pes.units import ANGSTROM, DEGREE

CONFIGURATION = Path(__file__).parents[1] / "configs" / "h2o.yaml"

CHECKS = (
    (job, "audited_before_fit"),
    (planned, "force_warnings"),
    (job, "check_copies"),
    (problem, "check_consistency"),
    (evaluation_points, "check_consistency"),
    (verdict, "roughness"),
    (target, "roughness"),
    (outcome, "roughness"),
    (folder, "check_writable"),
)
"""Functions that check, in the modules that call them."""


def counted(function: Callable[..., Any], seconds: dict[str, float]) -> Callable[..., Any]:
    """The function, with its CPU time added to those of its name."""

    def call(*arguments: Any, **options: Any) -> Any:
        began = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            seconds[function.__name__] += time.process_time() - began

    return call


def make_run() -> None:
    """A fit of water and its levels, with the checks counted."""
    seconds: dict[str, float] = defaultdict(float)
    for module, name in CHECKS:
        setattr(module, name, counted(getattr(module, name), seconds))
    with TemporaryDirectory() as folder:
        began = time.process_time()
        cli.train(["--config", str(CONFIGURATION), "--output", folder])
        cli.levels([folder])
        total = time.process_time() - began
    print(f"\nmake run: {total:.1f} CPU-s, of which")
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"  {name:<24}{spent:8.3f} CPU-s {100 * spent / total:6.2f} %")
    share = 100 * sum(seconds.values()) / total
    print(f"  {'all checks':<24}{sum(seconds.values()):8.3f} CPU-s {share:6.2f} %")


def many_points(count: int) -> pes.Dataset:
    """Points of the analytic surface of water, as many as asked for."""
    draw = torch.rand(count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    unit = torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
    low, high = torch.tensor([[0.8, 0.8, 70], [1.25, 1.25, 150]], dtype=torch.float64)
    positions = Valence(0, (1, 2)).to_positions((low + (high - low) * draw) * unit)
    return pes.Dataset(("O", "H", "H"), positions, WaterPJT()(positions).detach())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"{platform.processor() or platform.machine()}, {given.threads} threads, torch", end=" ")
    print(torch.__version__, *sys.argv)
    make_run()
    data = many_points(given.points)
    began = time.process_time()
    findings = pes.audit(data).before_fit()
    spent = time.process_time() - began
    print(f"\naudit of {given.points:,} points before a fit: {spent:.1f} CPU-s; {findings}")


if __name__ == "__main__":
    main()
