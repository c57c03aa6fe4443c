"""The loop: records, best state, stopping, and resuming through a file bit for bit."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import pytest
import torch
from scattered_waters import WATER, waters
from torch.nn.utils import parameters_to_vector

from pes.data.dataset import Dataset
from pes.descriptors import Invariants
from pes.potential.analytic import WaterPJT
from pes.potential.neural import NeuralSurface, energies_and_forces, neural_surface
from pes.training import adam, adam_lbfgs, lbfgs, levenberg_marquardt
from pes.training.checkpoint import load_checkpoint, save_checkpoint
from pes.training.epoch import Epoch, TrainingState
from pes.training.errors import error_report
from pes.training.fit import epochs as epochs_of
from pes.training.optimizers.problem import ChunkedLeastSquares, Optimizer, Step
from pes.training.weights import ratio

OPTIMIZERS: dict[str, Optimizer] = {
    "adam": partial(adam, batch=16, epochs=50),
    "adam_lbfgs": partial(adam_lbfgs, batch=16, adam_epochs=3, iterations=3),
    "lbfgs": partial(lbfgs, iterations=3),
    "levenberg_marquardt": levenberg_marquardt,
}


pytestmark = pytest.mark.usefixtures("one_thread")


def dataset(count: int, seed: int, with_forces: bool = False) -> Dataset:
    x = waters(count, seed, size=0.08)
    energies, forces = energies_and_forces(WaterPJT(), x)
    return Dataset(WATER, x, energies - 76, forces=forces if with_forces else None)


TRAIN, VALIDATION = dataset(40, 0), dataset(15, 1)


def fresh(hidden: tuple[int, ...] = (6,)) -> NeuralSurface:
    x, energies = TRAIN.positions, TRAIN.energies
    return neural_surface(Invariants(WATER, 2), x, energies, hidden=hidden)


def parameters(surface: NeuralSurface) -> torch.Tensor:
    return parameters_to_vector(surface.mlp.parameters()).detach()


def same(a: Epoch, b: Epoch) -> bool:
    """Equal in everything but the time they took."""
    return (
        torch.equal(a.state.parameters, b.state.parameters)
        and torch.equal(a.state.best_parameters, b.state.best_parameters)
        and (a.epoch, a.loss, a.validation_loss) == (b.epoch, b.loss, b.validation_loss)
        and a.state.best_epoch == b.state.best_epoch
        and a.train_rmse_cm1 == b.train_rmse_cm1
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("with_forces", [False, True])
def test_resumes_bit_for_bit_through_a_file(
    optimizer: Optimizer, with_forces: bool, tmp_path: Path
) -> None:
    sets = dataset(20, 0, with_forces), dataset(10, 1, with_forces)
    whole = list(epochs_of(fresh(), *sets, optimizer=optimizer, epochs=6))
    half = list(epochs_of(fresh(), *sets, optimizer=optimizer, epochs=3))
    save_checkpoint(tmp_path / "last.pt", half[-1].state)
    state = load_checkpoint(tmp_path / "last.pt")
    surface = fresh()
    rest = list(epochs_of(surface, *sets, optimizer=optimizer, epochs=6, state=state))
    assert [epoch.epoch for epoch in rest] == [4, 5, 6]
    assert all(same(a, b) for a, b in zip(whole, half + rest, strict=True))
    assert torch.equal(parameters(surface), whole[-1].state.best_parameters)
    assert rest[-1].seconds > half[-1].seconds


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_state_without_its_optimizer_is_refused(optimizer: Optimizer) -> None:
    state = next(epochs_of(fresh(), TRAIN, VALIDATION, optimizer=optimizer)).state
    again = epochs_of(
        fresh(), TRAIN, VALIDATION, optimizer=optimizer, state=replace(state, optimizer={})
    )
    with pytest.raises(ValueError, match=r"lacks `\w+` of the optimizer.*start afresh"):
        next(again)


def test_fits_and_reports_what_the_surface_does() -> None:
    surface, held_out = fresh((10,)), dataset(15, 1, with_forces=True)
    train = dataset(60, 0, with_forces=True)
    last = list(epochs_of(surface, train, held_out, epochs=60))[-1]
    assert last.train_rmse_cm1 < 2
    report = error_report(surface, train, lowest=float(train.energies.min()))
    if last.improved:
        assert report["energy"]["rmse"]["all"] == pytest.approx(last.train_rmse_cm1, rel=1e-6)
        assert report["force"]["rmse"]["all"] == pytest.approx(
            last.train_force_rmse_cm1_angstrom, rel=1e-6
        )


def test_the_best_validation_state_is_kept() -> None:
    # Eight points cannot fix sixty parameters: the validation loss rises again.
    train, surface = TRAIN.select(slice(0, 8)), fresh()
    epochs = list(epochs_of(surface, train, VALIDATION, epochs=40, patience=1000))
    losses = [epoch.validation_loss for epoch in epochs]
    best = epochs[losses.index(min(losses))]
    assert best.epoch < len(epochs)
    assert best.improved
    assert torch.equal(parameters(surface), best.state.parameters)


def test_patience() -> None:
    train = TRAIN.select(slice(0, 8))
    last = list(epochs_of(fresh(), train, VALIDATION, epochs=500, patience=5))[-1]
    assert last.epoch == last.state.best_epoch + 5


def test_leaving_early_leaves_the_best_state() -> None:
    surface = fresh()
    run = epochs_of(surface, TRAIN, VALIDATION, epochs=50)
    for epoch in run:
        assert torch.equal(parameters(surface), epoch.state.parameters)
        if epoch.epoch == 4:
            break
    run.close()
    assert torch.equal(parameters(surface), epoch.state.best_parameters)


def restarted(epochs: int, state: TrainingState | None = None) -> list[Epoch]:
    train = TRAIN.select(slice(0, 8))
    run = epochs_of(
        fresh(), train, VALIDATION, epochs=epochs, patience=4, restarts=2, seed=5, state=state
    )
    return list(run)


def test_restarts_keep_the_best_of_all() -> None:
    epochs = restarted(500)
    number = [epoch.state.restart for epoch in epochs]
    assert number == sorted(number)
    assert set(number) == {0, 1, 2}
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    assert torch.equal(epochs[-1].state.best_parameters, best.state.parameters)
    starts = [number.index(k) for k in (0, 1, 2)]
    for first, after in pairwise([*starts, len(epochs)]):
        # Each start has its own patience, counted from its own best.
        losses = [epoch.validation_loss for epoch in epochs[first:after]]
        assert after - first == losses.index(min(losses)) + 1 + 4
    # The weights are those of other seeds, one step on.
    assert not torch.equal(epochs[0].state.parameters, epochs[starts[1]].state.parameters)


def test_restarts_resume_bit_for_bit(tmp_path: Path) -> None:
    whole = restarted(500)
    second = [epoch.state.restart for epoch in whole].index(1)
    for done in (second - 1, second, second + 2):  # the last of a start, the first of the next
        save_checkpoint(tmp_path / "state.pt", whole[done - 1].state)
        rest = restarted(500, load_checkpoint(tmp_path / "state.pt"))
        assert all(same(a, b) for a, b in zip(whole[done:], rest, strict=True))


def test_an_optimizer_that_ends_is_started_again() -> None:
    def short(
        problem: ChunkedLeastSquares, parameters: torch.Tensor, state: dict | None
    ) -> Iterator[Step]:
        yield from islice(levenberg_marquardt(problem, parameters, state), 3)

    epochs = list(epochs_of(fresh(), TRAIN, VALIDATION, optimizer=short, restarts=1))
    assert [epoch.state.restart for epoch in epochs] == [0, 0, 0, 1, 1, 1]


def test_memory_changes_nothing() -> None:
    sets = dataset(20, 0, with_forces=True), dataset(10, 1, with_forces=True)
    small, large = (list(epochs_of(fresh(), *sets, epochs=4, memory=m))[-1] for m in (1, 2**30))
    # All 3N rows and nothing stored against the rows that count: the same to rounding.
    assert small.loss == pytest.approx(large.loss, rel=1e-8)
    assert small.train_force_rmse_cm1_angstrom == pytest.approx(
        large.train_force_rmse_cm1_angstrom, rel=1e-8
    )


def test_no_time_left() -> None:
    assert len(list(epochs_of(fresh(), TRAIN, VALIDATION, max_seconds=1e-9))) == 1


def test_weights_move_the_errors_down() -> None:
    low = TRAIN.energies < TRAIN.energies.median()

    def error(weights: torch.Tensor | None) -> float:
        surface = fresh((2,))
        list(epochs_of(surface, TRAIN, TRAIN, train_weights=weights, epochs=60))
        with torch.no_grad():
            return float((surface(TRAIN.positions) - TRAIN.energies)[low].square().mean())

    heights = TRAIN.energies - TRAIN.energies.min()
    assert error(ratio(heights, offset=1e-4)) < error(None)


def test_only_the_network_learns() -> None:
    surface = fresh()
    before = {name: value.clone() for name, value in surface.state_dict().items()}
    list(epochs_of(surface, TRAIN, VALIDATION, epochs=2))
    for name, value in surface.state_dict().items():
        assert torch.equal(value, before[name]) != name.startswith("mlp.")


def test_refused() -> None:
    other = Dataset(("H", "O", "H"), VALIDATION.positions, VALIDATION.energies)
    with pytest.raises(ValueError, match="must be one molecule"):
        next(epochs_of(fresh(), TRAIN, other))
    with pytest.raises(ValueError, match="the surface is for the atoms"):
        next(epochs_of(fresh(), other, other))
    with pytest.raises(ValueError, match="both have forces, or neither"):
        next(epochs_of(fresh(), TRAIN, dataset(5, 1, with_forces=True)))
    state = next(epochs_of(fresh(), TRAIN, VALIDATION)).state
    with pytest.raises(ValueError, match="the checkpoint holds 49 parameters, the network 57"):
        next(epochs_of(fresh((7,)), TRAIN, VALIDATION, state=state))


def test_isotopes_share_a_surface() -> None:
    heavy = [Dataset(("O", "D", "D"), d.positions, d.energies) for d in (TRAIN, VALIDATION)]
    assert len(list(islice(epochs_of(fresh(), heavy[0], heavy[1]), 1))) == 1
