#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>

#include "proxy/backend/connection.h"
#include "smtp/xclient.h"

namespace proxy {

struct Setup;

// What a transaction asks of a backend; none of it may be left out.
struct Needs {
  bool eight_bit_mime = false, smtp_utf8 = false, dsn = false;
  bool met_by(const smtp::Extensions& offers) const;
};

struct OpenFailure {
  bool busy = false;          // all allowed connections are in use
  bool about_client = false;  // it is this client that was refused, or its name: the backend is well
  std::string why;
};
enum class Source {
  any,   // a connection that another client had will do
  fresh  // it won't
};
using Opened = std::expected<std::unique_ptr<BackendConnection>, OpenFailure>;

// A connection on which the backend has greeted, knows the client (backend.client_identity) and has heard its last
// EHLO: ready for MAIL. The addresses are tried in order until `until`.
asio::awaitable<Opened> open_backend(Loop& loop, std::shared_ptr<const Setup> setup, smtp::ClientIdentity client,
                                     Needs needs, Moment until, Source source);

// The same for one address. That it was reached is noted there; what a failure says of it is the caller's to judge.
asio::awaitable<Opened> open_address(Loop& loop, const Setup& setup, BackendAddress& address, Slots::Slot slot,
                                     const smtp::ClientIdentity& client, Moment until);

}  // namespace proxy
