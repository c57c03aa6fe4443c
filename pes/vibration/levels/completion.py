"""Levels whose highest degenerate cluster the number of levels asked for had cut."""

from dataclasses import replace

from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.levels.degeneracy import clusters, is_cut
from pes.vibration.levels.result import Levels

__all__ = ["completed_clusters"]


def completed_clusters(levels: Levels) -> Levels:
    """The same levels, and those that complete the highest cluster if the count cut it."""
    count = len(levels.energies)
    while is_cut(levels.eigenpairs):
        enough = min(len(levels.energies) + 2, levels.hamiltonian.size)
        pairs = lowest_blockwise(levels.hamiltonian, enough)
        ends = [group[-1] + 1 for group in clusters(pairs.energies)]
        whole = next((end for end in ends[:-1] if end >= count), enough)
        pairs = pairs.first(whole)
        # How far the levels added are from converged is not known.
        levels = replace(levels, eigenpairs=pairs, estimated_changes=None)
    return levels
