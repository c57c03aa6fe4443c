"""A training of several networks, from YAML to levels, interrupted and continued."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pes import cli
from pes.data import Dataset, Split, read, write
from pes.potential import Ensemble, energies_and_forces, load_surface
from pes.setup.training.planning.choices import TrainingChoices
from pes.setup.training.planning.members import member_rows
from pes.setup.training.planning.settings import EnsembleForm
from pes.units import ANGSTROM, CM1

Command = Callable[..., Path]
Refusal = Callable[..., str]
LINEAR = {"baseline": {"kind": "linear", "degree": 2}}


def surface_of(folder: Path) -> Ensemble:
    surface, _ = load_surface(folder / "surface.safetensors")
    assert isinstance(surface, Ensemble)
    return surface


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


@pytest.mark.pictures
def test_what_a_run_leaves(pes_train: Command, work: Path) -> None:
    folder = pes_train(ensemble={"members": 3})
    assert (folder / "calibration.png").stat().st_size > 10_000
    points = read(work / "water.h5")
    test = points.select(Split.load(folder / "split.json", points).test)
    with torch.no_grad():
        errors = (surface_of(folder).each(test.positions) - test.energies) / CM1
    found, told = summary(folder), (folder / "train.log").read_text()
    own = [member["test_rmse_cm1"] for member in found["ensemble"]["members"]]
    assert own == pytest.approx(errors.square().mean(1).sqrt().tolist(), rel=1e-9)
    mean = float(errors.mean(0).square().mean().sqrt())
    assert found["errors"]["test"]["energy"]["rmse"]["all"] == pytest.approx(mean, rel=1e-9)
    # Every point outside the test is a training point of some member.
    assert found["points"] == {"train": len(points) - len(test), "test": len(test)}
    assert set(found["errors"]) == {"train", "test"}
    calibrated = found["ensemble"]["calibration"]["all"]
    share = (errors.mean(0).abs() <= errors.std(0)).double().mean()
    assert calibrated["within_1"] == pytest.approx(float(share))
    assert calibrated["within_1"] <= calibrated["within_2"] <= 1
    for line in (
        "3 members, each with its own validation",
        "best epoch",
        "within 2",
        f"{own[1]:.4f}",
    ):
        assert line in told
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert float(rows[-1]["member_3"]) > 0


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "settings",
    [
        {"validation": "shared"},
        {"bootstrap": "all"},
        {"bootstrap": "baseline", "surface": LINEAR},
        {"degrees": [1, 3], "surface": LINEAR},
    ],
)
def test_members_differ(pes_train: Command, settings: dict) -> None:
    surface = settings.pop("surface", {})
    folder = pes_train(ensemble={"members": 3, "keep": 1.0, **settings}, surface=surface)
    errors = [member["test_rmse_cm1"] for member in summary(folder)["ensemble"]["members"]]
    assert len(set(errors)) == 3
    held_out = settings.get("validation") == "shared"
    assert ("validation" in summary(folder)["errors"]) == held_out
    if "degrees" in settings:
        degrees = [m.baseline.descriptor.degree for m in surface_of(folder).members]
        assert degrees == [1, 3, 1]


@pytest.mark.usefixtures("no_pictures")
def test_only_the_best_are_kept(pes_train: Command) -> None:
    folder = pes_train(ensemble={"members": 4, "keep": 0.5})
    members = summary(folder)["ensemble"]["members"]
    order = sorted(members, key=lambda member: member["validation_cm1"])
    assert [member["kept"] for member in order] == [True, True, False, False]
    assert len(surface_of(folder).members) == 2
    assert "dropped" in (folder / "train.log").read_text()


@pytest.mark.usefixtures("no_pictures")
def test_own_cuts_never_touch_the_test(pes_train: Command, work: Path) -> None:
    folder = pes_train(ensemble={"members": 3})
    points = read(work / "water.h5")
    parts = Split.load(folder / "split.json", points)
    cuts = member_rows(EnsembleForm(members=3), points, parts, seed=0)
    for train, validation in cuts:
        seen = set(train.tolist()) | set(validation.tolist())
        assert seen == set(parts.train.tolist()) | set(parts.validation.tolist())
        assert set(train.tolist()).isdisjoint(validation.tolist())
    assert len({tuple(validation.tolist()) for _, validation in cuts}) == 3


@pytest.mark.usefixtures("no_pictures")
def test_own_cuts_of_a_given_split(pes_train: Command, work: Path) -> None:
    # The shares are those of the file, 20 to 10, whatever `data.fractions` says.
    parts = {"train": [*range(20)], "validation": [*range(20, 30)], "test": [*range(30, 60)]}
    (work / "parts.json").write_text(json.dumps(parts))
    folder = pes_train(ensemble={"members": 3}, data={"split": "parts.json"})
    points = read(work / "water.h5")
    found = Split.load(folder / "split.json", points)
    assert found.test.tolist() == parts["test"]
    for train, validation in member_rows(EnsembleForm(members=3), points, found, seed=0):
        assert (len(train), len(validation)) == (20, 10)
        assert set(train.tolist()) | set(validation.tolist()) == set(range(30))


@pytest.mark.usefixtures("no_pictures")
def test_forces(pes_train: Command, work: Path, water: Callable[..., Dataset]) -> None:
    write(work / "water.h5", water(forces=True))
    folder = pes_train(ensemble={"members": 2}, surface=LINEAR, training={"epochs": 3})
    assert summary(folder)["errors"]["test"]["force"]["rmse"]["all"] > 0


CHOOSING = {"baseline": {"kind": "linear", "degree": 2, "ridge": "auto"}}


def weight(energies: torch.Tensor, forces: torch.Tensor) -> float:
    """σ_E²/(3N σ_F²) in Å²."""
    ratio = energies.var(correction=0) / forces.square().mean() / forces[0].numel()
    return float(ratio) / ANGSTROM**2


@pytest.mark.usefixtures("no_pictures")
def test_what_was_chosen_for_each_member_is_recorded(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    points = water(forces=True)
    write(work / "water.h5", points)
    folder = pes_train(surface=CHOOSING, ensemble={"members": 2, "validation": "shared"})
    chosen = TrainingChoices.load(folder / "chosen.json").fits
    train = points.select(Split.load(folder / "split.json", points).train)
    assert train.forces is not None
    rows = summary(folder)["ensemble"]["members"]
    for one, row, member in zip(chosen, rows, surface_of(folder).members, strict=True):
        assert one.linear is not None
        assert isinstance(one.linear.ridge, float)
        # The weight of the baseline is that of the labels, that of the network of what is left.
        energies, forces = energies_and_forces(member.baseline, train.positions)
        assert one.linear.force_weight == pytest.approx(weight(train.energies, train.forces))
        left = weight(train.energies - energies, train.forces - forces)
        assert one.force_weight == pytest.approx(left)
        assert row["force_weight_angstrom2"] == one.force_weight
        assert row["baseline"]["ridge"] == one.linear.ridge


@pytest.mark.usefixtures("no_pictures")
def test_what_was_recorded_is_used_again(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    write(work / "water.h5", water(forces=True))
    how = {"surface": CHOOSING, "ensemble": {"members": 2, "bootstrap": "baseline"}}
    whole = pes_train(**how)
    first = TrainingChoices.load(whole / "chosen.json")
    assert first.fits[0].force_weight != first.fits[1].force_weight
    # The configuration in the folder gives the same run again.
    again = work / "again"
    cli.train(["--config", str(whole / "config.yaml"), "--output", str(again)])
    assert TrainingChoices.load(again / "chosen.json") == first
    ours, theirs = (surface_of(f).state_dict() for f in (whole, again))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)
    # A resumed run takes what its folder says, whatever the points would choose now.
    (whole / "summary.json").unlink()
    content = json.loads((whole / "chosen.json").read_text())
    content["fits"][0]["force_weight_angstrom2"] = 0.5
    content["fits"][0]["linear"]["ridge"] = 0.25
    (whole / "chosen.json").write_text(json.dumps(content))
    pes_train("--resume", "auto", "--set", "training.epochs=8", **how)
    chosen = summary(whole)["ensemble"]["members"][0]
    assert (chosen["force_weight_angstrom2"], chosen["baseline"]["ridge"]) == (0.5, 0.25)


@pytest.mark.usefixtures("no_pictures")
def test_levels_of_the_mean(pes_train: Command, pes_levels: Command, work: Path) -> None:
    folder = pes_train(ensemble={"members": 2}, training={"epochs": 40})
    cli.levels([str(folder)])
    ours = json.loads((folder / "levels" / "levels.json").read_text())
    mean = work / "mean.py"
    mean.write_text(
        "from pes.potential import load_surface\n"
        f"surface, _ = load_surface({str(folder / 'surface.safetensors')!r})\n"
        "def potential(x):\n"
        "    return (surface.members[0](x) + surface.members[1](x)) / 2\n"
    )
    pes_levels("--output", work / "other", surface="mean.py:potential")
    theirs = json.loads((work / "other" / "levels.json").read_text())
    a, b = ([level["energy"] for level in found["levels"]] for found in (ours, theirs))
    assert a == pytest.approx(b, abs=1e-4)  # cm⁻¹; the zero of V differs, hence the rounding


@pytest.mark.usefixtures("no_pictures")
def test_resuming_with_other_members(pes_train: Command, refusal: Refusal) -> None:
    (pes_train(ensemble={"members": 2}) / "summary.json").unlink()
    line = refusal(pes_train, "--resume", "auto", ensemble={"members": 3})
    assert line.startswith("`ensemble` is not as in ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"optimizer": "adam"}}, "`optimizer` is adam"),
        ({"ensemble": {"members": 2, "degrees": [2]}}, "need a linear `baseline`"),
        ({"ensemble": {"member": 2}}, "did you mean `members`"),
        ({"ensemble": {"members": 1}}, "`ensemble.members`"),
    ],
)
def test_refused(pes_train: Command, refusal: Refusal, changes: dict, message: str) -> None:
    assert message in refusal(pes_train, **{"ensemble": {"members": 2}, **changes})
