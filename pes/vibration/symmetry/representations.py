"""Irreducible representations of operations that commute, and what they are called."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.symmetry.operation import Change, Operation

__all__ = ["MIXED", "representations", "symmetry_labels"]

MIXED = 0.99
"""A level with a character smaller than this has no symmetry of its own."""


def representations(group: Sequence[Operation]) -> list[Tensor]:
    """Characters of the elements in each representation, (elements,); the totally symmetric first.

    Each element is a product of generators; the sign of each generator is free.
    """
    made: dict[Change, int] = {group[0].change: 0}
    known = {group[0].change: group[0]}
    generators = 0
    for operation in group[1:]:
        if operation.change in made:
            continue
        for change, bits in list(made.items()):
            new = operation.after(known[change])
            made[new] = bits | (1 << generators)
            known[new] = Operation("", *new)
        generators += 1
    return [
        torch.tensor(
            [(-1.0) ** (made[o.change] & signs).bit_count() for o in group], dtype=torch.float64
        )
        for signs in range(1 << generators)
    ]


def symmetry_labels(operations: Sequence[Operation], values: Tensor) -> list[str]:
    """A label for each level, that of its species where the group is one of those known here.

    Known are A1, A2, B1, B2 of C2v(M) with one exchange, Ag, Au, Bg, Bu of C2h(M) with two, A and B
    of two exchanges alone, A′ and A″ of one reflection. Elsewhere signs in the order of the
    operations. A level that mixes symmetries, because it is degenerate with another or the basis is
    not symmetric, is called mixed, with its characters.

    References:
        P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), for the
        groups C2v(M) and C2h(M).
    """
    names = [o.name for o in operations]
    return [_label(names, row) for row in values.tolist()] if operations else [""] * len(values)


def _label(names: list[str], row: list[float]) -> str:
    mixed = [f"{n} {v:.2f}" for n, v in zip(names, row, strict=True) if abs(v) < MIXED]
    if mixed:
        return f"mixed ({', '.join(mixed)})"
    signs = {name: "+" if v > 0 else "-" for name, v in zip(names, row, strict=True)}
    exchange = [n for n in signs if n[0] == "(" and n.count("(") == 1 and "*" not in n]
    if len(exchange) == 1 and len(exchange[0].split()) == 2:
        pair = signs[exchange[0]] + signs.get("E*", "+")
        return {"++": "A1", "+-": "A2", "--": "B1", "-+": "B2"}[pair]
    name, sign = next(iter(signs.items()))
    if len(signs) == 1 and name.endswith("*") and name.count("(") < 2:
        return "A'" if sign == "+" else 'A"'
    turns = [n for n in signs if n.count("(") == 2 and "*" not in n]
    if len(signs) == len(turns) == 1:
        return "A" if sign == "+" else "B"
    if len(turns) == 1 and set(signs) == {turns[0], "E*", f"{turns[0]}*"}:
        letters = {"++": "Ag", "+-": "Au", "--": "Bg", "-+": "Bu"}
        return letters[signs[turns[0]] + signs["E*"]]
    return " ".join(signs.values())
