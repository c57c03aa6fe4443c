"""Measure how the code hangs together: `python scripts/structure.py [ROOT]`.

ROOT is a clone, by default the one this script lies in, so that two states can be compared. All
rows but two are read off the source; those two are `scripts/follow.py`, which runs a small fit
and a small levels calculation of ROOT and names the files (some seconds, nothing is written to
ROOT).

* Functions that take `config`: those with a parameter of this name.
* isinstance on surfaces and coordinates: calls that name a class defined in `pes/potential`,
  `pes/coordinates`, or a file `surface.py`, `surfaces.py` or `coordinates.py` elsewhere.
* Public names defined twice: names in `__all__` of two modules that each define them. Modules of
  commands (`cli/` and `run/`) are left out.
* Modules hidden by a name: a package exports a name that is also the name of one of its modules.
* Files that hand on one energy: from HDF5 to the loss of a fit. Files that hand on one range: from
  YAML to the basis. Files whose functions only look at the value are not among them.
* Longest chain of imports: files of `pes/vibration` of which each imports the next.
"""

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

Sources = dict[str, ast.Module]


def sources(package: Path) -> Sources:
    """Syntax trees of a package by path relative to it."""
    files = sorted(package.rglob("*.py"))
    return {f.relative_to(package).as_posix(): ast.parse(f.read_text("utf-8")) for f in files}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a file, inner ones included."""
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def files_per_folder(trees: Sources) -> dict[str, int]:
    """Files of each folder, `__init__` not counted."""
    return dict(
        sorted(Counter(str(Path(p).parent) for p in trees if not p.endswith("__init__.py")).items())
    )


def takes_config(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a parameter is called `config`."""
    given = function.args
    return any(a.arg == "config" for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def class_checks(trees: Sources) -> int:
    """Calls of `isinstance` that name a surface or a set of coordinates."""
    classes = {
        node.name
        for path, tree in trees.items()
        if path.startswith(("potential/", "coordinates/"))
        or path.endswith(("/surface.py", "/surfaces.py", "/coordinates.py"))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    return sum(
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "isinstance"
        and any(isinstance(n, ast.Name) and n.id in classes for n in ast.walk(node.args[1]))
        for tree in trees.values()
        for node in ast.walk(tree)
    )


def exported(tree: ast.Module) -> set[str]:
    """Names in `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def defined(tree: ast.Module) -> set[str]:
    """Functions, classes and variables that a module defines itself."""
    names = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Assign():
                names |= {
                    n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
                }
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


def defined_twice(trees: Sources) -> dict[str, list[str]]:
    """Public names that two modules define, with these modules."""
    homes: dict[str, list[str]] = {}
    for path, tree in trees.items():
        if not path.startswith(("cli", "run/")):
            for name in exported(tree) & defined(tree):
                homes.setdefault(name, []).append(path)
    return {name: paths for name, paths in sorted(homes.items()) if len(paths) > 1}


def hidden_modules(trees: Sources) -> dict[str, list[str]]:
    """Names that a package exports and that are also names of its modules."""
    return {
        f"{path.parent.name}.{name}": [module.as_posix()]
        for path in map(Path, trees)
        if path.name == "__init__.py"
        for name in sorted(exported(trees[path.as_posix()]))
        for module in (path.with_name(f"{name}.py"), path.parent / name / "__init__.py")
        if module.as_posix() in trees
    }


def longest_chain(trees: Sources, folder: str) -> list[str]:
    """Files of a folder, each of which imports the next."""
    modules = {
        "pes." + p.removesuffix(".py").removesuffix("/__init__").replace("/", "."): p
        for p in trees
        if p.startswith(f"{folder}/")
    }
    imports = {path: imports_of(trees[path], modules) for path in modules.values()}

    @cache
    def chain(path: str) -> tuple[str, ...]:
        return path, *max((chain(p) for p in imports[path]), key=len, default=())

    return list(max(map(chain, imports), key=len))


def imports_of(tree: ast.Module, modules: dict[str, str]) -> set[str]:
    """Files that a file imports; of `from package import module` the module alone."""
    files = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            files |= {modules[a.name] for a in node.names if a.name in modules}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if file := modules.get(inner) or modules.get(node.module):
                    files.add(file)
    return files


def files_handing_on(value: str, root: Path) -> int:
    """Number of files that hand on an `energy` or a `range`, by `scripts/follow.py`."""
    script = Path(__file__).with_name("follow.py")
    run = subprocess.run(
        [sys.executable, str(script), value, str(root)],
        capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    count = re.search(rf"{value} handed on by (\d+) files", run.stdout)
    if count is None:
        sys.exit(run.stderr)
    return int(count[1])


def main(root: Path) -> None:
    """Print the table."""
    trees = sources(root / "pes")
    names, hidden = defined_twice(trees), hidden_modules(trees)
    chain = longest_chain(trees, "vibration")
    everything = [f for tree in trees.values() for f in functions(tree)]
    print(f"{'files':<44}{len(trees):>6}")
    for folder, number in files_per_folder(trees).items():
        print(f"  {folder:<42}{number:>6}")
    rows = {
        "functions": len(everything),
        "functions that take config": sum(map(takes_config, everything)),
        "isinstance on surfaces and coordinates": class_checks(trees),
        "public names defined twice": len(names),
        "modules hidden by a name": len(hidden),
        "files that hand on one energy": files_handing_on("energy", root),
        "files that hand on one range": files_handing_on("range", root),
        "longest chain of imports in vibration": len(chain),
    }
    for what, number in rows.items():
        print(f"{what:<44}{number:>6}")
    print("\nlongest chain:", " > ".join(chain))
    for title, found in (("defined twice", names), ("hidden modules", hidden)):
        print(f"{title}:")
        for name, homes in found.items():
            print(f"  {name}: {', '.join(homes)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve())
