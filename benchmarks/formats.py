"""Public point sets read as they came, and a million frames beside ASE's reader.

python benchmarks/formats.py FILE ... [--frames N]

Each FILE is one of the sets of `SETS`, known by its name; the docstring of `SETS` says where a user
gets it. It is read with the options that stand there, converted to HDF5 and back, and compared bit
for bit. Then N made-up frames of five atoms with forces are written as extended XYZ, and read in a
process of its own by each reader: CPU seconds and the largest memory of the process, both with
what importing takes.

A million frames (415 MiB), one run on a busy machine, one thread: `pes.read` 14.5 s and 1,641 MiB,
conversion to HDF5 23.3 s and 706 MiB, reading that 4.3 s and 1,620 MiB; `ase.io.iread`, which keeps
no frame, 115 s and 183 MiB, `ase.io.read` 126 s and 4,292 MiB. A hundred thousand frames take
697 MiB to convert.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pes.data import read, write

SETS = {
    "peslearn_h2o_988.csv": {
        "formula": "H H O",
        "units": "energy=hartree length=angstrom",
    },
    "h2co_ccsdt_avtz_4001.npz": {},
    "methane_b3lyp_9000.xyz.zip": {},
    "h2o_spectroscopic_10001.dat": {
        "formula": "O H H",
        "columns": "R1 R2 cos energy",
        "units": "energy=cm-1 length=angstrom",
    },
}
"""Options of each set. From the repositories CCQC/PES-Learn (`tests/datafiles/H2O.dat`),
MMunibas/KerNN (H2CO, CCSD(T)-F12B), jmbowma/QM-22 (`Methane.xyz`) and owen-ren0003/rshdmrgpr
(`data/h2o.dat`)."""

READERS = {
    "pes.read": "import pes; print(len(pes.read(path)))",
    "pes-convert to HDF5": "from pes import cli; cli.convert([path, path + '.h5', '--overwrite'])",
    "pes.read of the HDF5": "import pes; print(len(pes.read(path + '.h5')))",
    "ase.io.iread": (
        "import ase.io; print(sum(1 for _ in ase.io.iread(path, index=':', format='extxyz')))"
    ),
    "ase.io.read": "import ase.io; print(len(ase.io.read(path, index=':', format='extxyz')))",
}
"""Each runs in a process of its own, the largest one last."""

METHANE = np.array([[0, 0, 0], [1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]]) * 0.63


def main() -> None:
    """Run what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--frames", type=int, default=0, help="made-up frames, such as 1000000")
    given = parser.parse_args()
    for file in given.files:
        round_trip(file)
    if given.frames:
        made_up(given.frames)


def round_trip(file: Path) -> None:
    """Read one set, write it as HDF5 and read that again."""
    start = time.perf_counter()
    points = read(file, **SETS[file.name])
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "points.h5", points)
        again = read(Path(folder) / "points.h5")
    same = again.sha256 == points.sha256 and again.symbols == points.symbols
    print(f"{file.name}: {points!r}, {points.provenance['units']}; read in {seconds:.2f} s; "
          f"HDF5 and back {'bit for bit' if same else 'DIFFERS'}")  # fmt: skip


def made_up(count: int) -> None:
    """Time and memory of each reader on one large file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "methane.xyz"
        _write_frames(path, count)
        print(f"{count:,} frames of CH4 with forces, {path.stat().st_size / 2**20:.0f} MiB")
        for name, statement in READERS.items():
            seconds, mebibytes, last = _measured(statement, path)
            print(f"{name}: {seconds:.1f} s, {mebibytes:.0f} MiB ({last})")


def _write_frames(path: Path, count: int) -> None:
    noise = np.random.default_rng(0)
    header = '5\nProperties=species:S:1:pos:R:3:forces:R:3 energy={:.10f} pbc="F F F"\n'
    row = "{} " + " ".join(["{:.8f}"] * 6) + "\n"
    with path.open("w") as file:
        for _ in range(count):
            x, f = METHANE + noise.normal(0, 0.05, (5, 3)), noise.normal(0, 0.1, (5, 3))
            rows = [row.format(s, *a, *b) for s, a, b in zip("CHHHH", x, f, strict=True)]
            file.write(header.format(-1100 + noise.random()) + "".join(rows))


def _measured(statement: str, path: Path) -> tuple[float, float, str]:
    """CPU seconds, largest memory in MiB and the last line printed."""
    program = (
        f"import sys, time; path = sys.argv[1]; {statement}; "
        "status = open('/proc/self/status').read(); "
        "print(time.process_time(), int(status.split('VmHWM:')[1].split()[0]) / 1024)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    *_, last, figures = run.stdout.splitlines()
    seconds, mebibytes = map(float, figures.split())
    return seconds, mebibytes, last


if __name__ == "__main__":
    main()
