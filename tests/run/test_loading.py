"""Imports of a command."""

import gc
import subprocess
import sys

from pes.run.loading import loading


def test_garbage_is_collected_again() -> None:
    assert gc.isenabled()
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.unfreeze()


def test_help_of_a_command_loads_no_libraries() -> None:
    program = "import sys, pes.cli; sys.exit({'torch', 'scipy', 'pydantic'} & {*sys.modules} or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
