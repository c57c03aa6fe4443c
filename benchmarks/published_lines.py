"""Lines of water beside published ones: positions, Einstein coefficients and intensities.

    pes-train --config configs/h2o_dipole.yaml
    python benchmarks/published_lines.py [--dipole runs/h2o_dipole]

Published: the ten strongest lines of H2(16)O from 2000 to 2034 cm⁻¹ in HITRAN2016 (I. E. Gordon
et al., J. Quant. Spectrosc. Radiat. Transf. 203, 3 (2017), doi:10.1016/j.jqsrt.2017.06.038), all of
the ν2 band, as the test data of RADIS have them (hitran_2016_H2O_2iso_2000_2100cm.par in the
repository radis/radis on GitHub). They are weak: R lines of high Ka and lines with ΔKa = 3 up to
J = 11, far from the strongest of the band. Intensities there hold the abundance 0.997317 of the
isotopologue.

Positions are by the surface of Polyansky, Jensen and Tennyson (doi:10.1063/1.472501), which was
fitted to observed levels; dipole moments by a fit to CCSD(T)/aug-cc-pVDZ.
"""

import argparse
import resource

import pes

ABUNDANCE = 0.997317

# Position/cm-1, intensity/(cm/molecule) at 296 K, A/s-1, J Ka Kc of the upper and the lower level.
PUBLISHED = (
    (2007.700220, 3.941e-22, 2.703, (9, 5, 5), (8, 4, 4)),
    (2009.333720, 2.153e-22, 0.1167, (8, 2, 6), (7, 1, 7)),
    (2016.797960, 1.243e-21, 3.342, (7, 6, 2), (6, 5, 1)),
    (2016.834730, 3.726e-21, 3.339, (7, 6, 1), (6, 5, 2)),
    (2018.337450, 1.151e-21, 2.545, (9, 5, 4), (8, 4, 5)),
    (2019.070180, 5.984e-22, 0.4181, (9, 3, 6), (8, 2, 7)),
    (2023.030090, 3.925e-22, 2.502, (10, 5, 6), (9, 4, 5)),
    (2026.602170, 1.999e-22, 0.1011, (7, 4, 4), (6, 1, 5)),
    (2027.024100, 7.209e-23, 3.533e-3, (5, 4, 1), (4, 1, 4)),
    (2034.056100, 3.972e-23, 2.436, (11, 5, 7), (10, 4, 6)),
)


def main() -> None:
    """A row for each line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dipole", default="runs/h2o_dipole")
    parser.add_argument("--states", type=int, default=60)
    options = parser.parse_args()
    water = pes.levels("water_pjt1996", count=8)
    rotation = water.rotation(range(17), states=options.states)
    found = pes.line_list(rotation, options.dipole)
    s, table = found.spectrum, found.rotation.table
    (bend,) = (k for k, own in enumerate(rotation.quanta.quanta) if own == (0, 1, 0))
    rows = {
        (_rotor(table[u]), _rotor(table[d])): k
        for k, (u, d) in enumerate(zip(s.upper.tolist(), s.lower.tolist(), strict=True))
        if (table[u]["level"], table[d]["level"]) == (bend, 0)
    }
    print("published/cm-1    diff  A/s-1  relative  S/(cm/molecule)  relative  upper  lower")
    for position, intensity, a, upper, lower in PUBLISHED:
        k = rows[upper, lower]
        of_a = float(s.einstein[k]) / a - 1
        of_s = float(s.intensities[k]) * ABUNDANCE / intensity - 1
        print(
            f"{position:14.4f} {float(s.wavenumbers[k]) - position:7.3f} {a:6.4g} {of_a:9.3f} "
            f"{intensity:16.3e} {of_s:9.3f}  {upper}  {lower}"
        )
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{usage.ru_utime + usage.ru_stime:.0f} CPU-s, {usage.ru_maxrss / 2**20:.2f} GiB")


def _rotor(row: dict[str, object]) -> tuple[object, ...]:
    return row["J"], row["Ka"], row["Kc"]


if __name__ == "__main__":
    main()
