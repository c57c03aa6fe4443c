"""Exported surfaces against the originals, compiled where there is a compiler."""

import ctypes
import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pes.data import Dataset
from pes.descriptors import Invariants
from pes.export import export_surface
from pes.potential import (
    Ensemble,
    LinearSurface,
    Surface,
    energies_and_forces,
    kernel_surface,
    neural_surface,
)
from pes.potential.analytic import WaterPJT
from pes.potential.corrected import CorrectedSurface

CLOSE = 1e-10
"""Hartree and hartree/bohr; about 1e-15 is rounding."""

FORTRAN = """\
program evaluate
  use water_surface
  real(kind(1.0d0)) :: x(3, 3), e, g(3, 3)
  integer :: i
  do i = 1, {count}
    read (*, *) x
    call water(x, e, g)
    write (*, '(10es25.16)') e, g
  end do
end program
"""


def linear(data: Dataset, variable: str = "morse") -> LinearSurface:
    surface = LinearSurface(Invariants(("O", "H", "H"), 3, variable=variable))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        size = surface.coefficients.shape
        surface.coefficients.copy_(torch.randn(size, generator=generator, dtype=torch.float64))
        surface.shift.fill_(-76.2)
    return surface


def network(data: Dataset, activation: str, **more: Any) -> torch.nn.Module:
    return neural_surface(
        Invariants(("O", "H", "H"), 2), data.positions, data.energies, hidden=(6, 5),
        activation=activation, **more,
    )  # fmt: skip


SURFACES: dict[str, Callable[[Dataset], torch.nn.Module]] = {
    "linear": linear,
    "inverse distances": lambda data: linear(data, "inverse"),
    "bonds and angle": lambda data: linear(data, "cosine"),
    "tanh": lambda data: network(data, "tanh"),
    "silu on a linear surface": lambda data: network(data, "silu", baseline=linear(data)),
    "softplus, refined": lambda data: CorrectedSurface(network(data, "softplus"), linear(data)),
    "ensemble": lambda data: Ensemble([network(data, "tanh", seed=seed) for seed in (1, 2)]),
}


@pytest.fixture(params=SURFACES)
def surface(request: pytest.FixtureRequest, water: Callable[..., Dataset]) -> Surface:
    return Surface(SURFACES[request.param](water(points=20)), ("O", "H", "H"))


@pytest.fixture
def expected(
    surface: Surface, water: Callable[..., Dataset]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, energies and gradients."""
    x = water(points=20).positions
    energies, forces = energies_and_forces(surface.potential, x)
    return x.numpy(), energies.numpy(), -forces.numpy()


Expected = tuple[np.ndarray, np.ndarray, np.ndarray]


def test_numpy(surface: Surface, expected: Expected, tmp_path: Path) -> None:
    file = export_surface(surface, tmp_path / "water.py")
    assert "torch" not in file.read_text().replace("written by pes", "")
    spec = importlib.util.spec_from_file_location("water", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x, energies, gradients = expected
    v, g = module.energy_and_gradient(x)
    np.testing.assert_allclose(v, energies, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(g, gradients, rtol=0, atol=CLOSE)
    with pytest.raises(ValueError, match=r"shape \(B, 3, 3\), got \(3, 3\)"):
        module.energy(x[0])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_c(surface: Surface, expected: Expected, tmp_path: Path) -> None:
    file = export_surface(surface, tmp_path / "water.c")
    library = tmp_path / "water.so"
    strict = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1")
    subprocess.run(["gcc", *strict, "-shared", "-fPIC", "-o", library, file, "-lm"], check=True)
    function = ctypes.CDLL(str(library)).water
    number = ctypes.POINTER(ctypes.c_double)
    for x, energy, gradient in zip(*expected, strict=True):
        v, g = ctypes.c_double(), np.zeros((3, 3))
        place = np.ascontiguousarray(x).ctypes.data_as(number)
        assert function(place, ctypes.byref(v), g.ctypes.data_as(number)) == 0
        assert v.value == pytest.approx(energy, abs=CLOSE)
        np.testing.assert_allclose(g, gradient, rtol=0, atol=CLOSE)
        assert function(place, ctypes.byref(v), None) == 0
        assert v.value == pytest.approx(energy, abs=CLOSE)
    coincident = np.zeros(9).ctypes.data_as(number)
    assert function(coincident, ctypes.byref(ctypes.c_double()), None) == 1


@pytest.mark.skipif(shutil.which("gfortran") is None, reason="gfortran is not installed")
def test_fortran(surface: Surface, expected: Expected, tmp_path: Path) -> None:
    file = export_surface(surface, tmp_path / "water.f90")
    x, energies, gradients = expected
    (tmp_path / "main.f90").write_text(FORTRAN.format(count=len(x)))
    strict = ("-std=f2008", "-Wall", "-Wextra", "-Werror", "-O1")
    subprocess.run(
        ["gfortran", *strict, file, "main.f90", "-o", "evaluate"], check=True, cwd=tmp_path
    )
    lines = "\n".join(" ".join(map(repr, one.ravel().tolist())) for one in x)
    run = subprocess.run(
        [tmp_path / "evaluate"], input=lines, capture_output=True, text=True, check=True
    )
    found = np.array([line.split() for line in run.stdout.splitlines()], dtype=float)
    np.testing.assert_allclose(found[:, 0], energies, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(found[:, 1:].reshape(-1, 3, 3), gradients, rtol=0, atol=CLOSE)


# torch 2.11 reads its own files through a buffer that it then warns about.
@pytest.mark.filterwarnings("ignore:The given buffer is not writable")
def test_torch(
    surface: Surface, water: Callable[..., Dataset], tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    data = water(points=20)
    file = export_surface(surface, tmp_path / "water.pt2")
    assert "archive" not in caplog.text  # torch has nothing to say about the name of the file
    program = torch.export.load(file).module()
    for count in (1, 20):
        x = data.positions[:count]
        with torch.no_grad():
            torch.testing.assert_close(program(x), surface.potential(x), rtol=0, atol=CLOSE)


def test_torch_of_a_kernel_is_refused(water: Callable[..., Dataset], tmp_path: Path) -> None:
    x = water(points=20).positions
    fitted, _ = kernel_surface(("O", "H", "H"), x, WaterPJT()(x).detach(), length=2.0)
    with pytest.raises(ValueError, match="cannot trace a surface of KernelSurface"):
        export_surface(Surface(fitted, ("O", "H", "H")), tmp_path / "water.pt2")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(importlib.util.find_spec("onnxscript") is None, reason="onnxscript is missing")
@pytest.mark.filterwarnings("ignore")  # of packages about one another
def test_onnx(water: Callable[..., Dataset], tmp_path: Path) -> None:
    """Any number of geometries, in double precision, also in the program others run graphs with."""
    from onnx.reference import ReferenceEvaluator

    data = water(points=20)
    members = [network(data, "tanh", seed=seed) for seed in (1, 2)]
    # A polynomial below the networks.
    surface = Surface(CorrectedSurface(Ensemble(members), linear(data)), ("O", "H", "H"))
    path = str(export_surface(surface, tmp_path / "water.onnx"))

    def check(graph: Any) -> None:
        for count in (1, 20):
            x = data.positions[:count]
            (energies,) = graph.run(["energies"], {"positions": x.numpy()})
            with torch.no_grad():
                expected = surface.potential(x).numpy()
            # Numbers in single precision anywhere in the graph would leave 1e-8.
            np.testing.assert_allclose(energies, expected, rtol=0, atol=CLOSE)

    check(ReferenceEvaluator(path))
    onnxruntime = pytest.importorskip("onnxruntime")
    check(onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]))


@pytest.mark.skipif(importlib.util.find_spec("onnxscript") is not None, reason="it is there")
def test_onnx_is_an_extra(water: Callable[..., Dataset], tmp_path: Path) -> None:
    surface = Surface(network(water(points=20), "tanh"), ("O", "H", "H"))
    with pytest.raises(ValueError, match=r"pip install 'pes\[onnx\]'"):
        export_surface(surface, tmp_path / "water.onnx")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_exported(water: Callable[..., Dataset], tmp_path: Path) -> None:
    analytic = Surface(WaterPJT(), ("O", "H", "H"))
    with pytest.raises(ValueError, match="a surface of WaterPJT cannot be exported as source"):
        export_surface(analytic, tmp_path / "water.c")
    good = Surface(linear(water(points=20)), ("O", "H", "H"))
    with pytest.raises(
        ValueError, match="is not a target; the targets are c, fortran, numpy, torch, onnx"
    ):
        export_surface(good, tmp_path / "water.cobol")
    with pytest.raises(ValueError, match="the function gets the name of the file"):
        export_surface(good, tmp_path / "my-water.c")
    with pytest.raises(ValueError, match="does not say which atoms"):
        export_surface(Surface(linear(water(points=20))), tmp_path / "water.c")
    assert not list(tmp_path.iterdir())
