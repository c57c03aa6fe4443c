"""Levels by any name a surface may go by, and the files they end in."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml

import pes
from pes import cli, plots
from pes.config import Vibration
from pes.data import Dataset
from pes.potential import Ensemble, Surface, load_surface
from pes.potential.analytic import WaterPJT
from pes.potential.storage import SurfaceRecord, save_surface
from pes.run.levels.command import run_levels
from pes.run.levels.request import threads_for
from pes.units import ANGSTROM, CM1

Command = Callable[..., Path]
Refusal = Callable[..., str]

OWN = """
import numpy as np
import torch
from pes.potential.analytic import WaterPJT

SURFACE = WaterPJT()

def in_torch(positions):
    return SURFACE(positions)

def in_numpy(positions):
    with torch.no_grad():
        return SURFACE(torch.from_numpy(positions)).numpy()

def dipole(positions):
    charges = np.array([-0.66, 0.33, 0.33])
    return np.einsum("a,bax->bx", charges, positions)
"""


@pytest.fixture
def _no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these levels."""
    monkeypatch.setattr(plots, "level_diagram", lambda path, *_, **__: path.touch())


def read(folder: Path) -> dict:
    return json.loads((folder / "levels.json").read_text())


def energies(folder: Path) -> list[float]:
    return [row["energy"] for row in read(folder)["levels"]]


def test_everything_a_run_leaves(pes_levels: Command) -> None:
    folder = pes_levels(convergence=True, levels=2, sensitivities={"masses": True})
    assert {p.name for p in folder.iterdir()} == {
        "chosen.yaml", "config.yaml", "levels.csv", "levels.h5", "levels.json", "levels.log",
        "levels.png", "sensitivities.csv",
    }  # fmt: skip
    found = read(folder)
    assert found["molecule"] == ["O", "H", "H"]
    # The surface is zero at its minimum; the search ends within 1e-6 cm⁻¹.
    assert found["minimum_energy"] == pytest.approx(0, abs=1e-6)
    # Three functions for each coordinate: within a few per cent of 4634.76 and 1594.66 cm⁻¹.
    assert found["zero_point_energy"] == pytest.approx(4634.8, rel=0.05)
    ground, bend = found["levels"]
    assert ground["energy"] == 0
    assert bend["energy"] == pytest.approx(1594.7, rel=0.05)
    assert all(level["convergence"] > 0 for level in (ground, bend))
    assert bend["v1 v2 v3"] == "0 1 0"
    assert ground["<r1>"] == pytest.approx(0.97, abs=0.03)
    assert [ground["irrep"], bend["irrep"]] == ["A1", "A1"]
    # Measured: 27.88, 14.51 and 9.28 cm⁻¹, with Coriolis coupling.
    constants = [ground[key] for key in ("<A>", "<B>", "<C>")]
    assert constants == pytest.approx([27.88, 14.51, 9.28], rel=0.05)
    with (folder / "levels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["energy"]) for row in rows] == [ground["energy"], bend["energy"]]
    with (folder / "sensitivities.csv").open(newline="") as file:
        slopes = list(csv.DictReader(file))
    # A heavier atom always lowers a level.
    by_mass = [[float(v) for k, v in row.items() if k.startswith("m[")] for row in slopes]
    assert all(v < 0 for row in by_mass for v in row)
    assert "masses in reverse mode" in (folder / "levels.log").read_text()  # 3 masses, 2 levels
    # All masses together, and K: -1/2 for harmonic levels, less where anharmonic.
    together = [sum(a * b for a, b in zip(row, found["masses_u"], strict=True)) for row in by_mass]
    assert [float(row["ln mu (cm-1)"]) for row in slopes] == pytest.approx(together)
    assert float(slopes[1]["K"]) == pytest.approx((together[1] - together[0]) / bend["energy"])
    assert all(-0.51 < float(row["K"]) < -0.42 for row in slopes)


@pytest.mark.usefixtures("_no_picture")
def test_wavefunctions_can_be_read_back(pes_levels: Command) -> None:
    with h5py.File(pes_levels() / "levels.h5") as file:
        psi, positions = file["wavefunctions"][()], file["positions"][()]
        assert list(file.attrs["symbols"]) == ["O", "H", "H"]
        assert file["energies"].attrs["units"] == "hartree"
        assert psi.shape == (3, len(positions))
        assert file["irrep"].asstr()[()].tolist() == ["A1", "A1", "A1"]
    # Sums of 125 products of rounded numbers.
    np.testing.assert_allclose(psi @ psi.T, np.eye(3), atol=1e-12)


@pytest.mark.usefixtures("_no_picture")
def test_one_surface_by_many_names(
    pes_levels: Command, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "own_water.py").write_text(OWN)
    monkeypatch.setattr("sys.path", [str(work), *__import__("sys").path])
    stretch = torch.tensor([1.0, 1.1], dtype=torch.float64)[:, None, None]
    geometries = stretch * torch.eye(3, dtype=torch.float64) * ANGSTROM
    record = SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "none", geometries)
    save_surface(work / "water.safetensors", WaterPJT(), record)
    expected = energies(pes_levels())
    for name in (
        "water.safetensors", "own_water.py:in_torch", "own_water.py:in_numpy",
        "own_water:in_torch", "own_water:in_numpy",
    ):  # fmt: skip
        found = energies(pes_levels("--overwrite", surface=name))
        # The same sums in the same order; the minimum plays no part in energies above E₀.
        assert found == pytest.approx(expected, abs=1e-8), name


@pytest.mark.usefixtures("_no_picture")
def test_levels_of_a_training(pes_train: Command, work: Path) -> None:
    linear = {"baseline": {"kind": "linear", "degree": 4}}
    run = pes_train(surface=linear)
    cli.levels([str(run)])
    cli.levels([str(run), "--output", str(work / "other"), "--set", "vibration.levels=2"])
    assert energies(work / "other") == energies(run / "levels")[:2]
    outside = [row["P(extrap)"] for row in read(run / "levels")["levels"]]
    assert all(0 <= o <= 1 for o in outside)


@pytest.mark.usefixtures("_no_picture")
def test_levels_of_a_fit_saved_from_python(
    water: Callable[..., Dataset], work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder holds no configuration: every choice is the default, here and there."""
    pes.train(water(), form=pes.LinearForm(degree=4)).save(work / "fit")
    few = ("levels=3", "basis.all.functions=4", "vibration.convergence=false")  # either name
    cli.levels(["fit", *(word for setting in few for word in ("--set", setting))])
    basis = {"all": pes.BasisSize(functions=4)}
    ours = pes.levels("fit", count=3, basis=basis, convergence=False)
    assert energies(work / "fit" / "levels") == ours.energies.tolist()
    assert read(work / "fit" / "levels")["name"] == "fit"
    with pytest.raises(SystemExit):
        cli.levels(["fit", "--overwrite", "--set", "vibration.level=3"])
    assert "pes: fit: unknown key `vibration.level`" in capsys.readouterr().err


@pytest.mark.usefixtures("_no_picture")
def test_isotopes_and_kind_of_mass(pes_levels: Command) -> None:
    water = read(pes_levels())
    heavy = read(pes_levels("--overwrite", molecule=["O", "D", "D"]))
    nuclear = read(pes_levels("--overwrite", nuclear_masses=True))
    assert heavy["masses_u"][1] == pytest.approx(2.01410177812, abs=1e-9)
    # D2O 3387.2 against H2O 4634.8 cm⁻¹, both in a small basis.
    ratio = heavy["zero_point_energy"] / water["zero_point_energy"]
    assert ratio == pytest.approx(3387.203 / 4634.765, abs=0.01)
    # One electron of 1/1837 of the mass less on each hydrogen: half of that in ω.
    ratio = nuclear["zero_point_energy"] / water["zero_point_energy"]
    assert ratio == pytest.approx(1 + 0.5 / 1837, abs=5e-5)


@pytest.mark.usefixtures("_no_picture")
def test_perturbation_against_differences(pes_levels: Command) -> None:
    def run(strength: float) -> dict:
        bump = {"coordinate": "r1", "centre": 1.06, "width": 0.05, "strength": strength}
        basis = {"all": {"functions": 6, "points": 9, "primitives": 20}}
        wanted = {"perturbations": {"bump": bump}}
        return read(pes_levels("--overwrite", sensitivities=wanted, basis=basis, levels=2))

    (slope,) = run(0.0)["derivatives"].values()
    up, down = run(1.0), run(-1.0)

    def absolute(found: dict, n: int) -> float:
        zero = found["minimum_energy"] + found["zero_point_energy"]
        return zero + found["levels"][n]["energy"]

    for n in range(2):
        difference = (absolute(up, n) - absolute(down, n)) / 2
        # Each run contracts its basis in its own potential and along cuts through its own
        # minimum, which the theorem leaves out: small in a basis near convergence.
        assert slope[n] == pytest.approx(difference, abs=0.01)
        assert slope[n] > 0


@pytest.mark.usefixtures("_no_picture")
def test_named_parameters(pes_levels: Command) -> None:
    folder = pes_levels(sensitivities={"parameters": ["r_e", "a"]})
    found = read(folder)["derivatives"]
    assert set(found) == {"r_e (cm-1/A)", "a (cm-1/A-1)"}
    # −791.71 by differences in a converged basis.
    assert found["r_e (cm-1/A)"][0] == pytest.approx(-791.71, rel=0.3)


@pytest.mark.usefixtures("_no_picture")
def test_derivatives_by_all_weights(pes_train: Command) -> None:
    run = pes_train(
        surface={"baseline": {"kind": "linear", "degree": 4}},
        vibration={"sensitivities": {"weights": True}},
    )
    cli.levels([str(run)])
    network, _ = load_surface(run / "surface.safetensors")
    with h5py.File(run / "levels" / "levels.h5") as file:
        stored = file["weight_derivatives"]
        for name, weight in network.named_parameters():
            assert stored[name].shape == (3, *weight.shape)
        names = [n for n, w in network.named_parameters() if w.shape == (1,)]
        bias = next(n for n in names if n.startswith("mlp"))
        # The last bias moves the whole surface, by the scale of the network.
        scale = float(network.state_dict()["scale"]) / CM1
        np.testing.assert_allclose(stored[bias][()].ravel(), scale, rtol=1e-8)


@pytest.mark.usefixtures("_no_picture")
def test_spectrum_of_charges(pes_levels: Command, work: Path) -> None:
    (work / "own_water.py").write_text(OWN)
    folder = pes_levels(spectrum={"dipole": "own_water.py:dipole"})
    with (folder / "spectrum.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (folder / "spectrum.png").exists()
    bend = next(r for r in rows if (r["lower"], r["upper"]) == ("0", "1"))
    assert float(bend["wavenumber_cm1"]) == pytest.approx(energies(folder)[1], abs=1e-6)
    assert float(bend["intensity_km_per_mol"]) > 1
    pes_levels("--overwrite")
    assert not (folder / "spectrum.csv").exists()


@pytest.mark.usefixtures("_no_picture")
def test_all_levels_up_to_an_energy(pes_levels: Command) -> None:
    found = energies(pes_levels(energy=3300.0, levels=None))
    assert len(found) == 3
    assert max(found) < 3300


@pytest.mark.usefixtures("_no_picture")
def test_model(work: Path) -> None:
    config = Path(__file__).parents[3] / "configs" / "harmonic_gaussian.yaml"
    settings = ["--set", "kappa=[1]", "--set", "grids={sinc: {low: -8, high: 8, points: 65}}"]
    cli.levels(["--config", str(config), "--output", "model", *settings])
    (point,) = json.loads((work / "model" / "model.json").read_text())["points"]
    assert point["E0"] == pytest.approx(1.293316749, abs=2e-9)


@pytest.mark.usefixtures("_no_picture")
def test_wrong_model_leaves_no_folder(refusal: Refusal) -> None:
    config = Path(__file__).parents[3] / "configs" / "harmonic_gaussian.yaml"
    line = refusal(cli.levels, ["--config", str(config), "--set", "kappa=[]"])
    assert "`kappa` and `grids`" in line


@pytest.mark.usefixtures("_no_picture")
def test_numpy_function_has_no_parameters(
    pes_levels: Command, work: Path, refusal: Refusal
) -> None:
    (work / "own_water.py").write_text(OWN)
    for wanted in ({"parameters": ["r_e"]}, {"weights": True}):
        line = refusal(pes_levels, surface="own_water.py:in_numpy", sensitivities=wanted)
        assert "`sensitivities`: this surface is a plain function" in line
    ranges = {"r1": None, "r2": None, "R1": [0.7, 1.3], "R2": [0.7, 1.3]}
    radau = {
        "coordinates": {"kind": "radau", "ranges": ranges}, "sensitivities": {"masses": True},
    }  # fmt: skip
    line = refusal(pes_levels, surface="own_water.py:in_numpy", **radau)
    assert "in radau coordinates positions depend on the masses" in line
    line = refusal(pes_levels, sensitivities={"parameters": ["r"]})
    assert "the surface has no 'r', it has r_e, alpha_e, a" in line


@pytest.mark.usefixtures("_no_picture")
def test_auto_ranges_need_nothing(pes_levels: Command, work: Path) -> None:
    """The minimum of a function that says nothing of itself is found from usual bond lengths."""
    (work / "own_water.py").write_text(OWN)
    folder = pes_levels(surface="own_water.py:in_torch", coordinates={"ranges": "auto"})
    r1 = read(folder)["basis"][0]
    assert r1["low"] < 0.9579 * ANGSTROM < r1["high"]


@pytest.mark.usefixtures("_no_picture")
def test_auto_ranges(pes_levels: Command) -> None:
    folder = pes_levels(coordinates={"ranges": "auto", "energy": 20000.0})
    r1 = read(folder)["basis"][0]
    assert 0.65 * ANGSTROM < r1["low"] < 0.8 * ANGSTROM
    # (1 − exp(−a x))² of 42,910 cm⁻¹ is 20,000 at x = 0.516 Å; the quintic term moves it little.
    assert 1.4 * ANGSTROM < r1["high"] < 1.5 * ANGSTROM
    # The search for the minimum leaves both bonds 1e-8 apart; they are given equal ranges.
    r2 = read(folder)["basis"][1]
    assert [r2[key] for key in ("low", "high")] == [r1[key] for key in ("low", "high")]
    # Three functions of each bond and of the angle: 3·6 and 3·3.
    log = (folder / "levels.log").read_text()
    assert "symmetry blocks: A1 (18 functions, 3 levels), B2 (9 functions, 0 levels)" in log


@pytest.mark.usefixtures("_no_picture")
def test_symmetry_is_used_or_projected(pes_levels: Command) -> None:
    blocks, whole = (pes_levels("--overwrite", symmetry=on, levels=6) for on in (True, False))
    ours, theirs = read(blocks), read(whole)
    assert [row["irrep"] for row in ours["levels"]] == [row["irrep"] for row in theirs["levels"]]
    assert "symmetry blocks" not in (whole / "levels.log").read_text()


@pytest.mark.usefixtures("_no_picture")
def test_run_or_configuration(work: Path) -> None:
    with pytest.raises(ValueError, match="give a surface, such as a run folder, or --config"):
        run_levels()
    with pytest.raises(FileNotFoundError, match="nowhere' is not a run folder, surface file"):
        run_levels(work / "nowhere")


@pytest.mark.usefixtures("_no_picture")
def test_a_surface_by_its_name_needs_no_configuration(work: Path) -> None:
    (work / "own.py").write_text(OWN)
    given = ["own.py:in_torch", "--levels", "3", "--accuracy", "50"]
    cli.levels([*given, "--molecule", "O H D"])
    found = read(work / "runs" / "own")
    assert (found["molecule"], len(found["levels"])) == (["O", "H", "D"], 3)
    config = yaml.safe_load((work / "runs" / "own" / "config.yaml").read_text())
    assert config["accuracy"] == 50


def test_a_surface_that_does_not_know_its_atoms(work: Path, refusal: Refusal) -> None:
    (work / "own.py").write_text(OWN)
    assert "molecule" in refusal(cli.levels, ["own.py:in_torch"])
    assert "levels" in refusal(cli.levels, ["water_pjt1996", "--levels", "many"])


@pytest.mark.usefixtures("_no_picture")
def test_a_range_that_ends_at_the_minimum(pes_levels: Command, refusal: Refusal) -> None:
    ranges = {"r1": [1.0, 1.4], "r2": [0.7, 1.4], "theta": [60, 160]}
    line = refusal(pes_levels, coordinates={"ranges": ranges})
    assert "the range of r1 (1.0000 of 1.0000 to 1.4000 A): widen this range" in line


@pytest.mark.usefixtures("_no_picture")
def test_keys_of_a_run_folder_as_options(pes_train: Command, work: Path) -> None:
    run = pes_train(surface={"baseline": {"kind": "linear", "degree": 4}})
    cli.levels([str(run), "--levels", "2", "--molecule", "O H D"])
    found = read(work / "runs" / "tiny" / "levels")
    assert (found["molecule"], len(found["levels"])) == (["O", "H", "D"], 2)


@pytest.mark.parametrize(
    "coordinates",
    [
        {"kind": "radau", "ranges": {"R1": [0.6, 1.6], "R2": [0.6, 1.6], "theta": [45, 180]}},
        {
            "kind": "zmatrix",
            "rows": [["O"], ["H", 0], ["H", 0, 1]],
            "ranges": {"r1": [0.65, 1.6], "r2": [0.65, 1.6], "theta2": [45, 180]},
        },
    ],
)
def test_other_coordinates_give_the_same_levels(coordinates: dict, tmp_path: Path) -> None:
    content = {
        "name": "water",
        "molecule": ["O", "H", "H"],
        "surface": "water_pjt1996",
        "coordinates": coordinates,
        "basis": {"all": {"functions": 8, "points": 16}},
        "levels": 5,
        "convergence": False,
        "sensitivities": {"masses": False},
    }
    (tmp_path / "water.yaml").write_text(yaml.safe_dump(content))
    folder = run_levels(config=tmp_path / "water.yaml", output=tmp_path / "out")
    found = json.loads((folder / "levels.json").read_text())
    energies = [level["energy"] for level in found["levels"]]
    # Published-surface levels of an independent program; 8 functions each leave less than this.
    reference = [0, 1594.6586, 3151.4938, 3657.1104, 3755.8298]
    assert energies == pytest.approx(reference, abs=0.2)


def test_zmatrix_for_other_atoms_is_refused(tmp_path: Path) -> None:
    content = {
        "name": "water",
        "surface": "water_pjt1996",
        "coordinates": {"kind": "zmatrix", "rows": [["H"], ["O", 0], ["H", 1, 0]]},
    }
    (tmp_path / "water.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError, match=r"coordinates.rows. has the atoms H O H"):
        run_levels(config=tmp_path / "water.yaml", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("_no_picture")
def test_second_derivatives_by_strengths(pes_levels: Command) -> None:
    bump = {"coordinate": "r1", "centre": 1.06, "width": 0.05}
    other = {"coordinate": "theta", "centre": 110, "width": 10}

    def run(strength: float, second: bool = False) -> dict:
        bumps = {"a": {**bump, "strength": strength}, "b": other}
        wanted = {"perturbations": bumps, "second": second}
        basis = {"all": {"functions": 6, "points": 10, "primitives": 30}}
        return read(pes_levels("--overwrite", sensitivities=wanted, basis=basis))["derivatives"]

    found = run(0.0, second=True)
    assert {"a*a (cm-1/cm-2)", "a*b (cm-1/cm-2)", "b*b (cm-1/cm-2)"} < set(found)
    up, down = run(20.0), run(-20.0)
    for first, second in (("a", "a*a"), ("b", "a*b")):
        change = np.array(up[f"{first} (cm-1/cm-1)"]) - np.array(down[f"{first} (cm-1/cm-1)"])
        # Bases contracted anew at each strength change first derivatives a little.
        np.testing.assert_allclose(found[f"{second} (cm-1/cm-2)"], change / 40, rtol=0.1, atol=2e-6)


@pytest.mark.usefixtures("_no_picture")
def test_error_bars_of_an_ensemble(pes_levels: Command, work: Path) -> None:
    """Members whose bonds differ: both ways agree, and the level is that of the mean surface."""
    members = [WaterPJT(), WaterPJT(), WaterPJT()]
    for member, shift in zip(members, (-1e-3, 0.0, 1e-3), strict=True):
        member.r_e.data += shift
    geometries = torch.eye(3, dtype=torch.float64) * torch.tensor([1.0, 1.1])[:, None, None]
    record = SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "none", geometries * ANGSTROM)
    save_surface(work / "three.safetensors", Ensemble(members), record)
    first = read(pes_levels(surface="three.safetensors"))
    assert "spread_full" not in first["levels"][0]
    found = read(pes_levels("--overwrite", surface="three.safetensors", ensemble="full"))
    assert np.array(found["members"]["full"]).shape == (3, 3)
    for row in found["levels"]:
        assert row["spread"] > 0.1
        # Shifts of 1 to 4 cm⁻¹; second order is a thousandth of them.
        assert row["spread"] == pytest.approx(row["spread_full"], rel=0.02)
    log = (work / "runs" / "tiny" / "levels.log").read_text()
    assert "standard deviation over the 3 members" in log
    assert "spread  spread_full" in log
    # Two training points only: every level leaves them, and is marked.
    assert all(row["P(extrap)"] > 1e-3 for row in found["levels"])
    assert any("levels 0 to 2 reach beyond" in w for w in found["warnings"])
    assert log.count(" !\n") == 3


def test_maps_of_where_the_surface_matters(
    pes_levels: Command, work: Path, refusal: Refusal
) -> None:
    wanted = {"levels": [0, 2], "pairs": [["r1", "theta"]]}
    folder = pes_levels(densities=wanted)
    assert {p.name for p in folder.glob("density_*")} == {"density_0.png", "density_2.png"}
    with h5py.File(folder / "levels.h5") as file:
        density = file["densities/2/r1_theta"][()]
        theta = file["densities/points/theta"][()]
        assert density.shape == (len(file["densities/points/r1"]), len(theta))
        mean = file["wavefunctions"][2] ** 2 @ file["points"][()][:, 2]
    assert density.sum() == pytest.approx(1, abs=1e-9)  # orthonormal functions
    # The mean angle by the fine quadrature and by that of the grid, which is contracted.
    assert density.sum(0) @ theta == pytest.approx(mean, abs=1e-3)
    pes_levels("--overwrite", densities={"levels": [1], "pairs": [["r1", "r2"]]})
    assert {p.name for p in folder.glob("density_*")} == {"density_1.png"}
    line = refusal(pes_levels, "--overwrite", densities={"pairs": [["r1", "r3"]]})
    assert "`densities.pairs` must name two of r1, r2, theta, got r1, r3" in line
    line = refusal(pes_levels, "--overwrite", densities={"levels": [3]})
    assert "level 3 does not exist, they are numbered 0 to 2" in line


def test_a_run_folder_runs_no_code(pes_train: Command, work: Path, refusal: Refusal) -> None:
    (work / "own_water.py").write_text(OWN)
    linear = {"kind": "linear", "degree": 4, "descriptor": None, "hidden": None}
    folder = pes_train(surface=linear, vibration={"spectrum": {"dipole": "own_water.py:dipole"}})
    line = refusal(cli.levels, [str(folder)])
    assert "a run folder alone runs no code" in line
    assert f"--function {work / 'own_water.py'}:dipole" in line
    cli.levels([str(folder), "--function", "own_water.py:dipole"])
    assert (folder / "levels" / "spectrum.csv").is_file()


@pytest.mark.parametrize(
    ("symbols", "threads"), [(("H", "O", "H"), 1), (("H", "C", "O", "H"), None), (None, None)]
)
def test_three_atoms_take_one_thread(symbols: tuple[str, ...] | None, threads: int | None) -> None:
    """Where the surface does not say its atoms, and neither does the user, torch chooses."""
    surface = Surface(torch.nn.Identity(), symbols)
    assert threads_for(Vibration(), surface) == threads
