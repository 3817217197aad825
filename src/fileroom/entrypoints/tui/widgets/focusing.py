"""Who gets the next key."""

from textual.widget import Widget


def focus_now(widget: Widget) -> None:
    """Give the focus at once, not after keys that were pressed meanwhile; later only where it cannot be taken yet."""
    if widget.focusable:
        widget.screen.set_focus(widget)
    else:
        widget.focus()
