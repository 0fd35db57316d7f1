#include "replies.h"

#include <string>
#include <utility>

#include "characters.h"

namespace smtp::replies {

namespace {

std::string text_of(std::string_view hostname, std::string_view rest) {
  std::string text(hostname);
  return text.append(rest);
}

// Lines are collected as "250-…"; the last one gets its space (RFC 5321 §4.2.1).
Reply multi_line(int code, std::string lines) {
  const auto last = lines.rfind('\n', lines.size() - 2);
  lines[(last == lines.npos ? 0 : last + 1) + 3] = ' ';
  return Reply::verbatim(code, std::move(lines));
}

}  // namespace

Reply greeting(std::string_view hostname) { return {220, "", text_of(hostname, " ESMTP")}; }
Reply helo(std::string_view hostname) { return {250, "", hostname}; }

Reply ehlo(std::string_view hostname, const Extensions& offered) {
  std::string lines;
  const auto add = [&](std::string_view text) { lines.append("250-").append(text).append("\r\n"); };
  add(hostname);
  add("PIPELINING");
  add("ENHANCEDSTATUSCODES");
  if (offered.starttls) add("STARTTLS");
  if (offered.eight_bit_mime) add("8BITMIME");
  if (offered.smtp_utf8) add("SMTPUTF8");
  if (offered.dsn) add("DSN");
  if (offered.chunking) add("CHUNKING");
  if (offered.size) add(*offered.size == 0 ? "SIZE" : "SIZE " + std::to_string(*offered.size));
  return multi_line(250, std::move(lines));
}

Reply bye(std::string_view hostname) { return {221, "2.0.0", text_of(hostname, " closing connection")}; }
Reply ok() { return {250, "2.0.0", "OK"}; }
Reply sender_ok() { return {250, "2.1.0", "Sender OK"}; }
Reply help() { return {214, "2.0.0", "See RFC 5321"}; }
Reply vrfy() { return {252, "2.5.0", "Cannot verify, send mail to find out"}; }
Reply ready_for_tls() { return {220, "2.0.0", "Ready to start TLS"}; }
Reply chunk_ok(std::uint64_t octets) { return {250, "2.0.0", std::to_string(octets) + " octets received"}; }

Reply unknown_command() { return {500, "5.5.2", "Command not recognized"}; }
Reply line_too_long() { return {500, "5.5.2", "Line too long"}; }
Reply bare_line_end() { return {500, "5.5.2", "Lines must end with CR LF"}; }
Reply not_implemented() { return {502, "5.5.1", "Command not implemented"}; }
Reply bad_sequence(std::string_view why) { return {503, "5.5.1", why}; }
Reply chunk_was_refused() { return bad_sequence("a chunk was refused, say RSET"); }
Reply bad_arguments(std::string_view why) { return {501, "5.5.4", why}; }
Reply unknown_parameter(std::string_view keyword) { return {555, "5.5.4", text_of("Unsupported parameter ", keyword)}; }
Reply needs_smtputf8() { return {553, "5.6.7", "Non-ASCII address needs SMTPUTF8"}; }
Reply must_start_tls() { return {530, "5.7.0", "Must issue a STARTTLS command first"}; }
Reply too_many_recipients() { return {452, "4.5.3", "Too many recipients"}; }
Reply too_large() { return {552, "5.3.4", "Message too large"}; }
Reply bare_line_end_in_content() { return {550, "5.6.0", "Message contains a bare CR or LF"}; }
Reply no_valid_recipients() { return {554, "5.5.1", "No valid recipients"}; }
Reply relay_denied() { return {550, "5.7.1", "Relaying denied"}; }
Reply unsafe_recipient() { return {550, "5.7.1", "Recipient address form not accepted"}; }
Reply blocked() { return {554, "5.7.1", "Blocked by local policy"}; }
Reply backend_unavailable() { return {451, "4.3.0", "Mail server unavailable, try again later"}; }
Reply backend_busy() { return {451, "4.3.2", "Mail server busy, try again later"}; }
Reply store_unavailable() { return {451, "4.3.0", "Temporary local problem, try again later"}; }

Reply too_many_errors(std::string_view hostname) { return {421, "4.7.0", text_of(hostname, " too many errors")}; }
Reply too_many_connections(std::string_view hostname) {
  return {421, "4.7.0", text_of(hostname, " too many connections")};
}
Reply timed_out(std::string_view hostname) { return {421, "4.4.2", text_of(hostname, " timeout exceeded")}; }
Reply shutting_down(std::string_view hostname) { return {421, "4.3.2", text_of(hostname, " shutting down")}; }

Reply from_backend_421(const Reply& backend) {
  const auto kept = backend.enhanced().starts_with('4') ? backend.enhanced() : std::string_view("4.3.0");
  std::string lines;
  for (std::string_view left = backend.wire(); !left.empty();) {
    const auto end = left.find("\r\n");
    auto text = left.substr(0, end);
    text.remove_prefix(text.size() > 4 ? 4 : text.size());
    text.remove_prefix(enhanced_code(text).size());
    lines.append("451-").append(kept).append(" ").append(strip_blanks(text)).append("\r\n");
    left.remove_prefix(end == left.npos ? left.size() : end + 2);
  }
  return multi_line(451, std::move(lines));
}

}  // namespace smtp::replies
