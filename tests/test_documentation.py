"""Every name, link and file that the pages and docstrings mention exists."""

import ast
import builtins
import re
import runpy
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FILES = sorted((ROOT / "pes").rglob("*.py"))
FOLDERS = "benchmarks|configs|data|docs|examples|pes|scripts|tests"


def texts(tree: ast.Module) -> Iterator[str]:
    """Docstrings of a source, those of constants included."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def missing_files(text: str) -> list[str]:
    """Paths of the repository that a text names and that are not there."""
    named = re.findall(rf"(?<![\w/.<-])((?:{FOLDERS})/[\w./-]*\.\w+)", text)
    return [name for name in named if not (ROOT / name).exists()]


def missing_links(text: str, folder: Path) -> list[str]:
    """Targets of links, relative to a folder, that are not there."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", text)
    return [link for link in links if "://" not in link and not (folder / link).exists()]


def missing_names(text: str) -> list[str]:
    """Dotted names below `pes`, or imported from it, that do not exist."""
    named = set(re.findall(r"(?<![\w/.-])pes(?:\.[A-Za-z_]\w*)+", text))
    for module, names in re.findall(r"from (pes[\w.]*) import ([\w, ]+)", text):
        named |= {f"{module}.{name.split()[0]}" for name in names.split(",") if name.strip()}
    return sorted(name for name in named if not resolves(name))


def resolves(name: str) -> bool:
    """Whether a dotted name is a module or something in one."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def missing_commands(text: str) -> list[str]:
    """Commands `pes-...` and targets of make that are not there."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = set(re.findall(r"`(pes-[a-z]+)\b(?![.-])|^(pes-[a-z]+) ", text, re.MULTILINE))
    wrong = {a or b for a, b in commands} - {*PROJECT["scripts"], *FORMATS}
    called = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))
    return sorted(wrong | (called - {*targets}))


FORMATS = {"pes-dataset"}
"""Names of file formats that look like commands."""
SPOKEN = {
    "gradcheck", "jacrev", "vmap", "null",  # torch, JSON
    "q1", "q2", "morse_r1", "ccsd_energy", "energy_scf", "energy_eV", "O18",  # examples of names
}  # fmt: skip
"""What texts name although no source holds it."""


@pytest.mark.parametrize("path", [*PAGES, *FILES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_text_names_exists(path: Path) -> None:
    text = path.read_text() if path.suffix == ".md" else "\n".join(texts(parsed(path)))
    assert missing_files(text) == []
    assert missing_names(text) == []
    assert missing_commands(text) == []
    assert unknown_words(text) == []
    assert path.suffix != ".md" or missing_links(text, path.parent) == []


def test_what_does_not_exist_is_caught() -> None:
    assert missing_files("see `pes/none.py`, `pes/units.py`") == ["pes/none.py"]
    assert missing_links("[a](none.md) [b](README.md#x) [c](https://x.y)", ROOT) == ["none.md"]
    assert missing_names("`pes.data.none`, `pes.units.CM1`") == ["pes.data.none"]
    assert missing_names("from pes.units import CM1, CM2") == ["pes.units.CM2"]
    assert missing_commands("`pes-none` `pes-train x` `make none` `make run`") == [
        "none", "pes-none",
    ]  # fmt: skip


@cache
def identifiers() -> set[str]:
    """Words that mean something in the code: names, and strings such as keys and file names."""
    words = {*dir(builtins), *FORMATS, *SPOKEN, *PROJECT["optional-dependencies"]}
    words |= {part for file in ROOT.glob("*.*") for part in (file.stem, file.suffix[1:])}
    words |= set(re.findall(r"\w+", (ROOT / "pyproject.toml").read_text()))
    for file in (*FILES, *(ROOT / "examples").glob("*.py")):
        words |= {*file.relative_to(ROOT).parts, file.stem, "py"}
        tree = parsed(file)
        docstrings = set(texts(tree))
        for node in ast.walk(tree):
            for value in vars(node).values():
                if isinstance(value, str) and value not in docstrings:
                    words |= set(re.findall(r"\w+", value))
                elif isinstance(value, list):
                    words |= {item for item in value if isinstance(item, str)}
    for file in (ROOT / "configs").glob("*.yaml"):
        words |= {*re.findall(r"\w+", file.read_text()), file.stem}
    return words


def unknown_words(text: str) -> list[str]:
    """Identifiers in backticks that mean nothing in the code, nor in a block of the text itself."""
    known = identifiers().union(
        *(re.findall(r"\w+", block) for block in re.findall(r"(?s)```.*?```", text))
    )
    quoted = re.findall(r"(?<!`)`([A-Za-z_][\w.]*)(?:\(.*?\))?`(?!`)", text)
    return sorted({q for q in quoted if not all(part in known for part in q.split(".") if part)})


def test_identifiers_that_do_not_exist_are_caught() -> None:
    assert unknown_words("`chunk_that_is_gone` and `positions`") == ["chunk_that_is_gone"]


def test_versions_of_formats() -> None:
    from pes.potential.storage import VERSION

    conventions = (ROOT / "docs" / "conventions.md").read_text()
    assert f"| `format`, `version` | `pes surface`, {VERSION} (" in conventions


def test_configuration_reference_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = ROOT / "scripts" / "write_configuration_reference.py"
    fresh = tmp_path / "configuration.md"
    monkeypatch.setattr(sys, "argv", [str(script), str(fresh)])
    runpy.run_path(str(script), run_name="__main__")
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == fresh.read_text(encoding="utf-8"), f"run {script.relative_to(ROOT)}"


def test_rows_of_the_reference_begin_with_a_noun() -> None:
    rows = (ROOT / "docs" / "configuration.md").read_text().splitlines()
    meanings = [row.rsplit(" | ", 1)[-1] for row in rows if row.startswith("| `")]
    first = "(Of|By|To|With|For|From|In|At|On|How|What|Where|Which) "
    assert [meaning for meaning in meanings if re.match(first, meaning)] == []
