"""Data sets as bytes and tables: addresses, stores, streamed reading and writing, intake of a user's CSV file.

Values of a table are personal data: no error, log line or finding made here ever holds one. Nothing is imported
here, so that a node, which handles addresses and names only, does not carry the libraries that read tables.
"""
