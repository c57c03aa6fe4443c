"""One self-contained HTML page about a run folder; pictures are inside, nothing is fetched."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

from pes.files import RUN_FINISHED
from pes.molecule import Molecule
from pes.report.fit import check_sections, fit_sections
from pes.report.levels import level_sections, refinement_sections
from pes.report.page_part import PagePart, Table, number
from pes.setup.results.level_files import LEVELS_JSON

__all__ = ["report_page"]

REFINED = "refinement.json"
PARTS: Mapping[str, Callable[[Path, Mapping[str, Any]], list[PagePart]]] = {
    RUN_FINISHED: fit_sections, REFINED: refinement_sections, LEVELS_JSON: level_sections,
}  # fmt: skip
"""Sections by the file that says what a folder holds."""

LOGS = ("train.log", "refine.log", "levels.log")

CITATION = """\
@software{{pes,
  title   = {{pes: from ab initio points to vibrational levels with error bars}},
  author  = {{the pes developers}},
  version = {{{version}}}
}}"""


def report_page(folder: str | Path) -> str:
    """The page of a folder of `pes-train`, `pes-levels` or `pes-refine`, as HTML.

    Args:
        folder: folder of the run; levels, evaluations and checks of gradients inside it are
            included.

    Raises:
        ValueError: if the folder contains no finished run.
    """
    place = Path(folder)
    known = _contents(place)
    if not known:
        raise ValueError(f"{place} contains no finished run of pes-train, pes-levels or pes-refine")
    sections = [*_sections(known), *check_sections(place)]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pes.report", "."), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["units"] = lambda text: text.replace("cm-1", "cm⁻¹")
    return environment.get_template("page.html").render(
        title=place.resolve().name, formula=_formula(known), facts=_facts(known),
        warnings=_warnings(place, known), sections=[*sections, _provenance(place, known)],
        citation=CITATION.format(version=version("pes")),
    )  # fmt: skip


def _contents(place: Path) -> dict[Path, Mapping[str, Any]]:
    """The file that says what it holds → its content, of the folder and its levels."""
    paths = [place / RUN_FINISHED, place / REFINED, place / LEVELS_JSON]
    paths += sorted(place.glob(f"*/{LEVELS_JSON}"))
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()}


def _sections(known: Mapping[Path, Mapping[str, Any]]) -> Iterator[PagePart]:
    """Parts of all results; of several calculations of levels, titles name the folders."""
    several = _several(known)
    for path, content in known.items():
        for part in PARTS[path.name](path.parent, content):
            named = several and path.name == LEVELS_JSON
            yield replace(part, title=f"{part.title}, folder {path.parent.name}") if named else part


def _several(known: Mapping[Path, Mapping[str, Any]]) -> bool:
    """Whether there are several calculations of levels."""
    return sum(path.name == LEVELS_JSON for path in known) > 1


def _formula(known: Mapping[Path, Mapping[str, Any]]) -> str:
    """Formula of the first result that names its atoms; empty if none does."""
    atoms = (content.get("molecule") for content in known.values())
    first = next((symbols for symbols in atoms if symbols), None)
    return "" if first is None else Molecule(first).formula


def _facts(known: Mapping[Path, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Main figures of the results, for the head of the page."""
    facts = []
    for path, content in known.items():
        if "errors_debye" in content:
            test = content["errors_debye"]["test"]["all"]["rmse"]
            facts.append(("test RMSE of the dipole", f"{number(test)} debye"))
        elif path.name == RUN_FINISHED:
            test = content["errors"]["test"]["energy"]["rmse"]["all"]
            facts.append(("test RMSE", f"{number(test)} cm⁻¹"))
            facts.append(("points", f"{sum(content['points'].values()):,}"))
        elif path.name == LEVELS_JSON:
            where = f" in {path.parent.name}/" if _several(known) else ""
            energy = f"{content['zero_point_energy']:.3f} cm⁻¹"
            facts.append((f"levels{where}", str(len(content["levels"]))))
            facts.append((f"zero-point energy{where}", energy))
        else:
            last = content["steps"][-1]
            facts.append(("steps of the refinement", str(last.get("step", len(content["steps"])))))
    return facts


def _warnings(place: Path, known: Mapping[Path, Mapping[str, Any]]) -> list[str]:
    """Warnings of the logs and of the levels, each once."""
    lines = [w for content in known.values() for w in content.get("warnings", ())]
    for folder in dict.fromkeys(path.parent for path in known):
        for log in LOGS:
            if (folder / log).is_file():
                text = (folder / log).read_text(encoding="utf-8", errors="replace")
                lines += [
                    line.removeprefix("warning: ")
                    for line in text.splitlines()
                    if line.startswith("warning: ") or re.search("dominates? the RMSE", line)
                ]
    return list(dict.fromkeys(lines))


def _provenance(place: Path, known: Mapping[Path, Mapping[str, Any]]) -> PagePart:
    """Versions, device, seed, data and configurations."""
    rows = []
    for path, content in known.items():
        versions = ", ".join(f"{name} {v}" for name, v in content.get("versions", {}).items())
        facts = {"versions": versions} | {k: content.get(k) for k in ("device", "threads", "dtype")}
        facts |= {"seed": content.get("seed"), "units": content.get("units")}
        rows += [[path.name, key, str(value)] for key, value in facts.items() if value is not None]
    split = place / "split.json"
    if split.is_file():
        known_hash = json.loads(split.read_text(encoding="utf-8")).get("sha256")
        rows.append([split.name, "SHA-256 of the points", str(known_hash)])
    code = [
        (str(file.relative_to(place)), file.read_text(encoding="utf-8"))
        for folder in dict.fromkeys([place, *(path.parent for path in known)])
        for file in (folder / "config.yaml",)
        if file.is_file()
    ]
    return PagePart("Provenance", tables=[Table("Origin", ("file", "", ""), rows)], code=code)
