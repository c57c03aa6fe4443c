from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from pes.descriptors import Invariants
from pes.potential import (
    LinearSurface,
    NamedFunction,
    SurfaceRecord,
    energies_and_forces,
    load_surface,
    save_surface,
)

X = torch.rand(4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def in_torch(x: Tensor) -> Tensor:
    return x.square().sum((1, 2))


def in_numpy(x: Tensor) -> Tensor:
    return torch.from_numpy((x.detach().numpy() ** 2).sum((1, 2)))


def test_forces_of_a_torch_function() -> None:
    energies, forces = energies_and_forces(NamedFunction("f", in_torch), X)
    torch.testing.assert_close(energies, in_torch(X))
    torch.testing.assert_close(forces, -2 * X)


def test_missing_derivatives_are_refused_not_lost() -> None:
    """Beside a differentiable part the gradient of the sum would just be too small."""
    surface = LinearSurface(Invariants(("O", "H", "H"), 1), baseline=NamedFunction("f", in_numpy))
    torch.testing.assert_close(surface(X).detach(), in_torch(X))
    with pytest.raises(ValueError, match="f is not differentiable by torch"):
        energies_and_forces(surface, X)
    with forward_ad.dual_level(), pytest.raises(ValueError, match="f is not differentiable"):
        surface(forward_ad.make_dual(X, X))
    with torch.no_grad():
        surface(X.clone().requires_grad_())


def test_a_file_keeps_the_name_and_runs_nothing(tmp_path: Path) -> None:
    surface = LinearSurface(
        Invariants(("O", "H", "H"), 1), baseline=NamedFunction("my.py:f", in_torch)
    )
    path = tmp_path / "surface.safetensors"
    save_surface(path, surface, SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "hash", X))
    with pytest.raises(ValueError, match=r"built on the function my.py:f.*pass `functions`"):
        load_surface(path)
    asked: list[str] = []
    loaded, _ = load_surface(path, functions=lambda name: asked.append(name) or in_torch)
    torch.testing.assert_close(loaded(X), surface(X), rtol=0, atol=0)
    assert asked == ["my.py:f"]
