"""What goes to the log: apart from the other settings, since an option of every command is of this type."""

from enum import StrEnum


class LogLevel(StrEnum):
    """What goes to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
