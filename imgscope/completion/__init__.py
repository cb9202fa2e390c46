"""Completion of command lines: what fits, images' names from the engine, and the shells' scripts that ask for it."""
