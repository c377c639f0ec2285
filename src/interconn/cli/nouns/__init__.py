"""The nouns of the command line, one module each, and what two of them are too long to hold themselves."""
