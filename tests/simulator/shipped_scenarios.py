"""The shipped scenario files, read once for all tests of this process."""

from pathlib import Path
from typing import Any, Final

import yaml
from tayari_simulator.scenarios.scenario_reader import read_scenarios

FOLDER: Final = Path(__file__).parents[2] / "scenarios"
FILES: Final = {str(file.relative_to(FOLDER).with_suffix("")): file for file in sorted(FOLDER.rglob("*.yaml"))}
"""By the scenario's name."""
DOCUMENTS: Final[dict[str, Any]] = {
    name: yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for name, file in FILES.items()
}
"""What the files say, read by another reader than the simulator's own."""
SHIPPED, PROBLEMS = read_scenarios([FOLDER])
"""What the simulator reads in them."""
