import json

import pytest
import torch

from pes.data.dataset import Dataset
from pes.data.splits import PARTS, Split, split


def water(points: int, seed: int = 0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    x = torch.tensor([[0.0, 0.0, 0.0], [1.8, 0.0, 0.0], [-0.5, 1.7, 0.0]], dtype=torch.float64)
    positions = x + 0.2 * torch.rand(points, 3, 3, generator=generator, dtype=torch.float64)
    return Dataset(("O", "H", "H"), positions, positions[:, 0, 0])


def with_copies(data: Dataset) -> Dataset:
    """Each point again, reflected, turned and with the hydrogens exchanged."""
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    copies = -data.positions[:, [0, 2, 1]] @ turn
    return Dataset(
        data.symbols,
        torch.cat((data.positions, copies)),
        torch.cat((data.energies, data.energies)),
    )


def test_the_parts_have_the_sizes_asked_for_and_share_nothing():
    parts = split(water(100), fractions=(0.7, 0.2, 0.1), seed=1)
    assert [len(getattr(parts, name)) for name in PARTS] == [70, 20, 10]
    rows = torch.cat((parts.train, parts.validation, parts.test))
    assert torch.equal(rows.sort().values, torch.arange(100))
    for name in PARTS:
        assert torch.equal(getattr(parts, name), getattr(parts, name).sort().values)


def test_the_seed_decides():
    data = water(100)
    assert torch.equal(split(data, seed=1).test, split(data, seed=1).test)
    assert not torch.equal(split(data, seed=1).test, split(data, seed=2).test)


def test_symmetry_copies_stay_together():
    parts = split(with_copies(water(100)), seed=3)
    assert sum(len(getattr(parts, name)) for name in PARTS) == 200
    for name in PARTS:
        rows = getattr(parts, name)
        assert torch.equal(rows[rows < 100], rows[rows >= 100] - 100)


@pytest.mark.parametrize(
    "fractions", [(0.9, 0.1), (0.8, 0.1, 0.2), (1.0, 0.0, 0.0), (1.2, -0.1, -0.1)]
)
def test_fractions_must_be_three_and_add_up(fractions):
    with pytest.raises(ValueError, match="three positive numbers that add up to 1"):
        split(water(10), fractions=fractions, seed=0)


def test_no_part_may_be_empty():
    with pytest.raises(ValueError, match="validation part would be empty: 4 points, 4 of them"):
        split(water(4), seed=0)
    copies = with_copies(water(1))
    with pytest.raises(ValueError, match="2 points, 1 of them distinct"):
        split(copies, fractions=(0.4, 0.3, 0.3), seed=0)


def test_a_saved_split_comes_back(tmp_path):
    data = water(30)
    before = split(data, seed=5)
    before.save(tmp_path / "split.json")
    after = Split.load(tmp_path / "split.json", data)
    assert all(torch.equal(getattr(before, name), getattr(after, name)) for name in PARTS)
    assert (after.seed, after.sha256) == (5, data.sha256)


def test_a_split_of_other_data_is_refused(tmp_path):
    split(water(30), seed=5).save(tmp_path / "split.json")
    with pytest.raises(ValueError, match=r"split\.json: this split belongs to other data"):
        Split.load(tmp_path / "split.json", water(30, seed=1))


def test_a_missing_split_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"split\.json: no such file"):
        Split.load(tmp_path / "split.json", water(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "not version 1 of pes-split"),
        ({"version": 2}, "not version 1 of pes-split"),
        ({"train": [0, 1, 1]}, "row 1 occurs in the split more than once"),
        ({"test": []}, "test part of the split is empty"),
        ({"test": [0.5]}, "0.5 is not a row of the 30 points"),
        ({"test": [30]}, "30 is not a row of the 30 points"),
    ],
)
def test_a_damaged_split_is_refused(tmp_path, change, message):
    path, data = tmp_path / "split.json", water(30)
    split(data, seed=5).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        Split.load(path, data)


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"format": "pes-split"'])
def test_a_file_that_is_no_split_is_refused(tmp_path, text):
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(ValueError, match=r"split\.json: not a split that can be read"):
        Split.load(tmp_path / "split.json", water(3))
