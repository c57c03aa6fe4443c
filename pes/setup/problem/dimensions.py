"""Motions that a calculation leaves out."""

from pes.setup.problem.problem import Problem

__all__ = ["missing_motions"]


def missing_motions(task: Problem) -> list[str]:
    """Warning, if any, about a molecule with fewer coordinates than it has vibrations."""
    moving, vibrations = task.internal.names, 3 * len(task.molecule.symbols) - 6
    if len(moving) >= vibrations:
        return []
    return [
        f"this calculation leaves out {vibrations - len(moving)} of {vibrations} vibrations (it "
        f"has the coordinates {', '.join(moving)}; the others are fixed or relaxed): these are "
        "levels of a model, and no estimate includes their difference from those of the molecule"
    ]
