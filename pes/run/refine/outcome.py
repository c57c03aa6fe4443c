"""The refinement itself: the polynomial and the anchor that predict levels best, then the steps."""

import logging
from dataclasses import dataclass

from pes.config import RefineConfig
from pes.refinement import STRENGTHS, Anchor, Step, cross_validated, refined
from pes.run.refine.trials import Trial
from pes.units import CM1

__all__ = ["Outcome", "outcome_of"]

log = logging.getLogger("pes")


@dataclass(frozen=True)
class Outcome:
    """What a refinement found.

    Attributes:
        trial: the one that was refined.
        strength: λ of the anchor.
        validation: trial, λ and the RMS of levels predicted from the others, hartree.
        steps: from the start on.
    """

    trial: Trial
    strength: float
    validation: list[tuple[str, float, float]]
    steps: list[Step]


def outcome_of(config: RefineConfig, trials: list[Trial], anchor: Anchor) -> Outcome:
    """The refinement, said as it goes."""
    count = sum(int(which.fitted.sum()) for which in trials[0].isotopologues)
    log.info("%s: %d levels fitted, %d ab initio points", config.name, count, len(anchor.energies))
    validation = _validation(config, trials, anchor)
    trial, strength = trials[0], config.anchor
    if validation:
        name, strength, _ = min(validation, key=lambda row: row[2])
        trial = next(t for t in trials if t.name == name)
    size = sum(p.numel() for p in trial.parameters)
    log.info("%s, %d parameters, anchor %.1e", trial.name, size, strength)
    log.info("%5s %12s %14s %14s", "step", "fitted/cm-1", "held out/cm-1", "ab initio/cm-1")
    steps = []
    for number, step in enumerate(
        refined(
            trial.surface, trial.parameters, trial.isotopologues, anchor, float(strength),
            steps=config.steps,
        )
    ):  # fmt: skip
        values = (step.fitted / CM1, step.held / CM1, step.anchor / CM1)
        log.info("%5d %12.3f %14.3f %14.3f", number, *values)
        steps.append(step)
    return Outcome(trial, float(strength), validation, steps)


def _validation(
    config: RefineConfig, trials: list[Trial], anchor: Anchor
) -> list[tuple[str, float, float]]:
    """How well each fitted level follows from the others; empty where nothing is to be chosen."""
    if config.anchor != "auto" and len(trials) == 1:
        return []
    strengths = STRENGTHS if config.anchor == "auto" else (float(config.anchor),)
    rows = []
    for trial in trials:
        found = cross_validated(
            trial.surface, trial.parameters, trial.isotopologues, anchor, strengths=strengths
        )
        rows += [(trial.name, strength, error) for strength, error in found]
        strength, error = min(found, key=lambda row: row[1])
        log.info(
            "%s: each level from the others to %.3f cm-1 with anchor %.1e", trial.name,
            error / CM1, strength,
        )  # fmt: skip
    return rows
