#pragma once
#include <openssl/ssl.h>
#include <memory>
#include <string>

// What this library's own files share of OpenSSL; nobody else includes this.
namespace tls {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
template <class T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

// OpenSSL reads on within one call as long as handshake messages come after the handshake (key updates, refused
// renegotiations), and knows no limit: beyond a fair number the connection ends, or one peer could hold a loop for
// ever.
void limit_handshake_messages(SSL_CTX* context);
bool overdid_handshakes(const SSL* session);  // what still comes from there is not to be read

using OwnedContext = Owned<SSL_CTX, SSL_CTX_free>;

// Why the last call failed, in OpenSSL's words; empties its queue of errors.
std::string last_failure();

}  // namespace tls
