"""What a run of rounds comes to: a table, and the story of each session whose books don't balance."""

from collections import defaultdict


class Tally:
    """Sessions, clients' 250s, messages in the ledger and unknown ones, by fault and by weather."""

    def __init__(self):
        self.faults, self.weathers = defaultdict(lambda: [0] * 4), defaultdict(lambda: [0] * 4)
        self.sessions = 0

    def add(self, books):
        by_session = {outcome.plan.number: [1, outcome.accepted, 0, 0] for outcome in books.outcomes}
        for case in books.messages():
            counts = by_session[case.told.message.session]
            counts[2] += len(case.taken)
            counts[3] += case.logged.count("unknown")
        for outcome in books.outcomes:
            counts = by_session[outcome.plan.number]
            _add(self.faults[_fault(books, outcome)], counts)
            _add(self.weathers[books.around.weather], counts)
        self.sessions += len(books.outcomes)

    def table(self):
        rows = [("fault of the session's own", "sessions", "250s", "in ledger", "unknown")]
        rows += [(name, *counts) for name, counts in sorted(self.faults.items())]
        rows += [("weather, with all its sessions", *rows[0][1:])]
        rows += [(name, *counts) for name, counts in sorted(self.weathers.items())]
        rows += [("together", *map(sum, zip(*self.weathers.values())))]
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{row[0]:{width}}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows)


def _fault(books, outcome):
    """What went wrong in that session, in words."""
    plan = outcome.plan
    if plan.fault and (outcome.left or plan.number in books.ledger.fired):
        return str(plan.fault)
    return "client says it octet by octet" if plan.bytewise else "none"


def _add(sums, counts):
    for at, count in enumerate(counts):
        sums[at] += count


def story(books, number):
    """Of one session: its plan, its transcript, the ledger's and the log's part."""
    outcome = next(each for each in books.outcomes if each.plan.number == number)
    lines = [str(outcome.plan), *outcome.transcript]
    lines += [f"ledger: {entry}" for entry in books.ledger.entries if entry.marker and entry.marker[0] == number]
    lines += [f"log: {event}" for event in books.events if event.get("client") == outcome.plan.address]
    return "\n".join("  " + line for line in lines)
