"""Wengert lists of functions whose every line is known."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import pes
from pes.potential.mlp import MLP


def test_list_of_a_function_of_two_variables() -> None:
    """f = ln x₁ + x₁x₂ − sin x₂ at (0.1, 0.5): values, tangents and adjoints of the textbook."""
    f = pes.tape(lambda x1, x2: x1.log() + x1 * x2 - x2.sin(), 0.1, 0.5, direction=(1, 0))
    assert [step.expression for step in f.steps] == [
        "x1", "x2", "log(x1)", "x1 * x2", "v1 + v2", "sin(x2)", "v3 - v4",
    ]  # fmt: skip
    sine, cosine = math.sin(0.5), math.cos(0.5)
    values = [0.1, 0.5, math.log(0.1), 0.05, math.log(0.1) + 0.05, sine]
    exact = torch.tensor([*values, math.log(0.1) + 0.05 - sine], dtype=torch.float64)
    tangents = torch.tensor([1, 0, 10, 0.5, 10.5, 0, 10.5], dtype=torch.float64)
    adjoints = torch.tensor([10.5, 0.1 - cosine, 1, 1, 1, -1, 1], dtype=torch.float64)
    # A few roundings of numbers up to 10.
    close = {"rtol": 1e-15, "atol": 4e-16}
    torch.testing.assert_close(torch.stack([s.value for s in f.steps]), exact, **close)
    torch.testing.assert_close(
        torch.stack([s.tangent for s in f.steps if s.tangent is not None]), tangents, **close
    )
    torch.testing.assert_close(torch.stack([s.adjoint for s in f.steps]), adjoints, **close)
    assert [float(g) for g in f.gradient] == pytest.approx([10.5, 0.1 - cosine], rel=1e-15)


def test_chain_of_functions() -> None:
    """exp(sin(sin 2)): adjoints are products of the slopes that come after."""
    f = pes.tape(lambda x: x.sin().sin().exp(), 2.0)
    inner = math.sin(2.0)
    last = math.exp(math.sin(inner))
    adjoints = [last * math.cos(inner) * math.cos(2.0), last * math.cos(inner), last, 1.0]
    assert [float(s.adjoint) for s in f.steps] == pytest.approx(adjoints, rel=1e-15)
    assert f.steps[0].tangent is None
    assert "tangent" not in str(f)


def test_directional_derivative_is_the_same_both_ways() -> None:
    """ln x₁ + cos x₂ − x₁x₂ at (2, 1): ẋ·x̄ of reverse mode is the last tangent of forward mode."""
    direction = (0.3, -2.0)
    f = pes.tape(lambda a, b: a.log() + b.cos() - a * b, 2, 1, direction=direction)
    by_reverse = sum(t * float(g) for t, g in zip(direction, f.gradient, strict=True))
    assert by_reverse == pytest.approx(0.3 * -0.5 + 2.0 * (math.sin(1) + 2), rel=1e-15)
    assert f.steps[-1].tangent is not None
    assert float(f.steps[-1].tangent) == pytest.approx(by_reverse, rel=1e-15)


def test_a_network_and_an_eigenvalue_are_lists_too() -> None:
    net = MLP(2, (3,), seed=1)
    f = pes.tape(lambda x: net(x[None]).sum(), [0.2, 0.5])
    assert "linear(v1, tensor(3, 2), tensor(3))" in str(f)
    x = torch.tensor([[0.2, 0.5]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x).sum(), x)
    torch.testing.assert_close(f.gradient[0], gradient[0])
    matrix = torch.diag(torch.tensor([1.0, 3.0], dtype=torch.float64))
    lowest = pes.tape(lambda k: torch.linalg.eigvalsh(matrix * k)[0], 2.0, direction=[1.0])
    assert lowest.value == pytest.approx(2.0)
    assert float(lowest.gradient[0]) == pytest.approx(1.0)


def test_operators_read_as_written() -> None:
    one = torch.ones(2, dtype=torch.float64)

    def f(x: Tensor) -> Tensor:
        return (2 - x[0] / 3) * one[0] + 2 ** x[1] - (x[1:] @ one[:1]) ** 2

    shown = str(pes.tape(f, [2.0, 1.0]))
    for expression in ("x[0]", "v1 / 3", "2 - v2", "v3 * 1", "2 ** v5", "x[1:]", " ** 2"):
        assert expression in shown
    assert "<table>" in pes.tape(f, [2.0, 1.0])._repr_html_()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x * 2, "must return one number, got shape (3,)"),
        (lambda x: x.detach().sum(), "does not depend on the inputs as far as torch knows"),
        (lambda x: (x * 2).add_(1).sum(), "add_ changes a tensor in place"),
        (lambda x: x.add_(1).sum(), "add_ changes a tensor in place"),
        (lambda x: torch.as_tensor(np.sin(x)), "such as torch.sin(x) in place of np.sin(x)"),
        (lambda x: torch.as_tensor(x.numpy()), "gives a tensor to NumPy"),
        (lambda x: torch.linalg.eigvals(torch.diag(x))[0], "must return a real number"),
        (lambda x: torch.special.zeta(x, x.new_tensor(2.0)).sum(), "torch cannot differentiate a"),
    ],
)
def test_what_has_no_list(function, words: str) -> None:
    with pytest.raises(ValueError) as error:
        pes.tape(function, [1.0, 2.0, 3.0])
    assert words in str(error.value)


@pytest.mark.filterwarnings("ignore:Converting a tensor")  # of torch
def test_numbers_taken_out_of_the_list_are_said() -> None:
    with pytest.warns(UserWarning, match=r"float\(\) takes a number out of the list"):
        steps = pes.tape(lambda x: x * math.sin(x), 0.3)
    # Not the derivative of x sin x.
    assert float(steps.gradient[0]) == pytest.approx(math.sin(0.3))


@pytest.mark.parametrize(("at", "slope"), [((0.9, 0.5), 0.5 * math.cos(0.9)), ((0.1, 0.5), 0.5)])
def test_the_branch_that_runs_is_listed(at: tuple[float, float], slope: float) -> None:
    steps = pes.tape(lambda x, y: x.sin() * y if x > y else x * y, *at)
    assert float(steps.gradient[0]) == pytest.approx(slope)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="one tangent for each input"):
        pes.tape(lambda x: x.sum(), [1.0, 2.0], direction=[1.0])
    with pytest.raises(TypeError, match="must return a tensor, got float"):
        pes.tape(lambda x: float(x.detach()), 1.0)


def test_picture(tmp_path: Path) -> None:
    f = pes.tape(lambda x1, x2: x1.log() + x1 * x2, 0.1, 0.5)
    f.picture(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    # The order of the list is a topological one.
    assert all(parent < k for k, step in enumerate(f.steps) for parent in step.parents)

    def long(x: Tensor) -> Tensor:
        for _ in range(90):
            x = x.sin()
        return x

    with pytest.raises(ValueError, match="a picture shows 80 steps at most, the list has 91"):
        pes.tape(long, 1.0).picture(tmp_path / "long.png")
