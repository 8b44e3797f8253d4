"""The command line: one verb a file. Reads arguments, calls the rooms below, prints."""
