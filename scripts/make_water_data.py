"""Compute the water data sets of `data/` again: `python scripts/make_water_data.py energies`.

Needs the extra `abinitio`. A killed run continues where it stopped when called again.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pes.coordinates.valence import Valence
from pes.data import write
from pes.data.assembly import assembled, failures
from pes.data.electronic_structure import ccsd_t, optimised, provenance
from pes.data.generation import run_journal
from pes.data.sampling import accepted_samples
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1, DEGREE

ELEMENTS = ("O", "H", "H")
# Å, Å, degrees: wide enough for 30,000 cm⁻¹, inside the range where the cheap surface is sound.
RANGES = ((0.70, 1.75), (0.70, 1.75), (40.0, 180.0))
SETS = {
    "energies": {
        "file": "h2o_ccsdt_vtz.h5", "basis": "cc-pVTZ", "gradient": False,
        "count": 1350, "energy_max": 30000.0, "offset": 1000.0, "seed": 2026,
    },
    "forces": {
        "file": "h2o_ccsdt_vdz_forces.h5", "basis": "cc-pVDZ", "gradient": True,
        "count": 400, "energy_max": 25000.0, "offset": 1000.0, "seed": 2027,
    },
}  # fmt: skip
SAMPLING = {
    "sequence": "Sobol, scrambled",
    "surface": "WaterPJT (J. Chem. Phys. 105, 6490 (1996))",
    "acceptance": "(energy_max - V + offset) / (energy_max + offset)",
    "ranges_angstrom_angstrom_degrees": RANGES,
    "energies_in": "cm-1",
}
SAMPLED = ("count", "energy_max", "offset", "seed")


def geometries(settings: Mapping[str, Any]) -> torch.Tensor:
    """Positions (count + 1, 3, 3) in bohr, the minimum of the cheap surface first."""
    surface, valence = WaterPJT().requires_grad_(False), Valence()
    to_bohr = torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
    q = accepted_samples(
        lambda q: surface(valence.to_positions(q)),
        [tuple((to_bohr[k] * torch.tensor(r)).tolist()) for k, r in enumerate(RANGES)],
        settings["count"],
        energy_max=settings["energy_max"] * CM1,
        offset=settings["offset"] * CM1,
        seed=settings["seed"],
    )
    start = torch.stack((surface.r_e, surface.r_e, surface.alpha_e))
    return valence.to_positions(torch.cat((start[None], q)))


def point(item: tuple[bool, list], basis: str, gradient: bool) -> dict[str, Any]:
    """One record; the geometry is first brought to the minimum if the item says so."""
    optimise, positions = item
    if optimise:
        positions = optimised(ELEMENTS, positions, basis).tolist()
    return {"positions": positions, **ccsd_t(ELEMENTS, positions, basis, gradient=gradient)}


def write_dataset(
    target: Path, records: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> None:
    """Write the successful points, the minimum first; name the failed ones.

    Raises:
        ValueError: if the minimum itself was not found, which nothing can replace.
    """
    failed = failures(records)
    for failure in failed:
        print(f"row {failure['row']} failed: {failure['reason']}", file=sys.stderr)
    if failed and failed[0]["row"] == 0:
        raise ValueError(
            f"the minimum was not found; remove the line of row 0 from "
            f"{target.with_suffix('.journal.jsonl')} and run again"
        )
    known = {
        **provenance(settings["basis"]),
        "dipoles": "of the SCF wavefunction, in the frame of the positions",
        "row_0": "minimum of this method, optimised",
        "sampling": json.dumps({**SAMPLING, **{k: settings[k] for k in SAMPLED}}),
        "failed_points": json.dumps(failed),
        "date": date.today().isoformat(),
    }
    write(target, assembled(records, ELEMENTS, known))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("data"))
    arguments = parser.parse_args()
    settings = SETS[arguments.set]
    target = arguments.folder / settings["file"]
    items = [(row == 0, x.tolist()) for row, x in enumerate(geometries(settings))]
    records = run_journal(
        partial(point, basis=settings["basis"], gradient=settings["gradient"]),
        items,
        target.with_suffix(".journal.jsonl"),
        {**settings, "ranges": RANGES, **provenance(settings["basis"])},
        workers=arguments.workers,
    )
    write_dataset(target, records, settings)


if __name__ == "__main__":
    main()
