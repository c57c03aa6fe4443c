"""A surface as one Python file that needs NumPy alone."""

import base64
import io

import numpy as np

from pes.export.plain_form import LinearHead, PlainForm

__all__ = ["numpy_source"]

FILE = '''\
"""Potential energy surface of {formula}, written by pes. Needs NumPy alone.

    from {name} import energy, energy_and_gradient

    v, g = energy_and_gradient(x)

x (B, {atoms}, 3) in bohr, atoms {symbols}; v (B,) in hartree, g (B, {atoms}, 3) in hartree/bohr.
"""

import base64
import io

import numpy as np

_PAIRS = np.array([(a, b) for a in range({atoms}) for b in range(a + 1, {atoms})])
_CONSTANT = {constant!r}
_PARTS = {parts!r}
_TABLES = np.load(io.BytesIO(base64.b64decode("""
{tables}
""")))


def _activation(kind, z):
    """Value and slope."""
    if kind == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    s = 1 / (1 + np.exp(-z))
    if kind == "silu":
        return z * s, s + z * s * (1 - s)
    return np.where(z > 20, z, np.logaddexp(0, z)), s


def _network(f, head):
    """Value (B,) and slopes (B, F)."""
    name, layers, kind, scale = head
    a, steps = (f - _TABLES[name + "mean"]) / _TABLES[name + "deviation"], []
    for k in range(layers):
        z = a @ _TABLES[f"{{name}}w{{k}}"].T + _TABLES[f"{{name}}b{{k}}"]
        a, slope = _activation(kind, z) if k < layers - 1 else (z, np.ones_like(z))
        steps.append(slope)
    d = np.full_like(a, scale)
    for k in reversed(range(layers)):
        d = (d * steps[k]) @ _TABLES[f"{{name}}w{{k}}"]
    return scale * a[:, 0], d / _TABLES[name + "deviation"]


def _variables(r, kind, length, angle):
    """Variables of the pairs (B, pairs), and what makes slopes by r of slopes by them."""
    if kind == "inverse":
        return length / r, lambda dy: -dy * length / r**2
    y = np.exp(-r / length)
    if angle is None:
        return y, lambda dy: -dy * y / length
    i, j, k = angle
    cosine = (r[:, i] ** 2 + r[:, j] ** 2 - r[:, k] ** 2) / (2 * r[:, i] * r[:, j])
    y[:, k] = cosine

    def slopes(dy):
        dr, bend = -dy * y / length, dy[:, k]
        dr[:, i] += bend * (1 / r[:, j] - cosine / r[:, i])
        dr[:, j] += bend * (1 / r[:, i] - cosine / r[:, j])
        dr[:, k] = -bend * r[:, k] / (r[:, i] * r[:, j])
        return dr

    return y, slopes


def _part(r, part):
    """Value (B,) and slopes by the distances (B, pairs)."""
    name, variables, count, heads = part
    y, slopes_by_r = _variables(r, *variables)
    parent, factor, orbit, starts = (
        _TABLES[name + t] for t in ("parent", "factor", "orbit", "starts")
    )
    m = np.ones((len(parent) + 1, len(r)))
    f = np.zeros((count, len(r)))
    for low, high in zip(starts[:-1], starts[1:]):
        m[low + 1 : high + 1] = m[parent[low:high]] * y.T[factor[low:high]]
    np.add.at(f, orbit, m[1:])
    v, df = np.zeros(len(r)), np.zeros_like(f.T)
    for head in heads:
        if len(head) == 1:
            v, df = v + f.T @ _TABLES[head[0] + "c"], df + _TABLES[head[0] + "c"]
        else:
            value, slope = _network(f.T, head)
            v, df = v + value, df + slope
    dm, dy = np.zeros_like(m), np.zeros_like(y.T)
    dm[1:] = df.T[orbit]
    for low, high in reversed(list(zip(starts[:-1], starts[1:]))):
        d = dm[low + 1 : high + 1]
        np.add.at(dm, parent[low:high], d * y.T[factor[low:high]])
        np.add.at(dy, factor[low:high], d * m[parent[low:high]])
    return v, slopes_by_r(dy.T)


def energy_and_gradient(x):
    """Energies (B,) in hartree and dE/dx (B, {atoms}, 3) in hartree/bohr."""
    x = np.asarray(x, dtype=float)
    if x.ndim != 3 or x.shape[1:] != ({atoms}, 3):
        raise ValueError(f"positions must have shape (B, {atoms}, 3), got {{x.shape}}")
    apart = x[:, _PAIRS[:, 0]] - x[:, _PAIRS[:, 1]]
    r = np.sqrt((apart**2).sum(-1))
    v, dr = np.full(len(x), _CONSTANT), np.zeros_like(r)
    for part in _PARTS:
        value, slope = _part(r, part)
        v, dr = v + value, dr + slope
    along = dr[..., None] * apart / r[..., None]
    g = np.zeros_like(x)
    for k, (a, b) in enumerate(_PAIRS):
        g[:, a] += along[:, k]
        g[:, b] -= along[:, k]
    return v, g


def energy(x):
    """Energies (B,) in hartree of positions (B, {atoms}, 3) in bohr."""
    return energy_and_gradient(x)[0]
'''


def numpy_source(form: PlainForm, name: str, formula: str) -> str:
    """Python source of a surface; its tables are in the file, as text.

    Args:
        form: form of the surface.
        name: name of the module.
        formula: formula for the header.
    """
    tables: dict[str, np.ndarray] = {}
    parts = []
    for p, part in enumerate(form.parts):
        own = f"p{p}_"
        starts = _starts(part.parent)
        tables |= {
            f"{own}parent": part.parent, f"{own}factor": part.factor, f"{own}orbit": part.orbit,
            f"{own}starts": starts,
        }  # fmt: skip
        heads: list[tuple[object, ...]] = []
        for h, head in enumerate(part.heads):
            key = f"{own}h{h}_"
            if isinstance(head, LinearHead):
                tables[f"{key}c"] = head.coefficients
                heads.append((key,))
                continue
            tables |= {f"{key}mean": head.mean, f"{key}deviation": head.deviation}
            for k, (weights, biases) in enumerate(head.layers):
                tables |= {f"{key}w{k}": weights, f"{key}b{k}": biases}
            heads.append((key, len(head.layers), head.activation, head.scale))
        variables = part.variable, part.length, part.angle
        parts.append((own, variables, part.count, tuple(heads)))
    return FILE.format(
        name=name, formula=formula, atoms=len(form.elements), symbols=" ".join(form.elements),
        constant=form.constant, parts=tuple(parts), tables=_text(tables),
    )  # fmt: skip


def _starts(parent: np.ndarray) -> np.ndarray:
    """First row of each degree: rows whose monomials are products of finished ones only."""
    starts = [0]
    for row, monomial in enumerate(parent):
        if monomial > starts[-1]:
            starts.append(row)
    return np.array([*starts, len(parent)])


def _text(tables: dict[str, np.ndarray]) -> str:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **tables)  # type: ignore[arg-type]
    text = base64.b64encode(buffer.getvalue()).decode()
    return "\n".join(text[i : i + 96] for i in range(0, len(text), 96))
