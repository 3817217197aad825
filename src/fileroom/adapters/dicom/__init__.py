"""DICOM networking: the client and server ports, once for each backend."""
