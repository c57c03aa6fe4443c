"""Names of bands and of levels with rotation, as spectroscopists write them."""

from collections.abc import Mapping

from pes.setup.labels.labels import LevelLabels

__all__ = ["band_name", "level_name"]


def band_name(labels: LevelLabels, upper: int, lower: int) -> str:
    """Name of a band: `ν1+2ν2`, `2ν2−ν2`, or `rotation` within one vibrational state.

    The bend of a linear triatomic has its l: `ν1+2ν2^0`.
    """
    if upper == lower == 0:
        return "rotation"
    names = [_modes(labels, state) for state in (upper, lower)]
    return names[0] if lower == 0 else "−".join(names)


def _modes(labels: LevelLabels, state: int) -> str:
    quanta = labels.quanta[state]
    if quanta is None or not labels.heading.startswith("v1"):
        return f"({labels.text(state)})"
    turning = f"^{labels.momenta[state]}" if labels.momenta else ""
    excited = (
        f"{n if n > 1 else ''}ν{k}{turning if k == 2 else ''}" for k, n in enumerate(quanta, 1) if n
    )
    return "+".join(excited) or "0"


def level_name(row: Mapping[str, object], heading: str) -> str:
    """Label of a level with rotation, for example `(0 1 0) 1_1,1`, from its row of the table.

    A symmetric top has J and K: `(0 1 0) J = 2, K = 1`; a spherical one counts the levels of a
    species: `(0 0 0 0) J = 2, F2, n = 1`.

    Args:
        row: row of the table of levels with rotation.
        heading: heading of its column of vibrational quanta.
    """
    if "n" in row:
        return f"({row[heading]}) J = {row['J']}, {row['irrep']}, n = {row['n']}"
    if "K" in row:
        return f"({row[heading]}) J = {row['J']}, K = {row['K']}"
    return f"({row[heading]}) {row['J']}_{row['Ka']},{row['Kc']}"
