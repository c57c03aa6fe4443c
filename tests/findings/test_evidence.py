from made_up import ammonia, evidence


def test_copies_stay_out_of_the_reference() -> None:
    data = ammonia().select([*range(300), 5, 5])
    known = evidence(data).reference
    assert known is not None
    assert known.rows.tolist() == list(range(300))


def test_the_lowest_tenth() -> None:
    own = evidence(ammonia())
    assert len(own.low) == 30
    assert own.heights[own.low].max() <= own.heights.sort().values[29]
