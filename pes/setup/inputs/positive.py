"""Limits of a calculation: positive numbers."""

__all__ = ["check_positive"]


def check_positive(**values: float | None) -> None:
    """Refuse numbers that are not positive; None is none.

    Raises:
        ValueError: with the name of the first.
    """
    for name, value in values.items():
        if value is not None and not value > 0:
            raise ValueError(f"`{name}` must be positive, got {value}")
