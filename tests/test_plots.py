"""Every picture is written, whole, and nothing is left behind when drawing fails."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pes import plots
from pes.plots.stick_spectrum import COLUMNS, _strongest_of_each_column
from pes.plots.vibration import label_margin
from pes.vibration import BasisSpec, Levels, vibrational_levels
from pes.vibration.analysis.intensities import Sticks
from pes.vibration.system.system import model

pytestmark = pytest.mark.pictures


def pixels(path: Path) -> tuple[int, int]:
    """Width and height of a PNG that starts and ends as one must."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def rows(count: int, forces: bool) -> list[dict[str, Any]]:
    """Metrics as a training run writes them, or as a CSV reader returns them."""
    shared = {"validation_rmse_cm1": 2.0, "train_rmse_cm1": 1.0}
    force = {
        "train_force_rmse_cm1_angstrom": "3.5" if forces else "",
        "validation_force_rmse_cm1_angstrom": "4.5" if forces else "",
    }
    return [{"epoch": str(k + 1), **shared, **force} for k in range(count)]


def oscillators(count: int) -> Levels:
    """Uncoupled oscillators with ω = 1, 1.5, ... times 0.01 hartree."""
    k = (0.01 * (1 + torch.arange(count, dtype=torch.float64) / 2)) ** 2
    system = model(lambda q: (k * q**2).sum(-1) / 2, torch.eye(count, dtype=torch.float64))
    wanted = [BasisSpec("sinc", -60.0, 60.0, 6, 10, 40, f"q{n + 1}") for n in range(count)]
    return vibrational_levels(system, wanted, 5, convergence=False)


def lines(*intensities: float) -> Sticks:
    values = torch.tensor(intensities, dtype=torch.float64)
    number = torch.arange(len(values))
    wavenumbers = 1000.0 * (1 + number)
    return Sticks(number * 0, number + 1, wavenumbers, torch.zeros(len(values), 3), values, 296.0)


def wells() -> list[plots.Well]:
    x = np.linspace(-5, 5, 51)
    return [plots.Well(k, x, x**2 / 2, np.array([0.5, 1.5]), np.exp(-np.outer([1, 2], x**2)))
            for k in (0.0, 1.0)]  # fmt: skip


def sweep(path: Path) -> None:
    values = {"sinc": [0.1, 0.2], "three_point": [0.1, 0.3]}
    slopes = {grid: {"autograd": v, "differences": v} for grid, v in values.items()}
    plots.model_levels(path, wells(), [0, 1], values, values, slopes)


def residuals(path: Path) -> None:
    labels = [torch.linspace(0, 9000, n) for n in (50, 5, 1)]
    plots.residuals(path, labels, [x / 1e4 - 0.4 for x in labels], ["train", "validation", "test"])


def errors(path: Path, *, known: bool) -> None:
    labels = torch.linspace(0, 9000, 40)
    residuals = (labels / 1e4 - 0.4) * torch.tensor([1.0, -1.0]).repeat(20)
    residuals[7] = 1000.0
    more = {"nearest": torch.linspace(0, 2, 40), "forces": residuals.abs()} if known else {}
    plots.errors(path, labels, residuals, windows=(5000, 10000), **more)


def field(path: Path, *, rounds: int) -> None:
    """Six levels of two modes, the second a pair; errors fall from calculation to calculation."""
    levels = np.array([0.0, 500.0, 900.0, 1000.0, 1400.0])
    known = [(500 * 2**k, levels + 0.1**k, np.full(5, 0.1**k)) for k in range(rounds)]
    quanta = ["0 0", "1 0", "0 1^1", "2 0", "1 1^1"]
    plots.force_field_diagram(path, "two modes", "v1 v2", quanta, known, 0.01)


PICTURES: dict[str, Callable[[Path], None]] = {
    "learning_curve": lambda path: plots.learning_curve(path, rows(30, forces=False)),
    "learning_curve_forces": lambda path: plots.learning_curve(path, rows(30, forces=True)),
    "learning_curve_one_epoch": lambda path: plots.learning_curve(path, rows(1, forces=False)),
    "residuals": residuals,
    "errors": lambda path: errors(path, known=False),
    "errors_all": lambda path: errors(path, known=True),
    "energy_histogram": lambda path: plots.energy_histogram(path, [0.0, 5.0, 1e4], "three"),
    "calibration_curve": lambda path: plots.calibration_curve(
        path, [1.0, -2.0, 0.0], [1.0, 0.5, 0.0]
    ),
    "level_diagram_1": lambda path: plots.level_diagram(path, oscillators(1), "one"),
    "level_diagram_3": lambda path: plots.level_diagram(path, oscillators(3), "three"),
    "lines": lambda path: plots.absorption_lines(
        path, torch.tensor([3.0, 9.0]), torch.tensor([1e-20, 2e-22]), 296.0
    ),
    "absorption": lambda path: plots.absorption(
        path, torch.arange(1000.0), torch.rand(1000), [("ν1", 500.0), ("2ν2", 510.0)], "water"
    ),
    "sticks": lambda path: plots.sticks(path, lines(3.0, 100.0, 90.0, 1e-9)),
    "model_levels": sweep,
    "force_field_diagram": lambda path: field(path, rounds=3),
    "force_field_diagram_one_round": lambda path: field(path, rounds=1),
}


def test_of_very_many_lines_only_those_that_show_are_drawn() -> None:
    """A million would take minutes."""
    place = np.linspace(1.0, 9000.0, 100_000)
    height = np.random.default_rng(0).random(len(place))
    x, y = _strongest_of_each_column(place, height)
    assert len(x) <= COLUMNS + 1
    assert y.max() == height.max()
    assert set(y) <= set(height)
    # Fewer lines than columns are all there.
    few = _strongest_of_each_column(place[::1000], height[::1000])
    assert np.array_equal(few[0], place[::1000])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_sane_size_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.png"
    PICTURES[name](path)
    width, height = pixels(path)
    assert 600 < width < 2400
    assert 500 < height < 2400
    assert list(tmp_path.iterdir()) == [path]


def test_a_perfect_fit_has_a_picture(tmp_path: Path) -> None:
    zero = np.zeros(4)
    plots.residuals(tmp_path / "a.png", [zero], [zero], ["train"])
    pixels(tmp_path / "a.png")
    plots.errors(tmp_path / "b.png", zero, zero, windows=(), nearest=zero, forces=zero)
    pixels(tmp_path / "b.png")
    plots.calibration_curve(tmp_path / "c.png", zero, zero)
    pixels(tmp_path / "c.png")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda path: plots.learning_curve(path, []), "at least one epoch"),
        (lambda path: plots.residuals(path, [[1.0]], [[1.0, 2.0]], ["train"]), "the same parts"),
        (lambda path: plots.residuals(path, [[]], [[]], ["train"]), "none empty"),
        (lambda path: plots.energy_histogram(path, [], "none"), "at least one point"),
        (lambda path: plots.errors(path, [], [], windows=()), "of the same points"),
        (lambda path: plots.errors(path, [1.0], [1.0, 2.0], windows=()), "of the same points"),
        (lambda path: plots.calibration_curve(path, [1.0], []), "belong to the same points"),
        (lambda path: plots.sticks(path, lines(0.0, 0.0)), "no line of this spectrum"),
    ],
)
def test_nothing_to_draw(tmp_path: Path, draw: Callable[[Path], None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_failed_picture_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def half(self: Figure, file: Path, **_: object) -> None:
        Path(file).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        residuals(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_units_of_the_axes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, file, **_: figures.append(self) or
                        Path(file).write_bytes(b"x"))  # fmt: skip
    found = oscillators(2)
    plots.level_diagram(tmp_path / "a.png", found, "two", kinds=("length", "angle"))
    labels = {text for a in figures[0].axes for text in (a.get_xlabel(), a.get_ylabel())} - {""}
    assert labels == {"q₁ (Å)", "q₂ (degrees)", "energy above the minimum (cm⁻¹)"}


@pytest.mark.parametrize("label", ["(0 0 0) A1", "(0 0 1 0 0 0 0 0 0) F2"])
def test_labels_of_levels_fit_beside_the_panels(label: str) -> None:
    figure = Figure()
    text = figure.text(0, 0, label, fontsize="small")
    width = text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width / figure.dpi
    assert width + 0.05 < label_margin(["-", label]) < width + 0.6
