"""The nearest valid word to what was typed."""

import difflib
from collections.abc import Iterable


def nearest(word: str, possible: Iterable[str]) -> str:
    """Return a hint such as `did you mean 'pacs'?`, or '' where nothing is near."""
    by_key = {each.casefold(): each for each in possible}
    close = difflib.get_close_matches(word.casefold(), by_key, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(repr(by_key[each]) for each in close)}?" if close else ""
