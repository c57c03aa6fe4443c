import pytest
import torch

from pes.potential.mlp import ACTIVATIONS, MLP


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_derivatives(activation: str) -> None:
    mlp = MLP(3, (4, 4), activation=activation, seed=1)
    z = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(mlp, z)
    assert torch.autograd.gradgradcheck(mlp, z)


def test_by_hand() -> None:
    mlp = MLP(1, (1,))
    with torch.no_grad():
        for p, value in zip(mlp.parameters(), (2.0, 1.0, 3.0, -1.0), strict=True):
            p.fill_(value)
        z = torch.tensor([[0.5]], dtype=torch.float64)
        torch.testing.assert_close(mlp(z), 3 * torch.tanh(2 * z[0] + 1) - 1)


def test_no_hidden_layer_is_a_linear_map() -> None:
    mlp = MLP(3, ())
    z = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(2 * mlp(z) - mlp(0 * z), mlp(2 * z))


def test_seed_alone_decides_the_start() -> None:
    torch.manual_seed(1)
    first = MLP(3, (5, 4), seed=7)
    state = torch.get_rng_state()
    second = MLP(3, (5, 4), seed=7)
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert a.dtype == torch.float64
        assert torch.equal(a, b)
    other = MLP(3, (5, 4), seed=8)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


def test_refused() -> None:
    with pytest.raises(ValueError, match=r"`activation` must be one of .* got 'relu'"):
        MLP(3, (4,), activation="relu")
    with pytest.raises(ValueError, match="at least 1"):
        MLP(3, (4, 0))
