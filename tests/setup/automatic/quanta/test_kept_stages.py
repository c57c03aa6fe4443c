"""Growing series that go on from the calculations of an earlier run of the program."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from growing_series import grid, oscillators, sparse, target

from pes.setup.automatic.quanta.grid_of_stage import Grid
from pes.setup.automatic.quanta.growing_quanta import levels_by_quanta
from pes.setup.automatic.quanta.kept_stages import Store
from pes.setup.automatic.quanta.quanta_series import Series
from pes.setup.automatic.request import Budget
from pes.units import CM1

FREQUENCIES = [900.0, 1100, 1500, 2100]
GRIDS = {"sparse": sparse, "product": grid}
ACCURACY = {"sparse": 0.5, "product": 0.001}
"""In cm⁻¹: two calculations on sparse grids, three on product grids."""


class Killed(BaseException):
    """End of the program."""


def interrupted(asked: Any, smallest: Grid, calculations: int, patch: Any) -> dict[str, Any]:
    """Content on disk when the program is killed in a calculation after the first."""
    following, begun, on_disk = Series.following, [0], dict[str, Any]()

    def killed(series: Series, *arguments: Any) -> object:
        begun[0] += 1
        if begun[0] == calculations:
            raise Killed
        return following(series, *arguments)

    store = Store(write=lambda content: on_disk.update(deepcopy(dict(content))))
    with patch.context() as patched:
        patched.setattr(Series, "following", killed)
        with pytest.raises(Killed):
            levels_by_quanta(asked, smallest, store=store)
    return on_disk


@pytest.mark.parametrize(("kind", "calculations"), [("sparse", 1), ("product", 2)])
def test_a_killed_series_ends_as_the_whole_one(
    kind: str, calculations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, _ = oscillators(FREQUENCIES)
    asked = target(system, 4, accuracy=ACCURACY[kind] * CM1, count=5)
    content = interrupted(asked, GRIDS[kind](4), calculations, monkeypatch)
    assert content["seconds"] > 0
    said: list[str] = []
    levels = levels_by_quanta(asked, GRIDS[kind](4), report=said.append, store=Store(content))
    whole = levels_by_quanta(asked, GRIDS[kind](4))
    assert levels.truncation == whole.truncation
    # Iterations that begin with the same vectors end with the same levels, but for rounding.
    torch.testing.assert_close(levels.energies, whole.energies, rtol=0, atol=1e-9 * CM1)
    torch.testing.assert_close(levels.convergence, whole.convergence, rtol=1e-3, atol=1e-9 * CM1)
    assert sum("going on from the calculation" in line for line in said) == calculations
    assert not any(line.startswith("first: ") for line in said)


def test_calculations_of_another_surface_are_not_gone_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system, _ = oscillators(FREQUENCIES)
    content = interrupted(target(system, 4, count=5), sparse(4), 1, monkeypatch)
    other, exact = oscillators([905.0, 1100, 1500, 2100])
    said: list[str] = []
    levels = levels_by_quanta(
        target(other, 4, count=5), sparse(4), report=said.append, store=Store(content)
    )
    assert any("not of this surface; the series begins afresh" in line for line in said)
    error = abs(levels.zero_point_energy - float(exact.sum()) / 2)
    assert error <= float(levels.convergence[0]) + 1e-6 * CM1


def test_vectors_under_way_are_begun_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the end: the next run takes fewer products than one without them."""
    system, _ = oscillators(FREQUENCIES)
    asked = target(system, 4, count=5, solver="davidson")
    content = interrupted(asked, sparse(4), 1, monkeypatch)
    following, products = Series.following, list[int]()

    def counted(series: Series, *arguments: Any) -> object:
        stage = following(series, *arguments)
        products.append(stage.pairs.matvecs)
        vectors.append((stage.grid.quanta, stage.pairs.coefficients))
        return stage

    vectors: list[tuple[float, torch.Tensor]] = []
    monkeypatch.setattr(Series, "following", counted)
    levels_by_quanta(asked, sparse(4), store=Store(deepcopy(content)))
    quanta, last = vectors[0]
    content["first grid"]["under_way"] = {"quanta": quanta, "vectors": last}
    without = products[0]
    products.clear()
    levels_by_quanta(asked, sparse(4), store=Store(content))
    assert products[0] < without


def test_a_series_that_does_not_fit_any_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    system, _ = oscillators(FREQUENCIES)
    asked = target(system, 4, count=5)
    content = interrupted(asked, sparse(4), 1, monkeypatch)
    with pytest.raises(ValueError, match=r"kept, 4 quanta.* does not fit: `memory` allows"):
        levels_by_quanta(asked, sparse(4), budget=Budget(memory=2.0**20), store=Store(content))
