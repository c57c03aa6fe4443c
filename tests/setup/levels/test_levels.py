"""`pes.levels`: the same numbers as `pes-levels`, from any surface, in a notebook's terms."""

import json
from collections.abc import Callable
from inspect import signature
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import pes
from pes import plots
from pes.config import Vibration
from pes.potential.analytic import WaterPJT
from pes.setup.coordinates.maps import MorseMap
from pes.setup.inputs.bumps import Bump
from pes.setup.machine.environment import threads

Command = Callable[..., Path]

RANGES = {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}
TINY = {"all": pes.BasisSize(functions=3, points=5, primitives=20)}


@pytest.fixture(autouse=True)
def _no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these levels."""
    monkeypatch.setattr(plots, "level_diagram", lambda path, *_, **__: path.touch())


def test_bit_for_bit_what_the_command_writes(pes_levels: Command, tmp_path: Path) -> None:
    bump = {"coordinate": "r1", "centre": 1.06, "width": 0.05, "strength": 1.0}
    wanted = {"masses": True, "parameters": ["r_e"], "perturbations": {"bump": bump}}
    written = pes_levels(convergence=True, molecule=["O", "H", "D"], sensitivities=wanted)
    result = pes.levels(
        "water_pjt1996", "O H D", count=3, ranges=RANGES, basis=TINY,
        perturbations={"bump": Bump(**bump)},
    )  # fmt: skip
    own = result.save(tmp_path / "own", name="tiny",
                      sensitivity=result.sensitivity(parameters=["r_e"]))  # fmt: skip
    for name in ("levels.csv", "sensitivities.csv"):
        assert (own / name).read_bytes() == (written / name).read_bytes()
    ours, theirs = (json.loads((f / "levels.json").read_text()) for f in (own, written))
    assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    with h5py.File(own / "levels.h5") as one, h5py.File(written / "levels.h5") as other:
        assert set(one) == set(other)
        for key in one:
            np.testing.assert_array_equal(one[key][()], other[key][()])


def test_choices_are_those_of_the_command(pes_levels: Command, tmp_path: Path) -> None:
    """Nothing is given but surface, molecule, number and accuracy; torch has two threads."""
    written = pes_levels(
        coordinates=None, basis=None, convergence=None, levels=2, accuracy=3.0, threads=None
    )
    with threads(2):
        result = pes.levels("water_pjt1996", "O H H", count=2, accuracy=3.0)
        assert torch.get_num_threads() == 2
    own = result.save(tmp_path / "own", name="tiny")
    assert (own / "levels.csv").read_bytes() == (written / "levels.csv").read_bytes()


def test_defaults_are_those_of_the_command() -> None:
    section = Vibration()
    for name, argument in signature(pes.levels).parameters.items():
        if name in Vibration.model_fields and name not in ("coordinates", "basis", "reference"):
            assert getattr(section, name) == argument.default, name
    assert section.coordinates == pes.CoordinateRequest()
    assert section.truncation() == pes.TruncationRequest()


def test_every_choice_is_made() -> None:
    result = pes.levels("water_pjt1996", count=4, basis={"all": 6}, convergence=False)
    # Levels of an independent program on this surface; six functions each leave less than this.
    assert result.energies.tolist() == pytest.approx([0, 1594.6586, 3151.4938, 3657.11], abs=0.5)
    assert result.zero_point_energy == pytest.approx(4634.7648, abs=0.5)
    assert repr(result).startswith("LevelsResult(H2O: 4 levels, zero-point energy 4634.")
    assert [row["v1 v2 v3"] for row in result.table] == ["0 0 0", "0 1 0", "0 2 0", "1 0 0"]
    assert "<th>E/cm-1</th><th>conv</th>" in result._repr_html_()
    assert "v1 v2 v3" in str(result)


@pytest.mark.parametrize("surface", [WaterPJT(), WaterPJT().forward, pes.load("water_pjt1996")])
def test_any_surface(surface: object) -> None:
    result = pes.levels(
        surface, ("O", "H", "H"), count=2, ranges=RANGES, basis=TINY, convergence=False
    )
    named = pes.levels("water_pjt1996", count=2, ranges=RANGES, basis=TINY, convergence=False)
    assert torch.equal(result.energies, named.energies)


def test_a_function_in_numpy() -> None:
    water = pes.load("water_pjt1996")

    def in_numpy(positions: np.ndarray) -> np.ndarray:
        return np.asarray(water(positions.view(np.ndarray)))

    result = pes.levels(in_numpy, "O H H", count=2, ranges=RANGES, basis=TINY, convergence=False)
    named = pes.levels("water_pjt1996", count=2, ranges=RANGES, basis=TINY, convergence=False)
    torch.testing.assert_close(result.energies, named.energies, atol=1e-8, rtol=0)


def test_coordinates_by_name_by_request_and_ready_made() -> None:
    plain = pes.levels("water_pjt1996", count=2, ranges=RANGES, basis=TINY, convergence=False)
    ready = pes.levels(
        "water_pjt1996", count=2, ranges=RANGES, basis=TINY, convergence=False,
        coordinates=pes.Valence(),
    )  # fmt: skip
    assert torch.equal(ready.energies, plain.energies)
    radau = pes.levels("water_pjt1996", count=2, coordinates="radau", basis={"all": 7})
    request = pes.CoordinateRequest(maps={"r1": MorseMap(2.0, 0.96), "theta": "cos"})
    mapped = pes.levels("water_pjt1996", count=2, coordinates=request, basis={"all": 7})
    assert {"<morse_r1>", "<cos_theta>"} <= set(mapped.table[0])
    # The bend, 1594.6586 cm⁻¹, within what seven functions leave.
    for result in (radau, mapped):
        assert float(result.energies[1]) == pytest.approx(1594.6586, abs=0.05)


def test_derivatives_by_all_parameters() -> None:
    surface = pes.load("water_pjt1996")
    result = pes.levels(surface, count=2, basis={"all": 8}, convergence=False)
    slopes = result.sensitivity(masses=False, parameters=surface.parameters())
    named = result.sensitivity(masses=False, parameters=["r_e"]).columns["r_e (cm-1/A)"]
    in_angstrom = slopes.weights["r_e"] * pes.units.ANGSTROM
    torch.testing.assert_close(in_angstrom, named)
    # −791.71 by differences in a converged basis.
    assert float(named[0]) == pytest.approx(-791.71, abs=0.5)


def test_a_level_of_unknown_error_is_written(tmp_path: Path) -> None:
    """A level that the larger calculation alone has."""
    result = pes.levels("water_pjt1996", count=8, basis={"all": 4}, convergence="smaller")
    alone = result.convergence.isinf()
    assert alone.any()
    content = json.loads((result.save(tmp_path) / "levels.json").read_text())
    assert [row["convergence"] is None for row in content["levels"]] == alone.tolist()


def test_spectrum_of_charges() -> None:
    result = pes.levels("water_pjt1996", count=2, ranges=RANGES, basis=TINY, convergence=False)
    charges = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)
    sticks = pes.spectrum(result, lambda x: torch.einsum("a,bax->bx", charges, x), temperature=0)
    assert float(sticks.wavenumbers[0]) == pytest.approx(float(result.energies[1]), abs=1e-8)
    assert float(sticks.intensities[0]) > 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"count": 2, "energy": 100.0}, "give `count` or `energy`, not both"),
        ({"quanta": 2, "truncation": pes.TruncationRequest(quanta=3)}, "`quanta` or `truncation`"),
        ({"coordinates": "bonds"}, "`coordinates.kind` must be one of"),
        ({"ensemble": "all"}, "`ensemble` must be one of first_order, full"),
        ({"basis": {"r9": 4}}, "`basis.r9`: no such coordinate; there are r1, r2, theta"),
        ({"molecule": "H H O"}, "the surface is for O H H in this order"),
    ],
)
def test_refused_in_words(settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pes.levels("water_pjt1996", **{"ranges": RANGES, "basis": TINY, **settings})
