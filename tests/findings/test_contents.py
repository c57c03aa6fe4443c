import pytest
from made_up import ammonia

from pes.findings.contents import content_lines, content_summary
from pes.units import CM1


def test_lines_and_numbers_agree() -> None:
    data = ammonia()
    lines, numbers = content_lines(data), content_summary(data)
    assert lines[0] == "300 points of H3N (N H H H), energies, forces"
    span = float(data.energies.max() - data.energies.min()) / CM1
    assert numbers["range_cm1"] == pytest.approx(span)
    assert f"range {span:.1f} cm-1" in lines[1]
    assert set(numbers["distances_angstrom"]) == {"H-N", "H-H"}
    low, high = numbers["distances_angstrom"]["H-N"]
    assert f"H-N distances {low:.4f} to {high:.4f} A" in lines
