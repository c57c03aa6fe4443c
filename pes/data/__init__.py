"""Points of a surface: one record, readers and writers, splits, audit, generation."""

from pes.data.dataset import Dataset
from pes.data.formats import FORMATS, read, write
from pes.data.splits import Split, split

__all__ = ["FORMATS", "Dataset", "Split", "read", "split", "write"]
