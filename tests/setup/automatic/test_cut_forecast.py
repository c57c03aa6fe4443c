"""Time and memory of three atoms, said once the first calculation is done."""

from pes.setup.automatic.cut_forecast import CutForecast, seconds_left


def test_errors_fall_by_ten_with_each_calculation() -> None:
    assert seconds_left(5.0, 2.0, 0.5) == 4.0  # nothing but points and ranges
    assert seconds_left(5.0, 2.0, 30.0) == 14.0  # two more
    assert seconds_left(5.0, 2.0, float("inf")) == 19.0  # three where levels had no partners


def test_sentence() -> None:
    ahead = CutForecast(1200, 2**29, 3.6)
    assert str(ahead) == "about 1200 functions, 0.5 GiB in all and 3.6 CPU-s"
    long = CutForecast(1200, 2**29, 36.2)
    assert str(long).endswith(" and 36 CPU-s")
