import numpy as np
import pytest

from pes.force_fields.products import LIMIT, lowest_products, numbering


def test_numbers_and_quanta_are_inverse() -> None:
    table = numbering(np.linspace(300.0, 3000.0, 12))
    rng = np.random.default_rng(0)
    quanta = np.stack([rng.integers(0, m + 1, 200) for m in table.most])
    assert (table.quanta(table.numbers(quanta)) == quanta).all()
    assert np.prod(table.most + 1.0) < LIMIT


def test_slow_modes_get_more_quanta_where_64_bits_are_few() -> None:
    most = numbering(np.linspace(300.0, 3000.0, 18)).most
    assert most[0] > most[-1] >= 4


def test_too_many_modes() -> None:
    with pytest.raises(ValueError, match="40 modes are too many"):
        numbering(np.full(40, 1000.0))


def test_lowest_products_are_the_lowest() -> None:
    omega = np.array([1.0, 1.7, 2.9])
    quanta = lowest_products(omega, np.array([20, 20, 20]), 50)
    grid = np.stack(np.meshgrid(*[np.arange(21)] * 3, indexing="ij")).reshape(3, -1)
    energies = np.sort(omega @ grid)
    assert np.allclose(np.sort(omega @ quanta)[:50], energies[:50])
    assert quanta.shape[1] < 55


def test_lowest_products_keep_all_of_an_energy() -> None:
    """Three equal oscillators: 1 + 3 + 6 functions, never a part of a shell."""
    assert lowest_products(np.ones(3), np.full(3, 9), 5).shape[1] == 10
    assert lowest_products(np.ones(3), np.full(3, 9), 1, least=1.0).shape[1] == 4


def test_steps_stay_inside() -> None:
    table = numbering(np.array([1.0]))
    quanta = np.array([[0, 1, int(table.most[0])]])
    assert table.inside(quanta, np.array([-1])).tolist() == [False, True, True]
    assert table.inside(quanta, np.array([1])).tolist() == [True, True, False]
