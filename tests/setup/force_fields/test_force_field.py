import numpy as np
import pytest
from small_fields import bilinear, harmonic_levels, pyramid

import pes
from pes.force_fields.field import ForceField
from pes.setup.force_fields.force_field import force_field_levels
from pes.units import CM1

CUBIC = {"units": "cm-1", "name": "cubic"}


def test_levels_of_a_notebook() -> None:
    field, omega = bilinear(4, 0.2, 1000.0)
    found = pes.levels(field, count=10, accuracy=0.001)
    exact = harmonic_levels(omega, 10)
    assert found.energies.tolist() == pytest.approx((exact - exact[0]).tolist(), abs=1e-3)
    assert found.zero_point_energy == pytest.approx(exact[0], abs=1e-3)
    assert float(found.convergence.max()) <= 1e-3
    assert found.warnings == ()


def test_a_force_field_has_no_basis_of_positions() -> None:
    with pytest.raises(ValueError, match="a force field has its own coordinates"):
        pes.levels(pyramid(), "O H H", count=2)  # pyright: ignore


def test_lines_about_each_round() -> None:
    lines: list[str] = []
    force_field_levels(pyramid(), count=4, accuracy=1.0, progress=lines.append)
    assert "functions" in lines[0]
    assert "largest estimated error" in lines[-1]


def test_levels_cut_short_say_what_to_do() -> None:
    found = force_field_levels(bilinear(4, 0.2, 1000.0)[0], count=5, accuracy=1e-9, functions=600)
    assert len(found.warnings) == 1
    assert "5 of 5 levels are less accurate than 1e-09 cm-1" in found.warnings[0]
    assert "raise `functions`" in found.warnings[0]


def test_field_that_falls_far_away_warns() -> None:
    found = force_field_levels(ForceField.of([1000.0], {(0, 0, 0): 100.0}, **CUBIC), count=2)
    assert "unbounded below: beyond a barrier of 66667 cm-1 at q1 = -20.0" in found.warnings[0]
    # Second order: −f²/(288 ω) (30 n² + 30 n + 11); the fourth adds some thousandths.
    assert found.zero_point_energy == pytest.approx(500 - 11 / 288 * 10, abs=0.01)
    assert float(found.energies[1]) == pytest.approx(1000 - 60 / 288 * 10, abs=0.05)


def resonances(constant: float, count: int) -> np.ndarray:
    """Positions of the lowest resonances of ½ ω (p² + q²) + f q³/6, cm⁻¹, by complex scaling.

    With q e^{iθ} in place of q they are eigenvalues, their widths twice the imaginary parts.
    """
    size, turn = 90, np.exp(0.25j)
    q = np.diag(np.sqrt(np.arange(1, size + 9) / 2), 1)
    q = q + q.T
    square, cube = (q @ q)[:size, :size], (q @ q @ q)[:size, :size]
    momentum = np.diag(2.0 * np.arange(size) + 1) - square
    h = 500 * (momentum / turn**2 + square * turn**2) + constant / 6 * cube * turn**3
    values = np.linalg.eigvals(h)
    return np.sort(values[(abs(values.imag) < 10) & (values.real > 0)].real)[:count]


@pytest.mark.parametrize(("constant", "worst"), [(400.0, 0.01), (500.0, 1.0), (600.0, 20.0)])
def test_levels_below_a_barrier_are_resonances(constant: float, worst: float) -> None:
    """The closer the barrier the larger the estimates, and they hold the errors."""
    found = force_field_levels(ForceField.of([1000.0], {(0, 0, 0): constant}, **CUBIC), count=2)
    errors = abs(found.levels.energies / CM1 - resonances(constant, 2))
    assert (errors < found.levels.errors / CM1).all()
    assert errors.max() < worst


def test_field_that_falls_before_the_ground_state() -> None:
    with pytest.raises(ValueError, match=r"beyond a barrier of 296 cm-1 at q1 = -1\.3 it"):
        force_field_levels(ForceField.of([1000.0], {(0, 0, 0): 1500.0}, **CUBIC), count=1)


def test_levels_that_feel_the_region_beyond_are_named() -> None:
    found = force_field_levels(ForceField.of([1000.0], {(0, 0, 0): 700.0}, **CUBIC), count=2)
    assert "functions beyond the barrier are left out" in found.warnings[0]
    assert "2 of 2 levels are less accurate than 0.01 cm-1" in found.warnings[1]
    assert "they depend on the region beyond the barrier" in found.warnings[1]


def test_deeper_minimum_elsewhere() -> None:
    """V = q² (500 − 217 q + 19 q²) is −4,000 cm⁻¹ near q = 6."""
    field = ForceField.of([1000.0], {(0, 0, 0): -1300.0, (0,) * 4: 450.0}, units="cm-1")
    with pytest.raises(ValueError, match="it has another, deeper minimum"):
        force_field_levels(field, count=2)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"count": 0}, "`count` must be positive, got 0"),
        ({"accuracy": -1.0}, "`accuracy` must be positive"),
        ({"count": 3, "energy": 100.0}, "not both"),
        ({"count": 5000, "memory": 1e-4}, "need about .* GiB for the first round"),
    ],
)
def test_limits_that_will_not_do(limits, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        force_field_levels(pyramid(), **limits)


def test_energy_in_wavenumbers() -> None:
    field = ForceField.of([1000.0, 1700.0], {}, units="cm-1")
    found = force_field_levels(field, energy=1750.0)
    assert found.energies.tolist() == pytest.approx([0, 1000, 1700])
    assert found.levels.energies[0] == pytest.approx(1350 * CM1)
