"""Levels with J > 0: forecast, calculation and tables."""
