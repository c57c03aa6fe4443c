"""Keys of a levels calculation of a force field in normal coordinates."""

from pydantic import Field, model_validator

from pes.config.section import Name, Section

__all__ = ["ForceFieldConfig"]


class ForceFieldConfig(Section):
    """`pes-levels --config`: levels of a force field in normal coordinates."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    force_field: str
    """File of the force field: a plain table, an input file of VHCI, or a Gaussian output of
    anharmonic frequencies."""
    coriolis: str | None = None
    """File of rotational and Coriolis constants, which add the vibrational angular momentum; the
    default is to leave it out, as most published levels of force fields do."""
    levels: int | None = Field(default=None, gt=0)
    """Number of levels, the ground state included; each level of a degenerate set counts. The
    default is 20 unless `energy` is given."""
    energy: float | None = Field(default=None, gt=0)
    """Compute all levels up to this energy, cm⁻¹ above the ground state; use it instead of
    `levels`."""
    accuracy: float = Field(default=0.01, gt=0)
    """Largest estimated error of a level, cm⁻¹; functions are added until all levels reach it."""
    minutes: float = Field(default=5.0, gt=0)
    """CPU time that the calculation may take, minutes."""
    functions: int | None = Field(default=None, gt=0)
    """Largest number of product functions; the default is no limit."""
    memory: float | None = Field(default=None, gt=0)
    """Memory that the calculation may take in addition to the program itself, GiB; the default is
    the free memory."""
    sensitivities: bool = False
    """Compute the derivatives of the levels by every frequency and constant; sensitivities.csv
    holds them."""

    @model_validator(mode="after")
    def _one_limit(self) -> "ForceFieldConfig":
        if self.levels is not None and self.energy is not None:
            raise ValueError("give `levels` or `energy`, not both")
        return self
