"""Modules behind an optional extra are left out of the doctests where the extra is missing."""

from importlib.util import find_spec

OPTIONAL = {
    "pes/data/electronic_structure.py": "pyscf",
    "pes/run/train/search_optuna.py": "optuna",
}

collect_ignore = [path for path, package in OPTIONAL.items() if find_spec(package) is None]
