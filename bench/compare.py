"""Everything beside other programs, the network, start-up and files, in one report: what `make bench` does."""

import argparse
import sys

from bench._rounds import options, run_parts
from bench.files import files
from bench.network import PARTS
from bench.startup import startup


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    options(parser)
    sys.exit(run_parts({**PARTS, "startup": startup, "files": files}, parser.parse_args()))


if __name__ == "__main__":
    main()
