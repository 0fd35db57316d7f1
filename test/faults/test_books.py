"""Books that don't balance are found out: each rule meets an account that breaks it, and only it."""

import hashlib

import pytest

from books import Books, balance
from content import content
from conversation import Outcome, Told
from ledger import Entry, Ledger
from plan import Fault, Message, Recipient, Round, Session

PASSES, WAITS, FOREIGN = (Recipient(f"r0.s5@{domain}", fate) for domain, fate in
                          (("pass.example.org", "passes"), ("example.org", "waits"), ("example.net", "foreign")))
EOD = Fault("backend", "closes", "EOD")
CODES = {"passes": 250, "waits": 450, "foreign": 550}


class Account:
    """One session with one message, of which all went well; tests then spoil it."""

    def __init__(self, recipients=(PASSES,), fault=None, weather="calm", null_sender="rcpt", **fields):
        usual = {"session": 5, "number": 0, "sender": "m-5-0@example.com", "size": 100, "dots": False, "bare": False,
                 "chunks": (), "abandoned": ""}
        self.message = Message(recipients=recipients, **{**usual, **fields})
        self.told = Told(self.message, 250, [CODES[each.fate] for each in recipients], 250, ended=True)
        self.outcome = Outcome(Session(5, False, False, False, (self.message,), fault), [self.told], began=10, over=11)
        self.ledger = Ledger()
        self.entry = self.take()
        self.ledger.told_of[5, 0] = list(self.entry.recipients)
        self.ledger.fired |= {5} if fault and fault.who == "backend" else set()
        self.events = []
        self.log("relayed")
        around = Round(1, 0, weather, "proxy-v1", False, False, 1, null_sender)
        self.books = Books(around, [self.outcome], self.ledger, self.events)

    def take(self, answer="250"):
        self.ledger.entries.append(Entry((5, 0), (5, 0), [each.address for each in self.message.recipients
                                                          if each.fate == "passes"],
                                         hashlib.sha256(content(self.message)).hexdigest(), answer))
        return self.ledger.entries[-1]

    def log(self, outcome):
        self.events.append({"event": "message", "sender": self.message.sender, "recipients": self.entry.recipients,
                            "outcome": outcome})

    def cut(self, logged=("unknown",), final=451):
        """The backend took it and left without a word."""
        self.entry.answer, self.told.final = "", final
        self.events.clear()
        for each in logged:
            self.log(each)
        return self

    def wrong(self):
        return [sentence for _, sentence in balance(self.books)]


def only(account, part):
    wrong = account.wrong()
    assert len(wrong) == 1 and part in wrong[0], wrong


# What balances

@pytest.mark.parametrize("recipients", [(PASSES,), (PASSES, WAITS), (FOREIGN, PASSES, WAITS)])
def test_a_message_that_went_well(recipients):
    assert not Account(recipients).wrong()


def test_one_that_the_backend_took_without_a_word():
    assert not Account(fault=EOD).cut().wrong()


def test_one_that_the_backend_never_heard_the_end_of():
    account = Account(fault=EOD).cut()
    account.ledger.entries.clear()
    assert not account.wrong()


def test_one_whose_client_left_after_the_end():
    account = Account(fault=Fault("client", "vanishes", "end"))
    account.told.final, account.outcome.left = None, True
    assert not account.wrong()


def test_one_that_greygate_didnt_survive():
    account = Account().cut(logged=(), final=None)
    account.outcome.trouble = "Closed('reset')"
    account.books.kills.append((10.5, 12))
    assert not account.wrong()


def test_one_that_the_backend_refused():
    account = Account(fault=Fault("backend", "refuses", "EOD")).cut(logged=("refused",), final=550)
    account.entry.answer = "550"
    assert not account.wrong()


# What doesn't

def test_a_lost_message():
    account = Account()
    account.ledger.entries.clear()
    assert any("lost" in each for each in account.wrong())


def test_a_doubled_message():
    account = Account()
    account.take()
    only(account, "doubled")


def test_a_doubled_message_though_the_first_was_cut_off():
    account = Account(fault=EOD)
    account.take(answer="")
    only(account, "doubled")


def test_a_250_before_the_backends():
    account = Account(fault=EOD)
    account.entry.answer = ""
    only(account, "before greygate was")


@pytest.mark.parametrize("logged", [(), ("refused",)])
def test_an_unlogged_unknown(logged):
    only(Account(fault=EOD).cut(logged), "not unknown")


def test_an_unlogged_unknown_long_before_a_kill():
    account = Account(fault=EOD).cut(logged=())
    account.books.kills.append((20, 21))
    only(account, "not unknown")


@pytest.mark.parametrize("fault", [None, Fault("backend", "dawdles", "EOD"), Fault("client", "resets", "end")])
def test_an_unknown_without_a_cut(fault):
    account = Account(fault=fault).cut(logged=("unknown",), final=451)
    assert any("nothing was cut" in each for each in account.wrong())


def test_a_fault_that_didnt_come_to_pass_is_no_cut():
    account = Account(fault=EOD).cut()
    account.ledger.fired.clear()
    assert any("nothing was cut" in each for each in account.wrong())


def test_a_451_for_a_relayed_message():
    only(Account(fault=EOD).cut(logged=("relayed",)), "told 451")


def test_silence_about_a_relayed_message():
    account = Account(fault=EOD)
    account.told.final = None
    only(account, "told nothing")


def test_a_message_logged_twice():
    account = Account()
    account.log("relayed")
    assert any("logged 2 times" in each for each in account.wrong())


def test_a_message_that_is_logged_as_relayed_and_wasnt():
    account = Account(fault=Fault("backend", "refuses", "EOD"))
    account.told.final, account.entry.answer = 451, "450"
    only(account, "the backend has nothing")


def test_a_changed_octet():
    account = Account()
    account.entry.digest = hashlib.sha256(content(account.message) + b"\r\n").hexdigest()
    only(account, "changed")


def test_another_messages_content():
    account = Account()
    account.entry.content_marker = (4, 0)
    only(account, "content of (4, 0)")


def test_a_message_that_the_client_never_ended():
    account = Account(fault=Fault("client", "vanishes", "BODY"))
    account.told.ended, account.told.final, account.outcome.left = False, None, True
    only(account, "had not ended it")


def test_content_with_a_bare_line_end():
    account = Account(bare=True)
    assert any("isn't CR LF" in each for each in account.wrong())


def test_a_recipient_too_few():
    account = Account(recipients=(PASSES, Recipient("r1.s5@pass.example.org", "passes")))
    account.entry.recipients = account.entry.recipients[:1]
    only(account, "went to")


def test_content_for_a_recipient_that_was_put_off():
    account = Account(recipients=(PASSES, WAITS))
    account.entry.recipients = [PASSES.address, WAITS.address]
    assert any("which was put off" in each for each in account.wrong())


@pytest.mark.parametrize("recipient, part", [(WAITS, "put off"), (FOREIGN, "isn't ours")])
def test_a_question_about_a_recipient_that_was_not_let_in(recipient, part):
    account = Account(recipients=(PASSES, recipient))
    account.ledger.told_of[5, 0].append(recipient.address)
    only(account, part)


def test_a_question_that_the_client_didnt_stay_for():
    account = Account(recipients=(PASSES, WAITS), fault=Fault("client", "vanishes", "RCPT"))
    account.told.rcpts, account.told.final, account.told.ended, account.outcome.left = [250], None, False, True
    account.ledger.entries.clear()
    account.events.clear()
    account.ledger.told_of[5, 0].append(WAITS.address)
    only(account, "put off")


def test_content_announced_for_a_bounce_that_was_put_off():
    account = Account(recipients=(PASSES, WAITS), null_sender="data", sender="")
    account.told.rcpts, account.told.final = [250, 250], 450
    account.ledger.entries.clear()
    account.events.clear()
    assert not account.wrong()
    account.ledger.content_for.add((5, 0))
    only(account, "told of content")


def test_a_bounce_because_of_a_sick_backend():
    account = Account(fault=EOD).cut(logged=("unknown",), final=554)
    only(account, "for good")


def test_a_recipient_refused_because_of_a_sick_backend():
    account = Account(recipients=(PASSES, WAITS), fault=EOD)
    account.told.rcpts[1] = 554
    assert any("was told 554" in each for each in account.wrong())


def test_a_451_where_nothing_went_wrong():
    account = Account().cut(logged=("refused",))
    account.entry.answer = "450"
    only(account, "was told 451")


def test_a_451_where_something_went_wrong():
    account = Account().cut(logged=("refused",))
    account.entry.answer = "450"
    account.books.disturbances.append((10.5, 12))
    assert not account.wrong()


def test_a_conversation_that_greygate_broke_off():
    account = Account(fault=EOD)
    account.outcome.trouble = "Closed('closed')"
    only(account, "broke off")


def test_a_message_of_nobodys():
    account = Account()
    account.ledger.entries.append(Entry((6, 0), None, [], ""))
    only(account, "nobody sent")


@pytest.mark.parametrize("word", ["relayed", "refused", "unknown"])
def test_a_counter_that_is_off(word):
    account = Account()
    account.books.counters = {"relayed": 1, "refused": 0, "unknown": 0}
    assert not account.wrong()
    account.books.counters[word] += 1
    only(account, f"messages {word}")


def test_a_put_off_recipient_that_is_forgotten():
    account = Account(recipients=(PASSES, WAITS))
    account.books.remembered = {WAITS.address}
    assert not account.wrong()
    account.books.remembered = set()
    only(account, "forgotten")


def test_weather_that_nobody_noticed():
    account = Account()
    account.books.weather_felt = False
    only(account, "nobody noticed")
