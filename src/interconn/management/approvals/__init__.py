"""The one approval engine, for all that partners ask of each other (MGT-4, 5, 7, 8, 9)."""
