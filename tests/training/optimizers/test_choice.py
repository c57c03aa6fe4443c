import pytest

from pes.training.optimizers.choice import chosen_optimizer, iteration_flops


def test_flops() -> None:
    assert iteration_flops(10, 3) == 2 * 10 * 9 + 9


@pytest.mark.parametrize(
    ("rows", "parameters", "device", "name"),
    [
        (1081, 401, "cpu", "levenberg_marquardt"),
        (150_000, 1000, "cpu", "adam_lbfgs"),
        (149_000, 1000, "cpu", "levenberg_marquardt"),
        (150_000, 1000, "cuda", "levenberg_marquardt"),
        (10_000_000, 1000, "cuda", "adam_lbfgs"),
    ],
)
def test_by_the_work_of_an_iteration(rows: int, parameters: int, device: str, name: str) -> None:
    chosen, reason = chosen_optimizer(rows, parameters, device)
    assert chosen == name
    assert f"{rows:,} residuals" in reason
    assert f"{iteration_flops(rows, parameters):.1e}" in reason
