"""Line strengths of water: sum rule, frames and numbers of states, the strongest lines of bands.

    pes-train --config configs/h2o_dipole.yaml
    python benchmarks/spectrum.py [--dipole runs/h2o_dipole] [--states 30 60 120]

Positions by the surface of Polyansky, Jensen and Tennyson (doi:10.1063/1.472501), dipole moments by
a fit to CCSD(T)/aug-cc-pVDZ. Three tables:

- Σ_f S(f ← i) over all states of the contracted basis against (2J + 1) Σ_α ⟨i|μ_α²|i⟩;
- intensities of the ten strongest lines of each band: largest relative difference between two
  frames of the body, and to the most J = 0 states, for numbers of these;
- these lines themselves, their intensities with two estimates: the change from the second to the
  largest number of J = 0 states, and the spread of an ensemble of dipole surfaces.
"""

import argparse
import time
from dataclasses import replace

import torch

import pes
from pes.rovibration.hamiltonian import eigenpairs, hamiltonian
from pes.rovibration.levels import levels_of
from pes.rovibration.lines import strengths
from pes.setup.lines.line_list import LineList
from pes.setup.lines.line_names import level_name

BANDS = {"rotation": (0, 0, 0), "ν2": (0, 1, 0), "ν1": (1, 0, 0), "ν3": (0, 0, 1)}
HIGHEST_J = 10
STRONGEST = 10

Key = tuple[str, str]


def band_lines(found: LineList, quanta: tuple[int, ...]) -> dict[Key, tuple[float, float, float]]:
    """Names of upper and lower level → position, its estimate, intensity; the strongest first."""
    s, table = found.spectrum, found.rotation.table
    labels = found.rotation.quanta.quanta
    upper = next(k for k, own in enumerate(labels) if own == quanta)
    level = torch.tensor([row["level"] for row in table])
    own = ((level[s.upper] == upper) & (level[s.lower] == 0)).nonzero().flatten()
    rows = own[s.intensities[own].argsort(descending=True)]
    return {
        (level_name(table[int(s.upper[k])], found.rotation.quanta.heading),
         level_name(table[int(s.lower[k])], found.rotation.quanta.heading)): (
            float(s.wavenumbers[k]), float(s.uncertainty[k]), float(s.intensities[k])
        )
        for k in rows
    }  # fmt: skip


def sum_rule(found: LineList, j: int = 2) -> float:
    """Largest relative deviation from the sum rule of all levels of one J."""
    basis, whole = found.rotation.basis, {}
    for other in range(j - 1, j + 2):
        energies, vectors = eigenpairs(hamiltonian(basis.coupling, other))
        whole[other] = replace(levels_of(basis, other), energies=energies, vectors=vectors)
    total = sum(strengths(found.moments, final, whole[j]).sum(0) for final in whole.values())
    squares = (found.moments @ found.moments).sum(0)
    vectors = whole[j].vectors.reshape(len(squares), 2 * j + 1, -1)
    expected = (2 * j + 1) * torch.einsum("nks,nm,mks->s", vectors, squares, vectors)
    return float((total / expected - 1).abs().max())


def main() -> None:
    """All tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dipole", default="runs/h2o_dipole")
    parser.add_argument("--states", type=int, nargs="+", default=[30, 60, 120])
    parser.add_argument("--data", default="data/h2o_ccsdt_avdz_dipoles.h5")
    options = parser.parse_args()
    water = pes.levels("water_pjt1996", count=20)
    lists: dict[tuple[str, int], LineList] = {}
    print("frame     states      lines   sum rule, J = 2   CPU-s")
    for number in options.states:
        for frame in ("eckart", "bisector"):
            start = time.process_time()
            rotation = water.rotation(range(HIGHEST_J + 1), states=number, frame=frame)
            found = lists[frame, number] = pes.line_list(rotation, options.dipole)
            count, spent = len(found.spectrum.wavenumbers), time.process_time() - start
            print(f"{frame:<9} {number:6d} {count:10d} {sum_rule(found):17.1e} {spent:7.1f}")
    *_, second, most = options.states
    best = lists["eckart", most]
    print("\nlargest relative difference of the intensities of the ten strongest lines")
    print(f"band      states   between frames   to {most} states")
    for band, quanta in BANDS.items():
        strong = dict(list(band_lines(best, quanta).items())[:STRONGEST])
        for number in options.states:
            one, other = (
                band_lines(lists[frame, number], quanta) for frame in ("eckart", "bisector")
            )
            frames = max(abs(one[k][2] / other[k][2] - 1) for k in strong)
            states = max(abs(one[k][2] / strong[k][2] - 1) for k in strong)
            print(f"{band:<9} {number:6d} {frames:16.1e} {states:15.1e}")
    form = pes.DipoleForm(degree=7, length=4.0, chosen_by="leave_one_out", members=8)
    ensemble = pes.train_dipole(pes.read(options.data), form=form).module
    assert isinstance(ensemble, pes.Ensemble)
    members = [pes.line_list(best.rotation, one) for one in ensemble.members]
    print(f"\ninflation of the spread of the dipole ensemble: {ensemble.inflation:.2f}")
    for band, quanta in BANDS.items():
        print(f"\n{band}: upper <- lower, cm-1, +-, cm/molecule, +- by states, +- by the dipole")
        fewer = band_lines(lists["eckart", second], quanta)
        each = [band_lines(one, quanta) for one in members]
        for key, (nu, error, s) in list(band_lines(best, quanta).items())[:STRONGEST]:
            spread = torch.tensor([own[key][2] for own in each]).std() * ensemble.inflation
            print(
                f"{key[0]:>18} <- {key[1]:<18} {nu:10.4f} {error:7.4f} {s:11.4e} "
                f"{abs(fewer[key][2] - s):8.1e} {float(spread):8.1e}"
            )


if __name__ == "__main__":
    main()
