"""Which samples DCMTK, and Orthanc that is made of it, encode anew, and why: everything else comes as it went.

Both read an object into memory and write it again. The values stay (`holdings.Difference.REENCODED` says so), but what
DCMTK's encoder would have written otherwise is written otherwise. The lists are exact: a peer's new release, or a
fault of ours that hides behind its encoder, shows.
"""

from tests.interop.samples import all_samples

TRAILING_PADDING = frozenset({
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_expb.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
    "examples_rgb_color.dcm",
})  # fmt: skip
"""Data Set Trailing Padding (FFFC,FFFC) is left out when a file is read to be sent."""

UNDEFINED_LENGTHS = frozenset({
    "693_J2KI.dcm",
    "JPEG-lossy.dcm",
    "JPEG2000-embedded-sequence-delimiter.dcm",
    "JPEG2000.dcm",
    "JPGExtended.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "dicomdirtests/98892001/CT2N/6293",
    "dicomdirtests/98892001/CT2N/6924",
    "dicomdirtests/98892001/CT5N/2062",
    "dicomdirtests/98892001/CT5N/2392",
    "dicomdirtests/98892001/CT5N/2693",
    "dicomdirtests/98892001/CT5N/3023",
    "dicomdirtests/98892001/CT5N/3353",
    "examples_jpeg2k.dcm",
    "examples_palette.dcm",
    "liver_1frame.dcm",
    "reportsi.dcm",
    "waveform_ecg.dcm",
})  # fmt: skip
"""Sequences and items of undefined length get explicit ones."""

GROUP_LENGTHS = frozenset({"charset_files/chrJapMulti.dcm", "charset_files/chrKoreanMulti.dcm"})
"""Group lengths are wrong in the file and corrected."""

ENCAPSULATED_OW = frozenset({
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
})  # fmt: skip
"""Encapsulated pixels must be OB (PS3.5 A.4) and are OW in the file."""

BLANKS = frozenset({"examples_ybr_color.dcm"})
"""A value of blanks alone becomes empty."""

DEFLATED = frozenset({"image_dfl.dcm"})
"""Another encoder finds another deflated stream."""

REENCODED = TRAILING_PADDING | UNDEFINED_LENGTHS | GROUP_LENGTHS | ENCAPSULATED_OW | BLANKS | DEFLATED
"""What DCMTK sends otherwise than it is in the file."""

TRUNCATED = frozenset({"MR_truncated.dcm", "rtplan_truncated.dcm"})
"""Their last value is shorter than it says. fileroom sends no torn file; what a peer sends it keeps as it came."""

UNREADABLE = frozenset({"SC_rgb_jpeg.dcm", "rtdose_rle.dcm", "rtdose_rle_1frame.dcm"})
"""DCMTK cannot read them: a value representation of NULs, and 32 bit pixels of an odd length in encapsulated OW."""


def names_in(*transfer_syntax_uids: str) -> frozenset[str]:
    """Return the names of the samples in these transfer syntaxes."""
    return frozenset(
        one.name.removeprefix("test_files/")
        for one in all_samples()
        if one.transfer_syntax_uid in transfer_syntax_uids
    )
