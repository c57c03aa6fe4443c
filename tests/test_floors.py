"""A file of the package imports only from floors below its own."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "pes"
PYPROJECT = PACKAGE.with_name("pyproject.toml")

BASE = {
    "chunks",
    "elements",
    "bonds",
    "stiffness",
    "files",
    "geometry",
    "hdf5_files",
    "memory",
    "places",
    "staging",
    "tables",
    "units",
    "molecule",
}
SIBLINGS = {"data", "descriptors", "coordinates", "vibration"}
ENGINES = {*BASE, *SIBLINGS, "force_fields", "potential", "rovibration", "training"}
BELOW_RUN = {
    *ENGINES, "findings", "labelling", "setup", "export", "differentiation", "evaluation",
    "refinement", "report", "plots", "config",
}  # fmt: skip

MAY_IMPORT: Mapping[str, set[str]] = {
    "chunks": set(),
    "elements": set(),
    "files": set(),
    "geometry": set(),
    "hdf5_files": {"files"},
    "memory": set(),
    "places": set(),
    "staging": {"files"},
    "tables": set(),
    "units": set(),
    "molecule": {"elements", "units"},
    "bonds": {"geometry", "molecule", "units"},
    "stiffness": {"bonds", "elements", "geometry", "molecule", "units"},
    **{folder: BASE for folder in SIBLINGS},
    "potential": {*BASE, "descriptors"},
    "force_fields": {*BASE, "vibration"},
    "rovibration": {*BASE, "vibration"},
    "training": {*BASE, "data", "descriptors", "potential"},
    "export": ENGINES,
    "labelling": {*BASE, "data"},
    "findings": {*BASE, "data", "descriptors", "potential", "training"},
    "interfaces": ENGINES,
    "setup": {*ENGINES, "findings"},
    "plots": ENGINES,
    "differentiation": {*BASE, "plots"},
    "evaluation": {*ENGINES, "setup", "plots"},
    "refinement": {*ENGINES, "setup", "plots"},
    "report": {*BASE, "setup", "evaluation"},
    "config": {*ENGINES, "labelling", "setup"},
    "run": BELOW_RUN,
    "cli": {"run", "config"},
    "__init__": set(),
}
"""Each file or folder of `pes/` and what it may import besides its own folder."""

SETUP: tuple[set[str], ...] = (
    {"inputs", "machine", "minima"},
    {"automatic", "coordinates", "training/planning"},
    {"problem", "training/outcome"},
    {"automatic/motions", "automatic/quanta", "errors", "labels", "training/automatic",
     "training/dipoles"},
    {"automatic/cuts", "results", "training"},
    {"force_fields", "rotation"},
    {"levels", "lines"},
    {"new_points", "series"},
)  # fmt: skip
"""Rooms of `pes/setup` from below: each imports from the rows before its own."""

MOST_FILES = 20
"""Files on one shelf of `pes/setup`."""

CONFIGURED = {"config", "run", "cli"}
"""Where a configuration may be spoken of: `cli` has an option `--config`. All others take plain
arguments."""

OPTIONAL = {"optuna", "pyscf", "dask", "distributed", "dask_jobqueue", "cclib"}
"""Packages of the extras; a module that imports one is itself imported late, by `run`."""


class Import(NamedTuple):
    module: str
    line: int
    late: bool
    typing_only: bool


parsed = cache(ast.parse)


@cache
def imports(source: str, package: str) -> tuple[Import, ...]:
    """All imports of a source, relative ones resolved against the package it lies in."""

    def visit(node: ast.AST, late: bool, typing_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, late, typing_only)
        elif isinstance(node, ast.ImportFrom):
            for module in origins(node, package):
                yield Import(module, node.lineno, late, typing_only)
        late |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        typing_only |= isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                yield from visit(child, late, typing_only)

    return tuple(visit(parsed(source), False, False))


def origins(node: ast.ImportFrom, package: str) -> list[str]:
    """Modules of `from ... import ...`; for a package of ours the names belong to them."""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    module = ".".join([*above, *([node.module] if node.module else [])])
    return [f"pes.{alias.name}" for alias in node.names] if module == "pes" else [module]


def violations(source: str, path: str) -> list[str]:
    """What is wrong with a source at `path` (relative to the folder of the package)."""
    *folders, name = path.removesuffix(".py").split("/")
    place = folders[0] if folders else name
    if place not in MAY_IMPORT:
        return [f"{path}: no floor is known for {place!r}; add it to MAY_IMPORT"]
    allowed = {*MAY_IMPORT[place], place}
    found = []
    for one in imports(source, ".".join(["pes", *folders])):
        root, _, rest = one.module.partition(".")
        target = rest.partition(".")[0]
        if one.late and place not in ("run", "cli"):
            found.append(f"{path}:{one.line}: late import of {one.module}; only run and cli may")
        lazy = place == "__init__" and one.typing_only
        if root == "pes" and not lazy and target not in allowed:
            found.append(f"{path}:{one.line}: {place} must not import {one.module}")
    return found


FILES = {str(file.relative_to(PACKAGE)): file.read_text() for file in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("path", FILES)
def test_file_looks_only_down(path: str) -> None:
    assert violations(FILES[path], path) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("units.py", "from pes.molecule import Molecule"),
        ("molecule.py", "from pes import Molecule"),
        ("vibration/levels.py", "import torch\nfrom pes.potential.mlp import MLP"),
        ("vibration/levels.py", "import pes.coordinates.valence"),
        ("vibration/levels.py", "from ..data import dataset"),
        ("data/dataset.py", "from pes.coordinates import valence"),
        ("data/dataset.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import pes.run"),
        ("potential/mlp.py", "from pes.training import loss"),
        ("potential/mlp.py", "from pes import data"),
        ("training/fit.py", "from pes.vibration import vibrational_levels"),
        ("training/fit.py", "from pes.coordinates import valence"),
        ("plots.py", "from pes.config import Config"),
        ("refinement/result.py", "from pes.run import train"),
        ("cli.py", "from pes.units import CM1"),
        ("setup/levels/levels.py", "def f():\n    from pes.potential import Surface"),
        ("run.py", "def f():\n    from pes.cli import train"),
        ("training/fit.py", "def f():\n    import scipy"),
        ("__init__.py", "from pes.molecule import Molecule"),
        ("extra/thing.py", ""),
    ],
)
def test_a_violation_is_caught(path: str, source: str) -> None:
    assert len(violations(source, path)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("molecule.py", "from pes.units import AMU"),
        (
            "vibration/levels.py",
            "from pes.vibration.basis.primitives import sinc\nfrom . import kinetic",
        ),
        ("potential/neural.py", "from pes.descriptors import morse"),
        ("training/fit.py", "from pes import data, units"),
        ("run.py", "def f():\n    from pes.labelling.pyscf_calculation import calculated"),
        ("cli.py", "import argparse\nfrom pes import run\nfrom pes.config import Config"),
        ("__init__.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import pes.run"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert violations(source, path) == []


def rooms_seen(path: str, source: str) -> Iterator[str]:
    """Other rooms of `pes/setup` from which a file of one imports."""
    package = ["pes", *path.split("/")[:-1]]
    for one in imports(source, ".".join(package)):
        if one.module.startswith("pes.setup."):
            room = one.module.split(".")[2:-1]
            if room != package[2:]:
                yield "/".join(room)


@pytest.mark.parametrize("path", [p for p in FILES if p.startswith("setup/")])
def test_a_room_of_setup_looks_only_down(path: str) -> None:
    own = "/".join(path.split("/")[1:-1])
    row = next((n for n, rooms in enumerate(SETUP) if own in rooms), 0)  # of the shelf itself
    below = set().union(*SETUP[:row])
    assert {*rooms_seen(path, FILES[path])} <= below


def test_a_look_up_is_seen() -> None:
    source = "from pes.setup.levels.solved import solved\nfrom pes.setup.problem.ranges import f"
    assert [*rooms_seen("setup/problem/problem.py", source)] == ["levels"]
    assert [*rooms_seen("setup/training/train.py", "import pes.setup.training.train")] == []


def test_no_shelf_of_setup_is_long() -> None:
    shelves = Counter(p.rpartition("/")[0] for p in FILES if p.startswith("setup/"))
    assert {room: n for room, n in shelves.items() if n > MOST_FILES} == {}


def configurations(source: str) -> list[int]:
    """Lines that import the configuration, or have it as a variable, parameter or attribute."""
    lines = [i.line for i in imports(source, "pes") if i.module.startswith("pes.config")]
    for node in ast.walk(parsed(source)):
        match node:
            case (
                ast.Name(id="config")
                | ast.arg(arg="config")
                | ast.Attribute(attr="config")
                | ast.keyword(arg="config")
            ):
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", [p for p in FILES if p.split("/")[0] not in CONFIGURED])
def test_the_configuration_stays_in_config_and_run(path: str) -> None:
    assert configurations(FILES[path]) == []


@pytest.mark.parametrize(
    "source",
    [
        "from pes.config import TrainConfig",
        "from pes import config",
        "def f(config): ...",
        "def f(*, config=None): ...",
        "config = 1",
        "x = y.config",
        "f(config=1)",
        "class A:\n    config: int",
    ],
)
def test_a_configuration_is_seen(source: str) -> None:
    assert configurations(source) != []


def test_every_package_imported_is_declared() -> None:
    """Nothing is there only because a development tool happens to need it."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    declared = {re.split(r"[^\w-]", name)[0].lower() for name in project["dependencies"]}
    owners = packages_distributions()
    for path, source in FILES.items():
        for one in imports(source, ".".join(["pes", *path.split("/")[:-1]])):
            root = one.module.partition(".")[0]
            if root not in sys.stdlib_module_names | OPTIONAL:
                names = {name.lower() for name in owners.get(root, [root])}
                assert names & {*declared, "pes"}, f"pes/{path}:{one.line} imports {root}"


def test_modules_behind_an_extra_are_imported_late() -> None:
    optional = {
        "pes." + path.removesuffix(".py").replace("/", ".")
        for path, source in FILES.items()
        if any(i.module.partition(".")[0] in OPTIONAL for i in imports(source, "pes"))
    }
    for (path, source), module in product(FILES.items(), optional):
        if "pes." + path.removesuffix(".py").replace("/", ".") in optional:
            continue  # is behind an extra itself
        early = [i.line for i in imports(source, "pes") if i.module == module and not i.late]
        assert not early, f"pes/{path}:{early} imports {module}, which needs an extra"


LOADED = """
import json, os, sys, torch
for statement in sys.argv[1:]:
    if os.fork() == 0:
        exec(statement)
        os.write(1, json.dumps([*sys.modules]).encode() + b"\\n")
        os._exit(0)
    os.wait()
"""
"""Prints what each statement loads, in a process that has loaded torch and nothing else."""
NEEDLESS = {
    "import pes.vibration": {
        "ase", "matplotlib", "pes.config", "pes.run", "pes.training", "pydantic",
    },
    # Matplotlib when a picture is drawn, torch's compiler and its networks of processes never.
    "import pes.cli, pes.run.levels.command": {
        "ase", "matplotlib", "pint", "qcelemental", "sympy",
        "torch._dynamo", "torch.distributed.nn",
    },
    "import pes.data": {"ase", "pyscf", "matplotlib", "h5py", "cclib"},
    "import pes.cli": OPTIONAL,
}  # fmt: skip
"""Modules that a statement must not load."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process that has loaded torch")
def test_imports_load_what_they_need() -> None:
    command = [sys.executable, "-c", LOADED, *NEEDLESS]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = dict(zip(NEEDLESS, map(set, map(json.loads, run.stdout.splitlines())), strict=True))
    for statement, needless in NEEDLESS.items():
        assert not loaded[statement] & needless, statement
    assert "pes.run" in loaded["import pes.cli"]
    for path, source in FILES.items():
        if "pes." + path.removesuffix(".py").replace("/", ".") in loaded["import pes.vibration"]:
            assert not any(i.module.startswith("pydantic") for i in imports(source, "pes")), path
