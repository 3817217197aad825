"""Which value representations the DICOM JSON Model writes in which way (PS3.18 table F.2.3-1)."""

from typing import Final

LOCALISED: Final = frozenset({b"LO", b"LT", b"PN", b"SH", b"ST", b"UC", b"UT"})
"""Text in the character sets of (0008,0005) (PS3.5 6.1.2.3)."""
DECIMAL: Final = frozenset({b"DS", b"IS"})
"""Numbers written as text."""
TEXT: Final = LOCALISED | DECIMAL | {b"AE", b"AS", b"CS", b"DA", b"DT", b"TM", b"UI", b"UR"}
SINGLE: Final = frozenset({b"LT", b"ST", b"UT", b"UR"})
"""Text that is always one value: a backslash is a character of it (PS3.5 6.2)."""
INTEGER: Final = {b"SS": "h", b"US": "H", b"SL": "i", b"UL": "I", b"SV": "q", b"UV": "Q"}
FLOAT: Final = {b"FL": "f", b"FD": "d"}
NUMBER: Final = INTEGER | FLOAT
"""Binary numbers, with their codes in `struct`."""
BINARY: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"UN"})
"""Written as base64."""
BULK: Final = BINARY | DECIMAL | frozenset(NUMBER) | {b"LT", b"ST", b"UC", b"UT"}
"""What may stand elsewhere, behind a BulkDataURI (PS3.18 F.2.2)."""
KNOWN: Final = TEXT | frozenset(NUMBER) | BINARY | {b"AT", b"SQ"}

NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
"""Component groups of a person's name in JSON, in the order of PS3.5 6.2.1."""
ORIGINAL_BYTES: Final = "OriginalBytes"
"""A member of our own beside `Value`: the bytes of a value that its text or numbers do not lead back to."""
EXACT_INTEGERS: Final = 1 << 53
"""Up to here every reader of JSON keeps an integer as it is (RFC 8259 clause 6)."""
MAX_TEXT_BYTES: Final = 64 << 20
"""Of one value of text, which is held as a whole."""
