"""Dipole moments that do not belong to their geometries: another frame, sign or total charge."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.elements import element
from pes.potential.dipole import DipoleSurface
from pes.training.dipole import dipole_fits
from pes.units import DEBYE

__all__ = ["ELECTRONEGATIVITY", "check_dipoles", "sign_doubt"]

DEGREE = 2
"""Degree of the polynomials with which the labels are compared."""

POINTS = 1000
"""Largest number of points that are checked."""

SHARE = 0.3
"""Residual of that fit relative to the dipole moments from which they are of another frame: points
up to half of a bond energy leave a tenth, labels that do not turn with the atoms nearly all."""

SMALL = 0.05 * DEBYE
"""Residual that raises no doubt: molecules whose dipole moment is nearly zero."""

CHARGE = 0.1
"""Difference of the total charge from that of the labels which is refused, e."""

APART = 0.05
"""Width (bohr) to which the places of the molecules must differ for their charge to show."""

ELECTRONEGATIVITY = {
    "H": 2.20, "Li": 0.98, "Be": 1.57, "B": 2.04, "C": 2.55, "N": 3.04, "O": 3.44, "F": 3.98,
    "Na": 0.93, "Mg": 1.31, "Al": 1.61, "Si": 1.90, "P": 2.19, "S": 2.58, "Cl": 3.16, "K": 0.82,
    "Ca": 1.00, "Ge": 2.01, "As": 2.18, "Se": 2.55, "Br": 2.96, "I": 2.66,
}  # fmt: skip
"""Pauling's scale (L. Pauling, J. Am. Chem. Soc. 54, 3570 (1932), doi:10.1021/ja01348a011)."""

POLAR = 0.4
"""Electronegativity times bohr, and debye, below which the sense of a dipole is not judged."""


def check_dipoles(symbols: Sequence[str], positions: Tensor, dipoles: Tensor, charge: int) -> None:
    """Refuse dipole moments that no surface of this total charge can describe.

    A surface of low degree is fitted with one number more, a dipole moment along the mean of the
    positions: it is what a wrong total charge leaves where the molecule lies in several places.

    Args:
        symbols: isotopes of N atoms.
        positions: (B, N, 3) in bohr.
        dipoles: (B, 3) in e·bohr.
        charge: total charge, e.

    Raises:
        ValueError: for labels in another frame than the positions, or of another charge.
    """
    x, labels = _some(positions), _some(dipoles)
    form = DipoleSurface([element(s) for s in symbols], DEGREE, charge=charge)
    weights = torch.ones_like(labels[:, 0])
    surface = dipole_fits(form, x, labels, weights).surface(1e-10)
    with torch.no_grad():
        residual = labels - surface(x)
    extra, rest = _charge_beyond(form, x, residual)
    size, left, less = (_size(v) for v in (labels, residual, residual - extra * rest))
    if abs(extra) > CHARGE and less < max(SMALL, SHARE * size):
        raise ValueError(
            f"the dipole moments change with the place of the molecule as for a total charge of "
            f"{round(charge + extra, 2) + 0.0:g} e, not {charge}; set `surface.charge`, or take "
            "dipole moments from the origin of the positions"
        )
    if left > max(SMALL, SHARE * size):
        raise ValueError(
            f"the dipole moments do not turn with the positions: {left / DEBYE:.2f} of "
            f"{size / DEBYE:.2f} debye (root mean square) remain after a fit; they may be of "
            "another frame, such as the standard orientation of a program, or in another order"
        )


def sign_doubt(symbols: Sequence[str], positions: Tensor, dipoles: Tensor) -> str | None:
    """A warning where dipole moments point to the electronegative atoms, in words.

    A dipole moment points from negative to positive charge. It is not certainly an error: carbon
    monoxide does so.
    """
    known = [ELECTRONEGATIVITY.get(element(s)) for s in symbols]
    if None in known:
        return None
    x, labels = _some(positions), _some(dipoles)
    chi = torch.tensor(known, dtype=x.dtype, device=x.device)
    expected = torch.einsum("a,bai->bi", chi.mean() - chi, x)
    size = float(labels.norm(dim=1).mean()) / DEBYE
    if min(float(expected.norm(dim=1).mean()), size) < POLAR:
        return None
    together = (expected * labels).sum() / (expected.norm() * labels.norm())
    if float(together) > -0.5:
        return None
    return (
        "the dipole moments point to the more electronegative atoms: if their sign is that of "
        "another convention, reverse it (they point from negative to positive charge here)"
    )


def _some(values: Tensor) -> Tensor:
    return values[:: -(-len(values) // POINTS)]


def _size(vectors: Tensor) -> float:
    """Root mean square length of vectors (B, 3)."""
    return float(vectors.square().sum(1).mean().sqrt())


def _charge_beyond(form: DipoleSurface, x: Tensor, residual: Tensor) -> tuple[float, Tensor]:
    """Charge (e) that the labels have beyond that of the form, from what a fit of it leaves.

    The part of the means of the positions that the form can describe is left out of them: all of
    it where the origin is a place in the molecule, and no charge shows.

    Returns:
        The charge, and what is left of the means, (B, 3) in bohr.
    """
    middle = x.mean(1)
    bare = DipoleSurface.from_settings({**form.settings, "charge": 0})
    own = dipole_fits(bare, x, middle, torch.ones_like(middle[:, 0])).surface(1e-10)
    with torch.no_grad():
        rest = middle - own(x)
    if _size(rest) < APART:
        return 0.0, rest
    return float((rest * residual).sum() / rest.square().sum()), rest
