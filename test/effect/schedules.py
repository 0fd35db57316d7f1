"""Who tries when, in minutes after the first attempt, and from how many addresses."""

import dataclasses


def minutes(text):
    """"6:02, 29:02": minutes and seconds."""
    parts = (each.strip().split(":") for each in text.split(","))
    return tuple(int(whole) + int(seconds) / 60 for whole, seconds in parts)


def every(first, last, step):
    times, at = [], first
    while at <= last:
        times.append(at)
        at += step
    return tuple(times)


@dataclasses.dataclass(frozen=True)
class Sender:
    name: str
    retries: tuple
    addresses: int = 1
    domain: str = ""         # for which SPF passes; empty: it publishes none
    organisation: str = ""   # of its addresses' names; empty: they have none


def webmail(name, retries, addresses=1):
    return Sender(name, retries, addresses, domain=name, organisation=name)


# F. Pagani, M. De Astis, M. Graziano, A. Lanzi, D. Balzarotti: Measuring the Role of Greylisting and Nolisting in
# Fighting Spam, DSN 2016: delivery attempts of webmail providers, with the number of addresses they came from.
WEBMAIL = (
    webmail("gmail.com", minutes("6:02, 29:02, 56:36, 98:44, 162:03, 229:44, 309:05, 434:46"), 7),
    webmail("yahoo.co.uk", minutes("2:07, 5:39, 12:58, 27:16, 55:13, 109:35, 216:47, 430:36")),
    webmail("hotmail.com", minutes("1:01, 2:03, 3:04, 5:06, 8:07, 12:08") + every(16 + 10 / 60, 363, 4)),
    webmail("qq.com", minutes("5:05, 5:11, 5:17, 6:19, 8:22, 12:25, 20:29, 52:31, 84:35, 144:42, 204:56"), 2),
    webmail("mail.ru", minutes("1:18, 19:15, 49:14, 79:49, 113:20, 154:18, 187:53, 235:20, 271:03, 305:50, 340:38, 373:45"), 7),
    webmail("yandex.com", minutes("1:05, 2:58, 6:53, 14:55, 30:28, 45:41, 61:01") + every(76.5, 370, 15.5)),
    webmail("mail.com", minutes("5:02, 12:37, 23:59, 41:03, 66:38, 105:01, 162:35, 248:56, 378:28"), 2),
    webmail("gmx.com", minutes("5:01, 12:33, 23:50, 40:46, 66:09, 104:14, 161:22, 247:04, 375:36"), 3),
    webmail("aol.com", minutes("5:32, 11:32, 21:32, 31:32")),
    webmail("india.com", minutes("6:21, 16:21, 36:21, 76:21, 146:22, 216:21, 286:21, 356:21, 426:21")),
)


def postfix():
    """qmgr(8): the time in the queue again, at least minimal_backoff_time (300 s) and at most maximal_backoff_time (4000 s)."""
    times = [5.0]
    while times[-1] < 5 * 24 * 60:
        times.append(times[-1] + min(max(times[-1], 5), 4000 / 60))
    return tuple(times)


def exim():
    """Its default retry rule, F,2h,15m; G,16h,1h,1.5; F,4d,6h."""
    times, gap = list(every(15, 120, 15)), 60.0
    while times[-1] < 16 * 60:
        times.append(times[-1] + gap)
        gap *= 1.5
    return tuple(times) + every(times[-1] + 360, 4 * 24 * 60, 360)


SERVERS = (
    Sender("Postfix", postfix()),
    Sender("Exim", exim()),
    Sender("sendmail -q1h", every(60, 5 * 24 * 60, 60)),
    Sender("qmail", tuple(400 * n * n / 60 for n in range(1, 30))),  # quadratically, in 400 s
    Sender("Exchange", every(15, 2 * 24 * 60, 15)),  # MessageRetryInterval
)

# What the paper and everybody's logs say of spam engines: they fire once, or again at once. Some send for domains of
# their own, which SPF lets everybody send for whom they like; each attempt may come from another machine.
SPAM = (
    Sender("one shot", ()),
    Sender("one shot, SPF passes", (), domain="spam.example"),
    Sender("again within a minute", minutes("0:05, 0:20, 1:00")),
    Sender("again within four minutes, from a botnet, SPF passes", minutes("0:30, 2:00, 4:00"), 200, domain="spam.example"),
)
