"""Result of a levels calculation: tables, derivatives, spectrum and files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

from torch import Tensor

from pes.files import write_json
from pes.rovibration.contract import contract_states
from pes.rovibration.frame_choice import has_states_of_each_k
from pes.rovibration.state_choice import contracted_states
from pes.setup.errors.axial_fit_error import axial_fit_errors
from pes.setup.errors.fit_error import fit_sentence
from pes.setup.errors.uncertainty import Spreads
from pes.setup.errors.verdict import verdict
from pes.setup.inputs.dipoles import DipoleLike, check_vectors, dipole_surface, given_name
from pes.setup.labels.irreps import unequal
from pes.setup.labels.labels import LevelLabels, level_labels, with_axial_states
from pes.setup.machine.memory_limit import refuse_shortage
from pes.setup.problem.bond_lengths import strange_bonds
from pes.setup.problem.chosen import chosen_settings
from pes.setup.problem.dimensions import missing_motions
from pes.setup.problem.problem import Problem
from pes.setup.results.density_maps import Maps
from pes.setup.results.level_files import LEVELS_JSON, summary, write_arrays, write_tables
from pes.setup.results.level_tables import far, level_table, printed, table_html, unrotated
from pes.setup.results.sensitivity import Sensitivities, sensitivities
from pes.setup.rotation.rotation import Rotation
from pes.setup.rotation.rotation_checks import check_rotation
from pes.setup.rotation.rotation_forecast import RotationClock, affordable, rotation_forecast
from pes.setup.rotation.rotation_solved import rotation_of
from pes.staging import staged
from pes.units import CM1
from pes.vibration.analysis.intensities import Sticks, stick_spectrum
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import level_count

__all__ = ["LevelsResult", "sensitivity", "spectrum"]

SHARE = 0.7
"""Part of the CPU time of rotation that the J = 0 states may take to be coupled."""


@dataclass(frozen=True, repr=False)
class LevelsResult:
    """Levels in cm⁻¹ with estimated errors, and what can be computed from them.

    Attributes:
        task: surface, molecule, coordinates and bases that were chosen.
        levels: the result of the engine in atomic units, on the device of the calculation.
        error_bars: spread over the members of an ensemble surface.
        labels: one of `pes.setup.labels.labels.LABELS`.
        seconds: wall time.
    """

    task: Problem
    levels: Levels
    error_bars: Spreads = field(default_factory=Spreads)
    labels: str = "normal"
    seconds: float = 0.0

    @cached_property
    def quanta(self) -> LevelLabels:
        """Labels of the levels."""
        return level_labels(self.levels.cpu(), self.task, self.labels)

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """One row for each level, in cm⁻¹, Å and degrees, as in levels.csv."""
        return level_table(self.levels.cpu(), self.task, self.error_bars, self.quanta)

    @property
    def energies(self) -> Tensor:
        """Energies above the ground state, (S,) in cm⁻¹."""
        return self.levels.excitations.cpu() / CM1

    @property
    def convergence(self) -> Tensor:
        """Estimated basis-set errors (S,) in cm⁻¹; the first is that of the zero-point energy."""
        return self.levels.convergence.cpu() / CM1

    @property
    def zero_point_energy(self) -> float:
        """Energy of the ground state above the minimum of the surface, cm⁻¹."""
        return self.levels.zero_point_energy / CM1

    @property
    def chosen(self) -> dict[str, Any]:
        """Keys of a configuration that computes the same levels with nothing left to choose."""
        return chosen_settings(self.levels, self.task)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Reasons for doubt, with what to do about each."""
        return (
            *missing_motions(self.task), *strange_bonds(self.task), *self.levels.warnings,
            *unrotated(self.table, self.task), *far(self.table), *unequal(self.levels, self.task),
        )  # fmt: skip

    @cached_property
    def verdict(self) -> str:
        """Levels that may be used, and to how many cm⁻¹, in one sentence."""
        return verdict(self.levels.cpu(), self.table)

    def __repr__(self) -> str:
        known = self.convergence[~self.convergence.isnan()]
        conv = f"conv up to {float(known.max()):.2g} cm-1" if len(known) else "conv not estimated"
        return (
            f"LevelsResult({self.task.molecule.formula}: {len(self.energies)} levels, zero-point "
            f"energy {self.zero_point_energy:.4f} cm-1, {conv})"
        )

    def __str__(self) -> str:
        fitted = fit_sentence(self.task)
        lines = [repr(self), *([] if fitted is None else [fitted]), self.quanta.convention]
        return "\n".join([*lines, *printed(self.table, self.quanta.heading, Sensitivities())])

    def _repr_html_(self) -> str:
        return table_html(self.table, self.quanta.heading, repr(self))

    def sensitivity(
        self,
        *,
        masses: bool = True,
        parameters: Iterable[str | Tensor] = (),
        second: bool = False,
    ) -> Sensitivities:
        """Derivatives of the levels; see `sensitivity`."""
        return sensitivity(self, masses=masses, parameters=parameters, second=second)

    def rotation(
        self,
        J: Iterable[int],
        *,
        states: int | None = None,
        frame: str = "auto",
        parameters: Sequence[str] = (),
        minutes: float = inf,
        memory: float | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Rotation:
        """Levels with J > 0 that belong to these; see `pes.rovibration.levels_of`.

        Args:
            J: total angular momenta, such as `range(4)`.
            states: number of J = 0 states that are contracted; default three for each level, at
                least 60, or fewer if `minutes` allow no more. It is never smaller than the number
                of levels or larger than that of basis functions; a warning says so.
            frame: eckart, flexible, linear, bisector, principal_axes or embedded.
            parameters: single numbers of an analytic surface by name, for derivatives.
            minutes: CPU time after which no other J begins.
            memory: GiB that the process may take in all; default what is free.
            progress: called with sentences about what runs.

        Raises:
            ValueError: for a wrong J, frame, parameter or memory.
        """
        asked = tuple(dict.fromkeys(J))
        check_rotation(self.task, asked, frame)
        levels, limit = self.levels.cpu(), 60 * minutes
        count = len(levels.energies)
        functions = level_count(levels.hamiltonian)
        # The levels are known by now, and are not lost for a number of states.
        possible = None if states is None else min(max(states, count), functions)
        most = contracted_states(possible, count, functions)
        axial = has_states_of_each_k(levels, frame)
        forecast = rotation_forecast(levels, most, asked, axial=axial)
        if states is None and (number := affordable(forecast, count, SHARE * limit)) < most:
            forecast = rotation_forecast(levels, number, asked, axial=axial)
        progress(f"rotation: {forecast}")
        refuse_shortage(
            "rotation", forecast.memory, "ask for a lower `J` or fewer `rotation.states`",
            allowed=None if memory is None else memory * 2**30, device=levels.energies.device,
        )  # fmt: skip
        clock = RotationClock(forecast, progress, limit)
        basis = contract_states(
            levels, states=forecast.states, frame=frame, highest=max(asked, default=0),
            report=clock.report,
        )  # fmt: skip
        quanta = self.quanta
        if basis.is_linear:
            quanta = with_axial_states(quanta, basis.states, self.task)
        made = rotation_of(basis, self.task, asked, quanta, parameters, clock=clock)
        fitted = tuple(row["fit"] for row in self.table if "fit" in row)
        return replace(
            made, fewer=(forecast.states, most) if forecast.states < most else None,
            instead=(most, states) if states not in (None, most) else None,
            fit=axial_fit_errors(basis, self.task, fitted) if basis.is_linear else fitted,
        )  # fmt: skip

    def spectrum(
        self, dipole: DipoleLike, temperature: float = 296.0, *, charge: int | None = None
    ) -> Sticks:
        """J = 0 transitions among the levels; see `spectrum`."""
        return spectrum(self, dipole, temperature=temperature, charge=charge)

    def save(
        self,
        folder: str | Path,
        *,
        name: str | None = None,
        sensitivity: Sensitivities | None = None,
        spectrum: Sticks | None = None,
        maps: Maps | None = None,
        warnings: Sequence[str] | None = None,
    ) -> Path:
        """Write levels.csv, levels.h5 and, last, levels.json, as `pes-levels` does.

        Args:
            folder: made if need be; files of these names are replaced.
            name: name in levels.json; by default that of the folder.
            sensitivity: what `self.sensitivity` returned, for sensitivities.csv.
            spectrum: what `self.spectrum` returned, for spectrum.csv.
            maps: densities to store in levels.h5.
            warnings: reasons for doubt in levels.json; default those of these levels.

        Returns:
            The folder.
        """
        derived = sensitivity or Sensitivities()
        here = self.levels.cpu()
        content = summary(
            name or Path(folder).name, here, self.task, self.table, self.quanta, derived,
            self.error_bars, self.seconds, self.warnings if warnings is None else warnings,
        )  # fmt: skip
        with staged(folder, finished=LEVELS_JSON) as place:
            write_tables(place, self.table, derived, spectrum)
            write_arrays(place / "levels.h5", here, self.task, self.table, derived, maps)
            write_json(place / LEVELS_JSON, content)
        return Path(folder)


def spectrum(
    result: LevelsResult,
    dipole: DipoleLike,
    *,
    temperature: float = 296.0,
    charge: int | None = None,
) -> Sticks:
    """J = 0 transitions among levels, with intensities.

    Args:
        result: what `levels` returned.
        dipole: function of positions (B, N, 3) in bohr to (B, 3) in e·bohr, in torch or NumPy; a
            dipole surface; or the name of either: run folder, surface file, `module:function` or
            `file.py:function`.
        temperature: kelvin.
        charge: total charge of the molecule, e; by default that of a fitted dipole surface, and 0
            for a function.

    Raises:
        TypeError: for anything but a `LevelsResult`.
        ValueError: for a dipole that does not turn with the molecule, or of another total charge.
    """
    _check_result(result)
    surface = dipole_surface(dipole, symbols=result.task.molecule.symbols)
    check_vectors(surface, result.task.minimum, given_name(dipole), charge=charge)
    masses = result.task.masses.detach().cpu()
    return stick_spectrum(result.levels.cpu(), surface.potential, masses, temperature=temperature)


def sensitivity(
    result: LevelsResult,
    *,
    masses: bool = True,
    parameters: Iterable[str | Tensor] = (),
    second: bool = False,
) -> Sensitivities:
    """First-order derivatives of levels by masses, parameters and perturbations.

    Args:
        result: what `levels` returned.
        masses: whether to differentiate by the mass of each atom (cm⁻¹/u) and by the logarithm of
            all together (cm⁻¹).
        parameters: names of single numbers of an analytic surface, or tensors of the surface, such
            as `surface.parameters()`; cm⁻¹ per unit of the parameter.
        second: second derivatives by the strengths of perturbations too.

    Raises:
        TypeError: for anything but a `LevelsResult`.
        ValueError: for a parameter that the surface does not have, or a surface whose slopes are
            needed and not known.

    References:
        R. P. Feynman, Phys. Rev. 56, 340 (1939), doi:10.1103/PhysRev.56.340
    """
    _check_result(result)
    return sensitivities(
        result.levels, result.task, masses=masses, parameters=parameters, second=second
    )


def _check_result(result: object) -> None:
    """Refuse anything but levels."""
    if not isinstance(result, LevelsResult):
        raise TypeError(
            f"result must be a LevelsResult, got {type(result).__name__}; "
            "pes.levels(surface, molecule) makes one"
        )
