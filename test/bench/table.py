"""Figures as Markdown."""


def figure(value):
    """Three digits that count."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def ratio(value, reference):
    """How many times the reference it is, in brackets; nothing where there is none to divide by."""
    if not reference or not value:
        return ""
    times = value / reference
    return f" ({times:.0f}×)" if times >= 10 else f" ({times:.2f}×)"


def listed(versions):
    """Each once, and none that another says as well."""
    return "; ".join(dict.fromkeys(one for one in versions
                                   if not any(other != one and other.startswith(one) for other in versions)))


def markdown(header, rows):
    """The first column is words, the others are figures."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
