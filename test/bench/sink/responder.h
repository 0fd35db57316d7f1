#pragma once
#include <openssl/ssl.h>

#include <cstdint>
#include <functional>

#include "test/bench/sink/conversation.h"

namespace bench {

// The settings that greygate has, too; null without a certificate.
SSL_CTX* server_context(const std::string& certificate, const std::string& key);

// The least that can serve many connections on a port of 127.0.0.1: epoll, and OpenSSL on the descriptor. `begin` makes
// the conversation of a new connection. Answers must fit into a socket's buffer. Never returns.
[[noreturn]] void respond(std::uint16_t port, SSL_CTX* context, std::function<std::unique_ptr<Conversation>()> begin);

}  // namespace bench
