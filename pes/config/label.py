"""`pes-label`: keys of what computes which geometries, and where."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Name, Section, by_name
from pes.labelling.external import External
from pes.labelling.program import Program
from pes.labelling.pyscf_program import PySCF
from pes.labelling.workers import Dask, JobQueue, Processes, Workers
from pes.units import ENERGY_UNITS, FORCE_UNITS

__all__ = ["LabelConfig"]

Count = Annotated[int, Field(gt=0, le=10_000)]


class PySCFSection(Section):
    """A closed-shell calculation by PySCF (`pip install 'pes[abinitio]'`)."""

    kind: Literal["pyscf"] = "pyscf"
    method: Literal["hf", "dft", "mp2", "ccsd", "ccsd(t)"] = "ccsd(t)"
    """Method; the default is CCSD(T)."""
    basis: str = "cc-pVTZ"
    """Name of a Gaussian basis set that PySCF knows."""
    functional: str | None = None
    """Functional for `method: dft`, by the name that PySCF uses, such as b3lyp."""
    charge: int = 0
    """Charge of the molecule, e."""
    frozen_core: bool = True
    """Use the frozen-core approximation."""
    gradient: bool = False
    """Compute forces by analytic gradients."""
    dipole: Literal["none", "scf", "density", "field"] = "scf"
    """Dipole moment. none: it is not computed. scf: from the SCF density. density: from the density
    of the method, without orbital relaxation. field: minus the derivative of the energy by a
    uniform field, which takes six more energies for each point."""
    field: float = Field(default=1e-3, gt=0)
    """Strength of the field for `dipole: field`, atomic units."""

    def resolved(self, base: Path) -> Program:
        """The record of `pes.labelling`."""
        return PySCF(**self.model_dump(exclude={"kind"}))


class ExternalSection(Section):
    """Any program that reads an input file; it needs a template, a command and patterns.

    Patterns are regular expressions, `^` and `$` match at lines; their last match counts.
    """

    kind: Literal["external"] = "external"
    template: Path
    """Input file in which {geometry} stands for the atoms, {guess} for the text of the attempt and
    {row} for the number of the point."""
    command: str
    """Command to run in the folder of the point, without a shell."""
    energy: str | None = None
    """Pattern with one group, which matches the energy; give this or `format`."""
    gradient: str | None = None
    """Pattern with three groups, which matches the gradient of each atom, in the frame of the
    input."""
    forces: str | None = None
    """Pattern with three groups for forces; use it if the program prints forces, not gradients."""
    columns: dict[str, str] = {}
    """Patterns of further numbers by name; a name with `energy` in it has the unit of energies."""
    finished: str | None = None
    """Pattern that the output matches if the program has ended normally."""
    format: str | None = None
    """Format of the output, such as output (read by cclib), qcschema or extxyz; use it instead of
    patterns. `pes-convert` knows the same formats."""
    input: str = "point.inp"
    """Name of the input file."""
    output: str | None = None
    """Name of the output file; the default is what the command prints."""
    length: Literal["angstrom", "bohr"] = "angstrom"
    """Unit of the geometry in the input."""
    energy_unit: Literal[tuple(ENERGY_UNITS)] = "hartree"  # type: ignore[valid-type]
    """Unit of the energies that the patterns match."""
    gradient_unit: Literal[tuple(FORCE_UNITS)] = "hartree/bohr"  # type: ignore[valid-type]
    """Unit of the gradients or forces that they match."""
    guesses: tuple[str, ...] = Field(default=("",), min_length=1)
    """Texts that replace {guess}, one for each attempt."""
    minutes: float | None = Field(default=None, gt=0)
    """Longest wall time of one point, minutes."""

    def resolved(self, base: Path) -> Program:
        """The record of `pes.labelling`, the template read.

        Raises:
            ValueError, FileNotFoundError: if there is no template, or the patterns do not do.
        """
        path = base / self.template
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{path}: not a text file in UTF-8") from None
        try:
            return External(text, **self.model_dump(exclude={"kind", "template"}))
        except ValueError as error:
            raise ValueError(f"`program`: {error}") from None


class ProcessesSection(Section):
    """Processes on this machine."""

    kind: Literal["processes"] = "processes"
    count: Count = 1
    """Number of processes; each computes one point at a time on one core."""

    def resolved(self) -> Workers:
        """The record of `pes.labelling`."""
        return Processes(self.count)


class DaskSection(Section):
    """Dask workers (`pip install 'pes[dask]'`)."""

    kind: Literal["dask"] = "dask"
    address: str | None = None
    """Address of a running scheduler, such as tcp://node1:8786; by default a scheduler with `count`
    processes is started on this machine."""
    count: Count = 1
    """Number of processes; it is used if no `address` is given."""

    def resolved(self) -> Workers:
        """The record of `pes.labelling`."""
        return Dask(self.address, self.count)


class QueueSection(Section):
    """Dask workers in jobs of a batch system; they need `pip install 'pes[dask]'`."""

    kind: Literal["queue"] = "queue"
    system: Literal["slurm", "pbs", "sge", "lsf"] = "slurm"
    """Batch system."""
    jobs: Count = 1
    """Number of jobs to submit."""
    options: dict[str, Any] = {}
    """Options of the jobs as dask-jobqueue names them: queue, account, cores, memory, walltime,
    job_script_prologue, ..."""

    def resolved(self) -> Workers:
        """The record of `pes.labelling`."""
        return JobQueue(self.system, self.jobs, self.options)


ProgramKinds = Annotated[PySCFSection | ExternalSection, Field(discriminator="kind")]
WorkerKinds = Annotated[ProcessesSection | DaskSection | QueueSection, Field(discriminator="kind")]


class LabelConfig(Section):
    """`pes-label`: ab initio energies of given geometries."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    geometries: Path
    """File of the geometries, from `pes-sample` or in any format that `pes-convert` reads."""
    program: Annotated[ProgramKinds, BeforeValidator(by_name)] = PySCFSection()
    """Program that computes the energies: pyscf or external."""
    workers: Annotated[WorkerKinds, BeforeValidator(by_name)] = ProcessesSection()
    """Workers that run the program: processes, dask or queue."""
    attempts: Annotated[int, Field(gt=0, le=20)] = 3
    """Number of attempts for each point, each from another initial guess."""
    minimum: bool = False
    """Optimise the lowest geometry by this method and put the minimum into row 0."""
    notes: dict[str, str] = {}
    """Further entries for the provenance in the file, such as how the geometries were chosen."""
