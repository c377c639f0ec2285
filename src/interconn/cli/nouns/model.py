"""`interconn model …`: this node's models, and the use of partners' (MGT-9)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from interconn.cli.options import Applicant, Common, Flag, Limited, OtherSide, Reason, Several, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.models import ModelView

app = App(name="model", help="Models: own ones, and the use of partners'.", help_epilogue=example("model list"))


@app.command(help_epilogue=example("model add ./score.bin --name score --to operator"))
def add(
    file: Path,
    *,
    name: str,
    model_id: Annotated[str | None, Parameter(name="--id")] = None,
    algorithm: str = "",
    to: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    common: Common = Common(),
) -> None:
    """Register a ready-made model from a file; the node keeps a copy. What tasks yield is registered by itself.

    Parameters
    ----------
    file
        The file, on the node's machine.
    name
        Name of the model.
    model_id
        Id of the model, instead of a fresh one.
    algorithm
        What made it.
    to
        A partner that may apply for its use.
    """
    with common.node() as node:
        added = node.models.add(str(file.absolute()), name, model_id=model_id, algorithm=algorithm, to=to)
    _show(added, common)


@app.command(help_epilogue=example("model share model-7a1e --to operator"))
def share(
    model_id: str,
    *,
    to: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    common: Common = Common(),
) -> None:
    """Say which partners may apply for a model's use, beside those that hold it jointly.

    Parameters
    ----------
    model_id
        Id of the model.
    to
        A partner; those named, and no others.
    """
    with common.node() as node:
        changed = node.models.share(model_id, to)
    _show(changed, common)


@app.command(name="list", help_epilogue=example("model list"))
def list_(
    *, name: str | None = None, job: str | None = None, pages: Pages = Pages(), common: Common = Common()
) -> None:
    """List this node's models.

    Parameters
    ----------
    name
        Only those whose name contains this.
    job
        Only those of this job.
    """
    from interconn.cli.output import short

    with common.node() as node:
        found = pages.read(lambda page, size: node.models.list(page=page, size=size, name=name, job_id=job), "models")
    pages.show(
        found,
        [say("model"), say("name"), say("algorithm"), say("parties"), say("shared with"), say("digest")],
        [[m.model_id, m.name, m.algorithm, m.parties, m.shared_with, short(m.digest)] for m in found.models],
        empty=say("no models yet; jobs yield them, and 'interconn model add' registers ready-made ones"),
        json=common.json,
    )


@app.command(help_epilogue=example("model show model-7a1e"))
def show(model_id: str, *, common: Common = Common()) -> None:
    """Show a model of this node.

    Parameters
    ----------
    model_id
        Id of the model.
    """
    with common.node() as node:
        found = node.models.show(model_id)
    _show(found, common)


@app.command(help_epilogue=example("model remove model-7a1e"))
def remove(model_id: str, *, force: Annotated[bool, Flag] = False, common: Common = Common()) -> None:
    """Remove a model with its bytes; its id is not used again.

    Parameters
    ----------
    model_id
        Id of the model.
    force
        Also where its use is approved, which is revoked, or a job reads it, which fails.
    """
    with common.node() as node:
        removed = node.models.remove(model_id, force=force)
    _show(removed, common)


@app.command(help_epilogue=example("model request operator model-7a1e --project credit"))
def request(
    partner: str,
    model_id: str,
    *,
    project: str,
    digest: str | None = None,
    task: str | None = None,
    common: Common = Common(),
) -> None:
    """Apply for the use of a partner's share of a model in a project (MGT-9.1).

    Parameters
    ----------
    partner
        Id of the partner's node.
    model_id
        Id of the model, the same at all who hold it jointly.
    project
        The project in which it will be used.
    digest
        Digest of the partner's share, as its people tell it; held against the partner's own.
    task
        The task that produced it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.models.request(partner, model_id, project, digest=digest, task_id=task)
    show_audit(audit, common)


@app.command(help_epilogue=example("model approve model-7a1e --partner bank --times-limit 3"))
def approve(
    model_id: str, *, applicant: Applicant = None, limits: Limited = Limited(), common: Common = Common()
) -> None:
    """Approve the use of a model in the project that a partner applied for (MGT-9.2).

    Parameters
    ----------
    model_id
        Id of the model, or of the approval.
    """
    from interconn.cli.decision import approve_subject

    approve_subject("MODEL", model_id, applicant=applicant, common=common, limits=limits)


@app.command(help_epilogue=example("model reject model-7a1e --reason 'purpose not clear'"))
def reject(model_id: str, *, applicant: Applicant = None, reason: Reason = "", common: Common = Common()) -> None:
    """Reject what a partner applied for (MGT-9.2).

    Parameters
    ----------
    model_id
        Id of the model, or of the approval.
    """
    from interconn.cli.decision import reject_subject

    reject_subject("MODEL", model_id, applicant=applicant, reason=reason, common=common)


@app.command(help_epilogue=example("model revoke model-7a1e --partner bank"))
def revoke(model_id: str, *, partner: OtherSide = None, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke the use of a model, given by this node or to it (MGT-9.3).

    Parameters
    ----------
    model_id
        Id of the model, or of the approval.
    partner
        Node with which the approval was agreed; without it those with all partners are revoked.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("MODEL", model_id, partner=partner, reason=reason, common=common)


def _show(model: ModelView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(model)
        return
    print_card(
        say("model {model_id}", model_id=model.model_id),
        [
            (say("name"), model.name),
            (say("algorithm"), model.algorithm),
            (say("task"), model.task_id),
            (say("job"), model.job_id),
            (say("project"), model.project_id),
            (say("parties"), model.parties),
            (say("shared with"), model.shared_with),
            (say("digest"), model.digest),
            (say("bytes"), model.size),
            (say("taken from"), model.source),
            (say("lies in"), model.location),
            (say("created"), instant(model.created_at)),
        ],
    )
