import math

import pytest
import torch

from pes.data import Dataset, Split, split
from pes.data.labels import chosen_points
from pes.units import CM1, EV

HEIGHTS = [300.0, 0.0, 100.0, 9000.0, 200.0]


def hydrogen(**changes: object) -> Dataset:
    x = torch.zeros(5, 2, 3, dtype=torch.float64)
    x[:, 1, 2] = torch.linspace(1.2, 1.6, 5)
    scf = torch.tensor([1.0, math.nan, 2.0, 4.0, math.nan], dtype=torch.float64)
    given = {
        "energies": torch.tensor(HEIGHTS, dtype=torch.float64) * CM1 - 1.1,
        "forces": x,
        "columns": {"scf": scf, "t1": scf},
        "column_units": {"scf": "eV"},
    }
    return Dataset(("H", "H"), x, **(given | changes))


def test_everything_unless_asked() -> None:
    source = hydrogen()
    chosen = chosen_points(source)
    assert chosen.dataset is source
    assert chosen.left_out == ()


def test_window_counts_from_the_lowest_label() -> None:
    chosen = chosen_points(hydrogen(), window=(50 * CM1, 250 * CM1))
    assert chosen.rows.tolist() == [2, 4]
    assert chosen.left_out == (
        "3 of 5 points are not 50 to 250 cm-1 above the lowest label: left out",
    )
    assert chosen.dataset.forces is not None
    with pytest.raises(ValueError, match="no point of 5 is 10000 to 20000 cm-1"):
        chosen_points(hydrogen(), window=(10000 * CM1, 20000 * CM1))


def test_labels_from_a_column_in_its_unit() -> None:
    """The forces are those of the other energies."""
    chosen = chosen_points(hydrogen(), column="scf")
    assert chosen.rows.tolist() == [0, 2, 3]
    torch.testing.assert_close(chosen.dataset.energies / EV, chosen.dataset.columns["scf"])
    assert chosen.dataset.forces is None
    assert chosen.left_out == ("2 of 5 points have no `scf`: left out",)
    both = chosen_points(hydrogen(), column="scf", window=(0.5 * EV, 5 * EV))
    assert both.rows.tolist() == [2, 3]
    assert len(both.left_out) == 2


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("ccsd", "column `ccsd` does not exist; the columns are: scf, t1"),
        ("t1", "unit '1'; labels are one energy for each point in hartree, eV, cm-1"),
    ],
)
def test_columns_that_are_no_labels(column: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chosen_points(hydrogen(), column=column)


def test_all_energies_equal() -> None:
    with pytest.raises(ValueError, match=r"all 5 energies are -1\.5 hartree"):
        chosen_points(hydrogen(energies=torch.full((5,), -1.5, dtype=torch.float64)))


def test_one_point_is_no_surface() -> None:
    with pytest.raises(ValueError, match="there is only one point"):
        chosen_points(hydrogen().select(torch.tensor([0])))


def test_splits_go_to_the_source_and_back() -> None:
    source = hydrogen()
    chosen = chosen_points(source, window=(0, 500 * CM1))
    parts = split(chosen.dataset, fractions=(0.5, 0.25, 0.25), seed=1)
    in_source = chosen.in_source(parts)
    assert in_source.sha256 == source.sha256
    for name in ("train", "validation", "test"):
        here, there = (getattr(p, name) for p in (parts, in_source))
        assert torch.equal(source.energies[there], chosen.dataset.energies[here])
    back = chosen.among_chosen(in_source)
    assert torch.equal(back.train, parts.train)
    low = chosen_points(source, window=(0, 250 * CM1))
    highest = Split(*(torch.tensor([row]) for row in (1, 2, 0)), sha256=source.sha256, seed=0)
    with pytest.raises(ValueError, match="the test part of the split is empty"):
        low.among_chosen(highest)
