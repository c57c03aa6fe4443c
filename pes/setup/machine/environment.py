"""Versions, device, threads, precision and seed: the facts by which a reader judges numbers."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

__all__ = ["environment", "environment_line", "threads", "usual_threads"]

PACKAGES = ("pes", "torch", "numpy", "scipy", "h5py", "qcelemental")


def environment(device: torch.device, seed: int | None = None) -> dict[str, Any]:
    """Versions, device, precision and seed, as one line."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        # torch's own word tells a CPU build from a CUDA one.
        "versions": {"python": platform.python_version(), **versions, "torch": torch.__version__},
        "device": str(device),
        "threads": torch.get_num_threads(),
        "dtype": "float64",
        "units": "hartree, bohr, electron mass inside; cm-1, angstrom, u in files and tables",
        "seed": seed,
    }


def environment_line(device: torch.device, seed: int | None = None) -> str:
    """Versions and device as the first line of a log."""
    known = environment(device, seed)
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    drawn = "" if seed is None else f", seed {seed}"
    plural = "s" * (known["threads"] != 1)
    return (
        f"versions: {versions}; device {known['device']}, {known['threads']} thread{plural}, "
        f"{known['dtype']}{drawn}; units: {known['units']}"
    )


def usual_threads(atoms: int) -> int | None:
    """CPU threads for levels of so many atoms; None leaves the choice to torch.

    Matrices of three atoms are so small that several threads are slower than one.
    """
    return 1 if atoms == 3 else None


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """Compute with so many CPU threads, afterwards with as many as before; None changes nothing.

    Example:
        >>> with threads(1):
        ...     torch.get_num_threads()
        1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
