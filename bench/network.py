"""The network, beside DCMTK, Orthanc and pynetdicom: `python -m bench network [receive] [send] [large] [echo]`.

Everything happens on the loopback address, with objects made for the occasion; who is not installed is left out. Tables
go to stdout and, with all samples, to a folder (`--out`); progress goes to stderr. What the parts measure stands at
the head of each one's module.
"""

import argparse
import sys

from bench._echo import echo
from bench._large import large
from bench._receive import receive
from bench._rounds import options, run_parts
from bench._send import send

PARTS = {"receive": receive, "send": send, "large": large, "echo": echo}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    options(parser)
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    sys.exit(run_parts({name: PARTS[name] for name in chosen.parts or PARTS}, chosen))


if __name__ == "__main__":
    main()
