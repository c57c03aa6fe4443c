"""What `pes-levels` says of its results."""

import pes
from pes.run.levels.results import Additions
from pes.setup.sensitivity import Sensitivities
from pes.setup.truncation import TruncationRequest


def test_levels_with_l_are_missed_only_where_j_is() -> None:
    result = pes.levels(
        "carbon_dioxide_model", coordinates="bond_vectors", count=2, convergence=False,
        truncation=TruncationRequest(quanta=3, grid_level=4),
    )  # fmt: skip

    def says(j: tuple[int, ...]) -> bool:
        rotation = result.rotation(j, states=2) if j else None
        more = Additions(Sensitivities(), None, None, rotation, None, None)
        return any("`J: [0, 1]` computes them" in one for one in more.warnings(result))

    assert [says(j) for j in ((), (0,), (0, 1))] == [True, True, False]
