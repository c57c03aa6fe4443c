"""The commands. A mistake of the user ends in one line and exit code 2.

Each command imports what it runs when it runs: half of the time to start is that of the others.
"""

from pes.cli.points import audit, convert, label, sample
from pes.cli.spectra import levels, spectrum
from pes.cli.surfaces import check_gradients, evaluate, export, refine, report, train

__all__ = [
    "audit",
    "check_gradients",
    "convert",
    "evaluate",
    "export",
    "label",
    "levels",
    "refine",
    "report",
    "sample",
    "spectrum",
    "train",
]
