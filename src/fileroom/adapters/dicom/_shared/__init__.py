"""What the DICOM backends share."""
