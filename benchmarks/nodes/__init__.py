"""Several server nodes on one database, of which something fails, as real processes: see `__main__`."""
