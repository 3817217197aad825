"""A process of its own that asks for echoes with a library's client: `_echo_loop.py WHO PORT CALLED SECONDS`.

WHO is `pynetdicom`, or `fileroom:BACKEND`. Prints JSON: echoes a second on one association (`one`, where the client
can), and with an association each (`new`).
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def rate(ask: Callable[[], None], seconds: float) -> float:
    """Return how often a second something can be done; the first time does not count."""
    ask()
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        ask()
        count += 1
    return count / took


def ask_with_pynetdicom(port: int, called: str, seconds: float) -> dict[str, float]:
    """Measure the library as its documentation shows it."""
    from pynetdicom import AE
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined] # made while it is imported

    entity = AE(ae_title="BENCH")
    entity.add_requested_context(Verification)

    def opened() -> object:
        association = entity.associate("127.0.0.1", port, ae_title=called)
        if not association.is_established:
            raise RuntimeError("no association")
        return association

    def echo(association: object) -> None:
        status = association.send_c_echo()  # type: ignore[attr-defined] # pynetdicom's association
        if getattr(status, "Status", None) != 0:
            raise RuntimeError(f"echo: {status}")

    def anew() -> None:
        association = opened()
        echo(association)
        association.release()  # type: ignore[attr-defined] # pynetdicom's association

    standing = opened()
    one = rate(lambda: echo(standing), seconds)
    standing.release()  # type: ignore[attr-defined] # pynetdicom's association
    return {"one": one, "new": rate(anew, seconds)}


def ask_with_fileroom(backend: str, port: int, called: str, seconds: float) -> dict[str, float]:
    """Measure the client behind our commands; it opens an association for each echo."""
    from fileroom.application.ports.dicom_client import Peer
    from fileroom.domain.ae_title import AeTitle
    from fileroom.entrypoints.configuration import load_settings
    from fileroom.entrypoints.container import close_container, open_container

    peer = Peer(ae_title=AeTitle(called), host="127.0.0.1", port=port)
    settings = load_settings(environment={}, overrides={"network.backend": backend})
    with tempfile.TemporaryDirectory() as folder:
        container = open_container(settings, Path(folder))
        try:
            client = container.client()

            def ask() -> None:
                if client.echo(peer).status:
                    raise RuntimeError("no success")

            return {"new": rate(ask, seconds)}
        finally:
            close_container(container)


def main() -> None:
    who, port, called, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    library, _, backend = who.partition(":")
    if library == "fileroom":
        figures = ask_with_fileroom(backend, port, called, seconds)
    else:
        figures = ask_with_pynetdicom(port, called, seconds)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
