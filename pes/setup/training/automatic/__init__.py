"""Fits without settings: points looked at, candidates tried in order, one judge, one report."""
