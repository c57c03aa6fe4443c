"""Error of a fit in levels, from its errors at points left out."""

from collections.abc import Callable
from math import inf, isnan, pi, sqrt

import pytest
import torch

import pes
from pes.data import Dataset
from pes.potential import SurfaceRecord
from pes.potential.analytic import WaterPJT
from pes.potential.analytic.triatomic import CarbonDioxideModel
from pes.setup.errors.fit_error import HeldOut, fit_sentence, held_out
from pes.setup.results.level_tables import header
from pes.units import CM1

SIZES = {"count": 3, "basis": {"all": 4}, "convergence": False,
         "ranges": {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}}  # fmt: skip


def covering(count: int = 9) -> torch.Tensor:
    """Geometries on a grid of lengths (bohr) and angle, (P, 3, 3)."""
    r = torch.linspace(1.35, 2.5, count, dtype=torch.float64)
    theta = torch.linspace(1.0, 2.8, count, dtype=torch.float64)
    a, b, t = torch.cartesian_prod(r, r, theta).T
    zero = torch.zeros_like(a)
    second = torch.stack((b * t.cos(), b * t.sin(), zero), -1)
    return torch.stack((torch.stack((zero,) * 3, -1), torch.stack((a, zero, zero), -1), second), 1)


def record_of(notes: dict, positions: torch.Tensor | None = None) -> SurfaceRecord:
    known = covering() if positions is None else positions
    return SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "none", known, notes)


def part(counts: list[int], errors: list[float | None]) -> dict:
    names = ("5000", "10000", "all")
    rmse = dict(zip(names, errors, strict=True))
    return {
        "energy": {"rmse": rmse},
        "points": {"count": dict(zip(names, counts, strict=True))},
    }


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def levels_of(surface: pes.Surface) -> pes.LevelsResult:
    return pes.levels(surface, "O H H", **SIZES)


def test_windows_no_longer_overlap_and_parts_are_one() -> None:
    # Validation: 4 points with 1; 2 more, up to 10,000, with 3; 3 more with 5. The test has as
    # many with twice that. Errors of all points up to each end are what a record holds.
    def up_to(scale: float) -> list[float | None]:
        squares = [4 * 1, 4 * 1 + 2 * 9, 4 * 1 + 2 * 9 + 3 * 25]
        return [scale * sqrt(s / n) for s, n in zip(squares, (4, 6, 9), strict=True)]

    errors = {"validation": part([4, 6, 9], up_to(1.0)), "test": part([4, 6, 9], up_to(2.0))}
    known = held_out(record_of({"errors": errors}))
    assert known is not None
    assert known.tops == (5000.0, 10000.0, inf)
    # Root mean square of e and 2e.
    assert known.errors == pytest.approx([sqrt(2.5) * e for e in (1, 3, 5)])
    assert str(known) == "1.6 below 5000 cm-1, 4.7 below 10000 cm-1, 7.9 above 10000 cm-1"


def test_a_window_of_one_point_is_joined_with_the_next() -> None:
    """The only point below 5,000 is hit by chance; the one above 10,000 belongs to the last."""
    few = held_out(record_of({"errors": {"test": part([1, 3, 4], [0.0, sqrt(2), sqrt(2.5)])}}))
    # Squares 0, 6 and 4 of 1, 2 and 1 points.
    assert few == HeldOut((inf,), pytest.approx((sqrt(10 / 4),)), (4,))
    assert str(few) == "1.6 at all energies"


def test_errors_at_heights() -> None:
    known = HeldOut((5000.0, inf), (0.5, 4.0), (10**6, 10**6))
    heights = torch.tensor([-1.0, 4999.0, 5001.0]).double() * CM1
    assert (known.at(heights) / CM1).tolist() == pytest.approx([0.5, 0.5, 4.0], rel=2e-3)


@pytest.mark.parametrize("count", [2, 5, 20])
def test_few_points_are_lucky_once_in_ten(count: int) -> None:
    """Of many draws of normal errors a tenth has a bound below the true error, one."""
    draws = torch.randn(20_000, count, dtype=torch.float64, generator=generator())
    factor = HeldOut((inf,), (1.0,), (count,)).bounds[0]
    bounds = factor * draws.square().mean(1).sqrt()
    assert float((bounds < 1).double().mean()) == pytest.approx(0.1, abs=0.01)


def test_an_error_of_one_size_is_that_of_every_level() -> None:
    """Twice in each number: at the minimum or in the ground state, and in the level itself."""
    record = record_of({"errors": {"test": part([9, 9, 9], [0.3, 0.3, 0.3])}})
    result = levels_of(pes.Surface(WaterPJT(), record.symbols, record))
    known = held_out(record)
    assert known is not None
    assert known.bounds[0] > 0.3
    said = [row["fit"] for row in result.table]
    assert said == pytest.approx([known.bounds[0] * sqrt(2)] * 3, rel=1e-3)
    assert "conv does not include the error of the fit: at points left out" in str(result)
    lines = header("h2o", result.levels, result.task, result.error_bars, result.quanta)
    assert any("0.3 at all energies. The column fit is this error" in x for x in lines)


def linear(last: float) -> torch.Tensor:
    """C O O on a grid of lengths (bohr) and of angles up to the last one, (P, 3, 3)."""
    r = torch.linspace(1.7, 2.9, 9, dtype=torch.float64)
    theta = torch.linspace(1.7, last, 9, dtype=torch.float64)
    a, b, t = torch.cartesian_prod(r, r, theta).T
    zero = torch.zeros_like(a)
    second = torch.stack((b * t.cos(), b * t.sin(), zero), -1)
    return torch.stack((torch.stack((zero,) * 3, -1), torch.stack((a, zero, zero), -1), second), 1)


def dioxide(positions: torch.Tensor) -> pes.LevelsResult:
    """A surface that is 0.3 cm⁻¹ off wherever it is known."""
    notes = {"errors": {"test": part([9, 9, 9], [0.3, 0.3, 0.3])}}
    record = SurfaceRecord(("C", "O", "O"), (0.0, 0.1), "none", positions, notes)
    surface = pes.Surface(CarbonDioxideModel(), record.symbols, record)
    return pes.levels(surface, count=2, convergence=False)


def test_states_with_l_of_a_linear_molecule_have_errors_too() -> None:
    """As large as those of l = 0, and of the rotational energy twice the share of the ZPE."""
    result = dioxide(linear(pi))
    known = held_out(result.task.surface.record)
    assert known is not None
    zero_point = result.table[0]["fit"] / result.zero_point_energy
    rows = result.rotation([1], states=8).table
    bend = [row for row in rows if row["Ka"] == 1]
    assert [row["level"] for row in bend[:2]] == [8, 8]
    # Of B = 0.39 cm⁻¹ some 1e-4.
    assert known.bounds[0] * sqrt(2) == pytest.approx(result.table[1]["fit"], rel=1e-3)
    for row in bend:
        assert row["fit"] == pytest.approx(
            known.bounds[0] * sqrt(2) + 2 * 0.4 * zero_point, rel=2e-3
        )


def test_states_with_l_beyond_the_points_have_an_unknown_error() -> None:
    """Points between 97° and 115°: a linear molecule is hardly ever there."""
    rows = dioxide(linear(2.0)).rotation([1], states=8).table
    assert all(isnan(row["fit"]) for row in rows if row["Ka"] == 1)


def test_beyond_the_points_the_error_is_not_known() -> None:
    """Points of one geometry say nothing of where the wavefunctions are."""
    notes = {"errors": {"test": part([9, 9, 9], [0.3, 0.3, 0.3])}}
    record = record_of(notes, covering()[:1] + 1e-3 * torch.rand(5, 3, 3, dtype=torch.float64))
    result = levels_of(pes.Surface(WaterPJT(), record.symbols, record))
    assert all(row["P(extrap)"] > 0.5 for row in result.table)
    assert all(isnan(row["fit"]) for row in result.table)
    assert result.verdict.endswith("added, levels 0 to 2 have unknown errors")


def test_other_surfaces_through_the_points_show_what_they_leave_open() -> None:
    """Points of a small box are fitted to a thousandth; levels beyond it are off by far more."""
    exact = WaterPJT()
    generator = torch.Generator().manual_seed(3)
    r, s, t = torch.rand(3, 400, dtype=torch.float64, generator=generator)
    r, s, t = 1.70 + 0.22 * r, 1.70 + 0.22 * s, 1.66 + 0.32 * t
    zero = torch.zeros_like(r)
    second = torch.stack((s * t.cos(), s * t.sin(), zero), -1)
    x = torch.stack((torch.stack((zero,) * 3, -1), torch.stack((r, zero, zero), -1), second), 1)
    form = pes.LinearForm(degree=4)
    fit = pes.train(
        Dataset(("O", "H", "H"), x, exact(x).detach()), form=form, fractions=(0.8, 0.1, 0.1)
    )
    assert fit.errors["test"]["energy"]["rmse"]["all"] < 0.1
    result, true = levels_of(fit), levels_of(pes.Surface(exact, ("O", "H", "H")))
    errors = (result.energies - true.energies).abs()
    errors[0] = abs(result.zero_point_energy - true.zero_point_energy)
    assert all(row["P(extrap)"] > 0.01 for row in result.table)
    assert float(errors.max()) > 1
    for row, error in zip(result.table, errors.tolist(), strict=True):
        assert error < row["fit"] < 1000
    assert any("the fit may be wrong there by up to" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    "notes", [{}, {"errors": {"test": part([9] * 3, [1.0] * 3)}, "refined": 1}]
)
def test_a_surface_that_does_not_know_its_errors(notes: dict) -> None:
    """Those of a fit are not those of what was refined from it."""
    record = record_of(notes)
    result = levels_of(pes.Surface(WaterPJT(), record.symbols, record))
    assert "fit" not in result.table[0]
    sentence = fit_sentence(result.task)
    assert sentence is not None
    assert "holds no errors" in sentence


def test_an_analytic_surface_is_no_fit() -> None:
    result = levels_of(pes.load("water_pjt1996"))
    assert fit_sentence(result.task) is None
    assert "fit" not in result.table[0]
    assert "fit" not in result.verdict
    assert "conv holds" not in str(result)


def test_result_of_a_fit_and_its_bare_module(water: Callable[..., Dataset]) -> None:
    """The result knows its errors, a module of it does not, and says so."""
    fit = pes.train(water(), form=pes.LinearForm(degree=2), fractions=(0.7, 0.15, 0.15))
    known, bare = (pes.levels(surface, "O H H", **SIZES) for surface in (fit, fit.module))
    torch.testing.assert_close(known.energies, bare.energies)
    assert all("fit" in row for row in known.table)
    assert "fit" not in bare.table[0]
    assert "a bare module has no record" in str(bare)
