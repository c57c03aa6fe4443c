"""Names by which levels of several calculations are paired."""

from collections.abc import Sequence

from pes.setup.levels.level_result import LevelsResult

__all__ = ["paired_names"]

MEMBERS = {"E": 2, "F": 3}
"""Members of a degenerate level, by the first letter of its species; one of others."""


def paired_names(one: LevelsResult, labels: Sequence[str | None]) -> list[str | None]:
    """Name of each level; None where no label is known, or another level has the same name.

    Levels of molecules with degenerate modes are named by their quanta and symmetry; the members of
    a degenerate level have one name.

    Args:
        one: levels of one calculation.
        labels: quanta of each level as text, None where they are not to be trusted.
    """
    species = [str(row.get("irrep", "")) if one.quanta.ranks else "" for row in one.table]
    names = [
        None if label is None else f"{label} {of}".strip()
        for label, of in zip(labels, species, strict=True)
    ]
    return [
        name if names.count(name) == MEMBERS.get(of[:1], 1) else None
        for name, of in zip(names, species, strict=True)
    ]
