"""Tables for notebooks."""

from pes.tables import html_table


def test_cells_are_text() -> None:
    table = html_table([["window", "n"], ["< 5000 cm-1", 3]], "a & b")
    assert "<caption>a &amp; b</caption>" in table
    assert "<th>window</th><th>n</th>" in table
    assert "<tr><td>&lt; 5000 cm-1</td><td>3</td></tr>" in table
