"""Images where they live: a registry as a source, by the OCI distribution spec, without an engine and without a pull.

``names`` reads what an image is called, ``places`` knows mirrors and short names, ``hosts`` how a host is reached;
``transport`` speaks HTTP with it, ``tokens`` and ``logins`` have what it asks for at the door. ``client`` asks the
questions of one repository, ``tags`` lists it, ``store`` presents an image as ``archive`` wants it, ``blobs`` streams a
layer and checks it as it passes, ``table`` fetches its table of contents, ``source`` is the source.

Whatever a registry answers is taken for hostile: sizes are bounded before anything is read, digests decide what counts,
and nothing that was not checked against one is kept.
"""
