"""Pictures of fits and levels, one PNG each, written whole or not at all."""

from pes.plots.density import density_map
from pes.plots.evaluation import calibration_curve, errors
from pes.plots.figure import also_as_pdf
from pes.plots.fit import learning_curve, residuals
from pes.plots.force_field import force_field_diagram
from pes.plots.gradients import difference_errors
from pes.plots.graph import computational_graph
from pes.plots.harmonic_gaussian import Well, model_levels
from pes.plots.points import energy_histogram
from pes.plots.refinement import refined_levels
from pes.plots.spectrum import absorption
from pes.plots.stick_spectrum import absorption_lines, sticks
from pes.plots.vibration import level_diagram

__all__ = [
    "Well",
    "absorption",
    "absorption_lines",
    "also_as_pdf",
    "calibration_curve",
    "computational_graph",
    "density_map",
    "difference_errors",
    "energy_histogram",
    "errors",
    "force_field_diagram",
    "learning_curve",
    "level_diagram",
    "model_levels",
    "refined_levels",
    "residuals",
    "sticks",
]
