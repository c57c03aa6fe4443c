"""Doctests without the optional extras, and tests with scrambled decompositions."""

import gc
from collections.abc import Generator, Iterator
from importlib.util import find_spec

import pytest
from scramble import scrambled

OPTIONAL = {
    "pes/data/formats/outputs.py": "cclib",
    "pes/labelling/dask_workers.py": "dask_jobqueue",
    "pes/labelling/pyscf_calculation.py": "pyscf",
    "pes/labelling/pyscf_methods.py": "pyscf",
    "pes/setup/training/planning/search_optuna.py": "optuna",
}

collect_ignore = [path for path, package in OPTIONAL.items() if find_spec(package) is None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scramble", type=int, metavar="SEED", default=None,
        help="random signs and mixtures of eigenvectors and singular vectors, as on any machine",
    )  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Garbage is not searched for among the tests, which all stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--scramble SEED` decompositions are those of a machine drawn at random."""
    seed = request.config.getoption("--scramble")
    if seed is None:
        yield
        return
    with scrambled(seed):
        yield
