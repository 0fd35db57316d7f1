#include "proxy/backend/open.h"

#include <algorithm>

#include "proxy/log.h"
#include "proxy/loop.h"
#include "smtp/proxy_header.h"

namespace proxy {

namespace {

using Millis = std::chrono::milliseconds;
constexpr std::size_t longest_host_name = 255;  // RFC 1035 §2.3.4; Postfix's XCLIENT takes no longer HELO

using Step = std::expected<void, std::string>;  // the error: why this address won't do

Millis left(Moment until) {
  const auto time = std::chrono::duration_cast<Millis>(until - std::chrono::steady_clock::now());
  return std::max(time, Millis(0));
}

// What is left, shared fairly: one frozen address must not use up the time of the next.
Moment share(Moment until, std::size_t addresses_left) {
  return std::chrono::steady_clock::now() + left(until) / static_cast<long>(addresses_left);
}

// One address' conversation from connect to the EHLO after which MAIL may come.
class Opening {
 public:
  Opening(Loop& loop, const Setup& setup, const smtp::ClientIdentity& client, BackendConnection& connection,
          Moment until)
      : loop_(loop), setup_(setup), client_(client), connection_(connection), until_(until) {}

  // The client was refused, or the name that it gave at HELO: the backend is well.
  bool refuses_client() const { return refuses_client_; }

  asio::awaitable<Step> run() {
    if (auto step = co_await greet(); !step) co_return step;
    if (setup_.backend_tls)
      if (auto step = co_await protect(); !step) co_return step;
    if (!uses_xclient()) co_return Step();
    co_return co_await xclient();
  }

 private:
  const std::string& identity() const { return setup_.settings.backend.client_identity; }
  bool uses_xclient() const { return identity() == "xclient"; }
  // With an identity told, our EHLO is the client's: it would override what was told (XCLIENT_README).
  const std::string& helo() const {
    return identity() == "none" || client_.helo.empty() ? setup_.settings.hostname : client_.helo;
  }
  std::string announced() const {
    if (identity() == "proxy-v1") return smtp::proxy_header_v1(client_.client, client_.destination);
    if (identity() == "proxy-v2") return smtp::proxy_header_v2(client_.client, client_.destination);
    return {};
  }
  Millis limit() const { return std::min(setup_.settings.backend.reply_timeout, left(until_)); }

  asio::awaitable<Step> greet() {
    if (auto step = co_await connect(); !step) co_return step;
    if (auto step = co_await expect(220, "greeting", announced()); !step) {
      refuses_client_ = refused_ && !announced().empty();
      co_return step;
    }
    co_return co_await first_ehlo();
  }

  asio::awaitable<Step> first_ehlo() { return ehlo(uses_xclient() ? setup_.settings.hostname : helo()); }

  // STARTTLS, and EHLO again: what was offered in the clear doesn't count (RFC 3207 §4.2).
  asio::awaitable<Step> protect() {
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
  asio::awaitable<Step> start_tls(Moment until) {
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

  asio::awaitable<Step> say_starttls() {
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

  asio::awaitable<Step> connect() {
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
  asio::awaitable<Step> expect(int code, std::string stage, std::string command) {
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

  asio::awaitable<Step> ehlo(std::string name) {
    std::string command = "EHLO " + name + "\r\n";
    if (auto step = co_await expect(250, "EHLO", std::move(command)); !step) {
      refuses_client_ = refused_ && name != setup_.settings.hostname;
      co_return step;
    }
    // After XCLIENT we may look like a client that isn't offered XCLIENT any more.
    auto attributes = std::move(connection_.offers.xclient);
    connection_.offers = smtp::parse_ehlo(*last_);
    if (connection_.offers.xclient.empty()) connection_.offers.xclient = std::move(attributes);
    co_return Step();
  }

  asio::awaitable<Step> xclient() {
    const auto attributes = connection_.offers.xclient;
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

  Loop& loop_;
  const Setup& setup_;
  const smtp::ClientIdentity& client_;
  BackendConnection& connection_;
  Moment until_;
  std::optional<smtp::Reply> last_;
  bool refused_ = false, refused_in_tls_ = false, refuses_client_ = false;
};

}  // namespace

bool Needs::met_by(const smtp::Extensions& offers) const {
  // SIZE isn't among them: it is advice that a server may ignore (RFC 1870 §6.3), and we hold clients to the limit
  // ourselves.
  return (!eight_bit_mime || offers.eight_bit_mime) && (!smtp_utf8 || offers.smtp_utf8) && (!dsn || offers.dsn);
}

asio::awaitable<Opened> open_address(Loop& loop, const Setup& setup, BackendAddress& address, Slots::Slot slot,
                                     const smtp::ClientIdentity& client, Moment until) {
  auto connection = std::make_unique<BackendConnection>(loop, address, std::move(slot));
  Opening opening(loop, setup, client, *connection, until);
  auto step = co_await opening.run();
  if (!step) co_return std::unexpected(OpenFailure{false, opening.refuses_client(), std::move(step.error())});
  address.reached(connection->offers);
  co_return std::move(connection);
}

namespace {

// One address for one transaction: it must offer what the transaction needs.
asio::awaitable<Opened> open_for(Loop& loop, std::shared_ptr<const Setup> setup, BackendAddress& address,
                                 Slots::Slot slot, const smtp::ClientIdentity& client, Needs needs, Moment until) {
  auto opened = co_await open_address(loop, *setup, address, std::move(slot), client, until);
  if (!opened) {
    if (!opened.error().about_client) address.failed(opened.error().why);
    opened.error().why = address.where().text() + ": " + opened.error().why;
  } else if (!needs.met_by((*opened)->offers)) {
    (*opened)->say_goodbye();
    opened = std::unexpected(OpenFailure{.why = address.where().text() + ": lacks an extension that the message uses"});
  }
  co_return std::move(opened);
}

}  // namespace

asio::awaitable<Opened> open_backend(Loop& loop, std::shared_ptr<const Setup> setup, smtp::ClientIdentity client,
                                     Needs needs, Moment until) {
  Opened opened = std::unexpected(OpenFailure{.why = "no backend address"});
  const auto candidates = setup->backends->candidates();
  BackendAddress* full = nullptr;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    auto slot = candidates[i]->slots.try_take();
    if (!slot) {
      if (!full) full = candidates[i];
      continue;
    }
    const auto shared = share(until, candidates.size() - i + (full ? 1 : 0));
    opened = co_await open_for(loop, setup, *candidates[i], std::move(slot), client, needs, shared);
    if (opened) co_return std::move(opened);
  }
  if (!full) co_return std::move(opened);
  auto slot = co_await full->slots.take(until);
  if (!slot)
    co_return std::unexpected(OpenFailure{.busy = true, .why = full->where().text() + ": all connections are in use"});
  co_return co_await open_for(loop, setup, *full, std::move(slot), client, needs, until);
}

}  // namespace proxy
