#include "server_context.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <algorithm>
#include <set>

#include "certificate_parts.h"
#include "openssl.h"

namespace tls {
namespace {

// Forward secrecy with an authenticated cipher first, then without. Last comes what senders of ten years ago have: most
// would deliver in the clear if the handshake failed, and any protection beats none (RFC 7435 §3).
constexpr const char* ciphers_of_tls12 =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!PSK:!SRP:!AESCCM:!ARIA:!CAMELLIA";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr unsigned char session_context[] = "greygate";
constexpr long ticket_lifetime = 12L * 60 * 60;  // seconds; TicketKeys opens them for at least as long

using Tickets = std::shared_ptr<TicketKeys>;

// Tickets' keys live as long as any context that uses them, and so as long as any connection.
void drop_tickets(void*, void* tickets, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Tickets*>(tickets); }

int tickets_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, drop_tickets);
  return index;
}

TicketKeys& tickets_of(SSL* session) {
  return **static_cast<Tickets*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), tickets_index()));
}

bool set_mac(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 done, 2 done and renew, 0 no ticket, -1 error.
int ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
               int sealing) {
  auto& keys = tickets_of(session);
  if (sealing) {
    auto key = keys.to_seal();
    if (!key || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    std::ranges::copy(key->name, name);
    const bool ready =
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 && set_mac(mac, *key);
    return ready ? 1 : -1;
  }
  auto found = keys.to_open(name);
  if (!found) return 0;
  const bool ready = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.cipher.data(), iv) == 1 &&
                     set_mac(mac, found->key);
  if (!ready) return -1;
  // TLS 1.3 tickets are for one use each (RFC 8446 appendix C.4): every resumption gets a new one.
  return found->current && SSL_version(session) != TLS1_3_VERSION ? 1 : 2;
}

OwnedContext configured(Version oldest, const Tickets& tickets) {
  OwnedContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return nullptr;
  SSL_CTX* const it = context.get();
  SSL_CTX_set_options(it, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                              SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection holds no buffers; a write may be taken up again from where its octets have moved to.
  SSL_CTX_set_mode(it, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(it, 1);
  limit_handshake_messages(it);
  SSL_CTX_set_session_cache_mode(it, SSL_SESS_CACHE_OFF);  // tickets do it, and hold nothing here
  SSL_CTX_set_timeout(it, ticket_lifetime);
  SSL_CTX_set_num_tickets(it, 1);
  SSL_CTX_set_ex_data(it, tickets_index(), new Tickets(tickets));
  const bool done =
      SSL_CTX_set_min_proto_version(it, oldest == Version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(it, ciphers_of_tls12) == 1 && SSL_CTX_set1_groups_list(it, groups) == 1 &&
      SSL_CTX_set_session_id_context(it, session_context, sizeof session_context - 1) == 1 &&
      SSL_CTX_set_tlsext_ticket_key_evp_cb(it, ticket_key) == 1;
  return done ? std::move(context) : nullptr;
}

bool shares_name(const Certificate& a, const Certificate& b) {
  return std::ranges::any_of(a.names(),
                             [&](const auto& name) { return std::ranges::find(b.names(), name) != b.names().end(); });
}

using Choice = std::vector<std::size_t>;  // indices; one certificate of each algorithm

void add(Choice& choice, const std::vector<Certificate>& all, std::size_t one) {
  const auto same = [&](std::size_t other) { return all[other].same_algorithm(all[one]); };
  if (std::ranges::none_of(choice, same)) choice.push_back(one);
}

Choice first_choice(const std::vector<Certificate>& all) {
  Choice choice{0};
  for (std::size_t i = 1; i < all.size(); ++i)
    if (shares_name(all[0], all[i])) add(choice, all, i);
  return choice;
}

Choice choice_for(const std::string& name, const std::vector<Certificate>& all) {
  Choice choice;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::ranges::find(all[i].names(), name) != all[i].names().end()) add(choice, all, i);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].is_for(name)) add(choice, all, i);
  return choice;
}

}  // namespace

void ServerContext::DropContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

std::expected<std::shared_ptr<const ServerContext>, ServerContext::Problem> ServerContext::make(
    const std::vector<Certificate>& certificates, Version oldest, std::shared_ptr<TicketKeys> tickets) {
  std::shared_ptr<ServerContext> result(new ServerContext);
  std::map<Choice, SSL_CTX*> made;
  std::size_t bad = 0;
  const auto context_of = [&](const Choice& choice) -> SSL_CTX* {
    if (const auto known = made.find(choice); known != made.end()) return known->second;
    auto context = configured(oldest, tickets);
    if (!context) return nullptr;
    for (const auto i : choice) {
      const auto& parts = *certificates[i].parts_;
      bad = i;
      if (SSL_CTX_use_cert_and_key(context.get(), parts.leaf.get(), parts.key.get(), parts.chain.get(), 1) != 1)
        return nullptr;
    }
    result->contexts_.emplace_back(context.release());
    return made[choice] = result->contexts_.back().get();
  };

  SSL_CTX* const first = context_of(first_choice(certificates));
  if (!first) return std::unexpected(Problem{bad, last_failure()});
  for (const auto& certificate : certificates)
    for (const auto& name : certificate.names()) {
      SSL_CTX* const context = context_of(choice_for(name, certificates));
      if (!context) return std::unexpected(Problem{bad, last_failure()});
      result->by_name_[name] = context;
    }
  SSL_CTX_set_tlsext_servername_callback(first, &ServerContext::choose);
  SSL_CTX_set_tlsext_servername_arg(first, result.get());
  return result;
}

ssl_ctx_st* ServerContext::for_name(const char* asked) const {
  std::string name(asked);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
  const auto dot = name.find('.');
  if (dot == name.npos || dot == 0) return nullptr;
  const auto wildcard = by_name_.find("*" + name.substr(dot));
  return wildcard == by_name_.end() ? nullptr : wildcard->second;
}

int ServerContext::choose(ssl_st* session, int*, void* self) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* const context = static_cast<const ServerContext*>(self)->for_name(name);
  if (!context) return SSL_TLSEXT_ERR_NOACK;  // better another certificate than no mail
  SSL_set_SSL_CTX(session, context);
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace tls
