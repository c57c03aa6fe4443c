"""Levels with rotation by the species of a group that has degenerate ones.

J = 0 states that belong to one degenerate level are mixed by the elements O of the group. How, the
matrices D(O) of the states say, and with those R(O) of the rotor H is solved among the functions of
one species after the other:

    P_Γ = d_Γ/g Σ_O χ_Γ(O) D(O) ⊗ R(O)

A degenerate level comes out as d_Γ equal ones.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from scipy.spatial.transform import Rotation as SpatialRotation
from torch import Tensor

from pes.geometry import distances, nearest_orthogonal
from pes.rovibration.coupling import Coupling
from pes.rovibration.group import MolecularGroup, Multiplets
from pes.rovibration.rotor import angular_momentum
from pes.rovibration.solved import Solved

__all__ = [
    "aligned",
    "geometry_functions",
    "rotor_images",
    "solve_by_species",
    "species_functions",
    "state_images",
    "symmetric_coupling",
    "symmetric_moments",
]

MIXING = 0.2
"""Part, squared, of the integrals that an element takes out of a set of states, and error of the
products of its matrices, up to which states belong together. One of a degenerate pair alone would
lose all; of a basis so small that pairs differ by 2 cm⁻¹ whole sets lose 0.09."""

LARGEST = 16
"""States of one set at most."""

ROUNDS = 4
"""Averages over the group that make a representation of matrices that nearly are one; the error is
squared in each."""


def geometry_functions(x: Tensor) -> Tensor:
    """Distances of all pairs and volumes of all sets of four atoms: (P, N, 3) to (P, K).

    An element of a group permutes them, and changes signs of volumes.
    """
    corners = torch.combinations(torch.arange(x.shape[1]), 4).to(x.device)
    if not len(corners):
        return distances(x)
    edges = x[:, corners[:, 1:]] - x[:, corners[:, :1]]
    return torch.cat((distances(x), torch.linalg.det(edges)), 1)


def _permuted_functions(group: MolecularGroup, atoms: int) -> tuple[Tensor, Tensor]:
    """Function that each becomes under each element, and its sign, (g, K) each."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(atoms, 3, dtype=torch.float64, generator=generator)
    before, after = geometry_functions(x[None])[0], geometry_functions(group.images(x))
    place = (after.abs()[:, :, None] - before.abs()).abs().argmin(2)
    return place, (after * before[place]).sign()


def state_images(functions: Tensor, group: MolecularGroup, atoms: int) -> Multiplets:
    """D(O) of J = 0 states, from what functions of the geometry couple.

    f_k(Ox) is another function of the kind, ± f_π(k), and its integrals are those of f_k between
    the images of the states: D F_k Dᵀ = ± F_π(k). The ground state has no nodes and is its own
    image. From the states below, D of a set follows as the orthogonal matrix nearest to what the
    integrals demand; a set ends as soon as matrices that multiply as the elements do fulfil them.

    Args:
        functions: ⟨a|f_k|b⟩ of `geometry_functions`, (K, n, n).
        group: group of the molecule.
        atoms: N.

    Returns:
        Those of as many states as make whole sets.
    """
    place, sign = _permuted_functions(group, atoms)
    functions = functions / functions[:, 1:, 0].norm(dim=1)[place].mean(0)[:, None, None]
    n = functions.shape[1]
    images, sets, low = functions.new_zeros(len(place), n, n), [0], 1
    images[:, 0, 0] = 1.0
    while low < n:
        for high in range(low + 1, min(n, low + LARGEST) + 1):
            below = functions[:, low:high, :low]
            matrices, amiss = _set_images(below, place, sign, images[:, :low, :low], group)
            if amiss < MIXING:
                break
        else:
            break
        images[:, low:high, low:high] = _representation(matrices, group)
        sets += [sets[-1] + 1] * (high - low)
        low = high
    return Multiplets(group, torch.tensor(sets), images[:, :low, :low])


def _set_images(
    below: Tensor, place: Tensor, sign: Tensor, known: Tensor, group: MolecularGroup
) -> tuple[Tensor, float]:
    """D of a set by its integrals with states below, (K, s, low), and what it leaves amiss."""
    moved = sign[:, :, None, None] * below[place] @ known[:, None]
    moved, plain = moved.movedim(1, 2).flatten(2), below.movedim(0, 1).flatten(1)
    matrices = nearest_orthogonal(moved @ plain.mT)
    lost = (matrices @ plain - moved).square().sum((1, 2)).max() / plain.square().sum()
    products = (matrices[:, None] @ matrices - matrices[group.products]).abs().amax()
    return matrices, max(float(lost), float(products))


def _representation(matrices: Tensor, group: MolecularGroup) -> Tensor:
    """Matrices that multiply as the elements do, from such that nearly do."""
    for _ in range(ROUNDS):
        mean = torch.einsum("opij,pkj->oik", matrices[group.products], matrices)
        matrices = nearest_orthogonal(mean)
    return matrices


def symmetric_coupling(coupling: Coupling, of: Multiplets) -> tuple[Coupling, Tensor]:
    """The mean of a coupling over the group, in states that keep H diagonal.

    Returns:
        The coupling, and the states in terms of those before as columns, (n, n). Those of one set
        are mixed only where it holds several levels.
    """
    images, turns = of.images, of.group.turns.to(of.images)
    energies, mixed = coupling.energies.clone(), torch.eye(len(coupling.energies)).to(images)
    for span in of.spans:
        d = images[:, span, span]
        mean = torch.einsum("gij,j,gkj->ik", d, coupling.energies[span], d) / len(d)
        apart = mean - torch.diag(mean.diagonal().mean().expand(len(mean)))
        energies[span] = mean.diagonal().mean()
        if float(apart.abs().max()) > 1e-12:
            energies[span], mixed[span, span] = torch.linalg.eigh(mean)
    rotation, coriolis = (torch.zeros_like(x) for x in (coupling.rotation, coupling.coriolis))
    for d, t in zip(images, turns, strict=True):
        # D f_α Dᵀ is f_α of the image, Σ_β T_βα f_β.
        rotation += torch.einsum("ac,bd,cdij->abij", t, t, d @ coupling.rotation @ d.T)
        coriolis += torch.einsum("ac,cij->aij", t, d @ coupling.coriolis @ d.T)
    scale = len(images)
    made = replace(
        coupling, energies=energies, rotation=mixed.T @ (rotation / scale) @ mixed,
        coriolis=mixed.T @ (coriolis / scale) @ mixed,
        multiplets=replace(of, images=mixed.T @ images @ mixed),
    )  # fmt: skip
    return made, mixed


def symmetric_moments(moments: Tensor, of: Multiplets) -> Tensor:
    """Mean of the integrals of a polar vector along the axes of the body, (3, n, n).

    Where the basis lacks a part of the symmetry, lines would appear that do not exist.
    """
    total, starred = torch.zeros_like(moments), of.group.starred
    for d, t, star in zip(of.images, of.group.turns.to(moments), starred, strict=True):
        turned = torch.einsum("ac,cij->aij", t, d @ moments @ d.T)
        total += -turned if star else turned
    return total / len(starred)


def aligned(coefficients: Tensor, reference: Tensor, of: Multiplets) -> Tensor:
    """Orthogonal mixture of states within each set that brings them nearest to others, (n, n).

    Args:
        coefficients: coefficients of the states, (n, N).
        reference: coefficients of the other states, (n, N).
        of: sets of the others.
    """
    mixed = torch.zeros_like(of.images[0])
    for span in of.spans:
        mixed[span, span] = nearest_orthogonal(reference[span] @ coefficients[span].T)
    return mixed


def rotor_images(group: MolecularGroup, j: int) -> Tensor:
    """R(O) among the real functions of the rotor, (g, 2J + 1, 2J + 1): R L_α Rᵀ = Σ_β T_βα L_β."""
    vectors = SpatialRotation.from_matrix(group.turns.cpu().numpy()).as_rotvec()
    angles = -torch.from_numpy(vectors).to(torch.float64)
    return torch.linalg.matrix_exp(torch.einsum("ga,aij->gij", angles, angular_momentum(j)))


def species_functions(of: Multiplets, j: int) -> list[Tensor]:
    """Orthonormal functions of each species as columns, by state, then function of the rotor."""
    rotor, size = rotor_images(of.group, j).to(of.images), 2 * j + 1
    n, order = len(of.sets) * size, len(of.images)
    functions: list[list[Tensor]] = [[] for _ in of.group.species]
    for span in of.spans:
        d, place = of.images[:, span, span], torch.arange(n).reshape(-1, size)[span].flatten()
        both = torch.einsum("gij,gkl->gikjl", d, rotor).reshape(order, len(place), len(place))
        for k, (row, degeneracy) in enumerate(
            zip(of.group.characters, of.group.dimensions, strict=True)
        ):
            projector = torch.einsum("g,gij->ij", row.to(both), both) * degeneracy / order
            values, vectors = torch.linalg.eigh((projector + projector.T) / 2)
            own = vectors[:, values > 0.5]
            functions[k].append(own.new_zeros(n, own.shape[1]).index_copy(0, place, own))
    return [torch.cat(columns, 1) for columns in functions]


def solve_by_species(
    matrix: Tensor, of: Multiplets, j: int,
    eigenpairs: Callable[[Tensor], tuple[Tensor, Tensor]],
) -> Solved:  # fmt: skip
    """Levels of H, each degenerate one once.

    Args:
        matrix: H among products of states and functions of the rotor, (M, M).
        of: elements of the group among the states.
        j: J.
        eigenpairs: eigenpairs of a symmetric matrix.
    """
    energies, columns, counts, numbers = [], [], [], []
    functions = species_functions(of, j)
    for k, (own, size) in enumerate(zip(functions, of.group.dimensions.tolist(), strict=True)):
        values, vectors = eigenpairs(own.T @ matrix @ own)
        energies.append(values.reshape(-1, size).mean(1))
        columns += (own @ vectors).split(size, 1) if len(values) else ()
        counts += [size] * len(energies[-1])
        numbers += [k] * len(energies[-1])
    joined = torch.cat(energies)
    order = joined.argsort()
    sizes = torch.tensor(counts)[order]
    return Solved(
        joined[order], torch.cat([columns[k] for k in order.tolist()], 1),
        torch.arange(len(order)).repeat_interleave(sizes), torch.tensor(numbers)[order],
    )  # fmt: skip
