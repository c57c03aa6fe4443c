import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_programs import springs, springs_with_forces

import pes
from pes.data import Dataset
from pes.data.formats.extxyz import write_geometries
from pes.labelling.geometries import geometries_of
from pes.labelling.label import JOURNAL, label
from pes.labelling.pyscf_program import PySCF

SYMBOLS = ("O", "H", "D")


@pytest.fixture
def x() -> torch.Tensor:
    """Ten geometries near the minimum."""
    start = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.45, 1.75, 0]], dtype=torch.float64)
    draw = torch.rand(10, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return start + 0.1 * draw


def test_a_function_on_threads(x: torch.Tensor, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as workers:
        result = label(x, springs_with_forces, tmp_path, symbols=SYMBOLS, workers=workers)
        again = label(x, springs_with_forces, tmp_path, symbols=SYMBOLS, workers=workers)
    data = result.dataset
    assert data.symbols == SYMBOLS
    assert torch.equal(data.positions, x)
    assert data.energies.tolist() == [springs(one) for one in x.numpy()]
    assert data.forces is not None
    assert torch.equal(again.dataset.energies, data.energies)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 11
    assert repr(result).endswith("forces, no dipoles; none failed)")
    result.save(tmp_path / "saved")
    read = pes.read(tmp_path / "saved" / "points.h5")
    assert torch.equal(read.energies, data.energies)
    assert json.loads((tmp_path / "saved" / "label.json").read_text())["points"] == 10
    assert not (tmp_path / "saved" / "failures.csv").exists()


def fails_twice(x: np.ndarray) -> float:
    if x[1, 0] > 1.88:
        raise ArithmeticError("no\nconvergence")
    return float("nan") if x[1, 0] < 1.82 else springs(x)


def test_failures_are_listed_and_the_minimum_comes_first(x: torch.Tensor, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as workers:
        few = label(x, fails_twice, tmp_path / "few", symbols=SYMBOLS, workers=workers, attempts=2)
        whole = label(
            x, springs_with_forces, tmp_path / "all", symbols=SYMBOLS, workers=workers,
            minimum=True, notes={"sampling": "random"},
        )  # fmt: skip
    high = (x[:, 1, 0] > 1.88).nonzero()[:, 0].tolist()
    low = (x[:, 1, 0] < 1.82).nonzero()[:, 0].tolist()
    assert [one["row"] for one in few.failures] == sorted(high + low)
    reasons = {one["row"]: one["reason"] for one in few.failures}
    assert {reasons[row] for row in high} == {"ArithmeticError: no convergence (2 attempts)"}
    assert "not a finite number" in reasons[low[0]]
    few.save(tmp_path / "few")
    assert len((tmp_path / "few" / "failures.csv").read_text().splitlines()) == 1 + len(reasons)
    assert len(whole.dataset) == 11
    assert whole.dataset.energies[0] < 1e-9 < whole.dataset.energies[1:].min()
    assert whole.dataset.provenance["sampling"] == "random"
    assert "row_0" in whole.dataset.provenance


def test_other_settings_do_not_go_on_with_a_journal(x: torch.Tensor, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as workers:
        label(x, springs, tmp_path, symbols=SYMBOLS, workers=workers)
        for changed, function in ((x + 0.1, springs), (x, springs_with_forces)):
            with pytest.raises(ValueError, match="was written with other settings"):
                label(changed, function, tmp_path, symbols=SYMBOLS, workers=workers)


def test_geometries_of_files_and_data_sets(x: torch.Tensor, tmp_path: Path) -> None:
    heights = [float(10 - k) for k in range(10)]
    write_geometries(tmp_path / "new.xyz", SYMBOLS, x, {"above_minimum_cm1": heights})
    known = geometries_of(tmp_path / "new.xyz")
    assert known.symbols == SYMBOLS
    assert known.lowest == 9
    assert (known.positions - x).abs().max() < 1e-14
    data = Dataset(SYMBOLS, x, x[:, 1, 0])
    pes.write(tmp_path / "points.h5", data)
    for given in (data, tmp_path / "points.h5", str(tmp_path / "points.h5")):
        known = geometries_of(given)
        assert torch.equal(known.positions, x)
        assert known.lowest == int(x[:, 1, 0].argmin())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("3\n\nO 0 0 0\nH 0 0 1\nH 0 x 0\n", r"new.xyz: frame 0"),
        ("", "new.xyz: the file holds no frames"),
        ("3\n\nO 0 0 0\n", "new.xyz: "),
        ("2\n\nO 0 0 0\nQ 0 0 1\n", "Q"),
        ("2\n\nO 0 0 0\nH 0 0 nan\n", "new.xyz: row 0: a position is not a finite number"),
    ],
)
def test_broken_geometries(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "new.xyz").write_text(content)
    with pytest.raises(ValueError, match=words):
        geometries_of(tmp_path / "new.xyz")


def test_mistakes(x: torch.Tensor, tmp_path: Path) -> None:
    for arguments, words in (
        ({}, "`symbols` is needed"),
        ({"symbols": "O H"}, r"must have shape \(B, 2, 3\), got \(10, 3, 3\)"),
        ({"symbols": SYMBOLS, "workers": 0}, "`workers` must be at least 1"),
        ({"symbols": SYMBOLS, "attempts": 0}, "`attempts` must be at least 1"),
    ):
        with pytest.raises(ValueError, match=words):
            label(x, springs, tmp_path / "none", **arguments)
    data = Dataset(("O", "H", "H"), x, x[:, 1, 0])
    with pytest.raises(ValueError, match="the atoms are O H H, but `symbols` names S H H"):
        label(data, springs, tmp_path / "none", symbols=("S", "H", "H"))
    with pytest.raises(FileNotFoundError, match=r"none.xyz: no such file of geometries"):
        label("none.xyz", springs, tmp_path / "none")
    assert not (tmp_path / "none" / JOURNAL).exists()


def test_pyscf(x: torch.Tensor, tmp_path: Path) -> None:
    pytest.importorskip("pyscf")
    with ThreadPoolExecutor(1) as workers:
        result = label(x[:2], PySCF("hf", "sto-3g"), tmp_path, symbols=SYMBOLS, workers=workers)
    # Hartree–Fock of water in this basis: about -74.96 hartree (A. Szabo, N. S. Ostlund,
    # Modern Quantum Chemistry, ISBN 978-0-486-69186-2).
    assert result.dataset.energies.tolist() == pytest.approx([-74.96, -74.96], abs=0.03)
    assert result.dataset.dipoles is not None
    assert result.dataset.column_units == {"scf_energy": "hartree"}
    assert result.dataset.provenance["basis"] == "sto-3g"
