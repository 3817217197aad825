"""Help texts of commands: what it does, examples as one would type them, and what the exit code tells."""

from fileroom.entrypoints.cli.failures import EXIT_STATUS


def with_examples(text: str, *examples: str) -> str:
    """Return help in Rich markup; each example stands on a line of its own."""
    escaped = (example.replace("[", "\\[") for example in examples)
    lines = (f"[cyan]$ {example}[/cyan]" for example in escaped)
    status = f"[bold]Exit status[/bold] {EXIT_STATUS}."
    return "\n\n".join([text.strip(), "[bold]Examples[/bold]", *lines, status])
