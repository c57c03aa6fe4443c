"""Choices of a calculation as keys of a configuration that repeats it."""

from typing import Any

from pes.coordinates.curvilinear_modes import BESIDE
from pes.coordinates.kinds import KINDS
from pes.setup.problem.problem import Problem
from pes.units import CM1
from pes.vibration.levels.result import Levels

__all__ = ["chosen_settings", "description"]


def chosen_settings(levels: Levels, task: Problem) -> dict[str, Any]:
    """Coordinates, ranges, sizes, limits on products and cap of a result, as in a configuration.

    Ranges are in the units of the configuration, to the last digit. `convergence` is off: the
    estimate has been made. Coordinates that need more than a kind and a centre keep the keys that
    the user gave.
    """
    kinds = task.internal.kinds
    ranges = {
        spec.name: [spec.low / KINDS[kind].size, spec.high / KINDS[kind].size]
        for spec, kind in zip(levels.bases, kinds, strict=True)
    }
    basis = {
        spec.name: {
            "kind": spec.basis, "functions": spec.functions, "points": spec.points,
            "primitives": spec.primitives,
        }
        for spec in levels.bases
    }  # fmt: skip
    chosen: dict[str, Any] = {
        "levels": len(levels.energies), "coordinates": _kind(task), "convergence": False,
    }  # fmt: skip
    if levels.system.continuation is not None:
        continued_from = levels.system.continuation.energy / CM1
        chosen["coordinates"] = chosen["coordinates"] | {"continued_from": continued_from}
    if levels.system.filling is not None:
        chosen["coordinates"] = chosen["coordinates"] | {"filled": True}
    if (level := levels.hamiltonian.basis.grid_level) is not None:
        weights = dict(zip(task.internal.names, levels.truncation.weights or (), strict=False))
        return chosen | {
            "quanta": levels.truncation.quanta,
            "grid_level": level,
            "weights": weights,
        }
    chosen["coordinates"] = chosen["coordinates"] | {"ranges": ranges}
    chosen |= {"basis": basis, "cap": levels.cap / CM1}
    if levels.truncation.self_consistent:
        chosen["reference"] = "vscf"
    elif levels.compared_with == "target":
        chosen["coordinates"]["energy"] = task.surveyed / CM1
        chosen["reference"] = "mean"
    if levels.truncation.energy is not None:
        chosen["product_energy"] = levels.truncation.energy / CM1
    if levels.truncation.quanta is not None:
        chosen["quanta"] = levels.truncation.quanta
    return chosen


def _kind(task: Problem) -> dict[str, Any]:
    """Kind and middle atom of coordinates of three atoms; bonds of larger molecules."""
    return getattr(task.internal, "settings", {})


def description(task: Problem) -> str:
    """Coordinates in words, such as `jacobi, atom 0 (H) moves`, for the log."""
    settings = _kind(task)
    names = ", ".join(task.internal.names)
    if not settings:
        return names
    symbols = task.molecule.symbols
    if "bonds" in settings:
        bonds = ", ".join(f"{symbols[a]}{a}-{symbols[b]}{b}" for a, b in settings["bonds"])
        return f"normal coordinates {names} of bond vectors along {bonds}"
    if settings.get("normal") == BESIDE:
        first, last = names.rsplit(", ", 1)
        return f"{last} of {settings['kind']} vectors and normal coordinates {first} of the others"
    if "centre" not in settings:
        return f"{settings['kind']} ({names})"
    number = settings["centre"]
    atom = f"atom {number} ({symbols[number]})"
    role = "moves around the others" if settings["kind"] == "jacobi" else "is the middle atom"
    return f"{settings['kind']} ({names}), {atom} {role}"
