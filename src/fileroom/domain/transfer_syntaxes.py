"""Transfer syntaxes: how the data set of an object is encoded, and what people call that.

The table follows PS3.6 table A-1 and the definitions of PS3.5 clause 10 and annex A. Nothing here decodes: objects
are kept in the syntax they came in, and these records say what a reader of the data set has to expect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.uid import clean_uid, is_valid_uid

IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
"""The default that every node has to accept (PS3.5 10.1, A.1)."""
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
"""Uncompressed, with the VR in each element (PS3.5 A.2)."""
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
"""The whole data set as one deflate stream (PS3.5 A.5)."""
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
"""Retired (last described in PS3.5-2016b A.3), still in archives."""

_DICOM_ROOT = "1.2.840.10008."


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSyntax:
    """How one data set is encoded (PS3.5 clause 10)."""

    uid: str
    """Without padding; for an unknown syntax whatever the peer or the file said."""
    name: str
    """As in PS3.6 table A-1; the UID for an unknown syntax."""
    keyword: str
    """As in PS3.6 table A-1, such as `JPEG2000Lossless`; empty for an unknown syntax."""
    short_name: str
    """What a person types, such as `jpeg2000-lossless`; the UID for an unknown syntax."""
    is_implicit_vr: bool
    """Elements carry no VR; a dictionary has to know it."""
    is_little_endian: bool
    """Byte order of lengths and numbers in the data set."""
    is_deflated: bool
    """The data set after the file meta information is one raw deflate stream (RFC 1951)."""
    is_encapsulated: bool
    """Pixel Data is a sequence of fragments (PS3.5 A.4), so it has an undefined length."""
    is_lossless: bool | None
    """Whether the encoding itself keeps every pixel; None where the syntax allows both or does not say."""
    is_retired: bool
    """Gone from the current edition of the standard."""
    is_known: bool = True
    """False for a UID that the table does not have: the properties are then assumptions."""


# Two lines each, in the order of the UIDs: the UID below 1.2.840.10008.1, flags, short name and keyword; the name.
# Flags: L lossless, - lossy, ? either or unsaid; E encapsulated, N native; D deflated, I implicit VR, B big endian,
# R retired. JPEG 2000, HTJ2K and JPEG XL (other than "lossless only") hold either kind of stream. JPIP objects have
# a URL in the place of Pixel Data (PS3.5 A.6), so nothing in them is encapsulated.
_ROWS = """
2          LNI   implicit-vr-little-endian        ImplicitVRLittleEndian
                 Implicit VR Little Endian
2.1        LN    explicit-vr-little-endian        ExplicitVRLittleEndian
                 Explicit VR Little Endian
2.1.98     LE    encapsulated-uncompressed        EncapsulatedUncompressedExplicitVRLittleEndian
                 Encapsulated Uncompressed Explicit VR Little Endian
2.1.99     LND   deflated-explicit-vr-little-endian  DeflatedExplicitVRLittleEndian
                 Deflated Explicit VR Little Endian
2.2        LNBR  explicit-vr-big-endian           ExplicitVRBigEndian
                 Explicit VR Big Endian
2.4.50     -E    jpeg-baseline                    JPEGBaseline8Bit
                 JPEG Baseline (Process 1)
2.4.51     -E    jpeg-extended                    JPEGExtended12Bit
                 JPEG Extended (Process 2 and 4)
2.4.52     -ER   jpeg-extended-3-5                JPEGExtended35
                 JPEG Extended (Process 3 and 5)
2.4.53     -ER   jpeg-spectral-6-8                JPEGSpectralSelectionNonHierarchical68
                 JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)
2.4.54     -ER   jpeg-spectral-7-9                JPEGSpectralSelectionNonHierarchical79
                 JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)
2.4.55     -ER   jpeg-progressive-10-12           JPEGFullProgressionNonHierarchical1012
                 JPEG Full Progression, Non-Hierarchical (Process 10 and 12)
2.4.56     -ER   jpeg-progressive-11-13           JPEGFullProgressionNonHierarchical1113
                 JPEG Full Progression, Non-Hierarchical (Process 11 and 13)
2.4.57     LE    jpeg-lossless                    JPEGLossless
                 JPEG Lossless, Non-Hierarchical (Process 14)
2.4.58     LER   jpeg-lossless-15                 JPEGLosslessNonHierarchical15
                 JPEG Lossless, Non-Hierarchical (Process 15)
2.4.59     -ER   jpeg-extended-16-18              JPEGExtendedHierarchical1618
                 JPEG Extended, Hierarchical (Process 16 and 18)
2.4.60     -ER   jpeg-extended-17-19              JPEGExtendedHierarchical1719
                 JPEG Extended, Hierarchical (Process 17 and 19)
2.4.61     -ER   jpeg-spectral-20-22              JPEGSpectralSelectionHierarchical2022
                 JPEG Spectral Selection, Hierarchical (Process 20 and 22)
2.4.62     -ER   jpeg-spectral-21-23              JPEGSpectralSelectionHierarchical2123
                 JPEG Spectral Selection, Hierarchical (Process 21 and 23)
2.4.63     -ER   jpeg-progressive-24-26           JPEGFullProgressionHierarchical2426
                 JPEG Full Progression, Hierarchical (Process 24 and 26)
2.4.64     -ER   jpeg-progressive-25-27           JPEGFullProgressionHierarchical2527
                 JPEG Full Progression, Hierarchical (Process 25 and 27)
2.4.65     LER   jpeg-lossless-28                 JPEGLosslessHierarchical28
                 JPEG Lossless, Hierarchical (Process 28)
2.4.66     LER   jpeg-lossless-29                 JPEGLosslessHierarchical29
                 JPEG Lossless, Hierarchical (Process 29)
2.4.70     LE    jpeg-lossless-sv1                JPEGLosslessSV1
                 JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])
2.4.80     LE    jpeg-ls-lossless                 JPEGLSLossless
                 JPEG-LS Lossless Image Compression
2.4.81     -E    jpeg-ls-near-lossless            JPEGLSNearLossless
                 JPEG-LS Lossy (Near-Lossless) Image Compression
2.4.90     LE    jpeg2000-lossless                JPEG2000Lossless
                 JPEG 2000 Image Compression (Lossless Only)
2.4.91     ?E    jpeg2000                         JPEG2000
                 JPEG 2000 Image Compression
2.4.92     LE    jpeg2000-mc-lossless             JPEG2000MCLossless
                 JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)
2.4.93     ?E    jpeg2000-mc                      JPEG2000MC
                 JPEG 2000 Part 2 Multi-component Image Compression
2.4.94     ?N    jpip-referenced                  JPIPReferenced
                 JPIP Referenced
2.4.95     ?ND   jpip-referenced-deflate          JPIPReferencedDeflate
                 JPIP Referenced Deflate
2.4.100    -E    mpeg2-main                       MPEG2MPML
                 MPEG2 Main Profile / Main Level
2.4.100.1  -E    mpeg2-main-fragmentable          MPEG2MPMLF
                 Fragmentable MPEG2 Main Profile / Main Level
2.4.101    -E    mpeg2-high                       MPEG2MPHL
                 MPEG2 Main Profile / High Level
2.4.101.1  -E    mpeg2-high-fragmentable          MPEG2MPHLF
                 Fragmentable MPEG2 Main Profile / High Level
2.4.102    -E    mpeg4-hp41                       MPEG4HP41
                 MPEG-4 AVC/H.264 High Profile / Level 4.1
2.4.102.1  -E    mpeg4-hp41-fragmentable          MPEG4HP41F
                 Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1
2.4.103    -E    mpeg4-hp41-bd                    MPEG4HP41BD
                 MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1
2.4.103.1  -E    mpeg4-hp41-bd-fragmentable       MPEG4HP41BDF
                 Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1
2.4.104    -E    mpeg4-hp42-2d                    MPEG4HP422D
                 MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video
2.4.104.1  -E    mpeg4-hp42-2d-fragmentable       MPEG4HP422DF
                 Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video
2.4.105    -E    mpeg4-hp42-3d                    MPEG4HP423D
                 MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video
2.4.105.1  -E    mpeg4-hp42-3d-fragmentable       MPEG4HP423DF
                 Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video
2.4.106    -E    mpeg4-hp42-stereo                MPEG4HP42STEREO
                 MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2
2.4.106.1  -E    mpeg4-hp42-stereo-fragmentable   MPEG4HP42STEREOF
                 Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2
2.4.107    -E    hevc-main                        HEVCMP51
                 HEVC/H.265 Main Profile / Level 5.1
2.4.108    -E    hevc-main10                      HEVCM10P51
                 HEVC/H.265 Main 10 Profile / Level 5.1
2.4.110    LE    jpeg-xl-lossless                 JPEGXLLossless
                 JPEG XL Lossless
2.4.111    ?E    jpeg-xl-recompression            JPEGXLJPEGRecompression
                 JPEG XL JPEG Recompression
2.4.112    ?E    jpeg-xl                          JPEGXL
                 JPEG XL
2.4.201    LE    htj2k-lossless                   HTJ2KLossless
                 High-Throughput JPEG 2000 Image Compression (Lossless Only)
2.4.202    LE    htj2k-lossless-rpcl              HTJ2KLosslessRPCL
                 High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)
2.4.203    ?E    htj2k                            HTJ2K
                 High-Throughput JPEG 2000 Image Compression
2.4.204    ?N    jpip-htj2k-referenced            JPIPHTJ2KReferenced
                 JPIP HTJ2K Referenced
2.4.205    ?ND   jpip-htj2k-referenced-deflate    JPIPHTJ2KReferencedDeflate
                 JPIP HTJ2K Referenced Deflate
2.5        LE    rle-lossless                     RLELossless
                 RLE Lossless
2.6.1      ?NR   mime                             RFC2557MIMEEncapsulation
                 RFC 2557 MIME encapsulation
2.6.2      ?NR   xml                              XMLEncoding
                 XML Encoding
2.7.1      LN    smpte-video-progressive          SMPTEST211020UncompressedProgressiveActiveVideo
                 SMPTE ST 2110-20 Uncompressed Progressive Active Video
2.7.2      LN    smpte-video-interlaced           SMPTEST211020UncompressedInterlacedActiveVideo
                 SMPTE ST 2110-20 Uncompressed Interlaced Active Video
2.7.3      LN    smpte-audio                      SMPTEST211030PCMDigitalAudio
                 SMPTE ST 2110-30 PCM Digital Audio
2.8.1      LE    deflated-image-frame             DeflatedImageFrameCompression
                 Deflated Image Frame Compression
20         LNIR  papyrus3                         Papyrus3ImplicitVRLittleEndian
                 Papyrus 3 Implicit VR Little Endian
"""


def _known(row: str, name: str) -> TransferSyntax:
    number, flags, short_name, keyword = row.split()
    return TransferSyntax(
        uid=f"{_DICOM_ROOT}1.{number}",
        name=name.strip(),
        keyword=keyword,
        short_name=short_name,
        is_implicit_vr="I" in flags,
        is_little_endian="B" not in flags,
        is_deflated="D" in flags,
        is_encapsulated="E" in flags,
        is_lossless={"L": True, "-": False, "?": None}[flags[0]],
        is_retired="R" in flags,
    )


_LINES = _ROWS.strip().splitlines()
_TABLE = tuple(_known(row, name) for row, name in zip(_LINES[::2], _LINES[1::2], strict=True))

TRANSFER_SYNTAXES: Mapping[str, TransferSyntax] = MappingProxyType({known.uid: known for known in _TABLE})
"""UID to record of every transfer syntax in PS3.6 table A-1."""

# A body of MIME or XML is no data set, and SMPTE streams travel over RTP (PS3.22), never over an association.
_NO_OBJECTS = {"mime", "xml", "smpte-video-progressive", "smpte-video-interlaced", "smpte-audio"}
_UNCOMPRESSED = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)

STORAGE_TRANSFER_SYNTAXES: tuple[str, ...] = _UNCOMPRESSED + tuple(
    known.uid for known in _TABLE if known.uid not in _UNCOMPRESSED and known.short_name not in _NO_OBJECTS
)
"""UIDs of all syntaxes in which an object can be received and kept as it came, those without compression first."""

# What people type besides keywords, names and short names.
_ALIASES: Mapping[str, str] = {
    "big endian": EXPLICIT_VR_BIG_ENDIAN,
    "deflated": DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    "explicit": EXPLICIT_VR_LITTLE_ENDIAN,
    "explicit vr": EXPLICIT_VR_LITTLE_ENDIAN,
    "hevc": "1.2.840.10008.1.2.4.107",
    "implicit": IMPLICIT_VR_LITTLE_ENDIAN,
    "implicit vr": IMPLICIT_VR_LITTLE_ENDIAN,
    "j2k": "1.2.840.10008.1.2.4.91",
    "j2k lossless": "1.2.840.10008.1.2.4.90",
    "rle": "1.2.840.10008.1.2.5",
}


def _compact(text: str) -> str:
    """Reduce a keyword or a name to what its spellings share: letters and digits."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


_BY_SPELLING: Mapping[str, TransferSyntax] = {
    _compact(spelling): known
    for known in _TABLE
    for spelling in (known.name, known.keyword, known.short_name)
} | {_compact(alias): TRANSFER_SYNTAXES[uid] for alias, uid in _ALIASES.items()}


def transfer_syntax(uid: str) -> TransferSyntax:
    """Return the record of a transfer syntax that a peer or a file names; never fails.

    A UID that is not in the table gives a record with `is_known` false: explicit VR, little endian, encapsulated,
    not deflated, lossless unknown. PS3.5 A.4 demands that of every compressed syntax, so the header of such an
    object is most probably readable; its pixels are not to be touched.
    """
    known = TRANSFER_SYNTAXES.get(uid)
    if known is not None:
        return known
    cleaned = clean_uid(uid)
    return TRANSFER_SYNTAXES.get(cleaned) or TransferSyntax(
        uid=cleaned,
        name=cleaned,
        keyword="",
        short_name=cleaned,
        is_implicit_vr=False,
        is_little_endian=True,
        is_deflated=False,
        is_encapsulated=True,
        is_lossless=None,
        is_retired=False,
        is_known=False,
    )


def parse_transfer_syntax(text: str) -> TransferSyntax:
    """Return the transfer syntax that a person names by UID, keyword, name or short name.

    Case and separators do not matter: `jpeg2000-lossless`, `jpeg2000_lossless` and `JPEG2000Lossless` are one.
    A UID outside the standard's own root gives an unknown syntax, as `transfer_syntax` does.

    Raises:
        InvalidInput: `text` is none of these; the hint names the nearest ones.
    """
    typed = text.strip()
    if is_valid_uid(typed) and "." in typed:
        found = transfer_syntax(typed)
        if found.is_known or not typed.startswith(_DICOM_ROOT):
            return found
        near = _nearest(typed, {known.uid: known for known in _TABLE}, cutoff=0.9)
        raise InvalidInput(
            f"{typed} is not a transfer syntax",
            hint=_hint([f"{known.uid} ({known.short_name})" for known in near]),
        )
    spelled = _BY_SPELLING.get(_compact(typed))
    if spelled is not None:
        return spelled
    near = _nearest(_compact(typed), _BY_SPELLING, cutoff=0.6)
    raise InvalidInput(
        f"no transfer syntax is called {text!r}", hint=_hint([known.short_name for known in near])
    )


def _nearest(text: str, candidates: Mapping[str, TransferSyntax], *, cutoff: float) -> list[TransferSyntax]:
    """Return up to three: first those that begin with what was typed, then those spelled like it."""
    import difflib

    near = [spelling for spelling in candidates if len(text) > 2 and spelling.startswith(text)]
    near += difflib.get_close_matches(text, list(candidates), n=5, cutoff=cutoff)
    return list({candidates[spelling].uid: candidates[spelling] for spelling in near}.values())[:3]


def _hint(near: list[str]) -> str:
    expected = "give a name such as explicit-vr-little-endian or jpeg2000-lossless, or a UID"
    return f"did you mean {' or '.join(near)}? Otherwise {expected}" if near else expected
