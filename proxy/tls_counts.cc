#include "proxy/tls_counts.h"

namespace proxy {

void TlsCounts::client(const std::string& protection) {
  const std::lock_guard lock(mutex_);
  ++counts_.clients[protection];
}

void TlsCounts::backend(const std::string& protection) {
  const std::lock_guard lock(mutex_);
  ++counts_.backends[protection];
}

void TlsCounts::failed() {
  const std::lock_guard lock(mutex_);
  ++counts_.failed;
}

void TlsCounts::backend_failed() {
  const std::lock_guard lock(mutex_);
  ++counts_.backend_failed;
}

TlsCounts::Counts TlsCounts::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace proxy
