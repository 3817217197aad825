"""A scripted DICOM peer that needs no network, for tests and demonstrations."""
