"""Cost of a gradient by forward and by reverse mode against the number of inputs.

python benchmarks/forward_reverse.py [--picture cost.png]

The function is a network of n inputs, 64 × 64 units and one output, as in a surface of atoms;
times are CPU times of one thread in units of the function itself, the least of several runs.
Forward mode takes one run for each input, here one after the other (`torch.func.jvp`), and all at
once in n times the memory (`torch.func.jacfwd`); reverse mode takes one run back.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from time import process_time

import torch
from matplotlib.figure import Figure
from torch.func import grad, jacfwd, jvp

from pes.potential.mlp import MLP

INPUTS = (1, 3, 10, 30, 100, 300, 1000)
RUNS = 7
HEADS = ("inputs", "function/ms", "reverse", "forward, one by one", "forward, at once")


def seconds(work: Callable[[], object]) -> float:
    """Least CPU time of one call."""
    work()
    best = float("inf")
    for _ in range(RUNS):
        begun = process_time()
        calls = 0
        while process_time() - begun < 0.02:
            work()
            calls += 1
        best = min(best, (process_time() - begun) / calls)
    return best


def costs(inputs: int) -> list[float]:
    """CPU time of the function in ms, and of three gradients in units of it."""
    network = MLP(inputs, (64, 64))

    def function(x: torch.Tensor) -> torch.Tensor:
        return network(x[None])[0]

    x = torch.linspace(-1, 1, inputs, dtype=torch.float64)
    units = torch.eye(inputs, dtype=torch.float64)
    with torch.no_grad():
        one = seconds(lambda: function(x))
    ways = (
        lambda: grad(function)(x),
        lambda: [jvp(function, (x,), (unit,))[1] for unit in units],
        lambda: jacfwd(function)(x),
    )
    exact = grad(function)(x)
    torch.testing.assert_close(torch.stack(list(ways[1]())), exact)
    torch.testing.assert_close(ways[2](), exact)
    return [1000 * one, *(seconds(way) / one for way in ways)]


def main() -> None:
    """Print the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    print("".join(f"{head:>22}" for head in HEADS))
    for inputs in INPUTS:
        rows.append([float(inputs), *costs(inputs)])
        print(f"{inputs:22d}{rows[-1][1]:22.4f}" + "".join(f"{t:22.1f}" for t in rows[-1][2:]))
    if given.picture:
        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        axes = figure.subplots()
        for k in (2, 3, 4):
            axes.loglog(INPUTS, [row[k] for row in rows], "o-", label=HEADS[k])
        axes.set_xlabel("number of inputs")
        axes.set_ylabel("CPU time of the gradient / of the function")
        axes.legend(frameon=False)
        figure.savefig(given.picture)


if __name__ == "__main__":
    main()
