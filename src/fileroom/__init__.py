"""fileroom: the file room of radiology in one program."""

__version__ = "0.1.0"
