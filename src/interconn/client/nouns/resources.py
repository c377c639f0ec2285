"""What jobs are made of: data sets and components, this node's and partners'."""

from __future__ import annotations

from collections.abc import Sequence

from interconn.api import audits as audit_rows
from interconn.api import components as component_rows
from interconn.api import datasets as dataset_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.control import PLATFORM_COMPONENT_REGISTER, ComponentRegister
from interconn.standard.management import AuthScope, ComponentDetail, ComponentPage, DatasetDetail, DatasetPage
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import Empty


class Datasets(Noun[Client]):
    """Data sets of this node and of partners (MGT-4)."""

    @Verb
    def add(
        self,
        path: str,
        name: str,
        key_columns: Sequence[str],
        *,
        label_columns: Sequence[str] = (),
        dataset_id: str | None = None,
        description: str | None = None,
        category: str | None = None,
        purpose: str = "",
    ) -> Question[dataset_rows.DatasetView]:
        """Take a CSV file that the node can read into its storage."""
        request = dataset_rows.DatasetAdd(
            path=path,
            name=name,
            key_columns=list(key_columns),
            label_columns=list(label_columns),
            dataset_id=dataset_id,
            description=description,
            category=category,
            purpose=purpose,
        )
        return Question(dataset_rows.DATASET_ADD, request)

    @Verb
    def check(
        self, path: str, *, key_columns: Sequence[str] = (), label_columns: Sequence[str] = ()
    ) -> Question[dataset_rows.FileVerdict]:
        """Look a CSV file over that the node can read, before it is taken in; nothing is kept."""
        request = dataset_rows.DatasetCheck(path=path, key_columns=list(key_columns), label_columns=list(label_columns))
        return Question(dataset_rows.DATASET_CHECK, request)

    @Verb
    def publish(
        self, dataset_id: str, *, to: Sequence[str] = (), to_all: bool = False
    ) -> Question[dataset_rows.DatasetView]:
        """Show a data set to all contract partners or to some; its rows never leave the node by this.

        What is shown to some is shown to all only with `to_all`.
        """
        request = dataset_rows.DatasetPublish(dataset_id=dataset_id, to=[*to] or None, to_all=to_all)
        return Question(dataset_rows.DATASET_PUBLISH, request)

    @Verb
    def hide(self, dataset_id: str) -> Question[dataset_rows.DatasetView]:
        """Hide a data set from contract partners again."""
        request = dataset_rows.DatasetPublish(dataset_id=dataset_id, published=False)
        return Question(dataset_rows.DATASET_PUBLISH, request)

    @Verb
    def describe(
        self,
        dataset_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        category: str | None = None,
        purpose: str | None = None,
        label_columns: Sequence[str] | None = None,
        columns: Sequence[dataset_rows.ColumnDescription] = (),
    ) -> Question[dataset_rows.DatasetView]:
        """Set or correct what is told of a data set; what is left out stays, an empty text is taken away."""
        request = dataset_rows.DatasetDescribe(
            dataset_id=dataset_id,
            name=name,
            description=description,
            category=category,
            purpose=purpose,
            label_columns=None if label_columns is None else [*label_columns],
            columns=[*columns],
        )
        return Question(dataset_rows.DATASET_DESCRIBE, request)

    @Verb
    def remove(self, dataset_id: str, *, force: bool = False) -> Question[dataset_rows.DatasetView]:
        """Remove a data set with its rows; `force` revokes the grants of it."""
        request = dataset_rows.DatasetRemove(dataset_id=dataset_id, force=force)
        return Question(dataset_rows.DATASET_REMOVE, request)

    @Verb
    def inspect(self, dataset_id: str) -> Question[dataset_rows.DatasetView]:
        """Show one of the node's own data sets whole."""
        return Question(dataset_rows.DATASET_INSPECT, dataset_rows.DatasetReference(dataset_id=dataset_id))

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, name: str | None = None, category: str | None = None
    ) -> Question[dataset_rows.DatasetViews]:
        """List a page of the node's own data sets; a size of -1 asks for all, `name` for those that contain it."""
        request = dataset_rows.DatasetSearch(page_num=page, page_size=size, name=name, category=category)
        return Question(dataset_rows.DATASET_LIST, request)

    @Verb
    def discover(self, node_id: str, *, page: int = 1, size: int = -1) -> Question[DatasetPage]:
        """List a page of a partner's published data sets; a size of -1 asks for all (MGT-4.1)."""
        request = dataset_rows.DatasetDiscover(node_id=node_id, page_num=page, page_size=size)
        return Question(dataset_rows.DATASET_DISCOVER, request)

    @Verb
    def show(self, node_id: str, dataset_id: str) -> Question[DatasetDetail]:
        """Show one data set of a partner (MGT-4.2)."""
        request = dataset_rows.DatasetShow(node_id=node_id, dataset_id=dataset_id)
        return Question(dataset_rows.DATASET_SHOW, request)

    @Verb
    def request(
        self,
        node_id: str,
        dataset_id: str,
        *,
        scope: AuthScope | None = None,
        time_limit: int | None = None,
        times_limit: int | None = None,
    ) -> Question[audit_rows.AuditView]:
        """Apply for a grant of a partner's data set (MGT-4.3); limits are epoch milliseconds and jobs."""
        request = audit_rows.DatasetRequest(
            node_id=node_id, dataset_id=dataset_id, auth_scope=scope, time_limit=time_limit, times_limit=times_limit
        )
        return Question(audit_rows.DATASET_REQUEST, request)


class Components(Noun[Client]):
    """Components of this node and of partners (MGT-6)."""

    @Verb
    def list(self) -> Question[component_rows.ComponentViews]:
        """List the components that this node can run."""
        return Question(component_rows.COMPONENT_LIST, Empty())

    @Verb
    def disable(
        self, name: str, *, provider: str | None = None, version: str | None = None, reason: str = ""
    ) -> Question[component_rows.ComponentView]:
        """Launch one of the node's components no more, until it is enabled again (MGT-6.2); what runs goes on."""
        request = component_rows.ComponentSwitch(name=name, provider=provider, version=version, reason=reason)
        return Question(component_rows.COMPONENT_DISABLE, request)

    @Verb
    def enable(
        self, name: str, *, provider: str | None = None, version: str | None = None, reason: str = ""
    ) -> Question[component_rows.ComponentView]:
        """Launch one of the node's components again."""
        request = component_rows.ComponentSwitch(name=name, provider=provider, version=version, reason=reason)
        return Question(component_rows.COMPONENT_ENABLE, request)

    @Verb
    def register(self, description: SelfDescription, image_url: str) -> Question[Empty]:
        """Register a component that comes as an image (CTL-5.8); a repeat with the same content changes nothing."""
        request = ComponentRegister(image_url=image_url, component_info=description)
        return Question(PLATFORM_COMPONENT_REGISTER, request)

    @Verb
    def lint(self, description: SelfDescription) -> Question[component_rows.ComponentFindings]:
        """Look at a self-description as a registration would; nothing is kept."""
        return Question(component_rows.COMPONENT_LINT, component_rows.ComponentLint(component_info=description))

    @Verb
    def withdraw(self, name: str, provider: str, version: str, *, reason: str = "") -> Question[Empty]:
        """Have the node know a registered component no more."""
        request = component_rows.ComponentWithdraw(name=name, provider=provider, version=version, reason=reason)
        return Question(component_rows.COMPONENT_WITHDRAW, request)

    @Verb
    def discover(
        self,
        node_id: str,
        *,
        page: int = 1,
        size: int = -1,
        category: str | None = None,
        developer: str | None = None,
    ) -> Question[ComponentPage]:
        """List a page of a partner's components; a size of -1 asks for all (MGT-6.1)."""
        request = component_rows.ComponentDiscover(
            node_id=node_id, page_num=page, page_size=size, category=category, developer=developer
        )
        return Question(component_rows.COMPONENT_DISCOVER, request)

    @Verb
    def show(self, node_id: str, code: str, version: str) -> Question[ComponentDetail]:
        """Show one component of a partner (MGT-6.2)."""
        request = component_rows.ComponentShow(node_id=node_id, code=code, version=version)
        return Question(component_rows.COMPONENT_SHOW, request)
