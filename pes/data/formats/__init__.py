"""Readers and writers of point sets: one file for each format."""
