"""DICOM files as files: header scanning, reading, codecs, rendering."""
