"""Fits of the charges of a dipole surface: polynomials or networks, single or as an ensemble."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.memory import free_memory
from pes.potential import Ensemble
from pes.potential.dipole_network import PASS, DipoleNetwork, scaled_to
from pes.potential.least_squares import RIDGES
from pes.setup.training.dipoles.dipole_forms import DipoleForm, DipoleNetworkForm
from pes.setup.training.planning.plan import bound_optimizer
from pes.setup.training.planning.settings import optimizer_kind
from pes.training import OPTIMIZERS
from pes.training.bounded import bounded_rms
from pes.training.dipole import DipoleCandidate, best_dipole_fit, dipole_fits
from pes.training.dipole_network import NetworkEnding, dipole_problem, fit_network
from pes.training.epoch import TrainingState
from pes.training.memory import check_memory, needed_memory
from pes.training.optimizers.choice import chosen_optimizer
from pes.training.optimizers.problem import Optimizer
from pes.units import DEBYE

__all__ = [
    "ONE_SESSION", "Fit", "LabelledDipoles", "NetworkSessions", "fitted_networks",
    "fitted_polynomials",
]  # fmt: skip


@dataclass(frozen=True)
class NetworkSessions:
    """Fits of networks that were cut short, and a function that hears of each epoch.

    Attributes:
        earlier: last states by the number of the network, from 0.
        watch: called with the number of the network and its state after each epoch.
    """

    earlier: Mapping[int, TrainingState] = field(default_factory=dict)
    watch: Callable[[int, TrainingState], None] = lambda number, state: None


ONE_SESSION = NetworkSessions()
"""A fit from the beginning that nobody watches."""


Fit = tuple[nn.Module, tuple[DipoleCandidate, ...], DipoleForm | DipoleNetworkForm]
"""Surface, what was tried, the best first, and the form of the best."""


@dataclass(frozen=True)
class LabelledDipoles:
    """Points of a fit.

    Attributes:
        positions: (B, N, 3) in bohr.
        dipoles: (B, 3) in e·bohr.
        weights: (B,).
    """

    positions: Tensor
    dipoles: Tensor
    weights: Tensor


def fitted_polynomials(
    form: DipoleForm,
    symbols: Sequence[str],
    train: LabelledDipoles,
    validation: LabelledDipoles | None = None,
    *,
    seed: int,
    sessions: NetworkSessions = ONE_SESSION,
) -> Fit:
    """The best linear surface or an ensemble of its form, and the forms tried.

    Args:
        form: forms to try.
        symbols: isotopes.
        train: points to fit.
        validation: points that choose; by default each point is predicted from all others.
        seed: seed of the members' weights of the points.
        sessions: without effect; polynomials are fitted in one step.
    """
    x, mu, weights = train.positions, train.dipoles, train.weights
    fits, tried, errors = best_dipole_fit(
        form.surfaces(symbols), x, mu, weights,
        unseen=None if validation is None else (validation.positions, validation.dipoles),
        ridges=RIDGES if form.ridge == "auto" else (form.ridge,),
    )  # fmt: skip
    ridge = tried[0].ridge
    assert ridge is not None
    if form.members == 1:
        return fits.surface(ridge), tuple(tried), form
    members = [
        dipole_fits(fits.form, x, mu, drawn).surface(ridge)
        for drawn in _random_weights(weights, form.members, seed)
    ]
    return _widened(members, (validation or train).positions, errors), tuple(tried), form


def fitted_networks(
    form: DipoleNetworkForm,
    symbols: Sequence[str],
    train: LabelledDipoles,
    validation: LabelledDipoles,
    *,
    seed: int,
    sessions: NetworkSessions = ONE_SESSION,
) -> Fit:
    """A network surface or an ensemble of them, and its size and endings.

    Args:
        form: shape and number of the networks, and how they are fitted.
        symbols: isotopes.
        train: points to fit.
        validation: points that choose the epoch of each network, all alike.
        seed: seed of the starting weights and of the members' weights of the points.
        sessions: states of networks to go on from.

    Raises:
        ValueError: if the fit would need more memory than there is.
    """
    weights = [train.weights]
    if form.members > 1:
        weights = list(_random_weights(train.weights, form.members, seed))
    pairs = [
        _network(form, symbols, replace(train, weights=own), validation, seed, k, sessions)
        for k, own in enumerate(weights)
    ]
    fits, endings = [fit for fit, _ in pairs], tuple(ending for _, ending in pairs)
    with torch.no_grad():
        mean = in_chunks(Ensemble(fits), validation.positions, PASS)
    errors = mean - validation.dipoles
    candidate = DipoleCandidate(
        form.degree, fits[0].length, fits[0].size, bounded_rms(errors.flatten()) / DEBYE,
        hidden=form.hidden, endings=endings,
    )  # fmt: skip
    surface = fits[0] if form.members == 1 else _widened(fits, validation.positions, errors)
    return surface, (candidate,), form


def _network(
    form: DipoleNetworkForm,
    symbols: Sequence[str],
    train: LabelledDipoles,
    validation: LabelledDipoles,
    seed: int,
    number: int,
    sessions: NetworkSessions,
) -> tuple[DipoleNetwork, NetworkEnding]:
    seed += number
    start = form.surface(symbols, seed).to(train.positions.device)
    surface = scaled_to(start, train.positions, train.dipoles)
    optimizer = _optimizer(form, surface, len(train.weights), seed)
    problem = dipole_problem(surface, train.positions, train.dipoles, train.weights)
    alike = torch.ones_like(validation.weights)
    held_out = dipole_problem(surface, validation.positions, validation.dipoles, alike)
    ending = fit_network(
        surface, problem, held_out, optimizer, epochs=form.epochs, patience=form.patience,
        max_seconds=form.max_seconds or float("inf"), state=sessions.earlier.get(number),
        watch=partial(sessions.watch, number),
    )  # fmt: skip
    return surface, ending


def _optimizer(
    form: DipoleNetworkForm, surface: DipoleNetwork, points: int, seed: int
) -> Optimizer:
    """The optimizer, chosen by the size of the fit if the settings leave it open."""
    given, device = form.optimizer, surface.scale.device
    if given == "auto":
        given, _ = chosen_optimizer(3 * points, surface.size, device.type)
    kind = optimizer_kind(given)
    check_memory(needed_memory(kind, parameters=surface.size, chunks=0), free_memory(device))
    optimizer = OPTIMIZERS[given] if isinstance(given, str) else given
    return bound_optimizer(kind, optimizer, seed=seed, epochs=form.epochs)


def _random_weights(weights: Tensor, members: int, seed: int) -> Iterator[Tensor]:
    """Weights (B,) of the points for each member, times numbers drawn at random.

    References:
        D. B. Rubin, Ann. Stat. 9, 130 (1981), doi:10.1214/aos/1176345338
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(members):
        drawn = torch.empty(len(weights), dtype=torch.float64).exponential_(generator=generator)
        yield weights * drawn.to(weights)


def _widened(fits: Sequence[nn.Module], judged: Tensor, errors: Tensor) -> Ensemble:
    """Members whose spread is at least as large as errors (M, 3) at points (M, N, 3) not fitted."""
    with torch.no_grad():
        spread = Ensemble(fits).spread(judged)
    known = spread > 1e-12
    factor = bounded_rms(errors[known] / spread[known]) if known.any() else 1.0
    return Ensemble(fits, inflation=max(1.0, factor))
