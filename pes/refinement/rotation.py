"""Levels with rotation beside observed ones: which is which, and their slopes by parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.data.observed import Observed, Rotor
from pes.rovibration.contract import contract_states
from pes.rovibration.contraction import Contraction
from pes.rovibration.coupling import integrals
from pes.rovibration.levels import Rovibrational, first_order_shifts, levels_of
from pes.vibration.analysis.assignment import Label as LevelLabel
from pes.vibration.analysis.assignment import assigned
from pes.vibration.levels.result import Levels

__all__ = ["Rotating", "rotating"]

Label = tuple[tuple[int, ...], Rotor]
"""Quanta and J, Ka, Kc of a level."""

Place = tuple[int, int]
"""J, and number of a level among those of this J."""

NOTHING: Rotor = (0, 0, 0)


@dataclass(frozen=True, eq=False)
class Rotating:
    """Calculated levels with rotation, and the places of the observed ones among them.

    Attributes:
        basis: J = 0 states that they are made of.
        levels: levels by J.
        places: places of the level, or of upper and lower level of a line, for each observed row;
            None where it was not assigned.
        reasons: why others were not.
    """

    basis: Contraction
    levels: dict[int, Rovibrational]
    places: list[tuple[Place, Place] | None]
    reasons: list[str]

    @property
    def calculated(self) -> Tensor:
        """Energies of levels above the ground state, wavenumbers of lines, (O,) in hartree."""
        return self.differences({j: one.energies for j, one in self.levels.items()})

    def differences(self, values: dict[int, Tensor]) -> Tensor:
        """Differences between the two places of each row, (O, …) of values (S, …) for each J."""
        some = next(iter(values.values()))
        rows = [
            torch.full_like(some[0], torch.nan)
            if pair is None
            else values[pair[0][0]][pair[0][1]] - values[pair[1][0]][pair[1][1]]
            for pair in self.places
        ]
        return torch.stack(rows)

    def slopes(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """First-order changes of the rows, (O, K), by changes of V: q (P, Q) to (P, K)."""
        changes = integrals(self.basis.states, function)
        shifts = {j: first_order_shifts(one, changes).T for j, one in self.levels.items()}
        return self.differences(shifts)


def rotating(
    levels: Levels,
    observed: Observed,
    *,
    symmetric: bool,
    labels: Sequence[LevelLabel] | None = None,
) -> Rotating:
    """Levels with the J that were observed, each beside its row.

    A vibrational level is found by its quanta, as without rotation, and by its origin: that of a
    row is estimated by the rotational energy of the ground state with the same J, Ka, Kc.

    Args:
        levels: J = 0.
        observed: observed levels with J, Ka, Kc.
        symmetric: see `pes.vibration.analysis.assignment.assigned`.
        labels: labels of all J = 0 levels, likewise.
    """
    upper: list[Label] = list(zip(observed.quanta, observed.rotors, strict=True))
    ground = (0,) * len(observed.quanta[0])
    lower: list[Label] = list(observed.lower) or [(ground, NOTHING)] * len(upper)
    needed = {rotor[0] for _, rotor in (*upper, *lower, (ground, NOTHING))}
    basis = contract_states(levels, highest=max(needed))
    by_j = {j: levels_of(basis, j) for j in sorted(needed)}
    origins = _origins(by_j, upper, lower, observed.energies, ground)
    quanta = [q for q in origins if q != ground]
    energies = torch.stack([origins[q] for q in quanta]) if quanta else observed.energies[:0]
    vibrational = None
    if quanta:
        vibrational = assigned(levels.cpu(), quanta, energies, symmetric=symmetric, labels=labels)
    matched = [] if vibrational is None else vibrational.numbers
    numbers = {ground: 0, **dict(zip(quanta, matched, strict=True))}
    places = [_both(by_j, numbers, pair) for pair in zip(upper, lower, strict=True)]
    missing = sum(
        p is None and numbers.get(u[0]) is not None for p, u in zip(places, upper, strict=True)
    )
    reasons = [] if vibrational is None else list(vibrational.reasons)
    if missing:
        reasons.append(f"{missing} levels with rotation mix several vibrational levels")
    return Rotating(basis, by_j, places, reasons)


def _both(
    by_j: dict[int, Rovibrational], numbers: dict[tuple[int, ...], int | None],
    pair: tuple[Label, Label],
) -> tuple[Place, Place] | None:  # fmt: skip
    upper, lower = (_place(by_j, numbers.get(quanta), rotor) for quanta, rotor in pair)
    return None if upper is None or lower is None else (upper, lower)


def _place(by_j: dict[int, Rovibrational], number: int | None, rotor: Rotor) -> Place | None:
    """Place of a level by the number of its vibrational level and J, Ka, Kc."""
    if number is None:
        return None
    one = by_j[rotor[0]]
    same = (one.vibration == number) & (one.ka == rotor[1]) & (one.kc == rotor[2])
    place = same.nonzero().flatten().tolist()
    return (rotor[0], place[0]) if place else None


def _origins(
    by_j: dict[int, Rovibrational], upper: Sequence[Label], lower: Sequence[Label],
    energies: Tensor, ground: tuple[int, ...],
) -> dict[tuple[int, ...], Tensor]:  # fmt: skip
    """Energies of the vibrational levels above the ground state, by the first row of each."""
    numbers: dict[tuple[int, ...], int | None] = {ground: 0}

    def turning(rotor: Rotor) -> Tensor:
        place = _place(by_j, numbers[ground], rotor)
        zero = by_j[0].energies[0]
        return zero.new_zeros(()) if place is None else by_j[place[0]].energies[place[1]] - zero

    origins: dict[tuple[int, ...], Tensor] = {ground: energies.new_zeros(())}
    rows = sorted(zip(upper, lower, energies, strict=True), key=lambda row: row[0][1][0])
    # A line from a level that is excited itself needs the origin of that first.
    for _ in range(2):
        for (quanta, rotor), (low, below), energy in rows:
            if low in origins:
                origin = energy + origins[low] + turning(below) - turning(rotor)
                origins.setdefault(quanta, origin)
    return origins
