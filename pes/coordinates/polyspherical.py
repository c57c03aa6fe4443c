"""Polyspherical coordinates: N − 1 vectors of any kind by lengths, polar angles and azimuths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.internal import Direct
from pes.coordinates.vectors import angle, dihedral

__all__ = ["RADAU", "Polyspherical"]

RADAU = "radau"
"""Begins an end of a vector that is the canonical point of a centre and its satellites."""

End = int | Sequence[int | str]
"""An atom, the centre of mass of several, or the canonical point of `(RADAU, centre, …)`."""


@dataclass(frozen=True)
class Polyspherical(Direct):
    """q = (R1, R2, theta2, R3, theta3, phi3, …) of N − 1 vectors v_i between points.

    R_i is the length of v_i, θ_i its angle to v_1, φ_i its azimuth about v_1, counted from v_2.
    Each vector is a pair of ends, from and to, and each end a linear combination of atoms:

    - an atom, by its number: valence-type vectors such as (0, 1), (0, 2);
    - the centre of mass of several, as in Jacobi vectors (1, 2), ((1, 2), 0);
    - the canonical point P of ("radau", centre, satellite, …), from which Radau vectors go to
      the satellites: P = D + √(m_c/M) (x_c − D), D being the satellites' centre of mass and
      M the mass of all.

    The vectors follow linearly from the atoms, v = A(m) x, and the atoms from the vectors by the
    inverse of A with one row more, the centre of mass at rest. For Jacobi and Radau vectors
    the kinetic energy of the vectors is a sum of squares.

    Args:
        vectors: N − 1 pairs of ends.

    Raises:
        ValueError: unless atoms are numbered from 0, all of them in use, one more than there are
            vectors.

    References:
        F. Gatti, C. Iung, Phys. Rep. 484, 1 (2009), doi:10.1016/j.physrep.2009.05.003

    Example:
        Formaldehyde, from the carbon atom and from the centre of mass of CO:

        >>> Polyspherical(((0, 1), (0, 2), (0, 3))).names
        ('R1', 'R2', 'theta2', 'R3', 'theta3', 'phi3')
        >>> Polyspherical(((0, 1), ((0, 1), 2), ((0, 1), 3))).kinds[:3]
        ('length', 'length', 'angle')
    """

    vectors: Sequence[tuple[End, End]]

    def __post_init__(self) -> None:
        used: set[int] = set()
        for number, vector in enumerate(self.vectors):
            if len(vector) != 2:
                raise ValueError(f"vector {number + 1} has {len(vector)} ends; it needs two")
            for end in vector:
                used |= set(_atoms(end, number))
        if used != set(range(self.atoms)):
            raise ValueError(
                f"{len(self.vectors)} vectors join {self.atoms} atoms, 0 to {self.atoms - 1}; "
                f"these name {', '.join(map(str, sorted(used)))}"
            )
        lightest = torch.ones(self.atoms, dtype=torch.float64)
        if torch.linalg.matrix_rank(self._combinations(lightest)) < self.atoms:
            raise ValueError(
                "the vectors are linearly dependent and do not fix the atoms; change one of them"
            )

    @property
    def atoms(self) -> int:
        """Number of atoms N."""
        return len(self.vectors) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates in the order of q."""
        return tuple(
            f"{prefix}{number + 1}"
            for number in range(len(self.vectors))
            for prefix in ("R", "theta", "phi")[: min(number, 2) + 1]
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """`length`, `angle` or `dihedral`, as in `names`."""
        prefixes = {"R": "length", "theta": "angle", "phi": "dihedral"}
        return tuple(prefixes[name.rstrip("0123456789")] for name in self.names)

    @property
    def settings(self) -> dict[str, Any]:
        """Keys of a configuration."""
        vectors = [[end if isinstance(end, int) else list(end) for end in v] for v in self.vectors]
        return {"kind": "polyspherical", "vectors": vectors}

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., N, 3) in bohr of q (..., Q) in bohr and radians, masses (N,).

        The centre of mass is the origin, v_1 lies along x, v_2 in the xy plane.
        """
        values = iter(q.unbind(-1))
        zero = torch.zeros_like(q[..., 0])
        vectors = []
        for number in range(len(self.vectors)):
            length = next(values)
            theta = next(values) if number > 0 else zero
            phi = next(values) if number > 1 else zero
            across = theta.sin()
            direction = (theta.cos(), across * phi.cos(), across * phi.sin())
            vectors.append(torch.stack([length * d for d in direction], -1))
        inverse = torch.linalg.inv(self._combinations(masses))[:, :-1]
        placed = [inverse[:, i, None] * v[..., None, :] for i, v in enumerate(vectors)]
        return torch.stack(placed).sum(0)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., Q) of positions (..., N, 3); angles 0 to π, azimuths 0 to 2π."""
        rows = self._combinations(masses)[:-1]
        v = torch.einsum("va,...ai->...vi", rows, positions).unbind(-2)
        q = []
        for number, vector in enumerate(v):
            q.append(vector.norm(dim=-1))
            if number > 0:
                q.append(angle(v[0], vector))
            if number > 1:
                q.append(dihedral(v[1], v[0], vector))
        return torch.stack(q, -1)

    def _combinations(self, masses: Tensor) -> Tensor:
        """A, and below it the shares of the atoms in the centre of mass, (N, N)."""
        unit = torch.eye(self.atoms, dtype=masses.dtype, device=masses.device)
        rows = [_point(to, masses, unit) - _point(of, masses, unit) for of, to in self.vectors]
        return torch.stack([*rows, masses / masses.sum()])


def _atoms(end: End, number: int) -> list[int]:
    """Numbers of the atoms of an end, checked."""
    where = f"vector {number + 1}: end {end!r}"
    listed = [end] if isinstance(end, int) else list(end)
    radau = listed[:1] == [RADAU]
    atoms = [a for a in listed[1 if radau else 0 :] if isinstance(a, int) and a >= 0]
    if len(atoms) < len(listed) - radau or len(atoms) < (3 if radau else 1):
        raise ValueError(
            f"{where} must be the number of an atom, a list of them for their centre of mass, or "
            f"[{RADAU}, centre, satellite, satellite, …]"
        )
    if len(set(atoms)) < len(atoms):
        raise ValueError(f"{where} names an atom twice")
    return atoms


def _point(end: End, masses: Tensor, unit: Tensor) -> Tensor:
    """Shares (N,) of the atoms in the point that an end stands for."""
    if isinstance(end, int):
        return unit[end]
    if end[0] != RADAU:
        return _centre([int(a) for a in end], masses, unit)
    centre, *satellites = (int(a) for a in end[1:])
    middle = _centre(satellites, masses, unit)
    share = (masses[centre] / masses[[centre, *satellites]].sum()).sqrt()
    return middle + share * (unit[centre] - middle)


def _centre(atoms: list[int], masses: Tensor, unit: Tensor) -> Tensor:
    shares = masses[atoms] / masses[atoms].sum()
    return shares @ unit[atoms]
