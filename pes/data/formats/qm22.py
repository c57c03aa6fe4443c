"""XYZ of MSA and QM-22: number of atoms, a line with the energy, atoms with +gradients."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.compressed import opened_text
from pes.data.formats.frames import frames, numbers
from pes.data.formats.points import points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, unit_factor
from pes.files import replaced

__all__ = ["is_qm22", "read_qm22", "write_qm22"]

FIXED = {"length": "angstrom", "energy": "hartree", "forces": "hartree/bohr"}


def is_qm22(path: Path, _request: Request) -> bool:
    """Whether the first comment line begins with a number."""
    with opened_text(path) as lines:
        next(lines, "")
        words = next(lines, "").split()
    try:
        return len(numbers(words[:1])) == 1
    except ValueError:
        return False


def read_qm22(path: Path, request: Request) -> Iterator[Dataset]:
    """Energy in hartree, positions in Å and, in three more columns, +gradients in hartree/bohr.

    Three further numbers on the energy's line are a dipole; its unit must be stated.

    Raises:
        ValueError: naming the frame that cannot be read.

    References:
        J. M. Bowman et al., J. Chem. Phys. 156, 240901 (2022), doi:10.1063/5.0089200
    """
    stated = file_units(request.units, FIXED)
    if "dipole" not in request.units:
        del stated["dipole"]
    with opened_text(path) as lines:
        for some in frames(lines):
            energies = _energies(some.comments, some.first)
            arrays, keys = {"energy": energies[:, 0]}, {"energy": "energy"}
            if energies.shape[1] == 4:
                arrays["dipole"], keys["dipole"] = energies[:, 1:], "dipole"
            if some.width not in (3, 6):
                raise ValueError(
                    f"frame {some.first}: an atom has 3 or 6 numbers after its symbol (position, "
                    f"gradient), got {some.width}"
                )
            if some.width == 6:
                arrays["gradients"], keys["gradients"] = some.column(3, 3), "gradients"
            yield points(
                path, "MSA/QM-22 XYZ", request.isotopes(some.symbols), some.column(0, 3), arrays,
                keys=keys, units=stated, first_row=some.first,
            )  # fmt: skip


def _energies(comments: Iterable[str], first: int) -> np.ndarray:
    """(B, 1) energies, or (B, 4) with dipoles behind them."""
    rows: list[list[str]] = [comment.split() for comment in comments]
    width = len(rows[0])
    for k, words in enumerate(rows):
        if len(words) != width or width not in (1, 4):
            raise ValueError(
                f"frame {first + k}: the line of the energy holds 1 number, or 4 with a dipole, in "
                f"all frames alike; got {' '.join(words)[:60]!r}"
            )
    try:
        return numbers([word for words in rows for word in words]).reshape(-1, width)
    except ValueError as error:
        raise ValueError(f"energy of a frame from {first} on: {error}") from None


def write_qm22(path: Path, parts: Iterable[Dataset]) -> None:
    """Write hartree, Å and +gradients in hartree/bohr with every digit, dipoles in e·bohr.

    Columns and provenance have no place in this format and stay behind.
    """
    length = unit_factor(file_units({}, FIXED), "length")
    with replaced(path) as temporary, temporary.open("w") as file:
        for part in parts:
            table = part.positions / length
            for k in range(len(part)):
                line = [float(part.energies[k])]
                line += [] if part.dipoles is None else part.dipoles[k].tolist()
                rows = [str(len(part.symbols)), " ".join(map(repr, line))]
                for a, symbol in enumerate(part.symbols):
                    values = table[k, a].tolist()
                    values += [] if part.forces is None else (-part.forces[k, a]).tolist()
                    rows.append(f"{symbol} {' '.join(map(repr, values))}")
                file.write("\n".join([*rows, ""]))
