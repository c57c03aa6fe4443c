import numpy as np
import pytest

from pes.data.formats.distances import embedded


@pytest.mark.parametrize("atoms", [2, 3, 4, 5, 6])
def test_positions_have_the_distances(atoms):
    x = np.random.default_rng(atoms).normal(size=(20, atoms, 3))
    first, second = np.tril_indices(atoms, -1)
    distances = np.linalg.norm(x[:, first] - x[:, second], axis=-1)
    y = embedded(distances, atoms)
    # Squares and eigenvalues lose a digit or two of sixteen.
    again = np.linalg.norm(y[:, first] - y[:, second], axis=-1)
    assert np.abs(again - distances).max() < 1e-13
    assert np.abs(y.sum(axis=1)).max() < 1e-13


def test_lines_and_planes_are_geometries_too():
    line = embedded(np.array([[1.0, 2.0, 1.0]]), 3)
    assert np.linalg.norm(line[0, 0] - line[0, 2]) == pytest.approx(2.0, abs=1e-14)
    # The square with its diagonals: pairs 10, 20, 21, 30, 31, 32.
    embedded(np.array([[1.0, 2**0.5, 1.0, 1.0, 2**0.5, 1.0]]), 4)


def test_distances_in_another_order_are_refused():
    """Five atoms have ten distances and nine internal coordinates."""
    x = np.random.default_rng(0).normal(size=(1, 5, 3))
    first, second = np.triu_indices(5, 1)
    distances = np.linalg.norm(x[:, first] - x[:, second], axis=-1)
    with pytest.raises(ValueError, match="row 7: no geometry has the distances"):
        embedded(distances, 5, first=7)
