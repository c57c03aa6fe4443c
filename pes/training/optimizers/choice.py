"""Choice of an optimizer by the work of one iteration of Levenberg–Marquardt."""

__all__ = ["MOST_FLOPS", "chosen_optimizer", "iteration_flops"]

MOST_FLOPS = {"cpu": 3e11, "cuda": 2e13}
"""Operations of an iteration of some ten seconds; beyond, methods of first order are faster."""


def iteration_flops(rows: int, parameters: int) -> float:
    """2MP² + P³/3 for M rows and P parameters: JᵀJ and its Cholesky factor."""
    return 2.0 * rows * parameters**2 + parameters**3 / 3.0


def chosen_optimizer(rows: int, parameters: int, device: str) -> tuple[str, str]:
    """An optimizer and the reason for it.

    Args:
        rows: M residuals: one for each energy, up to 3N − 6 for the forces of a point.
        parameters: number P of parameters of the network.
        device: `cpu` or `cuda`.

    Example:
        >>> chosen_optimizer(1081, 401, "cpu")[0], chosen_optimizer(10**6, 5000, "cpu")[0]
        ('levenberg_marquardt', 'adam_lbfgs')
    """
    flops, most = iteration_flops(rows, parameters), MOST_FLOPS[device]
    name, sign = ("levenberg_marquardt", "<=") if flops <= most else ("adam_lbfgs", ">")
    return name, (
        f"an iteration of Levenberg-Marquardt for {rows:,} residuals and {parameters:,} "
        f"parameters takes {flops:.1e} {sign} {most:.0e} operations ({device})"
    )
