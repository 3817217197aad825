"""Run the command line with ``python -m fileroom``."""


def _run() -> None:
    from fileroom.entrypoints.cli.main import main

    main()


if __name__ == "__main__":
    _run()
