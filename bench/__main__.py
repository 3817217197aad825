"""Runs the benches by name: `python -m bench NAME [ARGUMENT...]`; without a name, tells which there are."""

import ast
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> None:
    """Run one bench as if it had been called by itself."""
    names = sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_"))
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        for name in names:
            told = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text("utf-8"))) or ""
            sys.stdout.write(f"{name:16} {told.splitlines()[0]}\n")
        sys.exit(0 if len(sys.argv) < 2 else 2)
    name = sys.argv.pop(1)
    sys.argv[0] = name
    runpy.run_module(f"bench.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
