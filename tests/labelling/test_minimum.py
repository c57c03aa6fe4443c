from pathlib import Path

import numpy as np
import pytest
from toy_programs import springs, springs_with_forces

from pes.labelling.minimum import minimised
from pes.labelling.program import FunctionProgram
from pes.labelling.pyscf_program import PySCF

ELEMENTS = ("O", "H", "H")
START = [[0.0, 0.0, 0.0], [1.9, 0.0, 0.0], [-0.5, 1.7, 0.0]]


def distances(positions: list) -> list[float]:
    x = np.array(positions)
    return [float(np.linalg.norm(x[i] - x[j])) for i, j in ((0, 1), (0, 2), (1, 2))]


def test_the_minimum_of_springs() -> None:
    minimum = minimised(FunctionProgram(springs_with_forces), ELEMENTS, START, Path("none"))
    # Forces below 1e-5 at force constants of 0.5: lengths within 2e-5.
    assert distances(minimum) == pytest.approx([1.8, 1.8, 2.85], abs=3e-5)


def test_a_program_without_forces() -> None:
    with pytest.raises(ValueError, match="a minimum needs forces"):
        minimised(FunctionProgram(springs), ELEMENTS, START, Path("none"))


@pytest.mark.slow
def test_the_minimum_of_water() -> None:
    pytest.importorskip("pyscf")
    program = PySCF(basis="cc-pVDZ")
    minimum = np.array(minimised(program, ELEMENTS, START, Path("none")))
    a, b = minimum[1] - minimum[0], minimum[2] - minimum[0]
    # CCSD(T)/cc-pVDZ, frozen core, in the NIST CCCBDB (https://cccbdb.nist.gov): 0.966 Å, 101.9°.
    assert np.linalg.norm(a) * 0.529177 == pytest.approx(0.966, abs=1e-3)
    angle = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    assert angle == pytest.approx(101.9, abs=0.05)
    record = program.with_forces().record(ELEMENTS, minimum.tolist(), Path("none"), 0)
    assert np.abs(record["forces"]).max() < 1e-5
