"""Recorded events of a real cluster, judged against the model. This room is empty today: a later release furnishes it."""
