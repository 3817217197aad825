"""A line that holds nothing but what can be seen, as each line here is."""

from textual.widgets import Input


class PrintableInput(Input):
    """Takes out of what is typed or pasted whatever steers a terminal: the line is drawn as it is."""

    def replace(self, text: str, start: int, end: int) -> None:
        """Put text into the line, without what cannot be seen."""
        super().replace(printable(text), start, end)


def printable(text: str) -> str:
    """Return a text without what cannot be seen; blanks of any kind become plain ones."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
