"""Set intersection by ECDH between two parties (ALG-PSI-5.1, ALG-2.3).

Both parties map each key to a curve point and multiply it by a secret of their own; each multiplies what the other
sends by its secret once more. Keys that both have end in the same doubly multiplied point, whoever went first, and
nobody can tell a point of a key that is not shared from a random one (decisional Diffie-Hellman, the hash taken as
a random oracle).

What a run tells whom, beside that it took place:

* Each party learns how many rows the other has, and the times and sizes of messages that follow from it.
* A party that may see the result learns which of its own rows the other has too, and so their number. It learns
  nothing of the other's rows that it does not have itself, nor where in the other's table the shared rows stand:
  rows are sent in a random order, drawn anew each run.
* A party that may not see the result (`result_to`) gets no doubly multiplied point of its own rows, and so learns
  neither the shared rows nor their number.
* The nodes in between, and whoever watches them, see points only: no key can be tried against them without a
  secret of a party.

What it does not do: it does not check that a party's rows are genuine. Whoever puts in guessed keys learns which of
them the other has, as with every intersection. It holds against parties that look and, for what a party sends,
against some that lie: points of small order, wrong counts, repeated or endless items end the run.
"""
