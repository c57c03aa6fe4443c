"""A user's function in NumPy or torch, right or wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pes.potential import UserFunction

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


def test_moments_that_are_no_numbers() -> None:
    """They would make all lines of a list NaN, whose weakest are left out: none would be left."""

    def mu(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] * torch.tensor([[1.0], [torch.nan]], dtype=x.dtype)[: len(x)]

    with pytest.raises(ValueError, match=r"mu is not a number at 1 of 2 geometries, first with"):
        UserFunction(mu, "mu", (3,))(X)


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


def test_a_function_of_one_geometry_is_told_how_to_be_called() -> None:
    def single(x: Any) -> float:
        a, b, c = x
        return float(((a - b) ** 2).sum() + ((b - c) ** 2).sum())

    with pytest.raises(ValueError, match=r"it takes one geometry \(3, 3\), but .* for one in x"):
        UserFunction(single, "f")(X)


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
