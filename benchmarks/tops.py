"""Line lists of a symmetric and a spherical top: species, nuclear weights, forbidden lines.

    python benchmarks/tops.py [--only ammonia_model methane_model] [--highest 2] [--states 30]

Model surfaces of `pes`, charges on the hydrogen atoms that fall with the bond length. Allowed are
lines between levels of one spin function and opposite parity: A1' with A1" and E' with E" in NH3,
A1 with A2, E with E and F1 with F2 in CH4, whose levels of A, E and F go with 5, 2 and 3 spin
functions.
"""

import argparse
import time
from collections import Counter

import torch

import pes
from pes.setup.problem.truncation import TruncationRequest

CASES = {
    "ammonia_model": {"count": 6, "accuracy": 20.0},
    "methane_model": {
        "count": 4,
        "convergence": False,
        "truncation": TruncationRequest(quanta=4, grid_level=6),
    },
}
"""Settings of `pes.levels`: enough for species and rules; levels are good to 5 cm⁻¹."""

PARTNER = {
    "A1'": 'A1"', "A2'": 'A2"', "E'": 'E"', "A1": "A2", "E": "E", "F1": "F2",
}  # fmt: skip
"""Species that a line may join, one way."""

ALLOWED = {frozenset(pair) for pair in PARTNER.items()}


def moment(x: torch.Tensor) -> torch.Tensor:
    """Dipole moments (B, 3) in e·bohr of a first atom with hydrogen atoms, (B, N, 3)."""
    arms = x[:, 1:] - x[:, :1]
    return (0.6 * torch.exp(-arms.norm(dim=-1, keepdim=True) / 2.5) * arms).sum(1)


def show(name: str, highest: int, states: int) -> None:
    """Levels, lines and what is wrong with them."""
    start = time.process_time()
    result = pes.levels(name, **CASES[name])
    rotation = result.rotation(range(highest + 1), states=states)
    made = pes.line_list(rotation, moment)
    spectrum, table = made.spectrum, rotation.table
    print(f"\n{name}: {made!r}, {time.process_time() - start:.0f} CPU-s")
    print("\n".join(rotation.lines(24)))
    order = made.levels.rows.argsort()
    spins = (
        made.levels.degeneracies[order] / torch.tensor([2 * row["J"] + 1 for row in table])
    ).tolist()
    found = {(row["irrep"], round(spin)) for row, spin in zip(table, spins, strict=True)}
    print("nuclear weights:", ", ".join(f"{irrep} {spin}" for irrep, spin in sorted(found)))
    pairs = Counter(
        (table[u]["irrep"], table[low]["irrep"])
        for u, low in zip(spectrum.upper.tolist(), spectrum.lower.tolist(), strict=True)
    )
    wrong = sum(n for pair, n in pairs.items() if frozenset(pair) not in ALLOWED)
    print(f"{len(spectrum.wavenumbers)} lines, {wrong} between species that no line may join")
    print("\n".join(made.lines(5)))


def main() -> None:
    """One molecule after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--highest", type=int, default=2, help="highest J")
    parser.add_argument("--states", type=int, default=30, help="J = 0 states contracted")
    options = parser.parse_args()
    for name in options.only:
        show(name, options.highest, options.states)


if __name__ == "__main__":
    main()
