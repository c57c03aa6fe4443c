"""Analytic surfaces by name, for tests, sampling and first steps: published ones and models."""

from pes.potential.analytic.ammonia import AmmoniaModel
from pes.potential.analytic.formaldehyde import FormaldehydeModel
from pes.potential.analytic.hydrogen_cyanide import HydrogenCyanideModel
from pes.potential.analytic.hydrogen_peroxide import HydrogenPeroxideModel
from pes.potential.analytic.methane import MethaneModel
from pes.potential.analytic.triatomic import (
    CarbonDioxideModel,
    CarbonylSulfideModel,
    HydrogenSulfideModel,
    SilicideModel,
)
from pes.potential.analytic.water import WaterPJT

__all__ = ["ANALYTIC", "WaterPJT"]

ANALYTIC = {
    "water_pjt1996": WaterPJT,
    "formaldehyde_model": FormaldehydeModel,
    "ammonia_model": AmmoniaModel,
    "carbon_dioxide_model": CarbonDioxideModel,
    "carbonyl_sulfide_model": CarbonylSulfideModel,
    "hydrogen_cyanide_model": HydrogenCyanideModel,
    "hydrogen_peroxide_model": HydrogenPeroxideModel,
    "hydrogen_sulfide_model": HydrogenSulfideModel,
    "methane_model": MethaneModel,
    "silicide_model": SilicideModel,
}
"""Named surfaces: `surface: water_pjt1996` in a configuration."""
