"""Result of a check of analytic forces: errors of differences by their step, and a verdict."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes import plots
from pes.evaluation.smoothness import Jump, noise
from pes.files import replaced, write_json
from pes.molecule import Molecule
from pes.setup.errors.verdict import ROUGH
from pes.setup.machine.environment import environment
from pes.staging import staged
from pes.tables import html_table
from pes.units import CM1

__all__ = ["GRADIENTS", "GradientCheck"]

GRADIENTS = "gradients.json"
"""File that is written last."""

OF_NOISE = 20.0
"""Times the noise, up to which a jump belongs to it."""

UNCERTAIN = 10.0
"""Times the error that the differences show among themselves, up to which forces agree."""

DIGITS = 1e-6
"""Relative difference that is never called a disagreement."""

TOO_ROUGH = 1e-3
"""Relative error of the best differences from which they check nothing."""

STILL = 0.1
"""Share of components without any difference, beyond those by symmetry, that discredits a step."""

VERDICTS = {
    "agree": 0, "no analytic forces": 0, "energies not smooth": 3, "energies too rough": 3,
    "disagree": 4,
}  # fmt: skip
"""Exit code by the kind of verdict."""


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """Differences of analytic and numerical gradients of a surface, hartree/bohr.

    Attributes:
        surface: name of the surface.
        symbols: isotope symbols of the atoms.
        positions: geometries (B, N, 3) in bohr.
        steps: h, (H,) in bohr, ascending.
        analytic: ∂V/∂x (B, N, 3); None for a surface without analytic gradients.
        central: differences (H, B, N, 3) by V(x + h) − V(x − h).
        forward: differences (H, B, N, 3) by V(x + h) − V(x).
        jump: largest jump of the energies beside the geometries; None where they do not jump.
    """

    surface: str
    symbols: tuple[str, ...]
    positions: Tensor
    steps: Tensor
    analytic: Tensor | None
    central: Tensor
    forward: Tensor
    jump: Jump | None = None

    @property
    def noise(self) -> float:
        """Root mean square of the noise of the energies, hartree; NaN without small steps."""
        return noise(self.steps, self.central, self.forward)

    @property
    def own_error(self) -> Tensor:
        """Estimated error (H,) of the central differences: their change to other steps.

        It is infinite at the first and last step, and for steps too small to change an energy.
        """
        change = _rms(self.central[1:] - self.central[:-1])
        ends = change.new_full((1,), torch.inf)
        error = torch.maximum(torch.cat([ends, change]), torch.cat([change, ends]))
        still = (self.central == 0).flatten(1).double().mean(1)
        return error.masked_fill(still > still[-1] + STILL, torch.inf)

    @property
    def best(self) -> int:
        """Index of the step at which the central differences change least."""
        return int(self.own_error.argmin())

    @property
    def best_step(self) -> float:
        """Step at which the central differences change least, bohr."""
        return float(self.steps[self.best])

    @property
    def reference(self) -> Tensor:
        """Gradient (B, N, 3) that the curves are errors against."""
        return self.central[self.best] if self.analytic is None else self.analytic

    @property
    def curves(self) -> dict[str, Tensor]:
        """Root-mean-square error (H,) of the central and the forward differences."""
        return {
            name: _rms(values - self.reference)
            for name, values in (("central", self.central), ("forward", self.forward))
        }

    @property
    def size(self) -> float:
        """Root mean square of the numerical gradient."""
        return float(_rms(self.central[self.best][None]))

    @property
    def error(self) -> float:
        """Root-mean-square difference of analytic and numerical gradient at the best step."""
        return float(self.curves["central"][self.best])

    @property
    def kind(self) -> str:
        """A key of `VERDICTS`."""
        noise = float(self.own_error[self.best])
        known = self.analytic is not None
        if known and self.error > UNCERTAIN * noise and self.error > DIGITS * self.size:
            return "disagree"
        if known and noise > TOO_ROUGH * self.size:
            return "energies too rough"
        if self._faults:
            return "energies not smooth"
        return "agree" if known else "no analytic forces"

    @property
    def code(self) -> int:
        """Exit code of `pes-check-gradients`: 0 if all is well, 3 if in doubt, 4 for an error."""
        return VERDICTS[self.kind]

    @property
    def verdict(self) -> str:
        """Result of the comparison as one sentence."""
        step = f"the best step of central differences is {self.best_step:.2g} bohr"
        noise = float(self.own_error[self.best])
        relative = self.error / self.size if self.size else self.error
        if self.analytic is None:
            forces = (
                f"{self.surface} has no analytic forces (torch cannot differentiate it); {step}, "
                f"where numerical ones are good to about {noise:.1e} hartree/bohr"
            )
        else:
            forces = (
                f"the analytic forces agree with numerical ones to {self.error:.1e} hartree/bohr "
                f"({relative:.0e} of their size); {step}"
            )
        if self.kind == "energies not smooth":
            return f"the energies are not smooth: {'; '.join(self._faults)}; {forces}"
        if self.kind in ("agree", "no analytic forces"):
            return forces
        if self.kind == "energies too rough":
            return "; ".join([
                f"the energies are too rough to check the forces: even at the best step, "
                f"{self.best_step:.2g} bohr, differences change by {noise / self.size:.1%} of the "
                "forces", *self._faults,
            ])  # fmt: skip
        return (
            f"the analytic forces are wrong by {relative:.2g} of their size{self._factor()}; {step}"
        )

    @property
    def _faults(self) -> list[str]:
        """What makes the energies not smooth, one sentence each."""
        size, faults = self.noise, []
        if size > ROUGH:
            faults = [
                f"they have noise of {size:.1e} hartree ({size / CM1:.2g} cm-1, root mean square), "
                "as single precision, rounding and unconverged iterations make"
            ]
        # The largest fourth difference of noise is about this large too.
        if self.jump is not None and not self.jump.size < OF_NOISE * size:
            faults.append(
                f"{self.jump.text()}; look for a condition, a cutoff or "
                "single precision in the surface"
            )
        return faults

    def _factor(self) -> str:
        """One factor that explains the whole difference, if one does."""
        assert self.analytic is not None
        numbers = self.central[self.best]
        factor = float((self.analytic * numbers).sum() / numbers.square().sum())
        rest = float(_rms((self.analytic - factor * numbers)[None])) / (self.size or 1.0)
        return f": they are {factor:.6g} times the numerical ones" if rest < 1e-3 else ""

    @property
    def worst(self) -> str:
        """The component that differs most."""
        numerical = self.central[self.best]
        deviation = (numerical - self.reference).abs()
        place = tuple(int(k) for k in torch.unravel_index(deviation.argmax(), deviation.shape))
        geometry, atom, axis = place
        return (
            f"largest difference: geometry {geometry}, atom {atom} ({self.symbols[atom]}), "
            f"{'xyz'[axis]}: analytic gradient {float(self.reference[place]):.10g}, numerical "
            f"{float(numerical[place]):.10g} hartree/bohr"
        )

    def __repr__(self) -> str:
        return f"GradientCheck({self.surface}, {len(self.positions)} geometries: {self.kind})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        errors = zip(self.steps.tolist(), *(e.tolist() for e in self.curves.values()), strict=True)
        rows = [[f"{value:.2e}" for value in row] for row in errors]
        return html_table([["step/bohr", *self.curves], *rows], repr(self))

    def lines(self) -> list[str]:
        """Text that `pes-check-gradients` prints."""
        title = "errors of central and forward differences of the energies, hartree/bohr:"
        heads = f"{'step/bohr':>10}  {'central':>9}  {'forward':>9}"
        marks = ("", "  <- best step")
        table = [
            f"{h:10.2e}  {c:9.2e}  {f:9.2e}{marks[k == self.best]}"
            for k, (h, c, f) in enumerate(
                zip(self.steps.tolist(), *(e.tolist() for e in self.curves.values()), strict=True)
            )
        ]
        worst = [f"noise of the energies: {self.noise:.1e} hartree"]
        worst += [] if self.analytic is None else [self.worst]
        count = f"{len(self.positions)} geometries of {Molecule(self.symbols).formula}"
        first = f"{self.surface} at {count}"
        return [first, title, heads, *table, *worst, f"verdict: {self.verdict}"]

    def summary(self) -> dict[str, Any]:
        """Content of gradients.json."""
        return {
            **environment(self.positions.device), "surface": self.surface, "symbols": self.symbols,
            "geometries": len(self.positions), "kind": self.kind, "verdict": self.verdict,
            "best_step_bohr": self.best_step, "rms_gradient_hartree_bohr": self.size,
            "rms_error_hartree_bohr": None if self.analytic is None else self.error,
            "rms_change_with_step_hartree_bohr": float(self.own_error[self.best]),
            "noise_hartree": self.noise,
            "largest_jump": None if self.jump is None else asdict(self.jump),
        }  # fmt: skip

    def save(self, folder: str | Path) -> Path:
        """Write gradients.csv, gradients.png and, last, gradients.json."""
        with staged(folder, finished=GRADIENTS) as place:
            curves = {name: error.tolist() for name, error in self.curves.items()}
            rows = zip(self.steps.tolist(), *curves.values(), strict=True)
            with replaced(place / "gradients.csv") as temporary:
                lines = [f"step_bohr,{','.join(f'{name}_hartree_bohr' for name in curves)}"]
                lines += [",".join(map(repr, row)) for row in rows]
                temporary.write_text("\n".join([*lines, ""]))
            plots.difference_errors(
                place / "gradients.png", self.steps.tolist(), curves, self.best_step, self.size,
                title=f"{self.surface}: {self.kind}",
            )  # fmt: skip
            write_json(place / GRADIENTS, self.summary())
        return Path(folder)


def _rms(x: Tensor) -> Tensor:
    """Root mean square (H,) over all but the first axis."""
    return x.flatten(1).square().mean(1).sqrt()
