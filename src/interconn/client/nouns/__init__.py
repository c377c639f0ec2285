"""What one can ask of a node, grouped by noun; the verbs of both clients."""

from __future__ import annotations

from typing import Generic

from interconn.client.nouns.audits import Audits
from interconn.client.nouns.declared import Policies, Results
from interconn.client.nouns.keys import Keys
from interconn.client.nouns.models import Models
from interconn.client.nouns.node import Node, Sessions
from interconn.client.nouns.peers import Peers
from interconn.client.nouns.people import Tokens, Users
from interconn.client.nouns.permits import Grants, Permits, Preauthorisations
from interconn.client.nouns.resources import Components, Datasets
from interconn.client.nouns.state import State
from interconn.client.nouns.trail import Trail
from interconn.client.nouns.work import Flows, Jobs, Platform, Projects
from interconn.client.verb import Client


class Nouns(Generic[Client]):
    """All nouns of one client."""

    def __init__(self, client: Client) -> None:
        self.node = Node(client)
        self.keys = Keys(client)
        self.sessions = Sessions(client)
        self.peers = Peers(client)
        self.datasets = Datasets(client)
        self.audits = Audits(client)
        self.permits = Permits(client)
        self.grants = Grants(client)
        self.preauthorisations = Preauthorisations(client)
        self.policies = Policies(client)
        self.trail = Trail(client)
        self.results = Results(client)
        self.projects = Projects(client)
        self.components = Components(client)
        self.models = Models(client)
        self.flows = Flows(client)
        self.jobs = Jobs(client)
        self.platform = Platform(client)
        self.users = Users(client)
        self.tokens = Tokens(client)
        self.state = State(client)
