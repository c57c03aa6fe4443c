import pytest
from toy_programs import deadly, never, square

from pes.labelling.processes import KILLS, WorkerLostError, processes


def test_results_errors_and_lost_workers() -> None:
    with processes(1) as submit:
        futures = [submit(deadly, k, value) for k, value in enumerate((2.0, -1.0, 3.0))]
        assert [futures[k].result()["energy"] for k in (0, 2)] == [4.0, 9.0]
        with pytest.raises(WorkerLostError, match=f"killed {KILLS} times"):
            futures[1].result()
        with pytest.raises(AssertionError, match="calculated again") as error:
            submit(never, 0, 0.0).result()
        # The traceback of the worker goes with the error.
        assert any("in never" in note for note in error.value.__notes__)
        assert submit(square, 0, 2.0).result() == {"row": 0, "energy": 4.0}
