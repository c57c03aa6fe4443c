"""A surface plus a correction: the sum, its freedom and its file."""

from pathlib import Path

import torch

from pes.descriptors import Invariants
from pes.potential import LinearSurface, SurfaceRecord, load_surface, save_surface
from pes.potential.analytic import WaterPJT
from pes.potential.corrected import CorrectedSurface


def test_sum_and_round_trip(tmp_path: Path) -> None:
    correction = LinearSurface(Invariants(("O", "H", "H"), 2))
    surface = CorrectedSurface(WaterPJT(), correction)
    x = torch.randn(5, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(surface(x), WaterPJT()(x), rtol=0, atol=0)
    with torch.no_grad():
        correction.coefficients += 0.01
        correction.shift -= 1.0
    torch.testing.assert_close(surface(x), WaterPJT()(x) + correction(x), rtol=0, atol=0)
    free = [name for name, p in surface.named_parameters() if p.requires_grad]
    assert free == ["correction.coefficients", "correction.shift"]
    record = SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "none", x)
    save_surface(tmp_path / "s.safetensors", surface, record)
    again, _ = load_surface(tmp_path / "s.safetensors")
    torch.testing.assert_close(again(x), surface(x), rtol=0, atol=0)
