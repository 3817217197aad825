"""What an object is, told from its bytes."""

from pathlib import Path

from blake3 import blake3

from fileroom.adapters.objects._shared.content import FileContent
from fileroom.adapters.objects._shared.digest import digest_name, find_data_set, hash_stream
from fileroom.adapters.objects._shared.location import ObjectInPlace, in_place_location, parse_location
from fileroom.application.ports.object_store import ObjectContent
from fileroom.domain.errors import NotFound, Unreadable
from fileroom.domain.records import StoredObject


def describe(
    content: ObjectContent, location: str, *, data_offset: int | None = None, in_place: bool = False
) -> StoredObject:
    """Read an object through and describe it; where its data set begins is found out unless it is told.

    Raises:
        NotFound: it is gone.
        Unreadable: it cannot be read, or ends before its data set begins.
    """
    hasher = blake3()
    with content.open() as stream:
        try:
            offset = find_data_set(stream) if data_offset is None else data_offset
            if offset > stream.seek(0, 2):
                raise Unreadable(f"{location} ends before its data set begins (byte {offset})")
            stream.seek(offset)
            size = offset + hash_stream(stream, hasher)
        except OSError as error:
            raise Unreadable(f"{location} cannot be read: {error.strerror or error}") from error
    return StoredObject(
        location=location, size=size, data_offset=offset, digest=digest_name(hasher), in_place=in_place
    )


def describe_in_place(path: Path, data_offset: int) -> StoredObject:
    """Describe a file of the user's that stays where it is.

    Raises:
        Unreadable: it cannot be read, or has a name that no database can hold.
    """
    absolute = path.absolute()
    location = in_place_location(absolute)
    if not isinstance(parse_location(location), ObjectInPlace):
        raise Unreadable(
            f"the name of {str(absolute)!r} is not valid Unicode",
            hint="rename it, or import a copy of the file",
        )
    try:
        return describe(FileContent(absolute), location, data_offset=data_offset, in_place=True)
    except NotFound as error:
        raise Unreadable(error.message) from error
