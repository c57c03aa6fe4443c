"""Automatic differentiation made visible: a function as its list of elementary steps."""

from pes.differentiation.wengert_list import Tape, tape

__all__ = ["Tape", "tape"]
