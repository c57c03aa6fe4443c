"""Use a wheel as a stranger would: `python scripts/check_wheel.py dist/pes-*.whl`.

The wheel goes into a new environment that sees the packages it declares and theirs, linked
from the running one, and nothing else: no clone, no development tools. There `pip check` and
the commands of the README must pass, on the examples that the wheel holds, cut short.
"""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NoReturn

from packaging.metadata import parse_email
from packaging.requirements import Requirement

COMMANDS = (
    "pes-train --config configs/h2o.yaml --set training.epochs=20",
    "pes-levels runs/h2o --set vibration.levels=2 --set vibration.convergence=false",
    "pes-audit data/h2o_ccsdt_vtz.h5",
    "pes-evaluate runs/h2o data/h2o_ccsdt_vtz.h5 --holes 0",
    "pes-refine --example h2o",
    "pes-refine --config configs/refine_h2o.yaml --set adjust.degree=1 --set anchor=1.0",
    "pes-levels --example own_surface",
    "pes-levels --config examples/own_surface.yaml --set levels=2 --set convergence=false",
)
"""What the README tells to do, with few epochs and small bases."""
ALL = """
import sys
from importlib.metadata import entry_points
for name, *arguments in map(str.split, sys.argv[1:]):
    print("+", name, *arguments, flush=True)
    entry_points(group="console_scripts")[name].load()(arguments)
"""
"""Runs commands in one process: most of a short one goes into loading torch."""


def fail(message: str) -> NoReturn:
    """One line, exit code 1."""
    sys.exit(f"wheel: {message}")


def check_contents(wheel: Path) -> list[str]:
    """Requirements of the wheel, once it is sure to hold the package and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        requirements = parse_email(archive.read(metadata))[0].get("requires_dist", [])
    strangers = [n for n in names if not n.startswith("pes/") and ".dist-info/" not in n]
    if strangers:
        fail(f"holds files outside the package: {', '.join(strangers)}")
    if "pes/py.typed" not in names:
        fail("lacks pes/py.typed")
    return requirements


def closure(requirements: Iterable[str], extras: Iterable[str] = ()) -> dict[str, Distribution]:
    """Installed distributions that the requirements ask for, with all they ask for in turn."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(r), frozenset(extras)) for r in requirements]
    seen = set()
    while waiting:
        requirement, wanted = waiting.pop()
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": e}) for e in wanted or {""}):
            continue
        key = (requirement.name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        found[requirement.name] = distribution(requirement.name)
        inner = frozenset({"", *requirement.extras})
        waiting += [(Requirement(r), inner) for r in found[requirement.name].requires or ()]
    return found


def link(distributions: Iterable[Distribution], site_packages: Path) -> None:
    """Show each distribution's folders and files in another environment's site-packages."""
    for one in distributions:
        for name in {file.parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
            target = site_packages / name
            if not target.exists():
                target.symlink_to(Path(str(one.locate_file(name))).resolve())


def main(wheel: Path) -> None:
    """Command line."""
    requirements = check_contents(wheel)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder, "venv"), symlinks=True)
        scripts = Path(folder, "venv", "bin")
        site_packages = next(Path(folder, "venv", "lib").glob("python*/site-packages"))
        link(closure(requirements).values(), site_packages)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
        for command in (
            [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
            [*pip, "check"],
            [str(scripts / "pes-train"), "--example", "h2o"],
            [str(scripts / "python"), "-c", ALL, *COMMANDS],
        ):
            print("+", *(part for part in command if part != ALL), flush=True)
            run = subprocess.run(
                command, cwd=folder, env=environment, check=False, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            if run.returncode:
                fail(f"exit code {run.returncode} from: {' '.join(command)}\n{run.stdout}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        fail("usage: check_wheel.py WHEEL")
    main(Path(sys.argv[1]).resolve())
