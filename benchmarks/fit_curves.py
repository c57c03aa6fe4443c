"""Validation error of fits without settings against CPU time, beside settings made by hand.

    python benchmarks/automatic_fits.py peslearn H2O.dat --minutes 10 --output runs/peslearn
    python benchmarks/automatic_fits.py ch4 methane_b3lyp_9000.xyz.zip --output runs/ch4
    python benchmarks/automatic_fits.py made_up wide.h5 --output runs/wide
    python benchmarks/fit_curves.py runs/peslearn runs/ch4 runs/wide --picture docs/fit_curves.png

Each folder is a run of `pes-train --minutes N`; its automatic.json holds when the validation error
became lower, far points counted as `bounded_rms` does. Printed is this error after 1, 2, 5 and 10
CPU-minutes, in brackets where the run had ended before. The settings by hand are those of fits.py,
by the names of the folders; their errors are of the test. Those of `wide` (made_up_sets.py): one
network of 20-20 units, `descriptor: {kind: invariants, degree: 2, variable: cosine}`, 600 epochs of
Levenberg-Marquardt.
"""

import argparse
import json
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

BY_HAND = {"peslearn": (60.0, 0.016), "ch4": (11.0, 0.31), "wide": (40.0, 0.101)}
"""CPU seconds and test RMSE in cm⁻¹ of the best settings made by hand, as docs/accuracy.md has
them."""
TITLES = {"peslearn": "H2O, PES-Learn", "ch4": "CH4, B3LYP", "wide": "H2S to 40,000 cm⁻¹, made up"}
MINUTES = (1, 2, 5, 10)
TICKS = (1, 2, 5, 10, 20, 60, 120, 300, 600)
"""Seconds."""


def progress(run: Path) -> list[tuple[float, float]]:
    """CPU seconds and validation error (cm⁻¹) whenever it was lower than before, and at the end."""
    record = json.loads((run / "automatic.json").read_text())
    rows = [(row["cpu_seconds"], row["validation_cm1"]) for row in record["progress"]]
    return [*rows, (record["cpu_seconds"], rows[-1][1])]


def test_error(run: Path) -> float:
    """Test RMSE in cm⁻¹ of the surface chosen."""
    return json.loads((run / "summary.json").read_text())["errors"]["test"]["energy"]["rmse"]["all"]


def after(rows: list[tuple[float, float]], minutes: float) -> str:
    """Error after a time, in brackets where the run had ended before."""
    errors = [error for seconds, error in rows if seconds <= 60 * minutes]
    if not errors:
        return "–"
    reached = rows[-1][0] >= 57 * minutes  # some seconds are kept for the report
    return f"{errors[-1]:.3g}" if reached else f"({errors[-1]:.3g})"


def draw(axes: Axes, run: Path) -> None:
    """Steps of one run, its test error and that of the settings by hand."""
    rows = progress(run)
    seconds, errors = zip(*rows, strict=True)
    axes.step(seconds, errors, where="post", label="validation")
    axes.plot(seconds[-1], test_error(run), "o", label="test")
    if run.name in BY_HAND:
        axes.plot(*BY_HAND[run.name], "x", label="by hand, test")
    axes.set(xscale="log", yscale="log", xlabel="CPU time (s)", ylabel="error (cm⁻¹)")
    axes.set_xlim(1, 1.2 * seconds[-1])
    ticks = [t for t in TICKS if t <= 1.2 * seconds[-1]]
    axes.set_xticks(ticks, labels=[f"{t}" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_title(TITLES.get(run.name, run.name))
    axes.legend()


def main() -> None:
    """Print the table and draw the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    print(f"{'':<12}" + "".join(f"{m:>8} min" for m in MINUTES) + "        test  by hand (CPU-s)")
    for run in given.runs:
        cells = "".join(f"{after(progress(run), m):>12}" for m in MINUTES)
        hand = "{1:.3g} ({0:.0f})".format(*BY_HAND[run.name]) if run.name in BY_HAND else ""
        print(f"{run.name:<12}{cells}{test_error(run):>12.3g}  {hand}")
    if given.picture is None:
        return
    figure = Figure(figsize=(4.2 * len(given.runs), 3.6), layout="constrained")
    panels = figure.subplots(1, len(given.runs), squeeze=False)[0]
    for axes, run in zip(panels, given.runs, strict=True):
        draw(axes, run)
    figure.savefig(given.picture, dpi=150)


if __name__ == "__main__":
    main()
