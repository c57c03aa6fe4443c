"""What is determined does not move when eigenvectors and singular vectors are another machine's."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from scramble import scrambled
from small_fields import pyramid

import pes
from pes.data import Dataset
from pes.units import CM1

T = TypeVar("T")

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}
SIZES = {"all": pes.BasisSize(None, 6, 9, 30)}

UNEQUAL = pes.TruncationRequest(3, {"q2": 1.3}, grid_level=5)
"""One of two degenerate modes has a weight: which of them is q2 is not the machine's choice."""

SEEDS = (11, 12)
"""Two other machines."""


def everywhere(compute: Callable[[], T]) -> tuple[T, list[T]]:
    """The result of this machine, and those of others."""
    others = []
    for seed in SEEDS:
        with scrambled(seed) as scramble:
            others.append(compute())
        assert scramble.calls, "nothing was scrambled"
    return compute(), others


@pytest.mark.parametrize(
    ("surface", "molecule", "settings"),
    [
        ("water_pjt1996", "O H H", {"coordinates": "normal_modes", "quanta": 5}),
        pytest.param(
            "ammonia_model", "N H H H", {"coordinates": "normal_modes", "quanta": 2},
            marks=pytest.mark.slow,
        ),
        ("water_pjt1996", "O H H", {"ranges": RANGES, "basis": SIZES}),
        (
            "ammonia_model", "N H H H",
            {"coordinates": "bond_vectors", "truncation": UNEQUAL},
        ),
    ],
    ids=[
        "normal modes", "degenerate normal modes", "lengths and angle",
        "sparse grid in degenerate bond vectors",
    ],
)  # fmt: skip
def test_levels_at_given_sizes(surface: object, molecule: str, settings: dict[str, object]) -> None:
    def energies() -> torch.Tensor:
        result = pes.levels(surface, molecule.split(), count=8, convergence=False, **settings)  # type: ignore[arg-type]
        return result.levels.energies / CM1

    here, others = everywhere(energies)
    for there in others:
        torch.testing.assert_close(there, here, rtol=0, atol=1e-6)


def test_levels_of_a_force_field() -> None:
    def numbers() -> list[float]:
        result = pes.levels(pyramid(), count=12, accuracy=1.0)
        return [x for row in result.table for x in row.values() if isinstance(x, float)]

    here, others = everywhere(numbers)
    for there in others:
        assert there == pytest.approx(here, rel=0, abs=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        pes.LinearForm(degree=4),
        pes.NetworkForm(hidden=(5,), baseline=pes.LinearBaseline(degree=3)),
    ],
    ids=["linear", "network on a linear surface"],
)
def test_errors_of_a_fit(water: Callable[..., Dataset], form: object) -> None:
    data = water(points=60)

    def errors() -> float:
        fit = pes.train(data, form=form, epochs=20)  # type: ignore[arg-type]
        return fit.errors["test"]["energy"]["rmse"]["all"]

    here, others = everywhere(errors)
    assert here > 0
    for there in others:
        assert there == pytest.approx(here, rel=0.01)


def test_refinement_to_its_printed_digits(work: Path) -> None:
    """Calculated - observed is printed to 0.001 cm⁻¹."""
    (work / "lines.csv").write_text(
        "v1,v2,v3,energy,uncertainty\n0,1,0,1600,0.1\n1,0,0,3640,0.1\n0,0,1,3740,0.1\n"
    )

    def differences() -> list[float]:
        refined = pes.refine(
            "water_pjt1996", {"O H H": "lines.csv"}, hold="water.h5", steps=1,
            adjust=pes.Polynomial(degree=2), coordinates=pes.CoordinateRequest(ranges=RANGES),
            basis=SIZES,
        )  # fmt: skip
        return [row["after"] for row in refined.table]

    here, others = everywhere(differences)
    assert max(map(abs, here)) > 0
    for there in others:
        assert there == pytest.approx(here, abs=1e-3)
