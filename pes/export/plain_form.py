"""Surfaces as numbers and tables without torch.

V is a constant plus, for each set of invariant polynomials, the sum of its heads: linear functions
of the polynomials and networks of them. Members of an ensemble are heads with a share of the sum.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from torch import nn

from pes.descriptors import Invariants
from pes.descriptors.invariants import pair_of_likes
from pes.elements import element
from pes.potential import LinearSurface, NeuralSurface, Surface

__all__ = ["Array", "LinearHead", "NetworkHead", "PlainForm", "Polynomials", "plain_form"]

Simple = LinearSurface | NeuralSurface
"""Surfaces of one head."""

NAMELESS = (
    "a function does not say which atoms it is for, so it cannot be exported; fit a surface to its "
    "energies with pes-train, and export the run"
)
"""Why a surface without symbols is refused."""

Array = NDArray[np.float64]
Table = NDArray[np.int64]


@dataclass(frozen=True)
class LinearHead:
    """share · c·f.

    Attributes:
        coefficients: share times c, (F,) in hartree.
    """

    coefficients: Array


@dataclass(frozen=True)
class NetworkHead:
    """scale · MLP((f − mean) / deviation).

    Attributes:
        mean: (F,).
        deviation: (F,).
        layers: weights (outputs, inputs) and biases (outputs,) from the inputs on.
        activation: tanh, silu or softplus.
        scale: scale with the share of its member, hartree.
    """

    mean: Array
    deviation: Array
    layers: tuple[tuple[Array, Array], ...]
    activation: str
    scale: float


@dataclass(frozen=True)
class Polynomials:
    """Invariant polynomials and what is made of them.

    Monomial 0 is one; monomial i is monomial `parent` times variable `factor` of the table's row
    i − 1, and adds to polynomial `orbit`.

    Attributes:
        variable: morse, exp(−r/a), inverse, a/r, or cosine, exp(−r/a) of the bonds of AB₂ and
            cos θ of the angle between them.
        length: a in bohr.
        angle: numbers of the pairs of the two bonds and of the like atoms; none without an angle.
        parent: (M,).
        factor: (M,) numbers of the pairs of atoms, 01 02 … 12 ….
        orbit: (M,).
        count: number of polynomials, F.
        heads: functions of the polynomials.
    """

    variable: str
    length: float
    angle: tuple[int, int, int] | None
    parent: Table
    factor: Table
    orbit: Table
    count: int
    heads: tuple[LinearHead | NetworkHead, ...]


@dataclass(frozen=True)
class PlainForm:
    """A whole surface.

    Attributes:
        elements: elements of the atoms.
        constant: hartree.
        parts: sets of polynomials.
    """

    elements: tuple[str, ...]
    constant: float
    parts: tuple[Polynomials, ...]

    @property
    def pairs(self) -> int:
        """Number of pairs of atoms."""
        return len(self.elements) * (len(self.elements) - 1) // 2

    @property
    def numbered(self) -> list[tuple[Polynomials, list[tuple[int, LinearHead | NetworkHead]]]]:
        """Parts with their heads, which are numbered throughout."""
        numbers = count()
        return [(part, [(next(numbers), head) for head in part.heads]) for part in self.parts]


def plain_form(surface: Surface) -> PlainForm:
    """A surface of invariant polynomials, linear or neural, alone or in an ensemble.

    Raises:
        ValueError: for any other surface, or one that does not say which atoms it is for.
    """
    if surface.symbols is None:
        raise ValueError(NAMELESS)
    constant = 0.0
    heads: dict[str, list[LinearHead | NetworkHead]] = {}
    descriptors: dict[str, Invariants] = {}
    for part, share in _summands(surface.potential, 1.0):
        descriptor = part.descriptor
        if not isinstance(descriptor, Invariants):
            kind = type(descriptor).__name__
            raise ValueError(
                f"only surfaces of invariants can be exported, this one has the descriptor {kind}"
            )
        key = repr(descriptor.settings)
        descriptors[key] = descriptor
        constant += share * float(part.shift.detach())
        heads.setdefault(key, []).append(HEADS[type(part)](part, share))
    elements = tuple(element(s) for s in surface.symbols)
    parts = tuple(_polynomials(descriptors[key], own) for key, own in heads.items())
    return PlainForm(elements, constant, parts)


def _summands(module: nn.Module, share: float) -> Iterator[tuple[Simple, float]]:
    """Surfaces of one head each that add up to this one, with their shares."""
    if type(module) in HEADS:
        yield module, share  # type: ignore[misc]
    elif not hasattr(module, "summands"):
        raise ValueError(
            f"a surface of {type(module).__name__} cannot be exported as source; linear surfaces, "
            "networks, ensembles and refined surfaces of these can; torch and onnx take other "
            "surfaces too"
        )
    for part, factor in getattr(module, "summands", ()):
        yield from _summands(part, share * factor)


def _linear(part: LinearSurface, share: float) -> LinearHead:
    return LinearHead(share * part.coefficients.detach().cpu().numpy())


def _network(part: NeuralSurface, share: float) -> NetworkHead:
    layers = tuple(
        (layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy())
        for layer in part.mlp.linear_maps
    )
    numbers = (part.mean.cpu().numpy(), part.deviation.cpu().numpy())
    return NetworkHead(*numbers, layers, part.mlp.activation, share * float(part.scale))


HEADS: dict[type[nn.Module], Callable[..., LinearHead | NetworkHead]] = {
    LinearSurface: _linear, NeuralSurface: _network,
}  # fmt: skip
"""Head of a surface by its class: surface and share."""


def _polynomials(descriptor: Invariants, heads: list[LinearHead | NetworkHead]) -> Polynomials:
    """The tables of all degrees one behind the other."""
    parents, factors, orbits = [], [], []
    below, first, polynomials = 0, 1, 0
    for parent, factor, orbit, size in descriptor.tables:
        parents.append(below + parent)
        factors.append(factor)
        orbits.append(polynomials + orbit)
        below, first, polynomials = first, first + len(parent), polynomials + size
    angle = None
    if descriptor.variable == "cosine":
        apart = pair_of_likes(descriptor.elements)
        first, second = (pair for pair in range(3) if pair != apart)
        angle = first, second, apart
    return Polynomials(
        descriptor.variable, descriptor.length, angle, np.concatenate(parents),
        np.concatenate(factors), np.concatenate(orbits), polynomials, tuple(heads),
    )  # fmt: skip
