"""A user's function of positions, in NumPy or torch, as a surface."""

from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pes.units import ANGSTROM

__all__ = ["UserFunction", "reason"]

PACKAGE = str(Path(__file__).parents[1])


def reason(error: BaseException) -> str:
    """Kind and words of an error, and the line of the user's file that it comes from."""
    words = f"{type(error).__name__}: {error}"
    frames = [f for f in extract_tb(error.__traceback__) if not f.filename.startswith(PACKAGE)]
    frames = [f for f in frames if "importlib" not in f.filename]
    if not frames:
        return words
    # The user's own line, not the one in the library that it calls.
    last = [f for f in frames if f.filename == frames[0].filename][-1]
    return f"{words} ({last.filename}, line {last.lineno})"


class UserFunction(nn.Module):
    """A user's function of positions, in NumPy or torch, as a torch function.

    The first call decides: the function is torch if it takes a tensor and returns a tensor, else
    NumPy. It receives copies, so that it may work in place. Its derivatives are not used, for even
    a function in torch may detach its result.

    Args:
        function: positions (B, N, 3) to energies (B,), or to dipoles (B, 3).
        name: name for messages.
        value_shape: shape of the result for each geometry.
    """

    differentiable = False

    def __init__(
        self, function: Callable[[Any], Any], name: str, value_shape: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        # In a tuple, so that a module among functions is not taken for a part of this one.
        self._function = (function,)
        self.name = name
        self.value_shape = value_shape
        self.speaks_torch: bool | None = None

    @property
    def import_name(self) -> str:
        """Module and name of the function, by which it can be imported."""
        function = self._function[0]
        return f"{function.__module__}:{getattr(function, '__qualname__', 'function')}"

    def forward(self, positions: Tensor) -> Tensor:
        """Values of the function, (B, *value_shape), float64.

        Raises:
            ValueError: if it fails, or returns anything but float64 numbers of this shape.
        """
        if self.speaks_torch is None:
            self.speaks_torch = self._returns_tensor(positions[:1])
        call = self._torch if self.speaks_torch else self._numpy
        try:
            values = call(positions)
        except (Exception, SystemExit) as error:  # a user's function may fail in any way it likes
            raise ValueError(f"{self.name} failed: {reason(error)}") from error
        return self._checked(values, positions)

    def _torch(self, positions: Tensor) -> Any:
        return self._function[0](positions.clone())

    def _numpy(self, positions: Tensor) -> Any:
        return self._function[0](positions.detach().cpu().numpy().copy())

    def _returns_tensor(self, positions: Tensor) -> bool:
        try:
            return isinstance(self._torch(positions.detach()), Tensor)
        except (Exception, SystemExit) as with_tensor:  # a NumPy function may fail on a tensor
            first = reason(with_tensor)
        try:
            self._numpy(positions)
        except (Exception, SystemExit) as with_array:
            second = reason(with_array)
            both = first if first == second else f"on a tensor, {first}; on an array, {second}"
            raise ValueError(f"{self.name} failed: {both}{self._hint(positions)}") from with_array
        return False

    def _hint(self, positions: Tensor) -> str:
        """What to do about a function of a single geometry."""
        try:
            value = np.asarray(self._numpy(positions[0]), dtype=float)
        except (Exception, SystemExit):
            return ""
        if value.shape != self.value_shape:
            return ""
        return (
            f"; it takes one geometry {tuple(positions[0].shape)}, but is called with several at "
            "once, (B, N, 3): name a function that calls it for each of them, such as "
            "`def energies(x): return np.array([energy(one) for one in x])`"
        )

    def _checked(self, values: Any, positions: Tensor) -> Tensor:
        if not isinstance(values, Tensor):
            try:
                values = torch.from_numpy(np.asarray(values)).to(positions.device)
            except (TypeError, ValueError):
                raise ValueError(
                    f"{self.name} returned {type(values).__name__}, not an array of numbers"
                ) from None
        wanted = (len(positions), *self.value_shape)
        if values.shape != wanted:
            raise ValueError(
                f"{self.name} returned shape {tuple(values.shape)} for {len(positions)} "
                f"geometries; it must return shape {wanted}"
            )
        if values.dtype != torch.float64:
            raise ValueError(
                f"{self.name} returned {str(values.dtype).removeprefix('torch.')} numbers; "
                "compute in float64"
            )
        # Energies may be infinite where atoms meet; whoever needs them finite says where.
        if self.value_shape and bool((bad := ~values.isfinite().flatten(1).all(1)).any()):
            where = (positions[bad][0] / ANGSTROM).tolist()
            atoms = "; ".join(" ".join(f"{v:.3f}" for v in atom) for atom in where)
            raise ValueError(
                f"{self.name} is not a number at {int(bad.sum())} of {len(values)} geometries, "
                f"first with the atoms at {atoms} (Å); correct it there"
            )
        return values
