"""Clean sets and made-up faults of the benchmark, for small sets."""

import runpy
from pathlib import Path

from pes.data import Dataset
from pes.findings.evidence import Evidence
from pes.findings.order import misplaced

BENCHMARK = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "audit.py"))
FAULTS, FORCE_FAULTS = BENCHMARK["FAULTS"], BENCHMARK["FORCE_FAULTS"]
CLEAN = {
    "H2O CCSD(T)/DZ, forces": BENCHMARK["CLEAN"]["H2O CCSD(T)/DZ, forces"],
    "H2S": lambda: BENCHMARK["analytic"]("hydrogen_sulfide_model", 200, 0.1),
    "NH3": lambda: BENCHMARK["analytic"]("ammonia_model", 300, 0.08),
    "H2O to atoms": lambda: BENCHMARK["dissociating"](300),
    "HCN and HNC": lambda: BENCHMARK["isomers"](200),
}


def ammonia() -> Dataset:
    """Three hundred points of a model, with forces."""
    return CLEAN["NH3"]()


def evidence(data: Dataset) -> Evidence:
    """The evidence that an audit starts from."""
    return Evidence(data, misplaced(data))
