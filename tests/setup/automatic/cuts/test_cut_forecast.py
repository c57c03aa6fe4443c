"""Time and memory of three atoms, said once the first calculation is done."""

from pes.setup.automatic.cuts.cut_forecast import CutForecast


def test_sentence() -> None:
    ahead = CutForecast(1200, 2**29, 3.6)
    assert str(ahead) == "about 1200 functions, 0.5 GiB in all and 3.6 CPU-s"
    long = CutForecast(1200, 2**29, 36.2)
    assert str(long).endswith(" and 36 CPU-s")
