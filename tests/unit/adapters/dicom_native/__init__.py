"""The protocol core of the native DICOM backend."""
