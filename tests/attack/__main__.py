"""`make attack`: broken inputs, kills and made-up faults for every command, and how each took them.

python tests/attack [--every N] [--seed SEED] [--files COUNT] [--only COMMAND ...] [PART ...]

PART is inputs, kills or faults; all by default.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from attack.accepted import reason
from attack.cases import attacks, valid_folder
from attack.faults import ANSWERS, BAD_ANSWERS, REASONS, answered, faults, right_levels
from attack.harness import OUTCOMES, attacked, preload
from attack.kills import BAD_ENDS, ENDS, Broken, interruptions

BAD_OUTCOMES = ("traceback", "silent", "hang", "crash", "lost", "code run", "no reason")

Row = tuple[str, str, str]
"""What was attacked, how it ended, and a line to print."""


def main() -> None:
    """Attack; print what matters at once, and tables; exit code 1 if anything is bad."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="inputs, kills, faults")
    parser.add_argument("--only", nargs="*", help="only these commands")
    parser.add_argument("--every", type=int, default=1, help="one attack of so many")
    parser.add_argument("--seed", type=int, default=0, help="of the damage to files and of kills")
    parser.add_argument("--files", type=int, default=400, help="number of damaged files")
    parser.add_argument("--moments", type=int, default=8, help="moments for each way to break off")
    given = parser.parse_args()
    preload()
    bad = False
    for name in given.parts or PARTS:
        part, outcomes, wrong = PARTS[name]
        with tempfile.TemporaryDirectory() as folder:
            valid = Path(folder) / "valid"
            valid.mkdir()
            valid_folder(valid)
            counts: Counter[tuple[str, str]] = Counter()
            for what, how, line in part(given, valid, Path(folder)):
                counts[what, how] += 1
                if how in wrong or how == "accepted":
                    print(line, flush=True)
        print(f"\n{_table(counts, outcomes)}\n", flush=True)
        bad |= any(counts[what, how] for what, how in counts if how in wrong)
    raise SystemExit(bad)


def inputs(given: argparse.Namespace, valid: Path, folder: Path) -> Iterator[Row]:
    """Broken inputs; those that are accepted need a reason."""
    for attack in attacks(given.seed, given.files)[:: given.every]:
        if given.only and attack.command not in given.only:
            continue
        outcome = attacked(attack, valid, folder / "work")
        kind, why = outcome.kind, (outcome.words.splitlines() or [""])[-1]
        if kind == "accepted":
            why = reason(attack)
            kind = kind if why else "no reason"
        yield attack.command, kind, f"{kind}: pes-{attack.command}, {attack.name}: {why}"


def kills(given: argparse.Namespace, valid: Path, folder: Path) -> Iterator[Row]:
    """Commands that are broken off and given again."""
    broken: dict[str, Broken] = {}
    for one in list(interruptions(given.seed, given.moments))[:: given.every]:
        if given.only and one.command not in given.only:
            continue
        if one.command not in broken:
            broken[one.command] = Broken(one.command, valid, folder / one.command)
        end, words = broken[one.command].end(one)
        yield one.command, end, f"{end}: {one}: {words.strip()[-300:]}"


def faults_of_all(given: argparse.Namespace, valid: Path, folder: Path) -> Iterator[Row]:
    """Faults in points and in surfaces."""
    work = folder / "work"
    work.mkdir()
    right = right_levels(work)
    for fault in list(faults())[:: given.every]:
        answer = answered(fault, work, right)
        place, why = fault.name.split(":")[0], REASONS.get(fault.name, "")
        kind = "accepted" if why else {"accepted": "no reason"}.get(answer.kind, answer.kind)
        yield place, kind, f"{kind}: {fault.name}: {why or answer.words}"


PARTS = {
    "inputs": (inputs, (*OUTCOMES, "no reason"), BAD_OUTCOMES),
    "kills": (kills, ENDS, BAD_ENDS),
    "faults": (faults_of_all, (*ANSWERS, "no reason"), (*BAD_ANSWERS[1:], "no reason")),
}
"""Part → its attacks, its columns, and those that must stay empty."""


def _table(counts: Counter[tuple[str, str]], outcomes: Sequence[str]) -> str:
    rows = sorted({what for what, _ in counts})
    lines = [f"{'':<16}" + "".join(f"{kind:>13}" for kind in outcomes)]
    for row in rows:
        lines.append(f"{row:<16}" + "".join(f"{counts[row, kind]:>13}" for kind in outcomes))
    total = (sum(counts[row, kind] for row in rows) for kind in outcomes)
    return "\n".join([*lines, f"{'all':<16}" + "".join(f"{number:>13}" for number in total)])


if __name__ == "__main__":
    main()
