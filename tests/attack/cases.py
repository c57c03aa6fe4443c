"""Valid inputs of every command, small, and the ways to break them."""

import json
import math
import struct
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

import h5py
import numpy as np
import torch
import yaml
from attack.harness import Attack
from safetensors import safe_open
from safetensors.torch import save_file

from pes.data import Dataset, write
from pes.data.formats.extxyz import write_geometries
from pes.descriptors import Invariants
from pes.potential import SurfaceRecord, linear_surface, save_surface
from pes.potential.header import signed
from pes.training.checkpoint import save_checkpoint
from pes.training.epoch import TrainingState

__all__ = ["attacks", "configurations", "damaged", "known", "surfaces", "valid_folder"]

SHARED = run_path(str(Path(__file__).parents[1] / "conftest.py"))
"""Configurations and points of the tests of the commands."""

TRAIN: dict[str, Any] = SHARED["TRAIN"]
LEVELS: dict[str, Any] = SHARED["LEVELS"]
points_of_water: Callable[..., Dataset] = SHARED["points_of_water"]

OBSERVED = "v1,v2,v3,energy,uncertainty\n0,1,0,1595.0,0.1\n0,2,0,3152.0,0.1\n1,0,0,3657.0,0.1\n"

REFINE: dict[str, Any] = {
    "name": "tiny", "device": "cpu", "threads": 1, "surface": "water_pjt1996", "data": "water.h5",
    "adjust": {"kind": "polynomial", "degree": 1}, "steps": 1, "anchor": 1e-6,
    "coordinates": {"ranges": {"r1": [0.7, 1.4], "r2": [0.7, 1.4], "theta": [50, 175]}},
    "basis": {"all": {"functions": 4, "points": 7, "primitives": 24}},
    "isotopologues": [{"molecule": ["O", "H", "H"], "observed": "light.csv"}],
}  # fmt: skip

SAMPLE: dict[str, Any] = {
    "name": "tiny", "device": "cpu", "threads": 1, "surface": "water_pjt1996", "count": 5,
    "samples": 64, "energy": 30000,
    "coordinates": {"ranges": {"r1": [0.8, 1.3], "r2": [0.8, 1.3], "theta": [70, 150]}},
}  # fmt: skip

LABEL: dict[str, Any] = {
    "name": "tiny", "geometries": "new.xyz", "attempts": 1,
    "workers": {"kind": "processes", "count": 1},
    "program": {"kind": "external", "template": "point.inp", "energy": r"E = (\S+)",
                "command": f"{sys.executable} ../../../../program.py"},
}  # fmt: skip

SPECTRUM: dict[str, Any] = {
    **LEVELS, "J": [0, 1], "spectrum": {"dipole": "own.py:dipole", "temperature": 296.0},
}  # fmt: skip

CONFIGS = {
    "train": TRAIN, "levels": LEVELS, "refine": REFINE, "sample": SAMPLE, "label": LABEL,
    "spectrum": SPECTRUM,
}  # fmt: skip

OWN = """
from pathlib import Path
from pes.potential.analytic import WaterPJT
SURFACE = WaterPJT()
def good(x):
    return SURFACE(x)
def dipole(x):
    return 0.3 * (x[:, 1] + x[:, 2] - 2 * x[:, 0])
"""

PROGRAM = """
lines = open("point.inp").read().split()
print("E =", sum(float(x) for x in lines[1::4]))
"""

EVIL = "from pathlib import Path\nPath('executed').touch()\ndef f(x):\n    return 0 * x[:, 0, 0]\n"


def valid_folder(folder: Path) -> None:
    """Put valid inputs of all commands into a folder."""
    data = points_of_water(forces=True)
    for name in ("water.h5", "water.xyz", "water.npz", "water.json"):
        write(folder / name, data)
    energies = points_of_water()
    write(folder / "plain.h5", energies)
    for name, content in CONFIGS.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    (folder / "light.csv").write_text(OBSERVED)
    table = ["r1,r2,theta,energy"]
    table += [f"{0.9 + 0.01 * k},{0.95},{100 + k},{-76.0 + 0.001 * k * k}" for k in range(30)]
    (folder / "water.csv").write_text("\n".join(table) + "\n")
    surface = linear_surface(Invariants(("O", "H", "H"), 3), data.positions, data.energies)
    lowest, highest = float(data.energies.min()), float(data.energies.max())
    record = SurfaceRecord(data.symbols, (lowest, highest), data.sha256, data.positions)
    save_surface(folder / "water.safetensors", surface, record)
    (folder / "own.py").write_text(OWN)
    (folder / "program.py").write_text(PROGRAM)
    (folder / "point.inp").write_text("{geometry}\n")
    write_geometries(folder / "new.xyz", data.symbols, data.positions[:3])
    (folder / "evil.py").write_text(EVIL)


COMMAND_LINES: dict[str, tuple[str, ...]] = {
    **{name: ("--config", f"{name}.yaml") for name in CONFIGS},
    "evaluate": ("water.safetensors", "water.h5", "--holes", "0", "--output", "runs/evaluation"),
    "audit": ("water.h5", "--output", "runs/audit"),
    "convert": ("water.h5", "out.xyz"),
    "export": ("water.safetensors", "water.py"),
    "check-gradients": ("water.safetensors", "--geometries", "2", "--output", "runs/gradients"),
    "report": ("runs/tiny",),
}


def place(content: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of a configuration with another value at `section.key`."""
    result = deepcopy(content)
    inner: Any = result
    *parents, last = key.split(".")
    for parent in parents:
        if not isinstance(inner.get(parent), dict):
            inner[parent] = {}
        inner = inner[parent]
    inner[last] = value
    return result


def configured(command: str, key: str, value: Any, name: str = "") -> Attack:
    """A command whose configuration has another value at a key."""

    def broken(folder: Path) -> None:
        content = place(CONFIGS[command], key, value)
        (folder / f"{command}.yaml").write_text(yaml.safe_dump(content))

    return Attack(command, name or f"{key}: {value!r:.40}", COMMAND_LINES[command], broken)


def file_of(command: str, name: str, write: Callable[[Path], object], *arguments: str) -> Attack:
    """A command one of whose files is written anew by a function of the folder."""
    return Attack(command, name, arguments or COMMAND_LINES[command], write)


def text(file: str, content: str) -> Callable[[Path], object]:
    """Function that writes a file."""
    return lambda folder: (folder / file).write_text(content)


def own(body: str) -> Callable[[Path], object]:
    """Function that writes a surface of the user's own, own.py:f."""
    return text("own.py", f"import sys, os, torch\nfrom torch import nn\n{body}\n")


def constant(folder: Path) -> None:
    """Constant energies, zero forces."""
    with h5py.File(folder / "water.h5", "r+") as file:
        file["energies"][:] = -76.0
        file["forces"][:] = 0.0


def columns_dataset(folder: Path) -> None:
    """`columns` a dataset where a group is due."""
    with h5py.File(folder / "water.h5", "r+") as file:
        del file["columns"]
        file["columns"] = np.zeros(3)


def declared(folder: Path) -> None:
    """A dataset that says it has 10¹¹ rows."""
    with h5py.File(folder / "water.h5", "r+") as file:
        del file["positions"]
        file.create_dataset(
            "positions", (10**11, 3, 3), "f8", chunks=(100, 3, 3), fillvalue=1.0
        ).attrs["units"] = "bohr"


def npz_declared(folder: Path) -> None:
    """An array in a .npz whose header says 745 GiB."""
    import zipfile

    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000, 1), }"
    body = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head) + 1) + head.encode() + b"\n"
    with zipfile.ZipFile(folder / "water.npz", "w") as file:
        file.writestr("R.npy", body + b"\0" * 80)
        file.writestr("E.npy", body + b"\0" * 80)
        file.writestr("z.npy", body + b"\0" * 80)


def state(**changes: Any) -> Callable[[Path], object]:
    """A state.pt of an unfinished run, some fields changed or left out."""

    def broken(folder: Path) -> None:
        run = folder / "runs" / "tiny"
        run.mkdir(parents=True)
        zero = torch.zeros(25, dtype=torch.float64)
        save_checkpoint(
            run / "state.pt",
            TrainingState(**{
                "epoch": 1, "seconds": 1.0, "parameters": zero, "best_parameters": zero,
                "best_loss": 1.0, "best_epoch": 1, "optimizer": {}, **changes,
            }),
        )  # fmt: skip
        config = yaml.safe_load((folder / "train.yaml").read_text())
        config["data"]["file"] = str(folder / "water.h5")
        (run / "config.yaml").write_text(yaml.safe_dump(config))
        from pes.data import Split, read

        data = read(folder / "water.h5")
        parts = (torch.arange(*ends) for ends in ((0, 42), (42, 51), (51, 60)))
        Split(*parts, data.sha256, 0).save(run / "split.json")
        choices = {"format": "pes-training-choices", "version": 1, "optimizer":
                   "levenberg_marquardt", "search": {}, "fits": [{"linear": None,
                   "force_weight_angstrom2": 1.0}]}  # fmt: skip
        (run / "chosen.json").write_text(json.dumps(choices))

    return broken


def known() -> Iterator[Attack]:
    """Attacks that once ended in a crash, a traceback, a hang or wrong results."""
    for command in CONFIGS:
        yield configured(command, "threads", 100_000)
        yield configured(command, "device", "meta")
        yield configured(command, "name", "../../escape")
        yield file_of(command, "nested", text(f"{command}.yaml", "a: " + "[" * 3000))
        yield file_of(command, "loop", lambda f, c=command: _loop(f / f"{c}.yaml"))
        yield file_of(command, "duplicate key", _appended(f"{command}.yaml", "name: other\n"))
        yield file_of(command, "byte-order mark", _encoded(f"{command}.yaml", "utf-16"))
    for key in ("molecule", "coordinates.ranges", "basis", "vibration"):
        yield configured("levels", key, [])
    yield configured("train", "seed", 10**30)
    yield configured("sample", "seed", 10**30)
    yield configured("levels", "basis.all.functions", 100_000)
    yield configured("levels", "basis.r1", {"functions": 100_000, "points": 100_000})
    yield configured("levels", "levels", 10**9)
    yield configured("levels", "name", "$\\frac{$")
    yield configured("refine", "basis", {**REFINE["basis"], "r1": {"functions": 6}})
    yield configured("sample", "samples", 10**12)
    yield configured("sample", "count", 10**12)
    yield configured("train", "surface.hidden", [10**7, 10**7])
    yield configured("train", "training.memory", 10**9)
    yield file_of("audit", "constant", constant)
    yield file_of("train", "constant", constant)
    yield file_of("audit", "columns a dataset", columns_dataset)
    yield file_of("train", "columns a dataset", columns_dataset)
    yield file_of("audit", "declared 10^11 rows", declared)
    yield file_of("audit", "npz 745 GiB", npz_declared, "water.npz", "--output", "runs/audit")
    atoms = f"{10**11}\nspecies\nO 0 0 0\n"
    yield file_of("audit", "10^11 atoms", text("big.xyz", atoms), "big.xyz", "--output", "runs/a")
    field = "r1,r2,theta,energy\n" + "1" * 200_000 + ",1,100,-76\n"
    yield file_of(
        "convert", "field of 200,000", text("big.csv", field), "big.csv", "out.h5", "--formula",
        "O H H", "--units", "energy=hartree,length=angstrom",
    )  # fmt: skip
    marked = "\ufeff" + OBSERVED
    yield file_of("refine", "CSV with a byte-order mark", text("light.csv", marked))
    yield file_of("refine", "CSV field", text("light.csv", OBSERVED + "1" * 200_000 + ",1,1,1,1\n"))
    yield file_of(
        "refine", "level typed wrong", text("light.csv", OBSERVED.replace("1595", "9999"))
    )
    yield file_of("audit", "JSON nested", text("a.json", "[" * 100_000), "a.json", "--output", "r")
    yield file_of("audit", "a folder", lambda f: (f / "d.h5").mkdir(), "d.h5", "--output", "runs/a")
    yield file_of("audit", "a loop", lambda f: _loop(f / "l.h5"), "l.h5", "--output", "runs/a")
    evaluate = ("own.py:f", "plain.h5", "--holes", "0", "--output", "runs/e")
    for body in SURFACES:
        yield file_of("evaluate", f"surface {body[-60:]!r}", own(body), *evaluate)
        yield file_of("check-gradients", f"surface {body[-60:]!r}", own(body), "own.py:f")
        for command in ("levels", "sample", "refine"):
            yield Attack(command, f"surface {body[-60:]!r}", COMMAND_LINES[command],
                         _with_surface(command, own(body)))  # fmt: skip
    for body in DIPOLES:
        yield file_of("spectrum", f"dipole {body!r}", own(body.replace("def f", "def dipole")))
    yield Attack("report", "no run", COMMAND_LINES["report"], lambda _: None)
    yield Attack("report", "an empty folder", COMMAND_LINES["report"],
                 lambda folder: (folder / "runs" / "tiny").mkdir(parents=True))  # fmt: skip
    yield Attack(
        "evaluate", "--holes 99999999999",
        ("water.safetensors", "water.h5", "--holes", "99999999999", "--output", "runs/e"),
        lambda _: None,
    )  # fmt: skip
    resume = ("--config", "train.yaml", "--resume", "auto")
    yield Attack("train", "state without optimizer", resume, state())
    yield Attack("train", "state of 3 parameters", resume, state(parameters=torch.zeros(3)))
    yield Attack("train", "state with NaN", resume, state(
        parameters=torch.full((25,), math.nan, dtype=torch.float64)))  # fmt: skip


SURFACES = (
    "def f(x):\n    sys.exit(0)",
    "def f(x):\n    raise SystemExit",
    "def f(x):\n    raise RuntimeError('a\\nb')",
    "def f(x):\n    raise KeyError(3)",
    "def f(x):\n    raise KeyboardInterrupt",
    "class M(nn.Module):\n    def forward(self, x):\n        raise RuntimeError('a')\nf = M()",
    "class M(nn.Module):\n    def forward(self, x):\n        return x[:, 0, 0].float()\nf = M()",
    "class M(nn.Module):\n    def forward(self, x):\n        return x\nf = M()",
    "class M(nn.Module):\n    def forward(self, x):\n        return None\nf = M()",
    "class M(nn.Module):\n    def forward(self, x):\n        sys.exit(0)\nf = M()",
    "def f(x):\n    return x[:, 0, 0] * float('nan')",
    "def f(x):\n    return torch.zeros(len(x), dtype=torch.float64)",
    "def f(x):\n    return torch.randn(len(x), dtype=torch.float64)",
    "def f(x):\n    return torch.arange(len(x), dtype=torch.float64)",
    "from own_good import good\ndef f(x):\n    return good(x)",
    "sys.exit(0)\ndef f(x): return x[:, 0, 0]",
    "from pes.potential.analytic import WaterPJT\nW = WaterPJT()\n"
    "def f(x):\n    return W(x) + 1e-4 * len(x)",
    "from pes.potential.analytic import WaterPJT\nW = WaterPJT()\nN = [0]\n"
    "def f(x):\n    N[0] += 1\n    return W(x) + 1e-5 * N[0]",
    "from pes.potential.analytic import WaterPJT\nW = WaterPJT()\n"
    "def f(x):\n    return W(x) + 1e-4 * torch.arange(len(x)) / len(x)",
)


DIPOLES = (
    "def f(x):\n    sys.exit(0)",
    "def f(x):\n    raise RuntimeError('a')",
    "def f(x):\n    return x",
    "def f(x):\n    return x[:, 0, 0]",
    "def f(x):\n    return None",
    "def f(x):\n    return x[:, 0] * float('nan')",
    "def f(x):\n    return x[:, 0].float()",
    "def f(x):\n    return torch.randn(len(x), 3, dtype=torch.float64)",
    "def f(x):\n    return torch.ones(len(x), 3, dtype=torch.float64)",
)
"""Moments that a line list must not be computed from."""


def _with_surface(command: str, write: Callable[[Path], object]) -> Callable[[Path], object]:
    def broken(folder: Path) -> None:
        write(folder)
        content = place(CONFIGS[command], "surface", "own.py:f")
        (folder / f"{command}.yaml").write_text(yaml.safe_dump(content))

    return broken


def _loop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def _appended(file: str, more: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_text((folder / file).read_text() + more)


def _encoded(file: str, encoding: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes((folder / file).read_text().encode(encoding))


NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 10**30, float("nan"), float("inf"), "", "x", "../x", "a\0b", [], [[]],
    [0], {}, {"a": 1}, "9" * 400, [1e400] * 3, "é" * 300, "nan", "1e9", "~", [None, None, None],
)  # fmt: skip
"""Values of the wrong type, size or spelling."""


def keys_of(content: Any, before: str = "") -> Iterator[str]:
    """Every key of a configuration, as section.key."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{before}{key}"
            yield from keys_of(value, f"{before}{key}.")


MORE_KEYS = {
    "train": (
        "molecule", "seed", "search", "ensemble", "data.window", "data.column", "data.split",
        "data.forces", "data.units", "data.keys", "surface.kind", "surface.baseline",
        "surface.activation", "training.optimizer", "training.weights", "training.patience",
        "training.restarts", "training.memory", "training.force_weight", "training.max_seconds",
    ),
    "levels": (
        "energy", "cap", "solver", "symmetry", "accuracy", "quanta", "weights", "product_energy",
        "reference", "groups", "ensemble", "densities", "spectrum", "labels", "nuclear_masses",
        "coordinates.kind", "coordinates.centre", "coordinates.reference", "coordinates.maps",
        "functions", "J", "rotation", "minutes",
    ),
    "refine": (
        "anchor_energy", "uncertainty_floor", "nuclear_masses", "cap", "functions",
        "adjust.variable", "adjust.length",
    ),
    "sample": ("seed", "molecule", "points", "choose", "offset", "functions", "coordinates.kind"),
    "label": (
        "minimum", "notes", "dipole", "program.guesses", "program.minutes", "program.format",
        "program.gradient", "program.columns", "program.length",
    ),
    "spectrum": ("spectrum.weakest", "spectrum.nuclear_spins", "rotation", "symmetry"),
}  # fmt: skip
"""Keys that the valid configurations leave out."""


def configurations() -> Iterator[Attack]:
    """Every nasty value at every key, every key left out, and a key misspelt."""
    for command, content in CONFIGS.items():
        for key in (*keys_of(content), *MORE_KEYS[command]):
            for value in NASTY:
                yield configured(command, key, value)
            yield configured(command, f"{key}x", 1)


FILES = {
    "audit": ("water.h5", "water.xyz", "water.npz", "water.json"),
    "convert": ("water.h5", "water.xyz", "water.npz", "water.json"),
    "evaluate": ("water.safetensors", "water.h5"),
    "check-gradients": ("water.safetensors",),
    "label": ("new.xyz", "point.inp", "label.yaml"),
    "train": ("water.h5", "train.yaml"),
    "levels": ("levels.yaml",),
    "refine": ("light.csv", "refine.yaml"),
}


def damaged(draw: Random, count: int) -> Iterator[Attack]:
    """Files cut short, with bits flipped, bytes taken out, put in or doubled."""
    for number in range(count):
        command = draw.choice(list(FILES))
        name = draw.choice(FILES[command])
        arguments = COMMAND_LINES[command]
        if command in ("audit", "convert"):
            arguments = (name, *arguments[1:])
        yield Attack(
            command, f"{name} damaged, {number}", arguments, _damage(name, draw.randrange(2**32))
        )  # fmt: skip


def _damage(name: str, seed: int) -> Callable[[Path], object]:
    def broken(folder: Path) -> None:
        draw = Random(seed)
        content = bytearray((folder / name).read_bytes())
        place = draw.randrange(len(content))
        kind = draw.choice(("cut", "flip", "flips", "drop", "insert", "zero", "double"))
        if kind == "cut":
            del content[place:]
        elif kind == "flip":
            content[place] ^= 1 << draw.randrange(8)
        elif kind == "flips":
            for _ in range(20):
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        elif kind == "drop":
            del content[place : place + draw.randrange(1, 50)]
        elif kind == "insert":
            content[place:place] = draw.randbytes(draw.randrange(1, 50))
        elif kind == "zero":
            content[place : place + 64] = bytes(len(content[place : place + 64]))
        else:
            content += bytes(content)
        (folder / name).write_bytes(content)

    return broken


def surfaces() -> Iterator[Attack]:
    """Headers of surface files that lie, their checksum right."""
    changes: dict[str, tuple[Any, ...]] = {
        "format": (None, 3, "other"), "version": (None, 0, 99, "3", True, 1.5),
        "units": (None, {}, {"energy": "eV", "length": "bohr"}),
        "symbols": (None, [], ["O"], "OHH"),
        "energy_range": (None, [], [1, 0], ["a", 0], [1e400, 0]), "data_hash": (None, 3),
        "notes": (None, [], "x"), "more": (1,),
        "settings": (
            None, {}, [], {"kind": "forest"}, {"kind": "function", "reference": "evil.py:f",
            "differentiable": True}, {"kind": "ensemble", "members": []},
            {"kind": "corrected", "base": {"kind": "function", "reference": "evil.py:f",
             "differentiable": True}, "correction": {"kind": "water_pjt1996"}},
            {"kind": "linear", "descriptor": {"kind": "invariants", "elements": ["O", "H", "H"],
             "degree": 30, "length": 2.0, "variable": "morse"}, "baseline": None},
            {"kind": "neural", "descriptor": {"kind": "morse", "elements": ["O", "H", "H"],
             "length": 2.0}, "hidden": [100000, 100000], "activation": "tanh", "baseline": None},
        ),
    }  # fmt: skip
    for key, values in changes.items():
        for value in values:
            for command in ("evaluate", "levels", "sample"):
                yield Attack(
                    command, f"header {key}: {value!r:.60}", COMMAND_LINES[command],
                    _lying(command, key, value),
                )  # fmt: skip


def _lying(command: str, key: str, value: Any) -> Callable[[Path], object]:
    def broken(folder: Path) -> None:
        path = folder / "water.safetensors"
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()["pes"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header.pop("sha256")
        save_file(tensors, path, {"pes": signed(header | {key: value}, tensors)})
        if command in CONFIGS:
            content = place(CONFIGS[command], "surface", "water.safetensors")
            (folder / f"{command}.yaml").write_text(yaml.safe_dump(content))

    return broken


def attacks(seed: int = 0, files: int = 400) -> list[Attack]:
    """All attacks, those on files drawn at random."""
    return [*known(), *surfaces(), *configurations(), *damaged(Random(seed), files)]
