"""The DICOM network ports on pynetdicom, the reference backend."""
