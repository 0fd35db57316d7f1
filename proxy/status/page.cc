#include "proxy/status/page.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "proxy/certificates.h"
#include "proxy/commands/text.h"
#include "proxy/config/duration.h"
#include "proxy/status/chart.h"
#include "proxy/status/html.h"
#include "proxy/status/page_html.h"
#include "proxy/status/reason.h"

namespace proxy {

namespace {

std::uint64_t sum(const std::vector<Tally>& tallies, Event event) {
  std::uint64_t sum = 0;
  for (const auto& tally : tallies) sum += tally[static_cast<std::size_t>(event)];
  return sum;
}

std::uint64_t most(const std::vector<Tally>& tallies, Event event) {
  std::uint64_t most = 0;
  for (const auto& tally : tallies) most = std::max(most, tally[static_cast<std::size_t>(event)]);
  return most;
}

std::string_view colour(std::optional<Event> event) { return event ? word(*event) : std::string_view("undecided"); }

// The tiles: each event over the last hour and the last two days.

void add_figure(Html& html, const std::vector<Tally>& tallies, Event event, std::string_view span,
                std::string_view step) {
  const auto peak = fmt::format("at most {} {}", count_text(most(tallies, event)), step);
  html.markup("<figure>")
      .add(bar_chart(tallies, event, fmt::format("{} since {}: {}", word(event), span, peak)))
      .markup("<figcaption><span>")
      .text(span)
      .markup("</span><span>")
      .text(peak)
      .markup("</span><span>now</span></figcaption></figure>");
}

void add_tile(Html& html, Event event, std::string_view title, const Recent::Report& recent) {
  html.markup("<div class=\"tile ").text(word(event)).markup("\"><h3>").text(title).markup("</h3><p class=\"number\">");
  html.text(count_text(sum(recent.minutes, event))).markup(" <small>in the last hour</small></p>");
  add_figure(html, recent.minutes, event, "1 hour ago", "a minute");
  add_figure(html, recent.hours, event, "2 days ago", "an hour");
  html.markup("</div>");
}

Html charts(const Recent::Report& recent) {
  Html html;
  add_tile(html, Event::put_off, "Recipients put off", recent);
  add_tile(html, Event::passed, "Recipients passed", recent);
  add_tile(html, Event::relayed, "Messages relayed", recent);
  add_tile(html, Event::refused, "Recipients refused", recent);
  return html;
}

void add_clock(Html& html, greylist::Time time) {
  const auto text = clock_text(time);
  html.markup("<time class=\"clock\" datetime=\"").text(date_of(time)).markup("\">");
  html.text(std::string_view(text).substr(text.find(' ') + 1)).markup(" UTC</time>");
}

void add_date(Html& html, greylist::Time time) {
  html.markup("<time datetime=\"").text(date_of(time)).markup("\">").text(clock_text(time)).markup(" UTC</time>");
}

// The same in numbers; steps in which nothing happened are left out.
Html numbers(const std::vector<Tally>& tallies, std::chrono::seconds step, greylist::Time now, Markup heading) {
  Html html;
  html.markup("<table><thead><tr><th>").markup(heading);
  html.markup("<th class=\"count\">put off<th class=\"count\">passed<th class=\"count\">refused");
  html.markup("<th class=\"count\">relayed</tr></thead><tbody>");
  const auto begin = greylist::Time(now.time_since_epoch() / step * step);
  for (std::size_t back = 0; back < tallies.size(); ++back) {
    const auto& tally = tallies[tallies.size() - 1 - back];
    if (tally == Tally{}) continue;
    html.markup("<tr><td>");
    add_date(html, begin - static_cast<long>(back) * step);
    for (const auto count : tally) html.markup("<td class=\"count\">").text(count_text(count));
    html.markup("</tr>");
  }
  html.markup("</tbody></table>");
  return html;
}

void add_badge(Html& html, std::string_view class_name, std::string_view text) {
  html.markup("<span class=\"badge ").text(class_name).markup("\">").text(text).markup("</span>");
}

Html state(const PageContents& contents) {
  Html html;
  const auto& status = contents.status;
  if (status.draining)
    add_badge(html, "put_off", "draining");
  else
    add_badge(html, contents.not_ready.empty() ? "passed" : "refused",
              contents.not_ready.empty() ? "running" : "not ready");
  html.markup(" <small>version ").text(status.version);
  html.markup(", up for ").text(age_text(status.uptime)).markup("</small>");
  return html;
}

Html trouble(const PageContents& contents) {
  Html html;
  if (contents.not_ready.empty() && contents.status.warnings.empty()) return html;
  html.markup("<ul>");
  for (const auto& reason : contents.not_ready) html.markup("<li>Not ready: ").text(reason).markup("</li>");
  for (const auto& warning : contents.status.warnings) html.markup("<li>").text(warning).markup("</li>");
  html.markup("</ul>");
  return html;
}

Html backends(const std::vector<StatusReport::Backend>& backends) {
  Html html;
  html.markup("<table class=\"cards\"><thead><tr><th>address<th>state<th class=\"count\">open");
  html.markup("<th class=\"count\">failures<th>last error</tr></thead><tbody>");
  for (const auto& backend : backends) {
    html.markup("<tr><td data-label=\"address\">").text(backend.address).markup("<td data-label=\"state\"><span>");
    add_badge(html, backend.up ? "passed" : "refused", backend.up ? "up" : "down");
    html.markup("</span><td class=\"count\" data-label=\"open\">").text(count_text(backend.open));
    html.markup("<td class=\"count\" data-label=\"failures\">").text(count_text(backend.failures));
    html.markup("<td data-label=\"last error\">").text(backend.last_error.empty() ? "none" : backend.last_error);
    html.markup("</tr>");
  }
  html.markup("</tbody></table>");
  return html;
}

void add_fact(Html& html, Markup name, std::string_view fact) {
  html.markup("<dt>").markup(name).markup("</dt><dd>").text(fact).markup("</dd>");
}

Html facts(const StatusReport& status, greylist::Time now) {
  const auto& [mode, limits] = status.greylist;
  const auto& store = status.store;
  Html html;
  html.markup("<dl>");
  add_fact(html, "Greylist",
           fmt::format("{}: delay {}, retry window {}, lifetime {}", mode, duration_text(limits.delay),
                       duration_text(limits.retry_window), duration_text(limits.lifetime)));
  add_fact(html, "Store",
           fmt::format("{} {}: about {} entries, {}, {} errors", store.engine, store.ok ? "is well" : "is sick",
                       count_text(store.entries_estimate), about_octets(store.bytes), count_text(store.errors)));
  const auto& connections = status.connections;
  add_fact(
      html, "Connections",
      fmt::format("{} open; since the start {} accepted, {} of them in TLS, {} refused", count_text(connections.open),
                  count_text(connections.accepted), count_text(connections.tls), count_text(connections.refused)));
  const auto& messages = status.messages;
  add_fact(
      html, "Messages",
      fmt::format("since the start {} relayed ({}), {} refused, {} of unknown outcome", count_text(messages.relayed),
                  about_octets(messages.bytes), count_text(messages.refused), count_text(messages.unknown)));
  for (const auto& certificate : status.tls.certificates) {
    const auto expires = std::chrono::time_point_cast<greylist::Duration>(certificate.expires);
    html.markup("<dt>Certificate</dt><dd>").text(certificate.file).markup(" for ");
    html.text(fmt::format("{}", fmt::join(certificate.names, ", "))).markup("; it ends ");
    html.text(ago_text(expires, now)).markup(", on ");
    add_date(html, expires);
    html.markup("</dd>");
  }
  html.markup("</dl>");
  return html;
}

Html put_off_most(const std::vector<TopList::Row>& rows, greylist::Time since, Markup who) {
  Html html;
  if (rows.empty()) return html.markup("<p class=\"faint\">Nobody was put off lately.</p>");
  html.markup("<p class=\"faint\">Since ");
  add_date(html, since);
  html.markup(", at least:</p><table><thead><tr><th>").markup(who);
  html.markup("<th class=\"count\">times</tr></thead><tbody>");
  for (const auto& row : rows) {
    html.markup("<tr><td>").text(row.who.empty() ? "<>" : row.who);
    html.markup("<td class=\"count\">").text(count_text(row.times)).markup("</tr>");
  }
  html.markup("</tbody></table>");
  return html;
}

void add_decision(Html& html, const Recent::Decision& decision) {
  html.markup("<tr><td class=\"clock\" data-label=\"time\">");
  add_clock(html, decision.time);
  html.markup("<td data-label=\"verdict\"><span>");
  add_badge(html, colour(decision.became), decision.verdict);
  html.markup(" <small>").text(reason(decision.verdict)).markup("</small></span>");
  html.markup("<td data-label=\"client\"><span>").text(decision.client);
  html.markup(" <small>").text(decision.helo).markup("</small></span>");
  html.markup("<td data-label=\"sender\">").text(decision.sender.empty() ? "<>" : decision.sender);
  html.markup("<td data-label=\"recipient\">").text(decision.recipient);
  html.markup("<td data-label=\"answer\"><small>").text(decision.reply).markup("</small></tr>");
}

Html decisions(const std::vector<Recent::Decision>& decisions) {
  Html html;
  if (decisions.empty()) return html.markup("<p class=\"faint\">None since the start.</p>");
  html.markup("<table class=\"cards wide\"><thead><tr><th>time<th>verdict<th>client<th>sender<th>recipient<th>answer");
  html.markup("</tr></thead><tbody>");
  for (const auto& decision : decisions) add_decision(html, decision);
  html.markup("</tbody></table>");
  return html;
}

using Pieces = std::vector<std::pair<std::string_view, Html>>;

// The page with a piece in the place of each {{name}}.
std::string filled(std::string_view page, const Pieces& pieces) {
  std::string html;
  for (;;) {
    const auto open = page.find("{{");
    html += page.substr(0, open);
    if (open == page.npos) return html;
    const auto close = page.find("}}", open);
    const auto piece = std::ranges::find(pieces, page.substr(open + 2, close - open - 2), &Pieces::value_type::first);
    assert(piece != pieces.end());
    html += piece->second.str();
    page.remove_prefix(close + 2);
  }
}

}  // namespace

HttpAnswer page_for_people(const PageContents& contents) {
  const auto& [status, not_ready, recent, now] = contents;
  const Pieces pieces{{"hostname", Html().text(status.hostname)},
                      {"state", state(contents)},
                      {"trouble", trouble(contents)},
                      {"charts", charts(recent)},
                      {"minutes", numbers(recent.minutes, std::chrono::minutes(1), now, "minute")},
                      {"hours", numbers(recent.hours, std::chrono::hours(1), now, "hour")},
                      {"backends", backends(status.backends)},
                      {"facts", facts(status, now)},
                      {"clients", put_off_most(recent.clients, recent.since, "client")},
                      {"senders", put_off_most(recent.senders, recent.since, "sender")},
                      {"decisions", decisions(recent.decisions)}};
  return {.content_type = "text/html; charset=utf-8",
          .body = filled(page_html, pieces),
          .headers = {{"Content-Security-Policy", std::string(page_policy)},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace proxy
