"""Where batches run: in this process, in others of this machine, on a Dask cluster."""
