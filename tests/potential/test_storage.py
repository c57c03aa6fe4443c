"""A surface file gives back every bit, and nothing else is mistaken for one."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import save_file
from scattered_waters import WATER, waters
from torch import nn

from pes.descriptors import Invariants, Morse, invariants
from pes.descriptors.invariants import Level
from pes.potential import storage
from pes.potential.analytic import WaterPJT
from pes.potential.dipole import DipoleSurface
from pes.potential.dipole_network import DipoleNetwork
from pes.potential.ensemble import Ensemble
from pes.potential.header import signed
from pes.potential.kernel import KernelSurface
from pes.potential.kernel_fit import kernel_surface
from pes.potential.linear import LinearSurface
from pes.potential.linear_fit import linear_surface
from pes.potential.neural import NeuralSurface, neural_surface
from pes.potential.storage import SurfaceRecord, load_surface, save_surface


def linear() -> LinearSurface:
    return linear_surface(Invariants(WATER, 2), waters(20), WaterPJT()(waters(20)).detach())


def neural(baseline: nn.Module | None = None) -> NeuralSurface:
    energies = WaterPJT()(waters(20)).detach()
    return neural_surface(
        Morse(WATER, length=1.7), waters(20), energies, activation="silu", baseline=baseline, seed=3
    )


def dipole(charge: int = 0) -> DipoleSurface:
    surface = DipoleSurface(WATER, 2, charge=charge)
    generator = torch.Generator().manual_seed(charge)
    with torch.no_grad():
        surface.coefficients.copy_(torch.randn(surface.size, generator=generator))
    return surface


def kernel() -> KernelSurface:
    return kernel_surface(WATER, waters(20), WaterPJT()(waters(20)).detach(), length=2.0)[0]


SURFACES = {
    "dipole": lambda: dipole(1),
    "dipole network": lambda: DipoleNetwork(WATER, 2, (3, 4), activation="silu", charge=1, seed=2),
    "ensemble of dipoles": lambda: Ensemble([dipole(), dipole(2)], inflation=1.5),
    "ensemble": lambda: Ensemble([neural(linear()), linear()]),
    "analytic": WaterPJT,
    "kernel": kernel,
    "linear": linear,
    "neural": neural,
    "neural on linear": lambda: neural(linear()),
    "neural on analytic": lambda: neural(WaterPJT()),
}
RECORD = SurfaceRecord(
    ("O", "H", "D"), (-76.3, -76.1), "0123abc", waters(20), {"rmse": 0.1, "name": "Wasser, ß"},
    {"train": torch.tensor([3, -(2**63)]), "test": torch.tensor([2**63 - 1])},
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "surface.safetensors"
    save_surface(path, neural(), RECORD)
    return path


@pytest.mark.parametrize("make", SURFACES.values(), ids=SURFACES)
def test_round_trip_is_bit_identical(make, tmp_path: Path) -> None:
    surface, path = make(), tmp_path / "surface.safetensors"
    save_surface(path, surface, RECORD)
    loaded, record = load_surface(path)
    assert torch.equal(loaded(waters(20)), surface(waters(20)))
    assert torch.equal(record.training_positions, RECORD.training_positions)
    assert record.fingerprints.keys() == RECORD.fingerprints.keys()
    for part, keys in RECORD.fingerprints.items():
        assert torch.equal(record.fingerprints[part], keys)
    for name in ("symbols", "energy_range", "data_hash", "notes"):
        assert getattr(record, name) == getattr(RECORD, name)


def test_nothing_but_the_file_is_left(file: Path) -> None:
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (os, "replace")])
def test_a_failed_write_keeps_the_old_file(
    owner: object, name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(owner, name, full)
    with pytest.raises(OSError, match="disk full"):
        save_surface(file, linear(), RECORD)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_another_surface_cannot_be_stored(tmp_path: Path) -> None:
    class Flat(nn.Module):
        def forward(self, positions: torch.Tensor) -> torch.Tensor:
            return 0 * positions[:, 0, 0]

    for surface in (Flat(), neural(Flat())):
        with pytest.raises(ValueError, match=r"a Flat cannot be stored; .*neural"):
            save_surface(tmp_path / "x.safetensors", surface, RECORD)
    assert not list(tmp_path.iterdir())


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        load_surface(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_cut_off(file: Path, length: int) -> None:
    file.write_bytes(file.read_bytes()[:length])
    assert "cut off" in refusal(file)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Trap:
        def __reduce__(self):
            return marker.touch, ()

    path = tmp_path / "surface.pt"
    torch.save(Trap(), path)
    refusal(path)
    assert not marker.exists()


def test_other_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    for metadata in (None, {"pes": "not json"}, {"pes": "[]"}, {"format": "pt"}):
        save_file({"x": torch.zeros(2)}, path, metadata)
        assert "holds tensors but no pes surface" in refusal(path)


def test_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "surface.safetensors"
    monkeypatch.setattr(storage, "VERSION", 99)
    save_surface(path, linear(), RECORD)
    monkeypatch.undo()
    assert "version 99" in refusal(path)


def contents(file: Path) -> tuple[dict, dict]:
    """Header and tensors."""
    with storage.safe_open(file, framework="pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        return json.loads(opened.metadata()["pes"]), tensors


def test_the_file_holds_the_order_of_its_invariants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A generator that numbers the invariants backwards changes nothing for a surface that is saved.
    surface, path = linear(), tmp_path / "surface.safetensors"
    save_surface(path, surface, RECORD)
    original = invariants.invariant_levels

    def backwards(*arguments) -> list[Level]:
        return [
            replace(level, orbit=level.size - 1 - level.orbit) for level in original(*arguments)
        ]

    monkeypatch.setattr(invariants, "invariant_levels", backwards)
    assert not torch.equal(Invariants(WATER, 2)(waters(20)), surface.descriptor(waters(20)))
    assert torch.equal(load_surface(path)[0](waters(20)), surface(waters(20)))


def test_a_file_of_version_1(tmp_path: Path) -> None:
    surface, path = neural(linear()), tmp_path / "surface.safetensors"
    save_surface(path, surface, RECORD)
    header, tensors = contents(path)
    header["version"] = 1
    header.pop("sha256")
    old = {n: t for n, t in tensors.items() if t.is_floating_point()}
    assert len(old) < len(tensors)
    save_file(old, path, {"pes": json.dumps(header)})
    with pytest.warns(UserWarning, match="earlier version without a checksum"):
        loaded, _ = load_surface(path)
    assert torch.equal(loaded(waters(20)), surface(waters(20)))
    old.pop("surface.mean")
    save_file(old, path, {"pes": json.dumps(header)})
    with pytest.warns(UserWarning, match="without a checksum"):
        assert "mean" in refusal(path)


def sign(file: Path, header: dict, tensors: dict) -> None:
    """Write a file whose checksum is right, whatever it holds."""
    header = {key: value for key, value in header.items() if key != "sha256"}
    save_file(tensors, file, {"pes": signed(header, tensors)})


MORSE = {"kind": "morse", "elements": ["O", "H", "H"], "length": 1.7}
NEURAL = {"kind": "neural", "descriptor": MORSE, "hidden": [20, 20], "activation": "silu"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"kind": "forest"}}, "`settings.kind`: must be one of .*neural.*'forest'"),
        ({"settings": {}}, "`settings.kind`: field required"),
        ({"settings": NEURAL | {"hidden": ["a"]}}, "`settings.hidden.0`.*'a'"),
        ({"settings": NEURAL | {"hidden": [-1]}}, "`settings.hidden.0`.*greater.*-1"),
        ({"settings": NEURAL | {"activation": "relu"}}, "`settings.activation`.*'relu'"),
        ({"settings": NEURAL | {"baseline": []}}, "`settings.baseline`"),
        ({"settings": NEURAL | {"descriptor": MORSE | {"length": -1}}}, "descriptor.length`"),
        ({"settings": NEURAL | {"more": 1}}, "`settings.more`"),
        ({"settings": {"kind": "function", "reference": 3}}, "`settings.reference`"),
        ({"symbols": None}, "`symbols`"),
        ({"symbols": ["O", "H", "Q"]}, "`symbols.2`.*'Q' is not a known isotope"),
        ({"units": {"energy": "eV", "length": "bohr"}}, "`units.energy`.*'hartree', got 'eV'"),
        ({"energy_range": [1.0, 0.0]}, "`energy_range`: the lowest energy must come first"),
        ({"energy_range": [0, "x"]}, "`energy_range.1`"),
        ({"notes": []}, "`notes`"),
        ({"version": True}, "`version`"),
        ({"symbols": ["N", "H", "H"]}, "do not agree .*a surface of O H H for N H H"),
        ({"symbols": ["O", "H"]}, "do not agree .*training_positions"),
    ],
)
def test_a_header_that_lies(file: Path, change: dict, words: str) -> None:
    header, tensors = contents(file)
    sign(file, header | change, tensors)
    assert re.search(words, refusal(file))


def test_deeply_nested_headers(file: Path) -> None:
    _, tensors = contents(file)
    save_file(tensors, file, {"pes": "[" * 5000})
    refusal(file)
    save_surface(file, neural(), RECORD)
    header, tensors = contents(file)
    nested: list = []
    for _ in range(500):
        nested = [nested]
    sign(file, header | {"notes": {"a": nested}}, tensors)
    refusal(file)


def test_tensors_that_lie(file: Path) -> None:
    header, tensors = contents(file)
    for name, tensor, words in (
        ("surface.mean", None, "do not agree .*mean"),
        (
            "surface.mean",
            tensors["surface.mean"].float(),
            "mean must have type torch.float64",
        ),
        ("surface.mean", tensors["surface.mean"] * torch.nan, "mean holds NaN"),
        ("training_positions", torch.zeros(2, 3), "training_positions of shape"),
        ("surface.more", torch.zeros(2), "do not agree .*more"),
    ):
        changed = tensors | {name: tensor}
        sign(file, header, {n: t for n, t in changed.items() if t is not None})
        assert re.search(words, refusal(file))


def test_no_bit_may_flip(file: Path) -> None:
    """One bit in each of 300 places: refused, or nothing that is read has changed."""
    whole = file.read_bytes()
    surface, record = load_surface(file)
    draw = Random(0)
    refused = 0
    for place in [0, 7, 8, *(draw.randrange(len(whole)) for _ in range(297))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        try:
            again, second = load_surface(file)
        except ValueError:
            refused += 1
            continue
        # Blanks between the entries of the file's own table mean nothing.
        assert torch.equal(again(waters(20)), surface(waters(20)))
        assert replace(second, training_positions=None) == replace(record, training_positions=None)
    assert refused > 290


def test_tensors_that_were_swapped(file: Path) -> None:
    header, tensors = contents(file)
    a, b = "surface.mean", "surface.deviation"
    save_file(tensors | {a: tensors[b], b: tensors[a]}, file, {"pes": json.dumps(header)})
    assert "is damaged: its checksum" in refusal(file)


def test_a_missing_checksum(file: Path) -> None:
    header, tensors = contents(file)
    header.pop("sha256")
    save_file(tensors, file, {"pes": json.dumps(header)})
    assert "is damaged: its checksum" in refusal(file)


def test_equal_surfaces_are_equal_files(file: Path) -> None:
    written = "import sys; sys.path[:0] = sys.argv[1:3]; import test_storage as t; "
    written += "t.save_surface(sys.argv[3], t.neural(), t.RECORD)"
    here, again = Path(__file__).parent, str(file.with_name("again.safetensors"))
    command = [sys.executable, "-c", written, str(here), str(here.parent), again]
    subprocess.run(command, check=True)
    assert Path(again).read_bytes() == file.read_bytes()


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no surface file"):
        load_surface(tmp_path / "x.safetensors")
