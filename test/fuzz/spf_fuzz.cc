// Invariants: whatever records the DNS has, an evaluation ends, with no more questions than RFC 7208 §4.6.4 allows; and
// only names that can be asked for are asked for.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <string>
#include <vector>

#include "proxy/spf/check_host.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

namespace {

using proxy::DnsAnswer;
using proxy::DnsType;

// Ten terms that ask; of an mx, one and ten addresses; of the first ptr or %{p}, one and ten likewise; records.
constexpr int most_questions = 1 + 10 * 11 + 11;

// Answers with the input's lines in turn, whatever is asked.
class Zone {
 public:
  explicit Zone(std::string_view lines) {
    while (!lines.empty() && lines_.size() < 64) {
      const auto end = lines.find('\n');
      lines_.emplace_back(lines.substr(0, end));
      lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
    }
  }

  DnsAnswer answer(const std::string& name, DnsType type) {
    REQUIRE(++questions_ <= most_questions);
    REQUIRE(!name.empty() && name.size() <= 253);
    if (lines_.empty()) return {.outcome = DnsAnswer::Outcome::nothing};
    const auto& line = lines_[static_cast<std::size_t>(questions_ - 1) % lines_.size()];
    if (line == "failed") return {};
    if (line == "nothing") return {.outcome = DnsAnswer::Outcome::nothing};
    DnsAnswer answer{.outcome = DnsAnswer::Outcome::found, .error = {}};
    if (type == DnsType::txt) answer.texts = {line};
    if (type == DnsType::mx || type == DnsType::ptr) answer.names.assign(1 + line.size() % 12, "mx.example.org");
    if (type == DnsType::a) answer.addresses = {asio::ip::make_address("192.0.2.77")};
    if (type == DnsType::aaaa) answer.addresses = {asio::ip::make_address("2001:db8::77")};
    return answer;
  }

 private:
  std::vector<std::string> lines_;
  int questions_ = 0;
};

}  // namespace

// Octets: flags, the sender's length; the sender; the rest are the lines that the DNS answers with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned flags = input.octet(), sender_size = input.octet();
  proxy::SpfQuestion question{.client = *greylist::IpAddress::parse(flags & 1 ? "2001:db8::77" : "192.0.2.77"),
                              .helo = "mail.example.net",
                              .sender = std::string(input.text(sender_size))};
  Zone zone(input.rest());
  asio::io_context loop;
  bool ended = false;
  const proxy::AskDns ask = [&](std::string name, DnsType type) -> asio::awaitable<DnsAnswer> {
    co_return zone.answer(name, type);
  };
  asio::co_spawn(loop, check_host(std::move(question), ask), [&](std::exception_ptr thrown, const proxy::SpfVerdict&) {
    REQUIRE(!thrown);
    ended = true;
  });
  loop.run();
  REQUIRE(ended);
  return 0;
}
