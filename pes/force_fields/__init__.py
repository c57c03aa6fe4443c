"""Force fields: polynomials in dimensionless normal coordinates, and their vibrational levels."""

from pes.force_fields.field import ForceField
from pes.force_fields.levels import FieldLevels, field_levels
from pes.force_fields.reading import read_force_field

__all__ = ["FieldLevels", "ForceField", "field_levels", "read_force_field"]
