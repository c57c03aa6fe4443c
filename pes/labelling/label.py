"""Labels of geometries: what `pes-label` does, in one call."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pes.data import Dataset, write
from pes.files import write_csv, write_json
from pes.labelling.assembly import assembled, failures
from pes.labelling.batch import Report, run_batch
from pes.labelling.calculation import Calculation, Point
from pes.labelling.geometries import GeometriesLike, GeometrySet, geometries_of
from pes.labelling.program import FunctionProgram, Program
from pes.labelling.workers import Processes, Workers
from pes.staging import staged
from pes.tables import html_table

__all__ = ["DONE", "JOURNAL", "POINTS", "LabelResult", "label"]

JOURNAL = "journal.jsonl"
"""Every finished point, one line each."""
POINTS = "points.h5"
DONE = "label.json"
"""Written last."""
SCRATCH = "scratch"
"""Folders of the points of an external program; those of failed points stay."""
MINIMUM = "minimum"
TACTICS = ("guesses", "minutes")
"""Settings of a program that may change before failed points are tried again."""


@dataclass(frozen=True, repr=False)
class LabelResult:
    """Points with their labels, and those that have none.

    Attributes:
        dataset: the points that could be computed, in the order of the geometries.
        failures: `row` of the geometry (from 0, or "minimum") and `reason` of each other one.
        seconds: wall time of all calculations, those of earlier calls included.
    """

    dataset: Dataset
    failures: tuple[Mapping[str, Any], ...]
    seconds: float

    def __repr__(self) -> str:
        failed = f"{len(self.failures)} failed" if self.failures else "none failed"
        return f"LabelResult({self.dataset!r}; {failed})"

    def _repr_html_(self) -> str:
        rows = [[failure["row"], failure["reason"]] for failure in self.failures]
        return html_table([["failed geometry", "reason"], *rows], repr(self))

    def save(self, folder: str | Path) -> Path:
        """Write points.h5, failures.csv if there are any and, last, label.json.

        Args:
            folder: made if need be; files of these names are replaced.

        Returns:
            The folder.
        """
        with staged(folder, finished=DONE, stale=("failures.csv",)) as place:
            write(place / POINTS, self.dataset)
            if self.failures:
                write_csv(place / "failures.csv", self.failures)
            write_json(place / DONE, self.summary())
        return Path(folder)

    def summary(self) -> dict[str, Any]:
        """Content of label.json."""
        return {
            "format": "pes-label",
            "version": 1,
            "points": len(self.dataset),
            "failures": list(self.failures),
            "seconds": self.seconds,
            "provenance": dict(self.dataset.provenance),
        }


def label(
    geometries: GeometriesLike,
    program: Program | Callable[..., Any],
    folder: str | Path,
    *,
    symbols: Sequence[str] | None = None,
    workers: int | Workers | Executor = 1,
    attempts: int = 3,
    minimum: bool = False,
    retry: bool = False,
    notes: Mapping[str, str] = MappingProxyType({}),
    report: Report = lambda *_: None,
) -> LabelResult:
    """Compute energies, and what else a program provides, of many geometries.

    Every point is written to the journal in the folder as soon as it is computed. If the same call
    is made again, it continues where the last one ended, even if that one was killed.

    Args:
        geometries: (B, N, 3) in bohr, a data set, or a file such as the geometries.xyz of
            `pes-sample`.
        program: a `PySCF` or an `External` of `pes.labelling`, or a Python function of
            positions (N, 3) in bohr to the energy in hartree or to a mapping of `energy`, `forces`
            and `dipole` that worker processes can import.
        folder: folder of the journal, made if need be.
        symbols: isotopes; needed for an array.
        workers: number of processes of this machine; `Processes`, `Dask` or `JobQueue` of
            `pes.labelling.workers`; or an executor of `concurrent.futures`.
        attempts: number of guesses before a point fails.
        minimum: make row 0 the minimum of the method, optimised from the lowest geometry.
        retry: compute points again that failed in an earlier call.
        notes: further entries of the provenance.
        report: function called with the numbers of points done, failed and in all.

    Raises:
        ValueError: for settings that cannot work, a journal of other settings, or if all points
            fail.
        OSError: if the journal cannot be written, or the program cannot be started. The content
            of the journal is kept.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> x = np.array([[[0, 0, 0], [0, 0, 1.4]], [[0, 0, 0], [0, 0, 1.5]]])
        >>> with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as worker:
        ...     spring = lambda x: 0.2 * (x[1, 2] - x[0, 2] - 1.4) ** 2
        ...     label(x, spring, folder, symbols="H H", workers=worker)
        LabelResult(Dataset: H2, 2 points over 438.9 cm-1, no forces, no dipoles; none failed)
    """
    known = geometries_of(geometries, symbols)
    computed = program if isinstance(program, Program) else FunctionProgram(program)
    elements = known.elements
    computed.check(elements)
    if minimum:
        computed.with_forces()
    if attempts < 1:
        raise ValueError(f"`attempts` must be at least 1, got {attempts}")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    points = [Point(x) for x in known.positions.tolist()]
    if minimum:
        points.insert(0, Point(points[known.lowest].positions, optimise=True))
    calculation = Calculation(computed, elements, (place / SCRATCH).resolve(), attempts)
    with _started(workers) as submit:
        records = run_batch(
            calculation, points, place / JOURNAL, _settings(computed, known, minimum),
            submit=submit, retry=retry, report=report,
        )  # fmt: skip
    failed = [{**one, "row": _name(one["row"], minimum)} for one in failures(records)]
    facts = {**computed.provenance(), "geometries": known.source, **notes}
    if minimum and "failure" not in records[0]:
        facts["row_0"] = "minimum of this method, optimised"
    facts |= {"failed_points": json.dumps(failed), "date": date.today().isoformat()}
    dataset = assembled(records, known.symbols, facts, computed.units)
    seconds = sum(record.get("seconds", 0.0) for record in records)
    return LabelResult(dataset, tuple(failed), seconds)


def _started(workers: int | Workers | Executor) -> AbstractContextManager[Callable[..., Any]]:
    if isinstance(workers, Executor):
        return nullcontext(workers.submit)
    if isinstance(workers, Workers):
        return workers.started()
    if workers < 1:
        raise ValueError(f"`workers` must be at least 1, got {workers}")
    return Processes(workers).started()


def _settings(program: Program, known: GeometrySet, minimum: bool) -> dict[str, Any]:
    """All that determines the results: the first line of the journal."""
    digest = hashlib.sha256(known.positions.numpy().astype("<f8").tobytes()).hexdigest()
    details = {} if isinstance(program, FunctionProgram) else asdict(program)  # type: ignore[call-overload]
    details = {name: value for name, value in details.items() if name not in TACTICS}
    return {
        "program": type(program).__name__, **details, **program.provenance(),
        "symbols": list(known.symbols), "geometries": digest, "minimum": minimum,
    }  # fmt: skip


def _name(row: int, minimum: bool) -> int | str:
    """Row of the geometry that a row of the journal belongs to."""
    return row if not minimum else (MINIMUM if row == 0 else row - 1)
