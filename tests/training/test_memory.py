import pytest

from pes.training.memory import check_memory, needed_memory

MIB = 2**20


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("levenberg_marquardt", "`surface.hidden` smaller or set `training.optimizer: lbfgs`"),
        ("lbfgs", "lower `history`"),
        ("adam_lbfgs", "lower `history`"),
        ("adam", "lower `training.memory`"),
    ],
)
def test_refused_in_one_line(kind: str, setting: str) -> None:
    needed = needed_memory(kind, parameters=100_000, chunks=1000 * MIB, history=1000)
    with pytest.raises(ValueError, match=setting) as caught:
        check_memory(needed, 500 * MIB)
    assert "500 are free" in str(caught.value)
    assert "\n" not in str(caught.value)
    check_memory(needed, None)
    check_memory(needed, sum(needed.values()))


def test_levenberg_marquardt_needs_four_matrices() -> None:
    # JᵀJ of 8,000 parameters is 512 MB.
    needed = needed_memory("levenberg_marquardt", parameters=8000, chunks=0)
    assert needed["matrix"] == 4 * 512_000_000
