"""CPU seconds until a command or a notebook can begin, each in a fresh interpreter.

python benchmarks/imports.py [--repeat 5]
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

LIBRARIES = "torch, scipy.optimize, scipy.interpolate, scipy.ndimage, scipy.sparse.linalg, h5py"
COMMAND = "from pes.run.loading import loading\nwith loading(): import pes.run.levels.command"
STATEMENTS = {
    "torch": "import torch",
    "torch, SciPy, h5py and pydantic": f"import {LIBRARIES}, pydantic",
    "import pes": "import pes",
    "pes-levels --help": "import pes.cli\ntry: pes.cli.levels(['--help'])\nexcept SystemExit: pass",
    "pes.levels": "import pes; pes.levels",
    "pes-levels": COMMAND,
    "pes-levels with pictures": f"{COMMAND}, pes.run.levels.pictures",
}
"""Programs that load a part of the package, by the name of the row."""


def main() -> None:
    """Run each statement and print its row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each row")
    repeat = parser.parse_args().repeat
    print("CPU-s, the least and the median of the runs; bytecode is compiled beforehand")
    package = Path(__file__).parents[1] / "pes"
    subprocess.run([sys.executable, "-m", "compileall", "-q", package], check=True)
    for name, statement in STATEMENTS.items():
        seconds = sorted(cpu_seconds(statement) for _ in range(repeat))
        print(f"{name:34}{seconds[0]:6.2f}{seconds[repeat // 2]:6.2f}")


def cpu_seconds(statement: str) -> float:
    """User and system time of an interpreter that runs one statement, one thread."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", statement]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
