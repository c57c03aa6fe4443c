"""Training of dipole moments."""
