"""Choices that were made for a fit where its settings left them open, and their file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pes.files import replaced

__all__ = ["FitChoice", "LinearChoice", "TrainingChoices"]

FORMAT, VERSION = "pes-training-choices", 1


@dataclass(frozen=True)
class LinearChoice:
    """Values of a linear surface that the validation points chose.

    Attributes:
        degree: highest total degree.
        length: a of exp(−r/a) in Å.
        ridge: regularisation relative to the largest singular value.
        force_weight: weight of force residuals in Å²; None where there are no forces.
    """

    degree: int
    length: float
    ridge: float
    force_weight: float | None = None

    def plain(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "degree": self.degree,
            "length_angstrom": self.length,
            "ridge": self.ridge,
            "force_weight_angstrom2": self.force_weight,
        }


@dataclass(frozen=True)
class FitChoice:
    """Values chosen for one network, or for a linear surface.

    Attributes:
        linear: values of the linear surface, or of the linear baseline of the network.
        force_weight: weight of force residuals in Å²; None where there are no forces.
    """

    linear: LinearChoice | None = None
    force_weight: float | None = None

    def plain(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        linear = None if self.linear is None else self.linear.plain()
        return {"linear": linear, "force_weight_angstrom2": self.force_weight}


@dataclass(frozen=True)
class TrainingChoices:
    """Choices made for a fit.

    Attributes:
        fits: values of the surface, or of each member of an ensemble.
        optimizer: name of the optimizer; None for a linear surface.
        search: name of a setting, for the commands key of the configuration, → value that a search
            chose.
    """

    fits: tuple[FitChoice, ...] = ()
    optimizer: str | None = None
    search: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write as JSON, whole or not at all; a resumed run reads it."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "optimizer": self.optimizer,
            "search": dict(self.search),
            "fits": [one.plain() for one in self.fits],
        }
        with replaced(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1, default=repr) + "\n")

    @staticmethod
    def load(path: Path) -> "TrainingChoices":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged or of another version.
        """
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: no such file, but a resumed run needs its choices; start afresh"
            )
        try:
            content = json.loads(path.read_text())
            if (content["format"], content["version"]) != (FORMAT, VERSION):
                raise ValueError(f"not version {VERSION} of {FORMAT}")
            fits = tuple(_fit(one) for one in content["fits"])
            return TrainingChoices(fits, content["optimizer"], content["search"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: cannot be read as choices of a fit ({error})") from None


def _fit(content: Mapping[str, Any]) -> FitChoice:
    linear = content["linear"]
    if linear is not None:
        linear = LinearChoice(
            linear["degree"],
            linear["length_angstrom"],
            linear["ridge"],
            linear["force_weight_angstrom2"],
        )
    return FitChoice(linear, content["force_weight_angstrom2"])
