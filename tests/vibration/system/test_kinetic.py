"""G and the volume element against closed forms, Wilson's B matrix and differences."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence, ZMatrix
from pes.vibration.system.kinetic import kinetic, metric_tensor

MASSES = torch.tensor([15.99, 1.008, 2.014], dtype=torch.float64)
Q = torch.tensor(
    [[1.8, 1.9, 1.7], [1.2, 3.1, 0.3], [2.0, 2.0, 3.1], [1.5, 1.7, 0.9]], dtype=torch.float64
)
VALENCE = Valence(0, (1, 2))


def published_g(q: Tensor, masses: Tensor) -> Tensor:
    """G of a bent triatomic, E. B. Wilson, J. C. Decius, P. C. Cross, Molecular Vibrations
    (1955), appendix VI."""
    r1, r2, theta = q.unbind(-1)
    c, a, b = 1 / masses
    g = torch.zeros(len(q), 3, 3, dtype=torch.float64)
    g[:, 0, 0], g[:, 1, 1] = c + a, c + b
    g[:, 0, 1] = g[:, 1, 0] = c * theta.cos()
    g[:, 0, 2] = g[:, 2, 0] = -c * theta.sin() / r2
    g[:, 1, 2] = g[:, 2, 1] = -c * theta.sin() / r1
    third = 1 / r1**2 + 1 / r2**2 - 2 * theta.cos() / (r1 * r2)
    g[:, 2, 2] = a / r1**2 + b / r2**2 + c * third
    return g


def published_tetratomic_g(q: Tensor, masses: Tensor) -> Tensor:
    """G of three bonds from one atom C, the polyspherical valence elements.

    With z along the first bond, μ_ij = δ_ij/m_i + 1/m_C and the gradients of the coordinates by
    the bond vectors, ê for lengths, θ̂_i/r_i and −ρ̂_i/r_1 for angles, ±φ̂_i/(r_i sin θ_i) and
    ∓φ̂_i cot θ_i/r_1 for the dihedral. J. H. Frederick, C. Woywod, J. Chem. Phys. 111, 7255
    (1999), doi:10.1063/1.480101; the bends alone in Wilson, Decius and Cross, appendix VI.
    """
    r1, r2, t2, r3, t3, phi = q.unbind(-1)
    c, s = {2: t2.cos(), 3: t3.cos()}, {2: t2.sin(), 3: t3.sin()}
    cot = {k: c[k] / s[k] for k in c}
    cp, sp = phi.cos(), phi.sin()
    m0, m1, m2, m3 = 1 / masses
    m11, m22, m33, m12, m13, m23 = m0 + m1, m0 + m2, m0 + m3, m0, m0, m0
    cos23 = c[2] * c[3] + s[2] * s[3] * cp
    about2 = m23 / (r3 * s[3]) - m12 * cot[3] / r1
    about3 = m13 * cot[2] / r1 - m23 / (r2 * s[2])
    elements = {
        "r1 r1": m11 + 0 * r1, "r2 r2": m22 + 0 * r1, "r3 r3": m33 + 0 * r1,
        "r1 r2": m12 * c[2], "r1 r3": m13 * c[3], "r2 r3": m23 * cos23,
        "r1 t2": -m12 * s[2] / r2, "r1 t3": -m13 * s[3] / r3,
        "r2 t2": -m12 * s[2] / r1, "r3 t3": -m13 * s[3] / r1,
        "r2 t3": m23 * (s[2] * c[3] * cp - c[2] * s[3]) / r3 - m12 * s[2] * cp / r1,
        "r3 t2": m23 * (s[3] * c[2] * cp - c[3] * s[2]) / r2 - m13 * s[3] * cp / r1,
        "t2 t2": m22 / r2**2 + m11 / r1**2 - 2 * m12 * c[2] / (r1 * r2),
        "t3 t3": m33 / r3**2 + m11 / r1**2 - 2 * m13 * c[3] / (r1 * r3),
        "t2 t3": m23 * (c[2] * c[3] * cp + s[2] * s[3]) / (r2 * r3) + m11 * cp / r1**2
        - m12 * c[2] * cp / (r1 * r2) - m13 * c[3] * cp / (r1 * r3),
        "r1 p": 0 * r1, "r2 p": -s[2] * sp * about2, "r3 p": s[3] * sp * about3,
        "t2 p": sp * ((m13 / (r3 * s[3]) - m11 * cot[3] / r1) / r1 - c[2] * about2 / r2),
        "t3 p": sp * (c[3] * about3 / r3 + (m12 / (r2 * s[2]) - m11 * cot[2] / r1) / r1),
        "p p": m33 / (r3 * s[3]) ** 2 + m22 / (r2 * s[2]) ** 2
        - 2 * m23 * cp / (r2 * r3 * s[2] * s[3])
        + m11 / r1**2 * (cot[2] ** 2 + cot[3] ** 2 - 2 * cot[2] * cot[3] * cp)
        - 2 * m13 / (r1 * r3 * s[3]) * (cot[3] - cot[2] * cp)
        + 2 * m12 / (r1 * r2 * s[2]) * (cot[3] * cp - cot[2]),
    }  # fmt: skip
    names = ("r1", "r2", "t2", "r3", "t3", "p")
    rows = [
        torch.stack([elements.get(f"{a} {b}", elements.get(f"{b} {a}")) for b in names], -1)
        for a in names
    ]
    return torch.stack(rows, -2)


def bent_tetratomic(q: Tensor, masses: Tensor) -> Tensor:
    """Four atoms displaced along six curved paths: no symmetry, no closed form."""
    generator = torch.Generator().manual_seed(3)
    x = 2 * torch.randn(4, 3, generator=generator, dtype=torch.float64)
    line = torch.randn(q.shape[-1], 4, 3, generator=generator, dtype=torch.float64)
    curve = torch.randn(q.shape[-1], 4, 3, generator=generator, dtype=torch.float64)
    moved = torch.einsum("...k,kai->...ai", q, line) / masses[:, None].sqrt()
    return x + moved + torch.einsum("...k,kai->...ai", q**2, curve) / 5


def test_published_elements() -> None:
    g, _ = kinetic(VALENCE.to_positions, Q, MASSES)
    # Exact; rounding grows with 1/sin²θ, 600 at θ = 3.1.
    torch.testing.assert_close(g, published_g(Q, MASSES), rtol=1e-11, atol=1e-12)


def test_published_elements_of_formaldehyde() -> None:
    """Off the plane as well, where every element but one differs from zero."""
    zmatrix = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
    masses = torch.tensor([12.0, 15.99, 1.008, 2.014], dtype=torch.float64)
    q = torch.tensor(
        [[2.3, 2.1, 2.1, 2.0, 2.2, torch.pi], [2.4, 2.0, 1.7, 2.2, 1.2, 2.5],
         [2.1, 2.5, 2.4, 1.9, 2.8, 4.4]], dtype=torch.float64,
    )  # fmt: skip
    g, _ = kinetic(zmatrix.to_positions, q, masses)
    # Exact; rounding times the condition of the metric, up to 1e4.
    torch.testing.assert_close(g, published_tetratomic_g(q, masses), rtol=1e-10, atol=1e-12)


def test_wilson_b_matrix() -> None:
    """G = B M⁻¹ Bᵀ with B = ∂q/∂x, computed the other way round."""
    g, _ = kinetic(VALENCE.to_positions, Q, MASSES)
    x = VALENCE.to_positions(Q).requires_grad_()
    rows = [
        torch.autograd.grad(VALENCE.from_positions(x)[:, k].sum(), x)[0].flatten(1)
        for k in range(3)
    ]
    b = torch.stack(rows, 1)
    wilson = (b / MASSES.repeat_interleave(3)) @ b.mT
    torch.testing.assert_close(g, wilson, rtol=1e-11, atol=1e-12)  # rounding, as above


def test_published_volume_element() -> None:
    """√det g ∝ r₁² r₂² sin θ, so its logarithm's slope is (2/r₁, 2/r₂, cot θ)."""
    _, slope = kinetic(VALENCE.to_positions, Q, MASSES)
    r1, r2, theta = Q.T
    exact = torch.stack((2 / r1, 2 / r2, 1 / theta.tan()), -1)
    torch.testing.assert_close(slope, exact, rtol=1e-10, atol=1e-10)  # rounding, as above


def test_slope_against_differences() -> None:
    q = 0.3 * torch.randn(5, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    masses = torch.tensor([12.0, 1.0, 2.0, 16.0], dtype=torch.float64)
    g, slope = kinetic(bent_tetratomic, q, masses)

    def log_volume(at: Tensor) -> Tensor:
        jacobian = torch.stack(
            [torch.autograd.functional.jacobian(lambda y: bent_tetratomic(y, masses), row)
             for row in at]
        )  # fmt: skip
        dx = jacobian.movedim(-1, 1)
        share = masses / masses.sum()
        centre = torch.einsum("a,pkai->pki", share, dx)
        x = bent_tetratomic(at, masses)
        x = x - torch.einsum("a,pai->pi", share, x)[:, None]
        return metric_tensor(x, dx - centre[:, :, None], masses)[1].logdet() / 2

    step = 1e-4
    for k in range(6):
        shift = step * torch.eye(6, dtype=torch.float64)[k]
        difference = (log_volume(q + shift) - log_volume(q - shift)) / (2 * step)
        # Central differences: h²/6 times third derivatives of order 10, and 1e-15/h.
        torch.testing.assert_close(slope[:, k], difference, rtol=0, atol=1e-6)
    assert (torch.linalg.eigvalsh(g) > 0).all()


def test_metric_tensor_of_a_rotation() -> None:
    """The rotational block is the inertia tensor."""
    x = VALENCE.to_positions(Q)
    x = x - (MASSES[:, None] * x).sum(1, keepdim=True) / MASSES.sum()
    _, g = metric_tensor(x, x[:, None], MASSES)
    square = (MASSES[:, None] * x**2).sum((1, 2))
    inertia = square[:, None, None] * torch.eye(3) - torch.einsum("a,pai,paj->pij", MASSES, x, x)
    torch.testing.assert_close(g[:, 1:, 1:], inertia.double())


def turning(to_positions: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The same molecule, turned by a rotation that depends on q, and displaced."""

    def turned(q: Tensor, masses: Tensor) -> Tensor:
        zero = torch.zeros_like(q[..., 0])
        a, b, c = q[..., 0].sin(), q[..., -1], q.prod(-1)
        rows = [torch.stack(r, -1) for r in ((zero, -c, b), (c, zero, -a), (-b, a, zero))]
        rotation = torch.matrix_exp(torch.stack(rows, -2))
        return to_positions(q, masses) @ rotation.mT + q[..., None, :3] ** 2

    return turned


def test_vibration_does_not_depend_on_the_frame() -> None:
    plain = kinetic(VALENCE.to_positions, Q, MASSES)
    turned = kinetic(turning(VALENCE.to_positions), Q, MASSES)
    for one, other in zip(plain, turned, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)  # rounding, 1/sin²θ


def test_derivatives_in_the_masses() -> None:
    q = Q[:2]
    masses = MASSES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda m: kinetic(VALENCE.to_positions, q, m), (masses,))
    heavy = torch.tensor([12.0, 1.0, 2.0, 16.0], dtype=torch.float64, requires_grad=True)
    at = torch.full((1, 6), 0.1, dtype=torch.float64)
    # Here the volume element and the positions depend on the masses as well.
    assert torch.autograd.gradcheck(lambda m: kinetic(bent_tetratomic, at, m), (heavy,))


def test_no_graph_unless_the_masses_ask_for_one() -> None:
    g, slope = kinetic(VALENCE.to_positions, Q, MASSES)
    assert not g.requires_grad
    assert not slope.requires_grad
    with torch.no_grad():
        g, _ = kinetic(VALENCE.to_positions, Q, MASSES.clone().requires_grad_())
    assert not g.requires_grad


def test_chunks_change_nothing() -> None:
    whole = kinetic(VALENCE.to_positions, Q, MASSES)
    parts = kinetic(VALENCE.to_positions, Q, MASSES, chunk=3)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("angle", [0.0, torch.pi])
def test_a_singular_point_is_named(angle: float) -> None:
    """And the coordinate that leads out of it, with the value to stay away from."""
    q = torch.cat((Q, torch.tensor([[1.8, 1.9, angle]], dtype=torch.float64)))
    said = rf"singular at q = \(1.8000, 1.9000, {angle:.4f}\).*coordinate 3 away from {angle:.4f}$"
    with pytest.raises(ValueError, match=said):
        kinetic(VALENCE.to_positions, q, MASSES)


def test_close_to_linear_is_not_singular() -> None:
    q = torch.tensor([[1.8, 1.9, torch.pi - 1e-4]], dtype=torch.float64)
    g, _ = kinetic(VALENCE.to_positions, q, MASSES)
    # Rounding times 1/sin²θ = 1e8.
    torch.testing.assert_close(g, published_g(q, MASSES), rtol=1e-6, atol=1e-7)


def test_two_equal_coordinates_are_singular() -> None:
    def redundant(q: Tensor, masses: Tensor) -> Tensor:
        return VALENCE.to_positions(
            torch.stack((q[:, 0] + q[:, 1], q[:, 0] + q[:, 1], q[:, 2]), -1)
        )

    with pytest.raises(ValueError, match=r"singular .* and near it: some of them move"):
        kinetic(redundant, Q, MASSES)


def test_both_ways_to_the_volume_element() -> None:
    """With masses that ask for derivatives the slope comes through the Cholesky factor."""
    plain = kinetic(VALENCE.to_positions, Q, MASSES)
    asked = kinetic(VALENCE.to_positions, Q, MASSES.clone().requires_grad_())
    for one, other in zip(plain, asked, strict=True):
        torch.testing.assert_close(one, other.detach(), rtol=1e-10, atol=1e-11)  # rounding


@pytest.mark.gpu
def test_on_the_gpu() -> None:
    here = kinetic(VALENCE.to_positions, Q, MASSES)
    there = kinetic(VALENCE.to_positions, Q.cuda(), MASSES.cuda())
    for one, other in zip(here, there, strict=True):
        assert other.is_cuda
        torch.testing.assert_close(one, other.cpu(), rtol=1e-9, atol=1e-10)  # rounding, 1/sin²θ


def test_a_linear_molecule_has_the_kinetic_energy_of_watson() -> None:
    """G = 1 + μ Σ_α (ζ^α Q)(ζ^α Q)ᵀ and √det g = I″²/I⁰ in rectilinear coordinates, μ = I⁰/I″².

    J. K. G. Watson, Mol. Phys. 19, 465 (1970), doi:10.1080/00268977000101491.
    """
    masses = torch.tensor([12.0, 16.0, 1.0, 35.0]).double()
    z = torch.tensor([0.0, 2.2, -2.0, 5.1]).double()
    z = z - masses @ z / masses.sum()
    axes = torch.eye(3).double()
    c = z[:, None] * axes[2]
    root = masses.sqrt()[:, None]
    outer = torch.stack([*((root * a).flatten() for a in axes),
                         *((root * torch.linalg.cross(a.expand_as(c), c)).flatten()
                           for a in axes[:2])])  # fmt: skip
    modes = torch.linalg.svd(outer).Vh[5:].reshape(-1, 4, 3)
    q = torch.rand(6, 7, generator=torch.Generator().manual_seed(1)).double() - 0.5

    found, slope = kinetic(
        lambda q, _: c + torch.einsum("pk,kai->pai", q, modes / root), q, masses, axes=axes[:2]
    )

    inertia = (masses * z**2).sum()
    longer = inertia + torch.einsum("pk,ka,a->p", q, modes[..., 2], masses.sqrt() * z)
    zeta = torch.stack([
        torch.einsum("kai,ij,laj->kl", modes, turn, modes)
        for turn in (torch.tensor([[0, 0, 0], [0, 0, -1.0], [0, 1, 0]]).double(),
                     torch.tensor([[0, 0, 1.0], [0, 0, 0], [-1, 0, 0]]).double())
    ])  # fmt: skip
    turned = torch.einsum("akl,pl->apk", zeta, q)
    mu = (inertia / longer**2)[:, None, None]
    expected = torch.eye(7).double() + mu * torch.einsum("apk,apl->pkl", turned, turned)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    along = torch.einsum("ka,a->k", modes[..., 2], masses.sqrt() * z)
    torch.testing.assert_close(slope, 2 * along / longer[:, None], rtol=0, atol=1e-12)
