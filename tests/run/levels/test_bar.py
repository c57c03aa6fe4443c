"""Progress of a calculation with sizes given."""

import logging

import pytest
import torch

from pes.run.levels import bar
from pes.setup.levels.size_forecast import SizeForecast
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.levels.size_estimate import SizeEstimate

NOW = Progress(1, 2, 1e-3, 40, torch.eye(2, 5, dtype=torch.float64))


def test_a_log_says_the_time_left_and_vectors_are_kept_of_the_levels_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bar, "SOON", 0.0)
    monkeypatch.setattr(bar, "QUIET", 0.0)
    caplog.set_level(logging.INFO, "pes")
    said = SizeForecast(SizeEstimate(1, 1, 1), 0, {"levels": 400.0, "more functions": 300.0})
    kept: list[Progress] = []
    with bar.step_bar(said, kept.append) as (begin, watch):
        begin("levels")
        watch(NOW)
        begin("more functions")
        watch(NOW)
    assert kept == [NOW]
    assert caplog.messages[0] == "  computing levels; about 700 CPU-s left"
    assert caplog.messages[1] == (
        "  computing levels: 1 of 2 levels have converged, residual 2.2e+02 cm-1; about 700 CPU-s "
        "left"
    )
    assert caplog.messages[2].startswith("  computing more functions; about ")
