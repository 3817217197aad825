"""DICOM objects as bytes."""
