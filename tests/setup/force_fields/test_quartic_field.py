import numpy as np
import pytest
import torch

import pes
from pes.coordinates import NormalModes
from pes.force_fields import ForceField
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.force_fields.quartic_field import modes_at_minimum, quartic_field
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.problem import problem
from pes.units import CM1


@pytest.fixture(scope="module")
def water() -> ForceField:
    return quartic_field("water_pjt1996")


def test_constants_against_a_bend_by_hand() -> None:
    """A bent molecule of harmonic valence forces has the same field however it is turned."""

    def valence(x: torch.Tensor) -> torch.Tensor:
        bonds = (x[:, 1] - x[:, 0], x[:, 2] - x[:, 0])
        r, s = (bond.norm(dim=1) for bond in bonds)
        cosine = (bonds[0] * bonds[1]).sum(1) / (r * s)
        return 0.25 * (r - 1.8) ** 2 + 0.25 * (s - 1.8) ** 2 + 0.08 * (cosine + 0.25) ** 2

    found = quartic_field(valence, "O H H", degree=3, reference=[[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert len(found.frequencies) == 3
    assert found.degree == 3
    # Odd in the antisymmetric stretch, the highest or second mode: such terms must be missing.
    odd = [k for k in range(3) if all(m.count(k) % 2 == 0 for m in found.constants)]
    assert len(odd) == 1


def test_field_is_the_expansion_of_the_surface(water) -> None:
    """What is left falls with the fifth power of the displacement."""
    request = CoordinateRequest(kind="normal_modes")
    surface = as_surface("water_pjt1996")
    found = problem(surface, coordinates=request).internal
    assert isinstance(found, NormalModes)
    modes = modes_at_minimum(surface.potential, found)
    direction = torch.tensor([[0.5, -0.6, 0.4]], dtype=torch.float64)
    left = []
    for size in (0.2, 0.1):
        q = torch.cat((size * direction, -size * direction))
        with torch.no_grad():
            error = surface.potential(modes.to_positions(q)) - water.potential(q)
        left.append(float(error[0] - error[1]) / CM1)  # odd: of the fifth degree, then the seventh
    assert left[0] / left[1] == pytest.approx(32, rel=0.05)


def test_symmetry_of_the_surface_is_in_the_constants(water) -> None:
    assert all(modes.count(2) % 2 == 0 for modes in water.constants)


def test_levels_of_a_sextic_field_are_near_those_of_the_surface(water) -> None:
    """Coriolis coupling and the Watson term, which a field has not, are worth 1 %."""
    found = pes.levels(water, count=2, accuracy=0.5)
    assert np.isclose(float(found.energies[1]), 1594.66, rtol=0.02)


def test_degrees() -> None:
    with pytest.raises(ValueError, match="`degree` must be 3 to 6, got 7"):
        quartic_field("water_pjt1996", degree=7)


def test_surface_that_torch_cannot_differentiate() -> None:
    def plain(x: np.ndarray) -> np.ndarray:
        r = np.linalg.norm(x[:, 1:] - x[:, :1], axis=2)
        h = np.linalg.norm(x[:, 1] - x[:, 2], axis=1)
        return 0.25 * ((r - 1.8) ** 2).sum(1) + 0.1 * (h - 2.8) ** 2

    with pytest.raises(ValueError, match="torch cannot differentiate this surface 4 times"):
        quartic_field(plain, "O H H")
