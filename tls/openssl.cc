#include "openssl.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <cstdint>

namespace tls {

namespace {

constexpr std::intptr_t most_messages = 64;  // the handshake's own are a few

// The number of messages is kept in the place of a pointer.
int messages_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void count_message(int sent, int, int content, const void*, std::size_t, SSL* session, void*) {
  if (sent || content != SSL3_RT_HANDSHAKE) return;
  const auto count = reinterpret_cast<std::intptr_t>(SSL_get_ex_data(session, messages_index())) + 1;
  SSL_set_ex_data(session, messages_index(), reinterpret_cast<void*>(count));
  if (count > most_messages) ::shutdown(SSL_get_fd(session), SHUT_RD);
}

}  // namespace

void limit_handshake_messages(SSL_CTX* context) { SSL_CTX_set_msg_callback(context, count_message); }

bool overdid_handshakes(const SSL* session) {
  return reinterpret_cast<std::intptr_t>(SSL_get_ex_data(session, messages_index())) > most_messages;
}

std::string last_failure() {
  const auto error = ERR_peek_last_error();
  const char* reason = error ? ERR_reason_error_string(error) : nullptr;
  ERR_clear_error();
  return reason ? reason : "unknown failure";
}

}  // namespace tls
