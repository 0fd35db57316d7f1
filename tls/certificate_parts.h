#pragma once
#include "certificate.h"
#include "openssl.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace tls {

inline void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }

struct Certificate::Parts {
  Owned<X509, X509_free> leaf;
  std::unique_ptr<STACK_OF(X509), Release<free_chain>> chain;
  Owned<EVP_PKEY, EVP_PKEY_free> key;
};

}  // namespace tls
