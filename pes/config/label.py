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
    """Method; CCSD(T) by default."""
    basis: str = "cc-pVTZ"
    """Name of a Gaussian basis set that PySCF has."""
    functional: str | None = None
    """Functional of `dft` as PySCF writes it, such as b3lyp."""
    charge: int = 0
    """Charge of the molecule, e."""
    frozen_core: bool = True
    """Leave the chemical core uncorrelated."""
    gradient: bool = False
    """Compute forces by analytic gradients."""
    dipole: Literal["none", "scf", "density", "field"] = "scf"
    """Dipole moment: of the SCF density; of the method's own density without orbital relaxation;
    or minus the slope of the energy in a uniform field, six more energies for each point."""
    field: float = Field(default=1e-3, gt=0)
    """Strength of that field, atomic units."""

    def resolved(self, base: Path) -> Program:
        """The record of `pes.labelling`."""
        return PySCF(**self.model_dump(exclude={"kind"}))


class ExternalSection(Section):
    """Any program that reads an input file: a template, a command, a parser.

    Patterns are regular expressions, `^` and `$` match at lines; their last match counts.
    """

    kind: Literal["external"] = "external"
    template: Path
    """Input file in which {geometry} stands for the atoms, {guess} for the text of the attempt and
    {row} for the number of the point."""
    command: str
    """Command to run in the folder of the point, without a shell."""
    energy: str | None = None
    """Pattern with one group, the energy; or `format`."""
    gradient: str | None = None
    """Pattern with three groups, matched once for each atom, in the frame of the input."""
    forces: str | None = None
    """Pattern for forces instead of gradients."""
    columns: dict[str, str] = {}
    """Patterns of further numbers by name; a name with `energy` in it has the unit of energies."""
    finished: str | None = None
    """Pattern that the output of a good end matches."""
    format: str | None = None
    """Format of the output as `pes-convert` knows it, such as output (by cclib), qcschema or
    extxyz, instead of patterns."""
    input: str = "point.inp"
    """Name of the input file."""
    output: str | None = None
    """Name of the output file; by default what the command prints."""
    length: Literal["angstrom", "bohr"] = "angstrom"
    """Unit of the geometry in the input."""
    energy_unit: Literal[tuple(ENERGY_UNITS)] = "hartree"  # type: ignore[valid-type]
    """Unit of the energies that the patterns match."""
    gradient_unit: Literal[tuple(FORCE_UNITS)] = "hartree/bohr"  # type: ignore[valid-type]
    """Unit of the gradients or forces that they match."""
    guesses: tuple[str, ...] = Field(default=("",), min_length=1)
    """Texts for {guess}, one for each attempt."""
    minutes: float | None = Field(default=None, gt=0)
    """Longest wall time of a point."""

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
    """Processes of this machine."""

    kind: Literal["processes"] = "processes"
    count: Count = 1
    """Number of processes; each computes one point at a time on one core."""

    def resolved(self) -> Workers:
        """The record of `pes.labelling`."""
        return Processes(self.count)


class DaskSection(Section):
    """Workers of Dask (`pip install 'pes[dask]'`)."""

    kind: Literal["dask"] = "dask"
    address: str | None = None
    """Address of a scheduler that runs, such as tcp://node1:8786; by default one is started here
    with `count` processes."""
    count: Count = 1
    """Number of processes if there is no `address`."""

    def resolved(self) -> Workers:
        """The record of `pes.labelling`."""
        return Dask(self.address, self.count)


class QueueSection(Section):
    """Dask workers in jobs of a batch system, by dask-jobqueue (`pip install 'pes[dask]'`)."""

    kind: Literal["queue"] = "queue"
    system: Literal["slurm", "pbs", "sge", "lsf"] = "slurm"
    """Batch system."""
    jobs: Count = 1
    """Number of jobs to ask for."""
    options: dict[str, Any] = {}
    """Options of the jobs as dask-jobqueue names them: queue, account, cores, memory, walltime,
    job_script_prologue, ..."""

    def resolved(self) -> Workers:
        """The record of `pes.labelling`."""
        return JobQueue(self.system, self.jobs, self.options)


ProgramKinds = Annotated[PySCFSection | ExternalSection, Field(discriminator="kind")]
WorkerKinds = Annotated[ProcessesSection | DaskSection | QueueSection, Field(discriminator="kind")]


class LabelConfig(Section):
    """`pes-label`: energies of chosen geometries."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    geometries: Path
    """Geometries: a file of `pes-sample`, or of points in any format that `pes-convert` reads."""
    program: Annotated[ProgramKinds, BeforeValidator(by_name)] = PySCFSection()
    """Program: pyscf or external."""
    workers: Annotated[WorkerKinds, BeforeValidator(by_name)] = ProcessesSection()
    """Workers: processes, dask or queue."""
    attempts: Annotated[int, Field(gt=0, le=20)] = 3
    """Attempts before a point fails, each from another guess."""
    minimum: bool = False
    """Make row 0 the minimum of the method, optimised from the lowest geometry."""
    notes: dict[str, str] = {}
    """Further entries of the provenance, such as how the geometries were chosen."""
