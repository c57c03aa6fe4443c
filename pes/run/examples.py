"""Examples that come with the package: configurations and data to copy and start from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pes.files import replaced

__all__ = ["LEVELS", "REFINE", "TRAIN", "Example", "copied", "copy_example"]


@dataclass(frozen=True)
class Example:
    """Files of an example and the commands that use them.

    Attributes:
        files: paths below the folder that the example is copied to.
        commands: what to run there, in this order.
    """

    files: tuple[str, ...]
    commands: tuple[str, ...]


H2O = "data/h2o_ccsdt_vtz.h5"
TRAIN: Mapping[str, Example] = {
    "h2o": Example(
        ("configs/h2o.yaml", H2O), ("pes-train --config configs/h2o.yaml", "pes-levels runs/h2o")
    ),
    "h2o_forces": Example(
        ("configs/h2o_forces.yaml", "data/h2o_ccsdt_vdz_forces.h5"),
        ("pes-train --config configs/h2o_forces.yaml", "pes-levels runs/h2o_forces"),
    ),
}
"""Examples of `pes-train` by name."""
LEVELS: Mapping[str, Example] = {
    "own_surface": Example(
        ("examples/own_surface.yaml", "examples/own_surface.py"),
        ("pes-levels --config examples/own_surface.yaml",),
    ),
    **{
        name: Example((f"configs/{name}.yaml",), (f"pes-levels --config configs/{name}.yaml",))
        for name in ("water_pjt1996", "formaldehyde_model", "harmonic_gaussian")
    },
}
"""Examples of `pes-levels` by name."""
REFINE: Mapping[str, Example] = {
    "h2o": Example(
        (
            "configs/h2o.yaml", "configs/refine_h2o.yaml", H2O,
            "data/observed_h2o.csv", "data/observed_d2o.csv",
        ),
        ("pes-train --config configs/h2o.yaml", "pes-refine --config configs/refine_h2o.yaml"),
    ),
}  # fmt: skip
"""Examples of `pes-refine` by name."""


def copied(example: Example) -> Callable[[], None]:
    """Command that copies an example here and says what to run next."""

    def command() -> None:
        copy_example(example, Path())
        print(f"copied: {', '.join(example.files)}\nnext:")
        print("\n".join(f"  {line}" for line in example.commands))

    return command


def copy_example(example: Example, folder: Path) -> None:
    """Copy the files of an example below a folder; a file that is there already is kept.

    Raises:
        ValueError: if a file of another content would have to be replaced; nothing is copied.
    """
    contents = {folder / name: (_shipped() / name).read_bytes() for name in example.files}
    for path, content in contents.items():
        if path.exists() and not (path.is_file() and path.read_bytes() == content):
            raise ValueError(
                f"{path} exists and is not the file of the example; nothing was copied, "
                "start in an empty folder"
            )
    for path, content in contents.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as fresh:
                fresh.write_bytes(content)


def _shipped() -> Path:
    """Folder of the shipped files: inside an installed package, else that of the clone."""
    package = Path(__file__).parents[1]
    inside = package / "examples"
    return inside if inside.is_dir() else package.parent
