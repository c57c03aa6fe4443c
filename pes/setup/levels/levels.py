"""Levels of a molecule on a surface, with every choice that is not made by the user."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import overload

import torch

from pes.coordinates import Internal
from pes.force_fields import ForceField
from pes.molecule import Molecule
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.force_fields.force_field import force_field_levels
from pes.setup.force_fields.force_field_result import ForceFieldResult
from pes.setup.inputs.bumps import Bump
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.solved import solved
from pes.setup.machine.environment import threads, usual_threads
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.problem import isotopes_of, problem
from pes.setup.problem.truncation import TruncationRequest

__all__ = ["levels"]


@overload
def levels(  # pyright: ignore[reportOverlappingOverload]  # a surface may be any function
    surface: ForceField,
    *,
    count: int | None = None,
    energy: float | None = None,
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
) -> ForceFieldResult: ...


@overload
def levels(
    surface: SurfaceLike,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    count: int | None = None,
    energy: float | None = None,
    coordinates: str | CoordinateRequest | Internal | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    reference: Sequence[Sequence[float]] | None = None,
    basis: Mapping[str, BasisSize | int] | None = None,
    quanta: float | None = None,
    truncation: TruncationRequest | None = None,
    cap: float = 60000.0,
    solver: str = "auto",
    symmetry: bool = True,
    convergence: bool | str = True,
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
    perturbations: Mapping[str, Bump] | None = None,
    ensemble: str = "first_order",
    labels: str = "normal",
    device: str | torch.device = "cpu",
) -> LevelsResult: ...


def levels(
    surface: SurfaceLike | ForceField,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    count: int | None = None,
    energy: float | None = None,
    coordinates: str | CoordinateRequest | Internal | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    reference: Sequence[Sequence[float]] | None = None,
    basis: Mapping[str, BasisSize | int] | None = None,
    quanta: float | None = None,
    truncation: TruncationRequest | None = None,
    cap: float = 60000.0,
    solver: str = "auto",
    symmetry: bool = True,
    convergence: bool | str = True,
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
    perturbations: Mapping[str, Bump] | None = None,
    ensemble: str = "first_order",
    labels: str = "normal",
    device: str | torch.device = "cpu",
) -> LevelsResult | ForceFieldResult:
    """Vibrational levels of a molecule on a surface: what `pes-levels` does, in one call.

    Three atoms are computed with one CPU thread, which is faster than several.

    Args:
        surface: a torch module or a function in torch or NumPy, of positions (B, N, 3) in bohr to
            energies (B,) in hartree; a run folder, a surface file, `module:function`,
            `file.py:function` or the name of an analytic surface; or what `pes.load` or
            `pes.train` returned. A force field, what `pes.read_force_field` returned, takes
            `count` or `energy`, `accuracy`, `minutes` and `memory` alone.
        molecule: isotopes in the order of the surface's atoms, such as `"O H D"`, or a
            `Molecule`; by default those of the surface.
        count: number of levels, the ground state included; default 20. Give either this or
            `energy`.
        energy: energy above the ground state up to which all levels are computed, cm⁻¹.
        coordinates: a kind such as `radau`, a `CoordinateRequest`, or coordinates themselves;
            by default the usual ones for this number of atoms.
        ranges: ends of each coordinate by its name, Å and degrees; by default they follow from
            the surface.
        reference: positions (N, 3) near the minimum, Å, for a surface that does not know them.
        basis: sizes by the name of a coordinate, `all` for the others; a number of functions or
            a `BasisSize`.
        quanta: largest total number of quanta of a product function, a short form of `truncation`.
        truncation: all limits on product functions.
        cap: ceiling of V above its minimum, cm⁻¹.
        solver: solver of the eigenvalue problem, `auto` by its size.
        symmetry: solve H in blocks, one for each symmetry of the coordinates.
        convergence: compare with `larger` or `smaller` calculations; True chooses.
        accuracy: largest estimated error of a level, cm⁻¹. The program then chooses ranges and
            sizes and lets them grow. Default without sizes: 0.01 for three atoms, 0.1 for four,
            1 for more.
        minutes: CPU time that growing may take; default 5, from five atoms on 20.
        memory: memory that the process may take in all, GiB, Python and its libraries (0.35)
            included; default the free memory.
        perturbations: terms added to the surface, each with a name.
        ensemble: `first_order` or `full` spread of an ensemble surface.
        labels: `normal` or `local` quanta.
        device: device of the calculation.

    Raises:
        ValueError: for settings that contradict each other, the molecule or the surface.

    Example:
        Two levels of water, in a basis far too small:

        >>> water = levels("water_pjt1996", count=2, basis={"all": 4}, convergence=False)
        >>> water.table[1]["v1 v2 v3"]
        '0 1 0'
    """
    if isinstance(surface, ForceField):
        _refuse(molecule, coordinates, ranges, reference, basis, quanta, truncation, perturbations)
        return force_field_levels(
            surface, count=count, energy=energy, accuracy=accuracy, minutes=minutes, memory=memory
        )
    place = torch.device(device)
    loaded = as_surface(surface).to(place)
    if quanta is not None and truncation is not None:
        raise ValueError("give `quanta` or `truncation`, not both")
    isotopes = isotopes_of(loaded, molecule)
    request, internal = _coordinates(coordinates, ranges, reference)
    with threads(usual_threads(len(isotopes.symbols))):
        task = problem(
            loaded, isotopes, coordinates=request, internal=internal, basis=basis,
            perturbations=perturbations, device=place,
        )  # fmt: skip
        return solved(
            task, count=count, energy=energy,
            truncation=truncation or TruncationRequest(quanta=quanta), cap=cap, solver=solver,
            symmetry=symmetry, convergence=convergence, ensemble=ensemble, labels=labels,
            accuracy=accuracy, minutes=minutes, memory=memory,
        )  # fmt: skip


def _refuse(*given: object) -> None:
    """Refuse arguments that are for surfaces of positions alone.

    Raises:
        ValueError: if there is anything.
    """
    if any(one is not None for one in given):
        raise ValueError(
            "a force field has its own coordinates and functions; give `count` or `energy`, "
            "`accuracy`, `minutes` and `memory` alone"
        )


def _coordinates(
    given: str | CoordinateRequest | Internal | None,
    ranges: Mapping[str, tuple[float, float]] | None,
    reference: Sequence[Sequence[float]] | None,
) -> tuple[CoordinateRequest, Internal | None]:
    """The request of three arguments of `levels`, and coordinates that are already made."""
    if isinstance(given, CoordinateRequest):
        request, internal = given, None
    elif given is None or isinstance(given, str):
        request, internal = CoordinateRequest(kind=given), None
    else:
        request, internal = CoordinateRequest(), given
    if ranges is not None:
        request = replace(request, ranges=ranges)
    if reference is not None:
        request = replace(request, reference=reference)
    return request, internal
