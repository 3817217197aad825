"""DICOM by our own upper layer: a protocol core without input and output (`core`)."""
