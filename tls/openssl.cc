#include "openssl.h"

#include <openssl/err.h>

namespace tls {

std::string last_failure() {
  const auto error = ERR_peek_last_error();
  const char* reason = error ? ERR_reason_error_string(error) : nullptr;
  ERR_clear_error();
  return reason ? reason : "unknown failure";
}

}  // namespace tls
