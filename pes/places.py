"""Places as users read them: values of coordinates by name, in Å and degrees."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """Names and units of coordinates.

    Attributes:
        names: names of the coordinates; empty where they have none, as those of a model.
        units: unit of each in messages; empty for pure numbers.
        sizes: these units in atomic units.
    """

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()

    def text(self, q: Tensor | Sequence[float]) -> str:
        """A place q (Q,) in atomic units, for a message.

        Example:
            >>> Places(("r1", "theta"), ("A", "deg"), (2.0, 0.5)).text([3.0, 50.0])
            'r1 = 1.5000 A, theta = 100.0000 deg'
            >>> Places().text([3.0, 50.0])
            'q = (3.0000, 50.0000) in atomic units'
        """
        values = [float(value) for value in q]
        if len(self.names) != len(values):
            return f"q = ({', '.join(f'{value:.4f}' for value in values)}) in atomic units"
        return ", ".join(
            f"{name} = {self.value(k, value)}"
            for k, (name, value) in enumerate(zip(self.names, values, strict=True))
        )

    def name(self, k: int) -> str:
        """Name of a coordinate, or its number from 1."""
        return self.names[k] if self.names else f"coordinate {k + 1}"

    def value(self, k: int, value: float) -> str:
        """Value of a coordinate with its unit."""
        if not self.names:
            return f"{value:.4f}"
        # Zero is added so that no minus stands before a rounded 0.
        number = f"{round(value / self.sizes[k], 4) + 0.0:.4f}"
        return f"{number} {self.units[k]}" if self.units[k] else number
