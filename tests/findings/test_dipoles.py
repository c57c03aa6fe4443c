"""Labels that no dipole surface can describe are refused in one line."""

import pytest
import torch
from scattered_waters import WATER, waters

from pes.findings.dipoles import check_dipoles, sign_doubt

CHARGES = torch.tensor([-0.6, 0.3, 0.3]).double()


def turned(x: torch.Tensor) -> torch.Tensor:
    """Every molecule in an orientation of its own."""
    generator = torch.Generator().manual_seed(6)
    return x @ torch.linalg.qr(torch.randn(len(x), 3, 3, generator=generator).double()).Q


def test_right_labels_pass() -> None:
    x = turned(waters(80, 5))
    check_dipoles(WATER, x, CHARGES @ x, 0)
    assert sign_doubt(WATER, x, CHARGES @ x) is None
    # Carbon and hydrogen differ too little to tell.
    assert sign_doubt(("C", "H", "H"), x, -CHARGES @ x) is None


def test_another_frame() -> None:
    x = waters(80, 5)
    with pytest.raises(ValueError, match="do not turn with the positions"):
        check_dipoles(WATER, turned(x), CHARGES @ x, 0)


@pytest.mark.parametrize(("true", "given"), [(1, 0), (0, 1)])
def test_another_total_charge(true: int, given: int) -> None:
    generator = torch.Generator().manual_seed(7)
    x = turned(waters(80, 5)) + torch.randn(80, 1, 3, generator=generator).double()
    labels = (CHARGES + true / 3) @ x
    check_dipoles(WATER, x, labels, true)
    with pytest.raises(ValueError, match=f"total charge of {true} e, not {given}; set"):
        check_dipoles(WATER, x, labels, given)


def test_no_charge_shows_where_the_origin_is_in_the_molecule() -> None:
    """The fit can describe both; the dipole moment there is right."""
    x = turned(waters(80, 5))
    x = x - x.mean(1, keepdim=True)
    check_dipoles(WATER, x, CHARGES @ x, 1)


def test_the_other_sign_is_a_doubt() -> None:
    x = turned(waters(80, 5))
    doubt = sign_doubt(WATER, x, -CHARGES @ x)
    assert doubt is not None
    assert "more electronegative" in doubt
