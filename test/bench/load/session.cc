#include "test/bench/load/session.h"

namespace bench {

using std::chrono::steady_clock;

namespace {

// Of just `size` octets, without the dot at its end.
std::string message_of(std::size_t size) {
  std::string text = "From: <sender@example.com>\r\nTo: <recipient@example.org>\r\nSubject: a benchmark\r\n\r\n";
  constexpr std::string_view line =
      "The quick brown fox jumps over the lazy dog, again and again and again, it does\r\n";
  while (text.size() + line.size() < size) text += line;
  if (text.size() < size) text += std::string(size - text.size() - 2, 'x') + "\r\n";
  return text + ".\r\n";
}

}  // namespace

Run::Run(const Options& asked)
    : options(asked), server(asio::ip::address_v4::loopback(), asked.port), message(message_of(asked.size)) {}

asio::awaitable<void> Session::open() {
  const auto header = proxy_header();
  co_await client_.connect(run_.server, header);
  co_await client_.ask("EHLO client.example.com\r\n", "250");
  if (!run_.options.tls) co_return;
  co_await client_.start_tls();
  co_await client_.ask("EHLO client.example.com\r\n", "250");
}

asio::awaitable<void> Session::be_put_off() {
  co_await open();
  const auto mail_command = mail();
  if (!run_.options.pipelined) co_await client_.ask(mail_command, "250");
  auto commands = recipient();
  if (run_.options.pipelined) commands = mail_command + commands + "QUIT\r\n";
  asked_ = steady_clock::now();
  co_await client_.say(commands);
  if (run_.options.pipelined) co_await client_.hear("250");
  co_await hear_recipient("45");
  if (!run_.options.closes) {
    if (!run_.options.pipelined) co_await client_.say("QUIT\r\n");
    co_await client_.hear("221");
  }
  co_await client_.hear_close();
}

asio::awaitable<void> Session::relay() {
  co_await open();
  const auto mail_command = mail(), recipient_command = recipient();
  co_await client_.ask(mail_command, "250");
  asked_ = steady_clock::now();
  co_await client_.say(recipient_command);
  co_await hear_recipient("250");
  co_await client_.ask("DATA\r\n", "354");
  co_await client_.ask(run_.message, "250");
  co_await leave();
}

asio::awaitable<void> Session::still_there() {
  co_await client_.ask("NOOP\r\n", "250");
  co_await leave();
}

asio::awaitable<void> Session::leave() {
  co_await client_.ask("QUIT\r\n", "221");
  co_await client_.hear_close();
}

asio::awaitable<void> Session::hear_recipient(std::string_view code) {
  co_await client_.hear(code);
  recipient_reply_ = steady_clock::now() - asked_;
}

// A number between letters: greylists that take numbers out of senders leave it.
std::string Session::mail() const {
  return "MAIL FROM:<s" + std::to_string(run_.options.first + number_) + "x@" + run_.options.run + ".example.com>\r\n";
}

std::string Session::recipient() const { return "RCPT TO:<" + run_.options.recipient + ">\r\n"; }

std::string Session::proxy_header() const {
  if (run_.options.proxy.empty()) return {};
  const auto first = asio::ip::make_address_v4(run_.options.proxy).to_uint();
  const asio::ip::address_v4 client(first + static_cast<unsigned>(number_ % run_.options.clients));
  return "PROXY TCP4 " + client.to_string() + " 127.0.0.1 40000 25\r\n";
}

}  // namespace bench
