"""Names of a configuration become places."""

from dataclasses import dataclass

import pytest

from pes.config import Vibration
from pes.setup.truncation import TruncationRequest, products
from pes.units import CM1


@dataclass
class Named:
    """What is asked of coordinates here."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]


FOUR = Named(("r1", "r2", "theta2", "r3"), ("length", "length", "angle", "length"))


def normal(count: int) -> Named:
    return Named(tuple(f"q{k}" for k in range(count)), ("normal",) * count)


def test_groups_and_weights() -> None:
    config = Vibration.model_validate(
        {
            "quanta": 6,
            "weights": {"stretches": 2.0},
            "reference": "vscf",
            "groups": {"stretches": {"coordinates": ["r3", "r1"], "energy": 9000}},
        }
    )
    found = products(config.truncation(), FOUR)
    assert found.quanta == 6
    assert found.self_consistent
    assert found.groups[0].coordinates == (0, 3)
    assert found.groups[0].energy == pytest.approx(9000 * CM1)
    # Factors: the group, r2, theta2.
    assert found.weights == (2.0, 1.0, 1.0)


def test_quanta_of_normal_coordinates() -> None:
    nothing = Vibration.model_validate({})
    assert [products(nothing.truncation(), normal(n)).quanta for n in (3, 6, 9)] == [None, 6, 4]
    assert products(nothing.truncation(), FOUR).quanta is None
    given = Vibration.model_validate({"quanta": 3})
    assert products(given.truncation(), normal(6)).quanta == 3
    by_energy = products(TruncationRequest(energy=9000), normal(6))
    assert by_energy.quanta is None
    assert by_energy.energy == pytest.approx(9000 * CM1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": {"r9": 1}}, r"`weights`: there is no 'r9'; there are r1, r2"),
        (
            {"groups": {"a": {"coordinates": ["r1", "q"], "functions": 3}}},
            r"`groups.a.coordinates`: there is no 'q'",
        ),
        (
            {
                "groups": {
                    "a": {"coordinates": ["r1", "r2"], "functions": 3},
                    "b": {"coordinates": ["r2", "r3"], "functions": 3},
                }
            },
            r"`groups.b`: r2 belongs to the group a already",
        ),
        ({"groups": {"a": {"coordinates": ["r1", "r2"]}}}, "either `energy` or `functions`"),
    ],
)
def test_mistakes(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        products(Vibration.model_validate(settings).truncation(), FOUR)
