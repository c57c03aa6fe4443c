from collections import deque
from io import StringIO

import pytest

from pes.data.formats.frames import frames

FRAME = "3\n\nO 0 0 0\nH 1.0 0 0\nH 0 1D0 0\n"


def test_numbers_of_fortran_and_small_letters():
    (some,) = frames(StringIO(FRAME.replace("H", "h") + FRAME + "\n\n"))
    assert some.symbols == ("O", "H", "H")
    assert some.column(0, 3)[1].tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no frames"),
        # Refused at once: nothing of that size is asked for.
        ("100000000000\n\nO 0 0 0\n", "frame 0: the number of atoms must be 2 to 1000"),
        ("9" * 5000 + "\n", "must be 2 to 1000, got 99999999999999999999"),
        ("1\n\nO 0 0 0\n", "must be 2 to 1000, got 1"),
        ("-3\n\nO 0 0 0\n", "begins with its number of atoms, got '-3'"),
        (FRAME + FRAME.replace("3\n", "4\n") + "H 1 1 1\n", "frame 1: 4 atoms, frame 0 has 3"),
        (FRAME + FRAME.replace("1D0", "one"), "frame 1, atom 2: 'one' is not a number"),
        (FRAME + FRAME.replace("1D0", "******"), "frame 1, atom 2: '......' is not a number"),
        (FRAME + FRAME.replace("H 0 1D0 0", "H 0 0"), "frame 1, atom 2: .* got 'H 0 0'"),
        (FRAME + FRAME[:-6] + "\n", "frame 1, atom 2"),
        (FRAME + "3\n\nO 0 0 0\n", "frame 1: truncated, 3 of 5 lines; complete"),
        (FRAME.rstrip(), "its last line has no line break"),
        (FRAME + FRAME.replace("O 0", "H 0").replace("H 1", "O 1"), "frame 1: atoms H O H differ"),
        (FRAME.replace("O", "Qq"), "frame 0: unknown element 'Qq'"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_frame(text, message):
    with pytest.raises(ValueError, match=message):
        deque((some.column(0, 3) for some in frames(StringIO(text))), maxlen=0)
