"""Levels of a molecule on a surface, with every choice that is not made by the user."""
