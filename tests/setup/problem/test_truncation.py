"""Names of a configuration become places."""

from dataclasses import dataclass

import pytest

from pes.config import Vibration
from pes.setup.problem.truncation import TruncationRequest, products, sparse_grid
from pes.units import CM1
from pes.vibration.hamiltonian.sparse import SparseGrid


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
    assert [products(nothing.truncation(), normal(n)).quanta for n in (3, 6)] == [None, 6]
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


def test_a_sparse_grid_of_normal_coordinates() -> None:
    asked = Vibration.model_validate({"quanta": 4, "grid_level": 6, "weights": {"q2": 1.5}})
    grid = sparse_grid(asked.truncation(), normal(3))
    assert grid == SparseGrid(("q0", "q1", "q2"), 4.0, 6.0, (1.0, 1.0, 1.5))
    assert sparse_grid(TruncationRequest(quanta=4), normal(3)) is None


def test_quanta_of_many_normal_coordinates_are_on_a_sparse_grid() -> None:
    """All products of five points are two million."""
    grid = sparse_grid(TruncationRequest(quanta=4), normal(9))
    assert grid is not None
    assert (grid.quanta, grid.level) == (4.0, 6.0)
    assert sparse_grid(TruncationRequest(quanta=4), normal(9), sized=True) is None
    assert sparse_grid(TruncationRequest(quanta=4, reference="vscf"), normal(9)) is None
    assert sparse_grid(TruncationRequest(), normal(6)) is None


@pytest.mark.parametrize("sized", [True, False])
def test_many_normal_coordinates_need_quanta(sized: bool) -> None:
    """Without them all products were kept, on millions of points."""
    with pytest.raises(ValueError, match="9 normal coordinates need `quanta`"):
        sparse_grid(TruncationRequest(), normal(9), sized=sized)


@pytest.mark.parametrize(
    ("settings", "count", "message"),
    [
        (
            {"quanta": 4, "grid_level": 6},
            0,
            "`grid_level` belongs to a sparse grid, for normal coordinates",
        ),
        (
            {"grid_level": 6},
            3,
            "takes `grid_level` with `quanta` and `weights`, without `product_energy`",
        ),
        ({"quanta": 4, "grid_level": 6, "reference": "vscf"}, 3, "without `product_energy`"),
        ({"quanta": 4, "grid_level": 4}, 3, "must be higher than the quanta"),
    ],
)
def test_limits_that_are_none_of_a_sparse_grid(settings: dict, count: int, message: str) -> None:
    request = Vibration.model_validate(settings).truncation()
    with pytest.raises(ValueError, match=message):
        sparse_grid(request, normal(count) if count else FOUR)
