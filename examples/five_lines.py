"""From a trained surface to levels and their derivatives.

python examples/five_lines.py runs/h2o/surface.safetensors
"""

import sys

import pes
from pes.units import AMU, ANGSTROM, CM1, DEGREE

# Ranges in bohr and radians, contracted functions, quadrature points, primitive functions.
STRETCHES = [
    pes.BasisSpec("sinc", 0.65 * ANGSTROM, 1.5 * ANGSTROM, 8, 14, name=name)
    for name in ("r1", "r2")
]
BEND = pes.BasisSpec("legendre", 50 * DEGREE, 180 * DEGREE, 10, 15, 40, name="theta")

surface, record = pes.load(sys.argv[1])
masses = pes.Molecule(record.symbols).masses.requires_grad_()
system = pes.molecular(surface, pes.Valence().to_positions, masses)
found = pes.vibrational_levels(system, [*STRETCHES, BEND], 5)
by_mass, *by_weight = pes.sensitivity(found, [masses, *surface.parameters()])

print(f"zero-point energy {found.zero_point_energy / CM1:.2f} cm-1")
for n, energy in enumerate(found.excitations / CM1):
    error = float(found.convergence[n]) / CM1
    slopes = ", ".join(f"{s:.3f}" for s in by_mass[n] / CM1 * AMU)
    print(f"{n} {float(energy):10.3f} +- {error:.3f} cm-1   dE/dm {slopes} cm-1/u")
count = sum(slopes[0].numel() for slopes in by_weight)
print(f"and the derivatives of each by {count} parameters of the surface")
