import torch

from pes.findings.finding import Finding, rows_in_words, worst_first


def test_a_line_names_three_rows_and_says_that_there_are_more() -> None:
    finding = Finding("copies", "warning", 4, (9, 8, 7, 6), "four points", "look")
    assert finding.line() == "warning: copies: four points (rows 9, 8, 7, ...); look"
    assert "(row 9)" in Finding("copies", "warning", 1, (9,), "one", "look").line()
    assert "row" not in Finding("unit", "error", 4, (), "all", "state it").line()


def test_rows_are_ordered_by_badness_and_ties_by_row() -> None:
    assert worst_first(torch.tensor([4, 5, 6]), torch.tensor([1.0, 2.0, 1.0])) == (5, 4, 6)


def test_rows_in_words() -> None:
    assert rows_in_words([7]) == "rows 7"
    assert rows_in_words(range(100, 200)) == "rows 100 to 199"
    assert rows_in_words([3, 1, 2, 9]) == "rows 1 to 3, 9"
    assert rows_in_words([1, 3, 5, 7]) == "4 rows"
