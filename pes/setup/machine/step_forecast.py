"""Time of the steps of a calculation that are left, by how earlier ones kept to their forecast."""

from collections.abc import Mapping

__all__ = ["seconds_ahead"]

SLOWEST = 3.0
"""Most by which steps that took longer than forecast lengthen the next ones."""

FEWEST = 1.0
"""CPU seconds of the steps before from which they tell anything about the next ones."""


def seconds_ahead(
    steps: Mapping[str, float], step: str, before: float, *, quickest: float = 1.0
) -> tuple[float, float]:
    """CPU seconds of a step from its beginning to its end, and of all steps after it.

    Args:
        steps: CPU seconds forecast for each step by its name, in their order.
        step: step that runs.
        before: CPU seconds that the steps before it took.
        quickest: least ratio of taken to forecast time that is believed of the next steps; 1 where
            each has a speed of its own, so that one that ended early does not make others quick.

    Example:
        >>> seconds_ahead({"axes": 10.0, "coupling": 20.0, "levels": 5.0}, "coupling", 20.0)
        (40.0, 10.0)
    """
    names = list(steps)
    place = names.index(step)
    said = sum(steps[name] for name in names[:place])
    ratio = min(max(before / said, quickest), SLOWEST) if said > FEWEST else 1.0
    return ratio * steps[step], ratio * sum(steps[name] for name in names[place + 1 :])
