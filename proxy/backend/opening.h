#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <optional>
#include <string>

#include "proxy/backend/connection.h"
#include "smtp/reply.h"
#include "smtp/xclient.h"

namespace proxy {

struct Setup;

// One address' conversation from connect to the EHLO after which MAIL may come.
class Opening {
 public:
  using Step = std::expected<void, std::string>;  // the error: why this address won't do

  Opening(Loop& loop, const Setup& setup, const smtp::ClientIdentity& client, BackendConnection& connection,
          Moment until)
      : loop_(loop), setup_(setup), client_(client), connection_(connection), until_(until) {}

  asio::awaitable<Step> run();
  // Instead, on a connection that another client had: tells the backend of this client (XCLIENT_README, "SMTP
  // connection caching").
  asio::awaitable<Step> run_again();

  // The client was refused, or the name that it gave at HELO: the backend is well.
  bool refuses_client() const { return refuses_client_; }

 private:
  using Millis = std::chrono::milliseconds;

  const std::string& identity() const;
  bool uses_xclient() const { return identity() == "xclient"; }
  const std::string& helo() const;
  std::string announced() const;
  Millis limit() const;

  asio::awaitable<Step> greet();
  asio::awaitable<Step> connect();
  asio::awaitable<Step> first_ehlo();
  asio::awaitable<Step> protect();
  asio::awaitable<Step> start_tls(Moment until);
  asio::awaitable<Step> say_starttls();
  asio::awaitable<Step> xclient();
  asio::awaitable<Step> ehlo(std::string name);
  asio::awaitable<Step> expect(int code, std::string stage, std::string command);

  Loop& loop_;
  const Setup& setup_;
  const smtp::ClientIdentity& client_;
  BackendConnection& connection_;
  Moment until_;
  std::optional<smtp::Reply> last_;
  bool refused_ = false, refused_in_tls_ = false, refuses_client_ = false;
};

// What is left until then, shared fairly: one frozen address must not use up the time of the next.
Moment share(Moment until, std::size_t addresses_left);

}  // namespace proxy
