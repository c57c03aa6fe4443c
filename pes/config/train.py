"""`pes-train`: data, settings to try, and the sections of surface, training and levels."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pes.config.ensemble import EnsembleSection
from pes.config.section import Isotopes, Name, Section, Seed
from pes.config.surface import Surfaces, SurfaceSection, neural
from pes.config.training import Training
from pes.config.vibration import Vibration

__all__ = ["Data", "Search", "TrainConfig"]


class Data(Section):
    """File of the points and their split into training, validation and test."""

    file: Path
    """File of points in any format that `pes.read` knows."""
    format: str | None = None
    """Name of its format where suffix and content cannot tell, such as qm22 or zmatrix."""
    formula: str | tuple[str, ...] | None = None
    """Atoms of the file in its order, such as O H H; a table needs them."""
    columns: tuple[str, ...] | None = None
    """Names of the columns of a table without a header."""
    keys: dict[str, str] = {}
    """Names in the file of energy, forces or gradients, dipole or positions."""
    units: dict[str, str] = {}
    """Units of energy, length, forces, dipole and angle where the file does not fix them."""
    zmatrix: tuple[tuple[str | int, ...], ...] | None = None
    """Rows of the Z-matrix of a table, such as [O], [H, 0], [H, 0, 1]."""
    column: str | None = None
    """Column of the file that holds the labels instead of `energies`, such as those of another
    level of theory; points that lack it are left out."""
    window: tuple[float, float] | None = None
    """Lowest and highest label to use, cm⁻¹ above the lowest one; points outside are in no part."""
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    """Shares of train, validation and test."""
    split: Path | None = None
    """JSON file with the rows of the file in `train`, `validation` and `test` instead, such as
    the split.json of another run; without `validation` this part is drawn from the training rows.
    An .npz file of these arrays, or a text file with the rows of the test, serves as well."""
    test: Path | None = None
    """File of test points in the same format; those of `file` are then for training and
    validation."""
    regroup: bool = False
    """Move copies of a geometry that `split` has in several parts into the first of these."""
    forces: bool | None = None
    """Fit forces too; by default whenever the file has them."""
    audit: Literal["refuse", "warn"] = "refuse"
    """Findings of `pes-audit` that make a fit meaningless (errors): refuse the fit, or warn."""
    doubtful: Literal["fit", "leave_out"] = "fit"
    """Points whose energy or forces `pes-audit` calls stuck or wrong: fit them like all others, or
    leave them out of training and validation and report them. `pes-train` of a file of points
    leaves them out."""

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


class Search(Section):
    """Settings tried in short trainings of one network; the best by validation error is taken."""

    candidates: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(min_length=1)
    """Key → values, such as surface.hidden: [[16, 16], [24, 24]]; such keys may also be written in
    `search` itself."""
    strategy: Literal["grid", "halving", "optuna"] = "halving"
    """grid: all are trained to the end; halving: only the better half continues; optuna: `trials`
    are chosen one by one."""
    budget: float = Field(default=60.0, gt=0)
    """Total budget, CPU seconds."""
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


class TrainConfig(Section):
    """`pes-train`: data to surface."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    seed: Seed = 0
    """Seed of the split, the starting weights and the order of points."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; by default torch's choice."""
    molecule: Isotopes | None = None
    """Isotopes the data must fit, such as [O, H, H]; by default what the file says."""
    data: Data
    surface: Annotated[Surfaces, BeforeValidator(neural)] = SurfaceSection()
    """neural, linear, kernel or auto; of dipole moments dipole, dipole_network or auto_dipole. A
    network unless `kind` says otherwise, or auto where `training.budget` is given and nothing about
    the surface."""
    training: Training = Training()
    search: Search | None = None
    """Hyperparameter search space."""
    ensemble: EnsembleSection | None = None
    """Ensemble of networks instead of a single one."""
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
