#include "proxy/backend/opening.h"

#include <algorithm>

#include "proxy/log.h"
#include "proxy/loop.h"
#include "smtp/proxy_header.h"

namespace proxy {

namespace {

constexpr std::size_t longest_host_name = 255;  // RFC 1035 §2.3.4; Postfix's XCLIENT takes no longer HELO

std::chrono::milliseconds left(Moment until) {
  using Millis = std::chrono::milliseconds;
  const auto time = std::chrono::duration_cast<Millis>(until - std::chrono::steady_clock::now());
  return std::max(time, Millis(0));
}

bool lists_all(const std::vector<std::string>& listed, const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [&](const auto& name) { return std::ranges::count(listed, name) > 0; });
}

}  // namespace

Moment share(Moment until, std::size_t addresses_left) {
  return std::chrono::steady_clock::now() + left(until) / static_cast<long>(addresses_left);
}

asio::awaitable<Opening::Step> Opening::run() {
  if (auto step = co_await greet(); !step) co_return step;
  if (setup_.backend_tls)
    if (auto step = co_await protect(); !step) co_return step;
  if (uses_xclient())
    if (auto step = co_await xclient(); !step) co_return step;
  connection_.past.clients = 1;
  co_return Step();
}

asio::awaitable<Opening::Step> Opening::run_again() {
  if (auto step = co_await xclient(); !step) co_return step;
  ++connection_.past.clients;
  co_return Step();
}

const std::string& Opening::identity() const { return setup_.settings.backend.client_identity; }

// With an identity told, our EHLO is the client's: it would override what was told (XCLIENT_README).
const std::string& Opening::helo() const {
  return identity() == "none" || client_.helo.empty() ? setup_.settings.hostname : client_.helo;
}

std::string Opening::announced() const {
  if (identity() == "proxy-v1") return smtp::proxy_header_v1(client_.client, client_.destination);
  if (identity() == "proxy-v2") return smtp::proxy_header_v2(client_.client, client_.destination);
  return {};
}

Opening::Millis Opening::limit() const { return std::min(setup_.settings.backend.reply_timeout, left(until_)); }

asio::awaitable<Opening::Step> Opening::greet() {
  if (auto step = co_await connect(); !step) co_return step;
  if (auto step = co_await expect(220, "greeting", announced()); !step) {
    refuses_client_ = refused_ && !announced().empty();
    co_return step;
  }
  co_return co_await first_ehlo();
}

asio::awaitable<Opening::Step> Opening::first_ehlo() {
  return ehlo(uses_xclient() ? setup_.settings.hostname : helo());
}

// STARTTLS, and EHLO again: what was offered in the clear doesn't count (RFC 3207 §4.2).
asio::awaitable<Opening::Step> Opening::protect() {
  const bool may_be_plain = setup_.settings.backend.tls == "opportunistic";
  if (!connection_.offers.starttls) {
    if (may_be_plain) co_return Step();
    co_return std::unexpected("STARTTLS: not offered");
  }
  // A handshake that freezes must leave time for the clear.
  const auto until = may_be_plain ? std::min(until_, share(until_, 2)) : until_;
  if (auto step = co_await start_tls(until); !step) {
    if (!may_be_plain || refused_in_tls_) co_return step;
    LogEvent(LogLevel::warning, "backend_tls_failed")
        .with("backend", connection_.address().where().text())
        .with("reason", step.error())
        .write();
    co_return co_await greet();
  }
  co_return Step();
}

// Up to the EHLO reply in TLS: a server that takes against our side of the handshake shows it only then.
asio::awaitable<Opening::Step> Opening::start_tls(Moment until) {
  const auto all = std::exchange(until_, until);
  auto step = co_await say_starttls();
  if (step) {
    connection_.offers = {};
    refused_ = false;
    step = co_await first_ehlo();
    refused_in_tls_ = refused_;
  }
  until_ = all;
  co_return step;
}

asio::awaitable<Opening::Step> Opening::say_starttls() {
  std::string command = "STARTTLS\r\n";
  if (auto step = co_await expect(220, "STARTTLS", std::move(command)); !step) co_return step;
  const auto& expected = setup_.settings.backend.server_name;
  std::string name = expected.empty() ? connection_.address().where().host : expected;
  if (name.ends_with('.')) name.pop_back();  // RFC 6066 §3
  auto context = setup_.backend_tls;
  const auto done = co_await connection_.start_tls(std::move(context), std::move(name), limit());
  if (!done) co_return std::unexpected("TLS: " + done.error());
  co_return Step();
}

asio::awaitable<Opening::Step> Opening::connect() {
  const auto& where = connection_.address().where();
  const auto found = co_await loop_.resolver.addresses(where.host);
  if (!found) co_return std::unexpected(where.host + ": " + found.error());
  std::string why = where.host + ": no address";
  for (const auto& address : *found) {
    const asio::ip::tcp::endpoint to(address, where.port);
    const auto connected =
        co_await connection_.connect(to, std::min(setup_.settings.backend.connect_timeout, left(until_)));
    if (connected) co_return Step();
    why = "connect: " + connected.error().what;
  }
  co_return std::unexpected(why);
}

// Sends `command` (if any) and takes nothing but `code` for an answer.
asio::awaitable<Opening::Step> Opening::expect(int code, std::string stage, std::string command) {
  if (!command.empty())
    if (const auto sent = co_await connection_.send(command, limit()); !sent)
      co_return std::unexpected(stage + ": " + sent.error().what);
  auto answer = co_await connection_.reply(limit());
  if (!answer) co_return std::unexpected(stage + ": " + answer.error().what);
  refused_ = answer->code() != code;
  if (refused_) co_return std::unexpected(stage + ": " + answer->one_line());
  if (!connection_.quiet()) co_return std::unexpected(stage + ": more than one reply");
  last_ = std::move(*answer);
  co_return Step();
}

asio::awaitable<Opening::Step> Opening::ehlo(std::string name) {
  std::string command = "EHLO " + name + "\r\n";
  if (auto step = co_await expect(250, "EHLO", std::move(command)); !step) {
    refuses_client_ = refused_ && name != setup_.settings.hostname;
    co_return step;
  }
  // After XCLIENT we may look like a client that isn't offered XCLIENT any more.
  auto attributes = std::move(connection_.offers.xclient);
  connection_.offers = smtp::parse_ehlo(*last_);
  connection_.past.next_can_be_told = uses_xclient() && lists_all(connection_.offers.xclient, attributes);
  if (connection_.offers.xclient.empty()) connection_.offers.xclient = std::move(attributes);
  co_return Step();
}

asio::awaitable<Opening::Step> Opening::xclient() {
  auto attributes = connection_.offers.xclient;
  // From one client to the next it must be told anew like everything else. A Postfix that has one client a connection
  // is left with what it always had: our own.
  if (!setup_.settings.backend.reuse) std::erase(attributes, "REVERSE_NAME");
  if (std::ranges::find(attributes, "ADDR") == attributes.end())
    co_return std::unexpected("XCLIENT: not offered with ADDR to this host");
  const auto commands = smtp::xclient_commands(client_, attributes);
  for (const auto& command : commands) {
    if (auto step = co_await expect(220, "XCLIENT", command); !step) {
      refuses_client_ = refused_ && client_.helo.size() > longest_host_name;
      co_return step;
    }
    const bool last = &command == &commands.back();
    if (auto step = co_await ehlo(last ? helo() : setup_.settings.hostname); !step) co_return step;
  }
  co_return Step();
}

}  // namespace proxy
