"""Choice of the form of a dipole surface: polynomials of rising degree, then networks."""

import time
from collections.abc import Sequence

from pes.setup.training.dipoles.dipole_fits import (
    Fit,
    LabelledDipoles,
    NetworkSessions,
    fitted_networks,
    fitted_polynomials,
)
from pes.setup.training.dipoles.dipole_forms import (
    AutomaticDipoleForm,
    DipoleForm,
    DipoleNetworkForm,
)
from pes.units import DEBYE

__all__ = ["NETWORKS", "chosen_dipole"]

HIGHEST = 8
"""Degree of polynomials at which the search ends."""
BETTER = 0.9
"""Error of a higher degree against the one before, below which degrees rise further."""
GROWTH = 6.0
"""Time of a degree against that of the one before."""
ENOUGH = 1e-5
"""Error relative to the moments at which no network is tried: 2e-5 of the strength of a line."""
EXACT = 1e-7
"""The same at which degrees rise no further."""
NETWORKS = ((2, (10, 10)), (3, (16, 16)))
"""Degree of the inputs and widths of the layers of the networks that are tried."""


def chosen_dipole(
    form: AutomaticDipoleForm,
    symbols: Sequence[str],
    train: LabelledDipoles,
    validation: LabelledDipoles,
    *,
    seed: int,
    sessions: NetworkSessions,
) -> Fit:
    """The surface with the smallest error at the validation points, and all that was tried.

    Args:
        form: total charge and time.
        symbols: isotopes.
        train: points to fit.
        validation: points that choose.
        seed: seed of the networks' weights.
        sessions: states of networks to go on from; their numbers are those in `NETWORKS`.
    """
    end = time.monotonic() + 60 * form.minutes
    size = float(validation.dipoles.square().mean().sqrt()) / DEBYE
    fits = _polynomials(form, symbols, train, validation, EXACT * size, end)
    if min(fit[1][0].error for fit in fits) > ENOUGH * size:
        for number, (degree, hidden) in enumerate(NETWORKS):
            # Half of what is left for each but the last one.
            share = 1.0 if number == len(NETWORKS) - 1 else 0.5
            left = share * (end - time.monotonic())
            if left <= 0 and number not in sessions.earlier:
                break
            one = DipoleNetworkForm(
                degree=degree, hidden=hidden, charge=form.charge, patience=form.patience,
                max_seconds=max(left, 0.0),
            )  # fmt: skip
            own = _of(sessions, number)
            fits.append(fitted_networks(one, symbols, train, validation, seed=seed, sessions=own))
    fits.sort(key=lambda fit: fit[1][0].error)
    surface, _, best = fits[0]
    return surface, tuple(one for _, tried, _ in fits for one in tried), best


def _polynomials(
    form: AutomaticDipoleForm,
    symbols: Sequence[str],
    train: LabelledDipoles,
    validation: LabelledDipoles,
    exact: float,
    end: float,
) -> list[Fit]:
    """Fits of rising degree.

    They end where the error falls no more or below `exact` (debye), where the coefficients become
    as many as the labels, or where the next fit would last past `end`.
    """
    fits: list[Fit] = []
    for degree in range(1, HIGHEST + 1):
        begun = time.monotonic()
        one = DipoleForm(degree=degree, charge=form.charge)
        if fits and one.surfaces(symbols)[0].size > train.dipoles.numel():
            break
        fits.append(fitted_polynomials(one, symbols, train, validation, seed=0))
        now = time.monotonic()
        errors = [fit[1][0].error for fit in fits]
        rises = len(errors) > 2 and min(errors[-2:]) > BETTER * min(errors[:-2])
        if rises or min(errors) < exact or now + GROWTH * (now - begun) > end:
            break
    return fits


def _of(sessions: NetworkSessions, number: int) -> NetworkSessions:
    """The session of one network, which is the only one of its fit."""
    earlier = sessions.earlier.get(number)
    return NetworkSessions(
        {} if earlier is None else {0: earlier}, lambda _, state: sessions.watch(number, state)
    )
