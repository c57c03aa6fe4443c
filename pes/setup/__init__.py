"""Choices between the engines and the commands: plain arguments in, frozen records out.

What a command chooses for its user, a function of this folder chooses for a Python user. Arguments
are in the units people write, Å, degrees and cm⁻¹, as in the configuration; everything computed
from them is in atomic units.
"""
