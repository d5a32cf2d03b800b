"""Hostile input for the program, and what must come of it."""
