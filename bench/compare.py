"""Everything beside other programs, the network and start-up, in one report: what `make bench` does."""

import argparse
import sys

from bench._rounds import options, run_parts
from bench.network import PARTS
from bench.startup import startup


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    options(parser)
    sys.exit(run_parts({**PARTS, "startup": startup}, parser.parse_args()))


if __name__ == "__main__":
    main()
