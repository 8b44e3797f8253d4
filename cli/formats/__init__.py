"""Reports in the forms that other tools read: one file a format, each a function of what was checked that returns the file's bytes.

Nothing but measurements (`time` in JUnit; seconds and bytes in JSON) differs between two runs of the same check.
"""
