"""State graphs: the command, and the forms they are written in."""
