"""`pes-train`: data, settings to try, and the sections of surface, training and levels."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pes.config.ensemble import EnsembleSection
from pes.config.section import Isotopes, Name, Section, Seed
from pes.config.surface import Surfaces, SurfaceSection, neural
from pes.config.training import Training
from pes.config.vibration import Vibration
from pes.setup.training.planning.search import Search

__all__ = ["Data", "SearchSection", "TrainConfig"]


class Data(Section):
    """File of the points and their split into training, validation and test."""

    file: Path
    """File of points in any format that `pes.read` knows."""
    format: str | None = None
    """Format of the file, such as qm22 or zmatrix, if its suffix and content do not show it."""
    formula: str | tuple[str, ...] | None = None
    """Atoms in the order of the file, such as O H H; a table does not name them and needs this
    key."""
    columns: tuple[str, ...] | None = None
    """Names of the columns of a table without a header."""
    keys: dict[str, str] = {}
    """Names that the file uses for energy, forces or gradients, dipole or positions."""
    units: dict[str, str] = {}
    """Units of energy, length, forces, dipole and angle, if the file format does not fix them."""
    zmatrix: tuple[tuple[str | int, ...], ...] | None = None
    """Rows of the Z-matrix of a table, such as [O], [H, 0], [H, 0, 1]."""
    column: str | None = None
    """Column of the file that is fitted instead of `energies`, such as energies of another level of
    theory; points without a value in it are left out."""
    window: tuple[float, float] | None = None
    """Lowest and highest energy to use, cm⁻¹ above the lowest label; all other points are left
    out."""
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    """Fractions of the training, validation and test points."""
    split: Path | None = None
    """File with the row numbers of the training, validation and test points; it replaces
    `fractions`. It is JSON or .npz with the keys `train`, `validation` and `test`, such as the
    split.json of another run, or a text file with the test rows alone. Without `validation` this
    part is drawn from the training rows."""
    test: Path | None = None
    """File of the test points, in the format of `file`; the points of `file` are then used for
    training and validation."""
    regroup: bool = False
    """If `split` puts copies of a geometry into several parts, move all of them into the first
    part."""
    forces: bool | None = None
    """Fit forces too; the default is true if the file has forces."""
    audit: Literal["refuse", "warn"] = "refuse"
    """Action if `pes-audit` finds errors, which make a fit meaningless: refuse the fit, or
    warn."""
    doubtful: Literal["fit", "leave_out"] = "fit"
    """Treatment of points whose energy or forces `pes-audit` calls stuck or wrong. fit: fit them
    like all others. leave_out: leave them out of training and validation, and report them.
    `pes-train FILE`, without a configuration, leaves them out."""

    @property
    def statements(self) -> dict[str, Any]:
        """Statements of the user about the file, as arguments of `pes.read`."""
        names = ("format", "formula", "columns", "keys", "units", "zmatrix")
        return {name: value for name in names if (value := getattr(self, name))}

    @model_validator(mode="after")
    def _rising_window(self) -> "Data":
        if self.window is not None and not self.window[0] < self.window[1]:
            raise ValueError(f"`window` must be [low, high] with low < high, got {self.window}")
        if self.split is not None and self.test is not None:
            raise ValueError("`split` and `test` both name the test points; leave out one of them")
        if self.column is not None and self.forces:
            raise ValueError("`forces` belong to `energies`, not to a `column`; leave them out")
        return self


class SearchSection(Section):
    """Search for settings: short fits of one network are compared by their validation errors."""

    candidates: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(min_length=1)
    """Values to try for each key, such as surface.hidden: [[16, 16], [24, 24]]. Such keys may also
    be written in `search` itself."""
    strategy: Literal["grid", "halving", "optuna"] = "halving"
    """grid: every candidate is trained to the end. halving: the better half of the candidates is
    trained longer, again and again. optuna: Optuna chooses `trials` candidates one by one."""
    budget: float = Field(default=60.0, gt=0)
    """CPU time of the trials together, seconds. One epoch of each optimizer comes before them and
    does not count: the first one loads and compiles code."""
    trials: int = Field(default=20, gt=0)
    """Number of Optuna trials."""

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        dotted = {key: value for key, value in content.items() if "." in str(key)}
        rest = {key: value for key, value in content.items() if key not in dotted}
        return {**rest, "candidates": {**rest.get("candidates", {}), **dotted}}

    def resolved(self) -> Search:
        """The record of `pes.setup`."""
        return Search(**self.model_dump())


class TrainConfig(Section):
    """`pes-train`: fit of a surface to points."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    seed: Seed = 0
    """Seed of the split, the starting weights and the order of points."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; the default is the choice of torch."""
    molecule: Isotopes | None = None
    """Isotopes of the molecule, such as [O, H, H]; the default is what the file says. Data of
    another molecule are refused."""
    data: Data
    surface: Annotated[Surfaces, BeforeValidator(neural)] = SurfaceSection()
    """Kind of the surface: neural, linear, kernel or auto; for dipole moments dipole,
    dipole_network or auto_dipole. The default is neural, or auto if `training.budget` is given and
    the section `surface` is left out."""
    training: Training = Training()
    search: SearchSection | None = None
    """Hyperparameter search; the default is none."""
    ensemble: EnsembleSection | None = None
    """Ensemble of networks instead of a single network; the default is none."""
    vibration: Vibration = Vibration()
    """Settings of `pes-levels RUN` for this surface."""

    @model_validator(mode="before")
    @classmethod
    def _automatic(cls, content: Any) -> Any:
        training = content.get("training") if isinstance(content, dict) else None
        budget = isinstance(training, dict) and training.get("budget") is not None
        return {"surface": "auto", **content} if budget else content

    @model_validator(mode="after")
    def _search_of_networks(self) -> "TrainConfig":
        automatic = self.surface.kind == "auto"
        if automatic and (self.search is not None or self.ensemble is not None):
            raise ValueError(
                "`surface: auto` chooses the networks; leave out `search` and `ensemble`"
            )
        if self.search is not None and self.surface.kind != "neural":
            raise ValueError("`search` is for networks; a linear surface takes lists of values")
        return self

    @model_validator(mode="after")
    def _dipole_without_settings_of_energies(self) -> "TrainConfig":
        if not self.surface.of_dipoles:
            return self
        if self.ensemble is not None:
            raise ValueError("`ensemble` is for energies; a dipole surface has `members`")
        unused = ["restarts", "first_points", "first_epochs"]
        if self.surface.kind != "auto_dipole":
            unused.append("budget")
        given = next((key for key in unused if getattr(self.training, key)), None)
        if given == "budget":
            raise ValueError(
                f"`training.budget` is not for `surface: {self.surface.kind}`; write `surface: "
                "auto_dipole`, which chooses within this time, or limit networks by `epochs` or "
                "`max_seconds`"
            )
        if given is not None:
            raise ValueError(f"`training.{given}` is for surfaces of energies; leave it out")
        return self
