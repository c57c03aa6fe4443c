"""A user's function in NumPy or torch, right or wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pes.setup.surfaces import UserFunction, imported, load_potential, resolved

X = torch.arange(18, dtype=torch.float64).reshape(2, 3, 3)


def in_torch(x: torch.Tensor) -> torch.Tensor:
    return x.square().sum((-1, -2))


def in_numpy(x: np.ndarray) -> np.ndarray:
    return np.einsum("bax,bax->b", x, x)


@pytest.mark.parametrize("function", [in_torch, in_numpy])
def test_both_languages(function: Callable) -> None:
    torch.testing.assert_close(UserFunction(function, "f")(X), X.square().sum((1, 2)))


def test_torch_keeps_its_gradient() -> None:
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(UserFunction(in_torch, "f")(x).sum(), x)
    assert torch.equal(gradient, 2 * X)


def converts_in_place(x: Any) -> Any:
    x *= 0.529
    return (x**2).sum((-1, -2))


def numpy_in_place(x: np.ndarray) -> np.ndarray:
    np.multiply(x, 0.529, out=x)
    return np.asarray((x**2).sum((-1, -2)))


@pytest.mark.parametrize("function", [converts_in_place, numpy_in_place])
def test_working_in_place_harms_nobody(function: Callable) -> None:
    x = X.clone()
    wrapped = UserFunction(function, "f")
    first, second = wrapped(x), wrapped(x)
    assert torch.equal(x, X)
    assert torch.equal(first, second)


def test_shape_of_dipoles() -> None:
    dipole = UserFunction(lambda x: x[:, 0], "mu", (3,))
    assert dipole(X).shape == (2, 3)
    with pytest.raises(ValueError, match=r"mu returned shape \(2,\) for 2 geometries; .*\(2, 3\)"):
        UserFunction(in_torch, "mu", (3,))(X)


def broken_torch(x: torch.Tensor) -> torch.Tensor:
    return torch.zeros(3).double() @ x.clone()[..., 0].unsqueeze(0).mT.mT[:, :, :2].mT


def broken_numpy(x: np.ndarray) -> np.ndarray:
    return np.einsum("bax,bax->b", x, x)[7]


def broken_alike(x: Any) -> Any:
    return x.sum() / len([]) if False else {}["kappa"]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (broken_torch, "on a tensor, RuntimeError: "),
        (broken_numpy, "IndexError: index 7 is out of bounds"),
        (broken_alike, "f failed: KeyError: 'kappa'"),
    ],
)
def test_a_mistake_in_it_is_told_with_its_line(function: Callable, words: str) -> None:
    with pytest.raises(ValueError) as error:
        UserFunction(function, "f")(X)
    assert words in str(error.value)
    assert f"{__file__}, line {function.__code__.co_firstlineno + 1}" in str(error.value)


@pytest.mark.parametrize("function", [in_torch, in_numpy])
def test_a_mistake_in_a_later_call(function: Callable) -> None:
    healthy = True

    def late(x: Any) -> Any:
        return function(x) if healthy else 1 / 0

    wrapped = UserFunction(late, "late")
    wrapped(X)
    healthy = False
    with pytest.raises(ValueError, match="late failed: ZeroDivisionError"):
        wrapped(X)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "f returned NoneType, not an array of numbers"),
        (np.zeros(2, dtype=np.float32), "f returned float32 numbers; compute in float64"),
        (torch.zeros(2), "f returned float32 numbers; compute in float64"),
        (np.zeros((2, 1)), r"f returned shape \(2, 1\) for 2 geometries"),
        (0.0, r"f returned shape \(\) for 2 geometries"),
    ],
)
def test_what_is_no_energy(value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        UserFunction(lambda _: value, "f")(X)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Potential:\n"
        "    depth: float = 1.0\n"
        "    def __call__(self, x):\n"
        "        return self.depth * x[:, 0, 0]\n"
        "potential = Potential()\n"
    )
    loaded = load_potential("own.py:potential", tmp_path)
    assert torch.equal(loaded.potential(X), X[:, 0, 0])
    with pytest.raises(ValueError, match="function without parameters"):
        _ = loaded.module


def test_module_with_parameters(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import torch\nsurface = torch.nn.Linear(2, 1)\n")
    assert isinstance(load_potential("own.py:surface", tmp_path).module, nn.Linear)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own.py:missing", "own.py has no 'missing'"),
        ("own.py:number", "own.py:number is no function of positions but of type float"),
        ("other.py:f", "other.py: no such file"),
        ("no_such_module_here:f", "cannot import 'no_such_module_here': ModuleNotFoundError"),
        ("fails.py:f", "fails.py: ZeroDivisionError: .*fails.py, line 2"),
        ("syntax.py:f", "syntax.py: SyntaxError"),
        (":f", "cannot import ''"),
        ("own.py", "is a Python file; name the function, own.py:function"),
        ("nothing", "nothing' is no run folder, surface file, .* water_pjt1996"),
    ],
)
def test_what_cannot_be_found(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "own.py").write_text("number = 1.0\n")
    (tmp_path / "fails.py").write_text("\n1 / 0\n")
    (tmp_path / "syntax.py").write_text("def f(:\n")
    with pytest.raises((ValueError, FileNotFoundError), match=words) as error:
        load_potential(name, tmp_path)
    assert "\n" not in str(error.value)


def test_a_word_that_names_no_function(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no function; write module:function"):
        imported("dipole", tmp_path)


def test_names_for_another_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert resolved("run", tmp_path) == str(tmp_path / "run")
    assert resolved("own.py:f", tmp_path) == f"{tmp_path / 'own.py'}:f"
    assert resolved("module:f", tmp_path) == "module:f"
    assert resolved("water_pjt1996", tmp_path) == "water_pjt1996"
