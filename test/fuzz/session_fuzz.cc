// Invariants of a whole session between a client that says anything and a backend that does anything: it ends once both
// are gone; to the backend go well-formed commands alone, and no recipient but the one that may pass; what the backend
// completed is, octet by octet, what the client sent, and could be read in one way only; and the books balance: every
// 250 that the backend gave for a message is told to the client, once, and the client is told of no other. With a
// sound backend it also doesn't matter how what the client says is cut.
// Input: flags, seed of the cuts, the backend's script up to a line made of a dot, then what the client says.
#include <csignal>
#include <string>

#include "smtp/extensions.h"
#include "test/body_by_lines.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"
#include "test/fuzz/scripted_backend.h"
#include "test/fuzz/served.h"

namespace {

struct Flags {
  explicit Flags(unsigned octet)
      : xclient(octet & 1),
        plain_backend(octet & 2),
        client_resets(octet & 4),
        judges_bounces_at_data(octet & 8),
        lenient(octet & 16),
        own_header(octet & 32) {}
  bool xclient, plain_backend, client_resets, judges_bounces_at_data, lenient, own_header;
};

std::shared_ptr<const proxy::Setup> make_setup(const Flags& flags, const ScriptedBackend& backend) {
  proxy::Settings settings;
  settings.hostname = "mx.example.org";
  settings.domains = {"example.org"};
  settings.backend.addresses = {ScriptedBackend::address()};
  settings.backend.client_identity = flags.xclient ? "xclient" : "none";
  settings.allow.recipients = {"pass@"};
  settings.greylist.limits.history = {};
  settings.greylist.null_sender = flags.judges_bounces_at_data ? "data" : "rcpt";
  settings.greylist.header = flags.own_header;
  settings.bare_line_ends.policy = flags.lenient ? "endings" : "refuse";
  settings.dns.enabled = false;
  auto setup = *proxy::make_setup(settings, nullptr);
  const auto offers = smtp::parse_ehlo(smtp::Reply::verbatim(250, backend.ehlo_reply()));
  for (const auto& address : setup->backends->addresses()) address->reached(offers);
  return setup;
}

// Everybody else is put off, or none of ours; a bounce that is judged at DATA has anybody of ours.
template <bool anybody>
void check_recipient(std::string_view line) {
  std::string address(line.substr(0, line.find('>')));
  std::ranges::transform(address, address.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  REQUIRE(address.starts_with("rcpt to:<"));
  address.erase(0, 9);
  if (address == "postmaster") return;
  const auto at = address.rfind('@');
  REQUIRE(at != address.npos);
  const auto domain = std::string_view(address).substr(at + 1);
  REQUIRE(domain == "example.org" || domain == "example.org.");
  const auto local = std::string_view(address).substr(0, at);
  REQUIRE(local.find_first_of("@%!") == local.npos);
  std::string plain;
  for (const char c : local)
    if (c != '"' && c != '\\') plain += c;
  REQUIRE(anybody || plain == "pass");
}

struct Played {
  std::string heard;  // by the client
  std::vector<ScriptedBackend::Message> taken;
  bool said_too_much = false, may_be_waited_for = false;
};

Played play(const Flags& flags, std::string_view script, const std::vector<std::string_view>& said) {
  Played played;
  ScriptedBackend backend(
      script, {.pipelining = !flags.plain_backend,
               .check_recipient = flags.judges_bounces_at_data ? check_recipient<true> : check_recipient<false>});
  {
    Served served(make_setup(flags, backend), proxy::Session::Begins::plain, [&] { return backend.work(); });
    served.work();
    for (const auto piece : said) served.send(piece);
    if (!flags.client_resets) served.finish_sending();
    const auto may_wait = [&] { return flags.client_resets || backend.may_be_waited_for; };
    for (int tries = 0; !served.ends_within(std::chrono::milliseconds(3)) && !may_wait(); ++tries)
      REQUIRE(tries < 2000);
    played.heard = served.received;
    backend.hang_up();  // before the session, which may wait for it
  }
  played.taken = std::move(backend.taken);
  played.said_too_much = backend.said_too_much;
  played.may_be_waited_for = backend.may_be_waited_for;
  return played;
}

std::size_t times(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

void check_books(const Played& played, const Flags& flags) {
  const auto heard = "\n" + played.heard;
  for (const auto& message : played.taken) {
    const auto told = times(heard, "\n250 2.0.0 Queued as " + std::to_string(message.number) + "\r\n");
    REQUIRE(told <= 1);
    REQUIRE(told == 1 || flags.client_resets || played.said_too_much || played.may_be_waited_for);
  }
  if (!played.said_too_much) REQUIRE(times(heard, "\n250 2.0.0 Queued as ") <= played.taken.size());
}

void check_content(const Played& played, const Flags& flags, std::string_view said) {
  using Framing = smtp::BodyScanner::Framing;
  for (const auto& message : played.taken) {
    const auto wire = message.content + (message.in_chunks ? "" : ".\r\n");
    const auto facts = body_by_lines(wire, message.in_chunks ? Framing::chunks : Framing::data, message.in_chunks);
    REQUIRE(facts.used == wire.size() && facts.done == !message.in_chunks);
    REQUIRE(flags.lenient ? !facts.bare_ending : !facts.bare_line_end);
    if (!flags.own_header && !message.in_chunks) REQUIRE(said.contains(message.content));
  }
}

void check_replies(std::string_view heard) {
  while (!heard.empty()) {
    const auto end = heard.find("\r\n");
    REQUIRE(end != heard.npos);
    const auto line = heard.substr(0, end);
    REQUIRE(line.size() >= 3 && std::ranges::all_of(line.substr(0, 3), [](char c) { return c >= '0' && c <= '9'; }));
    REQUIRE(line.size() == 3 || line[3] == ' ' || line[3] == '-');
    heard.remove_prefix(end + 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN);
  (void)ignored;
  Input input(data, size);
  const Flags flags(input.octet());
  const unsigned seed = input.octet();
  const auto rest = input.rest().substr(0, 20'000);
  const auto divide = rest.find("\n.\n");
  const auto script = divide == rest.npos ? std::string_view() : rest.substr(0, divide);
  const auto said = divide == rest.npos ? rest : rest.substr(divide + 3);

  const auto played = play(flags, script, cut(said, seed));
  check_replies(played.heard);
  check_books(played, flags);
  check_content(played, flags, said);
  if (!script.empty() || flags.client_resets) return 0;
  const auto whole = play(flags, script, {said});
  REQUIRE(whole.heard == played.heard);
  return 0;
}
