#include "proxy/import/read_spamd.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "greylist/ip_address.h"
#include "proxy/import/foreign_address.h"
#include "proxy/import/times.h"

// spamdb(8):
//
//   WHITE|CLIENT|||FIRST|PASS|EXPIRE|BLOCKED|PASSED
//   GREY|CLIENT|HELO|FROM|TO|FIRST|PASS|EXPIRE|BLOCKED|PASSED     in older ones without HELO|
//   TRAPPED|CLIENT|EXPIRE
//   SPAMTRAP|ADDRESS
//
// FROM and TO are as the client gave them, mostly in angle brackets. HELO, FROM and TO may hold a '|' of their own.
namespace proxy {
namespace {

using greylist::IpAddress;

constexpr std::size_t longest_entry = 8 * 1024;

std::string_view take_field(std::string_view& text) {
  const auto end = std::min(text.find('|'), text.size());
  const auto field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

struct Times {
  greylist::Time first, pass, expire;
};

// FIRST|PASS|EXPIRE|BLOCKED|PASSED off the end of a line, which keeps what stands before them.
std::optional<Times> take_times(std::string_view& line) {
  std::vector<std::string_view> fields;
  while (fields.size() < 5) {
    const auto bar = line.rfind('|');
    if (bar == std::string_view::npos) return {};
    fields.push_back(line.substr(bar + 1));
    line = line.substr(0, bar);
  }
  const auto first = epoch_seconds(fields[4]), pass = epoch_seconds(fields[3]), expire = epoch_seconds(fields[2]);
  if (!first || !pass || !expire) return {};
  return Times{*first, *pass, *expire};
}

// "<bob@x.org>", without the source route it may begin with, or the same without brackets.
std::string_view address_in(std::string_view path) {
  if (path.starts_with('<')) {
    path = path.substr(1, path.rfind('>') - 1);
  } else {
    path = path.substr(0, path.find(' '));
  }
  if (const auto colon = path.find(':'); path.starts_with('@') && colon != std::string_view::npos) {
    path.remove_prefix(colon + 1);
  }
  return path;
}

struct Paths {
  std::string_view from, to;
};

// "HELO|FROM|TO" or "FROM|TO".
std::optional<Paths> split_paths(std::string_view text) {
  if (const auto bar = text.rfind(">|<"); bar != std::string_view::npos) {
    auto from = text.substr(0, bar + 1);
    if (const auto begin = from.rfind("|<"); begin != std::string_view::npos) {
      from.remove_prefix(begin + 1);
    } else if (!from.starts_with('<')) {
      return {};
    }
    return Paths{address_in(from), address_in(text.substr(bar + 2))};
  }
  const auto bars = std::ranges::count(text, '|');
  if (bars == 2) take_field(text);
  if (bars != 1 && bars != 2) return {};
  const auto from = take_field(text);
  return Paths{address_in(from), address_in(text)};
}

// spamd's own default (-G): a client stays white for 36 days after its last connection, which is all that EXPIRE tells
// of that. An entry that lapses as many days after it is taken to have been used lapses when spamd's would have.
constexpr auto white_lifetime = std::chrono::days(36);

class Lines {
 public:
  explicit Lines(const Take& take) : tally_(take) {}

  void add(std::string_view line) {
    const auto type = take_field(line);
    if (type == "SPAMTRAP") {
      known_ = true;
      return tally_.leave_out("SPAMTRAP: there are no trap addresses to take it to");
    }
    if (type != "WHITE" && type != "GREY" && type != "TRAPPED") return tally_.leave_out("the line is none of spamdb's");
    known_ = true;
    const auto client = IpAddress::parse(take_field(line));
    if (!client) return tally_.leave_out("the client is not an address");
    if (type == "TRAPPED") return trapped(*client, line);
    const auto times = take_times(line);
    if (!times) return tally_.leave_out("the times can't be read");
    return type == "WHITE" ? white(*client, *times) : grey(*client, *times, line);
  }
  bool known() const { return known_; }
  const ImportReport& report() const { return tally_.report(); }

 private:
  void white(const IpAddress& client, const Times& times) {
    tally_.take(ImportedAllow{.client = client.text(),
                              .sender = {},
                              .recipient = {},
                              .last_seen = std::max(times.pass, times.expire - white_lifetime),
                              .note = "spamd WHITE"});
  }
  void grey(const IpAddress& client, const Times& times, std::string_view text) {
    const auto paths = split_paths(text);
    if (!paths || !(paths->from.empty() || readable_address(paths->from)) || !readable_address(paths->to)) {
      return tally_.leave_out("sender and recipient can't be told apart or aren't addresses");
    }
    tally_.take(ImportedTriplet{.client = client.text(),
                                .sender = std::string(paths->from),
                                .recipient = std::string(paths->to),
                                .first_seen = times.first,
                                .passed = {},
                                .last_seen = times.first});
  }
  void trapped(const IpAddress& client, std::string_view expire) {
    const auto lapses = epoch_seconds(expire);
    if (!lapses) return tally_.leave_out("the times can't be read");
    tally_.take(ImportedBlock{
        .client = client.text(), .sender = {}, .recipient = {}, .lapses = lapses, .note = "spamd TRAPPED"});
  }

  ImportTally tally_;
  bool known_ = false;  // there was a line of spamdb's
};

}  // namespace

std::expected<ImportReport, std::string> read_spamd(TextInput& input, const Take& take) {
  Lines lines(take);
  bool any = false;
  while (const auto line = input.line(longest_entry)) {
    if (line->text.empty()) continue;
    any = true;
    lines.add(line->whole ? line->text : std::string_view());
  }
  if (input.failure()) return std::unexpected(*input.failure());
  if (any && !lines.known())
    return std::unexpected("it is not what spamdb prints: no line begins with WHITE| or GREY|");
  return lines.report();
}

std::expected<ImportReport, std::string> read_spamd(const std::string& path, const Take& take) {
  auto input = TextInput::open(path);
  if (!input) return std::unexpected(input.error());
  auto report = read_spamd(*input, take);
  if (!report && !input->failure()) return std::unexpected(path + ": " + report.error());
  return report;
}

}  // namespace proxy
