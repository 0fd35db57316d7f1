#pragma once
#include <cstdint>

#include "test/bench/tls/certificate.h"

namespace bench {

// The least that can answer the bench's client: epoll, OpenSSL on the descriptor, constant replies, a connection's
// state nothing but its SSL. Takes each read for one whole command, since that client sends one at a time. Never
// returns.
[[noreturn]] void respond(std::uint16_t port, const Certificate& certificate);

}  // namespace bench
