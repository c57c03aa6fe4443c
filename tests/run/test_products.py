"""Names of a configuration become places."""

import pytest

from pes.config import Vibration
from pes.run.products import products
from pes.units import CM1

NAMES = ("r1", "r2", "theta2", "r3")


def test_groups_and_weights() -> None:
    config = Vibration.model_validate(
        {
            "quanta": 6,
            "weights": {"stretches": 2.0},
            "reference": "vscf",
            "groups": {"stretches": {"coordinates": ["r3", "r1"], "energy": 9000}},
        }
    )
    found = products(config, NAMES)
    assert found.quanta == 6
    assert found.self_consistent
    assert found.groups[0].coordinates == (0, 3)
    assert found.groups[0].energy == pytest.approx(9000 * CM1)
    # Factors: the group, r2, theta2.
    assert found.weights == (2.0, 1.0, 1.0)


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
        products(Vibration.model_validate(settings), NAMES)
