"""What is said of versions and device."""

import torch

from pes.setup.machine.environment import environment, environment_line


def test_environment() -> None:
    found = environment(torch.device("cpu"), 3)
    assert found["seed"] == 3
    assert found["versions"]["torch"] == torch.__version__
    assert torch.__version__ in environment_line(torch.device("cpu"))
