"""Every point held out about equally often, copies of a geometry never on both sides."""

import pytest
import torch

from pes.data.cuts import member_cuts
from pes.data.dataset import Dataset


def points(count: int, copies: bool = False) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)
    if copies:
        x = torch.cat((x, x[:, [0, 2, 1]]))
    return Dataset(("O", "H", "H"), x, torch.zeros(len(x), dtype=torch.float64))


def test_folds() -> None:
    cuts = member_cuts(points(20), members=5, share=0.2, seed=0)
    held = torch.cat([rows for _, rows in cuts])
    assert held.sort().values.tolist() == list(range(20))
    for train, validation in cuts:
        assert sorted(train.tolist() + validation.tolist()) == list(range(20))


def test_held_out_equally_often() -> None:
    cuts = member_cuts(points(20), members=8, share=0.25, seed=0)
    counts = torch.cat([rows for _, rows in cuts]).bincount(minlength=20)
    # 8 · 5 places for 20 points; the starts are whole points apart only on average.
    assert counts.float().mean() == 2
    assert counts.min() >= 1
    assert counts.max() <= 3


def test_copies_stay_together() -> None:
    for train, validation in member_cuts(points(10, copies=True), members=3, share=0.3, seed=1):
        assert set((train % 10).tolist()).isdisjoint((validation % 10).tolist())
        assert len(train) + len(validation) == 20


def test_seed() -> None:
    a, b, c = (member_cuts(points(20), members=2, share=0.2, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(a[0][1], b[0][1])
    assert not torch.equal(a[0][1], c[0][1])


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_too_few(share: float) -> None:
    with pytest.raises(ValueError, match="different points leaves members no"):
        member_cuts(points(5), members=2, share=share, seed=0)
