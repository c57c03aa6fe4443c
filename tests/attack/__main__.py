"""`make attack`: broken inputs for every command, and a table of how each took them.

python tests/attack [--every N] [--seed SEED] [--files COUNT] [COMMAND ...]
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from attack.cases import attacks, valid_folder
from attack.harness import OUTCOMES, Outcome, attacked

BAD = ("traceback", "silent", "hang", "crash", "lost", "code run")


def main() -> None:
    """Attack, print what is wrong at once and the table at the end; exit code 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commands", nargs="*", help="only these commands")
    parser.add_argument("--every", type=int, default=1, help="one attack of so many")
    parser.add_argument("--seed", type=int, default=0, help="of the damage to files")
    parser.add_argument("--files", type=int, default=400, help="number of damaged files")
    parser.add_argument("--accepted", action="store_true", help="list what was accepted")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        valid, work = Path(folder) / "valid", Path(folder) / "work"
        valid.mkdir()
        valid_folder(valid)
        chosen = attacks(given.seed, given.files)[:: given.every]
        counts: Counter[tuple[str, str]] = Counter()
        for attack in chosen:
            if given.commands and attack.command not in given.commands:
                continue
            outcome = attacked(attack, valid, work)
            counts[attack.command, outcome.kind] += 1
            if outcome.kind in BAD or (given.accepted and outcome.kind == "accepted"):
                print(_line(outcome), flush=True)
    print(_table(counts))
    raise SystemExit(any(kind in BAD for _, kind in counts))


def _line(outcome: Outcome) -> str:
    last = outcome.words.splitlines()[-1] if outcome.words else ""
    attack = outcome.attack
    return f"{outcome.kind}: pes-{attack.command}, {attack.name} ({outcome.seconds:.0f} s): {last}"


def _table(counts: Counter[tuple[str, str]]) -> str:
    commands = sorted({command for command, _ in counts})
    lines = [f"{'command':<10}" + "".join(f"{kind:>11}" for kind in OUTCOMES)]
    for command in commands:
        numbers = "".join(f"{counts[command, kind]:>11}" for kind in OUTCOMES)
        lines.append(f"{command:<10}{numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
