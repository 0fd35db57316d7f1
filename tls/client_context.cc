#include "client_context.h"

#include <openssl/ssl.h>

#include "openssl.h"

namespace tls {

void ClientContext::DropContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

std::expected<std::shared_ptr<const ClientContext>, std::string> ClientContext::make(Trust trust,
                                                                                     const std::string& ca_file) {
  std::shared_ptr<ClientContext> result(new ClientContext);
  result->trust_ = trust;
  result->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const it = result->context_.get();
  if (!it) return std::unexpected(last_failure());
  SSL_CTX_set_options(it, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(it, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(it, 1);
  limit_handshake_messages(it);
  SSL_CTX_set_session_cache_mode(it, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_min_proto_version(it, TLS1_2_VERSION);
  SSL_CTX_set_verify(it, trust == Trust::verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const int loaded =
      ca_file.empty() ? SSL_CTX_set_default_verify_paths(it) : SSL_CTX_load_verify_file(it, ca_file.c_str());
  if (loaded != 1) return std::unexpected(last_failure());
  return result;
}

}  // namespace tls
