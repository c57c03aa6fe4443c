"""What every optimizer owes: records, a falling loss, and a stop that leaves no trace."""

from functools import partial
from itertools import islice

import pytest
import torch
from torch import Tensor

from pes.training import OPTIMIZERS, adam, adam_lbfgs, lbfgs, levenberg_marquardt
from pes.training.optimizers.problem import ChunkedLeastSquares, Optimizer, Step

SETTINGS: dict[str, Optimizer] = {
    "adam": partial(adam, learning_rate=0.02, batch=4, epochs=200),
    "adam_lbfgs": partial(adam_lbfgs, learning_rate=0.02, batch=4, adam_epochs=3, iterations=2),
    "lbfgs": partial(lbfgs, iterations=2),
    "levenberg_marquardt": levenberg_marquardt,
}

every_optimizer = pytest.mark.parametrize("optimizer", SETTINGS.values(), ids=SETTINGS)


pytestmark = pytest.mark.usefixtures("one_thread")


def problem_of(residuals, points: int) -> ChunkedLeastSquares:
    def jacobian(p: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        return residuals(p, rows), torch.func.jacrev(residuals)(p, rows)

    return ChunkedLeastSquares(residuals, jacobian, points, 3)


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def decay() -> ChunkedLeastSquares:
    """Fit of a exp(−b t) + c to a decay with a = 2, b = 1.5, c = 0.3."""
    t = torch.linspace(0, 3, 10, dtype=torch.float64)
    labels = 2 * torch.exp(-1.5 * t) + 0.3
    return problem_of(lambda p, i: p[0] * torch.exp(-p[1] * t[i]) + p[2] - labels[i], 10)


def rosenbrock() -> ChunkedLeastSquares:
    return problem_of(lambda p, i: torch.stack((10 * (p[1] - p[0] ** 2), 1 - p[0]))[i], 2)


def linear() -> tuple[ChunkedLeastSquares, Tensor]:
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(8, 3, generator=generator, dtype=torch.float64)
    solution = vector(1.0, -2.0, 3.0)
    return problem_of(lambda p, i: a[i] @ (p - solution), 8), solution


START = vector(1.0, 1.0, 0.0)


def test_every_optimizer_is_tested() -> None:
    assert set(SETTINGS) == set(OPTIMIZERS)


@every_optimizer
def test_one_record_per_step_and_a_falling_loss(optimizer: Optimizer) -> None:
    problem = decay()
    steps = list(islice(optimizer(problem, START, None), 6))
    assert len(steps) == 6
    assert steps[-1].loss < 0.5 * float(problem.loss(START))
    assert all(step.gradient_norm > 0 for step in steps)
    kept = steps[0].parameters
    assert torch.equal(kept, next(optimizer(problem, START, None)).parameters)


@every_optimizer
def test_start_is_not_written_to(optimizer: Optimizer) -> None:
    start = START.clone()
    next(optimizer(decay(), start, None))
    assert torch.equal(start, START)


@every_optimizer
def test_resumes_bit_for_bit(optimizer: Optimizer) -> None:
    problem = decay()
    whole = list(islice(optimizer(problem, START, None), 6))
    half: Step = list(islice(optimizer(problem, START, None), 3))[-1]
    rest = list(islice(optimizer(problem, half.parameters, half.state), 3))
    for a, b in zip(whole[3:], rest, strict=True):
        assert torch.equal(a.parameters, b.parameters)
        assert a.loss == b.loss
        assert a.details == b.details


@pytest.mark.parametrize("done", [1, 2, 3, 4, 5])
def test_adam_lbfgs_resumes_on_both_sides_of_the_switch(done: int) -> None:
    problem, method = decay(), SETTINGS["adam_lbfgs"]
    whole = list(islice(method(problem, START, None), 7))
    half = whole[done - 1]
    rest = list(islice(method(problem, half.parameters, half.state), 7 - done))
    assert [step.loss for step in rest] == [step.loss for step in whole[done:]]
    assert [step.details for step in rest] == [step.details for step in whole[done:]]
    assert [step.details["learning_rate"] > 0 for step in whole] == 3 * [True] + 4 * [False]


def test_adam_lbfgs_is_one_after_the_other() -> None:
    problem = decay()
    whole = list(islice(SETTINGS["adam_lbfgs"](problem, START, None), 5))
    first = list(
        islice(
            adam(problem, START, learning_rate=0.02, last_learning_rate=1e-4, batch=4, epochs=3), 3
        )
    )
    second = list(islice(lbfgs(problem, first[-1].parameters, iterations=2), 2))
    assert [step.loss for step in whole] == [step.loss for step in first + second]


@every_optimizer
def test_a_loss_that_is_no_number(optimizer: Optimizer) -> None:
    problem = problem_of(lambda p, i: p[:1].log().expand(len(i)), 2)
    with pytest.raises(FloatingPointError, match="loss became nan"):
        list(islice(optimizer(problem, vector(-1.0, 1.0), None), 3))


@pytest.mark.parametrize("name", ["lbfgs", "levenberg_marquardt"])
def test_rosenbrock(name: str) -> None:
    steps = list(islice(SETTINGS[name](rosenbrock(), vector(-1.2, 1.0), None), 100))
    torch.testing.assert_close(steps[-1].parameters, vector(1.0, 1.0), rtol=0, atol=1e-9)


def test_a_linear_problem_takes_one_step_of_levenberg_marquardt() -> None:
    problem, solution = linear()
    step = next(levenberg_marquardt(problem, vector(0, 0, 0), damping=1e-14))
    torch.testing.assert_close(step.parameters, solution, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["lbfgs", "levenberg_marquardt"])
def test_ends_by_itself(name: str) -> None:
    problem, solution = linear()
    steps = list(islice(SETTINGS[name](problem, vector(0, 0, 0), None), 1000))
    assert len(steps) < 1000
    torch.testing.assert_close(steps[-1].parameters, solution, rtol=0, atol=1e-12)


def test_levenberg_marquardt_never_climbs_and_adapts() -> None:
    steps = list(islice(levenberg_marquardt(rosenbrock(), vector(-1.2, 1.0), damping=1.0), 30))
    losses = [step.loss for step in steps]
    assert losses == sorted(losses, reverse=True)
    assert steps[-1].details["damping"] < steps[0].details["damping"]


def test_acceleration_follows_a_bent_valley() -> None:
    """Along r = (p₀, w(p₁ − p₀²)) the first-order steps must stay short, the bent ones not."""
    start = vector(-3.0, 9.0)
    problem = problem_of(lambda p, i: torch.stack((p[0], 1e3 * (p[1] - p[0] ** 2)))[i], 2)
    counts = []
    for acceleration in (0.0, 0.75):
        steps = levenberg_marquardt(problem, start, acceleration=acceleration)
        counts.append(1 + next(k for k, step in enumerate(steps) if step.loss < 1e-12))
    assert counts[1] < 0.7 * counts[0], counts


def test_levenberg_marquardt_with_more_parameters_than_rows() -> None:
    problem = problem_of(lambda p, i: (p.sum() - 1).expand(len(i)), 1)
    steps = list(islice(levenberg_marquardt(problem, vector(0, 0, 0)), 50))
    # The shortest solution: the damping lets no direction without slope move.
    torch.testing.assert_close(steps[-1].parameters, torch.full((3,), 1 / 3).double())


def test_a_jacobian_that_is_no_number() -> None:
    """A finite loss whose slope is not: √p at zero."""
    problem = problem_of(lambda p, i: p[:1].abs().sqrt().expand(len(i)) + 1, 2)
    with pytest.raises(FloatingPointError, match="start from another seed"):
        next(levenberg_marquardt(problem, vector(0.0, 1.0)))


def test_the_end_of_levenberg_marquardt_is_told(caplog: pytest.LogCaptureFixture) -> None:
    problem = problem_of(lambda p, i: (p[0] ** 2 + 1).expand(len(i)), 2)
    with caplog.at_level("INFO", logger="pes"):
        assert list(levenberg_marquardt(problem, vector(0.0, 0.0))) == []
    assert "no step lowers the loss any more" in caplog.text


def test_a_singular_matrix_is_damped() -> None:
    """Two parameters that do the same, and one that does nothing."""
    problem = problem_of(lambda p, i: (p[0] + p[1]).expand(len(i)) - 2.0 * i, 3)
    last = list(islice(levenberg_marquardt(problem, vector(0.0, 0.0, 5.0)), 100))[-1]
    torch.testing.assert_close(last.parameters, vector(1.0, 1.0, 5.0))


def test_adam_counts_each_point_once_per_epoch() -> None:
    seen: list[int] = []

    def residuals(p: Tensor, rows: Tensor) -> Tensor:
        seen.extend(rows.tolist())
        return p[0] - rows.double()

    next(adam(problem_of(residuals, 10), vector(0.0), batch=4))
    assert sorted(seen) == list(range(10))
    assert seen != list(range(10))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (partial(levenberg_marquardt, damping=0.0), "`damping` must be positive, got 0.0"),
        (partial(adam, learning_rate=-1.0), "must be positive, got -1.0"),
        (partial(adam, batch=0), "must be positive"),
        (partial(adam_lbfgs, adam_epochs=0), "`adam_epochs` must be positive, got 0"),
    ],
)
def test_refused(optimizer: Optimizer, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next(optimizer(decay(), START, None))
