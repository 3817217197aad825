"""Application Entity titles (PS3.5 6.2, VR AE)."""

from typing import Self

from fileroom.domain.errors import InvalidInput


class AeTitle(str):
    """A valid AE title: 1 to 16 characters of ISO 646 without backslash or control characters, not only blanks.

    Leading and trailing spaces are not significant (PS3.5 6.2) and are removed; case is significant.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Validate `text`.

        Raises:
            InvalidInput: it cannot be an AE title; the message says why.
        """
        title = text.strip(" ")
        if not title:
            raise InvalidInput("an AE title cannot be empty or only blanks", hint="use 1 to 16 characters")
        if len(title) > 16:
            raise InvalidInput(
                f"AE title {title!r} has {len(title)} characters", hint="use 1 to 16 characters (PS3.5 6.2)"
            )
        if any(not " " <= character <= "~" or character == "\\" for character in title):
            raise InvalidInput(
                f"AE title {title!r} holds a character that is not allowed",
                hint="use printable ASCII without backslash (PS3.5 6.2)",
            )
        return super().__new__(cls, title)
