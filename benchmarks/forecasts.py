"""Memory and time said before calculations of levels start, against what they then take.

    python benchmarks/forecasts.py [--only water formaldehyde]

`pes-levels` runs each case in a process of its own. Memory is that of the whole process, Python
and its libraries (about 330 MiB) included; the ratio of what was said to the peak is to lie between
0.75 and 1.25. CPU-seconds are those of the calculations of levels, without imports, the search for
coordinates and the files; the ratio is to lie between 0.5 and 2. Cases: three atoms, four that
grow, given sizes, an inversion and a torsion in coordinates of their own, a sparse grid.
"""

import argparse
import re
import tempfile
from pathlib import Path

from automatic_levels import announced, configuration, run

NORMAL = """\
name: given
surface: formaldehyde_model
coordinates:
  kind: zmatrix
  rows: [[C], [O, 0], [H, 0, 1], [H, 0, 1, 2]]
  normal: true
  reference: [[0, 0, 0], [1.2, 0, 0], [-0.58, 0.94, 0], [-0.58, -0.94, 0]]
basis: {all: {kind: sinc, functions: 7, points: 9}}
quanta: 6
reference: vscf
levels: 20
"""

INVERSION = """\
name: inversion
surface: ammonia_model
levels: 20
coordinates:
  {kind: zmatrix, rows: [[N], [H, 0], [H, 0, 1], [H, 0, 1, 2]], normal: false, energy: 17000}
basis:
  r1: {functions: 5, points: 7}
  r2: {functions: 5, points: 7}
  theta2: {functions: 9, points: 12}
  r3: {functions: 5, points: 7}
  theta3: {functions: 9, points: 12}
  phi3: {functions: 14, points: 18}
product_energy: 17000
"""

TORSION = """\
name: torsion
surface: hydrogen_peroxide_model
levels: 20
coordinates:
  {kind: zmatrix, rows: [[O], [O, 0], [H, 0, 1], [H, 1, 0, 2]], normal: false, energy: 12000}
basis: {all: {functions: 6, points: 8}, phi3: {kind: fourier, functions: 25}}
product_energy: 12000
"""

CASES = {
    **{
        name: configuration(name)
        for name in (
            "water_pjt1996", "hydrogen_sulfide_model", "carbon_dioxide_model",
            "carbonyl_sulfide_model", "hydrogen_cyanide_model", "silicide_model", "flat_carbon",
            "hydrogen_bond", "methylene", "half_heavy_water",
        )
    },
    "water to 15,000": "name: high\nsurface: water_pjt1996\nlevels: 64\n",
    "H2CO to 0.05": "name: grown\nsurface: formaldehyde_model\nlevels: 25\naccuracy: 0.05\n",
    "H2CO, given sizes": NORMAL,
    "H2CO, sparse grid": (
        "name: sparse\nsurface: formaldehyde_model\nquanta: 8\ngrid_level: 10\nlevels: 20\n"
    ),
    "NH3, inversion": INVERSION,
    "H2O2, torsion": TORSION,
    "CH4, two CPU-minutes": "name: five\nsurface: methane_model\nlevels: 20\nminutes: 2\n",
}  # fmt: skip


def row(name: str, text: str) -> str:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        done, cpu, peak = run(text, Path(scratch))
    if done.returncode:
        return f"{name:24s} {done.stderr.strip().splitlines()[-2:]}"
    log = done.stdout + done.stderr
    memory = announced(log)
    seconds = re.search(r"GiB in all and ([\d.]+) CPU-s", log)
    taken = re.search(r"^SOLVED ([\d.]+)$", log, re.MULTILINE)
    return f"{name:24s} {memory:>9s} {peak:7.0f} {_ratio(memory, peak):>6s} " + _times(
        seconds[1] if seconds else "-", float(taken[1]) if taken else cpu
    )


def _times(said: str, taken: float) -> str:
    return f"{said:>10s} {taken:7.1f} {_ratio(said, taken):>6s}"


def _ratio(said: str, taken: float) -> str:
    return "-" if said == "-" else f"{float(said) / taken:.2f}"


def main() -> None:
    """Print the table line by line."""
    parser = argparse.ArgumentParser(description="Forecasts against what is taken.")
    parser.add_argument("--only", choices=CASES, nargs="+", help="cases; all by default")
    names = parser.parse_args().only or list(CASES)
    titles = ("said MiB", "MiB", "ratio", "said CPU-s", "CPU-s", "ratio")
    widths = (9, 7, 6, 10, 7, 6)
    head = " ".join(f"{title:>{width}s}" for title, width in zip(titles, widths, strict=True))
    print(f"{'case':24s} {head}", flush=True)
    for name in names:
        print(row(name, CASES[name]), flush=True)


if __name__ == "__main__":
    main()
