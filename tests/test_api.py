"""`import pes`: light, complete and honest about what there is."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import pes


def test_import_is_light() -> None:
    heavy = "{'torch', 'numpy', 'pydantic', 'ase', 'matplotlib'} & set(sys.modules)"
    program = f"import sys, pes; print(sorted({heavy}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == "[]\n", run.stderr


def test_garbage_is_looked_for_again_once_a_name_is_loaded() -> None:
    """What a user's program has made is collected as before."""
    program = (  # Python 3.12 begins with some that are frozen
        "import gc; before = gc.get_freeze_count(); import pes; pes.External; "
        "print(gc.isenabled(), gc.get_freeze_count() - before)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.split() == ["True", "0"], result.stderr


@pytest.mark.parametrize("name", sorted({*pes.__all__} - {"__version__", "units"}))
def test_every_name_is_there(name: str) -> None:
    assert callable(getattr(pes, name))
    assert getattr(pes, name).__doc__


def test_version_and_units() -> None:
    assert pes.__version__.split(".")[0].isdigit()
    assert pytest.approx(1.8897, abs=1e-4) == pes.units.ANGSTROM


def test_dir_shows_what_can_be_used() -> None:
    assert set(pes.__all__) <= set(dir(pes))
    assert list(pes.__all__) == sorted(pes.__all__)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'pes' has no attribute 'level'"):
        pes.level  # noqa: B018


FILE = "mine.h5"
GEOMETRIES = np.array([[[0.0, 0.0, 0.1], [1.8, 0.0, 0.0], [-0.4, 1.7, 0.0]]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: pes.train(FILE),  # type: ignore[arg-type]
        lambda: pes.audit(FILE),  # type: ignore[arg-type]
        lambda: pes.split(FILE, seed=0),  # type: ignore[arg-type]
        lambda: pes.train_dipole(FILE),  # type: ignore[arg-type]
        lambda: pes.write("points.xyz", FILE),  # type: ignore[arg-type]
    ],
)
def test_the_name_of_a_file_is_no_data_set(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"must be a Dataset, got 'mine.h5'; pes.read\(FILE\)"):
        call()


def test_numpy_is_accepted_or_refused_in_words() -> None:
    check = pes.check_gradients("water_pjt1996", GEOMETRIES)
    assert check.positions.tolist() == GEOMETRIES.tolist()
    with pytest.raises(ValueError, match=r"shape \(B, 3, 3\), got \(3, 3\)"):
        pes.check_gradients("water_pjt1996", GEOMETRIES[0])
    with pytest.raises(TypeError, match="a torch tensor, got ndarray"):
        pes.energies_and_forces(pes.load("water_pjt1996"), GEOMETRIES)  # type: ignore[arg-type]


POINTS = pes.Dataset(
    ("O", "H", "H"),
    2 * torch.eye(3, dtype=torch.float64) + 0.01 * torch.arange(30.0).double()[:, None, None],
    torch.arange(30.0).double() / 1000,
)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pes.train_dipole(POINTS, form={"degree": 3}),  # type: ignore[arg-type]
         "form must be a DipoleForm, a DipoleNetworkForm or an AutomaticDipoleForm, got dict"),
        (lambda: pes.train_dipole(POINTS, parts=[[0], [1]]),  # type: ignore[arg-type]
         "parts must be a Split, got list"),
        (lambda: pes.train(POINTS, parts=[[0], [1]]),  # type: ignore[arg-type]
         "parts must be a Split, got list"),
        (lambda: pes.train(POINTS, epochs=3),
         "`epochs` belongs to a form, and without `form` everything is chosen: give `form` too"),
        (lambda: pes.train(POINTS, minutes=1, ensemble=pes.EnsembleForm(), watch=print),
         "`watch` belongs to a form"),
        (lambda: pes.train_dipole(POINTS, form=pes.DipoleNetworkForm(hidden=16)),  # type: ignore[arg-type]
         "`hidden` must list the width of each layer, got 16"),
        (lambda: pes.train_dipole(POINTS, form=pes.DipoleForm(members=0)),
         "`members` must be a whole number from 1 on, got 0"),
        (lambda: pes.split(POINTS, fractions=0.8, seed=0),  # type: ignore[arg-type]
         "three positive numbers that add up to 1, got (0.8,)"),
        (lambda: pes.write(POINTS, "points.xyz"),  # type: ignore[arg-type]
         "the name of the file comes first"),
        (lambda: pes.write("points.xyz", [1]),  # type: ignore[list-item]
         "points must be a Dataset, got int"),
        (lambda: pes.write("points.xyz", []), "there are no points to write"),
        (lambda: pes.line_list("runs/h2o", "mu"),  # type: ignore[arg-type]
         "rotation must be levels with rotation, got str"),
        (lambda: pes.sensitivity("runs/h2o"),  # type: ignore[arg-type]
         "result must be a LevelsResult, got str"),
        (lambda: pes.propose(pes.load("water_pjt1996")),  # type: ignore[arg-type]
         "levels must be a LevelsResult or its folder, got Surface"),
        (lambda: pes.evaluate("water_pjt1996", GEOMETRIES),  # type: ignore[arg-type]
         "path must be the name of a file, got ndarray; points in memory are a pes.Dataset"),
        (lambda: pes.refine("water_pjt1996", {"O H H": FILE}, hold=GEOMETRIES),  # type: ignore[arg-type]
         "path must be the name of a file, got ndarray"),
        (lambda: pes.Invariants(("O", "H", "H"), degree=2)(GEOMETRIES),
         "positions must be a torch tensor, got ndarray"),
        (lambda: pes.vibrational_levels(pes.load("water_pjt1996"), [], 3),  # type: ignore[arg-type]
         "system must be a System, got Surface"),
        (lambda: pes.spectrum("runs/h2o", "mu"),  # type: ignore[arg-type]
         "result must be a LevelsResult, got str"),
    ],
)  # fmt: skip
def test_arguments_of_another_kind(
    call: Callable[[], object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        call()
    assert not list(tmp_path.iterdir())
