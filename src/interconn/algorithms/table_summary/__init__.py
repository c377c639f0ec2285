"""Describes a party's own table after both parties have seen that their tables line up, row by row.

What a run tells the other party: the number 1 or 0, so to say. Both send a digest of their keys in order, keyed with
fresh nonces of both; equal tables are seen to be equal, and unequal ones to differ. Each side's digest also names the
side, so that neither can send back what it got. Whoever holds or can guess the whole list of keys in its order can
check the guess, and nobody else learns anything; that is why small tables are refused before a digest is made.
"""
