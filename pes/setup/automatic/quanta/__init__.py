"""Levels of four atoms and more to an accuracy: the quanta of their modes grow."""
