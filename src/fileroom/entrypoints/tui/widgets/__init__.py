"""Widgets that know nothing of DICOM."""
