"""A method of both clients, written once.

The body of a verb only makes the question; who holds the noun decides whether the answer is returned or awaited.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, TypeVar, overload

from pydantic import ValidationError

from interconn.client.exchange import Question
from interconn.standard.errors import InvalidRequest
from interconn.standard.wire import WireModel, describe

if TYPE_CHECKING:
    from interconn.client.blocking import NodeClient
    from interconn.client.waiting import AsyncNodeClient

ARGUMENTS: Final = "arguments"
"""Where an error lies that the caller's own arguments make: nothing was sent."""

Client = TypeVar("Client")
Parameters = ParamSpec("Parameters")
Reply = TypeVar("Reply", bound=WireModel)


class Noun(Generic[Client]):
    """A group of verbs of one client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def put(self, question: Question[Any]) -> Any:
        """Put a question to the client."""
        client: Any = self._client
        return client.ask(question)

    def follow(self, question: Question[Any]) -> Any:
        """Follow the stream of events that a question asks for."""
        client: Any = self._client
        return client.follow(question)


class Listening(Generic[Parameters, Reply]):
    """A method that follows the stream of events which its function asks for: iterated over, or that with `async`."""

    def __init__(self, write: Callable[Concatenate[Any, Parameters], Question[Reply]]) -> None:
        self._write = write
        self.__doc__ = write.__doc__

    @overload
    def __get__(self, noun: None, owner: type[Any]) -> Listening[Parameters, Reply]: ...

    @overload
    def __get__(self, noun: Noun[NodeClient], owner: type[Any]) -> Callable[Parameters, Iterator[Reply]]: ...

    @overload
    def __get__(self, noun: Noun[AsyncNodeClient], owner: type[Any]) -> Callable[Parameters, AsyncIterator[Reply]]: ...

    def __get__(self, noun: Noun[Any] | None, owner: type[Any]) -> Any:
        if noun is None:
            return self
        holder = noun

        def follow(*positional: Parameters.args, **named: Parameters.kwargs) -> Any:
            return holder.follow(_question(self._write, holder, *positional, **named))

        follow.__doc__ = self.__doc__
        follow.__name__ = self._write.__name__
        return follow


class Verb(Generic[Parameters, Reply]):
    """A method that asks the question its function makes."""

    def __init__(self, write: Callable[Concatenate[Any, Parameters], Question[Reply]]) -> None:
        self._write = write
        self.__doc__ = write.__doc__

    @overload
    def __get__(self, noun: None, owner: type[Any]) -> Verb[Parameters, Reply]: ...

    @overload
    def __get__(self, noun: Noun[NodeClient], owner: type[Any]) -> Callable[Parameters, Reply]: ...

    @overload
    def __get__(self, noun: Noun[AsyncNodeClient], owner: type[Any]) -> Callable[Parameters, Awaitable[Reply]]: ...

    def __get__(self, noun: Noun[Any] | None, owner: type[Any]) -> Any:
        if noun is None:
            return self
        holder = noun

        def put(*positional: Parameters.args, **named: Parameters.kwargs) -> Any:
            return holder.put(_question(self._write, holder, *positional, **named))

        put.__doc__ = self.__doc__
        put.__name__ = self._write.__name__
        return put


def _question(
    write: Callable[Concatenate[Any, Parameters], Question[Reply]],
    holder: Noun[Any],
    *positional: Parameters.args,
    **named: Parameters.kwargs,
) -> Question[Reply]:
    """Make the question of a verb.

    Raises:
        InvalidRequest: arguments fit no request; the members at fault are named, never what they held.
    """
    try:
        return write(holder, *positional, **named)
    except ValidationError as error:
        raise InvalidRequest(describe(error), where=ARGUMENTS) from None
