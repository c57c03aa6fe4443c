"""First examples of automatic differentiation, with answers known to all digits."""

import math

import torch
from torch import Tensor
from torch.func import jacfwd, jacrev

# A few roundings of float64; printed answers are compared to their last digit.
ROUNDING = {"rtol": 1e-15, "atol": 4e-16}


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def with_two_variables(x: Tensor) -> Tensor:
    """f = ln x₁ + x₁x₂ − sin x₂."""
    return x[0].log() + x[0] * x[1] - x[1].sin()


def another_with_two_variables(x: Tensor) -> Tensor:
    """f = ln x₁ + cos x₂ − x₁x₂."""
    return x[0].log() + x[1].cos() - x[0] * x[1]


def nested(x: Tensor) -> Tensor:
    """f = exp(sin(sin x))."""
    return x.sin().sin().exp()


def test_value_and_gradient_by_backward() -> None:
    x = vector(0.1, 0.5).requires_grad_()
    value = with_two_variables(x)
    value.backward()
    # The textbook prints the sum of rounded terms; its last digit is one too large.
    assert math.isclose(value.item(), -2.73202, abs_tol=1e-5)
    assert x.grad is not None
    torch.testing.assert_close(x.grad, vector(10.5, -0.77758), rtol=0, atol=5e-6)
    exact = math.log(0.1) + 0.1 * 0.5 - math.sin(0.5)
    assert math.isclose(value.item(), exact, rel_tol=1e-15)
    gradient = vector(1 / 0.1 + 0.5, 0.1 - math.cos(0.5))
    torch.testing.assert_close(x.grad, gradient, **ROUNDING)


def test_chain_rule() -> None:
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    value = nested(x)
    value.backward()
    assert x.grad is not None
    assert math.isclose(value.item(), 2.2013533791690376, rel_tol=1e-15)
    assert math.isclose(x.grad.item(), -0.562752038662712, rel_tol=1e-14)


def test_forward_and_reverse_mode_agree_with_the_formula() -> None:
    x = vector(2.0, 1.0)
    exact = vector(1 / 2.0 - 1.0, -math.sin(1.0) - 2.0)
    torch.testing.assert_close(jacfwd(another_with_two_variables)(x), exact, **ROUNDING)
    torch.testing.assert_close(jacrev(another_with_two_variables)(x), exact, **ROUNDING)


def test_second_derivatives_by_forward_over_reverse() -> None:
    x = vector(2.0, 1.0)
    exact = torch.stack((vector(-1 / 4.0, -1.0), vector(-1.0, -math.cos(1.0))))
    hessian = jacfwd(jacrev(another_with_two_variables))(x)
    torch.testing.assert_close(hessian, exact, **ROUNDING)
