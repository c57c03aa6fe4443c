"""Pictures of levels; loaded when one is drawn, for Matplotlib takes half a second."""

from dataclasses import dataclass
from pathlib import Path

from pes import plots
from pes.rovibration.profiles import cross_section
from pes.setup.levels.level_result import LevelsResult
from pes.setup.lines.line_list import LineList
from pes.setup.results.density_maps import Maps
from pes.vibration.analysis.intensities import Sticks

__all__ = ["Profile", "draw_pictures"]

WEAKEST = 1e-5
"""Part of the intensity of the strongest band from which a band may be named."""


@dataclass(frozen=True)
class Profile:
    """Profile of the lines in absorption.png: its kind and half widths at half maximum in cm⁻¹."""

    kind: str = "voigt"
    gaussian: float = 1.0
    lorentzian: float = 1.0

    def __str__(self) -> str:
        """Kind and the widths that it has."""
        if self.kind == "voigt":
            widths = (
                f"half widths {self.gaussian:g} (Gaussian) and {self.lorentzian:g} (Lorentzian)"
            )
        else:
            widths = f"half width {getattr(self, self.kind):g}"
        return f"{self.kind.capitalize()} profile, {widths} cm⁻¹"


def draw_pictures(
    folder: Path,
    result: LevelsResult,
    title: str,
    maps: Maps | None,
    spectrum: Sticks | None,
    transitions: LineList | None,
    profile: Profile,
) -> None:
    """Draw levels.png and what else was asked for: density maps, the spectrum, the lines."""
    kinds = result.task.internal.kinds
    levels = result.levels.cpu()
    names = [_name(result, n) for n in range(len(levels.energies))]
    plots.level_diagram(folder / "levels.png", levels, title, kinds=kinds, labels=names)
    if maps is not None:
        for n in (n for n in maps.levels if n < len(levels.energies)):
            path = folder / f"density_{n}.png"
            plots.density_map(path, levels, n, maps.pairs, kinds, sampled=maps.sampled)
    if spectrum is not None and bool((spectrum.intensities > 0).any()):
        plots.sticks(folder / "spectrum.png", spectrum)
    if transitions is not None and transitions.bands:
        s = transitions.spectrum
        path = folder / "lines.png"
        strong = WEAKEST * transitions.bands[0][2]
        bands = [(name, place) for name, place, sum_ in transitions.bands if sum_ > strong]
        plots.absorption_lines(path, s.wavenumbers, s.intensities, transitions.temperature, bands)
        grid, sigma = cross_section(
            s.wavenumbers, s.intensities, profile=profile.kind, gaussian=profile.gaussian,
            lorentzian=profile.lorentzian,
        )  # fmt: skip
        heading = f"{title}: absorption at {transitions.temperature:g} K, {profile}"
        plots.absorption(folder / "absorption.png", grid, sigma, bands, heading)


def _name(result: LevelsResult, state: int) -> str:
    """Quanta and symmetry of a level, such as `(0 1 0) A1`; `-` if neither is known."""
    quanta, irrep = result.quanta.quanta[state], result.table[state].get("irrep", "")
    text = "" if quanta is None else f"({result.quanta.text(state)})"
    return f"{text} {irrep}".strip() or "-"
