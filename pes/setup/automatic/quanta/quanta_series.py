"""Calculations in normal coordinates, each larger than the last and begun with its vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import process_time

import torch
from numpy.linalg import LinAlgError
from torch import Tensor

from pes.memory import resident_memory
from pes.setup.automatic.converging import converging
from pes.setup.automatic.outer_surface import with_nearer_continuation
from pes.setup.automatic.preliminary import preliminary
from pes.setup.automatic.quanta.grid_of_stage import HALF, STEP, Grid
from pes.setup.automatic.quanta.kept_stages import Store, kept_stage
from pes.setup.automatic.quanta.quanta_forecast import FEW, Costs, Forecast
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.setup.automatic.request import Budget, Target
from pes.setup.machine.intervals import at_intervals
from pes.units import CM1
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.select import TIGHT, Watch
from pes.vibration.eigensolvers.warm_start import start_vectors
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.left_out import expected_changes
from pes.vibration.levels.matching import EXTRA, Matching, matching, of_partners
from pes.vibration.symmetry.axial import level_count
from pes.vibration.symmetry.shared_products import shared_products
from pes.vibration.system.minimum import OuterSurfaceError

__all__ = ["Series"]

FEWEST = 8
"""Functions for each level in the first calculation."""

RESIDUAL = 0.1
"""Residual norm of a level, in accuracies: its error is the square over the gap, far smaller."""

LONG = 5.0
"""CPU time in s of a calculation from which its parts are said: on a busy machine each may take
several times as long without a further line."""

KEPT = 60.0
"""Seconds after which the vectors of a calculation under way are kept."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Series:
    """Data that all calculations of a series share.

    Attributes:
        target: molecule and levels.
        budget: CPU time.
        report: called with sentences.
        started: CPU time at the start.
        smallest: functions and points that the series grows from.
        program: bytes of the process before the calculations.
        name: name of the series among those that are kept.
        store: calculations of an earlier run of the program, and a place for those of this one.
    """

    target: Target
    budget: Budget
    report: Report
    started: float
    smallest: Grid
    program: int = field(default_factory=resident_memory)
    name: str = "first grid"
    store: Store = field(default_factory=Store)

    @cached_property
    def costs(self) -> Costs:
        """Time and memory of the calculations."""
        return Costs(self.target, self.budget, self.started, self.smallest.bases, self.program)

    def first(self) -> QuantaStage:
        """The smallest calculation.

        Raises:
            ValueError: if it does not fit.
        """
        grid = self._first_grid()
        # Sizes are known, and said, before functions follow the surface, which takes its time.
        ahead = self.costs.ahead(grid)
        short = self.costs.shortage(ahead)
        if short:
            raise ValueError(
                f"the first calculation, {ahead}, does not fit: {short}; ask for fewer levels"
            )
        whole, lacking = self.costs.largest_expected(grid)
        self.report(
            f"forecast of all calculations together, if errors fall at the usual rate: {whole}"
        )
        if lacking:
            self.report(lacking)
        self.report(f"first: {ahead}")
        self.part("the functions are adapted to the surface", ahead.seconds)
        return self.solved(replace(ahead, grid=grid.adapted(self.target.system)), None)

    def _first_grid(self) -> Grid:
        grid = self.smallest
        while grid.functions < FEWEST * (self.target.count or FEW):
            grid = grid.grown(STEP)
        return grid

    def grid_with(self, quanta: float) -> Grid:
        """The grid of a later calculation."""
        grid = self._first_grid().adapted(self.target.system)
        while grid.quanta < quanta:
            grid = grid.grown(min(STEP, quanta - grid.quanta))
        return grid

    def keep(self, stages: Sequence[QuantaStage], **values: object) -> None:
        """Keep the last calculations for a later run of the program.

        Args:
            stages: the last calculation, or the last two.
            **values: plain values and tensors by their names.
        """
        kept = [kept_stage(one) for one in stages]
        self.store.keep(self.name, self.costs.spent, stages=kept, under_way=None, **values)

    def solved(self, ahead: Forecast, base: QuantaStage | None) -> QuantaStage:
        """One calculation, begun with the vectors of another.

        Raises:
            OuterSurfaceError: if the surface falls below its minimum at a point, or the grid is
                too coarse for the functions.
            ValueError: if the grid leaves the domain of the coordinates.
        """
        return self._solved(ahead, base, lambda: None)

    def following(self, ahead: Forecast, base: QuantaStage) -> QuantaStage:
        """The next calculation of the series, which a signal or the time ends too.

        Raises:
            ValueError: as `solved` does.
            StoppedError: after a signal, or far beyond the time allowed.
        """
        costs = self.costs
        return self._solved(ahead, base, lambda: costs.budget.go_on(costs.started))

    def _solved(
        self, ahead: Forecast, base: QuantaStage | None, go_on: Callable[[], None]
    ) -> QuantaStage:
        begun, grid = process_time(), ahead.grid
        say = converging(self.report, begun + ahead.seconds)
        due = at_intervals(KEPT)

        def watch(now: Progress) -> None:
            if due() is not None or self.budget.stopped():
                vectors = {"quanta": grid.quanta, "vectors": now.vectors.cpu()}
                self.store.keep(self.name, self.costs.spent, under_way=vectors)
            go_on()
            say(now)

        self.part(f"V and G are computed at {grid.points} points", ahead.seconds)
        h, warnings = grid.hamiltonian(self.target)
        go_on()
        self.part(f"matrix elements among the {h.size} functions are computed", ahead.seconds)
        pairs = self.eigenpairs(h, base, watch, self._under_way(grid))
        return QuantaStage(h, pairs, process_time() - begun, tuple(warnings), grid)

    def _under_way(self, grid: Grid) -> Tensor | None:
        """Vectors (S, N) of a calculation that an earlier run of the program did not end."""
        kept = self.store.of(self.name) or {}
        last = kept.get("under_way")
        return last["vectors"] if last and last["quanta"] == grid.quanta else None

    def eigenpairs(
        self,
        h: Hamiltonian,
        base: QuantaStage | None,
        watch: Watch = lambda _: None,
        under_way: Tensor | None = None,
    ) -> Eigenpairs:
        """The levels asked for and a few more; those up to an energy are counted on the way.

        Args:
            h: Hamiltonian.
            base: calculation before this one, whose vectors it begins with.
            watch: called after each step of the Davidson method.
            under_way: vectors of the same calculation in an earlier run of the program, (S, N).
        """
        target = self.target
        count, start, available = target.count or FEW, None, level_count(h)
        if base is not None:
            start = start_vectors(base.hamiltonian.basis, base.pairs, h.basis)
            count = target.number(base.pairs.energies)
        if under_way is not None and under_way.shape[1] == h.size:
            start = under_way.to(h.device)
        while True:
            asked = min(available, count + EXTRA)
            try:
                pairs = lowest_blockwise(
                    h, asked, solver=target.solver, start=start, watch=watch,
                    tolerance=max(TIGHT, RESIDUAL * target.accuracy),
                )  # fmt: skip
            except LinAlgError:  # H less the lowest V has no Cholesky factor
                raise _coarse(h) from None
            if float(pairs.energies[0]) < h.lower_bound:
                raise _coarse(h)
            if target.number(pairs.energies) < len(pairs.energies) or asked == available:
                return pairs
            count, start = 2 * count, pairs.coefficients

    def part(self, sentence: str, seconds: float) -> None:
        """Say which part of a calculation begins, if that takes long.

        Args:
            sentence: what is done in this part.
            seconds: CPU time of the whole calculation.
        """
        if seconds > LONG:
            self.report(sentence)

    def smaller(self, stage: QuantaStage) -> QuantaStage:
        """Fewer functions on the same grid: what the first calculation is compared with."""
        h = stage.grid.fewer(stage.hamiltonian, stage.grid.quanta - STEP)
        return replace(stage, hamiltonian=h, pairs=self.eigenpairs(h, stage))

    def expected(self, stage: QuantaStage) -> Tensor:
        """Changes of the levels by half a step, a step and two, to second order, (3, S).

        (2, S) where the points of the last calculation are too few for two steps.
        """
        h, pairs = stage.hamiltonian, stage.pairs.first(self.number(stage))
        larger = [stage.grid.more(h, quanta) for quanta in (HALF, STEP, 2 * STEP)]
        known = [one for one in larger if one is not None]
        return expected_changes(h, known, pairs, product=shared_products)

    def narrower(self, stage: QuantaStage) -> Tensor:
        """Changes of the first levels in narrower ranges, (S,); zero where nothing has ranges."""
        grid = stage.grid.narrower()
        if grid is None:
            return torch.zeros(self.number(stage), dtype=torch.float64)
        other = self.solved(Forecast(grid, 0, self.program, stage.seconds), stage)
        change = matching(stage.levels, other.levels, self.number(stage)).changes
        self.report(f"narrower ranges moved levels by up to {float(change.max()) / CM1:.2g} cm-1")
        return change

    def nearer(self, stage: QuantaStage) -> Tensor:
        """Changes of the first levels where V is continued from nearer the minimum, (S,)."""
        pairs = stage.pairs.first(self.number(stage))
        change = with_nearer_continuation(self.target.system, stage.hamiltonian, pairs)
        if change.any():
            most = float(change.max()) / CM1
            self.report(
                f"V extrapolated from a lower energy on moved levels by up to {most:.2g} cm-1"
            )
        return change

    def finer(self, stage: QuantaStage, base: QuantaStage) -> Tensor:
        """Changes of the levels of the calculation before on the last grid, (S,).

        To first order: its vectors are held, and H of the last grid is solved among them. Where
        there was but one grid its points may matter as much as its functions.
        """
        h, pairs = stage.hamiltonian, base.pairs
        vectors = start_vectors(base.hamiltonian.basis, pairs, h.basis)
        if vectors is None or base.grid is stage.grid:
            return self.matched(stage, base).changes
        among = vectors @ shared_products(h, vectors).T
        energies = torch.linalg.eigvalsh((among + among.T) / 2)
        apart = (energies - energies[0] - pairs.energies + pairs.energies[0]).abs()
        apart[0] = (energies[0] - pairs.energies[0]).abs()
        change = of_partners(apart.cpu(), self.matched(stage, base).partners)
        self.report(f"more points moved levels by up to {float(change.max()) / CM1:.2g} cm-1")
        return change

    def matched(self, stage: QuantaStage, base: QuantaStage) -> Matching:
        """Changes of the levels asked for since the calculation before, and partners there."""
        return matching(stage.levels, base.levels, self.number(stage))

    def again(self, stage: QuantaStage) -> QuantaStage:
        """The same calculation with V and G computed again."""
        h, _ = stage.grid.hamiltonian(self.target)
        return replace(stage, hamiltonian=h)

    def number(self, stage: QuantaStage) -> int:
        """Levels asked for among those of a calculation."""
        return min(self.target.number(stage.pairs.energies), len(stage.pairs.energies))

    def table(self, stage: QuantaStage, left: Tensor) -> None:
        """Say the levels of a calculation and how far they may be off."""
        energies = stage.pairs.energies[: len(left)].cpu()
        shown = energies - energies[0]
        shown[0] = energies[0] - self.target.lowest_energy
        heading = f"{stage.grid.quanta:g} quanta"
        for line in preliminary(heading, shown, left, self.target.accuracy, self.costs.spent):
            self.report(line)


def _coarse(h: Hamiltonian) -> OuterSurfaceError:
    return OuterSurfaceError(
        f"a grid of {len(h.potential)} points gives levels below the minimum of the surface, which "
        "is not smooth enough or whose modes are far from oscillators; give `coordinates.kind: "
        "zmatrix` with `basis`"
    )
