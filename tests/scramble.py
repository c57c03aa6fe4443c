"""Decompositions as another machine could return them.

Eigenvectors and singular vectors are determined up to their signs, and within a degenerate level up
to a rotation. LAPACK's choice differs between processors, libraries and numbers of threads; here
it is drawn at random from the seed and the matrix: the same matrix gives the same vectors, as on
one machine, and another one, be it by rounding, gives others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from unittest.mock import patch
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

SAME = 1e-12
"""Difference of eigenvalues, relative to the largest, that is rounding."""

MOST = 64
"""Matrices of a batch up to which degenerate vectors are mixed; of more, only signs change."""

EIGSH = "pes.vibration.eigensolvers.arpack.eigsh"


def levels_of(values: Tensor) -> list[tuple[int, int]]:
    """First and last index of each degenerate level of sorted values (n,)."""
    scale = float(values.abs().max()) if len(values) else 0.0
    edges = (values.diff().abs() > SAME * scale).nonzero()[:, 0] + 1
    ends = [0, *edges.tolist(), len(values)]
    return list(pairwise(ends))


class Scramble:
    """Replacements of `eigh`, `svd`, `qr` and `eigsh` with a random choice, from a seed.

    Those of NumPy are made of those of torch.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.generator = torch.Generator()
        self.calls = 0
        self.eigh_before, self.svd_before = torch.linalg.eigh, torch.linalg.svd
        self.qr_before = torch.linalg.qr

    def draw_for(self, matrix: Tensor) -> None:
        """Begin the random numbers of a matrix."""
        wrapped = torch._C._functorch.is_functorch_wrapped_tensor(matrix)
        content = b"" if wrapped else matrix.detach().cpu().contiguous().numpy().tobytes()
        self.generator.manual_seed(self.seed + crc32(content))

    def signs(self, like: Tensor, count: int) -> Tensor:
        self.calls += 1
        return (2.0 * torch.randint(0, 2, (count,), generator=self.generator) - 1).to(like)

    def rotation(self, like: Tensor, count: int) -> Tensor:
        """Random rotation or reflection (n, n)."""
        self.calls += 1
        draw = torch.randn(count, count, generator=self.generator, dtype=torch.float64)
        # Householder's signs are no random ones.
        return self.qr_before(draw).Q.to(like) * self.signs(like, count)

    def mixture(self, values: Tensor) -> Tensor:
        """Block-diagonal matrices (…, n, n) that leave a decomposition one."""
        count = values.shape[-1]
        flat = values.detach().reshape(-1, count)
        if torch._C._functorch.is_functorch_wrapped_tensor(values) or len(flat) > MOST:
            return self.signs(values, count).diag()
        blocks = [
            torch.block_diag(*(self.rotation(values, b - a) for a, b in levels_of(row)))
            for row in flat
        ]
        return torch.stack(blocks).reshape(*values.shape[:-1], count, count)

    def eigh(self, matrix: Tensor, *arguments: object, **options: object) -> object:
        values, vectors = self.eigh_before(matrix, *arguments, **options)  # type: ignore[arg-type]
        self.draw_for(matrix)
        mixture = self.mixture(values).to(vectors.dtype)
        # Column by column in memory, as LAPACK leaves them.
        return torch.return_types.linalg_eigh((values, (mixture.mT @ vectors.mT).mT))

    def svd(self, matrix: Tensor, full_matrices: bool = True, **options: object) -> object:
        u, s, vh = self.svd_before(matrix, full_matrices, **options)  # type: ignore[arg-type]
        self.draw_for(matrix)
        both = self.mixture(s)
        left, right = (self.extended(both, size) for size in (u.shape[-1], vh.shape[-2]))
        return torch.return_types.linalg_svd((u @ left, s, right.mT @ vh))

    def extended(self, mixture: Tensor, size: int) -> Tensor:
        """Vectors beyond the singular values, of a full matrix, are in any mixture."""
        count = mixture.shape[-1]
        if size == count:
            return mixture
        whole = mixture.new_zeros(*mixture.shape[:-2], size, size)
        whole[..., :count, :count] = mixture
        whole[..., count:, count:] = self.rotation(mixture, size - count)
        return whole

    def qr(self, matrix: Tensor, mode: str = "reduced") -> object:
        q, r = self.qr_before(matrix, mode)
        self.draw_for(matrix)
        rows = min(matrix.shape[-2:])
        flip = self.signs(r, rows).diag()
        turn = self.extended(flip, r.shape[-2])
        q = q if mode == "r" else q @ turn
        return torch.return_types.linalg_qr((q, turn.mT @ r))

    def eigh_of_numpy(self, matrix: np.ndarray, UPLO: str = "L") -> object:
        values, vectors = self.eigh(torch.tensor(matrix), UPLO)  # type: ignore[misc]
        return np.linalg._linalg.EighResult(values.numpy(), vectors.numpy())

    def svd_of_numpy(
        self, matrix: np.ndarray, full_matrices: bool = True, **options: bool
    ) -> object:
        if not options.get("compute_uv", True):
            return self.svd_before(torch.tensor(matrix)).S.numpy()
        parts = self.svd(torch.tensor(matrix), full_matrices)
        return np.linalg._linalg.SVDResult(*(part.numpy() for part in parts))  # type: ignore[attr-defined]

    def qr_of_numpy(self, matrix: np.ndarray, mode: str = "reduced") -> object:
        q, r = self.qr(torch.tensor(matrix), mode)  # type: ignore[misc]
        return r.numpy() if mode == "r" else np.linalg._linalg.QRResult(q.numpy(), r.numpy())

    def eigsh(self, solve: Callable[..., object]) -> Callable[..., object]:
        def scrambled(*arguments: object, **options: object) -> object:
            values, vectors = solve(*arguments, **options)  # type: ignore[misc]
            order = np.argsort(values)
            self.draw_for(torch.from_numpy(values))
            mixture = self.mixture(torch.from_numpy(values[order])).numpy()
            # ARPACK's order is its own too.
            shuffled = torch.randperm(len(values), generator=self.generator).numpy()
            return values[order][shuffled], (vectors[:, order] @ mixture)[:, shuffled]

        return scrambled


@contextmanager
def scrambled(seed: int) -> Iterator[Scramble]:
    """Replace those of `torch.linalg`, `numpy.linalg` and ARPACK as long as this lasts."""
    from scipy.sparse.linalg import eigsh

    one = Scramble(seed)
    with (
        patch.object(torch.linalg, "eigh", one.eigh),
        patch.object(torch.linalg, "svd", one.svd),
        patch.object(torch.linalg, "qr", one.qr),
        patch.object(np.linalg, "eigh", one.eigh_of_numpy),
        patch.object(np.linalg, "svd", one.svd_of_numpy),
        patch.object(np.linalg, "qr", one.qr_of_numpy),
        patch(EIGSH, one.eigsh(eigsh)),
    ):
        yield one
