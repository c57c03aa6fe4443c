"""Pages that are made from the code agree with it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_configuration_reference_is_up_to_date(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "write_configuration_reference.py"
    fresh = tmp_path / "configuration.md"
    subprocess.run([sys.executable, script, fresh], check=True)
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == fresh.read_text(encoding="utf-8"), f"run {script.relative_to(ROOT)}"
