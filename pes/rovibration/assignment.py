"""Assignment of levels with J > 0 to J = 0 levels, and their Ka and Kc."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.rovibration.contraction import Contraction
from pes.rovibration.hamiltonian import own_products
from pes.rovibration.rotor import half_turns
from pes.rovibration.solved import Solved

__all__ = ["ka_and_kc", "vibrations_of"]


def vibrations_of(solved: Solved, basis: Contraction, j: int) -> tuple[Tensor, Tensor]:
    """J = 0 level of each level, −1 for those of states beyond; share of that state in it.

    Each J = 0 state has 2J + 1 levels, no more, and of a linear molecule one for K = 0 and two for
    others. Of all ways to give them to the states asked for, it is the one in which they exceed the
    largest share of a state beyond by most. States that a group mixes
    count as one, by their first; states of each K of a bent molecule as one, by their J = 0 state.
    """
    vectors, size, axial = solved.vectors, 2 * j + 1, basis.coupling.axial
    weights = _weights(vectors, axial, size)
    number = torch.full((len(weights),), size)
    if axial is not None:
        number = (1 + (axial > 0).long()).where(axial <= j, 0)
    if (parents := basis.parents) is not None:
        states = int(parents.max()) + 1
        weights = weights.new_zeros(states, weights.shape[1]).index_add(0, parents, weights)
        number = number.new_zeros(states).index_add(0, parents, number)
    first = None
    if (of := basis.coupling.multiplets) is not None:
        counts = of.sets.unique_consecutive(return_counts=True)[1]
        first = counts.cumsum(0) - counts
        weights = weights.new_zeros(len(counts), weights.shape[1]).index_add(0, of.sets, weights)
        number = counts * size
    asked = basis.asked[torch.arange(len(weights)) if first is None else first]
    weights = weights.cpu()
    state = asked.nonzero()[:, 0].repeat_interleave(number[asked])
    beyond = weights[~asked].amax(0) if bool((~asked).any()) else 0.0
    rows, columns = linear_sum_assignment((beyond - weights)[state].numpy())
    owner = torch.full((vectors.shape[1],), -1)
    owner[torch.from_numpy(columns)] = state[torch.from_numpy(rows)]
    owner = owner[solved.leading]
    share = weights[owner, solved.leading].where(owner >= 0, 0.0).to(vectors)
    if first is not None:
        owner = first[owner].where(owner >= 0, -1)
    return owner.to(vectors.device), share


def _weights(vectors: Tensor, axial: Tensor | None, size: int) -> Tensor:
    """Part of each state in each vector, whatever the function of the rotor, (states, vectors)."""
    if axial is None:
        return vectors.square().reshape(-1, size, vectors.shape[1]).sum(1)
    state, rotor = own_products(axial, size)
    total = vectors.new_zeros(len(axial), vectors.shape[1])
    return total.index_add(0, state, vectors[state * size + rotor].square())


def ka_and_kc(
    vibration: Tensor, solved: Solved, contraction: Contraction, j: int
) -> tuple[Tensor, Tensor]:
    """Ka and Kc of each level.

    They go by energy, J_0J, J_1J, J_1J−1, and so on, of a degenerate level by its first member;
    where the axes are those of inertia, among levels that half turns about them leave alike.

    Of a linear molecule Ka is the K of the state, and Kc, which is even where half a turn about y
    leaves the level as it is, follows from that.
    """
    basis = contraction.coupling
    if contraction.is_linear:
        assert basis.axial is not None
        ka = basis.axial[vibration.clamp(min=0)]
        state, rotor = own_products(basis.axial, 2 * j + 1)
        weights = solved.vectors[state * (2 * j + 1) + rotor].square()
        odd = (half_turns(j)[1].to(weights)[rotor] @ weights) < 0
        kc = j - ka
        return ka, kc + ((kc % 2 == 1) != odd).long()
    rank = torch.zeros_like(vibration)
    turned = basis.multiplets is None and contraction.frame != "embedded"
    for v in vibration[vibration >= 0].unique():
        own = (vibration == v).nonzero().flatten()
        own = own[solved.energies[own].argsort()]
        if turned:
            rank[own] = _ranks(_rotors(solved.vectors[:, own], contraction, int(v), j), j).to(rank)
            continue
        members = solved.degeneracies[own]
        share = 1 if basis.multiplets is None else basis.multiplets.size_of(int(v))
        rank[own] = (members.cumsum(0) - members) // share
    return _labels_of(rank, j)


def _rotors(vectors: Tensor, contraction: Contraction, state: int, j: int) -> Tensor:
    """Part of each function of the rotor times one J = 0 state in vectors, (2J + 1, vectors)."""
    squares, size, axial = vectors.square(), 2 * j + 1, contraction.coupling.axial
    if axial is None:
        return squares.reshape(-1, size, squares.shape[1])[state]
    assert contraction.parents is not None
    of, rotor = own_products(axial, size)
    mine = contraction.parents[of] == state
    rows = (of * size + rotor)[mine]
    return squares.new_zeros(size, squares.shape[1]).index_add(0, rotor[mine], squares[rows])


def _labels_of(rank: Tensor, j: int) -> tuple[Tensor, Tensor]:
    """Ka and Kc of the levels 0, 1, … of a rotor by energy."""
    return (rank + 1) // 2, j - rank // 2


def _ranks(weights: Tensor, j: int) -> Tensor:
    """Places in the order J_0J, J_1J, J_1J−1, … of the levels of one vibration by energy.

    Half a turn about the axis of least inertia, z, multiplies a level by (−1)^Ka, about that of
    largest inertia, y, by (−1)^Kc. A resonance of one of two near levels with another vibration may
    exchange them.

    Args:
        weights: weights of the functions of the rotor (rows) in each level, (2J + 1, 2J + 1).
        j: J.
    """
    rank = torch.arange(2 * j + 1)
    labels = torch.stack(_labels_of(rank, j))
    kinds, turns = 1 - 2 * (labels % 2), half_turns(j)[[2, 1]]
    alike = (kinds[:, :, None] == turns[:, None]).all(0)
    # Of all ways to give them out the likeliest; of levels of one kind the lower comes first.
    _, places = linear_sum_assignment(-(alike.to(weights) @ weights).mT.cpu().numpy())
    places = torch.from_numpy(places)
    kind = kinds[:, places]
    for each in kind.unique(dim=1).mT:
        own = (kind == each[:, None]).all(0)
        places[own] = places[own].sort().values
    return places
