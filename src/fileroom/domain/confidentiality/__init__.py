"""De-identification by the Basic Application Level Confidentiality Profile (PS3.15 annex E): its rules, as values.

What belongs here: the tables of the standard as data, what they demand under chosen options, pseudonyms, shifted dates
and dummies, what identifies somebody in a text, and what may be claimed afterwards. Files do not.
"""
