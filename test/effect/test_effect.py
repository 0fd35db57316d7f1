"""What the ladder of identities promises, by the traces that the table in README.md is made of."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import effect  # noqa: E402
from schedules import SERVERS, SPAM, WEBMAIL  # noqa: E402


@pytest.fixture(scope="module")
def effects():
    return effect.measure(os.environ["GREYGATE"])


def first_retry_after_the_delay(sender):
    return next(after for after in sender.retries if after >= effect.DELAY)


@pytest.mark.parametrize("sender", WEBMAIL + SERVERS, ids=lambda sender: sender.name)
def test_with_the_ladder_every_sender_is_delivered_at_its_first_retry_after_the_delay(effects, sender):
    good, _ = effects["ladder"]
    # A correspondent's next message may come while the first still waits, and pass with less of a delay of its own.
    assert max(good.of(sender).delays) == first_retry_after_the_delay(sender)
    assert good.of(sender).lost == 0


@pytest.mark.parametrize("sender", WEBMAIL + SERVERS, ids=lambda sender: sender.name)
def test_the_ladder_delays_nobody_more_often_than_networks_do(effects, sender):
    assert effects["ladder"][0].of(sender).delayed <= effects["/24"][0].of(sender).delayed
    assert effects["ladder"][0].of(sender).p95 <= effects["/24"][0].of(sender).p95


def test_pools_suffer_without_the_ladder(effects):
    gmail = WEBMAIL[0]
    assert effects["/24"][0].of(gmail).p95 > 3 * effects["ladder"][0].of(gmail).p95


@pytest.mark.parametrize("sender", SPAM, ids=lambda sender: sender.name)
def test_the_ladder_lets_no_more_spam_in_than_networks_do(effects, sender):
    assert effects["ladder"][1].of(sender).lost >= effects["/24"][1].of(sender).lost
    assert effects["ladder"][1].of(sender).lost == 1
