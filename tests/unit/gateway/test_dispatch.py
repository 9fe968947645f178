from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from clary.core.acting import acting_account
from clary.core.call import ANONYMOUS, Call
from clary.core.operations import collect, operation
from clary.gateway.dispatch import Dispatcher


class Things:
    """Tells for whom it is asked."""

    api = "s3"

    @operation("ListBuckets")
    def account(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        if request:
            raise LookupError
        return {"account": acting_account()}


def call_of(account: str) -> Call:
    return Call("s3", "ListBuckets", account, "us-east-1", ANONYMOUS, "id", datetime.now(UTC))


async def test_a_handler_s_thread_knows_the_account_that_it_works_for() -> None:
    dispatcher = Dispatcher(collect([Things()]), threads=1)
    for account in ("111111111111", "222222222222"):
        assert await dispatcher.call(call_of(account), {}) == {"account": account}
    with pytest.raises(LookupError):
        await dispatcher.call(call_of("333333333333"), {"fails": True})
    assert dispatcher._threads.submit(acting_account).result(60) == ""
    assert acting_account() == ""
    dispatcher.close()


class Waiting:
    """Tells for whom it is asked, on the event loop and beside it."""

    api = "s3"

    @operation("ListBuckets")
    async def account(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"accounts": [acting_account(), await asyncio.to_thread(acting_account)]}


async def test_a_handler_on_the_event_loop_knows_its_account_and_so_do_the_threads_it_asks() -> None:
    dispatcher = Dispatcher(collect([Waiting()]), threads=1)
    accounts = ("111111111111", "222222222222")
    answers = await asyncio.gather(*[dispatcher.call(call_of(account), {}) for account in accounts])
    assert answers == [{"accounts": [account, account]} for account in accounts]
    assert acting_account() == ""
    dispatcher.close()
