"""Levels of a force field in cm⁻¹: tables, derivatives and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pes.files import write_json
from pes.force_fields import FieldLevels
from pes.force_fields.derivatives import derivatives, parameter_names
from pes.force_fields.labels import heading, quanta_and_weights, species
from pes.hdf5_files import replaced_hdf5
from pes.setup.errors.verdict import verdict_of_errors
from pes.setup.machine.environment import environment
from pes.setup.results.level_files import LEVELS_JSON, write_tables
from pes.setup.results.level_tables import printed, table_html
from pes.setup.results.sensitivity import Sensitivities
from pes.staging import staged
from pes.units import CM1

__all__ = ["FieldRound", "ForceFieldResult"]


@dataclass(frozen=True)
class FieldRound:
    """Levels of one calculation of a series, each with more functions than the last.

    Attributes:
        functions: number of functions in all blocks.
        energies: energies above the ground state, (S,) in cm⁻¹.
        errors: their estimated errors; the first is that of the zero-point energy, (S,).
    """

    functions: int
    energies: np.ndarray
    errors: np.ndarray

    @classmethod
    def of(cls, levels: FieldLevels) -> "FieldRound":
        """What remains of a calculation when the next one begins."""
        energies, errors = levels.energies / CM1, levels.errors / CM1
        return cls(levels.functions, energies - energies[0], np.maximum(errors, errors[0]))


@dataclass(frozen=True, repr=False)
class ForceFieldResult:
    """Levels of a force field, how far to trust them, and their derivatives.

    Attributes:
        levels: the result of the engine in atomic units.
        warnings: reasons for doubt, with what to do about each.
        seconds: wall time.
        rounds: all calculations of the series, the last one included.
        accuracy: largest error asked for, cm⁻¹.
    """

    levels: FieldLevels
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    rounds: tuple[FieldRound, ...] = ()
    accuracy: float = 0.0

    @property
    def energies(self) -> Tensor:
        """Energies above the ground state, (S,) in cm⁻¹."""
        energies = torch.from_numpy(self.levels.energies) / CM1
        return energies - energies[0]

    @property
    def convergence(self) -> Tensor:
        """Estimated errors (S,) in cm⁻¹; the first is that of the zero-point energy."""
        errors = torch.from_numpy(self.levels.errors) / CM1
        return errors.maximum(errors[0])

    @property
    def zero_point_energy(self) -> float:
        """Energy of the ground state above the minimum, cm⁻¹."""
        return float(self.levels.energies[0]) / CM1

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """One row for each level in cm⁻¹, as in levels.csv."""
        texts, weights = quanta_and_weights(self.levels)
        columns: dict[str, list[Any]] = {
            "level": list(range(len(texts))),
            "energy": self.energies.tolist(),
            "convergence": self.convergence.tolist(),
            "second_order": (self.levels.shifts / CM1).tolist(),
            heading(self.levels): texts,
            "weight": weights.tolist(),
        }
        symmetry = species(self.levels)
        columns |= {"irrep": symmetry} if any(symmetry) else {}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    @property
    def verdict(self) -> str:
        """Levels that may be used, and to how many cm⁻¹, in one sentence."""
        return f"with this force field {verdict_of_errors(self.convergence.tolist())}"

    def header(self) -> list[str]:
        """The force field and the size of the calculation, line by line."""
        field, levels = self.levels.force_field, self.levels
        blocks = [
            f"{block.size} functions, {sum(b == k for b, _ in levels.places)} levels"
            for k, block in enumerate(levels.blocks)
        ]
        pairs = ", ".join(f"{x + 1} and {y + 1}" for x, y in levels.operators.pairs)
        return [
            f"{field.name}: {len(field.frequencies)} modes, {len(field.constants)} constants to "
            f"degree {field.degree}",
            self._momentum,
            *([f"pairs of modes with vibrational angular momentum: {pairs}"] if pairs else []),
            f"blocks by symmetry: {'; '.join(blocks[:8])}{'; …' if len(blocks) > 8 else ''}",
            f"zero-point energy: {self.zero_point_energy:.4f} cm-1",
        ]

    @property
    def _momentum(self) -> str:
        """Sentence on the terms of rotation that H has."""
        coriolis = self.levels.force_field.coriolis
        terms = "the vibrational angular momentum (Coriolis coupling and Watson term)"
        if coriolis is None:
            return (
                f"J = 0 without {terms}, which moves levels by about the largest rotational "
                "constant, overtones by more; `coriolis` adds it"
            )
        values = ", ".join(f"{b / CM1:.4f}" for b in coriolis.rotational)
        return f"J = 0 with {terms}, for the rotational constants {values} cm-1 of the minimum"

    def __repr__(self) -> str:
        return (
            f"ForceFieldResult({self.levels.force_field.name}: {len(self.energies)} levels, "
            f"zero-point energy {self.zero_point_energy:.4f} cm-1, conv up to "
            f"{float(self.convergence.max()):.2g} cm-1)"
        )

    def __str__(self) -> str:
        quanta = heading(self.levels)
        return "\n".join([repr(self), *printed(self.table, quanta, Sensitivities())])

    def _repr_html_(self) -> str:
        return table_html(self.table, heading(self.levels), repr(self))

    def sensitivity(self) -> Sensitivities:
        """Derivatives of the absolute energies by every frequency and constant, cm⁻¹ per cm⁻¹.

        By the Hellmann–Feynman theorem at the cost of one product with H for each; those of the
        second-order shift, which is small, are left out.
        """
        slopes = torch.from_numpy(derivatives(self.levels))
        names = [f"dE/d{name}" for name in parameter_names(self.levels)]
        return Sensitivities(dict(zip(names, slopes.T, strict=True)))

    def save(
        self,
        folder: str | Path,
        *,
        name: str | None = None,
        sensitivity: Sensitivities | None = None,
    ) -> Path:
        """Write levels.csv, levels.h5 and, last, levels.json, as `pes-levels` does.

        Args:
            folder: made if need be; files of these names are replaced.
            name: name in levels.json; by default that of the folder.
            sensitivity: what `self.sensitivity` returned, for sensitivities.csv.

        Returns:
            The folder.
        """
        derived = sensitivity or Sensitivities()
        with staged(folder, finished=LEVELS_JSON, stale=["sensitivities.csv"]) as place:
            self.write(place, name or Path(folder).name, derived)
        return Path(folder)

    def write(self, folder: Path, name: str, derived: Sensitivities) -> None:
        """Write the files into a folder that exists."""
        write_tables(folder, self.table, derived)
        self._write_vectors(folder / "levels.h5")
        write_json(folder / LEVELS_JSON, self._summary(name, derived))

    def _summary(self, name: str, derived: Sensitivities) -> Mapping[str, Any]:
        """Content of levels.json, in cm⁻¹."""
        field = self.levels.force_field
        return {
            "format": "pes-levels",
            "version": 2,
            "name": name,
            "units": "cm-1; level energies count from the ground state",
            "molecule": [],
            "force_field": field.name,
            "frequencies": [w / CM1 for w in field.frequencies],
            "constants": {
                " ".join(str(k + 1) for k in modes): f / CM1 for modes, f in field.constants.items()
            },
            "coriolis": field.coriolis is not None,
            "zero_point_energy": self.zero_point_energy,
            "zero_point_convergence": float(self.convergence[0]),
            "basis": [],
            "functions": self.levels.functions,
            "rounds": [
                {"functions": one.functions, "largest_error": float(one.errors.max())}
                for one in self.rounds
            ],
            "products": sum(block.products for block in self.levels.blocks),
            "labels": heading(self.levels),
            "levels": self.table,
            "variational": (self.levels.variational / CM1).tolist(),
            "derivatives": {k: v.tolist() for k, v in derived.columns.items()},
            "warnings": list(self.warnings),
            "verdict": self.verdict,
            "seconds": self.seconds,
            **environment(torch.device("cpu")),
        }

    def _write_vectors(self, path: Path) -> None:
        """Quanta of the functions and coefficients of the levels, block by block."""
        levels = self.levels
        with replaced_hdf5(path) as file:
            file.attrs.update({"format": "pes-levels", "version": 2})
            file["energies"] = levels.energies
            file["convergence"] = levels.errors
            file["variational"] = levels.variational
            for key in ("energies", "convergence", "variational"):
                file[key].attrs["units"] = "hartree"
            file["block"] = [b for b, _ in levels.places]
            file["number_in_block"] = [n for _, n in levels.places]
            for b, block in enumerate(levels.blocks):
                quanta = levels.h.numbering.quanta(block.numbers)
                file.create_dataset(f"blocks/{b}/quanta", data=quanta.T, compression="gzip")
                file.create_dataset(f"blocks/{b}/coefficients", data=block.vectors.T)
