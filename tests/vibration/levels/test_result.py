"""What can be asked of levels once they are there."""

from dataclasses import replace

import pytest
import torch

from pes.vibration import BasisSpec, Levels, System, model, vibrational_levels


@pytest.fixture
def found(oscillator: System, line: BasisSpec) -> Levels:
    return vibrational_levels(oscillator, [line], 5, cap=1e3, convergence=False)


def test_energies_on_three_scales(line: BasisSpec) -> None:
    raised = model(lambda q: 7.0 + q[:, 0] ** 2 / 2, torch.eye(1).double())
    found = vibrational_levels(raised, [line], 3, cap=1e3, convergence=False)
    n = torch.arange(3).double()
    torch.testing.assert_close(found.energies, 7.5 + n, rtol=0, atol=1e-10)  # converged basis
    torch.testing.assert_close(found.excitations, n, rtol=0, atol=1e-10)
    assert found.zero_point_energy == pytest.approx(0.5, abs=1e-10)
    assert found.minimum_energy == pytest.approx(7.0, abs=1e-12)


def test_matrix_elements_of_position(found: Levels) -> None:
    """⟨n−1|x|n⟩ = √(n/2), ⟨n|x²|n⟩ = n + ½, ⟨n−2|x²|n⟩ = ½√(n(n−1))."""
    x = found.points[:, 0]
    n = torch.arange(5).double()
    position = found.matrix_elements(x)
    # Converged basis; contracted quadrature is exact for x by construction, for x² up to
    # functions far above these.
    torch.testing.assert_close(position.diagonal(1).abs(), (n[1:] / 2).sqrt(), rtol=0, atol=1e-10)
    others = position - torch.diag(position.diagonal(1), 1) - torch.diag(position.diagonal(-1), -1)
    assert others.abs().max() < 1e-10
    square = found.matrix_elements(torch.stack((x, x**2), -1))[:, :, 1]
    torch.testing.assert_close(square.diagonal(), n + 0.5, rtol=0, atol=1e-9)
    expected = (n[2:] * (n[2:] - 1)).sqrt() / 2
    torch.testing.assert_close(square.diagonal(2).abs(), expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(square, square.T, rtol=0, atol=1e-13)


def test_wavefunctions_are_orthonormal(found: Levels) -> None:
    psi = found.wavefunctions
    torch.testing.assert_close(psi @ psi.T, torch.eye(5).double(), rtol=0, atol=1e-11)
    torch.testing.assert_close(found.densities.sum(1), torch.ones(5).double())


def test_a_model_has_no_atoms(found: Levels) -> None:
    with pytest.raises(ValueError, match="no atoms; use `points`"):
        _ = found.positions


def test_mean_bond_length(water_levels: Levels) -> None:
    """⟨r⟩ lies above r_e = 1.8102 bohr, more so in excited stretches."""
    bond = water_levels.matrix_elements(lambda x: (x[:, 1] - x[:, 0]).norm(dim=-1)).diagonal()
    assert 1.82 < bond[0] < 1.86
    assert bond[3] > bond[0] + 0.01
    assert water_levels.positions.shape == (len(water_levels.points), 3, 3)


def test_leading_quanta(plane: System, line: BasisSpec) -> None:
    tilted = model(
        lambda q: (q[:, 0] ** 2 + 2 * q[:, 1] ** 2) / 2, torch.eye(2, dtype=torch.float64)
    )
    quanta, weight = vibrational_levels(tilted, [line, line], 4, cap=1e3, convergence=False).leading
    # Frequencies 1 and √2: levels (0,0), (1,0), (0,1), (2,0), each a single product.
    assert quanta.tolist() == [[0, 0], [1, 0], [0, 1], [2, 0]]
    assert (weight > 0.999).all()


def test_leak_of_a_converged_function(found: Levels) -> None:
    leak = found.leak()
    assert leak.shape == (5, 1, 2)
    # Levels of the oscillator at 7.7: x⁸ e^{−59}/384.
    assert leak.max() < 1e-18 or leak.max() < 1e-12


def test_leak_of_a_box(line: BasisSpec) -> None:
    """cos² at the end of a periodic range cut off by hand."""
    short = replace(line, low=-2.0, high=2.0)
    flat = model(lambda q: q[:, 0] ** 2 / 2, torch.eye(1).double())
    leak = vibrational_levels(flat, [short], 3, cap=1e3, convergence=False).leak()
    # By symmetry the same at both ends, and more for higher levels.
    torch.testing.assert_close(leak[:, 0, 0], leak[:, 0, 1], rtol=0, atol=1e-10)
    assert (leak[:, 0, 0].diff() > 0).all()
    assert leak[0, 0, 0] > 1e-4


def test_open_ends_do_not_leak() -> None:
    periodic = model(lambda q: torch.cos(q[:, 0]) / 10, torch.eye(1).double())
    tau = BasisSpec("fourier", 0.0, 2 * torch.pi, 9, primitives=31)
    found = vibrational_levels(periodic, [tau], 3, convergence=False)
    assert not found.leak().any()
    assert found.warnings == ()


def test_matrix_elements_take_a_function_or_its_values(found: Levels) -> None:
    by_function = found.matrix_elements(lambda q: q[:, 0] ** 2)
    by_values = found.matrix_elements(found.points[:, 0] ** 2)
    assert torch.equal(by_function, by_values)
