"""A refinement that failed says so, and names the level or the molecule that is to blame."""

from pes.refinement.failure import failure


def row(quanta: str, observed: float, before: float, after: float, **more: str) -> dict:
    base = {"molecule": "O H H", "quanta": quanta, "observed": observed, "role": "fitted"}
    return base | {"before": before, "after": after} | more


GOOD = [
    row("0 1 0", 1595.0, 4.0, 0.2),
    row("0 2 0", 3152.0, 9.0, -0.3),
    row("1 0 0", 3657.0, 6.0, 0.1),
]


def words(rows: list[dict], uncertainty: float = 0.1) -> str:
    found = failure(rows, [uncertainty] * len(rows))
    assert found is not None
    assert found.startswith("the refinement failed: the fitted levels end ")
    return found


def test_a_success_says_nothing() -> None:
    assert failure(GOOD, [0.1] * 3) is None
    far = row("0 0 1", 3756.0, 900.0, 900.0, role="held out")
    assert failure([*GOOD, far], [0.1] * 4) is None
    nan = row("0 0 1", 3756.0, float("nan"), float("nan"))
    assert failure([*GOOD, nan], [0.1] * 4) is None
    assert failure([nan], [0.1]) is None


def test_a_level_typed_wrong() -> None:
    wrong = row("0 0 1", 9999.0, -6243.0, -1700.0)
    spread = [one | {"after": 300.0} for one in GOOD]
    assert "check level 0 0 1 of O H H, observed at 9999.000" in words([*spread, wrong])
    assert "which the surface has at 3756.0" in words([*spread, wrong])


def test_levels_of_another_isotopologue() -> None:
    heavy = [
        row("0 1 0", 1595.0, -417.0, -200.0, molecule="O D D"),
        row("1 0 0", 3657.0, -986.0, 300.0, molecule="O D D"),
        row("0 0 1", 3756.0, -968.0, 250.0, molecule="O D D"),
    ]
    found = words(heavy)
    assert "the levels of O D D are 26 % from those of the surface" in found
    assert "check that they belong to this molecule" in found
    assert "O D D" in words([*GOOD, *heavy])


def test_too_stiff() -> None:
    stiff = [one | {"after": one["before"]} for one in GOOD]
    assert "the worst is level 0 2 0 of O H H (+9.0 cm-1" in words(stiff)
