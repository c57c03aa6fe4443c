"""`pes-report` on folders of small runs."""

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pes import cli
from pes.report import report_page

Command = Callable[..., Path]


class Page(HTMLParser):
    """Addresses that a page refers to, headings, cells, and elements that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.headings: list[str] = []
        self.cells: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["h2"]:
            self.headings.append(data)
        if self.open[-1:] == ["td"]:
            self.cells.add(data)


def test_page_of_a_training_and_its_levels(
    work: Path, pes_train: Command, pes_levels: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pes_train("--set", "training.epochs=2")
    pes_levels("--output", str(folder / "levels"))
    log = folder / "levels" / "levels.log"
    log.write_text(log.read_text() + "warning: <script>alert(1)</script>\n")
    cli.report([str(folder)])
    assert "report.html" in capsys.readouterr().out
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.headings == [
        "Fit", "Errors", "Levels of O H H", "Convergence", "Provenance", "How to cite",
    ]  # fmt: skip
    # Ranges as in every table: Å and degrees.
    assert {cell.split()[-1] for cell in page.cells if " to " in cell} == {"Å", "degrees"}
    # Nothing is fetched: pictures are inside, links stay on the page.
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    assert sum(link.startswith("data:") for link in page.links) == 3
    assert not re.search(r"https?://|@import|url\(", text)
    # What files hold is text, never part of the page.
    assert "<script" not in text
    summary = json.loads((folder / "summary.json").read_text())
    assert f"{summary['errors']['test']['energy']['rmse']['all']:.4f}" in page.cells
    levels = json.loads((folder / "levels" / "levels.json").read_text())
    assert {f"{row['energy']:.4f}" for row in levels["levels"]} <= page.cells
    assert levels["verdict"]
    with pytest.raises(SystemExit):
        cli.report([str(folder)])
    assert "report.html exists" in capsys.readouterr().err
    cli.report([str(folder / "levels"), "--output", "levels.html"])
    assert "How to cite" in Path("levels.html").read_text(encoding="utf-8")
    shutil.copytree(folder / "levels", folder / "spectrum")
    cli.report([str(folder), "--overwrite"])
    assert Page((folder / "report.html").read_text(encoding="utf-8")).headings[2:6] == [
        "Levels of O H H, folder levels", "Convergence, folder levels",
        "Levels of O H H, folder spectrum", "Convergence, folder spectrum",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: no such run folder"),
        (["."], "contains no finished run of pes-train, pes-levels or pes-refine"),
    ],
)
def test_refusals(
    work: Path, refusal: Callable[..., str], arguments: list[str], words: str
) -> None:
    assert words in refusal(cli.report, arguments)
    assert not list(work.glob("*.html"))


def test_refinement(tmp_path: Path) -> None:
    content = {
        "adjusted": "polynomial", "anchor": 0.1, "steps": [{"step": 3}], "versions": {"pes": "0"},
    }  # fmt: skip
    (tmp_path / "refinement.json").write_text(json.dumps(content))
    (tmp_path / "levels.csv").write_text("molecule,observed,after\nO H H,1594.746,0.0123\n")
    assert {"1594.746", "0.012"} <= Page(report_page(tmp_path)).cells


def test_dipole_fit(tmp_path: Path) -> None:
    errors = {"points": 9.0, "rmse": 2.5e-4, "a": 1e-4, "b": 2e-4, "c": 3e-4}
    content = {
        "errors_debye": {"test": {"all": errors}}, "candidates": [{"degree": 3, "length": 2.0}],
    }  # fmt: skip
    (tmp_path / "summary.json").write_text(json.dumps(content))
    assert {"2.5000", "9", "3"} <= Page(report_page(tmp_path)).cells
