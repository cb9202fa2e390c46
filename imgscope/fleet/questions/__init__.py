"""Questions to a fleet's store: one file a question, each a function of a connection that returns dataclasses.

``connection`` is always that of ``Store.connection()``: views named as the tables of ``store.schema``. All figures are
of the tags as they were last observed. What is stored is counted for each host by itself: a registry, an engine and
the archives share no bytes with one another.
"""
