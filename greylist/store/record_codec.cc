#include "store/record_codec.h"

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

namespace greylist {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t credited_flag = 1, passed_flag = 2;
constexpr std::uint8_t lapses_flag = 1;
constexpr std::uint8_t has_passed_flag = 1, trapped_flag = 2;
constexpr std::size_t longest_text = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t longest_client = std::numeric_limits<std::uint8_t>::max();

class Writer {
 public:
  explicit Writer(std::size_t size) { out_.reserve(size); }

  template <std::unsigned_integral N>
  Writer& put(N value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out_.push_back(static_cast<char>(value >> (8 * i) & 0xff));
    return *this;
  }
  Writer& put(Time time) { return put(static_cast<std::uint64_t>(time.time_since_epoch().count())); }
  Writer& put(double number) { return put(std::bit_cast<std::uint64_t>(number)); }
  Writer& put(std::string_view text) {
    out_.append(text);
    return *this;
  }
  Writer& put_measured(std::string_view text) {
    text = text.substr(0, longest_text);
    return put(static_cast<std::uint16_t>(text.size())).put(text);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads on after the end as zeros; complete() tells.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  template <std::unsigned_integral N>
  N number() {
    N value = 0;
    const auto octets = text(sizeof value);
    for (std::size_t i = 0; i < octets.size(); ++i) {
      value = static_cast<N>(value | static_cast<N>(static_cast<unsigned char>(octets[i])) << (8 * i));
    }
    return value;
  }
  Time time() {
    const auto count = static_cast<std::int64_t>(number<std::uint64_t>());
    constexpr std::int64_t farthest = std::int64_t{1} << 52;
    if (count < -farthest || count > farthest) sound_ = false;
    return Time(Duration(count));
  }
  double amount() {
    const auto value = std::bit_cast<double>(number<std::uint64_t>());
    if (!std::isfinite(value) || value < 0) sound_ = false;
    return value;
  }
  std::string_view text(std::size_t size) {
    if (in_.size() < size) {
      sound_ = false;
      return {};
    }
    const auto taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  std::string measured_text() { return std::string(text(number<std::uint16_t>())); }
  bool complete() const { return sound_ && in_.empty(); }

 private:
  std::string_view in_;
  bool sound_ = true;
};

// All that is counted, in the order in which it is written.
auto amounts(auto& r) {
  return std::array{&r.retries,          &r.deliveries, &r.one_shots,  &r.unknown_recipients,
                    &r.refused_messages, &r.trap_hits,  &r.pending[0], &r.pending[1]};
}

}  // namespace

std::string encode(const Record& record) {
  const auto client = std::string_view(record.last_client).substr(0, longest_client);
  const auto flags = (record.credited ? credited_flag : 0) | (record.passed ? passed_flag : 0);
  return Writer(27 + client.size())
      .put(version)
      .put(record.first_seen)
      .put(record.passed.value_or(Time()))
      .put(record.last_seen)
      .put(static_cast<std::uint8_t>(flags))
      .put(static_cast<std::uint8_t>(client.size()))
      .put(client)
      .take();
}

std::string encode(const Credit& credit) {
  return Writer(21).put(version).put(std::uint32_t{credit.count}).put(credit.last_counted).put(credit.last_used).take();
}

std::string encode(const HistoryEvent& event) {
  Writer out(64 + event.helo.size() + event.sender.size() + event.reply.size());
  out.put(version).put(event.time);
  for (const auto* text : {&event.client, &event.helo, &event.identity, &event.sender, &event.what, &event.reply})
    out.put_measured(*text);
  return out.take();
}

std::string encode(const RunTimeEntry& entry) {
  return Writer(20 + entry.note.size())
      .put(version)
      .put(entry.made)
      .put(entry.lapses.value_or(Time()))
      .put(static_cast<std::uint8_t>(entry.lapses ? lapses_flag : 0))
      .put_measured(entry.note)
      .take();
}

std::string encode(const Reputation& reputation) {
  Writer out(90);
  out.put(version);
  for (const auto* amount : amounts(reputation)) out.put(*amount);
  return out.put(reputation.as_of)
      .put(reputation.passed.value_or(Time()))
      .put(reputation.trapped.value_or(Time()))
      .put(static_cast<std::uint8_t>((reputation.passed ? has_passed_flag : 0) |
                                     (reputation.trapped ? trapped_flag : 0)))
      .take();
}

std::optional<Record> decode_record(std::string_view value) {
  Reader in(value);
  if (in.number<std::uint8_t>() != version) return std::nullopt;
  Record record;
  record.first_seen = in.time();
  const auto passed = in.time();
  record.last_seen = in.time();
  const auto flags = in.number<std::uint8_t>();
  record.last_client = in.text(in.number<std::uint8_t>());
  if (!in.complete() || (flags & ~(credited_flag | passed_flag)) != 0) return std::nullopt;
  if (flags & passed_flag) record.passed = passed;
  if (!record.passed && passed != Time()) return std::nullopt;
  record.credited = flags & credited_flag;
  return record;
}

std::optional<Credit> decode_credit(std::string_view value) {
  Reader in(value);
  if (in.number<std::uint8_t>() != version) return std::nullopt;
  Credit credit;
  credit.count = in.number<std::uint32_t>();
  credit.last_counted = in.time();
  credit.last_used = in.time();
  return in.complete() ? std::optional(credit) : std::nullopt;
}

std::optional<HistoryEvent> decode_event(std::string_view value) {
  Reader in(value);
  if (in.number<std::uint8_t>() != version) return std::nullopt;
  HistoryEvent event;
  event.time = in.time();
  for (auto* text : {&event.client, &event.helo, &event.identity, &event.sender, &event.what, &event.reply})
    *text = in.measured_text();
  return in.complete() ? std::optional(std::move(event)) : std::nullopt;
}

std::optional<Reputation> decode_reputation(std::string_view value) {
  Reader in(value);
  if (in.number<std::uint8_t>() != version) return std::nullopt;
  Reputation reputation;
  for (auto* amount : amounts(reputation)) *amount = in.amount();
  reputation.as_of = in.time();
  const auto passed = in.time(), trapped = in.time();
  const auto flags = in.number<std::uint8_t>();
  if (!in.complete() || (flags & ~(has_passed_flag | trapped_flag)) != 0) return std::nullopt;
  if (flags & has_passed_flag) reputation.passed = passed;
  if (flags & trapped_flag) reputation.trapped = trapped;
  if ((!reputation.passed && passed != Time()) || (!reputation.trapped && trapped != Time())) return std::nullopt;
  return reputation;
}

bool decode_into(RunTimeEntry& entry, std::string_view value) {
  Reader in(value);
  if (in.number<std::uint8_t>() != version) return false;
  entry.made = in.time();
  const auto lapses = in.time();
  const auto flags = in.number<std::uint8_t>();
  entry.note = in.measured_text();
  if (!in.complete() || (flags & ~lapses_flag) != 0) return false;
  if (flags & lapses_flag) entry.lapses = lapses;
  return true;
}

}  // namespace greylist
