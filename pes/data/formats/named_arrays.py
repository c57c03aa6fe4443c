"""Arrays of single points, found by name, as columns of a data set."""

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["stacked"]


def stacked(name: str, points: Sequence[Mapping[str, np.ndarray]], of: str) -> np.ndarray:
    """The arrays of a name, one below the other; NaN where a point has none.

    Args:
        name: name of the arrays.
        points: arrays of each point by name; at least one has it.
        of: what a point of the file is called, in the plural.

    Raises:
        ValueError: if they differ in shape.

    Example:
        >>> stacked("charge", [{"charge": np.array([1.0])}, {}], "frames").tolist()
        [[1.0], [nan]]
    """
    shape = next(one[name].shape for one in points if name in one)
    missing = np.full(shape, np.nan)
    rows = [one.get(name, missing) for one in points]
    if any(row.shape != shape for row in rows):
        raise ValueError(f"`{name}` has not the same number of values in all {of}")
    return np.array(rows)
