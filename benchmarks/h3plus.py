"""Levels of H3+ on a published surface, beside those of DVR3D.

    python benchmarks/h3plus.py [--estimates]

The surface is fit 2 of O. L. Polyansky, R. Prosmiti, W. Klopper, J. Tennyson, Mol. Phys. 98, 261
(2000), doi:10.1080/00268970009483290, without its long-range parts, which begin where no point
below the cap lies. The levels compared are those of odd symmetry under exchange of two nuclei that
come with DVR3D (github.com/ExoMol/dvr3d, H3+Jacobi/results/result.H3p.J0.dvr and
H3+Radau/results/result.H3p_J0.dvr), for three masses of 1.007537 u.

Three like nuclei make the bend, an E pair, exactly degenerate, and coordinates that single out one
pair of nuclei do not show it. So the splitting of each pair measures the error here, beside the
difference from DVR3D; a level without a partner is A2.
"""

import argparse
import os
import time
from collections.abc import Sequence
from itertools import permutations

parser = argparse.ArgumentParser(description="Levels of H3+ beside those of DVR3D.")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
parser.add_argument("--estimates", action="store_true", help="with three larger runs")
OPTIONS = parser.parse_args()
THREADS = str(OPTIONS.threads)
# Read once, when NumPy and torch load.
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from pes.coordinates import Jacobi  # noqa: E402
from pes.units import AMU, CM1  # noqa: E402
from pes.vibration import BasisSpec, molecular, vibrational_levels  # noqa: E402

MASS = 1.007537 * AMU
# Hartree: Jacobi and Radau coordinates, odd under exchange, J = 0.
DVR3D = {
    "Jacobi": [
        0.0313630673207, 0.0426464125691, 0.0451852873084, 0.0517927951675, 0.0540141438668,
        0.0557360196956, 0.0585556154265,
    ],
    "Radau": [
        0.0313630712212, 0.0426464295183, 0.0451853021394, 0.0517928173305, 0.0540142056815,
        0.0557360652746, 0.0585556587982,
    ],
}  # fmt: skip
COUNT = 19

COORDINATES = (
    BasisSpec("sinc", 0.55, 3.7, 20, points=26, primitives=70, name="r"),
    BasisSpec("sinc", 0.02, 3.3, 20, points=28, primitives=80, name="R"),
    BasisSpec("legendre", 0, torch.pi, 24, points=32, primitives=80, name="theta"),
)
NEAR = torch.tensor([1.65, 1.43, torch.pi / 2], dtype=torch.float64)

# Exponents of the symmetric sums Σ P1^i P2^j P3^k of the many-body terms, in their order.
SUMS = (
    (1, 0, 0), (2, 0, 0), (1, 1, 0), (3, 0, 0), (2, 1, 0), (1, 1, 1), (4, 0, 0), (3, 1, 0),
    (2, 2, 0), (2, 1, 1), (5, 0, 0), (4, 1, 0), (3, 2, 0), (3, 1, 1), (2, 2, 1), (6, 0, 0),
    (5, 1, 0), (4, 2, 0), (3, 3, 0), (4, 1, 1), (3, 2, 1), (2, 2, 2), (7, 0, 0), (5, 2, 0),
    (6, 1, 0), (5, 1, 1), (4, 3, 0), (4, 2, 1), (3, 3, 1), (3, 2, 2),
)  # fmt: skip
# Of each electronic state: three-body coefficients, V0 (eV), R0 (Å), γ (1/Å).
FIRST = ((
    -0.571408, 0.506482, -1.390376, -0.067676, 0.269395, 0.506843, -1.112170, 1.367337, -0.505933,
    -0.293975, 1.067224, -0.703635, -0.361988, -0.794325, -0.077245, -0.399357, 0.097876, 1.005771,
    -1.435035, -0.500318, 1.142223, -3.552668, 0.013631, -0.477215, 0.176966, -0.352025, 0.289533,
    0.201800, -0.294577, 0.170270,
), 3.782643, 0.89175599, 0.820040)  # fmt: skip
SECOND = (
    (0.0393, -0.0035, 0.0711, 0.0269, 0.0078, 0.1452, 0.0097, -0.0318, 0.0234, 0.0305),
    10.2785, 1.5358, 1.5027,
)  # fmt: skip
COUPLING = (
    (0.3192, -0.7084, -0.2253, 0.9527, 0.1778, 0.0597, -0.5182, -0.1000, 0.1582, 0.0426),
    0.3878, 1.1783, 2.1492,
)  # fmt: skip
# Diatomic curves: depth (eV), r_e (Å), and the polynomial of the extended Rydberg function.
H2 = (4.73379, 0.7408, 4.38128657, 6.12491079, 5.99581549)
H2_ION = (2.792820072, 1.05835, 3.09142103, 3.4386363, 2.70834046)
# The surface was fitted with these.
OWN_ANGSTROM, OWN_EV, OWN_CM1 = 1 / 0.52917706, 0.036749, 1 / 219474.6354
# Near the minimum: S_a^n S^(m+k) cos kφ of total degree 0 to 12, cm⁻¹.
WELL = (
    -0.087789852, 0.98045682, 44864.41269, 21476.84833, -10851.63608, -51590.2709, -7204.4524,
    5829.603497, 52139.88524, 21815.41705, -169.8098455, 637.9898341, -32129.45288, -28540.41255,
    -2878.831201, 363.2206034, -2329.206071, 15281.97447, 21353.68336, 9764.910178, 399.6016332,
    56.90514503, 4.871752983, -8406.165782, -4778.100604, -12375.47595, -13632.50888, -3939.977682,
    -501.9498256, -257.2286076, -10.65931215, 16786.79531, 6419.982177, 14318.43234, 14420.94969,
    9337.455963, 1124.258252, 866.4016246, -37.10320237, -26.3356168, 1.808227334, 20981.73391,
    -7708.894559, -12335.83598, -16641.8539, -12336.83354, -802.6889977, -1360.451838, 114.1768807,
    303.0208632, 123.5641465, 13.70748335, 0.085017887, -37925.14149, -8082.294389, -11659.72527,
    -3844.084482, -5892.174876, -1023.092602, 1231.687805, 950.0774708, -522.5815229, -388.9429905,
    -9.834074368, 2.756489421, -2.363427916, -5.380949488, -17044.04289, 6625.762365, 19679.34106,
    36270.14125, 32713.47521, 5834.930375, -1089.532875, -783.2395159, -104.7708236, 546.8593236,
    -273.7888178, -16.56040114, -20.8278439, -10.33875408, -2.580694632, 0.013348447, 29519.49476,
    5046.99291, -4009.477109, -23426.87491, -21373.81002, -5816.439009, 790.8732935, -672.0810895,
    442.1395696, -329.8193608, 340.1812585, 15.70723083, 30.39865845, 22.11444588, 3.282330882,
)  # fmt: skip


def potential(positions: Tensor) -> Tensor:
    """V (B,) in hartree of positions (B, 3, 3): a well joined to a global form at 33,000 cm⁻¹."""
    pairs = ((1, 2), (0, 2), (0, 1))
    r = [(positions[:, a] - positions[:, b]).norm(dim=-1) for a, b in pairs]
    outside, dissociation, saddle = _everywhere(r), 0.169361, 0.131126703
    middle = (dissociation + saddle) / 2
    above = outside - middle
    switch = torch.tanh((1.14877995 / (middle - saddle) + 1.1e5 * above**2) * above)
    return (1 + switch) / 2 * outside + (1 - switch) / 2 * _well(r)


def _well(r: Sequence[Tensor]) -> Tensor:
    displacement = [x - 1.65 for x in r]
    y = [-torch.expm1(-1.3 / 1.65 * d) / 1.3 for d in displacement]
    breathing = (y[0] + y[1] + y[2]) / 3**0.5
    across = (2 * displacement[2] - displacement[0] - displacement[1]) / 6**0.5
    along = (displacement[1] - displacement[0]) / 2**0.5
    square, turns = across**2 + along**2, torch.complex(across, along)
    total, coefficients = torch.zeros_like(breathing), iter(WELL)
    for order in range(13):
        for n in range(order, -1, -1):
            for k in range(0, order - n + 1, 3):
                m = order - n - k
                if m % 2 == 0 and (c := next(coefficients, None)) is not None:
                    total = total + c * breathing**n * square ** (m // 2) * (turns**k).real
    return total * OWN_CM1


def _everywhere(r: Sequence[Tensor]) -> Tensor:
    """The lower of two diabatic states of diatomics and three-body terms."""
    lengths = [x / OWN_ANGSTROM for x in r]
    first = _rydberg(H2, lengths) + _three_body(FIRST, lengths)
    second = _rydberg(H2_ION, lengths) + _three_body(SECOND, lengths)
    gap = torch.sqrt((first - second) ** 2 + 4 * _three_body(COUPLING, lengths) ** 2)
    return ((first + second - gap) / 2 + 9.342357355) * OWN_EV


def _rydberg(curve: tuple[float, ...], lengths: Sequence[Tensor]) -> Tensor:
    depth, equilibrium, a1, a2, a3 = curve
    d = torch.stack(tuple(lengths)) - equilibrium
    return (-depth * (1 + d * (a1 + d * (a2 + d * a3))) * torch.exp(-a1 * d)).sum(0)


def _three_body(
    term: tuple[tuple[float, ...], float, float, float], lengths: Sequence[Tensor]
) -> Tensor:
    coefficients, size, reference, decay = term
    p = [x - reference for x in lengths]
    polynomial = torch.ones_like(p[0])
    for c, exponents in zip(coefficients, SUMS, strict=False):
        for i, j, k in set(permutations(exponents)):
            polynomial = polynomial + c * p[0] ** i * p[1] ** j * p[2] ** k
    damping = torch.stack([1 - torch.tanh(decay * x / 2) for x in p]).prod(0)
    return polynomial * size * damping


def main() -> None:
    """Compute, and print each level of odd symmetry with its partner beside DVR3D's."""
    torch.set_num_threads(OPTIONS.threads)
    system = molecular(
        potential, Jacobi(0, (1, 2)).to_positions, torch.full((3,), MASS, dtype=torch.float64)
    )
    started = time.process_time()
    found = vibrational_levels(
        system, COORDINATES, COUNT, reference=NEAR, convergence=OPTIONS.estimates and "larger"
    )
    used = time.process_time() - started
    energies, estimates = found.energies / CM1, found.convergence / CM1
    print("absolute energies in cm-1; split: of the E pair that DVR3D's odd level belongs to")
    print(
        f"{'odd level':>12}{'split':>9}{'estimate':>10}{'- DVR3D Jacobi':>16}{'- DVR3D Radau':>15}"
    )
    for jacobi, radau in zip(DVR3D["Jacobi"], DVR3D["Radau"], strict=True):
        pair = (energies - jacobi / CM1).abs().argsort()[:2]
        odd = pair[0]
        split = float((energies[pair[1]] - energies[odd]).abs())
        partner = f"{split:9.4f}" if split < 1 else f"{'A2':>9}"
        print(
            f"{float(energies[odd]):12.4f}{partner}{float(estimates[odd]):10.4f}"
            f"{float(energies[odd]) - jacobi / CM1:16.4f}{float(energies[odd]) - radau / CM1:15.4f}"
        )
    print(f"{found.hamiltonian.size} functions, {used:.1f} s CPU, {THREADS} threads")


if __name__ == "__main__":
    main()
