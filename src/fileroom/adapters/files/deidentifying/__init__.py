"""De-identification of DICOM files, as trees of elements."""
