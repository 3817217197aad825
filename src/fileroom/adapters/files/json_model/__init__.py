"""The DICOM JSON Model (PS3.18 annex F): data sets as JSON, and back without loss."""
