// Invariants of a message in chunks: however it is cut, in chunks and on its way, the backend gets it octet by octet,
// or never completes it; each chunk's reply is what the slow reference says; and nothing of it is taken for a command.
// Input: flags, seed of the cuts, then chunks: size, factor of the size, octets.
#include <csignal>
#include <string>
#include <vector>

#include "smtp/extensions.h"
#include "test/body_by_lines.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"
#include "test/fuzz/scripted_backend.h"
#include "test/fuzz/served.h"

namespace {

constexpr auto framing = smtp::BodyScanner::Framing::chunks;

std::shared_ptr<const proxy::Setup> make_setup(bool lenient, const ScriptedBackend& backend) {
  proxy::Settings settings;
  settings.hostname = "mx.example.org";
  settings.domains = {"example.org"};
  settings.backend.addresses = {ScriptedBackend::address()};
  settings.allow.recipients = {"pass@"};
  settings.bare_line_ends.policy = lenient ? "endings" : "refuse";
  settings.dns.enabled = false;
  auto setup = *proxy::make_setup(settings, nullptr);
  const auto offers = smtp::parse_ehlo(smtp::Reply::verbatim(250, backend.ehlo_reply()));
  setup->backends->addresses().front()->reached(offers);
  return setup;
}

// The codes of the replies, one after the other, those of the chunks and of the NOOP after them.
std::string expected_codes(const std::vector<std::string_view>& chunks, bool lenient) {
  std::string codes, content;
  bool refused = false;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    content += chunks[i];
    const auto facts = body_by_lines(content, framing, i + 1 == chunks.size());
    const bool spoiled = facts.bare_ending || (!lenient && facts.bare_line_end);
    codes += refused ? "503 " : spoiled ? "550 " : "250 ";
    refused = refused || spoiled;
  }
  return codes + "250 ";
}

std::string codes_heard(std::string_view heard) {
  std::string codes;
  while (!heard.empty()) {
    const auto line = heard.substr(0, heard.find('\n') + 1);
    if (line.size() > 3 && line[3] == ' ') codes.append(line.substr(0, 4));
    heard.remove_prefix(line.empty() ? heard.size() : line.size());
  }
  return codes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN);
  (void)ignored;
  Input input(data, size);
  const unsigned flags = input.octet(), seed = input.octet();
  const bool lenient = flags & 1;
  std::vector<std::string_view> chunks;
  do {
    const auto octets = input.octet();
    chunks.push_back(input.text(octets * (input.octet() % 8 ? 1 : 64)));
  } while (!input.rest().empty() && chunks.size() < 16);  // errors end a session at the twentieth

  std::string said = "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<pass@example.org>\r\n";
  std::string content;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    said += "BDAT " + std::to_string(chunks[i].size()) + (i + 1 == chunks.size() ? " LAST\r\n" : "\r\n");
    said += chunks[i];
    content += chunks[i];
  }
  said += "NOOP\r\n";

  ScriptedBackend backend({}, {.pipelining = (flags & 2) != 0});
  std::string heard;
  {
    Served served(make_setup(lenient, backend), proxy::Session::Begins::plain, [&] { return backend.work(); });
    served.work();
    for (const auto piece : cut(said, seed)) served.send(piece);
    served.finish_sending();
    REQUIRE(served.ends_within(std::chrono::seconds(5)));
    heard = served.received;
    backend.hang_up();
  }
  const auto facts = body_by_lines(content, framing, true);
  const bool spoiled = facts.bare_ending || (!lenient && facts.bare_line_end);
  REQUIRE(codes_heard(heard) == "220 250 250 250 " + expected_codes(chunks, lenient));
  REQUIRE(backend.taken.size() == (spoiled ? 0 : 1));
  if (!spoiled) REQUIRE(backend.taken.front().content == content && backend.taken.front().in_chunks);
  return 0;
}
