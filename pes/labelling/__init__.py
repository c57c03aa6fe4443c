"""Labelling: energies, forces and dipoles of chosen geometries by a quantum-chemistry program.

A program computes one point; workers run it on several points at once; a journal keeps every
point from the moment it is there.
"""
