"""Images in DICOM files: what they are (`description`), their frames (`frames`), and what is made of them.

Nothing in here is loaded before somebody asks for pixels: modules that work on them import NumPy at their head.
"""
