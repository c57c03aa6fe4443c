"""A surface as C: one function of positions to energy and gradient, no library but that of C."""

from collections.abc import Iterable
from textwrap import fill

from pes.export.plain_form import Array, LinearHead, NetworkHead, PlainForm, Polynomials

__all__ = ["c_source"]

ACTIVATIONS = {
    "tanh": ("tanh(z)", "1.0 - a * a"),
    "silu": ("z / (1.0 + exp(-z))", "s + a * (1.0 - s)"),
    "softplus": ("(z > 20.0 ? z : log1p(exp(z)))", "s"),
}
"""a = f(z), and f'(z) of a, z and s = 1/(1 + exp(−z))."""

HEAD = """\
/* Potential energy surface of {formula}, written by pes.

   int {name}(const double *x, double *energy, double *gradient);

   x:        {size} Cartesian coordinates in bohr, atom by atom: {atoms}
   energy:   in hartree
   gradient: dE/dx in hartree/bohr, {size} numbers, or NULL if it is not needed
   returns   0, or 1 if two atoms coincide

   cc -O2 -c {name}.c */
#include <math.h>
#include <stddef.h>
#include <string.h>
"""

POLYNOMIALS = """
#define MONOMIALS_{p} {monomials}
static const int parent_{p}[MONOMIALS_{p}] = {{{parent}}};
static const int factor_{p}[MONOMIALS_{p}] = {{{factor}}};
static const int orbit_{p}[MONOMIALS_{p}] = {{{orbit}}};
"""

NETWORK = """
static double head_{h}(const double *f, double *slope)
{{
{tables}
    double in[{inputs}], {arrays};
    int i, j;
    for (i = 0; i < {inputs}; i++) in[i] = (f[i] - mean[i]) / deviation[i];
{forward}
{backward}
    return {scale} * {output};
}}
"""

PART = """
static double part_{p}(const double *r, double *dr)
{{
    static double m[MONOMIALS_{p} + 1], dm[MONOMIALS_{p} + 1];
    double y[{pairs}], dy[{pairs}] = {{0.0}}, f[{count}] = {{0.0}}, df[{count}] = {{0.0}};
    double v = 0.0;
    int i;
{variables}
    m[0] = 1.0;
    for (i = 0; i < MONOMIALS_{p}; i++) {{
        m[i + 1] = m[parent_{p}[i]] * y[factor_{p}[i]];
        f[orbit_{p}[i]] += m[i + 1];
    }}
{heads}
    if (dr == NULL) return v;
    memset(dm, 0, sizeof dm);
    for (i = MONOMIALS_{p} - 1; i >= 0; i--) {{
        double d = dm[i + 1] + df[orbit_{p}[i]];
        dm[parent_{p}[i]] += d * y[factor_{p}[i]];
        dy[factor_{p}[i]] += d * m[parent_{p}[i]];
    }}
{slopes}
    return v;
}}
"""

MAIN = """
int {name}(const double *x, double *energy, double *gradient)
{{
    double r[{pairs}], dr[{pairs}] = {{0.0}}, v = {constant};
    int a, b, c, k = 0;
    for (a = 0; a < {atoms}; a++)
        for (b = a + 1; b < {atoms}; b++) {{
            double s = 0.0;
            for (c = 0; c < 3; c++) s += pow(x[3 * a + c] - x[3 * b + c], 2.0);
            r[k++] = sqrt(s);
            if (!(s > 0.0)) return 1;
        }}
{parts}
    *energy = v;
    if (gradient == NULL) return 0;
    for (k = 0; k < 3 * {atoms}; k++) gradient[k] = 0.0;
    k = 0;
    for (a = 0; a < {atoms}; a++)
        for (b = a + 1; b < {atoms}; b++, k++)
            for (c = 0; c < 3; c++) {{
                double d = dr[k] * (x[3 * a + c] - x[3 * b + c]) / r[k];
                gradient[3 * a + c] += d;
                gradient[3 * b + c] -= d;
            }}
    return 0;
}}
"""


def c_source(form: PlainForm, name: str, formula: str) -> str:
    """C source of a surface.

    Args:
        form: form of the surface.
        name: name of the function.
        formula: formula for the header.
    """
    atoms, pairs = len(form.elements), form.pairs
    text = [HEAD.format(name=name, formula=formula, size=3 * atoms, atoms=" ".join(form.elements))]
    for p, (part, heads) in enumerate(form.numbered):
        text.append(
            POLYNOMIALS.format(
                p=p, monomials=len(part.parent), parent=_numbers(part.parent.tolist()),
                factor=_numbers(part.factor.tolist()), orbit=_numbers(part.orbit.tolist()),
            )
        )  # fmt: skip
        text += [_head(head, number) for number, head in heads]
        sums = [f"    v += head_{number}(f, df);" for number, _ in heads]
        text.append(_part(part, p, pairs, "\n".join(sums)))
    calls = "\n".join(
        f"    v += part_{p}(r, gradient == NULL ? NULL : dr);" for p in range(len(form.parts))
    )
    text.append(
        MAIN.format(name=name, pairs=pairs, atoms=atoms, constant=repr(form.constant), parts=calls)
    )
    return "".join(text)


def _part(part: Polynomials, p: int, pairs: int, heads: str) -> str:
    variables, slopes = _variables(part, pairs)
    return PART.format(
        p=p, pairs=pairs, count=part.count, variables=variables, slopes=slopes, heads=heads
    )


def _variables(part: Polynomials, pairs: int) -> tuple[str, str]:
    """Statements that set the variables of the pairs, and that add their slopes."""
    a = repr(part.length)
    if part.angle is not None:
        i, j, k = part.angle
        bonds = [f"    y[{one}] = exp(-r[{one}] / {a});" for one in (i, j)]
        cosine = (
            f"    y[{k}] = (r[{i}] * r[{i}] + r[{j}] * r[{j}] - r[{k}] * r[{k}])"
            f" / (2.0 * r[{i}] * r[{j}]);"
        )
        slopes = [
            f"    dr[{one}] += dy[{k}] * (1.0 / r[{other}] - y[{k}] / r[{one}])"
            f" - dy[{one}] * y[{one}] / {a};"
            for one, other in ((i, j), (j, i))
        ]
        slopes.append(f"    dr[{k}] -= dy[{k}] * r[{k}] / (r[{i}] * r[{j}]);")
        return "\n".join((*bonds, cosine)), "\n".join(slopes)
    variable, slope = {
        "morse": (f"exp(-r[i] / {a})", f"-y[i] / {a}"),
        "inverse": (f"{a} / r[i]", "-y[i] / r[i]"),
    }[part.variable]
    each = f"    for (i = 0; i < {pairs}; i++)"
    return f"{each} y[i] = {variable};", f"{each} dr[i] += dy[i] * ({slope});"


def _head(head: LinearHead | NetworkHead, number: int) -> str:
    """A function of the polynomials that adds its slope."""
    if isinstance(head, LinearHead):
        count = len(head.coefficients)
        return (
            f"\nstatic double head_{number}(const double *f, double *slope)\n{{\n"
            f"{_table('c', head.coefficients)}\n    double v = 0.0;\n    int i;\n"
            f"    for (i = 0; i < {count}; i++) {{ v += c[i] * f[i]; slope[i] += c[i]; }}\n"
            "    return v;\n}\n"
        )
    return _network(head, number)


def _network(head: NetworkHead, number: int) -> str:
    tables = [_table("mean", head.mean), _table("deviation", head.deviation)]
    forward, backward, arrays = [], [], []
    activation, slope = ACTIVATIONS[head.activation]
    below, last = "in", len(head.layers) - 1
    for k, (weights, biases) in enumerate(head.layers):
        rows, columns = weights.shape
        tables += [_table(f"w{k}", weights.ravel()), _table(f"b{k}", biases)]
        arrays.append(f"z{k}[{rows}], a{k}[{rows}], d{k}[{rows}]")
        value = "z" if k == last else activation
        forward.append(
            f"    for (i = 0; i < {rows}; i++) {{\n        double z = b{k}[i];\n"
            f"        for (j = 0; j < {columns}; j++) z += w{k}[{columns} * i + j] * {below}[j];\n"
            f"        z{k}[i] = z;\n        a{k}[i] = {value};\n    }}"
        )
        below = f"a{k}"
    backward.append(f"    (void)z{last};\n    d{last}[0] = {head.scale!r};")
    for k in range(last, -1, -1):
        rows, columns = head.layers[k][0].shape
        lines = [
            f"    for (j = 0; j < {columns}; j++) {{", "        double d = 0.0;",
            f"        for (i = 0; i < {rows}; i++) d += w{k}[{columns} * i + j] * d{k}[i];",
        ]  # fmt: skip
        if k:
            lines += [
                f"        {{ double z = z{k - 1}[j], a = a{k - 1}[j], s = 1.0 / (1.0 + exp(-z));",
                f"          (void)z; (void)a; (void)s; d{k - 1}[j] = d * ({slope}); }}",
            ]
        else:
            lines.append("        slope[j] += d / deviation[j];")
        backward.append("\n".join([*lines, "    }"]))
    return NETWORK.format(
        h=number, tables="\n".join(tables), inputs=len(head.mean), arrays=", ".join(arrays),
        forward="\n".join(forward), backward="\n".join(backward), scale=repr(head.scale),
        output=f"a{last}[0]",
    )  # fmt: skip


def _table(name: str, values: Array) -> str:
    return f"    static const double {name}[{len(values)}] = {{{_numbers(values.tolist())}}};"


def _numbers(values: Iterable[float]) -> str:
    return "\n" + fill(", ".join(map(repr, values)), 96)
