import pytest
import torch

from pes.force_fields.field import ForceField, along, symmetry_factor
from pes.units import CM1


def field() -> ForceField:
    return ForceField.of(
        [1000, 2000], {(1, 0, 0): 60.0, (0, 1): 20.0, (0, 0, 0, 0): 24.0}, units="cm-1"
    )


def test_potential_is_the_polynomial_of_derivatives() -> None:
    x, y = 0.3, -0.7
    q = torch.tensor([[x, y]], dtype=torch.float64)
    by_hand = 500 * x * x + 1000 * y * y + 20 * x * y + 30 * x * x * y + x**4
    assert float(field().potential(q)) / CM1 == pytest.approx(by_hand, rel=1e-14)


def test_constants_are_derivatives_at_the_minimum() -> None:
    def potential(q: torch.Tensor) -> torch.Tensor:
        return field().potential(q[None])[0] / CM1

    zero = torch.zeros(2, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(potential, zero)
    assert torch.allclose(hessian, torch.tensor([[1000.0, 20], [20, 2000]]).double())


def test_modes_are_sorted_and_the_degree_is_the_highest() -> None:
    assert list(field().constants) == [(0, 0, 1), (0, 1), (0, 0, 0, 0)]
    assert field().degree == 4
    assert ForceField.of([1.0], {}, units="cm-1").degree == 2


def test_coefficients_along_a_direction() -> None:
    u = torch.tensor([[0.6, 0.8]], dtype=torch.float64)
    c = along(field(), u.numpy())[0]
    for t in (0.5, -2.0):
        value = float(field().potential(t * u))
        assert value == pytest.approx(sum(x * t**d for d, x in enumerate(c)), rel=1e-13)


def test_symmetry_factor_counts_permutations_of_equal_modes() -> None:
    assert [symmetry_factor(m) for m in ((0,), (0, 0), (0, 0, 1, 1), (2, 2, 2, 5))] == [1, 2, 4, 6]


@pytest.mark.parametrize(
    ("frequencies", "constants", "units", "words"),
    [
        ([1000, -5], {}, "cm-1", "frequency of mode 2 must be positive, got -5"),
        ([1000], {(0, 1, 1): 3.0}, "cm-1", "constant 1 2 2: modes must be 1 to 1"),
        ([1000], {(0, 0, 0): float("nan")}, "cm-1", "constant 1 1 1 must be a finite number"),
        ([1000], {}, "kayser", "`units` must be one of hartree"),
        ([1, 1], {(0, 1): 3.0, (1, 0): 4.0}, "cm-1", "constant 1 2 is given twice"),
    ],
)
def test_what_is_no_force_field(frequencies, constants, units, words) -> None:
    with pytest.raises(ValueError, match=words):
        ForceField.of(frequencies, constants, units=units)
