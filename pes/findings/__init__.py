"""Audit of labelled points: one file for each family of checks."""
