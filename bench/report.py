"""The results of the latest runs as the Markdown of docs/performance.md: `python -m bench report [--into PAGE]`."""

import argparse
import sys
from pathlib import Path

from bench._report import MARKER, load, page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench/results"), help="folder of the results")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="PAGE",
        help="write it between the markers of a page instead of printing it",
    )
    chosen = parser.parse_args()
    documents = load(chosen.out)
    if not documents:
        sys.exit(f"nothing was measured yet in {chosen.out}")
    text = page(documents)
    if chosen.into is None:
        sys.stdout.write(text)
        return
    before, *between, after = chosen.into.read_text(encoding="utf-8").split(MARKER)
    if len(between) != 1:
        sys.exit(f"{chosen.into} has not one pair of {MARKER}")
    chosen.into.write_text(f"{before}{MARKER}\n\n{text}\n{MARKER}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
