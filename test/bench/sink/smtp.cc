#include "test/bench/sink/smtp.h"

#include <algorithm>
#include <utility>

namespace bench {

using namespace std::string_view_literals;

namespace {

// The PROXY protocol, version 2, section 2.2: a signature, version, family, and the length of what follows.
constexpr auto proxy_v2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t proxy_v2_header = 16;

std::size_t proxy_v2_size(std::string_view header) {
  return proxy_v2_header + static_cast<unsigned char>(header[14]) * 256u + static_cast<unsigned char>(header[15]);
}

// Verbs differ in their first four letters.
std::string verb_of(std::string_view line) {
  std::string verb(line.substr(0, 4));
  std::ranges::transform(verb, verb.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return verb;
}

constexpr std::string_view offers =
    "250-sink.example.org\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-ENHANCEDSTATUSCODES\r\n"
    "250-XCLIENT NAME ADDR PORT HELO PROTO DESTADDR DESTPORT\r\n";

}  // namespace

void Smtp::hear(std::string_view octets, Answer& answer) {
  while (!octets.empty() && answer.then == Answer::Then::go_on)
    octets.remove_prefix(content_ ? hear_content(octets, answer) : hear_command(octets, answer));
}

std::size_t Smtp::hear_command(std::string_view octets, Answer& answer) {
  const bool may_be_header = first_ && (unfinished_.empty() ? octets : unfinished_).starts_with('\r');
  if (may_be_header) return hear_proxy_header(octets);
  const auto end = octets.find('\n');
  const auto used = end == std::string_view::npos ? octets.size() : end + 1;
  if (end != std::string_view::npos && unfinished_.empty()) {
    obey(octets.substr(0, used), answer);
    return used;
  }
  unfinished_ += octets.substr(0, used);
  if (end != std::string_view::npos) obey(std::exchange(unfinished_, {}), answer);
  return used;
}

std::size_t Smtp::hear_proxy_header(std::string_view octets) {
  const auto wanted = unfinished_.size() < proxy_v2_header ? proxy_v2_header : proxy_v2_size(unfinished_);
  const auto used = std::min(octets.size(), wanted - unfinished_.size());
  unfinished_ += octets.substr(0, used);
  if (unfinished_.size() < proxy_v2_header || unfinished_.size() < proxy_v2_size(unfinished_)) return used;
  if (unfinished_.starts_with(proxy_v2)) ++ledger_.identified;
  unfinished_.clear();
  first_ = false;
  return used;
}

std::size_t Smtp::hear_content(std::string_view octets, Answer& answer) {
  const auto end = content_->find(octets);
  content_octets_ += end.value_or(octets.size());
  if (!end) return octets.size();
  constexpr std::size_t dot_line = 3;
  ++ledger_.messages;
  ledger_.octets += content_octets_ - dot_line;
  content_.reset();
  answer.text += "250 2.0.0 Taken\r\n";
  return *end;
}

void Smtp::obey(std::string_view line, Answer& answer) {
  const auto verb = verb_of(line);
  if (std::exchange(first_, false) && verb == "PROX") {
    ++ledger_.identified;
  } else if (verb == "EHLO" || verb == "HELO") {
    (answer.text += offers) += offers_tls_ ? "250-STARTTLS\r\n250 8BITMIME\r\n" : "250 8BITMIME\r\n";
  } else if (verb == "MAIL") {
    answer.text += "250 2.1.0 Ok\r\n";
  } else if (verb == "RCPT") {
    answer.text += reply_to_recipient(line);
  } else if (verb == "DATA") {
    content_.emplace();
    content_octets_ = 0;
    answer.text += "354 End data with <CR><LF>.<CR><LF>\r\n";
  } else if (verb == "XCLI") {
    ++ledger_.identified;
    answer.text += greeting();
  } else if (verb == "STAR" && offers_tls_) {
    answer = {answer.text + "220 2.0.0 Ready\r\n", Answer::Then::start_tls};
  } else if (verb == "NOOP" || verb == "RSET") {
    answer.text += "250 2.0.0 Ok\r\n";
  } else if (verb == "LEDG") {
    answer.text += ledger_reply();
  } else if (verb == "QUIT") {
    answer = {answer.text + "221 2.0.0 Bye\r\n", Answer::Then::close};
  } else {
    answer.text += "500 5.5.2 Unknown\r\n";
  }
}

std::string_view Smtp::reply_to_recipient(std::string_view line) {
  // Proxies ask at their start whether we would relay for outsiders.
  if (line.find("greygate.invalid") != std::string_view::npos) return "550 5.7.1 Relaying denied\r\n";
  if (line.find("<later") != std::string_view::npos) return ++ledger_.put_off, "450 4.2.0 Later\r\n";
  return ++ledger_.recipients, "250 2.1.5 Ok\r\n";
}

std::string Smtp::ledger_reply() const {
  std::string json;
  for (const auto& [name, count] :
       {std::pair("connections", ledger_.connections), std::pair("identified", ledger_.identified),
        std::pair("put_off", ledger_.put_off), std::pair("recipients", ledger_.recipients),
        std::pair("messages", ledger_.messages), std::pair("octets", ledger_.octets)}) {
    json += json.empty() ? "250 {\"" : ", \"";
    (json += name) += "\": " + std::to_string(count);
  }
  return json + "}\r\n";
}

}  // namespace bench
