"""Pure values and rules of DICOM filing: no input, no output, no third-party package."""
