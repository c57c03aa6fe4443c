import numpy as np
import pytest
from small_fields import pyramid

from pes.force_fields.field import ForceField
from pes.force_fields.labels import heading, quanta_and_weights, species
from pes.force_fields.levels import FieldLevels, Limits, field_levels
from pes.units import CM1


@pytest.fixture(scope="module")
def symmetric() -> FieldLevels:
    return field_levels(pyramid(), 14, limits=Limits(0.05 * CM1))


def test_quanta_and_angular_momenta(symmetric) -> None:
    texts, weights = quanta_and_weights(symmetric)
    assert heading(symmetric) == "v1 v2 v3"
    assert texts[:4] == ["0 0 0", "0 1^1 0", "0 1^1 0", "1 0 0"]
    assert weights[0] > 0.9
    assert (weights <= 1 + 1e-12).all()


def test_species_of_a_threefold_axis(symmetric) -> None:
    """One quantum of a pair is E; two are A1 and E; three with l = 3 are A1 and A2."""
    by_quanta: dict[str, list[str]] = {}
    for text, one in zip(quanta_and_weights(symmetric)[0], species(symmetric), strict=True):
        by_quanta.setdefault(text, []).append(one)
    assert by_quanta["0 0 0"] == ["A1"]
    assert by_quanta["0 1^1 0"] == ["E", "E"]
    assert by_quanta["0 2^0 0"] == ["A1"]
    assert by_quanta["0 2^2 0"] == ["E", "E"]
    assert sorted(by_quanta["0 3^3 0"]) == ["A1", "A2"]


def test_levels_of_e_are_equal_and_others_are_not(symmetric) -> None:
    kinds, energies = species(symmetric), symmetric.energies / CM1
    pairs = [n for n in range(13) if kinds[n] == kinds[n + 1] == "E"]
    assert any(energies[n] == energies[n + 1] for n in pairs)
    assert (np.diff(energies[np.array([k[0] == "A" for k in kinds])]) > 0.01).all()


def test_parities_and_quanta_without_an_axis() -> None:
    field = ForceField.of([1000.0, 1300.0], {(0, 0, 1): 30.0, (0,) * 4: 20.0}, units="cm-1")
    found = field_levels(field, 4, limits=Limits(0.05 * CM1))
    assert heading(found) == "v1 v2"
    assert quanta_and_weights(found)[0] == ["0 0", "1 0", "0 1", "2 0"]
    assert species(found) == ["+", "-", "+", "+"]


def test_no_names_without_symmetry() -> None:
    field = ForceField.of([1000.0], {(0, 0, 0): 10.0, (0,) * 4: 20.0}, units="cm-1")
    assert species(field_levels(field, 3, limits=Limits(0.05 * CM1))) == [""] * 3
