"""Help texts of commands: what it does, then examples as one would type them."""


def with_examples(text: str, *examples: str) -> str:
    """Return help in Rich markup; each example stands on a line of its own."""
    escaped = (example.replace("[", "\\[") for example in examples)
    return "\n\n".join(
        [text.strip(), "[bold]Examples[/bold]", *(f"[cyan]$ {example}[/cyan]" for example in escaped)]
    )
