"""A Hamiltonian split into blocks, one for each irreducible representation of its symmetries.

The operations commute and are their own inverses, so each representation is a set of characters
χ = ±1. Each maps a product of functions to ± another. Of the products that are images of one
another, the first stands for all: its block function is

    |r⟩_χ = Σ_O χ(O) O|r⟩ / norm

or nothing where that sum vanishes. Reflections map each product to itself: such a block is a
choice of products. With the sparse orthogonal S of these columns H_χ = SᵀHS.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.factor import Factor
from pes.vibration.grid.submatrix import elements
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.action import NotInvariantError, action, mirrored_points
from pes.vibration.symmetry.operation import Operation, closed
from pes.vibration.symmetry.representations import representations, symmetry_labels

__all__ = ["Block", "Sector", "half_grid", "symmetry_blocks"]


@dataclass(frozen=True)
class Sector:
    """Products that reflections give the same signs, one of each set of images.

    Attributes:
        whole: the Hamiltonian.
        images: places (among the products kept) under each of the A permutations that the
            operations make, the identity first, (A, R).
        reflections: operations that only change signs.
    """

    whole: Hamiltonian
    images: Tensor
    reflections: tuple[Operation, ...] = ()

    @property
    def pieces(self) -> list[Tensor]:
        """⟨r|H|P r′⟩ for each permutation P, (R, R); blocks share them where there are several."""
        return self._shared if len(self.images) > 1 else self._computed()

    @cached_property
    def _shared(self) -> list[Tensor]:
        return self._computed()

    def _computed(self) -> list[Tensor]:
        ours = self.images[0]
        h = half_grid(self.whole, self.reflections).on_fewer_points(self.images.flatten())
        order = h.basis.cheapest(ours, _order(self.whole))
        return [
            elements(h.basis, h.each_field(), ours, images if p else None, order=order)
            for p, images in enumerate(self.images)
        ]


@dataclass(frozen=True)
class Block:
    """H in the functions of one representation.

    Attributes:
        label: name of the representation.
        sector: products that its functions are made of.
        places: places of its products among the products of the sector, (N,).
        amounts: coefficient of each image in a function, (A, N); images that are one and the same
            add up.
        sharing: blocks that share each product with the whole Hamiltonian.
    """

    label: str
    sector: Sector
    places: Tensor
    amounts: Tensor
    sharing: int = 1

    @property
    def whole(self) -> Hamiltonian:
        """The Hamiltonian it is a block of."""
        return self.sector.whole

    @property
    def size(self) -> int:
        """Number of functions, N."""
        return len(self.places)

    @property
    def shared_matrices(self) -> int:
        """Matrices of this size that `dense` is made of; it keeps those that blocks share."""
        return len(self.amounts)

    @property
    def device(self) -> torch.device:
        """Device of the Hamiltonian."""
        return self.whole.device

    @property
    def lower_bound(self) -> float:
        """Energy that no eigenvalue lies below, hartree."""
        return self.whole.lower_bound

    @property
    def product_cost(self) -> int:
        """Multiplications of one product, its share of that of the whole Hamiltonian.

        H does not mix blocks: a product with a sum of vectors, one of each, serves all of them.
        """
        return self.whole.product_cost // self.sharing

    @property
    def matrix_cost(self) -> float:
        """Multiplications of products that take as long as building the matrix.

        A block has none of the symmetric half, but shares its elements with others.
        """
        return 2 * (self.size / self.whole.size) ** 2 * self.whole.matrix_cost

    @cached_property
    def images(self) -> Tensor:
        """Places of the images of each function's first product, (A, N)."""
        return self.sector.images[:, self.places].to(self.device)

    @property
    def zero_order_energies(self) -> Tensor:
        """Sums of the reference energies of the factors, (N,); images have the same."""
        return self.whole.zero_order_energies[self.images[0]]

    def lift(self, coefficients: Tensor) -> Tensor:
        """S c: coefficients of all products kept, (S, N) -> (S, all)."""
        whole = coefficients.new_zeros(len(coefficients), self.whole.size)
        for images, amounts in zip(self.images, self.amounts, strict=True):
            whole.index_add_(1, images, coefficients * amounts)
        return whole

    def lower(self, coefficients: Tensor) -> Tensor:
        """Sᵀ c, (S, all) -> (S, N)."""
        parts = zip(self.images, self.amounts, strict=True)
        return torch.stack([coefficients[:, i] * a for i, a in parts]).sum(0)

    def apply(self, coefficients: Tensor) -> Tensor:
        """H times vectors, (S, N) -> (S, N)."""
        return self.lower(self.whole.apply(self.lift(coefficients)))

    def dense(self) -> Tensor:
        """H as a symmetric (N, N) matrix.

        As H commutes with every operation, only one side needs the images:
        H_rr′ = Σ_P ⟨r|H|P r′⟩ a_P(r′)/norm(r), with a_1 = 1/(A norm) of the identity.
        """
        where = self.places.to(self.device)
        h = self.amounts.new_zeros(self.size, self.size)
        for piece, amounts in zip(self.sector.pieces, self.amounts, strict=True):
            h += piece[where[:, None], where].mul_(amounts)
        h *= (len(self.amounts) * self.amounts[0])[:, None]
        return (h + h.T).div_(2)

    def simplest(self, most: int, least: int) -> Tensor:
        """Places of at most so many functions of low energy whose matrix costs little."""
        basis = self.whole.basis
        return basis.simplest(self.images[0], self.zero_order_energies, most, least)

    def submatrix(self, functions: Tensor) -> Tensor:
        """Matrix in some of its functions, on as many points as they need."""
        return self.only(functions).dense()

    def only(self, functions: Tensor) -> "Block":
        """The same in some of its functions."""
        places = self.places[functions.cpu()]
        sector = replace(self.sector, images=self.sector.images[:, places])
        return replace(
            self, sector=sector, places=torch.arange(len(places)),
            amounts=self.amounts[:, functions],
        )  # fmt: skip


def symmetry_blocks(hamiltonian: Hamiltonian) -> list[Block]:
    """Blocks by the operations of a Hamiltonian, in the order of the representations.

    Operations that the products kept do not obey are left out. Empty blocks are not listed; a
    Hamiltonian without symmetry has none.
    """
    group = _group(hamiltonian)
    if len(group) < 2:
        return []
    images = torch.stack([i for _, i, _ in group])
    signs = torch.stack([s for _, _, s in group])
    permutations, permutation_numbers = torch.unique(images, dim=0, return_inverse=True)
    # Ascending rows: the identity, which no other permutation precedes, comes first.
    first = images.amin(0) == torch.arange(hamiltonian.size)
    still = tuple(range(hamiltonian.modes))
    reflections = tuple(o for o, _, _ in group if o.order == still and any(o.mirrored))
    sectors: dict[tuple[int, ...], Sector] = {}
    blocks = []
    for characters in representations([o for o, _, _ in group]):
        weights = torch.zeros(permutations.shape, dtype=signs.dtype)
        weights.index_add_(0, permutation_numbers, characters[:, None] * signs / len(group))
        ours = (first & (weights[0] > 0)).nonzero().flatten()
        # ⟨r|P_χ|r⟩ from the images that are r itself.
        same = permutations[:, ours] == ours
        squares = (weights[:, ours] * same).sum(0)
        places = (squares > 0.5 / len(group)).nonzero().flatten()
        if not len(places):
            continue
        reflected = tuple(characters[permutation_numbers == 0].int().tolist())
        if reflected not in sectors:
            sectors[reflected] = Sector(hamiltonian, permutations[:, ours], reflections)
        amounts = weights[:, ours[places]] / squares[places].sqrt()
        real = [(o, x) for (o, _, _), x in zip(group, characters, strict=True) if o.name]
        (label,) = symmetry_labels([o for o, _ in real], torch.stack([x for _, x in real])[None])
        amounts = amounts.to(hamiltonian.potential)
        blocks.append(Block(label, sectors[reflected], places, amounts))
    return [replace(block, sharing=len(blocks)) for block in blocks]


def _order(hamiltonian: Hamiltonian) -> list[int]:
    """Factors that are reflected where they stand, then those exchanged, then the others."""
    operations = hamiltonian.operations

    def rank(factor: Factor) -> int:
        still = [o for o in operations if all(o.order[k] == k for k in factor.coordinates)]
        if any(o.mirrored[k] for o in still for k in factor.coordinates):
            return 0
        return 1 if len(still) < len(operations) else 2

    factors = hamiltonian.basis.factors
    return sorted(range(len(factors)), key=lambda i: rank(factors[i]))


def _group(hamiltonian: Hamiltonian) -> list[tuple[Operation, Tensor, Tensor]]:
    """The identity, which has no name, and the operations, with what they do to products."""
    still = Operation("", tuple(range(hamiltonian.modes)), (False,) * hamiltonian.modes)
    group = []
    for operation in (still, *hamiltonian.operations):
        try:
            group.append((operation, *action(hamiltonian.basis, operation)))
        except NotInvariantError:
            continue
    kept = closed([operation for operation, *_ in group[1:]])
    return [group[0], *(element for element in group[1:] if element[0] in kept)]


def half_grid(hamiltonian: Hamiltonian, reflections: Sequence[Operation]) -> Hamiltonian:
    """The same on the points that no reflection has an image of, with the weights of both.

    Its elements between functions of the same signs under each reflection are those of the whole,
    for their integrands are symmetric; others it does not know. A sparse grid stays as it is.

    Args:
        hamiltonian: V, G and s with the symmetry.
        reflections: operations that mirror coordinates and exchange none.
    """
    basis = hamiltonian.basis
    if (shape := basis.grid_shape) is None or not reflections:
        return hamiltonian
    bases, kept = list(basis.bases), [torch.arange(m) for m in shape]
    left = list(reflections)
    for k, one in enumerate(basis.bases):
        if any(o.mirrored[k] for o in left):
            # Those that leave this coordinate alone map the half to itself.
            left = [o for o in left if not o.mirrored[k]]
            bases[k], kept[k] = _half(one, mirrored_points(one, k).cpu())
    at = _places(kept, shape).to(basis.device)
    return hamiltonian.at_points(replace(basis, bases=tuple(bases)), at)


def _half(basis: Basis, mirror: Tensor) -> tuple[Basis, Tensor]:
    """Points up to the middle, which counts once and the others twice, and their places."""
    places = torch.arange(len(mirror))
    kept = (places <= mirror).nonzero().flatten()
    at = kept.to(basis.points.device)
    times = torch.where(mirror == places, 1.0, 2.0)[kept].to(basis.weights)
    half = replace(
        basis, points=basis.points[at], weights=basis.weights[at] * times,
        values=basis.values[at], derivatives=basis.derivatives[at],
        log_density_slope=basis.log_density_slope[at],
    )  # fmt: skip
    return half, kept


def _places(kept: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """Numbers of the grid points with these numbers along each coordinate, last fastest."""
    numbers = torch.zeros(1, dtype=torch.long)
    for places, size in zip(kept, shape, strict=True):
        numbers = (numbers[:, None] * size + places).flatten()
    return numbers
