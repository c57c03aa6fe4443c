"""One line on what a training is about to do."""

from collections.abc import Callable

from torch import nn

from pes.config import TrainConfig
from pes.data import Dataset, Split
from pes.molecule import Molecule
from pes.potential import Ensemble, NeuralSurface
from pes.run.train.ensemble import neural_members
from pes.run.train.preparation import fitted_numbers
from pes.units import CM1

__all__ = ["PARTS", "describe"]

PARTS = ("train", "validation", "test")


def describe(
    say: Callable[[str], object],
    config: TrainConfig,
    dataset: Dataset,
    parts: Split,
    surface: nn.Module,
    choice: str | None,
) -> None:
    """Say what is fitted to how many points.

    Args:
        say: `print`, or a method of a logger.
        config: with every choice made.
        dataset: all points, in hartree.
        parts: rows of each.
        surface: untrained, or fitted if it is linear.
        choice: why this optimizer.
    """
    heights = (dataset.energies - dataset.energies.min()) / CM1
    counts = ", ".join(f"{len(getattr(parts, name))} {name}" for name in PARTS)
    forces = "energies and forces" if dataset.forces is not None else "energies"
    first, how = surface, ""
    if isinstance(surface, Ensemble):
        first = neural_members(surface)[0]
        how = f", {len(surface.members)} members"
        if config.ensemble is not None and config.ensemble.validation == "own":
            how += ", each holding out its own part of train and validation"
    inputs, size = first.get_submodule("descriptor").size, fitted_numbers(first)
    kind = f"linear in {inputs} polynomials"
    if isinstance(first, NeuralSurface):
        optimizer = config.training.optimizer.kind
        kind = f"{inputs} inputs, {size} network parameters, {optimizer}{how}"
    say(
        f"{config.name}: {len(dataset)} points of {Molecule(dataset.symbols).formula} "
        f"({' '.join(dataset.symbols)}), {forces} to {float(heights.max()):.0f} cm-1; {counts}; "
        f"{kind}"
    )
    if choice is not None:
        say(choice)
