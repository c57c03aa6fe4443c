"""Why an input that looks broken may be accepted."""

import re
from collections.abc import Mapping

from attack.harness import Attack

__all__ = ["reason"]

EMPTY = "an empty value takes the default"
NAMED = "any text without slashes names a run"
LARGE = "a large limit is no limit"
OTHERS = "a number that a text holds is another number; no format of text has a checksum"

GUARDED = "checksums guard all that is read of the file; the damage is elsewhere"
TRUTH = "true is a value of this key; where a number is due it is refused"
NUMBER = "a number that the key allows"

REASONS: Mapping[str, str] = {
    r"^\w+ [\w.]+: (None|\{\}|\[\])$": EMPTY,
    r"^\w+ name: ": NAMED,
    r": True$": TRUTH,
    r": ([-+.\de]+|'1e9'|\[0\])$": NUMBER,
    r"byte-order mark$": "spreadsheets write one",
    r"^train training\.(patience|restarts|memory|epochs|max_seconds): ": LARGE,
    r"\.(xyz|csv|json|yaml|inp) damaged": OTHERS,
    r"^evaluate surface .*zeros": "an evaluation says how wrong a surface is",
    r"\.(h5|npz|safetensors) damaged": GUARDED,
}
"""Expression that an attack's command and name match → reason."""


def reason(attack: Attack) -> str:
    """A sentence, empty where nothing speaks for it."""
    name = f"{attack.command} {attack.name}"
    return next((why for expression, why in REASONS.items() if re.search(expression, name)), "")
