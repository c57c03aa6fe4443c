"""Files of observed levels."""

from pathlib import Path

import pytest

from pes.data.observed import read_observed
from pes.units import CM1

DATA = Path(__file__).parents[2] / "data"
HEAD = "v1,v2,v3,energy,uncertainty\n"
TURNING = "v1,v2,v3,J,Ka,Kc,energy,uncertainty\n"


def test_water() -> None:
    light, heavy = (read_observed(DATA / f"observed_{name}.csv") for name in ("h2o", "d2o"))
    assert len(light.quanta) == 18
    assert float(light.energies[light.quanta.index((0, 1, 0))]) / CM1 == pytest.approx(1594.746)
    # Both are the same molecule: heavy levels are lower by 1/√2 to 1.
    for quanta, energy in zip(heavy.quanta, heavy.energies.tolist(), strict=True):
        ratio = energy / float(light.energies[light.quanta.index(quanta)])
        assert 0.72 < ratio < 0.76


def test_levels_with_rotation_have_the_symmetry_that_the_source_lists() -> None:
    """Energies of H2S, J = 1: of a rotor B + C, A + C, A + B; the sum rule of J = 2 follows."""
    sulfide = read_observed(DATA / "observed_h2s.csv")
    known = dict(zip(sulfide.names, (sulfide.energies / CM1).tolist(), strict=True))
    one = [known[f"0 0 0 1_{k}"] for k in ("0,1", "1,1", "1,0")]
    two = [known[f"0 0 0 2_{k}"] for k in ("0,2", "1,2", "1,1", "2,1", "2,0")]
    # Σ E = J (J + 1) (2J + 1) (A + B + C)/3, less what centrifugal distortion takes.
    assert sum(two) == pytest.approx(5 * sum(one), rel=3e-3)


def test_lines(tmp_path: Path) -> None:
    head = [*TURNING.split(",")[:6], *(f"{name}_lower" for name in TURNING.split(",")[:6])]
    text = ",".join([*head, "energy,uncertainty\n"])
    (tmp_path / "lines.csv").write_text(text + "0,1,0,1,1,1,0,0,0,0,0,0,1634.967,0.001\n")
    lines = read_observed(tmp_path / "lines.csv")
    assert lines.names == ["0 1 0 1_1,1 - 0 0 0 0_0,0"]


def test_levels_of_one_set_of_quanta_differ_in_their_species(tmp_path: Path) -> None:
    rows = "0,2,A1',3540.5,0.1\n0,2,E',3749.9,0.1\n"
    (tmp_path / "levels.csv").write_text("v1,v2,irrep,energy,uncertainty\n" + rows)
    levels = read_observed(tmp_path / "levels.csv")
    assert levels.names == ["0 2 A1'", "0 2 E'"]
    assert levels.kinds == [(0, 2, "A1'"), (0, 2, "E'")]
    assert levels.only([1]).kinds == [(0, 2, "E'")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("v1,irrep,v2,energy,uncertainty\n", "irrep belongs behind the quanta"),
        ("v1,irrep,energy,uncertainty\n1,E,5,1\n1,E,6,1\n", "is listed twice$"),
        ("v1,energy,uncertainty\n1,5,1\n1,6,1\n", "twice; levels of other symmetry need irrep"),
        ("", "the header must be v1"),
        ("v1,energy\n1,2\n", "the header must be v1"),
        (HEAD, "contains no levels"),
        ("v1,v2,v3,J,energy,uncertainty\n", "with J, Ka, Kc before energy"),
        (TURNING + "0,0,0,1,1,2,23.8,1\n", "line 2: no level is called 1_1,2; Ka"),
        ("# a\n" + HEAD + "0,1,0,1594.7\n", "line 3: 3 whole numbers"),
        (HEAD + "0,1,x,1594.7,1\n", "line 2: 3 whole numbers"),
        (HEAD + "0,1,0,-5,1\n", "line 2: energy and uncertainty must be positive"),
        (HEAD + "0,1,0,5,1\n0,1,0,6,1\n", r"line 3: the level \(0, 1, 0\) is listed twice"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "levels.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_observed(tmp_path / "levels.csv")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file of observed levels"):
        read_observed(tmp_path / "none.csv")
