"""`pes-sample`: keys of what geometries to choose."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pes.config.section import Isotopes, Name, Section, Seed
from pes.setup.coordinate_request import CoordinateRequest
from pes.setup.level_points import LEVELS

__all__ = ["SampleConfig"]


class SampleConfig(Section):
    """`pes-sample`: geometries to compute."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    seed: Seed = 0
    """Seed of the samples."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; by default torch's choice."""
    molecule: Isotopes | None = None
    """Isotopes, such as [O, H, H]; by default the surface's or those of `points`."""
    surface: str
    """Surface: run folder, surface file, module:function, file.py:function or a named analytic
    one."""
    functions: tuple[str, ...] = ()
    """Functions, module:function or file.py:function, that a surface file may be built on; a file
    alone runs no code."""
    coordinates: CoordinateRequest | None = None
    """Ranges to fill; by default the distances of the training points and of `points`."""
    points: Path | None = None
    """Points that are there already, a file in any format that `pes-convert` reads."""
    count: int = Field(default=100, gt=0)
    """Geometries to choose."""
    energy: float = Field(default=30000.0, gt=0)
    """Highest energy, cm⁻¹ above the minimum."""
    choose: Literal["energy", "spread", "levels"] = "energy"
    """energy: spread evenly, fewer the higher they lie; spread: where the members of an ensemble
    differ, apart from one another and from the training points; levels: where labels would reduce
    the error bars of levels most."""
    levels: int = Field(default=LEVELS, gt=0)
    """Number of levels whose error bars are to shrink, the ground state included."""
    levels_folder: Path | None = None
    """Folder of these levels, written by `pes-levels`; by default `levels` in the run folder that
    `surface` names."""
    accuracy: float = Field(default=0.0, ge=0)
    """Error bar that is small enough, cm⁻¹; where all are, no geometry is chosen."""
    offset: float = Field(default=1000.0, gt=0)
    """Δ of the chance (E_max − V + Δ)/(E_max + Δ) to choose a geometry by energy, cm⁻¹."""
    samples: int = Field(default=16384, gt=0)
    """Geometries to choose from."""
