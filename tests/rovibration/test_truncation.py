"""Second order of states that are left out, against sums written out."""

import pytest
import torch
from turning_water import turning

from pes.rovibration.fields import rotational_fields
from pes.rovibration.state_choice import only
from pes.rovibration.truncation import left_out, rotational_images


@pytest.mark.parametrize("frame", ["eckart", "embedded"])
def test_a_state_set_aside_has_its_own_energy(frame: str) -> None:
    """M without one of the states is that with it, and its own term of the sum."""
    basis = turning("O H H").basis
    (whole,) = basis.states
    fields = rotational_fields(whole.system, whole.points, frame, basis.reference)
    (images,) = rotational_images([whole], fields, [torch.arange(3)])
    numbers = torch.arange(len(whole.energies))
    for aside in (4, 9):
        rest, one = only(whole, numbers[numbers != aside]), only(whole, torch.tensor([aside]))
        (with_it,) = left_out([images], [whole])
        (without,) = left_out([images], [rest], one)
        element = torch.einsum("oia,i->oa", images.values, one.eigenpairs.coefficients[0])
        element = element / (one.energies - whole.energies[:3]).sqrt()
        own = torch.einsum("oa,pb->opab", element, element)
        assert float(own.abs().max()) > 1e-3 * float(with_it.products.abs().max())
        torch.testing.assert_close(without.products, with_it.products + own, rtol=1e-9, atol=1e-18)
