"""Members trained together do what each would do alone, and resume bit for bit."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from scattered_waters import WATER, waters
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from pes.data.dataset import Dataset
from pes.descriptors import Invariants
from pes.potential.analytic import WaterPJT
from pes.potential.linear_fit import linear_surface
from pes.potential.neural import NeuralSurface, energies_and_forces, neural_surface
from pes.training.checkpoint import load_checkpoint, save_checkpoint
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.rows import Rows
from pes.training.epoch import Epoch
from pes.training.fit import epochs as epochs_of
from pes.training.optimizers.damped_least_squares import levenberg_marquardt

MEMBERS = 3


pytestmark = pytest.mark.usefixtures("one_thread")


def dataset(count: int, with_forces: bool = False) -> Dataset:
    x = waters(count, size=0.08)
    energies, forces = energies_and_forces(WaterPJT(), x)
    return Dataset(WATER, x, energies - 76, forces=forces if with_forces else None)


def members(points: Dataset, *, baselines: bool = False) -> list[NeuralSurface]:
    """Untrained, of one standardisation; a baseline of another degree for each if wanted."""
    x, energies, descriptor = points.positions, points.energies, Invariants(WATER, 2)
    found = []
    for seed in range(MEMBERS):
        baseline = None
        if baselines:
            baseline = linear_surface(Invariants(WATER, 1 + seed), x, energies)
            baseline = baseline.requires_grad_(False)
        surface = neural_surface(descriptor, x, energies, hidden=(4,), seed=seed, baseline=baseline)
        surface.shift += 0.01 * seed
        surface.scale *= 1 + 0.1 * seed
        found.append(surface)
    return found


def cuts(points: int) -> tuple[list[Tensor], list[Tensor]]:
    """Training and validation rows of each member, of different lengths."""
    rows = torch.arange(points).split(points // MEMBERS)[:MEMBERS]
    held = [r[: len(r) - k] for k, r in enumerate(rows)]
    kept = [torch.tensor([i for i in range(points) if i not in r.tolist()]) for r in held]
    return kept, held


def rows_of(points: Dataset, weights: Tensor | None = None) -> tuple[Rows, Rows]:
    weights = torch.ones_like(points.energies) if weights is None else weights
    kept, held = cuts(len(points))
    return Rows.of(kept, weights), Rows.of(held, weights)


def vectors(surfaces: list[NeuralSurface]) -> Tensor:
    return torch.stack([parameters_to_vector(s.mlp.parameters()).detach() for s in surfaces])


@pytest.mark.parametrize("with_forces", [False, True])
@pytest.mark.parametrize(("baselines", "acceleration"), [(False, 0.75), (True, 0.75), (True, 0.0)])
def test_each_member_is_fitted_as_if_alone(
    with_forces: bool, baselines: bool, acceleration: float
) -> None:
    points = dataset(30, with_forces)
    weights = torch.linspace(0.5, 1.5, len(points), dtype=torch.float64)
    train, validation = rows_of(points, weights)
    how = {"force_weight": 0.3, "epochs": 4, "patience": 100}
    together = list(ensemble_epochs(members(points, baselines=baselines), points, train, validation,
                                 acceleration=acceleration, **how))  # fmt: skip
    assert len(together) == 4
    kept, held = cuts(len(points))
    for k, surface in enumerate(members(points, baselines=baselines)):
        alone = list(
            epochs_of(surface, points.select(kept[k]), points.select(held[k]),
                optimizer=partial(levenberg_marquardt, acceleration=acceleration),
                train_weights=weights[kept[k]], validation_weights=weights[held[k]], **how)
        )  # fmt: skip
        for a, b in zip(alone, together, strict=True):
            # Rounding, enlarged by four steps through an ill-conditioned matrix: 1e-11 for
            # energies. Forces are projected on what the inputs reach, alike to 1e-8 before that.
            tolerance = 1e-8
            torch.testing.assert_close(a.state.parameters, b.state.parameters[k],
                                       rtol=tolerance, atol=tolerance)  # fmt: skip
            error = b.details[f"member_{k + 1}"]
            assert error == pytest.approx(a.validation_rmse_cm1, rel=1e-4)
        assert together[-1].state.optimizer["best_epochs"][k] == alone[-1].state.best_epoch


def test_a_row_drawn_twice_counts_twice() -> None:
    points = dataset(12)
    once = torch.ones(12, dtype=torch.float64)
    drawn = torch.tensor([0, 1, 1, 2, 2, 2, 3, 4, 5])
    doubled = Rows.of([drawn] * MEMBERS, once)
    counted = Rows.of([drawn.unique()] * MEMBERS, drawn.bincount(minlength=12).double())
    ends = []
    for train in (doubled, counted):
        surfaces = members(points)
        list(ensemble_epochs(surfaces, points, train, doubled, epochs=3))
        ends.append(vectors(surfaces))
    torch.testing.assert_close(*ends, rtol=1e-8, atol=1e-8)


def same(a: Epoch, b: Epoch) -> bool:
    """Equal in everything but the time they took."""
    ours, theirs = a.state.optimizer, b.state.optimizer
    return (
        torch.equal(a.state.parameters, b.state.parameters)
        and torch.equal(a.state.best_parameters, b.state.best_parameters)
        and all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)
        and (a.epoch, a.loss, a.validation_loss, a.details)
        == (b.epoch, b.loss, b.validation_loss, b.details)
    )


@pytest.mark.parametrize("with_forces", [False, True])
def test_resumes_bit_for_bit_through_a_file(with_forces: bool, tmp_path: Path) -> None:
    points = dataset(24, with_forces)
    rows = rows_of(points)
    # Patience short enough for members to have stopped where the second half begins.
    how = {"patience": 3}
    whole = list(ensemble_epochs(members(points), points, *rows, epochs=16, **how))
    half = list(ensemble_epochs(members(points), points, *rows, epochs=8, **how))
    save_checkpoint(tmp_path / "last.pt", half[-1].state)
    surfaces, state = members(points), load_checkpoint(tmp_path / "last.pt")
    rest = list(ensemble_epochs(surfaces, points, *rows, epochs=16, state=state, **how))
    assert all(same(a, b) for a, b in zip(whole, half + rest, strict=True))
    assert torch.equal(vectors(surfaces), whole[-1].state.best_parameters)


def test_a_state_without_a_value_is_refused() -> None:
    points = dataset(15)
    state = next(ensemble_epochs(members(points), points, *rows_of(points))).state
    less = {name: value for name, value in state.optimizer.items() if name != "running"}
    again = ensemble_epochs(
        members(points), points, *rows_of(points), state=replace(state, optimizer=less)
    )
    with pytest.raises(ValueError, match="lacks `running` of the optimizer"):
        next(again)


def test_members_stop_by_themselves() -> None:
    points = dataset(15)
    surfaces = members(points)
    epochs = list(ensemble_epochs(surfaces, points, *rows_of(points), epochs=400, patience=4))
    running = [epoch.details["running"] for epoch in epochs]
    assert running == sorted(running, reverse=True)
    assert running[0] == MEMBERS > running[-1]
    best = epochs[-1].state.optimizer["best_epochs"]
    assert epochs[-1].epoch == int(best.max()) + 4
    for k in range(MEMBERS):
        then = epochs[int(best[k]) - 1].state.parameters[k]
        assert torch.equal(vectors(surfaces)[k], then)


def test_one_point_of_a_chunk_more_or_less(monkeypatch: pytest.MonkeyPatch) -> None:
    points = dataset(40, with_forces=True)
    ends = []
    for size in (1, 2**27):
        monkeypatch.setattr("pes.training.ensembles.problem.CACHED", size)
        surfaces = members(points)
        list(ensemble_epochs(surfaces, points, *rows_of(points), epochs=3))
        ends.append(vectors(surfaces))
    # The order of sums.
    torch.testing.assert_close(*ends, rtol=1e-8, atol=1e-8)


def test_little_memory_changes_nothing() -> None:
    """None for ∂f/∂x, nor for the directions that a network reaches: all 3N components are fitted.

    What the directions leave out is a constant: the same minimum, by the same steps.
    """
    points = dataset(40, with_forces=True)
    ends = []
    for memory in (2**30, 1):
        surfaces = members(points, baselines=True)
        epochs = list(ensemble_epochs(surfaces, points, *rows_of(points), epochs=3, memory=memory))
        ends.append(vectors(surfaces))
        assert len(epochs) == 3
    # As when one member is fitted alone.
    torch.testing.assert_close(*ends, rtol=1e-8, atol=1e-8)


def test_refused() -> None:
    points, once = dataset(12), torch.ones(12, dtype=torch.float64)
    rows = Rows.of([torch.arange(6)] * MEMBERS, once)
    surfaces = members(points)
    surfaces[1].mean[0] += 1
    with pytest.raises(ValueError, match="one standardisation of the inputs"):
        next(ensemble_epochs(surfaces, points, rows, rows))
    with pytest.raises(ValueError, match="`damping` must be positive, got 0"):
        next(ensemble_epochs(members(points), points, rows, rows, damping=0))
    state = next(ensemble_epochs(members(points), points, rows, rows)).state
    with pytest.raises(ValueError, match=r"shape \(3, 33\), this ensemble needs \(2, 33\)"):
        next(ensemble_epochs(members(points)[:2], points, rows, rows, state=state))
