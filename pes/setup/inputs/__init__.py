"""What users hand over as a surface or a dipole moment, as callables of torch positions."""
