"""Fit of a dipole surface: what is chosen, and its errors by energy window."""

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.data import Dataset, Split, split
from pes.data.dataset import check_dataset
from pes.data.fingerprints import fingerprints
from pes.data.splits import check_parts
from pes.findings.dipoles import check_dipoles, sign_doubt
from pes.geometry import principal_axes
from pes.molecule import Molecule
from pes.potential import SurfaceRecord
from pes.potential.holes.coverage import thinned
from pes.setup.training.dipoles.dipole_choice import chosen_dipole
from pes.setup.training.dipoles.dipole_fits import (
    ONE_SESSION,
    Fit,
    LabelledDipoles,
    NetworkSessions,
    fitted_networks,
    fitted_polynomials,
)
from pes.setup.training.dipoles.dipole_forms import AnyDipoleForm, AutomaticDipoleForm, check_form
from pes.setup.training.dipoles.dipole_result import MEASURES, DipoleFit
from pes.setup.training.planning.settings import Weights, point_weights
from pes.training.errors import window_masks
from pes.units import CM1, DEBYE

__all__ = ["dipole_errors", "train_dipole"]

FITS: Mapping[str, Callable[..., Fit]] = {
    "dipole": fitted_polynomials,
    "dipole_network": fitted_networks,
    "auto_dipole": chosen_dipole,
}
"""Fit of each kind of form."""


def train_dipole(
    dataset: Dataset,
    *,
    form: AnyDipoleForm | None = None,
    parts: Split | None = None,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    weights: Weights | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    name: str = "dipole",
    strict: bool = True,
    sessions: NetworkSessions = ONE_SESSION,
) -> DipoleFit:
    """Fit a dipole surface to labelled points.

    Args:
        dataset: points with dipole moments, from the origin of their positions.
        form: polynomials or networks, and the total charge; chosen in five minutes by default.
        parts: rows for training, validation and test; drawn by default.
        fractions: shares of the three where they are drawn.
        weights: energies (B,) in hartree above the lowest training point to weights (B,), or the
            name of a column; all points alike by default.
        seed: seed of the parts and of the members' weights.
        device: device of the fit; by default that of the points.
        name: name of the fit in the surface file.
        strict: refuse dipole moments of another frame or total charge; otherwise only warn.
        sessions: states of networks to continue from, and a function called after their epochs.

    Raises:
        TypeError: if points, form or parts are something else, such as the name of a file.
        ValueError: for points without dipole moments, or with moments of another frame.

    Example:
        >>> from pes import DipoleForm
        >>> x = 1.8 * torch.eye(3, dtype=torch.float64).roll(1, 0)
        >>> x = x + 0.1 * torch.rand(60, 3, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> charges = torch.tensor([-0.6, 0.3, 0.3]).double()
        >>> points = Dataset(("O", "H", "H"), x, x[:, 0, 0], dipoles=charges @ x)
        >>> fit = train_dipole(points, form=DipoleForm(degree=1))
        >>> fit.errors["test"]["all"]["rmse"] < 1e-10
        True
    """
    begun, form = time.process_time(), AutomaticDipoleForm() if form is None else form
    check_dataset(dataset)
    check_form(form)
    device = device or dataset.positions.device
    if parts is None:
        parts = split(dataset, fractions=fractions, seed=seed)
    check_parts(parts)
    dipoles, positions = _labels(dataset).to(device), dataset.positions.to(device)
    remarks = _doubts(dataset.select(parts.train), form.charge, strict=strict)
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    if form.fits_validation:
        rows["train"] = torch.cat((rows["train"], rows.pop("validation"))).sort().values
    fitted = rows["train"]
    lowest = dataset.energies[fitted].min()
    w = point_weights(weights, dataset, lowest).to(device)
    labelled = {
        part: LabelledDipoles(positions[own], dipoles[own], w[own])
        for part, own in rows.items() if part != "test"
    }  # fmt: skip
    surface, tried, best = FITS[form.kind](
        form, dataset.symbols, **labelled, seed=seed, sessions=sessions
    )
    report = {
        part: _errors(surface, positions[own], dipoles[own], dataset, own, float(lowest))
        for part, own in rows.items()
    }
    training = dataset.select(fitted)
    record = SurfaceRecord(
        dataset.symbols, (float(lowest), float(training.energies.max())), _hash(dataset),
        thinned(training.positions, training.energies).cpu(),
        {"name": name, "seed": parts.seed, "errors_debye": report},
        {part: fingerprints(dataset.positions[own], dataset.symbols) for part, own in rows.items()},
    )  # fmt: skip
    seconds = time.process_time() - begun
    return DipoleFit(surface, record, best, tried, report, parts, tuple(remarks), seconds, device)


def _labels(dataset: Dataset) -> Tensor:
    if dataset.dipoles is None:
        raise ValueError(
            "the points have no dipole moments; name their column with `data.keys`, such as "
            "{dipole: D}, or compute them with pes-label and `program.dipole`"
        )
    return dataset.dipoles


def _doubts(training: Dataset, charge: int, *, strict: bool) -> list[str]:
    """Warnings about labels; an error is one of them unless `strict`."""
    dipoles, remarks = _labels(training), []
    try:
        check_dipoles(training.symbols, training.positions, dipoles, charge)
    except ValueError as error:
        if strict:
            raise
        remarks.append(str(error))
    reversed_sign = sign_doubt(training.symbols, training.positions, dipoles)
    if reversed_sign is not None:
        remarks.append(reversed_sign)
    if "SCF" in str(training.provenance.get("dipoles", "")):
        remarks.append(
            "the dipole moments are of the SCF wavefunction, not of the method of the energies"
        )
    return remarks


def _errors(
    surface: nn.Module,
    positions: Tensor,
    dipoles: Tensor,
    dataset: Dataset,
    rows: Tensor,
    lowest: float,
) -> dict[str, dict[str, float]]:
    """Window → measures in debye."""
    with torch.no_grad():
        errors = in_chunks(surface, positions, 512) - dipoles
    heights = (dataset.energies[rows].cpu() - lowest) / CM1
    masses = Molecule(dataset.symbols).masses
    return dipole_errors(errors.cpu() / DEBYE, heights, positions.cpu(), masses)


def dipole_errors(
    errors: Tensor, heights: Tensor, positions: Tensor, masses: Tensor
) -> dict[str, dict[str, float]]:
    """Window → `MEASURES` in debye; windows without a point are left out.

    Args:
        errors: surface − label, (B, 3) in debye.
        heights: energies above the lowest training point, (B,) in cm⁻¹.
        positions: (B, N, 3) in bohr.
        masses: (N,) in electron masses.
    """
    along = _along_principal_axes(errors, positions, masses)
    table = {}
    for name, mask in window_masks(heights).items():
        if mask.any():
            lengths, parts = errors[mask].norm(dim=1), along[mask].square().mean(0).sqrt()
            rmse = float(errors[mask].square().mean().sqrt())
            numbers = (
                int(mask.sum()), rmse, *parts.tolist(), float(lengths.mean()), float(lengths.max())
            )  # fmt: skip
            table[name] = dict(zip(MEASURES, numbers, strict=True))
    return table


def _along_principal_axes(vectors: Tensor, positions: Tensor, masses: Tensor) -> Tensor:
    """Components (B, 3) of vectors along the axes a, b, c of the inertia of each geometry."""
    _, _, axes = principal_axes(positions, masses)
    return torch.einsum("bi,bij->bj", vectors, axes.flip(-1))


def _hash(dataset: Dataset) -> str:
    """The hash of the data, dipole moments included."""
    labels = _labels(dataset).cpu().numpy().astype("<f8").tobytes()
    return sha256(dataset.sha256.encode() + labels).hexdigest()
