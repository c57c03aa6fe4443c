"""A dipole moment by whatever name the user gives it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import pes
from pes.potential import DipoleNetwork, DipoleSurface, SurfaceRecord, UserFunction
from pes.potential.analytic import WaterPJT
from pes.potential.atomic_charges import AtomicCharges
from pes.setup.inputs.dipoles import check_vectors, dipole_surface
from pes.setup.inputs.surfaces import as_surface, load_potential

WATER = ("O", "H", "H")
X = torch.arange(18, dtype=torch.float64).reshape(2, 3, 3)


@pytest.fixture(params=[DipoleSurface(WATER, 1), DipoleNetwork(WATER, 1, (3,))], ids=str)
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    record = SurfaceRecord(WATER, (0.0, 1.0), "", X)
    pes.save(tmp_path / "dipole.safetensors", request.param, record)
    pes.save(tmp_path / "energy.safetensors", WaterPJT(), record)
    return tmp_path / "dipole.safetensors"


def test_forms(file: Path) -> None:
    (file.parent / "own.py").write_text("def moment(x):\n    return x[:, 0]\n")
    own = dipole_surface("own.py:moment", file.parent)
    assert torch.equal(own.potential(X), X[:, 0])
    assert dipole_surface(own) is own
    assert isinstance(dipole_surface(lambda x: x[:, 0]).potential, UserFunction)
    for form in (str(file), pes.load(file), pes.load(file).potential):
        assert isinstance(dipole_surface(form, symbols=("O", "H", "D")).potential, AtomicCharges)


def test_other_surfaces_and_other_atoms(file: Path) -> None:
    with pytest.raises(ValueError, match="is a surface of energies; `dipole` needs one of"):
        dipole_surface("energy.safetensors", file.parent)
    for form in (file, pes.load(file).potential, pes.Ensemble([pes.load(file).potential] * 2)):
        with pytest.raises(ValueError, match="is for O H H, the molecule is S H H"):
            dipole_surface(form, symbols=("S", "H", "H"))
    for refused in (lambda: load_potential(str(file), Path()), lambda: as_surface(pes.load(file))):
        with pytest.raises(ValueError, match="is a dipole surface; one of energies is needed"):
            refused()
    with pytest.raises(FileNotFoundError, match="is not a run folder, surface file"):
        dipole_surface("nothing.safetensors", file.parent)


def checked(moment: Callable, x: torch.Tensor, name: str, charge: int | None = None) -> None:
    check_vectors(dipole_surface(moment), x, name, charge=charge)


def test_a_fitted_surface_knows_its_charge() -> None:
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0.2], [-0.5, 1.7, 0.1]], dtype=torch.float64)
    cation = DipoleSurface(WATER, 1, charge=1)
    for form in (cation, pes.Ensemble([cation] * 2)):
        checked(form, x, "cation")
        with pytest.raises(ValueError, match=r"the total charge \+1 e, not 0"):
            checked(form, x, "cation", charge=0)


def test_a_moment_turns_with_the_molecule() -> None:
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0.2], [-0.5, 1.7, 0.1]], dtype=torch.float64)
    checked(lambda x: 0.3 * (x[:, 1] + x[:, 2] - 2 * x[:, 0]), x, "charges")
    checked(lambda x: torch.zeros(len(x), 3, dtype=torch.float64), x, "none")
    # Linear and symmetric: nothing but rounding is left of a moment that turns.
    line = torch.tensor([[0.0, 0, 0], [1.1, 1.3, 1.7], [-1.1, -1.3, -1.7]], dtype=torch.float64)
    checked(lambda x: 0.3 * (x[:, 1] + x[:, 2] - 2 * x[:, 0]) + 1e-17, line, "charges")
    for wrong in (
        lambda x: torch.ones(len(x), 3, dtype=torch.float64),
        lambda x: (x[:, 1] - x[:, 0]).norm(dim=-1, keepdim=True) * torch.tensor([[0.0, 0, 1.0]]),
    ):
        with pytest.raises(
            ValueError, match=r"own: turned with the molecule, the moment .* e bohr"
        ):
            checked(wrong, x, "own")


def test_a_moment_belongs_to_a_whole_total_charge() -> None:
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0.2], [-0.5, 1.7, 0.1]], dtype=torch.float64)
    checked(lambda x: 0.5 * (x[:, 1] + x[:, 2]), x, "of a cation", charge=1)
    checked(lambda x: -x[:, 0], x, "of an anion", charge=-1)
    with pytest.raises(ValueError, match=r"own: .* the total charge \+1 e, not 0; correct the"):
        checked(lambda x: 0.5 * (x[:, 1] + x[:, 2]), x, "own")
    with pytest.raises(ValueError, match=r"own: .* the total charge 0 e, not -1; correct the"):
        checked(lambda x: x[:, 1] - x[:, 0], x, "own", charge=-1)
    with pytest.raises(
        ValueError, match=r"own: moved by \(1, 1, 1\) bohr, the moment changes by \("
    ):
        checked(lambda x: 0.5 * x.sum(1), x, "own")
