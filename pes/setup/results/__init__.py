"""Tables, derivatives, densities and files of levels."""
