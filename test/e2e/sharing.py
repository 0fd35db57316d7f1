"""What several proxies with one greylist do together."""

import threading

RECIPIENT = "bob@example.org"


def spelled(number):
    """A name of its own: digits would be taken for a token that changes with each message."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def race(hosts, senders):
    """Has each of them make its first attempts at all hosts at once; each must be first at one of them alone."""
    def play(host):
        with host.session() as client:
            for sender in senders:
                client.cmd("RSET")
                client.mail(sender)
                assert client.rcpt(RECIPIENT).code == 450

    threads = [threading.Thread(target=play, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = {}
    for host in hosts:
        for event in host.events("recipient", len(senders)):
            seen.setdefault(event["sender"], []).append(event["verdict"])
    assert len(seen) == len(senders)
    one_first = ["first_seen"] + ["too_early"] * (len(hosts) - 1)
    assert all(sorted(words) == one_first for words in seen.values()), seen
