"""Results besides the levels: derivatives, densities, levels with rotation and spectra."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pes.config import Vibration
from pes.config.vibration import Spectrum
from pes.potential import Surface
from pes.run.levels.bar import quiet_bar
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.solved import growing_minutes
from pes.setup.lines.line_list import LineList, line_list
from pes.setup.machine.intervals import QUIET
from pes.setup.results.density_maps import Maps
from pes.setup.results.sensitivity import Sensitivities
from pes.setup.rotation.rotation import Rotation
from pes.vibration.analysis.intensities import Sticks
from pes.vibration.levels.diagnostics import ONLY_L_ZERO

__all__ = ["Additions", "additions"]


@dataclass(frozen=True)
class Additions:
    """Results besides the levels; None for each that was not asked for."""

    derived: Sensitivities
    sticks: Sticks | None
    maps: Maps | None
    rotation: Rotation | None
    lines: LineList | None
    spectrum: Spectrum | None

    def printed(self) -> list[str]:
        """Tables of levels with rotation and of lines."""
        return [
            line
            for one in (self.rotation, self.lines)
            if one is not None
            for line in ("", *one.lines())
        ]

    def warnings(self, result: LevelsResult) -> list[str]:
        """Reasons for doubt in the levels and in either."""
        rotates = self.rotation is not None and any(one.j for one in self.rotation.levels)
        own = [w for w in result.warnings if not (rotates and w == ONLY_L_ZERO)]
        more = (self.rotation, self.lines)
        return own + [w for one in more if one is not None for w in one.warnings]

    def save(self, folder: Path, name: str, result: LevelsResult) -> None:
        """Pictures of everything, and tables of all but the levels and their derivatives."""
        # Matplotlib takes as long to load as small levels do.
        from pes.run.levels.pictures import Profile, draw_pictures

        profile = Profile()
        if (section := self.spectrum) is not None:
            profile = Profile(section.profile, section.gaussian, section.lorentzian)
        draw_pictures(folder, result, name, self.maps, self.sticks, self.lines, profile)
        if self.rotation is not None:
            self.rotation.save(folder)
        if self.lines is not None:
            with quiet_bar(first=QUIET) as say:
                self.lines.save(folder, name, progress=say)


def additions(
    config: Vibration,
    result: LevelsResult,
    dipole: Surface | None,
    maps: Maps | None,
    momenta: Sequence[int],
    rotation: Rotation | None = None,
) -> Additions:
    """Derivatives, levels with rotation (J in `momenta`) and spectra, as far as asked for.

    Levels with rotation that a worker has calculated are taken as they are.
    """
    wanted, task = config.sensitivities, result.task
    derived = result.sensitivity(
        masses=wanted.masses,
        parameters=[*wanted.parameters, *(task.surface.parameters() if wanted.weights else ())],
        second=wanted.second,
    )
    sticks, lines = None, None
    if momenta and rotation is None:
        with quiet_bar() as say:
            rotation = result.rotation(
                momenta, states=config.rotation.states, frame=config.rotation.frame,
                parameters=wanted.parameters, minutes=growing_minutes(config.minutes, task),
                memory=config.memory, progress=say,
            )  # fmt: skip
    if config.spectrum is not None and dipole is not None:
        settings = config.spectrum
        sticks = result.spectrum(dipole, settings.temperature, charge=settings.charge)
        if rotation is not None:
            with quiet_bar() as say:
                lines = line_list(
                    rotation, dipole, temperature=settings.temperature, weakest=settings.weakest,
                    charge=settings.charge, progress=say,
                )  # fmt: skip
    return Additions(derived, sticks, maps, rotation, lines, config.spectrum)
