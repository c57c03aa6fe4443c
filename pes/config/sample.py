"""`pes-sample`: keys of what geometries to choose."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pes.config.section import Isotopes, Name, Section, Seed
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.new_points.level_points import LEVELS

__all__ = ["SampleConfig"]


class SampleConfig(Section):
    """`pes-sample`: choice of the geometries to compute next."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    seed: Seed = 0
    """Seed of the random samples."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; the default is the choice of torch."""
    molecule: Isotopes | None = None
    """Isotopes of the molecule, such as [O, H, H]; the default is those of the surface or of
    `points`."""
    surface: str
    """Surface: a run folder, a surface file, module:function, file.py:function or the name of an
    analytic surface."""
    functions: tuple[str, ...] = ()
    """Python functions, module:function or file.py:function, that a surface file may call. A
    surface file runs no code unless you name its functions here."""
    coordinates: CoordinateRequest | None = None
    """Coordinates and ranges to choose from; the default is the region of the distances of the
    training points and of `points`."""
    points: Path | None = None
    """File of points that you have already, in any format that `pes-convert` reads."""
    count: int = Field(default=100, gt=0)
    """Number of geometries to choose."""
    energy: float = Field(default=30000.0, gt=0)
    """Highest energy of the geometries, cm⁻¹ above the minimum."""
    choose: Literal["energy", "spread", "levels"] = "energy"
    """Criterion for the choice of geometries. energy: evenly over the region, fewer at higher
    energies. spread: where the members of an ensemble differ, away from one another and from the
    training points. levels: where new labels would reduce the error bars of levels most."""
    levels: int = Field(default=LEVELS, gt=0)
    """Number of levels whose error bars are reduced, the ground state included."""
    levels_folder: Path | None = None
    """Folder that `pes-levels` wrote for these levels; the default is `levels` in the run folder of
    `surface`."""
    accuracy: float = Field(default=0.0, ge=0)
    """Error bar that is small enough, cm⁻¹; if all error bars are, no geometry is chosen."""
    offset: float = Field(default=1000.0, gt=0)
    """Energy Δ in the probability (E_max − V + Δ)/(E_max + Δ) to choose a geometry, for
    `choose: energy`, cm⁻¹."""
    samples: int = Field(default=16384, gt=0)
    """Number of random geometries among which the program chooses."""
