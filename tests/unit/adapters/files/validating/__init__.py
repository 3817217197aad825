"""The rules that files are held against."""
