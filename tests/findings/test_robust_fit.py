"""The robust fit: exact where the labels are a polynomial, wrong labels apart."""

import torch

from pes.data import Dataset
from pes.descriptors import Invariants
from pes.findings.robust_fit import robust_fit
from pes.units import CM1


def test_wrong_labels_do_not_bend_it() -> None:
    generator = torch.Generator().manual_seed(1)
    x = 1.8 * torch.eye(3, dtype=torch.float64).roll(1, 0)
    x = x + 0.3 * torch.rand(200, 3, 3, generator=generator, dtype=torch.float64)
    ladder = [Invariants(("O", "H", "H"), degree) for degree in (2, 3)]
    energies = 0.01 * ladder[1](x).sum(1)
    wrong = torch.tensor([7, 90])
    labels = energies.index_add(0, wrong, torch.tensor([500.0, -800.0]).double() * CM1)
    points = Dataset(("O", "H", "H"), x, labels)
    fit = robust_fit(ladder, points, torch.ones(200).double(), 8)
    assert fit.descriptor is ladder[1]
    # With every further fit a label far off weighs a few hundred times less.
    left = (fit.residuals - (labels - energies)) / CM1
    assert float(left.abs().max()) < 1e-3
