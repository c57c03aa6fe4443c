"""Keys of a levels calculation of a force field in normal coordinates."""

from pydantic import Field, model_validator

from pes.config.section import Name, Section

__all__ = ["ForceFieldConfig"]


class ForceFieldConfig(Section):
    """`pes-levels --config`: levels of a force field in normal coordinates."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    force_field: str
    """File of the force field: a plain table, VHCI's input or the output of Gaussian's anharmonic
    frequencies."""
    levels: int | None = Field(default=None, gt=0)
    """Number of levels, the ground state included, degenerate ones each by itself; 20 unless
    `energy` is given."""
    energy: float | None = Field(default=None, gt=0)
    """All levels up to so much above the ground state, cm⁻¹."""
    accuracy: float = Field(default=0.01, gt=0)
    """Largest estimated error of a level, cm⁻¹; the number of functions grows until then."""
    minutes: float = Field(default=5.0, gt=0)
    """CPU time that the calculation may take."""
    functions: int | None = Field(default=None, gt=0)
    """Largest number of product functions; no limit by default."""
    memory: float | None = Field(default=None, gt=0)
    """Memory that the calculation may take beside the program itself, GiB; by default what is
    free."""
    sensitivities: bool = False
    """Derivatives of the levels by every frequency and constant, into sensitivities.csv."""

    @model_validator(mode="after")
    def _one_limit(self) -> "ForceFieldConfig":
        if self.levels is not None and self.energy is not None:
            raise ValueError("give `levels` or `energy`, not both")
        return self
