"""The node's own keys and name card, and telling partners of a change (MGT-3.4)."""

from __future__ import annotations

from interconn.api import keys as rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.management import AuthType
from interconn.standard.wire import Empty


class Keys(Noun[Client]):
    """The node's own signing keys."""

    @Verb
    def list(self) -> Question[rows.KeyViews]:
        """List the keys, who knows them, and which partners do not know the latest change yet."""
        return Question(rows.KEY_LIST, Empty())

    @Verb
    def rotate(
        self, *, auth_type: AuthType | None = None, certificate: str | None = None, private_key: str | None = None
    ) -> Question[rows.KeyViews]:
        """Make a new key and tell every partner; for CERT, take the files named, of the node's machine."""
        request = rows.KeyRotate(auth_type=auth_type, certificate=certificate, private_key=private_key)
        return Question(rows.KEY_ROTATE, request)

    @Verb
    def resume(self) -> Question[rows.KeyViews]:
        """Tell those partners of the new key again that refused to be told."""
        return Question(rows.KEY_ROTATE, rows.KeyRotate(resume=True))

    @Verb
    def certify(self, certificate: str | None = None) -> Question[rows.KeyViews]:
        """Put a renewed certificate of the same key in the place of the old one; a file of the node's machine."""
        return Question(rows.KEY_CERTIFY, rows.KeyCertify(certificate=certificate))

    @Verb
    def request(self) -> Question[rows.SigningRequest]:
        """Make a certificate signing request for the key that the node signs with."""
        return Question(rows.KEY_REQUEST, Empty())
