"""Two and three ranks do what one does; the processes are real, their number kept small."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pes.data import Dataset, write
from pes.training import OPTIMIZERS
from pes.training.distributed import Ranks, sharded
from pes.training.optimizers.problem import ChunkedLeastSquares
from pes.units import CM1

PROGRAM = Path(__file__).with_name("shared_fit.py")


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.slow)])
def found(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    water: Callable[..., Dataset],
    on_ranks: Callable[..., Any],
) -> dict[str, Any]:
    """Sums and energies of one process and of several, from the same state."""
    folder = tmp_path_factory.mktemp("ranks")
    write(folder / "water.h5", water(forces=True))
    runs = on_ranks(request.param, PROGRAM, folder / "water.h5", folder / "result.pt")
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0] * request.param, said
    threads = [output for output, _ in said]
    return torch.load(folder / "result.pt", weights_only=True) | {"threads left": threads}


def largest_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    """Relative to the largest element."""
    return float((a - b).abs().max() / b.abs().max())


@pytest.mark.parametrize(
    "kind", ["energies", "forces, weighted", "ensemble", "ensemble with forces"]
)
def test_sums_over_uneven_shards(found: dict[str, Any], kind: str) -> None:
    """Seven training points: shards of 4 and 3, of 3, 2 and 2. Only the order of sums differs."""
    alone, together = found["alone"]["sums"][kind], found["shared"]["sums"][kind]
    assert set(alone) == set(together)
    for name in alone:
        assert together[name].shape == alone[name].shape
        if not alone[name].any():  # what belongs to forces, where there are none
            assert not together[name].any(), name
            continue
        assert largest_difference(together[name].double(), alone[name].double()) < 1e-12, name
    matrix = together["matrix"]
    assert "ensemble" in kind or torch.equal(matrix, matrix.mT)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "ensemble"])
def test_energies_after_five_steps(found: dict[str, Any], optimizer: str) -> None:
    """1e-9 of the energy above the lowest point, and 1e-9 hartree or 0.0002 cm⁻¹."""
    alone, together = (found[one]["energies"][optimizer] for one in ("alone", "shared"))
    difference = (alone - together).abs().max()
    assert difference < 1e-9 * (alone.max() - alone.min())
    assert difference < 1e-6 * CM1
    start = found["alone"]["energies"]
    assert not torch.equal(start["adam"], start["lbfgs"])


def test_ranks_that_differ_in_one_bit(found: dict[str, Any]) -> None:
    assert "no longer have the same parameters" in found["drifted"]


def test_no_thread_of_the_process_group_outlives_it(found: dict[str, Any]) -> None:
    """A thread that lives on when Python ends can abort the process."""
    assert set(found["threads left"]) == {"[]\n"}


def test_more_ranks_than_points(water: Callable[..., Dataset]) -> None:
    with pytest.raises(ValueError, match=r"8 ranks for 5 points .* start at most 5 ranks"):
        Ranks(7, 8).shard(water(points=5))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_point_is_on_one_rank(count: int) -> None:
    rows = torch.cat([Ranks(rank, count).shard_rows(7) for rank in range(count)])
    assert sorted(rows.tolist()) == list(range(7))


def test_shards_keep_geometries_with_their_labels(water: Callable[..., Dataset]) -> None:
    data = water(forces=True)
    shard = Ranks(1, 3).shard(data)
    assert torch.equal(shard.positions, data.positions[1::3])
    assert torch.equal(shard.energies, data.energies[1::3])
    assert shard.forces is not None
    assert data.forces is not None
    assert torch.equal(shard.forces, data.forces[1::3])


def test_one_rank_changes_nothing() -> None:
    alone = Ranks()
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert alone.all_reduce(x) is x
    assert alone.all_gather(3.5).tolist() == [3.5]
    alone.check_alike(x)
    layer = nn.Linear(2, 1)
    before = layer.weight.clone()
    alone.broadcast(layer)
    assert torch.equal(layer.weight, before)
    problem = ChunkedLeastSquares(lambda p, i: p[i], lambda p, i: (p[i], torch.eye(2)), 2)
    assert sharded(problem, alone, 2) is problem
