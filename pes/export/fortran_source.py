"""A surface as a Fortran 2008 module: one subroutine of positions to energy and gradient."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import indent

from pes.export.plain_form import LinearHead, NetworkHead, PlainForm, Polynomials

__all__ = ["fortran_source"]

PIECE = 60
"""Values in one data statement: compilers limit the lines of a statement."""

ACTIVATIONS = {
    "tanh": ("tanh(z{k})", "1.0_dp - a{k}**2"),
    "silu": ("z{k} / (1.0_dp + exp(-z{k}))", "s{k} + a{k} * (1.0_dp - s{k})"),
    "softplus": ("merge(z{k}, log(1.0_dp + exp(min(z{k}, 20.0_dp))), z{k} > 20.0_dp)", "s{k}"),
}
"""a = f(z), and f'(z) of a, z and s = 1/(1 + exp(−z))."""

MODULE = """\
! Potential energy surface of {formula}, written by pes.
!
!   use {name}_surface
!   call {name}(x, energy, gradient)
!
! x:        (3, {atoms}) in bohr, atoms {symbols}
! energy:   in hartree
! gradient: dE/dx (3, {atoms}) in hartree/bohr, optional
!
! gfortran -O2 -c {name}.f90
module {name}_surface
  implicit none
  private
  public :: {name}
  integer, parameter :: dp = kind(1.0d0)
contains

  subroutine {name}(x, energy, gradient)
    real(dp), intent(in) :: x(3, {atoms})
    real(dp), intent(out) :: energy
    real(dp), intent(out), optional :: gradient(3, {atoms})
    real(dp) :: r({pairs}), dr({pairs}), d(3)
    integer :: a, b, k
    k = 0
    do a = 1, {atoms}
      do b = a + 1, {atoms}
        k = k + 1
        r(k) = sqrt(sum((x(:, a) - x(:, b))**2))
      end do
    end do
    dr = 0.0_dp
    energy = {constant}
{calls}
    if (.not. present(gradient)) return
    gradient = 0.0_dp
    k = 0
    do a = 1, {atoms}
      do b = a + 1, {atoms}
        k = k + 1
        d = dr(k) * (x(:, a) - x(:, b)) / r(k)
        gradient(:, a) = gradient(:, a) + d
        gradient(:, b) = gradient(:, b) - d
      end do
    end do
  end subroutine
{procedures}
end module
"""

PART = """
  subroutine part_{p}(r, energy, dr)
    real(dp), intent(in) :: r({pairs})
    real(dp), intent(inout) :: energy, dr({pairs})
    integer, parameter :: monomials = {monomials}
    integer, save :: parent(monomials), factor(monomials), orbit(monomials)
    real(dp) :: m(0:monomials), dm(0:monomials), y({pairs}), dy({pairs}), f({count}), df({count}), d
    integer :: i
{tables}
{variables}
    f = 0.0_dp
    df = 0.0_dp
    m(0) = 1.0_dp
    do i = 1, monomials
      m(i) = m(parent(i)) * y(factor(i))
      f(orbit(i)) = f(orbit(i)) + m(i)
    end do
{heads}
    dm = 0.0_dp
    dy = 0.0_dp
    do i = monomials, 1, -1
      d = dm(i) + df(orbit(i))
      dm(parent(i)) = dm(parent(i)) + d * y(factor(i))
      dy(factor(i)) = dy(factor(i)) + d * m(parent(i))
    end do
{slopes}
  end subroutine
"""

LINEAR = """
  subroutine head_{h}(f, energy, df)
    real(dp), intent(in) :: f({count})
    real(dp), intent(inout) :: energy, df({count})
    real(dp), save :: c({count})
{tables}
    energy = energy + dot_product(c, f)
    df = df + c
  end subroutine
"""

NETWORK = """
  subroutine head_{h}(f, energy, df)
    real(dp), intent(in) :: f({count})
    real(dp), intent(inout) :: energy, df({count})
    real(dp), save :: mean({count}), deviation({count})
{declarations}
{tables}
    a0 = (f - mean) / deviation
{forward}
    energy = energy + {scale} * z{last}(1)
    d{last} = {scale}
{backward}
  end subroutine
"""


def fortran_source(form: PlainForm, name: str, formula: str) -> str:
    """Fortran source of a surface.

    Args:
        form: form of the surface.
        name: name of the subroutine; the module adds `_surface`.
        formula: formula for the header.
    """
    atoms, pairs = len(form.elements), form.pairs
    procedures = []
    for p, (part, heads) in enumerate(form.numbered):
        procedures += [_head(head, number) for number, head in heads]
        calls = [f"    call head_{number}(f, energy, df)" for number, _ in heads]
        procedures.append(_part(part, p, pairs, "\n".join(calls)))
    calls = "\n".join(f"    call part_{p}(r, energy, dr)" for p in range(len(form.parts)))
    return MODULE.format(
        name=name, formula=formula, atoms=atoms, symbols=" ".join(form.elements), pairs=pairs,
        constant=_real(form.constant), calls=calls, procedures="".join(procedures),
    )  # fmt: skip


def _part(part: Polynomials, p: int, pairs: int, heads: str) -> str:
    variables, slopes = _variables(part)
    # Numbers of atoms, pairs and polynomials count from 1 here.
    tables = [
        *_data("parent", map(str, part.parent.tolist())),
        *_data("factor", (str(v + 1) for v in part.factor.tolist())),
        *_data("orbit", (str(v + 1) for v in part.orbit.tolist())),
    ]
    return PART.format(
        p=p, pairs=pairs, monomials=len(part.parent), count=part.count, variables=variables,
        slopes=slopes, heads=heads, tables=_lines(tables),
    )  # fmt: skip


def _variables(part: Polynomials) -> tuple[str, str]:
    """Statements that set the variables of the pairs, and that add their slopes."""
    a = _real(part.length)
    if part.angle is not None:
        i, j, k = (pair + 1 for pair in part.angle)
        slopes = [
            f"    dr({one}) = dr({one}) - dy({one}) * y({one}) / {a} &\n"
            f"      + dy({k}) * (1 / r({other}) - y({k}) / r({one}))"
            for one, other in ((i, j), (j, i))
        ]
        slopes.append(f"    dr({k}) = dr({k}) - dy({k}) * r({k}) / (r({i}) * r({j}))")
        return (
            f"    y = exp(-r / {a})\n"
            f"    y({k}) = (r({i})**2 + r({j})**2 - r({k})**2) / (2 * r({i}) * r({j}))",
            "\n".join(slopes),
        )
    variable, slope = {
        "morse": (f"exp(-r / {a})", f"-y / {a}"),
        "inverse": (f"{a} / r", "-y / r"),
    }[part.variable]
    return f"    y = {variable}", f"    dr = dr + dy * ({slope})"


def _head(head: LinearHead | NetworkHead, number: int) -> str:
    if isinstance(head, LinearHead):
        tables = _lines(_data("c", map(_real, head.coefficients.tolist())))
        return LINEAR.format(h=number, count=len(head.coefficients), tables=tables)
    value, slope = ACTIVATIONS[head.activation]
    last = len(head.layers)
    declarations, forward, backward = [], [], []
    tables = [
        *_data("mean", map(_real, head.mean.tolist())),
        *_data("deviation", map(_real, head.deviation.tolist())),
    ]
    for k, (weights, biases) in enumerate(head.layers, start=1):
        rows, columns = weights.shape
        declarations.append(f"real(dp), save :: w{k}({rows}, {columns}), b{k}({rows})")
        inner = f", a{k}({rows}), s{k}({rows})" if k < last else ""
        declarations.append(f"real(dp) :: z{k}({rows}), d{k}({rows}){inner}")
        # Column by column, as Fortran stores them.
        tables += _data(f"w{k}", map(_real, weights.T.ravel().tolist()), shape=(rows, columns))
        tables += _data(f"b{k}", map(_real, biases.tolist()))
        forward.append(f"z{k} = matmul(w{k}, a{k - 1}) + b{k}")
        if k < last:
            forward += [f"a{k} = {value.format(k=k)}", f"s{k} = 1.0_dp / (1.0_dp + exp(-z{k}))"]
    for k in range(last, 1, -1):
        backward.append(f"d{k - 1} = matmul(d{k}, w{k}) * ({slope.format(k=k - 1)})")
    backward.append("df = df + matmul(d1, w1) / deviation")
    return NETWORK.format(
        h=number, count=len(head.mean), last=last, scale=_real(head.scale),
        declarations=_lines([f"real(dp) :: a0({len(head.mean)})", *declarations]),
        tables=_lines(tables), forward=_lines(forward), backward=_lines(backward),
    )  # fmt: skip


def _data(name: str, values: Iterable[str], *, shape: Sequence[int] | None = None) -> Iterator[str]:
    """Statements that fill an array, some elements each."""
    texts = list(values)
    rows = len(texts) if shape is None else shape[0]
    for column in range(len(texts) // rows):
        own = texts[column * rows : (column + 1) * rows]
        for low in range(0, rows, PIECE):
            part = own[low : low + PIECE]
            ends = f"{low + 1}:{low + len(part)}"
            where = f"{name}({ends})" if shape is None else f"{name}({ends}, {column + 1})"
            yield f"data {where} / &\n{_joined(part)} /"


def _joined(texts: Sequence[str]) -> str:
    """Values with commas, four in a line, each line continued."""
    rows = [", ".join(texts[i : i + 4]) for i in range(0, len(texts), 4)]
    return indent(", &\n".join(rows), "  ")


def _real(value: float) -> str:
    """Number as Fortran source, for example `0.0015_dp`."""
    return f"{value!r}_dp"


def _lines(statements: Iterable[str]) -> str:
    return indent("\n".join(statements), "    ")
