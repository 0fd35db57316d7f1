#include "proxy/status/recent.h"

#include <algorithm>

namespace proxy {
namespace {

std::string_view cut(std::string_view text, std::size_t octets) {
  if (text.size() <= octets) return text;
  while (octets > 0 && (text[octets] & 0xC0) == 0x80) --octets;  // not within a character of UTF-8
  return text.substr(0, octets);
}

void shorten(std::string& text, std::size_t octets) {
  if (text.size() > octets) text = std::string(cut(text, octets)) + "\u2026";
}

void add(std::vector<TopList::Row>& rows, const std::vector<TopList::Row>& others) {
  for (const auto& other : others) {
    const auto same = std::ranges::find(rows, other.who, &TopList::Row::who);
    if (same == rows.end())
      rows.push_back(other);
    else
      same->times += other.times;
  }
}

void keep_first(std::vector<TopList::Row>& rows, std::size_t most) {
  std::ranges::sort(
      rows, [](const auto& a, const auto& b) { return a.times != b.times ? a.times > b.times : a.who < b.who; });
  if (rows.size() > most) rows.resize(most);
}

}  // namespace

void Recent::decided(Decision decision, std::string_view sender) {
  for (auto* text :
       {&decision.client, &decision.helo, &decision.sender, &decision.recipient, &decision.verdict, &decision.reply})
    shorten(*text, longest_text);
  const auto now = decision.time;
  const std::lock_guard lock(mutex_);
  if (decision.became) {
    minutes_.add(now, *decision.became);
    hours_.add(now, *decision.became);
  }
  if (decision.became == Event::put_off) count_put_off(now, decision.client, cut(sender, longest_text));
  decisions_.push_front(std::move(decision));
  if (decisions_.size() > decisions_kept) decisions_.pop_back();
}

void Recent::relayed(greylist::Time now) {
  const std::lock_guard lock(mutex_);
  minutes_.add(now, Event::relayed);
  hours_.add(now, Event::relayed);
}

void Recent::count_put_off(greylist::Time now, std::string_view client, std::string_view sender) {
  if (put_off_.empty() || now - put_off_.back().since >= generation) put_off_.emplace_back(now);
  if (put_off_.size() > 2) put_off_.pop_front();
  put_off_.back().clients.add(client);
  put_off_.back().senders.add(sender);
}

Recent::Report Recent::report(greylist::Time now) const {
  Report report;
  std::deque<PutOff> put_off;
  {
    const std::lock_guard lock(mutex_);
    report.minutes = minutes_.until(now);
    report.hours = hours_.until(now);
    report.decisions.assign(decisions_.begin(), decisions_.end());
    put_off = put_off_;
  }
  report.since = now;
  for (const auto& one : put_off) {
    if (now - one.since > 2 * generation) continue;
    report.since = std::min(report.since, one.since);
    add(report.clients, one.clients.rows());
    add(report.senders, one.senders.rows());
  }
  for (auto* rows : {&report.clients, &report.senders}) keep_first(*rows, rows_shown);
  return report;
}

}  // namespace proxy
