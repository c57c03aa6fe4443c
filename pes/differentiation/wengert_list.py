"""Wengert list of a torch function: elementary steps, their values, tangents and adjoints.

Each call of torch becomes a step v_i. Forward mode carries the tangent v̇_i = dv_i/dt along a
direction of the inputs, with the values; reverse mode runs through the list backwards and sums the
adjoint v̄_i = ∂f/∂v_i = Σ_j v̄_j ∂v_j/∂v_i over the steps j that use v_i.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

from pes import plots
from pes.tables import html_table

__all__ = ["Tape", "TapeStep", "tape"]

SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "true_divide": "/", "pow": "**",
    "__rpow__": "**", "matmul": "@", "__matmul__": "@",
}  # fmt: skip
"""Operators between two arguments."""

TAKEN = {
    "__float__": "float()", "__int__": "int()", "item": ".item()", "tolist": ".tolist()",
}  # fmt: skip
"""Calls whose result torch takes for a constant; `.detach()` says so by its name."""

ARRAYS = ("numpy", "__array__")
"""Calls by which NumPy takes a tensor."""

TURNED = ("__rsub__", "__rpow__", "__rdiv__", "rsub")
"""Operators whose arguments torch has in the other order."""


@dataclass(frozen=True, eq=False)
class TapeStep:
    """A line of the list.

    Attributes:
        name: `v1`, `v2`, … in the order of computation, or the name of an input.
        expression: what is computed of which lines; the name itself for an input.
        parents: numbers of the lines that it is computed of.
        value: v, of any shape.
        tangent: dv/dt along the direction, of the same shape; None without a direction.
        adjoint: ∂f/∂v, of the same shape.
    """

    name: str
    expression: str
    parents: tuple[int, ...]
    value: Tensor
    tangent: Tensor | None
    adjoint: Tensor


@dataclass(frozen=True, eq=False)
class Tape:
    """The list of a scalar function at a point; `print` shows it, `picture` draws its graph.

    Attributes:
        steps: steps in the order of computation, which is a topological order of the graph: the
            inputs, then every step after those it is computed of. The last is the result.
    """

    steps: tuple[TapeStep, ...]

    @property
    def value(self) -> float:
        """f."""
        return float(self.steps[-1].value)

    @property
    def gradient(self) -> tuple[Tensor, ...]:
        """Adjoints of the inputs: ∂f/∂x of reverse mode."""
        return tuple(step.adjoint for step in self.steps if step.name == step.expression)

    @property
    def rows(self) -> list[list[str]]:
        """Rows of the table; the first one is its header."""
        slopes = self.steps[0].tangent is not None
        head = ["step", "computed as", "value", *["tangent"] * slopes, "adjoint"]
        return [head, *[_cells(step) for step in self.steps]]

    def __repr__(self) -> str:
        return f"Tape({len(self.steps)} steps, f = {self.value:.6g})"

    def __str__(self) -> str:
        rows = self.rows
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        padded = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        )
        return "\n".join(line.rstrip() for line in padded)

    def _repr_html_(self) -> str:
        return html_table(self.rows, repr(self))

    def picture(self, path: str | Path) -> None:
        """Draw the graph: one box for each step, later steps further right.

        Args:
            path: path of the PNG file.

        Raises:
            ValueError: for more boxes than a picture can show.
        """
        texts = [_box(step) for step in self.steps]
        plots.computational_graph(path, texts, [step.parents for step in self.steps])


def tape(
    function: Callable[..., Tensor],
    *inputs: Tensor | float | Sequence[float],
    direction: Sequence[Tensor | float | Sequence[float]] | None = None,
) -> Tape:
    """Run a scalar torch function and list what it does, with adjoints and tangents.

    Only calls whose result depends on the inputs are listed, a call of torch as one step: a layer
    of a network is one, and so is an eigenvalue problem.

    Args:
        function: function of tensors, one for each input, to a scalar tensor.
        inputs: numbers, lists or tensors; float64.
        direction: one tangent for each input, of its shape, for forward mode; without it the list
            has no tangents.

    Raises:
        TypeError: if the function is not called with so many tensors or returns no tensor.
        ValueError: if its result is not a real scalar, does not depend on the inputs as far as
            torch knows, or if it changes a tensor in place, gives one to NumPy or has a step
            without a derivative.

    Warns:
        UserWarning: if a step takes a number out of the list, by which no derivative passes.

    References:
        R. E. Wengert, Commun. ACM 7, 463 (1964), doi:10.1145/355586.364791.

    Example:
        >>> print(tape(lambda x1, x2: x1.log() + x1 * x2, 0.1, 0.5, direction=(1, 0)))
        step  computed as  value     tangent  adjoint
        x1    x1           0.1       1        10.5
        x2    x2           0.5       0        0.1
        v1    log(x1)      -2.30259  10       1
        v2    x1 * x2      0.05      0.5      1
        v3    v1 + v2      -2.25259  10.5     1
    """
    points = [torch.as_tensor(x, dtype=torch.float64).detach().clone() for x in inputs]
    slopes = None
    if direction is not None:
        slopes = [torch.as_tensor(t, dtype=torch.float64).detach().clone() for t in direction]
        if [t.shape for t in slopes] != [x.shape for x in points]:
            raise ValueError("`direction` must hold one tangent for each input, of its shape")
    level: AbstractContextManager[Any] = (
        nullcontext() if slopes is None else forward_ad.dual_level()
    )
    with level, torch.enable_grad():
        leaves = [x.requires_grad_() for x in points]
        if slopes is not None:
            leaves = [forward_ad.make_dual(*pair) for pair in zip(leaves, slopes, strict=True)]
        recorder = _Recorder(_names(function, len(leaves)), leaves)
        with recorder:
            result = function(*leaves)
        return Tape(tuple(_steps(recorder, _checked(result, recorder), slopes is not None)))


class _Recorder(TorchFunctionMode):
    """Every call of torch whose result depends on the inputs."""

    def __init__(self, names: Sequence[str], inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.names, self.tensors = list(names), list(inputs)
        self.expressions = list(names)
        self.parents: list[tuple[int, ...]] = [()] * len(inputs)
        # By identity; all tensors are kept, so that none is replaced by another of the same number.
        self.numbers = {id(x): k for k, x in enumerate(inputs)}

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", str(func))
        used = tuple(self.numbers[id(x)] for x in _tensors((args, kwargs)) if id(x) in self.numbers)
        if used and (name == "__setitem__" or (name.endswith("_") and name[-2] != "_")):
            raise ValueError(
                f"{name} changes a tensor in place, and the list needs a tensor for each step: "
                "write the function without it"
            )
        if used and name in ARRAYS:
            raise ValueError(
                "the function gives a tensor to NumPy, which has no derivatives: write it with the "
                "functions of torch, such as torch.sin(x) in place of np.sin(x)"
            )
        if used and name in TAKEN:
            warnings.warn(
                f"{TAKEN[name]} takes a number out of the list: derivatives do not pass through it",
                stacklevel=2,
            )
        with _differentiable():
            result = func(*args, **(kwargs or {}))
        several = not isinstance(result, Tensor)
        for k, x in enumerate(_tensors(result)):
            if used and x.requires_grad and id(x) not in self.numbers:
                text = _expression(name, [self._text(a) for a in (*args, *(kwargs or {}).values())])
                self._append(x, f"{text}[{k}]" if several else text, tuple(dict.fromkeys(used)))
        return result

    def _append(self, x: Tensor, expression: str, parents: tuple[int, ...]) -> None:
        self.numbers[id(x)] = len(self.tensors)
        self.names.append(f"v{len(self.tensors) - sum(not p for p in self.parents) + 1}")
        self.expressions.append(expression)
        self.parents.append(parents)
        self.tensors.append(x)

    def _text(self, argument: Any) -> str:
        """An argument as it stands in an expression."""
        if isinstance(argument, Tensor):
            if id(argument) in self.numbers:
                return self.names[self.numbers[id(argument)]]
            return _number(argument.detach()) if argument.numel() == 1 else _shape(argument)
        if isinstance(argument, list | tuple):
            return f"[{', '.join(map(self._text, argument))}]"
        if isinstance(argument, slice):
            ends = ("" if end is None else str(end) for end in (argument.start, argument.stop))
            return ":".join(ends)
        return "..." if argument is ... else f"{argument}"


@contextmanager
def _differentiable() -> Iterator[None]:
    """Say in words that torch has no derivative of a step."""
    try:
        yield
    except NotImplementedError as error:
        first = str(error).partition("\n")[0]
        raise ValueError(f"torch cannot differentiate a step of the function: {first}") from error


def _names(function: Callable[..., Tensor], count: int) -> list[str]:
    """Names of the arguments as the function has them."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        parameters = []
    plain = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    return plain[:count] if len(plain) >= count else [f"x{k + 1}" for k in range(count)]


def _tensors(nested: Any) -> Iterator[Tensor]:
    if isinstance(nested, Tensor):
        yield nested
    elif isinstance(nested, dict):
        yield from _tensors(list(nested.values()))
    elif isinstance(nested, list | tuple):
        for one in nested:
            yield from _tensors(one)


def _expression(name: str, arguments: Sequence[str]) -> str:
    """A call of torch as one would write it."""
    turned = name in TURNED
    plain = name.strip("_").removeprefix("r") if turned else name.strip("_")
    if plain in SIGNS and len(arguments) == 2:
        first, second = reversed(arguments) if turned else arguments
        return f"{first} {SIGNS[plain]} {second}"
    if name == "__getitem__":
        return f"{arguments[0]}[{arguments[1].strip('[]')}]"
    return f"{plain}({', '.join(arguments)})"


def _checked(result: Any, recorder: _Recorder) -> Tensor:
    """The result of the function, which must be a step of the list."""
    if not isinstance(result, Tensor):
        raise TypeError(f"the function must return a tensor, got {type(result).__name__}")
    if result.numel() != 1:
        raise ValueError(f"the function must return one number, got shape {tuple(result.shape)}")
    if result.is_complex():
        raise ValueError("the function must return a real number, got a complex one")
    if id(result) not in recorder.numbers:
        raise ValueError(
            "the result does not depend on the inputs as far as torch knows; look for .item(), "
            ".detach(), float() and NumPy in the function"
        )
    return result


def _steps(recorder: _Recorder, result: Tensor, slopes: bool) -> Iterator[TapeStep]:
    """Lines of the list up to the result, with adjoints by one run backwards."""
    count = recorder.numbers[id(result)] + 1
    tensors = recorder.tensors[:count]
    with _differentiable():
        adjoints = torch.autograd.grad(result.sum(), tensors, allow_unused=True)
    for k, (x, adjoint) in enumerate(zip(tensors, adjoints, strict=True)):
        value, tangent = x, None
        if slopes:
            value, tangent = forward_ad.unpack_dual(x)
            tangent = torch.zeros_like(value) if tangent is None else tangent
            adjoint = adjoint if adjoint is None else forward_ad.unpack_dual(adjoint).primal
        yield TapeStep(
            recorder.names[k], recorder.expressions[k], recorder.parents[k], value.detach(),
            None if tangent is None else tangent.detach(),
            torch.zeros_like(value).detach() if adjoint is None else adjoint.detach(),
        )  # fmt: skip


def _cells(step: TapeStep) -> list[str]:
    slopes = [] if step.tangent is None else [_number(step.tangent)]
    return [step.name, step.expression, _number(step.value), *slopes, _number(step.adjoint)]


def _number(x: Tensor) -> str:
    """A number, a few numbers, or the shape and norm of many."""
    if x.numel() == 1:
        return f"{float(x):.6g}"
    if x.ndim == 1 and len(x) <= 3:
        return f"[{', '.join(f'{float(one):.4g}' for one in x)}]"
    return f"{_shape(x)}, norm {float(x.double().norm()):.4g}"


def _shape(x: Tensor) -> str:
    return f"tensor({', '.join(map(str, x.shape))})"


def _box(step: TapeStep) -> str:
    head = step.name if step.name == step.expression else f"{step.name} = {step.expression}"
    return f"{head}\n{_number(step.value)}\nadjoint {_number(step.adjoint)}"
