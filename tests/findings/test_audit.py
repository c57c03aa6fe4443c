"""The whole audit: every made-up fault is named first, and clean points raise no alarm."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_up import CLEAN, FAULTS, FORCE_FAULTS, ammonia

import pes
from pes.data import Dataset
from pes.findings.audit import CHECKS
from pes.findings.finding import SEVERITIES
from pes.geometry import distances
from pes.units import CM1, EV

ALL = {**FAULTS, **FORCE_FAULTS}


@pytest.mark.parametrize("make", CLEAN.values(), ids=CLEAN)
def test_clean_points_raise_no_alarm(make: Callable[[], Dataset]) -> None:
    result = pes.audit(make())
    described = {CLEAN["HCN and HNC"]: ["separate regions"], CLEAN["H2O to atoms"]: ["dissociated"]}
    assert [f.kind for f in result.findings] == described.get(make, [])
    assert {f.severity for f in result.findings} <= {"note"}
    assert result.verdict.startswith("nothing looks wrong")
    assert result.before_fit() == []


@pytest.mark.parametrize(("fault", "kind"), ALL.values(), ids=ALL)
def test_a_fault_is_named_first(fault: Callable[[Dataset], Dataset], kind: str) -> None:
    result = pes.audit(fault(ammonia()))
    assert result.findings[0].kind == kind
    assert kind in result.verdict
    order = [SEVERITIES.index(f.severity) for f in result.findings]
    assert order == sorted(order)


def test_files_hold_every_row_and_the_verdict(tmp_path: Path) -> None:
    data = ammonia()
    energies = data.energies.clone()
    energies[[11, 5]] += torch.tensor([900.0, 2000.0]) * CM1
    result = pes.audit(replace(data, energies=energies))
    folder = result.save(tmp_path / "audit")
    with (folder / "audit.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "wrong labels"]
    assert [int(row["row"]) for row in rows] == [5, 11]  # the worst first
    stored = json.loads((folder / "audit.json").read_text())
    assert stored["severity"] == "warning"
    assert stored["findings"][0]["rows"] == [5, 11]
    assert "(rows 5, 11)" in str(result)
    assert "wrong labels" in result._repr_html_()
    assert (
        repr(result) == "Audit(300 points of H3N: look at these points before a fit: wrong labels)"
    )


def test_three_lines_before_a_fit_and_how_many_more() -> None:
    data = replace(ammonia(), energies=ammonia().energies / EV)
    faulty = data.select([*range(300), 3]).select([*range(301), 4])
    forces = torch.zeros_like(faulty.positions)
    result = pes.audit(replace(faulty, forces=forces, energies=faulty.energies.round(decimals=3)))
    lines = result.before_fit(1)
    assert len(lines) == 1
    assert lines[0].startswith("error: energy unit")
    assert "more kinds of findings: pes-audit)" in lines[0]


@pytest.mark.parametrize("points", [1, 2, 5, 30])
@pytest.mark.parametrize("symbols", ["HH", "OHH", "CCHHHHHH"])
def test_few_odd_points_are_no_crash(points: int, symbols: str) -> None:
    x = torch.randn(points, len(symbols), 3, generator=torch.Generator().manual_seed(0)).double()
    for energies in (torch.zeros(points), torch.arange(float(points))):
        data = Dataset(tuple(symbols), 3 * x, energies.double(), forces=0 * x)
        assert pes.audit(data).lines()[-1].startswith("verdict: do not fit these points")


def test_a_wrong_label_of_like_atoms() -> None:
    """Morse potentials of three oxygen atoms; none can stand in the place of another element."""
    x = torch.rand(120, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    corners = torch.tensor([[0.0, 0.0, 0.0], [2.4, 0.0, 0.0], [1.2, 2.1, 0.0]], dtype=torch.float64)
    x = corners + 0.3 * x
    energies = 0.1 * (1 - torch.exp(-1.2 * (distances(x) - 2.4))).square().sum(1)
    energies[7] += 0.02
    (finding,) = (f for f in pes.audit(Dataset(("O",) * 3, x, energies)).findings
                  if f.kind == "wrong labels")  # fmt: skip
    assert finding.rows == (7,)


def test_one_geometry_only() -> None:
    x = ammonia().positions[:1].expand(40, -1, -1)
    energies = torch.arange(40, dtype=torch.float64) * CM1
    assert "contradicting copies" in pes.audit(Dataset(("N", "H", "H", "H"), x, energies)).verdict


def test_consequences_name_kinds_that_exist() -> None:
    named = {kind for check in CHECKS for kind in check.unless}
    sources = Path(pes.findings.audit.__file__).parent.glob("*.py")  # type: ignore[attr-defined]
    text = "".join(file.read_text() for file in sources if file.name != "audit.py")
    assert [kind for kind in named if f'"{kind}"' not in text] == []


def test_labels_are_not_judged_where_lengths_are_wrong() -> None:
    points = ammonia()
    result = pes.audit(replace(points, positions=points.positions * 1.8897))
    assert result.findings[0].kind == "length unit"
    assert result.left_out == (
        "checks of single labels were left out: they need correct lengths; correct these and "
        "repeat the audit",
    )
