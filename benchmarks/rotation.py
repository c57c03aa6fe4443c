"""Levels with rotation: water against another program, frames against each other, growth with J.

    python benchmarks/rotation.py [--j 10] [--states 60 120]
    python benchmarks/rotation.py --only ammonia_model hydrogen_peroxide_model
    python benchmarks/rotation.py --linear

Three tables for the water surface of Polyansky, Jensen and Tennyson (doi:10.1063/1.472501):

- J = 1, 2, 3 of the ground state, difference to levels of a prototype of another make, in three
  frames and two numbers of J = 0 states;
- for each J: levels below 10,000 cm⁻¹ above the ground state, largest estimate, CPU-s, memory;
- a line list of these levels with point charges as the dipole: lines, CPU-s, and the sum rule
  Σ_f S(f ← i) = (2J + 1) Σ_α ⟨i|μ_α²|i⟩ for J = 2.

With --only: levels with J = 1 and 2 of the two lowest states of models that are not planar and
have two wells, in a frame whose reference follows the large motion and in another one: for ammonia
that of the coordinates, whose axis is the umbrella's; for hydrogen peroxide axes that halve the
dihedral.

With --linear: levels with J = 0 to 3 and l = 0 to 3 of linear models, in valence against Jacobi or
Radau coordinates, and the l-type doubling of ν2 of CO2 against the formula of H. H. Nielsen
(Rev. Mod. Phys. 23, 90 (1951)), q = (2B²/ω2) [1 + 4 ω2²/(ω3² − ω2²)].
"""

import argparse
import resource
import time
from dataclasses import replace

import torch
from reference_levels import Engine, peroxide, umbrella

import pes
from pes.rovibration import contract_states
from pes.rovibration.hamiltonian import eigenpairs, hamiltonian
from pes.rovibration.levels import levels_of
from pes.rovibration.lines import strengths
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.lines.line_list import line_list
from pes.units import CM1

KNOWN = {
    1: (23.7912, 37.1402, 42.3726),
    2: (70.0828, 79.4952, 95.1684, 134.9119, 136.1728),
    3: (136.7488, 142.2718, 173.3469, 206.3021, 212.1512, 285.2415, 285.4404),
}
"""Levels of a prototype with 120 states, cm⁻¹ above the J = 0 ground state."""

HIGHEST = 10000.0

SECOND = {"ammonia_model": "embedded", "hydrogen_peroxide_model": "bisector"}
"""Frame that the one with a flexible reference is compared with."""

BASES = {
    "ammonia_model": (umbrella(11500, 0, (0.70, 1.5), ((4, 5), (14, 16), (7, 8))), 180),
    "hydrogen_peroxide_model": (peroxide(9000, (8, 9), (4, 5), (7, 8), 21), 120),
}
"""Bases in which levels with J = 0 are good to a few cm⁻¹, and J = 0 states that are contracted."""

CHARGES = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)


def point_charges(positions: torch.Tensor) -> torch.Tensor:
    """Dipole moment (P, 3) in e·bohr."""
    return torch.einsum("a,pai->pi", CHARGES, positions)


def compare(water: pes.LevelsResult, states: list[int]) -> None:
    """Largest difference to the known levels, and how many lie outside their estimates."""
    print("frame           states   largest difference   outside   largest estimate   CPU-s")
    for frame in ("eckart", "bisector", "linear", "embedded"):
        for number in states:
            start = time.process_time()
            turning = water.rotation(KNOWN, states=number, frame=frame)
            errors, estimates = [], []
            for one in turning.levels:
                own = one.vibration == 0
                excitations = (one.energies[own] - turning.ground) / CM1
                errors += (excitations - torch.tensor(KNOWN[one.j])).abs().tolist()
                estimates += (one.convergence[own] / CM1).tolist()
            # The known levels end with the fourth digit.
            outside = sum(e > c + 1e-4 for e, c in zip(errors, estimates, strict=True))
            print(
                f"{frame:<15} {number:6d} {max(errors):20.5f} {outside:9d} {max(estimates):18.5f} "
                f"{time.process_time() - start:7.1f}"
            )


def grow(water: pes.LevelsResult, highest: int, states: int) -> None:
    """Levels, estimates, time and memory with J."""
    basis = contract_states(water.levels, states=states)
    ground = float(basis.levels.energies[0])
    print("\n J   levels below 10,000 cm-1   largest estimate   left out   CPU-s   peak MiB")
    for j in range(highest + 1):
        start = time.process_time()
        one = levels_of(basis, j)
        low = (one.energies - ground) / CM1 < HIGHEST
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{j:2d} {int(low.sum()):26d} {float(one.convergence[low].max()) / CM1:18.4f} "
            f"{one.left_out:10d} {time.process_time() - start:7.2f} {peak:10.0f}"
        )


def list_lines(water: pes.LevelsResult, highest: int, states: int) -> None:
    """Lines, their time, and the sum rule."""
    start = time.process_time()
    found = line_list(water.rotation(range(highest + 1), states=states), point_charges)
    count = len(found.spectrum.wavenumbers)
    print(f"\n{count} lines, J to {highest}: {time.process_time() - start:.1f} CPU-s")
    print("\n".join(found.lines()))
    basis = found.rotation.basis
    whole = {}
    for j in (1, 2, 3):
        energies, vectors = eigenpairs(hamiltonian(basis.coupling, j))
        whole[j] = replace(levels_of(basis, j), energies=energies, vectors=vectors)
    total = sum(strengths(found.moments, final, whole[2]).sum(0) for final in whole.values())
    squares = (found.moments @ found.moments).sum(0)
    vectors = whole[2].vectors.reshape(len(squares), 5, -1)
    expected = 5 * torch.einsum("nks,nm,mks->s", vectors, squares, vectors)
    print(f"sum rule, J = 2: {float((total / expected - 1).abs().max()):.1e} relative")


def compare_frames(name: str, states: list[int], engine: Engine) -> None:
    """Levels of a molecule that is not planar in two frames, and how many disagree."""
    levels = engine.calculation(name, 2)
    print(f"\n{name}, {levels.hamiltonian.size} functions; cm-1 above the ground state, +-")
    for number in states:
        columns, start = [], time.process_time()
        for frame in ("flexible", SECOND[name]):
            basis = contract_states(levels, states=number, frame=frame)
            ground = float(levels.energies[0])
            rows = [levels_of(basis, j) for j in (1, 2)]
            # A degenerate level is one row where its species is known, and else two.
            energies, estimates = (
                torch.cat(
                    [v.repeat_interleave(one.degeneracies) for v, one in zip(x, rows, strict=True)]
                )
                for x in (
                    [(one.energies - ground) / CM1 for one in rows],
                    [one.changes.sum(0) / CM1 for one in rows],
                )
            )
            columns.append((energies, estimates))
            used = len(basis.coupling.energies)
            print(f"{frame}: {used} of {number} states, {time.process_time() - start:.0f} CPU-s")
        (one, first), (other, second) = columns
        for row in torch.stack([one, first, other, second], 1).tolist():
            print("  {:10.4f} {:8.4f} {:10.4f} {:8.4f}".format(*row))
        apart = (one - other).abs()
        outside = int((apart > first + second).sum())
        split = len(rows[0].energies.repeat_interleave(rows[0].degeneracies))
        print(
            f"  largest difference {float(apart[:split].max()):.4f} (J = 1), "
            f"{float(apart.max()):.4f}, outside both estimates {outside}"
        )


def linear(count: int = 4, states: int = 60) -> None:
    """Linear models in two kinds of coordinates, and l-type doubling."""
    pairs = (
        ("carbon_dioxide_model", ("valence", "radau")),
        ("carbonyl_sulfide_model", ("valence", "jacobi")),
    )
    for name, kinds in pairs:
        tables, start = [], time.process_time()
        for kind in kinds:
            made = pes.levels(
                name, count=count, accuracy=1e-4, coordinates=CoordinateRequest(kind=kind)
            )
            rows = made.rotation(range(4), states=states).table
            tables.append({(r["J"], r["Ka"], r["Kc"], r["level"]): r for r in rows})
        one, other = tables
        apart = {key: abs(one[key]["energy"] - other[key]["energy"]) for key in one}
        said = {key: one[key]["convergence"] + other[key]["convergence"] for key in one}
        outside = sum(apart[key] > said[key] + 1e-6 for key in one)
        print(
            f"{name}: {len(one)} levels, largest difference {max(apart.values()):.5f}, largest sum "
            f"of estimates {max(said.values()):.4f}, outside {outside}, "
            f"{time.process_time() - start:.0f} CPU-s"
        )
        if name == "carbon_dioxide_model":
            doubling(one, states)


def doubling(rows: dict, first: int) -> None:
    """l-type doubling of the lowest state with l = 1, and the formula."""
    energy = {key: row["energy"] for key, row in rows.items()}
    b = energy[1, 0, 1, 0] / 2
    antisymmetric = energy[0, 0, 0, 3]
    for j in (1, 2, 3):
        upper, lower = energy[j, 1, j - 1, first], energy[j, 1, j, first]
        bend = (upper + lower) / 2 - b * (j * (j + 1) - 1)
        formula = 2 * b**2 / bend * (1 + 4 * bend**2 / (antisymmetric**2 - bend**2))
        print(f"  J = {j}: q = {(upper - lower) / (j * (j + 1)):.6f}, formula {formula:.6f} cm-1")


def main() -> None:
    """All tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--linear", action="store_true")
    parser.add_argument("--only", nargs="+", choices=("ammonia_model", "hydrogen_peroxide_model"))
    parser.add_argument("--j", type=int, default=10)
    parser.add_argument("--states", type=int, nargs="+", help="J = 0 states; default 60 120")
    options = parser.parse_args()
    if options.linear:
        linear()
        return
    if options.only:
        for name in options.only:
            engine, number = BASES[name]
            compare_frames(name, options.states or [number], engine)
        return
    start = time.process_time()
    water = pes.levels("water_pjt1996", count=20)
    print(
        f"{water!r}: {time.process_time() - start:.1f} CPU-s, {torch.get_num_threads()} threads\n"
    )
    states = options.states or [60, 120]
    compare(water, states)
    grow(water, options.j, states[-1])
    list_lines(water, options.j, states[-1])


if __name__ == "__main__":
    main()
