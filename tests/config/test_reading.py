"""A wrong configuration ends in one line that names file, key and what would be right."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pes.config import (
    LabelConfig,
    LevelsConfig,
    ModelConfig,
    RefineConfig,
    SampleConfig,
    TrainConfig,
    load_config,
    read_yaml,
)
from pes.config.reading import yaml_value
from pes.config.section import Section, descriptions, keys_of, sections_of

TRAIN = "name: water\ndata: {file: water.h5}\n"
LEVELS = "name: water\nsurface: water_pjt1996\n"
REFINE = """
name: water
surface: runs/h2o
data: h2o.h5
isotopologues: [{molecule: [O, H, H], observed: h2o.csv}]
"""
MODEL = """
name: model
model: harmonic_gaussian
kappa: [0, 1]
grids: {sinc: {low: -8, high: 8, points: 65}}
"""


def refusal(folder: Path, text: str, kind: type[Section] = TrainConfig, *settings: str) -> str:
    """The one line, without the file it must start with."""
    path = folder / "c.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        load_config(path, kind, settings)
    line = str(error.value)
    assert "\n" not in line
    if not settings:
        assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "kind"),
    [(TRAIN, TrainConfig), (LEVELS, LevelsConfig), (MODEL, ModelConfig), (REFINE, RefineConfig)],
)
def test_the_shortest_file_that_will_do(tmp_path: Path, text: str, kind: type[Section]) -> None:
    (tmp_path / "c.yaml").write_text(text)
    config = load_config(tmp_path / "c.yaml", kind)
    # Reading what was written with every default spelled out changes nothing.
    assert kind.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("configs/*.yaml")), ids=str)
def test_the_configurations_we_ship(path: Path) -> None:
    content = read_yaml(path)
    kind: type[Section] = TrainConfig if "data" in content else LevelsConfig
    kinds = {
        "model": ModelConfig, "isotopologues": RefineConfig, "choose": SampleConfig,
        "geometries": LabelConfig,
    }  # fmt: skip
    load_config(path, next((k for key, k in kinds.items() if key in content), kind))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (TRAIN + "sede: 3", TrainConfig, "unknown key `sede`; did you mean `seed`?"),
        (
            TRAIN + "training: {epoch: 3}",
            TrainConfig,
            "unknown key `training.epoch`; did you mean `epochs`?",
        ),
        (
            TRAIN + "training: {optimizer: {kind: adam, learning_rat: 1}}",
            TrainConfig,
            "unknown key `training.optimizer.learning_rat`; did you mean `learning_rate`?",
        ),
        (
            TRAIN + "surface: {descriptor: {degre: 2}}",
            TrainConfig,
            "unknown key `surface.descriptor.degre`; did you mean `degree`?",
        ),
        (
            LEVELS + "coordinates: {range: auto}",
            LevelsConfig,
            "unknown key `coordinates.range`; did you mean `ranges`?",
        ),
        (
            LEVELS + "basis: {r1: {function: 3}}",
            LevelsConfig,
            "unknown key `basis.r1.function`; did you mean `functions`?",
        ),
    ],
)
def test_unknown_key_and_the_nearest_valid_one(
    tmp_path: Path, text: str, kind: type[Section], expected: str
) -> None:
    assert refusal(tmp_path, text, kind) == expected


def test_unknown_key_far_from_all_valid_ones(tmp_path: Path) -> None:
    line = refusal(tmp_path, "name: water\ndata: {file: a, xyz: 1}")
    assert line == (
        "unknown key `data.xyz`; valid are audit, column, columns, doubtful, file, forces, format, "
        "formula, fractions, keys, regroup, split, test, units, window, zmatrix"
    )


def test_molecule_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"

    def molecule(text: str) -> object:
        path.write_text(f"{LEVELS}molecule: {text}\n")
        return load_config(path, LevelsConfig).molecule

    assert molecule("O H D") == molecule("O, H, D") == molecule("[O, H, D]") == ("O", "H", "D")
    assert molecule("[O H H, O H D]") == (("O", "H", "H"), ("O", "H", "D"))
    with pytest.raises(ValueError, match=r"`molecule\.0`: must be a list of at least 2, got 'O'"):
        molecule("[O, H H]")


def test_misspelt_key_is_named_before_the_missing_one(tmp_path: Path) -> None:
    line = refusal(tmp_path, "name: water\ndata: {fil: water.h5}")
    assert line == "unknown key `data.fil`; did you mean `file`? (1 more error)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("molecule: [O, H, H]", "key `data` is missing"),
        ("name: water\ndata: {}", "key `data.file` is missing"),
    ],
)
def test_missing_key(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text) == expected


def test_section_of_earlier_versions_that_is_one_word_now(tmp_path: Path) -> None:
    text = "surface: water_pjt1996\ncoordinates: {maps: {theta: {kind: cos}}}"
    line = refusal(tmp_path, text, LevelsConfig)
    assert line.startswith("`coordinates.maps.theta`: write `cos` in place of `kind: cos`")


def test_run_has_the_name_of_the_file_unless_it_names_one(tmp_path: Path) -> None:
    path = tmp_path / "formaldehyde.yaml"
    path.write_text("data: {file: water.h5}")
    assert load_config(path, TrainConfig).name == "formaldehyde"
    assert load_config(path, TrainConfig, ["name=h2co"]).name == "h2co"
    path.write_text("name: h2co\ndata: {file: water.h5}")
    assert load_config(path, TrainConfig).name == "h2co"


@pytest.mark.parametrize(
    ("text", "key", "received"),
    [
        ("training: {epochs: many}", "training.epochs", "many"),
        ("training: {epochs: 0}", "training.epochs", "0"),
        ("training: {patience: 1.5}", "training.patience", "1.5"),
        ("surface: {hidden: [20, -1]}", "surface.hidden.1", "-1"),
        ("surface: {activation: relu}", "surface.activation", "relu"),
        ("training: {optimizer: {kind: adam, batch: 0}}", "training.optimizer.batch", "0"),
        ("training: {weights: {kind: ratio, offset: -1}}", "training.weights.offset", "-1"),
        ("surface: {baseline: {kind: linear, degree: 99}}", "surface.baseline.degree", "99"),
        ("seed: -1", "seed", "-1"),
        ("vibration: {cap: 0}", "vibration.cap", "0"),
    ],
)
def test_wrong_value_names_key_and_what_came(
    tmp_path: Path, text: str, key: str, received: str
) -> None:
    line = refusal(tmp_path, TRAIN + text)
    assert line.startswith(f"`{key}`: ")
    assert received in line


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (
            TRAIN + "vibration: {solver: iterative}",
            TrainConfig,
            "`vibration.solver`: 'iterative' was removed; use 'davidson' instead",
        ),
        (
            LEVELS + "solver: iterative",
            LevelsConfig,
            "`solver`: 'iterative' was removed; use 'davidson' instead",
        ),
        # As config.yaml of an ensemble once held it.
        (
            TRAIN + "ensemble: {members: 2, chosen: [{force_weight: 0.1}]}",
            TrainConfig,
            "`ensemble.chosen`: a run now keeps the choices of its members in chosen.json; "
            "remove this key",
        ),
    ],
)
def test_a_key_of_an_earlier_version_names_what_takes_its_place(
    tmp_path: Path, text: str, kind: type[Section], expected: str
) -> None:
    assert refusal(tmp_path, text, kind) == expected


def test_other_values_and_keys_are_not_taken_for_earlier_ones(tmp_path: Path) -> None:
    assert "was removed" not in refusal(tmp_path, TRAIN + "vibration: {solver: newton}")
    assert refusal(tmp_path, TRAIN + "training: {chosen: 1}").startswith("unknown key")


def test_unknown_member_of_a_union_lists_those_there_are(tmp_path: Path) -> None:
    line = refusal(tmp_path, TRAIN + "training: {optimizer: newton}")
    assert line.startswith("`training.optimizer.kind`: ")
    for name in ("newton", "levenberg_marquardt", "lbfgs", "adam"):
        assert name in line


def test_a_plain_word_chooses_a_member_of_a_union(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TRAIN + "training: {optimizer: lbfgs, weights: ratio}")
    training = load_config(tmp_path / "c.yaml", TrainConfig).training
    assert (training.optimizer.kind, training.weights.kind) == ("lbfgs", "ratio")


def test_two_limits_at_once(tmp_path: Path) -> None:
    line = refusal(tmp_path, LEVELS + "levels: 5\nenergy: 9000", LevelsConfig)
    assert line.startswith("give `levels` or `energy`, not both")


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\x00", "- 1\n- 2", "", "water"])
def test_no_yaml_mapping(tmp_path: Path, text: str) -> None:
    line = refusal(tmp_path, text)
    assert "not YAML" in line or "expected `key: value` lines" in line


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ValueError, match="not a text file in UTF-8"):
        read_yaml(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.yaml: no such configuration file"):
        load_config(tmp_path / "nothing.yaml", TrainConfig)


def test_settings_override_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TRAIN + "training: {epochs: 5}")
    settings = ("training.epochs=7", "surface.hidden=[4, 4]", "vibration.basis.r1.functions=6")
    config = load_config(tmp_path / "c.yaml", TrainConfig, settings)
    assert config.training.epochs == 7
    assert config.surface.hidden == (4, 4)
    assert config.vibration.basis["r1"].functions == 6


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("training.epochs", "write section.key=value"),
        ("name.first=x", "name is not a section"),
        ("training.epoch=3", "unknown key `training.epoch`; did you mean `epochs`?"),
        ("training.epochs=many", "`training.epochs`: "),
    ],
)
def test_a_wrong_setting(tmp_path: Path, setting: str, expected: str) -> None:
    assert expected in refusal(tmp_path, TRAIN, TrainConfig, setting)


def sections(kind: type, seen: set[type]) -> Iterator[type]:
    """A section and all sections and records inside it."""
    if kind in seen:
        return
    seen.add(kind)
    yield kind
    for annotation in keys_of(kind).values():
        for inner in sections_of(annotation):
            yield from sections(inner, seen)


SECTIONS = [s for top in (TrainConfig, LevelsConfig, ModelConfig) for s in sections(top, set())]


@pytest.mark.parametrize("section", sorted(set(SECTIONS), key=lambda s: s.__name__))
def test_every_section_forbids_unknown_keys_and_says_what_it_is(section: type) -> None:
    rules = vars(section).get("__pydantic_config__") or getattr(section, "model_config", {})
    assert rules.get("extra") == "forbid"
    assert rules.get("allow_inf_nan") is False
    assert section.__doc__


@pytest.mark.parametrize(
    ("section", "key"),
    [(s, k) for s in sorted(set(SECTIONS), key=lambda s: s.__name__) for k in keys_of(s)],
)
def test_every_key_is_documented(section: type, key: str) -> None:
    # `kind` chooses a section, and a key that holds a section is documented by it.
    if key != "kind" and not sections_of(keys_of(section)[key]):
        assert descriptions(section).get(key), f"{section.__name__}.{key} needs a docstring"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../../escape", "a name is not a path"), ("/abs", "a name is not a path"),
        ("a\\b", "a name is not a path"), ("..", "needs letters"), (".", "needs letters"),
        ("", "needs letters"), (" ", "needs letters"), ("a\n", "control characters"),
        ("a\0", "control characters"), ("a\x1b[31m", "control characters"), ("x" * 300, "at most"),
    ],
)  # fmt: skip
def test_a_name_is_no_path(tmp_path: Path, name: str, words: str) -> None:
    """`runs/<name>` stays below `runs/`, for every command."""
    for text, kind in (
        (TRAIN, TrainConfig), (LEVELS, LevelsConfig), (MODEL, ModelConfig), (REFINE, RefineConfig)
    ):  # fmt: skip
        content = yaml.safe_load(text) | {"name": name}
        line = refusal(tmp_path, yaml.safe_dump(content), kind)
        assert line.startswith("`name`: ")
        assert words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TRAIN + "name: other\n", "line 3: key `name` is already in line 1"),
        ("name: a\ndata: {file: a.h5, file: b.h5}\n", "line 2: key `file` is already in line 2"),
        ("a: " + "[" * 3000, "nested more than 60 deep"),
        ("a: " + "[" * 100 + "]" * 100, "nested more than 60 deep"),
        ("a: &a [" + "x," * 99 + "]\n" + "".join(
            f"{n}: &{n} [" + f"*{p}," * 99 + "]\n" for p, n in ("ab", "bc", "cd", "de")
        ), "the aliases expand to more than 1,000,000 values"),
        ("a: &a [*a]", "the aliases expand to more than"),
        ("[1", "not YAML"),
    ],
)  # fmt: skip
def test_traps_of_yaml(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


def test_set_reads_values_with_the_same_care(tmp_path: Path) -> None:
    assert "key `a` is already in line" in refusal(
        tmp_path, TRAIN, TrainConfig, "data={a: 1, a: 2}"
    )


def test_aliases_and_merged_keys_are_welcome(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n")
    assert read_yaml(path) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}
    path.write_bytes(TRAIN.encode("utf-8-sig"))
    assert load_config(path, TrainConfig).name == "water"


def test_no_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name, error, words in (
        ("none", FileNotFoundError, "no such configuration file"),
        ("", IsADirectoryError, "is a folder; name a configuration file in it"),
        ("loop", FileNotFoundError, "a symbolic link that leads to itself"),
    ):
        with pytest.raises(error, match=words):
            read_yaml(tmp_path / name)
    (tmp_path / "c.yaml").write_bytes(TRAIN.encode("utf-16"))
    with pytest.raises(ValueError, match="not a text file in UTF-8"):
        read_yaml(tmp_path / "c.yaml")


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=60) | st.text("[]{}:-&*!|>'\"\\n a1,#", max_size=60))
def test_any_text_is_a_value_or_one_line(text: str) -> None:
    line = ""
    try:
        yaml_value(text)
    except ValueError as error:
        line = str(error)
    assert "\n" not in line


def test_the_kind_of_a_program_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "label.yaml"
    path.write_text(
        "name: l\ngeometries: g.xyz\nprogram: {kind: pyscf, method: x, basis: cc-pVTZ}\n"
    )
    with pytest.raises(ValueError, match=re.escape("`program.method`: must be 'hf'")):
        load_config(path, LabelConfig)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("seed=99999999999999999999", "`seed`: must be less than 9223372036854775808, got 99999"),
        ("seed=a", "`seed`: must be a whole number, got 'a'"),
        ("training.epochs=0", "`training.epochs`: must be greater than 0, got 0"),
        ("training=3", "`training`: must be a section of `key: value` lines, got 3"),
        ("vibration.labels=mine", "`vibration.labels`: must be 'normal' or 'local', got 'mine'"),
    ],
)
def test_requirements_are_said_in_plain_words(tmp_path: Path, setting: str, message: str) -> None:
    path = tmp_path / "fit.yaml"
    path.write_text("name: fit\ndata: {file: points.h5}\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        load_config(path, TrainConfig, [setting])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("coordinates: {energy: -1}", "`coordinates.energy` must be positive, got -1.0 cm-1"),
        ("coordinates: {kind: radua}", "`coordinates.kind` must be one of "),
        (
            "coordinates: {ranges: aut}",
            "`coordinates.ranges`: must be 'auto' or a section of `key: value` lines, got 'aut'",
        ),
        (
            "coordinates: {maps: {r1: sin}}",
            "`coordinates.maps.r1`: must be a section of `key: value` lines or 'cos', got 'sin'",
        ),
        (
            "coordinates: {maps: {r1: {steepness: 2}}}",
            "key `coordinates.maps.r1.centre` is missing",
        ),
        ("coordinates: {relaxed: r1}", "`coordinates.relaxed`: must be a list, such as [a, b]"),
        ("basis: {r1: {points: 9999}}", "`basis.r1`: the number of points must be 1 to 5000, got"),
        ("basis: {r1: {kind: sin}}", "`basis.r1`: kind must be one of sinc, "),
        ("basis: {r1: 3}", "`basis.r1`: must be a section of `key: value` lines, got 3"),
    ],
)
def test_a_record_of_setup_is_read_as_a_section(tmp_path: Path, text: str, expected: str) -> None:
    line = refusal(tmp_path, LEVELS + text, LevelsConfig)
    assert line.startswith(expected)
    assert "more)" not in line


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("surface.kind=forest", "`surface.kind`: must be one of 'neural', .*, got 'forest'"),
        ("training.optimizer=sgd", "`training.optimizer.kind`: must be one of .*, got 'sgd'"),
        ("threads=yes", "`threads`: must not be true or false"),
        ("training.epochs=true", "`training.epochs`: must not be true or false"),
        ("training.epochs=no", "`training.epochs`: must not be true or false, got False"),
        (
            "vibration.coordinates.ranges={r1: [no, 2]}",
            "`vibration.coordinates.ranges.r1.0`: must not be true or false, got False",
        ),
        (f"training.epochs='{10**30}'", "`training.epochs`: must be less than 9223372036854775808"),
        (f"training.epochs={10**30}", "`training.epochs`: must be less than 9223372036854775808"),
    ],
)
def test_kinds_and_numbers(tmp_path: Path, setting: str, words: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump({"name": "a", "data": {"file": "b"}, "surface": {}}))
    with pytest.raises(ValueError, match=words):
        load_config(path, TrainConfig, [setting])
    config = load_config(path, TrainConfig, ["training.max_seconds=1000000000000000000000"])
    assert config.training.max_seconds == 1e21
