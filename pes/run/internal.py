"""Which internal coordinates a configuration asks for, or a molecule gets."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pes.config import Vibration
from pes.config.coordinates import Morse
from pes.coordinates import (
    COORDINATES,
    MAPS,
    Internal,
    Map,
    Mapped,
    NormalModes,
    Polyspherical,
    Valence,
    ZMatrix,
    automatic_rows,
    curvilinear,
    hessian,
    normal_modes,
    optimum,
)
from pes.molecule import Molecule
from pes.potential import Surface
from pes.units import ANGSTROM, DEGREE

__all__ = ["internal_coordinates", "mapped"]

Potential = Callable[[Tensor], Tensor]


def internal_coordinates(
    config: Vibration, molecule: Molecule, surface: Surface, potential: Potential
) -> Internal:
    """Coordinates by `coordinates.kind`, or those usual for so many atoms.

    Raises:
        ValueError: if they do not suit the molecule or the surface; the message names the key.
    """
    inner = _internal(config, molecule, surface, potential)
    larger = config.coordinates.kind is None and len(molecule.symbols) > 3
    if not (config.coordinates.normal or larger):
        return inner
    if isinstance(inner, NormalModes) or config.coordinates.maps:
        other = "maps" if config.coordinates.maps else "kind: normal_modes"
        raise ValueError(
            f"`coordinates.normal` combines lengths and angles themselves; leave out `{other}`"
        )
    try:
        return curvilinear(inner, _normal_modes(config, molecule, surface, potential))
    except ValueError as error:
        raise ValueError(f"`coordinates.normal`: {error}") from None


def _internal(
    config: Vibration, molecule: Molecule, surface: Surface, potential: Potential
) -> Internal:
    wanted = config.coordinates
    usual = "valence" if len(molecule.symbols) == 3 else "zmatrix"
    chosen = wanted.kind or usual
    for key, kind in (("rows", "zmatrix"), ("fixed", "zmatrix"), ("vectors", "polyspherical")):
        if getattr(wanted, key) and wanted.kind != kind:
            raise ValueError(f"`coordinates.{key}` belongs to `kind: {kind}`")
    if chosen == "zmatrix":
        return _zmatrix(config, molecule, surface, potential)
    if wanted.kind == "polyspherical":
        return _polyspherical(config, molecule)
    if wanted.kind == "normal_modes":
        return _normal_modes(config, molecule, surface, potential)
    if len(molecule.symbols) != 3:
        raise ValueError(
            f"`coordinates.kind` {chosen} takes three atoms, the molecule has "
            f"{len(molecule.symbols)}; use zmatrix, polyspherical or normal_modes"
        )
    centre = wanted.centre
    if centre is None:
        alone = [i for i, e in enumerate(molecule.elements) if molecule.elements.count(e) == 1]
        if not alone:
            raise ValueError("`coordinates.centre` is needed: no atom is the only one of its kind")
        centre = alone[0]
    if centre > 2:
        raise ValueError(f"`coordinates.centre` is the number of an atom, 0 to 2, got {centre}")
    ends = [i for i in range(3) if i != centre]
    return COORDINATES[chosen](centre, (ends[0], ends[1]))


def _polyspherical(config: Vibration, molecule: Molecule) -> Polyspherical:
    if config.coordinates.vectors is None:
        raise ValueError("`coordinates.vectors` is needed for `kind: polyspherical`")
    try:
        internal = Polyspherical(config.coordinates.vectors)
    except ValueError as error:
        raise ValueError(f"`coordinates.vectors`: {error}") from None
    if internal.atoms != len(molecule.symbols):
        raise ValueError(
            f"`coordinates.vectors`: {len(config.coordinates.vectors)} vectors join "
            f"{internal.atoms} atoms, the molecule has {len(molecule.symbols)}"
        )
    return internal


def _normal_modes(
    config: Vibration, molecule: Molecule, surface: Surface, potential: Potential
) -> NormalModes:
    """Of the minimum of this very surface, for these isotopes."""
    x = optimum(potential, _geometry(config, surface, molecule))
    centred = x - x.mean(0)
    if torch.linalg.svdvals(centred)[1] < 1e-3 * torch.linalg.svdvals(centred)[0]:
        raise ValueError(
            "`coordinates.kind` normal_modes takes a molecule that is bent at its minimum; this "
            "one is linear: use valence, jacobi or radau, or a zmatrix"
        )
    return normal_modes(x, hessian(potential, x), molecule.masses)


def _zmatrix(
    config: Vibration, molecule: Molecule, surface: Surface, potential: Potential
) -> ZMatrix:
    rows = config.coordinates.rows
    if rows is None:
        x = optimum(potential, _geometry(config, surface, molecule))
        rows = automatic_rows(molecule.symbols, x)
    free = ZMatrix(rows, config.coordinates.fixed)
    if Molecule(free.symbols).elements != molecule.elements:
        raise ValueError(
            f"`coordinates.rows` has the atoms {' '.join(free.symbols)}, the molecule is "
            f"{' '.join(molecule.symbols)}; order and elements must agree"
        )
    fixed = {
        name: value * (ANGSTROM if name.startswith("r") else DEGREE)
        for name, value in config.coordinates.fixed.items()
    }
    return ZMatrix(rows, fixed)


def _geometry(config: Vibration, surface: Surface, molecule: Molecule) -> Tensor:
    """Positions (N, 3) near the minimum: as given, or the lowest that the surface knows."""
    if config.coordinates.reference is not None:
        given = torch.tensor(config.coordinates.reference, dtype=torch.float64) * ANGSTROM
        if given.shape != (len(molecule.symbols), 3):
            raise ValueError(
                f"`coordinates.reference` holds {len(given)} positions, the molecule has "
                f"{len(molecule.symbols)} atoms"
            )
        return given
    if surface.record is not None:
        x = surface.record.training_positions
        with torch.no_grad():
            return x[surface.potential(x).argmin()]
    ranges = getattr(surface.potential, "ranges", None)
    if ranges is None or len(molecule.symbols) != 3:
        raise ValueError(
            "`coordinates.reference` is needed: this surface does not say where its minimum is"
        )
    q = torch.tensor([(low + high) / 2 for low, high in ranges], dtype=torch.float64)
    return Valence().to_positions(q * torch.tensor([ANGSTROM, ANGSTROM, DEGREE]))


def mapped(
    config: Vibration, internal: Internal, start: Tensor, ranges: Sequence[tuple[float, float]]
) -> tuple[Mapped, Tensor, list[tuple[float, float]]]:
    """Coordinates, start and ranges with the maps asked for."""
    kinds = dict(zip(internal.names, internal.kinds, strict=True))
    maps: dict[str, Map] = {}
    for name, wanted in config.coordinates.maps.items():
        if name not in kinds:
            raise ValueError(
                f"`coordinates.maps.{name}`: no such coordinate; there are {', '.join(kinds)}"
            )
        suits = "length" if isinstance(wanted, Morse) else "angle"
        if kinds[name] != suits:
            raise ValueError(
                f"`coordinates.maps.{name}`: {wanted.kind} is for a coordinate of the kind "
                f"{suits}, not {kinds[name]}"
            )
        if isinstance(wanted, Morse):
            maps[name] = MAPS["morse"](wanted.steepness / ANGSTROM, wanted.centre * ANGSTROM)
        else:
            maps[name] = MAPS["cos"]()
    found = Mapped(internal, maps)
    ends = found.forward(torch.tensor(ranges, dtype=torch.float64).T).T.tolist()
    return found, found.forward(start), [(low, high) for low, high in ends]
