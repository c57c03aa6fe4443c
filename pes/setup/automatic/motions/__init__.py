"""Motions of large amplitude that coordinates of small vibrations leave out."""
