"""Pairs of Dockerfiles, as people write them and as they should be: what suggest predicts, and what is really lost."""
