"""Training plan: a data set, settings and every choice before the first epoch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from pes.data import Dataset, Split
from pes.memory import free_memory
from pes.molecule import Molecule
from pes.potential import Ensemble, NeuralSurface
from pes.setup.training.planning.choices import TrainingChoices
from pes.setup.training.planning.members import untrained_members
from pes.setup.training.planning.search import SearchResult
from pes.setup.training.planning.settings import TrainingSettings, optimizer_kind
from pes.setup.training.planning.starting_surface import MIB, fitted_numbers, starting_surface
from pes.training import OPTIMIZERS
from pes.training.force_check import force_check
from pes.training.memory import check_memory, needed_memory
from pes.training.optimizers.choice import chosen_optimizer
from pes.training.optimizers.problem import Optimizer, Step
from pes.training.projection import reachable_rank
from pes.units import CM1

__all__ = ["PARTS", "TrainingPlan", "bound_optimizer", "force_warnings", "training_plan"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class TrainingPlan:
    """A fit before its first epoch.

    Attributes:
        settings: settings as the user gave them.
        dataset: all points.
        parts: rows for training, validation and test.
        surface: a linear surface fitted, a network or an ensemble untrained.
        networks: the network or the members of the ensemble, whose weights the epochs change; none
            for a linear surface.
        ensemble: the surface once more if it is an ensemble.
        search: trials of the search that chose settings; None without one.
        choices: values that the settings left open.
        remarks: candidates, choices and the reasons, in words.
        candidates: rows of a table of everything tried.
        optimizer: optimizer with all its settings bound; None for a linear surface.
        seconds: wall time that the choices took.
        left_out: errors of a linear surface at points that it has not seen; see `StartingSurface`.
    """

    settings: TrainingSettings
    dataset: Dataset
    parts: Split
    surface: nn.Module
    choices: TrainingChoices
    remarks: tuple[str, ...]
    candidates: tuple[dict[str, float | str | None], ...]
    optimizer: Optimizer | None
    seconds: float
    left_out: Tensor | None = None
    networks: tuple[NeuralSurface, ...] = ()
    ensemble: Ensemble | None = None
    search: SearchResult | None = None

    @property
    def device(self) -> torch.device:
        """Device of the surface."""
        return next(self.surface.buffers()).device

    @property
    def sets(self) -> dict[str, Dataset]:
        """Points of each part on the device of the surface."""
        return {
            name: self.dataset.select(getattr(self.parts, name)).to(self.device) for name in PARTS
        }

    def __repr__(self) -> str:
        heights = (self.dataset.energies - self.dataset.energies.min()) / CM1
        counts = ", ".join(f"{len(getattr(self.parts, name))} {name}" for name in PARTS)
        forces = "energies" if self.dataset.forces is None else "energies and forces"
        symbols = self.dataset.symbols
        return (
            f"{len(self.dataset)} points of {Molecule(symbols).formula} ({' '.join(symbols)}), "
            f"{forces} to {float(heights.max()):.0f} cm-1; {counts}; {self._kind}"
        )

    @property
    def _kind(self) -> str:
        members = ""
        if self.ensemble is not None:
            members = f", {len(self.networks)} members"
            if self.settings.ensemble is not None and self.settings.ensemble.validation == "own":
                members += ", each with its own validation points"
        if not self.networks:
            return str(self.surface.description)
        first = self.networks[0]
        return (
            f"{first.descriptor.size} inputs, {fitted_numbers(first)} network parameters, "
            f"{self.choices.optimizer}{members}"
        )


def training_plan(
    dataset: Dataset,
    parts: Split,
    settings: TrainingSettings,
    *,
    device: torch.device | None = None,
    known: TrainingChoices | None = None,
) -> TrainingPlan:
    """Make every choice that the settings leave open; linear fits are done here.

    Args:
        dataset: labelled points.
        parts: rows for training, validation and test; the last take no part in any choice.
        settings: settings of the fit.
        device: device of the fit; by default that of the points.
        known: choices of an earlier session, used as they stand.

    Raises:
        ValueError: if the points are too few, a baseline does not fit them, or the fit would
            need more memory than there is.
    """
    started = time.monotonic()
    device = dataset.positions.device if device is None else device
    known = TrainingChoices() if known is None else known
    ensemble = None
    if settings.ensemble is not None:
        networks, fits = untrained_members(
            settings, settings.ensemble, dataset, parts, device, known
        )
        surface = ensemble = Ensemble(networks)
        remarks, candidates, left_out = (), (), None
    else:
        train, validation = dataset.select(parts.train), dataset.select(parts.validation)
        start = starting_surface(
            settings, train, validation, device, known.fits[0] if known.fits else None
        )
        surface, fits = start.surface, (start.choice,)
        networks = [] if start.network is None else [start.network]
        remarks, candidates, left_out = start.remarks, start.candidates, start.left_out
    plan = TrainingPlan(
        settings, dataset, parts, surface, replace(known, fits=fits), remarks, candidates,
        None, time.monotonic() - started, left_out, tuple(networks), ensemble,
    )  # fmt: skip
    return _with_optimizer(plan) if networks else plan


def _with_optimizer(plan: TrainingPlan) -> TrainingPlan:
    """The plan with its optimizer, chosen if the settings say `auto` and none is known.

    Raises:
        ValueError: if the fit would need more memory than there is, or the first epochs are to use
            some of the points with another optimizer than Levenberg–Marquardt.
    """
    settings, remarks = plan.settings, plan.remarks
    surface, members = plan.networks[0], len(plan.networks)
    given = settings.optimizer
    if given == "auto":
        given = plan.choices.optimizer or "auto"
    if given == "auto" and members > 1:
        given = "levenberg_marquardt"
    elif given == "auto":
        given, reason = _chosen(surface, plan)
        remarks = (f"optimizer {given}: {reason}", *remarks)
    kind = optimizer_kind(given)
    optimizer = partial(OPTIMIZERS[given]) if isinstance(given, str) else given
    if settings.first_points is not None and kind != "levenberg_marquardt":
        raise ValueError(
            f"`first_points` needs the optimizer levenberg_marquardt, got {kind}: name it, or "
            "leave out `first_points`"
        )
    options = getattr(optimizer, "keywords", {})
    needed = needed_memory(
        kind,
        parameters=sum(p.numel() for p in surface.mlp.parameters()),
        chunks=_chunk_bytes(surface, plan),
        history=options.get("history", 100) if "lbfgs" in kind else 0,
    )
    needed["matrix"] *= members
    check_memory(needed, free_memory(surface.scale.device))
    choices = replace(plan.choices, optimizer=kind)
    return replace(
        plan,
        choices=choices,
        remarks=remarks,
        optimizer=bound_optimizer(kind, optimizer, seed=settings.seed, epochs=settings.epochs),
    )


def _chosen(surface: NeuralSurface, plan: TrainingPlan) -> tuple[str, str]:
    """Name of an optimizer and the reason for it."""
    rows = 1
    if plan.dataset.forces is not None:
        rows += reachable_rank(surface.descriptor.size, plan.dataset.forces[0].numel())
    parameters = sum(p.numel() for p in surface.mlp.parameters())
    return chosen_optimizer(len(plan.parts.train) * rows, parameters, surface.scale.device.type)


def _chunk_bytes(surface: NeuralSurface, plan: TrainingPlan) -> int:
    """Bytes of ∂f/∂x and the Jacobian of all points, at most `memory`."""
    forces = plan.dataset.forces
    components = 0 if forces is None else forces[0].numel()
    widest = (1 + components) * (
        surface.descriptor.size + sum(p.numel() for p in surface.mlp.parameters())
    )
    return min(plan.settings.memory * MIB, 8 * len(plan.parts.train) * widest)


def bound_optimizer(kind: str, optimizer: Optimizer, *, seed: int, epochs: int) -> Optimizer:
    """The optimizer with the seed and the length of the fit where it takes them."""
    options: dict[str, int] = {}
    if kind in ("adam", "adam_lbfgs"):
        options["seed"] = seed
    if kind == "adam":
        options["epochs"] = epochs
    given = getattr(optimizer, "keywords", {})
    function: Callable[..., Iterator[Step]] = getattr(optimizer, "func", optimizer)
    return partial(function, **options, **given) if options or given else optimizer


def force_warnings(training: Dataset) -> tuple[str, ...]:
    """Doubts about labelled forces, in words.

    Raises:
        ValueError: if their sign or unit is wrong beyond doubt.
    """
    check = force_check(training)
    if check is None or check.certain:
        return ()
    figures = (
        f"the labelled forces are {check.slope:.4g} times the slope of the energies "
        f"(correlation {check.correlation:.3f})"
    )
    if check.mistake is not None:
        raise ValueError(f"{figures}: {check.mistake}")
    return (f"{figures}; a quick fit to the energies could not confirm their sign and unit",)
