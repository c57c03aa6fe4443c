"""Derivatives of levels in the units of the tables, against what is known without computing."""

import pytest
import torch
from torch import Tensor

import pes
from pes.potential.analytic import WaterPJT
from pes.setup.inputs.bumps import Bump
from pes.setup.results.sensitivity import check_sensitivities, coefficients
from pes.units import AMU

RANGES = {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}
MASSES = {"m[0:O] (cm-1/u)", "m[1:H] (cm-1/u)", "m[2:H] (cm-1/u)"}


def result_of(surface: object = "water_pjt1996", **settings: object) -> pes.LevelsResult:
    return pes.levels(
        surface, "O H H", count=3, ranges=RANGES, basis={"all": 4}, convergence=False, **settings
    )  # fmt: skip


@pytest.fixture(scope="module")
def water() -> pes.LevelsResult:
    return result_of()


def test_masses_one_by_one_and_all_together(water: pes.LevelsResult) -> None:
    derived = water.sensitivity()
    assert set(derived.columns) == {*MASSES, "ln mu (cm-1)", "K"}
    assert derived.modes.keys() == {"masses"}
    masses = water.task.masses.detach() / AMU
    each = torch.stack([derived.columns[f"m[{i}:{s}] (cm-1/u)"] for i, s in enumerate("OHH")])
    # Euler: all masses growing by one share change a level by the sum of the single changes.
    torch.testing.assert_close(derived.columns["ln mu (cm-1)"], masses @ each)
    torch.testing.assert_close(each[1], each[2])
    # Heavier atoms lower every level.
    assert bool((each < 0).all())


def test_the_function_is_the_method(water: pes.LevelsResult) -> None:
    derived = pes.sensitivity(water)
    assert derived.rows() == water.sensitivity().rows()
    assert derived._repr_html_().count("<tr>") == 1 + 3  # a head and the levels


def test_coefficients_of_harmonic_levels(water: pes.LevelsResult) -> None:
    """E ~ 1/√μ: K = −½ of the zero-point energy and of every excitation."""
    levels = water.levels
    absolute = levels.excitations + levels.zero_point_energy
    torch.testing.assert_close(
        coefficients(-absolute / 2, levels), torch.full((3,), -0.5, dtype=torch.float64)
    )
    # Water is nearly harmonic.
    assert water.sensitivity().columns["K"].tolist() == pytest.approx([-0.5] * 3, abs=0.03)


def test_strengths_of_a_bump_and_their_second_derivatives() -> None:
    # So wide that it is a constant: every level moves with it, and only linearly.
    flat = Bump("r1", 1.0, 1e4)
    derived = result_of(perturbations={"flat": flat}).sensitivity(masses=False, second=True)
    assert set(derived.columns) == {"flat (cm-1/cm-1)", "flat*flat (cm-1/cm-2)"}
    one = torch.ones(3, dtype=torch.float64)
    torch.testing.assert_close(derived.columns["flat (cm-1/cm-1)"], one)
    torch.testing.assert_close(
        derived.columns["flat*flat (cm-1/cm-2)"], 0 * one, rtol=0, atol=1e-10
    )
    assert [row["level"] for row in derived.rows()] == [0, 1, 2]
    assert derived.rows()[2]["flat (cm-1/cm-1)"] == pytest.approx(1)
    assert repr(derived) == "Sensitivities(flat (cm-1/cm-1), flat*flat (cm-1/cm-2))"


def test_a_parameter_by_name_and_as_a_tensor(water: pes.LevelsResult) -> None:
    surface = water.task.surface.module
    r_e = dict(surface.named_parameters())["r_e"]
    derived = water.sensitivity(masses=False, parameters=["r_e", r_e])
    label, size = surface.parameter_units["r_e"]
    assert list(derived.columns) == [f"r_e (cm-1/{label})"]
    column = derived.columns[f"r_e (cm-1/{label})"]
    torch.testing.assert_close(derived.weights["r_e"].flatten() * size, column)


def numpy_like(positions: Tensor) -> Tensor:
    return WaterPJT()(positions).detach()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (["no_such"], "the surface has no 'no_such', it has r_e"),
        (
            [torch.ones(2, requires_grad=True)],
            r"a tensor of shape \(2,\) is not a parameter of this",
        ),
    ],
)
def test_a_parameter_that_is_not_there(
    water: pes.LevelsResult, parameters: list, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        water.sensitivity(masses=False, parameters=parameters)


def test_what_a_plain_function_lacks() -> None:
    surface = pes.levels(
        numpy_like, "O H H", count=1, ranges=RANGES, basis={"all": 3}, convergence=False
    ).task.surface
    check_sensitivities(surface)
    for asked in ({"parameters": ["r_e"]}, {"weights": True}):
        with pytest.raises(ValueError, match="this surface is a plain function"):
            check_sensitivities(surface, **asked)


def test_a_numpy_surface_where_positions_depend_on_masses() -> None:
    """In radau coordinates V itself moves with the masses; its slope is needed."""
    ends = {"R1": (0.8, 1.3), "R2": (0.8, 1.3), "theta": (80.0, 130.0)}
    result = pes.levels(
        lambda x: numpy_like(torch.from_numpy(x)).numpy(), "O H H", coordinates="radau",
        ranges=ends, count=1, basis={"all": 3}, convergence=False,
    )  # fmt: skip
    with pytest.raises(ValueError, match="in radau coordinates positions depend on the masses"):
        result.sensitivity()
