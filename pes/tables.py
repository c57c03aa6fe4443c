"""Tables of results, for a terminal and for a notebook."""

from collections.abc import Sequence
from html import escape

__all__ = ["html_table", "text_table"]


def html_table(rows: Sequence[Sequence[object]], caption: str = "") -> str:
    """Rows of cells as an HTML table, the first of them its head.

    Example:
        >>> html_table([["level", "E/cm-1"], [0, "0.00"]], "water")[:40]
        '<table><caption>water</caption><thead><t'
    """
    head, *body = ([escape(str(cell)) for cell in row] for row in rows)
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in body)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"
    )


def text_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of rows of cells, the columns right-aligned; no spaces end a line.

    Example:
        >>> text_table([["level", "E/cm-1"], ["0", "4638.31"]])
        ['level   E/cm-1', '    0  4638.31']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]
