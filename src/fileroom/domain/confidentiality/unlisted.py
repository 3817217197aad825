"""What is done with standard attributes that table E.1-1 does not have (PS3.15 E.1.1, note 1 on table E.1-1a).

They are kept, unless their VR says that they are about somebody, or about one certain instance: the table lists what
the IODs of its edition have, and not what other standards, retired ones and newer editions add.
"""

from typing import Final

from fileroom.domain.confidentiality.options import Action, ProfileOptions, Temporal

# UIDs of classes, encodings, schemes and the like: they name no instance.
_NAMES_OF_KINDS: Final = frozenset({
    0x00041510, 0x00041512, 0x0004151A, 0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008010C, 0x0008010D,
    0x00080117, 0x00080118, 0x0008040E, 0x00081150, 0x0008115A, 0x00083002, 0x00089123, 0x00340003, 0x04000010,
    0x04000510, 0x30100052, 0x30100053,
})  # fmt: skip
PRIVATE_CHARACTERISTICS: Final = 0x00080300
"""Private Data Element Characteristics Sequence: what private blocks hold (PS3.3 C.12.1.1.7)."""


def unlisted_action(tag: int, vr: bytes, options: ProfileOptions) -> Action:
    """Return what is done with a standard attribute that the table does not have.

    UIDs are replaced unless they name a kind of thing, names of persons become dummies, and dates and times of day
    follow what was chosen for those that are listed.
    """
    if vr == b"UI":
        return Action.KEEP if options.retain_uids or tag in _NAMES_OF_KINDS else Action.UID
    if vr == b"PN":
        return Action.DUMMY
    if vr in {b"DA", b"DT", b"TM"}:
        return {
            Temporal.FULL: Action.KEEP,
            Temporal.SHIFTED: Action.SHIFT,
            Temporal.REMOVED: Action.EMPTY,
        }[options.temporal]
    if tag == PRIVATE_CHARACTERISTICS and not options.retain_safe_private:
        return Action.REMOVE  # the blocks that it describes go
    return Action.KEEP
