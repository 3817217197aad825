"""Help texts of commands: what it does, and examples as one would type them."""

import re

_HEADING = "\n\nExamples:\n\n"
_END_OF_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def with_examples(says: str, *examples: str) -> str:
    """Return a help text; each example stands on a line of its own."""
    return says.strip() + _HEADING + "\n".join(f"$ {example}" for example in examples)


def apart(text: str) -> tuple[str, list[str]]:
    """Take a help text apart into what it says and its examples."""
    says, _, examples = text.partition(_HEADING)
    return " ".join(says.split()), [line.removeprefix("$ ") for line in examples.splitlines()]


def first_sentence(text: str) -> str:
    """Return what a list of commands says about one."""
    return _END_OF_SENTENCE.split(apart(text)[0], maxsplit=1)[0]
