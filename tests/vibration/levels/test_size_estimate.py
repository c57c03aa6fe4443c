"""The size told before a calculation starts, against what it then takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from pes.vibration import BasisSpec
from pes.vibration.basis.truncation import GroupSize, Truncation
from pes.vibration.levels.size_estimate import estimated_size

LINE = BasisSpec("sinc", -6.0, 6.0, 10, points=20, primitives=40)
MEASURED = '''
import sys, torch
from pes.vibration import BasisSpec, vibrational_levels, model
from pes.vibration.levels.size_estimate import estimated_size
from pes.memory import resident_memory
from pes.vibration.basis.truncation import Truncation
from pes.vibration.symmetry.operations import commuting, symmetry_operations

def peak():
    """Bytes of this program alone: ru_maxrss begins with the size of the one that started it."""
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return 1024 * int(line.split()[1])

def coordinates(modes, functions, points):
    return [BasisSpec("sinc", -6.0, 6.0, functions, points=points, primitives=40)] * modes

def oscillators(modes):
    g = torch.eye(modes, dtype=torch.float64)
    g[0, 1] = g[1, 0] = 0.1
    return model(lambda q: (q**2).sum(1) / 2 + 0.02 * q[:, 0] * q[:, 1] * q[:, 2], g)

torch.set_num_threads(1)
modes, functions, points, quanta, convergence = eval(sys.argv[1])
vibrational_levels(oscillators(3), coordinates(3, 4, 6), 3, cap=1e3)
program = resident_memory()
system, wanted, limits = oscillators(modes), coordinates(modes, functions, points), Truncation(quanta)
operations = commuting(symmetry_operations(system, wanted))
largest = estimated_size(wanted, limits, 10, convergence=convergence, operations=operations)
found = vibrational_levels(system, wanted, 10, truncation=limits, cap=1e3, convergence=convergence)
h = found.hamiltonian
print(program + largest.memory, peak(), largest.functions == h.size, largest.points == len(h.potential))
'''  # noqa: E501
CASES = [
    pytest.param((4, 10, 24, 8, False), id="one run"),
    pytest.param((4, 10, 20, 8, "larger"), id="larger runs", marks=pytest.mark.slow),
    pytest.param((6, 6, 8, 6, False), id="six coordinates", marks=pytest.mark.slow),
    pytest.param((5, 8, 11, 7, "smaller"), id="smaller runs", marks=pytest.mark.slow),
    pytest.param((3, 14, 40, None, "larger"), id="Davidson", marks=pytest.mark.slow),
]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory as Linux tells it")
@pytest.mark.parametrize("case", CASES)
def test_within_a_quarter_of_the_whole_process(case: tuple[object, ...]) -> None:
    command = [sys.executable, "-c", MEASURED, repr(case)]
    run = subprocess.run(command, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    told, taken, *same = run.stdout.split()
    assert same == ["True", "True"]
    assert 0.8 < int(told) / int(taken) < 1.25


def test_what_the_bases_alone_can_tell() -> None:
    limits = Truncation(energy=1.0, groups=(GroupSize((0, 1), functions=9),))
    largest = estimated_size([LINE] * 3, limits, 10, convergence=False)
    assert str(largest).startswith(
        "the functions within the limits on products on 8000 grid points"
    )


def test_the_largest_run_is_meant() -> None:
    limits = Truncation(quanta=6)
    alone = estimated_size([LINE] * 4, limits, 10, convergence=False)
    four, five = (estimated_size([LINE] * n, limits, 10, convergence=True) for n in (4, 5))
    assert alone.functions == 210
    assert four.functions == 495
    assert four.points == 24**4
    assert five.functions == 462
    assert five.points == 20**5
