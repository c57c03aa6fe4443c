"""Why a broken input may be accepted."""

from pathlib import Path

from attack.harness import Attack

__all__ = ["reason"]


def reason(attack: Attack, work: Path) -> str:
    """A sentence, empty where nothing speaks for it."""
    return ""
